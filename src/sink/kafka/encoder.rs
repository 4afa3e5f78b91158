//! A batch of rows as messages: values, keys, headers, times and partitions, made by the worker
//! that made the rows.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch, UInt32Array};
use arrow::compute::{cast, take_record_batch};
use arrow::datatypes::{DataType, Int64Type, TimeUnit};

use super::bad_rows::BadRows;
use super::messages::{Bytes, Header, HeaderValue, Limits, Messages};
use super::native;
use super::options::Codec;
use super::partition::{Partitioner, by_key};
use crate::error::{Error, Result};
use crate::format::buffers::Buffers;
use crate::format::cells::{Cells, Refusal};
use crate::format::message::MessageWriter;
use crate::format::{Body, Chunk, Encoder};

/// How the rows of a table become messages.
pub struct Recipe {
    /// Values.
    pub values: Arc<dyn MessageWriter>,
    /// Keys.
    pub keys: Option<Arc<dyn MessageWriter>>,
    /// Headers by name.
    pub headers: Vec<(String, HeaderSource)>,
    /// The column with the times.
    pub time: Option<usize>,
    /// Partitions.
    pub partitions: PartitionSource,
    /// How many partitions there are.
    pub count: i32,
    /// The columns that values are made of come first; so many.
    pub written: usize,
    /// How much is sent together.
    pub limits: Limits,
    /// The first row of the table that comes, and rows in a batch; for messages about rows.
    pub first_row: u64,
    /// Rows in a batch.
    pub batch_rows: u64,
    /// Record batches are made here, so compressed; librdkafka makes its own.
    pub native: Option<Codec>,
    /// What becomes of rows that cannot be messages.
    pub bad_rows: BadRows,
    /// Where values were, to be used again.
    pub buffers: Buffers,
}

/// Where a header comes from.
pub enum HeaderSource {
    /// The same in every message.
    Fixed(Vec<u8>),
    /// Text of a column.
    Column(Arc<dyn MessageWriter>),
}

/// Where partitions come from.
#[derive(Debug, Clone, Copy)]
pub enum PartitionSource {
    /// A rule.
    Rule(Partitioner),
    /// A column with their numbers.
    Column(usize),
}

/// What a worker hands to the writer.
pub enum Sent {
    /// Record batches, and the first row of each.
    Encoded(native::Encoded),
    /// Messages for librdkafka.
    Messages(Arc<Messages>),
}

impl Encoder for Recipe {
    fn encode(&self, number: u64, batch: &RecordBatch, put: &dyn Fn(u64, Chunk)) -> Result<()> {
        let (mut messages, kept) = self.messages(number, batch)?;
        self.group(number, &kept, &mut messages)?;
        let sent = match self.native {
            Some(codec) => {
                let batches = native::encode(&messages, codec)?;
                self.buffers.give(messages.values.cells.bytes);
                Sent::Encoded(batches)
            }
            None => Sent::Messages(Arc::new(messages)),
        };
        // Rows are counted when they are acknowledged.
        let body = Body::Own(Box::new(sent));
        put(number, Chunk { rows: 0, body });
        Ok(())
    }
}

/// The rows of a batch that can be messages.
struct Kept {
    batch: RecordBatch,
    /// Their places in the whole batch, where some were left out.
    rows: Option<Vec<u32>>,
    /// The table's row with which the whole batch begins.
    first_row: u64,
}

impl Kept {
    /// The table's row.
    fn row(&self, row: usize) -> u64 {
        let place = self.rows.as_ref().map_or(row, |rows| rows[row] as usize);
        self.first_row + place as u64
    }

    fn without(&self, row: usize) -> Result<Self> {
        let all = || (0..self.batch.num_rows() as u32).collect();
        let mut rows: Vec<u32> = self.rows.clone().unwrap_or_else(all);
        rows.remove(row);
        let mut left: Vec<u32> = (0..self.batch.num_rows() as u32).collect();
        left.remove(row);
        Ok(Self {
            batch: take_record_batch(&self.batch, &UInt32Array::from(left))?,
            rows: Some(rows),
            first_row: self.first_row,
        })
    }
}

