//! `sinks:`: what every sink can have, beside its kind's own options.

use schemars::{JsonSchema, json_schema};
use serde::Deserialize;

use super::ledger::{AskedFaults, Ledger};
use super::read::write_canonical;
use crate::error::{Problem, did_you_mean};
use crate::format::FormatKind;
use crate::place::{
    MapKey, NamedItems, Node, OneOrMany, Place, Placed, Rate, ShownText, Text, Value, by_node,
    decode, nothing,
};
use crate::registry::Kind;
use crate::sink::SinkKind;

/// One sink of one table.
#[derive(Debug, Clone)]
pub struct SinkEntry {
    /// Where it begins.
    pub place: Place,
    /// What every sink can have.
    pub common: Common,
    /// Its kind and options; `{table}` stands for the table's name.
    options: Node,
    /// Its faults as they are written.
    faults: Option<Node>,
}

/// The options that every sink can have.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Common {
    /// The table whose rows it gets; it can be left out when there is only one.
    pub table: Option<Placed<Text>>,
    /// Several tables, or `all`; its path then says `{table}`.
    pub tables: Option<OneOrMany<Placed<Text>>>,
    /// The columns it gets: a list, or a map from new names to columns (default: all that are not hidden).
    pub columns: Option<Projection>,
    /// Which rows it gets: those for which this expression over the table's columns is true (default: all).
    #[serde(rename = "where")]
    pub filter: Option<Placed<Text>>,
    /// Its name, for `--sinks` and the report (default: its kind and place in the list).
    pub name: Option<Placed<ShownText>>,
    /// `false` leaves it out (default true); or a condition of constants, as in `expr`: `"'${env:OUTPUT:-both}' in ('csv', 'both')"`.
    pub enabled: Option<Placed<Text>>,
    /// What its failure means for the others (default: what `run` says).
    pub on_sink_failure: Option<OnSinkFailure>,
    /// Rows a second of this sink alone, which then runs beside the others (default: what `run` says).
    pub rate: Option<Placed<Rate>>,
    /// What it must guarantee when a run is repeated, or the plan is refused: `exactly_once` or `at_least_once` (default).
    pub delivery: Option<Placed<AskedDelivery>>,
    /// Faults among the rows that it gets (default: what its table says), or `none`: the rows as their table makes them.
    pub faults: Option<Placed<AskedFaults>>,
    /// Where each of these faults is named: the options of a file, or a sink of any kind.
    pub ledger: Option<Placed<Ledger>>,
}

/// What one sink's failure means for the others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum OnSinkFailure {
    /// They go on.
    #[default]
    Continue,
    /// The run stops.
    Stop,
}

/// What a sink must guarantee when a run is interrupted and repeated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum AskedDelivery {
    /// Each row is there once.
    ExactlyOnce,
    /// No row is lost.
    #[default]
    AtLeastOnce,
}

/// Columns of the table under the names that the sink gives them.
#[derive(Debug, Clone)]
pub struct Projection(pub Vec<(Placed<String>, Placed<String>)>);

const COMMON: &[&str] = &[
    "table",
    "tables",
    "columns",
    "where",
    "name",
    "enabled",
    "on_sink_failure",
    "rate",
    "delivery",
    "faults",
    "ledger",
];

impl SinkEntry {
    /// The sink's options for one table.
    ///
    /// # Errors
    /// What is wrong with them.
    pub fn options(&self, table: &str) -> Result<SinkKind, Problem> {
        let mut options = self.options.clone();
        name_table(&mut options, table);
        decode(&options)
    }

    /// Its kind.
    pub fn kind(&self) -> &str {
        match &self.options.value {
            Value::Map(entries) => entries.first().map_or("", |(key, _)| &key.name),
            _ => "",
        }
    }

    /// True where it takes that table, of so many.
    pub fn takes(&self, table: &str, tables: usize) -> bool {
        let named = |name: &Placed<Text>| name.as_str() == table;
        match (&self.common.table, &self.common.tables) {
            (Some(one), _) => named(one),
            (None, Some(some)) => some.0.iter().any(|one| named(one) || one.as_str() == "all"),
            (None, None) => tables == 1,
        }
    }

