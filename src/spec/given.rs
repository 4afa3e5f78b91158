//! What a caller gives beside the file: values of its names, a date, a slot, a seed.

use std::collections::BTreeMap;

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
            environment: std::env::vars().collect(),
            run_date: run_date.map_or_else(|| now.format("%Y-%m-%d").to_string(), str::to_owned),
            slot: match run_date {
                Some(_) => AskedSlot::OfDay,
                None => AskedSlot::Today(now),
            },
            ..Self::default()
        }
    }
}
