//! What can be typed?

use std::ffi::OsString;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::Result;
use clap::{Arg, ArgAction, Parser, Subcommand, ValueEnum};
use xqute::{DEFAULT_WORKDIR, ErrorStrategy, Halt, Output};

use crate::options::{self, Scheduler, Shell};
use crate::output::Progress;
use crate::settings::Settings;
use crate::{
    attend, build, cat, check, complete, config, explain, export, journal, logs, new_plugin, plugins, resume,
    script, status,
};

/// Run a list of commands, follow each to its end, and call plugins at every step.
#[derive(Debug, Parser)]
#[command(name = "xqute", version, max_term_width = 100, args_override_self = true)]
#[command(after_help = FIRST_STEPS)]
pub(crate) struct Args {
    #[command(subcommand)]
    pub(crate) verb: Verb,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Verb {
    /// Run jobs: COMMAND once for each ARG, or each line of standard input
    #[command(after_help = RUN_EXAMPLES)]
    Run(Box<Run>),
    /// Run what is left of the last run in a work directory: its jobs and options are known there
    Resume(resume::Resume),
    /// Show what became of the jobs in a work directory, while they run or afterwards
    Status(status::Args),
    /// Print what jobs wrote
    Logs(logs::Args),
    /// Print what jobs wrote to standard output, and nothing else
    Cat(cat::Args),
    /// Write what jobs wrote to files, a directory a job
    Export(export::Args),
    /// Print what a job ran
    Script(script::Args),
    /// Have jobs of a run killed, or all of it
    Kill(attend::Kill),
    /// Wait until a run has ended
    Wait(attend::Wait),
    /// Show how far a run is, until it has ended; Ctrl-C leaves it alone
    Attach(attend::Wait),
    /// Tell why a job waits, or ended as it did
    Explain(explain::Args),
    /// Print the journal of a work directory, a line a record
    Journal(journal::Args),
    /// Verify a work directory, and mend what can be mended
    Check(check::Args),
    /// Show the plugins in this binary and their hooks, in the order of their calls, and which of them a run here would use
    Plugins(plugins::Args),
    /// Show the options of `xqute run` that are in effect here, and where each is from
    Config(config::Args),
    /// Write the crate of a plugin: hooks, a configuration, a test, to begin with
    NewPlugin(new_plugin::Args),
    /// Build an `xqute` with more plugins
    Build(build::Args),
    /// Print what makes a shell complete the command line
    Completions(complete::Completions),
    /// Print the manual, for `man -l -`
    Man(complete::Man),
}

/// Which settings.
#[derive(Debug, Clone, Default, clap::Args)]
pub(crate) struct Chosen {
    /// Read options from FILE [default: xqute.toml, if it is there]
    #[arg(short, long, value_name = "FILE", global = true, help_heading = "Configuration")]
    pub(crate) config: Option<PathBuf>,
    /// Use the options of `[profile.NAME]` in it
    #[arg(long, value_name = "NAME", global = true, help_heading = "Configuration")]
    pub(crate) profile: Option<String>,
}

/// Where a verb looks that is not `run`: into the work directory that `xqute run` would take here.
#[derive(Debug, Default, clap::Args)]
pub(crate) struct Place {
    /// The directory that the run keeps its files in [default: that of `xqute run` here, so .xqute where none is set]
    #[arg(short, long, value_name = "DIR")]
    workdir: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) chosen: Chosen,
}

impl Place {
    /// What is typed needs no settings: whatever is wrong with them, one may look.
    pub(crate) fn workdir(&self) -> Result<PathBuf> {
        match &self.workdir {
            Some(typed) => Ok(typed.clone()),
            None => {
                let set = Settings::read(&self.chosen)?;
                Ok(set.text("workdir").unwrap_or(DEFAULT_WORKDIR).into())
            }
        }
    }
}

