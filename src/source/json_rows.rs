//! JSON objects as rows.

use std::borrow::Cow;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, RecordBatch, new_null_array};
use arrow::compute::kernels::zip::zip;
use arrow::compute::{cast, filter, interleave, nullif};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use arrow::util::display::array_value_to_string;
use arrow_json::ReaderBuilder;

use super::json_fractions::ExactColumns;
use super::json_raw::is_too_deep;
use super::json_singles::rounded_once;
use super::json_texts::{has_texts, respelt};
use super::json_times::TimeColumns;
use super::messages::{Decoder, Decoders, decode};
use super::reject::BadRow;
use super::retype::{Converted, convert, infinite, is_missing, missing};
use super::{json_wrong, json_wrong::WRONG_TYPE};
use crate::error::Result;

/// Reads objects into columns.
#[derive(Debug, Clone)]
pub struct JsonRows {
    wanted: SchemaRef,
    usual: DecoderColumns,
    /// For objects that have more digits behind a point than their column holds, and for those with dates
    /// and times that the library takes for something else.
    careful: DecoderColumns,
    /// A column is text, or has some: lists and objects in it are their JSON text.
    texts: bool,
    exact: ExactColumns,
    /// Dates and times: what the library refuses, as local times that a clock change repeats or skips, is
    /// read with more care.
    times: TimeColumns,
}

/// Some of the objects as rows.
struct ObjectPart {
    /// Which object each row is.
    objects: Vec<usize>,
    columns: Vec<ArrayRef>,
}

/// The columns as the decoder reads them.
#[derive(Debug, Clone)]
struct DecoderColumns(SchemaRef);

/// The columns, and the messages that are not in them.
pub type DecodedRows = (Vec<ArrayRef>, Vec<(usize, BadRow)>);

/// One decoder of the library, and how many objects it has taken.
pub struct ObjectDecoder {
    decoder: arrow_json::reader::Decoder,
    read: SchemaRef,
}

impl JsonRows {
    /// A reader of these columns.
    pub fn new(wanted: SchemaRef) -> Self {
        Self {
            usual: DecoderColumns::new(&wanted, usual),
            careful: DecoderColumns::new(&wanted, careful),
            texts: has_texts(&wanted),
            exact: ExactColumns::new(&wanted),
            times: TimeColumns::new(&wanted),
            wanted,
        }
    }

    /// The objects' columns; objects that cannot be read are left out and told, in their order.
    ///
    /// # Errors
    /// The columns' types cannot be read from JSON.
    pub fn read(&self, objects: &[&[u8]]) -> Result<DecodedRows> {
        let respelt = |object: &[u8]| respelt(object, &self.wanted);
        // Where the first object needs it the others do: they are not tried as they are.
        let all = self.texts
            && objects
                .first()
                .is_some_and(|first| respelt(first).is_some());
        if all {
            let spelt: Vec<Cow<'_, [u8]>> = objects
                .iter()
                .map(|object| respelt(object).map_or(Cow::Borrowed(*object), Cow::Owned))
                .collect();
            let spelt: Vec<&[u8]> = spelt.iter().map(AsRef::as_ref).collect();
            return self.read_as_spelt(&spelt);
        }
        let (columns, bad) = self.read_as_spelt(objects)?;
        match self.texts && !bad.is_empty() {
            true => self.read_respelt(objects, columns, bad),
            false => Ok((columns, bad)),
        }
    }

    /// The objects that are bad once more, lists and objects in columns of texts as texts.
    fn read_respelt(
        &self,
        objects: &[&[u8]],
        columns: Vec<ArrayRef>,
        bad: Vec<(usize, BadRow)>,
    ) -> Result<DecodedRows> {
        let again = bad.iter().filter_map(|(object, _)| {
            let spelt = respelt(objects[*object], &self.wanted)?;
            Some((*object, spelt))
        });
        let (again, spelt): (Vec<usize>, Vec<Vec<u8>>) = again.unzip();
        let first = ObjectPart {
            objects: good(objects.len(), &bad),
            columns,
        };
        let spelt: Vec<&[u8]> = spelt.iter().map(Vec::as_slice).collect();
        let (columns, wrong) = self.read_as_spelt(&spelt)?;
        let second = ObjectPart {
            objects: good(spelt.len(), &wrong)
                .into_iter()
                .map(|at| again[at])
                .collect(),
            columns,
        };
        let mended = |object: &usize| second.objects.binary_search(object).is_ok();
        let bad = bad.into_iter().filter(|(object, _)| !mended(object));
        let bad = bad.collect();
        Ok((self.merged(&[first, second])?, bad))
    }

