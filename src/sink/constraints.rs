//! What a table of a database that is made has beside its columns, and what its `CREATE TABLE` says.

use arrow::datatypes::{Field, Schema};

use crate::client::table_name::Dialect;
use crate::place::{Placed, Text};

/// What a table that is made has beside its columns.
#[derive(Debug, Clone, Default)]
pub struct Constraints {
    /// The columns of its primary key.
    pub key: Vec<String>,
    /// The columns that hold no null; without them those that their types say.
    pub required: Option<Vec<bool>>,
    /// Columns that hold keys of other tables: the table, as SQL spells it, and its key.
    pub references: Vec<(String, String, String)>,
    /// Columns by which rows of it are looked for when rows of other tables go.
    pub indexed: Vec<String>,
}

/// A column of a table that is made.
#[derive(Debug, Clone, Copy)]
pub struct MadeColumn<'f> {
    pub field: &'f Field,
    /// It is of the primary key.
    pub of_key: bool,
    /// It is of the primary key, or holds keys of another table.
    pub indexed: bool,
    /// It holds no null.
    pub required: bool,
}

impl Constraints {
    /// A primary key alone.
    pub fn of_key(key: &[Placed<Text>]) -> Self {
        let key = key.iter().map(|column| column.as_str().to_string());
        Self {
            key: key.collect(),
            ..Self::default()
        }
    }

    /// What stands between the parentheses of a `CREATE TABLE`, where `spell` says a column's type and
    /// whether it holds null.
    ///
    /// # Errors
    /// The column that no type holds, and why.
    pub fn lines<D: Dialect>(
        &self,
        schema: &Schema,
        spell: impl Fn(&MadeColumn<'_>) -> Result<String, String>,
    ) -> Result<String, String> {
        let mut lines = Vec::new();
        for (index, field) in schema.fields().iter().enumerate() {
            let name = field.name();
            let of_key = self.key.contains(name);
            let required = self.required.as_ref();
            let spelt = spell(&MadeColumn {
                field,
                of_key,
                indexed: of_key || self.references.iter().any(|(column, ..)| column == name),
                required: required.map_or(!field.is_nullable(), |required| required[index]),
            })?;
            lines.push(format!("{} {spelt}", D::quoted(name)));
        }
        if !self.key.is_empty() {
            let key: Vec<String> = self.key.iter().map(|column| D::quoted(column)).collect();
            lines.push(format!("PRIMARY KEY ({})", key.join(", ")));
        }
        for (column, table, key) in &self.references {
            let (column, key) = (D::quoted(column), D::quoted(key));
            lines.push(format!("FOREIGN KEY ({column}) REFERENCES {table} ({key})"));
        }
        Ok(lines.join(", "))
    }
}
