//! What the values of a column are in an envelope: Kafka Connect has a few types, and names for what they mean.

use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, StringArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Decimal128Type, Field, TimeUnit};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::Decimals;
use crate::error::Result;
use crate::format::json::each_text;
use crate::format::text::TextLeaf;
use crate::kernel::decimal::shortest;

/// How a column is told.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Told {
    /// The type of Kafka Connect.
    pub(super) connect: &'static str,
    /// What its values mean, where that is not the type.
    pub(super) name: Option<&'static str>,
    /// Digits behind the point, and all of them: of decimals that are bytes.
    pub(super) digits: Option<(i8, u8)>,
    becomes: Becomes,
}

/// What becomes of the values before they are written as JSON.
#[derive(Debug, Clone, PartialEq)]
enum Becomes {
    /// Nothing.
    Same,
    /// Values of these types, one after the other.
    Cast(Vec<DataType>),
    /// The bytes of decimals, in base64.
    Unscaled(DataType),
    /// Bytes, in base64.
    Base64,
    /// The text of their JSON.
    Json,
}

impl Told {
    pub(super) fn new(field: &Field, decimals: Decimals) -> Self {
        let plain = match field.data_type() {
            DataType::Dictionary(_, values) => values.as_ref(),
            other => other,
        };
        let same = |connect| Self::of_type(connect, None, Becomes::Same);
        let cast =
            |connect, to: &[DataType]| Self::of_type(connect, None, Becomes::Cast(to.to_vec()));
        match plain {
            _ if TextLeaf::of(field) == Some(TextLeaf::Uuid) => {
                Self::of_type("string", Some("io.debezium.data.Uuid"), Becomes::Same)
            }
            DataType::Boolean => same("boolean"),
            DataType::Int8 => same("int8"),
            DataType::Int16 => same("int16"),
            DataType::UInt8 => cast("int16", &[DataType::Int16]),
            DataType::Int32 => same("int32"),
            DataType::UInt16 => cast("int32", &[DataType::Int32]),
            DataType::Int64 => same("int64"),
            DataType::UInt32 => cast("int64", &[DataType::Int64]),
            // Kafka Connect has no numbers without a sign. Twenty digits hold every one of 64 bits.
            DataType::UInt64 => Self::decimal(20, 0, decimals),
            DataType::Float16 | DataType::Float32 => same("float"),
            DataType::Float64 => same("double"),
            DataType::Decimal32(precision, scale)
            | DataType::Decimal64(precision, scale)
            | DataType::Decimal128(precision, scale) => Self::decimal(*precision, *scale, decimals),
            other if other.is_temporal() => Self::time(other),
            other if other.is_nested() => {
                Self::of_type("string", Some("io.debezium.data.Json"), Becomes::Json)
            }
            other
                if matches!(
                    TextLeaf::of(&Field::new("", other.clone(), true)),
                    Some(TextLeaf::Binary)
                ) =>
            {
                Self::of_type("bytes", None, Becomes::Base64)
            }
            _ => same("string"),
        }
    }

    fn of_type(connect: &'static str, name: Option<&'static str>, becomes: Becomes) -> Self {
        Self {
            connect,
            name,
            digits: None,
            becomes,
        }
    }

    fn decimal(precision: u8, scale: i8, decimals: Decimals) -> Self {
        let wide = DataType::Decimal128(precision, scale);
        match decimals {
            Decimals::Precise => Self {
                digits: Some((scale, precision)),
                ..Self::of_type(
                    "bytes",
                    Some("org.apache.kafka.connect.data.Decimal"),
                    Becomes::Unscaled(wide),
                )
            },
            Decimals::String => {
                Self::of_type("string", None, Becomes::Cast(vec![wide, DataType::Utf8]))
            }
            Decimals::Double => {
                Self::of_type("double", None, Becomes::Cast(vec![wide, DataType::Float64]))
            }
        }
    }

    /// Dates, times of day and moments; those with a zone are text.
    fn time(data_type: &DataType) -> Self {
        use TimeUnit::{Microsecond, Millisecond, Nanosecond, Second};
        let number = |connect, name, to: Vec<DataType>| {
            Self::of_type(connect, Some(name), Becomes::Cast(to))
        };
        let millis = DataType::Timestamp(Millisecond, None);
        match data_type {
            DataType::Date32 => number("int32", "io.debezium.time.Date", vec![DataType::Int32]),
            DataType::Time32(_) => number(
                "int32",
                "io.debezium.time.Time",
                vec![DataType::Time32(Millisecond), DataType::Int32],
            ),
            DataType::Time64(Nanosecond) => {
                number("int64", "io.debezium.time.NanoTime", vec![DataType::Int64])
            }
            DataType::Time64(_) => {
                number("int64", "io.debezium.time.MicroTime", vec![DataType::Int64])
            }
            DataType::Timestamp(Microsecond, None) => number(
                "int64",
                "io.debezium.time.MicroTimestamp",
                vec![DataType::Int64],
            ),
            DataType::Timestamp(Nanosecond, None) => number(
                "int64",
                "io.debezium.time.NanoTimestamp",
                vec![DataType::Int64],
            ),
            DataType::Timestamp(Second | Millisecond, None) | DataType::Date64 => number(
                "int64",
                "io.debezium.time.Timestamp",
                vec![millis, DataType::Int64],
            ),
            DataType::Timestamp(_, Some(_)) => Self::of_type(
                "string",
                Some("io.debezium.time.ZonedTimestamp"),
                Becomes::Same,
            ),
            // Lengths of time have no unit there: nanoseconds.
            _ => Self::of_type("string", None, Becomes::Cast(vec![DataType::Utf8])),
        }
    }

    /// The column as it is told.
    pub(super) fn field(&self, field: &Field) -> Field {
        let data_type = match &self.becomes {
            Becomes::Same => return field.clone().with_nullable(true),
            Becomes::Cast(to) => to.last().unwrap_or(field.data_type()).clone(),
            Becomes::Unscaled(_) | Becomes::Base64 | Becomes::Json => DataType::Utf8,
        };
        Field::new(field.name(), data_type, true)
    }

    /// The values as they are told.
    ///
    /// # Errors
    /// Arrow cannot make one of the other.
    pub(super) fn of(&self, values: &ArrayRef) -> Result<ArrayRef> {
        match &self.becomes {
            Becomes::Same => Ok(values.clone()),
            Becomes::Cast(to) => {
                let step = |values: ArrayRef, to: &DataType| Ok(cast(&values, to)?);
                to.iter().try_fold(values.clone(), step)
            }
            Becomes::Unscaled(wide) => {
                let wide = cast(values, wide)?;
                let numbers = wide.as_primitive::<Decimal128Type>().iter();
                // As Java's `BigInteger` gives its bytes: without those that only repeat the sign.
                let text = |number: i128| STANDARD.encode(shortest(&number.to_be_bytes()));
                Ok(Arc::new(
                    numbers
                        .map(|number| number.map(text))
                        .collect::<StringArray>(),
                ))
            }
            Becomes::Base64 => {
                let bytes = cast(values, &DataType::Binary)?;
                let bytes = bytes.as_binary::<i32>().iter();
                Ok(Arc::new(
                    bytes
                        .map(|one| one.map(|one| STANDARD.encode(one)))
                        .collect::<StringArray>(),
                ))
            }
            Becomes::Json => each_text(values),
        }
    }
}
