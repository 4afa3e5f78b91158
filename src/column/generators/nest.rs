//! `nest`: the children of a row in another table, as a list of structs within it.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, BooleanArray, ListArray, StructArray, new_empty_array};
use arrow::buffer::OffsetBuffer;
use arrow::compute::{concat, filter};
use arrow::datatypes::{DataType, FieldRef, Fields};
use schemars::{JsonSchema, json_schema};
use serde::Deserialize;

use super::structure::plain_field;
use super::{Generator, LIST_ITEM};
use crate::column::build::{Build, BuiltColumn, ChildTable};
use crate::column::child_rows::{ChildColumns, Stretch};
use crate::column::program::{Fill, first_input};
use crate::column::rows::Rows;
use crate::column::together::{Taker, TakesChildren, Taking, alone};
use crate::column::values::arrays::plain;
use crate::domain::Domain;
use crate::error::{Error, Problem, Result, did_you_mean};
use crate::place::{Placed, Text, Value, by_node, decode, refuse_doubled};

/// The children of the row in another table, as a list of structs with the values that the table has.
#[derive(Debug, Clone)]
pub struct Nest(NestOptions);

/// Which columns of the children are nested.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct NestOptions {
    /// The table of the children: its foreign key to this one has `per_parent`.
    table: Placed<Text>,
    /// Its columns that are nested, hidden ones too (default: those that are shown).
    columns: Option<Placed<Vec<Placed<Text>>>>,
    /// Its columns that are not.
    except: Option<Placed<Vec<Placed<Text>>>>,
}

/// What an item takes besides its values.
const BYTES_OF_AN_ITEM: u64 = 16;

struct NestFill {
    columns: ChildColumns,
    fields: Fields,
    item: FieldRef,
}

/// The children of a batch's rows, as far as they are made.
struct Items<'a> {
    of: &'a NestFill,
    columns: Vec<Vec<ArrayRef>>,
    lengths: Vec<usize>,
}

impl Generator for Nest {
    fn build(&self, build: &mut Build<'_>) -> Result<BuiltColumn, Problem> {
        if build.wanted.is_some() {
            return Err(Problem::new("nested rows have no `type` of their own")
                .at(&build.place)
                .hint("the columns of their table have their types"));
        }
        let table = &self.0.table;
        let root = build.tables.root(build.scope);
        let child = build.tables.children(root, table, &table.place)?;
        let columns = self.columns(build, &child)?;
        let mut domain = Domain::default();
        let mut bytes = BYTES_OF_AN_ITEM;
        let (mut nodes, mut fields) = (Vec::new(), Vec::new());
        for name in columns {
            let node = build
                .tables
                .child_node(child.scope, &name.value, &name.place)?;
            let made = build.tables.node(child.scope, node);
            domain.depend_on(&made.domain);
            bytes = bytes.saturating_add(made.domain.most_bytes(made.field.data_type()));
            fields.push(plain_field(&made.field).with_name(&name.value));
            nodes.push(node);
        }
        domain.bytes = child.rows.children.most().saturating_mul(bytes);
        let fields = Fields::from(fields);
        let item = DataType::Struct(fields.clone());
        let item = Arc::new(plain_item(item));
        let data_type = DataType::List(item.clone());
        let steps = build
            .tables
            .step_behind(child.scope, &nodes, &table.place)?;
        let fill = NestFill {
            columns: ChildColumns::new(child.rows, nodes),
            fields,
            item,
        };
        // Rows are known in the table itself: within a column, the list is read from there.
        let name = format!("{} (nest)", build.name);
        let made = BuiltColumn::new(data_type.clone(), domain.clone(), fill);
        let made = BuiltColumn { steps, ..made };
        build.tables.derived(root, &name, Vec::new(), || made);
        build.input(&name, &table.place)?;
        Ok(BuiltColumn::pointwise(data_type, domain, first_input))
    }

    fn follows_rows(&self) -> bool {
        true
    }
}

fn plain_item(data_type: DataType) -> arrow::datatypes::Field {
    arrow::datatypes::Field::new(LIST_ITEM, data_type, false)
}

