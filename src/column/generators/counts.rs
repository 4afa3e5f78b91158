//! How many: a number, a distribution, or what a column or an expression says in the row.

use arrow::datatypes::DataType;
use schemars::json_schema;

use super::Generator;
use super::expr::Expr;
use crate::column::build::Build;
use crate::column::distribution::Distribution;
use crate::column::random::hash::Key;
use crate::column::values::arrays::plain_type;
use crate::column::values::types::{ColumnType, show_type};
use crate::error::Problem;
use crate::place::{Node, Place, Placed, Text, Value, by_node, decode};

/// How many: `3`, `{ uniform: { min: 1, max: 7 } }`, or of the row `{ copy: n }`, `{ expr: "n + 1" }`.
#[derive(Debug, Clone)]
pub enum Counts {
    /// A number for each row, from its own randomness.
    Drawn(Distribution),
    /// What a column says.
    Column(Placed<Text>),
    /// What an expression gives.
    Computed(Placed<Expr>),
}

impl Counts {
    fn from_node(node: &Node) -> Result<Self, Problem> {
        let key = match &node.value {
            Value::Map(entries) if entries.len() == 1 => entries.first(),
            _ => None,
        };
        match key.map(|(key, value)| (key.name.as_str(), value)) {
            Some(("copy", value)) => decode(value).map(Self::Column),
            Some(("expr", value)) => decode(value).map(Self::Computed),
            _ => decode(node).map(Self::Drawn),
        }
    }

    /// What says how many, as it is written.
    pub(in crate::column) fn says(&self) -> String {
        match self {
            Self::Drawn(_) => String::new(),
            Self::Column(column) => column.as_str().to_owned(),
            Self::Computed(expression) => expression.value.text().to_owned(),
        }
    }

    /// The node of a scope that says how many: whole numbers; nothing where they are drawn.
    pub(in crate::column) fn node(
        &self,
        build: &mut Build<'_>,
        scope: usize,
        name: &str,
        place: &Place,
    ) -> Result<Option<usize>, Problem> {
        let node = match self {
            Self::Drawn(_) => return Ok(None),
            Self::Column(column) => build.tables.child_node(scope, column, &column.place)?,
            Self::Computed(expression) => {
                let mut inner = Build {
                    scope,
                    key: Key::new(name),
                    name: name.to_owned(),
                    place: place.clone(),
                    wanted: Some(ColumnType::plain(DataType::Int64)),
                    unique: false,
                    tolerant: false,
                    inputs: Vec::new(),
                    tables: &mut *build.tables,
                };
                let made = expression.value.build(&mut inner)?;
                let inputs = inner.inputs;
                build.tables.derived(scope, name, inputs, || made)
            }
        };
        let found = plain_type(build.tables.node(scope, node).field.data_type()).clone();
        match found.is_integer() {
            true => Ok(Some(node)),
            false => {
                let (says, found) = (self.says(), show_type(&found));
                let message = format!("`{says}` is {found}: how many is a whole number");
                Err(Problem::new(message).at(place))
            }
        }
    }
}

by_node!(Counts, Counts::from_node, |generator| {
    let drawn = generator.subschema_for::<Distribution>();
    json_schema!({
        "description": "How many: a number, a distribution, or of the row `{ copy: column }` or `{ expr: \"…\" }`.",
        "anyOf": [
            drawn,
            {
                "type": "object",
                "properties": { "copy": { "type": "string", "description": "The column that says how many." } },
                "required": ["copy"],
                "additionalProperties": false
            },
            {
                "type": "object",
                "properties": { "expr": { "type": "string", "description": "The expression that gives how many." } },
                "required": ["expr"],
                "additionalProperties": false
            }
        ]
    })
});

#[cfg(test)]
mod tests {
    use crate::column::testing::{check_any_split, problem, tables};

