//! Where is the PostgreSQL server, and is it spoken to in the clear? Nothing of a password is ever told.

use std::fmt;
use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};
use tokio_postgres::config::{Host, SslMode};
use tokio_postgres::{Client, Config, NoTls};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::store::Trouble;

/// A host that takes no connection within this is gone on from.
const CONNECT: Duration = Duration::from_secs(5);

/// Where a server is.
#[derive(Clone)]
pub(super) struct Address {
    config: Config,
    secured: Secured,
}

/// How the connection is secured.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Secured {
    Plain,
    /// By TLS, the server's name and certificate verified: with these authorities, else those of the system.
    Tls(Option<PathBuf>),
}

impl Address {
    /// Reads `postgresql://USER:PASSWORD@HOST:PORT/NAME?sslmode=…&sslrootcert=FILE`. The error shows nothing of it.
    pub(super) fn parse(url: &str) -> Result<Self, String> {
        if !["postgres://", "postgresql://"].iter().any(|it| url.starts_with(it)) {
            return Err(SHAPE.to_owned());
        }
        let (place, options) = url.split_once('?').unwrap_or((url, ""));
        let (mut mode, mut authorities, mut others) = (None, None, Vec::new());
        for option in options.split('&').filter(|it| !it.is_empty()) {
            match option.split_once('=') {
                Some(("sslmode", value)) => mode = Some(value),
                Some(("sslrootcert", value)) => authorities = Some(PathBuf::from(value.replace("%2F", "/"))),
                _ => others.push(option),
            }
        }
        let mut config: Config =
            format!("{place}?{}", others.join("&")).parse().map_err(|_| SHAPE.to_owned())?;
        if config.get_hosts().is_empty() && config.get_hostaddrs().is_empty() {
            return Err(SHAPE.to_owned());
        }
        let is_plain = match mode {
            None => is_here(&config) && authorities.is_none(),
            Some("disable") => true,
            Some("require" | "verify-ca" | "verify-full") => false,
            Some(_) => return Err(MODES.to_owned()),
        };
        config.ssl_mode(if is_plain { SslMode::Disable } else { SslMode::Require });
        config.connect_timeout(CONNECT).application_name("xqute");
        Ok(Self { config, secured: if is_plain { Secured::Plain } else { Secured::Tls(authorities) } })
    }

    /// The same without the password: a server may say what it was told.
    pub(super) fn hide(&self, trouble: Trouble) -> Trouble {
        let password = self.config.get_password().and_then(|it| std::str::from_utf8(it).ok());
        match password.filter(|it| !it.is_empty() && trouble.why.contains(it)) {
            Some(password) => Trouble { why: trouble.why.replace(password, "…").into(), ..trouble },
            None => trouble,
        }
    }

    /// Connects. What keeps the connection going is spawned on the runtime that this is called on.
    pub(super) async fn connect(&self) -> Result<Client, Trouble> {
        match &self.secured {
            Secured::Plain => {
                let (client, connection) = self.config.connect(NoTls).await?;
                tokio::spawn(connection);
                Ok(client)
            }
            Secured::Tls(authorities) => {
                let tls = MakeRustlsConnect::new(tls(authorities.as_deref())?);
                let (client, connection) = self.config.connect(tls).await?;
                tokio::spawn(connection);
                Ok(client)
            }
        }
    }
}

const SHAPE: &str = "the address of the database has to be postgresql://USER:PASSWORD@HOST:PORT/NAME, with every special character in its parts written as %XX";
const MODES: &str = "the sslmode of the database's address has to be disable, or verify-full";

/// Whether nothing leaves this machine.
fn is_here(config: &Config) -> bool {
    let is_local = |name: &str| name == "localhost" || name.parse().is_ok_and(|it: IpAddr| it.is_loopback());
    let mut hosts = config.get_hosts().iter().map(|host| match host {
        Host::Tcp(name) => is_local(name),
        Host::Unix(_) => true,
    });
    match config.get_hostaddrs() {
        [] => hosts.all(|it| it),
        addresses => addresses.iter().all(IpAddr::is_loopback),
    }
}

fn tls(authorities: Option<&std::path::Path>) -> Result<ClientConfig, Trouble> {
    let mut roots = RootCertStore::empty();
    match authorities {
        Some(path) => {
            let refused = |error: &dyn fmt::Display| {
                Trouble::lasting(format_args!("cannot read the certificates in {}: {error}", path.display()))
            };
            for one in CertificateDer::pem_file_iter(path).map_err(|error| refused(&error))? {
                let one = one.map_err(|error| refused(&error))?;
                roots.add(one).map_err(|error| refused(&error))?;
            }
        }
        None => {
            roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        }
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let builder = builder.map_err(Trouble::lasting)?;
    Ok(builder.with_root_certificates(roots).with_no_client_auth())
}

/// Where it is, for people: neither user nor password.
impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let host = match self.config.get_hosts().first() {
            Some(Host::Tcp(name)) => name.clone(),
            Some(Host::Unix(path)) => path.display().to_string(),
            None => self.config.get_hostaddrs().first().map_or_else(String::new, ToString::to_string),
        };
        let port = self.config.get_ports().first().map_or_else(String::new, |it| format!(":{it}"));
        write!(f, "postgresql://{host}{port}/{}", self.config.get_dbname().unwrap_or_default())
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

#[cfg(test)]
mod tests;
