//! A service from Kafka to PostgreSQL that tests start, ask over HTTP, and end.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::Value;

use crate::postgres::{fresh, sql_at};
use crate::{environment, until};

/// Nothing that a test waits for takes longer.
pub const PATIENCE: Duration = Duration::from_secs(90);

/// What services work on: a schema and a topic of their own.
pub struct Ground {
    /// Where the database is.
    pub url: String,
    pub brokers: String,
    pub schema: String,
    pub topic: String,
    /// Where it writes.
    pub folder: tempfile::TempDir,
}

/// A service.
pub struct Service {
    program: Child,
    address: String,
    /// What it works on.
    pub ground: Arc<Ground>,
    log: Arc<Mutex<Vec<Value>>>,
}

/// An answer: its status, its type, its body.
pub struct Answer {
    pub status: u16,
    pub kind: String,
    pub body: String,
}

impl Answer {
    #[track_caller]
    pub fn json(&self) -> Value {
        assert_eq!(self.kind, "application/json", "{}", self.body);
        serde_json::from_str(&self.body).unwrap()
    }
}

/// Asks an HTTP server; the answer ends with the connection.
pub fn ask(address: &str, method: &str, path: &str, headers: &str) -> std::io::Result<Answer> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(Duration::from_secs(20)))?;
    write!(
        stream,
        "{method} {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n{headers}\r\n"
    )?;
    let mut text = String::new();
    stream.read_to_string(&mut text)?;
    let Some((head, body)) = text.split_once("\r\n\r\n") else {
        return Err(std::io::ErrorKind::UnexpectedEof.into());
    };
    let kind = head.lines().find_map(|line| {
        let (name, value) = line.split_once(": ")?;
        name.eq_ignore_ascii_case("content-type").then_some(value)
    });
    Ok(Answer {
        status: head.split(' ').nth(1).unwrap().parse().unwrap(),
        kind: kind.unwrap_or_default().to_string(),
        body: body.to_string(),
    })
}

/// A figure of one answer: another answer is of another moment.
pub fn metric(text: &str, name: &str) -> f64 {
    let mut lines = text.lines();
    let value = lines.find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
    let value = value.unwrap_or_else(|| panic!("no {name} in {text}"));
    value.parse().unwrap()
}

impl Ground {
    /// On the servers that the environment tells.
    pub fn new() -> Arc<Self> {
        Self::on(environment("POSTGRES_URL"), environment("KAFKA_BROKERS"))
    }

    /// On these servers.
    pub fn on(url: String, brokers: String) -> Arc<Self> {
        let schema = fresh("service");
        sql_at(&url, &format!("CREATE SCHEMA {schema}"));
        Arc::new(Self {
            url,
            brokers,
            schema,
            topic: fresh("seed-status"),
            folder: tempfile::tempdir().unwrap(),
        })
    }

    /// The program with these words, in this place.
    pub fn rowgen(&self, words: &[&str]) -> Command {
        let more = if self.url.contains('?') { '&' } else { '?' };
        let (url, schema) = (&self.url, &self.schema);
        let url = format!("{url}{more}options=-c%20search_path%3D{schema}");
        let mut command = Command::new(env!("CARGO_BIN_EXE_rowgen"));
        command
            .args(words)
            .arg("--out")
            .arg(self.folder.path())
            .env("DB_URL", url)
            .env("KAFKA_BROKERS", &self.brokers)
            .env("KAFKA_TOPIC", &self.topic)
            .env("KAFKA_GROUP_ID", &self.topic)
            .env("SERVER_PORT", "0");
        command
    }

    /// Sends messages to its topic, without it.
    pub fn produce(&self, words: &[&str]) -> Child {
        let mut all = vec![
            "run",
            "pipelines/seed_status_messages.yaml",
            "--quiet",
            "--stall-timeout",
            "60s",
        ];
        all.extend(words);
        self.rowgen(&all).spawn().unwrap()
    }

