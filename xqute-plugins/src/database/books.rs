//! What do the records of a journal make of the rows of a database? Pure: entries in, rows out.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

use xqute::{Argv, Entry, Fact, Mark, PeakMemory, Usage};

use super::rows::{Attempt, Batch, Event, Moved, Name, Resources, RunRow};

/// What one has to know of the records before, to understand the next.
#[derive(Debug, Default)]
pub(super) struct Books {
    /// Whose records these are; `None` before the first run.
    pub(super) run: Option<Arc<str>>,
    /// The attempt of each job that has begun and not ended.
    pub(super) live: HashMap<i64, Live>,
    /// Whether rows of events are made.
    pub(super) events: bool,
}

/// An attempt that has begun and not ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Live {
    /// The run that submitted it.
    pub(super) run: Arc<str>,
    pub(super) attempt: i64,
    /// Whether it runs.
    pub(super) started: bool,
}

/// What a record of a job is about.
#[derive(Debug)]
struct About {
    idx: i64,
    /// The run that wrote it.
    run: Arc<str>,
    attempt: i64,
    at: Option<i64>,
}

/// How an attempt ended, or a job that had none.
struct End {
    /// Of the attempt.
    state: Cow<'static, str>,
    /// Of the job.
    job: Cow<'static, str>,
    stopped: bool,
    why: String,
    rc: Option<i32>,
    usage: Option<Usage>,
}

impl Books {
    /// Takes a record in; `mark` is behind it. What is of no run, or cannot be read, says nothing.
    pub(super) fn take(&mut self, entry: Entry, mark: Mark, batch: &mut Batch) {
        batch.entries += 1;
        batch.mark = Some(mark);
        batch.when = entry.when.or(batch.when);
        if let Fact::Run { id, .. } = &entry.fact {
            self.run = Some(id.as_str().into());
            batch.begins_run = true;
        }
        batch.run = self.run.clone();
        let Some(run) = self.run.clone() else { return };
        let at = entry.when.map(number);
        match entry.index.map(|it| number(it as u64)) {
            None => of_run(run, at, entry.fact, batch),
            Some(idx) => {
                let about = About { idx, run, attempt: entry.attempt.map_or(0, i64::from), at };
                if self.events {
                    batch.events.extend(event(&about, &entry.fact));
                }
                self.of_job(&about, entry.fact, batch);
            }
        }
    }

    fn of_job(&mut self, about: &About, fact: Fact, batch: &mut Batch) {
        match fact {
            Fact::Fed { name, argv, cwd } => {
                let command = Argv::new(&argv).map_or_else(|_| argv.join(" "), |it| it.to_string());
                let fed = batch.fed.entry(about.idx).or_default();
                (fed.name, fed.cwd, fed.command) = (name.map(text), cwd.map(text), Some(text(command)));
            }
            Fact::Terms { tags, .. } if !tags.is_empty() => {
                let tags = serde_json::Value::from(tags).to_string();
                batch.fed.entry(about.idx).or_default().tags = Some(text(tags));
            }
            Fact::Submitting => {
                self.leaves(about.idx, batch);
                self.moves(about, "submitted", batch);
            }
            Fact::Submitted { jid } => {
                let row = self.moves(about, "submitted", batch);
                (row.jid, row.submitted) = (Some(text(jid)), about.at);
            }
            Fact::Started => {
                self.live(about).started = true;
                self.moves(about, "running", batch).started = about.at;
            }
            Fact::Adopted { run, jid } => {
                let started = self.live.get(&about.idx).is_some_and(|it| it.started);
                let live = Live { run: run.into(), attempt: about.attempt, started };
                self.live.insert(about.idx, live);
                let state = if started { "running" } else { "submitted" };
                self.moves(about, state, batch).jid = Some(text(jid));
            }
            // No attempt: it is to be asked about again before it is submitted.
            Fact::Held { plugin, why, .. } => {
                let why = Some(text(format!("held by plugin `{plugin}`: {why}")));
                let name = batch.moved.get(&about.idx).and_then(|it| it.name.clone());
                let held = Moved { state: "held".into(), stopped: false, name, why, rc: None, ended: None };
                batch.moved.insert(about.idx, held);
            }
            other => self.ends(about, other, batch),
        }
    }

    /// The attempt that goes on, or begins with this record.
    fn live(&mut self, about: &About) -> &mut Live {
        let begun = || Live { run: Arc::clone(&about.run), attempt: about.attempt, started: false };
        self.live.entry(about.idx).or_insert_with(begun)
    }

    /// A job and its attempt are in a state.
    fn moves<'a>(&mut self, about: &About, state: &'static str, batch: &'a mut Batch) -> &'a mut Attempt {
        let Live { run, attempt, .. } = self.live(about).clone();
        batch.moved.insert(about.idx, moved(state, Arc::clone(&run), attempt));
        let row = batch.attempts.entry(Name { idx: about.idx, run, attempt }).or_default();
        row.state = state.into();
        row
    }

    /// Another attempt begins: how the last one ended was not written down.
    fn leaves(&mut self, idx: i64, batch: &mut Batch) {
        if let Some(Live { run, attempt, .. }) = self.live.remove(&idx) {
            batch.attempts.entry(Name { idx, run, attempt }).or_default().state = "unfinished".into();
        }
    }

