//! Which plugins does a measured run have? Sixteen, each with every hook of a job; all off, until a run selects some.

/// The names of so many of them; for none, what switches every other plugin off.
#[must_use]
pub fn selection(many: usize) -> Vec<String> {
    if many == 0 {
        return vec![format!("-{}", NAMES[0])];
    }
    NAMES.iter().take(many).map(|name| (*name).to_owned()).collect()
}

macro_rules! plugins {
    ($($plugin:ident)*) => {
        const NAMES: &[&str] = &[$(stringify!($plugin)),*];

        $(mod $plugin {
            use std::hint::black_box;
            use xqute::{Job, Submit, Verdict, hook};

            xqute::plugin!(enabled = false);

            #[hook] async fn on_job_init(job: &Job) { black_box(job); }
            #[hook] async fn on_job_queued(job: &Job) { black_box(job); }
            #[hook] async fn on_job_submitting(job: &Job) -> Submit { black_box(job); Submit::Proceed }
            #[hook] async fn on_job_submitted(job: &Job) { black_box(job); }
            #[hook] async fn on_job_started(job: &Job) { black_box(job); }
            #[hook] async fn on_job_polling(job: &Job, counter: u64) { black_box((job, counter)); }
            #[hook] async fn on_job_killing(job: &Job) -> Verdict { black_box(job); Verdict::Proceed }
            #[hook] async fn on_job_killed(job: &Job) { black_box(job); }
            #[hook] async fn on_job_failed(job: &Job) { black_box(job); }
            #[hook] async fn on_job_succeeded(job: &Job) { black_box(job); }
            #[hook] async fn on_job_verify(job: &Job) -> Verdict { black_box(job); Verdict::Proceed }
            #[hook] async fn on_job_cancelled(job: &Job) { black_box(job); }
            #[hook] fn on_jobcmd_init(job: &Job) -> Option<&'static str> { black_box(job); None }
            #[hook] fn on_jobcmd_prep(job: &Job) -> Option<&'static str> { black_box(job); None }
            #[hook] fn on_jobcmd_end(job: &Job) -> Option<&'static str> { black_box(job); None }
        })*
    };
}

plugins!(every0 every1 every2 every3 every4 every5 every6 every7 every8 every9 every10 every11 every12 every13 every14 every15);
