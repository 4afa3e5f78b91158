//! Types as the rest of rowgen knows them: plain text, decimals of 64 bits where they fit.

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, ArrowPrimitiveType, AsArray, FixedSizeBinaryBuilder, PrimitiveArray,
    new_null_array,
};
use arrow::compute::cast;
use arrow::compute::kernels::cmp::distinct;
use arrow::datatypes::{
    DataType, Decimal64Type, Decimal128Type, Field, Float32Type, Float64Type, Schema, SchemaRef,
    TimeUnit,
};
use arrow::error::ArrowError;

use super::Types;
use super::reject::BadRow;
use crate::column::{UUID_EXTENSION, cut, parse_uuid, show_type};
use crate::error::{Problem, Result, did_you_mean};
use crate::kernel::decimal::{float_of, power};
use crate::kernel::local_time::{cast_to_zone, says_no_unit};
use crate::kernel::single::single_of;

/// The type that values of `data_type` get.
pub fn usual(data_type: &DataType) -> DataType {
    match data_type {
        DataType::Dictionary(_, values) => usual(values),
        DataType::LargeUtf8 | DataType::Utf8View | DataType::Null => DataType::Utf8,
        DataType::LargeBinary | DataType::BinaryView => DataType::Binary,
        DataType::Float16 => DataType::Float32,
        // Milliseconds, which need not be whole days in other people's files.
        DataType::Date64 => DataType::Timestamp(TimeUnit::Millisecond, None),
        DataType::Decimal32(precision, scale) => DataType::Decimal64(*precision, *scale),
        DataType::Decimal128(precision, scale) if *precision <= 18 => {
            DataType::Decimal64(*precision, *scale)
        }
        DataType::LargeList(item) | DataType::List(item) => DataType::List(inner(item)),
        DataType::Struct(fields) => DataType::Struct(fields.iter().map(inner).collect()),
        other => other.clone(),
    }
}

fn inner(field: &Arc<Field>) -> Arc<Field> {
    let data_type = usual(field.data_type());
    Arc::new(field.as_ref().clone().with_data_type(data_type))
}

/// The columns of `found` with the types that `types` ask for, or else the usual ones.
///
/// # Errors
/// A name that is no column, or a type that the column's values cannot become.
pub fn wanted(found: &Schema, types: &Types) -> Result<SchemaRef, Problem> {
    check_names(found, types)?;
    let fields: Vec<Field> = found
        .fields()
        .iter()
        .map(|field| one(field, types))
        .collect::<Result<_, _>>()?;
    Ok(Arc::new(Schema::new(fields)))
}

fn one(field: &Field, types: &Types) -> Result<Field, Problem> {
    let plain = Field::new(
        field.name(),
        usual(field.data_type()),
        field.is_nullable() || field.data_type() == &DataType::Null,
    );
    let Some((_, wanted)) = types.iter().find(|(name, _)| name.value == *field.name()) else {
        return Ok(plain.with_metadata(extension(field)));
    };
    let to = &wanted.data_type;
    // Arrow casts a number to a date as days since 1970 and to a time as seconds, silently.
    if says_no_unit(plain.data_type(), to) {
        return Err(no_unit(field.name(), plain.data_type(), to).at(&wanted.place));
    }
    if !arrow::compute::can_cast_types(plain.data_type(), to) && plain.data_type() != to {
        return Err(Problem::new(format!(
            "column `{}` cannot be read as {}: it is {}",
            field.name(),
            show_type(to),
            show_type(plain.data_type())
        ))
        .at(&wanted.place));
    }
    Ok(typed(field.name(), wanted))
}

/// What is wrong with a number that says no unit, and how to say one.
fn no_unit(name: &str, from: &DataType, to: &DataType) -> Problem {
    let hint = match to {
        DataType::Date32 | DataType::Timestamp(..) => format!(
            "leave it out of `types`, and say it under `columns`: `{name}: {{ expr: \"date '1970-01-01' + {name}\" }}` for days, `\"to_timestamp({name})\"` for seconds"
        ),
        _ => "leave it out of `types`: a time of day is written as 08:30:00".to_string(),
    };
    let (from, to) = (show_type(from), show_type(to));
    Problem::new(format!(
        "column `{name}` is {from}, which does not say what it counts: it cannot be read as {to}"
    ))
    .hint(hint)
}