    /// True when an option says `{table}`.
    pub fn names_table(&self) -> bool {
        let mut copy = self.options.clone();
        name_table(&mut copy, "")
    }

    /// What decides the content of its output, beside the table's rows, as text without places.
    /// `placing` are the options that only say where it goes and how safely.
    pub fn canonical(&self, placing: &[&str]) -> String {
        let mut options = self.options.clone();
        if let Value::Map(kinds) = &mut options.value
            && let Some((
                _,
                Node {
                    value: Value::Map(own),
                    ..
                },
            )) = kinds.first_mut()
        {
            // Another path or another `if_exists` makes the same content, which is then there
            // already.
            own.retain(|(key, _)| !placing.contains(&key.name.as_str()));
        }
        let mut text = String::new();
        write_canonical(&options, &mut text);
        if let Some(faults) = &self.faults {
            write_canonical(faults, &mut text);
        }
        if let Some(Projection(columns)) = &self.common.columns {
            let names = columns
                .iter()
                .map(|(output, column)| (&output.value, &column.value));
            text.push_str(&format!("{:?}", names.collect::<Vec<_>>()));
        }
        if let Some(filter) = &self.common.filter {
            text.push_str(&format!("where {:?}", filter.as_str()));
        }
        text
    }

    pub(super) fn from_node(node: &Node) -> Result<Self, Problem> {
        let (key, options) = kind(node)?;
        let Value::Map(entries) = options.value else {
            return Err(Problem::new(format!(
                "expected the options of `{}`, found {}",
                key.name,
                options.describe()
            ))
            .at(&options.place));
        };
        check_keys(&key.name, &entries)?;
        // Two maps of one: serde's `flatten` would lose the place of each value, with which an
        // error shows its line.
        let (common, own): (Vec<_>, Vec<_>) = entries
            .into_iter()
            .partition(|(key, _)| COMMON.contains(&key.name.as_str()));
        let map = |entries| Node {
            place: options.place.clone(),
            value: Value::Map(entries),
        };
        let faults = common.iter().find(|(key, _)| key.name == "faults");
        let entry = Self {
            faults: faults.map(|(_, faults)| faults.clone()),
            place: key.place.clone(),
            common: decode(&map(common))?,
            options: Node {
                place: node.place.clone(),
                value: Value::Map(vec![(key, map(own))]),
            },
        };
        // All mistakes in the options are told while parsing; whatever table's name is put in
        // changes nothing about that.
        entry.options("table").map(|_| entry)
    }
}

/// The kind's key and its options.
fn kind(node: &Node) -> Result<(MapKey, Node), Problem> {
    let (key, options) = match &node.value {
        Value::Scalar { text, .. } => (
            MapKey {
                name: text.clone(),
                place: node.place.clone(),
            },
            node.defaults(),
        ),
        Value::Map(entries) => match entries.as_slice() {
            [
                (
                    key,
                    Node {
                        value: Value::Null, ..
                    },
                ),
            ] => (key.clone(), node.defaults()),
            [(key, options)] => (key.clone(), options.clone()),
            [_, (second, _), ..] => {
                let message = format!("`{}` is one kind too many: a sink has one", second.name);
                return Err(Problem::new(message)
                    .at(&second.place)
                    .hint("its options stand within its kind: `- file: { table: …, path: … }`"));
            }
            [] => return Err(Problem::new("this sink has no kind").at(&node.place)),
        },
        _ => {
            return Err(
                Problem::new(format!("expected a sink, found {}", node.describe())).at(&node.place),
            );
        }
    };
    let kinds = || SinkKind::KINDS.iter().map(|kind| kind.name);
    if kinds().any(|kind| kind == key.name) {
        return Ok((key, options));
    }
    let all: Vec<&str> = kinds().collect();
    Err(Problem::new(format!("unknown sink `{}`", key.name))
        .at(&key.place)
        .hint(
            did_you_mean(&key.name, kinds())
                .unwrap_or_else(|| format!("the sinks are {}", all.join(", "))),
        ))
}

