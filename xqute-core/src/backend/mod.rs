//! How is a cluster spoken to? A backend submits, observes and kills; it knows no hook, no journal, no retry.

mod contract;
mod local;

pub(crate) use contract::{Accepted, Backend, Jid, Observation, Rejected, Submission};
pub(crate) use local::Local;
