//! Servers that are away, say nothing, or stop answering: their sink fails alone, and in time.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::Stdio;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::support::{Ended, Folder};

/// Rows to a topic, and to files before and after it.
fn yaml(brokers: &str, rows: u64, more: &str) -> String {
    format!(
        "version: 1\ntables:\n  t: {{ rows: {rows}, columns: {{ id: sequence, text: {{ template: \"{{id:032}}\" }} }} }}\nsinks:\n  - file: {{ name: first, path: out/t.csv }}\n  - kafka: {{ name: messages, brokers: \"{brokers}\", topic: t, acks: 1, idempotence: false{more} }}\n  - file: {{ name: last, path: out/t.parquet }}\n"
    )
}

/// An address at which nobody listens.
fn closed() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().to_string()
}

/// An address at which somebody takes every connection and says what `answer` makes of each request.
fn server(answer: fn(u16, &str) -> Option<Vec<u8>>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let own = address.clone();
    std::thread::spawn(move || {
        for socket in listener.incoming().flatten() {
            let own = own.clone();
            std::thread::spawn(move || while talk(&socket, answer, &own).is_ok() {});
        }
    });
    address
}

/// Reads a request, and answers it or stays silent.
fn talk(
    mut socket: &TcpStream,
    answer: fn(u16, &str) -> Option<Vec<u8>>,
    own: &str,
) -> std::io::Result<()> {
    let mut length = [0; 4];
    socket.read_exact(&mut length)?;
    let mut request = vec![0; u32::from_be_bytes(length) as usize];
    socket.read_exact(&mut request)?;
    let key = u16::from_be_bytes([request[0], request[1]]);
    let Some(mut body) = answer(key, own) else {
        return Ok(());
    };
    if key == 18 && request[3] > 0 {
        // It knows no newer version of this request, which the client then asks in the oldest.
        body[1] = 35;
    }
    let mut response = u32::to_be_bytes(body.len() as u32 + 4).to_vec();
    response.extend(&request[4..8]);
    response.extend(body);
    socket.write_all(&response)
}

/// A broker that knows its topic and answers no message.
fn forgetful(key: u16, own: &str) -> Option<Vec<u8>> {
    let mut body = Vec::new();
    let text = |body: &mut Vec<u8>, text: &str| {
        body.extend(u16::to_be_bytes(text.len() as u16));
        body.extend(text.as_bytes());
    };
    match key {
        // ApiVersions: Produce up to 3, Metadata up to 4.
        18 => {
            for number in [0_u16, 0, 2, 0, 0, 3, 3, 0, 4] {
                body.extend(number.to_be_bytes());
            }
        }
        // Metadata: one broker, which leads the one partition of `t`.
        3 => {
            let (host, port) = own.rsplit_once(':').unwrap();
            body.extend([0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 1]);
            text(&mut body, host);
            body.extend(u32::to_be_bytes(port.parse().unwrap()));
            // No rack, no cluster, the controller, one topic.
            body.extend([255, 255, 255, 255, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0]);
            text(&mut body, "t");
            // Not internal, one partition: no error, number 0, leader 1, a replica.
            body.extend([0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]);
            body.extend([0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1]);
        }
        _ => return None,
    }
    Some(body)
}

fn silent(_: u16, _: &str) -> Option<Vec<u8>> {
    None
}

/// What a run says and reports that is to be over by then.
fn run(folder: &Folder, yaml: &str, arguments: &[&str]) -> (Ended, Value) {
    folder.write("p.yaml", yaml);
    let began = Instant::now();
    let fixed = ["run", "p.yaml", "--quiet", "--report", "r.json"];
    let ended = folder.run(&[&fixed[..], arguments].concat());
    assert!(began.elapsed() < Duration::from_secs(20), "{ended:?}");
    let report = serde_json::from_str(&folder.read("r.json")).unwrap();
    (ended, report)
}

fn lines(folder: &Folder) -> usize {
    folder.read("out/t.csv").lines().count()
}

