//! How does a mail come to a server, and what of its answers can be hoped to be another one later?

use std::collections::BTreeMap;
use std::fmt::Display;
use std::fs;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use lettre::Address;
use lettre::message::Mailbox;
use lettre::transport::smtp::Error;
use lettre::transport::smtp::authentication::{Credentials, Mechanism};
use lettre::transport::smtp::client::{Certificate, CertificateStore, SmtpConnection, TlsParameters};
use lettre::transport::smtp::commands::{Data, Mail, Rcpt};
use lettre::transport::smtp::extension::ClientId;
use xqute::Revealed;

use super::{EmailConfig, Security, mail};
use crate::deliver::{Carrier, Message, Refusal};

/// What mail servers say of a user whom they do not know, or not yet: somebody can mend that.
const NOT_LET_IN: [u16; 5] = [454, 530, 534, 535, 538];

/// Addresses that a server does not take while it takes others of the same mail, and what it last said of each. Shared with the hooks.
pub(super) type Complaints = Arc<Mutex<BTreeMap<String, String>>>;

/// What people should know of them.
pub(super) fn told(complaints: &Complaints) -> Vec<String> {
    complaints.lock().unwrap_or_else(PoisonError::into_inner).values().cloned().collect()
}

/// Brings mails to a server.
pub(super) struct Mailer {
    server: String,
    port: u16,
    security: Security,
    /// `None`: nothing is secured.
    tls: Option<TlsParameters>,
    credentials: Option<Credentials>,
    /// The password as it is, and as it is sent: not to be seen where the server says it again.
    hidden: Vec<String>,
    timeout: Duration,
    from: Mailbox,
    to: Vec<Mailbox>,
    complaints: Complaints,
}

impl Mailer {
    pub(super) fn new(
        config: &EmailConfig,
        password: Option<&Revealed>,
        complaints: Complaints,
    ) -> Result<Self, String> {
        let to: Vec<Mailbox> = config.to.0.iter().map(|it| address("to", it)).collect::<Result<_, _>>()?;
        let first = to.first().ok_or("`to` names nobody: `to = \"you@example.org\"`, or a list")?;
        let from = config.from.as_deref().map_or_else(|| Ok(first.clone()), |it| address("from", it))?;
        let secured = config.tls != Security::None;
        let tls = secured.then(|| parameters(&config.server, config.ca_file.as_deref())).transpose()?;
        let credentials = config.user.clone().zip(password.map(Revealed::expose));
        let hidden = credentials.as_ref().map(|(user, it)| hidden(user, it)).unwrap_or_default();
        Ok(Self {
            server: config.server.clone(),
            port: config.port.unwrap_or_else(|| config.tls.port()),
            security: config.tls,
            tls,
            credentials: credentials.map(|(user, it)| Credentials::new(user, it.to_owned())),
            hidden,
            timeout: config.timeout.0,
            from,
            to,
            complaints,
        })
    }

    /// A connection on which the server takes mail.
    fn connect(&self) -> Result<SmtpConnection, Refusal> {
        let (hello, tls) = (ClientId::default(), self.tls.as_ref());
        let at_once = tls.filter(|_| self.security == Security::Smtps);
        let address = (self.server.as_str(), self.port);
        let connected = SmtpConnection::connect(address, Some(self.timeout), &hello, at_once, None);
        let mut connection = connected.map_err(|error| self.later("cannot be reached", &error))?;
        if let Some(tls) = tls.filter(|_| self.security == Security::Starttls) {
            if !connection.can_starttls() {
                let why = "it offers no STARTTLS, and nothing is said in the clear (`tls`)";
                return Err(self.later("is not what it was said to be", why));
            }
            connection
                .starttls(tls, &hello)
                .map_err(|error| self.later("cannot be spoken to safely", &error))?;
        }
        if let Some(credentials) = &self.credentials {
            let let_in = connection.auth(&[Mechanism::Plain, Mechanism::Login], credentials);
            let_in.map_err(|error| self.later("does not let the user in", &error))?;
        }
        Ok(connection)
    }

    fn hand_over(&self, connection: &mut SmtpConnection, mail: &[u8]) -> Result<(), Refusal> {
        let sender = Mail::new(Some(self.from.email.clone()), Vec::new());
        connection.command(sender).map_err(|error| self.refused("the sender", &error))?;
        let refused = self.name_receivers(connection)?;
        connection.command(Data).map_err(|error| self.refused("the mail", &error))?;
        connection.message(mail).map_err(|error| self.refused("the mail", &error))?;
        for (address, why) in refused {
            let why = format!("email: {why}; the others have the mail");
            tracing::warn!("{why}");
            self.complaints.lock().unwrap_or_else(PoisonError::into_inner).insert(address, why);
        }
        Ok(())
    }

