//! The leaf types of a pipeline file: each is read from one value and says what it expected.

use std::fmt;
use std::ops::Deref;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{Deserialize, Deserializer};

use super::{Node, Value, by_node, parsed};
use crate::error::Problem;
use crate::units;

/// Text; a number is taken as it is spelt.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Text(pub String);

/// Text that is never shown.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(pub String);

/// How many: `100_000`, `1e9`, `1M`, `"${scale} * 6_000_000"`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Count(pub u64);

/// A number of bytes: `512MiB`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bytes(pub u64);

/// A length of time: `90s`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Duration(pub std::time::Duration);

/// Events a second: `2000/s`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rate(pub f64);

/// `true` or `false`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Flag(pub bool);

/// A finite number.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Number(pub f64);

/// One value whose meaning the column's type decides: a number, a date, text, or `null`.
#[derive(Debug, Clone)]
pub struct Scalar {
    /// As it is spelt; nothing for `null`.
    pub text: Option<String>,
    /// Written without quotes.
    pub plain: bool,
    /// It had `${…}`: what numbers make of it may be a sum.
    pub filled: bool,
    /// Where it stands.
    pub place: super::Place,
}

/// One value or a list of them.
#[derive(Debug, Clone)]
pub struct OneOrMany<T>(pub Vec<T>);

macro_rules! leaf {
    ($name:ident, $inner:ty, $parse:expr, $schema:tt) => {
        // Always as text, also what YAML calls a number: `1e9` or `100_000` would be floats, or text,
        // there.
        by_node!(
            inline,
            $name,
            |node| parsed(node, $parse).map($name),
            |_| json_schema!($schema)
        );
        impl Deref for $name {
            type Target = $inner;
            fn deref(&self) -> &$inner {
                &self.0
            }
        }
    };
}

leaf!(Text, String, |text| Ok(text.to_string()), { "type": ["string", "number", "boolean"] });
leaf!(Secret, String, |text| Ok(text.to_string()), { "type": "string", "description": "a secret, from the environment: ${env:NAME}" });
leaf!(Count, u64, units::parse_count, { "type": ["integer", "number", "string"], "description": "a count: 100_000, 1e9, 1M" });
leaf!(Bytes, u64, units::parse_bytes, { "type": "string", "description": "bytes with their unit: 512MiB" });
leaf!(Duration, std::time::Duration, units::parse_duration, { "type": "string", "description": "a duration with its unit: 90s" });
leaf!(Rate, f64, units::parse_rate, { "type": "string", "description": "a rate with its unit: 2000/s" });
leaf!(Flag, bool, parse_flag, { "type": ["boolean", "string"] });
leaf!(Number, f64, parse_number, { "type": ["number", "string"] });

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

fn parse_flag(text: &str) -> Result<bool, String> {
    match text {
        "true" => Ok(true),
        "false" => Ok(false),
        _ => Err(format!("expected `true` or `false`, found `{text}`")),
    }
}

fn parse_number(text: &str) -> Result<f64, String> {
    match text.replace('_', "").parse::<f64>() {
        Ok(number) if number.is_finite() => Ok(number),
        _ => Err(format!("expected a number, found `{text}`")),
    }
}

/// `issue #12`: what stands behind ` #` is no part of the value.
fn hides(text: &str, hidden: &str) -> Problem {
    let message = format!("` #` begins a comment of YAML: the value is `{text}`");
    Problem::new(message).hint(format!(
        "quote the whole text if `{hidden}` is a part of it, or write a blank after `#`"
    ))
}

by_node!(
    inline,
    Scalar,
    |node| {
        let place = node.place.clone();
        match &node.value {
            Value::Null => Ok(Scalar {
                text: None,
                plain: true,
                filled: false,
                place,
            }),
            Value::Scalar {
                text,
                plain,
                filled,
            } => match plain.then(|| place.hidden_text()).flatten() {
                Some(hidden) => Err(hides(text, &hidden).at(&place)),
                None => Ok(Scalar {
                    text: Some(text.clone()),
                    plain: *plain,
                    filled: *filled,
                    place,
                }),
            },
            _ => Err(Problem::new(format!(
                "expected one value, found {}",
                node.describe()
            ))),
        }
    },
    |_| json_schema!({ "type": ["string", "number", "boolean", "null"] })
);

impl<'de, T: serde::de::DeserializeOwned> Deserialize<'de> for OneOrMany<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let node = Node::deserialize(deserializer)?;
        let many: Result<Vec<T>, _> = match &node.value {
            Value::List(items) if items.is_empty() => Err(super::nothing(&node.place)),
            Value::List(items) => items.iter().map(super::decode).collect(),
            _ => super::decode(&node).map(|one| vec![one]),
        };
        many.map(OneOrMany).map_err(super::carry)
    }
}

impl<T: JsonSchema> JsonSchema for OneOrMany<T> {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> std::borrow::Cow<'static, str> {
        format!("OneOrMany{}", T::schema_name()).into()
    }
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let one = generator.subschema_for::<T>();
        json_schema!({ "anyOf": [one, { "type": "array", "items": one }] })
    }
}
