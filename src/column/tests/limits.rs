//! Values at the ends of what their types hold: exact, or refused.

use crate::column::testing::{one, problem};

fn column(text: &str) -> String {
    problem(&format!("t:\n  rows: 9\n  columns:\n    c: {text}\n"))
}

#[test]
fn whole_numbers_beyond_int64_are_exact() {
    let tables = one(
        2,
        "a: { constant: 12345678901234567890 }
b: { choice: [18_446_744_073_709_551_615] }
c: { type: uint64, sequence: { start: 9223372036854775807 } }
d: { type: uint64, permute: { start: 18446744073709551614 } }
e: { type: uint64, uniform: { min: 18446744073709551614, max: 18446744073709551614 } }
f: { type: uint64, uniform: { min: 18446744073709550000, max: 18446744073709551615, step: 1615 } }
g: { choice: [1e19] }",
    );
    let texts = |column: &str| tables.texts("t", column);
    assert_eq!(texts("a"), ["12345678901234567890"; 2]);
    assert_eq!(texts("b"), ["18446744073709551615"; 2]);
    assert_eq!(texts("c"), ["9223372036854775807", "9223372036854775808"]);
    let mut shuffled = texts("d");
    shuffled.sort_unstable();
    assert_eq!(shuffled, ["18446744073709551614", "18446744073709551615"]);
    assert_eq!(texts("e"), ["18446744073709551614"; 2]);
    let ends = ["18446744073709550000", "18446744073709551615"];
    assert!(texts("f").iter().all(|text| ends.contains(&text.as_str())));
    assert_eq!(texts("g"), ["1e19"; 2]);
}

#[test]
fn uuids_are_read_as_people_write_them() {
    let tables = one(
        2,
        "a: { type: uuid, constant: 6ba7b810-9dad-11d1-80b4-00c04fd430c8 }
b: { type: uuid, choice: { 6BA7B8109DAD11D180B400C04FD430C8: 1 } }
c: { type: uuid, constant: null }",
    );
    let bytes = "6ba7b8109dad11d180b400c04fd430c8";
    assert_eq!(tables.texts("t", "a"), [bytes; 2]);
    assert_eq!(tables.texts("t", "b"), [bytes; 2]);
    assert_eq!(tables.texts("t", "c"), ["null"; 2]);
}

#[test]
fn what_a_type_cannot_hold_is_refused() {
    let texts = [
        "{ type: uint64, constant: 123456789012345678901234 }",
        "{ type: uint64, choice: [-1, 12345678901234567890] }",
        "{ type: float32, constant: 1e39 }",
        "{ type: float32, choice: [1, -1e39] }",
        "{ type: float32, uniform: { min: 0, max: 1e39 } }",
        "{ type: float32, histogram: { edges: [0, 1e39], weights: [1] } }",
        "{ type: double, uniform: { min: -1.7e308, max: 1.7e308 } }",
        "{ type: double, histogram: { edges: [-1.7e308, 0, 1], weights: [1, 1] } }",
        "{ type: double, histogram: { edges: [-1.7e308, 1.7e308], weights: [1] } }",
        "{ type: uuid, constant: 6ba7b810 }",
        "{ type: uint64, sequence: { start: 18446744073709551615 } }",
        r#"{ type: "decimal(3,1)", sequence: { start: 92.5 } }"#,
        r#"{ type: "decimal(3,1)", permute: { start: 92.5 } }"#,
        r#"{ type: date, sequence: { start: 2026-01-31, step: 1d } }"#,
        r#"{ type: "timestamp(ms)", sequence: { start: 2026-01-31, step: 1s } }"#,
    ];
    insta::assert_snapshot!(texts.map(column).join("\n\n"));
}
