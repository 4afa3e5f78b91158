//! Every message is in the table once and as it was made: while the load is produced, and while
//! everything that takes part is killed.
//!
//! `ROWGEN_SERVICE_ROWS=1000000 scripts/test services` runs them with as many messages.

use std::process::Child;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use rowgen::client::kafka::{Admin, Connection};
use serde_json::json;

use crate::postgres::copy_at;
use crate::servers::Servers;
use crate::service::{Ground, PATIENCE, Service};
use crate::until;

/// Which tables hold what has arrived, and what was made, in the same columns.
const ARRIVED: &str = "SELECT event_timestamp, response_message, status, seed_id, sub_scenario_id, scenario_id, script_id FROM processed_seed_status";
const MADE: &str = "SELECT timestamp 'epoch' + stamp * interval '1 millisecond', response, status, seed, sub_scenario, scenario, script FROM made";

/// How many messages.
fn rows() -> u64 {
    let said = std::env::var("ROWGEN_SERVICE_ROWS").unwrap_or_else(|_| "100000".into());
    said.parse().unwrap()
}

/// How long so many may take at most.
fn patience() -> Duration {
    PATIENCE + Duration::from_secs(rows() / 4_000)
}

/// Makes the messages again, as CSV, and has the database compare them with what has arrived.
#[track_caller]
fn compare(ground: &Ground, rows: u64) {
    let messages = include_str!("../../pipelines/seed_status_messages.yaml");
    let (tables, _) = messages.split_once("\nsinks:").unwrap();
    let path = ground.folder.path().join("made.yaml");
    let sink = "sinks:\n  - file: { path: made.csv }\n";
    std::fs::write(&path, format!("{tables}\n{sink}")).unwrap();
    let count = rows.to_string();
    let words = ["run", path.to_str().unwrap(), "--rows", &count, "--quiet"];
    assert!(ground.rowgen(&words).status().unwrap().success());
    ground.sql("CREATE TABLE made (stamp bigint, response text, status text, seed int, sub_scenario int, scenario int, script int)");
    let csv = std::fs::read(ground.folder.path().join("made.csv")).unwrap();
    let copy = format!(
        "COPY {}.made FROM STDIN (FORMAT csv, HEADER)",
        ground.schema
    );
    copy_at(&ground.url, &copy, csv);
    let differ = |one: &str, other: &str| {
        ground.sql(&format!(
            "SELECT count(*) FROM ({one} EXCEPT ALL {other}) AS lost"
        ))
    };
    assert_eq!(
        (
            ground.rows(),
            ground.sql("SELECT count(*) FROM made"),
            differ(MADE, ARRIVED),
            differ(ARRIVED, MADE)
        ),
        (rows, count, "0".into(), "0".into()),
        "rows, made, missing, doubled or changed"
    );
    let ids = ground.sql("SELECT count(DISTINCT id) FROM processed_seed_status");
    assert_eq!(ids, rows.to_string());
}

#[test]
fn what_is_produced_is_what_arrives_meanwhile() {
    let ground = Ground::new();
    let admin = Admin::new(&Connection {
        brokers: ground.brokers.clone(),
        ..Connection::default()
    });
    admin.unwrap().create(&ground.topic, 20, 1, &[]).unwrap();
    let service = ground.serve(&[], &[]);
    let rows = rows();
    let (count, rate) = (rows.to_string(), format!("{}/s", rows / 10));
    let mut producer = ground.produce(&["--rows", &count, "--rate", &rate]);
    let (mut looks, mut before) = (0, 0);
    while producer.try_wait().unwrap().is_none() {
        let now = ground.rows();
        looks += usize::from(now > before && now < rows);
        before = now;
        std::thread::sleep(Duration::from_millis(200));
    }
    assert!(producer.wait().unwrap().success());
    assert!(
        looks > 5,
        "{looks} looks saw rows arrive while messages were produced"
    );
    let told = || service.get("/status").body;
    until(told, patience(), || ground.rows() >= rows);
    service.until("the figures follow", |service| {
        service.get("/tracking-status").json()["processed_records"] == rows
    });
    let tracked = service.get("/tracking-status").json();
    assert_eq!(tracked["processed_records"], rows);
    assert_eq!(tracked["failed_records"], 0);
    compare(&ground, rows);
    let partitions = "SELECT count(*) FROM rowgen_offsets WHERE next > 0";
    assert_eq!(ground.sql(partitions), "20");
    let lag = &service.get("/status").json()["pipelines"][0]["run"]["sources"][0]["lag"];
    assert_eq!(lag.as_object().unwrap().len(), 20);
    assert!(
        lag.as_object()
            .unwrap()
            .values()
            .all(|rows| *rows == json!(0))
    );
    assert_eq!(ground.letters().len(), 0);
    assert_eq!(service.end(), Some(143));
}

/// Moments that nobody chose, the same ones again for the same seed.
struct Moments(u64);

