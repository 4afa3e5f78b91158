//! A column as the file says it: common options and exactly one generator, side by side.

use std::sync::Arc;

use schemars::{JsonSchema, Schema, json_schema};
use serde::{Deserialize, Deserializer};

use crate::column::generators::{Expr, GeneratorKind};
use crate::column::values::types::ColumnType;
use crate::error::{Problem, did_you_mean};
use crate::place::{
    Flag, MapKey, NamedItems, Node, Number, OneOrMany, Place, Placed, Text, Value, also, by_node,
    decode,
};
use crate::registry::elsewhere;

/// One column: its generator and what every column can have.
#[derive(Debug, Clone)]
pub struct Column {
    /// Where it begins.
    pub place: Place,
    /// What every column can have.
    pub common: CommonOptions,
    /// How its values are made.
    pub generator: GeneratorKind,
}

/// Columns by name, in the order of the file.
pub type ColumnList = Vec<(Placed<String>, Arc<Column>)>;

/// The options that every column can have.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CommonOptions {
    /// The type of the values; each generator has a default.
    #[serde(rename = "type")]
    pub data_type: Option<Placed<ColumnType>>,
    /// The fraction of values that are null, from 0 to 1.
    pub nulls: Option<Placed<Number>>,
    /// Whether the field may hold nulls (default true); `false` makes it required in the schema.
    pub nullable: Option<Placed<Flag>>,
    /// No value may stand twice: proved when planning, or refused.
    pub unique: Option<Placed<Flag>>,
    /// For other columns to use, not for the output.
    pub hidden: Option<Placed<Flag>>,
    /// The column, or columns, whose value decides: rows of equal values there have equal values here.
    pub by: Option<Placed<OneOrMany<Placed<Text>>>>,
    /// What becomes of a row for which an `expr` has no value, such as a division by zero: `stop` (default) ends the run, `null` makes the value null.
    #[serde(default, deserialize_with = "said")]
    pub on_bad_row: Option<Placed<OnBadValue>>,
}

/// What becomes of a row for which an expression has no value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnBadValue {
    /// The run ends.
    Stop,
    /// The value is null: the row stays, for other tables may refer to it.
    Null,
}

/// Columns within a column, by name.
#[derive(Debug, Clone)]
pub struct Columns(pub ColumnList);

const COMMON: &[&str] = &[
    "type",
    "nulls",
    "nullable",
    "unique",
    "hidden",
    "by",
    "on_bad_row",
];

/// What stands there, `null` too, which elsewhere says nothing.
fn said<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Placed<OnBadValue>>, D::Error> {
    Placed::deserialize(deserializer).map(Some)
}

fn on_bad_value(node: &Node) -> Result<OnBadValue, Problem> {
    match &node.value {
        Value::Scalar { text, .. } if text == "stop" => Ok(OnBadValue::Stop),
        Value::Scalar { text, .. } if text == "null" => Ok(OnBadValue::Null),
        Value::Null if matches!(node.place.written().trim(), "null" | "~") => Ok(OnBadValue::Null),
        _ => {
            let found = node.describe();
            let message = format!("expected what becomes of a row without a value, found {found}");
            let hint = "it is `stop` or `null`; rows are left out by the source that they are read from: `on_bad_row: skip`";
            Err(Problem::new(message).at(&node.place).hint(hint))
        }
    }
}

impl Column {
    /// Not for the output.
    pub fn is_hidden(&self) -> bool {
        self.common.hidden.as_ref().is_some_and(|flag| flag.value.0)
    }

    /// A hidden column that is true or false, as this says.
    pub fn condition(text: &Placed<Text>) -> Self {
        let hidden = Placed {
            value: Flag(true),
            place: text.place.clone(),
        };
        let boolean = ColumnType::plain(arrow::datatypes::DataType::Boolean);
        Self {
            place: text.place.clone(),
            common: CommonOptions {
                data_type: Some(Placed {
                    value: boolean,
                    place: text.place.clone(),
                }),
                nulls: None,
                nullable: None,
                unique: None,
                hidden: Some(hidden),
                by: None,
                on_bad_row: None,
            },
            generator: GeneratorKind::Expr(Expr::of(text.clone())),
        }
    }

    /// The JSON Schema of what every column can have.
    pub fn common_schema() -> Schema {
        schemars::schema_for!(CommonOptions)
    }

    fn from_node(node: &Node) -> Result<Self, Problem> {
        let (common, generator) = split(node)?;
        // Both are decoded although one is wrong: two mistakes in one column are told together.
        let common = decode(&common);
        let generator = decode(&generator).map_err(|problem| by_name(problem, &generator));
        match (common, generator) {
            (Ok(common), Ok(generator)) => Ok(Self {
                place: node.place.clone(),
                common,
                generator,
            }),
            (Err(problem), Ok(_)) | (Ok(_), Err(problem)) => Err(problem),
            (Err(problem), Err(other)) => {
                also(other);
                Err(problem)
            }
        }
    }
}

