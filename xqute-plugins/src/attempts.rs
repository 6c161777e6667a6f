//! What has an attempt been, as a hook sees its end, or as the journal tells of it afterwards? A row of `trace` and of `resources`.

use std::collections::HashMap;
use std::time::{SystemTime, UNIX_EPOCH};

use xqute::{Argv, BoxError, Entries, Entry, Fact, Job, KillReason, Outcome, Usage, WorkDirView, script};

/// An attempt that has ended. Times are in milliseconds since the epoch.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Attempt {
    pub(crate) index: usize,
    /// The first is 1.
    pub(crate) attempt: u32,
    /// `None`: it never ran.
    pub(crate) started: Option<u64>,
    pub(crate) ended: u64,
    pub(crate) outcome: &'static str,
    /// Why it has not succeeded.
    pub(crate) reason: String,
    pub(crate) rc: Option<i32>,
    pub(crate) usage: Option<Usage>,
    pub(crate) jid: Option<String>,
    pub(crate) name: Option<String>,
    pub(crate) tags: Vec<String>,
    /// As a shell would read it.
    pub(crate) command: Vec<u8>,
}

impl Attempt {
    /// Of a job that a hook is told the end of. `None`: its end is that it did not run.
    pub(crate) fn of(job: &Job) -> Option<Self> {
        let (outcome, reason) = match job.outcome()? {
            Outcome::Succeeded => ("succeeded", String::new()),
            Outcome::Failed(failure) if job.will_retry() => ("retried", failure.to_string()),
            Outcome::Failed(failure) => ("failed", failure.to_string()),
            Outcome::Killed(reason @ KillReason::User) => ("killed", reason.to_string()),
            Outcome::Killed(reason) => ("stopped", reason.to_string()),
            _ => return None,
        };
        Some(Self {
            index: job.index(),
            attempt: job.trial_count() + 1,
            started: job.started().map(millis),
            ended: millis(job.ended().unwrap_or_else(SystemTime::now)),
            outcome,
            reason,
            rc: job.rc(),
            usage: job.usage().copied(),
            jid: job.jid().map(str::to_owned),
            name: job.name().map(str::to_owned),
            tags: job.tags().map(str::to_owned).collect(),
            command: script::line(job.argv()),
        })
    }

    /// How long it ran, in milliseconds.
    pub(crate) fn wall(&self) -> Option<u64> {
        self.started.map(|it| self.ended.saturating_sub(it))
    }

    /// The signal that ended its command, where its exit code means one.
    #[cfg(feature = "trace")]
    pub(crate) fn signal(&self) -> Option<i32> {
        let by_signal = ["killed by", "timed out"].iter().any(|it| self.reason.starts_with(it))
            || matches!(self.outcome, "killed" | "stopped");
        self.rc.filter(|it| by_signal && *it > 128).map(|it| it - 128)
    }
}

