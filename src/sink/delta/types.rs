//! Types that Delta Lake has, and what becomes of those that it does not.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch, RecordBatchOptions, StringBuilder};
use arrow::compute::{CastOptions, cast_with_options};
use arrow::datatypes::{DataType, Field, FieldRef, Schema, SchemaRef, TimeUnit};

use super::{Delta, TypesMode};
use crate::domain::Domain;
use crate::error::{Problem, Result};
use crate::format::Shape;
use crate::type_names::show_type;
use crate::units::hexadecimal;

/// The zone in which Delta Lake keeps moments.
const UTC: &str = "UTC";

/// Everything that cannot be a column.
pub(super) fn problems(delta: &Delta, shape: &Shape) -> Vec<Problem> {
    let fields = shape.schema.fields().iter().map(|field| field.as_ref());
    let fields = fields.chain(&shape.folders);
    let refused = fields.filter_map(|field| {
        let refused = of_type(field.data_type(), delta.types()).err()?;
        let problem = Problem::new(format!(
            "column `{}` of `{}` is {}: Delta Lake has no such type",
            field.name(),
            shape.table,
            show_type(&refused.0)
        ));
        Some(problem.at(&delta.path.place).hint(refused.1))
    });
    refused.collect()
}

/// The rows as they are written: their types are those of the table.
pub(super) fn written(delta: &Delta, shape: &Shape) -> Shape {
    let fields = shape.schema.fields().iter();
    let fields: Vec<FieldRef> = fields.map(|field| mapped(field, delta.types())).collect();
    let changed = shape.schema.fields().iter().zip(&fields);
    let unchanged = changed.map(|(from, to)| from == to);
    let mut written = shape.clone();
    // What is known of values is of those before.
    for (domain, unchanged) in written.domains.iter_mut().zip(unchanged) {
        if !unchanged {
            *domain = Domain {
                nulls: domain.nulls,
                ..Domain::default()
            };
        }
    }
    written.schema = Arc::new(Schema::new(fields));
    written.folders = shape
        .folders
        .iter()
        .map(|field| mapped(field, delta.types()).as_ref().clone())
        .collect();
    if let Some(trial) = &shape.trial {
        written.trial = cast_rows(trial, &written.schema).ok();
    }
    written
}

/// The type that a table has for values of this one.
pub fn nearest(data_type: &DataType) -> DataType {
    of_type(data_type, TypesMode::Mapped).unwrap_or_else(|_| data_type.clone())
}

/// Values with such a type.
///
/// # Errors
/// A value that the type cannot hold.
pub fn cast(values: &ArrayRef, data_type: &DataType) -> Result<ArrayRef> {
    let whole = CastOptions {
        safe: false,
        ..CastOptions::default()
    };
    match data_type {
        same if same == values.data_type() => Ok(values.clone()),
        DataType::Utf8 if is_uuid(values.data_type()) => uuid_texts(values),
        other => Ok(cast_with_options(values, other, &whole)?),
    }
}

/// Rows with the types of a schema.
///
/// # Errors
/// A value that its new type cannot hold.
pub(super) fn cast_rows(rows: &RecordBatch, schema: &SchemaRef) -> Result<RecordBatch> {
    let columns = rows.columns().iter().zip(schema.fields());
    let columns = columns.map(|(column, field)| cast(column, field.data_type()));
    let columns = columns.collect::<Result<Vec<_>>>()?;
    let options = RecordBatchOptions::new().with_row_count(Some(rows.num_rows()));
    Ok(RecordBatch::try_new_with_options(
        schema.clone(),
        columns,
        &options,
    )?)
}

fn is_uuid(data_type: &DataType) -> bool {
    matches!(data_type, DataType::FixedSizeBinary(16))
}

/// UUIDs as they are written by hand.
fn uuid_texts(column: &ArrayRef) -> Result<ArrayRef> {
    let values = column.as_fixed_size_binary();
    let mut texts = StringBuilder::with_capacity(values.len(), values.len() * 36);
    for row in 0..values.len() {
        if values.is_null(row) {
            texts.append_null();
            continue;
        }
        let digits = hexadecimal(values.value(row));
        let groups = [0..8, 8..12, 12..16, 16..20, 20..32];
        let groups: Vec<&str> = groups
            .into_iter()
            .filter_map(|group| digits.get(group))
            .collect();
        texts.append_value(groups.join("-"));
    }
    Ok(Arc::new(texts.finish()))
}

