//! MySQL and MariaDB: where the database is, and how to be let in.

#[cfg(feature = "mysql")]
mod driver;
#[cfg(feature = "mysql")]
mod offsets;
#[cfg(feature = "mysql")]
mod patience;

#[cfg(feature = "mysql")]
pub use driver::*;
#[cfg(feature = "mysql")]
pub use offsets::{BATCH_ROWS, CONNECTIONS, Known, OFFSETS, Offsets, SHARDS_OF, STREAM};
#[cfg(feature = "mysql")]
pub use patience::Patience;

/// A table's name with its database: `orders`, `shop.orders`. Each part is taken as it is spelt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableName {
    database: Option<String>,
    table: String,
    /// Its database is the address's, which nobody needs to be told.
    is_usual: bool,
}

impl TableName {
    /// Reads `table` or `database.table`.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(text: &str) -> Result<Self, String> {
        let parts: Vec<&str> = text.split('.').collect();
        let named = |part: &&str| {
            (1..=64).contains(&part.chars().count()) && !part.contains('\0') && !part.ends_with(' ')
        };
        match parts.as_slice() {
            [table] if named(table) => Ok(Self {
                database: None,
                table: (*table).to_string(),
                is_usual: true,
            }),
            [database, table] if named(database) && named(table) => Ok(Self {
                database: Some((*database).to_string()),
                table: (*table).to_string(),
                is_usual: false,
            }),
            _ => Err(format!(
                "expected `table` or `database.table`, each name of 1 to 64 characters, found `{text}`"
            )),
        }
    }

    /// The same table, in a database that is known.
    #[must_use]
    pub fn within(&self, database: &str) -> Self {
        Self {
            database: Some(self.database().unwrap_or(database).to_string()),
            ..self.clone()
        }
    }

    /// As SQL spells it.
    pub fn quoted(&self) -> String {
        match &self.database {
            Some(database) => format!("{}.{}", quoted(database), quoted(&self.table)),
            None => quoted(&self.table),
        }
    }

    /// Another table of the same database.
    #[must_use]
    pub fn beside(&self, table: &str) -> Self {
        Self {
            table: table.to_string(),
            ..self.clone()
        }
    }

    /// The database, if one is said.
    pub fn database(&self) -> Option<&str> {
        self.database.as_deref()
    }

    /// The name of the table alone.
    pub fn table(&self) -> &str {
        &self.table
    }
}

/// As a person spells it.
impl std::fmt::Display for TableName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if let Some(database) = self.database.as_ref().filter(|_| !self.is_usual) {
            write!(f, "{database}.")?;
        }
        f.write_str(&self.table)
    }
}

/// An identifier as SQL spells it.
pub fn quoted(name: &str) -> String {
    format!("`{}`", name.replace('`', "``"))
}

/// A text as SQL spells it, where backslashes escape: every connection says so first.
pub fn literal(text: &str) -> String {
    let mut out = Vec::with_capacity(text.len() + 2);
    write_literal(&mut out, text.as_bytes());
    String::from_utf8_lossy(&out).into_owned()
}

/// Appends a text as SQL spells it.
pub fn write_literal(out: &mut Vec<u8>, text: &[u8]) {
    out.push(b'\'');
    for byte in text {
        match byte {
            b'\'' | b'\\' => out.extend_from_slice(&[b'\\', *byte]),
            0 => out.extend_from_slice(b"\\0"),
            _ => out.push(*byte),
        }
    }
    out.push(b'\'');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_taken_as_they_are_spelt() {
        for (text, sql) in [
            ("orders", "`orders`"),
            ("shop.Orders", "`shop`.`Orders`"),
            ("a`b; drop", "`a``b; drop`"),
        ] {
            let name = TableName::parse(text).unwrap();
            assert_eq!(
                (name.quoted().as_str(), name.to_string()),
                (sql, text.into())
            );
        }
        let name = TableName::parse("a.b").unwrap();
        assert_eq!(name.beside("c").quoted(), "`a`.`c`");
        assert_eq!(name.within("d").to_string(), "a.b");
        assert_eq!(name.beside("c").within("d").to_string(), "a.c");
        let bare = TableName::parse("b").unwrap();
        assert_eq!(bare.within("d").to_string(), "b");
        assert_eq!(bare.within("d").quoted(), "`d`.`b`");
        for text in ["", "a.b.c", ".a", "a.", "a ", &"x".repeat(65)] {
            let fault = TableName::parse(text).unwrap_err();
            assert!(fault.ends_with(&format!("found `{text}`")));
        }
    }

    #[test]
    fn texts_are_escaped() {
        assert_eq!(literal("it's a \\ and \0; é"), "'it\\'s a \\\\ and \\0; é'");
    }
}
