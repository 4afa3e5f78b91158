//! Tests of `by`.

use std::collections::HashMap;

use crate::column::distribution::DistributionKind;
use crate::column::generators::GeneratorKind;
use crate::column::testing::{check_any_split, one, problem, tables};
use crate::column::tests::fixture::{build_in, chi_square};

const COLUMNS: &str = r#"device: { uniform: { min: 1, max: 300 } }
room: { choice: [hall, attic, cellar], nulls: 0.1 }
day: { type: date, uniform: { min: 2026-01-01, max: 2026-01-09 } }
model: { choice: { A: 3, B: 1 }, by: device }
weight: { type: "decimal(8,2)", uniform: { min: 1.00, max: 9.00 }, by: device, nulls: 0.3 }
serial: { uuid: {}, by: device }
owner: { person: {}, by: device, hidden: true }
email: { copy: owner.email }
sizes: { list: { length: { uniform: { min: 0, max: 3 } }, of: { choice: [S, M] } }, by: [room, day] }
warm: { bool: {}, by: room }
"#;

/// Which values stand beside each key.
fn beside(keys: &[String], values: &[String]) -> HashMap<String, String> {
    let mut known: HashMap<String, String> = HashMap::new();
    for (key, value) in keys.iter().zip(values) {
        let before = known.insert(key.clone(), value.clone());
        assert!(before.is_none_or(|before| &before == value), "{key}");
    }
    known
}

#[test]
fn equal_values_have_equal_attributes() {
    let tables = one(5000, COLUMNS);
    let devices = tables.texts("t", "device");
    for column in ["model", "weight", "serial", "email"] {
        let known = beside(&devices, &tables.texts("t", column));
        assert_eq!(known.len(), 300, "{column}");
    }
    let known = beside(&devices, &tables.texts("t", "model"));
    let a = known.values().filter(|model| *model == "A").count() as u64;
    assert!(chi_square(&[a, 300 - a], &[0.75, 0.25]) < 3.72, "{a}");
    let known = beside(&devices, &tables.texts("t", "weight"));
    let absent = known.values().filter(|weight| *weight == "null").count() as u64;
    assert!(
        chi_square(&[absent, 300 - absent], &[0.3, 0.7]) < 3.72,
        "{absent}"
    );
    let serials = beside(&devices, &tables.texts("t", "serial"));
    let distinct: std::collections::HashSet<&String> = serials.values().collect();
    assert_eq!(distinct.len(), 300);
}

#[test]
fn several_columns_decide_together_and_nulls_decide_nothing() {
    let tables = one(5000, COLUMNS);
    let (rooms, days) = (tables.texts("t", "room"), tables.texts("t", "day"));
    let both: Vec<String> = rooms
        .iter()
        .zip(&days)
        .map(|(room, day)| format!("{room} {day}"))
        .collect();
    let sizes = tables.texts("t", "sizes");
    assert_eq!(beside(&both, &sizes).len(), 36);
    let warm = tables.texts("t", "warm");
    for row in 0..5000 {
        let absent = rooms[row] == "null";
        assert_eq!(absent, warm[row] == "null", "row {row}");
        assert_eq!(absent, sizes[row] == "null", "row {row}");
    }
}

#[test]
fn what_is_shown_of_nobody_is_null() {
    let tables = one(
        500,
        r#"k: { choice: [a, b], nulls: 0.3 }
person: { person: {}, by: k }
email: { copy: person.email }
born: { copy: person.birth_date }
country: { copy: person.country }
company: { company: {}, by: k }
iban: { iban: {}, by: k }
card: { credit_card: {}, by: k }
json: { json: { a: { bool: {} } }, by: k }
"#,
    );
    let keys = tables.texts("t", "k");
    let columns = [
        "person", "email", "born", "country", "company", "iban", "card", "json",
    ];
    for column in columns {
        let known = beside(&keys, &tables.texts("t", column));
        assert_eq!(known.len(), 3, "{column}");
        assert_eq!(known["null"], "null", "{column}");
        assert!(known["a"] != "null" && known["b"] != "null", "{column}");
    }
    check_any_split(&tables, "t", &columns);
}

