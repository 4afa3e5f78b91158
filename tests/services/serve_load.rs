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
use crate::service::{Ground, PATIENCE, Servers, Service, until};

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
    producer: Child,
    moments: Moments,
}

/// The least that a broker allows: every service that is killed is missed for so long.
const SESSION: &str = "session_timeout=6000";

impl Storm {
    /// A load that takes as long as the storm.
    fn begin(rows: u64, seconds: u64) -> Self {
        let servers = Servers::start(&["kafka", "postgres"], &[("KAFKA_HEAP", "512m")]);
        let (url, brokers) = (
            servers.variable("POSTGRES_URL"),
            servers.variable("KAFKA_BROKERS"),
        );
        let ground = Ground::on(url, brokers);
        let (count, rate) = (rows.to_string(), format!("{}/s", rows / seconds));
        let producer = ground.produce(&["--rows", &count, "--rate", &rate]);
        Self {
            servers,
            ground,
            producer,
            moments: Moments::new(),
        }
    }

    fn serve(&self) -> Service {
        self.ground.serve(&["--set", SESSION], &[])
    }

    /// Waits until more rows arrive.
    #[track_caller]
    fn flows(&self, service: &Service, rows: u64) {
        let before = self.ground.rows();
        let told = || format!("no rows after {before}: {}", service.get("/status").body);
        until(told, PATIENCE, || {
            let now = self.ground.rows();
            now > before || now == rows
        });
    }

    fn revive(&mut self, name: &str) {
        self.servers.act("kill", name);
        self.moments.wait(1500);
        self.servers.act("restart", name);
    }
}

/// A storm that failed leaves nobody behind.
impl Drop for Storm {
    fn drop(&mut self) {
        let _ = self.producer.kill();
        let _ = self.producer.wait();
    }
}

#[test]
fn every_row_is_there_once_whatever_is_killed() {
    let (rows, begun) = (rows(), Instant::now());
    let mut storm = Storm::begin(rows, 100);
    let mut left = 0;
    for round in 0..10 {
        let service = storm.serve();
        storm.flows(&service, rows);
        match round {
            2 | 7 => storm.revive("postgres"),
            5 => storm.revive("kafka"),
            _ => {}
        }
        if matches!(round, 2 | 5 | 7) {
            storm.flows(&service, rows);
        }
        storm.moments.wait(1200);
        service.signal("KILL");
        left = rows - storm.ground.rows();
        eprintln!(
            "{:?}: killed {} times, {left} to go",
            begun.elapsed(),
            round + 1
        );
    }
    assert!(left > 0, "the load was over before the storm was");
    let last = take_over(&mut storm, rows);
    eprintln!("{:?}: taken over", begun.elapsed());
    let told = || format!("{} rows: {}", storm.ground.rows(), last.get("/status").body);
    until(told, patience(), || storm.ground.rows() >= rows);
    let produced = storm.producer.wait().unwrap();
    assert!(produced.success(), "{produced}");
    // What comes twice comes late.
    std::thread::sleep(Duration::from_secs(2));
    compare(&storm.ground, rows);
    assert_eq!(
        last.get("/health").status,
        200,
        "{}",
        last.get("/health").body
    );
    assert_eq!(last.end(), Some(143));
    eprintln!("{rows} rows through the storm in {:?}", begun.elapsed());
}

/// A service stands still for longer than its group waits, at a moment that nobody chose; another one
/// goes on with its partitions; then the first one wakes up in the middle of what it was doing.
fn take_over(storm: &mut Storm, rows: u64) -> Service {
    let still = storm.serve();
    storm.flows(&still, rows);
    storm.moments.wait(1000);
    still.signal("STOP");
    let other = storm.serve();
    storm.flows(&other, rows);
    storm.moments.wait(1000);
    still.signal("CONT");
    let told = || format!("it does not go on: {}", still.get("/status").body);
    until(told, PATIENCE, || still.get("/health").status == 200);
    assert_eq!(still.end(), Some(143));
    other
}
