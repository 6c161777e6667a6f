//! Runs, through the facade, as a program that embeds xqute makes them.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod after;
mod again;
mod argv;
mod drops;
mod errors;
mod events;
mod faults;
mod feeding;
mod guards;
mod hooks;
mod isolation;
mod keeps;
mod kills;
mod life;
mod limits;
mod original;
mod plugins;
mod programs;
mod retries;
mod secrets;
mod stage;
mod timeouts;
mod usage;
mod wrapping;

use std::path::PathBuf;

use tempfile::TempDir;
use xqute::{Xqute, XquteBuilder};

/// These scenes are two targets: `run`, where the jobs are looked after by a thread of this program, and `supervised`. A harness
/// has no first line of `main`: this runs before it.
#[used]
#[expect(unsafe_code, reason = "a function before `main`; no code is unsafe")]
#[unsafe(link_section = ".init_array")]
static BEFORE_MAIN: extern "C" fn() = {
    extern "C" fn before_main() {
        if env!("CARGO_CRATE_NAME") == "supervised" {
            xqute::supervise();
        }
    }
    before_main
};

/// A work directory that goes with the test, and a builder for a run in it that uses these plugins alone.
fn run_of(plugins: &[&str]) -> (TempDir, XquteBuilder) {
    let dir = tempfile::tempdir().unwrap();
    let builder = Xqute::builder().workdir(workdir(&dir)).select(plugins.iter().copied());
    (dir, builder)
}

fn workdir(dir: &TempDir) -> PathBuf {
    dir.path().join("work")
}
