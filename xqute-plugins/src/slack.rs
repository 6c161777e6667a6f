//! Tells a Slack channel of failures, long jobs and the end of a run, by an incoming webhook.
//!
//! Off unless a run has configuration for `slack`:
//!
//! ```no_run
//! # fn main() -> xqute::Result<()> {
//! use xqute::Secret;
//! use xqute_plugins::slack::SlackConfig;
//! let config = SlackConfig { url: Some(Secret::Env("SLACK_WEBHOOK".into())), ..SlackConfig::default() };
//! let xqute = xqute::Xqute::builder().config("slack", config).build()?;
//! # drop(xqute);
//! # Ok(())
//! # }
//! ```
//!
//! `docs/plugins/slack.md` says how to get such a webhook, and shows a message. No hook waits for Slack. What could not be
//! delivered is kept in the work directory, and delivered by the next run on it.

mod blocks;
#[cfg(test)]
mod tests;

use std::path::PathBuf;

use ureq::http::HeaderMap;
use xqute::units::Time;
use xqute::{BoxError, Job, Run, Scheduler, Secret, Summary, hook};

use crate::deliver::{Carrier, Courier, Message, Refusal, config};
use crate::http::{Options, Poster};

xqute::plugin!(name = "slack", enabled = false, config = SlackConfig);

const NAME: &str = "slack";

config! {
    /// The configuration of `slack`. Without a URL it is an error.
    pub struct SlackConfig {
        /// Where the URL of the incoming webhook is. Who knows it may write to the channel, so it is a secret.
        pub url: Option<Secret> = None,
        /// A file of certificates (PEM) of those who are trusted to say who the server is, instead of the public authorities: for a
        /// proxy that opens what is encrypted, or a server that speaks as Slack does.
        pub ca_file: Option<PathBuf> = None,
        /// How long an attempt may take. Default: `"10s"`.
        pub timeout: Time = Time::secs(10),
    }
}

/// The plugin's state of a run.
struct Slack(Courier);

struct Post(Poster);

impl Carrier for Post {
    fn carry(&self, message: &Message) -> Result<(), Refusal> {
        let body = serde_json::to_vec(&blocks::body(message));
        let body = body.map_err(|error| Refusal::ForGood(format!("it cannot be written: {error}")))?;
        self.0.post(&HeaderMap::new(), &body)
    }
}

impl SlackConfig {
    fn post(&self, run: &Run) -> Result<Post, BoxError> {
        let url = self
            .url
            .as_ref()
            .ok_or("`url` is missing: say where it is, as `url = { env = \"SLACK_WEBHOOK\" }`")?;
        let ca_file = self.ca_file.clone();
        let options = Options { timeout: self.timeout.0, ca_file, plain: false, plain_key: None };
        Ok(Post(Poster::new(&run.reveal(url)?, &options)?))
    }
}

#[hook]
fn on_init(run: &Run, scheduler: &Scheduler) -> Result<(), BoxError> {
    let config = run.config::<SlackConfig>(NAME)?.unwrap_or_default();
    let post = Box::new(config.post(run)?);
    Ok(run.init_state(Slack(Courier::start(NAME, config.speak(), run, scheduler, post)?))?)
}

#[hook]
fn on_job_failed(run: &Run, job: &Job) {
    if let Some(Slack(courier)) = run.state() {
        courier.failed(job);
    }
}

#[hook]
fn on_job_polling(run: &Run, job: &Job) {
    if let Some(Slack(courier)) = run.state() {
        courier.polled(job);
    }
}

#[hook(priority = -1)]
fn on_run_done(run: &Run, summary: &Summary) {
    if let Some(Slack(courier)) = run.state() {
        courier.ended(summary);
    }
}

/// When all who deliver have begun.
#[hook(name = on_run_done, priority = 1)]
async fn drained(run: &Run) {
    if let Some(Slack(courier)) = run.state() {
        courier.drained(run).await;
    }
}
