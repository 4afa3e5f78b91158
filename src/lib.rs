//! rowgen makes rows in parallel and hands them to sinks in order.
//!
//! ```text
//! pipelines/casino.yaml
//!   → spec     what the file says            every value knows its line and column
//!   → load     what the file points at       reference data; the only reading before the run
//!   → plan     what will be done             names resolved, types fixed, all problems at once; data only
//!   → engine   pulls batch numbers           workers, windows, pace, stop; a `Running` that one can hold
//!   → source   makes or reads batch n        from `column`, one generator a file, and `expression`
//!   → format   a batch becomes bytes         on the worker that made it
//!   → sink     bytes reach their place       in order; safe first, then visible
//!   → report   what happened                 one meter for each source and sink
//!   → verify   what must be there, made again and compared with what a sink holds
//!   → reader   one table's rows as Arrow batches, without a sink: what Python reads
//! ```
//!
//! What travels is a [`batch::Batch`]: rows with their number, their places in the table, and the
//! offsets they were read from. A sink connects ([`sink::Sink`]), opens a lane for each stream of
//! batches ([`sink::Ready`], [`sink::Lane`]), and publishes what is whole ([`sink::Publish`]).
//!
//! Below them all: `kernel` (tight loops), `client` (Kafka, schema registries), `place` (where a value
//! stands in its file), `plain_file`, `outlet`, `pace` (when a row is due), `sync`, `units`, `error`.
//!
//! Invariant: batch n depends only on (plan, n), never on which thread made it or when. A plan holds
//! nothing that a run changes. Names point down only: `tests/tidy` holds the layers.
//!
//! New column generator: its file in `column/generators/` and its row in `mod.rs` there. New format,
//! source or sink: the same in `format/`, `source/` and `sink/`. A sink that commits to a server is a `Session`
//! of `sink/session/` (feature `sessions`), where all that can go wrong with servers is looked after.
//!
//! Public is what the program, the examples in `examples/`, the tests and the benchmarks name, and
//! nothing else: the compiler finds what nobody uses in the rest. It is no stable interface.

pub mod batch;
pub mod changes;
pub mod cli;
pub mod client;
pub mod column;
mod dataset;
pub mod domain;
pub mod engine;
pub mod error;
pub mod expression;
mod faults;
pub mod format;
pub mod kernel;
pub mod load;
mod outlet;
mod pace;
pub mod place;
mod plain_file;
pub mod plan;
pub mod reader;
pub mod registry;
pub mod report;
#[cfg_attr(
    not(feature = "serve"),
    allow(dead_code, reason = "a backfill asks for less of it than a service")
)]
mod schedule;
#[cfg(feature = "serve")]
mod serve;
mod shown_value;
pub mod sink;
pub mod source;
pub mod spec;
pub mod sync;
mod type_names;
pub mod units;
mod verify;
