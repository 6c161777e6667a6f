//! Has it happened as it should? What is not so is told with the whole trace.

use super::text::{called, is_end};
use super::trace::Trace;
use crate::hook::record::{Call, Event};

impl Trace {
    /// Hooks were called in this order, whatever was called in between: those of one job (`0`), or all (`None`). A hook is named as it
    /// is (`on_job_failed`), or with its plugin (`gate::on_job_failed`).
    ///
    /// # Panics
    ///
    /// They were not: the message says how far it went, and shows the whole trace. Or no plugin of the run has such a hook.
    #[track_caller]
    pub fn assert_order<'n>(&self, job: impl Into<Option<usize>>, hooks: impl IntoIterator<Item = &'n str>) {
        let (job, hooks) = (job.into(), hooks.into_iter().collect::<Vec<_>>());
        hooks.iter().for_each(|hook| self.assert_linked(hook, ""));
        let mut calls = self.calls().filter(|call| is_about(call, job));
        if let Some(at) = hooks.iter().position(|hook| !calls.any(|call| is(call, hook))) {
            let whose = job.map(|it| format!(" of job {it}")).unwrap_or_default();
            let after = at.checked_sub(1).map(|it| format!(" after `{}`", hooks[it])).unwrap_or_default();
            let (missing, all) = (hooks[at], hooks.join(", "));
            panic!("`{missing}`{whose} was not called{after}; wanted in this order: {all}\n{self}");
        }
    }

    /// A hook was never called, for this job (`0`) or for any (`None`). It is named as in [`assert_order`](Self::assert_order).
    ///
    /// # Panics
    ///
    /// It was. Or no plugin of the run has such a hook: that a job never ran is `run.job(INDEX).attempts() == 0`.
    #[track_caller]
    pub fn assert_never(&self, job: impl Into<Option<usize>>, hook: &str) {
        self.assert_linked(hook, "; that a job never ran is `run.job(INDEX).attempts() == 0`");
        let job = job.into();
        if let Some(call) = self.calls().find(|call| is_about(call, job) && is(call, hook)) {
            panic!("{} was called\n{self}", called(call));
        }
    }

    /// Each job has exactly one end, and nothing comes after it.
    ///
    /// # Panics
    ///
    /// One has not.
    #[track_caller]
    pub fn assert_one_end_each(&self) {
        let (fed, ended) = (self.fed, self.summary().counts.ended());
        assert!(fed == ended, "{fed} jobs were fed, and the summary counts {ended}\n{self}");
        for index in 0..fed {
            let (ends, is_last) = ends(self.events().filter(|event| event.job.index() == index));
            assert!(
                ends == 1 && is_last,
                "job {index} has {ends} ends, and it is to have one, its last\n{self}"
            );
        }
    }

    /// No hook returned an error, panicked or was given up.
    ///
    /// # Panics
    ///
    /// One did: the message tells the first.
    #[track_caller]
    pub fn assert_no_faults(&self) {
        if let Some(first) = self.summary().faults.first() {
            panic!("{first}\n{self}");
        }
    }

    /// A name with a mistake in it is of no hook that was called.
    #[track_caller]
    fn assert_linked(&self, hook: &str, instead: &str) {
        let mut names = self.linked.iter().flat_map(|it| it.hooks.iter().map(|hook| (&*it.name, hook.hook)));
        assert!(
            names.any(|(plugin, name)| names_it(hook, plugin, name)),
            "no plugin of the run has a hook `{hook}`{instead}"
        );
    }
}

/// How many ends these events of a job are, and whether the last is one.
fn ends<'e>(events: impl Iterator<Item = &'e Event>) -> (usize, bool) {
    events.map(is_end).fold((0, false), |(ends, _), is_end| (ends + usize::from(is_end), is_end))
}

fn is_about(call: &Call, job: Option<usize>) -> bool {
    job.is_none() || call.job() == job
}

fn is(call: &Call, hook: &str) -> bool {
    names_it(hook, &call.plugin, call.hook)
}

/// Whether a test means this hook of this plugin.
fn names_it(wanted: &str, plugin: &str, hook: &str) -> bool {
    match wanted.split_once("::") {
        Some(wanted) => wanted == (plugin, hook),
        None => wanted == hook,
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::sync::Arc;
    use std::time::Duration;

    use super::*;
    use crate::job::{Argv, Asked, Job, JobSpec, Moment};

    fn event(moment: Moment, will_retry: bool) -> Event {
        let (spec, argv) = (JobSpec::new(["x"]), Argv::new(["x"]).unwrap());
        let asked = Asked { spec, argv, workdir: Path::new("/").into() };
        let job = Job {
            index: 0,
            asked: Arc::new(asked),
            status: moment.status(),
            jid: None,
            trial_count: 0,
            will_retry,
            outcome: None,
            usage: None,
            rc: None,
            times: (None, None),
        };
        Event { at: Duration::ZERO, moment, job }
    }

    #[test]
    fn two_ends_and_what_follows_an_end_are_found_out() {
        let ends_of = |moments: &[(Moment, bool)]| {
            let events: Vec<Event> = moments.iter().map(|(moment, again)| event(*moment, *again)).collect();
            ends(events.iter())
        };
        assert_eq!(ends_of(&[(Moment::Started, false), (Moment::Succeeded, false)]), (1, true));
        assert_eq!(ends_of(&[(Moment::Failed, true), (Moment::Failed, false)]), (1, true));
        assert_eq!(ends_of(&[(Moment::Killed, false), (Moment::Failed, false)]), (2, true));
        assert_eq!(ends_of(&[(Moment::Cancelled, false), (Moment::Queued, false)]), (1, false));
        assert_eq!(ends_of(&[(Moment::Failed, true)]), (0, false));
    }
}
