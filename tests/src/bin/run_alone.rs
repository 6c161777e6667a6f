//! A run that is a program of its own: what does it do to its process, and what is left when that is killed?
//!
//! `run-alone list WORKDIR FILE` runs the commands of a file, a line each. `run-alone halt WORKDIR` gives a run up at its
//! first failure, and prints before it is built, after that, and after its end which signals the process handles.

use std::io::{self, Write};
use std::path::Path;
use std::process::ExitCode;

use xqute::{ErrorStrategy, JobSpec, Summary, Xqute};

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let done = runtime.block_on(async {
        match arguments[..] {
            ["list", workdir, file] => list(workdir.as_ref(), file.as_ref()).await,
            ["halt", workdir] => halt(workdir.as_ref()).await,
            _ => Err("run-alone (list WORKDIR FILE | halt WORKDIR)".into()),
        }
    });
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            say_to(io::stderr(), &error.to_string());
            ExitCode::FAILURE
        }
    }
}

type Done = Result<(), Box<dyn std::error::Error>>;

async fn list(workdir: &Path, file: &Path) -> Done {
    let run = Xqute::builder().workdir(workdir).build()?;
    for line in std::fs::read_to_string(file)?.lines() {
        run.feed(JobSpec::parse(line)).await?;
    }
    let summary = run.run_until_complete().await?;
    say_to(io::stdout(), &summary.counts.to_string());
    Ok(())
}

async fn halt(workdir: &Path) -> Done {
    tell_signals()?;
    let run = Xqute::builder().workdir(workdir).forks(2).error_strategy(ErrorStrategy::Halt).build()?;
    tell_signals()?;
    // It stops when the other one has begun.
    let fifo = workdir.join("begun");
    let made = std::process::Command::new("mkfifo").arg(&fifo).status()?;
    let fifo = fifo.display();
    run.feed([
        "sh".to_owned(),
        "-c".to_owned(),
        format!("read _ <{fifo}; exit {}", i32::from(made.success())),
    ])
    .await?;
    run.feed(["sh".to_owned(), "-c".to_owned(), format!("echo >{fifo}; sleep 1000")]).await?;
    let Summary { counts, stopped, .. } = run.run_until_complete().await?;
    tell_signals()?;
    say_to(io::stdout(), &format!("{stopped:?} {} failed {} killed", counts.failed, counts.killed));
    Ok(())
}

/// Which signals this process blocks, ignores and handles.
fn tell_signals() -> io::Result<()> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let masks: Vec<&str> = status
        .lines()
        .filter(|line| ["SigBlk:", "SigIgn:", "SigCgt:"].iter().any(|mask| line.starts_with(mask)))
        .collect();
    say_to(io::stdout(), &masks.join(" "));
    Ok(())
}

fn say_to(mut to: impl Write, line: &str) {
    // Nobody reads it any more: then nobody misses it.
    let _ = writeln!(to, "{line}");
}
