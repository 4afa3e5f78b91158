//! Faults of rows, and of values, without a table: their rates, their places, the ledger beside them.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Float64Array, Int64Array, StringArray};
use arrow::datatypes::{DataType, Field, Float64Type, Int64Type, TimeUnit};

use super::{Around, CleanRows, FaultColumn, FaultPlan, Faults};
use crate::column::hash::Key;
use crate::column::rows::Rows;
use crate::domain::{Domain, Order, Range};
use crate::error::Result;
use crate::place::{Source, decode, parse};

mod late;

const ROWS: u64 = 200_000;

fn columns() -> Vec<FaultColumn> {
    let column = |name: &str, data_type: DataType, domain: Domain| FaultColumn {
        name: name.into(),
        path: name.into(),
        field: Field::new(name, data_type, false),
        domain,
    };
    let id = Domain {
        order: Order::StrictlyAscending,
        unique: true,
        ..Domain::integers(0, 1_000_000_000)
    };
    let value = Domain {
        range: Some(Range::Float { min: 0.0, max: 1.0 }),
        ..Domain::default()
    };
    vec![
        column("id", DataType::Int64, id),
        column("value", DataType::Float64, value),
        column("name", DataType::Utf8, Domain::default()),
        column("town", DataType::Utf8, Domain::default()),
        column(
            "at",
            DataType::Timestamp(TimeUnit::Second, None),
            Domain {
                order: Order::Ascending,
                ..Domain::default()
            },
        ),
    ]
}

/// Every column follows from the row.
fn clean(rows: Rows<'_>) -> Result<Vec<ArrayRef>> {
    let key = Key::new("values");
    let numbers = rows.map(|row| row as i64);
    let values = rows.map(|row| (key.at(row) >> 12) as f64 / (1_u64 << 52) as f64);
    Ok(vec![
        Arc::new(Int64Array::from(numbers)),
        Arc::new(Float64Array::from(values)),
        Arc::new(StringArray::from(rows.map(|row| format!("name {row}")))),
        Arc::new(StringArray::from(rows.map(|row| format!("Zürich {row}")))),
    ])
}

fn resolve(yaml: &str, rows: Option<u64>, texts: bool) -> Result<FaultPlan, Vec<String>> {
    let source = Arc::new(Source::new("p.yaml", yaml));
    let faults: Faults = decode(&parse(&source).unwrap()).unwrap();
    let around = Around {
        of: "table `t`",
        key: Key::new("seed").child("t"),
        rows,
        columns: &columns(),
        texts,
    };
    let told = |problem: crate::error::Problem| {
        format!("{} ({})", problem.message, problem.hint.unwrap_or_default())
    };
    let resolved = faults.resolve(&around);
    resolved.map_err(|problems| problems.into_iter().map(told).collect())
}

const ALL: &str = "missing: { rate: 0.01 }
late: { rate: 0.02, delay: 300 }
out_of_order: { window: 5, rate: 0.1 }
duplicates: { rate: 0.03, copies: 2, within: 40 }
nulls: { columns: [value, name], rate: 0.04 }
corrupt:
- { columns: [name, town], rate: 0.05, kinds: [truncate, mojibake, swap] }
- { columns: value, rate: 0.06, kinds: out_of_range }
";

/// Rows as text, each with where it comes.
fn shown(plan: &FaultPlan, cuts: &[u64]) -> Vec<String> {
    let mut all = Vec::new();
    for cut in cuts.windows(2) {
        let batch = plan.batch(cut[0]..cut[1], &clean).unwrap();
        assert_eq!(
            batch.count as u64,
            plan.count(cut[0]..cut[1], &clean).unwrap()
        );
        for row in 0..batch.count {
            let ids = batch.columns[0].as_primitive::<Int64Type>();
            let values = batch.columns[1].as_primitive::<Float64Type>();
            let value = values.is_valid(row).then(|| values.value(row));
            let texts = [2, 3].map(|column| {
                let texts = batch.columns[column].as_string::<i32>();
                texts.is_valid(row).then(|| texts.value(row))
            });
            let slot = batch.slots.as_ref().map(|slots| slots[row]);
            all.push(format!("{slot:?} {} {value:?} {texts:?}", ids.value(row)));
        }
    }
    all
}

#[test]
fn a_column_with_nulls_is_the_key_only_where_there_is_no_other() {
    let known = columns();
    let before = FaultColumn {
        name: "before".into(),
        domain: Domain {
            nulls: true,
            ..known[0].domain.clone()
        },
        ..known[0].clone()
    };
    let key = |columns: &[FaultColumn]| {
        let source = Arc::new(Source::new("p.yaml", "missing: { rate: 0.1 }"));
        let faults: Faults = decode(&parse(&source).unwrap()).unwrap();
        let around = Around {
            of: "table `t`",
            key: Key::new("seed").child("t"),
            rows: Some(9),
            columns,
            texts: false,
        };
        faults.resolve(&around).unwrap().key
    };
    let with = |rest: &[FaultColumn]| [std::slice::from_ref(&before), rest].concat();
    assert_eq!(key(&known), [0]);
    assert_eq!(key(&with(&known)), [1]);
    assert_eq!(key(&with(&known[1..])), [0]);
    assert!(key(&known[1..]).is_empty());
}

