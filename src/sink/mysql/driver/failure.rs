//! What an error of the server asks for: another try, the narrowing down of rows, or the end.

use mysql_async::{Error, ServerError};

use crate::client::mysql::{Database, answer};
use crate::client::server::Server;
use crate::sink::database::failure::of;
use crate::sink::session::Failure;

/// Rows are wrong though the class of the error does not say so: a value that is cut off or not taken, a
/// rule, a trigger that says no, no partition for it, too long for a page, no JSON, no default.
const OF_ROWS: &[u16] = &[
    1118, 1265, 1366, 1411, 1526, 1644, 1690, 1748, 3140, 3141, 3819, 3903, 4025,
];

/// Other columns have the same name (1052), of the class of constraints.
const OF_STATEMENTS: &[u16] = &[1052];

/// Another try may succeed: memory, disks and connections that are used up, locks and deadlocks, statements
/// and connections that somebody ends, a server that stops, starts, has become a replica, is offline, or
/// whose cluster is not ready.
const PASSES: &[u16] = &[
    1020, 1021, 1037, 1038, 1040, 1041, 1047, 1053, 1077, 1078, 1079, 1105, 1114, 1129, 1152, 1158,
    1159, 1160, 1161, 1180, 1181, 1184, 1203, 1205, 1206, 1213, 1226, 1290, 1317, 1412, 1613, 1614,
    1615, 1637, 1792, 1836, 1927, 1969, 2006, 2013, 3024, 3032, 3098, 3100, 3101, 3168, 3169, 3572,
];

/// A deadlock, of which this transaction was the victim. One that waited for a lock has waited long already.
const GAVE_WAY: u16 = 1213;

/// The server ended the connection before it said what became of it.
const GONE: &[u16] = &[
    1053, 1077, 1079, 1152, 1158, 1159, 1160, 1161, 1927, 2006, 2013, 3168, 3169,
];

/// What a failed INSERT asks for; its rows stand behind `before` others.
pub(super) fn of_rows(database: &Database, error: &Error, before: usize) -> Failure {
    let Some(answer) = answer(error).filter(|answer| is_of_a_row(answer)) else {
        return of(database, "writing rows", error);
    };
    match number(&answer.message) {
        Some((reason, row)) => Failure::Rows(vec![(before + row, reason.to_string())]),
        None => Failure::Refused(answer.message.clone()),
    }
}

/// True if the transaction gave way to another one, which goes on: it may be made again at once.
pub(super) fn gave_way(error: &Error) -> bool {
    answer(error).is_some_and(|answer| answer.code == GAVE_WAY)
}

/// True if another try may succeed.
pub(super) fn passes(error: &Error) -> bool {
    match answer(error) {
        // The connection is gone, or nobody answered.
        None => matches!(error, Error::Io(_) | Error::Driver(_) | Error::Other(_)),
        Some(answer) => PASSES.contains(&answer.code),
    }
}

/// True if the connection ended before the server said what became of it.
pub(super) fn is_gone(error: &Error) -> bool {
    answer(error).is_none_or(|answer| GONE.contains(&answer.code))
}

/// The server has answered to other statements than it was sent.
pub(super) fn unlike(load: &super::Load) -> Failure {
    let doing = format!("writing rows in {}", load.database.name());
    Failure::Again(crate::error::Error::because(
        doing,
        "it has not answered to every statement",
    ))
}

/// A row is wrong: data exceptions and constraints (classes 22 and 23), and some that have no class.
fn is_of_a_row(answer: &ServerError) -> bool {
    let of_class = matches!(answer.state.get(..2), Some("22" | "23"));
    of_class && !OF_STATEMENTS.contains(&answer.code) || OF_ROWS.contains(&answer.code)
}

/// The reason without the row that the server names, and that row: `… at row 1701`. Rows count from 1.
fn number(message: &str) -> Option<(&str, usize)> {
    let (reason, row) = message.rsplit_once(" at row ")?;
    Some((reason, row.parse::<usize>().ok()?.checked_sub(1)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_server_names_a_row() {
        for (message, expected) in [
            (
                "Data too long for column 's' at row 1701",
                Some(("Data too long for column 's'", 1700)),
            ),
            (
                "Incorrect date value: 'x at row 2' for column `d` at row 1",
                Some(("Incorrect date value: 'x at row 2' for column `d`", 0)),
            ),
            ("Duplicate entry '5 at row 7' for key 'PRIMARY'", None),
            ("Out of range value for column 'n' at row 0", None),
        ] {
            assert_eq!(number(message), expected, "{message}");
        }
    }

    fn said(code: u16, state: &str) -> ServerError {
        ServerError {
            code,
            message: String::new(),
            state: state.into(),
        }
    }

    #[test]
    fn what_is_of_a_row_is_told_from_what_is_not() {
        for (code, state, expected) in [
            (1062, "23000", true),
            (1406, "22001", true),
            (1265, "01000", true),
            (4025, "23000", true),
            (1452, "23000", true),
            (1052, "23000", false),
            (1054, "42S22", false),
            (1142, "42000", false),
            (1213, "40001", false),
        ] {
            assert_eq!(is_of_a_row(&said(code, state)), expected, "{code}");
        }
    }
}
