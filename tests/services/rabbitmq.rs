//! Messages of a real RabbitMQ as rows: each acknowledged once it is safe, whatever is wrong with some.

use std::net::TcpListener;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::broker::Broker;
use crate::postgres::{fresh, rowgen};
use crate::servers::Servers;
use crate::{environment, until};

/// A pipeline that reads queues into a file of JSON lines.
pub fn reading(url: &str, queues: &str, source: &str, more: &str) -> String {
    format!(
        "version: 1\nname: p\ntables:\n  t:\n    from: {{ rabbitmq: {{ url: \"{url}\", queues: {queues}, {source} }} }}\n{more}sinks:\n  - file: {{ table: t, path: out, format: {{ json: {{ layout: lines }} }}, if_exists: append }}\n"
    )
}

pub const TYPES: &str = "    types: { id: int64, name: utf8 }\n";

/// What a run says, and the rows that it wrote.
pub fn run(yaml: &str, arguments: &[&str]) -> (Option<i32>, String, Vec<Value>) {
    let folder = tempfile::tempdir().unwrap();
    let output = rowgen(folder.path(), yaml, arguments).output().unwrap();
    let words = String::from_utf8_lossy(&output.stderr).into_owned();
    (output.status.code(), words, rows(folder.path()))
}

pub fn rows(folder: &std::path::Path) -> Vec<Value> {
    let pattern = folder.join("out/*").display().to_string();
    let mut files: Vec<_> = glob::glob(&pattern).unwrap().flatten().collect();
    files.sort();
    let lines = files.iter().filter(|path| path.is_file()).flat_map(|path| {
        let text = std::fs::read_to_string(path).unwrap();
        text.lines().map(String::from).collect::<Vec<_>>()
    });
    let values = lines.filter_map(|line| serde_json::from_str::<Value>(&line).ok());
    values.filter(|value| value.get("id").is_some()).collect()
}

fn messages(ids: std::ops::Range<u32>) -> Vec<Vec<u8>> {
    let message = |id| format!("{{\"id\":{id},\"name\":\"n{id}\"}}").into_bytes();
    ids.map(message).collect()
}

/// A queue with such messages.
pub fn queue(broker: &Broker, ids: std::ops::Range<u32>) -> String {
    let name = fresh("queue");
    broker.declare(&name);
    let messages = messages(ids);
    broker.publish(&name, messages.iter().map(Vec::as_slice));
    name
}

#[test]
pub fn queues_are_read_until_they_are_empty() {
    let broker = Broker::shared();
    let (one, other) = (queue(&broker, 0..3000), queue(&broker, 5000..5010));
    let source = "until: empty, metadata: { queue: q, redelivered: again }";
    let queues = format!("[{one}, {other}]");
    let yaml = reading(&environment("RABBITMQ_URL"), &queues, source, TYPES);
    let (code, words, rows) = run(&yaml, &[]);
    assert_eq!(code, Some(0), "{words}");
    let of = |name: &str| {
        let rows = rows.iter().filter(|row| row["q"] == name);
        rows.map(|row| row["id"].as_u64().unwrap())
            .collect::<Vec<_>>()
    };
    // A queue keeps its order.
    assert_eq!(of(&one), (0..3000).collect::<Vec<_>>());
    assert_eq!(of(&other), (5000..5010).collect::<Vec<_>>());
    assert!(rows.iter().all(|row| row["again"] == false));
    assert_eq!((broker.ready(&one), broker.ready(&other)), (0, 0));
}

#[test]
fn a_number_of_messages_is_read_and_the_others_stay() {
    let broker = Broker::shared();
    let name = queue(&broker, 0..50);
    let yaml = reading(&environment("RABBITMQ_URL"), &name, "until: 20", TYPES);
    let (code, words, rows) = run(&yaml, &[]);
    assert_eq!((code, rows.len()), (Some(0), 20), "{words}");
    assert_eq!(broker.ready(&name), 30);
    // With as little under way as can be.
    let source = "until: empty, prefetch: 1, linger: 1ms";
    let yaml = reading(&environment("RABBITMQ_URL"), &name, source, TYPES);
    let (code, words, rows) = run(&yaml, &[]);
    assert_eq!((code, rows.len()), (Some(0), 30), "{words}");
    assert_eq!(broker.ready(&name), 0);
}