/// What the extension of a field's type is; the rest of its metadata is its file's own business.
fn extension(field: &Field) -> std::collections::HashMap<String, String> {
    let avro = field.metadata().get("logicalType");
    if avro.is_some_and(|name| name == "uuid") && field.data_type() == &UUID {
        return [(EXTENSION.to_string(), UUID_EXTENSION.to_string())].into();
    }
    let own = |(key, _): &(&String, &String)| key.as_str() == EXTENSION;
    let kept = field.metadata().iter().filter(own);
    kept.map(|(key, value)| (key.clone(), value.clone()))
        .collect()
}

pub(super) const EXTENSION: &str = "ARROW:extension:name";

const UUID: DataType = DataType::FixedSizeBinary(16);

/// A column of the type that the file asks for.
pub fn typed(name: &str, wanted: &crate::column::ColumnType) -> Field {
    let field = Field::new(name, wanted.data_type.clone(), !wanted.required);
    match wanted.extension {
        Some(extension) => {
            field.with_metadata([(EXTENSION.to_string(), extension.to_string())].into())
        }
        None => field,
    }
}

/// The columns of messages that do not tell them: those of `types`.
///
/// # Errors
/// There are none, told of these at this place.
#[cfg(any(feature = "kafka", feature = "rabbitmq"))]
pub fn said_columns(
    types: &Types,
    (messages, place): (&str, &crate::place::Place),
) -> Result<Vec<Field>, Problem> {
    if types.is_empty() {
        let what = format!("{messages} do not tell their columns");
        return Err(Problem::new(what)
            .at(place)
            .hint("say them in the table's `types`: `types: { id: int64, name: utf8 }`"));
    }
    let fields = types.iter();
    let fields = fields.map(|(name, wanted)| typed(&name.value, wanted));
    Ok(fields.collect())
}

/// # Errors
/// `types` has a name that is no column.
pub fn check_names(found: &Schema, types: &Types) -> Result<(), Problem> {
    let names = || found.fields().iter().map(|field| field.name().as_str());
    let Some((wrong, _)) = types
        .iter()
        .find(|(name, _)| !names().any(|known| known == name.value))
    else {
        return Ok(());
    };
    let all: Vec<&str> = names().collect();
    Err(Problem::new(format!(
        "`types`: there is no column `{}` to read",
        wrong.value
    ))
    .at(&wrong.place)
    .hint(
        did_you_mean(&wrong.value, names())
            .unwrap_or_else(|| format!("the columns are {}", all.join(", "))),
    ))
}

/// The rows in which a column is null that must not be.
pub fn missing(values: &ArrayRef, field: &Field) -> Vec<usize> {
    match (field.is_nullable(), values.logical_nulls()) {
        (false, Some(nulls)) => (0..values.len())
            .filter(|row| nulls.is_null(*row))
            .collect(),
        _ => Vec::new(),
    }
}

/// What is wrong with such a row.
pub fn is_missing(name: &str) -> BadRow {
    let message = format!("column `{name}` is null, and `nullable: false` allows none");
    BadRow::new("null", message)
}

/// Values, and the rows that have none because theirs is not of the type.
pub type Converted = (ArrayRef, Vec<usize>);

/// The values as `to`, and the rows whose value cannot be that: no digit of a decimal or of a moment is
/// lost.
///
/// # Errors
/// No value of that type can become one of the other.
pub fn convert(values: &ArrayRef, to: &DataType) -> Result<Converted, ArrowError> {
    if values.data_type() == to {
        return Ok((values.clone(), Vec::new()));
    }
    if says_no_unit(values.data_type(), to) {
        let nulls = new_null_array(to, values.len());
        let there = (0..values.len()).filter(|row| values.is_valid(*row));
        return Ok((nulls, there.collect()));
    }
    if to == &UUID && values.data_type() == &DataType::Utf8 {
        return uuids(values);
    }
    let made = match floats(values, to) {
        Some(made) => made,
        None => cast_to_zone(values, to)?,
    };
    let mut bad = lost(values, &made)?;
    bad.extend(cut(values, &made)?);
    // A cast that fails leaves a null where there was none.
    if made.null_count() != values.logical_null_count() {
        let before = values.logical_nulls();
        let failed = |row: &usize| {
            made.is_null(*row) && before.as_ref().is_none_or(|nulls| nulls.is_valid(*row))
        };
        bad.extend((0..made.len()).filter(failed));
    }
    // A row may be wrong in two ways, and is one bad row.
    bad.sort_unstable();
    bad.dedup();
    Ok((made, bad))
}

