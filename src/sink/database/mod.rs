//! Sinks of tables of databases: what all of them are asked, and what those that speak SQL do alike.
//!
//! ```text
//! options   of a sink, what is wrong with them, and what they ask for     table_sink, check
//! connect   looks: is the table there, how far is this load               connect, load, misfits
//! open      makes what is missing before the first row                    prepare
//! session   rows, and their offsets beside them, in one transaction       session, failure
//! ```
//!
//! What a database does in its own way stands in its driver: `SinkDialect`, `Loads` and `Sends`.

mod check;
#[cfg(any(feature = "mysql", feature = "postgres"))]
mod connect;
#[cfg(any(feature = "mysql", feature = "postgres"))]
pub mod failure;
#[cfg(any(feature = "mysql", feature = "postgres"))]
mod load;
#[cfg(any(feature = "mysql", feature = "postgres"))]
pub mod misfits;
#[cfg(not(all(feature = "mysql", feature = "postgres")))]
pub mod no_driver;
#[cfg(any(feature = "mysql", feature = "postgres"))]
mod prepare;
#[cfg(any(feature = "mysql", feature = "postgres"))]
mod session;
mod table_sink;

#[cfg(any(feature = "mysql", feature = "postgres"))]
use arrow::datatypes::Schema;
use schemars::JsonSchema;
use serde::Deserialize;

#[cfg(any(feature = "mysql", feature = "postgres"))]
use crate::client::table_name::Dialect;
use crate::error::Problem;
use crate::format::Shape;
use crate::place::{Place, Placed, Text};
#[cfg(any(feature = "mysql", feature = "postgres"))]
pub use connect::connect;
#[cfg(any(feature = "mysql", feature = "postgres"))]
pub use load::{Load, Loads};
#[cfg(any(feature = "mysql", feature = "postgres"))]
pub use session::{Connection, Rows, Sends};
pub use table_sink::{SinkDialect, TableSink};

/// What becomes of rows that are there.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// They stay.
    #[default]
    Append,
    /// They are removed before the first row.
    Truncate,
    /// Those of equal key are replaced.
    Upsert,
}

/// The names of columns, as SQL lists them.
#[cfg(any(feature = "mysql", feature = "postgres"))]
pub fn list<D: Dialect>(schema: &Schema) -> String {
    let names = schema.fields().iter().map(|field| D::quoted(field.name()));
    names.collect::<Vec<_>>().join(", ")
}

/// What the user of a load may not and would have to: where, and the privileges there.
#[derive(Debug, Default)]
pub struct Missing(Vec<(String, Vec<String>)>);

impl Missing {
    /// One more.
    pub fn add(&mut self, on: &str, privilege: &str) {
        let place = self.0.iter().position(|(there, _)| there == on);
        let place = place.unwrap_or_else(|| {
            self.0.push((on.to_string(), Vec::new()));
            self.0.len() - 1
        });
        let privileges = &mut self.0[place].1;
        if !privileges.iter().any(|one| one == privilege) {
            privileges.push(privilege.to_string());
        }
    }

    /// All of it at once, and what gives it to this user.
    pub fn problem(&self, user: &str) -> Option<Problem> {
        let all = |one: &dyn Fn(&str, &str) -> String, between: &str| {
            let all = self.0.iter().map(|(on, what)| one(on, &what.join(", ")));
            all.collect::<Vec<_>>().join(between)
        };
        let lacks = all(&|on, what| format!("{what} on {on}"), "; ");
        let gives = all(&|on, what| format!("GRANT {what} ON {on} TO {user}"), "; ");
        let problem = Problem::new(format!("the user lacks privileges: {lacks}"));
        (!self.0.is_empty()).then(|| problem.hint(format!("an owner gives them: {gives}")))
    }
}

/// A key that is not there, or that an upsert lacks.
pub fn key_problems(
    (mode, key): (Mode, &[Placed<Text>]),
    place: &Place,
    shape: &Shape,
) -> Vec<Problem> {
    let mut problems = Vec::new();
    if mode == Mode::Upsert && key.is_empty() {
        let problem = Problem::new("`mode: upsert` needs a `key`").at(place);
        problems.push(problem.hint("name the columns that tell rows apart: `key: [id]`"));
    }
    let known = |column: &Placed<Text>| shape.column(column.as_str(), &column.place);
    problems.extend(key.iter().filter_map(|column| known(column).err()));
    problems
}

/// Nothing is written of no column.
pub fn no_columns(place: &Place) -> Problem {
    Problem::new("a table without columns has no rows to send").at(place)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_missing_privileges_are_one_problem() {
        let mut missing = Missing::default();
        assert!(missing.problem("me").is_none());
        for (on, privilege) in [
            ("a", "INSERT"),
            ("b", "CREATE"),
            ("a", "INSERT"),
            ("a", "UPDATE"),
        ] {
            missing.add(on, privilege);
        }
        let problem = missing.problem("me").unwrap();
        assert_eq!(
            problem.message,
            "the user lacks privileges: INSERT, UPDATE on a; CREATE on b"
        );
        assert_eq!(
            problem.hint.as_deref(),
            Some("an owner gives them: GRANT INSERT, UPDATE ON a TO me; GRANT CREATE ON b TO me")
        );
    }
}
