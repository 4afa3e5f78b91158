//! What batches say they were read from, on a real broker, through a sink that keeps offsets with its
//! rows: it loses its partitions to another writer now and then, and has every row once in the end.

use std::collections::HashMap;
use std::ops::ControlFlow;
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use arrow::array::AsArray;
use arrow::datatypes::Int64Type;
use rdkafka::config::ClientConfig;
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};
use rowgen::batch::{Batch, Resume};
use rowgen::client::kafka::{Admin, Connection};
use rowgen::error::{Problem, Result};
use rowgen::format::{Encode, Shape};
use rowgen::report::Report;
use rowgen::sink::lane::{self, Marks, Writer};
use rowgen::sink::{FileReport, Found, Lane, Ready, Sink, Target};
use rowgen::{engine, load, plan, spec};

use crate::environment;

const PARTITIONS: i32 = 3;
const ROUNDS: i64 = 40;
const ROUND: i64 = 300;

/// A sink's table: the rows, and the offset of each partition that comes next.
#[derive(Debug, Default)]
struct Table {
    rows: HashMap<i32, Vec<i64>>,
    next: HashMap<i32, i64>,
    /// Spans that did not go on where the table was.
    misfits: usize,
    /// How often partition 0 is taken over yet.
    fences: usize,
    most_spans: usize,
}

#[derive(Debug, Clone)]
struct Keeps {
    table: Arc<Mutex<Table>>,
    /// Whether streams are told where to go on.
    resumes: bool,
}

struct Opened(Keeps, Target);
struct Whole;

impl Sink for Keeps {
    fn check(&self, _: &Shape) -> Vec<Problem> {
        Vec::new()
    }
    fn connect(&self, target: &Target) -> Result<Found> {
        Ok(Found::ready(Opened(self.clone(), target.clone())))
    }
}

impl Ready for Opened {
    fn resume(&self) -> Option<Arc<dyn Resume>> {
        self.0.resumes.then(|| Arc::new(self.0.clone()) as _)
    }
    fn open(&self, _lane: usize) -> Result<Arc<dyn Lane>> {
        lane::start(&self.1, Arc::new(Whole), Box::new(self.0.clone()))
    }
}

impl Resume for Keeps {
    fn offsets(&self, partitions: &[i32]) -> Result<HashMap<i32, i64>> {
        let table = self.table.lock().unwrap();
        let known = |partition: &i32| Some((*partition, *table.next.get(partition)?));
        Ok(partitions.iter().filter_map(known).collect())
    }
}

impl Encode for Whole {
    type Chunk = Batch;
    fn encode(&self, batch: &Batch, put: &dyn Fn(u64, Batch)) -> Result<()> {
        put(batch.number, batch.clone());
        Ok(())
    }
}

impl Writer<Batch> for Keeps {
    fn write(&mut self, number: u64, batch: Batch, marks: &Marks) -> Result<ControlFlow<()>> {
        let mut table = self.table.lock().unwrap();
        let ids = batch.rows.column(0).as_primitive::<Int64Type>();
        let ordered = |pair: &[rowgen::batch::Span]| {
            pair[0].partition < pair[1].partition && pair[0].rows.end == pair[1].rows.start
        };
        assert!(batch.origin.windows(2).all(ordered), "{:?}", batch.origin);
        let covered: usize = batch.origin.iter().map(|span| span.rows.len()).sum();
        assert_eq!(covered, batch.rows.num_rows());
        for span in batch.origin.iter().filter(|span| !span.turn.is_over()) {
            // Somebody else takes the partition over, now and then, and gives it back.
            if span.partition == 0 && table.fences > 0 && number % 3 == 2 {
                table.fences -= 1;
                span.turn.end();
                continue;
            }
            if table
                .next
                .get(&span.partition)
                .is_some_and(|next| *next != span.from)
            {
                table.misfits += 1;
                span.turn.end();
                continue;
            }
            table.next.insert(span.partition, span.to);
            let rows = table.rows.entry(span.partition).or_default();
            rows.extend(&ids.values()[span.rows.clone()]);
            marks.add(span.rows.len() as u64, 0);
        }
        table.most_spans = batch.origin.len().max(table.most_spans);
        marks.durable(number + 1);
        Ok(ControlFlow::Continue(()))
    }
    fn finish(&mut self, _marks: &Marks) -> Result<Vec<FileReport>> {
        Ok(Vec::new())
    }
}

fn fresh() -> String {
    let now = SystemTime::UNIX_EPOCH.elapsed().unwrap();
    format!("turns-{}", now.as_nanos())
}

