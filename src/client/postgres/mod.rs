//! PostgreSQL: where the database is, and how to be let in.

#[cfg(feature = "postgres")]
mod driver;
#[cfg(feature = "postgres")]
mod offsets;

#[cfg(feature = "postgres")]
pub use driver::*;
#[cfg(feature = "postgres")]
pub use offsets::LOCK;

use schemars::JsonSchema;

use super::table_name::{self, Dialect};

/// How PostgreSQL spells names.
#[derive(Debug, Clone, PartialEq, Eq, JsonSchema)]
#[schemars(rename = "Postgres")]
pub enum PostgresNames {}

impl Dialect for PostgresNames {
    const NAME: (&'static str, &'static str) = ("PostgreSQL", "postgres");
    const OUTER: &'static str = "schema";
    const LENGTH: &'static str = "1 to 63 bytes";
    const EXAMPLE: &'static str = "public.orders";

    fn is_name(text: &str) -> bool {
        (1..=63).contains(&text.len())
    }

    fn quoted(name: &str) -> String {
        quoted(name)
    }
}

/// A table's name with its schema: `orders`, `public.orders`.
pub type TableName = table_name::TableName<PostgresNames>;

/// An identifier as SQL spells it.
pub fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// A text as SQL spells it, whether or not the server takes backslashes for escapes.
#[cfg(feature = "postgres")]
pub fn literal(text: &str) -> String {
    let escapes = if text.contains('\\') { "E" } else { "" };
    format!(
        "{escapes}'{}'",
        text.replace('\\', "\\\\").replace('\'', "''")
    )
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