impl Nest {
    /// The columns that are nested.
    fn columns(
        &self,
        build: &Build<'_>,
        child: &ChildTable,
    ) -> Result<Vec<Placed<String>>, Problem> {
        let NestOptions {
            table,
            columns,
            except,
        } = &self.0;
        let known = build.tables.columns(table);
        let names = |names: &Placed<Vec<Placed<Text>>>| -> Result<Vec<Placed<String>>, Problem> {
            refuse_doubled(&names.value)?;
            let names = names.value.iter();
            names.map(|name| named(name, &known, child)).collect()
        };
        let shown = known.iter().filter(|(_, hidden)| !hidden);
        let shown = shown.map(|(name, _)| Placed {
            value: name.value.clone(),
            place: table.place.clone(),
        });
        let chosen = match (columns, except) {
            (Some(_), Some(except)) => {
                let message = "`columns` and `except` cannot be used together";
                return Err(Problem::new(message).at(&except.place));
            }
            (Some(columns), None) => names(columns)?,
            (None, Some(except)) => {
                let left_out = names(except)?;
                let left_out =
                    |name: &Placed<String>| left_out.iter().any(|out| out.value == name.value);
                shown.filter(|name| !left_out(name)).collect()
            }
            (None, None) => shown.collect::<Vec<_>>(),
        };
        match chosen.is_empty() {
            true => Err(
                Problem::new(format!("no column of `{}` is nested", child.rows.name))
                    .at(&table.place),
            ),
            false => Ok(chosen),
        }
    }
}

/// A column of the child, which must be there.
fn named(
    name: &Placed<Text>,
    known: &[(Placed<String>, bool)],
    child: &ChildTable,
) -> Result<Placed<String>, Problem> {
    let names = known.iter().map(|(name, _)| name.value.as_str());
    if names.clone().any(|known| known == name.as_str()) {
        return Ok(Placed {
            value: name.as_str().to_owned(),
            place: name.place.clone(),
        });
    }
    let (name_of, table) = (name.as_str(), &child.rows.name);
    Err(
        Problem::new(format!("unknown column `{name_of}` in `{table}`"))
            .at(&name.place)
            .maybe_hint(did_you_mean(name_of, names)),
    )
}

impl Fill for NestFill {
    fn fill(&self, rows: Rows<'_>, inputs: &[ArrayRef]) -> Result<ArrayRef> {
        alone(self, rows, inputs)
    }

    fn takes_children(&self) -> Option<Taker<'_>> {
        Some(Taker(self))
    }
}

impl TakesChildren for NestFill {
    fn columns(&self) -> &ChildColumns {
        &self.columns
    }

    fn start<'a>(&'a self, rows: Rows<'a>, _: &'a [ArrayRef]) -> Box<dyn Taking + 'a> {
        Box::new(Items {
            of: self,
            columns: vec![Vec::new(); self.fields.len()],
            lengths: vec![0; rows.len()],
        })
    }
}

impl Taking for Items<'_> {
    fn take(&mut self, stretch: &Stretch<'_>) -> Result<()> {
        for (index, pair) in stretch.offsets.windows(2).enumerate() {
            let length = pair[1] - pair[0];
            let valid = stretch.valid.as_ref();
            let own = valid.map(|valid| valid.slice(pair[0], length).count_set_bits());
            self.lengths[stretch.first + index] += own.unwrap_or(length);
        }
        let valid = stretch.valid.clone();
        let valid = valid.map(|valid| BooleanArray::new(valid, None));
        for (parts, column) in self.columns.iter_mut().zip(stretch.columns) {
            let column = plain(column)?;
            parts.push(match &valid {
                Some(valid) => filter(&column, valid)?,
                None => column,
            });
        }
        Ok(())
    }

    fn finish(self: Box<Self>) -> Result<ArrayRef> {
        let total: usize = self.lengths.iter().sum();
        if i32::try_from(total).is_err() {
            let message = "the lists of one batch have more than 2^31 items";
            return Err(Error::run(message));
        }
        let fields = &self.of.fields;
        let columns = fields.iter().zip(&self.columns);
        let columns = columns.map(|(field, parts)| joined(field.data_type(), parts));
        let columns = columns.collect::<Result<Vec<_>>>()?;
        let structs = StructArray::try_new_with_length(fields.clone(), columns, None, total)?;
        let offsets = OffsetBuffer::from_lengths(self.lengths.iter().copied());
        let item = self.of.item.clone();
        let list = ListArray::try_new(item, offsets, Arc::new(structs), None)?;
        Ok(Arc::new(list))
    }
}

/// The parts of a column one behind the other.
fn joined(data_type: &DataType, parts: &[ArrayRef]) -> Result<ArrayRef> {
    let arrays: Vec<&dyn Array> = parts.iter().map(AsRef::as_ref).collect();
    match arrays.len() {
        0 => Ok(new_empty_array(data_type)),
        1 => Ok(parts[0].clone()),
        _ => Ok(concat(&arrays)?),
    }
}

