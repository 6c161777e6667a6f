//! Which words do some texts have most? A pipeline: each text is split, the words of each part are counted, the counts are merged.
//!
//!     cargo run -p xqute-frame -- DIR TEXT...
//!
//! Run it again, and nothing runs; touch a text, and what depends on it does.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "an example tells what it does")]

use std::path::PathBuf;
use std::process::ExitCode;

use xqute::{RetryPolicy, Summary, Xqute};
use xqute_frame::{FrameError, Pipeline, Process};

/// `$1` is what a job writes, or the first of it; its inputs come last.
const SPLIT: &str = r#"split -n l/3 -a 1 -d --additional-suffix=.txt "$4" "${1%0.txt}""#;
const COUNT: &str = r#"tr -cs '[:alpha:]' '\n' <"$2" | grep . | sort | uniq -c >"$1""#;
const MERGE: &str =
    r#"awk '{ n[$2] += $1 } END { for (w in n) print n[w], w }' "${@:2}" | sort -k1,1nr -k2 >"$1""#;

/// A plugin of both families: xqute tells it of failures, the framework of what was cached and of processes.
mod report {
    use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

    use xqute::{Counts, Job, Run, StateError, hook};
    use xqute_frame::{FrameHooks, Process};

    xqute::plugin!();

    /// What it keeps in one run, for the hooks of either family.
    #[derive(Default)]
    struct Told {
        cached: AtomicUsize,
        failed: AtomicUsize,
    }

    #[hook]
    fn on_init(run: &Run) -> Result<(), StateError> {
        run.init_state(Told::default())
    }

    #[hook]
    fn on_job_failed(run: &Run, job: &Job) {
        if let (Some(told), Some(outcome)) = (run.state::<Told>(), job.outcome()) {
            told.failed.fetch_add(1, Relaxed);
            println!("{} {outcome}", job.name().unwrap_or("a job"));
        }
    }

    #[hook(FrameHooks)]
    fn on_job_cached(run: &Run) {
        run.state::<Told>().inspect(|it| _ = it.cached.fetch_add(1, Relaxed));
    }

    #[hook(FrameHooks)]
    fn on_process_done(process: &Process, counts: &Counts) {
        println!("{}: {counts}", process.name());
    }

    #[hook]
    fn on_run_done(run: &Run) {
        if let Some(told) = run.state::<Told>() {
            let [cached, failed] = [&told.cached, &told.failed].map(|it| it.load(Relaxed));
            println!("{cached} cached, {failed} attempts failed");
        }
    }
}

async fn words(dir: PathBuf, texts: Vec<PathBuf>) -> Result<Summary, FrameError> {
    let bash = |script| ["bash", "-euo", "pipefail", "-c", script, "words", "{out}", "{in}"];
    let mut pipeline = Pipeline::new(dir);
    let parts = pipeline.add(
        Process::each("split", texts)
            .outputs(["{stem}.0.txt", "{stem}.1.txt", "{stem}.2.txt"])
            .command(bash(SPLIT)),
    )?;
    let counts = pipeline.add(Process::each("count", parts).outputs(["{stem}"]).command(bash(COUNT)))?;
    pipeline.add(Process::all("merge", counts).outputs(["words"]).command(bash(MERGE)))?;
    pipeline.run(Xqute::builder().forks(2).retry(RetryPolicy::new(1))).await
}

#[tokio::main]
async fn main() -> ExitCode {
    // If this program is killed, its jobs go on, and the next run takes them up.
    xqute::supervise();
    let mut args = std::env::args_os().skip(1).map(PathBuf::from);
    let (Some(dir), texts) = (args.next(), args.collect()) else {
        eprintln!("usage: words DIR TEXT...");
        return ExitCode::from(2);
    };
    match words(dir, texts).await {
        Ok(summary) => {
            println!("{summary}");
            ExitCode::from(u8::from(!summary.is_success()))
        }
        Err(error) => {
            eprintln!("words: {error}");
            ExitCode::from(2)
        }
    }
}
