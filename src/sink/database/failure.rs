//! What an error of a server asks for: another try, the narrowing down of rows, or the end.

use super::session::{Rows, Sends};
use crate::client::server::Unanswered;
use crate::error::{Error, Problem};
use crate::sink::applied::At;
use crate::sink::session::{Failure, Part};

/// What anything that failed asks for, but refused rows.
pub fn of<S: Sends>(database: &S, doing: &str, error: &S::Refusal) -> Failure {
    let said = database.error(doing, error);
    match S::passes(error) {
        true => Failure::Again(said),
        false => Failure::Stop(said),
    }
}

/// What a connection asks for that was not made.
pub fn of_connecting<S: Sends>(database: &S, why: &Unanswered<S::Refusal>) -> Failure {
    match why {
        Unanswered::Refused(error) => of(database, "connecting", error),
        _ => Failure::Again(database.unanswered("connecting", why)),
    }
}

/// What a failed COMMIT asks for.
pub fn of_commit<S: Sends>(database: &S, error: &S::Refusal) -> Failure {
    match S::is_gone(error) {
        true => Failure::Unknown(database.error("committing", error)),
        // A refusal says that it was undone; silence says nothing.
        false => of(database, "committing", error),
    }
}

/// Rows that should be there and are not: somebody else has removed them.
pub fn missing(table: impl std::fmt::Display, rows: u64, found: u64) -> Failure {
    let what = format!(
        "table {table} lacks {} of the rows that changes of this load are of",
        rows.saturating_sub(found)
    );
    Failure::Stop(Error::run(Problem::new(what).hint(
        "somebody else has removed them: `rowgen verify` names them, and `--overwrite` begins anew",
    )))
}

/// The same of a statement's rows, which are refused by their places in it: by those among all chunks.
pub fn of_statement<S: Sends>(failure: Failure, chunks: &[Rows<S>], rows: &[At]) -> Failure {
    match failure {
        Failure::Rows(named) => {
            let named = named.into_iter().filter_map(|(row, why)| {
                let at = rows.get(row)?;
                Some((place(chunks, *at), why))
            });
            Failure::Rows(named.collect())
        }
        other => other,
    }
}

/// A row's place among those of all chunks.
pub fn place<S: Sends>(chunks: &[Rows<S>], at: At) -> usize {
    chunks[..at.chunk].iter().map(Part::rows).sum::<usize>() + at.row
}
