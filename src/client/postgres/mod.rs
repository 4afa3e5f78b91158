//! PostgreSQL: where the database is, and how to be let in.

#[cfg(feature = "postgres")]
mod driver;
#[cfg(feature = "postgres")]
mod offsets;
#[cfg(feature = "postgres")]
mod patience;

use schemars::JsonSchema;
use serde::Deserialize;

use crate::error::Problem;
use crate::place::{Count, LocalPath, Placed};
#[cfg(feature = "postgres")]
pub use driver::*;
#[cfg(feature = "postgres")]
pub use offsets::*;
#[cfg(feature = "postgres")]
pub use patience::Patience;

/// Encrypted connections to the database; its certificate is always checked.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Tls {
    /// The certificate authority's file, PEM (default: those that browsers trust).
    pub ca: Option<Placed<LocalPath>>,
}

/// PostgreSQL's own default is 100 connections for everybody.
const MOST_CONNECTIONS: u64 = 64;

/// Nobody asked for more, and more seldom help.
const USUAL_CONNECTIONS: usize = 8;

/// What is wrong with a number of connections.
pub fn check_connections(asked: Option<&Placed<Count>>) -> Option<Problem> {
    let wrong = |count: &&Placed<Count>| !(1..=MOST_CONNECTIONS).contains(&count.value.0);
    let message = format!("`connections` is 1 to {MOST_CONNECTIONS}");
    asked
        .filter(wrong)
        .map(|count| Problem::new(message).at(&count.place))
}

/// How many connections there are: as many as cores, at most 8, unless so many are asked for.
pub fn connections(asked: Option<&Placed<Count>>) -> usize {
    let cores = || std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    // It is at most 64, so it fits.
    let asked = asked.map(|count| count.value.0 as usize);
    asked.unwrap_or_else(|| cores().min(USUAL_CONNECTIONS))
}

/// A table's name with its schema: `orders`, `public.orders`. Each part is taken as it is spelt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableName {
    schema: Option<String>,
    table: String,
}

impl TableName {
    /// Reads `table` or `schema.table`.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(text: &str) -> Result<Self, String> {
        let parts: Vec<&str> = text.split('.').collect();
        let named = |part: &&str| (1..=63).contains(&part.len()) && !part.contains('\0');
        match parts.as_slice() {
            [table] if named(table) => Ok(Self {
                schema: None,
                table: (*table).to_string(),
            }),
            [schema, table] if named(schema) && named(table) => Ok(Self {
                schema: Some((*schema).to_string()),
                table: (*table).to_string(),
            }),
            _ => Err(format!(
                "expected `table` or `schema.table`, each name of 1 to 63 bytes, found `{text}`"
            )),
        }
    }

    /// As SQL spells it.
    pub fn quoted(&self) -> String {
        match &self.schema {
            Some(schema) => format!("{}.{}", quoted(schema), quoted(&self.table)),
            None => quoted(&self.table),
        }
    }

    /// Another table of the same schema.
    #[must_use]
    pub fn beside(&self, table: &str) -> Self {
        Self {
            schema: self.schema.clone(),
            table: table.to_string(),
        }
    }

    /// The schema, if one is said.
    pub fn schema(&self) -> Option<&str> {
        self.schema.as_deref()
    }

    /// The name of the table alone.
    pub fn table(&self) -> &str {
        &self.table
    }
}

/// As a person spells it.
impl std::fmt::Display for TableName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if let Some(schema) = &self.schema {
            write!(f, "{schema}.")?;
        }
        f.write_str(&self.table)
    }
}

/// An identifier as SQL spells it.
pub fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_taken_as_they_are_spelt() {
        for (text, sql) in [
            ("orders", "\"orders\""),
            ("public.Orders", "\"public\".\"Orders\""),
            ("a\"b; drop", "\"a\"\"b; drop\""),
        ] {
            let name = TableName::parse(text).unwrap();
            assert_eq!(
                (name.quoted().as_str(), name.to_string()),
                (sql, text.into())
            );
        }
        assert_eq!(
            TableName::parse("a.b").unwrap().beside("c").quoted(),
            "\"a\".\"c\""
        );
        for text in ["", "a.b.c", ".a", "a.", &"x".repeat(64)] {
            assert!(
                TableName::parse(text)
                    .unwrap_err()
                    .ends_with(&format!("found `{text}`"))
            );
        }
    }
}