    const PLANNED: &str = r#"regions:
  rows: 3
  columns:
    region_id: sequence
    most: { expr: "row * 2" }
customers:
  rows: 300
  columns:
    customer_id: sequence
    region_id: { foreign_key: { ref: regions.region_id } }
    planned: { type: int16, uniform: { min: 0, max: 4 }, nulls: 0.1 }
    orders: { expr: "count(orders)" }
    made: { child_count: orders.customer_id }
    visited: { expr: "count(visits)" }
    tags: { list: { length: { copy: planned }, of: { template: "{customer_id}-{item}" } } }
orders:
  columns:
    customer_id: { foreign_key: { ref: customers.customer_id, per_parent: { copy: planned } } }
    order_id: sequence
    nth: { nth: customer_id }
    value: { uniform: { min: 1, max: 1_000_000_000 } }
visits:
  columns:
    customer_id: { foreign_key: { ref: customers.customer_id, per_parent: { expr: "least(region_id.most, orders)" } } }
    at: { nth: customer_id }
"#;

    #[test]
    fn parents_have_as_many_children_as_they_say() {
        let tables = tables(PLANNED).unwrap();
        let planned = tables.texts("customers", "planned");
        let planned: Vec<usize> = planned.iter().map(|n| n.parse().unwrap_or(0)).collect();
        let (keys, owners) = (
            tables.integers("customers", "customer_id"),
            tables.integers("orders", "customer_id"),
        );
        let expected: Vec<i64> = keys
            .iter()
            .zip(&planned)
            .flat_map(|(key, n)| std::iter::repeat_n(*key, *n))
            .collect();
        assert_eq!(owners, expected);
        let numbers: Vec<i64> = planned.iter().map(|n| *n as i64).collect();
        assert_eq!(tables.integers("customers", "orders"), numbers);
        assert_eq!(tables.integers("customers", "made"), numbers);
        let nth: Vec<i64> = planned.iter().flat_map(|n| 1..=*n as i64).collect();
        assert_eq!(tables.integers("orders", "nth"), nth);
        for (tags, n) in tables.texts("customers", "tags").iter().zip(&planned) {
            assert_eq!(tags.matches('-').count(), *n, "{tags}");
        }
        let most: Vec<i64> = tables
            .integers("customers", "region_id")
            .iter()
            .map(|id| (id - 1) * 2)
            .collect();
        let visits: Vec<i64> = most
            .iter()
            .zip(&numbers)
            .map(|(most, n)| *most.min(n))
            .collect();
        assert_eq!(tables.integers("customers", "visited"), visits);
    }

    #[test]
    fn values_are_a_function_of_the_row() {
        let tables = tables(PLANNED).unwrap();
        check_any_split(&tables, "customers", &["orders", "made", "visited", "tags"]);
        check_any_split(&tables, "orders", &["customer_id", "nth", "value"]);
        check_any_split(&tables, "visits", &["customer_id", "at"]);
    }

    #[test]
    fn mistakes_say_what_is_wrong() {
        let mistakes = [
            ("per_parent: { copy: nme }", "{ copy: n }"),
            ("per_parent: { copy: name }", "{ copy: n }"),
            ("per_parent: { expr: \"n - 3\" }", "{ copy: n }"),
            ("per_parent: { expr: \"n / 2.0\" }", "{ copy: n }"),
            ("per_parent: { copy: m }", "{ copy: n }"),
            ("per_parent: { copy: n, expr: n }", "{ copy: n }"),
            ("per_parent: 2", "{ copy: name }"),
            ("per_parent: 2", "{ expr: \"sum(c.x\" }"),
        ];
        let shown = mistakes.map(|(per_parent, length)| {
            problem(&format!("p:\n  rows: 9\n  columns:\n    id: sequence\n    n: {{ uniform: {{ min: 1, max: 3 }} }}\n    name: {{ choice: [a] }}\n    m: {{ expr: \"count(c)\" }}\n    l: {{ list: {{ length: {length}, of: sequence }} }}\nc:\n  columns:\n    id: {{ foreign_key: {{ ref: p.id, {per_parent} }} }}\n    x: sequence\n"))
        });
        insta::assert_snapshot!(shown.join("\n\n"));
        let yaml = "t:\n  rows: 9\n  columns:\n    l: { list: { length: { expr: \"-row\" }, of: sequence } }\n";
        insta::assert_snapshot!(tables(yaml).unwrap().failure("t", "l"));
    }
}
