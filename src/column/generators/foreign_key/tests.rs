//! Foreign keys, `nth` and `child_count`: who is whose child, how often, and what is refused.

use std::collections::BTreeMap;

use arrow::array::{Array, AsArray};
use arrow::datatypes::{Int32Type, UInt64Type};

use crate::column::testing::{Tables, check_any_split, problem, tables};
use crate::domain::{Order, Range};

const CUSTOMERS: &str = "
customers:
  rows: 1000
  columns:
    customer_id: { sequence: { start: 501 } }
    country: { choice: [IT, FR, DE] }
    shop: { uniform: { min: 1, max: 9 } }
    code: { permute: {} }
    orders: { child_count: orders.customer_id, type: int16 }
";

/// The customers without `child_count`, for orders that pick them.
fn picked(orders: &str) -> Tables {
    let counted = "    orders: { child_count: orders.customer_id, type: int16 }\n";
    let customers = CUSTOMERS.replace(counted, "");
    tables(&format!("{customers}\norders:\n{orders}")).unwrap()
}

fn shop(orders: &str, more: &str) -> Tables {
    tables(&format!("{CUSTOMERS}\norders:\n{orders}\n{more}")).unwrap()
}

const CLUSTERED: &str = "\x20 columns:
    order_id: { sequence: {} }
    customer_id: { foreign_key: { ref: customers.customer_id, per_parent: { uniform: { min: 0, max: 8 } } } }
    line: { nth: customer_id, type: int8 }
    place: { nth: { of: customer_id, start: 0 } }
    country: { copy: customer_id.country }
    code: { copy: customer_id.code }
    siblings: { copy: customer_id.orders }";

const LINES: &str = "
lines:
  columns:
    order_id: { foreign_key: { ref: orders.order_id, per_parent: 3 } }
    customer_id: { copy: order_id.customer_id }
    country: { copy: order_id.customer_id.country }
    line: { copy: order_id.line }";

fn random(options: &str) -> Tables {
    picked(&format!(
        "  rows: 200_000\n  columns:\n    c: {{ foreign_key: {{ ref: customers.customer_id{options} }} }}\n    country: {{ copy: c.country }}\n"
    ))
}

fn frequencies(values: &[i64]) -> BTreeMap<i64, f64> {
    let mut counts = BTreeMap::new();
    values
        .iter()
        .for_each(|value| *counts.entry(*value).or_insert(0.0) += 1.0);
    counts
}

fn chi_square(counts: impl IntoIterator<Item = (f64, f64)>) -> f64 {
    counts
        .into_iter()
        .map(|(n, expected)| (n - expected).powi(2) / expected)
        .sum()
}

#[test]
fn each_parent_has_its_own_number_of_children() {
    let tables = shop(CLUSTERED, "");
    let keys = tables.integers("orders", "customer_id");
    assert_eq!(keys.len() as u64, tables.rows("orders"));
    assert!(keys.is_sorted());
    let numbers = tables.integers("customers", "orders");
    let counts = frequencies(&keys);
    for (customer, number) in (501..).zip(&numbers) {
        let counted = counts.get(&customer).copied().unwrap_or(0.0);
        assert_eq!(counted, *number as f64, "{customer}");
    }
    let cells = frequencies(&numbers);
    let chi = chi_square((0..=8).map(|number| (cells[&number], 1000.0 / 9.0)));
    // 8 degrees of freedom, p = 0.0001.
    assert!(chi < 31.9, "{chi} {cells:?}");
    let domain = tables.domain("orders", "customer_id");
    assert_eq!(domain.order, Order::Ascending);
    assert_eq!(
        domain.range,
        Some(Range::Integer {
            min: 501,
            max: 1500
        })
    );
    assert_eq!(domain.distinct, Some(1000));
    assert!(!domain.unique);
}

