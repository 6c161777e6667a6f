//! Do the records of a journal make sense in their order?

use crate::job::{Output, Status};
use crate::store::past::end;
use crate::store::record::Record;

use super::Finding;

/// A record that is not what can follow.
#[derive(Debug)]
pub(super) struct Wrong {
    pub(super) what: String,
    /// No run can read it at all.
    pub(super) no_sense: bool,
}

/// What the records so far came to.
#[derive(Debug)]
pub(super) struct Order {
    jobs: Vec<Job>,
    runs: Vec<Run>,
    /// Its run has ended in order.
    done: bool,
    most: usize,
}

#[derive(Debug)]
struct Run {
    scheduler: Box<str>,
    /// Where what its jobs write is.
    output: Output,
}

/// What is known of a job.
#[derive(Debug, Default, Clone)]
pub(super) struct Job {
    pub(super) is_known: bool,
    is_told: bool,
    /// Which run its last record is of, counted from 1.
    run: usize,
    attempt: u32,
    has_ended: bool,
    /// Which run had it submitted last; 0: none.
    ran: usize,
    /// What its files have to say; `None`: nobody can tell.
    pub(super) files: Option<Files>,
}

/// What a job's small files have to say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Files {
    pub(super) status: Status,
    /// `None`: anything, or nothing.
    pub(super) rc: Option<i32>,
}

pub(super) fn means(no_sense: bool) -> &'static str {
    if no_sense {
        "no run can make anything of it, and each passes it over"
    } else {
        "something else wrote into it, or records before it are lost; the last record of a job counts"
    }
}

impl Order {
    /// `most`: a larger index is nonsense.
    pub(super) fn new(most: usize) -> Self {
        Self { jobs: Vec::new(), runs: Vec::new(), done: false, most }
    }

    pub(super) fn jobs(&self) -> usize {
        self.jobs.len()
    }

    pub(super) fn runs(&self) -> usize {
        self.runs.len()
    }

    pub(super) fn job(&self, index: usize) -> Option<&Job> {
        self.jobs.get(index)
    }

    /// Which of the jobs must have directories: they ran as processes of this machine.
    pub(super) fn must_have_files(&self, job: &Job) -> bool {
        self.run_of(job).is_some_and(|it| &*it.scheduler == "local" && it.output == Output::Files)
    }

    /// Where what the job has written is to be.
    pub(super) fn output(&self, job: &Job) -> Output {
        self.run_of(job).map_or_else(Output::default, |it| it.output)
    }

    /// Which had it submitted last.
    fn run_of(&self, job: &Job) -> Option<&Run> {
        job.ran.checked_sub(1).and_then(|it| self.runs.get(it))
    }

    /// Jobs of which nothing but what became of them is told.
    pub(super) fn at_the_end(&self) -> impl Iterator<Item = Finding> {
        let unknown = self.jobs.iter().enumerate().filter(|(_, it)| it.is_told && !it.is_known);
        unknown.map(|(index, _)| {
            Finding::new(
                format!("job {index}: no record tells what it is"),
                "that record is lost; run the same list again, and it is written once more",
            )
        })
    }

    pub(super) fn take(&mut self, record: &Record<'_>) -> Result<(), Wrong> {
        match record {
            Record::Run { scheduler, .. } => {
                self.runs.push(Run { scheduler: (*scheduler).into(), output: Output::default() });
                self.done = false;
                return Ok(());
            }
            Record::Compacted { .. } => return Ok(()),
            Record::Done { .. }
            | Record::RunIn { .. }
            | Record::Rules { .. }
            | Record::Output { .. }
            | Record::Stopped { .. }
            | Record::ListEnded { .. } => {
                let after = self.open();
                if let (Record::Output { kept }, Some(run)) = (record, self.runs.last_mut()) {
                    run.output = Output::named(kept).unwrap_or_default();
                }
                self.done |= matches!(record, Record::Done { .. });
                return after;
            }
            _ => {}
        }
        let Some(index) = record.index().filter(|it| *it < self.most) else {
            let what = format!("it is about job {}, which cannot be", record.index().unwrap_or_default());
            return Err(Wrong { what, no_sense: true });
        };
        if index >= self.jobs.len() {
            self.jobs.resize_with(index + 1, Job::default);
        }
        let (open, run) = (self.open(), self.runs.len());
        let Some(job) = self.jobs.get_mut(index) else { return Ok(()) };
        job.take(record, run)
            .map_err(|(what, no_sense)| Wrong { what: format!("job {index} {what}"), no_sense })?;
        open
    }

