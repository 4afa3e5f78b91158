//! PostgreSQL: where the database is, and how to be let in.

#[cfg(feature = "postgres")]
mod driver;
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
