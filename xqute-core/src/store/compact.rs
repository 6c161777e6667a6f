//! What of a journal does nobody need any more? A directory that is used again and again keeps one as large as its jobs.

use std::collections::HashSet;
use std::fs::File;
use std::io::{self, Read, Seek};
use std::path::Path;

use super::frame::HEAD;
use super::reader::Reader;
use super::record::Record;
use super::rewrite::Rewriting;
use super::utc::now;

/// A journal that is smaller is never worth it.
const SMALLEST: u64 = 1 << 20;
/// So many records a job are usual: it is known, and tried twice.
const USUAL: u64 = 18;
/// So many records of runs are.
const OF_RUNS: u64 = 1000;
/// The runs that are kept though nothing is left of them.
const LAST_RUNS: usize = 20;

/// Whether a journal is to be looked at: it has a multiple of the records that its jobs need.
pub(super) fn is_due(bytes: u64, records: u64, jobs: usize) -> bool {
    bytes > SMALLEST && records > USUAL * jobs as u64 + OF_RUNS
}

/// Writes a journal anew, without what nobody needs; `None`: most of it is needed.
///
/// What stays is the last attempt of each job that has ended, and all attempts since the first of those that have not, whose
/// number decides what comes next; the runs that these are of, and the last ones.
pub(super) fn compact(path: &Path) -> io::Result<Option<u64>> {
    let open = || Reader::new(File::open(path)?, path).map_err(io::Error::other);
    let mut plan = Plan::of(&mut open()?)?;
    let before = plan.count(&mut open()?)?;
    if plan.kept * 2 > before {
        return Ok(None);
    }
    let left_out = before - plan.kept;
    let mut rewriting = Rewriting::begin(path)?;
    rewriting.push(&Record::Compacted { records: left_out + plan.left_out_before, when: now() })?;
    plan.each(
        &mut open()?,
        |_plan, record, keeps, _run| if keeps { rewriting.push(record) } else { Ok(()) },
    )?;
    rewriting.finish()?;
    Ok(Some(left_out))
}

/// What is to stay.
#[derive(Debug, Default)]
struct Plan {
    jobs: Vec<Kept>,
    /// How many runs there are.
    runs: usize,
    /// The runs that something stays of, counted from 1.
    kept_runs: HashSet<usize>,
    kept: u64,
    /// What an earlier time left out.
    left_out_before: u64,
}

/// Where a job's records are that decide: 0 where there is none.
#[derive(Debug, Default, Clone)]
struct Kept {
    fed: u64,
    environment: u64,
    given: u64,
    after: u64,
    files: u64,
    /// The first record of its first attempt since it was begun last.
    series: u64,
    /// The first record of its last attempt.
    attempt: u64,
    number: u32,
    run: usize,
    ended: u64,
    unstarted: u64,
    waits: u64,
    held: u64,
}

impl Plan {
    fn of<R: Read + Seek>(reader: &mut Reader<R>) -> io::Result<Self> {
        let mut plan = Self::default();
        let most = (reader.end() / HEAD as u64) as usize;
        while let Some(part) = reader.next()? {
            let (at, Some(record)) = (part.at, part.record) else {
                return Err(io::Error::other("it is damaged"));
            };
            match record {
                Record::Run { .. } => plan.runs += 1,
                Record::Compacted { records, .. } => plan.left_out_before += records,
                _ => {}
            }
            let Some(index) = record.index().filter(|it| *it < most) else { continue };
            if index >= plan.jobs.len() {
                plan.jobs.resize_with(index + 1, Kept::default);
            }
            plan.jobs[index].take(&record, at, plan.runs);
        }
        Ok(plan)
    }

