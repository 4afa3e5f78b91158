//! MySQL and MariaDB: where the database is, and how to be let in.

#[cfg(feature = "mysql")]
mod driver;
#[cfg(feature = "mysql")]
mod offsets;

#[cfg(feature = "mysql")]
pub use driver::*;

use schemars::JsonSchema;

use super::table_name::{self, Dialect};

/// How MySQL spells names.
#[derive(Debug, Clone, PartialEq, Eq, JsonSchema)]
#[schemars(rename = "Mysql")]
pub enum MysqlNames {}

impl Dialect for MysqlNames {
    const NAME: (&'static str, &'static str) = ("MySQL", "mysql");
    const OUTER: &'static str = "database";
    const LENGTH: &'static str = "1 to 64 characters";
    const EXAMPLE: &'static str = "orders";

    fn is_name(text: &str) -> bool {
        (1..=64).contains(&text.chars().count()) && !text.ends_with(' ')
    }

    fn quoted(name: &str) -> String {
        quoted(name)
    }
}

/// A table's name with its database: `orders`, `shop.orders`.
pub type TableName = table_name::TableName<MysqlNames>;

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
        assert_eq!(name.clone().within(Some("d")).to_string(), "a.b");
        assert_eq!(name.beside("c").within(Some("d")).to_string(), "a.c");
        let bare = TableName::parse("b").unwrap();
        assert_eq!(bare.clone().within(Some("d")).to_string(), "b");
        assert_eq!(bare.within(Some("d")).quoted(), "`d`.`b`");
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
