//! From a placed tree to option structs: a strict serde deserializer whose errors know their place.

#[cfg(test)]
mod tests;

use std::fmt;

use serde::de::{
    self, DeserializeOwned, DeserializeSeed, Deserializer, EnumAccess, MapAccess, SeqAccess,
    VariantAccess, Visitor, value::StrDeserializer,
};

use super::named::nothing;
use super::placed::{also, hand, is_handed, take_also, take_carried};
use super::{MapKey, Node, Value};
use crate::error::{Problem, did_you_mean};

/// Decodes a node into `T`: unknown keys, wrong types and missing keys are problems with a place.
///
/// # Errors
/// The first mistake found, in the order of the file.
pub fn decode<T: DeserializeOwned>(node: &Node) -> Result<T, Problem> {
    T::deserialize(NodeDecoder(node)).map_err(|problem| problem.at(&node.place))
}

/// Decodes a node into `T`, and tells every mistake that one can be told beside the others: of each
/// named thing, of each item, of each unknown key.
///
/// # Errors
/// At least one.
pub fn decode_all<T: DeserializeOwned>(node: &Node) -> Result<T, Vec<Problem>> {
    // What an earlier decoding on this thread left is not told as a mistake of this file.
    take_also();
    decode(node).map_err(|problem| {
        let mut problems = take_also();
        problems.push(problem);
        problems
    })
}

struct NodeDecoder<'a>(&'a Node);

impl NodeDecoder<'_> {
    fn text<'t>(&'t self, expected: &str) -> Result<&'t str, Problem> {
        match &self.0.value {
            Value::Scalar { text, .. } => Ok(text),
            _ => Err(self.unexpected(expected).maybe_hint(self.quotes())),
        }
    }

    /// `{id}` where text is wanted: a map to YAML, meant as text.
    fn quotes(&self) -> Option<String> {
        match &self.0.value {
            Value::Map(entries) => match entries.as_slice() {
                [
                    (
                        key,
                        Node {
                            value: Value::Null, ..
                        },
                    ),
                ] => Some(format!(
                    "text that begins with `{{` must be quoted: \"{{{}}}\"",
                    key.name
                )),
                _ => None,
            },
            _ => None,
        }
    }

    fn unexpected(&self, expected: &str) -> Problem {
        Problem::new(format!("expected {expected}, found {}", self.0.describe())).at(&self.0.place)
    }

    fn integer(&self) -> Result<i128, Problem> {
        let expected = "a whole number";
        let text = self.text(expected)?.replace('_', "");
        text.parse().map_err(|_| self.unexpected(expected))
    }

    fn unsigned(&self) -> Result<u64, Problem> {
        u64::try_from(self.integer()?).map_err(|_| self.unexpected("a whole number from 0"))
    }

    fn signed(&self) -> Result<i64, Problem> {
        i64::try_from(self.integer()?).map_err(|_| self.unexpected("a whole number of 64 bits"))
    }

    fn float(&self) -> Result<f64, Problem> {
        let text = self.text("a number")?.replace('_', "");
        match text.parse::<f64>() {
            Ok(number) if number.is_finite() => Ok(number),
            _ => Err(self.unexpected("a number")),
        }
    }

    fn entries<'de, V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Problem> {
        let entries = match &self.0.value {
            Value::Map(entries) => entries.as_slice(),
            Value::Null => &[],
            _ => {
                let hint = "write its options by their names: `{ name: value }`";
                return Err(self.unexpected("a map").hint(hint));
            }
        };
        let access = Entries {
            entries: entries.iter(),
            value: None,
        };
        visitor
            .visit_map(access)
            .map_err(|problem| problem.at(&self.0.place))
    }

    fn check_keys(&self, fields: &[&'static str]) -> Result<(), Problem> {
        let Value::Map(entries) = &self.0.value else {
            return Ok(());
        };
        let unknown = entries
            .iter()
            .filter(|(key, _)| !fields.contains(&key.name.as_str()));
        let braces = self.quotes();
        let mut unknown = unknown.map(|(key, _)| unknown_key(key, fields, braces.clone()));
        let first = unknown.next();
        // serde's errors are single ones: the others are noted beside the one that is returned.
        unknown.for_each(also);
        first.map_or(Ok(()), Err)
    }
}

fn unknown_key(key: &MapKey, known: &[&'static str], braces: Option<String>) -> Problem {
    let near = did_you_mean(&key.name, known.iter().copied());
    let all = match known {
        [] => "no keys are allowed here".to_string(),
        _ => format!("the keys here are {}", list(known)),
    };
    Problem::new(format!("unknown key `{}`", key.name))
        .at(&key.place)
        .hint(near.or(braces).unwrap_or(all))
}

fn list(names: &[&str]) -> String {
    let quoted: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    quoted.join(", ")
}

impl de::Error for Problem {
    fn custom<T: fmt::Display>(message: T) -> Self {
        // A derived `Deserialize` is generic in its error and passes on only a text: by it a
        // problem with its place is found again, see `carry`.
        let message = message.to_string();
        take_carried(&message).unwrap_or_else(|| Problem::new(message))
    }
    fn missing_field(field: &'static str) -> Self {
        let problem = Problem::new(format!("the key `{field}` is missing"));
        match field {
            "version" => problem.hint("begin the file with the line `version: 1`"),
            _ => problem,
        }
    }
    fn unknown_variant(variant: &str, expected: &'static [&'static str]) -> Self {
        Problem::new(format!("unknown name `{variant}`")).hint(
            did_you_mean(variant, expected.iter().copied())
                .unwrap_or_else(|| format!("the names here are {}", list(expected))),
        )
    }
}

macro_rules! numbers {
    ($($method:ident $read:ident $visit:ident),*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Problem> {
            let number = self.$read()?;
            visitor.$visit(number).map_err(|problem: Problem| problem.at(&self.0.place))
        }
    )*};
}