    /// How many records there are. Notes how many of them stay, and of which runs.
    fn count<R: Read + Seek>(&mut self, reader: &mut Reader<R>) -> io::Result<u64> {
        let (mut all, mut of_runs) = (0, vec![0; self.runs + 1]);
        self.each(reader, |plan, record, keeps, run| {
            all += 1;
            if record.index().is_none() {
                of_runs[run] += u64::from(!matches!(record, Record::Compacted { .. }));
            } else if keeps {
                plan.kept += 1;
                plan.kept_runs.insert(run);
            }
            Ok(())
        })?;
        self.kept += (0..=self.runs).filter(|run| self.keeps_run(*run)).map(|run| of_runs[run]).sum::<u64>();
        Ok(all)
    }

    fn keeps_run(&self, run: usize) -> bool {
        run + LAST_RUNS > self.runs || self.kept_runs.contains(&run)
    }

    /// Tells each record, whether it stays, and of which run it is.
    fn each<R: Read + Seek>(
        &mut self,
        reader: &mut Reader<R>,
        mut told: impl FnMut(&mut Self, &Record<'_>, bool, usize) -> io::Result<()>,
    ) -> io::Result<()> {
        let mut run = 0;
        while let Some(part) = reader.next()? {
            let (at, Some(record)) = (part.at, part.record) else { continue };
            run += usize::from(matches!(record, Record::Run { .. }));
            let keeps = match record.index() {
                Some(index) => self.jobs.get(index).is_some_and(|it| it.keeps(&record, at)),
                None if matches!(record, Record::Compacted { .. }) => false,
                None => self.keeps_run(run),
            };
            told(self, &record, keeps, run)?;
        }
        Ok(())
    }
}

impl Kept {
    fn take(&mut self, record: &Record<'_>, at: u64, run: usize) {
        let is_new_run = self.run != run;
        match *record {
            Record::Fed { .. } => {
                (self.fed, self.environment, self.given, self.after, self.files) = (at, 0, 0, 0, 0);
            }
            Record::Environment { .. } => self.environment = at,
            Record::Given { .. } => self.given = at,
            Record::After { .. } => self.after = at,
            Record::Files { .. } => self.files = at,
            Record::Unstarted { .. } => self.unstarted = at,
            Record::Waits { .. } => self.waits = at,
            Record::Held { .. } => self.held = at,
            Record::Submitting { attempt: 0, .. } => self.begin(at),
            // A hook that decides about it was broken: it has failed without having been submitted.
            Record::Failed { attempt: 0, .. } | Record::Excused { attempt: 0, .. } if is_new_run => {
                self.begin(at)
            }
            // The scheduler may be asked many times to take one.
            Record::Submitting { attempt, .. } if attempt >= self.number => self.goes_on(at, attempt),
            Record::Failed { attempt, .. } | Record::Excused { attempt, .. } if attempt > self.number => {
                self.goes_on(at, attempt);
            }
            Record::Ended { .. } => self.ended = at,
            _ => {}
        }
        self.run = run;
    }

    fn begin(&mut self, at: u64) {
        (self.series, self.attempt, self.number) = (at, at, 0);
    }

    fn goes_on(&mut self, at: u64, number: u32) {
        (self.attempt, self.number) = (at, number);
        if self.series == 0 {
            self.series = at;
        }
    }

    fn keeps(&self, record: &Record<'_>, at: u64) -> bool {
        let since = if self.ended > self.attempt { self.attempt } else { self.series };
        match record {
            Record::Fed { .. } => at == self.fed,
            Record::Environment { .. } => at == self.environment,
            Record::Given { .. } => at == self.given,
            Record::After { .. } => at == self.after,
            Record::Files { .. } => at == self.files,
            // Each says of an attempt of its own run that nothing is left of it.
            Record::Unstarted { .. } => at >= since && (self.ended < self.attempt || at == self.unstarted),
            Record::Waits { .. } => at >= since && at == self.waits,
            Record::Held { .. } => at >= since && at == self.held,
            Record::Ended { .. } => at >= since && at == self.ended,
            _ => at >= since,
        }
    }
}

#[cfg(test)]
pub(super) mod tests;