#[test]
fn bad_messages_end_the_run_unacknowledged_or_are_kept() {
    let broker = Broker::shared();
    let name = queue(&broker, 0..3);
    broker.publish(&name, [&b"{"[..], br#"{"id":"x"}"#, br#"{"id":9}"#]);
    let url = environment("RABBITMQ_URL");
    let (code, words, rows) = run(&reading(&url, &name, "until: empty", TYPES), &[]);
    assert_eq!((code, rows.len()), (Some(2), 0), "{words}");
    assert!(
        words.contains(&format!("queue `{name}`, delivery 4")),
        "{words}"
    );
    assert_eq!(broker.ready(&name), 6, "nothing was acknowledged");
    let source = "until: empty, on_bad_row: { dead_letter: bad.jsonl }";
    let folder = tempfile::tempdir().unwrap();
    let yaml = reading(&url, &name, source, TYPES);
    let output = rowgen(folder.path(), &yaml, &[]).output().unwrap();
    // Messages were left out.
    assert_eq!(output.status.code(), Some(3), "{output:?}");
    assert_eq!(
        (self::rows(folder.path()).len(), broker.ready(&name)),
        (4, 0)
    );
    let letters = std::fs::read_to_string(folder.path().join("bad.jsonl")).unwrap();
    let letters: Vec<Value> = letters
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let kept: Vec<_> = letters
        .iter()
        .map(|letter| {
            (
                letter["queue"].as_str(),
                letter["delivery_tag"].as_u64(),
                letter["value"].as_str(),
            )
        })
        .collect();
    let name = Some(name.as_str());
    assert_eq!(
        kept,
        [
            (name, Some(4), Some("ew==")),
            (name, Some(5), Some("eyJpZCI6IngifQ=="))
        ]
    );
}

/// What a run says in the end.
fn refusal(url: &str, queue: &str, source: &str) -> String {
    let (code, words, _) = run(&reading(url, queue, source, TYPES), &[]);
    assert_eq!(code, Some(2), "{words}");
    words.trim_end().to_string()
}

#[test]
fn a_broker_that_does_not_let_us_in_is_told() {
    let broker = Broker::shared();
    let name = queue(&broker, 0..1);
    let url = environment("RABBITMQ_URL");
    let address = url.split('@').nth(1).unwrap().split('/').next().unwrap();
    let begin = "error: could not read table `t`\n  caused by: ";
    let until = "until: empty";
    assert_eq!(
        refusal(&url.replace(":guest@", ":wrong@"), &name, until),
        format!(
            "{begin}connecting at RabbitMQ at {address}\n  caused by: ACCESS_REFUSED - Login was refused using authentication mechanism PLAIN. For details see the broker logfile.\n  hint: the user or the password is wrong"
        )
    );
    assert_eq!(
        refusal(&url.replace("%2f", "nowhere"), &name, until),
        format!(
            "{begin}connecting at RabbitMQ at {address}, virtual host nowhere\n  caused by: NOT_ALLOWED - vhost nowhere not found\n  hint: the virtual host behind the address's last `/` is not there, or not for this user"
        )
    );
    assert_eq!(
        refusal(&url, "nobody", until),
        format!(
            "{begin}looking at queue `nobody` at RabbitMQ at {address}\n  caused by: NOT_FOUND - no queue 'nobody' in vhost '/'\n  hint: a source declares no queues: `rabbitmqctl list_queues` shows those that are there"
        )
    );
    let away = url.replace(address, "127.0.0.1:1");
    let away_says = format!(
        "{begin}connecting at RabbitMQ at 127.0.0.1:1\n  caused by: Connection refused (os error 111)\n  hint: is it running, and is `url` right?"
    );
    assert_eq!(refusal(&away, &name, until), away_says);
    assert_eq!(broker.ready(&name), 1);
}

#[test]
fn a_broker_that_says_nothing_is_told_in_time() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let began = Instant::now();
    let said = refusal(&format!("amqp://a:b@{address}/%2f"), "q", "until: empty");
    assert_eq!(
        said,
        format!(
            "error: could not read table `t`\n  caused by: connecting at RabbitMQ at {address}\n  caused by: nobody answers\n  hint: is it running, and is `url` right?"
        )
    );
    let took = began.elapsed();
    assert!((8..20).contains(&took.as_secs()), "{took:?}");
}

#[test]
fn a_connection_is_encrypted_and_its_certificate_is_checked() {
    let broker = Broker::shared();
    let name = queue(&broker, 0..7);
    let url = environment("RABBITMQ_TLS_URL");
    let said = refusal(&url, &name, "until: empty");
    let hint = "  caused by: invalid peer certificate: UnknownIssuer\n  hint: `tls: { ca: FILE }` names the authority of its certificate";
    assert!(said.ends_with(hint), "{said}");
    let source = format!(
        "until: empty, tls: {{ ca: \"{}\" }}",
        environment("RABBITMQ_CA")
    );
    let (code, words, rows) = run(&reading(&url, &name, &source, TYPES), &[]);
    assert_eq!((code, rows.len()), (Some(0), 7), "{words}");
}

#[test]
fn a_broker_that_is_killed_and_comes_back_loses_nothing() {
    let servers = Servers::start(&["rabbitmq"], &[]);
    let url = servers.variable("RABBITMQ_URL");
    let broker = Broker::at(&url);
    let name = queue(&broker, 0..20_000);
    let folder = tempfile::tempdir().unwrap();
    let source = "until: forever, prefetch: 500, linger: 20ms";
    let yaml = reading(&url, &name, source, TYPES)
        .replace("if_exists: append", "if_exists: append, roll: 1s");
    let mut run = rowgen(folder.path(), &yaml, &["--batch-rows", "200"])
        .spawn()
        .unwrap();
    let there = || "some rows are written".to_string();
    until(there, Duration::from_secs(60), || {
        rows(folder.path()).len() > 1000
    });
    servers.act("kill", "rabbitmq");
    servers.act("restart", "rabbitmq");
    let broker = Broker::at(&url);
    let empty = || "the queue is read to its end".to_string();
    until(empty, Duration::from_secs(120), || broker.ready(&name) == 0);
    // What has become rows is acknowledged in the end; what was only fetched by then goes back.
    std::process::Command::new("kill")
        .args(["-TERM", &run.id().to_string()])
        .status()
        .unwrap();
    assert!(run.wait().unwrap().code().is_some());
    let mut ids: Vec<u64> = rows(folder.path())
        .iter()
        .map(|row| row["id"].as_u64().unwrap())
        .collect();
    ids.sort_unstable();
    ids.dedup();
    // The broker takes a moment to see that nobody holds them.
    let read = ids.len() as u32;
    let known = || format!("{read} rows and {} messages", broker.ready(&name));
    until(known, Duration::from_secs(30), || {
        read + broker.ready(&name) >= 20_000
    });
    assert!(ids.iter().all(|id| *id < 20_000));
}

const SCHEMA: &str = r#"{"type":"record","name":"User","fields":[{"name":"id","type":"long"},{"name":"name","type":["null","string"]}]}"#;

/// A row as Avro has it; those of even number have a name of one letter.
fn datum(id: u8) -> Vec<u8> {
    match id % 2 {
        0 => vec![2 * id, 2, 2, b'a' + id],
        _ => vec![2 * id, 0],
    }
}

#[test]
fn messages_are_avro_of_a_schema_in_a_file() {
    let broker = Broker::shared();
    let name = fresh("queue");
    broker.declare(&name);
    let mut messages: Vec<Vec<u8>> = (0..6).map(datum).collect();
    messages.insert(3, vec![2, 9]);
    broker.publish(&name, messages.iter().map(Vec::as_slice));
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("user.avsc"), SCHEMA).unwrap();
    let source = "until: empty, format: { avro: { schema_file: user.avsc } }, metadata: { queue: q }, on_bad_row: { dead_letter: bad.jsonl }";
    let yaml = reading(&environment("RABBITMQ_URL"), &name, source, "");
    let output = rowgen(folder.path(), &yaml, &[]).output().unwrap();
    assert_eq!(output.status.code(), Some(3), "{output:?}");
    let row = |id: u8| {
        let own = id
            .is_multiple_of(2)
            .then(|| char::from(b'a' + id).to_string());
        serde_json::json!({ "id": id, "name": own, "q": name })
    };
    assert_eq!(rows(folder.path()), (0..6).map(row).collect::<Vec<_>>());
    let letters = std::fs::read_to_string(folder.path().join("bad.jsonl")).unwrap();
    let letter: Value = serde_json::from_str(letters.trim_end()).unwrap();
    assert_eq!(
        (letter["delivery_tag"].as_u64(), letter["value"].as_str()),
        (Some(4), Some("Agk="))
    );
    assert_eq!(broker.ready(&name), 0);
    for (format, said) in [
        (
            "avro: {}",
            "nothing says which columns the Avro messages have",
        ),
        (
            "avro: { schema_file: user.avsc, framing: confluent }",
            "`framing: confluent` needs the `registry` that has the schemas",
        ),
    ] {
        let source = format!("until: empty, format: {{ {format} }}");
        let yaml = reading(&environment("RABBITMQ_URL"), &name, &source, "");
        let output = rowgen(folder.path(), &yaml, &[]).output().unwrap();
        let words = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(1), "{words}");
        assert!(
            words.starts_with(&format!("error: {said}\n --> p.yaml:5:")),
            "{words}"
        );
    }
}

