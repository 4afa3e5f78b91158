//! What partitions are made of beside columns: parts of times, buckets and beginnings of values, all as
//! Apache Iceberg defines them.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Int32Array, StringArray};
use arrow::compute::{cast, kernels::substring::substring_by_char};
use arrow::datatypes::{DataType, Decimal128Type, Int32Type, TimeUnit};
use chrono::{DateTime, Datelike, NaiveDate};

use super::code::{retyped, widened};
use crate::column::arrays::{from_i64, plain, plain_type};
use crate::column::scalar::limits;
use crate::column::show_type;
use crate::domain::{Domain, Order, Range};
use crate::error::{Error, Problem, Result};
use crate::kernel::decimal::shortest;
use crate::kernel::murmur3::murmur3;
use crate::kernel::time::{SECONDS_PER_DAY, per_second};
use crate::shown_value::show;

/// What is made of a column's values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Transform {
    /// The year, from 1970.
    Year,
    /// The month, from January 1970.
    Month,
    /// The day.
    Date,
    /// The hour, from 1970.
    Hour,
    /// One of so many buckets.
    Bucket(u32),
    /// The multiple of this number below the value, or the value's first characters.
    Truncate(u32),
}

/// Iceberg keeps the number of buckets, and the width of what is cut, in 32 bits with a sign.
const MOST: u32 = i32::MAX as u32;

/// How transforms are written.
const FORMS: &str = "transforms are `year(at)`, `month(at)`, `date(at)`, `hour(at)`, `bucket(16, id)` and `truncate(3, code)`";

impl Transform {
    /// A transform and the column that it is of, if `text` is written like one.
    ///
    /// # Errors
    /// There is no such transform.
    pub fn parse(text: &str) -> Result<Option<(Self, &str)>, Problem> {
        let Some((name, rest)) = text.split_once('(') else {
            return Ok(None);
        };
        let Some(inner) = rest.strip_suffix(')') else {
            return Ok(None);
        };
        let (number, column) = match inner.split_once(',') {
            Some((number, column)) => (Some(number.trim()), column.trim()),
            None => (None, inner.trim()),
        };
        let wrong = || Problem::new(format!("`{text}` is no transform of a column")).hint(FORMS);
        let count = |number: &str| {
            let said = number.replace('_', "").parse::<u32>().ok();
            let fits = said.filter(|said| (1..=MOST).contains(said));
            let out_of_bounds = || {
                let what = format!("`{number}` in `{text}` is no whole number from 1 to {MOST}");
                Problem::new(what).hint(FORMS)
            };
            fits.ok_or_else(out_of_bounds)
        };
        let transform = match (name.trim(), number) {
            ("year", None) => Self::Year,
            ("month", None) => Self::Month,
            ("date" | "day", None) => Self::Date,
            ("hour", None) => Self::Hour,
            ("bucket", Some(number)) => Self::Bucket(count(number)?),
            ("truncate", Some(number)) => Self::Truncate(count(number)?),
            _ => return Err(wrong()),
        };
        match column.is_empty() {
            true => Err(wrong()),
            false => Ok(Some((transform, column))),
        }
    }

    /// What its folders are called: the column, and what is made of it.
    pub fn folder(self, column: &str) -> String {
        let made = match self {
            Self::Date => "day",
            Self::Truncate(_) => "trunc",
            _ => self.name(),
        };
        format!("{column}_{made}")
    }

    /// Why values of a type cannot be transformed, if they cannot.
    pub fn problem(self, column: &str, data_type: &DataType) -> Option<Problem> {
        use DataType as T;
        let data_type = plain_type(data_type);
        let day = matches!(data_type, T::Date32 | T::Timestamp(..));
        let text = matches!(data_type, T::Utf8 | T::LargeUtf8 | T::Utf8View);
        let whole = data_type.is_integer() && data_type != &T::UInt64;
        let decimal = is_decimal(data_type);
        let (fits, needs) = match self {
            Self::Year | Self::Month | Self::Date => (day, "dates and times with a date"),
            Self::Hour => (matches!(data_type, T::Timestamp(..)), "times with a date"),
            Self::Bucket(_) => (
                day || text
                    || whole
                    || decimal
                    || matches!(data_type, T::Time64(_) | T::FixedSizeBinary(_) | T::Binary),
                "whole numbers but uint64, decimals, dates, times, texts and bytes",
            ),
            Self::Truncate(_) => (
                text || whole || decimal,
                "whole numbers but uint64, decimals and texts",
            ),
        };
        (!fits).then(|| {
            let shown = show_type(data_type);
            let name = self.name();
            Problem::new(format!("`{name}` of `{column}`: it is {shown}"))
                .hint(format!("`{name}` is of {needs}"))
        })
    }