/// The columns of a map, by name, in the order of the file.
///
/// # Errors
/// It is not a map, it is empty, or a column is wrong.
pub fn columns(node: &Node) -> Result<ColumnList, Problem> {
    let Value::Map(entries) = &node.value else {
        let found = node.describe();
        return Err(Problem::new(format!("expected columns, found {found}"))
            .at(&node.place)
            .hint("write each column's name and its generator, such as `id: { sequence: {} }`"));
    };
    if entries.is_empty() {
        return Err(Problem::new("at least one column is needed here").at(&node.place));
    }
    decode::<NamedItems<Arc<Column>>>(node).map(|named| named.0)
}

/// The common options in one map, the generator in another.
fn split(node: &Node) -> Result<(Node, Node), Problem> {
    let with = |entries| Node {
        place: node.place.clone(),
        value: Value::Map(entries),
    };
    let Value::Map(entries) = &node.value else {
        return Ok((with(Vec::new()), bare(node)?));
    };
    // Not by serde's `flatten`: that loses the places, and with them the carets of all messages.
    let (common, kinds): (Vec<_>, Vec<_>) = entries
        .iter()
        .cloned()
        .partition(|(key, _)| COMMON.contains(&key.name.as_str()));
    // An unknown key is told first: else `unifrm: {}` would be told as a column without a
    // generator.
    if let Some((key, _)) = kinds.iter().find(|(key, _)| !is_kind(&key.name)) {
        return Err(unknown(key));
    }
    match kinds.as_slice() {
        [_] => Ok((with(common), with(kinds))),
        [] => Err(Problem::new("this column has no generator")
            .at(&node.place)
            .hint("add one, such as `sequence: {}`; `rowgen list columns` shows them all")),
        [_, (second, _), ..] => {
            let message = format!("`{}` is a second generator: a column has one", second.name);
            Err(Problem::new(message).at(&second.place))
        }
    }
}

fn bare(node: &Node) -> Result<Node, Problem> {
    match &node.value {
        Value::Scalar { text, .. } if is_kind(text) => Ok(node.clone()),
        Value::Scalar { text, .. } => Err(unknown(&MapKey {
            name: text.clone(),
            place: node.place.clone(),
        })),
        _ => Err(
            Problem::new(format!("expected a column, found {}", node.describe()))
                .at(&node.place)
                .hint("write its generator, such as `sequence: {}`"),
        ),
    }
}

/// Options that stand there without their names: what they are called.
fn by_name(mut problem: Problem, generator: &Node) -> Problem {
    let Value::Map(entries) = &generator.value else {
        return problem;
    };
    let Some((key, options)) = entries.first() else {
        return problem;
    };
    let shaped = matches!(options.value, Value::Map(_) | Value::Null);
    if !shaped && problem.message.starts_with("expected a map, ") {
        let kind = GeneratorKind::KINDS
            .iter()
            .find(|kind| kind.name == key.name);
        problem.hint = kind.map(|kind| {
            let (name, example) = (kind.name, kind.example);
            format!("such as `{example}`; `rowgen list {name}` shows all its options")
        });
    }
    problem
}

/// True if a generator is called so.
pub fn is_kind(name: &str) -> bool {
    GeneratorKind::KINDS.iter().any(|kind| kind.name == name)
}

fn unknown(key: &MapKey) -> Problem {
    let names = GeneratorKind::KINDS.iter().map(|kind| kind.name);
    Problem::new(format!("unknown generator or column option `{}`", key.name))
        .at(&key.place)
        .maybe_hint(elsewhere(&key.name).map(Into::into))
        .hint(
            did_you_mean(&key.name, names.chain(COMMON.iter().copied()))
                .unwrap_or_else(|| "`rowgen list columns` shows the generators".into()),
        )
}

by_node!(inline, Columns, |node| columns(node).map(Columns), |_| {
    // By name only: a column's own schema holds this one.
    json_schema!({
        "type": "object",
        "additionalProperties": { "$ref": "#/$defs/Column" },
        "minProperties": 1
    })
});

by_node!(inline, OnBadValue, on_bad_value, |_| {
    json_schema!({ "enum": ["stop", "null", null] })
});

by_node!(Column, Column::from_node, |generator| {
    let mut properties = serde_json::Map::new();
    let common = CommonOptions::json_schema(generator);
    if let Some(common) = common.get("properties").and_then(|value| value.as_object()) {
        properties.extend(common.clone());
    }
    for kind in GeneratorKind::KINDS {
        let options = (kind.part)(generator).to_value();
        properties.insert(kind.name.into(), options);
    }
    let names: Vec<&str> = GeneratorKind::KINDS.iter().map(|kind| kind.name).collect();
    json_schema!({ "anyOf": [
        { "enum": names },
        { "type": "object", "properties": properties, "additionalProperties": false }
    ]})
});
