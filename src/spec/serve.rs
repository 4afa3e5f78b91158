//! `serve:`: where a service listens, and what it offers under which path.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::place::{Count, FilePath, NamedItems, Placed, Secret, Text};

/// What `rowgen serve` offers over HTTP beside its own paths.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Serve {
    /// Where it listens (default `127.0.0.1:8080`: only this machine reaches it); `--listen` comes before it.
    pub listen: Option<Placed<Text>>,
    /// With it every POST needs the header `Authorization: Bearer TOKEN`; without it whoever reaches the service may ask.
    pub token: Option<Placed<Secret>>,
    /// Paths that make rows: `POST /send?count=1000` makes so many rows of a pipeline beside what runs.
    #[serde(default)]
    pub triggers: NamedItems<Trigger>,
    /// Paths that follow rows to the sinks.
    pub tracking: Option<Tracking>,
    /// Metrics under names of your own, each with what it measures, summed over all pipelines.
    #[serde(default)]
    pub metrics: NamedItems<Placed<Measure>>,
}

/// A path that makes rows when it is asked.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Trigger {
    /// The pipeline that makes them; each call goes on where the last one ended.
    pub pipeline: Placed<FilePath>,
    /// Rows of a call that names no `count` (default 10_000).
    pub count: Option<Placed<Count>>,
    /// The most rows of a call (default 10M).
    pub most: Option<Placed<Count>>,
}

/// Paths that follow rows.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Tracking {
    /// GET: rows sent, processed and failed since the last reset.
    pub status: Placed<Text>,
    /// POST: counts from 0 again.
    pub reset: Placed<Text>,
}

/// What a metric measures.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Measure {
    /// A counter: rows that were read or made, those that could not be read included.
    SourceRows,
    /// A counter: what went wrong while reading, rows that could not be read included.
    SourceErrors,
    /// A histogram: rows of a batch.
    SourceBatchRows,
    /// A histogram: seconds to read and decode a batch.
    SourceBatchSeconds,
    /// A counter: rows that the sinks have taken.
    SinkRows,
    /// A counter: writes that failed, tried again or not, and rows that the sinks refused.
    SinkErrors,
    /// A histogram: seconds of a commit.
    SinkCommitSeconds,
    /// A gauge: worker threads of pipelines that run.
    Workers,
    /// A gauge: open connections of sinks.
    Connections,
}
