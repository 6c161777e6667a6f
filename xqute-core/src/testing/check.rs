//! Has it happened as it should? What is not so is told with the whole trace.

use super::text::is_end;
use super::trace::Trace;
use crate::hook::record::Call;

impl Trace {
    /// Hooks were called in this order, whatever was called in between: those of one job (`0`), or all (`None`). A hook is named as it
    /// is (`on_job_failed`), or with its plugin (`gate::on_job_failed`).
    ///
    /// # Panics
    ///
    /// They were not: the message says how far it went, and shows the whole trace.
    #[track_caller]
    pub fn assert_order<'n>(&self, job: impl Into<Option<usize>>, hooks: impl IntoIterator<Item = &'n str>) {
        let job = job.into();
        let mut calls = self.calls().filter(|call| job.is_none() || call.job() == job);
        let mut before = None;
        for hook in hooks {
            if !calls.any(|call| is(call, hook)) {
                let whose = job.map(|it| format!(" of job {it}")).unwrap_or_default();
                let after = before.map(|it| format!(" after `{it}`")).unwrap_or_default();
                panic!("`{hook}`{whose} was not called{after}\n{self}");
            }
            before = Some(hook);
        }
    }

    /// A hook was never called, for this job (`0`) or for any (`None`). It is named as in [`assert_order`](Self::assert_order).
    ///
    /// # Panics
    ///
    /// It was.
    #[track_caller]
    pub fn assert_never(&self, job: impl Into<Option<usize>>, hook: &str) {
        let job = job.into();
        let called = self.calls().find(|call| (job.is_none() || call.job() == job) && is(call, hook));
        if let Some(call) = called {
            panic!("{} was called\n{self}", super::text::called(call));
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
            let ends: Vec<bool> =
                self.events().filter(|event| event.job.index() == index).map(is_end).collect();
            let (many, is_last) = (ends.iter().filter(|it| **it).count(), ends.last() == Some(&true));
            assert!(
                many == 1 && is_last,
                "job {index} has {many} ends, and it is to have one, its last\n{self}"
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
}

fn is(call: &Call, hook: &str) -> bool {
    match hook.split_once("::") {
        Some((plugin, hook)) => (&*call.plugin, call.hook) == (plugin, hook),
        None => call.hook == hook,
    }
}
