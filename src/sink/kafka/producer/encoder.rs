//! A batch of rows as messages: values, keys, headers, times and partitions, made by the worker
//! that made the rows.

use std::ops::Range;
use std::sync::Arc;

use super::super::options::Codec;
use super::bad_rows::{BadRows, RefusedRows};
use super::messages::{
    ByteStrings, HeaderValue, MessageBatch, MessageGroup, MessageHeader, SendLimits,
};
use super::native;
use super::partition::{Deal, Partitioner, RowRun, by_column, by_key, scatter, turn_of};
use super::rows::BatchRows;
use super::times::{MessageTimes, Sendable};
use crate::batch::{Batch, RowNumbers};
use crate::error::{Error, Result};
use crate::format::Encode;
use crate::format::buffers::Buffers;
use crate::format::cells::Refusal;
use crate::format::message::MessageWriter;

/// How the rows of a table become messages.
pub struct MessageRecipe {
    /// Values.
    pub values: Arc<dyn MessageWriter>,
    /// Keys.
    pub keys: Option<Arc<dyn MessageWriter>>,
    /// Headers by name.
    pub headers: Vec<(String, HeaderSource)>,
    /// The column with the times, and which of them can be sent.
    pub time: Option<(usize, Sendable)>,
    /// Partitions.
    pub partitions: PartitionSource,
    /// How many partitions there are.
    pub count: i32,
    /// The columns that values are made of come first; so many.
    pub written: usize,
    /// How much is sent together.
    pub limits: SendLimits,
    /// Record batches are made here, so compressed; librdkafka makes its own.
    pub native: Option<Codec>,
    /// Where what is dealt in turn goes on.
    pub deal: Deal,
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
pub struct SentRows {
    /// Which rows of the table the messages are of.
    pub place: RowNumbers,
    /// The messages.
    pub messages: EncodedMessages,
}

/// Messages, ready to be sent.
pub enum EncodedMessages {
    /// Record batches, and the first row of each.
    Encoded(native::EncodedRecordBatches),
    /// Messages for librdkafka, and which of them are sent together.
    Messages(Vec<(Arc<MessageBatch>, MessageGroup)>),
}

/// Rows of a batch that go to one partition, or to all in turn.
pub struct PartitionRows {
    /// The rows.
    pub rows: BatchRows,
    /// Their partition, if it is one.
    pub run: Option<RowRun>,
}

impl Encode for MessageRecipe {
    type Chunk = SentRows;

    fn encode(&self, batch: &Batch, put: &dyn Fn(u64, SentRows)) -> Result<()> {
        let mut refused = self.bad_rows.of(batch);
        let parts = self.parts(batch, &mut refused)?.into_iter();
        let made = parts.map(|part| self.messages(batch, part, &mut refused));
        let messages = match self.native {
            Some(codec) => self.encoded(made, codec)?,
            None => grouped(made)?,
        };
        refused.keep()?;
        let place = batch.place.clone();
        put(batch.number, SentRows { place, messages });
        Ok(())
    }
}

/// In order of their rows: a pace lets go of all partitions slice by slice.
fn grouped(made: impl Iterator<Item = Result<MessageBatch>>) -> Result<EncodedMessages> {
    let mut groups = Vec::new();
    for messages in made {
        let mut messages = messages?;
        let of = std::mem::take(&mut messages.groups);
        let messages = Arc::new(messages);
        groups.extend(of.into_iter().map(|group| (messages.clone(), group)));
    }
    groups.sort_by_key(|(_, group)| group.first_row);
    Ok(EncodedMessages::Messages(groups))
}

impl MessageRecipe {
    /// As `grouped`, as record batches.
    fn encoded(
        &self,
        made: impl Iterator<Item = Result<MessageBatch>>,
        codec: Codec,
    ) -> Result<EncodedMessages> {
        let mut compressor = native::Compressor::new(codec)
            .map_err(|error| Error::because("compressing messages", error))?;
        let mut batches = Vec::new();
        for messages in made {
            let messages = messages?;
            native::encode(&messages, &mut compressor, &mut batches)?;
            // A batch's values are megabytes: used again they saved 5 to 8 % of the client's CPU,
            // for fresh memory is zeroed by the system page by page.
            self.buffers.give(messages.values.cells.bytes);
        }
        batches.sort_by_key(|(row, _)| *row);
        Ok(EncodedMessages::Encoded(batches))
    }

    /// The rows in the order of their partitions: columns are cheaper to put in order than what is
    /// made of them. Keys, which may choose the partition, are made before that.
    pub fn parts(
        &self,
        batch: &Batch,
        refused: &mut RefusedRows<'_>,
    ) -> Result<Vec<PartitionRows>> {
        let rows = self.keyed(BatchRows::all(batch), refused)?;
        let (rows, of) = match self.partitions {
            PartitionSource::Column(column) => by_column(rows, column, self.count, refused)?,
            PartitionSource::Rule(Partitioner::RoundRobin) => {
                let many = batch.rows.num_rows();
                let made = if many > 0 { batch.place.row(0) } else { 0 };
                let first = self.deal.begin(batch, made, many);
                let of = (0..rows.batch.num_rows()).map(|row| first + rows.place(row) as u64);
                let of = of.map(|turn| Some(turn_of(turn, self.count))).collect();
                (rows, of)
            }
            PartitionSource::Rule(rule) => match &rows.keys {
                Some(keys) if rule != Partitioner::Sticky => {
                    let of = by_key(rule, keys, self.count);
                    (rows, of)
                }
                _ => {
                    let (rows, run) = (rows, None);
                    return Ok(vec![PartitionRows { rows, run }]);
                }
            },
        };
        let dealt = of.iter().filter(|of| of.is_none()).count();
        let first = self.deal.begin(batch, batch.number, dealt);
        let (order, runs) = scatter(&of, first, self.count);
        // Messages of a keyed topic were made in the rows' order before, and gathered from all over
        // 30 MB for each partition. Now the columns are permuted once, and each partition's
        // messages are made, framed and compressed while they are in the cache.
        let rows = rows.picked(order)?;
        let part = |run: RowRun| PartitionRows {
            rows: rows.slice(run.rows.clone()),
            run: Some(run),
        };
        Ok(runs.into_iter().map(part).collect())
    }