impl<'de> Deserializer<'de> for NodeDecoder<'_> {
    type Error = Problem;

    numbers! {
        deserialize_u8 unsigned visit_u64, deserialize_u16 unsigned visit_u64,
        deserialize_u32 unsigned visit_u64, deserialize_u64 unsigned visit_u64,
        deserialize_i8 signed visit_i64, deserialize_i16 signed visit_i64,
        deserialize_i32 signed visit_i64, deserialize_i64 signed visit_i64,
        deserialize_f32 float visit_f64, deserialize_f64 float visit_f64
    }

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Problem> {
        match &self.0.value {
            Value::Null => visitor.visit_unit(),
            Value::Scalar { .. } => self.deserialize_str(visitor),
            Value::List(_) => self.deserialize_seq(visitor),
            Value::Map(_) => self.entries(visitor),
        }
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Problem> {
        match self.text("`true` or `false`")? {
            "true" => visitor.visit_bool(true),
            "false" => visitor.visit_bool(false),
            _ => Err(self.unexpected("`true` or `false`")),
        }
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Problem> {
        let text = self.text("text")?;
        visitor
            .visit_str(text)
            .map_err(|problem: Problem| problem.at(&self.0.place))
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Problem> {
        self.deserialize_str(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Problem> {
        match self.0.value {
            Value::Null => visitor.visit_none(),
            _ => visitor.visit_some(self),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Problem> {
        if is_handed(name) {
            hand(self.0);
        }
        let place = self.0.place.clone();
        visitor
            .visit_newtype_struct(self)
            .map_err(|problem: Problem| problem.at(&place))
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Problem> {
        match &self.0.value {
            Value::List(items) if items.is_empty() => Err(nothing(&self.0.place)),
            Value::List(items) => visitor
                .visit_seq(ListItems(items.iter()))
                .map_err(|problem| problem.at(&self.0.place)),
            _ => Err(self.unexpected("a list")),
        }
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Problem> {
        self.entries(visitor)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Problem> {
        self.check_keys(fields)?;
        self.entries(visitor)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Problem> {
        let (name, place, content) = match &self.0.value {
            Value::Scalar { text, .. } => (text, &self.0.place, None),
            Value::Map(entries) => match entries.as_slice() {
                [(key, content)] => (&key.name, &key.place, Some(content)),
                [_, (second, _), ..] => {
                    return Err(Problem::new(format!(
                        "`{}` is one kind too many: exactly one is allowed here",
                        second.name
                    ))
                    .at(&second.place));
                }
                [] => return Err(self.unexpected(&format!("one of {}", list(variants)))),
            },
            _ => return Err(self.unexpected(&format!("one of {}", list(variants)))),
        };
        // A kind that is written alone, `- jsonl`, has all its options at their defaults.
        let content = content.cloned().unwrap_or_else(|| self.0.defaults());
        let variant = Variant { name, content };
        visitor
            .visit_enum(variant)
            .map_err(|problem| problem.at(place))
    }

    serde::forward_to_deserialize_any! {
        i128 u128 char bytes byte_buf unit unit_struct tuple tuple_struct identifier ignored_any
    }
}

struct ListItems<'a>(std::slice::Iter<'a, Node>);

impl<'de> SeqAccess<'de> for ListItems<'_> {
    type Error = Problem;
    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, Problem> {
        let Some(node) = self.0.next() else {
            return Ok(None);
        };
        seed.deserialize(NodeDecoder(node))
            .map(Some)
            .map_err(|problem| problem.at(&node.place))
    }
}

struct Entries<'a> {
    entries: std::slice::Iter<'a, (MapKey, Node)>,
    value: Option<&'a Node>,
}

impl<'de> MapAccess<'de> for Entries<'_> {
    type Error = Problem;
    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, Problem> {
        let Some((key, value)) = self.entries.next() else {
            return Ok(None);
        };
        self.value = Some(value);
        let node = Node {
            place: key.place.clone(),
            value: Value::Scalar {
                text: key.name.clone(),
                plain: false,
                filled: false,
            },
        };
        seed.deserialize(NodeDecoder(&node))
            .map(Some)
            .map_err(|problem| problem.at(&key.place))
    }
    fn next_value_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<T::Value, Problem> {
        let Some(node) = self.value.take() else {
            return Err(Problem::new("a value was asked for before its key"));
        };
        seed.deserialize(NodeDecoder(node))
            .map_err(|problem| problem.at(&node.place))
    }
}

struct Variant<'a> {
    name: &'a str,
    content: Node,
}

impl<'de> EnumAccess<'de> for Variant<'_> {
    type Error = Problem;
    type Variant = Self;
    fn variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<(T::Value, Self), Problem> {
        let name: StrDeserializer<'_, Problem> = de::IntoDeserializer::into_deserializer(self.name);
        Ok((seed.deserialize(name)?, self))
    }
}

impl<'de> VariantAccess<'de> for Variant<'_> {
    type Error = Problem;
    fn unit_variant(self) -> Result<(), Problem> {
        match &self.content.value {
            Value::Map(entries) if entries.is_empty() => Ok(()),
            _ => {
                Err(Problem::new(format!("`{}` takes no options", self.name))
                    .at(&self.content.place))
            }
        }
    }
    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, Problem> {
        seed.deserialize(NodeDecoder(&self.content))
            .map_err(|problem| problem.at(&self.content.place))
    }
    fn tuple_variant<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, Problem> {
        NodeDecoder(&self.content).deserialize_seq(visitor)
    }
    fn struct_variant<V: Visitor<'de>>(
        self,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Problem> {
        NodeDecoder(&self.content).deserialize_struct("", fields, visitor)
    }
}
