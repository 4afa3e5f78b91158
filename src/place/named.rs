//! A map whose keys are names that the user chose: in the order of the file, each with its place.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{Deserialize, DeserializeOwned, Deserializer};

use super::placed::all_or_first;
use super::{Node, Place, Placed, Text, Value, carry, decode};
use crate::error::Problem;

/// Named things in the order of the file.
#[derive(Debug, Clone)]
pub struct NamedItems<T>(pub Vec<(Placed<String>, T)>);

impl<T> Default for NamedItems<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T> NamedItems<T> {
    /// The thing of that name.
    pub fn get(&self, name: &str) -> Option<&T> {
        self.0
            .iter()
            .find(|(key, _)| key.value == name)
            .map(|(_, thing)| thing)
    }

    /// The names.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|(key, _)| key.value.as_str())
    }
}

impl<T: DeserializeOwned> NamedItems<T> {
    fn from_node(node: &Node) -> Result<Self, Problem> {
        let entries = match &node.value {
            Value::Map(entries) => entries.as_slice(),
            Value::Null => &[],
            _ => {
                let message = format!("expected a map of names, found {}", node.describe());
                // `name:value` without a blank is one text to YAML, the most frequent way not to
                // write a map.
                let glued = match &node.value {
                    Value::Scalar { text, .. } => text.split_once(':'),
                    _ => None,
                };
                let hint = glued.map_or_else(
                    || "write each name as a key, without a dash: `name: …`".to_string(),
                    |(name, value)| format!("a blank stands after the colon: `{name}: {value}`"),
                );
                return Err(Problem::new(message).at(&node.place).hint(hint));
            }
        };
        let named = entries.iter().map(|(key, value)| {
            let name = Placed {
                value: key.name.clone(),
                place: key.place.clone(),
            };
            Ok((name, decode(value)?))
        });
        all_or_first(named).map(Self)
    }
}

impl<'de, T: DeserializeOwned> Deserialize<'de> for NamedItems<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let node = Node::deserialize(deserializer)?;
        Self::from_node(&node).map_err(carry)
    }
}

/// What is wrong with an empty list, wherever it stands: it says nothing. An empty map of names says that there
/// are none, which is right for `params` and `types`, and is refused where there must be some.
pub fn nothing(place: &Place) -> Problem {
    Problem::new("nothing stands between these brackets")
        .at(place)
        .hint("write what belongs there, or leave out its key")
}

/// No name stands twice in a list.
///
/// # Errors
/// The first that does.
pub fn refuse_doubled(names: &[Placed<Text>]) -> Result<(), Problem> {
    let mut seen = std::collections::HashSet::new();
    match names.iter().find(|name| !seen.insert(name.as_str())) {
        None => Ok(()),
        Some(name) => {
            let message = format!("`{}` is named twice", name.as_str());
            Err(Problem::new(message).at(&name.place).hint("name it once"))
        }
    }
}

/// A list in which every mistake is told, not only the first.
#[derive(Debug, Clone)]
pub struct EachItem<T>(pub Vec<T>);

impl<T> Default for EachItem<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<'de, T: DeserializeOwned> Deserialize<'de> for EachItem<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let node = Node::deserialize(deserializer)?;
        let items = match &node.value {
            Value::List(items) if items.is_empty() => return Err(carry(nothing(&node.place))),
            Value::List(items) => items.as_slice(),
            Value::Null => &[],
            _ => {
                let message = format!("expected a list, found {}", node.describe());
                let hint = "each item begins with a dash: `- file: { … }`";
                return Err(carry(Problem::new(message).at(&node.place).hint(hint)));
            }
        };
        all_or_first(items.iter().map(decode))
            .map(Self)
            .map_err(carry)
    }
}

impl<T: JsonSchema> JsonSchema for EachItem<T> {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> Cow<'static, str> {
        format!("Each{}", T::schema_name()).into()
    }
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        <Vec<T>>::json_schema(generator)
    }
}

impl<T: JsonSchema> JsonSchema for NamedItems<T> {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> Cow<'static, str> {
        format!("Named{}", T::schema_name()).into()
    }
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let thing = generator.subschema_for::<T>();
        json_schema!({ "type": "object", "additionalProperties": thing })
    }
}
