//! Code around the commands of some jobs, or of all: the "Custom Command Wrapping" of the plugins page, from configuration.
//!
//! Off unless it is configured. As `xqute.toml` says it:
//!
//! ```toml
//! [[plugins.wrap.rule]]
//! prefix = ["nice", "-n", "10"]             # before the command's own words; no shell reads them
//!
//! [[plugins.wrap.rule]]
//! filter = { name = "align-*" }             # for these jobs alone
//! init = "module load samtools || exit 1"   # bash: at the head of the job's script,
//! prep = "cd \"$(mktemp -d)\""              # before the command,
//! end = "rm -rf -- \"$PWD\""                # and after it, however it ended
//! ```
//!
//! and as a program does:
//!
//! ```
//! # fn main() -> xqute::Result<()> {
//! # let dir = std::env::temp_dir().join(format!("xqute-wrap-{}", std::process::id()));
//! # std::fs::create_dir_all(&dir).unwrap();
//! use xqute_plugins::wrap::{Rule, WrapConfig};
//! let nice = Rule { prefix: vec!["nice".into(), "-n".into(), "10".into()], ..Rule::default() };
//! let xqute = xqute::Xqute::builder().workdir(dir.join("work")).config("wrap", WrapConfig { rule: vec![nice] }).build()?;
//! # drop(xqute);
//! # std::fs::remove_dir_all(dir).unwrap();
//! # Ok(())
//! # }
//! ```
//!
//! A job that no rule means runs as it would without the plugin: directly, without a script. Whatever stands in a job's arguments, it
//! arrives as it is: no text of a rule is put together with them.

use xqute::{BoxError, Job, Run, hook};

use crate::filter::Filter;
use crate::fragment;

mod prefix;

xqute::plugin!(name = "wrap", enabled = false, config = WrapConfig);

/// The configuration of `wrap`: at least one rule. Of several that mean a job all count, in their order.
#[xqute::config]
#[derive(Debug, Clone, Default)]
pub struct WrapConfig {
    /// The rules: `[[plugins.wrap.rule]]`.
    pub rule: Vec<Rule>,
}

/// What is put around which jobs: at least one of the four.
///
/// The texts are bash. In them `$XQUTE_JOB_INDEX` is the job's number and `$XQUTE_JOB_METADIR` its directory; what they print is in
/// `job.wrapped.log` there. A job whose `init` or `prep` ends its shell (`exit 1`) or cannot be read does not run its command,
/// and has failed.
#[xqute::config]
#[derive(Debug, Clone, Default)]
pub struct Rule {
    /// Which jobs. Default: all.
    pub filter: Filter,
    /// At the head of the script, before the run's `prescript`. Default: nothing.
    pub init: String,
    /// Before the command, which is in `$cmd` as a line that bash reads, and may be changed. Default: nothing.
    pub prep: String,
    /// After the command, whatever became of it; its exit code is in `$rc`. It changes neither that nor how the job ended. Each
    /// rule's has a shell of its own. Default: nothing.
    pub end: String,
    /// Words before the command: a program that runs what its arguments say, and its options. They are passed as they are. A
    /// `$cmd` that a plugin has changed is run by `bash -c` below it. The words of several rules follow one another, the first
    /// rule's outermost. Default: none.
    pub prefix: Vec<String>,
}

#[hook]
fn on_init(run: &Run) -> Result<(), BoxError> {
    let config = run.config::<WrapConfig>("wrap")?.unwrap_or_default();
    config.check()?;
    Ok(run.init_state(config)?)
}

#[hook]
fn on_jobcmd_init(run: &Run, job: &Job) -> Option<String> {
    fragment::in_one_shell(rules(run, job).map(|it| &*it.init))
}

/// Before all other texts: what the command is.
#[hook(name = on_jobcmd_prep, priority = i32::MIN)]
fn remember(run: &Run, job: &Job) -> Option<&'static str> {
    rules(run, job).any(|it| !it.prefix.is_empty()).then_some(prefix::REMEMBER)
}

#[hook]
fn on_jobcmd_prep(run: &Run, job: &Job) -> Option<String> {
    fragment::in_one_shell(rules(run, job).map(|it| &*it.prep))
}

/// After all other texts, so that what they made of the command is below the prefix.
#[hook(name = on_jobcmd_prep, priority = i32::MAX)]
fn put_prefix(run: &Run, job: &Job) -> Option<String> {
    let words: Vec<&String> = rules(run, job).flat_map(|it| &it.prefix).collect();
    prefix::before(&words, job.argv())
}

#[hook]
fn on_jobcmd_end(run: &Run, job: &Job) -> Option<String> {
    fragment::each_in_its_shell(rules(run, job).map(|it| &*it.end))
}

/// The rules that mean a job.
fn rules<'a>(run: &'a Run, job: &'a Job) -> impl Iterator<Item = &'a Rule> {
    let rules = run.state::<WrapConfig>().map_or(&[][..], |it| &it.rule);
    rules.iter().filter(|it| it.filter.matches(job))
}

impl WrapConfig {
    fn check(&self) -> Result<(), String> {
        if self.rule.is_empty() {
            return Err("it has no rule: write `[[plugins.wrap.rule]]`, and below it `init`, `prep`, `end` or `prefix`".to_owned());
        }
        self.rule.iter().enumerate().try_for_each(|(at, rule)| {
            rule.check().map_err(|why| format!("rule {} of plugin `wrap` {why}", at + 1))
        })
    }
}

impl Rule {
    fn check(&self) -> Result<(), &'static str> {
        let texts = [&self.init, &self.prep, &self.end];
        if texts.iter().all(|it| it.trim().is_empty()) && self.prefix.is_empty() {
            return Err("says nothing: give it `init`, `prep`, `end` or `prefix`");
        }
        if texts.into_iter().chain(&self.prefix).any(|it| it.contains('\0')) {
            return Err("has a NUL character, which no shell reads: leave it out");
        }
        match self.prefix.first() {
            Some(program) if program.is_empty() => {
                Err("has a `prefix` that begins with an empty word: its first word is a program")
            }
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(toml: &str) -> String {
        let config: WrapConfig = toml::from_str(toml).unwrap();
        config.check().unwrap_err()
    }

    #[test]
    fn what_says_nothing_or_cannot_be_read_is_refused() {
        assert!(refused("").contains("[[plugins.wrap.rule]]"));
        assert_eq!(
            refused("[[rule]]\nend = 'a'\n[[rule]]\nfilter = { tag = 'x' }\nprep = ' '"),
            "rule 2 of plugin `wrap` says nothing: give it `init`, `prep`, `end` or `prefix`"
        );
        assert!(refused("[[rule]]\nprefix = ['nice', \"a\\u0000\"]").contains("NUL"));
        assert!(refused("[[rule]]\nprefix = ['', 'nice']").contains("empty word"));
        assert!(toml::from_str::<WrapConfig>("[[rule]]\npre = 'x'").is_err());
    }
}
