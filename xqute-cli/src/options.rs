//! How is the value of an option read? Times, halts, variables: in the words that people know from other tools.

use std::ffi::{OsStr, OsString};
use std::num::NonZeroUsize;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::time::Duration;

use clap::builder::{PossibleValue, TypedValueParser};
use clap::{Arg, Command};
use xqute::Halt;
pub(crate) use xqute::units::{duration, size};
pub(crate) use xqute_plugins::filter::indices;

/// `4`, or `50%` of the processors, at least 1.
pub(crate) fn forks(text: &str) -> Result<NonZeroUsize, String> {
    let number = match text.strip_suffix('%') {
        None => digits(text),
        // Zero percent is none; of what is left over from a processor, one job.
        Some(percent) => digits(percent)
            .filter(|it| *it > 0)
            .and_then(|it| it.checked_mul(processors().get()))
            .map(|it| (it / 100).max(1)),
    };
    number.and_then(NonZeroUsize::new).ok_or_else(|| {
        let all = processors();
        format!(
            "write the number of jobs that may run at once, from 1 on, or their share of the processors, as `50%`; here 100% is {all}"
        )
    })
}

fn digits(text: &str) -> Option<usize> {
    text.bytes().all(|it| it.is_ascii_digit()).then(|| text.parse().ok()).flatten()
}

/// As many jobs run at once as this, where nothing else is said.
pub(crate) fn processors() -> NonZeroUsize {
    std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN)
}

/// A time in which something is to happen: zero makes no sense.
pub(crate) fn limit(text: &str) -> Result<Duration, String> {
    match duration(text)? {
        Duration::ZERO => {
            Err("a limit of 0 would kill each job as it starts: leave the option out for none".to_owned())
        }
        limit => Ok(limit),
    }
}

/// `1.5` threads, or `80%` of the processors.
pub(crate) fn load(text: &str) -> Result<f64, String> {
    let (number, of) = match text.strip_suffix('%') {
        None => (text, 1.0),
        Some(percent) => (percent, f64::from(u32::try_from(processors().get()).unwrap_or(u32::MAX)) / 100.0),
    };
    let read = number.parse::<f64>().ok().filter(|it| it.is_finite() && *it > 0.0);
    read.map(|it| it * of).ok_or_else(|| {
        format!("`{text}` is no load: write how many threads may run, as `1.5`, or their share of the processors, as `80%`")
    })
}

/// `now,fail=1`, `soon,fail=10%`, `soon,success=3`, `now,done=5`, `never`; as GNU parallel has them.
pub(crate) fn halt(text: &str) -> Result<Option<Halt>, String> {
    let wrong = |why: &str| {
        format!(
            "{why}: write WHEN,WHY=VALUE with `soon` or `now`, `fail`, `success` or `done`, and a number or a percentage, as in `soon,fail=1` or `now,fail=10%`; or `never`"
        )
    };
    if text == "never" {
        return Ok(None);
    }
    let (when, what) = text.split_once(',').ok_or_else(|| wrong("it has no comma"))?;
    let at = match when {
        "soon" => Halt::soon(),
        "now" => Halt::now(),
        _ => return Err(wrong(&format!("`{when}` is no time to halt"))),
    };
    let (why, value) = what.split_once('=').ok_or_else(|| wrong("it has no `=`"))?;
    let number = |value: &str| match value.parse::<usize>() {
        Ok(number) if number > 0 => Ok(number),
        _ => Err(wrong(&format!("`{value}` is no number of jobs"))),
    };
    let percent = |value: &str| match value.parse::<f64>() {
        Ok(percent) if percent > 0.0 && percent <= 100.0 => Ok(percent),
        _ => Err(wrong(&format!("`{value}` is no percentage"))),
    };
    Ok(Some(match (why, value.strip_suffix('%')) {
        ("fail", None) => at.failed(number(value)?),
        ("fail", Some(value)) => at.failed_percent(percent(value)?),
        ("success", None) => at.succeeded(number(value)?),
        ("success", Some(value)) => at.succeeded_percent(percent(value)?),
        ("done", None) => at.done(number(value)?),
        ("done", Some(_)) => return Err(wrong("`done` takes a number of jobs")),
        _ => return Err(wrong(&format!("`{why}` is nothing that jobs can do"))),
    }))
}

/// `NAME=VALUE`, or `NAME` for the value that it has here. The error never shows a value: it may be a secret.
pub(crate) fn variable(text: &OsStr) -> Result<(OsString, OsString), String> {
    let bytes = text.as_bytes();
    let at = bytes.iter().position(|byte| *byte == b'=');
    let name = OsStr::from_bytes(&bytes[..at.unwrap_or(bytes.len())]);
    if name.is_empty() {
        return Err(
            "a variable has no name: write NAME=VALUE, or NAME for the value that it has here".to_owned()
        );
    }
    let value = match at {
        Some(at) => OsString::from_vec(bytes[at + 1..].to_vec()),
        None => std::env::var_os(name)
            .ok_or_else(|| format!("the variable {name:?} is not set here: write NAME=VALUE"))?,
    };
    Ok((name.to_owned(), value))
}

