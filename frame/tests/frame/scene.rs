//! What do these tests run in? A directory with texts, a pipeline over them, and a plugin that notes what becomes of each job.

use std::fs::{self, File};
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use tempfile::TempDir;
use xqute::{Summary, Xqute, XquteBuilder};
use xqute_frame::{FrameError, Pipeline, Process};

/// Notes, in the summary of its run, what each job and process came to: hooks of both families.
pub(crate) mod recorder {
    use xqute::{Counts, Job, Outcome, Run, hook};
    use xqute_frame::{FrameHooks, Process};

    xqute::plugin!(enabled = false);

    fn note(run: &Run, what: &str, job: &Job) {
        run.note(format!("{what} {}", job.name().unwrap()));
    }

    #[hook]
    fn on_job_succeeded(run: &Run, job: &Job) {
        if job.outcome() == Some(&Outcome::Succeeded) {
            note(run, "ran", job);
        }
    }

    #[hook]
    fn on_job_failed(run: &Run, job: &Job) {
        run.note(format!("failed {}: {}", job.name().unwrap(), job.outcome().unwrap()));
    }

    #[hook]
    fn on_job_cancelled(run: &Run, job: &Job) {
        run.note(format!("cancelled {}: {}", job.name().unwrap(), job.outcome().unwrap()));
    }

    #[hook(FrameHooks)]
    async fn on_job_cached(run: &Run, job: &Job) {
        note(run, "cached", job);
    }

    #[hook(FrameHooks)]
    async fn on_process_done(run: &Run, process: &Process, counts: &Counts) {
        run.note(format!("done {}: {counts}", process.name()));
    }
}

pub(crate) const UPPER: &str = r#"tr a-z A-Z <"$1" >"$2""#;
pub(crate) const SIZE: &str = r#"wc -c <"$1" >"$2""#;
pub(crate) const SUM: &str = r#"out=${!#}; cat "${@:1:$#-1}" >"$out""#;

#[derive(Debug)]
pub(crate) struct Scene(TempDir);

impl Scene {
    /// With these texts, which were written long ago.
    pub(crate) fn new(texts: &[&str]) -> Self {
        let scene = Self(tempfile::tempdir().unwrap());
        for text in texts {
            fs::write(scene.path(text), text).unwrap();
            scene.touch(text, 1_000_000);
        }
        scene
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// A result, where it is.
    pub(crate) fn result(&self, name: &str) -> PathBuf {
        self.path("pipeline/results").join(name)
    }

    pub(crate) fn read(&self, name: &str) -> String {
        fs::read_to_string(self.result(name)).unwrap()
    }

    /// Gives a file the time of so many seconds after the epoch.
    pub(crate) fn touch(&self, name: &str, seconds: u64) {
        let file = File::options().append(true).open(self.path(name)).unwrap();
        file.set_modified(SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)).unwrap();
    }

    pub(crate) fn pipeline(&self) -> Pipeline {
        Pipeline::new(self.path("pipeline"))
    }

    /// Three processes over these texts: `upper` and `size` of each, and the `sum` of all.
    pub(crate) async fn run(&self, texts: &[&str], size: &str) -> Told {
        let mut pipeline = self.pipeline();
        let texts = texts.iter().map(|it| self.path(it));
        let upper = Process::each("upper", texts).outputs(["{stem}.txt"]).command(bash(UPPER));
        let upper = pipeline.add(upper).unwrap();
        let size = Process::each("size", upper).outputs(["{stem}"]).command(bash(size));
        let size = pipeline.add(size).unwrap();
        pipeline.add(Process::all("sum", size).outputs(["sum"]).command(bash(SUM))).unwrap();
        told(&pipeline, builder()).await
    }
}

pub(crate) fn bash(script: &str) -> [&str; 8] {
    ["bash", "-euo", "pipefail", "-c", script, "job", "{in}", "{out}"]
}

/// With the framework and the recorder alone.
pub(crate) fn builder() -> XquteBuilder {
    Xqute::builder().forks(3).select(["frame", "recorder"])
}

pub(crate) async fn told(pipeline: &Pipeline, builder: XquteBuilder) -> Told {
    Told(pipeline.run(builder).await.unwrap())
}

pub(crate) async fn error(pipeline: &Pipeline, builder: XquteBuilder) -> FrameError {
    pipeline.run(builder).await.unwrap_err()
}

/// What a run came to.
#[derive(Debug)]
pub(crate) struct Told(pub(crate) Summary);

impl Told {
    /// What was noted of this, in the order of the alphabet.
    pub(crate) fn of(&self, what: &str) -> Vec<&str> {
        let mut found: Vec<&str> = self.0.notes.iter().filter_map(|it| it.strip_prefix(what)).collect();
        found.sort_unstable();
        found
    }

    /// It ran these jobs, once each, and needed no other to run.
    pub(crate) fn assert_ran(&self, jobs: &[&str]) {
        assert_eq!(self.of("ran "), jobs, "{self:?}");
        let counts = self.0.counts;
        assert_eq!((self.0.attempts, self.0.fault_count()), (jobs.len() as u64, 0), "{self:?}");
        assert_eq!((counts.succeeded, counts.skipped), (jobs.len(), self.of("cached ").len()), "{self:?}");
        assert!(self.0.is_success(), "{self:?}");
    }
}
