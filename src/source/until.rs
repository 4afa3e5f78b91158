//! `until` of a stream, as the file says it: `forever`, a word of the source's own, or a number of messages.

use schemars::{Schema, json_schema};

use crate::error::Problem;
use crate::place::{Node, Value};
use crate::units::parse_count;

/// What was said.
pub(super) enum Said {
    Forever,
    /// The source's own word.
    Word,
    Count(u64),
}

/// Reads it.
///
/// # Errors
/// It is none of the three.
pub(super) fn said(node: &Node, word: &str) -> Result<Said, Problem> {
    let expected = format!("expected `forever`, `{word}` or a number of messages");
    let Value::Scalar { text, .. } = &node.value else {
        return Err(Problem::new(expected));
    };
    match text.as_str() {
        "forever" => Ok(Said::Forever),
        text if text == word => Ok(Said::Word),
        text => parse_count(text)
            .map(Said::Count)
            .map_err(|_| Problem::new(format!("{expected}, found `{text}`"))),
    }
}

/// What editors are told of it.
pub(super) fn schema(word: &str) -> Schema {
    json_schema!({ "anyOf": [{ "enum": ["forever", word] }, { "type": ["integer", "number", "string"] }] })
}
