//! A program whose jobs outlive it: `outlive FORKS FILE WORKDIR...` runs the commands of a file, a line each, in every work
//! directory at once, and prints how each run went. `SECRETS` in its environment names variables that a plugin has secrets in, with
//! commas.
#![expect(clippy::print_stdout, reason = "it is how a program tells")]

use std::process::ExitCode;

use xqute::{BoxError, JobSpec, Run, Secret, Xqute, hook};

xqute::plugin!(name = "secretive", enabled = false);

#[hook]
fn on_init(run: &Run) -> Result<(), BoxError> {
    let secrets: Vec<Secret> = run.config("secretive")?.unwrap_or_default();
    for secret in &secrets {
        run.reveal(secret)?;
    }
    Ok(())
}

fn main() -> ExitCode {
    // Without that, each job has a guardian.
    if std::env::var_os("UNSUPERVISED").is_none() {
        xqute::supervise();
    }
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let done = match &arguments[..] {
        [forks, file, workdirs @ ..] => run(forks, file, workdirs),
        _ => Err("outlive FORKS FILE WORKDIR...".into()),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            println!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn run(forks: &str, file: &str, workdirs: &[String]) -> Result<(), Box<dyn std::error::Error>> {
    let (forks, list) = (forks.parse()?, std::fs::read_to_string(file)?);
    tokio::runtime::Runtime::new()?.block_on(async {
        let mut runs = Vec::new();
        for workdir in workdirs {
            let run =
                Xqute::builder().workdir(workdir).forks(forks).config("secretive", secrets()).build()?;
            for line in list.lines() {
                run.feed(JobSpec::parse(line)).await?;
            }
            runs.push(run);
        }
        for run in runs {
            println!("{}", run.run_until_complete().await?.counts);
        }
        Ok(())
    })
}

fn secrets() -> Vec<Secret> {
    let names = std::env::var("SECRETS").unwrap_or_default();
    names.split(',').filter(|it| !it.is_empty()).map(|it| Secret::Env(it.to_owned())).collect()
}