#[test]
fn messages_are_avro_whose_schemas_a_registry_has() {
    use rowgen::client::registry::{Client, Registry};
    let registry = environment("SCHEMA_REGISTRY_URL");
    let text = format!("url: \"{registry}\"");
    let source = std::sync::Arc::new(rowgen::place::Source::new("r", text));
    let options: Registry = rowgen::place::decode(&rowgen::place::parse(&source).unwrap()).unwrap();
    let subject = format!("{}-value", fresh("subject"));
    let number = Client::new(&options)
        .unwrap()
        .register(&subject, SCHEMA)
        .unwrap();
    let framed = |id| {
        let mut message = vec![0];
        message.extend_from_slice(&number.to_be_bytes());
        message.extend(datum(id));
        message
    };
    let broker = Broker::shared();
    let name = fresh("queue");
    broker.declare(&name);
    let messages: Vec<Vec<u8>> = (0..6).map(framed).collect();
    broker.publish(&name, messages.iter().map(Vec::as_slice));
    let url = environment("RABBITMQ_URL");
    let of = |subject: &str| {
        format!(
            "until: empty, format: {{ avro: {{ registry: {{ url: \"{registry}\" }}{subject} }} }}"
        )
    };
    let (code, words, _) = run(&reading(&url, &name, &of(""), ""), &[]);
    assert_eq!(code, Some(1), "{words}");
    assert!(
        words.starts_with("error: nothing says which of the registry's schemas the rows have\n"),
        "{words}"
    );
    let said = of(&format!(", subject: {subject}"));
    let (code, words, rows) = run(&reading(&url, &name, &said, ""), &[]);
    assert_eq!((code, rows.len()), (Some(0), 6), "{words}");
    assert_eq!(rows[4], serde_json::json!({ "id": 4, "name": "e" }));
}
