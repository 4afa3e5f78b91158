//! `list`: in each row so many values of one column.

use std::sync::Arc;

use arrow::array::{ArrayRef, ListArray};
use arrow::datatypes::{DataType, FieldRef};
use schemars::json_schema;

use super::Generator;
use super::counts::Counts;
use super::items::Items;
use super::structure::plain_field;
use crate::column::build::{Build, BuiltColumn, Column, ColumnList};
use crate::column::program::Fill;
use crate::column::rows::Rows;
use crate::error::{Problem, Result};
use crate::place::{Node, Placed, Value, by_node, decode};

/// In each row a list of so many values: `of` one column, or of a `struct` of columns. They can
/// read the columns around them, and `item`, the place in the list from 0.
#[derive(Debug, Clone)]
pub struct List {
    length: Placed<Counts>,
    items: ColumnList,
}

/// What Arrow calls the items of a list.
pub const LIST_ITEM: &str = "element";

/// The items' own name: none that a path could mean.
const ITEMS: &str = "[]";

struct ListFill {
    items: Items,
    field: FieldRef,
}

impl Generator for List {
    fn build(&self, build: &mut Build<'_>) -> Result<BuiltColumn, Problem> {
        if build.wanted.is_some() {
            return Err(Problem::new("a list has no `type` of its own")
                .at(&build.place)
                .hint("give its items their type"));
        }
        let (items, domain) = Items::build(&self.length, &self.items, build)?;
        let Some(field) = items.fields().first() else {
            return Err(Problem::new("the items of a `list` cannot be hidden").at(&build.place));
        };
        let field = Arc::new(plain_field(field).with_name(LIST_ITEM));
        let items = ListFill {
            items,
            field: field.clone(),
        };
        Ok(BuiltColumn::new(DataType::List(field), domain, items))
    }
}

impl Fill for ListFill {
    fn fill(&self, rows: Rows<'_>, inputs: &[ArrayRef]) -> Result<ArrayRef> {
        let (offsets, made) = self.items.made(rows, inputs)?;
        let field = self.field.clone();
        let values = made[0].clone();
        Ok(Arc::new(ListArray::try_new(field, offsets, values, None)?))
    }
}

impl List {
    fn from_node(node: &Node) -> Result<Self, Problem> {
        let mut rest = node.clone();
        let Value::Map(_) = &rest.value else {
            return Err(Problem::new(format!(
                "expected `length` and `of`, found {}",
                node.describe()
            ))
            .at(&node.place)
            .hint("write `{ length: 3, of: <column> }`"));
        };
        let Some((_, length)) = rest.take("length") else {
            return Err(Problem::new("the key `length` is missing").at(&node.place));
        };
        // What is left is the items' column, under `of` or as it is.
        let items = match rest.take("of") {
            Some((_, items)) => match &rest.value {
                Value::Map(entries) if !entries.is_empty() => {
                    let (key, _) = &entries[0];
                    let message = format!("unknown key `{}`", key.name);
                    return Err(Problem::new(message)
                        .at(&key.place)
                        .hint("the keys here are `length`, `of`"));
                }
                _ => items,
            },
            None => rest,
        };
        let column = Arc::new(decode::<Column>(&items)?);
        let name = Placed {
            value: ITEMS.to_string(),
            place: items.place,
        };
        Ok(Self {
            length: decode(&length)?,
            items: vec![(name, column)],
        })
    }
}

by_node!(List, List::from_node, |generator| {
    let mut length = generator.subschema_for::<Counts>();
    length.insert(
        "description".into(),
        "How many values: a number, a distribution, or of the row `{ copy: column }` or `{ expr: \"…\" }`.".into(),
    );
    // By name only: a column's own schema holds this one.
    json_schema!({
        "description": "In each row a list of so many values: `of` one column, or of a `struct` of columns. They can read the columns around them, and `item`, the place in the list from 0.",
        "type": "object",
        "properties": {
            "length": length,
            "of": { "$ref": "#/$defs/Column", "description": "The column of the values." },
            "struct": {
                "type": "object",
                "additionalProperties": { "$ref": "#/$defs/Column" },
                "description": "The columns of the values, instead of `of`."
            }
        },
        "required": ["length"],
        "additionalProperties": false
    })
});

