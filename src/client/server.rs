//! A database that speaks SQL, as its driver reaches it: what is asked of each of them alike, and what is said
//! of those that do not answer.

use std::future::Future;
use std::time::Duration;

use tokio::time::timeout;

use super::address::RUNNING;
use super::database::Tls;
use super::patience::ANSWER;
use super::table_name::Dialect;
use crate::error::{Error, Problem, Result};
use crate::place::{Placed, Secret};

/// A server that does not let us in by then is away: one that takes the connection and is silent, too.
pub const CONNECT: Duration = Duration::from_secs(10);

/// A silent connection is asked whether it is still there after this time.
pub const KEEPALIVE: Duration = Duration::from_secs(30);

/// Drivers say so of a server that takes no encrypted connection.
pub const NO_TLS: &str = "server does not support TLS";

/// A database that speaks SQL. A third one would be this, `Loads` in `sink/database`, and what reads its rows.
pub trait Server: Clone + Send + Sync + 'static {
    /// How it spells names.
    type Names: Dialect;
    /// A connection of its driver.
    type Connection: Send;
    /// What its driver says of what has failed.
    type Refusal: Send;

    /// What to do where it takes no encrypted connection.
    const NO_TLS_HINT: &'static str;
    /// What to do where nobody that is known vouches for it.
    const ISSUER_HINT: &'static str;

    /// Reads an address.
    ///
    /// # Errors
    /// It is none; the file of the certificate authority cannot be read.
    fn new(url: &Placed<Secret>, tls: Option<&Tls>) -> Result<Self, Problem>;

    /// Host, port and database, without the user.
    fn name(&self) -> &str;

    /// Where tables are whose names say nothing else, if the address says so.
    fn schema(&self) -> Option<&str> {
        None
    }

    /// A new connection, which is to write.
    fn connect(&self) -> impl Future<Output = Result<Self::Connection, Unanswered<Self::Refusal>>>;

    /// Asks for nothing but an answer.
    fn ping(connection: &mut Self::Connection) -> impl Future<Output = Result<(), Self::Refusal>>;

    /// Runs statements that have no rows.
    fn run(
        connection: &mut Self::Connection,
        statements: &str,
    ) -> impl Future<Output = Result<(), Self::Refusal>>;

    /// What a query of one truth says.
    fn is_true(
        connection: &mut Self::Connection,
        query: &str,
    ) -> impl Future<Output = Result<bool, Self::Refusal>>;

    /// The rows of a query of partitions and their offsets.
    fn offsets(
        connection: &mut Self::Connection,
        query: &str,
    ) -> impl Future<Output = Result<Vec<(i32, i64)>, Self::Refusal>>;

    /// True if there is a table of this name, as SQL spells it.
    fn exists(
        connection: &mut Self::Connection,
        table: &str,
    ) -> impl Future<Output = Result<bool, Self::Refusal>>;

    /// A text as SQL spells it.
    fn literal(text: &str) -> String;

    /// True if the server itself says so, which is there then.
    fn has_answered(error: &Self::Refusal) -> bool;

    /// True if a lock was not given in time.
    fn is_of_a_lock(error: &Self::Refusal) -> bool;

    /// What the server or the system says, in one line.
    fn words(error: &Self::Refusal) -> String;

    /// What to do about an answer that is a refusal.
    fn hint(error: &Self::Refusal) -> Option<&'static str>;

    /// Why there is no answer, in words, with what was being done.
    fn unanswered(&self, doing: &str, why: &Unanswered<Self::Refusal>) -> Error {
        let problem = Problem::new(format!("{doing} in {}", self.name()));
        Error::run(match why {
            Unanswered::Refused(error) => return self.error(doing, error),
            Unanswered::Silent => problem.cause("the server does not answer").hint(RUNNING),
            Unanswered::Ended => problem.cause("it was not done when the run was to end"),
        })
    }

    /// An error in words, with what was being done.
    fn error(&self, doing: &str, error: &Self::Refusal) -> Error {
        let words = Self::words(error);
        let hint = match Self::has_answered(error) {
            true => Self::hint(error),
            false => Some(of_connection::<Self>(&words)),
        };
        let problem = Problem::new(format!("{doing} in {}", self.name())).cause(words);
        Error::run(problem.maybe_hint(hint.map(Into::into)))
    }

    /// Whether it answers on a new connection, if only that it takes nobody in.
    fn is_there(&self) -> impl Future<Output = bool> {
        async {
            let mut connection = match self.connect().await {
                Ok(connection) => connection,
                Err(Unanswered::Refused(error)) => return Self::has_answered(&error),
                Err(_) => return false,
            };
            match timeout(ANSWER, Self::ping(&mut connection)).await {
                Ok(Ok(())) => true,
                Ok(Err(error)) => Self::has_answered(&error),
                Err(_) => false,
            }
        }
    }
}

/// Why there is no answer.
#[derive(Debug)]
pub enum Unanswered<R> {
    /// The server or the system says so.
    Refused(R),
    /// The server says nothing.
    Silent,
    /// Nobody wants to wait any more.
    Ended,
}

/// What comes of connecting within this time.
///
/// # Errors
/// The server does not let us in, or says nothing.
pub async fn in_time<C, R>(
    most: Duration,
    connecting: impl Future<Output = Result<C, R>>,
) -> Result<C, Unanswered<R>> {
    match timeout(most, connecting).await {
        Ok(connected) => connected.map_err(Unanswered::Refused),
        Err(_) => Err(Unanswered::Silent),
    }
}

/// What to do about a connection that is not what was asked for.
fn of_connection<S: Server>(words: &str) -> &'static str {
    match words {
        NO_TLS => S::NO_TLS_HINT,
        words if words.contains("UnknownIssuer") => S::ISSUER_HINT,
        words if words.contains("certificate") => {
            "the certificate is not for this host, or not for now"
        }
        _ => RUNNING,
    }
}