fn check_keys(kind: &str, entries: &[(MapKey, Node)]) -> Result<(), Problem> {
    let schema = SinkKind::KINDS
        .iter()
        .find(|known| known.name == kind)
        .map(|known| known.schema());
    let own = schema
        .as_ref()
        .and_then(|schema| schema.get("properties")?.as_object());
    let known = || {
        own.into_iter()
            .flat_map(|own| own.keys().map(String::as_str))
            .chain(COMMON.iter().copied())
    };
    let Some((key, _)) = entries
        .iter()
        .find(|(key, _)| !known().any(|name| name == key.name))
    else {
        return Ok(());
    };
    let all: Vec<&str> = known().collect();
    // Before the names that are near: `compression` of a file stands one level deeper, and is no
    // misspelling.
    let elsewhere = of_a_format(kind, &key.name);
    Err(Problem::new(format!("unknown key `{}`", key.name))
        .at(&key.place)
        .hint(
            elsewhere
                .or_else(|| did_you_mean(&key.name, known()))
                .unwrap_or_else(|| format!("the keys of `{kind}` are {}", all.join(", "))),
        ))
}

/// `compression` and `delimiter` are options of a format, which stand within it.
fn of_a_format(kind: &str, option: &str) -> Option<String> {
    let has = |format: &&Kind| {
        let schema = format.schema();
        let options = schema.get("properties").and_then(|all| all.as_object());
        options.is_some_and(|all| all.contains_key(option))
    };
    let formats: Vec<String> = FormatKind::KINDS
        .iter()
        .filter(has)
        .map(|format| format!("`format: {{ {}: {{ {option}: … }} }}`", format.name))
        .collect();
    let of_files = kind == "file" && !formats.is_empty();
    of_files.then(|| format!("it is an option of the format: {}", formats.join(", ")))
}

/// Options whose values have a `{table}` of their own: that of the database whose changes come.
const OTHER_TABLES: &str = "envelopes";

/// Puts the table's name for `{table}` into every value; true if there was one.
fn name_table(node: &mut Node, table: &str) -> bool {
    match &mut node.value {
        Value::Scalar { text, .. } if text.contains("{table}") => {
            *text = text.replace("{table}", table);
            true
        }
        Value::List(items) => items
            .iter_mut()
            .fold(false, |found, item| name_table(item, table) | found),
        Value::Map(entries) => entries
            .iter_mut()
            .filter(|(key, _)| key.name != OTHER_TABLES)
            .fold(false, |found, (_, value)| name_table(value, table) | found),
        _ => false,
    }
}

by_node!(
    Projection,
    |node| {
        let columns = match &node.value {
            Value::Map(columns) if columns.is_empty() => Err(nothing(&node.place)),
            Value::List(_) => decode::<Vec<Placed<String>>>(node)
                .map(|names| names.into_iter().map(|name| (name.clone(), name)).collect()),
            _ => decode::<NamedItems<Placed<String>>>(node).map(|named| named.0),
        };
        columns.map(Projection)
    },
    |_| {
        json_schema!({ "anyOf": [
            { "type": "array", "items": { "type": "string" } },
            { "type": "object", "additionalProperties": { "type": "string" }, "minProperties": 1 }
        ]})
    }
);

by_node!(SinkEntry = "Sink", SinkEntry::from_node, |generator| {
    let common = Common::json_schema(generator);
    let common = common
        .get("properties")
        .and_then(|value| value.as_object())
        .cloned()
        .unwrap_or_default();
    let mut kinds = serde_json::Map::new();
    for kind in SinkKind::KINDS {
        let mut options = (kind.part)(generator).to_value();
        options["additionalProperties"] = false.into();
        if let Some(properties) = options
            .get_mut("properties")
            .and_then(|value| value.as_object_mut())
        {
            properties.extend(common.clone());
        }
        kinds.insert(kind.name.into(), options);
    }
    let names: Vec<&str> = SinkKind::KINDS.iter().map(|kind| kind.name).collect();
    json_schema!({ "anyOf": [
        { "enum": names },
        { "type": "object", "properties": kinds, "additionalProperties": false, "minProperties": 1, "maxProperties": 1 }
    ]})
});