/// Decimals as the floats nearest to them: Arrow divides two floats that are rounded already.
fn floats(values: &ArrayRef, to: &DataType) -> Option<ArrayRef> {
    // By its cast a fifth of the values of a decimal(38,18) were one step off as floats of 64 bits.
    let wide = match values.data_type() {
        DataType::Decimal128(..) => values.clone(),
        DataType::Decimal64(_, scale) | DataType::Decimal32(_, scale) => {
            cast(values, &DataType::Decimal128(38, *scale)).ok()?
        }
        _ => return None,
    };
    let wide = wide.as_primitive::<Decimal128Type>();
    let (scale, divisor) = (wide.scale(), power(wide.scale()));
    let float = |value: i128| float_of(value, scale, divisor);
    Some(match to {
        DataType::Float64 => Arc::new(wide.unary::<_, Float64Type>(float)),
        DataType::Float32 => {
            let single = |value: i128| single_of(value, scale, divisor);
            Arc::new(wide.unary::<_, Float32Type>(single))
        }
        _ => return None,
    })
}

/// The rows whose decimals have more digits than their type says.
pub fn beyond(values: &ArrayRef) -> Vec<usize> {
    let (DataType::Decimal64(digits, _), Some(array)) = (
        values.data_type(),
        values.as_primitive_opt::<Decimal64Type>(),
    ) else {
        return Vec::new();
    };
    let limit = 10_u64.saturating_pow(u32::from(*digits));
    let is_beyond = |value: &i64| value.unsigned_abs() >= limit;
    // One pass over all values first: files whose decimals have more digits than they say are rare.
    if !array.values().iter().any(is_beyond) {
        return Vec::new();
    }
    let rows = array.iter().enumerate();
    rows.filter(|(_, value)| value.as_ref().is_some_and(is_beyond))
        .map(|(row, _)| row)
        .collect()
}

/// Decimals with room for all of their digits: Arrow shows no more than their type says.
pub fn with_room(values: &ArrayRef) -> ArrayRef {
    let DataType::Decimal64(_, scale) = values.data_type() else {
        return values.clone();
    };
    let wide = values.as_primitive::<Decimal64Type>().clone();
    match wide.with_precision_and_scale(18, *scale) {
        Ok(wide) => Arc::new(wide),
        Err(_) => values.clone(),
    }
}

/// The rows of which a cast made something else without a word: a number infinite or a boolean.
fn lost(values: &ArrayRef, made: &ArrayRef) -> Result<Vec<usize>, ArrowError> {
    let (from, to) = (values.data_type(), made.data_type());
    if from.is_numeric() && to == &DataType::Boolean {
        let differs = distinct(values, &cast(made, from)?)?;
        let differs = differs.values().set_indices();
        return Ok(differs.filter(|row| made.is_valid(*row)).collect());
    }
    let mut overflown = infinite(made);
    if let Some(texts) = values.as_string_opt::<i32>() {
        // `inf` as a text says infinity; digits that became it were too many.
        overflown.retain(|row| texts.value(*row).bytes().any(|byte| byte.is_ascii_digit()));
    } else if from.is_floating() {
        let before = cast(values, &DataType::Float64)?;
        let before = before.as_primitive::<Float64Type>();
        overflown.retain(|row| before.value(*row).is_finite());
    } else {
        overflown.clear();
    }
    Ok(overflown)
}

/// The rows of floats that are infinite.
pub(super) fn infinite(values: &ArrayRef) -> Vec<usize> {
    let is = |_, float: f64| float.is_infinite();
    match values.data_type() {
        DataType::Float32 => rows(values.as_primitive::<Float32Type>(), is),
        DataType::Float64 => rows(values.as_primitive::<Float64Type>(), is),
        _ => Vec::new(),
    }
}

/// The rows whose value is so.
fn rows<T: ArrowPrimitiveType>(
    values: &PrimitiveArray<T>,
    is: impl Fn(usize, f64) -> bool,
) -> Vec<usize>
where
    T::Native: Into<f64>,
{
    let all = values.values().iter().enumerate();
    let found = all.filter(|(row, value)| is(*row, (**value).into()) && values.is_valid(*row));
    found.map(|(row, _)| row).collect()
}

/// Texts as UUIDs of 16 bytes, and the rows whose text is none.
fn uuids(texts: &ArrayRef) -> Result<Converted, ArrowError> {
    let texts = texts.as_string::<i32>();
    let mut bad = Vec::new();
    let mut values = FixedSizeBinaryBuilder::with_capacity(texts.len(), 16);
    for (row, text) in texts.iter().enumerate() {
        match text.map(parse_uuid) {
            Some(Some(bytes)) => values.append_value(bytes)?,
            Some(None) => {
                bad.push(row);
                values.append_null();
            }
            None => values.append_null(),
        }
    }
    Ok((Arc::new(values.finish()), bad))
}
