//! The Rust libraries that `scripts/bench` holds rowgen against, on batches that rowgen's own
//! generator makes: what a careful user of each library would write.
//!
//! `libraries parquet|csv|json|avro THREADS PATH NAME=VALUE…` writes the casino's transactions.
//! `libraries buffers NAME=VALUE…` prints the rows of a batch and the lengths of its buffers, and
//! `libraries memset-batches|memset-memory ROWS THREADS BUFFERS` fills as many bytes as batches of
//! these buffers have. `libraries kafka-send TOPIC FILE KEY NAME=VALUE…` sends a file's lines to Kafka
//! with these properties of librdkafka. `libraries postgres-insert URL TABLE FILE ROWS CONNECTIONS`
//! inserts a file's rows into a table of PostgreSQL, so many a statement (feature `postgres`).
//! `libraries mysql-change URL TABLE FILE ROWS CONNECTIONS` applies a file's changes to a table of MySQL, one a
//! statement and so many a transaction (feature `mysql`).

mod avro;
mod batches;
mod kafka;
mod memory;
#[cfg(feature = "mysql")]
mod mysql;
mod ordered;
mod parquet;
#[cfg(feature = "postgres")]
mod postgres;
mod text;

use std::path::Path;
use std::process::ExitCode;

use batches::Batches;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Whatever a library says went wrong.
pub type Result<T> = std::result::Result<T, Box<dyn std::error::Error + Send + Sync>>;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match run(&words) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("libraries: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(words: &[&str]) -> Result<()> {
    match words {
        ["buffers", set @ ..] => {
            println!("{}", memory::buffers(&Batches::load(1, set)?)?);
            Ok(())
        }
        ["memset-batches", rows, threads, buffers] => {
            memory::fill_batches(rows.parse()?, threads.parse()?, buffers)
        }
        ["memset-memory", rows, threads, buffers] => {
            memory::fill_memory(rows.parse()?, threads.parse()?, buffers)
        }
        ["kafka-send", topic, path, key, properties @ ..] => {
            kafka::send(topic, path, key, properties)
        }
        #[cfg(feature = "postgres")]
        ["postgres-insert", url, table, path, rows, connections] => {
            postgres::insert(url, table, path, rows.parse()?, connections.parse()?)
        }
        #[cfg(feature = "mysql")]
        ["mysql-change", url, table, path, rows, connections] => {
            mysql::change(url, table, path, rows.parse()?, connections.parse()?)
        }
        [work, threads, path, set @ ..] => write(
            work,
            &Batches::load(threads.parse()?, set)?,
            Path::new(path),
        ),
        _ => Err(
            "expected a work and its arguments; see the head of benches/libraries/main.rs".into(),
        ),
    }
}

fn write(work: &str, batches: &Batches, path: &Path) -> Result<()> {
    match work {
        "parquet" => parquet::write(batches, path),
        "csv" => text::write_csv(batches, path),
        "json" => text::write_json(batches, path),
        "avro" => avro::write(batches, path),
        _ => Err(format!("no work is called {work}").into()),
    }
}