const FIRST_STEPS: &str = "\
First steps:
  xqute run -j 4 gzip -k ::: *.txt      four at a time; what they print is shown and kept
  xqute run -j 4 < commands.txt         a command a line
  xqute run --help                      all of it, with examples";

const RUN_EXAMPLES: &str = "\
Examples:
  xqute run -j 4 sha256sum ::: *.rs             one job for each file
  find . -name '*.wav' | xqute run lame {} {.}.mp3
                                                one job for each line of standard input
  xqute run echo {1} {2} ::: a b ::: 1 2        all combinations: a 1, a 2, b 1, b 2
  xqute run < commands.txt                      a command a line, split as a shell splits it; nothing is expanded
  xqute run --shell 'sort {} | uniq > {.}.u' ::: *.txt
                                                a shell runs it, and reads nothing of what is filled in
  xqute run --shell=bash 'set -o pipefail; sort {} | uniq' ::: *.txt
                                                bash, of which a pipe fails if a part of it does
  xqute run --out {.}.mp3 lame {} {.}.mp3 ::: *.wav
                                                a job that does not write its file has failed
  xqute run --dry-run echo {} ::: a b           shows what would run

Jobs that wait for others stand in a file (--file jobs.toml, or a JSON object a line), in any order:
  [[job]]
  name = \"sum\"
  cmd = \"./sum parts\"          # or argv = [\"./sum\", \"parts\"], or shell = \"./sum parts > sum\"
  after = [\"part\"]             # runs when all jobs of this name or tag have succeeded; after_any: have ended
A job may have name, tags, env, cwd, timeout, retries, and in and out: lists of the files that it reads and writes. If one that it waits for does not succeed, it is cancelled.

Replacement strings, filled in after COMMAND is split into words, and never read again:
  {}    the argument          {.}   without its extension     {/}   what follows the last slash
  {//}  its directory         {/.}  {/} without extension     {#}   the number of the job, from 1
  {1}, {2}, {2/.} …           of the first, second … source
Where COMMAND has none, the argument is appended.

Sources: `::: ARG…`, `:::: FILE…` (an argument a line; `-` is standard input), `-a FILE`. Several combine; `:::+` and `::::+`
go along with the source before them. Without any, COMMAND takes its arguments from standard input where that is a pipe or a
file, or where COMMAND has a replacement string; else it is run once (`< /dev/null` makes sure of that). If the pipe or file is
empty, a COMMAND without replacement string is run once, as with xargs; with one, not at all.
With --shell an argument stays a text wherever it is filled in; where bash would evaluate it (`$(({}))`), and in the text behind
`bash -c`, that is refused. A COMMAND of one word with blanks is split as a line is. Blank lines and lines that begin with # are no commands.

A job's standard input is empty. Its output is kept in DIR/<index>/job.stdout and job.stderr (indices begin with 0), and
printed when the job ends. With --output bundle it is in a few files for all jobs, of which `xqute logs`, `cat` and `export` tell;
with --output none it is kept nowhere, and not printed. A job that needs a script has files in any case. Run the same list again, and jobs that are done are not run again.

Options may also stand in xqute.toml (`forks = 4`), in a `[profile.NAME]` of it, or in the environment (XQUTE_FORKS=4), by their
long names; --plugins is `select` there (`select = [\"-log\"]`, XQUTE_SELECT), as `[plugins.NAME]` configures a plugin. What is
typed wins, then the environment, the profile, the file; what wins also drops what it excludes. `xqute config` shows what is in
effect. A flag that is set there is switched off by --no-fresh, --no-shell, --no-keep-order, --no-tag, --no-json, --no-quiet
or --no-retry-failed; a list of -e or -o is added to. An option that is typed twice has its last value.

Failed jobs are tried again with `--error-strategy retry`, or where only a number above 0 or, typed, a delay is given. In
xqute.toml and the environment a delay alone changes nothing, and with another error-strategy a number does not either.

With --json, standard output has one object a line: `event` is `job`, with the fields of `xqute status --json` but for `cwd`,
`env`, `inputs`, `outputs` and `runs_again`; the last is `run`, with `jobs`, `succeeded`, `skipped`, `failed`, `killed`, `cancelled`, `done_before`,
`failed_before`, `adopted` (jobs that an earlier run had begun), `unknown` (attempts that ran again, because how they ended is not known),
`attempts`, `stopped`, `elapsed_seconds`, `notes` (what plugins want people to know, such as what was not delivered), `plugins` (what each has cost: `plugin`, `calls`,
`faults`, `seconds` and `share`, of the time of the run; hooks of several jobs run at once) and `exit_code`.

Ctrl-C once starts no more jobs and waits for those that run; twice kills them; three times leaves at once.

Exit codes: 0 all jobs succeeded, 1 some did not, 2 something was wrong with what was asked,
129, 130, 143 stopped by SIGHUP, SIGINT, SIGTERM.";

/// What switches off a flag that is set in `xqute.toml` or the environment: its id, its name, the flag's id. Not in the list of
/// options, where each would say the same.
const OFF: [[&str; 3]; 7] = [
    ["no_fresh", "no-fresh", "fresh"],
    ["no_retry_failed", "no-retry-failed", "retry_failed"],
    ["no_shell", "no-shell", "shell"],
    ["no_keep_order", "no-keep-order", "keep_order"],
    ["no_tag", "no-tag", "tag"],
    ["no_json", "no-json", "json"],
    ["no_quiet", "no-quiet", "quiet"],
];

fn off() -> impl Iterator<Item = Arg> {
    let off = |[id, long, flag]: [&'static str; 3]| {
        Arg::new(id).long(long).action(ArgAction::SetTrue).hide(true).overrides_with(flag)
    };
    OFF.into_iter().map(off)
}

/// Options of `xqute run`.
#[derive(Debug, Parser)]
#[command(args = off())]
pub(crate) struct Run {
    /// The most jobs at once, or a share of the processors: `50%` [default: the number of processors]
    #[arg(short = 'j', long, value_name = "N", value_parser = options::forks, allow_negative_numbers = true, help_heading = "Where and how many")]
    pub(crate) forks: Option<NonZeroUsize>,
    /// What runs the jobs: `local`, this machine, or `null`, which runs nothing
    #[arg(short, long, value_name = "NAME", default_value = "local", value_parser = options::Schedulers, hide_possible_values = true, help_heading = "Where and how many")]
    pub(crate) scheduler: Scheduler,
    /// Start the next job so much later at the earliest: 1, 500ms, 5m
    #[arg(long, value_name = "TIME", value_parser = options::duration, allow_negative_numbers = true, help_heading = "Where and how many")]
    pub(crate) delay: Option<Duration>,
    /// Start no job while so many threads run on this machine: 1.5, or a share of the processors, 80%
    #[arg(long, value_name = "N", value_parser = options::load, help_heading = "Where and how many")]
    pub(crate) load: Option<f64>,
    /// Start no job while less memory is free on this machine, and below half of it run the youngest one again later: 2G
    #[arg(long, value_name = "SIZE", value_parser = options::size, help_heading = "Where and how many")]
    pub(crate) memfree: Option<u64>,
    /// An option for the scheduler
    #[arg(short = 'o', long, value_name = "KEY=VALUE", help_heading = "Where and how many")]
    pub(crate) scheduler_opt: Vec<OsString>,
    /// Where the run keeps its files: a directory that is empty, not there yet, or of an earlier run
    #[arg(short, long, value_name = "DIR", default_value = DEFAULT_WORKDIR, help_heading = "Where and how many")]
    pub(crate) workdir: PathBuf,
    /// Remove the jobs of earlier runs from DIR first: else those that are done are not run again
    #[arg(long, help_heading = "Where and how many")]
    pub(crate) fresh: bool,
    /// Run again the jobs of earlier runs in DIR that failed, were killed or vetoed
    #[arg(long, help_heading = "Where and how many")]
    pub(crate) retry_failed: bool,
    /// Plugins to use: `a,b` only these, in this order; `-a` all but it; `+a` one more
    #[arg(
        long,
        value_name = "NAMES",
        value_delimiter = ',',
        allow_hyphen_values = true,
        help_heading = "Where and how many"
    )]
    pub(crate) plugins: Vec<String>,

    /// Take arguments from FILE, one a line; `-` is standard input. As `:::: FILE`
    #[arg(short = 'a', long = "arg-file", value_name = "FILE", help_heading = "Jobs")]
    pub(crate) arg_file: Vec<OsString>,
    /// Run the jobs of FILE instead of a COMMAND: TOML, or a JSON object a line; `-` is standard input. They may wait for each other
    #[arg(long, value_name = "FILE", conflicts_with_all = ["arg_file", "null", "words", "inputs", "outputs"], help_heading = "Jobs")]
    pub(crate) file: Option<PathBuf>,
    /// Arguments and lines end with a NUL byte, as those of `find -print0`
    #[arg(short = '0', long, help_heading = "Jobs")]
    pub(crate) null: bool,
    /// Have a shell read each command: `sh`, or with `--shell=bash` bash; what is filled in stays a text
    #[arg(long, value_name = "SHELL", num_args = 0..=1, require_equals = true, default_missing_value = "sh", value_parser = options::shell, help_heading = "Jobs")]
    pub(crate) shell: Option<Shell>,
    /// A file that each job reads, with replacement strings as in COMMAND. Several times: several
    #[arg(long = "in", value_name = "PATH", help_heading = "Jobs")]
    pub(crate) inputs: Vec<OsString>,
    /// A file that each job writes: one that has exited with 0 and not written it has failed; of a failed one it is moved aside
    #[arg(long = "out", value_name = "PATH", help_heading = "Jobs")]
    pub(crate) outputs: Vec<OsString>,
    /// Run in the background, in a session of its own; what it prints goes to DIR/run.log. See `attach`, `wait`, `kill`
    #[arg(long, help_heading = "Where and how many")]
    pub(crate) detach: bool,
    /// That background.
    #[arg(long, hide = true)]
    pub(crate) detached: bool,
    /// Print the commands that would run, and run none
    #[arg(long, help_heading = "Jobs")]
    pub(crate) dry_run: bool,
    /// A variable for the jobs' environment; NAME alone: with the value that it has here
    #[arg(short, long, value_name = "NAME=VALUE", help_heading = "Jobs")]
    pub(crate) env: Vec<OsString>,
    /// The directory that the jobs run in [default: this one]
    #[arg(long, value_name = "DIR", help_heading = "Jobs")]
    pub(crate) cwd: Option<PathBuf>,
    /// Bash that runs before each command, in its shell; `… || exit` fails the job
    #[arg(long, value_name = "BASH", help_heading = "Jobs")]
    pub(crate) prescript: Option<String>,
    /// Bash that runs after each command, and sees its exit code in $rc
    #[arg(long, value_name = "BASH", help_heading = "Jobs")]
    pub(crate) postscript: Option<String>,

    /// What a failed job does to the run [default: ignore; retry, where a number is given, or a delay is typed]
    #[arg(long, value_name = "WHAT", help_heading = "Failures and time")]
    pub(crate) error_strategy: Option<Strategy>,
    /// How often a failed job is tried again [default: 3]
    #[arg(long, visible_alias = "retries", value_name = "N", value_parser = options::times, allow_negative_numbers = true, help_heading = "Failures and time")]
    pub(crate) num_retries: Option<u32>,
    /// The wait before the second attempt, which doubles from then on: 10, 30s, 5m [default: 1s]
    #[arg(long, value_name = "TIME", value_parser = options::duration, allow_negative_numbers = true, help_heading = "Failures and time")]
    pub(crate) retry_delay: Option<Duration>,
    /// When to give up: `soon,fail=1` starts no more jobs, `now,fail=10%` (of all jobs, and 3 at least) kills those that run; `success`, `done`
    #[arg(long, value_name = "WHEN,WHY=N", value_parser = options::halt, help_heading = "Failures and time")]
    pub(crate) halt: Option<MaybeHalt>,
    /// Kill an attempt that runs longer: 30, 30s, 5m, 1h30m; it has failed then
    #[arg(long, value_name = "TIME", value_parser = options::limit, allow_negative_numbers = true, help_heading = "Failures and time")]
    pub(crate) timeout: Option<Duration>,
    /// From SIGTERM to SIGKILL [default: 10s]
    #[arg(long, value_name = "TIME", value_parser = options::duration, allow_negative_numbers = true, help_heading = "Failures and time")]
    pub(crate) kill_grace: Option<Duration>,

    /// Print each job's output when it ends: the default
    #[arg(long, overrides_with = "no_print", help_heading = "Output")]
    pub(crate) print: bool,
    /// Keep the output to the files
    #[arg(long, overrides_with = "print", help_heading = "Output")]
    pub(crate) no_print: bool,
    /// Where what jobs write is kept: in `files` of each job's own, as a `bundle` of a few files for all jobs, or nowhere: `none`
    #[arg(long, value_name = "WHERE", default_value = "files", help_heading = "Output")]
    pub(crate) output: Where,
    /// Print in the order of the jobs, not of their ends
    #[arg(short, long, help_heading = "Output")]
    pub(crate) keep_order: bool,
    /// Instead of output, print a line of JSON about each job that has ended, and one about the run
    #[arg(long, help_heading = "Output")]
    pub(crate) json: bool,
    /// Begin each line of output with the job's arguments and a tab
    #[arg(long, help_heading = "Output")]
    pub(crate) tag: bool,
    /// Print no progress, and a summary only where something went wrong
    #[arg(short, long, help_heading = "Output")]
    pub(crate) quiet: bool,
    /// Whether to show progress [default: where standard error is a terminal, a line that changes]
    #[arg(long, value_name = "WHEN", default_value = "auto", help_heading = "Output")]
    pub(crate) progress: Progress,
    /// Say more: each job's steps (-v), the engine's (-vv)
    #[arg(short, long, action = ArgAction::Count, help_heading = "Output")]
    pub(crate) verbose: u8,

    /// Write a line about each job that has ended to FILE, as GNU parallel does; `+FILE` keeps what it has
    #[arg(long, visible_alias = "jl", value_name = "FILE", value_parser = options::joblog, help_heading = "Output")]
    pub(crate) joblog: Option<String>,

    #[command(flatten)]
    pub(crate) chosen: Chosen,

    /// The command, and its arguments
    #[arg(value_name = "COMMAND… [::: ARG…]", trailing_var_arg = true)]
    pub(crate) words: Vec<OsString>,
}

/// `--halt never` is none.
pub(crate) type MaybeHalt = Option<Halt>;

/// Where output is kept, in the words of the command line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Where {
    /// In DIR/<index>/job.stdout and job.stderr
    Files,
    /// Nowhere, so that none is printed either
    None,
    /// In a few files for all jobs: `xqute logs`, `cat` and `export` read them
    Bundle,
}

impl From<Where> for Output {
    fn from(output: Where) -> Self {
        match output {
            Where::Files => Self::Files,
            Where::None => Self::None,
            Where::Bundle => Self::Bundle,
        }
    }
}

/// In the words of the command line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Strategy {
    /// Go on with the others
    Ignore,
    /// Try it again
    Retry,
    /// Kill the rest
    Halt,
}

impl From<Strategy> for ErrorStrategy {
    fn from(strategy: Strategy) -> Self {
        match strategy {
            Strategy::Ignore => Self::Ignore,
            Strategy::Retry => Self::Retry,
            Strategy::Halt => Self::Halt,
        }
    }
}