fn mapped(field: &Field, mode: TypesMode) -> FieldRef {
    let data_type = of_type(field.data_type(), mode);
    let data_type = data_type.unwrap_or_else(|_| field.data_type().clone());
    let mapped = field.clone().with_data_type(data_type);
    // What is noted of a field may be of its type: that it is a UUID.
    Arc::new(match mapped.data_type() == field.data_type() {
        true => mapped,
        false => mapped.with_metadata(std::collections::HashMap::new()),
    })
}

/// A type that cannot be a column's, and what helps.
type Refused = (DataType, &'static str);

const MAP: &str = "`types: mapped` writes the nearest type that Delta Lake has";
const OTHER: &str = "give the column another `type`, or leave it out of `columns`";

/// The type as which values are written; it may be the same.
fn of_type(data_type: &DataType, mode: TypesMode) -> Result<DataType, Refused> {
    let nearest = |nearest: DataType| match mode {
        TypesMode::Mapped => Ok(nearest),
        TypesMode::Strict => Err((data_type.clone(), MAP)),
    };
    match data_type {
        DataType::UInt8 => nearest(DataType::Int16),
        DataType::UInt16 => nearest(DataType::Int32),
        DataType::UInt32 => nearest(DataType::Int64),
        DataType::UInt64 => nearest(DataType::Decimal128(20, 0)),
        DataType::Float16 => Ok(DataType::Float32),
        DataType::Time32(_) | DataType::Time64(_) => nearest(DataType::Utf8),
        DataType::FixedSizeBinary(16) => nearest(DataType::Utf8),
        DataType::FixedSizeBinary(_) | DataType::LargeBinary | DataType::BinaryView => {
            Ok(DataType::Binary)
        }
        DataType::LargeUtf8 | DataType::Utf8View => Ok(DataType::Utf8),
        DataType::Date64 => Ok(DataType::Date32),
        DataType::Timestamp(TimeUnit::Nanosecond, zone) => nearest(moment(zone.is_some())),
        DataType::Timestamp(_, zone) => Ok(moment(zone.is_some())),
        DataType::Decimal32(precision, scale)
        | DataType::Decimal64(precision, scale)
        | DataType::Decimal128(precision, scale)
        | DataType::Decimal256(precision, scale) => {
            let holds = *precision <= 38 && (0..=*precision as i8).contains(scale);
            match (holds, data_type) {
                (false, _) => Err((data_type.clone(), OTHER)),
                (true, DataType::Decimal256(..)) => Ok(DataType::Decimal128(*precision, *scale)),
                (true, same) => Ok(same.clone()),
            }
        }
        DataType::Dictionary(_, values) => match of_type(values, mode)? {
            same if same == **values => Ok(data_type.clone()),
            other => Ok(other),
        },
        DataType::Boolean
        | DataType::Int8
        | DataType::Int16
        | DataType::Int32
        | DataType::Int64
        | DataType::Float32
        | DataType::Float64
        | DataType::Utf8
        | DataType::Binary
        | DataType::Date32 => Ok(data_type.clone()),
        nested => within(nested, mode),
    }
}

fn moment(zoned: bool) -> DataType {
    DataType::Timestamp(TimeUnit::Microsecond, zoned.then(|| UTC.into()))
}

/// Types that hold others.
fn within(data_type: &DataType, mode: TypesMode) -> Result<DataType, Refused> {
    let inner = |field: &FieldRef| -> Result<FieldRef, Refused> {
        // UUIDs within others have no cast.
        if is_uuid(field.data_type()) {
            return Err((field.data_type().clone(), OTHER));
        }
        let inner = of_type(field.data_type(), mode)?;
        Ok(Arc::new(Field::clone(field).with_data_type(inner)))
    };
    match data_type {
        DataType::List(item) => Ok(DataType::List(inner(item)?)),
        DataType::LargeList(item) | DataType::FixedSizeList(item, _) => {
            Ok(DataType::List(inner(item)?))
        }
        DataType::Struct(fields) => {
            let fields: Result<Vec<FieldRef>, Refused> = fields.iter().map(inner).collect();
            Ok(DataType::Struct(fields?.into()))
        }
        DataType::Map(entries, sorted) => Ok(DataType::Map(inner(entries)?, *sorted)),
        other => Err((other.clone(), OTHER)),
    }
}

/// The columns whose types are mapped, a line each.
pub(super) fn told(delta: &Delta, shape: &Shape) -> Vec<String> {
    let fields = shape.schema.fields().iter().map(|field| field.as_ref());
    let fields = fields.chain(&shape.folders);
    let lines = fields.filter_map(|field| {
        of_type(field.data_type(), TypesMode::Strict).err()?;
        let written = of_type(field.data_type(), delta.types()).ok()?;
        Some(format!(
            "column {} is {}, written as {}",
            field.name(),
            show_type(field.data_type()),
            show_type(&written)
        ))
    });
    lines.collect()
}
