//! Names of tables, as the databases spell them.

use std::marker::PhantomData;

use schemars::JsonSchema;

/// How a database spells names.
pub trait Dialect: std::fmt::Debug + Clone + JsonSchema + Send + Sync + Sized + 'static {
    /// What it is called, and the feature that brings its driver.
    const NAME: (&'static str, &'static str);
    /// What tables stand in: a schema, or a database.
    const OUTER: &'static str;
    /// How long a name may be, in words.
    const LENGTH: &'static str;
    /// A table as a hint spells it.
    const EXAMPLE: &'static str;

    /// True if a table can be called so.
    fn is_name(text: &str) -> bool;

    /// An identifier as SQL spells it.
    fn quoted(name: &str) -> String;
}

/// A table's name with what it stands in: `orders`, `public.orders`. Each part is taken as it is spelt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableName<D> {
    schema: Option<String>,
    table: String,
    /// Its schema is the address's, which nobody needs to be told.
    is_usual: bool,
    dialect: PhantomData<D>,
}

impl<D: Dialect> TableName<D> {
    /// Reads `table` or `schema.table`.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(text: &str) -> Result<Self, String> {
        let (schema, table) = match text.split_once('.') {
            Some((schema, table)) => (Some(schema), table),
            None => (None, text),
        };
        // SQL could quote a point; here it would be read as the end of the schema.
        let named = |part: &str| D::is_name(part) && !part.contains(['\0', '.']);
        if !named(table) || !schema.is_none_or(named) {
            return Err(format!(
                "expected `table` or `{}.table`, each name of {}, found `{text}`",
                D::OUTER,
                D::LENGTH
            ));
        }
        Ok(Self {
            schema: schema.map(str::to_string),
            table: table.to_string(),
            is_usual: schema.is_none(),
            dialect: PhantomData,
        })
    }

    /// The same table, in a schema that is known, unless its name says one.
    #[must_use]
    pub fn within(self, schema: Option<&str>) -> Self {
        Self {
            schema: self.schema.or_else(|| schema.map(str::to_string)),
            ..self
        }
    }

    /// As SQL spells it.
    pub fn quoted(&self) -> String {
        match &self.schema {
            Some(schema) => format!("{}.{}", D::quoted(schema), D::quoted(&self.table)),
            None => D::quoted(&self.table),
        }
    }

    /// Another table of the same schema.
    #[must_use]
    pub fn beside(&self, table: &str) -> Self {
        Self {
            schema: self.schema.clone(),
            table: table.to_string(),
            ..*self
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
impl<D> std::fmt::Display for TableName<D> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if let Some(schema) = self.schema.as_ref().filter(|_| !self.is_usual) {
            write!(f, "{schema}.")?;
        }
        f.write_str(&self.table)
    }
}
