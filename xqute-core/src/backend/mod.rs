//! How is a cluster spoken to? A backend submits, observes and kills; it knows no hook, no journal, no retry.

mod contract;
mod local;
mod null;

pub use contract::{
    Accepted, Answer, Backend, Env, Found, Jid, Kill, Left, Observation, Process, Refused, Seen, Submission,
    Unreachable,
};
pub use local::{Local, supervise};
pub use null::Null;
