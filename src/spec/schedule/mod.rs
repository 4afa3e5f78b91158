//! `schedule:`: at which times a pipeline runs, each time for a slot of its own.

mod cron;
mod slots;
mod template;
mod zone;

use chrono::NaiveDate;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;
use serde::de::Deserializer;

pub use cron::Cron;
pub use slots::{Slot, Slots};
pub use template::{AskedSlot, Scheduled, Template};
pub(super) use template::{chosen, schedule_of};
pub use zone::Zone;

use crate::error::Problem;
use crate::place::{Count, Placed, Text, carry};

/// When `rowgen serve` runs the pipeline: each time of the cron pattern is a slot with a dataset of its own.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Schedule {
    /// Minute, hour, day of the month, month, day of the week: `"15 2 * * *"` is 02:15 each day.
    pub cron: Placed<Cron>,
    /// The time zone of the pattern and of the slots (default UTC).
    pub zone: Option<Placed<Zone>>,
    /// What becomes of slots that were missed while nothing ran (default `all` with a `start`, else `latest`).
    pub catch_up: Option<Placed<Missed>>,
    /// So many slots are made at once (default 1).
    pub max_parallel: Option<Placed<Count>>,
    /// The first day that has slots.
    pub start: Option<Placed<Day>>,
}

/// What becomes of slots that were missed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Missed {
    /// All since `start` are made, the oldest first.
    All,
    /// Only the newest one is made.
    Latest,
    /// None is made: only those that come.
    None,
}

/// A day, as 2026-01-31.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Day(pub NaiveDate);

impl<'de> Deserialize<'de> for Day {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Text::deserialize(deserializer)?.0;
        let day = NaiveDate::parse_from_str(&text, "%Y-%m-%d").map(Self);
        day.map_err(|_| {
            let what = format!("expected a day such as 2026-01-31, found `{text}`");
            carry(Problem::new(what))
        })
    }
}

impl JsonSchema for Day {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Day".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "description": "a day: 2026-01-31" })
    }
}

/// So many slots at once are more than any machine has use for.
// A choice; each slot has workers of its own.
const MOST_PARALLEL: u64 = 256;

impl Schedule {
    /// What is wrong with it as a whole.
    pub(super) fn problem(&self) -> Option<Problem> {
        if let Some(parallel) = &self.max_parallel
            && !(1..=MOST_PARALLEL).contains(&parallel.value.0)
        {
            let what = format!("`max_parallel` is 1 to {MOST_PARALLEL}");
            return Some(Problem::new(what).at(&parallel.place));
        }
        let all = self.catch_up.as_ref()?;
        let boundless = all.value == Missed::All && self.start.is_none();
        let hint = "say the first day: `start: 2026-01-01`; or `catch_up: latest`";
        boundless.then(|| {
            let problem = Problem::new("`catch_up: all` needs a `start`: it would have no end");
            problem.at(&all.place).hint(hint)
        })
    }

    /// Its slots.
    pub fn slots(&self) -> Slots {
        Slots {
            cron: self.cron.value.clone(),
            zone: self.zone.as_ref().map_or(Zone::UTC, |zone| zone.value),
            start: self.start.as_ref().map(|start| start.value.0),
        }
    }

    /// What becomes of slots that were missed.
    pub fn catch_up(&self) -> Missed {
        let by_default = match self.start {
            // A first day says that history is wanted.
            Some(_) => Missed::All,
            None => Missed::Latest,
        };
        self.catch_up.as_ref().map_or(by_default, |said| said.value)
    }

    /// So many slots are made at once.
    pub fn max_parallel(&self) -> usize {
        let said = self.max_parallel.as_ref();
        said.map_or(1, |count| count.value.0.clamp(1, MOST_PARALLEL) as usize)
    }
}
