//! Topics: the messages that must be there and those that are, byte by byte: value, key, headers, time and
//! partition.

use std::sync::Arc;

use arrow::array::{
    ArrayRef, BinaryBuilder, Int32Builder, StringBuilder, TimestampMillisecondBuilder,
};
use arrow::datatypes::{DataType, Field, TimeUnit};
use rdkafka::message::{BorrowedMessage, Headers, Message as _};

use super::expected::made;
use super::keyed::Keyed;
use super::side::{ComparedRows, Side};
use crate::batch::RowNumbers;
use crate::client::kafka::stretch::Stretches;
use crate::error::Result;
use crate::plan::{Job, SinkPlan};
use crate::report::Meter;
use crate::sink::Target;
use crate::sink::kafka::{ExpectedTopic, Kafka};
use crate::source::kafka::Kafka as Copy;
use crate::source::{OnBadRow, Rejects};

/// Messages of a piece.
// As many messages as a batch has rows; other sizes were not measured.
const PIECE: i64 = 16_384;

/// How many partitions are named.
const NAMED: usize = 20;

/// A topic, and the sink that has written it.
pub(super) struct Topic<'p> {
    job: &'p Job,
    sink: &'p SinkPlan,
    made: ExpectedTopic,
    stretches: Stretches,
    /// Partition, first offset and the one behind the last, for each piece.
    pieces: Vec<(i32, i64, i64)>,
    rows: u64,
    /// Partitions that do not start at offset 0, and where they start.
    later: Vec<(i32, i64)>,
    rejects: Rejects,
    parts: Parts,
    /// Its name, and where it is.
    what: String,
}

/// Which parts of a message are compared, beside its key, its value and its headers.
#[derive(Debug, Clone, Copy)]
pub(super) struct Parts {
    partition: bool,
    time: bool,
}

/// The messages that must be there.
pub(super) struct ExpectedMessages<'t, 'p>(pub &'t Topic<'p>);

/// The messages that are there.
pub(super) struct FoundMessages<'t, 'p>(pub &'t Topic<'p>);

/// Builds the columns of messages.
struct Columns {
    parts: Parts,
    partitions: Int32Builder,
    keys: BinaryBuilder,
    values: BinaryBuilder,
    headers: StringBuilder,
    times: TimestampMillisecondBuilder,
    numbers: Vec<u64>,
}

impl<'p> Topic<'p> {
    /// Looks at the topic of a sink.
    ///
    /// # Errors
    /// It is not there.
    pub(super) fn new(
        job: &'p Job,
        sink: &'p SinkPlan,
        (kafka, copy): (&Kafka, Option<&Copy>),
        run_id: u128,
    ) -> Result<Self> {
        let (connection, name) = match copy {
            Some(copy) => (copy.connection(), copy.topic()),
            None => (kafka.connection(), kafka.topic.as_str()),
        };
        let stretches = Stretches::new(&connection, name);
        let ends = stretches.ends()?;
        let partitions = i32::try_from(ends.len()).unwrap_or(i32::MAX);
        let made = ExpectedTopic::new(kafka, &target(job, sink, run_id), partitions)?;
        let mut pieces = Vec::new();
        for (partition, (low, high)) in (0..).zip(&ends) {
            let firsts = (*low..*high).step_by(PIECE as usize);
            pieces.extend(firsts.map(|from| (partition, from, (*high).min(from + PIECE))));
        }
        let time = kafka.timestamp.as_ref();
        let time = time.and_then(|name| sink.shape.schema.index_of(name.as_str()).ok());
        let time = time.is_some_and(|column| {
            let domain = &sink.shape.domains[column];
            !domain.nulls && !domain.depends_on_now
        });
        let policy = job.source.source().map(|(opened, _)| opened.on_bad_row());
        Ok(Self {
            what: format!("kafka {name} at {}", connection.brokers),
            parts: Parts {
                partition: made.has_partitions(),
                time,
            },
            job,
            sink,
            made,
            stretches,
            rows: ends
                .iter()
                .map(|(low, high)| (high - low).unsigned_abs())
                .sum(),
            pieces,
            later: (0..)
                .zip(&ends)
                .filter(|(_, (low, _))| *low > 0)
                .map(|(partition, (low, _))| (partition, *low))
                .collect(),
            rejects: Rejects::new(policy.unwrap_or(OnBadRow::Stop)),
        })
    }

