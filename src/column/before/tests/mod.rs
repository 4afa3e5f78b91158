//! Tests of what came before: against a replay row by row, in short and long groups and whole tables.

mod chains;
mod replay;

use arrow::array::{Array, UInt64Array};
use arrow::compute::take;

use crate::column::rows::Rows;
use crate::column::testing::{Tables, check_any_split, problem, tables};

/// Groups of 0 to 6 rows, and two of 30 000.
pub(in crate::column) const SHORT: &str = "accounts:
  rows: 60
  columns:
    account_id: sequence
    opened: { type: \"timestamp(ms, UTC)\", uniform: { min: 2026-01-01, max: 2026-01-31 } }
moves:
  columns:
    account_id: { foreign_key: { ref: accounts.account_id, per_parent: { uniform: { min: 0, max: 6 } } } }
";
pub(in crate::column) const LONG: &str = "accounts:
  rows: 2
  columns:
    account_id: sequence
    opened: { type: \"timestamp(ms, UTC)\", uniform: { min: 2026-01-01, max: 2026-01-31 } }
moves:
  columns:
    account_id: { foreign_key: { ref: accounts.account_id, per_parent: 30_000 } }
";
pub(in crate::column) const WHOLE: &str = "moves:
  rows: 70_001
  columns:
    account_id: sequence
";

/// What columns are made of.
pub(in crate::column) const SOURCES: &str =
    "    amount: { type: \"decimal(8,2)\", normal: { mean: 1, stddev: 30 }, nulls: 0.1 }
    size: { lognormal: { median: 1, p99: 1000 } }
    big: { type: uint64, uniform: { min: 9_000_000_000_000_000_000, max: 18_000_000_000_000_000_000 } }
    kind: { choice: [A, B, C], nulls: 0.2 }
    at: { type: \"timestamp(ms)\", uniform: { min: 2026-01-01, max: 2026-12-31 } }
";

/// A pipeline with more columns, in which `WITHIN` is the key or nothing.
pub(in crate::column) fn with(groups: &str, columns: &str) -> Tables {
    let within = match groups == WHOLE {
        true => "",
        false => ", within: account_id",
    };
    tables(&format!(
        "{groups}{SOURCES}{}",
        columns.replace("WITHIN", within)
    ))
    .unwrap()
}

/// Slices and lists of a long table are what the whole gives, whoever asks first.
pub(in crate::column) fn check_far(groups: &str, columns: &str, names: &[&str]) {
    let whole = with(groups, columns);
    for name in names {
        let all = whole.column("moves", name);
        let fresh = with(groups, columns);
        let total = all.len() as u64;
        for (first, count) in [
            (59_000, 1000),
            (29_990, 20),
            (5000, 3),
            (255, 2),
            (total - 1, 1),
        ] {
            let some = fresh.at("moves", name, Rows::Range { first, count });
            assert_eq!(
                &some,
                &all.slice(first as usize, count),
                "{name} at {first}"
            );
        }
        let list: Vec<u64> = (0..3000)
            .map(|index| index * 7919 % total)
            .chain([5, 5, 0])
            .collect();
        let fresh = with(groups, columns);
        let some = fresh.at("moves", name, Rows::List(&list));
        let list = UInt64Array::from(list);
        assert_eq!(&some, &take(&all, &list, None).unwrap(), "{name}");
    }
}

/// Short groups in any split, long groups and whole tables from any row: columns are the same.
pub(in crate::column) fn check_any_rows(columns: &str, names: &[&str]) {
    check_any_split(&with(SHORT, columns), "moves", names);
    check_far(LONG, columns, names);
    check_far(WHOLE, columns, names);
}

const COLUMNS: &str = "    total: { running: { sum: amountWITHIN } }
    sizes: { running: { sum: sizeWITHIN } }
    count: { running: { count: kindWITHIN } }
    least: { running: { min: amountWITHIN } }
    smallest: { running: { min: sizeWITHIN } }
    latest: { running: { max: atWITHIN } }
    bigs: { type: \"decimal(38,0)\", running: { sum: wideWITHIN } }
    wide: { type: \"decimal(20,0)\", copy: big }
    before: { previous: { column: kindWITHIN } }
    behind: { next: { column: totalWITHIN } }
    twice: { previous: { column: beforeWITHIN } }
    third: { previous: { column: twiceWITHIN } }
    far: { previous: { column: at, rows: 300WITHIN } }
    near: { next: { column: kind, rows: 3WITHIN } }
    gap: { expr: \"at - last\" }
    last: { previous: { column: latestWITHIN } }
";
const NAMES: &[&str] = &[
    "total", "sizes", "count", "least", "smallest", "latest", "bigs", "before", "behind", "twice",
    "third", "far", "near", "gap",
];

#[test]
fn groups_and_whole_tables_are_the_same_in_any_rows() {
    check_any_rows(COLUMNS, NAMES);
}

#[test]
fn values_do_not_depend_on_the_row_count_or_on_other_columns() {
    let before = with(WHOLE, COLUMNS);
    let fewer = WHOLE.replace("70_001", "40_000");
    let more = format!("{COLUMNS}    added: {{ running: {{ sum: size }} }}\n");
    let after = tables(&format!("{fewer}{SOURCES}{}", more.replace("WITHIN", ""))).unwrap();
    for name in ["total", "sizes", "count", "smallest", "twice"] {
        let all = before.column("moves", name).slice(0, 40_000);
        assert_eq!(&all, &after.column("moves", name), "{name}");
    }
}

#[test]
fn many_threads_make_the_same_states() {
    let expected = with(WHOLE, COLUMNS).column("moves", "sizes");
    for threads in [1, 3, 8] {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .unwrap();
        let made = with(WHOLE, COLUMNS);
        let pieces: Vec<_> = pool.install(|| {
            use rayon::prelude::*;
            let piece = |piece: u64| {
                let rows = Rows::Range {
                    first: piece * 10_000,
                    count: 10_000,
                };
                (piece, made.at("moves", "sizes", rows))
            };
            (0..7).into_par_iter().map(piece).collect()
        });
        for (piece, values) in pieces {
            assert_eq!(&values, &expected.slice(piece as usize * 10_000, 10_000));
        }
    }
}

/// The columns with one more in a table of short groups.
fn mistake(column: &str) -> String {
    problem(&format!("{SHORT}{SOURCES}    x: {{ {column} }}\n"))
}

#[test]
fn mistakes_say_what_is_wrong() {
    let mistakes = [
        "running: { sum: amount, within: kind }",
        "running: { sum: amount, within: kinds }",
        "running: { sum: amount, within: account_id.opened }",
        "running: { within: account_id }",
        "running: { sum: amount, max: amount }",
        "running: { sum: kind }",
        "running: { max: kind }",
        "running: { sum: x }",
        "running: amount",
        "type: utf8, running: { sum: amount }",
        "type: \"decimal(18,4)\", running: { sum: amount }",
        "type: \"decimal(18,4)\", running: { count: amount }",
        "previous: { column: amonut }",
        "previous: amount",
        "type: int64, next: { column: amount }",
        "next: { column: amount, rows: 0 }",
        "previous: { column: x }",
        "struct: { y: { previous: { column: amount } } }",
        "list: { length: 2, of: { running: { sum: amount } } }",
        "previous: { column: amount }, by: kind",
    ];
    insta::assert_snapshot!(mistakes.map(mistake).join("\n\n"));
}

#[test]
fn keys_without_children_in_order_are_refused() {
    let picked = SHORT.replace(", per_parent: { uniform: { min: 0, max: 6 } }", "");
    let picked = picked.replace("moves:\n", "moves:\n  rows: 9\n");
    let column = "    x: { running: { sum: amount, within: account_id } }\n";
    insta::assert_snapshot!(problem(&format!("{picked}{SOURCES}{column}")));
}

#[test]
fn an_endless_table_has_no_sum_of_all() {
    let endless = WHOLE.replace("70_001", "0");
    let one = |column: &str| problem(&format!("{endless}{SOURCES}    x: {{ {column} }}\n"));
    insta::assert_snapshot!(one("running: { sum: amount }"));
    assert_eq!(one("previous: { column: amount }"), "no problem");
    assert_eq!(one("next: { column: amount }"), "no problem");
}

#[test]
fn a_sum_beyond_128_bits_or_a_float_names_its_row() {
    let big = "9".repeat(36);
    let columns = format!(
        "    a: {{ type: \"decimal(38,2)\", constant: \"{big}.99\" }}
    f: {{ constant: 1e308, type: float64 }}
    s: {{ running: {{ sum: a }} }}
    all: {{ running: {{ sum: f }} }}
"
    );
    let tables = with(WHOLE, &columns);
    insta::assert_snapshot!(
        ["s", "all"]
            .map(|name| tables.failure("moves", name))
            .join("\n\n")
    );
    // Behind more than 128 bits hold there is no sum either.
    let (first, count) = (60_000, 5);
    let rows = Rows::Range { first, count };
    assert!(tables.try_at("moves", "s", rows).is_err());
}

#[test]
fn what_is_said_about_a_sum_that_does_not_fit_works() {
    let types = [
        ("int8", "int8"),
        ("int64", "int64"),
        ("uint64", "uint64"),
        ("decimal(4,1)", "decimal(5,1)"),
        ("decimal(30,1)", "decimal(30,1)"),
        ("float32", "float32"),
    ];
    let most = |data_type: &str| match data_type {
        "int8" => "100",
        "int64" => "9000000000000000000",
        "uint64" => "18000000000000000000",
        "decimal(4,1)" => "999.9",
        "decimal(30,1)" => "99999999999999999999999999999.9",
        _ => "3e38",
    };
    let columns: String = types.iter().enumerate().map(|(at, (of, sum))| {
        format!(
            "    a{at}: {{ type: \"{of}\", constant: {} }}\n    s{at}: {{ type: \"{sum}\", running: {{ sum: a{at}WITHIN }} }}\n",
            most(of)
        )
    }).collect();
    let failed = |groups: &str| {
        let tables = with(groups, &columns);
        let failed = (0..types.len()).map(|at| tables.failure("moves", &format!("s{at}")));
        failed.collect::<Vec<_>>().join("\n\n")
    };
    insta::assert_snapshot!(format!("{}\n\n{}", failed(WHOLE), failed(SHORT)));
    let wider = columns
        .replace("s0: { type: \"int8\"", "s0: { type: \"int64\"")
        .replace("s1: { type: \"int64\"", "s1: { type: \"decimal(38,0)\"")
        .replace("s2: { type: \"uint64\"", "s2: { type: \"decimal(38,0)\"")
        .replace("\"decimal(5,1)\"", "\"decimal(38,1)\"")
        .replace(
            "s4: { type: \"decimal(30,1)\"",
            "s4: { type: \"decimal(38,1)\"",
        )
        .replace("s5: { type: \"float32\"", "s5: { type: \"float64\"");
    let tables = with(WHOLE, &wider);
    let last = |name: &str| tables.texts("moves", name).pop().unwrap();
    assert_eq!(last("s0"), "7000100");
    assert_eq!(last("s1"), "630009000000000000000000");
    assert_eq!(last("s2"), "1260018000000000000000000");
    assert_eq!(last("s3"), "69993999.9");
    assert_eq!(last("s4"), "7000099999999999999999999999992999.9");
    check_any_rows(
        "    a: { type: int64, uniform: { min: 1, max: 9000000000000000000 } }\n    s: { type: \"decimal(38,0)\", running: { sum: aWITHIN } }\n    n: { type: \"decimal(9,0)\", running: { count: aWITHIN } }\n",
        &["s", "n"],
    );
}

#[test]
fn a_sum_that_does_not_fit_names_its_row() {
    let tables = with(
        SHORT,
        "    x: { type: int8, running: { sum: ones } }\n    ones: { type: int8, constant: 10 }\n",
    );
    insta::assert_snapshot!(tables.failure("moves", "x"));
}

/// Accounts, their months, and the moves of each month: a year of an account's moves are a group, too.
const NESTED: &str = "accounts:
  rows: 40
  columns:
    account_id: sequence
months:
  columns:
    account: { foreign_key: { ref: accounts.account_id, per_parent: { uniform: { min: 0, max: 5 } } } }
    month: sequence
moves:
  columns:
    month: { foreign_key: { ref: months.month, per_parent: { uniform: { min: 0, max: 5 } } } }
    account_id: { copy: month.account }
";

#[test]
fn a_parent_s_parent_is_a_group() {
    let tables = with(NESTED, COLUMNS);
    check_any_split(&tables, "moves", NAMES);
    // The same as through the path, and as a count of equal keys.
    let by_path = COLUMNS.replace("WITHIN", ", within: month.account");
    let by_path = with(NESTED, &by_path);
    let (keys, counts) = (
        tables.texts("moves", "account_id"),
        tables.integers("moves", "count"),
    );
    let kinds = tables.texts("moves", "kind");
    let mut count = 0;
    for row in 0..keys.len() {
        if row > 0 && keys[row] != keys[row - 1] {
            count = 0;
        }
        count += i64::from(kinds[row] != "null");
        assert_eq!(counts[row], count, "row {row}");
    }
    for name in NAMES {
        assert_eq!(
            &tables.column("moves", name),
            &by_path.column("moves", name),
            "{name}"
        );
    }
}
