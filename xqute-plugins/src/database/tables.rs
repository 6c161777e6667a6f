//! Which rows are written, and how one that is there already is met? The same for every database.

use super::rows::{Batch, Name};

/// What is in a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Text,
    Int,
    Real,
    Flag,
}

/// What becomes of a column of a row that is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Rule {
    /// By this the row is found.
    Key,
    /// It is replaced.
    Put,
    /// It is replaced, but not by nothing.
    Keep,
    /// It stays.
    Once,
}

use Kind::{Flag, Int, Real, Text};
use Rule::{Keep, Key, Once, Put};

/// A table, or the columns of one that are written together.
#[derive(Debug)]
pub(super) struct Table {
    name: &'static str,
    pub(super) columns: &'static [(&'static str, Kind, Rule)],
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Value<'a> {
    Null,
    Text(&'a str),
    Int(i64),
    Real(f64),
    Flag(bool),
}

/// Rows of a table, one behind the other.
#[derive(Debug)]
pub(super) struct Rows<'a> {
    pub(super) table: &'static Table,
    pub(super) values: Vec<Value<'a>>,
}

const RUNS: Table = Table {
    name: "runs",
    columns: &[
        ("id", Text, Key),
        ("list", Text, Put),
        ("began", Int, Keep),
        ("done", Int, Keep),
        ("version", Text, Keep),
        ("scheduler", Text, Keep),
        ("host", Text, Keep),
        ("pid", Int, Keep),
        ("cwd", Text, Keep),
        ("forks", Int, Keep),
        ("retries", Int, Keep),
        ("stopped", Text, Keep),
    ],
};

const FED: Table = Table {
    name: "jobs",
    columns: &[
        ("list", Text, Key),
        ("idx", Int, Key),
        ("name", Text, Keep),
        ("command", Text, Keep),
        ("cwd", Text, Keep),
        ("tags", Text, Keep),
        ("state", Text, Once),
        ("stopped", Flag, Once),
    ],
};

const MOVED: Table = Table {
    name: "jobs",
    columns: &[
        ("list", Text, Key),
        ("idx", Int, Key),
        ("state", Text, Put),
        ("stopped", Flag, Put),
        ("run", Text, Keep),
        ("attempt", Int, Keep),
        ("why", Text, Put),
        ("rc", Int, Put),
        ("ended", Int, Put),
    ],
};

const ATTEMPTS: Table = Table {
    name: "attempts",
    columns: &[
        ("list", Text, Key),
        ("idx", Int, Key),
        ("run", Text, Key),
        ("attempt", Int, Key),
        ("jid", Text, Keep),
        ("submitted", Int, Keep),
        ("started", Int, Keep),
        ("ended", Int, Put),
        ("state", Text, Put),
        ("why", Text, Put),
        ("rc", Int, Put),
    ],
};

const RESOURCES: Table = Table {
    name: "resources",
    columns: &[
        ("list", Text, Key),
        ("idx", Int, Key),
        ("run", Text, Key),
        ("attempt", Int, Key),
        ("user_seconds", Real, Put),
        ("system_seconds", Real, Put),
        ("peak_memory", Int, Put),
        ("peak_exact", Flag, Put),
    ],
};

const EVENTS: Table = Table {
    name: "events",
    columns: &[
        ("list", Text, Key),
        ("idx", Int, Key),
        ("run", Text, Key),
        ("attempt", Int, Key),
        ("happened", Int, Key),
        ("event", Text, Key),
        ("detail", Text, Once),
    ],
};

/// Every table, in the order in which they are written.
pub(super) const TABLES: [&Table; 6] = [&RUNS, &FED, &MOVED, &ATTEMPTS, &RESOURCES, &EVENTS];

impl Table {
    /// Inserts one row, of the values `$1`, `$2`, ….
    #[cfg(feature = "sqlite")]
    pub(super) fn insert_row(&self) -> String {
        let places: Vec<String> = (1..=self.columns.len()).map(|n| format!("${n}")).collect();
        self.insert(&format!("VALUES ({})", places.join(", ")))
    }

    /// Inserts many rows, of an array for each column: `$1`, `$2`, ….
    #[cfg(feature = "postgres")]
    pub(super) fn insert_arrays(&self) -> String {
        let of = |kind| match kind {
            Text => "text",
            Int => "bigint",
            Real => "double precision",
            Flag => "boolean",
        };
        let places = self.columns.iter().zip(1..).map(|((_, kind, _), n)| format!("${n}::{}[]", of(*kind)));
        self.insert(&format!("SELECT * FROM unnest({})", places.collect::<Vec<_>>().join(", ")))
    }

