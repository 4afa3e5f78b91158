//! Connections to PostgreSQL: tokio-postgres, with rustls where encryption is asked for.

use std::future::Future;
use std::time::Duration;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};
use tokio::task::AbortHandle;
use tokio::time::timeout;
use tokio_postgres::config::{Host, SslMode};
use tokio_postgres::error::{DbError, SqlState};
use tokio_postgres::{Client, Config, NoTls};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::Tls;
use crate::client::address;
use crate::error::{Error, Problem, Result};
use crate::place::{Placed, Secret};

/// A server that does not let us in by then is away: one that takes the connection and is silent, too.
const CONNECT: Duration = Duration::from_secs(10);

/// A server's address that does not take the connection by then is away; there may be others.
const ACCEPT: Duration = Duration::from_secs(5);

/// A silent connection is asked whether it is still there after this time.
const KEEPALIVE: Duration = Duration::from_secs(30);

/// What is to be looked at when nobody answers.
const RUNNING: &str = "is it running, and is `url` right?";

/// How an address is spelt.
const SPELT: &str = "expected `postgres://USER:PASSWORD@HOST:PORT/DATABASE`";

/// Why there is no answer.
#[derive(Debug)]
pub enum Unanswered {
    /// The server or the system says so.
    Refused(tokio_postgres::Error),
    /// The server says nothing.
    Silent,
    /// Nobody wants to wait any more.
    Ended,
}

/// A database that can be connected to.
#[derive(Clone)]
pub struct Database {
    config: Config,
    tls: Option<MakeRustlsConnect>,
    shown: String,
}

impl Database {
    /// Reads a URL, or `key=value` pairs.
    ///
    /// # Errors
    /// It is neither; the file of the certificate authority cannot be read.
    pub fn new(url: &Placed<Secret>, tls: Option<&Tls>) -> Result<Self, Problem> {
        address::check(url)?;
        let wrong = |message: &str| {
            let problem = Problem::new(message).at(&url.place);
            problem.hint(address::hint(SPELT, url))
        };
        let parsed = url.value.0.parse();
        let mut config: Config =
            parsed.map_err(|_| wrong("this is no address of a PostgreSQL database"))?;
        if config.get_hosts().is_empty() {
            return Err(wrong("the address names no host"));
        }
        config.connect_timeout(ACCEPT).keepalives_idle(KEEPALIVE);
        // Who looks at `pg_stat_activity` finds rowgen by its name.
        if config.get_application_name().is_none() {
            config.application_name("rowgen");
        }
        if tls.is_some() {
            config.ssl_mode(SslMode::Require);
        }
        let encrypted = config.get_ssl_mode() != SslMode::Disable;
        let shown = shown(&config);
        let tls = encrypted.then(|| connector(tls)).transpose()?;
        Ok(Self { config, tls, shown })
    }

    /// Host, port and database, without the user.
    pub fn name(&self) -> &str {
        &self.shown
    }

    /// A new connection; its socket is looked after by the runtime.
    ///
    /// # Errors
    /// Nobody answers, or the server does not let us in.
    pub async fn connect(&self) -> Result<Client, Unanswered> {
        self.connect_held().await.map(|(client, _)| client)
    }

    /// The same, and what ends it at once, whatever the server still has to send.
    ///
    /// # Errors
    /// As `connect`.
    pub async fn connect_held(&self) -> Result<(Client, AbortHandle), Unanswered> {
        match &self.tls {
            Some(tls) => self.in_time(self.config.connect(tls.clone())).await,
            None => self.in_time(self.config.connect(NoTls)).await,
        }
    }

    async fn in_time<C>(
        &self,
        connecting: impl Future<Output = Result<(Client, C), tokio_postgres::Error>>,
    ) -> Result<(Client, AbortHandle), Unanswered>
    where
        C: Future<Output: Send> + Send + 'static,
    {
        let hosts = self.config.get_hosts().len() as u32;
        // The driver tries one host after the other.
        let connected = timeout(CONNECT * hosts, connecting).await;
        let connected = connected.map_err(|_| Unanswered::Silent)?;
        let (client, connection) = connected.map_err(Unanswered::Refused)?;
        Ok((client, tokio::spawn(connection).abort_handle()))
    }