#[cfg(test)]
mod tests {
    use crate::column::testing::{check_any_split, one, problem, tables};
    use crate::column::tests::fixture::chi_square;
    use arrow::array::{Array, AsArray};
    use arrow::datatypes::Int64Type;

    const COLUMNS: &str = r#"id: sequence
kind: { choice: [A, B] }
tags: { list: { length: { uniform: { min: 0, max: 4 } }, of: { choice: [red, green] } } }
lines: { list: { length: { uniform: { min: 1, max: 3 } }, struct: { line: { template: "{id}/{kind}/{item}/{price}" }, price: { uniform: { min: 1, max: 9 } }, parts: { list: { length: 2, of: { template: "{price}.{item}" } } } } }, nulls: 0.1 }
"#;

    #[test]
    fn items_read_what_is_around_them() {
        let tables = one(3, COLUMNS);
        insta::assert_snapshot!(
            ["tags", "lines"]
                .map(|column| tables.texts("t", column).join("\n"))
                .join("\n\n")
        );
    }

    #[test]
    fn lengths_follow_their_distribution() {
        let tables = one(50_000, COLUMNS);
        let tags = tables.column("t", "tags");
        let tags = tags.as_list::<i32>();
        let mut counts = vec![0; 5];
        (0..tags.len()).for_each(|row| counts[tags.value_length(row) as usize] += 1);
        assert!(chi_square(&counts, &[0.2; 5]) < 3.72, "{counts:?}");
        let values = tags.values().as_string::<i32>();
        let red = values.iter().filter(|tag| *tag == Some("red")).count() as u64;
        assert!(chi_square(&[red, values.len() as u64 - red], &[0.5; 2]) < 3.72);
    }

    #[test]
    fn values_are_a_function_of_the_row() {
        check_any_split(&one(100, COLUMNS), "t", &["tags", "lines"]);
    }

    #[test]
    fn mistakes_say_what_is_wrong() {
        let mistakes = [
            "list: 3",
            "list: { of: sequence }",
            "list: { length: 3 }",
            "list: { length: 3, of: sequence, off: 1 }",
            "list: { length: 3, of: { sequence: {}, hidden: true } }",
            "list: { length: -1, of: sequence }",
            "list: { length: { uniform: { min: 1, max: 1e9 } }, of: sequence }",
            "list: { length: 3, sequense: {} }",
            "list: { length: 3, of: { copy: itm } }",
            "list: { length: 3, of: sequence }, type: int64",
        ];
        let shown = mistakes
            .map(|list| problem(&format!("t:\n  rows: 9\n  columns:\n    x: {{ {list} }}\n")));
        insta::assert_snapshot!(shown.join("\n\n"));
    }

    const TABLE: &str = "t:\n  rows: 1000\n  columns:\n    id: { sequence: { start: 0 } }\n    l: { list: { length: { uniform: { min: 0, max: 3 } }, of: { struct: { place: { expr: \"item\" }, owner: { copy: id }, size: { choice: [S, M] } } } } }\n";

    #[test]
    fn items_know_their_place_and_their_row() {
        let tables = tables(TABLE).unwrap();
        let lists = tables.column("t", "l");
        let lists = lists.as_list::<i32>();
        let mut lengths = [0; 4];
        for row in 0..lists.len() {
            let items = lists.value(row);
            let items = items.as_struct();
            lengths[items.len()] += 1;
            let expected: Vec<i64> = (0..items.len() as i64).collect();
            assert_eq!(
                items.column(0).as_primitive::<Int64Type>().values(),
                &expected[..]
            );
            assert!(
                items
                    .column(1)
                    .as_primitive::<Int64Type>()
                    .values()
                    .iter()
                    .all(|owner| *owner == row as i64)
            );
        }
        // 1000 draws of 4 lengths: 250 ± 5 standard deviations of 13.7.
        assert!(
            lengths.iter().all(|count| (180..320).contains(count)),
            "{lengths:?}"
        );
    }
}