/// A file to append to or to begin anew, as `+FILE` or `FILE`.
pub(crate) fn joblog(text: &str) -> Result<String, String> {
    match text.strip_prefix('+').unwrap_or(text) {
        "" => Err("write the name of a file".to_owned()),
        "-" => Err("standard output has the jobs' own: write the name of a file".to_owned()),
        _ => Ok(text.into()),
    }
}

/// How often something is done.
pub(crate) fn times(text: &str) -> Result<u32, String> {
    digits(text)
        .and_then(|it| u32::try_from(it).ok())
        .ok_or_else(|| "write a whole number, from 0 on".to_owned())
}

/// Of attempts the first is 1.
pub(crate) fn attempt(text: &str) -> Result<usize, String> {
    digits(text).ok_or_else(|| "write the number of an attempt, from 1 on".to_owned())
}

/// The scheduler of this name, which must be one that is built in.
pub(crate) fn scheduler(name: &str) -> Result<Scheduler, String> {
    match name {
        "local" => Ok(Scheduler::Local),
        "null" => Ok(Scheduler::Null),
        _ => {
            let near = ["local", "null"].into_iter().find(|it| strsim::jaro_winkler(it, name) > 0.8);
            let hint = near.map(|it| format!("did you mean `{it}`? ")).unwrap_or_default();
            Err(format!(
                "there is no scheduler of this name: {hint}There are `local` (this machine) and `null` (runs nothing)"
            ))
        }
    }
}

/// Reads a scheduler's name; shells complete it from here, and what is wrong is told in words of our own.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Schedulers;

impl TypedValueParser for Schedulers {
    type Value = Scheduler;

    fn parse_ref(
        &self,
        command: &Command,
        arg: Option<&Arg>,
        value: &OsStr,
    ) -> Result<Scheduler, clap::Error> {
        TypedValueParser::parse_ref(&scheduler, command, arg, value)
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        Some(Box::new(["local", "null"].into_iter().map(PossibleValue::new)))
    }
}

/// What runs the jobs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Scheduler {
    #[default]
    Local,
    Null,
}

/// A shell that reads texts: `sh`, or one whose quotes are the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Shell(String);

impl Shell {
    /// The words that run a text in it.
    pub(crate) fn words(&self, text: OsString) -> Vec<OsString> {
        vec![self.0.clone().into(), "-c".into(), text]
    }
}

/// `sh`, `bash`, `dash`, or a path to one of these. In others (zsh, ksh) more commands evaluate their arguments, so that one
/// that is filled in could be run.
pub(crate) fn shell(name: &str) -> Result<Shell, String> {
    let known = ["sh", "bash", "dash"];
    if known.contains(&name) || known.iter().any(|it| name.ends_with(&format!("/{it}"))) {
        return Ok(Shell(name.to_owned()));
    }
    Err("write `sh`, `bash`, `dash`, or a path to one of these; for another shell write a script and run that".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forks_are_a_number_or_a_share_of_the_processors() {
        assert_eq!(forks("3").map(NonZeroUsize::get), Ok(3));
        assert_eq!(forks("100%"), Ok(processors()));
        assert_eq!(forks("200%").map(NonZeroUsize::get), Ok(2 * processors().get()));
        assert_eq!(forks("1%").map(NonZeroUsize::get), Ok((processors().get() / 100).max(1)));
        for wrong in [
            "0",
            "0%",
            "+2",
            "-2",
            "",
            "%",
            "x",
            "1.5",
            "1.5%",
            "99999999999999999999",
            "9999999999999999999%",
        ] {
            assert!(forks(wrong).is_err_and(|it| it.contains("`50%`")), "{wrong}");
        }
    }

    #[test]
    fn a_limit_is_above_0() {
        assert!(limit("0").is_err() && limit("1").is_ok());
    }

    #[test]
    fn loads_are_those_of_gnu_parallel() {
        let all = f64::from(u32::try_from(processors().get()).unwrap());
        assert_eq!((load("1.5"), load("50%")), (Ok(1.5), Ok(all / 2.0)));
        assert!(["", "0", "-1", "x", "%", "inf", "nan"].iter().all(|it| load(it).is_err()));
    }

    #[test]
    fn halts_are_in_the_words_of_gnu_parallel() {
        assert_eq!(halt("never"), Ok(None));
        assert_eq!(halt("soon,fail=1"), Ok(Some(Halt::soon().failed(1))));
        assert_eq!(halt("now,fail=10%"), Ok(Some(Halt::now().failed_percent(10.0))));
        assert_eq!(halt("now,success=2"), Ok(Some(Halt::now().succeeded(2))));
        for wrong in [
            "",
            "2",
            "now",
            "later,fail=1",
            "now,fail",
            "now,fail=0",
            "now,fail=x%",
            "now,fail=101%",
            "now,loss=1",
            "soon,done=3%",
        ] {
            assert!(halt(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_variable_has_a_name_and_its_value_is_not_shown() {
        assert_eq!(variable("A=b=c".as_ref()), Ok(("A".into(), "b=c".into())));
        assert_eq!(variable("A=".as_ref()), Ok(("A".into(), "".into())));
        assert!(!variable("=secret".as_ref()).unwrap_err().contains("secret"));
        assert!(variable("XQUTE_NO_SUCH_VARIABLE".as_ref()).unwrap_err().contains("not set"));
    }
}
