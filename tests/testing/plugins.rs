//! Which plugins are tested with the kit? One a kind of trouble; all are linked, and each test names those that it is about.

pub(crate) mod gate {
    //! Vetoes what is longer than it may be.
    use xqute::{BoxError, Job, Run, Submit, hook};

    xqute::plugin!(name = "kit-gate", enabled = false);

    struct Most(usize);

    #[hook]
    fn on_init(run: &Run) -> Result<(), BoxError> {
        let most = run.config("kit-gate")?.unwrap_or(3);
        Ok(run.init_state(Most(most))?)
    }

    #[hook]
    async fn on_job_submitting(run: &Run, job: &Job) -> Submit {
        let most = run.state::<Most>().map_or(0, |it| it.0);
        if job.argv().args().len() > most { Submit::veto("too long") } else { Submit::Proceed }
    }

    #[hook]
    async fn on_job_killing(job: &Job) -> bool {
        job.name() != Some("sacred")
    }
}

pub(crate) mod judge {
    //! Finds results wanting.
    use xqute::{Job, Verdict, hook};

    xqute::plugin!(name = "kit-judge", enabled = false);

    #[hook]
    async fn on_job_verify(job: &Job) -> std::io::Result<Verdict> {
        let text = tokio::fs::read_to_string(job.stdout_file()).await?;
        Ok(if text.contains("done") { Verdict::Proceed } else { Verdict::veto("it does not say done") })
    }
}

pub(crate) mod hang {
    //! Waits for ever.
    xqute::plugin!(name = "kit-hang", enabled = false);

    #[xqute::hook]
    async fn on_job_started() {
        std::future::pending().await
    }
}

pub(crate) mod hung_gate {
    //! Waits for ever where a job waits for it.
    xqute::plugin!(name = "kit-hung-gate", enabled = false);

    #[xqute::hook]
    async fn on_job_submitting() {
        std::future::pending().await
    }
}

pub(crate) mod panics {
    //! Panics, at the second await.
    xqute::plugin!(name = "kit-panics", enabled = false);

    #[xqute::hook]
    async fn on_job_failed() {
        tokio::time::sleep(std::time::Duration::from_secs(5)).await;
        panic!("this plugin is broken");
    }
}

pub(crate) mod watch {
    //! Is told of everything, and says nothing.
    use xqute::hook;

    xqute::plugin!(name = "kit-watch", enabled = false);

    #[hook]
    fn on_init() {}
    #[hook]
    fn on_job_init() {}
    #[hook]
    fn on_job_queued() {}
    #[hook]
    fn on_job_submitting() {}
    #[hook]
    fn on_job_submitted() {}
    #[hook]
    fn on_job_started() {}
    #[hook]
    fn on_job_polling() {}
    #[hook]
    fn on_job_killing() {}
    #[hook]
    fn on_job_killed() {}
    #[hook]
    fn on_job_verify() {}
    #[hook]
    fn on_job_failed() {}
    #[hook]
    fn on_job_succeeded() {}
    #[hook]
    fn on_job_cancelled() {}
    #[hook]
    fn on_run_done() {}
    #[hook]
    fn on_shutdown() {}
}

pub(crate) mod stay {
    //! Does not want the run to end.
    xqute::plugin!(name = "kit-stay", enabled = false);

    #[xqute::hook]
    fn on_shutdown() -> bool {
        false
    }
}

pub(crate) mod feeds {
    //! Feeds a job after the first.
    use xqute::{BoxError, Job, Run, hook};

    xqute::plugin!(name = "kit-feeds", enabled = false);

    #[hook]
    async fn on_job_succeeded(run: &Run, job: &Job) -> Result<(), BoxError> {
        run.handle().feed(["after", &job.cmd()])?;
        Ok(())
    }
}

pub(crate) mod moody {
    //! Decides by what the command says: `veto`, `later`, `skip`.
    use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
    use std::time::Duration;

    use xqute::{BoxError, Job, Run, Submit, hook};

    xqute::plugin!(name = "kit-moody", enabled = false);

    struct Asked(AtomicUsize);

    #[hook]
    fn on_init(run: &Run) -> Result<(), BoxError> {
        Ok(run.init_state(Asked(AtomicUsize::new(0)))?)
    }

    #[hook]
    async fn on_job_submitting(run: &Run, job: &Job) -> Submit {
        tokio::time::sleep(Duration::from_millis(3)).await;
        let asked = run.state::<Asked>().map_or(0, |it| it.0.fetch_add(1, Relaxed));
        match job.cmd().as_str() {
            "veto" => Submit::veto("moody"),
            "skip" => Submit::skip("moody"),
            "later" if asked.is_multiple_of(3) => Submit::later(Duration::from_secs(2), "moody"),
            _ => Submit::Proceed,
        }
    }
}
