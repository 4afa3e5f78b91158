//! Addresses of servers: what is looked at before a driver reads one, and how a user and a password are spelt
//! in them.

use crate::error::Problem;
use crate::place::{Placed, Secret};

/// What is to be looked at when nobody answers.
pub const RUNNING: &str = "is it running, and is `url` right?";

/// What helps where a user or a password has what ends it.
const ENCODED: &str = "in a user or a password write `%40` for `@`, `%2F` for `/`, `%3A` for `:`, `%23` for `#`, `%3F` for `?`, `%25` for `%`; a variable in the place of either is taken as it is: `://${env:USER}:${env:PASSWORD}@HOST`";

/// A user or a password that ends too early would be taken for a host, a port or a database: it would be
/// told, and somebody else be asked.
///
/// # Errors
/// The address has an `@` where none can be.
pub fn check(url: &Placed<Secret>) -> Result<(), Problem> {
    let text = url.value.0.as_str();
    let rest = text.split_once("://").map_or("", |(_, rest)| rest);
    let (before, query) = rest.split_once('?').unwrap_or((rest, ""));
    // By hand and not by the driver's parser: that one takes the rest of a password for a host, and
    // tells it in its error.
    let authority = before.split(['/', '#']).next().unwrap_or_default();
    let has_user = authority.contains('@');
    let whole = before.matches('@').count() == usize::from(has_user);
    // Behind `?` there may be any number of them, but not where the user is missing before it.
    let is_spelt = whole && (has_user || !query.contains('@'));
    match is_spelt {
        true => Ok(()),
        false => {
            let what = "the user or the password in this address has a character that ends it";
            Err(Problem::new(what).at(&url.place).hint(ENCODED))
        }
    }
}

/// How an address is spelt, and what may be wrong with a user in it.
pub fn hint(expected: &str, url: &Placed<Secret>) -> String {
    match url.value.0.contains('@') {
        true => format!("{expected}; {ENCODED}"),
        false => expected.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checked(url: &str) -> Result<(), Problem> {
        let source = crate::place::Source::new("p.yaml", format!("url: \"{url}\""));
        let place = crate::place::Place::new(std::sync::Arc::new(source), 1, 6, url.len() + 2);
        check(&Placed {
            value: Secret(url.into()),
            place,
        })
    }

    #[test]
    fn a_user_that_ends_too_early_is_refused_and_not_shown() {
        for url in [
            "db://h/d",
            "db://u@h/d",
            "db://u:p%40%2F@h:1/d",
            "db://u:p@h/d?name=a@b",
            "db://h1,h2/d?name=x",
            "host=h user=a@b",
        ] {
            assert!(checked(url).is_ok(), "{url}");
        }
        for end in ["/", "@", "#", "?", "1/"] {
            let url = format!("db://u:hunter{end}2@h/d");
            let shown = url.replace(&format!("u:hunter{end}2"), &"*".repeat(9 + end.len()));
            let caret = "^".repeat(url.len() + 2);
            let said = checked(&url).unwrap_err().to_string();
            assert_eq!(
                said,
                format!(
                    "error: the user or the password in this address has a character that ends it\n --> p.yaml:1:6\n  |\n1 | url: \"{shown}\"\n  |      {caret}\n  hint: {ENCODED}"
                )
            );
        }
    }
}