#[test]
fn a_broker_that_is_away_at_the_start_does_not_keep_the_files() {
    for address in [closed(), server(silent)] {
        let folder = Folder::new();
        let timeout = ["--stall-timeout", "2s"];
        let (ended, report) = run(&folder, &yaml(&address, 1000, ""), &timeout);
        assert_eq!(ended.code, 2, "{ended:?}");
        assert_eq!(lines(&folder), 1001);
        assert!(folder.path("out/t.parquet").exists());
        let said = format!(
            "error: could not open sink `messages`\n  caused by: could not reach Kafka at `{address}`\n"
        );
        assert!(ended.stderr.starts_with(&said), "{}", ended.stderr);
        let sinks = report["sinks"].as_array().unwrap();
        let rows = |sink: &Value| sink["rows"].as_u64().unwrap();
        assert_eq!(sinks.iter().map(rows).collect::<Vec<_>>(), [1000, 0, 1000]);
        assert!(sinks[1]["error"].as_str().unwrap().starts_with(&said[..40]));
        assert_eq!(report["outcome"], "failed");
    }
}

#[test]
fn a_broker_that_is_away_stops_everything_where_that_is_asked_for() {
    let folder = Folder::new();
    let yaml = yaml(&closed(), 1000, ", on_sink_failure: stop");
    let (ended, _) = run(&folder, &yaml, &["--stall-timeout", "1s"]);
    assert_eq!(ended.code, 2, "{ended:?}");
    assert!(!folder.path("out").exists());
}

/// Not only servers: a folder stands where a file is to be.
#[test]
fn a_file_that_cannot_be_opened_does_not_keep_the_others() {
    let folder = Folder::new();
    folder.write("out/.b.csv.partial/mine", "");
    let files = |policy: &str| {
        format!(
            "version: 1\ntables:\n  t: {{ rows: 5, columns: {{ id: sequence }} }}\nsinks:\n  - file: {{ name: a, path: out/a.csv }}\n  - file: {{ name: b, path: out/b.csv{policy} }}\n  - file: {{ name: c, path: out/c, format: csv }}\n"
        )
    };
    let (ended, _) = run(&folder, &files(", on_sink_failure: stop"), &[]);
    assert_eq!(ended.code, 2);
    assert_eq!(folder.names("out"), [".b.csv.partial/mine"]);
    let (ended, report) = run(&folder, &files(""), &[]);
    assert_eq!(ended.code, 2);
    assert_eq!(
        ended.stderr,
        "error: could not open sink `b`\n  caused by: writing `out/.b.csv.partial`\n  caused by: Is a directory (os error 21)\n"
    );
    assert_eq!(folder.read("out/a.csv").lines().count(), 6);
    assert!(folder.path("out/c/_SUCCESS").exists());
    assert_eq!(report["sinks"][1]["rows"], 0);
}

/// Nobody could say afterwards whose rows stand beside whose.
#[test]
fn a_file_that_another_run_writes_keeps_all_of_them() {
    let folder = Folder::new();
    folder.write("out/.b.csv.partial", "");
    let held = std::fs::File::open(folder.path("out/.b.csv.partial")).unwrap();
    held.lock().unwrap();
    let files = "version: 1\ntables:\n  t: { rows: 5, columns: { id: sequence } }\nsinks:\n  - file: { name: a, path: out/a.csv }\n  - file: { name: b, path: out/b.csv, on_sink_failure: continue }\n";
    let (ended, _) = run(&folder, files, &[]);
    assert_eq!(ended.code, 2);
    assert_eq!(
        ended.stderr,
        "error: could not open sink `b`\n  caused by: another run, or another sink of this one, is writing `out/b.csv`\n  hint: wait until it ends, or write elsewhere with `--out`\n"
    );
    assert_eq!(folder.names("out"), [".b.csv.partial"]);
}

#[test]
fn a_mistake_is_told_before_the_first_row_whatever_a_failure_means() {
    let folder = Folder::new();
    folder.write("out/b.csv", "mine");
    let yaml = "version: 1\ntables:\n  t: { rows: 5, columns: { id: sequence } }\nsinks:\n  - file: { name: a, path: out/a.csv }\n  - file: { name: b, path: out/b.csv }\n";
    let (ended, _) = run(&folder, yaml, &[]);
    assert_eq!(ended.code, 2);
    assert!(ended.stderr.contains("`out/b.csv` is there already"));
    assert_eq!(folder.names("out"), ["b.csv"]);
}

