//! Tells a program elsewhere of failures, long jobs and the end of a run: JSON, posted to a URL.
//!
//! Off unless a run has configuration for `webhook`:
//!
//! ```no_run
//! # fn main() -> xqute::Result<()> {
//! use xqute::Secret;
//! use xqute_plugins::webhook::WebhookConfig;
//! let config = WebhookConfig { url: Some(Secret::Env("HOOK_URL".into())), ..WebhookConfig::default() };
//! let xqute = xqute::Xqute::builder().config("webhook", config).build()?;
//! # drop(xqute);
//! # Ok(())
//! # }
//! ```
//!
//! What is posted, how it is signed, and what answers mean: `docs/plugins/webhook.md`. No hook waits for the network. What could
//! not be delivered is kept in the work directory, and delivered by the next run on it.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::de::{Deserializer, Error as _};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use ureq::http::{HeaderMap, HeaderName, HeaderValue};
use xqute::units::Time;
use xqute::{BoxError, Job, Revealed, Run, Scheduler, Secret, Summary, hook};

use crate::deliver::{Carrier, Courier, Message, Refusal, config};
use crate::http::{Options, Poster};

#[cfg(test)]
mod tests;

xqute::plugin!(name = "webhook", enabled = false, config = WebhookConfig);

const NAME: &str = "webhook";
/// The message's identifier, equal in every attempt: who has seen it need not take it again.
const ID: &str = "idempotency-key";
/// `sha256=` and the HMAC-SHA256 of the body, in hexadecimal digits.
const SIGNATURE: &str = "x-xqute-signature-256";
/// What the plugin sets itself.
const OWN: [&str; 6] = [ID, SIGNATURE, "content-type", "content-length", "transfer-encoding", "host"];
/// Headers that have this in their names hold what nobody else should read, as far as anybody can tell from a name: `Authorization`,
/// `X-Api-Key`, `Private-Token`.
const SECRET: [&str; 7] = ["auth", "cookie", "credential", "key", "password", "secret", "token"];

config! {
    /// The configuration of `webhook`. Without a URL it is an error.
    pub struct WebhookConfig {
        /// Where the URL is that is posted to. Who knows it may post there, so it is a secret.
        pub url: Option<Secret> = None,
        /// Further headers, by name. One whose name tells that it is secret has to be a secret. Default: none.
        pub headers: BTreeMap<String, Header> = BTreeMap::new(),
        /// Where the key is that bodies are signed with, in the header `X-Xqute-Signature-256`. Default: they are not signed.
        pub sign: Option<Secret> = None,
        /// A file of certificates (PEM) of those who are trusted to say who the server is, instead of the public authorities.
        pub ca_file: Option<PathBuf> = None,
        /// Whether `http` URLs of other machines are allowed. Default: false.
        pub plain_http: bool = false,
        /// How long an attempt may take. Default: `"10s"`.
        pub timeout: Time = Time::secs(10),
    }
}

/// The value of a header: a text, or where the secret is that it is. What is known to authenticate has to be a secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Header {
    /// This text.
    Text(String),
    /// What is found there.
    Secret(Secret),
}

xqute::config_word!(Header, "text or secret");

impl<'de> Deserialize<'de> for Header {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match Value::deserialize(deserializer)? {
            Value::String(text) => Ok(Self::Text(text)),
            place => Secret::deserialize(place).map(Self::Secret).map_err(D::Error::custom),
        }
    }
}

/// The plugin's state of a run.
struct Webhook(Courier);

/// Posts messages.
struct Post {
    poster: Poster,
    headers: HeaderMap,
    sign: Option<Revealed>,
}

/// What is posted: the message, and what it says for people.
#[derive(Serialize)]
struct Body<'a> {
    #[serde(flatten)]
    message: &'a Message,
    subject: String,
    text: String,
}

