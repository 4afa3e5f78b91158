//! What a caller gives beside the file: values of its names, a date, a slot, a seed.

use std::collections::BTreeMap;
use std::ffi::OsString;

use chrono::{DateTime, Utc};

use super::AskedSlot;

/// What is given beside the file.
#[derive(Debug, Clone, Default)]
pub struct GivenValues {
    /// `--set name=value`.
    pub set: BTreeMap<String, String>,
    /// The environment.
    pub environment: BTreeMap<String, String>,
    /// `--run-date`, a date as 2026-01-31.
    pub run_date: String,
    /// Which slot it is of, where the pipeline has a schedule.
    pub slot: AskedSlot,
    /// `--seed`.
    pub seed: Option<String>,
}

impl GivenValues {
    /// Nothing is given but the environment: of today, unless a date is asked for.
    pub fn new(now: DateTime<Utc>, run_date: Option<&str>) -> Self {
        Self {
            environment: environment(),
            run_date: run_date.map_or_else(|| now.format("%Y-%m-%d").to_string(), str::to_owned),
            slot: match run_date {
                Some(_) => AskedSlot::OfDay,
                None => AskedSlot::Today(now),
            },
            ..Self::default()
        }
    }
}

/// The environment's variables. What is no UTF-8 text has U+FFFD in its place, and is refused by whoever uses it:
/// most variables are somebody else's and may hold anything.
fn environment() -> BTreeMap<String, String> {
    let text = |word: OsString| word.to_string_lossy().into_owned();
    let variables = std::env::vars_os();
    variables
        .map(|(name, value)| (text(name), text(value)))
        .collect()
}
