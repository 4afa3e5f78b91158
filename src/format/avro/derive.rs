//! The Avro schema of a table, as JSON, when the user has not written one.

use std::collections::BTreeSet;

use arrow::datatypes::{DataType, Field, TimeUnit};
use serde_json::{Map, Value, json};

use super::schema::is_name;
use super::{NullOrder, Timestamps};
use crate::error::Problem;
use crate::format::Shape;
use crate::format::nested::{entry_fields, item_field, plain_type};
use crate::format::text::TextLeaf;
use crate::type_names::show_type;

/// Makes the schema of one table.
pub struct Derive {
    /// Where null stands in unions.
    pub null_order: NullOrder,
    /// How timestamps are written.
    pub timestamps: Timestamps,
    /// Names of records and fixed types that are taken.
    names: BTreeSet<String>,
    /// What has no Avro type.
    problems: Vec<Problem>,
}

impl Derive {
    /// Nothing is named yet.
    pub fn new(null_order: NullOrder, timestamps: Timestamps) -> Self {
        Self {
            null_order,
            timestamps,
            names: BTreeSet::new(),
            problems: Vec::new(),
        }
    }

    /// The schema of a table's rows.
    ///
    /// # Errors
    /// Every column that has no Avro type or no legal name.
    pub fn record(
        mut self,
        shape: &Shape,
        name: &str,
        namespace: Option<&str>,
    ) -> Result<Value, Vec<Problem>> {
        self.names.insert(name.to_string());
        let mut record = Map::new();
        record.insert("type".into(), "record".into());
        record.insert("name".into(), name.into());
        if let Some(namespace) = namespace {
            record.insert("namespace".into(), namespace.into());
        }
        let fields = shape.schema.fields().iter();
        let fields = fields
            .map(|field| self.field(field, name, field.name()))
            .collect();
        record.insert("fields".into(), Value::Array(fields));
        match self.problems.is_empty() {
            true => Ok(Value::Object(record)),
            false => Err(self.problems),
        }
    }

    /// The schema of a field's values without null, whose named types begin with `name`.
    ///
    /// # Errors
    /// What in it has no Avro type or no legal name.
    pub fn value(mut self, field: &Field, name: &str) -> Result<Value, Vec<Problem>> {
        let schema = self.of(field, name, field.name());
        match self.problems.is_empty() {
            true => Ok(schema),
            false => Err(self.problems),
        }
    }

    /// A field of a record; `path` is the way to it for messages, `parent` the record's name.
    fn field(&mut self, field: &Field, parent: &str, path: &str) -> Value {
        if !is_name(field.name()) {
            self.problems.push(
                Problem::new(format!("`{path}` is not a legal name in Avro")).hint(
                    "use letters, digits and `_`, or rename the column with the sink's `columns:`",
                ),
            );
        }
        let name = format!("{parent}_{}", field.name());
        let kind = self.nullable(field, &name, path);
        let mut object = Map::new();
        object.insert("name".into(), field.name().as_str().into());
        object.insert("type".into(), kind);
        // A default must be of a union's first type, so only null first can have one.
        if field.is_nullable() && self.null_order == NullOrder::First {
            object.insert("default".into(), Value::Null);
        }
        Value::Object(object)
    }

    /// A type, and null where the field allows it. `name` is what a record or a fixed type in it
    /// is called; items and values, which have no names in Avro, are called as their column is.
    fn nullable(&mut self, field: &Field, name: &str, path: &str) -> Value {
        let kind = self.of(field, name, path);
        match (field.is_nullable() && kind != "null", self.null_order) {
            (false, _) => kind,
            (true, NullOrder::First) => json!(["null", kind]),
            (true, NullOrder::Second) => json!([kind, "null"]),
        }
    }

