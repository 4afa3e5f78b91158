//! `permute`: whole numbers in a shuffled order, each once.

use arrow::array::ArrayRef;
use arrow::datatypes::DataType;
use schemars::JsonSchema;
use serde::Deserialize;

use super::Generator;
use crate::column::build::{Build, BuiltColumn};
use crate::column::program::Fill;
use crate::column::random::permutation::{Permutation, check_room, row_numbers};
use crate::column::rows::Rows;
use crate::column::values::arrays::{from_i64, low_bits};
use crate::column::values::scalar::{integer, is_integral, limits, show_integer};
use crate::column::values::step::one;
use crate::column::values::types::show_type;
use crate::domain::Domain;
use crate::error::{Problem, Result};
use crate::place::{Count, Placed, Scalar};

/// Numbers (or dates, times, decimals) that follow each other from `start` on, shuffled: each
/// stands once.
///
/// Without `count` and `digits` there are as many numbers as rows, and the order changes with the
/// row count. With one of them it does not.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Permute {
    /// The least value (default 1).
    start: Option<Scalar>,
    /// How many numbers there are to draw from (default: one for each row).
    count: Option<Placed<Count>>,
    /// Draws from all whole numbers of exactly so many digits, from 1 to 18.
    digits: Option<Placed<Count>>,
}

struct Shuffled {
    data_type: DataType,
    start: i64,
    step: i64,
    permutation: Permutation,
}

impl Generator for Permute {
    fn build(&self, build: &mut Build<'_>) -> Result<BuiltColumn, Problem> {
        let data_type = build.data_type(DataType::Int64);
        if !is_integral(&data_type) || matches!(data_type, DataType::Decimal128(..)) {
            return Err(build.wrong_type(
                "permute",
                "whole numbers, decimals of up to 18 digits, dates and times",
            ));
        }
        let step = one(&data_type);
        let (start, count) = self.numbers(build, &data_type, step)?;
        let last = start + step * i128::from(count.saturating_sub(1));
        let (least, most) = limits(&data_type);
        if !(least..=most).contains(&last) {
            let (last, data_type) = (show_integer(last, &data_type), show_type(&data_type));
            let message = format!("the numbers end at {last}, which does not fit in {data_type}");
            return Err(Problem::new(message).at(&build.place));
        }
        let domain = Domain {
            distinct: Some(count),
            unique: true,
            depends_on_rows: self.count.is_none() && self.digits.is_none(),
            ..Domain::integers(start, last.max(start))
        };
        let fill = Shuffled {
            data_type: data_type.clone(),
            start: low_bits(start),
            step: low_bits(step),
            permutation: Permutation::new(build.key, count),
        };
        Ok(BuiltColumn::new(data_type, domain, fill))
    }

    fn follows_rows(&self) -> bool {
        true
    }
}

impl Permute {
    /// The least number and how many there are.
    fn numbers(
        &self,
        build: &mut Build<'_>,
        data_type: &DataType,
        step: i128,
    ) -> Result<(i128, u64), Problem> {
        let start = match &self.start {
            Some(start) => integer(start, data_type)?,
            None => step,
        };
        let count = match (&self.count, &self.digits) {
            (None, None) => return Ok((start, self.every_row(build)?)),
            (Some(count), None) if count.value.0 == 0 => {
                return Err(Problem::new("`count` must be above 0").at(&count.place));
            }
            (Some(count), None) => count.value.0,
            (_, Some(digits)) => return self.with_digits(build, digits, step),
        };
        check_room(build, "permutation", count)?;
        Ok((start, count))
    }

    fn every_row(&self, build: &mut Build<'_>) -> Result<u64, Problem> {
        row_numbers(build)?.ok_or_else(|| {
            let message = format!("{}: the table is endless", build.name);
            Problem::new(message)
                .at(&build.place)
                .hint("give the table `rows`, or use `sequence` or `uuid`")
        })
    }

