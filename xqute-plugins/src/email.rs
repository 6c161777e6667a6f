//! Mail about failed jobs, jobs that run for long, and the end of the run: the "Email Notifications" of the plugins page.
//!
//! Off unless it is configured. As `xqute.toml` says it:
//!
//! ```toml
//! [plugins.email]
//! to = ["you@example.org", "Team <team@example.org>"]
//! server = "smtp.example.org"             # STARTTLS at port 587, unless `tls` or `port` say otherwise
//! user = "you"
//! password = { env = "MAIL_PASSWORD" }    # where it is, never what it is
//! long_jobs = "2h"                        # those that run for longer are told, too
//! ```
//!
//! and as a program does:
//!
//! ```
//! # fn main() -> xqute::Result<()> {
//! # let dir = std::env::temp_dir().join(format!("xqute-email-{}", std::process::id()));
//! # std::fs::create_dir_all(&dir).unwrap();
//! use xqute_plugins::email::{Addresses, EmailConfig};
//! let config = EmailConfig { to: Addresses(vec!["you@example.org".into()]), ..EmailConfig::default() };
//! let xqute = xqute::Xqute::builder().workdir(dir.join("work")).config("email", config).build()?;
//! # drop(xqute);
//! # std::fs::remove_dir_all(dir).unwrap();
//! # Ok(())
//! # }
//! ```
//!
//! No job waits for a mail. Failures are gathered: thousands of them are one mail, in groups. What cannot be delivered is kept in the
//! work directory, the summary says so, and the next run there sends it.

use std::net::IpAddr;
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize};
use xqute::units::Time;
use xqute::{BoxError, Job, Run, Scheduler, Secret, Summary, hook};

use crate::deliver::{Courier, config};

mod carrier;
mod mail;
#[cfg(test)]
mod tests;

use carrier::{Complaints, Mailer};

xqute::plugin!(name = "email", enabled = false, config = EmailConfig);

/// The plugin's name.
const NAME: &str = "email";

config! {
    /// The configuration of `email`. `to` has to be there; all else has defaults.
    pub struct EmailConfig {
        /// Who is told: an address, `"you@example.org"` or `"You <you@example.org>"`, or a list of them.
        pub to: Addresses = Addresses::default(),
        /// Whom the mail is from: an address. Default: the first of `to`.
        pub from: Option<String> = None,
        /// The host that takes the mail. Default: `"localhost"`.
        pub server: String = "localhost".to_owned(),
        /// Its port, which is no part of `server`. Default: what `tls` has, 587, 465 or 25.
        pub port: Option<u16> = None,
        /// How what is sent is kept from others. Default: `"starttls"`.
        pub tls: Security = Security::Starttls,
        /// Whether `tls = "none"` may go to another machine, where all on the way can read mail and password. Default: false.
        pub allow_plain: bool = false,
        /// A file of certificates (PEM) of those who are trusted to say who the server is, instead of the public authorities.
        pub ca_file: Option<std::path::PathBuf> = None,
        /// By which name the server knows the user. Default: it is not asked for one.
        pub user: Option<String> = None,
        /// Where the user's password is.
        pub password: Option<Secret> = None,
        /// How long the server may take for each answer. Default: `"20s"`.
        pub timeout: Time = Time::secs(20),
    }
}

/// Mail addresses. In a configuration a text or a list of texts.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Addresses(pub Vec<String>);

xqute::config_word!(Addresses, "text or list of texts");

impl<'de> Deserialize<'de> for Addresses {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged, expecting = "an address, or a list of addresses")]
        enum Given {
            One(String),
            Many(Vec<String>),
        }
        Ok(Self(match Given::deserialize(deserializer)? {
            Given::One(address) => vec![address],
            Given::Many(addresses) => addresses,
        }))
    }
}

/// How what is sent to a mail server is kept from others.
#[xqute::config]
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Security {
    /// The connection begins in the clear, and is secured before anything is said: without STARTTLS there is no mail. Port 587.
    #[default]
    Starttls,
    /// It is secured from its first byte. Port 465.
    Smtps,
    /// Not at all. Only on this machine, unless `allow_plain` says otherwise. Port 25.
    None,
}

impl Security {
    fn port(self) -> u16 {
        match self {
            Self::Starttls => 587,
            Self::Smtps => 465,
            Self::None => 25,
        }
    }
}

impl EmailConfig {
    /// What makes no sense is told before the run begins.
    fn check(&self) -> Result<(), String> {
        let plain = self.tls == Security::None && !self.allow_plain && !is_this_machine(&self.server);
        if self.server.is_empty() {
            return Err("`server` is empty: name the host that takes the mail".to_owned());
        }
        if !is_host(&self.server) {
            return Err(format!(
                "`server` is a host's name or address, and `{}` is none: its port is the key `port`, as `port = 587`",
                self.server
            ));
        }
        if plain {
            return Err(format!(
                "with `tls = \"none\"` everybody on the way to {} could read the mail{}: say \"starttls\" or \"smtps\", or `allow_plain = true`",
                self.server,
                if self.password.is_some() { " and the password" } else { "" }
            ));
        }
        match (&self.user, &self.password) {
            (Some(_), None) => {
                Err("there is a `user` without a `password`: `password = { env = 'NAME' }`".to_owned())
            }
            (None, Some(_)) => Err("there is a `password` without a `user`".to_owned()),
            _ if self.timeout.0.is_zero() => {
                Err("a `timeout` of 0 leaves the server no time at all".to_owned())
            }
            _ => Ok(()),
        }
    }
}

/// Whether it may be a host's name, or is its address, without a port, a user or a scheme.
fn is_host(text: &str) -> bool {
    text.parse::<IpAddr>().is_ok() || !text.contains(|it: char| ":/@[]".contains(it) || it.is_whitespace())
}

/// Whether nobody else is on the way to a host.
fn is_this_machine(host: &str) -> bool {
    host == "localhost" || host.parse().is_ok_and(|it: IpAddr| it.is_loopback())
}

/// What the hooks of a run share.
struct Email {
    courier: Courier,
    complaints: Complaints,
}

#[hook]
fn on_init(run: &Run, scheduler: &Scheduler) -> Result<(), BoxError> {
    let config = run.config::<EmailConfig>(NAME)?.unwrap_or_default();
    config.check()?;
    let password = config.password.as_ref().map(|it| run.reveal(it)).transpose()?;
    let complaints = Complaints::default();
    let mailer = Mailer::new(&config, password.as_ref(), Arc::clone(&complaints))?;
    let courier = Courier::start(NAME, config.speak(), run, scheduler, Box::new(mailer))?;
    Ok(run.init_state(Email { courier, complaints })?)
}

#[hook]
fn on_job_failed(run: &Run, job: &Job) {
    if let Some(email) = run.state::<Email>() {
        email.courier.failed(job);
    }
}

#[hook]
fn on_job_polling(run: &Run, job: &Job) {
    if let Some(email) = run.state::<Email>() {
        email.courier.polled(job);
    }
}

#[hook]
async fn on_run_done(run: &Run, summary: &Summary) {
    let Some(email) = run.state::<Email>() else { return };
    email.courier.done(run, summary).await;
    carrier::told(&email.complaints).iter().for_each(|it| run.note(it));
}