/// A topic with rows in transactions, every fourth of which is given up: offsets that are no rows, at
/// the end of the partitions, too. Gives its name and each partition's end.
fn topic() -> (String, i64) {
    let (name, brokers) = (fresh(), environment("KAFKA_BROKERS"));
    let connection = Connection {
        brokers: brokers.clone(),
        ..Connection::default()
    };
    let admin = Admin::new(&connection).unwrap();
    admin.create(&name, PARTITIONS, 1, &[]).unwrap();
    let producer: BaseProducer = ClientConfig::new()
        .set("bootstrap.servers", brokers)
        .set("transactional.id", &name)
        .create()
        .unwrap();
    let patience = Duration::from_secs(30);
    producer.init_transactions(patience).unwrap();
    for round in 0..ROUNDS {
        producer.begin_transaction().unwrap();
        for row in 0..ROUND {
            let value = format!("{{\"id\":{}}}", round * ROUND + row);
            for partition in 0..PARTITIONS {
                let record: BaseRecord<'_, [u8], str> =
                    BaseRecord::to(&name).partition(partition).payload(&value);
                producer.send(record).unwrap();
            }
        }
        producer.flush(patience).unwrap();
        match round % 4 {
            3 => producer.abort_transaction(patience).unwrap(),
            _ => producer.commit_transaction(patience).unwrap(),
        }
    }
    (name, ROUNDS * (ROUND + 1))
}

/// The rows of each partition.
fn given() -> Vec<i64> {
    let rows = 0..ROUNDS * ROUND;
    rows.filter(|row| row / ROUND % 4 != 3).collect()
}

/// Batches have at most so many rows, and wait so long for them.
fn run(topic: &str, keeps: &Keeps, batches: (u64, &str)) -> Report {
    start(topic, keeps, batches, None).wait()
}

fn start(
    topic: &str,
    keeps: &Keeps,
    (rows, linger): (u64, &str),
    rate: Option<f64>,
) -> engine::Running {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("p.yaml");
    let brokers = environment("KAFKA_BROKERS");
    let yaml = format!(
        "version: 1\ntables:\n  t:\n    from: {{ kafka: {{ brokers: \"{brokers}\", topic: {topic}, group: {topic}-{}, until: end, linger: {linger}, consumers: 2 }} }}\n    types: {{ id: int64 }}\nsinks: [discard]\n",
        keeps.resumes
    );
    std::fs::write(&path, yaml).unwrap();
    let pipeline = spec::read(&path, &spec::GivenValues::default()).unwrap();
    let loaded = load::load(&pipeline, |_| true).unwrap();
    let overrides = plan::Overrides {
        batch_rows: Some(rows),
        rate,
        ..plan::Overrides::default()
    };
    let mut plan = plan::make(&pipeline, loaded, &overrides, false).unwrap();
    plan.jobs[0].sinks[0].options = Arc::new(keeps.clone());
    engine::start(Arc::new(plan), engine::RunOptions::default())
}

#[test]
fn a_sink_that_keeps_offsets_has_every_row_once() {
    let (name, end) = topic();
    let committed = given();
    let (small, large) = ((500, "20ms"), (20_000, "1s"));
    for (resumes, fences, batches) in [(true, 3, small), (true, 0, small), (false, 0, large)] {
        let table = Table {
            fences,
            ..Table::default()
        };
        let keeps = Keeps {
            table: Arc::new(Mutex::new(table)),
            resumes,
        };
        let report = run(&name, &keeps, batches);
        assert_eq!(report.exit_code(), 0, "{report}");
        let table = keeps.table.lock().unwrap();
        assert_eq!((table.misfits, table.fences), (0, 0));
        assert!(
            batches == small || table.most_spans > 1,
            "each batch is of one partition"
        );
        for partition in 0..PARTITIONS {
            assert_eq!(table.next[&partition], end, "of partition {partition}");
            assert!(
                table.rows[&partition] == committed,
                "in partition {partition}"
            );
        }
        drop(table);
        // Nothing is left: a run that goes on there has no rows.
        if resumes {
            run(&name, &keeps, batches);
            let rows = keeps.table.lock().unwrap().rows[&0].len();
            assert_eq!(rows, committed.len());
        }
    }
}

#[test]
fn two_runs_of_a_group_share_a_table() {
    let (name, end) = topic();
    let keeps = Keeps {
        table: Arc::default(),
        resumes: true,
    };
    let begin = || start(&name, &keeps, (500, "20ms"), Some(1500.0));
    let first = begin();
    // The first one has all partitions when the second one comes and takes some; members of a group
    // hear of each other after some seconds.
    while keeps.table.lock().unwrap().next.is_empty() {
        std::thread::sleep(Duration::from_millis(20));
    }
    let second = begin();
    let (first, second) = (first.wait(), second.wait());
    assert_eq!(
        (first.exit_code(), second.exit_code()),
        (0, 0),
        "{first}{second}"
    );
    assert!(second.rows > 0, "the second run had nothing to do");
    let table = keeps.table.lock().unwrap();
    for partition in 0..PARTITIONS {
        assert_eq!(table.next[&partition], end, "of partition {partition}");
        assert!(
            table.rows[&partition] == given(),
            "in partition {partition}"
        );
    }
}

#[test]
fn offsets_that_a_topic_does_not_have_end_the_run() {
    let (name, end) = topic();
    let next = [(1, end + 1)].into();
    let table = Table {
        next,
        ..Table::default()
    };
    let keeps = Keeps {
        table: Arc::new(Mutex::new(table)),
        resumes: true,
    };
    let report = run(&name, &keeps, (500, "20ms"));
    assert_eq!(
        report.error.unwrap().clone(),
        format!(
            "error: could not read table `t`\n  caused by: the sink goes on at offset {} of partition 1 of topic `{name}`, which ends at {end}\n  hint: the topic was made again since: load a new table, or remove its offsets to read the topic from its beginning",
            end + 1
        )
    );
}