    fn with_digits(
        &self,
        build: &mut Build<'_>,
        digits: &Placed<Count>,
        step: i128,
    ) -> Result<(i128, u64), Problem> {
        if self.start.is_some() || self.count.is_some() {
            let message = "`digits` says both `start` and `count`";
            return Err(Problem::new(message)
                .at(&digits.place)
                .hint("leave the others out"));
        }
        // The greatest number of 19 digits is beyond 64 bits with a sign.
        let wrong = || Problem::new("`digits` is 1 to 18").at(&digits.place);
        let digits = match digits.value.0 {
            digits @ 1..=18 => digits as u32,
            _ => return Err(wrong()),
        };
        // 0 has one digit, too.
        let least = if digits == 1 {
            0
        } else {
            10u64.pow(digits - 1)
        };
        let count = 10u64.pow(digits) - least;
        check_room(build, "permutation", count)?;
        Ok((i128::from(least) * step, count))
    }
}

impl Fill for Shuffled {
    fn fill(&self, rows: Rows<'_>, _: &[ArrayRef]) -> Result<ArrayRef> {
        let number = |number: u64| {
            self.start
                .wrapping_add(self.step.wrapping_mul(number as i64))
        };
        let values = self.permutation.fill(rows).into_iter().map(number);
        Ok(from_i64(&self.data_type, values.collect()))
    }
}

#[cfg(test)]
mod tests {
    use crate::column::testing::{check_any_split, one, problem};
    use crate::domain::{Order, Range};

    #[test]
    fn every_number_stands_once() {
        let tables = one(
            1000,
            "a: { permute: {} }\nb: { permute: { start: 7 }, type: uint16 }",
        );
        for (column, start) in [("a", 1), ("b", 7)] {
            let mut numbers = tables.integers("t", column);
            assert!(!numbers.is_sorted());
            numbers.sort_unstable();
            assert!(numbers.into_iter().eq(start..start + 1000));
            let domain = tables.domain("t", column);
            assert!(domain.unique && domain.depends_on_rows);
            let (min, max) = (start.into(), (start + 999).into());
            assert_eq!(domain.range, Some(Range::Integer { min, max }));
            assert_eq!(domain.order, Order::Unknown);
        }
    }

    #[test]
    fn a_count_makes_values_independent_of_the_rows() {
        let columns = "a: { permute: { count: 50_000 } }\nb: { permute: { digits: 6 } }";
        let (few, many) = (one(100, columns), one(40_000, columns));
        for column in ["a", "b"] {
            let numbers = many.integers("t", column);
            assert_eq!(few.integers("t", column), numbers[..100]);
            assert!(!many.domain("t", column).depends_on_rows);
            let distinct: std::collections::BTreeSet<&i64> = numbers.iter().collect();
            assert_eq!(distinct.len(), 40_000);
        }
        let six = |number: &i64| (100_000..1_000_000).contains(number);
        assert!(many.integers("t", "b").iter().all(six));
    }

    #[test]
    fn decimals_and_dates_are_shuffled_too() {
        let tables = one(
            3,
            "a: { permute: {}, type: \"decimal(6,2)\" }\nb: { permute: { start: 2026-01-30 }, type: date }",
        );
        let sorted = |column: &str| {
            let mut texts = tables.texts("t", column);
            texts.sort_unstable();
            texts
        };
        assert_eq!(sorted("a"), ["1.00", "2.00", "3.00"]);
        assert_eq!(sorted("b"), ["2026-01-30", "2026-01-31", "2026-02-01"]);
    }

    #[test]
    fn any_split_gives_the_same() {
        check_any_split(&one(3001, "a: { permute: {} }"), "t", &["a"]);
    }

    #[test]
    fn what_cannot_be_is_refused() {
        let table = |rows: &str, column: &str| {
            problem(&format!(
                "t:\n  rows: {rows}\n  columns:\n    c: {column}\n"
            ))
        };
        insta::assert_snapshot!(
            [
                table("100_000", "{ permute: { count: 67_600 } }"),
                table("0", "{ permute: {} }"),
                table("0", "{ permute: { count: 9 } }"),
                table("9", "{ permute: { count: 0 } }"),
                table("9", "{ permute: { digits: 19 } }"),
                table("9", "{ permute: { digits: 9, start: 5 } }"),
                table("1000", "{ permute: {}, type: int8 }"),
                table("1000", "{ permute: {}, type: utf8 }"),
            ]
            .join("\n\n")
        );
    }
}
