//! The plugins of these tests: each a module, off unless a test selects it.

use std::sync::{Mutex, PoisonError};

/// What hooks of a run did, in order. It is the run's own: a plugin keeps it with `init_state`.
#[derive(Debug, Default)]
pub(crate) struct Log(Mutex<Vec<String>>);

impl Log {
    pub(crate) fn add(&self, line: impl Into<String>) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(line.into());
    }

    pub(crate) fn lines(&self) -> Vec<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// A plugin that writes down every call that the engine makes now.
macro_rules! recorder {
    ($plugin:ident, $log:ident) => {
        pub(crate) mod $plugin {
            use super::Log;
            use xqute::{Job, Run, StateError, Summary, hook};

            xqute::plugin!(enabled = false);

            /// One type a plugin: two recorders in one run do not share.
            #[derive(Debug, Default)]
            pub(crate) struct $log(pub(crate) Log);

            fn add(run: &Run, job: &Job, point: &str) {
                let status = job.status();
                run.state::<$log>().unwrap().0.add(format!("{point} {} {status}", job.index()));
            }

            #[hook]
            fn on_init(run: &Run) -> Result<(), StateError> {
                run.init_state($log::default())
            }
            #[hook]
            async fn on_job_init(run: &Run, job: &Job) {
                add(run, job, "init");
            }
            #[hook]
            async fn on_job_queued(run: &Run, job: &Job) {
                add(run, job, "queued");
            }
            #[hook]
            async fn on_job_submitting(run: &Run, job: &Job) {
                add(run, job, "submitting");
            }
            #[hook]
            async fn on_job_submitted(run: &Run, job: &Job) {
                add(run, job, "submitted");
            }
            #[hook]
            async fn on_job_started(run: &Run, job: &Job) {
                add(run, job, "started");
            }
            #[hook]
            async fn on_job_succeeded(run: &Run, job: &Job) {
                add(run, job, "succeeded");
            }
            #[hook]
            async fn on_job_failed(run: &Run, job: &Job) {
                add(run, job, "failed");
            }
            #[hook]
            async fn on_job_cancelled(run: &Run, job: &Job) {
                add(run, job, "cancelled");
            }
            #[hook]
            async fn on_run_done(run: &Run, summary: &Summary) {
                run.state::<$log>().unwrap().0.add(format!("done {}", summary.counts.total()));
            }
        }
    };
}

recorder!(recorder, Recorded);
recorder!(other_recorder, OtherRecorded);

/// Decides by the job's command: `veto`, `skip`, `panic`, `error`; else it lets it go.
pub(crate) mod gate {
    use xqute::{BoxError, Job, Submit, hook};

    xqute::plugin!(enabled = false);

    /// An error that cannot be told.
    #[derive(Debug)]
    struct Untold;

    impl std::fmt::Display for Untold {
        fn fmt(&self, _: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            panic!("no words");
        }
    }

    impl std::error::Error for Untold {}

    #[hook]
    async fn on_job_submitting(job: &Job) -> Result<Submit, BoxError> {
        match job.argv().program().to_str() {
            Some("veto") => Ok(Submit::veto("not today")),
            Some("skip") => Ok(Submit::skip("cached")),
            Some("panic") => panic!("the gate broke"),
            Some("error") => Err("the gate is stuck".into()),
            Some("untold") => Err(Untold.into()),
            _ => Ok(Submit::Proceed),
        }
    }
}

/// Cannot say whether a result is good.
pub(crate) mod judge {
    xqute::plugin!(enabled = false);

    #[xqute::hook]
    fn on_job_verify() -> Result<(), String> {
        Err("the scales are broken".to_owned())
    }
}

/// Has a name of two spellings.
pub(crate) mod two_words {
    xqute::plugin!(enabled = false, config = Words);

    #[xqute::config]
    #[derive(Default)]
    pub(crate) struct Words {
        pub(crate) text: String,
    }
}

/// Panics at every start.
pub(crate) mod panics {
    xqute::plugin!(enabled = false);

    #[xqute::hook]
    async fn on_job_started() {
        panic!("an observer broke");
    }
}

/// Returns an error at every end.
pub(crate) mod errs {
    xqute::plugin!(enabled = false);

    #[xqute::hook]
    fn on_job_succeeded() -> std::io::Result<()> {
        Err(std::io::Error::other("nobody answers"))
    }
}

/// Never comes back from an await.
pub(crate) mod hangs {
    xqute::plugin!(enabled = false);

    #[xqute::hook]
    async fn on_job_submitted() {
        std::future::pending::<()>().await;
    }
}

/// Blocks its thread at the start of a job with this in its data, until the test lets go.
pub(crate) mod blocks {
    use std::sync::mpsc::Receiver;
    use std::sync::{Mutex, PoisonError};
    use xqute::{Job, hook};

    xqute::plugin!(enabled = false);

    pub(crate) struct Until(pub(crate) Mutex<Receiver<()>>);

    #[hook]
    async fn on_job_started(job: &Job) {
        if let Some(Until(end)) = job.data::<Until>() {
            // An error is an end too: the test is gone.
            let _ = end.lock().unwrap_or_else(PoisonError::into_inner).recv();
        }
    }
}

/// Feeds a second job from the end of the first.
pub(crate) mod feeds {
    use xqute::{FeedError, Job, Run, hook};

    xqute::plugin!(enabled = false);

    #[hook]
    async fn on_job_succeeded(run: &Run, job: &Job) -> Result<(), FeedError> {
        if job.index() == 0 {
            run.handle().feed(["true"])?;
        }
        Ok(())
    }
}

/// Does not start.
pub(crate) mod broken_init {
    xqute::plugin!(enabled = false);

    #[xqute::hook]
    fn on_init() -> Result<(), &'static str> {
        Err("no key for the door")
    }
}
