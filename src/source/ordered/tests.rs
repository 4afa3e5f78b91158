//! Sorted rows against rows that are sorted as everybody would.

use std::cmp::Ordering;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Float64Array, Int32Array, StringArray};
use arrow::datatypes::{Float64Type, Int32Type};

use super::*;
use crate::batch::RowNumbers as BatchPlace;
use crate::column::{Origin, Program, ProgramCell, ProgramNode};
use crate::domain::Domain;
use crate::place::Source;
use crate::source::TableColumns;

fn number(row: u64) -> Option<i32> {
    let random = Key::new("number").at(row);
    (!random.is_multiple_of(11)).then_some((random >> 40) as i32 % 50)
}

fn float(row: u64) -> f64 {
    match Key::new("float").at(row) % 10 {
        0 => -0.0,
        1 => 0.0,
        // What is no number has a sign here and there.
        8 => f64::NAN,
        9 => -f64::NAN,
        other => other as f64 - 5.5,
    }
}

/// Numbers in their order, above all what is none.
fn float_order(one: f64, other: f64) -> Ordering {
    let known = one.partial_cmp(&other);
    known.unwrap_or_else(|| one.is_nan().cmp(&other.is_nan()))
}

fn text(row: u64) -> Option<String> {
    let random = Key::new("text").at(row);
    let common = "all of them begin with the same long words: ";
    (!random.is_multiple_of(13)).then(|| format!("{common}{}", random % 5000))
}

fn node(name: &str, made: fn(&[u64]) -> ArrayRef, domain: Domain) -> ProgramNode {
    let data_type = made(&[]).data_type().clone();
    let fill =
        move |rows: Rows<'_>, _: &[ArrayRef]| -> Result<ArrayRef> { Ok(made(&rows.numbers())) };
    let mut node = ProgramNode::new(name, data_type, Vec::new(), Origin::Fill(Arc::new(fill)));
    node.field = node.field.with_nullable(domain.nulls);
    node.domain = domain;
    node
}

fn nodes() -> Vec<ProgramNode> {
    let nulls = |domain: Domain| Domain {
        nulls: true,
        ..domain
    };
    vec![
        node(
            "number",
            |rows| Arc::new(rows.iter().map(|row| number(*row)).collect::<Int32Array>()),
            nulls(Domain::integers(0, 49)),
        ),
        node(
            "float",
            |rows| {
                Arc::new(
                    rows.iter()
                        .map(|row| Some(float(*row)))
                        .collect::<Float64Array>(),
                )
            },
            Domain::default(),
        ),
        node(
            "text",
            |rows| Arc::new(rows.iter().map(|row| text(*row)).collect::<StringArray>()),
            nulls(Domain::default()),
        ),
    ]
}

/// A column by its place: descending, nulls first, names folders.
type By = (usize, bool, bool, bool);

fn sorting(rows: (u64, u64), memory: u64, by: &[By]) -> Sorting {
    let cell: Arc<ProgramCell> = Arc::default();
    let program = cell.get_or_init(|| Program::new(nodes()));
    let all = TableColumns::new(&cell, program, &[0, 1, 2]);
    let grid = Grid::one(0, Some(rows.1), 1000);
    let keys: Vec<usize> = by.iter().map(|by| by.0).collect();
    let column = |(at, descending, nulls_first, folder): &By| SortColumn {
        data_type: program.node(*at).field.data_type().clone(),
        domain: program.node(*at).domain.clone(),
        transform: None,
        descending: *descending,
        nulls_first: *nulls_first,
        folder: *folder,
    };
    let table = MadeBatches::new(all, grid.clone());
    Sorting::new(SortingPlan {
        keys: table.with(TableColumns::new(&cell, program, &keys)),
        columns: by.iter().map(column).collect(),
        table,
        rows,
        part: 0..rows.1,
        grid,
        memory,
        place: Place::new(Arc::new(Source::new("p.yaml", "a")), 1, 1, 1),
    })
}

/// The rows in their order, and the folders that come.
fn sorted(sorting: &Sorting) -> (Vec<u64>, Vec<SortedFolder>) {
    let folder = tempfile::tempdir().unwrap();
    let context = SortContext {
        stopping: &|| false,
        folder: folder.path(),
    };
    let run = sorting.start().unwrap();
    let folders = run.sort(&context).unwrap();
    let (mut rows, mut done) = (Vec::new(), 0);
    loop {
        while done < run.ready() {
            let batch = run.make(done).unwrap();
            assert_eq!(run.rows_before(done), rows.len() as u64);
            let BatchPlace::List(list) = &batch.place else {
                panic!("a list");
            };
            let numbers = batch.rows.column(0).as_primitive::<Int32Type>();
            let own: Int32Array = list.iter().map(|row| number(*row)).collect();
            assert_eq!(numbers, &own);
            assert_eq!(
                batch.rows.column(1).as_primitive::<Float64Type>().len(),
                list.len()
            );
            rows.extend_from_slice(list);
            done += 1;
        }
        if !run.go_on(&context).unwrap() {
            assert_eq!(
                (done, std::fs::read_dir(folder.path()).unwrap().count()),
                (run.batches(), 0)
            );
            return (rows, folders);
        }
    }
}

