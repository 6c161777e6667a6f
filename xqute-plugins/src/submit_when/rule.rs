//! Does a rule make sense, and what does it answer?

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use xqute::units::Time;
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
    pub(super) filter: Filter,
    pub(super) condition: Condition,
    otherwise: Otherwise,
    every: Duration,
    at_most: Option<Duration>,
    /// Of jobs that wait: since when, where that has an end.
    since: Mutex<HashMap<usize, Instant>>,
}

impl Checked {
    /// The `number`th rule, from 1.
    pub(super) fn new(rule: Rule, number: usize) -> Result<Self, BoxError> {
        let name = rule.name.clone().unwrap_or_else(|| format!("rule {number}"));
        let wrong = |what: String| BoxError::from(format!("rule {number}: {what}"));
        check_keys(&rule).map_err(wrong)?;
        let (filter, reason, every) = (rule.filter.clone(), rule.reason.clone(), rule.every);
        let at_most = rule.at_most.map(|it| it.0);
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
        if at_most.is_some() && otherwise != Otherwise::Wait {
            return Err(wrong("`at_most` is for `otherwise = \"wait\"`: leave one of the two out".into()));
        }
        if at_most.is_some_and(|it| it.is_zero()) {
            return Err(wrong("`at_most` is 0: write `otherwise = \"veto\"`, or give it a time".into()));
        }
        let every = every.map_or(EVERY, |it| it.0);
        if every.is_zero() {
            return Err(wrong("`every` is 0, and would ask without end: give it a time".into()));
        }
        Ok(Self { name, reason, filter, condition, otherwise, every, at_most, since: Mutex::default() })
    }

    /// What is answered where the condition does not hold, for this reason; `until`: so long it will not.
    pub(super) fn otherwise(&self, index: usize, why: &str, until: Option<Duration>) -> Submit {
        let reason = format!("{}: {}", self.name, self.reason.as_deref().unwrap_or(why));
        match self.otherwise {
            Otherwise::Veto => Submit::veto(reason),
            Otherwise::Skip => Submit::skip(reason),
            Otherwise::Wait => self.wait(index, until.unwrap_or(self.every).min(self.every), reason),
        }
    }

    /// Whether a job of which its condition does not hold waits.
    pub(super) fn waits(&self) -> bool {
        self.otherwise == Otherwise::Wait
    }

    /// What is answered where nobody can tell whether it holds. Who waits goes on waiting; else the job has failed: it is neither to
    /// run, nor to count as done or not wanted, for a mistake.
    pub(super) fn unknown(&self, index: usize, why: &str) -> Result<Submit, BoxError> {
        let told = format!("{}: it cannot be told whether it holds: {why}", self.name);
        match self.otherwise {
            Otherwise::Wait => Ok(self.wait(index, self.every, told)),
            Otherwise::Veto | Otherwise::Skip => Err(told.into()),
        }
    }

    /// A job is asked about again after so long, unless it has waited for as long as it may.
    fn wait(&self, index: usize, wait: Duration, reason: String) -> Submit {
        let Some(at_most) = self.at_most else { return Submit::later(wait, reason) };
        let mut since = self.since.lock().unwrap_or_else(PoisonError::into_inner);
        let left = at_most.saturating_sub(since.entry(index).or_insert_with(Instant::now).elapsed());
        if left.is_zero() {
            since.remove(&index);
            return Submit::veto(format!("{reason}, for {}", Time(at_most)));
        }
        Submit::later(wait.min(left), reason)
    }

    /// The condition holds for a job: if it comes to wait once more, that is another wait.
    pub(super) fn holds(&self, index: usize) {
        if self.at_most.is_some() {
            self.since.lock().unwrap_or_else(PoisonError::into_inner).remove(&index);
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
