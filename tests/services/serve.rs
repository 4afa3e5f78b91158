//! The service from Kafka to PostgreSQL, driven as its users do: over HTTP.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::environment;
use crate::postgres::{fresh, sql};

/// A service in a schema and with a topic of its own.
struct Service {
    program: Child,
    address: String,
    schema: String,
    folder: tempfile::TempDir,
}

/// An answer: its status, its type, its body.
struct Answer {
    status: u16,
    kind: String,
    body: String,
}

impl Answer {
    #[track_caller]
    fn json(&self) -> Value {
        assert_eq!(self.kind, "application/json", "{}", self.body);
        serde_json::from_str(&self.body).unwrap()
    }
}

impl Service {
    fn start(variables: &[(&str, &str)]) -> Self {
        let (schema, topic) = (fresh("service"), fresh("seed-status"));
        sql(&format!("CREATE SCHEMA {schema}"));
        let folder = tempfile::tempdir().unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_rowgen"));
        let url = environment("POSTGRES_URL");
        let more = if url.contains('?') { '&' } else { '?' };
        command
            .args(["serve", "pipelines/seed_status.yaml"])
            .arg("--out")
            .arg(folder.path())
            .env(
                "DB_URL",
                format!("{url}{more}options=-c%20search_path%3D{schema}"),
            )
            .env("KAFKA_BROKERS", environment("KAFKA_BROKERS"))
            .env("KAFKA_TOPIC", &topic)
            .env("KAFKA_GROUP_ID", &topic)
            .env("SERVER_PORT", "0")
            .envs(variables.iter().copied())
            .stderr(Stdio::piped());
        let mut program = command.spawn().unwrap();
        let mut log = BufReader::new(program.stderr.take().unwrap()).lines();
        let address = loop {
            let line = log.next().expect("the service has ended").unwrap();
            let event: Value = serde_json::from_str(&line).unwrap();
            if event["message"] == "Starting HTTP server" {
                break event["address"].as_str().unwrap().to_string();
            }
        };
        std::thread::spawn(move || log.for_each(drop));
        Self {
            program,
            address,
            schema,
            folder,
        }
    }

    fn ask(&self, method: &str, path: &str, headers: &str) -> Answer {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        stream
            .set_read_timeout(Some(Duration::from_secs(20)))
            .unwrap();
        let host = &self.address;
        write!(
            stream,
            "{method} {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n{headers}\r\n"
        )
        .unwrap();
        let mut text = String::new();
        stream.read_to_string(&mut text).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        let kind = head
            .lines()
            .find_map(|line| line.strip_prefix("content-type: "));
        Answer {
            status: head.split(' ').nth(1).unwrap().parse().unwrap(),
            kind: kind.unwrap_or_default().to_string(),
            body: body.to_string(),
        }
    }

    fn get(&self, path: &str) -> Answer {
        self.ask("GET", path, "")
    }

    fn post(&self, path: &str) -> Answer {
        self.ask("POST", path, "")
    }

    /// Waits until what is asked of it is so.
    #[track_caller]
    fn until(&self, what: &str, holds: impl Fn(&Self) -> bool) {
        let begun = Instant::now();
        while !holds(self) {
            assert!(
                begun.elapsed() < Duration::from_secs(90),
                "{what}: {}",
                self.get("/status").body
            );
            std::thread::sleep(Duration::from_millis(100));
        }
    }

    fn rows(&self) -> u64 {
        let count = format!("SELECT count(*) FROM {}.processed_seed_status", self.schema);
        sql(&count).parse().unwrap()
    }

    fn metric(&self, name: &str) -> f64 {
        let text = self.get("/metrics").body;
        let line = text
            .lines()
            .find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        line.unwrap_or_else(|| panic!("no {name} in {text}"))
            .parse()
            .unwrap()
    }

    fn end(mut self) -> Option<i32> {
        let pid = self.program.id().to_string();
        assert!(Command::new("kill").arg(pid).status().unwrap().success());
        self.program.wait().unwrap().code()
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.program.kill();
        let _ = self.program.wait();
    }
}

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
    assert_eq!(service.rows(), 30_000);
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
    service.until("more rows are there", |service| service.rows() == 40_000);
    let distinct = format!(
        "SELECT count(DISTINCT (event_timestamp, script_id)) FROM {}.processed_seed_status",
        service.schema
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
        assert!(service.metric(&count) >= 1.0);
        assert_eq!(service.metric(&all), service.metric(&count), "{name}");
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
    assert_eq!(service.rows(), 2000);
    assert_eq!(
        service.get("/status").json()["pipelines"][0]["state"],
        "paused"
    );
    assert_eq!(service.post("/resume").json(), json!({"paused": false}));
    service.until("they flow again", |service| service.rows() == 4000);
    assert!(service.folder.path().exists());
}

#[test]
fn a_database_that_is_away_is_told_before_a_row_comes() {
    let service = Service::start(&[]);
    service.post("/send-test-data-concurrently?count=1000");
    service.until("rows flow", |service| service.get("/health").status == 200);
    let cut = format!(
        "ALTER SCHEMA {0} RENAME TO {0}_away; SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE query LIKE '%rowgen_offsets%' AND pid <> pg_backend_pid()",
        service.schema
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
        service.schema
    ));
    service.until("it is well", |service| service.get("/health").status == 200);
}
