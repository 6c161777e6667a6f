//! What does the memory of a program cost its jobs? `held-run JOBS FORKS MEGABYTES DIRECTORY [alone]`: a program that holds so much
//! runs `true` so often, and prints how many a second. `alone`: it does not call `supervise()`.

use std::env;
use std::hint::black_box;
use std::process::ExitCode;
use std::time::Instant;

use xqute::Xqute;

#[expect(clippy::print_stdout, clippy::print_stderr, reason = "the figure is what this program is for")]
fn main() -> ExitCode {
    if !env::args().any(|it| it == "alone") {
        xqute::supervise();
    }
    let words: Vec<String> = env::args().skip(1).collect();
    let number = |at: usize| words.get(at).and_then(|it| it.parse::<usize>().ok());
    let (Some(jobs), Some(forks), Some(megabytes), Some(directory)) =
        (number(0), number(1), number(2), words.get(3))
    else {
        eprintln!("usage: held-run JOBS FORKS MEGABYTES DIRECTORY [alone]");
        return ExitCode::from(2);
    };
    // Every page is written to: it is there.
    let held = vec![1_u8; megabytes * 1_000_000];
    let runtime = tokio::runtime::Runtime::new().expect("a runtime starts");
    let begun = Instant::now();
    let summary = runtime.block_on(async {
        let run = Xqute::builder().forks(forks).workdir(directory).build()?;
        for _ in 0..jobs {
            run.feed(["true"]).await?;
        }
        run.run_until_complete().await
    });
    black_box(&held);
    match summary {
        Ok(summary) if summary.counts.succeeded == jobs => {
            println!("{:.0}", jobs as f64 / begun.elapsed().as_secs_f64());
            ExitCode::SUCCESS
        }
        other => {
            eprintln!("{other:?}");
            ExitCode::FAILURE
        }
    }
}