impl Recipe {
    /// Everything but where they go. Rows that a format refuses are left out where that is asked for.
    fn messages(&self, number: u64, batch: &RecordBatch) -> Result<(Messages, Kept)> {
        let mut kept = Kept {
            batch: batch.clone(),
            rows: None,
            first_row: self.first_row + number * self.batch_rows,
        };
        loop {
            match self.made(&kept.batch) {
                Ok(messages) => return Ok((messages, kept)),
                Err(refusal) => {
                    let (place, row) = (refusal.row, kept.row(refusal.row));
                    let refusal = Refusal { row: 0, ..refusal };
                    self.bad_rows.note(refusal.error(row), row)?;
                    kept = kept.without(place)?;
                }
            }
        }
    }

    fn made(&self, batch: &RecordBatch) -> std::result::Result<Messages, Refusal> {
        let into = |cells: Cells, writer: &Arc<dyn MessageWriter>, batch: &RecordBatch| {
            let mut bytes = Bytes { cells, nulls: None };
            bytes.nulls = writer.write(batch, &mut bytes.cells)?;
            Ok(bytes)
        };
        let bytes = |writer, batch| into(Cells::default(), writer, batch);
        let written: Vec<usize> = (0..self.written).collect();
        let projected = batch.project(&written);
        let room = Cells::reuse(self.buffers.take());
        let values = into(room, &self.values, projected.as_ref().unwrap_or(batch))?;
        let keys = self
            .keys
            .as_ref()
            .map(|keys| bytes(keys, batch))
            .transpose()?;
        let mut headers = Vec::with_capacity(self.headers.len());
        for (name, source) in &self.headers {
            let value = match source {
                HeaderSource::Fixed(value) => HeaderValue::Fixed(value.clone()),
                HeaderSource::Column(writer) => HeaderValue::Rows(bytes(writer, batch)?),
            };
            headers.push(Header {
                name: name.clone(),
                value,
            });
        }
        let times = self.time.map(|column| milliseconds(batch.column(column)));
        Ok(Messages {
            values,
            keys,
            headers,
            times: times.transpose().map_err(|fault| Refusal {
                path: String::new(),
                row: 0,
                fault,
                hint: "a message's time is a timestamp",
            })?,
            ..Messages::default()
        })
    }

    /// Decides where each message goes, and leaves out those that are too large.
    fn group(&self, number: u64, kept: &Kept, messages: &mut Messages) -> Result<()> {
        let mut large = Vec::new();
        for (row, size) in messages.too_large(self.limits) {
            let most = self.limits.bytes;
            let place = kept.row(row);
            let error = Error::run(format!(
                "the message of row {place} has {size} bytes, at most {most} are taken"
            ));
            let hint =
                "raise `batch_bytes` and the topic's `max.message.bytes`, or set `on_bad_row`";
            self.bad_rows.note(error.hint(hint), place)?;
            large.push(row);
        }
        let keep = |row: usize| large.binary_search(&row).is_err();
        let mut of = Vec::new();
        match (self.partitions, &messages.keys) {
            (PartitionSource::Column(column), _) => {
                of = self.by_column(kept, column)?;
            }
            (
                PartitionSource::Rule(rule @ (Partitioner::Murmur2 | Partitioner::Crc32)),
                Some(keys),
            ) => {
                by_key(rule, keys, self.count, &mut of);
            }
            (PartitionSource::Rule(Partitioner::RoundRobin), _) => {
                let count = u64::from(self.count.unsigned_abs());
                let rows = 0..messages.values.len();
                of.extend(rows.map(|row| Some((kept.row(row) % count) as i32)));
            }
            (PartitionSource::Rule(_), _) => {
                messages.deal(number, self.count, self.limits, &keep);
                return Ok(());
            }
        }
        messages.scatter(&of, number, self.count, self.limits, &keep);
        Ok(())
    }

    fn by_column(&self, kept: &Kept, column: usize) -> Result<Vec<Option<i32>>> {
        let numbers = cast(kept.batch.column(column), &DataType::Int64)?;
        let numbers = numbers.as_primitive::<Int64Type>();
        let of = numbers
            .iter()
            .enumerate()
            .map(|(row, number)| match number {
                None => Ok(None),
                Some(number) if (0..i64::from(self.count)).contains(&number) => {
                    Ok(Some(number as i32))
                }
                Some(number) => Err(Error::run(format!(
                    "row {} goes to partition {number}, but the topic has only {}",
                    kept.row(row),
                    self.count
                ))),
            });
        of.collect()
    }
}

