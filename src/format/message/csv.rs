//! `csv`: a row of comma-separated text a message.

use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::buffer::NullBuffer;
use schemars::JsonSchema;
use serde::Deserialize;

use super::{MessageFormat, MessageWriter};
use crate::error::{Problem, Result};
use crate::format::Shape;
use crate::format::cells::{Cells, Refusal};
use crate::format::csv::{Csv, CsvRows, Nested, NullText, QuoteStyle};
use crate::place::{Placed, Text};

/// A row of comma-separated text a message, spelt as in CSV files, without header and line end.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct CsvMessage {
    /// One ASCII character between values, such as `";"` or `"\t"` (default: a comma).
    delimiter: Option<Placed<Text>>,
    /// One ASCII character around values that need it, doubled inside them (default `"`).
    quote: Option<Placed<Text>>,
    /// Which values have quotes: those that need them, or all but null.
    quote_style: QuoteStyle,
    /// What stands for null (default: nothing). A text that is equal has quotes.
    null: NullText,
    /// What stands for the empty string (default: two quotes).
    empty: Option<Placed<Text>>,
    /// Lists, structs and maps are errors unless written as `json`, bytes then as hexadecimal.
    nested: Option<Nested>,
}

impl CsvMessage {
    fn csv(&self) -> Csv {
        Csv {
            delimiter: self.delimiter.clone(),
            quote: self.quote.clone(),
            quote_style: self.quote_style,
            null: self.null.clone(),
            empty: self.empty.clone(),
            nested: self.nested,
            // No header and no compression: a message is one row.
            ..Csv::default()
        }
    }
}

impl MessageFormat for CsvMessage {
    fn is_text(&self) -> bool {
        true
    }

    fn check(&self, shape: &Shape) -> Vec<Problem> {
        let csv = self.csv();
        let mut problems = csv.check_columns(shape);
        problems.extend(csv.rows().err());
        problems
    }

    fn open(&self, _shape: &Shape, _schema_id: Option<u32>) -> Result<Arc<dyn MessageWriter>> {
        let rows = self.csv().rows()?;
        Ok(Arc::new(rows.without_line_ends()))
    }
}

impl MessageWriter for CsvRows {
    fn write(&self, batch: &RecordBatch, out: &mut Cells) -> Result<Option<NullBuffer>, Refusal> {
        self.write(batch, out).map(|()| None)
    }
}
