//! What can be typed?

use std::ffi::OsString;
use std::num::NonZeroUsize;
use std::path::PathBuf;

use clap::{Parser, Subcommand};

/// Run a list of commands, follow each to its end, and call plugins at every step.
#[derive(Debug, Parser)]
#[command(name = "xqute", version, max_term_width = 100)]
pub(crate) struct Args {
    #[command(subcommand)]
    pub(crate) verb: Verb,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Verb {
    /// Run jobs: COMMAND once for each ARG, or each line of standard input.
    #[command(after_help = RUN_EXAMPLES)]
    Run(Run),
    /// Show the plugins in this binary and their hooks, in the order of their calls.
    Plugins(Plugins),
}

const RUN_EXAMPLES: &str = "\
Examples:
  xqute run -j 4 sha256sum ::: *.rs     one job for each file
  xqute run -j 4 < commands.txt         one job a line, split as a shell splits it; nothing is expanded
  xqute run sh -c 'sort data | uniq'    one job; a shell runs only where you name one

A job's standard input is empty. Its output is kept in DIR/<index>/job.stdout and job.stderr, and printed when the
job ends (by the plugin `print`: `--plugins -print` keeps it to the files).

Ctrl-C once starts no more jobs and waits for those that run; twice kills them; three times leaves at once.

Exit codes: 0 all jobs succeeded, 1 some did not, 2 something was wrong with what was asked,
129, 130, 143 stopped by SIGHUP, SIGINT, SIGTERM.";

#[derive(Debug, Parser)]
pub(crate) struct Run {
    /// The most jobs at once [default: the number of processors]
    #[arg(short = 'j', long, value_name = "N")]
    pub(crate) forks: Option<NonZeroUsize>,
    /// Where the run keeps its files
    #[arg(short, long, value_name = "DIR", default_value = ".xqute")]
    pub(crate) workdir: PathBuf,
    /// Remove the jobs of earlier runs from DIR first: else those that are done are not run again
    #[arg(long)]
    pub(crate) fresh: bool,
    /// Run again the jobs of earlier runs in DIR that failed, were killed or vetoed
    #[arg(long)]
    pub(crate) retry_failed: bool,
    /// Plugins to use: `a,b` only these, in this order; `-a` all but it; `+a` one more
    #[arg(long, value_name = "NAMES", value_delimiter = ',', allow_hyphen_values = true)]
    pub(crate) plugins: Vec<String>,
    /// The command, and after `:::` its last argument, job by job
    #[arg(value_name = "COMMAND… [::: ARG…]", trailing_var_arg = true)]
    pub(crate) words: Vec<OsString>,
}

#[derive(Debug, Parser)]
pub(crate) struct Plugins {
    /// Plugins to use, as in `xqute run`
    #[arg(long, value_name = "NAMES", value_delimiter = ',', allow_hyphen_values = true)]
    pub(crate) plugins: Vec<String>,
}
