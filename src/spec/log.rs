//! `log:`: how a run tells of itself.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::place::{Flag, Placed};

/// How a run tells of itself; without it on stderr, in lines for people on a terminal, as JSON otherwise.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Log {
    /// Which lines: `standard` (default); `producer`, those of the message producer that rowgen replaces, as JSON on stdout; or `changes`, operations a second, on stdout. `--log` comes before it.
    pub style: Option<Placed<Style>>,
    /// Of the style `producer`: also `Writer metrics`, the messages of each sink (default false).
    pub detailed: Option<Flag>,
}

/// The lines of a log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Style {
    /// rowgen's own, on stderr.
    #[default]
    Standard,
    /// Those of the message producer that rowgen replaces, on stdout.
    Producer,
    /// Those of the load generator that rowgen replaces: operations a second, on stdout.
    Changes,
}
