//! A batch of rows as messages: values, keys, headers, times and partitions, made by the worker
//! that made the rows.

use std::ops::Range;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Int64Type, TimeUnit};

use super::super::options::Codec;
use super::bad_rows::BadRows;
use super::messages::{Bytes, Group, Header, HeaderValue, Limits, Messages};
use super::native;
use super::partition::{Partitioner, Run, by_column, by_key, scatter};
use super::rows::Rows;
use crate::batch::{Batch, Place};
use crate::error::{Error, Result};
use crate::format::Encode;
use crate::format::buffers::Buffers;
use crate::format::cells::Refusal;
use crate::format::message::MessageWriter;

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
pub struct Sent {
    /// Which rows of the table the messages are of.
    pub place: Place,
    /// The messages.
    pub messages: Ready,
}

/// Messages, ready to be sent.
pub enum Ready {
    /// Record batches, and the first row of each.
    Encoded(native::Encoded),
    /// Messages for librdkafka, and which of them are sent together.
    Messages(Vec<(Arc<Messages>, Group)>),
}

/// Rows of a batch that go to one partition, or to all in turn.
struct Part {
    rows: Rows,
    run: Option<Run>,
}

impl Encode for Recipe {
    type Chunk = Sent;

    fn encode(&self, batch: &Batch, put: &dyn Fn(u64, Sent)) -> Result<()> {
        let number = batch.number;
        let all = Rows::all(batch);
        let parts = self.parts(number, all)?.into_iter();
        let made = parts.map(|part| self.messages(number, part));
        // In order of their rows: a pace lets go of all partitions slice by slice.
        let messages = match self.native {
            Some(codec) => {
                let mut compressor = native::Compressor::new(codec)
                    .map_err(|error| Error::because("compressing messages", error))?;
                let mut batches = Vec::new();
                for messages in made {
                    let messages = messages?;
                    native::encode(&messages, &mut compressor, &mut batches)?;
                    self.buffers.give(messages.values.cells.bytes);
                }
                batches.sort_by_key(|(row, _)| *row);
                Ready::Encoded(batches)
            }
            None => {
                let mut groups = Vec::new();
                for messages in made {
                    let mut messages = messages?;
                    let of = std::mem::take(&mut messages.groups);
                    let messages = Arc::new(messages);
                    groups.extend(of.into_iter().map(|group| (messages.clone(), group)));
                }
                groups.sort_by_key(|(_, group)| group.first_row);
                Ready::Messages(groups)
            }
        };
        let place = batch.place.clone();
        put(number, Sent { place, messages });
        Ok(())
    }
}

impl Recipe {
    /// The rows in the order of their partitions: columns are cheaper to put in order than what is
    /// made of them.
    fn parts(&self, number: u64, all: Rows) -> Result<Vec<Part>> {
        let (rows, of) = match (self.partitions, &self.keys) {
            (PartitionSource::Column(column), _) => {
                by_column(all, column, self.count, &self.bad_rows)?
            }
            (
                PartitionSource::Rule(rule @ (Partitioner::Murmur2 | Partitioner::Crc32)),
                Some(keys),
            ) => {
                let (rows, keys) =
                    self.accepted(all, |batch| Bytes::written(&**keys, batch, Vec::new()))?;
                (rows, by_key(rule, &keys, self.count))
            }
            (PartitionSource::Rule(Partitioner::RoundRobin), _) => {
                let count = u64::from(self.count.unsigned_abs());
                let of = |row| Some((all.row(row) % count) as i32);
                let of = (0..all.batch.num_rows()).map(of).collect();
                (all, of)
            }
            (PartitionSource::Rule(_), _) => {
                return Ok(vec![Part {
                    rows: all,
                    run: None,
                }]);
            }
        };
        let (order, runs) = scatter(&of, number, self.count);
        let rows = rows.picked(order)?;
        let part = |run: Run| Part {
            rows: rows.slice(run.rows.clone()),
            run: Some(run),
        };
        Ok(runs.into_iter().map(part).collect())
    }

    /// What `make` makes of rows. Those that a format refuses are left out where that is asked for.
    fn accepted<T>(
        &self,
        mut rows: Rows,
        make: impl Fn(&RecordBatch) -> std::result::Result<T, Refusal>,
    ) -> Result<(Rows, T)> {
        loop {
            match make(&rows.batch) {
                Ok(made) => return Ok((rows, made)),
                Err(refusal) => {
                    let (place, row) = (refusal.row, rows.row(refusal.row));
                    let refusal = Refusal { row: 0, ..refusal };
                    self.bad_rows.note(refusal.error(&Place::From(row)), row)?;
                    rows = rows.without(&[place])?;
                }
            }
        }
    }

