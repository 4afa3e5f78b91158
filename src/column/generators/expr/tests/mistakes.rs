//! What cannot be aggregated is refused, and what fails is named.

use super::orders;
use crate::column::testing::{problem, tables};

#[test]
fn a_sum_of_too_many_digits_names_its_row() {
    let yaml = "p:\n  rows: 2\n  columns:\n    id: sequence\n    s: { expr: \"sum(c.n)\" }\nc:\n  columns:\n    id: { foreign_key: { ref: p.id, per_parent: 3 } }\n    n: { type: \"decimal(38,0)\", expr: \"case when row = 3 then -1 when row = 2 then 0 else 99999999999999999999999999999999999999 end\" }\n";
    insta::assert_snapshot!(tables(yaml).unwrap().failure("p", "s"));
}

#[test]
fn a_child_that_fails_is_named() {
    let yaml = "p:\n  rows: 2\n  columns:\n    id: sequence\n    s: { expr: \"sum(6 / (c.n - 4))\" }\n    f: { expr: \"sum(6 / (c.n - 4)) filter (where c.n <> 4)\" }\nc:\n  columns:\n    id: { foreign_key: { ref: p.id, per_parent: 3 } }\n    n: { expr: row }\n";
    let tables = tables(yaml).unwrap();
    insta::assert_snapshot!(tables.failure("p", "s"));
    assert_eq!(tables.texts("p", "f"), ["-6", "0"]);
}

#[test]
fn mistakes_say_what_is_wrong() {
    let mistakes = [
        "sum(lines.amuont)",
        "sum(lnes.amount)",
        "sum(rate)",
        "max(rate, 3)",
        "count(*)",
        "sum(lines)",
        "sum(lines.status)",
        "sum(lines.amount) filter (where lines.quantity)",
        "sum(sum(lines.amount))",
        "sum(lines.amount * gifts.worth)",
        "count(distinct lines.status)",
        "sum(lines.amount) over ()",
        "string_agg(lines.status)",
        "string_agg(lines.quantity, ',')",
        "sum(visits.seconds)",
        "sum(clicks.seconds)",
        "sum(parts.weight)",
        "sum(products.price)",
        "sum(orders.rate)",
        "count(other)",
    ];
    let rest = "visits: { rows: 9, columns: { order_id: { foreign_key: { ref: orders.order_id } }, seconds: sequence } }\nclicks: { rows: 0, columns: { order_id: { foreign_key: { ref: orders.order_id } }, seconds: sequence } }\nparts: { columns: { line: { foreign_key: { table: lines, per_parent: 2 }, hidden: true }, weight: sequence } }\nproducts: { rows: 5, columns: { product_id: sequence, price: sequence } }\nother: { rows: 5, columns: { id: sequence } }\n";
    let product = "product_id: { foreign_key: { ref: products.product_id } }\n";
    let shown = mistakes.map(|text| {
        let columns = format!("{product}x: {{ expr: \"{text}\" }}");
        problem(&format!("{}{rest}", orders(9, &columns)))
    });
    insta::assert_snapshot!(shown.join("\n\n"));
}

#[test]
fn a_circle_through_two_tables_is_told_whole() {
    let yaml = |share: &str| {
        format!(
            "o:\n  rows: 9\n  columns:\n    id: sequence\n    total: {{ expr: \"sum(l.amount)\" }}\n    tax: {{ expr: \"total * 2\" }}\nl:\n  columns:\n    id: {{ foreign_key: {{ ref: o.id, per_parent: 2 }} }}\n    amount: {{ expr: \"{share}\" }}\n"
        )
    };
    insta::assert_snapshot!(problem(&yaml("id.tax / 3")));
    // What the aggregate does not feed may be read.
    tables(&yaml("id.id * 3")).unwrap();
}

#[test]
fn a_long_way_from_table_to_table_is_refused() {
    let chain = |length: usize| {
        let (mut parents, mut children) = (String::new(), String::new());
        for step in 1..=length {
            let before = step - 1;
            parents.push_str(&format!("    p{step}: {{ expr: \"sum(c.c{step})\" }}\n"));
            children.push_str(&format!("    c{step}: {{ expr: \"id.p{before} + 1\" }}\n"));
        }
        format!(
            "p:\n  rows: 3\n  columns:\n    id: sequence\n    p0: sequence\n{parents}c:\n  columns:\n    id: {{ foreign_key: {{ ref: p.id, per_parent: 1 }} }}\n{children}"
        )
    };
    let made = tables(&chain(50)).unwrap();
    assert_eq!(made.texts("p", "p50"), ["51", "52", "53"]);
    let told = problem(&chain(51));
    assert!(
        told.contains("more than 100 columns read one another from table to table"),
        "{told}"
    );
}
