//! The values of rows that are not as they should be: read again where they stand.

use std::collections::BTreeMap;

use arrow::array::{Array, ArrayRef, AsArray, UInt32Array};
use arrow::compute::take;
use arrow::datatypes::{DataType, Field, Float32Type, Float64Type};
use arrow::util::display::{ArrayFormatter, FormatOptions};

use super::blame::Blame;
use super::matching::{Difference, Kind, Spot};
use super::side::{Side, Stands};
use crate::column::arrays::plain;
use crate::error::Result;
use crate::format::text::TextLeaf;
use crate::shown_value::show;
use crate::units::hexadecimal;

/// Rows that are read again at once.
// No measurement is behind this number. Each portion reads every piece that it needs once, so that
// more at once read less; fewer hold less.
pub(super) const AT_ONCE: usize = 4096;

/// A row that is not as it should be, with its values.
#[derive(Debug, Clone)]
pub struct Told {
    /// What became of it.
    pub kind: Kind,
    /// So many rows are the same, and the same became of them.
    pub times: u32,
    /// The column that tells rows apart, and its value.
    pub key: Option<(String, Option<String>)>,
    /// The row's number in the table.
    pub row: Option<u64>,
    /// Its number among those that were found.
    pub found_row: Option<u64>,
    /// Where it was found: `as row 7`, `at offset 7 of partition 3`.
    pub found_at: Option<String>,
    /// The columns that differ; of a row that is on one side alone, all of them.
    pub cells: Vec<Cell>,
    /// Why the row that is there cannot be read, not even what tells it from others.
    pub unread: Option<String>,
    /// Of a row that changes: which of its changes explain it.
    pub blame: Option<Blame>,
}

/// A column of such a row; null is no value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cell {
    /// Its name.
    pub column: String,
    /// The value that should be there.
    pub expected: Option<String>,
    /// The value that is there.
    pub found: Option<String>,
    /// Why the value that is there cannot be read.
    pub unread: Option<String>,
}

/// Both sides, and what their columns are called.
pub(super) struct Details<'d> {
    pub expected: &'d dyn Side,
    pub found: &'d dyn Side,
    pub fields: &'d [Field],
    pub key: Option<usize>,
    /// Floats so many steps apart are equal.
    pub float_ulps: u64,
}

/// A row as it was read again.
struct Again {
    number: u64,
    piece: u64,
    columns: Vec<ArrayRef>,
    odd: Vec<Option<Stands>>,
}