    fn of(&mut self, field: &Field, name: &str, path: &str) -> Value {
        let data_type = plain_type(field.data_type());
        match data_type {
            DataType::Null => "null".into(),
            DataType::Struct(fields) => {
                let name = self.fresh(name);
                let fields: Vec<Value> = fields
                    .iter()
                    .map(|field| self.field(field, &name, &format!("{path}.{}", field.name())))
                    .collect();
                json!({ "type": "record", "name": name, "fields": fields })
            }
            DataType::Map(entries, _) => match entry_fields(entries.data_type()) {
                Some((key, value)) if TextLeaf::of(key) == Some(TextLeaf::Text) => {
                    json!({ "type": "map", "values": self.nullable(value, name, path) })
                }
                _ => self.unsupported(data_type, path, "the keys of Avro's maps are text"),
            },
            DataType::FixedSizeBinary(size) if TextLeaf::of(field) == Some(TextLeaf::Binary) => {
                json!({ "type": "fixed", "name": self.fresh(name), "size": size })
            }
            _ => match item_field(data_type) {
                Some(item) => json!({ "type": "array", "items": self.nullable(item, name, path) }),
                None => self.leaf(field, path),
            },
        }
    }

    fn leaf(&mut self, field: &Field, path: &str) -> Value {
        let data_type = plain_type(field.data_type());
        match data_type {
            DataType::Boolean => "boolean".into(),
            DataType::Int8
            | DataType::Int16
            | DataType::Int32
            | DataType::UInt8
            | DataType::UInt16 => "int".into(),
            DataType::Int64 | DataType::UInt32 => "long".into(),
            // Avro has no unsigned types; as in Spark, twenty digits hold every value.
            DataType::UInt64 => decimal(20, 0),
            DataType::Float32 => "float".into(),
            DataType::Float64 => "double".into(),
            DataType::Decimal32(precision, scale)
            | DataType::Decimal64(precision, scale)
            | DataType::Decimal128(precision, scale)
                if *scale >= 0 =>
            {
                decimal(*precision, *scale)
            }
            DataType::Date32 | DataType::Date64 => logical("int", "date"),
            DataType::Time32(_) => logical("int", "time-millis"),
            DataType::Time64(TimeUnit::Microsecond) => logical("long", "time-micros"),
            DataType::Timestamp(unit, zone) => self.timestamp(*unit, zone.is_some()),
            _ => match TextLeaf::of(field) {
                Some(TextLeaf::Text) => "string".into(),
                Some(TextLeaf::Uuid) => logical("string", "uuid"),
                Some(TextLeaf::Binary) => "bytes".into(),
                _ => self.unsupported(
                    data_type,
                    path,
                    "give it another type, or leave it out with the sink's `columns:`",
                ),
            },
        }
    }

    fn timestamp(&self, unit: TimeUnit, zoned: bool) -> Value {
        let unit = match (self.timestamps, unit) {
            (Timestamps::MillisLong | Timestamps::MicrosLong, _) => return "long".into(),
            (Timestamps::Millis, _) => "millis",
            (Timestamps::Micros, _) => "micros",
            // Avro has no logical type of seconds.
            (Timestamps::Native, TimeUnit::Second | TimeUnit::Millisecond) => "millis",
            (Timestamps::Native, TimeUnit::Microsecond) => "micros",
            (Timestamps::Native, TimeUnit::Nanosecond) => "nanos",
        };
        // Avro's `timestamp-…` is an instant, `local-timestamp-…` a date and a time of day.
        let local = if zoned { "" } else { "local-" };
        logical("long", &format!("{local}timestamp-{unit}"))
    }

    fn fresh(&mut self, name: &str) -> String {
        // A name stands for one type in the whole schema; two structs may be called alike.
        let mut fresh = name.to_string();
        let mut number = 2;
        while !self.names.insert(fresh.clone()) {
            fresh = format!("{name}_{number}");
            number += 1;
        }
        fresh
    }

    fn unsupported(&mut self, data_type: &DataType, path: &str, hint: &str) -> Value {
        let data_type = show_type(data_type);
        let message = format!("column `{path}` has the type {data_type}, which Avro cannot hold");
        self.problems.push(Problem::new(message).hint(hint));
        Value::Null
    }
}

fn decimal(precision: u8, scale: i8) -> Value {
    json!({ "type": "bytes", "logicalType": "decimal", "precision": precision, "scale": scale })
}

fn logical(kind: &str, logical: &str) -> Value {
    json!({ "type": kind, "logicalType": logical })
}
