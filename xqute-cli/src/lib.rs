//! The command line of xqute, as a library: a binary with more plugins is five lines.
//!
//! ```no_run
//! // src/main.rs of a crate that depends on xqute, xqute-cli and the plugins
//! xqute::link_plugins!();
//!
//! fn main() -> std::process::ExitCode {
//!     xqute_cli::main()
//! }
//! ```
//!
//! | exit code | meaning |
//! | --- | --- |
//! | 0 | every job succeeded |
//! | 1 | some did not; `xqute check`: something is wrong |
//! | 2 | something was wrong with what was asked |
//! | 129, 130, 143 | stopped by SIGHUP, SIGINT, SIGTERM |

mod answer;
mod args;
mod attend;
mod build;
mod cat;
mod check;
mod complete;
mod conduct;
mod config;
mod control;
mod detach;
mod explain;
mod export;
mod hints;
mod jobs;
mod journal;
mod log;
mod logs;
mod new_plugin;
mod options;
mod origin;
mod output;
mod plain;
mod plugins;
mod resume;
mod run;
mod script;
mod settings;
mod status;
mod workdir;

use std::process::ExitCode;

use clap::Parser;

// Depending on a crate does not link it; naming it does.
use xqute_plugins as _;

use args::{Args, Verb};

/// Exit codes.
mod exit {
    pub(crate) const SUCCESS: u8 = 0;
    pub(crate) const JOBS_FAILED: u8 = 1;
    pub(crate) const WRONG: u8 = 2;
    /// To this the signal's number is added, as shells do.
    pub(crate) const SIGNAL: u8 = 128;
}

/// Reads the command line, does what it says, and tells how it went.
#[must_use]
pub fn main() -> ExitCode {
    xqute::supervise();
    match Args::try_parse() {
        Ok(args) => act(args).unwrap_or_else(|error| refuse(&error)),
        Err(error) => usage(&hints::add(error, &std::env::args_os().collect::<Vec<_>>())),
    }
}

fn act(args: Args) -> anyhow::Result<ExitCode> {
    let code = match args.verb {
        Verb::Run(run) => {
            run::check_typed(&run)?;
            let mut settings = settings::Settings::read(&run.chosen)?;
            settings.plugins.check()?;
            let (Args { verb: Verb::Run(run) }, kept) = (match settings::with_settings(&settings, &run) {
                Ok(whole) => whole,
                Err(error) => return Ok(usage(&error)),
            }) else {
                anyhow::bail!("the command line is of another verb when it is read again");
            };
            if run.detach && !run.detached {
                return Ok(ExitCode::from(detach::start()?));
            }
            log::start(run.verbose)?;
            run::run(*run, settings.plugins, kept)?
        }
        Verb::Resume(resume) => resume::resume(&resume)?,
        Verb::Plugins(plugins) => plugins::show(plugins)?,
        Verb::Config(config) => config::show(&config)?,
        Verb::Status(status) => status::show(&status)?,
        Verb::Logs(logs) => logs::show(&logs)?,
        Verb::Cat(cat) => cat::show(&cat)?,
        Verb::Export(args) => export::export(&args)?,
        Verb::Script(script) => script::show(&script)?,
        Verb::Kill(kill) => attend::kill(&kill)?,
        Verb::Wait(wait) => attend::wait(&wait)?,
        Verb::Attach(wait) => attend::attach(&wait)?,
        Verb::Explain(explain) => explain::show(&explain)?,
        Verb::Journal(journal) => journal::show(&journal)?,
        Verb::Check(check) => check::show(&check)?,
        Verb::NewPlugin(args) => new_plugin::make(&args)?,
        Verb::Build(args) => build::build(&args)?,
        Verb::Completions(completions) => complete::completions(&completions)?,
        Verb::Man(man) => complete::man(man)?,
    };
    Ok(ExitCode::from(code))
}

/// Help, or what is wrong with what was typed. Nothing can be told if standard error is closed.
fn usage(error: &clap::Error) -> ExitCode {
    let _ = error.print();
    ExitCode::from(if error.use_stderr() { exit::WRONG } else { exit::SUCCESS })
}

fn refuse(error: &anyhow::Error) -> ExitCode {
    say(format_args!("{error:#}{}", hints::not_built(error).unwrap_or_default()));
    ExitCode::from(exit::WRONG)
}

/// Tells something on standard error, at once.
fn say(what: std::fmt::Arguments<'_>) {
    output::screen::say(what);
}
