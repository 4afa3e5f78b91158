//! `running`: the sum, the count, the least or the greatest value of a column up to each row.

mod numbers;
mod whole;

use arrow::datatypes::DataType;
use schemars::JsonSchema;
use serde::Deserialize;

use self::numbers::RunningNumbers;
use self::whole::RunningWhole;
use super::Generator;
use crate::column::before::carried::Carried;
use crate::column::before::{Group, Reach};
use crate::column::build::{Build, BuiltColumn, Input};
use crate::column::values::scalar::{is_decimal, is_float, is_integral, limits};
use crate::column::values::types::show_type;
use crate::domain::{Domain, Order, Range};
use crate::error::{Error, Problem};
use crate::place::{Place, Placed, Text};

/// The sum, the count, the least or the greatest value of a column so far: of the rows of the group up to
/// this one. Nulls are passed over.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Running {
    /// The column to sum up.
    sum: Option<Placed<Text>>,
    /// The column whose values are counted.
    count: Option<Placed<Text>>,
    /// The column of whose values the least is taken.
    min: Option<Placed<Text>>,
    /// The column of whose values the greatest is taken.
    max: Option<Placed<Text>>,
    /// The foreign key, with `per_parent`, whose rows belong together (default: the whole table).
    within: Option<Placed<Text>>,
}

/// What becomes of values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Total {
    Sum,
    Count,
    Min,
    Max,
}

/// What totals are held as.
pub(super) struct HeldAs {
    data_type: DataType,
    /// What to do about a sum that is beyond.
    hint: Option<String>,
    place: Place,
}

impl HeldAs {
    /// What is wrong with a row whose sum is beyond; `sum` is that sum behind a space, or nothing.
    fn beyond(&self, row: u64, sum: &str) -> Error {
        let shown = show_type(&self.data_type);
        let message = format!("row {row}: the sum{sum} does not fit in {shown}");
        let problem = Problem::new(message).at(&self.place);
        Error::run(problem.maybe_hint(self.hint.clone()))
    }
}

impl Generator for Running {
    fn build(&self, build: &mut Build<'_>) -> Result<BuiltColumn, Problem> {
        let (total, column) = self.total(build)?;
        let input = build.input(column, &column.place)?;
        let data_type = total.data_type(&input, column, build)?;
        let within = self.within.as_ref();
        let group = Group::of(within, "running", Reach::All, build)?;
        let domain = total.domain(&input, &data_type, &group);
        let held = HeldAs {
            data_type: data_type.clone(),
            hint: wider(&data_type, &build.name, &group),
            place: build.place.clone(),
        };
        let real = is_float(&input.data_type) && total != Total::Count;
        Ok(match real {
            true => {
                let scan = RunningNumbers { total, held };
                Carried::new(scan, group, 1, build).column(data_type, domain)
            }
            false => {
                let scan = RunningWhole { total, held };
                Carried::new(scan, group, 1, build).column(data_type, domain)
            }
        })
    }

    fn follows_rows(&self) -> bool {
        true
    }
}

impl Running {
    fn total(&self, build: &Build<'_>) -> Result<(Total, &Placed<Text>), Problem> {
        let all = [
            (Total::Sum, &self.sum),
            (Total::Count, &self.count),
            (Total::Min, &self.min),
            (Total::Max, &self.max),
        ];
        let mut asked = all
            .into_iter()
            .filter_map(|(total, column)| Some((total, column.as_ref()?)));
        match (asked.next(), asked.next()) {
            (Some(one), None) => Ok(one),
            (Some(_), Some((_, second))) => {
                let message = "`running` makes one of `sum`, `count`, `min` and `max`";
                Err(Problem::new(message)
                    .at(&second.place)
                    .hint("make a column of each"))
            }
            (None, _) => Err(Problem::new(
                "`running` needs one of `sum`, `count`, `min` and `max`",
            )
            .at(&build.place)
            .hint("write `running: { sum: amount }`")),
        }
    }
}