    fn read_as_spelt(&self, objects: &[&[u8]]) -> Result<DecodedRows> {
        let (columns, bad) = self.read_exactly(objects)?;
        if self.times.is_empty() || bad.is_empty() {
            return Ok((columns, bad));
        }
        let first = ObjectPart {
            objects: good(objects.len(), &bad),
            columns,
        };
        // The library refuses a local time that a change of the clock skips, where PostgreSQL has a
        // rule.
        let again: Vec<usize> = bad.into_iter().map(|(object, _)| object).collect();
        let (part, bad) = self.part(&self.careful, objects, again)?;
        Ok((self.merged(&[first, part])?, bad))
    }

    fn read_exactly(&self, objects: &[&[u8]]) -> Result<DecodedRows> {
        let may_lose = |object: &usize| {
            let object = objects[*object];
            self.exact.may_lose(object) || self.times.may_differ(object)
        };
        // The library rounds digits that a column does not hold. Only objects whose digits could be lost
        // that way, found without parsing, take the slower way over text.
        let (careful, usual): (Vec<usize>, Vec<usize>) = (0..objects.len()).partition(may_lose);
        if careful.is_empty() {
            return self.read_by(&self.usual, objects);
        }
        let (usual, mut bad) = self.part(&self.usual, objects, usual)?;
        let (careful, wrong) = self.part(&self.careful, objects, careful)?;
        bad.extend(wrong);
        // Letters and messages are in the order of the file, whatever was looked at first.
        bad.sort_by_key(|(object, _)| *object);
        Ok((self.merged(&[usual, careful])?, bad))
    }

    /// The chosen objects by one reader.
    fn part(
        &self,
        reader: &DecoderColumns,
        objects: &[&[u8]],
        chosen: Vec<usize>,
    ) -> Result<(ObjectPart, Vec<(usize, BadRow)>)> {
        let some: Vec<&[u8]> = chosen.iter().map(|object| objects[*object]).collect();
        let (columns, wrong) = self.read_by(reader, &some)?;
        let good = good(some.len(), &wrong).into_iter();
        let part = ObjectPart {
            objects: good.map(|at| chosen[at]).collect(),
            columns,
        };
        let wrong = wrong.into_iter().map(|(at, bad)| (chosen[at], bad));
        Ok((part, wrong.collect()))
    }

    /// The rows of all parts in the order of the objects.
    fn merged(&self, parts: &[ObjectPart]) -> Result<Vec<ArrayRef>> {
        let mut places: Vec<(usize, (usize, usize))> = Vec::new();
        for (number, part) in parts.iter().enumerate() {
            let rows = part.objects.iter().enumerate();
            places.extend(rows.map(|(row, object)| (*object, (number, row))));
        }
        places.sort_unstable();
        let places: Vec<(usize, usize)> = places.into_iter().map(|(_, place)| place).collect();
        let column = |column: usize| {
            let parts = parts.iter().map(|part| part.columns[column].as_ref());
            Ok(interleave(&parts.collect::<Vec<&dyn Array>>(), &places)?)
        };
        (0..self.wanted.fields().len()).map(column).collect()
    }