impl Carrier for Post {
    fn carry(&self, message: &Message) -> Result<(), Refusal> {
        let body = Body { message, subject: message.subject(), text: message.text() };
        let wrong =
            |error: &dyn std::fmt::Display| Refusal::ForGood(format!("it cannot be written: {error}"));
        let body = serde_json::to_vec(&body).map_err(|error| wrong(&error))?;
        let mut headers = self.headers.clone();
        headers.insert(ID, HeaderValue::from_str(&message.id).map_err(|error| wrong(&error))?);
        if let Some(key) = &self.sign {
            let signature = signature(key.expose().as_bytes(), &body);
            headers.insert(SIGNATURE, HeaderValue::from_str(&signature).map_err(|error| wrong(&error))?);
        }
        self.poster.post(&headers, &body)
    }
}

fn signature(key: &[u8], body: &[u8]) -> String {
    let tag = ring::hmac::sign(&ring::hmac::Key::new(ring::hmac::HMAC_SHA256, key), body);
    tag.as_ref().iter().fold("sha256=".to_owned(), |text, byte| format!("{text}{byte:02x}"))
}

impl WebhookConfig {
    fn post(&self, run: &Run) -> Result<Post, BoxError> {
        let url = self
            .url
            .as_ref()
            .ok_or("`url` is missing: say where it is, as `url = { env = \"HOOK_URL\" }`")?;
        let timeout = self.timeout.0;
        let plain_key = Some("plain_http");
        let options = Options { timeout, ca_file: self.ca_file.clone(), plain: self.plain_http, plain_key };
        Ok(Post {
            poster: Poster::new(&run.reveal(url)?, &options)?,
            headers: self
                .headers
                .iter()
                .map(|(name, value)| header(run, name, value))
                .collect::<Result<_, _>>()?,
            sign: self.sign.as_ref().map(|it| run.reveal(it)).transpose()?,
        })
    }
}

fn header(run: &Run, name: &str, value: &Header) -> Result<(HeaderName, HeaderValue), BoxError> {
    let known: HeaderName = name.parse().map_err(|_| format!("`{name}` is no name of a header"))?;
    if OWN.contains(&known.as_str()) {
        return Err(format!("the header `{name}` is not for configuration: xqute sets it").into());
    }
    let revealed;
    let text = match value {
        Header::Text(_) if SECRET.iter().any(|it| known.as_str().contains(it)) => {
            return Err(format!(
                "the header `{name}` is a secret: say where it is, as `{name} = {{ env = \"NAME\" }}`"
            )
            .into());
        }
        Header::Text(text) => text.as_str(),
        Header::Secret(place) => {
            revealed = run.reveal(place)?;
            revealed.expose()
        }
    };
    let mut value = HeaderValue::from_str(text)
        .map_err(|_| format!("the value of the header `{name}` cannot be sent"))?;
    value.set_sensitive(true);
    Ok((known, value))
}

#[hook]
fn on_init(run: &Run, scheduler: &Scheduler) -> Result<(), BoxError> {
    let config = run.config::<WebhookConfig>(NAME)?.unwrap_or_default();
    let post = Box::new(config.post(run)?);
    Ok(run.init_state(Webhook(Courier::start(NAME, config.speak(), run, scheduler, post)?))?)
}

#[hook]
fn on_job_failed(run: &Run, job: &Job) {
    if let Some(Webhook(courier)) = run.state() {
        courier.failed(job);
    }
}

#[hook]
fn on_job_polling(run: &Run, job: &Job) {
    if let Some(Webhook(courier)) = run.state() {
        courier.polled(job);
    }
}

#[hook(priority = -1)]
fn on_run_done(run: &Run, summary: &Summary) {
    if let Some(Webhook(courier)) = run.state() {
        courier.ended(summary);
    }
}

/// When all who deliver have begun.
#[hook(name = on_run_done, priority = 1)]
async fn drained(run: &Run) {
    if let Some(Webhook(courier)) = run.state() {
        courier.drained(run).await;
    }
}
