//! `late`: rows that come later than their place, by a number of rows or by a time.

use arrow::datatypes::DataType;
use schemars::{JsonSchema, json_schema};
use serde::Deserialize;

use super::chance::Chance;
use super::resolve::Around;
use super::rows::{Fate, RowFault, Shift, reach};
use super::times::Delay;
use crate::column::hash::{Key, below};
use crate::column::values::ticks::nanos_per_tick;
use crate::domain::Order;
use crate::error::Problem;
use crate::place::{Count, Duration, Number, Placed, Text, Value, by_node, decode};

/// Rows that come later than their place.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Late {
    /// The share of the rows, from 0 to 1.
    pub rate: Placed<Number>,
    /// The most rows that come before it and should not: it is 1 to `delay` rows late. Or a duration such as `5min`: it comes behind all rows whose times are below its own and up to so much.
    pub delay: Placed<LateBy>,
    /// With a duration, the column of the times, which never fall (default: the only such column).
    pub column: Option<Placed<Text>>,
}

/// How late at most.
#[derive(Debug, Clone)]
pub enum LateBy {
    /// So many rows.
    Rows(Count),
    /// So long.
    Time(Duration),
}

/// Which rows are late, and by how much.
struct Delayed {
    chance: Chance,
    by: Key,
    most: Most,
}

enum Most {
    Rows(u64),
    Time(Delay),
}

impl Late {
    /// What becomes of rows, drawn with `key`.
    ///
    /// # Errors
    /// A number that cannot be meant, or no column has such times.
    pub(super) fn fault(
        &self,
        key: Key,
        around: &Around<'_>,
    ) -> Result<Box<dyn RowFault>, Problem> {
        let most = match &self.delay.value {
            LateBy::Rows(rows) => {
                if let Some(column) = &self.column {
                    let problem = Problem::new("a `delay` in rows looks at no `column`");
                    return Err(problem
                        .at(&column.place)
                        .hint("leave it out, or write a duration such as `5min`"));
                }
                Most::Rows(reach(&self.delay.place.with(*rows), "delay")?)
            }
            LateBy::Time(time) => Most::Time(self.delay(time, around)?),
        };
        Ok(Box::new(Delayed {
            chance: Chance::new(key, &self.rate)?,
            by: key.child("delay"),
            most,
        }))
    }

    /// The longest delay, in ticks of the column of times.
    fn delay(&self, time: &Duration, around: &Around<'_>) -> Result<Delay, Problem> {
        let column = self.times(around)?;
        let tick = nanos_per_tick(around.columns[column].plain()).unwrap_or(1);
        let most = time.as_nanos() as i128 / tick;
        match i64::try_from(most) {
            Ok(most @ 1..) => Ok(Delay {
                most,
                column,
                place: self.delay.place.clone(),
            }),
            _ => {
                let name = &around.columns[column].name;
                let message = format!("this `delay` is no time that `{name}` can count");
                Err(Problem::new(message).at(&self.delay.place))
            }
        }
    }

    /// The column of times.
    fn times(&self, around: &Around<'_>) -> Result<usize, Problem> {
        let columns = around.columns;
        let can = |at: &usize| {
            let column = &columns[*at];
            let rises = matches!(
                column.domain.order,
                Order::Ascending | Order::StrictlyAscending
            );
            let dated = matches!(column.plain(), DataType::Timestamp(..) | DataType::Date32);
            rises && dated && !column.domain.nulls
        };
        if let Some(name) = &self.column {
            let at = around.place(name)?;
            return match can(&at) {
                true => Ok(at),
                false => {
                    let message =
                        format!("`{}` is no column of times that never fall", name.as_str());
                    Err(Problem::new(message).at(&name.place).hint(NEEDS_TIMES))
                }
            };
        }
        let all: Vec<usize> = (0..columns.len()).filter(can).collect();
        match all.as_slice() {
            [only] => Ok(*only),
            [] => {
                let message = format!("{} has no column of times that never fall", around.of);
                Err(Problem::new(message)
                    .at(&self.delay.place)
                    .hint(NEEDS_TIMES))
            }
            several => {
                let names = several.iter().map(|at| format!("`{}`", columns[*at].name));
                let names: Vec<String> = names.collect();
                let message = format!("{} are times that never fall", names.join(" and "));
                Err(Problem::new(message)
                    .at(&self.delay.place)
                    .hint("say which one with `column: …` beside `delay`"))
            }
        }
    }
}

const NEEDS_TIMES: &str = "`event_time` makes such times without nulls, and the sink must have the column; a `delay` in rows needs none";

impl RowFault for Delayed {
    fn reach(&self) -> u64 {
        match self.most {
            Most::Rows(rows) => rows,
            Most::Time(_) => 0,
        }
    }

    fn delay(&self) -> Option<&Delay> {
        match &self.most {
            Most::Rows(_) => None,
            Most::Time(delay) => Some(delay),
        }
    }

    fn befall(&self, row: u64, fate: &mut Fate) {
        if self.chance.hits(row) {
            let by = |most: u64| 1 + below(self.by.at(row), most);
            let shift = match &self.most {
                Most::Rows(rows) => Shift::Rows(by(*rows)),
                // It has been checked to be positive.
                Most::Time(delay) => Shift::Time(by(delay.most as u64) as i64),
            };
            fate.moved = Some(("late", shift));
        }
    }
}

by_node!(
    inline,
    LateBy,
    |node| {
        // Durations have units, and counts have none of these.
        let text = match &node.value {
            Value::Scalar { text, .. } => text.as_str(),
            _ => "",
        };
        match crate::units::parse_duration(text) {
            Ok(_) => decode(node).map(LateBy::Time),
            Err(_) => decode(node).map(LateBy::Rows).map_err(|_| {
                let found = node.describe();
                Problem::new(format!(
                    "expected rows, or a duration with its unit such as `5min`, found {found}"
                ))
                .at(&node.place)
            }),
        }
    },
    |generator| {
        let rows = generator.subschema_for::<Count>();
        let time = generator.subschema_for::<Duration>();
        json_schema!({ "anyOf": [rows, time] })
    }
);