    /// Why there is no answer, in words, with what was being done.
    pub fn unanswered(&self, doing: &str, why: &Unanswered) -> Error {
        let problem = Problem::new(format!("{doing} in {}", self.shown));
        Error::run(match why {
            Unanswered::Refused(error) => return self.error(doing, error),
            Unanswered::Silent => problem.cause("the server does not answer").hint(RUNNING),
            Unanswered::Ended => problem.cause("it was not done when the run was to end"),
        })
    }

    /// The same error in words, with what was being done.
    pub fn error(&self, doing: &str, error: &tokio_postgres::Error) -> Error {
        let words = words(error);
        let hint = match error.code() {
            None => Some(of_connection(&words)),
            Some(code) if is_refusal(code) => Some("the user or the password is wrong"),
            Some(_) => None,
        };
        let problem = Problem::new(format!("{doing} in {}", self.shown)).cause(words);
        Error::run(problem.maybe_hint(hint.map(Into::into)))
    }
}

/// Never the user, never the password.
impl std::fmt::Debug for Database {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Database({})", self.shown)
    }
}

/// What to do about a connection that is not what was asked for.
fn of_connection(words: &str) -> &'static str {
    match words {
        "server does not support TLS" => {
            "set `ssl = on` there, or leave out `tls` here, and `sslmode` of `url`"
        }
        words if words.contains("UnknownIssuer") => {
            "`tls: { ca: FILE }` names the authority of its certificate; `?sslmode=disable` behind `url` goes without encryption"
        }
        words if words.contains("certificate") => {
            "the certificate is not for this host, or not for now"
        }
        _ => RUNNING,
    }
}

fn is_refusal(code: &SqlState) -> bool {
    *code == SqlState::INVALID_PASSWORD || *code == SqlState::INVALID_AUTHORIZATION_SPECIFICATION
}

/// What the server or the system says, in one line.
pub fn words(error: &tokio_postgres::Error) -> String {
    match error.as_db_error() {
        Some(error) => database_words(error),
        None => {
            std::error::Error::source(error).map_or_else(|| error.to_string(), ToString::to_string)
        }
    }
}

/// The server's message with its detail.
pub fn database_words(error: &DbError) -> String {
    match error.detail() {
        Some(detail) => format!("{}: {detail}", error.message()),
        None => error.message().to_string(),
    }
}

fn shown(config: &Config) -> String {
    let host = match config.get_hosts().first() {
        Some(Host::Tcp(host)) => host.clone(),
        #[cfg(unix)]
        Some(Host::Unix(path)) => path.display().to_string(),
        None => String::new(),
    };
    let port = config.get_ports().first().copied().unwrap_or(5432);
    let database = config.get_dbname().or(config.get_user());
    format!("{host}:{port}/{}", database.unwrap_or_default())
}

fn connector(tls: Option<&Tls>) -> Result<MakeRustlsConnect, Problem> {
    let mut roots = RootCertStore::empty();
    match tls.and_then(|tls| tls.ca.as_ref()) {
        None => roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned()),
        Some(file) => {
            let unreadable = |why: String| {
                let problem = Problem::new(format!("could not read `{}`", file.as_str()));
                problem.cause(why).at(&file.place)
            };
            let certificates = CertificateDer::pem_file_iter(file.as_str())
                .map_err(|error| unreadable(error.to_string()))?;
            for certificate in certificates {
                let certificate = certificate.map_err(|error| unreadable(error.to_string()))?;
                let added = roots.add(certificate);
                added.map_err(|error| unreadable(error.to_string()))?;
            }
        }
    }
    let provider = std::sync::Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| Problem::new("TLS cannot be set up").cause(error))?;
    let config = config.with_root_certificates(roots).with_no_client_auth();
    Ok(MakeRustlsConnect::new(config))
}
