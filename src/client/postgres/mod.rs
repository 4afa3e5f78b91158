//! PostgreSQL: where the database is, and how to be let in.

#[cfg(feature = "postgres")]
mod driver;
#[cfg(feature = "postgres")]
mod locks;
#[cfg(feature = "postgres")]
mod offsets;
#[cfg(feature = "postgres")]
mod patience;

pub use super::database::{Tls, check_connections, connections};
#[cfg(feature = "postgres")]
pub use driver::*;
#[cfg(feature = "postgres")]
pub use offsets::*;
#[cfg(feature = "postgres")]
pub use patience::Patience;

use super::table_name::{self, Dialect};

/// How PostgreSQL spells names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PostgresNames {}

impl Dialect for PostgresNames {
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
