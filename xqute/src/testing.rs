//! How is a plugin tested? In a [`TestRun`]: the real engine with chosen plugins only, pretended jobs, and virtual time.
//!
//! A feature, for the dev-dependencies of a plugin:
//!
//! ```toml
//! [dev-dependencies]
//! xqute = { version = "0.1", features = ["testing"] }
//! ```
//!
//! A test names the plugins, feeds jobs, each with a [`Plan`] of what becomes of it, and runs. What comes of it is a [`Trace`]: every call of
//! a hook and every moment that a job has reached, in their order.
//!
//! ```
//! use std::time::Duration;
//! use xqute::testing::{Plan, TestRun};
//! use xqute::{Job, Outcome, Submit, hook};
//!
//! mod gate {
//!     # use super::*;
//!     xqute::plugin!(name = "gate");
//!
//!     #[hook]
//!     async fn on_job_submitting(job: &Job) -> Submit {
//!         if job.cmd().contains("big") { Submit::veto("too big") } else { Submit::Proceed }
//!     }
//! }
//!
//! # fn main() {
//! // #[test]
//! let run = TestRun::new(["gate"])
//!     .feed(["big", "job"], Plan::exits(0))
//!     .feed(["small", "job"], Plan::exits(0).after(Duration::from_secs(1800)))
//!     .run();
//!
//! assert_eq!(run.job(0).outcome().to_string(), "cancelled: vetoed by plugin `gate`: too big");
//! assert_eq!(run.job(1).outcome(), &Outcome::Succeeded);
//! assert_eq!(run.elapsed(), Duration::from_secs(1800)); // and none of it real
//! run.assert_order(1, ["gate::on_job_submitting"]);
//! run.assert_no_faults();
//! # }
//! ```
//!
//! - **It is the engine of any run**: journal, slots, retries, limits, files of jobs. Pretended are the cluster and the clock. Settings that
//!   a test needs go through [`TestRun::with`]; `forks` is 1, so that jobs run one after the other, unless it is set.
//! - **Time is virtual**: it passes when nobody has anything to do, and then at once. Limits, waits before retries and polls take no real
//!   time, and what is shown of time (`job.started()`, `summary.elapsed`) is virtual too. What waits for something outside of the
//!   runtime, such as a socket or a thread of its own, is not waited for by the clock; `spawn_blocking` and `tokio::fs` are.
//! - **A hook that waits for ever** ends the test with an error that names it, after an hour of virtual time ([`TestRun::give_up_after`]). One that blocks its thread stops the clock,
//!   and the test.
//! - **Many tests in one binary**: all plugins are linked, and each run calls those that it names. In a folder `tests/`, the plugin's own
//!   crate has to be linked: `.with(|it| it.plugins(xqute::plugins![xqute_plugin_gate]))`.

pub use xqute_core::testing::{Call, Event, GIVE_UP_AFTER, JobTrace, Plan, Step, TestError, TestRun, Trace};
