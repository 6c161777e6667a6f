//! Ten jobs, three at a time, and a hook that sees those that fail.
//!
//!     cargo run --example quickstart
#![allow(clippy::print_stdout, reason = "an example tells what it does")]

use xqute::{Job, Xqute, hook};

xqute::plugin!(name = "failures");

#[hook]
async fn on_job_failed(job: &Job) {
    println!("job {} failed: {}", job.index(), job.cmd());
}

#[tokio::main]
async fn main() -> xqute::Result<()> {
    let xqute = Xqute::builder().forks(3).workdir("target/quickstart").fresh(true).build()?;
    for n in 0..10 {
        xqute.feed(["test", "9", "-ne", &n.to_string()]).await?;
    }
    println!("{}", xqute.run_until_complete().await?);
    Ok(())
}
