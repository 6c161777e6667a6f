//! What is a job? What is asked, what is known of it, how it ended, and what its files are called.

mod argv;
mod files;
mod outcome;
mod spec;
mod status;
mod view;

pub use argv::{Argv, ArgvError};
pub use files::JobFiles;
pub use outcome::{Cancelled, Failure, Outcome, Signal, SkipAs};
pub use spec::JobSpec;
pub use status::Status;
pub use view::Job;
