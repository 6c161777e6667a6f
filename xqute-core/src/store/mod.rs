//! What survives a crash? The work directory, the journal in it, and the small files of jobs.

mod aside;
mod check;
mod compact;
mod entries;
mod error;
mod follow;
mod frame;
mod given;
mod holder;
mod journal;
mod left;
mod list;
mod metadata;
mod parts;
mod past;
mod reader;
mod record;
mod records;
mod rewrite;
#[cfg(test)]
mod samples;
mod sync;
mod utc;
mod view;
mod words;
mod workdir;

pub use check::{Checked, Finding, check};
pub use entries::{Entries, Entry, Fact};
pub use error::{JournalError, WorkDirError};
pub use follow::{Mark, MarkError};
pub(crate) use journal::{Journal, Opened};
pub(crate) use left::PastLeft;
pub(crate) use list::{Refed, Specs};
pub(crate) use metadata::{make_metadir, set_aside, write_line, write_script};
pub(crate) use past::{Past, PastState, Sameness};
pub(crate) use record::{By, Record, Used};
pub(crate) use records::Records;
#[cfg(test)]
pub(crate) use samples::Paper;
pub use utc::utc;
pub(crate) use utc::{millis, now};
pub use view::{JobState, JobView, RunView, WorkDirView};
pub(crate) use workdir::WorkDir;
