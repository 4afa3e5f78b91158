//! `verify` of topics: what rowgen sends is equal; what another producer sends with faults is found.

use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, SystemTime};

use rdkafka::admin::{AdminClient, AdminOptions};
use rdkafka::client::DefaultClientContext;
use rdkafka::config::ClientConfig;
use rdkafka::message::{Header, OwnedHeaders};
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};
use rdkafka::{Offset, TopicPartitionList};
use rowgen::client::kafka::{Admin, Connection};
use serde_json::Value;

use crate::environment;

const ROWS: usize = 3000;

/// A name that no topic has.
fn fresh(name: &str) -> String {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let now = SystemTime::UNIX_EPOCH.elapsed().unwrap().as_micros();
    format!("{name}-{now}-{}", COUNT.fetch_add(1, Ordering::Relaxed))
}

struct Ended {
    code: i32,
    stdout: String,
    stderr: String,
}

/// A folder with a pipeline that writes a topic, and a file of what messages hold.
struct Written(tempfile::TempDir, String);

impl Written {
    fn new(key: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let topic = fresh("verify");
        let yaml = format!(
            "version: 1\nname: v\ntables:\n  t:\n    rows: {ROWS}\n    columns:\n      id: {{ sequence: {{ start: 1 }} }}\n      code: {{ pattern: '[A-Z]{{5}}' }}\n      at: {{ type: 'timestamp(ms, UTC)', event_time: {{ start: 2026-01-01, span: 1d }} }}\nsinks:\n  - kafka: {{ name: k, brokers: \"{}\", topic: {topic}, {key}headers: {{ source: v, code: {{ column: code }} }}, timestamp: at, create_topic: {{ partitions: 20, config: {{ retention.ms: '-1' }} }} }}\n  - file: {{ name: f, path: t.jsonl, if_exists: replace }}\n",
            environment("KAFKA_BROKERS")
        );
        std::fs::write(folder.path().join("p.yaml"), yaml).unwrap();
        Self(folder, topic)
    }

