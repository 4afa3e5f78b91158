//! What every sink of sessions promises, whatever breaks: `promises!` runs all of it with a sink.

mod drive;
mod faults;
mod sqlite;

use std::collections::HashMap;
use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rowgen::batch::Batch;
use rowgen::sink::session::{Connect, OnBadRow, Session, SessionOptions};

use crate::drive::Run;
use drive::{Partition, Writer, load};
use faults::{Asked, Fault, at, by_chance, none};

/// A sink that is put to the test, with a place of its own.
pub trait Subject: Send + Sync + 'static {
    type Connect: Connect;

    /// Makes what it writes to, which refuses rows with these keys.
    fn new(folder: &Path, refused: &[i64]) -> Self;

    fn connect(&self) -> Self::Connect;

    /// What a session sends of rows whose first column is their key.
    fn encode(batch: &Batch) -> <<Self::Connect as Connect>::Session as Session>::Chunk;

    /// The keys of the rows that are there, in the order in which they came.
    fn ids(&self) -> Vec<i64>;
}

/// Every promise, as a test of a subject.
macro_rules! promises {
    ($subject:ty: $($promise:ident)*) => {
        $(#[test] fn $promise() { super::$promise::<$subject>(); })*
    };
}

mod sqlite_promises {
    promises! { super::sqlite::Sqlite:
        a_table_is_there_once_whatever_breaks
        a_load_that_was_killed_goes_on
        a_stream_is_there_once_whatever_breaks
        a_stream_goes_on_where_the_sink_is
        a_writer_that_was_taken_over_from_gives_up_exactly_those_partitions
        a_commit_whose_answer_was_lost_is_found
        a_commit_that_was_lost_is_made_again
        a_refused_row_is_found_and_kept_before_the_commit
        a_refused_row_stops_a_run_that_keeps_none
        a_server_that_is_gone_for_too_long_is_said_as_such
        a_panic_ends_the_lane
        a_row_is_there_at_once
    }
}

fn options(sessions: usize) -> SessionOptions {
    SessionOptions {
        sessions,
        keeps_offsets: true,
        ..SessionOptions::default()
    }
}

fn a_table_is_there_once_whatever_breaks<S: Subject>() {
    for seed in 0..8 {
        let folder = tempfile::tempdir().unwrap();
        let subject = S::new(folder.path(), &[]);
        let options = SessionOptions {
            rows: 2500..=2500,
            ..options(1 + seed as usize % 3)
        };
        let sink = drive::sink(&subject, &options, &by_chance(seed));
        Run::new(folder.path()).run(&sink).unwrap();
        let mut ids = subject.ids();
        assert!(options.sessions > 1 || ids.is_sorted());
        ids.sort_unstable();
        assert!(ids.into_iter().eq(0..10_001), "seed {seed}");
    }
}

fn a_load_that_was_killed_goes_on<S: Subject>() {
    let folder = tempfile::tempdir().unwrap();
    let subject = S::new(folder.path(), &[]);
    let sink = drive::sink(
        &subject,
        &SessionOptions {
            rows: 1..=1,
            ..options(2)
        },
        &none(),
    );
    let run = Run::new(folder.path());
    run.abort_half_way(&sink).unwrap();
    let there = subject.ids().len();
    assert!(there < 10_001);
    assert_eq!(
        load(&sink, &run),
        10_001 - there as u64,
        "what is there is not sent"
    );
    let mut ids = subject.ids();
    ids.sort_unstable();
    assert!(ids.into_iter().eq(0..10_001));
    assert_eq!(load(&sink, &run), 0);
}

fn a_stream_is_there_once_whatever_breaks<S: Subject>() {
    for seed in 0..8 {
        let folder = tempfile::tempdir().unwrap();
        let subject = S::new(folder.path(), &[]);
        // A transaction of many puts would hardly ever get through.
        let options = SessionOptions {
            rows: 60..=60,
            ..options(2)
        };
        let writer = Writer::open(&subject, &options, &by_chance(100 + seed));
        let mut partitions = [0, 1, 2].map(Partition::new);
        for number in 0..20 {
            writer.send(number, &mut partitions, 10);
        }
        writer.finish(20).unwrap();
        let ids = subject.ids();
        for partition in &partitions {
            let own = ids.iter().filter(|id| partition.has(**id)).copied();
            assert!(own.eq(partition.ids(0..200)), "seed {seed}");
            assert!(!partition.turn.is_over());
        }
    }
}

fn a_stream_goes_on_where_the_sink_is<S: Subject>() {
    let folder = tempfile::tempdir().unwrap();
    let subject = S::new(folder.path(), &[]);
    let mut partitions = [0, 1].map(Partition::new);
    let writer = Writer::open(&subject, &options(2), &none());
    assert_eq!(writer.resume(&[0, 1]), HashMap::new());
    writer.send(0, &mut partitions, 10);
    writer.wait_until_durable(1);
    assert_eq!(writer.resume(&[0, 1]), HashMap::from([(0, 10), (1, 10)]));
    // Offsets without rows move on, too.
    partitions[1].skip(5);
    writer.send(1, &mut partitions[1..], 0);
    writer.finish(2).unwrap();
    assert_eq!(writer.resume(&[1, 7]), HashMap::from([(1, 15)]));
}

fn a_writer_that_was_taken_over_from_gives_up_exactly_those_partitions<S: Subject>() {
    let folder = tempfile::tempdir().unwrap();
    let subject = S::new(folder.path(), &[]);
    let old = Writer::open(&subject, &options(1), &none());
    let mut partitions = [0, 1].map(Partition::new);
    old.send(0, &mut partitions, 10);
    old.wait_until_durable(1);
    let new = Writer::open(&subject, &options(1), &none());
    let mut taken = [Partition::at(0, new.resume(&[0])[&0])];
    new.send(0, &mut taken, 5);
    new.wait_until_durable(1);
    // The old one does not know yet, and reads on.
    old.send(1, &mut partitions, 10);
    old.wait_until_durable(2);
    assert!(partitions[0].turn.is_over());
    assert!(!partitions[1].turn.is_over());
    // What it has read of it comes to nothing, and what it reads of the other one arrives.
    old.send(2, &mut partitions, 10);
    old.finish(3).unwrap();
    new.finish(1).unwrap();
    let mut ids = subject.ids();
    ids.sort_unstable();
    let [zero, one] = &partitions;
    assert!(ids.into_iter().eq(zero.ids(0..15).chain(one.ids(0..30))));
    assert_eq!(old.resume(&[0, 1]), HashMap::from([(0, 15), (1, 30)]));
}

fn lost<S: Subject>(fault: Fault) {
    let folder = tempfile::tempdir().unwrap();
    let subject = S::new(folder.path(), &[]);
    let writer = Writer::open(&subject, &options(1), &at(Asked::Commit(1), fault));
    let mut partitions = [0, 1].map(Partition::new);
    for number in 0..3 {
        writer.send(number, &mut partitions, 10);
        writer.wait_until_durable(number + 1);
    }
    writer.finish(3).unwrap();
    let ids: Vec<i64> = subject.ids();
    assert_eq!(ids.len(), 60);
    for partition in &partitions {
        assert!(!partition.turn.is_over(), "nobody has taken over");
        let own = ids.iter().filter(|id| partition.has(**id)).copied();
        assert!(own.eq(partition.ids(0..30)));
    }
}

fn a_commit_whose_answer_was_lost_is_found<S: Subject>() {
    lost::<S>(Fault::AnswerLost);
}

fn a_commit_that_was_lost_is_made_again<S: Subject>() {
    lost::<S>(Fault::Lost);
}

fn a_refused_row_is_found_and_kept_before_the_commit<S: Subject>() {
    let folder = tempfile::tempdir().unwrap();
    let subject = S::new(folder.path(), &[1234]);
    let dead = folder.path().join("dead/letters.jsonl");
    let puts = Arc::new(std::sync::atomic::AtomicU64::new(0));
    let seen = (dead.clone(), puts.clone());
    let faults: faults::Faults = Arc::new(move |asked| {
        match asked {
            Asked::Put(before) => seen
                .1
                .store(before + 1, std::sync::atomic::Ordering::Relaxed),
            Asked::Commit(_) => assert!(fs::read_to_string(&seen.0).unwrap().ends_with('\n')),
            Asked::Connect(_) => {}
        }
        None
    });
    let options = SessionOptions {
        bad_rows: OnBadRow::DeadLetter("dead/letters.jsonl".into()),
        ..options(1)
    };
    let writer = Writer::open_in(folder.path(), &subject, &options, &faults);
    let mut partitions = [Partition::new(0)];
    writer.send(0, &mut partitions, 2500);
    writer.finish(1).unwrap();
    assert!(puts.load(std::sync::atomic::Ordering::Relaxed) <= 24);
    let ids = subject.ids();
    assert!(
        ids.into_iter()
            .eq(partitions[0].ids(0..2500).filter(|id| *id != 1234))
    );
    let letters = fs::read_to_string(&dead).unwrap();
    let letter: serde_json::Value = serde_json::from_str(&letters).unwrap();
    assert_eq!(
        (&letter["row"], &letter["partition"]),
        (&1234.into(), &0.into())
    );
    assert_eq!(
        (&letter["table"], &letter["id"]),
        (&"bets".into(), &1234.into())
    );
    assert_eq!((writer.rejected(), writer.rows()), (1, 2499));
}

fn a_refused_row_stops_a_run_that_keeps_none<S: Subject>() {
    let folder = tempfile::tempdir().unwrap();
    let subject = S::new(folder.path(), &[7]);
    let writer = Writer::open(&subject, &options(1), &none());
    let mut partitions = [Partition::new(0)];
    writer.send(0, &mut partitions, 10);
    let error = writer.finish(1).unwrap_err().to_string();
    assert!(error.starts_with("error: table `bets`, row 7: "), "{error}");
    assert!(error.ends_with("\n  hint: `on_bad_row: skip` leaves such rows out, `on_bad_row: { dead_letter: rejected.jsonl }` keeps them"), "{error}");
    assert_eq!(subject.ids(), [0; 0]);
    assert_eq!(writer.resume(&[0]), HashMap::new());
}

fn a_server_that_is_gone_for_too_long_is_said_as_such<S: Subject>() {
    let folder = tempfile::tempdir().unwrap();
    let subject = S::new(folder.path(), &[]);
    let options = SessionOptions {
        stall_timeout: Some(Duration::from_millis(300)),
        ..options(1)
    };
    let gone: faults::Faults =
        Arc::new(|asked| matches!(asked, Asked::Commit(_)).then_some(Fault::Refused));
    let writer = Writer::open(&subject, &options, &gone);
    writer.send(0, &mut [Partition::new(0)], 10);
    assert_eq!(
        writer.finish(1).unwrap_err().to_string(),
        "error: the server took nothing for 300 ms\n  caused by: the connection broke\n  hint: see `stall_timeout` under `run:`"
    );
    assert_eq!(subject.ids(), [0; 0]);
}

fn a_panic_ends_the_lane<S: Subject>() {
    for when in [Asked::Put(0), Asked::Commit(0)] {
        let folder = tempfile::tempdir().unwrap();
        let subject = S::new(folder.path(), &[]);
        let writer = Writer::open(&subject, &options(2), &at(when, Fault::Panic));
        writer.send(0, &mut [0, 1].map(Partition::new), 10);
        let error = writer.finish(1).unwrap_err().to_string();
        assert!(
            error.starts_with("error: a session panicked, which is a bug of rowgen\n"),
            "{error}"
        );
    }
}

fn a_row_is_there_at_once<S: Subject>() {
    let folder = tempfile::tempdir().unwrap();
    let subject = S::new(folder.path(), &[]);
    let writer = Writer::open(&subject, &options(1), &none());
    let mut partitions = [Partition::new(0)];
    writer.send(0, &mut partitions, 1);
    writer.wait_until_durable(1);
    let mut waits: Vec<Duration> = (1..20)
        .map(|number| {
            let sent = Instant::now();
            writer.send(number, &mut partitions, 1);
            writer.wait_until_durable(number + 1);
            sent.elapsed()
        })
        .collect();
    waits.sort_unstable();
    assert!(waits[10] < Duration::from_millis(100), "{waits:?}");
    writer.finish(20).unwrap();
}