    /// The messages of a part, in groups; those that are too large are left out where that is asked for.
    fn messages(&self, number: u64, part: Part) -> Result<Messages> {
        let mut rows = part.rows;
        loop {
            let (kept, mut messages) = self.accepted(rows, |batch| self.made(batch))?;
            let large = messages.too_large(self.limits);
            if large.is_empty() {
                messages.groups = self.groups(number, &messages, &kept, part.run.as_ref());
                return Ok(messages);
            }
            for (row, size) in &large {
                let (place, most) = (kept.row(*row), self.limits.bytes);
                let error = Error::run(format!(
                    "the message of row {place} has {size} bytes, at most {most} are taken"
                ));
                let hint =
                    "raise `batch_bytes` and the topic's `max.message.bytes`, or set `on_bad_row`";
                self.bad_rows.note(error.hint(hint), place)?;
            }
            let large: Vec<usize> = large.into_iter().map(|(row, _)| row).collect();
            rows = kept.without(&large)?;
        }
    }

    /// What is sent together: to the partition of the run, or in turn, first to the one whose turn
    /// it is in batch `number`.
    fn groups(
        &self,
        number: u64,
        messages: &Messages,
        kept: &Rows,
        run: Option<&Run>,
    ) -> Vec<Group> {
        let turn = |next: u64| (next % u64::from(self.count.unsigned_abs())) as i32;
        let cuts = messages.cut(self.limits, |row| kept.place(row));
        let group = |(next, (rows, bytes)): (u64, (Range<usize>, usize))| Group {
            partition: run.map_or_else(|| turn(next), |run| run.partition),
            first_row: kept.place(rows.start),
            rows,
            bytes,
        };
        (number..).zip(cuts).map(group).collect()
    }

    fn made(&self, batch: &RecordBatch) -> std::result::Result<Messages, Refusal> {
        let columns: Vec<usize> = (0..self.written).collect();
        let projected = batch.project(&columns);
        let columns = projected.as_ref().unwrap_or(batch);
        let values = Bytes::written(&*self.values, columns, self.buffers.take())?;
        let keys = self.keys.as_ref();
        let keys = keys.map(|keys| Bytes::written(&**keys, batch, Vec::new()));
        let keys = keys.transpose()?;
        let mut headers = Vec::with_capacity(self.headers.len());
        for (name, source) in &self.headers {
            let value = match source {
                HeaderSource::Fixed(value) => HeaderValue::Fixed(value.clone()),
                HeaderSource::Column(writer) => {
                    HeaderValue::Rows(Bytes::written(&**writer, batch, Vec::new())?)
                }
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
    use crate::report::Meter;
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

    fn recipe(rule: &OnBadRow, meter: &Arc<Meter>, bytes: usize) -> Recipe {
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
            native: None,
            bad_rows: BadRows::new(rule, Path::new("."), meter.clone(), "t"),
            buffers: Buffers::default(),
        }
    }

    fn sent(recipe: &Recipe) -> Result<Vec<(i32, Vec<String>)>> {
        let all = Rows::all(&Batch::new(2, 8, batch()));
        let mut sent = Vec::new();
        for part in recipe.parts(2, all)? {
            let messages = recipe.messages(2, part)?;
            for group in &messages.groups {
                let rows = group.rows.clone();
                let text =
                    |row| String::from_utf8_lossy(messages.values.cells.get(row)).into_owned();
                sent.push((group.partition, rows.map(text).collect()));
            }
        }
        Ok(sent)
    }

    #[test]
    fn a_row_that_a_format_refuses_is_left_out_and_the_others_keep_their_partitions() {
        let meter = Arc::new(Meter::default());
        let groups = sent(&recipe(&OnBadRow::Skip, &meter, 1000)).unwrap();
        let first = vec![r#"{"x":1.0}"#.to_string(), r#"{"x":4.0}"#.to_string()];
        let third = vec![r#"{"x":3.0}"#.to_string()];
        assert_eq!(groups, [(0, first), (2, third)]);
        assert_eq!(meter.rejected(), 1);
    }

    #[test]
    fn a_row_for_a_partition_that_is_none_is_left_out() {
        let meter = Arc::new(Meter::default());
        let two = |rule| Recipe {
            count: 2,
            ..recipe(rule, &meter, 1000)
        };
        let error = sent(&two(&OnBadRow::Stop)).unwrap_err();
        let said = "error: row 10 goes to partition 2, but the topic has only 2";
        assert_eq!(error.to_string(), said);
        let first = vec![r#"{"x":1.0}"#.to_string(), r#"{"x":4.0}"#.to_string()];
        assert_eq!(sent(&two(&OnBadRow::Skip)).unwrap(), [(0, first)]);
        assert_eq!(meter.rejected(), 2);
    }

    #[test]
    fn bad_rows_stop_the_sink_and_are_named_with_their_row() {
        let meter = Arc::new(Meter::default());
        let error = sent(&recipe(&OnBadRow::Stop, &meter, 1000)).unwrap_err();
        assert!(
            error
                .to_string()
                .starts_with("error: column `x` in row 9 is NaN"),
            "{error}"
        );
        let error = sent(&recipe(&OnBadRow::Skip, &meter, 90)).unwrap();
        assert_eq!(error, []);
        assert_eq!(meter.rejected(), 4);
    }
}