    /// What of a message is compared.
    pub(super) fn fields(&self) -> Vec<Field> {
        let millis = DataType::Timestamp(TimeUnit::Millisecond, Some("UTC".into()));
        let field = |name: &str, data_type| Field::new(name, data_type, true);
        let mut fields = vec![
            field("key", DataType::Binary),
            field("value", DataType::Binary),
            field("headers", DataType::Utf8),
        ];
        if self.parts.partition {
            fields.push(field("partition", DataType::Int32));
        }
        if self.parts.time {
            fields.push(field("timestamp", millis));
        }
        fields
    }

    /// The field that has the partition, if that is compared.
    pub(super) fn partition_column(&self) -> Option<usize> {
        let fields = self.fields();
        fields.iter().position(|field| field.name() == "partition")
    }

    /// By the message's key, where it has a column of which no value stands twice.
    pub(super) fn keyed(&self, kafka: &Kafka) -> Keyed {
        let unique = |name: &str| {
            let column = self.sink.shape.schema.index_of(name).ok();
            column.is_some_and(|column| {
                let domain = &self.sink.shape.domains[column];
                domain.unique && !domain.nulls
            })
        };
        let columns = kafka.key.as_ref().map_or(&[][..], |key| key.columns());
        match columns.iter().any(|name| unique(name.as_str())) {
            true => Keyed::Column(0),
            false => Keyed::Rows((0..self.fields().len()).collect()),
        }
    }

    /// The partition of a piece of what is there.
    pub(super) fn partition(&self, piece: u32) -> i32 {
        self.pieces[piece as usize].0
    }

    /// In one line.
    pub(super) fn describe(&self) -> String {
        let partitions = self.pieces.iter().map(|(partition, ..)| partition);
        let partitions: std::collections::BTreeSet<_> = partitions.collect();
        let count = partitions.len();
        format!("{}, {count} partitions with messages", self.what)
    }

    /// What else has to be said of it.
    pub(super) fn note(&self) -> Option<String> {
        if self.later.is_empty() {
            return None;
        }
        let some = self.later.iter().take(NAMED);
        let some =
            some.map(|(partition, low)| format!("partition {partition} starts at offset {low}"));
        let some = some.collect::<Vec<_>>().join(", ");
        let more = self.later.len().saturating_sub(NAMED);
        let more = match more {
            0 => String::new(),
            more => format!(", and {more} others start later than at 0"),
        };
        Some(format!(
            "what stood in front is no longer in the topic, removed by retention or by request: {some}{more}"
        ))
    }

    fn columns(&self) -> Columns {
        Columns {
            parts: self.parts,
            partitions: Int32Builder::new(),
            keys: BinaryBuilder::new(),
            values: BinaryBuilder::new(),
            headers: StringBuilder::new(),
            times: TimestampMillisecondBuilder::new().with_timezone("UTC"),
            numbers: Vec::new(),
        }
    }
}

/// The sink's rows, as a run would say it.
fn target(job: &Job, sink: &SinkPlan, run_id: u128) -> Target {
    Target {
        shape: sink.shape.clone(),
        out: std::path::PathBuf::new(),
        slice: None,
        pace: None,
        first_row: job.first_row,
        lanes: sink.lanes.clone(),
        is_sorted: false,
        late_partitions: false,
        is_stream: false,
        changes: None,
        run_id,
        fingerprint: sink.fingerprint.clone(),
        load: sink.load.clone(),
        overwrite: false,
        checksums: false,
        meter: Arc::new(Meter::default()),
        run: Arc::new(()),
    }
}

impl Columns {
    fn add(
        &mut self,
        (number, partition): (u64, Option<i32>),
        (key, value): (Option<&[u8]>, Option<&[u8]>),
        headers: &str,
        time: Option<i64>,
    ) {
        self.numbers.push(number);
        self.partitions.append_option(partition);
        self.keys.append_option(key);
        self.values.append_option(value);
        self.headers.append_value(headers);
        self.times.append_option(time);
    }