#[test]
fn fields_are_null_where_their_column_is() {
    let tables = one(
        500,
        "p: { person: {}, nulls: 0.5 }\nemail: { copy: p.email }\ncountry: { copy: p.country }\n",
    );
    let people = tables.texts("t", "p");
    assert!(people.contains(&"null".to_string()));
    for field in ["email", "country"] {
        let field = tables.texts("t", field);
        for row in 0..500 {
            assert_eq!(field[row] == "null", people[row] == "null", "row {row}");
        }
    }
}

#[test]
fn values_are_a_function_of_the_row() {
    let columns = ["model", "weight", "serial", "email", "sizes", "warm"];
    check_any_split(&one(200, COLUMNS), "t", &columns);
}

#[test]
fn the_same_column_by_a_text_elsewhere_agrees() {
    let yaml = "t:\n  rows: 40\n  columns:\n    k: { template: \"D{row:03}\" }\n    x: { uniform: { min: 1, max: 1000 }, by: k }\n";
    let more = yaml
        .replace("    k:", "    added: sequence\n    k:")
        .replace("rows: 40", "rows: 20");
    let all = tables(yaml).unwrap().integers("t", "x");
    assert_eq!(tables(&more).unwrap().integers("t", "x"), all[..20]);
}

#[test]
fn every_kind_is_decided_by_a_value_or_says_why_not() {
    let mut refused = Vec::new();
    for kind in GeneratorKind::KINDS {
        let text = format!("{{ {}, by: country.code }}", kind.example);
        match build_in("orders", &text) {
            Err(problem) => refused.push(format!("{}: {}", kind.name, problem.message)),
            Ok(tables) => {
                check_any_split(&tables, "orders", &["example"]);
                let drawn = DistributionKind::KINDS
                    .iter()
                    .any(|drawn| drawn.name == kind.name);
                if drawn || ["choice", "bool", "uuid", "words", "person"].contains(&kind.name) {
                    let distinct: std::collections::HashSet<String> =
                        tables.texts("orders", "example").into_iter().collect();
                    assert!(distinct.len() <= 3, "{}: {distinct:?}", kind.name);
                }
            }
        }
    }
    insta::assert_snapshot!(refused.join("\n"));
}

#[test]
fn mistakes_say_what_is_wrong() {
    let mistakes = [
        "sequence: {}, by: k",
        "expr: \"k + 1\", by: k",
        "uniform: { min: 1, max: 9 }, by: kk",
        "uniform: { min: 1, max: 9 }, by: x",
        "uniform: { min: 1, max: 9 }, by: []",
        "uniform: { min: 1, max: 9 }, by: l",
        "uniform: { min: 1, max: 9 }, by: k, unique: true",
    ];
    let shown = mistakes.map(|column| {
        problem(&format!("t:\n  rows: 9\n  columns:\n    k: sequence\n    l: {{ list: {{ length: 2, of: sequence }} }}\n    x: {{ {column} }}\n"))
    });
    insta::assert_snapshot!(shown.join("\n\n"));
}

#[test]
fn a_null_decides_no_fact_either() {
    let columns = r#"key: { uniform: { min: 1, max: 40 }, nulls: 0.3 }
who: { person: {}, by: key }
email: { copy: who.email }
firm: { company: {}, by: key, nulls: 0.3 }
tax: { copy: firm.tax_id }
place: { coordinates: {}, by: key }
"#;
    let tables = one(3000, columns);
    let keys = tables.texts("t", "key");
    for name in ["who", "email", "firm", "tax", "place"] {
        let values = tables.texts("t", name);
        beside(&keys, &values);
        assert!(tables.domain("t", name).nulls, "{name}");
        let mut absent = std::collections::HashSet::new();
        for (key, value) in keys.iter().zip(&values) {
            assert!(key != "null" || value == "null", "{name}");
            absent.extend((value == "null" && key != "null").then_some(key));
        }
        let own = matches!(name, "firm" | "tax");
        assert_eq!((4..21).contains(&absent.len()), own, "{name}: {absent:?}");
    }
    assert_eq!(
        tables
            .texts("t", "firm")
            .iter()
            .filter(|firm| *firm == "null")
            .count(),
        tables
            .texts("t", "tax")
            .iter()
            .filter(|tax| *tax == "null")
            .count()
    );
    check_any_split(&tables, "t", &["who", "tax", "place"]);
}
