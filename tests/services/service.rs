//! A service from Kafka to PostgreSQL that tests start, ask over HTTP, and end.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::environment;
use crate::postgres::{fresh, sql_at};

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

/// Waits until it is so, and says what it waited for where it never is.
#[track_caller]
pub fn until(what: impl Fn() -> String, patience: Duration, holds: impl Fn() -> bool) {
    let begun = Instant::now();
    while !holds() {
        assert!(begun.elapsed() < patience, "{}", what());
        std::thread::sleep(Duration::from_millis(100));
    }
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
        let begun = Instant::now();
        loop {
            if let Some(status) = self.program.try_wait().unwrap() {
                return status.code();
            }
            assert!(begun.elapsed() < PATIENCE, "it does not end");
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}

/// It is killed, not ended.
impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.program.kill();
        let _ = self.program.wait();
    }
}

/// Real servers of a test's own, which it may kill. They are gone with it.
pub struct Servers {
    folder: PathBuf,
    names: Vec<&'static str>,
    variables: Vec<(String, String)>,
}

impl Servers {
    /// Starts them, with these variables.
    pub fn start(names: &[&'static str], variables: &[(&str, &str)]) -> Self {
        // `scripts/test` also ends those of a test that was killed: they are below its own.
        let parent =
            std::env::var_os("ROWGEN_SERVERS").map_or_else(std::env::temp_dir, PathBuf::from);
        let folder = parent.join(fresh("set"));
        std::fs::create_dir_all(&folder).unwrap();
        let mut servers = Self {
            folder,
            names: names.to_vec(),
            variables: Vec::new(),
        };
        let mut command = servers.script(&["start"]);
        let output = command.args(names).envs(variables.iter().copied()).output();
        let output = output.unwrap();
        assert!(output.status.success(), "{output:?}");
        let said = String::from_utf8(output.stdout).unwrap();
        let lines = said.lines().filter_map(|line| {
            let (name, value) = line.strip_prefix("export ")?.split_once('=')?;
            Some((name.to_string(), value.to_string()))
        });
        servers.variables = lines.collect();
        servers
    }

    /// What they say of themselves.
    pub fn variable(&self, name: &str) -> String {
        let mut known = self.variables.iter();
        known.find(|(known, _)| known == name).unwrap().1.clone()
    }

    /// One of the verbs of `scripts/services`.
    pub fn act(&self, verb: &str, name: &str) {
        let output = self.script(&[verb, name]).output().unwrap();
        assert!(output.status.success(), "{verb} {name}: {output:?}");
    }

    fn script(&self, words: &[&str]) -> Command {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("scripts/services");
        let mut command = Command::new(script);
        command.args(words).env("ROWGEN_SERVERS", &self.folder);
        command
    }
}

impl Drop for Servers {
    fn drop(&mut self) {
        let _ = self.script(&["stop"]).args(&self.names).output();
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}