    fn rows(mut self) -> ComparedRows {
        let mut columns: Vec<ArrayRef> = vec![
            Arc::new(self.keys.finish()),
            Arc::new(self.values.finish()),
            Arc::new(self.headers.finish()),
        ];
        if self.parts.partition {
            columns.push(Arc::new(self.partitions.finish()));
        }
        if self.parts.time {
            columns.push(Arc::new(self.times.finish()));
        }
        ComparedRows {
            columns,
            count: self.numbers.len(),
            place: RowNumbers::List(self.numbers.into()),
            odd: Vec::new(),
        }
    }
}

/// The bytes without the number that a registry has given their schema.
fn unnumbered(bytes: Option<&[u8]>, numbered: bool) -> Option<Vec<u8>> {
    bytes.map(|bytes| {
        let mut bytes = bytes.to_vec();
        if numbered && bytes.len() >= 5 {
            // The header of Confluent's wire format: a zero, then the schema's id in four bytes.
            // Another registry gives the same schema another id.
            bytes[1..5].fill(0);
        }
        bytes
    })
}

/// `name=value`, a line each; what is no text as its digits.
fn header(text: &mut String, name: &str, value: Option<&[u8]>) {
    if !text.is_empty() {
        text.push('\n');
    }
    text.push_str(name);
    match value.map(|value| (std::str::from_utf8(value), value)) {
        None => {}
        Some((Ok(value), _)) => {
            text.push('=');
            text.push_str(value);
        }
        Some((Err(_), value)) => {
            text.push_str("=0x");
            text.push_str(&crate::units::hexadecimal(value));
        }
    }
}

impl Side for ExpectedMessages<'_, '_> {
    fn pieces(&self) -> u64 {
        self.0.job.source.batches().unwrap_or(0)
    }

    fn rows(&self) -> u64 {
        self.0.job.rows.unwrap_or(0)
    }

    fn read(&self, piece: u64) -> Result<ComparedRows> {
        let topic = self.0;
        let of = (topic.job, topic.sink);
        let batch = made(of, &topic.job.source, piece, &topic.rejects)?;
        let rows = topic.sink.shape.take(&topic.sink.columns, &batch.rows)?;
        let mut columns = topic.columns();
        let (value, key) = topic.made.numbered;
        topic.made.each(&batch.with(rows), &mut |message| {
            let mut headers = String::new();
            for (name, value) in &message.headers {
                header(&mut headers, name, Some(value));
            }
            let key = unnumbered(message.key, key);
            let value = unnumbered(message.value, value);
            let place = (message.row, message.partition);
            columns.add(
                place,
                (key.as_deref(), value.as_deref()),
                &headers,
                message.time,
            );
        })?;
        Ok(columns.rows())
    }
}

impl Side for FoundMessages<'_, '_> {
    fn pieces(&self) -> u64 {
        self.0.pieces.len() as u64
    }

    fn rows(&self) -> u64 {
        self.0.rows
    }

    fn read(&self, piece: u64) -> Result<ComparedRows> {
        let topic = self.0;
        let (partition, from, to) = topic.pieces[piece as usize];
        let mut columns = topic.columns();
        let (value, key) = topic.made.numbered;
        topic
            .stretches
            .read(partition, (from, to), &mut |message| {
                let key = unnumbered(message.key(), key);
                let value = unnumbered(message.payload(), value);
                let place = (message.offset().unsigned_abs(), Some(partition));
                let headers = headers(message, &topic.made);
                let time = message.timestamp().to_millis();
                columns.add(place, (key.as_deref(), value.as_deref()), &headers, time);
            })?;
        Ok(columns.rows())
    }

    fn at(&self, piece: u64, number: u64) -> String {
        let partition = self.0.pieces[piece as usize].0;
        format!("at offset {number} of partition {partition}")
    }
}

fn headers(message: &BorrowedMessage<'_>, made: &ExpectedTopic) -> String {
    let mut text = String::new();
    if let Some(headers) = message.headers() {
        for one in headers.iter().filter(|one| !made.is_new(one.key)) {
            header(&mut text, one.key, one.value);
        }
    }
    text
}
