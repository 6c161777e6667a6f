//! How is PostgreSQL written to? By one connection, in transactions of a few statements, each within a limit of time.

use std::future::Future;
use std::time::Duration;

use tokio::runtime::Runtime;
use tokio_postgres::types::ToSql;
use tokio_postgres::{Client, Statement};

use super::address::Address;
use super::books::{Books, Live};
use super::rows::Batch;
use super::store::{NEWEST, Source, Standing, Store, Trouble, VERSIONS, sql, text_for};
use super::tables::{Kind, Rows, TABLES, Value};

/// A server that has not answered for so long is taken to be down.
const ANSWER: Duration = Duration::from_secs(10);
/// One version of the schema is made at a time: the key of an advisory lock.
const LOCK: &str = "SELECT pg_advisory_xact_lock(8679832641)";

/// A connection, and the runtime that it lives on.
#[derive(Debug)]
pub(super) struct Postgres {
    runtime: Runtime,
    client: Client,
    address: Address,
    /// Of each table of [`TABLES`].
    inserts: Vec<Statement>,
}

impl Postgres {
    /// Connects, and brings the schema up to date.
    pub(super) fn open(address: &Address) -> Result<Self, Trouble> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(Trouble::passing)?;
        let opened = runtime.block_on(within(async {
            let mut client = address.connect().await?;
            migrate(&mut client).await?;
            let mut inserts = Vec::new();
            for table in TABLES {
                inserts.push(client.prepare(&table.insert_arrays()).await?);
            }
            Ok((client, inserts))
        }));
        let (client, inserts) = opened.map_err(|it| address.hide(it))?;
        Ok(Self { runtime, client, address: address.clone(), inserts })
    }
}

/// What the server does not answer in time is an error.
async fn within<T>(work: impl Future<Output = Result<T, Trouble>>) -> Result<T, Trouble> {
    let silent = |_| Trouble::passing(format_args!("it did not answer within {} s", ANSWER.as_secs()));
    tokio::time::timeout(ANSWER, work).await.map_err(silent)?
}

async fn migrate(client: &mut Client) -> Result<(), Trouble> {
    let changes = client.transaction().await?;
    changes.batch_execute(LOCK).await?;
    let made = changes.query_one("SELECT to_regclass('xqute_schema') IS NOT NULL", &[]).await?;
    if !made.get::<_, bool>(0) {
        changes.batch_execute(sql::MAKE_VERSION).await?;
    }
    let found: i64 = changes.query_one(sql::VERSION, &[]).await?.get(0);
    let known = usize::try_from(found).map_err(|_| Trouble::newer(found))?;
    let missing = VERSIONS.get(known..).ok_or_else(|| Trouble::newer(found))?;
    for (text, number) in missing.iter().zip(found + 1..=NEWEST) {
        changes.batch_execute(&text_for("PostgreSQL", text)).await?;
        changes.execute(sql::SET_VERSION, &[&number]).await?;
    }
    Ok(changes.commit().await?)
}

impl Store for Postgres {
    fn find(&mut self, journal: &str) -> Result<Option<Standing>, Trouble> {
        let Self { runtime, client, address, .. } = self;
        runtime.block_on(within(find(client, journal))).map_err(|it| address.hide(it))
    }

    fn add(&mut self, source: &Source) -> Result<String, Trouble> {
        let Self { runtime, client, address, .. } = self;
        runtime.block_on(within(add(client, source))).map_err(|it| address.hide(it))
    }

    fn write(&mut self, list: &str, batch: &Batch) -> Result<(), Trouble> {
        let Self { runtime, client, address, inserts } = self;
        runtime.block_on(within(write(client, inserts, list, batch))).map_err(|it| address.hide(it))
    }
}

async fn find(client: &mut Client, journal: &str) -> Result<Option<Standing>, Trouble> {
    let changes = client.transaction().await?;
    let Some(known) = changes.query_opt(sql::LIST, &[&journal]).await? else { return Ok(None) };
    let (list, mark, run): (String, Option<String>, Option<String>) =
        (known.get(0), known.get(1), known.get(2));
    let live = changes.query(sql::LIVE, &[&list]).await?;
    let live = live.iter().map(|row| {
        let (run, state): (String, String) = (row.get(1), row.get(3));
        (row.get(0), Live { run: run.into(), attempt: row.get(2), started: state == "running" })
    });
    let books = Books { run: run.map(Into::into), live: live.collect(), events: false };
    Ok(Some(Standing { list, mark: mark.and_then(|it| it.parse().ok()), books }))
}

async fn add(client: &mut Client, source: &Source) -> Result<String, Trouble> {
    let changes = client.transaction().await?;
    let mut found = None;
    for run in &source.runs {
        if let Some(row) = changes.query_opt(sql::LIST_OF_RUN, &[run]).await? {
            found = Some(row.get(0));
            break;
        }
    }
    let list: String = found.or_else(|| source.runs.first().cloned()).unwrap_or_default();
    changes.execute(sql::ADD_LIST, &[&list, &source.workdir, &source.journal]).await?;
    changes.commit().await?;
    Ok(list)
}

async fn write(client: &mut Client, inserts: &[Statement], list: &str, batch: &Batch) -> Result<(), Trouble> {
    let changes = client.transaction().await?;
    if batch.begins_run {
        changes.execute(sql::TAKE_UP, &[&list]).await?;
    }
    for (insert, rows) in inserts.iter().zip(batch.rows(list)) {
        if !rows.values.is_empty() {
            let columns = columns(&rows);
            let columns: Vec<&(dyn ToSql + Sync)> = columns.iter().map(|it| &**it as _).collect();
            changes.execute(insert, &columns).await?;
        }
    }
    let mark = batch.mark.map(|it| it.to_string());
    changes.execute(sql::SET_MARK, &[&list, &mark, &batch.run.as_deref()]).await?;
    Ok(changes.commit().await?)
}

/// An array for each column.
fn columns<'a>(rows: &Rows<'a>) -> Vec<Box<dyn ToSql + Sync + Send + 'a>> {
    let width = rows.table.columns.len();
    let column = |(place, (_, kind, _)): (usize, &(&str, Kind, _))| -> Box<dyn ToSql + Sync + Send + 'a> {
        let values = rows.values.iter().skip(place).step_by(width);
        match kind {
            Kind::Text => Box::new(values.map(Value::text).collect::<Vec<_>>()),
            Kind::Int => Box::new(values.map(Value::int).collect::<Vec<_>>()),
            Kind::Real => Box::new(values.map(Value::real).collect::<Vec<_>>()),
            Kind::Flag => Box::new(values.map(Value::flag).collect::<Vec<_>>()),
        }
    };
    rows.table.columns.iter().enumerate().map(column).collect()
}

impl<'a> Value<'a> {
    fn text(&self) -> Option<&'a str> {
        if let Self::Text(text) = *self { Some(text) } else { None }
    }

    fn int(&self) -> Option<i64> {
        if let Self::Int(int) = *self { Some(int) } else { None }
    }

    fn real(&self) -> Option<f64> {
        if let Self::Real(real) = *self { Some(real) } else { None }
    }

    fn flag(&self) -> Option<bool> {
        if let Self::Flag(flag) = *self { Some(flag) } else { None }
    }
}

impl From<tokio_postgres::Error> for Trouble {
    fn from(error: tokio_postgres::Error) -> Self {
        let told = error.as_db_error().map(|it| it.message().to_owned());
        let cause = || std::error::Error::source(&error).map_or_else(String::new, |it| format!(": {it}"));
        Self::passing(told.unwrap_or_else(|| format!("{error}{}", cause())))
    }
}
