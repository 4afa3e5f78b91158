//! A pipeline file as a tree in which every key and value knows its place. YAML 1.2, strict.

use std::fmt;
use std::sync::Arc;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_yaml::{Location, NonFiniteFloatPolicy, Spanned};

use super::meant::{Meant, PropertyTarget, is_block};
use super::refused::problem;
use super::{Place, Source};
use crate::error::Problem;

/// A value and its place.
#[derive(Debug, Clone)]
pub struct Node {
    /// Where it stands.
    pub place: Place,
    /// What stands there.
    pub value: Value,
}

/// A key of a map and its place.
#[derive(Debug, Clone)]
pub struct MapKey {
    /// The key's text.
    pub name: String,
    /// Where it stands.
    pub place: Place,
}

/// What a YAML node holds.
#[derive(Debug, Clone)]
pub enum Value {
    /// Nothing, `null` or `~`.
    Null,
    /// Text as it was written, without its quotes; `plain` when there were none.
    Scalar {
        /// The text.
        text: String,
        /// Written without quotes.
        plain: bool,
        /// It had `${…}`, which the text has the values of.
        filled: bool,
    },
    /// A list.
    List(Vec<Node>),
    /// A map in the file's order.
    Map(Vec<(MapKey, Node)>),
}

/// What the parser hands over, before places have their file.
// The library's own value types would have turned 1e-7 into a float and 00184 into 184 before
// anybody knew what the option wants.
enum RawNode {
    Null,
    Text(String),
    Typed(String),
    List(Vec<Spanned<RawNode>>),
    Map(Vec<(Spanned<RawKey>, Spanned<RawNode>)>),
}

struct RawKey(Option<String>);

/// A `choice` of a million weights has two million of them.
pub(super) const MOST_VALUES: usize = 3_000_000;
pub(super) const MOST_DEPTH: usize = 64;
// A choice, no measurement is behind it: far above any file that a person writes.
pub(super) const MOST_BYTES: usize = 64 << 20;

/// Parses the text of `source`.
///
/// # Errors
/// Anything that is not one YAML document, and any key that stands twice in one map.
pub fn parse(source: &Arc<Source>) -> Result<Node, Problem> {
    // Against files that are small and stand for much, such as lists of aliases of lists of
    // aliases.
    let budget = serde_yaml::budget! {
        max_nodes: MOST_VALUES,
        // A node costs an event, a list or a map two: its beginning and its end.
        max_events: 2 * MOST_VALUES,
        max_depth: MOST_DEPTH,
        max_total_scalar_bytes: MOST_BYTES,
    };
    // What a number means is the column's: of a float, the file's own spelling is kept.
    let options = serde_yaml::options! {
        budget: budget,
        non_finite_float_policy: NonFiniteFloatPolicy::PassThrough,
    };
    // Into a tree of our own first, into options later: serde tells one mistake and stops, while of
    // a tree each column, sink and key is decoded although others are wrong.
    let raw: Spanned<RawNode> = serde_yaml::from_str_with_options(&source.text, options)
        .map_err(|error| problem(source, &error))?;
    let mut meant = Meant::new(source);
    let root = node(source, raw, &mut meant);
    match meant.problems.into_iter().next() {
        Some(problem) => Err(problem),
        None => Ok(root),
    }
}

impl Node {
    /// The value under `name` when this is a map that has it.
    pub fn get(&self, name: &str) -> Option<&Node> {
        match &self.value {
            Value::Map(entries) => entries
                .iter()
                .find(|(key, _)| key.name == name)
                .map(|(_, node)| node),
            _ => None,
        }
    }

    /// Takes the value under `name` out of the map.
    pub fn take(&mut self, name: &str) -> Option<(MapKey, Node)> {
        match &mut self.value {
            Value::Map(entries) => {
                let index = entries.iter().position(|(key, _)| key.name == name)?;
                Some(entries.remove(index))
            }
            _ => None,
        }
    }

    /// An empty map at the same place: what a bare kind stands for.
    pub fn defaults(&self) -> Node {
        Node {
            place: self.place.clone(),
            value: Value::Map(Vec::new()),
        }
    }

    /// What it is, for messages.
    pub fn describe(&self) -> String {
        match &self.value {
            Value::Null => "nothing".into(),
            Value::Scalar { text, .. } => format!("`{text}`"),
            Value::List(_) => "a list".into(),
            Value::Map(_) => "a map".into(),
        }
    }
}

fn node(source: &Arc<Source>, raw: Spanned<RawNode>, meant: &mut Meant<'_>) -> Node {
    let place = place(source, raw.referenced);
    // What an alias stands for was looked at where it is written.
    if raw.referenced == raw.defined {
        meant.look(&place, before(&raw.value));
    }
    let value = match raw.value {
        RawNode::Null => Value::Null,
        RawNode::Text(text) => {
            let quoted = written(source, raw.defined).starts_with(['"', '\'']);
            let block = raw.defined.span().byte_offset();
            let block = block.is_some_and(|start| is_block(source, start as usize));
            scalar(text, !quoted && !block)
        }
        // The parser has made a number or a truth of it; the file's own spelling says more.
        RawNode::Typed(text) => {
            let spelt = written(source, raw.defined);
            let text = if spelt.is_empty() { text } else { spelt.into() };
            scalar(text, true)
        }
        RawNode::List(items) => Value::List(
            items
                .into_iter()
                .map(|raw| node(source, raw, meant))
                .collect(),
        ),
        RawNode::Map(entries) => Value::Map(
            entries
                .into_iter()
                .map(|(name, raw)| (key(source, name, meant), node(source, raw, meant)))
                .collect(),
        ),
    };
    Node { place, value }
}

