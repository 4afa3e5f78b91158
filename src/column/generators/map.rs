//! `map`: in each row so many keys, each once, with a value of its own.

use std::cmp::Ordering;
use std::sync::Arc;

use arrow::array::{ArrayRef, DynComparator, MapArray, StructArray, UInt32Array, make_comparator};
use arrow::buffer::OffsetBuffer;
use arrow::compute::{SortOptions, take};
use arrow::datatypes::{DataType, Field, FieldRef, Fields};
use schemars::json_schema;
use serde::Deserialize;

use super::Generator;
use super::counts::Counts;
use super::items::Items;
use super::structure::plain_field;
use crate::column::build::{Build, BuiltColumn, Column, ColumnList};
use crate::column::program::Fill;
use crate::column::rows::Rows;
use crate::column::values::types::show_type;
use crate::error::{Problem, Result};
use crate::place::{Node, Place, Placed, by_node, decode};

/// In each row a map: so many `keys`, each with a value of `values`. Both can read the columns around them,
/// and `item`, the place in the map from 0; values can read their `key`. A key that is drawn again is
/// left out, with its value.
#[derive(Debug, Clone)]
pub struct Map {
    length: Placed<Counts>,
    entries: ColumnList,
    /// Where the file says the keys.
    keys: Place,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct MapOptions {
    length: Placed<Counts>,
    keys: Placed<Node>,
    values: Placed<Node>,
}

/// What Parquet calls the entries of a map, and what is in them.
const ENTRIES: &str = "key_value";
const KEY: &str = "key";
const VALUE: &str = "value";

struct MapFill {
    items: Items,
    entries: FieldRef,
    fields: Fields,
}

impl Generator for Map {
    fn build(&self, build: &mut Build<'_>) -> Result<BuiltColumn, Problem> {
        if build.wanted.is_some() {
            return Err(Problem::new("a map has no `type` of its own")
                .at(&build.place)
                .hint("give its keys and its values their types"));
        }
        let (items, domain) = Items::build(&self.length, &self.entries, build)?;
        let [key, value] = &items.fields()[..] else {
            let message = "the keys and the values of a `map` cannot be hidden";
            return Err(Problem::new(message).at(&build.place));
        };
        let (key, value) = (plain_field(key).with_nullable(false), plain_field(value));
        if key.data_type().is_nested() {
            let shown = show_type(key.data_type());
            let message = format!("a key of a map is one value, not a {shown}");
            return Err(Problem::new(message).at(&self.keys));
        }
        if items.domains()[0].nulls {
            return Err(Problem::new("a key of a map is never null")
                .at(&self.keys)
                .hint(
                    "make keys of what has no nulls: `coalesce` in an `expr` gives a key for them",
                ));
        }
        let fields = Fields::from(vec![key, value]);
        let entries = Field::new(ENTRIES, DataType::Struct(fields.clone()), false);
        let entries = Arc::new(entries);
        let data_type = DataType::Map(entries.clone(), false);
        let fill = MapFill {
            items,
            entries,
            fields,
        };
        Ok(BuiltColumn::new(data_type, domain, fill))
    }
}

impl Fill for MapFill {
    fn fill(&self, rows: Rows<'_>, inputs: &[ArrayRef]) -> Result<ArrayRef> {
        let (mut offsets, mut made) = self.items.made(rows, inputs)?;
        if let Some((fewer, kept)) = once(&offsets, &made[0])? {
            offsets = fewer;
            made = made
                .iter()
                .map(|column| take(column, &kept, None))
                .collect::<Result<_, _>>()?;
        }
        let entries = StructArray::try_new(self.fields.clone(), made, None)?;
        let map = MapArray::try_new(self.entries.clone(), offsets, entries, None, false)?;
        Ok(Arc::new(map))
    }
}

/// The entries whose keys are the first of their rows, and where each row's begin; nothing where all are.
fn once(
    offsets: &OffsetBuffer<i32>,
    keys: &ArrayRef,
) -> Result<Option<(OffsetBuffer<i32>, UInt32Array)>> {
    let compare = make_comparator(keys, keys, SortOptions::default())?;
    let mut again = vec![false; keys.len()];
    for ends in offsets.windows(2) {
        mark(ends[0] as usize..ends[1] as usize, &compare, &mut again);
    }
    if !again.contains(&true) {
        return Ok(None);
    }
    let first = |place: &usize| !again[*place];
    let lengths = offsets.windows(2).map(|ends| {
        let own = ends[0] as usize..ends[1] as usize;
        own.filter(first).count()
    });
    let fewer = OffsetBuffer::from_lengths(lengths);
    let kept = (0..keys.len()).filter(first).map(|place| place as u32);
    Ok(Some((fewer, UInt32Array::from_iter_values(kept))))
}

/// Marks the keys of a row that stand there before.
fn mark(row: std::ops::Range<usize>, compare: &DynComparator, again: &mut [bool]) {
    if row.len() < 2 {
        return;
    }
    let mut order: Vec<usize> = row.collect();
    order.sort_unstable_by(|one, other| compare(*one, *other).then(one.cmp(other)));
    for pair in order.windows(2) {
        again[pair[1]] = compare(pair[0], pair[1]) == Ordering::Equal;
    }
}

by_node!(
    Map,
    |node| {
        let options: MapOptions = decode(node)?;
        let column = |name: &str, node: &Placed<Node>| {
            let column = Arc::new(decode::<Column>(&node.value)?);
            Ok::<_, Problem>((node.place.with(name.to_string()), column))
        };
        Ok(Map {
            entries: vec![column(KEY, &options.keys)?, column(VALUE, &options.values)?],
            length: options.length,
            keys: options.keys.place,
        })
    },
    |generator| {
        let mut length = generator.subschema_for::<Counts>();
        length.insert(
            "description".into(),
            "How many keys: a number, a distribution, or of the row `{ copy: column }` or `{ expr: \"…\" }`.".into(),
        );
        // By name only: a column's own schema holds this one.
        json_schema!({
            "description": "In each row a map: so many `keys`, each with a value of `values`. Both can read the columns around them, and `item`, the place in the map from 0; values can read their `key`. A key that is drawn again is left out, with its value.",
            "type": "object",
            "properties": {
                "length": length,
                "keys": { "$ref": "#/$defs/Column", "description": "The column of the keys, without nulls." },
                "values": { "$ref": "#/$defs/Column", "description": "The column of the values." }
            },
            "required": ["length", "keys", "values"],
            "additionalProperties": false
        })
    }
);

#[cfg(test)]
mod tests {
    use arrow::array::{Array, AsArray};

