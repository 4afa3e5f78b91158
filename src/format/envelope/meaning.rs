//! What the values of a column mean: Kafka Connect has a few types, and names for what they stand for.

use std::collections::HashMap;

use serde::Deserialize;
use serde_json::{Map, Value};

/// What the values of a column mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Meaning {
    /// A number, a text or a flag, as it stands.
    Same,
    /// A whole number of at most 32 bits.
    Int32,
    /// A whole number of 64 bits.
    Int64,
    /// A number with a fraction.
    Double,
    /// Bytes, in base64.
    Bytes,
    /// A decimal with so many digits behind the point: bytes in base64.
    Decimal(i8),
    /// Days since 1970.
    Date,
    /// A time of day, in so many parts of a second.
    Time(i64),
    /// A moment without a zone, in so many parts of a second since 1970.
    Timestamp(i64),
    /// A moment as text, in UTC.
    Zoned,
    /// JSON as text.
    Json,
    /// A UUID as text.
    Uuid,
}

/// What the columns of a table mean.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Meanings(HashMap<String, Meaning>);

#[derive(Deserialize)]
struct Connect {
    #[serde(default)]
    fields: Vec<Image>,
}

#[derive(Deserialize)]
struct Image {
    #[serde(default)]
    field: String,
    #[serde(default)]
    fields: Vec<Column>,
}

#[derive(Deserialize)]
struct Column {
    field: String,
    #[serde(rename = "type")]
    kind: Value,
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    parameters: Option<HashMap<String, Value>>,
}

const SECOND: i64 = 1;
const MILLI: i64 = 1_000;
const MICRO: i64 = 1_000_000;
const NANO: i64 = 1_000_000_000;

impl Meaning {
    fn of(column: &Column) -> Self {
        let scale = || {
            let parameters = column.parameters.as_ref()?;
            parameters.get("scale")?.as_str()?.parse().ok()
        };
        match column.name.as_deref().unwrap_or_default() {
            "org.apache.kafka.connect.data.Decimal" => Self::Decimal(scale().unwrap_or(0)),
            "io.debezium.time.Date" | "org.apache.kafka.connect.data.Date" => Self::Date,
            "io.debezium.time.Time" | "org.apache.kafka.connect.data.Time" => Self::Time(MILLI),
            "io.debezium.time.MicroTime" => Self::Time(MICRO),
            "io.debezium.time.NanoTime" => Self::Time(NANO),
            "io.debezium.time.Timestamp" | "org.apache.kafka.connect.data.Timestamp" => {
                Self::Timestamp(MILLI)
            }
            "io.debezium.time.MicroTimestamp" => Self::Timestamp(MICRO),
            "io.debezium.time.NanoTimestamp" => Self::Timestamp(NANO),
            "io.debezium.time.ZonedTimestamp" => Self::Zoned,
            "io.debezium.data.Json" => Self::Json,
            "io.debezium.data.Uuid" => Self::Uuid,
            // A name that is not known here may mean anything: the value stays what its type says.
            _ => match column.kind.as_str().unwrap_or_default() {
                "int8" | "int16" | "int32" => Self::Int32,
                "int64" => Self::Int64,
                "float" | "double" => Self::Double,
                "bytes" => Self::Bytes,
                _ => Self::Same,
            },
        }
    }

    /// As it is written beside a row.
    fn name(self) -> String {
        match self {
            Self::Same => "same".into(),
            Self::Int32 => "int32".into(),
            Self::Int64 => "int64".into(),
            Self::Double => "double".into(),
            Self::Bytes => "bytes".into(),
            Self::Decimal(scale) => format!("decimal({scale})"),
            Self::Date => "date".into(),
            Self::Time(unit) => format!("time({})", unit_name(unit)),
            Self::Timestamp(unit) => format!("timestamp({})", unit_name(unit)),
            Self::Zoned => "timestamp(UTC)".into(),
            Self::Json => "json".into(),
            Self::Uuid => "uuid".into(),
        }
    }

    fn named(name: &str) -> Option<Self> {
        let within = |before: &str| name.strip_prefix(before)?.strip_suffix(')');
        Some(match name {
            "same" => Self::Same,
            "int32" => Self::Int32,
            "int64" => Self::Int64,
            "double" => Self::Double,
            "bytes" => Self::Bytes,
            "date" => Self::Date,
            "json" => Self::Json,
            "uuid" => Self::Uuid,
            "timestamp(UTC)" => Self::Zoned,
            _ => {
                if let Some(scale) = within("decimal(") {
                    Self::Decimal(scale.parse().ok()?)
                } else if let Some(unit) = within("time(") {
                    Self::Time(unit_of(unit)?)
                } else {
                    Self::Timestamp(unit_of(within("timestamp(")?)?)
                }
            }
        })
    }
}

fn unit_name(unit: i64) -> &'static str {
    match unit {
        MILLI => "ms",
        MICRO => "us",
        NANO => "ns",
        _ => "s",
    }
}

fn unit_of(name: &str) -> Option<i64> {
    Some(match name {
        "s" => SECOND,
        "ms" => MILLI,
        "us" => MICRO,
        "ns" => NANO,
        _ => return None,
    })
}

impl Meanings {
    /// Those of the schema beside an envelope. Of one that says nothing of rows, none.
    pub fn of_schema(schema: &str) -> Self {
        let Ok(connect) = serde_json::from_str::<Connect>(schema) else {
            return Self::default();
        };
        let images = connect.fields.into_iter();
        // Either image has the columns of the table; a `delete` has only the one before.
        let mut images = images.filter(|image| ["after", "before"].contains(&image.field.as_str()));
        let columns = images.next_back().map(|image| image.fields);
        let columns = columns.unwrap_or_default().into_iter();
        let meant = columns.map(|column| (column.field.clone(), Meaning::of(&column)));
        Self(
            meant
                .filter(|(_, meaning)| *meaning != Meaning::Same)
                .collect(),
        )
    }

    /// Those that `text` has written.
    pub fn parse(text: &str) -> Self {
        let named: Map<String, Value> = serde_json::from_str(text).unwrap_or_default();
        let meaning = |value: &Value| Meaning::named(value.as_str()?);
        let named = named.iter();
        Self(
            named
                .filter_map(|(name, value)| Some((name.clone(), meaning(value)?)))
                .collect(),
        )
    }

    /// As JSON: `{"total":"decimal(2)"}`, columns that stand as they are left out.
    pub fn text(&self) -> String {
        let mut said: Vec<_> = self.0.iter().collect();
        // In one order, so that equal schemas give equal texts.
        said.sort();
        let said = said
            .into_iter()
            .map(|(name, meaning)| (name.clone(), meaning.name().into()));
        Value::Object(said.collect()).to_string()
    }

    /// What a column means; nothing known is as it stands.
    pub fn of(&self, column: &str) -> Meaning {
        self.0.get(column).copied().unwrap_or(Meaning::Same)
    }

    /// Says what a column means.
    pub fn say(&mut self, column: &str, meaning: Meaning) {
        self.0.insert(column.into(), meaning);
    }
}