    fn insert(&self, from: &str) -> String {
        let names = |only: Option<Rule>| {
            let is_of = |rule| only.is_none_or(|it| it == rule);
            let names = self.columns.iter().filter(|it| is_of(it.2)).map(|it| it.0);
            names.collect::<Vec<_>>().join(", ")
        };
        let set = |(name, _, rule): &(&str, Kind, Rule)| match rule {
            Key | Once => None,
            Put => Some(format!("{name} = excluded.{name}")),
            Keep => Some(format!("{name} = coalesce(excluded.{name}, {}.{name})", self.name)),
        };
        let sets: Vec<String> = self.columns.iter().filter_map(set).collect();
        let then = match sets[..] {
            [] => "DO NOTHING".to_owned(),
            _ => format!("DO UPDATE SET {}", sets.join(", ")),
        };
        let (table, columns, keys) = (self.name, names(None), names(Some(Key)));
        format!("INSERT INTO {table} ({columns}) {from} ON CONFLICT ({keys}) {then}")
    }
}

impl Batch {
    /// The rows of each table of [`TABLES`], in their order.
    pub(super) fn rows<'a>(&'a self, list: &'a str) -> [Rows<'a>; 6] {
        let mut all = TABLES.map(|table| Rows { table, values: Vec::new() });
        let [runs, fed, moved, attempts, resources, events] = &mut all;
        self.run_rows(list, &mut runs.values);
        for (idx, row) in &self.fed {
            let given = [&row.name, &row.command, &row.cwd, &row.tags].map(|it| text(it.as_deref()));
            fed.values.extend([Value::Text(list), Value::Int(*idx)]);
            fed.values.extend(given);
            fed.values.extend([Value::Text("queued"), Value::Flag(false)]);
        }
        for (idx, row) in &self.moved {
            let (run, attempt) = (row.name.as_ref().map(|it| &*it.0), row.name.as_ref().map(|it| it.1));
            moved.values.extend([Value::Text(list), Value::Int(*idx)]);
            moved.values.extend([Value::Text(&row.state), Value::Flag(row.stopped)]);
            moved.values.extend([text(run), int(attempt), text(row.why.as_deref())]);
            moved.values.extend([int(row.rc), int(row.ended)]);
        }
        for (name, row) in &self.attempts {
            attempts.values.extend(key(list, name));
            attempts.values.extend([text(row.jid.as_deref()), int(row.submitted)]);
            attempts.values.extend([int(row.started), int(row.ended), Value::Text(&row.state)]);
            attempts.values.extend([text(row.why.as_deref()), int(row.rc)]);
        }
        for (name, row) in &self.resources {
            resources.values.extend(key(list, name));
            resources.values.extend([row.user_seconds, row.system_seconds].map(Value::Real));
            resources.values.extend([Value::Int(row.peak_memory), Value::Flag(row.peak_exact)]);
        }
        for row in &self.events {
            events.values.extend(key(list, &row.name));
            events.values.extend([Value::Int(row.happened), Value::Text(row.event)]);
            events.values.push(text(row.detail.as_deref()));
        }
        all
    }

    fn run_rows<'a>(&'a self, list: &'a str, values: &mut Vec<Value<'a>>) {
        let Some(run) = &self.run_row else { return };
        values.extend([Value::Text(&run.id), Value::Text(list), int(run.began), int(run.done)]);
        values.extend([&run.version, &run.scheduler, &run.host].map(|it| text(it.as_deref())));
        values.extend([int(run.pid), text(run.cwd.as_deref()), int(run.forks), int(run.retries)]);
        values.push(text(run.stopped.as_deref()));
    }
}

fn key<'a>(list: &'a str, name: &'a Name) -> [Value<'a>; 4] {
    [Value::Text(list), Value::Int(name.idx), Value::Text(&name.run), Value::Int(name.attempt)]
}

fn text(text: Option<&str>) -> Value<'_> {
    text.map_or(Value::Null, Value::Text)
}

fn int(int: Option<i64>) -> Value<'static> {
    int.map_or(Value::Null, Value::Int)
}
