//! A receiver for tests: a folder with what it got, and a file with its answers.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};
use tempfile::TempDir;
use xqute::{BoxError, Job, Run, Scheduler, Summary, Xqute, hook};

use super::super::{Carrier, Courier, Message, Refusal, Speak};

xqute::plugin!(name = "receiver", enabled = false);

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Settings {
    pub(super) done: bool,
    pub(super) long_jobs: Option<Duration>,
    pub(super) digest: Duration,
    pub(super) per_hour: u32,
    pub(super) drain: Duration,
    /// The outbox is taken away before anything is kept.
    pub(super) breaks_outbox: bool,
    pub(super) home: PathBuf,
}

impl Default for Settings {
    fn default() -> Self {
        let Speak { done, long_jobs, digest, per_hour, drain, .. } = Speak::default();
        Self { done, long_jobs, digest, per_hour, drain, breaks_outbox: false, home: PathBuf::new() }
    }
}

struct Folder(PathBuf);

impl Carrier for Folder {
    fn carry(&self, message: &Message) -> Result<(), Refusal> {
        let mut tried = OpenOptions::new().append(true).create(true).open(self.0.join("tried")).unwrap();
        writeln!(tried, "{}", message.id).unwrap();
        if fs::read_to_string(self.0.join("never")).is_ok_and(|it| it == message.id) {
            return Err(Refusal::Later("not that one".into(), None));
        }
        let answers = fs::read_to_string(self.0.join("answers")).unwrap();
        let (answer, rest) = answers.split_once('\n').unwrap_or(("ok", ""));
        fs::write(self.0.join("answers"), rest).unwrap();
        match answer.split_once(' ').unwrap_or((answer, "")) {
            ("later", "") => return Err(Refusal::Later("busy".into(), None)),
            ("later", after) => {
                let after = Duration::from_secs(after.parse().unwrap());
                return Err(Refusal::Later("busy".into(), Some(after)));
            }
            ("never", _) => return Err(Refusal::ForGood("it is ugly".into())),
            ("hang", _) => wait_for(&self.0.join("go")),
            _ => {}
        }
        let text = serde_json::to_string(message).unwrap();
        fs::write(self.0.join("inbox").join(&message.id), text).unwrap();
        Ok(())
    }
}

fn wait_for(path: &Path) {
    let until = Instant::now() + Duration::from_secs(60);
    while !path.exists() && Instant::now() < until {
        std::thread::sleep(Duration::from_millis(10));
    }
}

struct Notes(Courier);

#[hook]
fn on_init(run: &Run, scheduler: &Scheduler) -> Result<(), BoxError> {
    let Some(settings) = run.config::<Settings>("receiver")? else { return Ok(()) };
    let Settings { done, long_jobs, digest, per_hour, drain, breaks_outbox, home } = settings;
    let speak = Speak { failures: true, done, long_jobs, digest, per_hour, drain };
    let courier = Courier::start("receiver", speak, run, scheduler, Box::new(Folder(home)))?;
    if breaks_outbox {
        fs::remove_dir(outbox(run.workdir()))?;
    }
    Ok(run.init_state(Notes(courier))?)
}

#[hook]
fn on_job_failed(run: &Run, job: &Job) {
    run.state::<Notes>().unwrap().0.failed(job);
    let home = run.config::<Settings>("receiver").unwrap().unwrap().home;
    fs::write(home.join("failed"), "").unwrap();
}

#[hook]
fn on_job_polling(run: &Run, job: &Job) {
    run.state::<Notes>().unwrap().0.polled(job);
}

#[hook]
async fn on_run_done(run: &Run, summary: &Summary) {
    run.state::<Notes>().unwrap().0.done(run, summary).await;
}

fn is_message(path: &Path) -> bool {
    path.extension().is_some_and(|it| it == "json")
}

fn outbox(workdir: &Path) -> PathBuf {
    workdir.join("plugins/receiver/outbox")
}

pub(super) struct Receiver(TempDir);

impl Receiver {
    /// One that gives these answers, and then takes everything.
    pub(super) fn new(answers: &[&str]) -> Self {
        let receiver = Self(tempfile::tempdir().unwrap());
        fs::create_dir(receiver.inbox()).unwrap();
        receiver.answers(answers);
        receiver
    }

    pub(super) fn answers(&self, answers: &[&str]) {
        let text: String = answers.iter().map(|it| format!("{it}\n")).collect();
        fs::write(self.0.path().join("answers"), text).unwrap();
    }

    /// Whatever it is asked, this message is for later.
    pub(super) fn never_takes(&self, id: &str) {
        fs::write(self.0.path().join("never"), id).unwrap();
    }

    pub(super) fn workdir(&self) -> PathBuf {
        self.0.path().join("work")
    }

    pub(super) fn outbox(&self) -> PathBuf {
        outbox(&self.workdir())
    }

    pub(super) fn inbox(&self) -> PathBuf {
        self.0.path().join("inbox")
    }

    /// Where it is written down that something was tried to be delivered.
    pub(super) fn tried_file(&self) -> PathBuf {
        self.0.path().join("tried")
    }

    pub(super) fn let_go(&self) {
        fs::write(self.0.path().join("go"), "").unwrap();
    }

    fn build(&self, mut settings: Settings) -> Xqute {
        settings.home = self.0.path().into();
        let builder = Xqute::builder().workdir(self.workdir()).forks(4).config("receiver", settings);
        builder.poll_interval(Duration::from_millis(50)).build().unwrap()
    }

    /// Runs these jobs; returns what people are told of the receiver.
    pub(super) async fn run(&self, settings: Settings, jobs: Vec<Vec<String>>) -> Vec<String> {
        let run = self.build(settings);
        for job in jobs {
            run.feed(job).await.unwrap();
        }
        let notes = run.run_until_complete().await.unwrap().notes;
        notes.into_iter().filter(|it| it.starts_with("receiver: ")).collect()
    }

    /// Drops the run when a job of it has failed, and waits until something is kept.
    pub(super) async fn drop_run(&self, settings: Settings, job: Vec<String>) {
        let run = self.build(settings);
        run.feed(job).await.unwrap();
        wait_for(&self.0.path().join("failed"));
        drop(run);
        let kept = || fs::read_dir(self.outbox()).unwrap().any(|it| is_message(&it.unwrap().path()));
        let until = Instant::now() + Duration::from_secs(60);
        while !kept() && Instant::now() < until {
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// What has come, the oldest first.
    pub(super) fn received(&self) -> Vec<Message> {
        let mut paths: Vec<_> = fs::read_dir(self.inbox()).unwrap().map(|it| it.unwrap().path()).collect();
        paths.sort();
        paths.iter().map(|it| serde_json::from_slice(&fs::read(it).unwrap()).unwrap()).collect()
    }

    /// The identifiers of what was tried to be delivered.
    pub(super) fn tried(&self) -> Vec<String> {
        let tried = fs::read_to_string(self.tried_file()).unwrap();
        tried.lines().map(str::to_owned).collect()
    }
}
