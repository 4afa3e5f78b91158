//! Connections to MySQL: mysql_async, with rustls where encryption is asked for.

use std::path::PathBuf;
use std::time::Duration;

use mysql_async::prelude::Queryable;
use mysql_async::{
    Conn, DriverError, Error as Refusal, IoError, Opts, OptsBuilder, ServerError, SslOpts,
};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use tokio::time::timeout;

use super::quoted;
use crate::client::address;
use crate::client::database::Tls;
use crate::error::{Error, Problem, Result};
use crate::place::{LocalPath, Placed, Secret};

/// A server that does not let us in by then is away: one that takes the connection and is silent, too.
const CONNECT: Duration = Duration::from_secs(10);

/// A silent connection is asked whether it is still there after this time.
const KEEPALIVE: Duration = Duration::from_secs(30);

/// What is to be looked at when nobody answers.
const RUNNING: &str = "is it running, and is `url` right?";

/// How an address is spelt.
const SPELT: &str = "expected `mysql://USER:PASSWORD@HOST:PORT/DATABASE`";

/// What is escaped in texts, and that a wrong value is refused and a zero is no request for a new number,
/// whatever the server is set to. Messages are in English, for some of them are read.
const SAID_FIRST: &str = "SET NAMES utf8mb4; SET SESSION \
    sql_mode = 'STRICT_ALL_TABLES,ERROR_FOR_DIVISION_BY_ZERO,NO_AUTO_VALUE_ON_ZERO,NO_ENGINE_SUBSTITUTION', \
    time_zone = '+00:00', lc_messages = 'en_US', autocommit = 1, net_write_timeout = 86400; \
    SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ; ";

/// A transaction of a program that stands still is undone: whoever has its partitions by then is not kept
/// waiting by its locks, for a living one asks the server every few seconds.
/// A statement that stands still on its way is given up, too, and a lock is not waited for without a word.
const OF_WRITERS: &str = "SET SESSION wait_timeout = 60, net_read_timeout = 60, lock_wait_timeout = 10, \
    innodb_lock_wait_timeout = 10 /*M! , idle_transaction_timeout = 10 */";

/// Nothing ends what waits for a slow sink.
const OF_READERS: &str = "SET SESSION wait_timeout = 604800, net_read_timeout = 3600, lock_wait_timeout = 10 /*M! , max_statement_time = 0 */";

/// What a connection is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Settings {
    /// Rows are written.
    Writes,
    /// Rows are read.
    Reads,
}

/// Why there is no answer.
#[derive(Debug)]
pub enum Unanswered {
    /// The server or the system says so.
    Refused(Refusal),
    /// The server says nothing.
    Silent,
    /// Nobody wants to wait any more.
    Ended,
}

/// A database that can be connected to.
#[derive(Clone)]
pub struct Database {
    opts: Opts,
    /// Where tables are whose names say nothing else.
    schema: String,
    shown: String,
}

impl Database {
    /// Reads a URL.
    ///
    /// # Errors
    /// It is none; the file of the certificate authority cannot be read.
    pub fn new(url: &Placed<Secret>, tls: Option<&Tls>) -> Result<Self, Problem> {
        address::check(url)?;
        let opts = Opts::from_url(&url.value.0).map_err(|_| {
            let what = "this is no address of a MySQL database";
            let problem = Problem::new(what).at(&url.place);
            problem.hint(address::hint(SPELT, url))
        })?;
        let Some(schema) = opts.db_name().filter(|name| !name.is_empty()) else {
            let problem = Problem::new("the address names no database").at(&url.place);
            return Err(problem.hint(SPELT));
        };
        let schema = schema.to_string();
        let shown = format!("{}:{}/{schema}", opts.ip_or_hostname(), opts.tcp_port());
        let mut builder = OptsBuilder::from_opts(opts.clone())
            // Not entered while connecting: the database may have to be made first.
            .db_name(None::<String>)
            // Else the driver leaves the port that the address names for a socket of the same
            // machine.
            .prefer_socket(false)
            // Rows that are found count, whether or not they change.
            .client_found_rows(true)
            .tcp_keepalive(Some(KEEPALIVE))
            .wait_timeout(Some(60))
            // MySQL's own upper limit.
            .max_allowed_packet(Some(1 << 30));
        if let Some(tls) = tls {
            builder = builder.ssl_opts(encrypted(tls)?);
        }
        if tls.is_some() || opts.ssl_opts().is_some() {
            // Two of rustls' providers are built in where other drivers bring one, too; then
            // somebody has to choose, or rustls panics.
            let _ = rustls::crypto::ring::default_provider().install_default();
        }
        Ok(Self {
            opts: builder.into(),
            schema,
            shown,
        })
    }

