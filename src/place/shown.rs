//! Text that reports and messages show to all who may read them.

use super::{Node, Text, by_node, decode};
use crate::error::Problem;

/// Text that is shown, such as a name: no secret may be in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShownText(pub String);

by_node!(
    inline,
    ShownText,
    |node| {
        no_secret(node, |secret| {
            let message = format!("`{secret}` is a secret, and this text is shown");
            let hint =
                "whoever reads the log or the report would read it: write one that may be shown";
            Problem::new(message).hint(hint)
        })?;
        decode::<Text>(node).map(|text| ShownText(text.0))
    },
    <Text as schemars::JsonSchema>::json_schema,
);

/// Refuses a text that has a secret in it.
pub(super) fn no_secret(node: &Node, told: impl FnOnce(&str) -> Problem) -> Result<(), Problem> {
    node.place
        .secret()
        .map_or(Ok(()), |secret| Err(told(secret)))
}
