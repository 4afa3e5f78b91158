//! What is asked of the files: all columns, one column, a hundredth of the rows, one value; values are picked
//! from the data.

use arrow::array::{Array, ArrayRef, BooleanArray, RecordBatch, Scalar};
use arrow::compute::kernels::cmp::{gt_eq, lt_eq};
use arrow::compute::{SortOptions, and, cast, sort_to_indices, take};
use arrow::datatypes::{DataType, Schema};
use arrow::error::ArrowError;
use serde::Serialize;

use super::ParquetOptions;
use super::flags::unknown;
use super::table::Table;
use crate::domain::Order;
use crate::error::{Problems, Result};
use crate::format::Shape;

/// What can be asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Ask {
    /// All columns of all rows.
    Scan,
    /// One column of all rows.
    OneColumn,
    /// All columns of about a hundredth of the rows.
    Predicate,
    /// All columns of the rows with one value.
    Lookup,
}

/// What is asked of every cell.
pub(super) struct Questions {
    /// The column that is read alone.
    pub(super) one_column: String,
    pub(super) predicate: Option<Range>,
    pub(super) lookup: Option<Range>,
    /// How many rows there are.
    pub(super) rows: u64,
}

/// The values between which a column's rows are looked for; nothing of a column without values.
type Pick = fn(&ArrayRef) -> Result<Option<(ArrayRef, ArrayRef)>>;

/// The rows whose value lies between two values, both included.
pub(super) struct Range {
    pub(super) column: String,
    pub(super) low: ArrayRef,
    pub(super) high: ArrayRef,
    /// How many rows that are.
    pub(super) rows: u64,
}

impl Ask {
    pub(super) const ALL: [Self; 4] = [Self::Scan, Self::OneColumn, Self::Predicate, Self::Lookup];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Scan => "scan",
            Self::OneColumn => "one column",
            Self::Predicate => "predicate",
            Self::Lookup => "lookup",
        }
    }
}

impl Questions {
    /// Picks columns that nobody named, and values.
    pub(super) fn of(options: &ParquetOptions, table: &Table, shape: &Shape) -> Result<Self> {
        let mut problems = Problems::default();
        let named = [
            ("--one-column", &options.one_column),
            ("--predicate", &options.predicate),
            ("--lookup", &options.lookup),
        ];
        for (flag, name) in named {
            let wrong = name.as_ref().and_then(|name| unknown(flag, name, shape));
            // A nested column can be read alone, though nothing can be compared with it.
            let nested = |name: &Option<String>| {
                name.as_ref()
                    .is_some_and(|name| shape.schema.field_with_name(name).is_ok())
            };
            problems.extend(wrong.filter(|_| flag != "--one-column" || !nested(name)));
        }
        problems.into_result()?;
        // The column that somebody sorts by is the one that they look by.
        let ordered = table.sorted.first().map(|(columns, _)| columns[0].clone());
        let predicate = options
            .predicate
            .clone()
            .or(ordered)
            .or_else(|| in_order(shape));
        let lookup = options
            .lookup
            .clone()
            .or_else(|| unique(shape))
            .or_else(|| predicate.clone());
        let rows = &table.rows;
        let range = |name: &Option<String>, pick: Pick| {
            name.as_ref()
                .map(|name| Range::of(rows, name, pick))
                .transpose()
        };
        let first = shape
            .schema
            .fields()
            .first()
            .map(|field| field.name().clone());
        Ok(Self {
            one_column: options
                .one_column
                .clone()
                .or(predicate.clone())
                .or(first)
                .unwrap_or_default(),
            predicate: range(&predicate, hundredth)?.flatten(),
            lookup: range(&lookup, middle)?.flatten(),
            rows: rows.num_rows() as u64,
        })
    }

    /// The questions that there are values for.
    pub(super) fn asked(&self) -> Vec<Ask> {
        Ask::ALL
            .into_iter()
            .filter(|ask| self.rows_of(*ask).is_some())
            .collect()
    }

    /// The rows that answer a question.
    pub(super) fn rows_of(&self, ask: Ask) -> Option<u64> {
        match ask {
            Ask::Scan | Ask::OneColumn => Some(self.rows),
            _ => self.range(ask).map(|range| range.rows),
        }
    }

    pub(super) fn range(&self, ask: Ask) -> Option<&Range> {
        match ask {
            Ask::Scan | Ask::OneColumn => None,
            Ask::Predicate => self.predicate.as_ref(),
            Ask::Lookup => self.lookup.as_ref(),
        }
    }