fn millis(time: SystemTime) -> u64 {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

/// The ends of attempts that a table has: job, attempt, when.
#[derive(Debug, Default)]
pub(crate) struct Known(Vec<(usize, u32, u64)>);

impl Known {
    /// Takes in a line whose first columns these are. One that is none is passed over.
    pub(crate) fn take(&mut self, line: &[u8], separator: u8) {
        let mut columns =
            line.split(|it| *it == separator).map(|it| std::str::from_utf8(it).unwrap_or_default());
        let mut next = || columns.next();
        let mut key = || Some((next()?.parse().ok()?, next()?.parse().ok()?, next()?.parse().ok()?));
        self.0.extend(key());
    }

    /// Whether it has one that ended in this time. What is found wanting after its exit ends later in the journal than for hooks.
    fn has(&self, index: usize, attempt: u32, from: u64, to: u64) -> bool {
        let at = self.0.partition_point(|it| *it < (index, attempt, from));
        self.0.get(at).is_some_and(|it| *it <= (index, attempt, to))
    }
}

/// The attempts that the journal tells of, and a table lacks, in the order of their ends.
pub(crate) fn missing(
    mut past: WorkDirView,
    mut known: Known,
    workdir: &std::path::Path,
) -> Result<Vec<Attempt>, BoxError> {
    known.0.sort_unstable();
    let (mut reader, mut found) = (Reader::default(), Vec::new());
    for entry in Entries::open(workdir)? {
        if let Some((after, attempt)) = reader.take(entry?)
            && !known.has(attempt.index, attempt.attempt, after, attempt.ended)
        {
            found.push(attempt);
        }
    }
    for attempt in &mut found {
        if let Some(job) = past.job(attempt.index)? {
            attempt.name = job.name;
            // The record of its command may be one of those that cannot be read.
            attempt.command = Argv::new(job.argv).map(|it| script::line(&it)).unwrap_or_default();
        }
        attempt.tags = reader.tags.get(&attempt.index).cloned().unwrap_or_default();
    }
    Ok(found)
}

/// Puts the records of an attempt together.
#[derive(Debug, Default)]
struct Reader {
    open: HashMap<usize, Open>,
    /// When an attempt of this number last ended, of each job that had one more.
    ends: HashMap<(usize, u32), u64>,
    tags: HashMap<usize, Vec<String>>,
}

/// An attempt whose end is not read yet.
#[derive(Debug, Default)]
struct Open {
    attempt: u32,
    started: Option<u64>,
    jid: Option<String>,
}

impl Reader {
    /// An attempt that ends with this record, and after what time it must have ended.
    fn take(&mut self, entry: Entry) -> Option<(u64, Attempt)> {
        let Entry { index: Some(index), attempt, when, fact, .. } = entry else { return None };
        let (outcome, why, rc, usage) = match fact {
            Fact::Submitting => {
                let attempt = attempt.unwrap_or(1);
                self.open.insert(index, Open { attempt, ..Open::default() });
                return None;
            }
            Fact::Submitted { jid } | Fact::Adopted { jid, .. } => {
                let open = self.open.entry(index).or_default();
                (open.attempt, open.jid) = (attempt.unwrap_or(1), Some(jid));
                return None;
            }
            Fact::Started => {
                self.open.entry(index).or_default().started = when;
                return None;
            }
            Fact::Terms { tags, .. } => {
                self.tags.insert(index, tags);
                return None;
            }
            Fact::Failed { why, rc, usage } | Fact::Excused { why, rc, usage } => ("retried", why, rc, usage),
            Fact::Ended { state, why, rc, usage } => (ended(&state)?, why, rc, usage),
            Fact::Unstarted { why } => ("stopped", why, None, None),
            _ => return None,
        };
        let Open { attempt: number, started, jid } = self.open.remove(&index).unwrap_or_default();
        // Stopped before its turn, or skipped: it was no attempt. One that ended while no program lived may have no record of its beginning.
        let is_none = match outcome {
            "stopped" => jid.is_none() && started.is_none(),
            "succeeded" => !why.is_empty(),
            _ => false,
        };
        if is_none {
            return None;
        }
        let (attempt, ended) = (attempt.unwrap_or(number), when.unwrap_or_default());
        let before = self.ends.insert((index, attempt), ended).map_or(0, |it| it + 1);
        let reason = ["failed: ", "killed: "].iter().find_map(|it| why.strip_prefix(it)).unwrap_or(&why);
        let reason = reason.to_owned();
        let (name, tags, command) = (None, Vec::new(), Vec::new());
        let it =
            Attempt { index, attempt, started, ended, outcome, reason, rc, usage, jid, name, tags, command };
        Some((before.max(started.unwrap_or(0)), it))
    }
}

/// How a job has ended that the journal calls so. `None`: it never ran.
fn ended(state: &str) -> Option<&'static str> {
    ["succeeded", "failed", "killed"].into_iter().find(|it| *it == state)
}

#[cfg(test)]
mod tests;
