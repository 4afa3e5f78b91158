//! Lists: aggregates of their items, their items by place, what is among them.

use super::of_cents;
use crate::column::testing::{check_any_split, problem, tables};

#[test]
fn items_of_a_list_are_aggregated_alike() {
    let list = "{ list: { length: { uniform: { min: 0, max: 4 } }, of: { uniform: { min: 1, max: 9 } } }, nulls: 0.2 }";
    let lines = "{ list: { length: { uniform: { min: 0, max: 3 } }, of: { struct: { sku: { choice: [a, b] }, money: { struct: { amount: { type: \"decimal(6,2)\", uniform: { min: 0, max: 9 } } } } } } } }";
    let yaml = format!(
        "t:\n  rows: 200\n  columns:\n    tags: {list}\n    lines: {lines}\n    factor: {{ uniform: {{ min: 1, max: 3 }} }}\n    sum: {{ expr: \"sum(tags * factor)\" }}\n    twos: {{ expr: \"count(tags) filter (where tags > factor)\" }}\n    total: {{ expr: \"sum(lines.money.amount) filter (where lines.sku = 'a')\" }}\n    skus: {{ expr: \"string_agg(lines.sku, '')\" }}\n    within: {{ struct: {{ most: {{ expr: \"max(tags)\" }}, of: {{ list: {{ length: 1, of: {{ uniform: {{ min: 1, max: 2 }} }} }} }}, inner: {{ expr: \"sum(of)\" }} }} }}\n"
    );
    let tables = tables(&yaml).unwrap();
    let (tags, factor) = (tables.texts("t", "tags"), tables.integers("t", "factor"));
    for (row, (tags, factor)) in tags.iter().zip(factor).enumerate() {
        let items = tags.trim_matches(['[', ']']).split(", ");
        let items: Vec<i64> = items.filter_map(|item| item.parse().ok()).collect();
        let sum = items
            .iter()
            .map(|item| item * factor)
            .sum::<i64>()
            .to_string();
        let sum = if items.is_empty() {
            "null".to_string()
        } else {
            sum
        };
        assert_eq!(tables.texts("t", "sum")[row], sum, "{tags}");
        let more = items.iter().filter(|item| **item > factor).count();
        assert_eq!(tables.integers("t", "twos")[row], more as i64);
    }
    check_any_split(&tables, "t", &["sum", "twos", "total", "skus", "within"]);
}

#[test]
fn lists_are_looked_into() {
    let list = "{ list: { length: { uniform: { min: 0, max: 4 } }, of: { choice: [red, green, blue] } }, nulls: 0.2 }";
    let lines = "{ list: { length: { uniform: { min: 0, max: 3 } }, of: { struct: { sku: { choice: [a, b] }, price: { type: \"decimal(6,2)\", uniform: { min: 1, max: 9 } } } } } }";
    let yaml = format!(
        "t:\n  rows: 300\n  columns:\n    tags: {list}\n    lines: {lines}\n    colour: {{ choice: [red, blue] }}\n    n: {{ uniform: {{ min: -1, max: 5 }} }}\n    many: {{ expr: \"cardinality(tags)\" }}\n    second: {{ expr: \"tags[2]\" }}\n    nth: {{ expr: \"tags[n]\" }}\n    red: {{ expr: \"array_contains(tags, 'red')\" }}\n    own: {{ expr: \"colour = any(tags)\" }}\n    at: {{ expr: \"array_position(tags, colour)\" }}\n    price: {{ expr: \"lines[1].price * 2\" }}\n    dear: {{ expr: \"5 < any(prices)\" }}\n    prices: {{ list: {{ length: {{ expr: \"greatest(n, 0)\" }}, of: {{ uniform: {{ min: 1, max: 9 }} }} }} }}\n"
    );
    let tables = tables(&yaml).unwrap();
    let column = |name: &str| tables.texts("t", name);
    let (tags, colour, n) = (column("tags"), column("colour"), tables.integers("t", "n"));
    let (many, second, nth, red) = (
        column("many"),
        column("second"),
        column("nth"),
        column("red"),
    );
    let (own, at, prices, dear) = (
        column("own"),
        column("at"),
        column("prices"),
        column("dear"),
    );
    for row in 0..300 {
        let items = |text: &str| -> Vec<String> {
            let text = text.trim_matches(['[', ']']);
            text.split(", ")
                .filter(|item| !item.is_empty())
                .map(str::to_owned)
                .collect()
        };
        let of = items(&prices[row]);
        assert_eq!(of.len() as i64, n[row].max(0));
        let more = of.iter().any(|price| price.parse::<i64>().unwrap() > 5);
        assert_eq!(dear[row], more.to_string());
        if tags[row] == "null" {
            assert!(
                [&many, &second, &nth, &red, &own, &at]
                    .iter()
                    .all(|column| column[row] == "null")
            );
            continue;
        }
        let items = items(&tags[row]);
        let place = |place: i64| {
            let index = usize::try_from(place - 1).ok();
            index
                .and_then(|index| items.get(index).cloned())
                .unwrap_or("null".into())
        };
        assert_eq!(many[row], items.len().to_string());
        assert_eq!(
            (&second[row], &nth[row]),
            (&place(2), &place(n[row])),
            "{items:?} {}",
            n[row]
        );
        assert_eq!(red[row], items.contains(&"red".to_string()).to_string());
        assert_eq!(own[row], items.contains(&colour[row]).to_string());
        let found = items.iter().position(|item| *item == colour[row]);
        assert_eq!(
            at[row],
            found.map_or("null".into(), |at| (at + 1).to_string())
        );
    }
    let first = tables.texts("t", "lines");
    for (lines, price) in first.iter().zip(column("price")) {
        match lines.split_once("price: ") {
            None => assert_eq!(price, "null"),
            Some((_, rest)) => {
                let cents: i64 = rest[..4].replace('.', "").parse().unwrap();
                assert_eq!(price, of_cents(cents * 2));
            }
        }
    }
    check_any_split(
        &tables,
        "t",
        &["many", "nth", "red", "own", "at", "price", "prices", "dear"],
    );
}

#[test]
fn mistakes_with_lists_are_told() {
    let mistakes = [
        "cardinality(n)",
        "n[1]",
        "tags['a']",
        "tags[1].sku",
        "array_contains(tags, 3)",
        "3 = any(n)",
        "lines[1].skew",
    ];
    let shown = mistakes.map(|text| {
        problem(&format!("t:\n  rows: 9\n  columns:\n    n: sequence\n    tags: {{ list: {{ length: 2, of: {{ choice: [a, b] }} }} }}\n    lines: {{ list: {{ length: 2, of: {{ struct: {{ sku: sequence }} }} }} }}\n    x: {{ expr: \"{text}\" }}\n"))
    });
    insta::assert_snapshot!(shown.join("\n\n"));
}
