//! Does a rule make sense, and what does it answer?

use std::time::Duration;

use xqute::{BoxError, Submit};

use super::condition::Condition;
use super::window::Window;
use super::{EVERY, LIMIT, Otherwise, Rule};
use crate::filter::Filter;

/// A rule that makes sense.
#[derive(Debug)]
pub(super) struct Checked {
    /// How it is called in reasons.
    name: String,
    reason: Option<String>,
    pub(super) jobs: Filter,
    pub(super) condition: Condition,
    otherwise: Otherwise,
    every: Duration,
}

impl Checked {
    /// The `number`th rule, from 1.
    pub(super) fn new(rule: Rule, number: usize) -> Result<Self, BoxError> {
        let name = rule.name.clone().unwrap_or_else(|| format!("rule {number}"));
        let wrong = |what: String| BoxError::from(format!("rule {number}: {what}"));
        check_keys(&rule).map_err(wrong)?;
        let (jobs, reason, every) = (rule.jobs.clone(), rule.reason.clone(), rule.every);
        let given = rule.otherwise;
        let condition = condition(rule).map_err(wrong)?;
        let otherwise = given.unwrap_or(match condition {
            Condition::Never => Otherwise::Veto,
            Condition::Outdated => Otherwise::Skip,
            _ => Otherwise::Wait,
        });
        if otherwise == Otherwise::Wait && matches!(condition, Condition::Never | Condition::Outdated) {
            return Err(wrong(
                "its condition never comes to hold by waiting: write `otherwise = \"veto\"` or \"skip\""
                    .into(),
            ));
        }
        if every.is_some() && otherwise != Otherwise::Wait {
            return Err(wrong("`every` is for `otherwise = \"wait\"`: leave one of the two out".into()));
        }
        let every = every.map_or(EVERY, |it| it.0);
        if every.is_zero() {
            return Err(wrong("`every` is 0, and would ask without end: give it a time".into()));
        }
        Ok(Self { name, reason, jobs, condition, otherwise, every })
    }

    /// What is answered where the condition does not hold, for this reason; `until`: so long it will not.
    pub(super) fn otherwise(&self, why: &str, until: Option<Duration>) -> Submit {
        let reason = format!("{}: {}", self.name, self.reason.as_deref().unwrap_or(why));
        match self.otherwise {
            Otherwise::Veto => Submit::veto(reason),
            Otherwise::Skip => Submit::skip(reason),
            Otherwise::Wait => Submit::later(until.unwrap_or(self.every).min(self.every), reason),
        }
    }

    /// Whether a job of which its condition does not hold waits.
    pub(super) fn waits(&self) -> bool {
        self.otherwise == Otherwise::Wait
    }

    /// What is answered where nobody can tell whether it holds. Who waits goes on waiting; else the job has failed: it is neither to
    /// run, nor to count as done or not wanted, for a mistake.
    pub(super) fn unknown(&self, why: &str) -> Result<Submit, BoxError> {
        let told = format!("{}: it cannot be told whether it holds: {why}", self.name);
        match self.otherwise {
            Otherwise::Wait => Ok(Submit::later(self.every, told)),
            Otherwise::Veto | Otherwise::Skip => Err(told.into()),
        }
    }
}

/// A rule has one condition at most, and no keys of one that it has not.
fn check_keys(rule: &Rule) -> Result<(), String> {
    let is_timed = rule.between.is_some() || !rule.days.is_empty();
    let all = [
        ("outdated", rule.outdated),
        ("min_free", rule.min_free.is_some()),
        ("exists", rule.exists.is_some()),
        ("absent", rule.absent.is_some()),
        ("command", rule.command.is_some()),
        ("between", is_timed),
    ];
    let there: Vec<_> =
        all.iter().filter(|(_, is_there)| *is_there).map(|(name, _)| format!("`{name}`")).collect();
    if there.len() > 1 {
        return Err(format!("it has more than one condition: {}; make a rule of each", there.join(", ")));
    }
    let stray = [
        ("path", "min_free", rule.path.is_some() && rule.min_free.is_none()),
        ("limit", "command", rule.limit.is_some() && rule.command.is_none()),
        ("time_zone", "between", rule.time_zone.is_some() && !is_timed),
    ];
    match stray.iter().find(|(.., is_stray)| *is_stray) {
        Some((key, of, _)) => Err(format!("`{key}` says more of `{of}`, which it does not have")),
        None => Ok(()),
    }
}

fn condition(rule: Rule) -> Result<Condition, String> {
    let Rule { outdated, min_free, path, exists, absent, command, limit, between, days, time_zone, .. } =
        rule;
    if outdated {
        return Ok(Condition::Outdated);
    }
    if let Some(least) = min_free {
        return Ok(Condition::MinFree { least, path: path.unwrap_or_else(|| ".".into()) });
    }
    if let Some(path) = exists {
        return Ok(Condition::Exists(path));
    }
    if let Some(path) = absent {
        return Ok(Condition::Absent(path));
    }
    if let Some(argv) = command {
        if argv.first().is_none_or(String::is_empty) {
            return Err(
                "`command` is empty: write the program and its arguments, as [\"test\", \"-e\", \"go\"]"
                    .into(),
            );
        }
        let limit = limit.map_or(LIMIT, |it| it.0);
        if limit.is_zero() {
            return Err("`limit` is 0, in which nothing ends: give it a time, or leave it out".into());
        }
        return Ok(Condition::Command { argv, limit });
    }
    if between.is_some() || !days.is_empty() {
        return Window::new(between.as_deref(), &days, time_zone.as_deref()).map(Condition::Between);
    }
    Ok(Condition::Never)
}