fn before(value: &RawNode) -> PropertyTarget {
    match value {
        RawNode::Null => PropertyTarget::Nothing,
        RawNode::Text(_) | RawNode::Typed(_) => PropertyTarget::Text,
        RawNode::List(_) | RawNode::Map(_) => PropertyTarget::More,
    }
}

fn scalar(text: String, plain: bool) -> Value {
    Value::Scalar {
        text,
        plain,
        filled: false,
    }
}

fn key(source: &Arc<Source>, raw: Spanned<RawKey>, meant: &mut Meant<'_>) -> MapKey {
    let place = place(source, raw.referenced);
    let name = match raw.value.0 {
        Some(name) => name,
        // `null:` is YAML's own null, and an option of CSV; `: x` has no name.
        None => {
            if written(source, raw.defined).is_empty() {
                let problem = Problem::new("a colon stands without a key before it");
                let problem = problem.hint("write `name: value`, or quote the text that has it");
                meant.problems.push(problem.at(&place));
            }
            "null".into()
        }
    };
    meant.look(&place, PropertyTarget::Text);
    MapKey { name, place }
}

fn place(source: &Arc<Source>, location: Location) -> Place {
    let (at, length) = position(location);
    match location.span().byte_offset() {
        Some(start) => Place::at_byte(source.clone(), start as usize, at, length),
        None => Place::new(source.clone(), at.0, at.1, length),
    }
}

/// Line and column, both from 1, and how many characters.
pub(super) fn position(location: Location) -> ((usize, usize), usize) {
    let line = (location.line() as usize).max(1);
    let column = (location.column() as usize).max(1);
    ((line, column), (location.span().len() as usize).max(1))
}

fn written(source: &Source, location: Location) -> &str {
    let span = location.span();
    let (Some(start), Some(length)) = (span.byte_offset(), span.byte_len()) else {
        return "";
    };
    let (start, end) = (start as usize, (start + length) as usize);
    source.text.get(start..end).unwrap_or_default().trim_end()
}

struct RawVisitor;

impl<'de> Visitor<'de> for RawVisitor {
    type Value = RawNode;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }
    fn visit_bool<E>(self, value: bool) -> Result<RawNode, E> {
        Ok(RawNode::Typed(value.to_string()))
    }
    fn visit_i64<E>(self, value: i64) -> Result<RawNode, E> {
        Ok(RawNode::Typed(value.to_string()))
    }
    fn visit_u64<E>(self, value: u64) -> Result<RawNode, E> {
        Ok(RawNode::Typed(value.to_string()))
    }
    fn visit_i128<E>(self, value: i128) -> Result<RawNode, E> {
        Ok(RawNode::Typed(value.to_string()))
    }
    fn visit_u128<E>(self, value: u128) -> Result<RawNode, E> {
        Ok(RawNode::Typed(value.to_string()))
    }
    fn visit_f64<E>(self, value: f64) -> Result<RawNode, E> {
        Ok(RawNode::Typed(value.to_string()))
    }
    fn visit_str<E>(self, value: &str) -> Result<RawNode, E> {
        Ok(RawNode::Text(value.to_string()))
    }
    fn visit_unit<E>(self) -> Result<RawNode, E> {
        Ok(RawNode::Null)
    }
    fn visit_none<E>(self) -> Result<RawNode, E> {
        Ok(RawNode::Null)
    }
    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<RawNode, D::Error> {
        deserializer.deserialize_any(self)
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<RawNode, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = access.next_element()? {
            items.push(item);
        }
        Ok(RawNode::List(items))
    }
    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<RawNode, A::Error> {
        let mut entries: Vec<(Spanned<RawKey>, Spanned<RawNode>)> = Vec::new();
        while let Some(key) = access.next_key::<Spanned<RawKey>>()? {
            let value = access.next_value()?;
            entries.push((key, value));
        }
        Ok(RawNode::Map(entries))
    }
}

impl<'de> Deserialize<'de> for RawNode {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(RawVisitor)
    }
}

impl<'de> Deserialize<'de> for RawKey {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Option::<String>::deserialize(deserializer).map(RawKey)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse_text(text: &str) -> Result<Node, Problem> {
        parse(&Arc::new(Source::new("p.yaml", text)))
    }

    #[test]
    fn scalars_keep_their_spelling_and_place() {
        let node = parse_text("a: 1_000\nb: \"1.10\"\nc: 1.10\nd: 1e9\ne: x y # c\n").unwrap();
        let spelt = |name: &str| match &node.get(name).unwrap().value {
            Value::Scalar { text, plain, .. } => (text.clone(), *plain),
            other => panic!("{other:?}"),
        };
        assert_eq!(spelt("a"), ("1_000".into(), true));
        assert_eq!(spelt("b"), ("1.10".into(), false));
        assert_eq!(spelt("c"), ("1.10".into(), true));
        assert_eq!(spelt("d"), ("1e9".into(), true));
        assert_eq!(spelt("e"), ("x y".into(), true));
        assert_eq!(
            node.get("c").unwrap().place.to_string(),
            " --> p.yaml:3:4\n  |\n3 | c: 1.10\n  |    ^^^^"
        );
    }

    #[test]
    fn a_key_that_stands_twice_is_refused_with_its_place() {
        let error = parse_text("a: 1\nb: { c: 1, c: 2 }\n").unwrap_err();
        assert_eq!(
            error.to_string(),
            "error: the key `c` stands twice in this map\n --> p.yaml:2:12\n  |\n2 | b: { c: 1, c: 2 }\n  |            ^\n  hint: remove one of the two, or give it another name"
        );
    }

    #[test]
    fn an_unquoted_variable_in_flow_style_says_how_to_mend_it() {
        let error = parse_text("a: { rows: ${rows} }\n").unwrap_err();
        assert_eq!(error.hint.as_deref(), Some("write \"${rows}\""));
    }
}
