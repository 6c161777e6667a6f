//! What does a run do that listens to signals? This program makes one in the directory of its first argument, of the jobs
//! `sh -c` of the others, two at a time, and tells each step in a line; with `VETO` set, a hook vetoes the first signal.
#![expect(clippy::print_stdout, reason = "it is how a program tells")]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::time::Duration;

use xqute::{Moment, RunEvent, Signal, Verdict, Xqute, hook};

xqute::plugin!(name = "signalled");

#[hook]
fn on_shutdown(signal: Option<Signal>) -> Verdict {
    println!("on_shutdown {}", signal.map_or_else(|| "of itself".to_owned(), |it| it.to_string()));
    if std::env::var_os("VETO").is_some() { Verdict::veto("not now") } else { Verdict::Proceed }
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let mut args = std::env::args_os().skip(1);
    let builder = Xqute::builder().workdir(args.next().unwrap()).forks(2);
    let grace = Duration::from_secs(1_000_000);
    let run = builder.kill_grace(grace).handle_signals(true).build().unwrap();
    let mut events = run.events();
    run.start().unwrap();
    for text in args {
        run.feed(["sh".into(), "-c".into(), text]).await.unwrap();
    }
    println!("fed");
    let end = tokio::spawn(async move { run.run_until_complete().await });
    while let Some(event) = events.next().await {
        let RunEvent::Reached(moment, job) = event else { continue };
        if matches!(
            moment,
            Moment::Started | Moment::Succeeded | Moment::Failed | Moment::Killed | Moment::Cancelled
        ) {
            println!("{} {}", format!("{moment:?}").to_lowercase(), job.index());
        }
    }
    match end.await.unwrap() {
        Ok(summary) => println!("end: {}", summary.to_string().split(", in").next().unwrap_or_default()),
        Err(error) => println!("error: {error}"),
    }
}