    /// Says whom the mail is for, and returns whom the server does not take, and why. Nobody waits for them: what one address lacks may
    /// never be mended, and would keep the mail from all others. An error where it takes none.
    fn name_receivers(&self, connection: &mut SmtpConnection) -> Result<Vec<(String, String)>, Refusal> {
        let (mut refused, mut may_be_taken) = (Vec::new(), false);
        for to in &self.to {
            let Err(error) = connection.command(Rcpt::new(to.email.clone(), Vec::new())) else { continue };
            match self.refused(to.email.as_ref(), &error) {
                // That was no answer: on this connection there will be none.
                broken if error.status().is_none() => return Err(broken),
                Refusal::ForGood(why) => refused.push((to.email.to_string(), why)),
                Refusal::Later(why, _) => {
                    may_be_taken = true;
                    refused.push((to.email.to_string(), why));
                }
            }
        }
        if refused.len() < self.to.len() {
            return Ok(refused);
        }
        let why = refused.into_iter().map(|it| it.1).collect::<Vec<_>>().join("; ");
        Err(if may_be_taken { Refusal::Later(why, None) } else { Refusal::ForGood(why) })
    }

    fn later(&self, what: &str, why: &(impl Display + ?Sized)) -> Refusal {
        Refusal::Later(self.plain(&format!("{}:{} {what}: {why}", self.server, self.port)), None)
    }

    /// What a server has said, without what it must not say.
    fn plain(&self, text: &str) -> String {
        self.hidden.iter().fold(text.to_owned(), |text, it| text.replace(it, "…"))
    }

    /// The server did not take something.
    fn refused(&self, what: &str, error: &Error) -> Refusal {
        let why = self.plain(&format!("{}:{} does not take {what}: {error}", self.server, self.port));
        if error.is_permanent() && !can_be_mended(error) {
            Refusal::ForGood(why)
        } else {
            Refusal::Later(why, None)
        }
    }
}

impl Carrier for Mailer {
    fn carry(&self, message: &Message) -> Result<(), Refusal> {
        let mail = mail::write(message, &self.from, &self.to).map_err(Refusal::ForGood)?;
        let mut connection = self.connect()?;
        let handed_over = self.hand_over(&mut connection, &mail);
        // It has the mail, or has not: that is known.
        let _ = connection.quit();
        handed_over
    }
}

/// Whether a server refuses a user or a machine and not a mail (RFC 3463: class 5, subject 7). Who is to be let in is mended there, or
/// in the configuration; the mail is as good then.
fn can_be_mended(error: &Error) -> bool {
    use std::error::Error as _;
    let code = error.status().map(u16::from);
    let is_policy = error.source().is_some_and(|it| it.to_string().starts_with("5.7."));
    is_policy || code.is_some_and(|it| NOT_LET_IN.contains(&it))
}

/// A password in each of its forms: of `AUTH PLAIN`, of `AUTH LOGIN`, and its own.
fn hidden(user: &str, password: &str) -> Vec<String> {
    vec![STANDARD.encode(format!("\0{user}\0{password}")), STANDARD.encode(password), password.to_owned()]
}

fn address(key: &str, text: &str) -> Result<Mailbox, String> {
    let wrong = |why: &str| {
        format!("`{key}`: `{text}` is no mail address{why}: you@example.org, or Name <you@example.org>")
    };
    let mailbox: Mailbox = text.parse().map_err(|_| wrong(""))?;
    let is_plain = |it: &Address| AsRef::<str>::as_ref(it).is_ascii();
    if is_plain(&mailbox.email) {
        Ok(mailbox)
    } else {
        Err(wrong(" that all servers take (it is not ASCII)"))
    }
}

/// Who is trusted to say who the server is: the public authorities, or those in the file.
fn parameters(server: &str, ca_file: Option<&Path>) -> Result<TlsParameters, String> {
    let mut builder = TlsParameters::builder(server.to_owned());
    if let Some(path) = ca_file {
        let wrong = |why: &dyn Display| format!("`ca_file`: {}: {why}", path.display());
        let text = fs::read(path).map_err(|error| wrong(&error))?;
        if !text.windows(BEGIN.len()).any(|it| it == BEGIN) {
            return Err(wrong(&"there is no certificate in it (PEM, -----BEGIN CERTIFICATE-----)"));
        }
        let trusted = Certificate::from_pem(&text).map_err(|error| wrong(&error))?;
        builder = builder.certificate_store(CertificateStore::None).add_root_certificate(trusted);
    }
    builder.build().map_err(|error| format!("`server`: `{server}`: {error}"))
}

/// What a certificate in a file begins with.
const BEGIN: &[u8] = b"-----BEGIN CERTIFICATE-----";
