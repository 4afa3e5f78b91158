//! JSON objects, each in bytes of its own, as the rows of Arrow arrays.
//!
//! Each object is consumed exactly and gives exactly one row: the decoder is asked after every one
//! of them, and what it cannot take is found by itself and left out.

use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use arrow::error::ArrowError;
use arrow_json::ReaderBuilder;
use arrow_json::reader::Decoder;

use super::reject::Bad;
use super::retype::uuids;
use crate::error::{Error, Result};

/// Reads objects into columns.
#[derive(Debug, Clone)]
pub struct JsonRows {
    wanted: SchemaRef,
    /// The columns as the decoder reads them.
    read: SchemaRef,
}

/// What was read: the columns, and the objects that are not in them.
pub type Rows = (Vec<ArrayRef>, Vec<(usize, Bad)>);

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
        let mut good: Vec<usize> = (0..objects.len()).collect();
        let mut bad = self.misshapen(objects)?;
        good.retain(|object| !bad.iter().any(|(other, _)| other == object));
        let batch = match self.batch(objects, &good)? {
            Ok(batch) => batch,
            Err(_) => {
                let mistyped = self.mistyped(objects, &good)?;
                good.retain(|object| !mistyped.iter().any(|(other, _)| other == object));
                bad.extend(mistyped);
                self.batch(objects, &good)?
                    .map_err(|error| unexpected(&error))?
            }
        };
        let columns = self.converted(batch, &mut good, &mut bad)?;
        bad.sort_by_key(|(object, _)| *object);
        Ok((columns, bad))
    }

    fn decoder(&self, objects: usize) -> Result<Decoder> {
        // Never full, so that it takes every byte it is given.
        let builder = ReaderBuilder::new(self.read.clone()).with_batch_size(objects + 1);
        Ok(builder.build_decoder()?)
    }

    /// The objects that are not whole, or more than one, or none. One that is wrong leaves a
    /// decoder in no state to go on, so the next one gets another.
    fn misshapen(&self, objects: &[&[u8]]) -> Result<Vec<(usize, Bad)>> {
        let mut bad = Vec::new();
        let mut decoder = self.decoder(objects.len())?;
        for (object, bytes) in objects.iter().enumerate() {
            if let Err(wrong) = feed(&mut decoder, bytes) {
                bad.push((object, wrong));
                decoder = self.decoder(objects.len())?;
            }
        }
        Ok(bad)
    }

    /// The rows of well-shaped objects, or why some value is not of its type.
    fn batch(&self, objects: &[&[u8]], good: &[usize]) -> Result<Result<RecordBatch, ArrowError>> {
        let mut decoder = self.decoder(good.len())?;
        for object in good {
            feed(&mut decoder, objects[*object])
                .map_err(|bad| Error::because("reading JSON twice", bad.message))?;
        }
        let batch = decoder.flush();
        let empty = || RecordBatch::new_empty(self.read.clone());
        Ok(batch.map(|batch| batch.unwrap_or_else(empty)))
    }

    /// Well-shaped objects with values of wrong types, found by halves.
    fn mistyped(&self, objects: &[&[u8]], good: &[usize]) -> Result<Vec<(usize, Bad)>> {
        let error = match self.batch(objects, good)? {
            Ok(_) => return Ok(Vec::new()),
            Err(error) => error,
        };
        if let [one] = good {
            let message = plain(&error);
            return Ok(vec![(
                *one,
                Bad {
                    kind: "wrong type",
                    message,
                },
            )]);
        }
        let (left, right) = good.split_at(good.len() / 2);
        let mut bad = self.mistyped(objects, left)?;
        bad.extend(self.mistyped(objects, right)?);
        Ok(bad)
    }

    fn converted(
        &self,
        batch: RecordBatch,
        good: &mut Vec<usize>,
        bad: &mut Vec<(usize, Bad)>,
    ) -> Result<Vec<ArrayRef>> {
        if batch.num_rows() != good.len() {
            return Err(Error::run(
                "JSON objects and rows are not equally many, which is a bug of rowgen",
            ));
        }
        let mut columns = batch.columns().to_vec();
        let mut wrong = Vec::new();
        for (column, field) in columns.iter_mut().zip(self.wanted.fields()) {
            if column.data_type() == field.data_type() {
                continue;
            }
            let (values, rows) = uuids(column)?;
            *column = values;
            wrong.extend(rows.into_iter().map(|row| (row, field.name().clone())));
        }
        if wrong.is_empty() {
            return Ok(columns);
        }
        let mut keep = vec![true; good.len()];
        for (row, name) in wrong {
            if std::mem::replace(&mut keep[row], false) {
                let message = format!("column `{name}`: expected uuid");
                bad.push((
                    good[row],
                    Bad {
                        kind: "wrong type",
                        message,
                    },
                ));
            }
        }
        let mut keeps = keep.iter();
        good.retain(|_| keeps.next() == Some(&true));
        let keep = arrow::array::BooleanArray::from(keep);
        let kept = columns
            .iter()
            .map(|column| Ok(arrow::compute::filter(column, &keep)?));
        kept.collect()
    }
}

/// Gives one object to a decoder.
fn feed(decoder: &mut Decoder, bytes: &[u8]) -> Result<(), Bad> {
    let bad = |kind, message: &str| Bad {
        kind,
        message: message.to_string(),
    };
    match bytes.iter().find(|byte| !byte.is_ascii_whitespace()) {
        Some(b'{') => {}
        Some(_) => return Err(bad("not an object", "expected a JSON object")),
        None => return Err(bad("empty", "expected a JSON object, found nothing")),
    }
    let before = decoder.len();
    let taken = decoder.decode(bytes).map_err(|error| Bad {
        kind: "not JSON",
        message: plain(&error),
    })?;
    if decoder.has_partial_record() || taken < bytes.len() {
        return Err(match decoder.len() > before + 1 {
            true => bad(
                "more than one object",
                "expected one JSON object, found more",
            ),
            false => bad("truncated", "the JSON object has no end"),
        });
    }
    match decoder.len() - before {
        1 => Ok(()),
        _ => Err(bad(
            "more than one object",
            "expected one JSON object, found more",
        )),
    }
}

fn plain(error: &ArrowError) -> String {
    let text = error.to_string();
    text.strip_prefix("Json error: ")
        .unwrap_or(&text)
        .to_string()
}

fn unexpected(error: &ArrowError) -> Error {
    Error::because("reading JSON twice", error)
}
