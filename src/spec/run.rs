//! `run:`: how fast, how long, with how much of the machine.

use schemars::JsonSchema;
use serde::Deserialize;

use super::OnSinkFailure;
use crate::place::{Count, Duration, Placed, Rate};

/// How rows follow each other where a rate is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Arrivals {
    /// All gaps are equal.
    #[default]
    Fixed,
    /// Gaps are exponentially distributed.
    Poisson,
}

/// The rate goes evenly from this one to that of the run; then it stays.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Ramp {
    /// Rows a second at the start.
    pub from: Placed<Rate>,
    /// How long it takes.
    pub over: Placed<Duration>,
}

/// What becomes of rows that are late, after a stall.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum CatchUp {
    /// All of them go out, as fast as it goes.
    Burst,
    /// Those after which others are due already are left out and counted.
    Skip,
}

/// How to run; without it, as fast as the machine goes.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Run {
    /// Rows a second of each table; files take whole batches, of a tenth of a second each (default: as fast as it goes).
    pub rate: Option<Placed<Rate>>,
    /// How rows follow each other where a rate is asked for: `fixed` gaps (default), or `poisson` as of many independent clients.
    pub arrivals: Option<Arrivals>,
    /// A rate that rises or falls to the one asked for, from the start on.
    pub ramp: Option<Ramp>,
    /// What becomes of rows that are late: `burst` (default) sends all of them, `skip` leaves them out where others are due already; only for sinks that send messages.
    pub catch_up: Option<Placed<CatchUp>>,
    /// What is due within this time from the start on is sent, and its times are left out of the results of a sink that times its messages (default 0s).
    pub warm_up: Option<Placed<Duration>>,
    /// Stops after this time, with whole files.
    #[serde(rename = "for")]
    pub duration: Option<Placed<Duration>>,
    /// Worker threads (default: one for each core).
    pub threads: Option<Placed<Count>>,
    /// Rows in a batch: at most 16 384 unless said here, at a rate those of a tenth of a second; it never changes values.
    pub batch_rows: Option<Placed<Count>>,
    /// A sink that takes nothing for this long fails and is released (default 120s; never where a table has no end).
    pub stall_timeout: Option<Placed<Duration>>,
    /// What one sink's failure means for the others (default `continue`).
    pub on_sink_failure: Option<OnSinkFailure>,
    /// How often figures are logged (default 5s).
    pub log_interval: Option<Placed<Duration>>,
}