    /// All objects by one reader, its columns as they are wanted.
    fn read_by(&self, reader: &DecoderColumns, objects: &[&[u8]]) -> Result<DecodedRows> {
        let (batch, mut bad) = decode(reader, objects)?;
        for (object, bad) in &mut bad {
            if bad.kind == WRONG_TYPE {
                *bad = json_wrong::mistyped(objects[*object], &self.wanted, &reader.0);
            }
        }
        let good = good(objects.len(), &bad);
        let mut keep = vec![true; batch.num_rows()];
        let mut columns = Vec::with_capacity(batch.num_columns());
        for (column, field) in batch.columns().iter().zip(self.wanted.fields()) {
            // Parses the object again: only rows that look odd are asked, which are few.
            let number = |row: &usize| is_number(objects[good[*row]], field.name());
            let numbers = digits(column, field).into_iter().filter(number).collect();
            let (values, mut wrong) = match counted(column, field, numbers)? {
                Some(counted) => counted,
                None => convert(column, field.data_type())?,
            };
            let object = |row: usize| objects[good[row]];
            let values = rounded_once(values, column, field.name(), object);
            // A number that was too large; a text may well say `inf`.
            let infinite = infinite(&values).into_iter();
            wrong.extend(infinite.filter(number));
            for row in wrong {
                // A row is bad once, with what was found first.
                if std::mem::replace(&mut keep[row], false) {
                    bad.push((good[row], mistyped(column, row, field, object(row))?));
                }
            }
            for row in missing(&values, field) {
                if std::mem::replace(&mut keep[row], false) {
                    bad.push((good[row], is_missing(field.name())));
                }
            }
            columns.push(values);
        }
        bad.sort_by_key(|(object, _)| *object);
        if keep.iter().all(|keep| *keep) {
            return Ok((columns, bad));
        }
        let keep = keep.into();
        let kept = columns.iter().map(|column| Ok(filter(column, &keep)?));
        Ok((kept.collect::<Result<_>>()?, bad))
    }
}

/// Those of so many objects that are not bad.
fn good(objects: usize, bad: &[(usize, BadRow)]) -> Vec<usize> {
    let mut bad = bad.iter().map(|(object, _)| *object).peekable();
    let good = (0..objects).filter(|object| bad.next_if_eq(object).is_none());
    good.collect()
}

/// How a column is read.
fn usual(wanted: &DataType) -> DataType {
    match *wanted {
        // UUIDs: JSON has them as texts, of which the library would make base16.
        DataType::FixedSizeBinary(16) => DataType::Utf8,
        // What the smaller float would round is found when it becomes one.
        DataType::Float32 => DataType::Float64,
        _ => wanted.clone(),
    }
}

/// The decoder cuts digits off: as texts, times keep theirs until `convert` looks at them.
pub fn careful(wanted: &DataType) -> DataType {
    match wanted.is_temporal() {
        true => DataType::Utf8,
        false => exact(wanted),
    }
}

/// Numbers with as many digits as there can be.
fn exact(wanted: &DataType) -> DataType {
    match *wanted {
        DataType::Decimal64(precision, scale) | DataType::Decimal128(precision, scale) => {
            let before = precision as i8 - scale;
            // As many digits as Arrow has room for: what the column does not hold is then seen.
            DataType::Decimal256(76, (76 - before).min(scale.saturating_add(38)))
        }
        // Twenty digits before the point hold every integer of 64 bits; the rest shows a fraction.
        _ if wanted.is_integer() => DataType::Decimal256(76, 56),
        _ => usual(wanted),
    }
}

/// True where the field is a number, not a text such as `inf`.
fn is_number(object: &[u8], field: &str) -> bool {
    let value = serde_json::from_slice::<serde_json::Value>(object);
    // A number that no float holds is no JSON for that library.
    value.map_or(true, |value| value[field].is_number())
}

/// The rows of dates and times whose texts are digits alone: they may be numbers.
fn digits(values: &ArrayRef, field: &Field) -> Vec<usize> {
    let texts = values.as_string_opt::<i32>();
    let Some(texts) = texts.filter(|_| field.data_type().is_temporal()) else {
        return Vec::new();
    };
    let digits = |text: &str| {
        let digits = text.strip_prefix('-').unwrap_or(text);
        digits.bytes().all(|byte| byte.is_ascii_digit())
    };
    let rows = texts.iter().enumerate();
    let found = rows.filter(|(_, text)| text.is_some_and(digits));
    found.map(|(row, _)| row).collect()
}