/// Milliseconds since 1970; null is -1, which is "no time" to Kafka.
fn milliseconds(column: &ArrayRef) -> std::result::Result<Vec<i64>, String> {
    let zone = match column.data_type() {
        DataType::Timestamp(_, zone) => zone.clone(),
        DataType::Dictionary(_, values) => match values.as_ref() {
            DataType::Timestamp(_, zone) => zone.clone(),
            _ => None,
        },
        _ => None,
    };
    let millis = DataType::Timestamp(TimeUnit::Millisecond, zone);
    let times = cast(column, &millis).and_then(|times| cast(&times, &DataType::Int64));
    let times = times.map_err(|error| error.to_string())?;
    let times = times.as_primitive::<Int64Type>();
    Ok(match times.null_count() {
        0 => times.values().to_vec(),
        _ => times.iter().map(|time| time.unwrap_or(-1)).collect(),
    })
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use arrow::array::{Float64Array, Int32Array};

    use super::*;
    use crate::format::Shape;
    use crate::format::message::{JsonMessage, MessageFormat};
    use crate::report::Counters;
    use crate::sink::kafka::options::OnBadRow;

    fn batch() -> RecordBatch {
        let columns: [(&str, ArrayRef); 2] = [
            (
                "x",
                Arc::new(Float64Array::from(vec![1.0, f64::NAN, 3.0, 4.0])),
            ),
            ("p", Arc::new(Int32Array::from(vec![0, 1, 2, 0]))),
        ];
        RecordBatch::try_from_iter(columns).unwrap()
    }

    fn recipe(rule: &OnBadRow, counters: &Arc<Counters>, bytes: usize) -> Recipe {
        let shape = Shape {
            table: "t".into(),
            schema: batch().schema(),
            beside: 1,
            domains: vec![crate::domain::Domain::default(); 2],
            rows: None,
            batch_rows: 4,
            run_key: 0,
            trial: None,
        };
        Recipe {
            values: JsonMessage::default().open(&shape.written(), None).unwrap(),
            keys: None,
            headers: Vec::new(),
            time: None,
            partitions: PartitionSource::Column(1),
            count: 3,
            written: 1,
            limits: Limits { bytes, rows: 100 },
            first_row: 0,
            batch_rows: 4,
            native: None,
            bad_rows: BadRows::new(rule, Path::new("."), counters.clone(), "t"),
            buffers: Buffers::default(),
        }
    }

    fn sent(recipe: &Recipe) -> Result<Vec<(i32, Vec<String>)>> {
        let (mut messages, kept) = recipe.messages(2, &batch())?;
        recipe.group(2, &kept, &mut messages)?;
        let text =
            |row: &u32| String::from_utf8_lossy(messages.values.cells.get(*row as usize)).into();
        let groups = messages.groups.iter();
        Ok(groups
            .map(|group| {
                let rows = &messages.order[group.rows.clone()];
                (group.partition, rows.iter().map(text).collect())
            })
            .collect())
    }

    #[test]
    fn a_row_that_a_format_refuses_is_left_out_and_the_others_keep_their_partitions() {
        let counters = Arc::new(Counters::default());
        let groups = sent(&recipe(&OnBadRow::Skip, &counters, 1000)).unwrap();
        let first = vec![r#"{"x":1.0}"#.to_string(), r#"{"x":4.0}"#.to_string()];
        let third = vec![r#"{"x":3.0}"#.to_string()];
        assert_eq!(groups, [(0, first), (2, third)]);
        assert_eq!(counters.rejected(), 1);
    }

    #[test]
    fn bad_rows_stop_the_sink_and_are_named_with_their_row() {
        let counters = Arc::new(Counters::default());
        let error = sent(&recipe(&OnBadRow::Stop, &counters, 1000)).unwrap_err();
        assert!(
            error
                .to_string()
                .starts_with("error: column `x` in row 9 is NaN"),
            "{error}"
        );
        let error = sent(&recipe(&OnBadRow::Skip, &counters, 90)).unwrap();
        assert_eq!(error, []);
        assert_eq!(counters.rejected(), 4);
    }
}