    use crate::column::testing::{check_any_split, one, problem};
    use crate::column::tests::fixture::chi_square;

    const COLUMNS: &str = r#"id: sequence
kind: { choice: [A, B] }
tags: { map: { length: { uniform: { min: 0, max: 4 } }, keys: { choice: [red, green, blue] }, values: { uniform: { min: 1, max: 9 }, nulls: 0.2 } } }
by_place: { map: { length: 3, keys: { template: "{kind}{item}" }, values: { expr: "key || '/' || id" } }, nulls: 0.1 }
numbers: { map: { length: { copy: id }, keys: { uniform: { min: 1, max: 5 } }, values: { struct: { a: { copy: key }, b: { list: { length: 2, of: { copy: id } } } } } } }
"#;

    #[test]
    fn keys_have_values() {
        let tables = one(4, COLUMNS);
        insta::assert_snapshot!(
            ["tags", "by_place", "numbers"]
                .map(|column| tables.texts("t", column).join("\n"))
                .join("\n\n")
        );
    }

    #[test]
    fn a_key_is_there_once() {
        let tables = one(50_000, COLUMNS);
        let maps = tables.column("t", "tags");
        let maps = maps.as_map();
        let mut lengths = vec![0; 4];
        for row in 0..maps.len() {
            let entries = maps.value(row);
            let keys: Vec<_> = entries.column(0).as_string::<i32>().iter().collect();
            let distinct: std::collections::BTreeSet<_> = keys.iter().collect();
            assert_eq!(distinct.len(), keys.len());
            lengths[keys.len()] += 1;
        }
        // Of 0 to 4 draws from three keys: how many are different.
        let shares = [
            1.0 / 5.0,
            (1.0 + 1.0 / 3.0 + 1.0 / 9.0 + 1.0 / 27.0) / 5.0,
            (2.0 / 3.0 + 6.0 / 9.0 + 14.0 / 27.0) / 5.0,
            (2.0 / 9.0 + 12.0 / 27.0) / 5.0,
        ];
        assert!(chi_square(&lengths, &shares) < 3.72, "{lengths:?}");
    }

    #[test]
    fn values_are_a_function_of_the_row() {
        check_any_split(&one(100, COLUMNS), "t", &["tags", "by_place", "numbers"]);
    }

    #[test]
    fn mistakes_say_what_is_wrong() {
        let mistakes = [
            "map: 3",
            "map: { keys: sequence, values: sequence }",
            "map: { length: 2, keys: sequence }",
            "map: { length: 2, keys: sequence, values: sequence, of: sequence }",
            "map: { length: 2, keys: { choice: [a], nulls: 0.5 }, values: sequence }",
            "map: { length: 2, keys: { list: { length: 2, of: sequence } }, values: sequence }",
            "map: { length: 2, keys: { sequence: {}, hidden: true }, values: sequence }",
            "map: { length: 2, keys: sequence, values: { copy: kye } }",
            "map: { length: 2, keys: sequence, values: sequence }, type: int64",
        ];
        let shown = mistakes
            .map(|map| problem(&format!("t:\n  rows: 9\n  columns:\n    x: {{ {map} }}\n")));
        insta::assert_snapshot!(shown.join("\n\n"));
    }
}
