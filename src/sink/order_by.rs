//! `order_by`: a column in whose order rows come, by its name or with more said of it.

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;
use serde::de::Deserializer;

use crate::place::{Node, Placed, Text, Value, carry, decode};

/// A column in whose order rows come: `l_shipdate`, or `{ column: l_shipdate, order: desc, nulls: first }`.
#[derive(Debug, Clone)]
pub struct OrderBy {
    /// The column.
    pub column: Placed<Text>,
    /// From the greatest value to the least.
    pub descending: bool,
    /// Nulls come before all values.
    pub nulls_first: bool,
}

/// A column and how its values follow each other.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct OrderOptions {
    /// The column; hidden ones may order, too.
    column: Placed<Text>,
    /// From the least value to the greatest (asc, the default) or back (desc).
    #[serde(default)]
    order: Direction,
    /// Where nulls stand: last (the default) or first.
    #[serde(default)]
    nulls: NullPlace,
}

/// Which way values go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Direction {
    /// From the least to the greatest.
    #[default]
    Asc,
    /// From the greatest to the least.
    Desc,
}

/// Where nulls stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum NullPlace {
    /// Behind all values.
    #[default]
    Last,
    /// Before all values.
    First,
}

impl<'de> Deserialize<'de> for OrderBy {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let node = Node::deserialize(deserializer)?;
        let options = match &node.value {
            Value::Scalar { .. } => decode(&node).map(|column| OrderOptions {
                column,
                order: Direction::default(),
                nulls: NullPlace::default(),
            }),
            _ => decode(&node),
        };
        let options: OrderOptions = options.map_err(carry)?;
        Ok(Self {
            column: options.column,
            descending: options.order == Direction::Desc,
            nulls_first: options.nulls == NullPlace::First,
        })
    }
}

impl JsonSchema for OrderBy {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "OrderBy".into()
    }
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let name = generator.subschema_for::<Text>();
        let options = generator.subschema_for::<OrderOptions>();
        json_schema!({
            "description": "A column in whose order rows come.",
            "anyOf": [name, options]
        })
    }
}
