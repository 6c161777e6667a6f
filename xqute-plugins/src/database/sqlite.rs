//! How is a SQLite file written to? In transactions, and with a log beside it, so that others read meanwhile.

use std::fs::{File, OpenOptions};
use std::io::Read;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::time::Duration;

use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{
    Connection, OpenFlags, OptionalExtension, ToSql, Transaction, TransactionBehavior, params,
    params_from_iter,
};

use super::books::{Books, Live};
use super::rows::Batch;
use super::store::{NEWEST, Source, Standing, Store, Trouble, VERSIONS, sql, text_for};
use super::tables::{Rows, Value};

/// So long one waits for another who writes.
const BUSY: Duration = Duration::from_secs(5);

/// What each SQLite file begins with, unless it is empty (<https://www.sqlite.org/fileformat2.html#magic_header_string>).
const MAGIC: &[u8] = b"SQLite format 3\0";

/// Whether what is there already, if anything, can be a SQLite file. What cannot be looked at now may be another time.
pub(super) fn check(path: &Path) -> Result<(), String> {
    let Ok(there) = path.metadata() else { return Ok(()) };
    let why = if there.is_dir() {
        "it is a directory"
    } else if !there.is_file() {
        "it is no file"
    } else {
        let mut begin = Vec::new();
        let read = File::open(path).and_then(|it| it.take(MAGIC.len() as u64).read_to_end(&mut begin));
        if read.is_err() || begin.is_empty() || begin == MAGIC {
            return Ok(());
        }
        "it is a file, but no SQLite database"
    };
    Err(format!("cannot write {}: {why}: name another file as `path`", path.display()))
}

/// A SQLite file that is open.
#[derive(Debug)]
pub(super) struct Sqlite(Connection);

impl Sqlite {
    /// Opens it, or makes it with mode 0600, and brings its schema up to date.
    pub(super) fn open(path: &Path) -> Result<Self, Trouble> {
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(false).mode(0o600).open(path).map_err(Trouble::passing)?;
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let mut connection = Connection::open_with_flags(path, flags)?;
        connection.busy_timeout(BUSY)?;
        // The answer is the mode that it has then: where there is no shared memory, another, which is no harm.
        connection.pragma_update_and_check(None, "journal_mode", "wal", |_| Ok(()))?;
        connection.pragma_update(None, "synchronous", "normal")?;
        migrate(&mut connection)?;
        Ok(Self(connection))
    }

    fn begin(&mut self) -> rusqlite::Result<Transaction<'_>> {
        self.0.transaction_with_behavior(TransactionBehavior::Immediate)
    }
}

fn migrate(connection: &mut Connection) -> Result<(), Trouble> {
    let is_made = |on: &Connection| {
        let asked = "SELECT 1 FROM sqlite_schema WHERE name = 'xqute_schema'";
        on.query_row(asked, [], |_| Ok(())).optional().map(|it| it.is_some())
    };
    let version = |on: &Connection| on.query_row(sql::VERSION, [], |row| row.get::<_, i64>(0));
    if is_made(connection)? && version(connection)? == NEWEST {
        return Ok(());
    }
    let changes = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    if !is_made(&changes)? {
        changes.execute_batch(sql::MAKE_VERSION)?;
    }
    let found = version(&changes)?;
    let Ok(known) = usize::try_from(found) else { return Err(Trouble::newer(found)) };
    let missing = VERSIONS.get(known..).ok_or_else(|| Trouble::newer(found))?;
    for (text, number) in missing.iter().zip(found + 1..) {
        // A row lies in the tree of its key then: half as much to write.
        changes.execute_batch(&text_for("SQLite", text))?;
        changes.execute(sql::SET_VERSION, [number])?;
    }
    Ok(changes.commit()?)
}

impl Store for Sqlite {
    fn find(&mut self, journal: &str) -> Result<Option<Standing>, Trouble> {
        let changes = self.begin()?;
        let known = changes
            .query_row(sql::LIST, [journal], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
            .optional()?;
        let Some((list, mark, run)) = known else { return Ok(None) };
        let (list, mark, run): (String, Option<String>, Option<String>) = (list, mark, run);
        let live = live(&changes, &list)?.into_iter().collect();
        let books = Books { run: run.map(Into::into), live, events: false };
        Ok(Some(Standing { list, mark: mark.and_then(|it| it.parse().ok()), books }))
    }

    fn add(&mut self, source: &Source) -> Result<String, Trouble> {
        let changes = self.begin()?;
        let mut found = None;
        for run in &source.runs {
            found = found.or(changes.query_row(sql::LIST_OF_RUN, [run], |row| row.get(0)).optional()?);
        }
        let list: String = found.or_else(|| source.runs.first().cloned()).unwrap_or_default();
        changes.execute(sql::ADD_LIST, [&list, &source.workdir, &source.journal])?;
        changes.commit()?;
        Ok(list)
    }

    fn write(&mut self, list: &str, batch: &Batch) -> Result<(), Trouble> {
        let changes = self.begin()?;
        if batch.begins_run {
            changes.execute(sql::TAKE_UP, [list])?;
        }
        for Rows { table, values } in batch.rows(list).iter().filter(|it| !it.values.is_empty()) {
            let mut insert = changes.prepare(&table.insert_row())?;
            for row in values.chunks_exact(table.columns.len()) {
                insert.execute(params_from_iter(row))?;
            }
        }
        let mark = batch.mark.map(|it| it.to_string());
        changes.execute(sql::SET_MARK, params![list, mark, batch.run.as_deref()])?;
        Ok(changes.commit()?)
    }
}

fn live(on: &Connection, list: &str) -> rusqlite::Result<Vec<(i64, Live)>> {
    let mut live = on.prepare(sql::LIVE)?;
    let rows = live.query_map([list], |row| {
        let (run, state): (String, String) = (row.get(1)?, row.get(3)?);
        Ok((row.get(0)?, Live { run: run.into(), attempt: row.get(2)?, started: state == "running" }))
    })?;
    rows.collect()
}

impl ToSql for Value<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match *self {
            Self::Null => ValueRef::Null,
            Self::Text(text) => ValueRef::Text(text.as_bytes()),
            Self::Int(number) => ValueRef::Integer(number),
            Self::Real(number) => ValueRef::Real(number),
            Self::Flag(flag) => ValueRef::Integer(flag.into()),
        }))
    }
}

impl From<rusqlite::Error> for Trouble {
    fn from(error: rusqlite::Error) -> Self {
        use rusqlite::ErrorCode;
        match error.sqlite_error_code() {
            Some(ErrorCode::NotADatabase) => {
                Self::lasting("it is no SQLite database: name another file (`path`)")
            }
            _ => Self::passing(error),
        }
    }
}
