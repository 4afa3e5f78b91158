//! Which messages are made of batches, and where they go.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use arrow::array::{Array, ArrayRef, AsArray, Float64Array, Int32Array, RecordBatch, StringArray};
use arrow::buffer::NullBuffer;

use super::*;
use crate::batch::{Offsets, Span, Turn};
use crate::format::Shape;
use crate::format::cells::Cells;
use crate::format::message::{JsonMessage, MessageFormat};
use crate::report::Meter;
use crate::sink::on_bad_row::OnBadRow;

/// Keys as they are in column 2, counting how many are made.
#[derive(Default)]
struct Counting(AtomicUsize);

impl MessageWriter for Counting {
    fn write(
        &self,
        batch: &RecordBatch,
        out: &mut Cells,
    ) -> std::result::Result<Option<NullBuffer>, Refusal> {
        let keys = batch.column(2).as_string::<i32>();
        for key in keys {
            out.bytes
                .extend_from_slice(key.unwrap_or_default().as_bytes());
            out.end();
        }
        self.0.fetch_add(keys.len(), Ordering::Relaxed);
        Ok(keys.nulls().cloned())
    }
}

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

fn recipe(rule: &OnBadRow, meter: &Arc<Meter>, bytes: usize) -> MessageRecipe {
    let shape = Shape {
        table: "t".into(),
        schema: batch().schema(),
        open_files: 1,
        folders: Vec::new(),
        beside: 1,
        order: Vec::new(),
        domains: vec![crate::domain::Domain::default(); 2],
        rows: None,
        batch_rows: 4,
        file_starts: std::sync::Arc::default(),
        run_key: 0,
        trial: None,
        changes: None,
    };
    MessageRecipe {
        values: JsonMessage::default().open(&shape.written(), None).unwrap(),
        keys: None,
        headers: Vec::new(),
        time: None,
        partitions: PartitionSource::Column(1),
        count: 3,
        written: 1,
        limits: SendLimits { bytes, rows: 100 },
        native: None,
        deal: Deal::default(),
        bad_rows: BadRows::new(rule, Path::new("."), meter.clone(), "t"),
        buffers: Buffers::default(),
    }
}

/// The messages of a batch by partition: key and value.
type BySent = Vec<(i32, Vec<(String, String)>)>;

fn encoded(recipe: &MessageRecipe, batch: &Batch) -> Result<BySent> {
    let sent = Mutex::new(Vec::new());
    recipe.encode(batch, &|_, chunk: SentRows| {
        let EncodedMessages::Messages(groups) = chunk.messages else {
            panic!("messages are asked for");
        };
        let text =
            |bytes: Option<&[u8]>| String::from_utf8_lossy(bytes.unwrap_or(b"-")).into_owned();
        for (messages, group) in groups {
            let keys = messages.keys.as_ref();
            let pair = |row| {
                (
                    text(keys.and_then(|keys| keys.get(row))),
                    text(messages.values.get(row)),
                )
            };
            let pairs = group.rows.clone().map(pair).collect();
            sent.lock().unwrap().push((group.partition, pairs));
        }
    })?;
    let mut sent = sent.into_inner().unwrap();
    sent.sort();
    Ok(sent)
}

