//! Runs, jobs, attempts, events and what they used, in a database: SQLite (feature `sqlite`) or PostgreSQL (`postgres`).
//!
//! Off unless it is configured: [`DatabaseConfig`]. It has no hook at any step of a job: a thread follows the run's journal, and
//! writes what is new in batches, with its place in the journal, in one transaction each. So it costs a run only processor time;
//! what was not written when a program was killed, the next run on the work directory writes; and nothing is written twice. The
//! tables stand in `docs/plugins/database.md`.
//!
//! A database that is down, slow or locked never fails a job, and never holds one up: it is tried again, and where something is
//! missing at the end of the run, its summary says so.
//!
//! ```
//! # #[cfg(feature = "sqlite")]
//! # fn main() -> xqute::Result<()> {
//! # let dir = std::env::temp_dir().join(format!("xqute-database-{}", std::process::id()));
//! # std::fs::create_dir_all(&dir).unwrap();
//! use xqute_plugins::database::DatabaseConfig;
//! let config = DatabaseConfig { path: Some(dir.join("jobs.db")), ..DatabaseConfig::default() };
//! let xqute = xqute::Xqute::builder().workdir(dir.join("work")).config("database", config).build()?;
//! # drop(xqute);
//! # std::fs::remove_dir_all(dir).unwrap();
//! # Ok(())
//! # }
//! # #[cfg(not(feature = "sqlite"))]
//! # fn main() {}
//! ```

#[cfg(feature = "postgres")]
mod address;
mod books;
mod follower;
#[cfg(feature = "postgres")]
mod postgres;
mod rows;
#[cfg(feature = "sqlite")]
mod sqlite;
mod store;
mod tables;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use xqute::units::Time;
use xqute::{BoxError, Run, Secret, hook};

use follower::Follower;
use store::Target;

xqute::plugin!(name = "database", enabled = false, config = DatabaseConfig);

/// The configuration of `database`. All of it has defaults.
#[xqute::config]
#[derive(Debug, Clone)]
pub struct DatabaseConfig {
    /// The SQLite file, made with mode 0600. Default: `jobs.db`, in the directory that the program was started in.
    pub path: Option<PathBuf>,
    /// Where the address of a PostgreSQL database is: `postgresql://USER:PASSWORD@HOST:PORT/NAME`. Default: none, and a SQLite
    /// file is used.
    pub url: Option<Secret>,
    /// Whether what happened to each job has a row for each event. Default: true.
    pub events: bool,
    /// How long the end of the run waits, at most, for what is not written yet. Default: `30s`.
    pub drain: Time,
}

impl Default for DatabaseConfig {
    fn default() -> Self {
        Self { path: None, url: None, events: true, drain: Time(Duration::from_secs(30)) }
    }
}

/// What the hooks need.
#[derive(Debug)]
struct State {
    follower: Arc<Follower>,
    drain: Duration,
}

#[hook]
fn on_init(run: &Run) -> Result<(), BoxError> {
    let config = run.config::<DatabaseConfig>("database")?.unwrap_or_default();
    let target = target(run, &config)?;
    let follower = Follower::start(run.workdir().to_owned(), target, config.events)?;
    Ok(run.init_state(State { follower: Arc::new(follower), drain: config.drain.0 })?)
}

#[hook]
async fn on_run_done(run: &Run) -> Result<(), BoxError> {
    let Some(State { follower, drain }) = run.state::<State>() else { return Ok(()) };
    let (follower, drain) = (Arc::clone(follower), *drain);
    // It blocks its thread, which is to be none that other tasks wait for.
    let missing = tokio::task::spawn_blocking(move || follower.finish(drain)).await?;
    if let Some(missing) = missing {
        run.note(missing);
    }
    Ok(())
}

/// Which database is configured.
fn target(run: &Run, config: &DatabaseConfig) -> Result<Target, BoxError> {
    match (&config.path, &config.url) {
        (Some(_), Some(_)) => {
            Err("`path` is a SQLite file and `url` a PostgreSQL server: leave one out".into())
        }
        (path, None) => sqlite(path.as_deref().unwrap_or_else(|| Path::new("jobs.db"))),
        (None, Some(url)) => postgres(run, url),
    }
}

#[cfg(feature = "sqlite")]
fn sqlite(path: &Path) -> Result<Target, BoxError> {
    let path = std::path::absolute(path)?;
    let folder = path.parent().unwrap_or(&path);
    if !folder.is_dir() {
        return Err(
            format!("cannot make {}: there is no directory {}", path.display(), folder.display()).into()
        );
    }
    sqlite::check(&path)?;
    Ok(Target::Sqlite(path))
}

#[cfg(not(feature = "sqlite"))]
fn sqlite(_path: &Path) -> Result<Target, BoxError> {
    Err("this program was built without SQLite: build it with the feature `sqlite`, or name a server (`url`)"
        .into())
}

#[cfg(feature = "postgres")]
fn postgres(run: &Run, url: &Secret) -> Result<Target, BoxError> {
    Ok(Target::Postgres(Box::new(address::Address::parse(run.reveal(url)?.expose())?)))
}

#[cfg(not(feature = "postgres"))]
fn postgres(_run: &Run, _url: &Secret) -> Result<Target, BoxError> {
    Err("this program was built without PostgreSQL: build it with the feature `postgres`, or name a file (`path`)".into())
}
