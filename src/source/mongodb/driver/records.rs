//! A collection as rows.

use std::sync::Arc;

use arrow::datatypes::SchemaRef;

use super::collection::Documents;
use super::text::json;
use crate::error::Result;
use crate::source::json_rows::JsonRows;
use crate::source::{OnBadRow, Piece, Records, Rejected};

/// Documents whose fields are columns.
pub struct Rows {
    documents: Documents,
    schema: SchemaRef,
    on_bad_row: OnBadRow,
}

impl Rows {
    pub fn new(documents: Documents, schema: SchemaRef, on_bad_row: OnBadRow) -> Self {
        Self {
            documents,
            schema,
            on_bad_row,
        }
    }
}

impl Records for Rows {
    fn schema(&self) -> SchemaRef {
        self.schema.clone()
    }

    fn rows(&self) -> u64 {
        self.documents.count
    }

    fn read(&self, first: u64, count: usize, columns: &[usize]) -> Result<Piece> {
        if columns.is_empty() || count == 0 {
            return Ok(Piece::empty(&self.schema, columns));
        }
        let documents = self.documents.read(first, count)?;
        if documents.len() < count {
            let name = &self.documents.name;
            let message = format!("collection {name} has lost documents while it was read");
            return Err(crate::error::Error::run(message).hint("read it at a quiet moment"));
        }
        let wanted = Arc::new(self.schema.project(columns)?);
        let texts: Vec<String> = documents.iter().map(|one| json(one, &wanted)).collect();
        let bytes: Vec<&[u8]> = texts.iter().map(String::as_bytes).collect();
        let (arrays, bad) = JsonRows::new(wanted).read(&bytes)?;
        let rejected = bad.into_iter().map(|(row, bad)| {
            let id = documents[row].get("_id");
            let id = id.map_or_else(String::new, ToString::to_string);
            let mut letter = serde_json::Map::new();
            letter.insert("collection".into(), self.documents.name.clone().into());
            letter.insert("_id".into(), id.clone().into());
            letter.insert("reason".into(), bad.message.clone().into());
            let place = format!("collection `{}`, document {id}", self.documents.name);
            let rejected = Rejected {
                place,
                kind: bad.kind,
                message: bad.message,
                letter,
            };
            (row, rejected)
        });
        Ok(Piece::among(arrays, first, count, rejected.collect()))
    }

    fn on_bad_row(&self) -> OnBadRow {
        self.on_bad_row.clone()
    }

    fn describe(&self) -> String {
        let Documents { name, .. } = &self.documents;
        format!("mongodb collection {name} at {}", self.documents.server())
    }

    fn digest(&self) -> String {
        format!("{}, {} documents", self.describe(), self.rows())
    }
}