    fn run(&self, arguments: &[&str]) -> Ended {
        let output = Command::new(env!("CARGO_BIN_EXE_rowgen"))
            .args(arguments)
            .current_dir(self.0.path())
            .output()
            .unwrap();
        Ended {
            code: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }

    #[track_caller]
    fn succeed(&self, arguments: &[&str]) -> String {
        let ended = self.run(arguments);
        assert_eq!(
            ended.code, 0,
            "{arguments:?}\n{}{}",
            ended.stdout, ended.stderr
        );
        ended.stdout
    }

    /// Another producer sends what the file holds, as Java clients would, to a fresh topic.
    fn copy(&self, change: impl Fn(&mut Vec<String>)) -> Ended {
        self.succeed(&["run", "p.yaml", "--quiet", "--sinks", "f"]);
        let text = std::fs::read_to_string(self.0.path().join("t.jsonl")).unwrap();
        let mut lines: Vec<String> = text.lines().map(str::to_string).collect();
        change(&mut lines);
        let topic = fresh("verify-copy");
        let yaml = std::fs::read_to_string(self.0.path().join("p.yaml")).unwrap();
        let yaml = yaml.replace(&self.1, &topic);
        std::fs::write(self.0.path().join("c.yaml"), yaml).unwrap();
        let connection = Connection {
            brokers: environment("KAFKA_BROKERS"),
            ..Connection::default()
        };
        // Messages of long ago would be removed while they are read.
        let kept = [("retention.ms".to_string(), "-1".to_string())];
        Admin::new(&connection)
            .unwrap()
            .create(&topic, 20, 1, &kept)
            .unwrap();
        let producer: BaseProducer = ClientConfig::new()
            .set("bootstrap.servers", environment("KAFKA_BROKERS"))
            .set("partitioner", "murmur2_random")
            .set("enable.idempotence", "true")
            .create()
            .unwrap();
        for line in &lines {
            send(&producer, &topic, line);
        }
        producer.flush(Duration::from_secs(30)).unwrap();
        self.run(&["verify", "c.yaml", "--sinks", "k"])
    }
}

fn send(producer: &BaseProducer, topic: &str, line: &str) {
    let row: Value = serde_json::from_str(line).unwrap();
    let (key, code) = (row["id"].to_string(), row["code"].as_str().unwrap());
    let time = chrono(row["at"].as_str().unwrap());
    let header = |key, value| Header {
        key,
        value: Some(value),
    };
    let headers = OwnedHeaders::new()
        .insert(header("source", "v"))
        .insert(header("code", code));
    let record = BaseRecord::to(topic)
        .key(&key)
        .payload(line)
        .headers(headers)
        .timestamp(time);
    let mut unsent = producer.send(record).err();
    while let Some((_, record)) = unsent {
        producer.poll(Duration::from_millis(10));
        unsent = producer.send(record).err();
    }
}

/// Milliseconds of `2026-01-01T00:00:28.800Z`, all of one day.
fn chrono(text: &str) -> i64 {
    let number = |from: usize, to: usize| text[from..to].parse::<i64>().unwrap();
    let days = 20_454;
    assert!(text.starts_with("2026-01-01T"), "{text}");
    ((days * 24 + number(11, 13)) * 60 + number(14, 16)) * 60_000
        + number(17, 19) * 1000
        + number(20, 23)
}

#[test]
fn a_topic_of_twenty_partitions_is_equal() {
    for key in ["key: id, ", ""] {
        let written = Written::new(key);
        written.succeed(&["run", "p.yaml", "--quiet", "--threads", "3"]);
        for threads in ["1", "2", "8"] {
            let words = written.succeed(&["verify", "p.yaml", "--threads", threads]);
            let first = words.lines().next().unwrap();
            assert!(
                first.ends_with("partitions with messages): 3 000 rows, all equal"),
                "{words}"
            );
        }
        written.succeed(&["verify", "p.yaml", "--sinks", "k", "--self-test", "100"]);
        let counted = written.succeed(&["verify", "p.yaml", "--sinks", "k", "--count-only"]);
        assert!(
            counted.ends_with(": 3 000 rows, as many as there should be\n"),
            "{counted}"
        );
    }
}

#[test]
fn what_another_producer_sends_is_equal_but_for_its_faults() {
    let written = Written::new("key: id, ");
    let told = |change: &dyn Fn(&mut Vec<String>)| {
        let ended = written.copy(change);
        let first = ended.stdout.lines().next().unwrap_or_default().to_string();
        let words = first
            .rsplit("messages): ")
            .next()
            .unwrap_or_default()
            .to_string();
        assert!(!words.is_empty(), "{}{}", ended.stdout, ended.stderr);
        (ended.code, words)
    };
    assert_eq!(told(&|_| ()), (0, "3 000 rows, all equal".into()));
    assert_eq!(
        told(&|lines| drop(lines.remove(41))),
        (3, "2 999 equal, 1 missing".into())
    );
    assert_eq!(
        told(&|lines| lines.push(lines[41].clone())),
        (3, "3 000 equal, 1 doubled".into())
    );
    let changed = |lines: &mut Vec<String>| {
        for row in [1, 500, 2999] {
            lines[row] = lines[row].replace("\"code\":\"", "\"code\":\"X");
        }
    };
    assert_eq!(told(&changed), (3, "2 997 equal, 3 different".into()));
    let extra = |lines: &mut Vec<String>| {
        let more = lines[7].replace("\"id\":8,", "\"id\":80000,");
        lines.push(more);
    };
    assert_eq!(told(&extra), (3, "3 000 equal, 1 extra".into()));
}

#[test]
fn what_is_out_of_order_is_named() {
    let written = Written::new("key: id, ");
    let moved = written.copy(|lines| {
        let (last, other) = (lines.pop().unwrap(), lines.remove(1499));
        lines.insert(0, last);
        lines.insert(0, other);
    });
    assert_eq!(moved.code, 3, "{}", moved.stderr);
    let little = written.run(&["verify", "c.yaml", "--sinks", "k", "--memory", "64KiB"]);
    assert_eq!((little.code, &little.stdout), (3, &moved.stdout));
    let mut words = moved.stdout.lines();
    let first = words.next().unwrap();
    assert!(first.ends_with(": 3 000 equal, 2 out of order"), "{first}");
    let told: Vec<&str> = words.collect();
    let row = |key: u32| {
        format!(
            "  out of order: key {key}, row {}, found at offset ",
            key - 1
        )
    };
    assert_eq!(told.len(), 2, "{told:?}");
    for key in [1500, 3000] {
        let one = told.iter().find(|line| line.starts_with(&row(key)));
        assert!(
            one.is_some_and(|line| line.contains(" of partition ")),
            "{told:?}"
        );
    }
}

/// Removes what stands before an offset of a partition.
fn remove(topic: &str, before: &[(i32, Offset)]) {
    let mut offsets = TopicPartitionList::new();
    for (partition, offset) in before {
        let added = offsets.add_partition_offset(topic, *partition, *offset);
        added.unwrap();
    }
    let admin: AdminClient<DefaultClientContext> = ClientConfig::new()
        .set("bootstrap.servers", environment("KAFKA_BROKERS"))
        .create()
        .unwrap();
    let removed = admin.delete_records(&offsets, &AdminOptions::new());
    let removed = futures_executor::block_on(removed).unwrap();
    assert!(removed.elements().iter().all(|one| one.error().is_ok()));
}

#[test]
fn what_the_broker_has_removed_is_missing() {
    // Of codes some may stand twice.
    for key in ["key: id, ", "key: code, "] {
        let written = Written::new(key);
        written.succeed(&["run", "p.yaml", "--quiet"]);
        remove(
            &written.1,
            &[(3, Offset::Offset(5)), (7, Offset::Offset(10))],
        );
        let ended = written.run(&["verify", "p.yaml", "--sinks", "k"]);
        assert_eq!(ended.code, 3, "{}", ended.stderr);
        let words: Vec<&str> = ended.stdout.lines().collect();
        assert!(
            words[0].ends_with(": 2 985 equal, 15 missing"),
            "{}",
            ended.stdout
        );
        let note = "  what stood in front is no longer in the topic, removed by retention or by request: partition 3 starts at offset 5, partition 7 starts at offset 10";
        assert_eq!(words[1], note);
        let missing = words.iter().filter(|line| line.starts_with("  missing: "));
        assert_eq!(missing.count(), 15, "{}", ended.stdout);
        let counted = written.run(&["verify", "p.yaml", "--sinks", "k", "--count-only"]);
        assert_eq!(counted.code, 3);
        assert!(
            counted
                .stdout
                .contains(": 2 985 rows, and there should be 3 000\n"),
            "{}",
            counted.stdout
        );
        assert!(counted.stdout.contains(note), "{}", counted.stdout);
    }
}

#[test]
fn a_partition_of_which_all_is_removed_is_missing() {
    let written = Written::new("key: id, ");
    written.succeed(&["run", "p.yaml", "--quiet"]);
    // All that it has.
    remove(&written.1, &[(11, Offset::End)]);
    let ended = written.run(&[
        "verify",
        "p.yaml",
        "--sinks",
        "k",
        "--max-differences",
        "1000",
    ]);
    assert_eq!(ended.code, 3, "{}", ended.stderr);
    assert!(
        ended.stdout.contains(", 19 partitions with messages): "),
        "{}",
        ended.stdout
    );
    assert!(
        ended
            .stdout
            .contains(" by request: partition 11 starts at offset "),
        "{}",
        ended.stdout
    );
    let missing = ended
        .stdout
        .lines()
        .filter(|line| line.starts_with("  missing: "));
    let missing = missing.count();
    let counts = format!(": 2 {:03} equal, {missing} missing\n", 1000 - missing);
    assert!(ended.stdout.contains(&counts), "{counts}{}", ended.stdout);
}

#[test]
fn a_topic_that_is_not_there_could_not_be_read() {
    let written = Written::new("");
    let ended = written.run(&["verify", "p.yaml", "--sinks", "k"]);
    assert_eq!(ended.code, 2, "{}", ended.stdout);
    assert!(
        ended.stderr.contains("there is no such topic"),
        "{}",
        ended.stderr
    );
}

#[test]
fn a_topic_is_compared_part_after_part_with_little_memory() {
    let written = Written::new("key: id, ");
    written.succeed(&["run", "p.yaml", "--quiet"]);
    written.succeed(&["verify", "p.yaml", "--sinks", "k", "--memory", "64KiB"]);
}

#[test]
fn a_copy_of_a_topic_is_compared_message_by_message() {
    let written = Written::new("key: id, ");
    // To another topic: what the pipeline names is not there.
    let copied = written.copy(|lines| drop(lines.pop()));
    assert_eq!(copied.code, 3, "{}", copied.stderr);
    let yaml = std::fs::read_to_string(written.0.path().join("c.yaml")).unwrap();
    let topic = yaml.split("topic: ").nth(1).unwrap();
    let topic = topic.split(',').next().unwrap();
    let brokers = environment("KAFKA_BROKERS");
    let against = format!("kafka: {{ brokers: \"{brokers}\", topic: {topic} }}");
    let verify = |sink: &str, more: &[&str]| {
        let arguments = ["verify", "p.yaml", "--sinks", sink, "--against", &against];
        written.run(&[&arguments, more].concat())
    };
    let ended = verify("k", &[]);
    assert_eq!(ended.code, 3, "{}", ended.stderr);
    let first = ended.stdout.lines().next().unwrap_or_default();
    assert!(
        first.starts_with(&format!("t in sink k (kafka {topic} at {brokers}, ")),
        "{first}"
    );
    assert!(first.ends_with(": 2 999 equal, 1 missing"), "{first}");
    for (sink, more, said) in [
        ("f", &[][..], "the rows of other sinks are no messages"),
        (
            "k",
            &["--columns", "id=x"][..],
            "messages are compared whole",
        ),
    ] {
        let ended = verify(sink, more);
        assert!(
            ended.code == 1 && ended.stderr.contains(said),
            "{}",
            ended.stderr
        );
    }
}
