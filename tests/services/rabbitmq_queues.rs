//! Queues of all types, and one that goes away.

use std::time::Duration;

use crate::broker::Broker;
use crate::postgres::{fresh, rowgen};
use crate::rabbitmq::{TYPES, queue, reading, rows, run};
use crate::{environment, until};

#[test]
fn a_queue_that_is_a_stream_is_refused_and_a_quorum_queue_is_read() {
    let broker = Broker::shared();
    let url = environment("RABBITMQ_URL");
    let address = url.split('@').nth(1).unwrap().split('/').next().unwrap();
    let of = |kind| {
        let name = fresh("queue");
        broker.declare_as(&name, kind);
        broker.publish(&name, [&br#"{"id":1,"name":"n"}"#[..]]);
        let (code, words, rows) = run(&reading(&url, &name, "until: empty", TYPES), &[]);
        (name, code, words, rows.len())
    };
    let (_, code, words, rows) = of("quorum");
    assert_eq!((code, rows), (Some(0), 1), "{words}");
    let (name, code, words, rows) = of("stream");
    assert_eq!((code, rows), (Some(2), 0), "{words}");
    let said = format!(
        "error: queue `{name}` at RabbitMQ at {address} is a stream, whose messages stay when they are acknowledged\n  hint: bind a classic or a quorum queue to what fills it, and read that"
    );
    assert!(words.contains(&said), "{words}");
}

#[test]
fn a_queue_that_is_deleted_ends_the_run_and_says_so() {
    let broker = Broker::shared();
    let name = queue(&broker, 0..3);
    let url = environment("RABBITMQ_URL");
    let folder = tempfile::tempdir().unwrap();
    let yaml = reading(&url, &name, "until: forever", TYPES)
        .replace("if_exists: append", "if_exists: append, roll: 1s");
    let mut command = rowgen(folder.path(), &yaml, &[]);
    let run = command
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let there = || "the rows are written".to_string();
    until(there, Duration::from_secs(60), || {
        rows(folder.path()).len() == 3
    });
    broker.delete(&name);
    let output = run.wait_with_output().unwrap();
    let words = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(2), "{words}");
    let address = url.split('@').nth(1).unwrap().split('/').next().unwrap();
    let said = format!(
        "error: reading queue `{name}` at RabbitMQ at {address}\n  caused by: NOT_FOUND - no queue '{name}' in vhost '/'\n  hint: a source declares no queues: `rabbitmqctl list_queues` shows those that are there"
    );
    assert!(words.trim_end().ends_with(&said), "{words}");
    // No sink has: it was given up.
    assert!(!words.contains("has failed"), "{words}");
}