    fn ends(&mut self, about: &About, fact: Fact, batch: &mut Batch) {
        let is_live = self.live.contains_key(&about.idx);
        let end = match fact {
            // A gate that is broken fails a job that was never submitted: that is an attempt all the same.
            Fact::Failed { why, rc, usage } => {
                self.live(about);
                End { state: "failed".into(), job: "retrying".into(), stopped: false, why, rc, usage }
            }
            Fact::Excused { why, rc, usage } => {
                self.live(about);
                End { state: "excused".into(), job: "retrying".into(), stopped: false, why, rc, usage }
            }
            Fact::Ended { state, why, rc, usage } => {
                End { state: state.clone().into(), job: state.into(), stopped: false, why, rc, usage }
            }
            Fact::Unstarted { why } => {
                let state: Cow<'static, str> = if is_live { "killed" } else { "cancelled" }.into();
                End { state: state.clone(), job: state, stopped: true, why, rc: None, usage: None }
            }
            _ => return,
        };
        let name = self.live.remove(&about.idx).map(|it| (it.run, it.attempt));
        let (why, rc) = (Some(text(end.why)).filter(|it| !it.is_empty()), end.rc.map(i64::from));
        if let Some((run, attempt)) = name.clone() {
            let name = Name { idx: about.idx, run, attempt };
            batch.resources.extend(end.usage.map(|it| (name.clone(), Resources::of(&it))));
            let row = batch.attempts.entry(name).or_default();
            (row.state, row.ended, row.rc) = (end.state, about.at, rc);
            row.why.clone_from(&why);
        }
        let ended = about.at.filter(|_| end.job != "retrying");
        // What began in this batch is known from it, though no attempt goes on.
        let name = name.or_else(|| batch.moved.get(&about.idx).and_then(|it| it.name.clone()));
        let moved = Moved { state: end.job, stopped: end.stopped, name, why, rc, ended };
        batch.moved.insert(about.idx, moved);
    }
}

impl Resources {
    fn of(usage: &Usage) -> Self {
        Self {
            user_seconds: usage.user.as_secs_f64(),
            system_seconds: usage.system.as_secs_f64(),
            peak_memory: number(usage.peak_memory.bytes()),
            peak_exact: matches!(usage.peak_memory, PeakMemory::Exactly(_)),
        }
    }
}

fn moved(state: &'static str, run: Arc<str>, attempt: i64) -> Moved {
    Moved {
        state: state.into(),
        stopped: false,
        name: Some((run, attempt)),
        why: None,
        rc: None,
        ended: None,
    }
}

fn of_run(run: Arc<str>, at: Option<i64>, fact: Fact, batch: &mut Batch) {
    let row = batch.run_row.get_or_insert_with(|| RunRow { id: run, ..RunRow::default() });
    match fact {
        Fact::Run { version, scheduler, host, pid, .. } => {
            (row.began, row.pid) = (at, Some(pid.into()));
            (row.version, row.scheduler, row.host) =
                (Some(text(version)), Some(text(scheduler)), Some(text(host)));
        }
        Fact::RunIn { cwd } => row.cwd = Some(text(cwd)),
        Fact::Rules { forks, retries, .. } => {
            (row.forks, row.retries) = (Some(number(forks as u64)), Some(retries.into()));
        }
        Fact::Stopped { why, .. } => row.stopped = Some(text(why)),
        Fact::Done => row.done = at,
        _ => {}
    }
}

/// What happened, in a word, and what else there is to say.
fn event(about: &About, fact: &Fact) -> Option<Event> {
    let (event, detail) = match fact {
        Fact::Submitted { jid } => ("submitted", jid.clone()),
        Fact::Started => ("started", String::new()),
        Fact::Adopted { run, .. } => ("adopted", format!("of run {run}")),
        Fact::Held { plugin, why, .. } => ("held", format!("by plugin `{plugin}`: {why}")),
        Fact::Killing { by } => ("killing", format!("by {by}")),
        Fact::Retry { used, retries, wait } => {
            ("retry", format!("{used} of {retries}, after {:.3} s", *wait as f64 / 1000.0))
        }
        Fact::GaveUp { used, retries, covered } => {
            let no_more = if *covered { "" } else { ", none for such a failure" };
            ("gave_up", format!("{used} of {retries} retries used{no_more}"))
        }
        Fact::Failed { why, .. } => ("failed", why.clone()),
        Fact::Excused { why, .. } => ("excused", why.clone()),
        Fact::Unstarted { why } => ("unstarted", why.clone()),
        Fact::Ended { state, why, .. } if why.is_empty() => ("ended", state.clone()),
        Fact::Ended { why, .. } => ("ended", why.clone()),
        _ => return None,
    };
    let name = Name { idx: about.idx, run: Arc::clone(&about.run), attempt: about.attempt };
    let detail = Some(text(detail)).filter(|it| !it.is_empty());
    Some(Event { name, happened: about.at?, event, detail })
}

/// A number that a database can hold.
pub(super) fn number(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// A text that every database can hold.
fn text(text: impl Into<String>) -> String {
    let text = text.into();
    if text.contains('\0') { text.replace('\0', "\u{fffd}") } else { text }
}