/// Dates and times, read as texts of which some are `numbers`: those count the unit of a timestamp, and
/// are nothing elsewhere.
fn counted(values: &ArrayRef, field: &Field, numbers: Vec<usize>) -> Result<Option<Converted>> {
    if numbers.is_empty() {
        return Ok(None);
    }
    let is_number = (0..values.len()).map(|row| numbers.binary_search(&row).is_ok());
    let is_number: BooleanArray = is_number.map(Some).collect();
    let (texts, mut wrong) = convert(&nullif(values, &is_number)?, field.data_type())?;
    let to = field.data_type();
    let counts: ArrayRef = match to {
        DataType::Timestamp(..) => cast(&cast(values, &DataType::Int64)?, to)?,
        _ => new_null_array(to, values.len()),
    };
    let none = |row: &usize| counts.is_null(*row);
    wrong.extend(numbers.into_iter().filter(none));
    wrong.sort_unstable();
    Ok(Some((zip(&is_number, &counts, &texts)?, wrong)))
}

fn mistyped(values: &ArrayRef, row: usize, field: &Field, object: &[u8]) -> Result<BadRow> {
    let expected = json_wrong::shown_type(field.data_type());
    let text = array_value_to_string(values, row)?;
    let found = match values.data_type() {
        read if read.is_floating() => match text.parse::<f32>() {
            Ok(rounded) if rounded.is_finite() => format!("`{}`", text.trim_end_matches(".0")),
            _ => "a number that is too large".to_string(),
        },
        read if read.is_decimal() => {
            format!("`{}`", text.trim_end_matches('0').trim_end_matches('.'))
        }
        _ if field.data_type().is_temporal() && is_number(object, field.name()) => {
            match field.data_type() {
                DataType::Timestamp(..) => format!("the number {text}, which is no whole one"),
                _ => format!("the number {text}, which does not say what it counts"),
            }
        }
        _ => format!("`{text}`"),
    };
    let name = field.name();
    let message = format!("column `{name}`: expected {expected}, found {found}");
    Ok(BadRow::new(WRONG_TYPE, message))
}

impl DecoderColumns {
    fn new(wanted: &Schema, how: impl Fn(&DataType) -> DataType) -> Self {
        let read = |field: &Arc<Field>| Field::new(field.name(), how(field.data_type()), true);
        let fields: Vec<Field> = wanted.fields().iter().map(read).collect();
        Self(Arc::new(Schema::new(fields)))
    }
}

impl Decoders for DecoderColumns {
    type Decoder = ObjectDecoder;

    fn decoder(&self, messages: usize) -> Result<ObjectDecoder> {
        // Never full, so that it takes every byte it is given.
        let builder = ReaderBuilder::new(self.0.clone())
            .with_batch_size(messages + 1)
            .with_coerce_primitive(true);
        Ok(ObjectDecoder {
            decoder: builder.build_decoder()?,
            read: self.0.clone(),
        })
    }
}

impl Decoder for ObjectDecoder {
    fn feed(&mut self, bytes: &[u8]) -> Result<(), BadRow> {
        let before = self.decoder.len();
        // The library would run out of its stack, and takes numbers and commas that are no JSON.
        let starts = bytes.trim_ascii_start().first() == Some(&b'{')
            && !is_too_deep(bytes)
            && json_wrong::is_json(bytes);
        let taken = match starts {
            true => self.decoder.decode(bytes).ok(),
            false => None,
        };
        let objects = self.decoder.len() - before;
        let whole = taken == Some(bytes.len()) && !self.decoder.has_partial_record();
        match (objects, whole) {
            (1, true) => Ok(()),
            _ => Err(json_wrong::not_an_object(bytes)),
        }
    }

    fn rows(mut self) -> Result<RecordBatch, BadRow> {
        let batch = self.decoder.flush();
        // Which value it is is found out by whoever has the object.
        let batch = batch.map_err(|error| BadRow::new(WRONG_TYPE, error.to_string()))?;
        Ok(batch.unwrap_or_else(|| RecordBatch::new_empty(self.read)))
    }
}
