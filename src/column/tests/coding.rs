//! Columns that were computed before the first row are what they are computed row by row.

use arrow::array::{Array, AsArray};
use arrow::datatypes::Int32Type;

use crate::column::testing::{Tables, check_any_split, one};

const COLUMNS: &str = r#"
stake: { type: "decimal(18,6)", choice: [10, 50, 100.5] }
code: { choice: [USD, EUR, BTC], nulls: 0.2 }
level: { uniform: { min: -3, max: 3 } }
day: { type: date, uniform: { min: 2024-02-27, max: 2024-03-02 } }
flag: { bool: 0.5 }
unit: { type: "decimal(18,6)", expr: "case code when 'BTC' then 0.001 when 'EUR' then 7 end" }
"#;

/// Functions of few values, each with the number of its distinct values. Nothing is added to them
/// where they are to be computed row by row.
const FOLDED: &[(&str, u64)] = &[
    ("stake * unit", 6),
    ("stake * level", 19),
    ("coalesce(code, 'none') || level", 28),
    ("level * level", 4),
    ("round(stake / 3, 2) - coalesce(unit, 0)", 9),
    ("day + 1", 5),
    ("extract(month from day)", 2),
    ("case when level > 0 then 10 / level end", 3),
    ("40 + 2", 1),
];

fn table(columns: &str) -> Tables {
    one(4_000, &format!("{}{columns}", COLUMNS.trim_start()))
}

#[test]
fn few_values_are_computed_once_and_are_the_same() {
    for (expression, distinct) in FOLDED {
        let slow = match *expression {
            text if text.contains("||") => format!("{text} || substr(cast(row as text), 1, 0)"),
            number => format!("{number} + cast(row - row as int)"),
        };
        let columns = format!("folded: {{ expr: \"{expression}\" }}\nslow: {{ expr: \"{slow}\" }}");
        let tables = table(&columns);
        assert_eq!(
            tables.texts("t", "folded"),
            tables.texts("t", "slow"),
            "{expression}"
        );
        let folded = tables.domain("t", "folded");
        assert_eq!(folded.distinct, Some(*distinct), "{expression}");
        assert!(tables.domain("t", "slow").dictionary.is_none());
        let column = tables.column("t", "folded");
        assert_eq!(column.null_count() > 0, folded.nulls, "{expression}");
        check_any_split(&tables, "t", &["folded"]);
    }
}

#[test]
fn conditions_on_many_values_are_inputs_that_are_true_or_false() {
    let columns = "number: { uniform: { min: 1, max: 1_000_000 }, nulls: 0.1 }
half: { expr: \"case when number > 500_000 then code when number < 100 or level > 2 then 'few' else 'none' end\" }
slow: { expr: \"case when number > 500_000 then code when number < 100 or level > 2 then 'few' else 'none' end || substr(cast(row as text), 1, 0)\" }
guarded: { expr: \"case when number = 5 then 1 when 10 / (number - 5) > 1 then 2 else 3 end\" }";
    let tables = table(columns);
    assert_eq!(tables.texts("t", "half"), tables.texts("t", "slow"));
    assert_eq!(tables.domain("t", "half").distinct, Some(5));
    assert!(tables.domain("t", "slow").dictionary.is_none());
    // What a row must not compute is not taken out of its branch.
    assert!(tables.domain("t", "guarded").dictionary.is_none());
    check_any_split(&tables, "t", &["half", "guarded"]);
}

#[test]
fn a_copy_shares_the_values_of_what_it_copies() {
    let tables = table("same: { copy: stake }\nshort: { type: \"decimal(9,1)\", copy: stake }");
    let values = |column: &str| {
        tables
            .column("t", column)
            .as_dictionary::<Int32Type>()
            .values()
            .clone()
    };
    assert!(values("same").to_data().ptr_eq(&values("stake").to_data()));
    assert_eq!(values("short").len(), 3);
    assert_eq!(tables.texts("t", "short")[..20].to_vec(), {
        let texts = tables.texts("t", "stake");
        texts[..20]
            .iter()
            .map(|text| text.trim_end_matches("00000").to_string())
            .collect::<Vec<_>>()
    });
}

#[test]
fn a_combination_that_no_row_has_may_fail() {
    let columns = "a: { choice: { 0: 0, 5: 1 } }\nb: { expr: \"10 / a\" }";
    let tables = table(columns);
    assert!(tables.domain("t", "b").dictionary.is_none());
    assert!(tables.texts("t", "b").iter().all(|text| text == "2"));
}

#[test]
fn what_is_not_few_is_computed_row_by_row() {
    let tables = table("big: { uniform: { min: 1, max: 4097 } }\nsum: { expr: \"big + level\" }");
    for column in ["big", "sum"] {
        assert!(tables.domain("t", column).dictionary.is_none(), "{column}");
    }
    let tables = table(
        "a: { uniform: { min: 1, max: 4096 } }\nb: { uniform: { min: 1, max: 17 } }\nsum: { expr: \"a + b\" }",
    );
    assert!(tables.domain("t", "a").dictionary.is_some());
    assert!(tables.domain("t", "sum").dictionary.is_none());
}

#[test]
fn conditions_and_templates_of_few_values_are_tables_too() {
    let tables = table(
        "dear: { expr: \"stake > 20\" }\nword: { expr: \"case when dear then 'dear' else 'cheap' end\" }\ntext: { template: \"{code}/{level:03}\" }",
    );
    let stakes = tables.texts("t", "stake");
    let expected = stakes.iter().map(|stake| {
        if stake == "10.000000" {
            "cheap"
        } else {
            "dear"
        }
    });
    assert!(
        tables
            .texts("t", "word")
            .iter()
            .map(String::as_str)
            .eq(expected)
    );
    assert_eq!(tables.domain("t", "word").distinct, Some(2));
    assert!(tables.domain("t", "text").dictionary.is_some());
    check_any_split(&tables, "t", &["dear", "word", "text"]);
}