#[test]
fn places_count_the_children_of_each_parent() {
    let tables = shop(CLUSTERED, "");
    let keys = tables.integers("orders", "customer_id");
    let lines = tables.integers("orders", "line");
    let places = tables.integers("orders", "place");
    let (mut before, mut expected) = (0, 0);
    for ((key, line), place) in keys.iter().zip(lines).zip(places) {
        expected = if *key == before { expected + 1 } else { 1 };
        before = *key;
        assert_eq!((line, place), (expected, expected - 1));
    }
    let range = tables.domain("orders", "line").range;
    assert_eq!(range, Some(Range::Integer { min: 1, max: 8 }));
}

#[test]
fn the_parents_columns_are_read_through_the_key() {
    let tables = shop(CLUSTERED, LINES);
    let country = tables.texts("customers", "country");
    let code = tables.texts("customers", "code");
    let numbers = tables.texts("customers", "orders");
    for (key, row) in tables.integers("orders", "customer_id").iter().zip(0..) {
        let parent = (key - 501) as usize;
        let row: usize = row;
        let read = |column: &str| tables.texts("orders", column)[row].clone();
        if row.is_multiple_of(97) {
            assert_eq!(read("country"), country[parent]);
            assert_eq!(read("code"), code[parent]);
            assert_eq!(read("siblings"), numbers[parent]);
        }
    }
    assert_eq!(tables.rows("lines"), 3 * tables.rows("orders"));
    let each = |column: &str| -> Vec<String> {
        let texts = tables.texts("orders", column);
        texts
            .iter()
            .flat_map(|text| std::iter::repeat_n(text.clone(), 3))
            .collect()
    };
    for column in ["customer_id", "country", "line"] {
        assert_eq!(tables.texts("lines", column), each(column), "{column}");
    }
}

#[test]
fn text_stays_a_shared_dictionary() {
    let tables = shop(CLUSTERED, LINES);
    let own = tables.domain("customers", "country").dictionary.unwrap();
    for table in ["orders", "lines"] {
        let values = tables.column(table, "country");
        let values = values.as_dictionary::<Int32Type>().values();
        assert_eq!(values.as_ref(), own.as_ref());
        assert!(values.to_data().ptr_eq(&own.to_data()));
        assert!(tables.domain(table, "country").dictionary.is_some());
    }
}

#[test]
fn parents_are_picked_alike() {
    let tables = random("");
    let cells = frequencies(&tables.integers("orders", "c"));
    assert_eq!(cells.len(), 1000);
    let chi = chi_square(cells.values().map(|n| (*n, 200.0)));
    // 999 degrees of freedom: standard deviation 44.7; 5 of them.
    assert!((776.0..1222.0).contains(&chi), "{chi}");
    assert_eq!(tables.domain("orders", "c").order, Order::Unknown);
}

#[test]
fn ranks_follow_their_distribution_and_are_scattered() {
    let ranked = random(", distribution: { choice: { 1: 50, 2: 30, 3: 20 } }, ranked: true");
    let cells = frequencies(&ranked.integers("orders", "c"));
    let expected = [(501, 100_000.0), (502, 60_000.0), (503, 40_000.0)];
    let chi = chi_square(expected.map(|(key, expected)| (cells[&key], expected)));
    // 2 degrees of freedom, p = 0.0001.
    assert!(chi < 18.5, "{chi} {cells:?}");
    let scattered = random(", distribution: { choice: { 1: 50, 2: 30, 3: 20 } }");
    let mut counts: Vec<(i64, f64)> = frequencies(&scattered.integers("orders", "c"))
        .into_iter()
        .collect();
    assert!(counts.iter().any(|(key, _)| *key > 510), "{counts:?}");
    counts.sort_by(|one, other| other.1.total_cmp(&one.1));
    let same: Vec<f64> = cells.values().copied().collect();
    assert_eq!(counts.iter().map(|(_, n)| *n).collect::<Vec<_>>(), same);
}

