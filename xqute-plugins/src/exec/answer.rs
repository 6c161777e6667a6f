//! What does a command say, by its exit code and its output?

use super::child::{End, Kept, Ran};
use super::line;

/// Of `on_job_submitting`: the job need not run. What test suites have for a test that is skipped.
const SKIP: i32 = 77;
/// The longest reason, in characters.
const LONGEST: usize = 500;
/// The longest fragment, in bytes.
pub(super) const FRAGMENT: usize = 1 << 20;

/// What a command of a hook that decides says.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Said {
    Proceed,
    Veto(String),
    Skip(String),
}

/// 0: proceed; 1: not; 77, where something can be skipped: that. Anything else, and any other end, is an error.
pub(super) fn decision(command: &str, ran: &Ran, may_skip: bool) -> Result<Said, String> {
    match code(ran) {
        Some(0) => Ok(Said::Proceed),
        Some(1) => Ok(Said::Veto(reason(command, ran))),
        Some(SKIP) if may_skip => Ok(Said::Skip(reason(command, ran))),
        _ => Err(wrong(command, ran)),
    }
}

/// Of a hook that is only told.
pub(super) fn nothing(command: &str, ran: &Ran) -> Result<(), String> {
    if code(ran) == Some(0) { Ok(()) } else { Err(wrong(command, ran)) }
}

/// A piece of script.
pub(super) fn fragment(command: &str, ran: Ran) -> Result<String, String> {
    nothing(command, &ran)?;
    if ran.answer.lost > 0 {
        return Err(format!("`{command}` printed more than {FRAGMENT} bytes, which is no piece of a script"));
    }
    match String::from_utf8(ran.answer.bytes) {
        Ok(text) if !text.contains('\0') => Ok(text),
        _ => Err(format!("what `{command}` printed is no text, so it is no piece of a script")),
    }
}

fn code(ran: &Ran) -> Option<i32> {
    match ran.end {
        End::Exited(status) => status.code(),
        _ => None,
    }
}

/// The first line of its answer; where it has none, the last one that it told.
fn reason(command: &str, ran: &Ran) -> String {
    first(&ran.answer)
        .or_else(|| last(&ran.told))
        .unwrap_or_else(|| format!("`{command}` ended with {}", ran.end))
}

fn wrong(command: &str, ran: &Ran) -> String {
    let last = last(&ran.told).map(|it| format!(": {it}")).unwrap_or_default();
    format!("`{command}`: {}{last}", ran.end)
}

fn first(kept: &Kept) -> Option<String> {
    let text = String::from_utf8_lossy(&kept.bytes);
    text.lines().map(|it| line(it, LONGEST)).find(|it| !it.is_empty())
}

fn last(kept: &Kept) -> Option<String> {
    let text = String::from_utf8_lossy(&kept.bytes);
    text.lines().rev().map(|it| line(it, LONGEST)).find(|it| !it.is_empty())
}

#[cfg(test)]
mod tests {
    use std::os::unix::process::ExitStatusExt;
    use std::process::ExitStatus;

    use super::*;

    fn ran(status: i32, answer: &str, told: &str) -> Ran {
        let kept = |text: &str| Kept { bytes: text.as_bytes().to_vec(), lost: 0 };
        Ran {
            end: End::Exited(ExitStatus::from_raw(status)),
            answer: kept(answer),
            told: kept(told),
            unlogged: None,
        }
    }

    fn decided(status: i32, answer: &str, told: &str) -> Result<Said, String> {
        decision("gate", &ran(status, answer, told), true)
    }

    #[test]
    fn codes_decide() {
        assert_eq!(decided(0, "x", ""), Ok(Said::Proceed));
        assert_eq!(decided(1 << 8, "\n why \x1b[0m\nmore", "err"), Ok(Said::Veto("why  [0m".into())));
        assert_eq!(decided(1 << 8, "", "Traceback\nKeyError: 'x'\n"), Ok(Said::Veto("KeyError: 'x'".into())));
        assert_eq!(decided(1 << 8, "", ""), Ok(Said::Veto("`gate` ended with exit code 1".into())));
        assert_eq!(decided(77 << 8, "cached", ""), Ok(Said::Skip("cached".into())));
        assert_eq!(decision("gate", &ran(77 << 8, "", ""), false), Err("`gate`: exit code 77".into()));
        assert_eq!(decided(2 << 8, "", "a\nb\n"), Err("`gate`: exit code 2: b".into()));
        assert_eq!(decided(9, "", ""), Err("`gate`: killed by SIGKILL".into()));
    }

    #[test]
    fn a_reason_is_short_and_a_fragment_is_text() {
        let Ok(Said::Veto(reason)) = decided(1 << 8, &"é".repeat(1000), "") else { panic!() };
        assert_eq!(reason.chars().count(), LONGEST + 1);
        assert_eq!(fragment("f", ran(0, "a\nb\n", "")), Ok("a\nb\n".into()));
        assert!(fragment("f", ran(0, "a\0", "")).is_err() && fragment("f", ran(256, "a", "")).is_err());
        let mut long = ran(0, "a", "");
        long.answer.lost = 1;
        assert!(fragment("f", long).is_err_and(|it| it.contains("more than")));
    }
}