    /// What a query of its schema says.
    pub fn sql(&self, statements: &str) -> String {
        let schema = &self.schema;
        sql_at(
            &self.url,
            &format!("SET search_path TO {schema}; {statements}"),
        )
    }

    /// Rows that have arrived.
    pub fn rows(&self) -> u64 {
        let there = format!(
            "SELECT to_regclass('{}.processed_seed_status')",
            self.schema
        );
        match self.sql(&there).as_str() {
            "null" => 0,
            _ => self
                .sql("SELECT count(*) FROM processed_seed_status")
                .parse()
                .unwrap(),
        }
    }

    /// The dead letters.
    pub fn letters(&self) -> Vec<Value> {
        let path = self.folder.path().join("out/seed_status_rejected.jsonl");
        let text = std::fs::read_to_string(path).unwrap_or_default();
        text.lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    }

    /// A service that works on it.
    pub fn serve(self: &Arc<Self>, words: &[&str], variables: &[(&str, &str)]) -> Service {
        let mut all = vec!["serve", "pipelines/seed_status.yaml"];
        all.extend(words);
        let mut command = self.rowgen(&all);
        let command = command
            .envs(variables.iter().copied())
            .stderr(Stdio::piped());
        let mut program = command.spawn().unwrap();
        let mut lines = BufReader::new(program.stderr.take().unwrap()).lines();
        let log = Arc::new(Mutex::new(Vec::new()));
        let mut next = move || -> Option<Value> {
            let line = lines.next()?.unwrap();
            Some(serde_json::from_str(&line).unwrap_or_else(|_| panic!("no JSON: {line}")))
        };
        let address = loop {
            let event = next().expect("the service has ended");
            let address = event["address"].as_str().map(ToString::to_string);
            log.lock().unwrap().push(event);
            if let Some(address) = address {
                break address;
            }
        };
        let rest = log.clone();
        std::thread::spawn(move || {
            while let Some(event) = next() {
                rest.lock().unwrap().push(event);
            }
        });
        Service {
            program,
            address,
            ground: self.clone(),
            log,
        }
    }
}

impl Service {
    pub fn start(variables: &[(&str, &str)]) -> Self {
        Ground::new().serve(&[], variables)
    }

    pub fn address(&self) -> &str {
        &self.address
    }

    pub fn ask(&self, method: &str, path: &str, headers: &str) -> Answer {
        ask(&self.address, method, path, headers).unwrap()
    }

    pub fn get(&self, path: &str) -> Answer {
        self.ask("GET", path, "")
    }

    pub fn post(&self, path: &str) -> Answer {
        self.ask("POST", path, "")
    }

    /// Waits until what is asked of it is so.
    #[track_caller]
    pub fn until(&self, what: &str, holds: impl Fn(&Self) -> bool) {
        let told = || format!("{what}: {}", self.get("/status").body);
        until(told, PATIENCE, || holds(self));
    }

    pub fn metric(&self, name: &str) -> f64 {
        metric(&self.get("/metrics").body, name)
    }

    /// The lines of its log so far that say this.
    pub fn logged(&self, message: &str) -> Vec<Value> {
        let log = self.log.lock().unwrap();
        let said = log.iter().filter(|event| event["message"] == message);
        said.cloned().collect()
    }

    /// Sends a signal.
    pub fn signal(&self, name: &str) {
        let pid = self.program.id().to_string();
        let sent = Command::new("kill").args(["-s", name, &pid]).status();
        assert!(sent.unwrap().success());
    }

    /// Ends it in order; its exit code.
    pub fn end(mut self) -> Option<i32> {
        self.signal("TERM");
        let mut ended = None;
        let told = || "it does not end".to_string();
        until(told, PATIENCE, || {
            ended = self.program.try_wait().unwrap();
            ended.is_some()
        });
        ended.unwrap().code()
    }
}

/// It is killed, not ended.
impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.program.kill();
        let _ = self.program.wait();
    }
}