    /// Host, port and database, without the user.
    pub fn name(&self) -> &str {
        &self.shown
    }

    /// The database where tables are whose names say nothing else.
    pub fn schema(&self) -> &str {
        &self.schema
    }

    /// A new connection, in no database.
    ///
    /// # Errors
    /// Nobody answers, or the server does not let us in.
    pub async fn connect(&self, settings: Settings) -> Result<Conn, Unanswered> {
        let connecting = async {
            let mut conn = Conn::new(self.opts.clone()).await?;
            let own = match settings {
                Settings::Writes => OF_WRITERS,
                Settings::Reads => OF_READERS,
            };
            conn.query_drop(format!("{SAID_FIRST}{own}")).await?;
            Ok(conn)
        };
        match timeout(CONNECT, connecting).await {
            Ok(connected) => connected.map_err(Unanswered::Refused),
            Err(_) => Err(Unanswered::Silent),
        }
    }

    /// The statement that goes to the database.
    pub fn entered(&self) -> String {
        format!("USE {}", quoted(&self.schema))
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
    pub fn error(&self, doing: &str, error: &Refusal) -> Error {
        let words = words(error);
        let hint = match answer(error) {
            None => Some(of_connection(&words)),
            Some(answer) => of_answer(answer),
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

/// What the server itself says.
pub fn answer(error: &Refusal) -> Option<&ServerError> {
    match error {
        Refusal::Server(answer) => Some(answer),
        _ => None,
    }
}

/// What the server or the system says, in one line.
pub fn words(error: &Refusal) -> String {
    match error {
        Refusal::Server(answer) => answer.message.clone(),
        Refusal::Io(IoError::Io(error)) => error.to_string(),
        Refusal::Io(IoError::Tls(error)) => error.to_string(),
        Refusal::Driver(DriverError::ConnectionClosed) => "the server closed the connection".into(),
        Refusal::Driver(DriverError::NoClientSslFlagFromServer) => NO_TLS.into(),
        other => other.to_string(),
    }
}

const NO_TLS: &str = "server does not support TLS";

/// What to do about a connection that is not what was asked for.
fn of_connection(words: &str) -> &'static str {
    match words {
        NO_TLS => "set up `ssl_cert` and `ssl_key` there, or leave out `tls` here",
        words if words.contains("UnknownIssuer") => {
            "`tls: { ca: FILE }` names the authority of its certificate"
        }
        words if words.contains("certificate") => {
            "the certificate is not for this host, or not for now"
        }
        _ => RUNNING,
    }
}

/// What to do about an answer that is a refusal.
fn of_answer(answer: &ServerError) -> Option<&'static str> {
    match answer.code {
        1045 | 1698 => Some("the user or the password is wrong"),
        1044 | 1142 | 1143 | 1227 | 1370 => Some("`GRANT` gives the user what is missing"),
        _ => None,
    }
}

fn encrypted(tls: &Tls) -> Result<SslOpts, Problem> {
    let Some(file) = &tls.ca else {
        return Ok(SslOpts::default());
    };
    readable(file)?;
    let path = PathBuf::from(file.as_str());
    Ok(SslOpts::default()
        .with_root_certs(vec![path.into()])
        .with_disable_built_in_roots(true))
}

/// The file has certificates, which the driver would find out only when it connects.
fn readable(file: &Placed<LocalPath>) -> Result<(), Problem> {
    let unreadable = |why: String| {
        let problem = Problem::new(format!("could not read `{}`", file.as_str()));
        problem.cause(why).at(&file.place)
    };
    let certificates = CertificateDer::pem_file_iter(file.as_str())
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(|error| unreadable(error.to_string()))?;
    match certificates.is_empty() {
        true => Err(unreadable("it has no certificate".into())),
        false => Ok(()),
    }
}
