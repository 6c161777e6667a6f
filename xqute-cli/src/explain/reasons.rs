//! Why is a job what it is? One sentence a fact.

use xqute::{JobState, JobView, WorkDirView, utc};

use crate::answer::hint;

use super::history::{Attempt, History, rule};

/// What the other jobs have to do with it.
#[derive(Debug)]
pub(super) struct Around {
    live: bool,
    /// Jobs that the scheduler has, or is asked to take.
    submitted: usize,
    /// The jobs that it waits for, which have not ended.
    awaited: Vec<usize>,
    /// Jobs before it that wait for their turn too.
    before: usize,
    /// The command that tells which hooks have not returned.
    status: String,
}

impl Around {
    pub(super) fn of(view: &WorkDirView, history: &History, index: usize) -> Self {
        let count = |state: JobState| view.states().filter(|it| *it == state).count();
        let before = view.states().take(index).filter(|it| *it == JobState::Queued).count();
        let submitted = count(JobState::Submitted) + count(JobState::Running);
        let is_open = |other: &usize| view.state(*other).is_none_or(|it| !it.is_over());
        let awaited = history.run.waits.iter().copied().filter(is_open).collect();
        let status = hint(&["status"], view.files(0).workdir());
        Self { awaited, live: view.is_live(), submitted, before, status }
    }
}

pub(super) fn reasons(job: &JobView, history: &History, around: &Around) -> Vec<String> {
    let last = history.attempts.last();
    let mut told = match job.state {
        JobState::Queued => waits(history, around),
        JobState::Held => held(job, history),
        JobState::Submitted => vec![match &job.jid {
            Some(jid) => format!("the scheduler has it as {jid}, and has not told that it runs"),
            None => "it is being handed to the scheduler".to_owned(),
        }],
        JobState::Running => runs(job, history),
        JobState::Retrying => retries(last),
        JobState::Unfinished => {
            vec!["its end is not written down: the program ended before it did".to_owned()]
        }
        JobState::Succeeded => {
            vec![job.why.clone().unwrap_or_else(|| "its command exited with 0".to_owned())]
        }
        _ => ended(job, last),
    };
    if job.runs_again {
        told.push("it is run again when the same list is".to_owned());
    } else if !around.live || history.passed_over > 0 {
        told.extend(stays(job, history.passed_over));
    }
    told
}

fn waits(history: &History, around: &Around) -> Vec<String> {
    let mut told = Vec::new();
    if !around.awaited.is_empty() {
        let jobs: Vec<_> = around.awaited.iter().map(ToString::to_string).collect();
        let what = if jobs.len() == 1 { "job" } else { "jobs" };
        told.push(format!("it waits for the end of {what} {}", jobs.join(", ")));
    } else if let Some(forks) = history.run.forks {
        let Around { submitted, before, .. } = around;
        told.push(format!(
            "it waits for its turn: at most {forks} {} at once, {submitted} {} submitted, and {before} {} before it",
            if forks == 1 { "job runs" } else { "jobs run" },
            if *submitted == 1 { "is" } else { "are" },
            if *before == 1 { "waits" } else { "wait" },
        ));
        if around.live && *submitted < forks && history.run.held.is_empty() {
            told.push(format!(
                "fewer are submitted than may run: hooks of it, or of jobs before it, may not have returned; `{}` tells which wait",
                around.status
            ));
        }
    } else {
        told.push("it waits for its turn".to_owned());
    }
    if !history.run.held.is_empty() {
        told.push(format!("starts are held back: {}", history.run.held));
    }
    if let Some((why, _)) = &history.run.stopped {
        told.push(format!("the run is being stopped: {why}"));
    }
    told
}

/// A plugin holds it.
fn held(job: &JobView, history: &History) -> Vec<String> {
    let mut told: Vec<_> = job.why.clone().into_iter().collect();
    if let Some((since, wait)) = history.run.held_since {
        let since = since.map(|it| format!("since {}, ", utc(it))).unwrap_or_default();
        let seconds = wait as f64 / 1000.0;
        told.push(format!(
            "{since}and the plugin is asked again after {seconds} s: meanwhile it takes no slot"
        ));
    }
    if let Some((why, _)) = &history.run.stopped {
        told.push(format!("the run is being stopped: {why}"));
    }
    told
}

fn runs(job: &JobView, history: &History) -> Vec<String> {
    let mut told: Vec<_> = job.started.map(|it| format!("it runs since {}", utc(it))).into_iter().collect();
    if let Some(limit) = history.run.timeout {
        told.push(format!(
            "an attempt that runs longer than {} s is killed, where the job has no limit of its own",
            limit as f64 / 1000.0
        ));
    }
    told
}

fn retries(last: Option<&Attempt>) -> Vec<String> {
    let Some(last) = last else { return Vec::new() };
    let next = last.next.map(|it| format!("its next attempt is due {}", utc(it)));
    let why = last.why.as_deref().map(|why| format!("the last one failed: {why}"));
    [next, why, rule(last)].into_iter().flatten().collect()
}

/// It failed, was killed or cancelled.
fn ended(job: &JobView, last: Option<&Attempt>) -> Vec<String> {
    let mut told: Vec<_> = job.why.clone().into_iter().collect();
    told.extend(last.and_then(rule));
    let stopped = last.and_then(|it| it.stopped.as_ref()).filter(|_| job.runs_again);
    if let Some((why, by)) = stopped {
        told.push(match by {
            Some(by) => format!("the run was {why}, when job {by} had ended"),
            None => format!("the run was {why}"),
        });
    }
    told
}

/// It has its end.
fn stays(job: &JobView, runs: usize) -> Option<String> {
    let passed = match runs {
        0 => return None,
        1 => "a run began".to_owned(),
        more => format!("{more} runs began"),
    };
    let rule = match job.state {
        JobState::Succeeded => "what is done is not run again",
        JobState::Failed | JobState::Killed | JobState::Cancelled => {
            "what has ended is run again only with --retry-failed"
        }
        _ => return None,
    };
    Some(format!("{passed} since, and did not run it: {rule}"))
}