#[test]
fn batches_of_any_size_are_the_same_rows() {
    for yaml in [ALL, "nulls: { columns: value, rate: 0.5 }"] {
        let plan = resolve(yaml, Some(3_000), false).unwrap();
        let whole = shown(&plan, &[0, 3_000]);
        for step in [1, 7, 100, 1_024] {
            let mut cuts: Vec<u64> = (0..3_000).step_by(step).collect();
            cuts.push(3_000);
            assert_eq!(shown(&plan, &cuts), whole, "{step}");
        }
    }
}

#[test]
fn a_table_without_end_has_the_same_rows_until_near_the_end() {
    let (one, other) = (
        resolve(ALL, Some(3_000), false).unwrap(),
        resolve(ALL, None, false).unwrap(),
    );
    let cuts = [0, 2_000];
    assert_eq!(shown(&one, &cuts), shown(&other, &cuts));
}

#[test]
fn rates_hold() {
    let plan = resolve(ALL, Some(ROWS), false).unwrap();
    let counts = plan.batch(0..ROWS, &clean).unwrap().counts;
    // Values of missing rows are not hit, what is null has no other fault, and what is late is not moved
    // again. Of five places in a window one is the row's own. A swap hits two values.
    let there = 0.99;
    let corrupt = there * 0.05;
    let texts = corrupt * (0.96 + 1.0);
    let share = |kind: &str| match kind {
        "missing" => 0.01,
        "late" => there * 0.02,
        "out_of_order" => there * 0.98 * 0.1 * 0.8,
        "duplicates" => there * 0.03 * 2.0,
        "nulls" => there * 0.04 * 2.0,
        "out_of_range" => there * 0.96 * 0.06,
        "truncate" | "mojibake" => texts / 3.0,
        "swap" => texts / 3.0 * 2.0 * 0.97,
        other => panic!("{other}"),
    };
    assert_eq!(counts.len(), 9, "{counts:?}");
    for (kind, count) in counts {
        let expected = share(kind) * ROWS as f64;
        // Six standard deviations of independent tosses, and what one fault takes from another.
        let room = 6.0 * (2.0 * expected).sqrt() + 0.04 * expected;
        assert!(
            (count as f64 - expected).abs() < room,
            "{kind}: {count}, {expected}"
        );
    }
}

#[test]
fn the_ledger_has_what_the_batches_count() {
    let plan = resolve(ALL, Some(20_000), false).unwrap();
    let batch = plan.batch(0..20_000, &clean).unwrap();
    let ledger = plan.ledger(0..20_000, &clean).unwrap();
    assert_eq!(batch.counts, ledger.counts);
    assert_eq!(ledger.counts.values().sum::<u64>(), ledger.count as u64);
    let rows = ledger.columns[0].as_primitive::<Int64Type>().values();
    assert!(rows.is_sorted());
    let before = ledger.columns[4].as_string::<i32>();
    let after = ledger.columns[5].as_string::<i32>();
    let keys = ledger.columns[1].as_string::<i32>();
    for line in 0..ledger.count {
        let text =
            |texts: &StringArray| texts.is_valid(line).then(|| texts.value(line).to_string());
        assert_ne!(text(before), text(after), "{line}");
        assert_eq!(keys.value(line), rows[line].to_string());
    }
    let parts: Vec<_> = (0..20)
        .map(|part| {
            plan.ledger(part * 1_000..(part + 1) * 1_000, &clean)
                .unwrap()
        })
        .collect();
    for column in 0..ledger.columns.len() {
        let parts: Vec<&dyn Array> = parts
            .iter()
            .map(|part| part.columns[column].as_ref())
            .collect();
        let together = arrow::compute::concat(&parts).unwrap();
        assert_eq!(&together, &ledger.columns[column]);
    }
}

#[test]
fn a_greater_rate_hits_the_rows_of_a_smaller_one() {
    let rows = |rate: &str| {
        let plan = resolve(&format!("missing: {{ rate: {rate} }}"), None, false).unwrap();
        let ledger = plan.ledger(0..10_000, &clean).unwrap();
        ledger.columns[0]
            .as_primitive::<Int64Type>()
            .values()
            .to_vec()
    };
    let (few, many) = (rows("0.01"), rows("0.05"));
    assert!(few.len() > 50 && few.iter().all(|row| many.contains(row)));
    assert_eq!(rows("0"), Vec::<i64>::new());
    assert_eq!(rows("1").len(), 10_000);
}