    fn name(self) -> &'static str {
        match self {
            Self::Year => "year",
            Self::Month => "month",
            Self::Date => "date",
            Self::Hour => "hour",
            Self::Bucket(_) => "bucket",
            Self::Truncate(_) => "truncate",
        }
    }

    /// What it makes of values of a type, and what is known of that.
    pub fn made(self, data_type: &DataType, domain: &Domain) -> (DataType, Domain) {
        let made_type = match self {
            Self::Date => DataType::Date32,
            Self::Truncate(_) => plain_type(data_type).clone(),
            _ => DataType::Int32,
        };
        let range = match (self, domain.range) {
            (Self::Bucket(count), _) => Some(Range::Integer {
                min: 0,
                max: i128::from(count) - 1,
            }),
            (_, Some(Range::Integer { min, max })) => {
                let of = |value: i128| self.of_number(i64::try_from(value).ok()?, data_type);
                of(min)
                    .zip(of(max))
                    .map(|(min, max)| Range::Integer { min, max })
            }
            _ => None,
        };
        let rises = !matches!(self, Self::Bucket(_)) && domain.order > Order::Unknown;
        let domain = Domain {
            range: range.filter(|_| !is_decimal(&made_type) || range_fits(data_type)),
            order: if rises {
                Order::Ascending
            } else {
                Order::Unknown
            },
            nulls: domain.nulls,
            longest: domain.longest,
            ..Domain::default()
        };
        (made_type, domain)
    }

    /// What it makes of one number as a column of this type holds it.
    fn of_number(self, value: i64, data_type: &DataType) -> Option<i128> {
        let seconds = seconds(value, data_type);
        Some(match self {
            Self::Year => i128::from(year_and_month(seconds?)?.0 - 1970),
            Self::Month => {
                let (year, month) = year_and_month(seconds?)?;
                i128::from((year - 1970) * 12 + month)
            }
            Self::Date => i128::from(seconds?.div_euclid(SECONDS_PER_DAY)),
            Self::Hour => i128::from(seconds?.div_euclid(3600)),
            Self::Bucket(_) => return None,
            Self::Truncate(width) => {
                let value = i128::from(value);
                // Down, also below 0: -1 truncated to tens is -10.
                value - value.rem_euclid(i128::from(width))
            }
        })
    }

    /// The transformed values.
    ///
    /// # Errors
    /// They are of a type that `problem` refuses.
    pub fn apply(self, values: &ArrayRef) -> Result<ArrayRef> {
        let values = plain(values)?;
        match self {
            Self::Bucket(count) => bucket(&values, count),
            Self::Truncate(width) => self.truncate(&values, width),
            _ => {
                let numbers = widened(&values)?;
                let of = |(row, number): (usize, &u64)| {
                    if values.is_null(row) {
                        return Ok(None);
                    }
                    let made = self.of_number(*number as i64, values.data_type());
                    let made = made.and_then(|made| i32::try_from(made).ok());
                    made.map_or_else(|| Err(self.beyond(&values, row)), |made| Ok(Some(made)))
                };
                let made: Int32Array = numbers.iter().enumerate().map(of).collect::<Result<_>>()?;
                match self {
                    Self::Date => retyped(&(Arc::new(made) as ArrayRef), DataType::Date32),
                    _ => Ok(Arc::new(made)),
                }
            }
        }
    }

    /// What is made of this value cannot be held.
    fn beyond(self, values: &ArrayRef, row: usize) -> Error {
        let value = show(values, row);
        let what = format!("`{}` of {value} is beyond what its type holds", self.name());
        Error::run(what).hint("`where` of the sink leaves such rows out")
    }

    fn truncate(self, values: &ArrayRef, width: u32) -> Result<ArrayRef> {
        let data_type = values.data_type();
        match data_type {
            DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => {
                let texts = cast(values, &DataType::Utf8)?;
                let begun = substring_by_char(texts.as_string::<i32>(), 0, Some(u64::from(width)))?;
                Ok(cast(&begun, data_type)?)
            }
            DataType::Decimal128(precision, scale) => {
                let width = i128::from(width);
                let cut = values
                    .as_primitive::<Decimal128Type>()
                    .unary::<_, Decimal128Type>(|value| value - value.rem_euclid(width));
                Ok(Arc::new(cut.with_precision_and_scale(*precision, *scale)?))
            }
            _ => {
                let (least, width) = (limits(data_type).0, i64::from(width));
                let cut = |(row, number): (usize, u64)| {
                    let number = number as i64;
                    let cut = number.checked_sub(number.rem_euclid(width));
                    match cut.filter(|cut| i128::from(*cut) >= least) {
                        None if values.is_valid(row) => Err(self.beyond(values, row)),
                        cut => Ok(cut.unwrap_or_default()),
                    }
                };
                let cut = widened(values)?.into_iter().enumerate().map(cut);
                let cut = from_i64(data_type, cut.collect::<Result<_>>()?);
                let data = cut.to_data().into_builder().nulls(values.nulls().cloned());
                Ok(arrow::array::make_array(data.build()?))
            }
        }
    }

    /// What the folders of transformed values are called, where that is not how values are shown.
    pub(super) fn texts(self, made: &ArrayRef) -> Option<StringArray> {
        let text = |value: i32| {
            let month = |months: i32| (1970 + months.div_euclid(12), months.rem_euclid(12) + 1);
            match self {
                Self::Year => format!("{:04}", 1970 + value),
                Self::Month => {
                    let (year, month) = month(value);
                    format!("{year:04}-{month:02}")
                }
                _ => {
                    let day = date(i64::from(value).div_euclid(24));
                    format!("{day}-{:02}", value.rem_euclid(24))
                }
            }
        };
        let texts = || {
            let values = made.as_primitive::<Int32Type>().iter();
            values.map(|value| value.map(text)).collect()
        };
        matches!(self, Self::Year | Self::Month | Self::Hour).then(texts)
    }

    /// The type that the names of its folders are of.
    pub fn folder_type(self, data_type: &DataType) -> DataType {
        match self {
            Self::Year | Self::Bucket(_) => DataType::Int32,
            Self::Month | Self::Hour => DataType::Utf8,
            Self::Date => DataType::Date32,
            Self::Truncate(_) => plain_type(data_type).clone(),
        }
    }
}

