//! What an error of the server asks for: another try, the narrowing down of rows, or the end.

use tokio_postgres::Error;
use tokio_postgres::error::{DbError, SqlState};

use crate::client::postgres::{Database, database_words};
use crate::sink::database::failure::of;
use crate::sink::session::Failure;

/// What a failed COPY or INSERT asks for.
pub(super) fn of_rows(database: &Database, error: &Error) -> Failure {
    let Some(answer) = error
        .as_db_error()
        .filter(|answer| is_of_a_row(answer.code()))
    else {
        return of(database, "writing rows", error);
    };
    let reason = database_words(answer);
    match line(answer) {
        Some(line) => Failure::Rows(vec![(line, reason)]),
        None => Failure::Refused(reason),
    }
}

/// A row is wrong: data exceptions and constraints (classes 22 and 23).
fn is_of_a_row(code: &SqlState) -> bool {
    matches!(code.code().get(..2), Some("22" | "23"))
}

/// True if the connection ended before the server said what became of it.
pub(super) fn is_gone(code: &SqlState) -> bool {
    matches!(code.code().get(..2), Some("08")) || shuts_down(code)
}

fn shuts_down(code: &SqlState) -> bool {
    [
        SqlState::ADMIN_SHUTDOWN,
        SqlState::CRASH_SHUTDOWN,
        SqlState::CANNOT_CONNECT_NOW,
        SqlState::IDLE_SESSION_TIMEOUT,
        SqlState::IDLE_IN_TRANSACTION_SESSION_TIMEOUT,
    ]
    .contains(code)
}

/// Another try may succeed: connections (08), resources (53), serialization and deadlocks (40), locks
/// that were not given, a server that stops, starts or has become a standby.
pub(super) fn passes(code: &SqlState) -> bool {
    matches!(code.code().get(..2), Some("08" | "40" | "53"))
        || shuts_down(code)
        || [
            SqlState::QUERY_CANCELED,
            SqlState::LOCK_NOT_AVAILABLE,
            SqlState::READ_ONLY_SQL_TRANSACTION,
        ]
        .contains(code)
}

/// The row that the server names: `COPY orders, line 1701, column status`. Lines count from 1.
fn line(answer: &DbError) -> Option<usize> {
    number(answer.where_()?)
}

fn number(context: &str) -> Option<usize> {
    let (_, behind) = context
        .lines()
        .find(|line| line.starts_with("COPY "))?
        .split_once(", line ")?;
    let digits = behind.split(|c: char| !c.is_ascii_digit()).next()?;
    digits.parse::<usize>().ok()?.checked_sub(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_server_names_a_row() {
        for (context, row) in [
            ("COPY orders, line 1701, column status", Some(1700)),
            ("COPY orders, line 1", Some(0)),
            ("COPY a, line 7, line 2: \"x\"", Some(6)),
            (
                "SQL function \"f\" statement 1\nCOPY orders, line 3",
                Some(2),
            ),
            ("COPY orders", None),
            ("SQL statement, line 4", None),
            ("COPY orders, line 0", None),
        ] {
            assert_eq!(number(context), row, "{context}");
        }
    }

    #[test]
    fn what_passes_is_told_from_what_does_not() {
        for (code, expected) in [
            ("08006", true),
            ("40001", true),
            ("40P01", true),
            ("53300", true),
            ("53100", true),
            ("57P01", true),
            ("57014", true),
            ("42P01", false),
            ("42501", false),
            ("28P01", false),
            ("0A000", false),
        ] {
            assert_eq!(passes(&SqlState::from_code(code)), expected, "{code}");
        }
        assert!(is_of_a_row(&SqlState::from_code("22001")));
        assert!(is_of_a_row(&SqlState::from_code("23505")));
        assert!(!is_of_a_row(&SqlState::from_code("42P01")));
    }
}