#[test]
fn what_cannot_be_is_refused() {
    for (yaml, told) in [
        (
            "missing: { rate: 1.5 }",
            "a `rate` of faults is from 0 to 1, not 1.5 (0.01 is one in a hundred rows)",
        ),
        (
            "late: { rate: 0.1, delay: 0 }",
            "`delay` is from 1 to 1 048 576 rows (each batch looks back so far, so that it can be made alone)",
        ),
        (
            "late: { rate: 0.1, delay: 5, column: at }",
            "a `delay` in rows looks at no `column` (leave it out, or write a duration such as `5min`)",
        ),
        (
            "late: { rate: 0.1, delay: 5min, column: value }",
            "`value` is no column of times that never fall (`event_time` makes such times without nulls, and the sink must have the column; a `delay` in rows needs none)",
        ),
        (
            "late: { rate: 0.1, delay: 5ms }",
            "this `delay` is no time that `at` can count ()",
        ),
        (
            "out_of_order: { window: 1 }",
            "rows of a `window` of 1 stay where they are (the least window is 2: neighbours change places)",
        ),
        (
            "duplicates: { rate: 0.1, copies: 0 }",
            "`copies` is from 1 to 1000 (`copies: 1` is a row that comes twice)",
        ),
        (
            "nulls: { columns: nam, rate: 0.1 }",
            "table `t` has no column `nam` (did you mean `name`?)",
        ),
        (
            "nulls: { columns: [name, name], rate: 0.1 }",
            "`name` is named twice (name a column once, with one rate and all of its kinds)",
        ),
        (
            "missing: { rate: 0.1 }\nkey: x",
            "table `t` has no column `x` (its columns are `id`, `value`, `name`, `town`, `at`)",
        ),
        (
            "missing: { rate: 0.1 }\nkey: [id, id]",
            "`id` is named twice (name it once)",
        ),
        (
            "key: id",
            "`faults` has no fault (say which there are, such as `missing: { rate: 0.01 }`, or leave out `faults`)",
        ),
        (
            "corrupt: { columns: value, rate: 0.1, kinds: truncate }",
            "`value` is float64 and cannot have `truncate`: only texts can be cut (`out_of_range` is for numbers, dates and times)",
        ),
        (
            "corrupt: { columns: value, rate: 0.1, kinds: wrong_type }",
            "`value` is float64 and cannot have `wrong_type`: only CSV and JSON hold a text in such a column (`out_of_range` gives numbers, dates and times that are wrong in every format)",
        ),
        (
            "corrupt: { columns: name, rate: 0.1, kinds: bad_encoding }",
            "`name` is utf8 and cannot have `bad_encoding`: only CSV and JSON hold texts that are no UTF-8 (`mojibake` spoils texts in every format)",
        ),
        (
            "corrupt: { columns: name, rate: 0.1, kinds: out_of_range }",
            "`name` is utf8 and cannot have `out_of_range`: only numbers, dates and times have a range (`uniform: { min: …, max: … }` and its like give a column a range that its type goes beyond)",
        ),
        (
            "corrupt: { columns: [name, value], rate: 0.1, kinds: swap }",
            "`name` is utf8 and cannot have `swap`: no other column of its type is named beside it (name two columns of one type in `columns`)",
        ),
        (
            "corrupt: { columns: name, rate: 0.1, kinds: [truncate, out_of_range] }",
            "none of these columns can have `out_of_range` (`uniform: { min: …, max: … }` and its like give a column a range that its type goes beyond)",
        ),
    ] {
        let Err(problems) = resolve(yaml, Some(10), false) else {
            panic!("{yaml} is taken")
        };
        assert_eq!(problems[0], told, "{yaml}");
    }
}

#[test]
fn values_are_out_of_the_range_of_their_generator() {
    let plan = resolve(
        "corrupt: { columns: value, rate: 0.1, kinds: out_of_range }",
        None,
        false,
    )
    .unwrap();
    let batch = plan.batch(0..10_000, &clean).unwrap();
    let values = batch.columns[1].as_primitive::<Float64Type>();
    let beyond = values
        .values()
        .iter()
        .filter(|value| !(0.0..=1.0).contains(*value))
        .count();
    assert_eq!(beyond as u64, batch.counts["out_of_range"]);
    assert!((800..1200).contains(&beyond), "{beyond}");
}

#[test]
fn batches_of_many_copies_are_small() {
    let growth = |yaml: &str| resolve(yaml, None, false).unwrap().growth();
    assert_eq!(growth("duplicates: { rate: 1, copies: 1000 }"), 1001);
    assert_eq!(growth("duplicates: { rate: 0.01, copies: 50 }"), 1);
    assert_eq!(growth("missing: { rate: 0.5 }"), 1);
}
