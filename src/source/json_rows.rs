//! JSON objects as rows.

use std::sync::Arc;

use arrow::array::{ArrayRef, BooleanArray, RecordBatch};
use arrow::compute::filter;
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use arrow::error::ArrowError;
use arrow_json::ReaderBuilder;

use super::messages::{Decoder, Decoders, decode};
use super::reject::Bad;
use super::retype::uuids;
use crate::error::Result;

/// Reads objects into columns.
#[derive(Debug, Clone)]
pub struct JsonRows {
    wanted: SchemaRef,
    /// The columns as the decoder reads them.
    read: SchemaRef,
}

/// The columns, and the messages that are not in them.
pub type Rows = (Vec<ArrayRef>, Vec<(usize, Bad)>);

/// One decoder of the library, and how many objects it has taken.
pub struct Objects {
    decoder: arrow_json::reader::Decoder,
    read: SchemaRef,
}

impl JsonRows {
    /// A reader of these columns.
    pub fn new(wanted: SchemaRef) -> Self {
        let read = |field: &Arc<Field>| match field.data_type() {
            DataType::FixedSizeBinary(16) => Field::new(field.name(), DataType::Utf8, true),
            other => Field::new(field.name(), other.clone(), true),
        };
        let read: Vec<Field> = wanted.fields().iter().map(read).collect();
        Self {
            wanted,
            read: Arc::new(Schema::new(read)),
        }
    }

    /// The objects' columns; objects that cannot be read are left out and told, in their order.
    ///
    /// # Errors
    /// The columns' types cannot be read from JSON.
    pub fn read(&self, objects: &[&[u8]]) -> Result<Rows> {
        let (batch, bad) = decode(self, objects)?;
        if self
            .wanted
            .fields()
            .iter()
            .zip(self.read.fields())
            .all(|(a, b)| a.data_type() == b.data_type())
        {
            return Ok((batch.columns().to_vec(), bad));
        }
        self.uuids(&batch, objects.len(), bad)
    }

    /// Texts become UUIDs, those that are none are left out, too.
    fn uuids(
        &self,
        batch: &RecordBatch,
        objects: usize,
        mut bad: Vec<(usize, Bad)>,
    ) -> Result<Rows> {
        let mut columns = batch.columns().to_vec();
        let mut keep = vec![true; batch.num_rows()];
        let left = |object: &usize| {
            bad.binary_search_by_key(object, |(other, _)| *other)
                .is_err()
        };
        let good: Vec<usize> = (0..objects).filter(left).collect();
        for (column, field) in columns.iter_mut().zip(self.wanted.fields()) {
            if column.data_type() == field.data_type() {
                continue;
            }
            let (values, wrong) = uuids(column)?;
            *column = values;
            for row in wrong {
                if std::mem::replace(&mut keep[row], false) {
                    let message = format!("column `{}`: expected uuid", field.name());
                    bad.push((good[row], Bad::new("wrong type", message)));
                }
            }
        }
        bad.sort_by_key(|(object, _)| *object);
        if keep.iter().all(|keep| *keep) {
            return Ok((columns, bad));
        }
        let keep = BooleanArray::from(keep);
        let kept = columns.iter().map(|column| Ok(filter(column, &keep)?));
        Ok((kept.collect::<Result<_>>()?, bad))
    }
}

impl Decoders for JsonRows {
    type Decoder = Objects;

    fn decoder(&self, messages: usize) -> Result<Objects> {
        // Never full, so that it takes every byte it is given.
        let builder = ReaderBuilder::new(self.read.clone()).with_batch_size(messages + 1);
        Ok(Objects {
            decoder: builder.build_decoder()?,
            read: self.read.clone(),
        })
    }
}

impl Decoder for Objects {
    fn feed(&mut self, bytes: &[u8]) -> Result<(), Bad> {
        match bytes.iter().find(|byte| !byte.is_ascii_whitespace()) {
            Some(b'{') => {}
            Some(_) => return Err(Bad::new("not an object", "expected a JSON object")),
            None => return Err(Bad::new("empty", "expected a JSON object, found nothing")),
        }
        let before = self.decoder.len();
        let taken = self.decoder.decode(bytes);
        let taken = taken.map_err(|error| Bad::new("not JSON", plain(&error)))?;
        let objects = self.decoder.len() - before;
        let whole = taken == bytes.len() && !self.decoder.has_partial_record();
        match (objects, whole) {
            (1, true) => Ok(()),
            (0 | 1, _) => Err(Bad::new("truncated", "the JSON object has no end")),
            _ => Err(Bad::new(
                "more than one object",
                "expected one JSON object, found more",
            )),
        }
    }

    fn rows(mut self) -> Result<RecordBatch, Bad> {
        let batch = self.decoder.flush();
        let batch = batch.map_err(|error| Bad::new("wrong type", plain(&error)))?;
        Ok(batch.unwrap_or_else(|| RecordBatch::new_empty(self.read)))
    }
}

/// What the library says, without the name of its kind.
pub fn plain(error: &ArrowError) -> String {
    let text = error.to_string();
    text.strip_prefix("Json error: ")
        .unwrap_or(&text)
        .to_string()
}
