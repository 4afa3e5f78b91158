//! The service from Kafka to PostgreSQL, driven as its users do: over HTTP.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::postgres::sql;
use crate::service::{Ground, Service, metric};

#[test]
fn rows_that_are_asked_for_arrive_and_are_followed() {
    let service = Service::start(&[]);
    // There is no topic yet: it says so, and begins when there is one.
    service.until("it is ill", |service| {
        let health = service.get("/health");
        health.status == 503 && health.body.contains("begins again")
    });
    let sent = service.post("/send-test-data-concurrently?count=30000");
    assert_eq!(sent.status, 200);
    assert_eq!(
        sent.json(),
        json!({"message": "Test data generation started", "count": 30000})
    );
    service.until("the rows are there", |service| {
        service.get("/tracking-status").json()["complete"] == true
    });
    let health = service.get("/health").json();
    assert_eq!(health["status"], "healthy");
    assert!(health["timestamp"].as_str().unwrap().ends_with('Z'));
    let tracked = service.get("/tracking-status").json();
    assert_eq!(tracked["processed_records"], 30_000);
    assert_eq!(tracked["sent_records"], 30_000);
    assert_eq!(tracked["failed_records"], 0);
    assert!(tracked["throughput"].as_f64().unwrap() > 0.0);
    assert!(tracked["total_time_ms"].as_u64().unwrap() > 0);
    assert_eq!(service.ground.rows(), 30_000);
    // Each call has rows of its own.
    assert_eq!(service.post("/reset-tracking").status, 200);
    assert_eq!(
        service.get("/tracking-status").json()["processed_records"],
        0
    );
    assert_eq!(
        service.post("/send-test-data-concurrently").json()["count"],
        10_000
    );
    service.until("more rows are there", |service| {
        service.ground.rows() == 40_000
    });
    let distinct = format!(
        "SELECT count(DISTINCT (event_timestamp, script_id)) FROM {}.processed_seed_status",
        service.ground.schema
    );
    assert_eq!(sql(&distinct), "40000");
    contract_metrics(&service);
    assert_eq!(service.end(), Some(143));
}

/// The names that dashboards know.
#[track_caller]
fn contract_metrics(service: &Service) {
    service.until("the metrics follow", |service| {
        service.metric("database_records_written_total") == 40_000.0
    });
    assert_eq!(service.metric("kafka_messages_consumed_total"), 40_000.0);
    assert_eq!(service.metric("application_throughput_total"), 40_000.0);
    assert_eq!(service.metric("kafka_consumer_errors_total"), 0.0);
    assert_eq!(service.metric("database_write_errors_total"), 0.0);
    assert!(service.metric("application_active_workers") >= 1.0);
    assert_eq!(service.metric("database_connections_active"), 2.0);
    let text = service.get("/metrics");
    assert_eq!(
        text.kind,
        "application/openmetrics-text; version=1.0.0; charset=utf-8"
    );
    for line in [
        "# TYPE database_records_written counter",
        "# TYPE database_write_duration_seconds histogram",
        "# TYPE kafka_batch_size histogram",
        "# TYPE application_active_workers gauge",
        "# EOF",
    ] {
        assert!(
            text.body.lines().any(|one| one == line),
            "{line}: {}",
            text.body
        );
    }
    // What the dashboard draws is told, but for errors by kind: of those there are none.
    let listed = include_str!("../../deploy/grafana/metrics.txt");
    for line in listed.lines().filter(|line| !line.starts_with('#')) {
        let mut words = line.split_whitespace();
        if let (Some(name), Some(kind)) = (words.next(), words.next()) {
            let by_kind = words.next().is_some_and(|labels| labels.contains("kind"));
            let told = format!("# TYPE {} {kind}", name.trim_end_matches("_total"));
            let is_told = text.body.lines().any(|one| one == told);
            assert!(is_told || by_kind, "{told}: {}", text.body);
        }
    }
    for name in [
        "kafka_batch_size",
        "database_write_duration_seconds",
        "kafka_processing_duration_seconds",
    ] {
        let (all, count) = (
            format!("{name}_bucket{{le=\"+Inf\"}}"),
            format!("{name}_count"),
        );
        assert!(metric(&text.body, &count) >= 1.0);
        assert_eq!(
            metric(&text.body, &all),
            metric(&text.body, &count),
            "{name}"
        );
    }
}

