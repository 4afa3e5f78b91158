//! `now`: the moment at which the run began.

use arrow::array::ArrayRef;
use arrow::datatypes::{DataType, TimeUnit};
use schemars::JsonSchema;
use serde::Deserialize;

use super::Generator;
use crate::column::build::{Build, BuiltColumn};
use crate::column::rows::Rows;
use crate::column::values::arrays::from_i64;
use crate::column::values::ticks::nanos_per_tick;
use crate::domain::{Domain, Order};
use crate::error::Problem;

/// The moment at which the run began, the same in every row.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Now {}

impl Generator for Now {
    fn build(&self, build: &mut Build<'_>) -> Result<BuiltColumn, Problem> {
        let utc = DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()));
        let data_type = build.data_type(utc);
        let tick = match &data_type {
            DataType::Date32 | DataType::Timestamp(..) => nanos_per_tick(&data_type),
            _ => None,
        };
        let Some(tick) = tick else {
            return Err(build.wrong_type("now", "timestamps and dates"));
        };
        let now = (i128::from(build.now_micros()) * 1_000).div_euclid(tick);
        let Ok(now) = i64::try_from(now) else {
            return Err(build.wrong_type("now", "timestamps and dates"));
        };
        let domain = Domain {
            order: Order::Ascending,
            depends_on_now: true,
            ..Domain::integers(now, now)
        };
        let made = data_type.clone();
        let fill = move |rows: Rows<'_>, _: &[ArrayRef]| Ok(from_i64(&made, vec![now; rows.len()]));
        Ok(BuiltColumn::new(data_type, domain, fill))
    }
}

#[cfg(test)]
mod tests {
    use crate::column::testing::{one, problem};

    #[test]
    fn the_run_begins_once() {
        let tables = one(
            2,
            "x: now\nday: { type: date, now: {} }\nlocal: { type: \"timestamp(s, Asia/Tokyo)\", now: {} }",
        );
        assert_eq!(tables.texts("t", "x"), ["2026-01-15T00:00:00Z"; 2]);
        assert_eq!(tables.texts("t", "day"), ["2026-01-15"; 2]);
        assert_eq!(tables.texts("t", "local"), ["2026-01-15T09:00:00+09:00"; 2]);
        assert!(tables.domain("t", "x").depends_on_now);
    }

    #[test]
    fn it_is_a_time() {
        assert_eq!(
            problem("t:\n  rows: 1\n  columns:\n    x: { type: int64, now: {} }\n"),
            "error: `now` cannot make int64 for column `t.x`\n --> p.yaml:4:8\n  |\n4 |     x: { type: int64, now: {} }\n  |        ^\n  hint: it makes timestamps and dates"
        );
    }
}
