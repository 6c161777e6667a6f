//! The plugins of these tests: what did in the original, or in its users' hands, what it must not.

use std::sync::mpsc::Sender;

/// Data of a job: where a hook says that it has been called.
pub(crate) struct Tell(pub(crate) Sender<usize>);

/// Decides by the job's tag: `veto` or `skip`.
pub(crate) mod tagged {
    use xqute::{Job, Submit, hook};

    xqute::plugin!(enabled = false);

    #[hook]
    async fn on_job_submitting(job: &Job) -> Submit {
        match job.tags().next() {
            Some("veto") => Submit::veto("not this one"),
            Some("skip") => Submit::skip("its result is there"),
            _ => Submit::Proceed,
        }
    }
}

/// Breaks when a job is submitted.
pub(crate) mod breaks_at_submitted {
    use super::Tell;
    use xqute::{Job, hook};

    xqute::plugin!(enabled = false);

    #[hook]
    async fn on_job_submitted(job: &Job) {
        job.data::<Tell>().unwrap().0.send(job.index()).unwrap();
        panic!("a plugin broke");
    }
}

/// Breaks when a job has succeeded: by an error or by a panic.
pub(crate) mod breaks_at_succeeded {
    use super::Tell;
    use xqute::{BoxError, Job, hook};

    xqute::plugin!(enabled = false);

    #[hook]
    async fn on_job_succeeded(job: &Job) -> Result<(), BoxError> {
        job.data::<Tell>().unwrap().0.send(job.index())?;
        assert!(job.index() != 1, "a plugin broke");
        Err("a plugin failed".into())
    }
}

/// Prints a megabyte in each fragment, to both outputs.
pub(crate) mod noisy {
    use xqute::hook;

    xqute::plugin!(enabled = false);

    const NOISE: &str = "head -c 1000000 /dev/zero; head -c 1000000 /dev/zero >&2";

    #[hook]
    fn on_jobcmd_init() -> &'static str {
        NOISE
    }

    #[hook]
    fn on_jobcmd_prep() -> &'static str {
        NOISE
    }

    #[hook]
    fn on_jobcmd_end() -> &'static str {
        NOISE
    }
}

/// Two plugins that are alike: each counts the jobs that it sees, and signs their scripts.
macro_rules! signer {
    ($name:ident, $seen:ident, $line:literal) => {
        pub(crate) mod $name {
            use std::sync::atomic::{AtomicUsize, Ordering};
            use xqute::{Run, StateError, hook};

            xqute::plugin!(enabled = false);

            #[derive(Debug, Default)]
            pub(crate) struct $seen(pub(crate) AtomicUsize);

            #[hook]
            fn on_init(run: &Run) -> Result<(), StateError> {
                run.init_state($seen::default())
            }

            #[hook]
            async fn on_job_started(run: &Run) {
                run.state::<$seen>().unwrap().0.fetch_add(1, Ordering::Relaxed);
            }

            #[hook]
            fn on_jobcmd_prep() -> &'static str {
                $line
            }
        }
    };
}

signer!(signer_a, SeenByA, "echo signed by A");
signer!(signer_b, SeenByB, "echo signed by B");

/// Says what the job's status file says at the job's end, and waits there if it is told where.
pub(crate) mod reads_status {
    use std::path::PathBuf;
    use xqute::{Job, hook};

    xqute::plugin!(enabled = false);

    /// Data of a job: the fifo that its end waits at.
    pub(crate) struct WaitsAt(pub(crate) PathBuf);

    #[hook]
    fn on_jobcmd_end(job: &Job) -> String {
        let waits = job.data::<WaitsAt>().map(|it| format!("read _ <'{}'", it.0.display()));
        let tell = |what| format!("echo \"{what} sees $(cat \"$XQUTE_JOB_METADIR/job.status\")\"");
        [tell("end"), waits.unwrap_or_default(), tell("after")].join("\n")
    }
}
