//! Aggregates equal what is computed from the flat tables, at any rows; mistakes are told whole.

mod lists;
mod mistakes;

use std::collections::BTreeMap;

use crate::column::rows::Rows;
use crate::column::testing::{Tables, check_any_split, one, tables};

/// Orders of lines; `order` is a key that some lines do not have.
fn orders(lines: u32, columns: &str) -> String {
    let columns = columns.trim().replace('\n', "\n    ");
    format!(
        r#"orders:
  rows: {lines}
  columns:
    order_id: {{ sequence: {{ start: 1 }} }}
    rate: {{ type: "decimal(4,2)", uniform: {{ min: 0.5, max: 1.5 }} }}
    {columns}
lines:
  columns:
    order_id: {{ foreign_key: {{ ref: orders.order_id, per_parent: {{ uniform: {{ min: 0, max: 5 }} }} }} }}
    place: {{ nth: order_id }}
    quantity: {{ type: int32, uniform: {{ min: 1, max: 9 }} }}
    price: {{ type: "decimal(10,2)", uniform: {{ min: -5, max: 99.99 }}, nulls: 0.2 }}
    amount: {{ expr: "quantity * price" }}
    weight: {{ type: float64, uniform: {{ min: 0, max: 1 }} }}
    status: {{ choice: [OK, LATE, LOST] }}
    ok: {{ expr: "status = 'OK'" }}
    day: {{ type: date, uniform: {{ min: 2024-01-01, max: 2024-12-31 }} }}
    of_order: {{ expr: "order_id.rate * quantity" }}
gifts:
  columns:
    order_id: {{ foreign_key: {{ ref: orders.order_id, per_parent: 3 }}, nulls: 0.3 }}
    worth: {{ uniform: {{ min: 1, max: 5 }} }}
"#
    )
}

const AGGREGATES: &str = r#"
total: { expr: "sum(lines.amount)" }
pieces: { expr: "sum(lines.quantity)" }
lines: { expr: "count(lines)" }
priced: { expr: "count(lines.price)" }
least: { expr: "min(lines.price)" }
latest: { expr: "max(lines.day)" }
first_status: { expr: "min(lines.status)" }
heavy: { expr: "sum(lines.weight)" }
mean: { expr: "avg(lines.price)" }
mean_quantity: { expr: "avg(lines.quantity)" }
late: { expr: "count(*) filter (where lines.status <> 'OK')" }
late_total: { expr: "sum(lines.amount) filter (where lines.status <> 'OK' and lines.quantity > 3)" }
all_ok: { expr: "bool_and(lines.ok)" }
any_ok: { expr: "bool_or(lines.status = 'OK')" }
statuses: { expr: "string_agg(lines.status, '/')" }
rated: { expr: "sum(lines.quantity * rate)" }
of_order: { expr: "sum(lines.of_order)" }
places: { expr: "max(lines.place)" }
gifts: { expr: "count(gifts)" }
worth: { expr: "coalesce(sum(gifts.worth), 0)" }
kind: { expr: "case when sum(lines.amount) > 500 then 'LARGE' when count(lines) = 0 then 'EMPTY' else 'SMALL' end" }
"#;

/// The values of a column of `lines`, by their order.
fn by_order(tables: &Tables, table: &str, column: &str) -> BTreeMap<String, Vec<String>> {
    let keys = tables.texts(table, "order_id");
    let mut by_order: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (key, value) in keys.into_iter().zip(tables.texts(table, column)) {
        by_order.entry(key).or_default().push(value);
    }
    by_order
}

/// What `reduce` makes of each order's values is the column of `orders`.
fn check(tables: &Tables, of: &str, column: &str, reduce: impl Fn(&[String]) -> String) {
    let (table, column_of) = of.split_once('.').unwrap();
    let values = by_order(tables, table, column_of);
    let keys = tables.texts("orders", "order_id");
    let mut empty = 0;
    for (key, found) in keys.iter().zip(tables.texts("orders", column)) {
        let values = values.get(key).map_or(&[][..], Vec::as_slice);
        empty += usize::from(values.is_empty());
        assert_eq!(found, reduce(values), "{column} of order {key}: {values:?}");
    }
    assert!(empty > 0, "no order is without children");
}

/// The digits of decimals at scale 2, without nulls.
fn cents(values: &[String]) -> Vec<i64> {
    let values = values.iter().filter(|value| *value != "null");
    values
        .map(|value| value.replace('.', "").parse().unwrap())
        .collect()
}

fn of_cents(sum: i64) -> String {
    let sign = if sum < 0 { "-" } else { "" };
    format!("{sign}{}.{:02}", sum.abs() / 100, sum.abs() % 100)
}

