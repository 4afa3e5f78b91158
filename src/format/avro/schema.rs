//! Avro schemas: parsed from their JSON, named types resolved.

use std::collections::BTreeMap;

use serde_json::Value;

/// A type as it is written.
#[derive(Debug, Clone, PartialEq)]
pub enum Type {
    /// `null`.
    Null,
    /// `boolean`.
    Boolean,
    /// `int`, 32 bits.
    Int,
    /// `long`, 64 bits.
    Long,
    /// `float`.
    Float,
    /// `double`.
    Double,
    /// `bytes`.
    Bytes,
    /// `string`.
    Text,
    /// `fixed` of so many bytes.
    Fixed(usize),
    /// `enum` with its symbols.
    Enum(Vec<String>),
    /// `array` of items.
    Array(Box<Schema>),
    /// `map` from text to values.
    Map(Box<Schema>),
    /// `record` with its fields in order.
    Record(Vec<(String, Schema)>),
}

/// What the bytes of a type mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Logical {
    /// `decimal`.
    Decimal {
        /// Digits in all.
        precision: u8,
        /// Digits after the point.
        scale: i8,
    },
    /// `uuid`.
    Uuid,
    /// `date`.
    Date,
    /// `time-millis`, `time-micros`: units a second.
    Time(i64),
    /// `timestamp-…`, `local-timestamp-…`: units a second.
    Timestamp(i64),
}

/// A type, its meaning, and how null goes with it.
#[derive(Debug, Clone, PartialEq)]
pub struct Schema {
    /// The type.
    pub kind: Type,
    /// Its meaning, when it has one that is known here.
    pub logical: Option<Logical>,
    /// The branches of its union with null; none when null is not allowed.
    pub union: Option<Branches>,
}

/// The place of the value and of null in a union, as they are encoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Branches {
    /// The byte before a value.
    pub value: u8,
    /// The byte that is null.
    pub null: u8,
}

/// The branches of `["null", T]`.
// Branches are numbered as zigzag varints: 0 is the first, 2 the second.
pub const NULL_FIRST: Branches = Branches { value: 2, null: 0 };
/// The branches of `[T, "null"]`.
pub const NULL_SECOND: Branches = Branches { value: 0, null: 2 };

struct Parser {
    named: BTreeMap<String, Option<Schema>>,
}

/// Parses a schema.
///
/// # Errors
/// What in it is not Avro, or not something that rowgen writes.
pub fn parse(json: &Value) -> Result<Schema, String> {
    let mut parser = Parser {
        named: BTreeMap::new(),
    };
    parser.schema(json, "")
}

/// True for what Avro allows as a name.
pub fn is_name(text: &str) -> bool {
    let first = |c: char| c.is_ascii_alphabetic() || c == '_';
    text.starts_with(first) && text.chars().all(|c| first(c) || c.is_ascii_digit())
}

impl Parser {
    fn schema(&mut self, json: &Value, space: &str) -> Result<Schema, String> {
        match json {
            Value::String(name) => self.by_name(name, space),
            Value::Array(branches) => self.union(branches, space),
            Value::Object(object) => match object.get("type") {
                Some(Value::String(name)) => self.complex(name, json, space),
                Some(inner) => self.schema(inner, space),
                None => Err(format!("`{json}` has no `type`")),
            },
            _ => Err(format!("`{json}` is not a type")),
        }
    }

    fn by_name(&self, name: &str, space: &str) -> Result<Schema, String> {
        let kind = match name {
            "null" => Type::Null,
            "boolean" => Type::Boolean,
            "int" => Type::Int,
            "long" => Type::Long,
            "float" => Type::Float,
            "double" => Type::Double,
            "bytes" => Type::Bytes,
            "string" => Type::Text,
            _ => {
                return match self.named.get(&full_name(name, space)) {
                    Some(Some(schema)) => Ok(schema.clone()),
                    // A name is noted without its schema while its own fields are read, so that a
                    // circle is seen as one.
                    Some(None) => Err(format!("`{name}` holds itself, which rowgen cannot write")),
                    None => Err(format!(
                        "`{name}` is not a type that is defined before its use"
                    )),
                };
            }
        };
        Ok(plain(kind))
    }

    fn union(&mut self, branches: &[Value], space: &str) -> Result<Schema, String> {
        let is_null = |branch: &Value| branch.as_str() == Some("null");
        let (value, union) = match branches {
            [only] => return self.schema(only, space),
            [null, value] if is_null(null) => (value, NULL_FIRST),
            [value, null] if is_null(null) => (value, NULL_SECOND),
            _ => {
                let written = Value::Array(branches.to_vec());
                return Err(format!(
                    "the union {written} is not one of null and one other type"
                ));
            }
        };
        Ok(Schema {
            union: Some(union),
            ..self.schema(value, space)?
        })
    }

    fn complex(&mut self, name: &str, json: &Value, space: &str) -> Result<Schema, String> {
        let kind = match name {
            "array" => Type::Array(Box::new(self.schema(&json["items"], space)?)),
            "map" => Type::Map(Box::new(self.schema(&json["values"], space)?)),
            "fixed" | "enum" | "record" => return self.define(name, json, space),
            _ => {
                let named = self.by_name(name, space)?;
                // A name with more said of it, such as `{ "type": "long", "logicalType":
                // "timestamp-millis" }`.
                let schema = with_logical(named.kind, json);
                let logical = schema.logical.or(named.logical);
                return Ok(Schema { logical, ..schema });
            }
        };
        Ok(plain(kind))
    }