impl Details<'_> {
    /// Reads the rows of some differences again and returns what is told of them; floats that are
    /// near enough are left out.
    pub(super) fn of(&self, differences: &[Difference]) -> Result<Vec<Told>> {
        let expected = self.again(self.expected, differences, |one| one.expected)?;
        let found = self.again(self.found, differences, |one| one.found)?;
        let mut told = Vec::new();
        for (index, difference) in differences.iter().enumerate() {
            let (own, other) = (expected.get(&index), found.get(&index));
            let cells = self.cells(difference.kind, own, other)?;
            let near = difference.kind == Kind::Different && cells.is_empty();
            // Hashes said that the rows differ; without a tolerance an empty list of cells would be
            // a fault of ours, and is told rather than hidden.
            if near && self.float_ulps > 0 {
                continue;
            }
            let key = self.key.map(|key| self.key(key, own.or(other)));
            told.push(Told {
                kind: difference.kind,
                times: difference.times,
                key: key.transpose()?,
                row: own.map(|again| again.number),
                found_row: other.map(|again| again.number),
                found_at: other.map(|again| self.found.at(again.piece, again.number)),
                unread: self.unread(own, other),
                blame: None,
                cells,
            });
        }
        Ok(told)
    }

    /// Why a row cannot be told apart: its key cannot be read, or without a key nothing of it.
    fn unread(&self, expected: Option<&Again>, found: Option<&Again>) -> Option<String> {
        let found = found.filter(|_| expected.is_none())?;
        let mut columns = 0..self.fields.len();
        let why = match self.key {
            Some(key) => found.unread(key),
            None if columns.clone().all(|column| found.unread(column).is_some()) => {
                columns.find_map(|column| found.unread(column))
            }
            None => None,
        };
        why.map(str::to_string)
    }

    fn key(&self, key: usize, row: Option<&Again>) -> Result<(String, Option<String>)> {
        let shown = row
            .map(|row| row.shown(key, &self.fields[key]))
            .transpose()?;
        Ok((self.fields[key].name().clone(), shown.flatten()))
    }

    /// The rows of a side, each piece read once.
    fn again(
        &self,
        side: &dyn Side,
        differences: &[Difference],
        spot: impl Fn(&Difference) -> Option<Spot>,
    ) -> Result<BTreeMap<usize, Again>> {
        // Sorted by piece: rows that differ often stand together, and a piece costs the same for
        // one row as for all.
        let mut pieces: BTreeMap<u32, Vec<(usize, u32)>> = BTreeMap::new();
        for (index, difference) in differences.iter().enumerate() {
            if let Some(spot) = spot(difference) {
                let rows = pieces.entry(spot.piece).or_default();
                rows.push((index, spot.index));
            }
        }
        let mut again = BTreeMap::new();
        for (piece, wanted) in pieces {
            let rows = side.read(u64::from(piece))?;
            let indices = UInt32Array::from_iter_values(wanted.iter().map(|(_, row)| *row));
            let columns = rows.columns.iter();
            let columns: Vec<ArrayRef> = columns
                .map(|column| Ok(take(column, &indices, None)?))
                .collect::<Result<_>>()?;
            for (at, (index, row)) in wanted.iter().enumerate() {
                let odd = |column: usize| rows.odd(*row as usize, column).cloned();
                let one = Again {
                    number: rows.place.row(*row as usize),
                    piece: u64::from(piece),
                    columns: columns.iter().map(|column| column.slice(at, 1)).collect(),
                    odd: (0..columns.len()).map(odd).collect(),
                };
                again.insert(*index, one);
            }
        }
        Ok(again)
    }

    fn cells(
        &self,
        kind: Kind,
        expected: Option<&Again>,
        found: Option<&Again>,
    ) -> Result<Vec<Cell>> {
        let mut cells = Vec::new();
        for (column, field) in self.fields.iter().enumerate() {
            let shown = |row: Option<&Again>| row.map(|row| row.shown(column, field)).transpose();
            let compared = matches!(kind, Kind::Different | Kind::Extra);
            let both = expected.zip(found).filter(|_| compared);
            if both.is_some_and(|(own, other)| self.are_near(own, other, column)) {
                continue;
            }
            // The values are right there, so what should be there would only repeat them.
            let known = matches!(kind, Kind::Doubled | Kind::OutOfOrder);
            let expected = expected.filter(|_| !known);
            cells.push(Cell {
                column: field.name().clone(),
                expected: shown(expected)?.flatten(),
                found: shown(found)?.flatten(),
                unread: found.and_then(|row| row.unread(column)).map(str::to_string),
            });
        }
        Ok(cells)
    }

    fn are_near(&self, one: &Again, other: &Again, column: usize) -> bool {
        if one.odd[column].is_some() || other.odd[column].is_some() {
            return false;
        }
        near(
            &one.columns[column],
            &other.columns[column],
            self.float_ulps,
        )
    }
}

/// True for the same value, and for floats that are no more steps apart, also within lists and structs.
fn near(one: &ArrayRef, other: &ArrayRef, most: u64) -> bool {
    let (Ok(one), Ok(other)) = (plain(one), plain(other)) else {
        return false;
    };
    if equal(&one, &other) {
        return true;
    }
    let both = one.is_valid(0) && other.is_valid(0);
    let (own, found) = match one.data_type() {
        DataType::List(_) if both => {
            let items = |array: &ArrayRef| vec![array.as_list::<i32>().value(0)];
            (items(&one), items(&other))
        }
        DataType::Struct(_) if both => {
            let fields = |array: &ArrayRef| array.as_struct().columns().to_vec();
            (fields(&one), fields(&other))
        }
        _ => return are_steps_apart(&one, &other, most),
    };
    own.iter().zip(&found).all(|(own, found)| {
        let mut items = 0..own.len();
        own.len() == found.len()
            && items.all(|item| near(&own.slice(item, 1), &found.slice(item, 1), most))
    })
}

/// True for floats that are no more steps apart.
fn are_steps_apart(one: &ArrayRef, other: &ArrayRef, most: u64) -> bool {
    let both = one.is_valid(0) && other.is_valid(0);
    let steps = match one.data_type() {
        DataType::Float32 if both => {
            let value = |array: &ArrayRef| array.as_primitive::<Float32Type>().value(0);
            steps(ordered32(value(one)), ordered32(value(other)))
        }
        DataType::Float64 if both => {
            let value = |array: &ArrayRef| array.as_primitive::<Float64Type>().value(0);
            steps(ordered64(value(one)), ordered64(value(other)))
        }
        _ => None,
    };
    most > 0 && steps.is_some_and(|steps| steps <= most)
}