fn or_null(values: &[String], of: impl Fn(&[String]) -> String) -> String {
    let some: Vec<String> = values
        .iter()
        .filter(|value| *value != "null")
        .cloned()
        .collect();
    match some.is_empty() {
        true => "null".into(),
        false => of(&some),
    }
}

#[test]
fn aggregates_are_those_of_the_flat_rows() {
    let tables = tables(&orders(400, AGGREGATES)).unwrap();
    let sum = |values: &[String]| or_null(values, |some| of_cents(cents(some).iter().sum()));
    check(&tables, "lines.amount", "total", sum);
    check(&tables, "lines.price", "least", |values| {
        or_null(values, |some| of_cents(*cents(some).iter().min().unwrap()))
    });
    check(&tables, "lines.quantity", "pieces", |values| {
        let sum = |some: &[String]| {
            some.iter()
                .map(|one| one.parse::<i64>().unwrap())
                .sum::<i64>()
        };
        or_null(values, |some| sum(some).to_string())
    });
    check(&tables, "lines.price", "lines", |values| {
        values.len().to_string()
    });
    check(&tables, "lines.price", "priced", |values| {
        cents(values).len().to_string()
    });
    check(&tables, "lines.day", "latest", |values| {
        or_null(values, |some| some.iter().max().unwrap().clone())
    });
    check(&tables, "lines.status", "first_status", |values| {
        or_null(values, |some| some.iter().min().unwrap().clone())
    });
    check(&tables, "lines.status", "statuses", |values| {
        or_null(values, |some| some.join("/"))
    });
    check(&tables, "lines.status", "late", |values| {
        values
            .iter()
            .filter(|value| *value != "OK")
            .count()
            .to_string()
    });
    check(&tables, "lines.ok", "all_ok", |values| {
        or_null(values, |some| {
            some.iter().all(|ok| ok == "true").to_string()
        })
    });
    check(&tables, "lines.status", "any_ok", |values| {
        or_null(values, |some| {
            some.iter().any(|one| one == "OK").to_string()
        })
    });
    check(&tables, "lines.of_order", "rated", sum);
    check(&tables, "lines.of_order", "of_order", sum);
    check(&tables, "lines.place", "places", |values| {
        or_null(values, |some| some.len().to_string())
    });
    check(&tables, "lines.weight", "heavy", |values| {
        let sum = |some: &[String]| {
            some.iter()
                .map(|one| one.parse::<f64>().unwrap())
                .sum::<f64>()
        };
        or_null(values, |some| format!("{:?}", sum(some)))
    });
    check(&tables, "lines.amount", "kind", |values| {
        match cents(values).iter().sum::<i64>() {
            50_001.. => "LARGE".into(),
            _ if values.is_empty() => "EMPTY".into(),
            _ => "SMALL".into(),
        }
    });
}

#[test]
fn a_row_without_its_key_is_nobodys_child() {
    let tables = tables(&orders(400, AGGREGATES)).unwrap();
    check(&tables, "gifts.worth", "gifts", |values| {
        values.len().to_string()
    });
    check(&tables, "gifts.worth", "worth", |values| {
        let worth = values.iter().map(|one| one.parse::<i64>().unwrap());
        worth.sum::<i64>().to_string()
    });
}

#[test]
fn a_mean_has_the_digits_of_a_quotient() {
    let tables = tables(&orders(50, AGGREGATES)).unwrap();
    let (sums, counts) = (
        tables.texts("orders", "pieces"),
        tables.integers("orders", "lines"),
    );
    for ((sum, count), mean) in sums
        .iter()
        .zip(counts)
        .zip(tables.texts("orders", "mean_quantity"))
    {
        if count == 0 {
            assert_eq!(mean, "null");
            continue;
        }
        let (whole, digits) = mean.split_once('.').unwrap();
        assert_eq!(digits.len(), 16, "{mean}");
        let exact: i128 = format!("{whole}{digits}").parse().unwrap();
        let sum: i128 = sum.parse().unwrap();
        assert!((exact * i128::from(count) - sum * 10i128.pow(16)).abs() <= i128::from(count));
    }
}

#[test]
fn aggregates_are_functions_of_the_row() {
    let tables = tables(&orders(120, AGGREGATES)).unwrap();
    let columns = AGGREGATES.trim().lines();
    let columns: Vec<&str> = columns
        .map(|line| line.split_once(':').unwrap().0)
        .collect();
    check_any_split(&tables, "orders", &columns);
}

