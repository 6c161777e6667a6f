//! What is a job? What is asked, what is known of it, how it ended, and what its files are called.

mod after;
mod argv;
pub(crate) mod bundle;
mod declared;
mod digest;
mod failure;
mod files;
mod graph;
mod moment;
mod outcome;
mod output;
mod retry;
mod signal;
mod spec;
mod status;
mod usage;
mod view;

pub use after::JobRef;
pub(crate) use after::Need;
pub use argv::{Argv, ArgvError};
pub(crate) use digest::Digest;
pub use failure::Failure;
pub use files::JobFiles;
pub(crate) use files::{
    LOCAL_LOCK, LOCAL_LOG, LOCAL_OUTPUT, LOCAL_SOCKET, OUTPUT_DATA, OUTPUT_EARLIER, OUTPUT_INDEX,
    PLUGIN_DIRECTORIES, PLUGINS_ASIDE, PLUGINS_MARK, SLOTS_WHO, is_output_name, large_name, slot_names,
    slots_name,
};
pub use graph::{GraphError, in_order};
pub use moment::Moment;
pub use outcome::{Cancelled, KillReason, Outcome, SkipAs};
pub use output::{Output, Stream, Written};
pub use retry::{DEFAULT_DELAY, DEFAULT_MAX_DELAY, DEFAULT_RETRIES, FailureKind, RetryPolicy};
pub use signal::Signal;
pub use spec::{JobSpec, SpecError};
pub use status::Status;
pub use usage::{PeakMemory, Usage};
pub(crate) use view::Asked;
pub use view::Job;
