//! Connections to MySQL: mysql_async, with rustls where encryption is asked for.

use mysql_async::prelude::Queryable;
use mysql_async::{
    Conn, DriverError, Error as Refusal, IoError, Opts, OptsBuilder, ServerError, SslOpts,
};

use super::{MysqlNames, literal, quoted};
use crate::client::address;
use crate::client::certificates::certificates;
use crate::client::database::Tls;
use crate::client::server::{CONNECT, KEEPALIVE, NO_TLS, Server, Unanswered, in_time};
use crate::error::{Problem, Result};
use crate::place::{Placed, Secret};

/// There is no such table, or no such database.
pub const ABSENT: [u16; 2] = [1146, 1049];

/// A lock was waited for too long.
const LOCKED: u16 = 1205;

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

/// A database that can be connected to.
#[derive(Clone)]
pub struct Database {
    opts: Opts,
    /// Where tables are whose names say nothing else.
    schema: String,
    shown: String,
}

impl Database {
    /// A new connection that reads, in no database.
    ///
    /// # Errors
    /// Nobody answers, or the server does not let us in.
    pub async fn reader(&self) -> Result<Conn, Unanswered<Refusal>> {
        self.connected(OF_READERS).await
    }

    async fn connected(&self, own: &str) -> Result<Conn, Unanswered<Refusal>> {
        let connecting = async {
            let mut conn = Conn::new(self.opts.clone()).await?;
            conn.query_drop(format!("{SAID_FIRST}{own}")).await?;
            Ok(conn)
        };
        in_time(CONNECT, connecting).await
    }

    /// The statement that goes to the database.
    pub fn entered(&self) -> String {
        format!("USE {}", quoted(&self.schema))
    }
}

impl Server for Database {
    type Names = MysqlNames;
    type Connection = Conn;
    type Refusal = Refusal;

    const NO_TLS_HINT: &'static str =
        "set up `ssl_cert` and `ssl_key` there, or leave out `tls` here";
    const ISSUER_HINT: &'static str = "`tls: { ca: FILE }` names the authority of its certificate";

    fn new(url: &Placed<Secret>, tls: Option<&Tls>) -> Result<Self, Problem> {
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

    fn name(&self) -> &str {
        &self.shown
    }

    fn schema(&self) -> Option<&str> {
        Some(&self.schema)
    }

    /// In no database: it may have to be made.
    async fn connect(&self) -> Result<Conn, Unanswered<Refusal>> {
        self.connected(OF_WRITERS).await
    }

    async fn ping(conn: &mut Conn) -> Result<(), Refusal> {
        conn.ping().await
    }

    async fn run(conn: &mut Conn, statements: &str) -> Result<(), Refusal> {
        conn.query_drop(statements).await
    }

    async fn is_true(conn: &mut Conn, query: &str) -> Result<bool, Refusal> {
        Ok(conn.query_first(query).await?.unwrap_or(false))
    }

    async fn offsets(conn: &mut Conn, query: &str) -> Result<Vec<(i32, i64)>, Refusal> {
        conn.query(query).await
    }

    async fn exists(conn: &mut Conn, table: &str) -> Result<bool, Refusal> {
        let found = conn.query_drop(format!("SELECT 1 FROM {table} LIMIT 0"));
        match found.await {
            Err(error) if answer(&error).is_some_and(|said| ABSENT.contains(&said.code)) => {
                Ok(false)
            }
            found => found.map(|()| true),
        }
    }

    fn literal(text: &str) -> String {
        literal(text)
    }

    fn has_answered(error: &Refusal) -> bool {
        answer(error).is_some()
    }

    fn is_of_a_lock(error: &Refusal) -> bool {
        answer(error).is_some_and(|said| said.code == LOCKED)
    }

    fn words(error: &Refusal) -> String {
        match error {
            Refusal::Server(answer) => answer.message.clone(),
            Refusal::Io(IoError::Io(error)) => error.to_string(),
            Refusal::Io(IoError::Tls(error)) => error.to_string(),
            Refusal::Driver(DriverError::ConnectionClosed) => {
                "the server closed the connection".into()
            }
            Refusal::Driver(DriverError::NoClientSslFlagFromServer) => NO_TLS.into(),
            other => other.to_string(),
        }
    }

    fn hint(error: &Refusal) -> Option<&'static str> {
        match answer(error)?.code {
            1045 | 1698 => Some("the user or the password is wrong"),
            1044 | 1142 | 1143 | 1227 | 1370 => Some("`GRANT` gives the user what is missing"),
            _ => None,
        }
    }
}

/// What the server itself says.
pub fn answer(error: &Refusal) -> Option<&ServerError> {
    match error {
        Refusal::Server(answer) => Some(answer),
        _ => None,
    }
}

fn encrypted(tls: &Tls) -> Result<SslOpts, Problem> {
    let Some(file) = &tls.ca else {
        return Ok(SslOpts::default());
    };
    // The driver reads it when it connects; what is wrong with it is told before.
    certificates(file)?;
    let path = file.beside();
    Ok(SslOpts::default()
        .with_root_certs(vec![path.into()])
        .with_disable_built_in_roots(true))
}