    /// Whether a run goes on here.
    fn open(&self) -> Result<(), Wrong> {
        let wrong = |what: &str| Err(Wrong { what: what.to_owned(), no_sense: false });
        match self.runs.len() {
            0 => wrong("no run has begun before it"),
            _ if self.done => wrong("its run has ended before it"),
            _ => Ok(()),
        }
    }
}

type Sense = Result<(), (String, bool)>;

impl Job {
    /// Whether the last run that knew it had it submitted, and how that ended is told.
    pub(super) fn has_run(&self) -> bool {
        self.ran == self.run && self.files.is_some()
    }

    fn take(&mut self, record: &Record<'_>, run: usize) -> Sense {
        if self.run != run {
            (self.run, self.attempt, self.has_ended) = (run, 0, false);
            self.is_told &= self.is_known;
        }
        let told = std::mem::replace(&mut self.is_told, true);
        match *record {
            Record::Fed { .. } => {
                let late = told && !self.is_known;
                self.is_known = true;
                return sense(!late, || "is told of before it is known".to_owned());
            }
            Record::Ended { status, .. } if end(status).is_none() => {
                return Err((format!("ended with a status that is none: {status}"), true));
            }
            // It follows the end that it is about.
            Record::Environment { .. }
            | Record::GaveUp { .. }
            | Record::Waits { .. }
            | Record::Given { .. }
            | Record::After { .. }
            | Record::Files { .. } => return Ok(()),
            _ => {}
        }
        let after = self.has_ended;
        self.note(record, run);
        sense(!after, || "has ended before, in the same run".to_owned())?;
        let attempt = attempt(record).unwrap_or(self.attempt);
        let before = std::mem::replace(&mut self.attempt, attempt);
        sense(attempt >= before, || format!("has attempt {} after attempt {}", attempt + 1, before + 1))
    }

    /// What a record says of its files.
    fn note(&mut self, record: &Record<'_>, run: usize) {
        let ran = self.ran == run;
        match *record {
            Record::Submitting { .. } | Record::Started { .. } => self.files = None,
            Record::Submitted { .. } | Record::Adopted { .. } => (self.ran, self.files) = (run, None),
            Record::Failed { rc, .. } | Record::Excused { rc, .. } => {
                self.files = Some(Files { status: Status::Failed, rc: rc.filter(|_| ran) });
            }
            Record::Ended { status, rc, .. } => {
                let rc = rc.filter(|_| ran);
                (self.files, self.has_ended) = (end(status).map(|status| Files { status, rc }), true);
            }
            Record::Unstarted { why, .. } => {
                self.has_ended = true;
                if ran {
                    let killed = why.starts_with("killed").then_some(Status::Killed);
                    let cancelled = why.starts_with("cancelled").then_some(Status::Cancelled);
                    self.files = killed.or(cancelled).map(|status| Files { status, rc: None });
                }
            }
            _ => {}
        }
    }
}

fn sense(makes: bool, what: impl Fn() -> String) -> Sense {
    if makes { Ok(()) } else { Err((what(), false)) }
}

fn attempt(record: &Record<'_>) -> Option<u32> {
    match *record {
        Record::Submitting { attempt, .. }
        | Record::Submitted { attempt, .. }
        | Record::Started { attempt, .. }
        | Record::Failed { attempt, .. }
        | Record::Excused { attempt, .. }
        | Record::Adopted { attempt, .. }
        | Record::Killing { attempt, .. }
        | Record::Retry { attempt, .. }
        | Record::Held { attempt, .. }
        | Record::Ended { attempt, .. } => Some(attempt),
        _ => None,
    }
}
