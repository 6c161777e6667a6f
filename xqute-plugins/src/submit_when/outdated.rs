//! Has a job to be run, as make sees it? What it writes is missing, or older than what it reads.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use xqute::Job;

use super::condition::{Holds, no};

/// Looks at the times of the files that the job was said to read and to write. Of equal times the output is not older, as with make:
/// a file system may have made both in one tick of its clock.
pub(super) fn look(job: &Job) -> impl FnOnce() -> Holds + Send + 'static {
    let outputs: Vec<PathBuf> = job.outputs().map(|it| job.resolve(it)).collect();
    let inputs: Vec<PathBuf> = job.inputs().map(|it| job.resolve(it)).collect();
    let trace = job.stdout_file();
    move || is_outdated(&outputs, &inputs, &trace)
}

/// `trace`: it is there where an earlier run has begun the job.
fn is_outdated(outputs: &[PathBuf], inputs: &[PathBuf], trace: &Path) -> Holds {
    let time = |path: &PathBuf| fs::metadata(path).and_then(|it| it.modified()).ok();
    let times = |paths: &[PathBuf]| paths.iter().map(time).collect::<Option<Vec<SystemTime>>>();
    // Where one cannot be looked at, the job is to run, and says itself what is wrong.
    let (Some(outputs), Some(inputs)) = (times(outputs), times(inputs)) else { return Holds::Yes };
    let Some(oldest) = outputs.into_iter().min() else { return Holds::Yes };
    match inputs.into_iter().max() {
        Some(newest) if newest > oldest => Holds::Yes,
        // What is done is not asked about: an earlier run has begun it, and its outputs may be half.
        _ if trace.exists() => Holds::Yes,
        Some(_) => no("it is up to date: its outputs are not older than its inputs".to_owned()),
        None => no("it is up to date: its outputs are there".to_owned()),
    }
}
