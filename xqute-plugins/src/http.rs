//! How is a message posted to an address that is a secret, and what does the answer mean?
//!
//! Shared by the plugins that speak HTTP. Encrypted, with rustls, unless the address is on this machine or its plugin's
//! configuration allows more. No redirect is followed: what is sent is for the one who was named. No error tells the address.

mod date;
mod hidden;
#[cfg(test)]
mod tests;

use std::fs;
use std::io::Read;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use ureq::http::{HeaderMap, StatusCode, Uri, header::RETRY_AFTER};
use ureq::tls::{Certificate, PemItem, RootCerts, TlsConfig, parse_pem};
use ureq::{Agent, Error};
use xqute::Revealed;

use crate::deliver::Refusal;
use hidden::Hidden;

/// Of an answer so many bytes are read; what is secret in them is taken out,
const TOLD: u64 = 16 * 1024;
/// and so many characters are told.
const WIDTH: usize = 200;

/// By which answers (4xx) a message itself is bad, and would be another time. Any other is of who was asked, where, and by whom: an
/// address that was withdrawn, a token that has changed, a proxy that is in the way for a while. That can be mended.
const BAD_MESSAGE: [StatusCode; 8] = [
    StatusCode::BAD_REQUEST,
    StatusCode::CONFLICT,
    StatusCode::LENGTH_REQUIRED,
    StatusCode::PAYLOAD_TOO_LARGE,
    StatusCode::UNSUPPORTED_MEDIA_TYPE,
    StatusCode::UNPROCESSABLE_ENTITY,
    StatusCode::PRECONDITION_REQUIRED,
    StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
];

/// How an address is spoken to.
#[derive(Debug)]
pub(crate) struct Options {
    /// How long an attempt may take as a whole.
    pub(crate) timeout: Duration,
    /// Who is trusted to say who a server is, instead of the public authorities: a file of certificates (PEM).
    pub(crate) ca_file: Option<PathBuf>,
    /// Whether what is sent may go unencrypted to other machines.
    pub(crate) plain: bool,
    /// The key of the plugin's configuration that says so, if it has one.
    pub(crate) plain_key: Option<&'static str>,
}

/// Posts to one address.
pub(crate) struct Poster {
    agent: Agent,
    uri: Uri,
    /// What no message may show: the address, and what of it is found alone.
    hidden: Hidden,
}

