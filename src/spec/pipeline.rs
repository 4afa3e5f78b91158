//! The whole file, decoded.

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::Deserialize;

use super::{Changes, Log, ReferenceFile, Run, Schedule, Scheduled, Serve, SinkEntry, Table};
use crate::place::{EachItem, NamedItems, OneOrMany, Placed, ShownText, Text, Variables};

/// The top level of a pipeline file, as written.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "rowgen pipeline", extend("patternProperties" = { "^x-": {} }))]
pub(super) struct PipelineFile {
    /// The version of the language; values are frozen within a version.
    pub(super) version: Placed<u64>,
    /// The pipeline's name (default: the file's name).
    pub(super) name: Option<Placed<ShownText>>,
    /// What all randomness is keyed by (default: the pipeline's name).
    pub(super) seed: Option<Placed<ShownText>>,
    /// Files whose params, references and tables are used here, each from the folder of the file that says it on. Said here, too, a param has this file's value, and a table is one with that of the same name: its columns here stand in the place of those of the same name, or come after them.
    #[allow(dead_code, reason = "taken before decoding; named here for the schema")]
    include: Option<OneOrMany<Text>>,
    /// Values that `${name}` stands for; `--set name=value` changes them.
    #[allow(dead_code, reason = "taken before decoding; named here for the schema")]
    params: Option<NamedItems<Text>>,
    /// Small files whose rows columns pick from or look up.
    #[serde(default)]
    pub(super) reference: NamedItems<ReferenceFile>,
    /// The tables to make.
    #[serde(default)]
    pub(super) tables: NamedItems<Table>,
    /// Which tables come as their changes.
    pub(super) changes: Option<Placed<Changes>>,
    /// Where the tables go.
    #[serde(default)]
    pub(super) sinks: EachItem<SinkEntry>,
    /// How to run.
    #[serde(default)]
    pub(super) run: Run,
    /// How it tells of itself.
    #[serde(default)]
    pub(super) log: Log,
    /// What `rowgen serve` offers over HTTP.
    #[serde(default)]
    pub(super) serve: Serve,
    /// At which times `rowgen serve` runs it, each time for a day or a minute of its own.
    #[allow(dead_code, reason = "taken before decoding; named here for the schema")]
    schedule: Option<Schedule>,
}

/// A pipeline: what its file and the files it includes say, with everything expanded.
#[derive(Debug)]
pub struct Pipeline {
    /// The path of the file as given.
    pub path: String,
    /// That file, and those that it includes.
    pub files: Vec<PathBuf>,
    /// The pipeline's name.
    pub name: String,
    /// What all randomness is keyed by.
    pub seed: String,
    /// The date that the run is of.
    pub run_date: String,
    /// The params with their values, secrets hidden.
    pub params: Vec<(String, String)>,
    /// What names stand for, for whoever says more than the file.
    pub scope: Variables,
    /// Small files to read.
    pub reference: NamedItems<ReferenceFile>,
    /// The tables.
    pub tables: NamedItems<Table>,
    /// Which tables come as their changes.
    pub changes: Option<Placed<Changes>>,
    /// Where the tables go, one entry for each sink and table.
    pub sinks: Vec<SinkEntry>,
    /// How to run.
    pub run: Run,
    /// How it tells of itself.
    pub log: Log,
    /// What `rowgen serve` offers over HTTP.
    pub serve: Serve,
    /// The slot that it is of, where it has a schedule.
    pub scheduled: Option<Scheduled>,
    /// The tables, references and seed as text without places: equal texts make equal data.
    pub canonical: String,
}