#[test]
fn what_nobody_may_ask_is_refused() {
    let service = Service::start(&[("ROWGEN_TOKEN", "open-sesame")]);
    let sends = "/send-test-data-concurrently";
    let token = "Authorization: Bearer open-sesame\r\n";
    for (method, path, headers, status, error) in [
        (
            "POST",
            "/pause",
            "",
            401,
            "this needs the header `Authorization: Bearer TOKEN`",
        ),
        (
            "POST",
            sends,
            "Authorization: Bearer wrong\r\n",
            401,
            "this needs the header `Authorization: Bearer TOKEN`",
        ),
        ("GET", sends, token, 405, "this path takes another method"),
        (
            "POST",
            "/health",
            token,
            405,
            "this path takes another method",
        ),
        ("GET", "/nothing", "", 404, "there is no such path"),
        (
            "POST",
            "/send-test-data-concurrently?count=0",
            token,
            400,
            "Invalid count parameter",
        ),
        (
            "POST",
            "/send-test-data-concurrently?count=-5",
            token,
            400,
            "Invalid count parameter",
        ),
        (
            "POST",
            "/send-test-data-concurrently?count=5x",
            token,
            400,
            "Invalid count parameter",
        ),
        (
            "POST",
            "/send-test-data-concurrently?count=99999999999999999999",
            token,
            400,
            "Invalid count parameter: at most 10000000",
        ),
        (
            "POST",
            sends,
            "Authorization: Bearer open-sesame\r\nOrigin: http://elsewhere.example\r\n",
            403,
            "this request comes from a foreign page",
        ),
    ] {
        let answer = service.ask(method, path, headers);
        assert_eq!(
            (answer.status, answer.json()),
            (status, json!({"error": error})),
            "{method} {path}"
        );
    }
    // Who only looks needs none, and never sees it.
    let page = service.get("/");
    assert_eq!(
        (page.status, page.kind.as_str()),
        (200, "text/html; charset=utf-8")
    );
    let status = service.get("/status");
    assert!(!status.body.contains("open-sesame"));
    assert_eq!(service.get("/live").json(), json!({"status": "alive"}));
}

#[test]
fn a_pause_holds_rows_back_until_they_are_wanted() {
    let service = Service::start(&[]);
    service.post("/send-test-data-concurrently?count=2000");
    service.until("rows flow", |service| {
        service.get("/tracking-status").json()["complete"] == true
    });
    assert_eq!(service.post("/pause").json(), json!({"paused": true}));
    service.post("/send-test-data-concurrently?count=2000");
    service.until("the rows are sent", |service| {
        service.get("/tracking-status").json()["sent_records"] == 4000
    });
    std::thread::sleep(Duration::from_secs(2));
    // What was under way when it was paused is finished.
    assert_eq!(service.ground.rows(), 2000);
    assert_eq!(
        service.get("/status").json()["pipelines"][0]["state"],
        "paused"
    );
    assert_eq!(service.post("/resume").json(), json!({"paused": false}));
    service.until("they flow again", |service| service.ground.rows() == 4000);
    assert!(service.ground.folder.path().exists());
}

#[test]
fn a_database_that_is_away_is_told_before_a_row_comes() {
    let service = Service::start(&[]);
    service.post("/send-test-data-concurrently?count=1000");
    service.until("rows flow", |service| service.get("/health").status == 200);
    let cut = format!(
        "ALTER SCHEMA {0} RENAME TO {0}_away; SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE query LIKE '%rowgen_offsets%' AND pid <> pg_backend_pid()",
        service.ground.schema
    );
    sql(&cut);
    service.until("it is ill", |service| {
        let health = service.get("/health");
        health.status == 503
            && health.json()["reasons"][0]
                .as_str()
                .unwrap()
                .contains("sink")
    });
    sql(&format!(
        "ALTER SCHEMA {0}_away RENAME TO {0}",
        service.ground.schema
    ));
    service.until("it is well", |service| service.get("/health").status == 200);
}

