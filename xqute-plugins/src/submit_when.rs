//! When may a job be submitted? By rules: which jobs, a condition, and what becomes of a job of which it does not hold.
//!
//! ```no_run
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use xqute_plugins::submit_when::SubmitWhenConfig;
//! let config: SubmitWhenConfig = toml::from_str(r#"
//!     [[rule]]                     # as make would: skipped, where what it writes is newer than what it reads
//!     outdated = true
//!
//!     [[rule]]                     # asked again every minute, until there is room
//!     filter = { tag = "big" }
//!     min_free = "10G"
//!     path = "/scratch"
//!     every = "1m"
//!
//!     [[rule]]                     # never
//!     filter = { index = "5,10" }
//!     otherwise = "veto"
//! "#)?;
//! let xqute = xqute::Xqute::builder().config("submit-when", config).build()?;
//! # drop(xqute);
//! # Ok(())
//! # }
//! ```
//!
//! All rules have to hold that are for a job; they are asked in their order, and the first that does not decides. Its name and its
//! reason are what the journal, `xqute status` and `xqute explain` tell of the job. `docs/plugins/submit-when.md` has all of it.

mod command;
mod condition;
mod looks;
mod outdated;
mod rule;
mod turns;
mod window;

#[cfg(test)]
mod tests;

use std::path::PathBuf;
use std::time::Duration;

use xqute::units::{Size, Time};
use xqute::{BoxError, Job, Run, Scheduler, Submit, hook};

use crate::filter::Filter;
use condition::Holds;
use looks::Looks;
use rule::Checked;
use turns::Turns;

xqute::plugin!(name = "submit-when", enabled = false, config = SubmitWhenConfig);

/// After which time it is asked again about a job that waits, where a rule does not say.
pub const EVERY: Duration = Duration::from_secs(30);
/// How long a command may take, where a rule does not say; and a file system to answer.
pub const LIMIT: Duration = Duration::from_secs(30);
/// So many commands of rules run at once, of those that let a job wait and of the others.
const COMMANDS: usize = 4;

/// The configuration of `submit-when`.
#[xqute::config]
#[derive(Debug, Clone, Default, PartialEq)]
pub struct SubmitWhenConfig {
    /// The rules, in the order in which they are asked. Default: none.
    pub rule: Vec<Rule>,
}

/// A rule: of the jobs that it is for, its condition has to hold. It has one condition at most; one that has none never holds.
/// Relative paths are in the directory that the job runs in.
#[xqute::config]
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Rule {
    /// What it is called in reasons. Default: `rule` and its number, from 1.
    pub name: Option<String>,
    /// What its reason says, instead of what does not hold.
    pub reason: Option<String>,
    /// The jobs that it is for. Default: all.
    // `jobs` was its name, and `wrap` and `exec` say `filter`.
    #[serde(alias = "jobs")]
    pub filter: Filter,
    /// Holds where an output that the job was said to write is missing, or older than an input; and where it was said to write none.
    pub outdated: bool,
    /// Holds where so much is free on a file system, for others than root.
    pub min_free: Option<Size>,
    /// Of `min_free`: a file or directory on that file system. Default: the directory that the job runs in.
    pub path: Option<PathBuf>,
    /// Holds where this is there: a file, a directory, anything that a path can name.
    pub exists: Option<PathBuf>,
    /// Holds where this is not there.
    pub absent: Option<PathBuf>,
    /// Holds where this program, with these arguments, exits with 0. No shell reads it; it runs in the job's directory, with
    /// `XQUTE_JOB_INDEX` and `XQUTE_METADIR` (the work directory) in its environment.
    pub command: Option<Vec<String>>,
    /// Of `command`: how long it may take, before it is killed and the condition does not hold. Default: `"30s"`.
    pub limit: Option<Time>,
    /// Holds between these times of day: `"22:00-06:00"`. Default: all day, where there are `days`.
    pub between: Option<String>,
    /// Holds on these days; one that begins in the evening goes on into the next. Default: every day, where there is `between`.
    pub days: Vec<Day>,
    /// Of `between` and `days`: the time zone, as `"Europe/Berlin"`. Default: the system's; has that none, this has to be given.
    pub time_zone: Option<String>,
    /// What becomes of a job of which the condition does not hold. Default: `"skip"` with `outdated`,
    /// `"veto"` without a condition, else `"wait"`.
    pub otherwise: Option<Otherwise>,
    /// Where it waits: after which time it is asked again. Default: `"30s"`.
    pub every: Option<Time>,
    /// Where it waits: how long at most, in this run, before it is cancelled as one that is vetoed. Default: without end.
    pub at_most: Option<Time>,
}

/// What becomes of a job of which a condition does not hold.
#[xqute::config]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub enum Otherwise {
    /// It is cancelled.
    Veto,
    /// It counts as done.
    Skip,
    /// It is held, without a slot, and asked about again.
    Wait,
}

/// A day of the week.
#[xqute::config]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs, reason = "they are what they are")]
pub enum Day {
    Mon,
    Tue,
    Wed,
    Thu,
    Fri,
    Sat,
    Sun,
}

/// What the rules come to.
#[derive(Debug)]
struct Rules {
    rules: Vec<Checked>,
    asked: Asked,
}

/// Who is asked whether a condition holds.
#[derive(Debug)]
struct Asked {
    turns: Turns,
    looks: Looks,
}

#[hook]
fn on_init(run: &Run, scheduler: &Scheduler) -> Result<(), BoxError> {
    let config: SubmitWhenConfig = run.config("submit-when")?.unwrap_or_default();
    let rules =
        (1..).zip(config.rule).map(|(number, rule)| Checked::new(rule, number)).collect::<Result<_, _>>()?;
    let asked = Asked { turns: Turns::new(COMMANDS, scheduler.forks()), looks: Looks::new() };
    Ok(run.init_state(Rules { rules, asked })?)
}

#[hook]
async fn on_job_submitting(run: &Run, job: &Job) -> Result<Submit, BoxError> {
    let Some(Rules { rules, asked }) = run.state::<Rules>() else { return Ok(Submit::Proceed) };
    for rule in rules.iter().filter(|it| it.filter.matches(job)) {
        let submit = match rule.condition.look(run, job, asked, rule.waits()).await {
            Holds::Yes => {
                rule.holds(job.index());
                continue;
            }
            Holds::No { why, until } => rule.otherwise(job.index(), &why, until),
            Holds::NotYet(why, wait) => rule.otherwise(job.index(), &why, Some(wait)),
            Holds::Unknown(why) => rule.unknown(job.index(), &why)?,
        };
        return Ok(submit);
    }
    Ok(Submit::Proceed)
}
