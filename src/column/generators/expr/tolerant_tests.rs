//! Tests of `on_bad_row: null`.

use crate::column::testing::{built, check_any_split, one, problem};

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

const FAILING: &str = r#"p:
  rows: 6
  columns:
    id: sequence
    wide: { type: "decimal(38,0)", expr: "case when row = 3 then 99999999999999999999999999999999999999 else 7 end" }
    sum: { expr: "sum(c.raw::int)", on_bad_row: null }
    zero: { expr: "coalesce(sum(c.raw::int), 0)", on_bad_row: null }
    counted: { expr: "count(c.raw::int)", on_bad_row: null }
    filtered: { expr: "count(c) filter (where 6 / (c.n - 4) > 0)", on_bad_row: null }
    mean: { expr: "round(avg(c.raw::int), 1)", on_bad_row: null }
    both: { expr: "(sum(c.n) / (id - 2))::int + max(c.raw::int)", on_bad_row: null }
    good: { expr: "sum(c.n)", on_bad_row: null, nullable: false }
    outer: { expr: "sum(12 / (c.n + id - 5))", on_bad_row: null }
    beyond: { expr: "sum(c.n * 0 + wide)", on_bad_row: null }
    items: { list: { length: 2, of: { choice: ["1", "x", "3"] } } }
    listed: { expr: "sum(items::int)", on_bad_row: null }
    each: { expr: "string_agg(items, ',')" }
c:
  columns:
    id: { foreign_key: { ref: p.id, per_parent: 3 } }
    n: { expr: row }
    raw: { expr: "case when row % 7 = 5 then 'x' else (row % 3)::text end" }
"#;

#[test]
fn a_row_whose_aggregate_fails_is_null_where_that_is_asked() {
    let table = built(FAILING);
    let texts = |column| table.texts("p", column).join(" ");
    assert_eq!(texts("sum"), "3 null 3 3 null 3");
    assert_eq!(texts("zero"), "3 null 3 3 null 3");
    assert_eq!(texts("counted"), "3 null 3 3 null 3");
    assert_eq!(texts("filtered"), "0 null 3 2 0 0");
    assert_eq!(texts("mean"), "1.0 null 1.0 1.0 null 1.0");
    assert_eq!(texts("both"), "-1 null 23 17 null 14");
    assert_eq!(texts("good"), "3 12 21 30 39 48");
    assert_eq!(texts("outer"), "-13 null 7 3 1 0");
    assert_eq!(texts("beyond"), "21 21 21 null 21 21");
    let each = table.texts("p", "each");
    let sums = each.iter().map(|texts| {
        let sum = texts.split(',').map(|text| text.parse::<i32>().ok());
        sum.sum::<Option<i32>>()
            .map_or("null".into(), |sum| sum.to_string())
    });
    assert_eq!(table.texts("p", "listed"), sums.collect::<Vec<_>>());
    let names = [
        "sum", "zero", "counted", "filtered", "mean", "both", "outer", "beyond", "listed",
    ];
    check_any_split(&table, "p", &names);
    let stops = FAILING.replace("sum(c.raw::int)\", on_bad_row: null", "sum(c.raw::int)\"");
    insta::assert_snapshot!(built(&stops).failure("p", "sum"));
}

#[test]
fn groups_of_many_stretches_fail_as_a_whole() {
    let yaml = |bad: &str| {
        format!(
            "p:\n  rows: 4\n  columns:\n    id: sequence\n    s: {{ expr: \"sum(6 / (c.n - {bad}))\", on_bad_row: null }}\nc:\n  columns:\n    id: {{ foreign_key: {{ ref: p.id, per_parent: 50_000 }} }}\n    n: {{ expr: row }}\n"
        )
    };
    let failing = |bad: &str| {
        let table = built(&yaml(bad));
        let nulls = table.texts("p", "s");
        let nulls = nulls.iter().enumerate().filter(|(_, text)| *text == "null");
        nulls.map(|(row, _)| row).collect::<Vec<_>>()
    };
    assert!(failing("-1").is_empty());
    assert_eq!(failing("0"), [0]);
    assert_eq!(failing("49999"), [0]);
    assert_eq!(failing("50000"), [1]);
    assert_eq!(failing("131072"), [2]);
    assert_eq!(failing("199999"), [3]);
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
