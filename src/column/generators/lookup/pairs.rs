//! Fields of a reference, each with the column it is compared to.

use schemars::json_schema;

use crate::error::Problem;
use crate::place::{Node, Placed, Text, Value, by_node, decode};

/// `their_field: our_column`, in the order of the file.
#[derive(Debug, Clone, Default)]
pub struct Pairs(pub Vec<(Placed<String>, Placed<Text>)>);

impl Pairs {
    fn from_node(node: &Node) -> Result<Self, Problem> {
        let Value::Map(entries) = &node.value else {
            let found = node.describe();
            let message = format!("expected fields and their columns, found {found}");
            return Err(Problem::new(message)
                .at(&node.place)
                .hint("write `{ their_field: our_column }`"));
        };
        let pairs = entries.iter().map(|(key, node)| {
            let field = Placed {
                value: key.name.clone(),
                place: key.place.clone(),
            };
            Ok((field, decode(node)?))
        });
        pairs.collect::<Result<_, Problem>>().map(Self)
    }
}

by_node!(inline, Pairs, Pairs::from_node, |generator| {
    let column = generator.subschema_for::<Text>();
    json_schema!({ "type": "object", "additionalProperties": column })
});
