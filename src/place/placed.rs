//! Values that remember their place, and problems that keep theirs, across serde's interface.

use std::cell::RefCell;
use std::fmt;
use std::ops::Deref;
use std::path::{Path, PathBuf};

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::Deserialize;
use serde::de::{self, DeserializeOwned, Deserializer, Visitor};

use super::{FilePath, Node, Place, decode};
use crate::error::Problem;

const NODE: &str = "rowgen node";

// serde's visitors get what serde knows: text, numbers, maps. toml's `Spanned` passes a place as a
// struct whose fields have magic names; here whole nodes have to pass, for options that are decoded
// later, and on the way out problems that have a place already, for which a `Deserialize` that is
// generic in its error has only `custom(message)`. So both take this way. Each cell is set right
// before the one call that takes it, on the same thread, here and in `decode` alone.
thread_local! {
    /// Hands the node in hand across serde's interface to `Node`, and nowhere else:
    /// set by the decoder right before the visitor that takes it is called.
    static HANDED: RefCell<Option<Node>> = const { RefCell::new(None) };
    /// Hands a problem with its place across serde's generic error type: see `carry`.
    static CARRIED: RefCell<Option<Problem>> = const { RefCell::new(None) };
    /// What is wrong beside the problem that decoding ends with: serde's errors are single ones.
    static ALSO: RefCell<Vec<Problem>> = const { RefCell::new(Vec::new()) };
}

const CARRY: &str = "rowgen carried problem";

/// A value that remembers where it stands.
#[derive(Debug, Clone)]
pub struct Placed<T> {
    /// The value.
    pub value: T,
    /// Its place.
    pub place: Place,
}

impl Placed<FilePath> {
    /// The path to read that this says: relative to the file that says it.
    pub fn beside(&self) -> PathBuf {
        let folder = Path::new(self.place.file()).parent();
        self.value.from(folder.unwrap_or(Path::new("")))
    }
}

/// True for the type that wants the node in hand.
pub(super) fn is_handed(name: &str) -> bool {
    name == NODE
}

/// Keeps the node in hand for the visitor that is called next.
pub(super) fn hand(node: &Node) {
    HANDED.set(Some(node.clone()));
}

/// The problem that a carried message stands for.
pub(super) fn take_carried(message: &str) -> Option<Problem> {
    if message == CARRY {
        CARRIED.take()
    } else {
        None
    }
}

/// Notes a problem beside the one that decoding will end with.
pub fn also(problem: Problem) {
    ALSO.with_borrow_mut(|noted| noted.push(problem));
}

/// The problems noted since the last call.
pub(super) fn take_also() -> Vec<Problem> {
    ALSO.take()
}

/// The values, or the first problem: the others are noted.
pub(super) fn all_or_first<T>(
    results: impl Iterator<Item = Result<T, Problem>>,
) -> Result<Vec<T>, Problem> {
    let mut values = Vec::new();
    let mut first = None;
    for result in results {
        match result {
            Ok(value) => values.push(value),
            Err(problem) if first.is_none() => first = Some(problem),
            Err(problem) => also(problem),
        }
    }
    first.map_or(Ok(values), Err)
}

/// Turns a problem into the error type of the deserializer in hand without losing its place.
pub fn carry<E: de::Error>(problem: Problem) -> E {
    CARRIED.set(Some(problem));
    E::custom(CARRY)
}

impl<T> Deref for Placed<T> {
    type Target = T;
    fn deref(&self) -> &T {
        &self.value
    }
}

impl<'de, T: DeserializeOwned> Deserialize<'de> for Placed<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let node = Node::deserialize(deserializer)?;
        let value = decode(&node).map_err(carry)?;
        Ok(Self {
            value,
            place: node.place,
        })
    }
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct NodeVisitor;
        impl<'de> Visitor<'de> for NodeVisitor {
            type Value = Node;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a value")
            }
            fn visit_newtype_struct<D: Deserializer<'de>>(self, _: D) -> Result<Node, D::Error> {
                handed()
            }
        }
        deserializer.deserialize_newtype_struct(NODE, NodeVisitor)
    }
}

fn handed<E: de::Error>() -> Result<Node, E> {
    HANDED
        .take()
        .ok_or_else(|| E::custom("only a pipeline file can be read here"))
}

impl<T: JsonSchema> JsonSchema for Placed<T> {
    fn inline_schema() -> bool {
        T::inline_schema()
    }
    fn schema_name() -> std::borrow::Cow<'static, str> {
        T::schema_name()
    }
    // To an editor a placed value is the value: the place is not written in the file.
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        T::json_schema(generator)
    }
}