    /// The rows with their keys, where messages have keys.
    fn keyed(&self, rows: BatchRows, refused: &mut RefusedRows<'_>) -> Result<BatchRows> {
        let Some(keys) = &self.keys else {
            return Ok(rows);
        };
        let write = |rows: &BatchRows| ByteStrings::written(&**keys, &rows.batch, Vec::new());
        let (mut rows, keys) = self.accepted(rows, refused, write)?;
        rows.keys = Some(keys.into());
        Ok(rows)
    }

    /// What `make` makes of rows. Those that a format refuses are left out where that is asked for.
    pub fn accepted<T>(
        &self,
        mut rows: BatchRows,
        refused: &mut RefusedRows<'_>,
        make: impl Fn(&BatchRows) -> std::result::Result<T, Refusal>,
    ) -> Result<(BatchRows, T)> {
        loop {
            match make(&rows) {
                Ok(made) => return Ok((rows, made)),
                Err(refusal) => {
                    let (place, row) = (refusal.row, rows.row(refusal.row));
                    // The row is told by its place in the table; its number in what is left of the
                    // batch says nobody anything.
                    let refusal = Refusal { row: 0, ..refusal };
                    refused.note(refusal.error(&RowNumbers::From(row)), row)?;
                    // All others are made again: that is quadratic in bad rows, and bad rows are
                    // few or the user's mistake.
                    rows = rows.without(&[place])?;
                }
            }
        }
    }

    /// The messages of a part, in groups; those that are too large are left out where that is asked for.
    fn messages(
        &self,
        batch: &Batch,
        part: PartitionRows,
        refused: &mut RefusedRows<'_>,
    ) -> Result<MessageBatch> {
        let mut rows = part.rows;
        loop {
            let (kept, mut messages) = self.accepted(rows, refused, |rows| self.made(rows))?;
            let large = messages.too_large(self.limits);
            if large.is_empty() {
                messages.groups = self.groups(batch, &messages, &kept, part.run.as_ref());
                return Ok(messages);
            }
            for (row, size) in &large {
                let (place, most) = (kept.row(*row), self.limits.bytes);
                let error = Error::run(format!(
                    "the message of row {place} has {size} bytes, at most {most} are taken"
                ));
                let hint =
                    "raise `batch_bytes` and the topic's `max.message.bytes`, or set `on_bad_row`";
                refused.note(error.hint(hint), place)?;
            }
            let large: Vec<usize> = large.into_iter().map(|(row, _)| row).collect();
            rows = kept.without(&large)?;
        }
    }

    /// What is sent together: to the partition of the run, or to each in turn.
    fn groups(
        &self,
        batch: &Batch,
        messages: &MessageBatch,
        kept: &BatchRows,
        run: Option<&RowRun>,
    ) -> Vec<MessageGroup> {
        let cuts = messages.cut(self.limits, |row| kept.place(row));
        let first = match run {
            Some(_) => 0,
            None => self.deal.begin(batch, batch.number, cuts.len()),
        };
        let group = |(turn, (rows, bytes)): (u64, (Range<usize>, usize))| MessageGroup {
            partition: run.map_or_else(|| turn_of(turn, self.count), |run| run.partition),
            first_row: kept.place(rows.start),
            rows,
            bytes,
        };
        (first..).zip(cuts).map(group).collect()
    }

    pub fn made(&self, rows: &BatchRows) -> std::result::Result<MessageBatch, Refusal> {
        let batch = &rows.batch;
        let columns: Vec<usize> = (0..self.written).collect();
        let projected = batch.project(&columns);
        let columns = projected.as_ref().unwrap_or(batch);
        let values = ByteStrings::written(&*self.values, columns, self.buffers.take())?;
        let mut headers = Vec::with_capacity(self.headers.len());
        for (name, source) in &self.headers {
            let value = match source {
                HeaderSource::Fixed(value) => HeaderValue::Fixed(value.clone()),
                HeaderSource::Column(writer) => {
                    HeaderValue::Rows(ByteStrings::written(&**writer, batch, Vec::new())?)
                }
            };
            headers.push(MessageHeader {
                name: name.clone(),
                value,
            });
        }
        let times = self.time.map(|(column, sendable)| {
            let name = batch.schema_ref().field(column).name();
            MessageTimes::of(name, batch.column(column), sendable)
        });
        Ok(MessageBatch {
            values,
            keys: rows.keys.clone(),
            headers,
            times: times.transpose()?,
            groups: Vec::new(),
        })
    }
}

#[cfg(test)]
mod tests;