by_node!(
    Nest,
    |node| {
        Ok(Nest(match &node.value {
            Value::Scalar { .. } => NestOptions {
                table: decode(node)?,
                columns: None,
                except: None,
            },
            _ => decode::<NestOptions>(node)?,
        }))
    },
    |generator| {
        let name = generator.subschema_for::<Text>();
        let options = generator.subschema_for::<NestOptions>();
        json_schema!({
            "description": "The children of the row in another table, as a list of structs with the values that the table has; its foreign key to this one has `per_parent`.",
            "anyOf": [name, options]
        })
    }
);

#[cfg(test)]
mod tests {
    use crate::column::testing::{check_any_split, problem, tables};

    const NESTED: &str = r#"customers:
  rows: 40
  columns:
    id: sequence
    region: { choice: [N, S] }
    orders: { nest: orders }
    within: { struct: { ids: { nest: { table: orders, columns: [order_id, lines] } } } }
    paid: { expr: "sum(orders.total)" }
orders:
  columns:
    id: { foreign_key: { ref: customers.id, per_parent: { uniform: { min: 0, max: 3 } } } }
    order_id: sequence
    total: { expr: "sum(lines.amount)" }
    region: { copy: id.region }
    lines: { nest: { table: lines, except: [order_id] }, hidden: true }
lines:
  columns:
    order_id: { foreign_key: { ref: orders.order_id, per_parent: { uniform: { min: 0, max: 4 } } }, nulls: 0.2 }
    amount: { uniform: { min: 1, max: 9 } }
    note: { choice: [a, b], nulls: 0.3 }
    secret: { constant: 1, hidden: true }
"#;

    #[test]
    fn nested_rows_are_the_flat_ones() {
        let tables = tables(NESTED).unwrap();
        let flat = |names: &[&str], table: &str| -> Vec<String> {
            let columns: Vec<Vec<String>> =
                names.iter().map(|name| tables.texts(table, name)).collect();
            let row = |row: usize| {
                let fields = names.iter().zip(&columns);
                let fields = fields.map(|(name, values)| format!("{name}: {}", values[row]));
                format!("{{{}}}", fields.collect::<Vec<_>>().join(", "))
            };
            (0..columns[0].len()).map(row).collect()
        };
        let nested = tables.texts("customers", "orders").concat();
        let mut at = 0;
        for order in flat(&["id", "order_id", "total", "region"], "orders") {
            at += nested[at..]
                .find(&order)
                .unwrap_or_else(|| panic!("{order} in {}", &nested[at..]));
        }
        let lines = tables.texts("orders", "lines").concat();
        let keys = tables.texts("lines", "order_id");
        let mut at = 0;
        for (line, key) in flat(&["amount", "note"], "lines").iter().zip(keys) {
            if key != "null" {
                at += lines[at..].find(line).unwrap_or_else(|| panic!("{line}"));
            }
        }
        insta::assert_snapshot!(tables.texts("customers", "within")[..6].join("\n"));
    }

    #[test]
    fn values_are_a_function_of_the_row() {
        let tables = tables(NESTED).unwrap();
        check_any_split(&tables, "customers", &["orders", "within", "paid"]);
        check_any_split(&tables, "orders", &["lines", "total"]);
    }

    #[test]
    fn mistakes_say_what_is_wrong() {
        let mistakes = [
            "nest: c, type: int64",
            "nest: cc",
            "nest: other",
            "nest: { table: c, columns: [id, m] }",
            "nest: { table: c, columns: [id], except: [n] }",
            "nest: { table: c, except: [id, n, share] }",
            "nest: { table: c, colums: [id] }",
            "nest: { table: c, columns: [id, n, id] }",
            "nest: { table: c, except: [n, n] }",
            "nest: { table: c, columns: [] }",
            "nest: c",
        ];
        let shown = mistakes.map(|nest| {
            problem(&format!("p:\n  rows: 9\n  columns:\n    id: sequence\n    x: {{ {nest} }}\nc:\n  columns:\n    id: {{ foreign_key: {{ ref: p.id, per_parent: 2 }} }}\n    n: sequence\n    share: {{ copy: id.x }}\nother:\n  rows: 4\n  columns: {{ id: sequence }}\n"))
        });
        insta::assert_snapshot!(shown.join("\n\n"));
    }
}