fn sent(recipe: &MessageRecipe) -> Result<Vec<(i32, Vec<String>)>> {
    let sent = encoded(recipe, &Batch::new(2, 8, batch()))?.into_iter();
    let values = |pairs: Vec<(String, String)>| pairs.into_iter().map(|(_, value)| value).collect();
    Ok(sent
        .map(|(partition, pairs)| (partition, values(pairs)))
        .collect())
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
    let two = |rule| MessageRecipe {
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

#[test]
fn dead_letters_are_in_their_file_before_their_batch_is_handed_on() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("new/dead.jsonl");
    let recipe = recipe(&OnBadRow::DeadLetter(path.clone()), &Arc::default(), 1000);
    let found = Mutex::new(String::new());
    let put = |_, _: SentRows| *found.lock().unwrap() = std::fs::read_to_string(&path).unwrap();
    recipe.encode(&Batch::new(2, 8, batch()), &put).unwrap();
    let line =
        r#"{"table":"t","row":9,"reason":"column `x` in row 9 is NaN, which JSON cannot hold"}"#;
    assert_eq!(found.into_inner().unwrap(), format!("{line}\n"));
}

/// A file of `/proc` takes what is written and cannot be flushed, as a disk that fails.
#[test]
fn a_batch_whose_dead_letters_are_not_on_the_disk_is_not_handed_on() {
    let path = PathBuf::from("/proc/self/comm");
    let meter = Arc::new(Meter::default());
    let recipe = recipe(&OnBadRow::DeadLetter(path), &meter, 1000);
    let error = encoded(&recipe, &Batch::new(2, 8, batch())).unwrap_err();
    assert_eq!(
        error.to_string(),
        "error: writing to `/proc/self/comm`\n  caused by: Invalid argument (os error 22)"
    );
    assert_eq!(meter.rejected(), 0);
}

/// What has no disk is not flushed.
#[test]
fn dead_letters_may_go_to_a_pipe() {
    let rule = OnBadRow::DeadLetter("/dev/null".into());
    assert_eq!(
        sent(&recipe(&rule, &Arc::default(), 1000)).unwrap().len(),
        2
    );
}

fn keyed(keys: &[Option<&str>]) -> Batch {
    let rows = 0..keys.len() as i32;
    let (x, p): (Vec<f64>, Vec<i32>) = rows.map(|row| (f64::from(row), row % 3)).unzip();
    let columns: [(&str, ArrayRef); 3] = [
        ("x", Arc::new(Float64Array::from(x))),
        ("p", Arc::new(Int32Array::from(p))),
        ("k", Arc::new(StringArray::from(keys.to_vec()))),
    ];
    Batch::new(3, 12, RecordBatch::try_from_iter(columns).unwrap())
}

#[test]
fn a_key_is_made_once_and_stays_with_its_row() {
    let keys = [
        Some("a"),
        None,
        Some("cc"),
        Some("a"),
        Some("a key that is too large for a message"),
    ];
    let rules = [
        PartitionSource::Rule(Partitioner::Murmur2),
        PartitionSource::Rule(Partitioner::Crc32),
        PartitionSource::Rule(Partitioner::RoundRobin),
        PartitionSource::Rule(Partitioner::Sticky),
        PartitionSource::Column(1),
    ];
    for partitions in rules {
        let (writer, meter) = (Arc::new(Counting::default()), Arc::default());
        let recipe = MessageRecipe {
            keys: Some(writer.clone()),
            partitions,
            ..recipe(&OnBadRow::Skip, &meter, 61 + 40)
        };
        let sent = encoded(&recipe, &keyed(&keys)).unwrap();
        assert_eq!(
            writer.0.load(Ordering::Relaxed),
            keys.len(),
            "{partitions:?}"
        );
        assert_eq!(meter.rejected(), 1);
        let mut pairs: Vec<_> = sent.into_iter().flat_map(|(_, pairs)| pairs).collect();
        pairs.sort();
        let pair = |key: &str, x: &str| (key.to_string(), format!("{{\"x\":{x}}}"));
        let all = [
            pair("-", "1.0"),
            pair("a", "0.0"),
            pair("a", "3.0"),
            pair("cc", "2.0"),
        ];
        assert_eq!(pairs, all, "{partitions:?}");
    }
}

/// How many of 40 messages go to each partition of 20, when each is a batch of its own and what stood
/// between them was left out.
fn dealt(partitions: PartitionSource, streamed: bool) -> Vec<usize> {
    let recipe = MessageRecipe {
        keys: Some(Arc::new(Counting::default())),
        partitions,
        count: 20,
        ..recipe(&OnBadRow::Stop, &Arc::default(), 1000)
    };
    let mut counts = BTreeMap::new();
    for number in 0..40 {
        let mut batch = keyed(&[None]);
        // Every other batch was empty, and every other row could not be read.
        batch.number = 2 * number;
        batch.place = RowNumbers::List(Arc::from([4 * number]));
        if streamed {
            let (from, to) = (number as i64, number as i64 + 1);
            let (turn, partition, rows) = (Arc::new(Turn::new()), 0, 0..1);
            batch.origin = Arc::from([Span {
                turn,
                partition,
                from,
                to,
                rows,
                offsets: Offsets::default(),
            }]);
        }
        for (partition, pairs) in encoded(&recipe, &batch).unwrap() {
            *counts.entry(partition).or_default() += pairs.len();
        }
    }
    counts.into_values().collect()
}

#[test]
fn messages_of_a_stream_are_dealt_evenly_whatever_was_left_out() {
    for rule in [
        Partitioner::RoundRobin,
        Partitioner::Sticky,
        Partitioner::Murmur2,
    ] {
        let rule = PartitionSource::Rule(rule);
        assert_eq!(dealt(rule, true), [2; 20], "{rule:?}");
    }
}

#[test]
fn rows_of_a_table_that_is_made_are_dealt_by_their_numbers() {
    let rows = |first: u64| {
        let recipe = MessageRecipe {
            partitions: PartitionSource::Rule(Partitioner::RoundRobin),
            ..recipe(&OnBadRow::Skip, &Arc::default(), 1000)
        };
        let batch = Batch::new(first, first, batch().slice(2, 2));
        let sent = encoded(&recipe, &batch).unwrap();
        sent.into_iter()
            .map(|(partition, _)| partition)
            .collect::<Vec<_>>()
    };
    assert_eq!([rows(6), rows(8), rows(10)], [[0, 1], [0, 2], [1, 2]]);
}