    /// The values, a column each, for readers that are other programs.
    pub(super) fn values(&self) -> Result<Option<RecordBatch>> {
        let mut columns = Vec::new();
        for (name, range) in [("predicate", &self.predicate), ("lookup", &self.lookup)] {
            if let Some(range) = range {
                columns.push((format!("{name}_low"), range.low.clone()));
                columns.push((format!("{name}_high"), range.high.clone()));
            }
        }
        match columns.is_empty() {
            true => Ok(None),
            false => Ok(Some(RecordBatch::try_from_iter(columns)?)),
        }
    }
}

impl Range {
    fn of(rows: &RecordBatch, name: &str, pick: Pick) -> Result<Option<Self>> {
        let Some(column) = rows.column_by_name(name) else {
            return Ok(None);
        };
        let column = match column.data_type() {
            DataType::Dictionary(_, values) => cast(column, values)?,
            _ => column.clone(),
        };
        let Some((low, high)) = pick(&column)? else {
            return Ok(None);
        };
        let mut range = Self {
            column: name.to_string(),
            low,
            high,
            rows: 0,
        };
        range.rows = range.holds(&column)?.true_count() as u64;
        Ok(Some(range))
    }

    /// Which of these values lie there. Readers have decimals in types of their own.
    pub(super) fn holds(&self, values: &ArrayRef) -> Result<BooleanArray, ArrowError> {
        let as_read =
            |value: &ArrayRef| Ok::<_, ArrowError>(Scalar::new(cast(value, values.data_type())?));
        let low = gt_eq(values, &as_read(&self.low)?)?;
        and(&low, &lt_eq(values, &as_read(&self.high)?)?)
    }

    /// The value, where it is one.
    pub(super) fn value(&self) -> Option<&ArrayRef> {
        (*self.low == *self.high).then_some(&self.low)
    }

    /// Its values, for people.
    pub(super) fn words(&self) -> String {
        let show = |value: &ArrayRef| crate::shown_value::show(value, 0);
        match self.value() {
            Some(value) => format!("{} = {}", self.column, show(value)),
            None => format!(
                "{} from {} to {}",
                self.column,
                show(&self.low),
                show(&self.high)
            ),
        }
    }
}

/// The values between which the hundredth of the rows lies that is in the middle.
fn hundredth(column: &ArrayRef) -> Result<Option<(ArrayRef, ArrayRef)>> {
    let options = SortOptions {
        descending: false,
        nulls_first: false,
    };
    let order = sort_to_indices(column, Some(options), None)?;
    let there = column.len() - column.null_count();
    if there == 0 {
        return Ok(None);
    }
    let value = |share: usize| -> Result<ArrayRef> {
        let place = (there * share / 1000).min(there - 1);
        Ok(take(column, &order.slice(place, 1), None)?)
    };
    Ok(Some((value(495)?, value(505)?)))
}

/// The value in the middle of the rows, or the next one behind it that is there.
fn middle(column: &ArrayRef) -> Result<Option<(ArrayRef, ArrayRef)>> {
    let rows = column.len();
    let there = (rows / 2..rows)
        .chain(0..rows / 2)
        .find(|row| column.is_valid(*row));
    Ok(there.map(|row| (column.slice(row, 1), column.slice(row, 1))))
}

/// Columns of values that every reader can compare.
fn comparable(schema: &Schema) -> impl Iterator<Item = (usize, &str)> {
    let plain = |kind: &DataType| match kind {
        DataType::Dictionary(_, values) => **values == DataType::Utf8,
        kind => {
            kind.is_integer() || kind.is_temporal() || kind.is_decimal() || *kind == DataType::Utf8
        }
    };
    let fields = schema.fields().iter().enumerate();
    fields
        .filter(move |(_, field)| plain(field.data_type()))
        .map(|(place, field)| (place, field.name().as_str()))
}

/// A column whose rows are in order, or the first that has an order.
fn in_order(shape: &Shape) -> Option<String> {
    let rising = |place: usize| {
        shape
            .domains
            .get(place)
            .is_some_and(|domain| domain.order > Order::Unknown)
    };
    let mut columns = comparable(&shape.schema);
    let first = comparable(&shape.schema).next();
    let found = columns.find(|(place, _)| rising(*place)).or(first);
    found.map(|(_, name)| name.to_string())
}

fn unique(shape: &Shape) -> Option<String> {
    let is = |place: usize| shape.domains.get(place).is_some_and(|domain| domain.unique);
    let found = comparable(&shape.schema).find(|(place, _)| is(*place));
    found.map(|(_, name)| name.to_string())
}
