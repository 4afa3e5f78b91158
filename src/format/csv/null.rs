//! The text for null: `NULL` without quotes is YAML's own null, and what was written is what is meant.

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{Deserialize, Deserializer, Error as _};

use crate::place::{Node, Place, Value};

/// What stands for null: nothing by default.
#[derive(Debug, Clone, Default)]
pub struct NullText {
    /// The text.
    pub text: String,
    /// Where it stands, if it was given.
    pub place: Option<Place>,
}

impl<'de> Deserialize<'de> for NullText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let node = Node::deserialize(deserializer)?;
        let text = match &node.value {
            Value::Scalar { text, .. } => text.clone(),
            Value::Null => spelling(&node.place),
            _ => {
                let found = node.describe();
                return Err(D::Error::custom(format!("expected text, found {found}")));
            }
        };
        Ok(Self {
            text,
            place: Some(node.place),
        })
    }
}

/// How YAML's null is spelt; nothing when nothing is written.
fn spelling(place: &Place) -> String {
    let written = place.written();
    match written.as_str() {
        "null" | "Null" | "NULL" | "~" => written,
        _ => String::new(),
    }
}

impl JsonSchema for NullText {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "NullText".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": ["string", "number", "boolean", "null"], "default": "" })
    }
}