#[test]
fn hot_parents_are_as_hot_as_zipf_says() {
    let options = ", distribution: { zipf: { exponent: 1.1 } }";
    let ranked = random(&format!("{options}, ranked: true")).integers("orders", "c");
    let weight = |rank: i64| (rank as f64).powf(-1.1);
    let all: f64 = (1..=1000).map(weight).sum();
    let cells = frequencies(&ranked);
    let expected = |rank: i64| (cells[&(500 + rank)], 200_000.0 * weight(rank) / all);
    let chi = chi_square((1..=1000).map(expected));
    // 999 degrees of freedom: standard deviation 44.7; 5 of them.
    assert!((776.0..1222.0).contains(&chi), "{chi}");
    let scattered = frequencies(&random(options).integers("orders", "c"));
    let hottest = scattered
        .iter()
        .max_by(|one, other| one.1.total_cmp(other.1));
    assert_eq!(hottest.unwrap().1, &cells[&501]);
    let early: f64 = (501..=510)
        .map(|key| scattered.get(&key).unwrap_or(&0.0))
        .sum();
    assert!(early < 20_000.0, "{early}");
}

#[test]
fn children_follow_poisson() {
    let orders = CLUSTERED.replace(
        "{ uniform: { min: 0, max: 8 } }",
        "{ poisson: { mean: 3 } }",
    );
    let tables = shop(
        &orders.replace("    line: { nth: customer_id, type: int8 }\n", ""),
        "",
    );
    let cells = frequencies(&tables.integers("customers", "orders"));
    let mut probability = (-3.0f64).exp();
    let mut expected = Vec::new();
    for number in 0..8 {
        expected.push((
            cells.get(&number).copied().unwrap_or(0.0),
            1000.0 * probability,
        ));
        probability *= 3.0 / (number + 1) as f64;
    }
    let chi = chi_square(expected);
    // 8 cells of a distribution that has a few more, p = 0.0001.
    assert!(chi < 31.9, "{chi} {cells:?}");
    let total: f64 = cells
        .iter()
        .map(|(number, parents)| *number as f64 * parents)
        .sum();
    assert_eq!(total, tables.rows("orders") as f64);
}

#[test]
fn a_key_of_several_columns_is_copied() {
    let tables = picked(
        "  rows: 500
  columns:
    customer: { foreign_key: { table: customers }, hidden: true }
    shop: { copy: customer.shop }
    code: { copy: customer.code }
    customer_id: { foreign_key: { ref: customers.customer_id, distribution: 7, ranked: true } }",
    );
    let picked = tables.column("orders", "customer");
    let picked = picked.as_primitive::<UInt64Type>().values().to_vec();
    for column in ["shop", "code"] {
        let parents = tables.texts("customers", column);
        let expected: Vec<String> = picked
            .iter()
            .map(|row| parents[*row as usize].clone())
            .collect();
        assert_eq!(tables.texts("orders", column), expected);
    }
    assert!(
        tables
            .integers("orders", "customer_id")
            .iter()
            .all(|key| *key == 507)
    );
}

#[test]
fn a_table_can_refer_to_itself() {
    let tables = tables(
        "employees:
  rows: 300
  columns:
    employee_id: { permute: { start: 1000 } }
    manager_id: { foreign_key: { ref: employees.employee_id } }
    above: { copy: manager_id.manager_id }",
    )
    .unwrap();
    let ids = tables.integers("employees", "employee_id");
    let managers = tables.integers("employees", "manager_id");
    let above = tables.integers("employees", "above");
    for (manager, above) in managers.iter().zip(above) {
        let row = ids.iter().position(|id| id == manager).unwrap();
        assert_eq!(above, managers[row]);
    }
}

#[test]
fn any_split_gives_the_same() {
    let tables = shop(CLUSTERED, LINES);
    check_any_split(&tables, "customers", &["orders"]);
    check_any_split(
        &tables,
        "orders",
        &["customer_id", "line", "place", "code", "siblings"],
    );
    check_any_split(
        &tables,
        "lines",
        &["order_id", "customer_id", "country", "line"],
    );
    let tables = random(", distribution: { choice: { 1: 50, 2: 30, 3: 20 } }");
    check_any_split(&tables, "orders", &["c", "country"]);
}

