//! A plugin of one's own: configured, with state, one hook that decides and one that observes.
//!
//! As a crate it would be the module `big`, at the root of `xqute-plugin-big`, and a program would depend on it and say
//! `xqute::link_plugins!();`.
//!
//!     cargo run --example plugin
#![allow(clippy::print_stdout, reason = "an example tells what it does")]

use xqute::Xqute;

/// Vetoes jobs with large inputs, and tells at the end how many.
mod big {
    use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

    use serde::{Deserialize, Serialize};
    use xqute::{BoxError, Job, Run, Summary, Verdict, hook};

    xqute::plugin!(enabled = false); // until a run selects or configures it

    #[derive(Serialize, Deserialize)]
    pub(crate) struct Config {
        /// The largest input, in bytes.
        pub(crate) most: u64,
    }

    /// What the plugin keeps in one run. Another run in this process has its own.
    struct State {
        config: Config,
        vetoed: AtomicUsize,
    }

    #[hook]
    fn on_init(run: &Run) -> Result<(), BoxError> {
        if let Some(config) = run.config::<Config>("big")? {
            run.init_state(State { config, vetoed: AtomicUsize::new(0) })?;
        }
        Ok(())
    }

    /// An error here fails the job: a broken gate must not submit.
    #[hook]
    async fn on_job_submitting(job: &Job, run: &Run) -> std::io::Result<Verdict> {
        let (Some(state), Some(input)) = (run.state::<State>(), job.argv().args().last()) else {
            return Ok(Verdict::Proceed);
        };
        if std::fs::metadata(input)?.len() <= state.config.most {
            return Ok(Verdict::Proceed);
        }
        state.vetoed.fetch_add(1, Relaxed);
        Ok(Verdict::veto(format!("larger than {} bytes", state.config.most)))
    }

    #[hook(priority = 10)] // after the same hook of other plugins
    async fn on_run_done(run: &Run, summary: &Summary) {
        if let Some(state) = run.state::<State>() {
            println!("{} of {} inputs were too large", state.vetoed.load(Relaxed), summary.counts.total());
        }
    }
}

#[tokio::main]
async fn main() -> xqute::Result<()> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/examples");
    let xqute = Xqute::builder()
        .plugins(xqute::plugins![big])
        .config("big", big::Config { most: 2000 })
        .workdir("target/plugin-example")
        .fresh(true)
        .build()?;
    for file in ["plugin.rs", "quickstart.rs"] {
        xqute.feed(["wc", "-c", &format!("{folder}/{file}")]).await?;
    }
    println!("{}", xqute.run_until_complete().await?);
    Ok(())
}
