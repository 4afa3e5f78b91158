//! `copy`: the value of another column, or of a field of one.

use arrow::array::{Array, ArrayRef};
use arrow::datatypes::{DataType, TimeUnit};
use arrow::util::display::array_value_to_string;
use schemars::JsonSchema;
use serde::Deserialize;

use super::Generator;
use crate::column::build::{Build, BuiltColumn};
use crate::column::program::first_input;
use crate::column::rows::Rows;
use crate::column::values::cut::cut;
use crate::column::values::scalar::is_float;
use crate::column::values::types::show_type;
use crate::domain::{Domain, Order};
use crate::error::{Error, Problem};
use crate::kernel::local_time::{cast_to_zone, says_no_unit};
use crate::kernel::time::{Zone, per_second};
use crate::place::{Placed, Text};

/// The value of another column, or of a field: of a reference pick, a person, a struct, a parent.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct Copy(Placed<Text>);

impl Generator for Copy {
    fn build(&self, build: &mut Build<'_>) -> Result<BuiltColumn, Problem> {
        let input = build.dictionary_input(&self.0, &self.0.place)?;
        let plain = crate::column::values::arrays::plain_type(&input.data_type);
        let wanted = build.data_type(plain.clone());
        let mut domain = input.domain;
        if plain == &wanted {
            return Ok(BuiltColumn::pointwise(input.data_type, domain, first_input));
        }
        if !arrow::compute::can_cast_types(plain, &wanted) {
            return Err(build.wrong_type("copy", &show_type(plain)));
        }
        if says_no_unit(plain, &wanted) {
            return Err(self.no_unit(plain, &wanted));
        }
        if has_fraction(plain) && wanted.is_integer() {
            return Err(self.fraction(plain, &wanted));
        }
        // A cast may round or fold values: only what holds whatever it does may stay. Dates and
        // coarser times keep the order of the times they are taken from.
        let keeps = plain.is_temporal() && wanted.is_temporal() && !goes_back(plain, &wanted);
        let order = match (keeps, domain.order) {
            (true, Order::StrictlyAscending | Order::Ascending) => Order::Ascending,
            _ => Order::Unknown,
        };
        domain = Domain {
            nulls: domain.nulls,
            distinct: domain.distinct,
            order,
            bytes: domain.bytes,
            ..Domain::default()
        };
        let to = wanted.clone();
        let place = self.0.place.clone();
        let hint = format!(
            "write an `expr` that rounds: {}",
            rounding(self.0.as_str(), &wanted)
        );
        let fill = move |rows: Rows<'_>, inputs: &[ArrayRef]| {
            let plain = crate::column::values::arrays::plain(&inputs[0])?;
            // Arrow's cast rounds decimals and cuts times without a word; `cut` looks at what it
            // did.
            let made = cast_to_zone(&plain, &to)?;
            let failed = |row: &usize| made.is_null(*row) && plain.is_valid(*row);
            let lost = (0..made.len()).find(failed);
            let cut = cut(&plain, &made)?.into_iter().next();
            match lost.or(cut) {
                None => Ok(made),
                Some(row) => {
                    let value = array_value_to_string(&plain, row)?;
                    let (row, to) = (rows.at(row), show_type(&to));
                    let message = format!("row {row}: `{value}` cannot be {to}");
                    let problem = Problem::new(message).at(&place);
                    Err(Error::run(problem.maybe_hint(cut.map(|_| hint.clone()))))
                }
            }
        };
        Ok(BuiltColumn::pointwise(wanted, domain, fill))
    }
}

/// True where the clock of a zone is shown, which goes back once a year.
fn goes_back(from: &DataType, to: &DataType) -> bool {
    match (from, to) {
        (DataType::Timestamp(_, Some(zone)), DataType::Timestamp(_, None)) => {
            !matches!(Zone::parse(zone), Some(Zone::Fixed(_)))
        }
        _ => false,
    }
}

/// An expression that makes a column one of a type with fewer digits.
fn rounding(column: &str, to: &DataType) -> String {
    let digits = |unit: &TimeUnit| per_second(*unit).ilog10();
    match to {
        DataType::Timestamp(unit, None) => {
            format!("`cast({column} as timestamp({}))`", digits(unit))
        }
        DataType::Timestamp(unit, Some(_)) => {
            format!("`cast({column} as timestamptz({}))`", digits(unit))
        }
        DataType::Decimal64(_, scale) | DataType::Decimal128(_, scale) => {
            format!("`round({column}, {scale})`")
        }
        _ => format!("`round({column})`"),
    }
}

fn has_fraction(data_type: &DataType) -> bool {
    match data_type {
        DataType::Decimal64(_, scale) | DataType::Decimal128(_, scale) => *scale > 0,
        other => is_float(other),
    }
}

impl Copy {
    /// What is copied.
    pub(in crate::column) fn path(&self) -> &str {
        self.0.as_str()
    }

    /// A number says neither what it counts nor from when.
    fn no_unit(&self, from: &DataType, to: &DataType) -> Problem {
        let (column, from, to) = (self.0.as_str(), show_type(from), show_type(to));
        Problem::new(format!(
            "`{column}` is {from}, which does not say what it counts: it cannot be {to}"
        ))
        .at(&self.0.place)
        .hint(format!(
            "write `expr: \"date '1970-01-01' + {column}\"` for days, `expr: \"to_timestamp({column})\"` for seconds"
        ))
    }

    /// A number with a fraction is not cut to a whole one unless somebody asks for it.
    fn fraction(&self, from: &DataType, to: &DataType) -> Problem {
        let (from, to) = (show_type(from), show_type(to));
        Problem::new(format!("{from} may have a fraction, which {to} has not"))
            .at(&self.0.place)
            .hint(format!(
                "write `expr: \"round({})\"`, or `floor(…)`",
                self.0.as_str()
            ))
    }
}
