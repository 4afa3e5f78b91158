//! Tests against real servers, whose addresses the environment tells: `scripts/test services`.

#[cfg(feature = "postgres")]
use std::time::{Duration, Instant};

#[cfg(feature = "rabbitmq")]
mod broker;
#[cfg(all(feature = "mysql", feature = "postgres"))]
mod changes_mysql;
#[cfg(feature = "postgres")]
mod changes_postgres;
#[cfg(all(feature = "mysql", feature = "postgres"))]
mod databases;
#[cfg(all(feature = "mongodb", feature = "postgres", feature = "rabbitmq"))]
mod downstream;
#[cfg(all(
    feature = "mongodb",
    feature = "mysql",
    feature = "postgres",
    feature = "rabbitmq"
))]
mod downstream_verify;
#[path = "../sink_compliance/drive.rs"]
#[allow(dead_code, reason = "sinks of files need more of it")]
mod drive;
#[cfg(all(feature = "mongodb", feature = "postgres", feature = "rabbitmq"))]
mod emptied;
#[cfg(all(feature = "mysql", feature = "postgres"))]
mod ends;
#[path = "../sink_compliance/every.rs"]
mod every;
#[cfg(all(feature = "mysql", feature = "postgres"))]
mod grants;
#[cfg(feature = "postgres")]
mod line;
#[cfg(all(feature = "mongodb", feature = "postgres"))]
mod mongodb;
#[cfg(all(feature = "mysql", feature = "postgres"))]
mod mysql;
#[cfg(all(feature = "mysql", feature = "postgres"))]
mod mysql_faults;
#[cfg(all(feature = "mysql", feature = "postgres"))]
mod mysql_gone;
#[cfg(all(feature = "mysql", feature = "postgres"))]
mod mysql_login;
#[cfg(all(feature = "mysql", feature = "postgres"))]
mod mysql_source;
#[cfg(all(feature = "postgres", feature = "s3"))]
mod objects;
#[cfg(all(feature = "delta", feature = "postgres", feature = "s3"))]
mod objects_delta;
#[cfg(all(feature = "postgres", feature = "s3"))]
mod objects_errors;
#[cfg(all(feature = "postgres", feature = "s3"))]
mod objects_gone;
#[cfg(all(feature = "postgres", feature = "s3"))]
mod objects_slices;
#[cfg(all(feature = "postgres", feature = "s3"))]
mod objects_slots;
#[cfg(all(feature = "postgres", feature = "s3"))]
mod objects_source;
#[cfg(all(feature = "postgres", feature = "s3"))]
mod objects_together;
#[cfg(feature = "postgres")]
mod postgres;
#[cfg(feature = "postgres")]
mod postgres_again;
#[cfg(feature = "postgres")]
mod postgres_errors;
#[cfg(feature = "postgres")]
mod postgres_gone;
#[cfg(feature = "postgres")]
mod postgres_login;
#[cfg(feature = "postgres")]
mod postgres_moment;
#[cfg(feature = "postgres")]
mod postgres_source;
#[cfg(feature = "postgres")]
mod postgres_types;
#[cfg(all(feature = "postgres", feature = "rabbitmq"))]
mod rabbitmq;
mod rabbitmq_queues;
#[cfg(all(feature = "mysql", feature = "postgres"))]
mod refused;
mod registry;
#[path = "../sink_compliance/rows.rs"]
#[allow(dead_code, reason = "sinks of files need more of it")]
mod rows;
#[cfg(feature = "postgres")]
mod runs;
#[cfg(all(
    feature = "mongodb",
    feature = "mysql",
    feature = "postgres",
    feature = "rabbitmq"
))]
mod secrets;
#[cfg(all(feature = "postgres", feature = "serve"))]
mod serve;
#[cfg(all(feature = "postgres", feature = "serve"))]
mod serve_bad;
#[cfg(all(feature = "postgres", feature = "serve"))]
mod serve_load;
#[cfg(all(feature = "postgres", feature = "serve"))]
mod serve_scraped;
#[cfg(feature = "postgres")]
mod servers;
#[cfg(all(feature = "postgres", feature = "serve"))]
mod service;
mod sinks;
#[cfg(feature = "mongodb")]
mod store;
mod turns;
mod verify;
#[cfg(all(feature = "mongodb", feature = "postgres", feature = "rabbitmq"))]
mod verify_mongodb;
#[cfg(all(feature = "mysql", feature = "postgres"))]
mod verify_mysql;
#[cfg(feature = "postgres")]
mod verify_postgres;

/// Waits until it is so, and says what it waited for where it never is.
#[cfg(feature = "postgres")]
#[track_caller]
pub fn until(what: impl Fn() -> String, patience: Duration, mut holds: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !holds() {
        assert!(begun.elapsed() < patience, "{}", what());
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// Writes a pipeline, whole at any moment: runs that begin together share it, and each is given it anew.
pub fn save(path: impl AsRef<std::path::Path>, text: &str) {
    let path = path.as_ref();
    let mut file = tempfile::NamedTempFile::new_in(path.parent().unwrap()).unwrap();
    std::io::Write::write_all(&mut file, text.as_bytes()).unwrap();
    file.persist(path).unwrap();
}

/// What the environment says of a server.
pub fn environment(name: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| {
        panic!("{name} is not set: run `scripts/test services`, which starts the servers")
    })
}