#[test]
fn few_children_keep_what_the_key_has() {
    let tables = tables(
        "a:\n  rows: 90\n  columns:\n    id: sequence\nb:\n  columns:\n    a_id: { foreign_key: { ref: a.id, per_parent: { choice: [0, 1] } } }",
    )
    .unwrap();
    let domain = tables.domain("b", "a_id");
    assert!(domain.unique && domain.order == Order::StrictlyAscending);
}

#[test]
fn what_cannot_be_is_refused() {
    let one = |rows: &str, column: &str| {
        problem(&format!(
            "p:\n  rows: 9\n  columns:\n    id: sequence\nendless:\n  rows: 0\n  columns:\n    id: uuid\nt:\n{rows}  columns:\n    n: sequence\n    k: {{ foreign_key: {{ ref: p.id }} }}\n    c: {column}\n"
        ))
    };
    let refused = [
        ("  rows: 9\n", "{ foreign_key: {} }"),
        ("  rows: 9\n", "{ foreign_key: { ref: p } }"),
        ("  rows: 9\n", "{ foreign_key: { ref: q.id } }"),
        ("  rows: 9\n", "{ foreign_key: { ref: p.ib } }"),
        ("  rows: 9\n", "{ foreign_key: { ref: p.id, table: p } }"),
        ("  rows: 9\n", "{ foreign_key: { table: p } }"),
        ("  rows: 9\n", "{ foreign_key: { ref: endless.id } }"),
        (
            "  rows: 9\n",
            "{ foreign_key: { ref: p.id, ranked: true } }",
        ),
        (
            "  rows: 9\n",
            "{ foreign_key: { ref: p.id, distribution: 10 } }",
        ),
        ("  rows: 9\n", "{ foreign_key: { ref: p.id }, type: int8 }"),
        (
            "  rows: 9\n",
            "{ foreign_key: { ref: p.id }, unique: true }",
        ),
        ("  rows: 9\n", "{ foreign_key: { ref: t.c } }"),
        (
            "  rows: 9\n",
            "{ foreign_key: { ref: p.id, per_parent: 2 } }",
        ),
        ("", "{ foreign_key: { ref: endless.id, per_parent: 2 } }"),
        ("", "{ foreign_key: { ref: t.n, per_parent: 2 } }"),
        (
            "",
            "{ foreign_key: { ref: p.id, per_parent: 2, distribution: 1 } }",
        ),
        (
            "",
            "{ foreign_key: { ref: p.id, per_parent: 2, ranked: true } }",
        ),
        ("", "{ foreign_key: { ref: p.id, per_parent: -1 } }"),
        ("  rows: 9\n", "{ nth: n }"),
        ("  rows: 9\n", "{ nth: k }"),
        ("  rows: 9\n", "{ child_count: p }"),
        ("  rows: 9\n", "{ child_count: p.id }"),
        ("  rows: 9\n", "{ child_count: t.k }"),
    ];
    let shown = refused.map(|(rows, column)| one(rows, column));
    insta::assert_snapshot!(shown.join("\n\n"));
}

#[test]
fn what_clustered_keys_cannot_be_is_refused() {
    let two = |parent: &str, child: &str| {
        problem(&format!(
            "p:\n  rows: 9\n  columns:\n    id: sequence\n    {parent}\nt:\n  columns:\n    k: {{ foreign_key: {{ ref: p.id, per_parent: 200 }} }}\n    {child}\n"
        ))
    };
    let refused = [
        (
            "n: sequence",
            "k2: { foreign_key: { ref: p.id, per_parent: 2 } }",
        ),
        ("n: { child_count: t.k, type: int8 }", "x: sequence"),
        ("n: { child_count: t.k, type: utf8 }", "x: sequence"),
        ("n: sequence", "x: { nth: k, type: int8 }"),
        ("n: sequence", "x: { nth: k, type: utf8 }"),
        ("n: sequence", "x: { nth: { of: k, from: 0 } }"),
    ];
    insta::assert_snapshot!(
        refused
            .map(|(parent, child)| two(parent, child))
            .join("\n\n")
    );
}
