//! What every sink of the registry promises, whatever it writes: each row counts once, at any number
//! of threads; no rows are a run too; who is aborted is waited for by nobody; a server that is not
//! there is an error in time. A new sink is taken up by its example in the registry: with the address
//! of a server in it (`localhost:PORT`) it is driven by `scripts/test services`, else by this suite.

use std::path::Path;
use std::time::{Duration, Instant};

use rowgen::registry::Kind;
use rowgen::sink::SinkKind;

use crate::drive::{Run, ready, sink};

/// Whether its example names a server.
pub fn needs_server(kind: &Kind) -> bool {
    kind.example.contains("localhost:")
}

/// The example with another server in it.
pub fn at(kind: &Kind, address: &str) -> String {
    let (before, after) = kind.example.split_once("localhost:").unwrap();
    let after = after.trim_start_matches(|c: char| c.is_ascii_digit());
    format!("{before}{address}{after}")
}

/// Everything that `yaml` promises as a sink; `fresh` gives another place for each run.
pub fn promises(yaml: &str, fresh: &dyn Fn(&str) -> String) {
    for (rows, threads) in [(0, 1), (10_001, 1), (10_001, 2), (10_001, 8)] {
        let folder = tempfile::tempdir().unwrap();
        let sink = sink(&fresh(yaml));
        let run = Run {
            rows,
            threads,
            ..Run::new(folder.path())
        };
        // Counts rows itself, and compares.
        run.run(&*sink)
            .unwrap_or_else(|error| panic!("{yaml}: {error}"));
    }
    let folder = tempfile::tempdir().unwrap();
    Run::new(folder.path())
        .abort_half_way(&*sink(&fresh(yaml)))
        .unwrap();
}

#[test]
fn every_sink_without_a_server_keeps_its_promises() {
    for kind in SinkKind::KINDS.iter().filter(|kind| !needs_server(kind)) {
        match kind.name {
            "zeromq" => with_peers(kind.example),
            // Without its driver it finds no table.
            "delta" if !cfg!(feature = "delta") => {}
            _ => promises(kind.example, &|yaml| yaml.to_string()),
        }
    }
}

/// Each run has a port of its own, and somebody who has subscribed there.
#[cfg(feature = "zeromq")]
fn with_peers(yaml: &str) {
    use rowgen::client::zeromq::{Address, MOST_REPLY, Sockets, Subscriber};
    let sockets = Sockets::new();
    let peers = std::sync::Mutex::new(Vec::new());
    promises(yaml, &|yaml| {
        let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let port = free.local_addr().unwrap().port();
        // Nobody is to connect to that.
        drop(free);
        let address = Address::new("127.0.0.1", port);
        let peer = Subscriber::connect(&sockets, &address, "request", MOST_REPLY).unwrap();
        peers.lock().unwrap().push(peer);
        yaml.replace("*:5555", &format!("127.0.0.1:{port}"))
    });
}

/// Nobody sends.
#[cfg(not(feature = "zeromq"))]
fn with_peers(_: &str) {}

#[test]
fn a_server_that_is_not_there_is_an_error_in_time() {
    for kind in SinkKind::KINDS.iter().filter(|kind| needs_server(kind)) {
        let began = Instant::now();
        let sink = sink(&at(kind, "127.0.0.1:1"));
        let target = Run::new(Path::new(".")).target();
        let opened = ready(&*sink, &target).and_then(|ready| ready.open(0));
        let error = opened
            .err()
            .unwrap_or_else(|| panic!("{} opens", kind.name));
        assert!(error.to_string().contains("127.0.0.1:1"), "{error}");
        assert!(began.elapsed() < Duration::from_secs(60), "{}", kind.name);
    }
}
