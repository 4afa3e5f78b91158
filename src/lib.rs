//! rowgen makes rows in parallel and hands them to sinks in order.
//!
//! ```text
//! pipelines/casino.yaml
//!   → spec     what the file says            every value knows its line and column
//!   → load     what the file points at       reference data; the only reading before the run
//!   → plan     what will be done             names resolved, types fixed, all problems at once
//!   → engine   pulls batch numbers           workers, windows, pace, stop
//!   → source   makes batch n                 from `column`, one generator a file; `expr` in `expression`
//!   → format   a batch becomes bytes         on the worker that made it
//!   → sink     bytes reach their place       in order, on one thread each
//!   → report   what happened
//! ```
//!
//! Invariant: batch n depends only on (plan, n), never on which thread made it or when.
//! New column generator: its file in `column/` and its row in `column/mod.rs`. New format or sink:
//! the same in `format/` and `sink/`.

pub mod batch;
pub mod cli;
pub mod client;
pub mod column;
pub mod domain;
pub mod engine;
pub mod error;
pub mod expression;
pub mod format;
pub mod kernel;
pub mod load;
pub mod pace;
pub mod place;
pub mod plan;
pub mod registry;
pub mod report;
pub mod sink;
pub mod source;
pub mod spec;
pub mod sync;
pub mod units;