#[test]
fn a_parent_of_many_children_is_made_in_stretches() {
    let yaml = "p:\n  rows: 3\n  columns:\n    id: sequence\n    s: { expr: \"sum(c.n)\" }\n    n: { expr: \"count(c.n) filter (where c.n % 2 = 0)\" }\n    top: { expr: \"max(c.place)\" }\nc:\n  columns:\n    id: { foreign_key: { ref: p.id, per_parent: { choice: [100_000, 70_001] } } }\n    n: { expr: \"row % 7\" }\n    place: { nth: id }\n";
    let tables = tables(yaml).unwrap();
    let (ids, n) = (tables.integers("c", "id"), tables.integers("c", "n"));
    for (row, key) in tables.integers("p", "id").into_iter().enumerate() {
        let own = || {
            ids.iter()
                .zip(&n)
                .filter(|(id, _)| **id == key)
                .map(|(_, n)| *n)
        };
        assert_eq!(tables.integers("p", "s")[row], own().sum::<i64>());
        let even = own().filter(|n| n % 2 == 0).count() as i64;
        assert_eq!(tables.integers("p", "n")[row], even);
        assert_eq!(tables.integers("p", "top")[row], own().count() as i64);
    }
}

#[test]
fn another_column_moves_no_aggregate() {
    let before = tables(&orders(100, AGGREGATES)).unwrap();
    let more = format!(
        "more: {{ uniform: {{ min: 1, max: 3 }} }}\n{}",
        AGGREGATES.trim()
    );
    let after = tables(&orders(150, &more)).unwrap();
    for column in ["total", "late_total", "statuses", "kind"] {
        let rows = Rows::Range {
            first: 0,
            count: 100,
        };
        assert_eq!(
            &before.at("orders", column, rows),
            &after.at("orders", column, rows)
        );
    }
}

#[test]
fn aggregates_within_a_column_are_those_of_the_row() {
    let columns = r#"inside: { struct: { total: { expr: "sum(lines.amount)" }, list: { list: { length: 2, of: { expr: "count(lines) + item" } } } } }
total: { expr: "sum(lines.amount)" }
count: { expr: "count(lines)" }"#;
    let tables = tables(&orders(60, columns)).unwrap();
    let (totals, counts) = (
        tables.texts("orders", "total"),
        tables.integers("orders", "count"),
    );
    for (row, inside) in tables.texts("orders", "inside").iter().enumerate() {
        let total = &totals[row];
        let total = if total == "null" {
            String::new()
        } else {
            total.clone()
        };
        let (first, second) = (counts[row], counts[row] + 1);
        assert_eq!(
            inside.replace("null", ""),
            format!("{{total: {total}, list: [{first}, {second}]}}")
        );
    }
    check_any_split(&tables, "orders", &["inside"]);
}

#[test]
fn times_of_day_come_in_and_go_out() {
    for unit in ["s", "ms", "us", "ns"] {
        let tables = one(
            1,
            &format!(
                r#"a: {{ type: time({unit}), constant: "08:30:15" }}
later: {{ expr: "a + interval '1 hour'" }}
quoted: {{ type: time({unit}), expr: "'09:30:15'" }}
text: {{ expr: "a::text" }}
same: {{ expr: "later = quoted and a < '12:00'" }}
seconds: {{ expr: "extract(epoch from a)::int" }}
least: {{ expr: "least(later, a)" }}"#
            ),
        );
        let shown = ["later", "quoted", "text", "same", "seconds", "least"];
        let shown = shown.map(|name| tables.texts("t", name).join(" "));
        let expected = "09:30:15 09:30:15 08:30:15 true 30615 08:30:15";
        assert_eq!(shown.join(" "), expected, "{unit}");
        for name in ["later", "least"] {
            let data_type = tables.column("t", name).data_type().clone();
            assert_eq!(data_type, *tables.column("t", "a").data_type());
        }
    }
}

#[test]
fn a_sum_of_no_float_but_minus_zero_is_that() {
    let yaml = "p:\n  rows: 2\n  columns:\n    id: sequence\n    s: { expr: \"sum(c.f)::text\" }\nc:\n  columns:\n    id: { foreign_key: { ref: p.id, per_parent: 2 } }\n    f: { expr: \"case when row = 2 then 0.0::float8 else '-0'::float8 end\" }\n    r: { running: { sum: f, within: id } }\n    least: { running: { min: f, within: id } }\n";
    let tables = tables(yaml).unwrap();
    assert_eq!(tables.texts("p", "s").join(" "), "-0 0");
    assert_eq!(tables.texts("c", "r").join(" "), "-0.0 -0.0 0.0 0.0");
    assert_eq!(tables.texts("c", "least")[..2].join(" "), "-0.0 -0.0");
}