#[test]
fn who_speaks_slowly_is_not_waited_for() {
    let service = Service::start(&[]);
    let connect = || TcpStream::connect(service.address()).unwrap();
    let begun = Instant::now();
    let mut silent = connect();
    let mut slow: Vec<TcpStream> = (0..100).map(|_| connect()).collect();
    // A byte now and then is no request either.
    for byte in b"GET /health HTTP/1.1\r\nX: " {
        for client in &mut slow {
            client.write_all(&[*byte]).unwrap();
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    assert_eq!(service.get("/live").status, 200);
    for client in std::iter::once(&mut silent).chain(&mut slow) {
        client
            .set_read_timeout(Some(Duration::from_secs(30)))
            .unwrap();
        let mut said = String::new();
        // It is closed, with or without a word.
        let _ = client.read_to_string(&mut said);
        assert!(!said.contains(" 200 "), "{said}");
    }
    let waited = begun.elapsed();
    assert!((8..20).contains(&waited.as_secs()), "{waited:?}");
    // One that asks again on its connection is welcome.
    let mut client = connect();
    for _ in 0..2 {
        client
            .write_all(b"GET /live HTTP/1.1\r\nHost: here\r\n\r\n")
            .unwrap();
        let mut answer = [0; 12];
        client.read_exact(&mut answer).unwrap();
        assert_eq!(&answer, b"HTTP/1.1 200");
        let mut rest = [0; 4096];
        assert!(client.read(&mut rest).unwrap() > 0);
    }
}

#[test]
fn the_log_has_the_words_that_people_look_for() {
    let service = Service::start(&[("LOG_LEVEL", "debug")]);
    service.post("/send-test-data-concurrently?count=1000");
    service.until("rows flow", |service| service.ground.rows() == 1000);
    service.until("they are told", |service| {
        !service.logged("Batch write completed").is_empty()
    });
    let one = |message: &str| {
        let said = service.logged(message);
        said.into_iter()
            .next()
            .unwrap_or_else(|| panic!("no {message}"))
    };
    one("Starting Kafka-PostgreSQL Pipeline");
    one("Starting HTTP server");
    one("Database table and indexes created successfully");
    let consumer = one("Starting Kafka consumer");
    let ground = &service.ground;
    assert_eq!(consumer["brokers"], ground.brokers.as_str());
    assert_eq!(consumer["topic"], ground.topic.as_str());
    assert_eq!(consumer["group_id"], ground.topic.as_str());
    for key in ["worker_count", "batch_size"] {
        assert!(consumer[key].as_u64().unwrap() > 0, "{consumer}");
    }
    let written = service.logged("Batch write completed");
    let rows = written
        .iter()
        .map(|line| line["records_written"].as_u64().unwrap());
    assert_eq!(rows.sum::<u64>(), 1000);
    let keys = |line: &Value, keys: &[&str]| keys.iter().all(|key| !line[key].is_null());
    assert!(keys(&written[0], &["duration", "throughput_per_sec"]));
    let processed = one("Batch processed successfully");
    assert!(keys(
        &processed,
        &["worker_id", "batch_size", "duration", "throughput_per_sec"]
    ));
    let quiet = service.ground.serve(&[], &[("LOG_LEVEL", "info")]);
    quiet.until("it is well", |service| service.get("/health").status == 200);
    assert!(quiet.logged("Batch processed successfully").is_empty());
}

#[test]
fn a_level_that_is_none_is_refused() {
    let mut command = Ground::new().rowgen(&["serve", "pipelines/seed_status.yaml"]);
    let output = command.env("LOG_LEVEL", "loud").output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(
        String::from_utf8(output.stderr).unwrap(),
        "error: `LOG_LEVEL` is `loud`, which is no level\n  hint: it is one of trace, debug, info, warn, error\n"
    );
}
