//! The text for null: `NULL` without quotes is YAML's own null, and what was written is what is meant.

use schemars::json_schema;

use crate::error::Problem;
use crate::place::{Place, Value, by_node};

/// What stands for null: nothing by default.
#[derive(Debug, Clone, Default)]
pub struct NullText {
    /// The text.
    pub text: String,
    /// Where it stands, if it was given.
    pub place: Option<Place>,
}

/// How YAML's null is spelt; nothing when nothing is written.
fn spelling(place: &Place) -> String {
    // `null: NULL` has lost its spelling in YAML: what the file says at this place is asked.
    let written = place.written();
    match written.as_str() {
        "null" | "Null" | "NULL" | "~" => written,
        _ => String::new(),
    }
}

by_node!(
    inline,
    NullText,
    |node| {
        let text = match &node.value {
            Value::Scalar { text, .. } => text.clone(),
            Value::Null => spelling(&node.place),
            _ => {
                let found = node.describe();
                return Err(Problem::new(format!("expected text, found {found}")));
            }
        };
        Ok(NullText {
            text,
            place: Some(node.place.clone()),
        })
    },
    |_| json_schema!({ "type": ["string", "number", "boolean", "null"], "default": "" })
);