impl Poster {
    /// For this address. The error says what is wrong with it, and not what it is.
    pub(crate) fn new(address: &Revealed, options: &Options) -> Result<Self, String> {
        if options.timeout.is_zero() {
            return Err("a `timeout` of 0 leaves the server no time at all".to_owned());
        }
        let uri: Uri = address.expose().parse().map_err(|_| "`url` is no URL".to_owned())?;
        let host = uri.host().unwrap_or_default();
        let is_local = is_loopback(host);
        match uri.scheme_str() {
            _ if host.is_empty() => return Err("`url` names no host".to_owned()),
            Some("https") => {}
            Some("http") if is_local || options.plain => {}
            Some("http") => {
                let allowed = options.plain_key.map(|it| format!(", or allow it by `{it} = true`"));
                return Err(format!(
                    "`url` is http, by which everybody on the way can read what is sent: write https{}",
                    allowed.unwrap_or_default()
                ));
            }
            _ => return Err("`url` is neither https nor http".to_owned()),
        }
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false);
        let config = config
            .timeout_global(Some(options.timeout))
            .user_agent(concat!("xqute/", env!("CARGO_PKG_VERSION")));
        // Whoever is asked for on this machine is not behind a proxy.
        let config = if is_local { config.proxy(None) } else { config };
        let trusted = options.ca_file.as_deref().map(authorities).transpose()?;
        let config = match trusted {
            Some(trusted) => config.tls_config(TlsConfig::builder().root_certs(trusted).build()),
            None => config,
        };
        Ok(Self { agent: config.build().new_agent(), uri, hidden: Hidden::address(address.expose()) })
    }

    /// Posts this JSON, once.
    pub(crate) fn post(&self, headers: &HeaderMap, body: &[u8]) -> Result<(), Refusal> {
        let mut request = self.agent.post(&self.uri).content_type("application/json");
        for (name, value) in headers {
            request = request.header(name, value);
        }
        let answer = request.send(body).map_err(|error| Refusal::Later(self.why(&error), None))?;
        let (head, body) = answer.into_parts();
        judge(head.status, &head.headers, SystemTime::now(), || {
            let mut said = Vec::new();
            // An answer that cannot be read says nothing.
            let _ = body.into_reader().take(TOLD).read_to_end(&mut said);
            // A server may say again what it was told.
            let mut hidden = self.hidden.clone();
            let secret = headers.values().filter(|it| it.is_sensitive());
            secret.filter_map(|it| it.to_str().ok()).for_each(|it| hidden.add(it));
            line(&hidden.taken_out(&String::from_utf8_lossy(&said)))
        })
    }

    fn why(&self, error: &Error) -> String {
        match error {
            Error::Timeout(_) => "it did not answer in time".to_owned(),
            Error::HostNotFound => "its host is not known".to_owned(),
            Error::ConnectionFailed => "no connection".to_owned(),
            Error::Io(error) => format!("no connection: {}", self.told(&error.to_string())),
            Error::Rustls(error) => format!("no encrypted connection: {}", self.told(&error.to_string())),
            other => self.told(&other.to_string()),
        }
    }

    /// A text of others as one line that does not show the address.
    fn told(&self, text: &str) -> String {
        line(&self.hidden.taken_out(text))
    }
}

fn line(text: &str) -> String {
    text.trim().chars().take(WIDTH).map(|it| if it.is_control() { ' ' } else { it }).collect()
}

/// What an answer means, which said this much more.
fn judge(
    status: StatusCode,
    headers: &HeaderMap,
    now: SystemTime,
    said: impl FnOnce() -> String,
) -> Result<(), Refusal> {
    if status.is_success() {
        return Ok(());
    }
    if status.is_redirection() {
        return Err(Refusal::Later(format!("it answered {status}: no redirect is followed"), None));
    }
    let said = said();
    let why = if said.is_empty() {
        format!("it answered {status}")
    } else {
        format!("it answered {status}: {said}")
    };
    if BAD_MESSAGE.contains(&status) {
        return Err(Refusal::ForGood(why));
    }
    let after = headers.get(RETRY_AFTER).and_then(|it| wait(it.to_str().ok()?, now));
    Err(Refusal::Later(why, after))
}

/// How long `Retry-After` says to wait: seconds, or a date.
fn wait(text: &str, now: SystemTime) -> Option<Duration> {
    let text = text.trim();
    match text.parse() {
        Ok(seconds) => Some(Duration::from_secs(seconds)),
        Err(_) => Some(date::read(text)?.duration_since(now).unwrap_or_default()),
    }
}

/// Whether a host can only be this machine.
fn is_loopback(host: &str) -> bool {
    let host = host.trim_start_matches('[').trim_end_matches(']');
    host.eq_ignore_ascii_case("localhost") || host.parse::<IpAddr>().is_ok_and(|it| it.is_loopback())
}

fn authorities(path: &Path) -> Result<RootCerts, String> {
    let wrong = |why: &str| format!("`ca_file` {}: {why}", path.display());
    let text = fs::read(path).map_err(|error| wrong(&error.to_string()))?;
    let mut found: Vec<Certificate<'static>> = Vec::new();
    for item in parse_pem(&text) {
        if let PemItem::Certificate(certificate) = item.map_err(|_| wrong("it is no PEM"))? {
            found.push(certificate);
        }
    }
    if found.is_empty() {
        Err(wrong("there is no certificate in it"))
    } else {
        Ok(RootCerts::new_with_certs(&found))
    }
}
