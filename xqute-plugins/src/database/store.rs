//! Which database is it, and what does everything that writes to one have in common?

use std::fmt;
use std::sync::Arc;

use xqute::Mark;

use super::books::Books;
use super::rows::Batch;

/// The versions of the schema, the first at the front: what makes each from the one before. None of them ever changes.
pub(super) const VERSIONS: [&str; 2] = [include_str!("schema/1.sql"), include_str!("schema/2.sql")];

/// The newest version, which is the one that is written.
pub(super) const NEWEST: i64 = VERSIONS.len() as i64;

/// A version as one database is to read it: with what is in a comment for that one, `/* NAME: … */`.
pub(super) fn text_for(database: &str, version: &str) -> String {
    let (begin, mut text, mut rest) = (format!("/* {database}: "), String::new(), version);
    while let Some((before, after)) = rest.split_once(&begin)
        && let Some((inside, behind)) = after.split_once(" */")
    {
        text.extend([before, inside]);
        rest = behind;
    }
    text + rest
}

/// A journal that a database does not know.
#[derive(Debug, Clone)]
pub(super) struct Source {
    pub(super) workdir: String,
    /// [`xqute::Entries::journal`], in 16 digits.
    pub(super) journal: String,
    /// The runs that it tells of, at least one: where it was written anew, the database knows one of them.
    pub(super) runs: Vec<String>,
}

/// Where a database stands with a journal.
#[derive(Debug)]
pub(super) struct Standing {
    pub(super) list: String,
    /// How far it is taken in. `None`: it is not begun.
    pub(super) mark: Option<Mark>,
    pub(super) books: Books,
}

/// Why a database was not written to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Trouble {
    pub(super) why: Arc<str>,
    /// Whether it stays so as long as nobody changes something.
    pub(super) lasts: bool,
}

impl Trouble {
    pub(super) fn passing(why: impl fmt::Display) -> Self {
        Self { why: why.to_string().into(), lasts: false }
    }

    pub(super) fn lasting(why: impl fmt::Display) -> Self {
        Self { why: why.to_string().into(), lasts: true }
    }

    /// The schema of a newer xqute.
    pub(super) fn newer(found: i64) -> Self {
        Self::lasting(format_args!(
            "its schema has version {found}, and this xqute knows versions up to {NEWEST}: use a newer xqute, or another database"
        ))
    }
}

/// A database that is open.
pub(super) trait Store: Send {
    /// Where it stands with a journal; `None`: it does not know it.
    fn find(&mut self, journal: &str) -> Result<Option<Standing>, Trouble>;

    /// Finds the list that a new journal is of, or makes it: its name. Nothing of the journal is taken in.
    fn add(&mut self, source: &Source) -> Result<String, Trouble>;

    /// Writes rows, and how far that is: all of it or nothing.
    fn write(&mut self, list: &str, batch: &Batch) -> Result<(), Trouble>;
}

/// Which database it is.
#[derive(Debug, Clone)]
pub(super) enum Target {
    #[cfg(feature = "sqlite")]
    Sqlite(std::path::PathBuf),
    #[cfg(feature = "postgres")]
    Postgres(Box<super::address::Address>),
}

impl Target {
    pub(super) fn open(&self) -> Result<Box<dyn Store>, Trouble> {
        match self {
            #[cfg(feature = "sqlite")]
            Self::Sqlite(path) => Ok(Box::new(super::sqlite::Sqlite::open(path)?)),
            #[cfg(feature = "postgres")]
            Self::Postgres(address) => Ok(Box::new(super::postgres::Postgres::open(address)?)),
        }
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            #[cfg(feature = "sqlite")]
            Self::Sqlite(path) => write!(f, "{}", path.display()),
            #[cfg(feature = "postgres")]
            Self::Postgres(address) => write!(f, "{address}"),
        }
    }
}

/// The statements that both databases know, with places `$1`, `$2`, ….
pub(super) mod sql {
    pub(in super::super) const MAKE_VERSION: &str = "CREATE TABLE xqute_schema (version BIGINT NOT NULL)";
    pub(in super::super) const VERSION: &str = "SELECT coalesce(max(version), 0) FROM xqute_schema";
    pub(in super::super) const SET_VERSION: &str = "INSERT INTO xqute_schema (version) VALUES ($1)";
    pub(in super::super) const LIST: &str =
        "SELECT id, mark, run FROM lists WHERE journal = $1 ORDER BY id LIMIT 1";
    pub(in super::super) const LIST_OF_RUN: &str = "SELECT list FROM runs WHERE id = $1";
    pub(in super::super) const ADD_LIST: &str = "INSERT INTO lists (id, workdir, journal) VALUES ($1, $2, $3)
        ON CONFLICT (id) DO UPDATE SET workdir = excluded.workdir, journal = excluded.journal, mark = NULL, run = NULL";
    pub(in super::super) const LIVE: &str = "SELECT idx, run, attempt, state FROM attempts
        WHERE list = $1 AND state IN ('submitted', 'running')";
    /// A run begins: what the last one left waits for its turn.
    pub(in super::super) const TAKE_UP: &str =
        "UPDATE jobs SET state = 'queued', stopped = FALSE, why = NULL, ended = NULL
        WHERE list = $1 AND (stopped OR state IN ('held', 'submitted', 'running', 'retrying'))";
    pub(in super::super) const SET_MARK: &str = "UPDATE lists SET mark = $2, run = $3 WHERE id = $1";
}
