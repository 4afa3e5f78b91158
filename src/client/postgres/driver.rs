//! Connections to PostgreSQL: tokio-postgres, with rustls where encryption is asked for.

use std::future::Future;
use std::time::Duration;

use rustls::{ClientConfig, RootCertStore};
use tokio::task::AbortHandle;
use tokio_postgres::config::{Host, SslMode};
use tokio_postgres::error::{DbError, SqlState};
use tokio_postgres::{Client, Config, Error as Refusal, NoTls};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::{PostgresNames, literal};
use crate::client::address;
use crate::client::certificates::{certificates, unreadable};
use crate::client::database::Tls;
use crate::client::server::{CONNECT, KEEPALIVE, Server, Unanswered, in_time};
use crate::error::{Problem, Result};
use crate::place::{Placed, Secret};

/// A server's address that does not take the connection by then is away; there may be others.
const ACCEPT: Duration = Duration::from_secs(5);

/// How an address is spelt.
const SPELT: &str = "expected `postgres://USER:PASSWORD@HOST:PORT/DATABASE`";

/// A database that can be connected to.
#[derive(Clone)]
pub struct Database {
    config: Config,
    tls: Option<MakeRustlsConnect>,
    shown: String,
}

impl Database {
    /// A new connection, and what ends it at once, whatever the server still has to send. Its socket is looked
    /// after by the runtime.
    ///
    /// # Errors
    /// Nobody answers, or the server does not let us in.
    pub async fn connect_held(&self) -> Result<(Client, AbortHandle), Unanswered<Refusal>> {
        match &self.tls {
            Some(tls) => self.held(self.config.connect(tls.clone())).await,
            None => self.held(self.config.connect(NoTls)).await,
        }
    }

    async fn held<C>(
        &self,
        connecting: impl Future<Output = Result<(Client, C), Refusal>>,
    ) -> Result<(Client, AbortHandle), Unanswered<Refusal>>
    where
        C: Future<Output: Send> + Send + 'static,
    {
        let hosts = self.config.get_hosts().len() as u32;
        let (client, connection) = in_time(CONNECT * hosts, connecting).await?;
        Ok((client, tokio::spawn(connection).abort_handle()))
    }
}

impl Server for Database {
    type Names = PostgresNames;
    type Connection = Client;
    type Refusal = Refusal;

    const NO_TLS_HINT: &'static str =
        "set `ssl = on` there, or leave out `tls` here, and `sslmode` of `url`";
    const ISSUER_HINT: &'static str = "`tls: { ca: FILE }` names the authority of its certificate; `?sslmode=disable` behind `url` goes without encryption";

    /// An address, or `key=value` pairs.
    fn new(url: &Placed<Secret>, tls: Option<&Tls>) -> Result<Self, Problem> {
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

    fn name(&self) -> &str {
        &self.shown
    }

    async fn connect(&self) -> Result<Client, Unanswered<Refusal>> {
        self.connect_held().await.map(|(client, _)| client)
    }

    async fn ping(client: &mut Client) -> Result<(), Refusal> {
        client.batch_execute("SELECT 1").await
    }

    async fn run(client: &mut Client, statements: &str) -> Result<(), Refusal> {
        client.batch_execute(statements).await
    }

    async fn is_true(client: &mut Client, query: &str) -> Result<bool, Refusal> {
        Ok(client.query_one(query, &[]).await?.get(0))
    }

    async fn offsets(client: &mut Client, query: &str) -> Result<Vec<(i32, i64)>, Refusal> {
        let rows = client.query(query, &[]).await?;
        Ok(rows.iter().map(|row| (row.get(0), row.get(1))).collect())
    }

    async fn exists(client: &mut Client, table: &str) -> Result<bool, Refusal> {
        let found = "SELECT to_regclass($1) IS NOT NULL";
        Ok(client.query_one(found, &[&table]).await?.get(0))
    }

    fn literal(text: &str) -> String {
        literal(text)
    }

    fn has_answered(error: &Refusal) -> bool {
        error.as_db_error().is_some()
    }

    fn is_of_a_lock(error: &Refusal) -> bool {
        error.code() == Some(&SqlState::LOCK_NOT_AVAILABLE)
    }

    fn words(error: &Refusal) -> String {
        match error.as_db_error() {
            Some(error) => database_words(error),
            None => std::error::Error::source(error)
                .map_or_else(|| error.to_string(), ToString::to_string),
        }
    }

    fn hint(error: &Refusal) -> Option<&'static str> {
        let refused = [
            SqlState::INVALID_PASSWORD,
            SqlState::INVALID_AUTHORIZATION_SPECIFICATION,
        ];
        let is_refused = refused.contains(error.code()?);
        is_refused.then_some("the user or the password is wrong")
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
            for certificate in certificates(file)? {
                let added = roots.add(certificate);
                added.map_err(|error| unreadable(file, error))?;
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