impl Again {
    /// Why a value cannot be read.
    fn unread(&self, column: usize) -> Option<&str> {
        match &self.odd[column] {
            Some(Stands::Unread(why)) => Some(why),
            _ => None,
        }
    }

    fn shown(&self, column: usize, field: &Field) -> Result<Option<String>> {
        match &self.odd[column] {
            Some(Stands::Text(text)) => return Ok(Some(text.clone())),
            Some(Stands::Unread(_)) => return Ok(None),
            None => {}
        }
        shown(&self.columns[column], field)
    }
}

/// A value as it is told; null is no value.
pub(super) fn shown(values: &ArrayRef, field: &Field) -> Result<Option<String>> {
    {
        let nulls = values.logical_nulls();
        if nulls.is_some_and(|nulls| nulls.is_null(0)) || values.data_type() == &DataType::Null {
            return Ok(None);
        }
        if let Some(bytes) = values.as_binary_opt::<i32>() {
            let bytes = bytes.value(0);
            let text = std::str::from_utf8(bytes).ok();
            // A terminal would obey what is in there.
            let text = text.filter(|text| !text.contains(char::is_control));
            let digits = || format!("0x{}", hexadecimal(bytes));
            return Ok(Some(text.map_or_else(digits, str::to_string)));
        }
        if let (Some(TextLeaf::Uuid), Some(bytes)) =
            (TextLeaf::of(field), values.as_fixed_size_binary_opt())
        {
            return Ok(Some(as_uuid(&hexadecimal(bytes.value(0)))));
        }
        // Dates and times, too: not every one is in the calendar of the library that shows them.
        if values.data_type().is_nested() || values.data_type().is_temporal() {
            return Ok(Some(show(values, 0)));
        }
        let options = FormatOptions::default().with_null("null");
        let shown = ArrayFormatter::try_new(values.as_ref(), &options)?;
        Ok(Some(shown.value(0).to_string()))
    }
}

/// 32 digits with the hyphens that people write between them.
fn as_uuid(digits: &str) -> String {
    let parts = [0..8, 8..12, 12..16, 16..20, 20..32];
    let parts = parts.map(|part| digits.get(part).unwrap_or_default());
    parts.join("-")
}

/// The same value, by its bits.
fn equal(one: &ArrayRef, other: &ArrayRef) -> bool {
    let not_a_number = |array: &ArrayRef| match array.data_type() {
        DataType::Float32 => {
            array.is_valid(0) && array.as_primitive::<Float32Type>().value(0).is_nan()
        }
        DataType::Float64 => {
            array.is_valid(0) && array.as_primitive::<Float64Type>().value(0).is_nan()
        }
        _ => false,
    };
    one.as_ref() == other.as_ref() || not_a_number(one) && not_a_number(other)
}

/// Floats as numbers that follow each other as they do; none for what is no number.
fn ordered64(value: f64) -> Option<i64> {
    let bits = value.to_bits() as i64;
    let ordered = if bits < 0 {
        // IEEE 754 floats are sign and magnitude: turned over for negative ones, their bits count
        // as numbers do, and −0 and +0 are no step apart.
        i64::MIN.wrapping_sub(bits)
    } else {
        bits
    };
    (!value.is_nan()).then_some(ordered)
}

fn ordered32(value: f32) -> Option<i64> {
    let bits = value.to_bits() as i32;
    let ordered = if bits < 0 {
        i32::MIN.wrapping_sub(bits)
    } else {
        bits
    };
    (!value.is_nan()).then_some(i64::from(ordered))
}

fn steps(one: Option<i64>, other: Option<i64>) -> Option<u64> {
    Some(one?.abs_diff(other?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn floats_are_steps_apart() {
        let apart = |one: f64, other: f64| steps(ordered64(one), ordered64(other));
        assert_eq!(apart(1.0, 1.0 + f64::EPSILON), Some(1));
        assert_eq!(apart(0.0, -0.0), Some(0));
        assert_eq!(apart(f64::from_bits(1), -f64::from_bits(1)), Some(2));
        assert_eq!(apart(f64::NAN, 1.0), None);
        assert_eq!(
            steps(ordered32(1.0), ordered32(1.0 - f32::EPSILON)),
            Some(2)
        );
    }
}