impl Moments {
    fn new() -> Self {
        let now = SystemTime::UNIX_EPOCH.elapsed().unwrap().as_nanos() as u64;
        let said = std::env::var("ROWGEN_SERVICE_SEED").ok();
        let seed = said.map_or(now, |said| said.parse().unwrap());
        eprintln!("ROWGEN_SERVICE_SEED={seed}");
        Self(seed | 1)
    }

    fn wait(&mut self, most: u64) {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        std::thread::sleep(Duration::from_millis(self.0 % most));
    }
}

/// A storm: a ground on servers of its own, and who fills it.
struct Storm {
    servers: Servers,
    ground: Arc<Ground>,
    /// One for each part of the load, begun one after the other: none is without a storm.
    producers: Vec<Child>,
    rows: u64,
    moments: Moments,
}

/// The least that a broker allows: every service that is killed is missed for so long.
const SESSION: &str = "session_timeout=6000";

/// How often the service is killed.
const KILLS: u64 = 10;

/// One for each kill, one for each of the two services at the end.
const PARTS: u64 = KILLS + 2;

impl Storm {
    fn begin(rows: u64) -> Self {
        let servers = Servers::start(&["kafka", "postgres"], &[("KAFKA_HEAP", "512m")]);
        let (url, brokers) = (
            servers.variable("POSTGRES_URL"),
            servers.variable("KAFKA_BROKERS"),
        );
        Self {
            servers,
            ground: Ground::on(url, brokers),
            producers: Vec::new(),
            rows,
            moments: Moments::new(),
        }
    }

    /// A service, and the next part of the load, which takes ten seconds.
    fn serve(&mut self) -> Service {
        let slice = format!("{}/{PARTS}", self.producers.len() + 1);
        let (rows, rate) = (
            self.rows.to_string(),
            format!("{}/s", self.rows / PARTS / 10),
        );
        let words = ["--rows", &rows, "--slice", &slice, "--rate", &rate];
        let producer = self.ground.produce(&words);
        self.producers.push(producer);
        self.ground.serve(&["--set", SESSION], &[])
    }

    /// Waits until more rows arrive.
    #[track_caller]
    fn flows(&self, service: &Service) {
        let before = self.ground.rows();
        let told = || format!("no rows after {before}: {}", service.get("/status").body);
        until(told, PATIENCE, || self.ground.rows() > before);
    }

    fn revive(&mut self, name: &str) {
        self.servers.act("kill", name);
        self.moments.wait(1500);
        self.servers.act("restart", name);
    }

    /// Everything was sent.
    fn produced(&mut self) {
        assert_eq!(self.producers.len() as u64, PARTS);
        for producer in &mut self.producers {
            let ended = producer.wait().unwrap();
            assert!(ended.success(), "{ended}");
        }
    }
}

/// A storm that failed leaves nobody behind.
impl Drop for Storm {
    fn drop(&mut self) {
        for producer in &mut self.producers {
            let _ = producer.kill();
            let _ = producer.wait();
        }
    }
}

#[test]
fn every_row_is_there_once_whatever_is_killed() {
    let (rows, begun) = (rows(), Instant::now());
    let mut storm = Storm::begin(rows);
    for round in 0..KILLS {
        let service = storm.serve();
        storm.flows(&service);
        match round {
            2 | 7 => storm.revive("postgres"),
            5 => storm.revive("kafka"),
            _ => {}
        }
        storm.moments.wait(1200);
        service.signal("KILL");
        let there = storm.ground.rows();
        let time = begun.elapsed();
        eprintln!("{time:?}: killed {} times, {there} rows", round + 1);
    }
    let last = take_over(&mut storm);
    eprintln!("{:?}: taken over", begun.elapsed());
    storm.produced();
    let told = || format!("{} rows: {}", storm.ground.rows(), last.get("/status").body);
    until(told, patience(), || storm.ground.rows() >= rows);
    // What comes twice comes late.
    std::thread::sleep(Duration::from_secs(2));
    compare(&storm.ground, rows);
    let health = last.get("/health");
    assert_eq!(health.status, 200, "{}", health.body);
    assert_eq!(last.end(), Some(143));
    eprintln!("{rows} rows through the storm in {:?}", begun.elapsed());
}

/// A service stands still for longer than its group waits, at a moment that nobody chose; another one
/// goes on with its partitions; then the first one wakes up in the middle of what it was doing.
fn take_over(storm: &mut Storm) -> Service {
    let still = storm.serve();
    storm.flows(&still);
    storm.moments.wait(1000);
    still.signal("STOP");
    let other = storm.serve();
    storm.flows(&other);
    storm.moments.wait(1000);
    still.signal("CONT");
    let told = || format!("it does not go on: {}", still.get("/status").body);
    until(told, PATIENCE, || still.get("/health").status == 200);
    assert_eq!(still.end(), Some(143));
    other
}
