//! Values as BSON: of Arrow arrays, and of what Debezium sends.

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::compute::cast;
use arrow::datatypes::{
    DataType, Field, Float16Type, Int64Type, TimestampMillisecondType, UInt64Type,
};
use arrow::util::display::array_value_to_string;
use mongodb::bson::spec::BinarySubtype;
use mongodb::bson::{Binary, Bson, DateTime, Decimal128, Document};
use serde_json::Value;

use crate::column::is_uuid;
use crate::error::Result;
use crate::format::envelope::{Meanings, Plain, plain, time_text};

/// Milliseconds of a day.
const DAY: i64 = 86_400_000;

/// A column's values, ready to be taken row by row.
pub struct Column {
    name: String,
    values: ArrayRef,
    kind: Kind,
}

/// How values are taken.
enum Kind {
    Boolean,
    Int32,
    Int64,
    UInt64,
    Half,
    Double,
    Text,
    Binary(BinarySubtype),
    /// Milliseconds since 1970.
    Moment,
    Decimal,
    List,
    Struct(Vec<Column>),
    /// What BSON has no form for is text.
    Shown,
}

impl Column {
    /// Looks at a column's type once, and at its values as what MongoDB has.
    ///
    /// # Errors
    /// Arrow does not make them so.
    pub fn new(field: &Field, values: &ArrayRef) -> Result<Self> {
        let to = |to: &DataType| Ok::<_, crate::error::Error>(cast(values, to)?);
        let moment = DataType::Timestamp(arrow::datatypes::TimeUnit::Millisecond, None);
        let is_uuid = is_uuid(field);
        let (values, kind) = match values.data_type() {
            DataType::Dictionary(_, of) => {
                let field = field.clone().with_data_type(of.as_ref().clone());
                return Self::new(&field, &to(of)?);
            }
            DataType::Boolean => (values.clone(), Kind::Boolean),
            DataType::Int8
            | DataType::Int16
            | DataType::Int32
            | DataType::UInt8
            | DataType::UInt16 => (to(&DataType::Int32)?, Kind::Int32),
            // BSON has no numbers without a sign: each goes to the next type that holds all of its
            // values.
            DataType::Int64 | DataType::UInt32 => (to(&DataType::Int64)?, Kind::Int64),
            DataType::UInt64 => (values.clone(), Kind::UInt64),
            DataType::Float16 => (values.clone(), Kind::Half),
            DataType::Float32 | DataType::Float64 => (to(&DataType::Float64)?, Kind::Double),
            DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => {
                (to(&DataType::Utf8)?, Kind::Text)
            }
            DataType::Binary
            | DataType::LargeBinary
            | DataType::BinaryView
            | DataType::FixedSizeBinary(_) => {
                let subtype = if is_uuid {
                    BinarySubtype::Uuid
                } else {
                    BinarySubtype::Generic
                };
                (to(&DataType::Binary)?, Kind::Binary(subtype))
            }
            DataType::Date32 | DataType::Date64 | DataType::Timestamp(..) => {
                (floored(values, &moment)?, Kind::Moment)
            }
            DataType::Decimal32(..)
            | DataType::Decimal64(..)
            | DataType::Decimal128(..)
            | DataType::Decimal256(..) => (values.clone(), Kind::Decimal),
            DataType::List(item) | DataType::LargeList(item) | DataType::FixedSizeList(item, _) => {
                (to(&DataType::List(item.clone()))?, Kind::List)
            }
            DataType::Struct(fields) => {
                let parts = fields.iter().zip(values.as_struct().columns());
                let parts = parts.map(|(field, values)| Self::new(field, values));
                (values.clone(), Kind::Struct(parts.collect::<Result<_>>()?))
            }
            _ => (values.clone(), Kind::Shown),
        };
        Ok(Self {
            name: field.name().clone(),
            values,
            kind,
        })
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The value of a row.
    ///
    /// # Errors
    /// Why BSON has none for it.
    pub fn value(&self, row: usize) -> Result<Bson, String> {
        let values = &self.values;
        if values.is_null(row) {
            return Ok(Bson::Null);
        }
        Ok(match &self.kind {
            Kind::Boolean => Bson::Boolean(values.as_boolean().value(row)),
            Kind::Int32 => Bson::Int32(
                values
                    .as_primitive::<arrow::datatypes::Int32Type>()
                    .value(row),
            ),
            Kind::Int64 => Bson::Int64(values.as_primitive::<Int64Type>().value(row)),
            Kind::UInt64 => whole(values.as_primitive::<UInt64Type>().value(row))?,
            Kind::Half => Bson::Double(values.as_primitive::<Float16Type>().value(row).into()),
            Kind::Double => Bson::Double(
                values
                    .as_primitive::<arrow::datatypes::Float64Type>()
                    .value(row),
            ),
            Kind::Text => Bson::String(values.as_string::<i32>().value(row).into()),
            Kind::Binary(subtype) => Bson::Binary(Binary {
                subtype: *subtype,
                bytes: values.as_binary::<i32>().value(row).to_vec(),
            }),
            Kind::Moment => {
                let millis = values.as_primitive::<TimestampMillisecondType>().value(row);
                Bson::DateTime(DateTime::from_millis(millis))
            }
            Kind::Decimal => {
                digits(&array_value_to_string(values, row).map_err(|error| error.to_string())?)?
            }
            Kind::List => {
                let items = values.as_list::<i32>().value(row);
                let field = Field::new("item", items.data_type().clone(), true);
                let items = Self::new(&field, &items).map_err(|error| error.to_string())?;
                let items = (0..items.values.len()).map(|item| items.value(item));
                Bson::Array(items.collect::<Result<_, _>>()?)
            }
            Kind::Struct(parts) => {
                let parts = parts
                    .iter()
                    .map(|part| Ok((part.name.clone(), part.value(row)?)));
                Bson::Document(parts.collect::<Result<Document, String>>()?)
            }
            Kind::Shown => {
                Bson::String(array_value_to_string(values, row).map_err(|error| error.to_string())?)
            }
        })
    }
}

/// Moments cut to milliseconds, those before 1970 towards the past, too.
fn floored(values: &ArrayRef, moment: &DataType) -> Result<ArrayRef> {
    use arrow::array::TimestampMillisecondArray;
    use arrow::datatypes::{TimeUnit, TimestampMicrosecondType, TimestampNanosecondType};
    Ok(match values.data_type() {
        DataType::Timestamp(TimeUnit::Microsecond, _) => {
            // Not by Arrow's cast, which rounds towards 1970.
            let values = values.as_primitive::<TimestampMicrosecondType>();
            let cut: TimestampMillisecondArray = values.unary(|micros| micros.div_euclid(1_000));
            std::sync::Arc::new(cut)
        }
        DataType::Timestamp(TimeUnit::Nanosecond, _) => {
            let values = values.as_primitive::<TimestampNanosecondType>();
            let cut: TimestampMillisecondArray = values.unary(|nanos| nanos.div_euclid(1_000_000));
            std::sync::Arc::new(cut)
        }
        DataType::Timestamp(unit, _) => {
            let local = cast(values, &DataType::Timestamp(*unit, None))?;
            cast(&local, moment)?
        }
        _ => cast(values, moment)?,
    })
}

/// A whole number that may not fit 64 bits with a sign.
fn whole(number: u64) -> Result<Bson, String> {
    match i64::try_from(number) {
        Ok(number) => Ok(Bson::Int64(number)),
        Err(_) => digits(&number.to_string()),
    }
}

fn digits(text: &str) -> Result<Bson, String> {
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    let refused = || format!("{text} has more than the 34 digits of MongoDB's decimals");
    // Before the parser, which is asked for the exact limit: no text of a thousand digits is
    // parsed.
    if digits > 40 {
        return Err(refused());
    }
    let number = text.parse::<Decimal128>();
    number.map(Bson::Decimal128).map_err(|_| refused())
}

/// The fields of a row as it was sent: numbers are doubles where those are exact.
pub fn sent(row: &str) -> Result<Bson, String> {
    let row: Value = serde_json::from_str(row).map_err(|error| error.to_string())?;
    Ok(json(row, &|number| {
        // Doubles hold whole numbers up to 2^53. The consumer that this follows stored all numbers
        // as doubles, and readers expect them.
        const EXACT: i64 = 1 << 53;
        match number.as_i64() {
            Some(whole) if !(-EXACT..=EXACT).contains(&whole) => Bson::Int64(whole),
            _ => Bson::Double(number.as_f64().unwrap_or(f64::NAN)),
        }
    }))
}

/// The fields of a row, as what they mean.
///
/// # Errors
/// It is no object, or has a value that BSON has no form for.
pub fn meant(row: &str, meanings: &Meanings) -> Result<Document, String> {
    let row: serde_json::Map<String, Value> =
        serde_json::from_str(row).map_err(|error| format!("its row is no object: {error}"))?;
    let fields = row.into_iter().map(|(name, value)| {
        let value = of_plain(plain(value, meanings.of(&name)));
        let value = value.map_err(|why| format!("column `{name}`: {why}"))?;
        Ok((name, value))
    });
    fields.collect()
}

fn of_plain(value: Plain) -> Result<Bson, String> {
    Ok(match value {
        Plain::Same(value) => json(value, &|number| match number.as_i64() {
            Some(whole) => i32::try_from(whole).map_or(Bson::Int64(whole), Bson::Int32),
            None => Bson::Double(number.as_f64().unwrap_or(f64::NAN)),
        }),
        Plain::Int32(number) => Bson::Int32(number),
        Plain::Int64(number) => Bson::Int64(number),
        Plain::Double(number) => Bson::Double(number),
        Plain::Bytes(bytes) => Bson::Binary(Binary {
            subtype: BinarySubtype::Generic,
            bytes,
        }),
        Plain::Decimal(text) => digits(&text)?,
        Plain::Date(days) => Bson::DateTime(DateTime::from_millis(i64::from(days) * DAY)),
        Plain::Time(nanos) => Bson::String(time_text(nanos)),
        Plain::Moment(nanos, _) => {
            let millis = i64::try_from(nanos.div_euclid(1_000_000));
            let millis = millis.map_err(|_| "the time is out of every calendar".to_string())?;
            Bson::DateTime(DateTime::from_millis(millis))
        }
        Plain::Uuid(text) => match mongodb::bson::Uuid::parse_str(&text) {
            Ok(uuid) => Bson::Binary(uuid.into()),
            Err(_) => Bson::String(text),
        },
    })
}

fn json(value: Value, number: &dyn Fn(&serde_json::Number) -> Bson) -> Bson {
    match value {
        Value::Null => Bson::Null,
        Value::Bool(flag) => Bson::Boolean(flag),
        Value::Number(found) => number(&found),
        Value::String(text) => Bson::String(text),
        Value::Array(items) => {
            Bson::Array(items.into_iter().map(|item| json(item, number)).collect())
        }
        Value::Object(fields) => {
            let fields = fields.into_iter();
            Bson::Document(
                fields
                    .map(|(name, value)| (name, json(value, number)))
                    .collect(),
            )
        }
    }
}
