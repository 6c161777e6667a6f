//! What is written to a database at once? Rows of each table, and how far the journal is taken in with them.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use xqute::Mark;

/// All that a piece of the journal makes of the tables, each row once. `None` in a row leaves what is there.
#[derive(Debug, Default)]
pub(super) struct Batch {
    /// How many records it is of.
    pub(super) entries: usize,
    /// How far the journal is taken in with it.
    pub(super) mark: Option<Mark>,
    /// When its last record was written, in milliseconds since the epoch.
    pub(super) when: Option<u64>,
    /// Whose records the last ones are.
    pub(super) run: Option<Arc<str>>,
    /// Whether a run begins with it, which takes up what the last one left.
    pub(super) begins_run: bool,
    pub(super) run_row: Option<RunRow>,
    pub(super) fed: BTreeMap<i64, Fed>,
    pub(super) moved: BTreeMap<i64, Moved>,
    pub(super) attempts: BTreeMap<Name, Attempt>,
    pub(super) resources: BTreeMap<Name, Resources>,
    pub(super) events: Vec<Event>,
}

/// Which attempt.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Name {
    pub(super) idx: i64,
    pub(super) run: Arc<str>,
    pub(super) attempt: i64,
}

/// A run.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct RunRow {
    pub(super) id: Arc<str>,
    pub(super) began: Option<i64>,
    pub(super) done: Option<i64>,
    pub(super) version: Option<String>,
    pub(super) scheduler: Option<String>,
    pub(super) host: Option<String>,
    pub(super) pid: Option<i64>,
    pub(super) cwd: Option<String>,
    pub(super) forks: Option<i64>,
    pub(super) retries: Option<i64>,
    pub(super) stopped: Option<String>,
}

/// A job, as it was fed.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Fed {
    pub(super) name: Option<String>,
    pub(super) command: Option<String>,
    pub(super) cwd: Option<String>,
    pub(super) tags: Option<String>,
}

/// How far a job came: all of this takes the place of what was there, but for `name`.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Moved {
    pub(super) state: Cow<'static, str>,
    pub(super) stopped: bool,
    /// Its last attempt: run and number.
    pub(super) name: Option<(Arc<str>, i64)>,
    pub(super) why: Option<String>,
    pub(super) rc: Option<i64>,
    pub(super) ended: Option<i64>,
}

/// An attempt.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Attempt {
    pub(super) state: Cow<'static, str>,
    pub(super) jid: Option<String>,
    pub(super) submitted: Option<i64>,
    pub(super) started: Option<i64>,
    pub(super) ended: Option<i64>,
    pub(super) why: Option<String>,
    pub(super) rc: Option<i64>,
}

/// What an attempt used.
#[derive(Debug, PartialEq)]
pub(super) struct Resources {
    pub(super) user_seconds: f64,
    pub(super) system_seconds: f64,
    pub(super) peak_memory: i64,
    pub(super) peak_exact: bool,
}

/// Something that happened to a job.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Event {
    pub(super) name: Name,
    pub(super) happened: i64,
    pub(super) event: &'static str,
    pub(super) detail: Option<String>,
}
