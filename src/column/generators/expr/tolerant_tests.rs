//! Tests of `on_bad_row: null`.

use crate::column::testing::{check_any_split, one, problem};

/// Every third row divides by zero; a condition that fails is no `else`.
const BAD: &str = "n: sequence\nq: { expr: '12 / (n % 3)', on_bad_row: null }\nc: { expr: \"case when 12 / (n % 3) > 7 then 'big' else 'small' end\", on_bad_row: null }";

#[test]
fn a_row_without_a_value_is_null_where_that_is_asked() {
    let table = one(6, BAD);
    let texts = |column| table.texts("t", column).join(" ");
    assert_eq!(texts("q"), "12 6 null 12 6 null");
    assert_eq!(texts("c"), "big small null big small null");
    check_any_split(&table, "t", &["q", "c"]);
}

#[test]
fn what_stands_there_is_said() {
    let column = |text: &str| problem(&format!("t:\n  rows: 9\n  columns:\n    c: {text}\n"));
    assert_eq!(
        column("{ expr: '1 / row', on_bad_row: stop }"),
        "no problem"
    );
    insta::assert_snapshot!(
        [
            "{ sequence: {}, on_bad_row: null }",
            "{ expr: '1 / row', on_bad_row: skip }",
            "{ expr: '1 / row', on_bad_row: }",
            "{ expr: '1 / row', on_bad_row: null, nullable: false }",
        ]
        .map(column)
        .join("\n\n")
    );
}