fn compared(by: &[By], one: u64, other: u64) -> Ordering {
    let nulls = |first: bool, descending: bool, one: Option<Ordering>, nulls: (bool, bool)| {
        let order = match (one, nulls) {
            (Some(order), _) => return if descending { order.reverse() } else { order },
            (None, (true, true)) => Ordering::Equal,
            (None, (true, _)) => Ordering::Greater,
            (None, _) => Ordering::Less,
        };
        if first { order.reverse() } else { order }
    };
    let mut all = Ordering::Equal;
    for (at, descending, first, _) in by {
        let (order, are_null) = match at {
            0 => {
                let (one, other) = (number(one), number(other));
                let order = one.zip(other).map(|(one, other)| one.cmp(&other));
                (order, (one.is_none(), other.is_none()))
            }
            1 => (Some(float_order(float(one), float(other))), (false, false)),
            _ => {
                let (one, other) = (text(one), text(other));
                let are_null = (one.is_none(), other.is_none());
                (one.zip(other).map(|(one, other)| one.cmp(&other)), are_null)
            }
        };
        all = all.then(nulls(*first, *descending, order, are_null));
    }
    all.then(one.cmp(&other))
}

fn check(rows: (u64, u64), memory: u64, by: &[By]) {
    let sorting = sorting(rows, memory, by);
    let mut expected: Vec<u64> = (rows.0..rows.0 + rows.1).collect();
    expected.sort_by(|one, other| compared(by, *one, *other));
    assert!(
        sorted(&sorting).0 == expected,
        "{by:?} {:?}",
        sorting.costs()
    );
}

#[test]
fn rows_come_in_their_order_whatever_the_memory_is() {
    for memory in [1 << 30, 40_000] {
        check((7, 20_000), memory, &[(0, false, false, false)]);
        check(
            (7, 20_000),
            memory,
            &[(0, true, true, false), (1, false, false, false)],
        );
        check(
            (0, 20_000),
            memory,
            &[(1, true, false, false), (2, false, false, false)],
        );
        check(
            (0, 20_000),
            memory,
            &[(2, true, true, false), (0, false, true, false)],
        );
        // Floats behind texts have no code of their own.
        check(
            (0, 20_000),
            memory,
            &[(2, false, false, false), (1, true, false, false)],
        );
    }
    check((0, 0), 1 << 20, &[(0, false, false, false)]);
    check((5, 1), 1 << 20, &[(2, false, false, false)]);
}

#[test]
fn many_keys_that_begin_alike_are_compared_as_far_as_they_are() {
    check((0, 80_000), 1 << 30, &[(2, false, false, false)]);
    check(
        (0, 80_000),
        700_000,
        &[(2, true, false, false), (1, false, false, false)],
    );
}

#[test]
fn folders_begin_batches_of_their_own() {
    for (memory, column) in [(1 << 30, 0), (40_000, 0), (1 << 30, 2), (80_000, 2)] {
        let by = [(column, false, false, true), (1, false, false, false)];
        let sorting = sorting((0, 9000), memory, &by);
        let (rows, folders) = sorted(&sorting);
        assert!(rows.is_sorted_by(|one, other| compared(&by, *one, *other).is_lt()));
        let texts = sorting.folders(&rows).unwrap().remove(0);
        let texts: Vec<Option<String>> = texts.iter().map(|text| text.map(String::from)).collect();
        let mut found: Vec<Vec<Option<String>>> =
            texts.iter().map(|text| vec![text.clone()]).collect();
        found.dedup();
        let own: Vec<_> = folders.iter().map(|folder| folder.values.clone()).collect();
        assert_eq!(own, found);
        assert!(folders.is_sorted_by_key(|folder| folder.first_batch));
    }
}

#[test]
fn what_it_takes_is_told_before() {
    let by = [(0, false, false, false)];
    let costs = |rows, memory| sorting((0, rows), memory, &by).costs().unwrap();
    let expected = SortCosts {
        entry: 8,
        entries: 1000,
        ranges: 1,
    };
    assert_eq!(costs(1000, 8000), expected);
    assert_eq!(costs(1000, 7999).ranges, 2);
    assert_eq!(costs(1_000_000_000, 1 << 30).ranges, 10);
    let problem = costs(1 << 40, 1 << 20).problem(1 << 20).unwrap();
    assert_eq!(
        problem.message,
        "`sort_memory` is too little for 8.0 TiB of keys"
    );
    assert_eq!(problem.hint.unwrap(), "512.0 MiB are enough");
}

#[test]
fn a_trial_is_like_the_middle_of_the_order() {
    let sorting = sorting((0, 5000), 1 << 20, &[(1, false, false, false)]);
    let trial = sorting.trial(100).unwrap();
    let floats = trial
        .column(1)
        .as_primitive::<Float64Type>()
        .values()
        .to_vec();
    assert!(floats.is_sorted_by(|one, other| float_order(*one, *other).is_le()));
    assert_eq!(floats.len(), 100);
}