impl Total {
    /// The type of the totals of an input.
    fn data_type(
        self,
        input: &Input,
        column: &Placed<Text>,
        build: &Build<'_>,
    ) -> Result<DataType, Problem> {
        let of = &input.data_type;
        let number = of.is_integer() || is_decimal(of) || is_float(of);
        let default = match (self, of) {
            (Self::Count, _) => DataType::Int64,
            (Self::Min | Self::Max, of) if number || is_integral(of) => return Ok(of.clone()),
            // As PostgreSQL and Arrow's kernels do: ten digits more than one value has.
            (
                Self::Sum,
                DataType::Decimal64(digits, scale) | DataType::Decimal128(digits, scale),
            ) => match (*digits + 10).min(38) {
                digits @ ..=18 => DataType::Decimal64(digits, *scale),
                digits => DataType::Decimal128(digits, *scale),
            },
            (Self::Sum, of) if is_float(of) => DataType::Float64,
            // Not a decimal, as SQL's `sum` of a `bigint` is: it would be a decimal in every file.
            // A total that leaves 64 bits is an error of its row.
            (Self::Sum, of) if of.is_integer() => DataType::Int64,
            _ => {
                let (name, shown) = (column.as_str(), show_type(of));
                let can = match self {
                    Self::Sum => "numbers",
                    _ => "numbers, dates and times",
                };
                let message = format!(
                    "`{name}` is {shown}: there is a running {} of {can}",
                    self.word()
                );
                return Err(Problem::new(message)
                    .at(&column.place)
                    .hint("`count` counts values of any type"));
            }
        };
        let wanted = build.data_type(default.clone());
        let fits = match (&default, &wanted) {
            // A decimal holds sums that 64 bits do not.
            (DataType::Int64, wanted) => {
                wanted.is_integer() || is_decimal(wanted) && scale(wanted) == 0
            }
            (DataType::Float64, wanted) => is_float(wanted),
            (default, wanted) => is_decimal(wanted) && scale(default) == scale(wanted),
        };
        match fits {
            true => Ok(wanted),
            false => Err(build.wrong_type("running", &made_of(&default))),
        }
    }

    fn word(self) -> &'static str {
        match self {
            Self::Sum => "sum",
            Self::Count => "count",
            Self::Min => "least value",
            Self::Max => "greatest value",
        }
    }

    fn domain(self, input: &Input, data_type: &DataType, group: &Group) -> Domain {
        let rows = group.most();
        let whole = |least: i128, most: i128| Range::Integer {
            min: least,
            max: most,
        };
        let range = match (self, input.domain.range) {
            (Self::Min | Self::Max, range) => range,
            (Self::Count, _) => rows.map(|rows| whole(0, rows.into())),
            (Self::Sum, Some(Range::Integer { min, max })) => rows.and_then(|rows| {
                // Of one value or of all, whichever is further out: a total of any other number
                // lies between.
                let far = |end: i128| end.checked_mul(rows.max(1).into());
                Some(whole(min.min(far(min)?).min(0), max.max(far(max)?).max(0)))
            }),
            (Self::Sum, _) => None,
        };
        let (least, most) = limits(data_type);
        let fits = |range: &Range| match range {
            Range::Integer { min, max } => *min >= least && *max <= most,
            Range::Float { .. } => true,
        };
        let grows = match (self, input.domain.range) {
            (Self::Count | Self::Max, _) => true,
            (Self::Sum, Some(Range::Integer { min, .. })) => min >= 0,
            _ => false,
        };
        let nulls = self != Self::Count && input.domain.nulls;
        Domain {
            range: range.filter(fits),
            order: match grows && group.is_whole() && !nulls {
                true => Order::Ascending,
                false => Order::Unknown,
            },
            distinct: match self {
                Self::Min | Self::Max => input.domain.distinct,
                _ => None,
            },
            nulls,
            ..Domain::default()
        }
    }
}

/// The types that a total has that is of such a type by itself.
fn made_of(default: &DataType) -> String {
    match default {
        DataType::Int64 => {
            "whole numbers, or decimals without digits behind the point, here".into()
        }
        DataType::Float64 => "floats here".into(),
        _ => format!(
            "decimals with {} digits behind the point here",
            scale(default)
        ),
    }
}

/// What to do about a sum that its type cannot hold.
fn wider(data_type: &DataType, column: &str, group: &Group) -> Option<String> {
    let wider = match data_type {
        DataType::Int64 | DataType::UInt64 => Some(DataType::Decimal128(38, 0)),
        of if of.is_integer() => Some(DataType::Int64),
        DataType::Decimal64(_, scale) | DataType::Decimal128(..=37, scale) => {
            Some(DataType::Decimal128(38, *scale))
        }
        DataType::Float32 => Some(DataType::Float64),
        _ => None,
    };
    let wider = wider.map(|wider| {
        let wider = show_type(&wider);
        format!("give column `{column}` `type: \"{wider}\"`")
    });
    // A sum of all rows is a sum of fewer within a key.
    let fewer = group.is_whole().then_some("`within` a key");
    match (wider, fewer) {
        (Some(wider), Some(fewer)) => Some(format!("{wider}, or sum it up {fewer}")),
        (None, Some(fewer)) => Some(format!("no type is wider: sum it up {fewer}")),
        (wider, None) => wider,
    }
}

fn scale(data_type: &DataType) -> i8 {
    match data_type {
        DataType::Decimal64(_, scale) | DataType::Decimal128(_, scale) => *scale,
        _ => 0,
    }
}