    fn define(&mut self, kind: &str, json: &Value, space: &str) -> Result<Schema, String> {
        let name = json["name"].as_str().unwrap_or_default();
        let space = json["namespace"].as_str().unwrap_or(space);
        let full = full_name(name, space);
        if name.is_empty() || !full.split('.').all(is_name) {
            return Err(format!("`{full}` is not a legal name of a {kind}"));
        }
        let space = full
            .rsplit_once('.')
            .map_or("", |(space, _)| space)
            .to_string();
        // Before its fields are read: a record that holds itself is seen then.
        if self.named.insert(full.clone(), None).is_some() {
            return Err(format!("the name `{full}` is defined twice"));
        }
        let schema = with_logical(self.named_type(kind, json, &space)?, json);
        self.named.insert(full, Some(schema.clone()));
        Ok(schema)
    }

    fn named_type(&mut self, kind: &str, json: &Value, space: &str) -> Result<Type, String> {
        let list = |key: &str| match json[key].as_array() {
            Some(items) => Ok(items.as_slice()),
            None => Err(format!(
                "the {kind} `{}` has no `{key}`",
                json["name"].as_str().unwrap_or_default()
            )),
        };
        match kind {
            "fixed" => match json["size"].as_u64() {
                Some(size) => Ok(Type::Fixed(size as usize)),
                None => Err(format!("the fixed {} has no `size`", json["name"])),
            },
            "enum" => {
                let symbols = list("symbols")?.iter();
                let symbols = symbols.map(|symbol| symbol.as_str().unwrap_or_default().to_string());
                Ok(Type::Enum(symbols.collect()))
            }
            _ => {
                let mut fields: Vec<(String, Schema)> = Vec::new();
                for field in list("fields")? {
                    let name = field["name"].as_str().unwrap_or_default();
                    if !is_name(name) {
                        return Err(format!("`{name}` is not a legal name of a field"));
                    }
                    if fields.iter().any(|(other, _)| other == name) {
                        return Err(format!("the field `{name}` stands twice in one record"));
                    }
                    let schema = self
                        .schema(&field["type"], space)
                        .map_err(|fault| format!("in the field `{name}`: {fault}"))?;
                    fields.push((name.to_string(), schema));
                }
                Ok(Type::Record(fields))
            }
        }
    }
}

fn plain(kind: Type) -> Schema {
    Schema {
        kind,
        logical: None,
        union: None,
    }
}

fn full_name(name: &str, space: &str) -> String {
    if name.contains('.') || space.is_empty() {
        name.to_string()
    } else {
        format!("{space}.{name}")
    }
}

/// As Avro asks, a logical type that is unknown or does not fit its type is passed over.
fn with_logical(kind: Type, json: &Value) -> Schema {
    let logical = json["logicalType"].as_str().unwrap_or_default();
    let logical = match (logical, &kind) {
        ("decimal", Type::Bytes | Type::Fixed(_)) => {
            let digits = |key: &str| {
                json[key]
                    .as_u64()
                    .and_then(|digits| i8::try_from(digits).ok())
            };
            digits("precision").map(|precision| Logical::Decimal {
                precision: precision.unsigned_abs(),
                scale: digits("scale").unwrap_or(0),
            })
        }
        ("uuid", Type::Text | Type::Fixed(16)) => Some(Logical::Uuid),
        ("date", Type::Int) => Some(Logical::Date),
        ("time-millis", Type::Int) => Some(Logical::Time(1000)),
        ("time-micros", Type::Long) => Some(Logical::Time(1_000_000)),
        (name, Type::Long) => match name.strip_prefix("local-").unwrap_or(name) {
            "timestamp-millis" => Some(Logical::Timestamp(1000)),
            "timestamp-micros" => Some(Logical::Timestamp(1_000_000)),
            "timestamp-nanos" => Some(Logical::Timestamp(1_000_000_000)),
            _ => None,
        },
        _ => None,
    };
    Schema {
        logical,
        ..plain(kind)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str) -> Result<Schema, String> {
        parse(&serde_json::from_str(text).unwrap())
    }

    #[test]
    fn named_types_are_found_in_their_namespace() {
        let schema = check(
            r#"{"type":"record","name":"A","namespace":"n","fields":[
                {"name":"x","type":{"type":"fixed","name":"F","size":4}},
                {"name":"y","type":["n.F","null"]}, {"name":"z","type":"F"}]}"#,
        );
        let Type::Record(fields) = schema.unwrap().kind else {
            panic!("a record was written");
        };
        assert_eq!(fields[1].1.kind, Type::Fixed(4));
        assert_eq!(fields[1].1.union, Some(NULL_SECOND));
        assert_eq!(fields[2].1, fields[0].1);
    }

    #[test]
    fn what_cannot_be_written_is_refused() {
        for (text, fault) in [
            (
                r#""strin""#,
                "`strin` is not a type that is defined before its use",
            ),
            (
                r#"["int","string"]"#,
                r#"the union ["int","string"] is not one of null and one other type"#,
            ),
            (
                r#"{"type":"record","name":"A","fields":[{"name":"a","type":"A"}]}"#,
                "in the field `a`: `A` holds itself, which rowgen cannot write",
            ),
            (
                r#"{"type":"record","name":"A B","fields":[]}"#,
                "`A B` is not a legal name of a record",
            ),
            (
                r#"{"type":"enum","name":"E"}"#,
                "the enum `E` has no `symbols`",
            ),
            (
                r#"{"type":"record","name":"A","fields":[{"name":"a","type":"int"},{"name":"a","type":"int"}]}"#,
                "the field `a` stands twice in one record",
            ),
        ] {
            assert_eq!(check(text).unwrap_err(), fault);
        }
    }

    #[test]
    fn unknown_meanings_are_passed_over() {
        let schema = check(r#"{"type":"long","logicalType":"stardate"}"#).unwrap();
        assert_eq!(schema, plain(Type::Long));
    }
}