fn is_decimal(data_type: &DataType) -> bool {
    matches!(
        data_type,
        DataType::Decimal32(..) | DataType::Decimal64(..) | DataType::Decimal128(..)
    )
}

/// The bounds of decimals of many digits are not looked at.
fn range_fits(data_type: &DataType) -> bool {
    !matches!(data_type, DataType::Decimal128(..))
}

/// The seconds since 1970 of a date or a time.
fn seconds(value: i64, data_type: &DataType) -> Option<i64> {
    Some(match data_type {
        DataType::Date32 => value * SECONDS_PER_DAY,
        DataType::Timestamp(unit, _) => value.div_euclid(per_second(*unit)),
        _ => return None,
    })
}

fn year_and_month(seconds: i64) -> Option<(i64, i64)> {
    let at = DateTime::from_timestamp(seconds, 0)?;
    Some((at.year().into(), at.month0().into()))
}

fn date(days: i64) -> NaiveDate {
    let at = DateTime::from_timestamp(days * SECONDS_PER_DAY, 0);
    at.unwrap_or_default().date_naive()
}

/// The hash of each value, without its sign, in so many buckets.
fn bucket(values: &ArrayRef, count: u32) -> Result<ArrayRef> {
    use DataType as T;
    // Iceberg's specification: the sign is cut off before the remainder is taken, so that no bucket
    // is negative.
    let of = |bytes: &[u8]| ((murmur3(bytes) & 0x7fff_ffff) % count) as i32;
    // Of 32 bits, too: Iceberg hashes an `int` as the `long` of the same value, so that a column
    // may be widened later.
    let whole = |number: i64| of(&number.to_le_bytes());
    let made: Vec<Option<i32>> = match values.data_type() {
        T::Utf8 | T::LargeUtf8 | T::Utf8View => {
            let texts = cast(values, &T::LargeUtf8)?;
            let texts = texts.as_string::<i64>();
            texts
                .iter()
                .map(|text| text.map(|text| of(text.as_bytes())))
                .collect()
        }
        T::FixedSizeBinary(_) => {
            let values = values.as_fixed_size_binary();
            values.iter().map(|bytes| bytes.map(of)).collect()
        }
        T::Binary => values
            .as_binary::<i32>()
            .iter()
            .map(|bytes| bytes.map(of))
            .collect(),
        T::Decimal128(..) => {
            let values = values.as_primitive::<Decimal128Type>();
            // Iceberg's specification, appendix B: a decimal is hashed as the fewest bytes of its
            // two's complement.
            values
                .iter()
                .map(|value| value.map(|value| of(shortest(&value.to_be_bytes()))))
                .collect()
        }
        data_type => {
            let (decimal, nanos) = (is_decimal(data_type), is_nanos(data_type));
            let millis = matches!(data_type, T::Timestamp(TimeUnit::Millisecond, _));
            let seconds = matches!(data_type, T::Timestamp(TimeUnit::Second, _));
            let numbers = widened(values)?.into_iter().enumerate();
            let one = |(row, number): (usize, u64)| {
                let number = values.is_valid(row).then_some(number as i64)?;
                // Times are hashed as microseconds.
                Some(match (decimal, nanos) {
                    (true, _) => of(shortest(&number.to_be_bytes())),
                    (_, true) => whole(number.div_euclid(1000)),
                    _ if millis => whole(number.wrapping_mul(1000)),
                    _ if seconds => whole(number.wrapping_mul(1_000_000)),
                    _ => whole(number),
                })
            };
            numbers.map(one).collect()
        }
    };
    Ok(Arc::new(Int32Array::from(made)))
}

fn is_nanos(data_type: &DataType) -> bool {
    matches!(
        data_type,
        DataType::Timestamp(TimeUnit::Nanosecond, _) | DataType::Time64(TimeUnit::Nanosecond)
    )
}

#[cfg(test)]
mod tests;
