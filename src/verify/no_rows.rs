//! A dataset that is whole and has no file, because its table has no rows.

use std::sync::Arc;

use arrow::datatypes::{Field, Schema, SchemaRef};

use crate::error::Result;
use crate::sink::HeldFiles;
use crate::source::{Piece, Records};

/// No rows of these columns.
pub(super) struct NoRows {
    schema: SchemaRef,
    what: String,
}

impl NoRows {
    /// Of a dataset, whose columns are called `names`.
    pub(super) fn new(held: &HeldFiles, names: &[String], fields: &[Field]) -> Self {
        let columns = names.iter().zip(fields);
        let columns = columns.map(|(name, field)| field.clone().with_name(name.clone()));
        Self {
            schema: Arc::new(Schema::new(columns.collect::<Vec<_>>())),
            what: format!("{}, no files", held.path.display()),
        }
    }
}

impl Records for NoRows {
    fn schema(&self) -> SchemaRef {
        self.schema.clone()
    }

    fn rows(&self) -> u64 {
        0
    }

    fn read(&self, _: u64, _: usize, columns: &[usize]) -> Result<Piece> {
        Ok(Piece::empty(&self.schema, columns))
    }

    fn describe(&self) -> String {
        self.what.clone()
    }

    fn digest(&self) -> String {
        self.what.clone()
    }
}
