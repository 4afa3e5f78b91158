//! The same under `rowgen serve`, with a clock of its own: services that are killed, and slots that fail.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use super::super::support::Folder;
use super::{DAYS, Moments, equals_by_hand, pipeline};

/// A service with a clock of its own.
struct Service {
    child: Child,
    address: String,
}

impl Service {
    fn start(folder: &Folder, clock: &str) -> Option<Self> {
        let arguments = [
            "serve",
            "p.yaml",
            "--listen",
            "127.0.0.1:0",
            "--clock",
            clock,
        ];
        let mut child = folder
            .command(&arguments)
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let (send, address) = std::sync::mpsc::channel();
        std::thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                let line: serde_json::Value = serde_json::from_str(&line).unwrap_or_default();
                if let Some(address) = line["address"]
                    .as_str()
                    .or(line["fields"]["address"].as_str())
                {
                    let _ = send.send(address.to_string());
                }
            }
        });
        match address.recv_timeout(Duration::from_secs(60)) {
            Ok(address) => Some(Self { child, address }),
            Err(_) => panic!("the service has not begun: {:?}", child.wait()),
        }
    }

    fn get(&self, path: &str) -> String {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        write!(
            stream,
            "GET {path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\r\n",
            self.address
        )
        .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
            .split_once("\r\n\r\n")
            .map(|(_, body)| body.to_string())
            .unwrap_or_default()
    }

    fn status(&self) -> serde_json::Value {
        let status: serde_json::Value = serde_json::from_str(&self.get("/status")).unwrap();
        status["schedules"][0].clone()
    }

    fn terminate(mut self) -> Option<i32> {
        let id = self.child.id().to_string();
        assert!(
            std::process::Command::new("kill")
                .arg(id)
                .status()
                .unwrap()
                .success()
        );
        self.child.wait().unwrap().code()
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Waits until something is so.
fn wait(what: &str, is_so: impl Fn() -> bool) {
    let end = Instant::now() + Duration::from_secs(120);
    while !is_so() {
        assert!(Instant::now() < end, "{what}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn a_service_that_is_killed_between_and_within_slots_ends_as_by_hand() {
    /// A day passes in so many seconds.
    const DAY: f64 = 0.5;
    let folder = Folder::new();
    folder.write("p.yaml", &pipeline("start: 2026-03-01"));
    let begin: chrono::DateTime<chrono::Utc> = "2026-02-28T22:00:00Z".parse().unwrap();
    let since = Instant::now();
    let passed = || since.elapsed().as_secs_f64() / DAY;
    let clock = || {
        let now = begin + chrono::TimeDelta::seconds((passed() * 86_400.0) as i64);
        format!("{},{}", now.format("%Y-%m-%dT%H:%M:%SZ"), 86_400.0 / DAY)
    };
    let (mut moments, mut kills) = (Moments(11), 0);
    while passed() < DAYS as f64 - 6.0 {
        let service = Service::start(&folder, &clock()).unwrap();
        std::thread::sleep(moments.below(2500));
        // Every third one ends as it should.
        match kills % 3 {
            2 => assert_eq!(service.terminate(), Some(143)),
            _ => drop(service),
        }
        kills += 1;
        std::thread::sleep(moments.below(800));
    }
    assert!(kills >= 5, "{kills}");
    // From here on a clock that stands still, behind the last slot.
    let service = Service::start(&folder, "2026-04-19T12:00:00Z,0").unwrap();
    wait("all slots are done", || {
        let status = service.status();
        status["missed"]["count"] == 0
            && status["running"].as_array().unwrap().is_empty()
            && status["last_done"]["slot"] == "2026-04-19T02-15"
    });
    assert_eq!(service.status()["next"]["slot"], "2026-04-20T02-15");
    assert_eq!(service.terminate(), Some(143));
    equals_by_hand(&folder);
}

#[test]
fn a_slot_that_fails_is_told_and_tried_again_and_the_others_go_on() {
    let folder = Folder::new();
    folder.write("p.yaml", &pipeline("start: 2026-03-01"));
    let blocked: PathBuf = folder.write("lake/2026-03-03/orders", "in the way");
    // Two hours a second: the second day of the month and three more pass in a minute.
    let service = Service::start(&folder, "2026-03-05T12:00:00Z,60").unwrap();
    wait("four slots are done", || service.status()["made"] == 4);
    let status = service.status();
    assert_eq!(status["failed"][0]["slot"], "2026-03-03T02-15", "{status}");
    let error = status["failed"][0]["error"].as_str().unwrap();
    assert!(
        error.contains("`lake/2026-03-03/orders` is a file"),
        "{error}"
    );
    let metrics = service.get("/metrics");
    assert!(
        metrics.contains("rowgen_schedule_slots_failed{pipeline=\"daily\"} 1"),
        "{metrics}"
    );
    assert!(
        metrics.contains("rowgen_schedule_slots_made_total{pipeline=\"daily\"} 4"),
        "{metrics}"
    );
    assert!(service.get("/health").contains("2026-03-03T02-15"));
    std::fs::remove_file(blocked).unwrap();
    wait("the slot is done", || service.status()["made"] == 5);
    assert_eq!(service.status()["failed"].as_array().unwrap().len(), 0);
    assert!(service.get("/health").contains("\"healthy\""));
    assert_eq!(service.terminate(), Some(143));
}