#[test]
fn check_with_connect_tells_of_every_sink() {
    let folder = Folder::new();
    folder.write("p.yaml", &yaml(&closed(), 10, ""));
    let ended = folder.run(&["check", "p.yaml", "--connect"]);
    assert_eq!(ended.code, 2, "{ended:?}");
    assert!(
        ended
            .stderr
            .starts_with("error: could not open sink `messages`")
    );
}

#[test]
fn finished_files_do_not_wait_for_a_broker_that_answers_nothing() {
    let folder = Folder::new();
    folder.write("p.yaml", &yaml(&server(forgetful), 1000, ""));
    let fixed = ["run", "p.yaml", "--quiet", "--report", "r.json"];
    let mut command = folder.command(&[&fixed[..], &["--stall-timeout", "4s"]].concat());
    let began = Instant::now();
    let mut child = command.stderr(Stdio::piped()).spawn().unwrap();
    while !(folder.path("out/t.csv").exists() && folder.path("out/t.parquet").exists()) {
        assert!(
            child.try_wait().unwrap().is_none(),
            "it has ended without them"
        );
        assert!(began.elapsed() < Duration::from_secs(3));
        std::thread::sleep(Duration::from_millis(10));
    }
    assert!(
        child.try_wait().unwrap().is_none(),
        "nothing was waited for"
    );
    let ended = Ended::from(child.wait_with_output().unwrap());
    let took = began.elapsed();
    assert!(
        (Duration::from_secs(4)..Duration::from_secs(9)).contains(&took),
        "{took:?}"
    );
    assert_eq!(ended.code, 2, "{ended:?}");
    assert_eq!(
        ended.stderr,
        "error: 1000 of 1000 messages sent to topic `t` were not acknowledged\n  caused by: none was for 4.00 s\n  hint: see `stall_timeout` under `run:`\n"
    );
    let report: Value = serde_json::from_str(&folder.read("r.json")).unwrap();
    assert_eq!(report["sinks"][1]["rows"], 0);
}

/// More than may be under way: the rows wait for the broker, and then no longer.
#[test]
fn a_broker_that_takes_nothing_is_given_up_in_time() {
    for producer in ["native", "librdkafka"] {
        let folder = Folder::new();
        let more = format!(", producer: {producer}");
        let yaml = yaml(&server(forgetful), 1_000_000, &more);
        let (ended, report) = run(&folder, &yaml, &["--stall-timeout", "2s"]);
        assert_eq!(ended.code, 2, "{producer}: {ended:?}");
        assert_eq!(lines(&folder), 1_000_001);
        let error = report["sinks"][1]["error"].as_str().unwrap();
        assert!(error.contains("`stall_timeout`"), "{producer}: {error}");
        assert_eq!(report["sinks"][1]["rows"], 0);
    }
}

/// A store that is away is waited for as long as `stall_timeout` says, before the first row, too.
#[test]
fn a_store_that_is_away_is_given_up_in_time() {
    let sink = "tables:\n  t: { rows: 5, columns: { id: sequence } }\nsinks:\n  - file: { path: \"s3://b/t.csv\" }\n";
    let source = "tables:\n  t: { from: { csv: { path: \"s3://b/*.csv\" } } }\nsinks:\n  - file: { path: t.csv }\n";
    for yaml in [sink, source] {
        let folder = Folder::new();
        folder.write("p.yaml", &format!("version: 1\n{yaml}"));
        for arguments in [["run", "p.yaml"], ["check", "p.yaml"]] {
            let mut command = folder.command(&arguments);
            command.args(match arguments[0] {
                "run" => &["--quiet", "--stall-timeout", "1s"][..],
                _ => &["--connect", "--stall-timeout", "1s"],
            });
            command.env("AWS_ENDPOINT_URL", format!("http://{}", closed()));
            command.envs([("AWS_ACCESS_KEY_ID", "a"), ("AWS_SECRET_ACCESS_KEY", "b")]);
            let began = Instant::now();
            let ended = Ended::from(command.output().unwrap());
            assert!(ended.code == 2 || ended.code == 1, "{ended:?}");
            assert!(ended.stderr.contains(" --> p.yaml:"), "{ended:?}");
            // Beside it stands what other tests take of the machine.
            assert!(
                began.elapsed() < Duration::from_secs(6),
                "{:?} {ended:?}",
                began.elapsed()
            );
        }
    }
}
