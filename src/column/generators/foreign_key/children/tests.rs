//! Children found alone, together and without counting; and what is too many of them.

use super::*;
use crate::column::distribution::Distribution;
use crate::place::{Placed, Source, decode, parse};

fn counts(yaml: &str, most: u64) -> CountSampler {
    let source = std::sync::Arc::new(Source::new("p.yaml", yaml));
    let node = parse(&source).unwrap();
    let options = decode::<Placed<Distribution>>(&node).unwrap();
    options.counts(&options.place, 0, most).unwrap()
}

#[test]
fn hints_say_what_a_search_finds() {
    use crate::column::random::hash::below;
    for (least, most) in [(1, 7), (0, 3), (0, 1)] {
        let yaml = format!("{{ uniform: {{ min: {least}, max: {most} }} }}");
        let counts = counts(&yaml, 1000);
        let children = Children::index(Key::new("children"), counts, 5000, 5000).unwrap();
        let total = children.total();
        let key = Key::new("rows");
        let rows: Vec<u64> = (0..3000).map(|row| below(key.at(row), total)).collect();
        let list = Rows::List(&rows);
        for places in [true, false] {
            let hints = children.hints(list, places);
            let bits = children.hint_bits(places);
            assert!(hints.iter().all(|hint| hint >> bits == 0));
            let found = children.of_hints(&rows, &hints, places);
            assert_eq!(found.0, children.parents(list));
            assert!(!places || found.1 == children.places(list));
        }
        let (first, count) = (total / 3, 700);
        let range = Rows::Range { first, count };
        let rows: Vec<u64> = (first..first + 700).collect();
        assert_eq!(
            children.hints(range, true),
            children.hints(Rows::List(&rows), true)
        );
    }
}

#[test]
fn rows_are_found_alone_and_together() {
    for yaml in [
        "{ uniform: { min: 0, max: 7 } }",
        "1",
        "0",
        "7",
        "{ choice: { 0: 99, 500: 1 } }",
    ] {
        for parents in [0, 1, 63, 64, 65, 5000] {
            let children =
                Children::index(Key::new("children"), counts(yaml, 1000), parents, parents)
                    .unwrap();
            let mut expected = Vec::new();
            for parent in 0..parents {
                let (key, counts) = (Key::new("children"), counts(yaml, 1000));
                let number = counts.draw(key.at(parent));
                expected.extend((0..number).map(|place| (parent, place)));
            }
            let total = children.total();
            assert_eq!(total, expected.len() as u64);
            let range = Rows::Range {
                first: 0,
                count: total as usize,
            };
            let (wanted, places): (Vec<u64>, Vec<u64>) = expected.into_iter().unzip();
            assert_eq!(children.parents(range), wanted);
            assert_eq!(children.places(range), places);
            for rows in [
                (0..total).rev().collect(),
                (0..total).step_by(37).collect::<Vec<u64>>(),
            ] {
                let at = rows.iter().map(|row| wanted[*row as usize]);
                assert_eq!(children.parents(Rows::List(&rows)), at.collect::<Vec<_>>());
            }
        }
    }
}

#[test]
fn the_index_stays_small() {
    let counts = counts("{ uniform: { min: 2, max: 4 } }", 9);
    let Children::Drawn(drawn) =
        Children::index(Key::new("small"), counts, 3_000_000, 3_000_000).unwrap()
    else {
        panic!("they differ");
    };
    // Eight bytes for 64 parents: below one byte a row, for ever fewer as parents grow.
    assert_eq!(drawn.starts.len(), 3_000_000 / 64 + 1);
}

#[test]
fn children_alike_are_not_counted() {
    let index = |yaml, parents| {
        let children = Children::index(Key::new("many"), counts(yaml, u64::MAX), parents, parents);
        children.map(|children| children.total())
    };
    assert_eq!(index("0", u64::MAX), Ok(0));
    let one = "{ uniform: { min: 1, max: 1 } }";
    assert_eq!(index(one, 1 << 60), Ok(1 << 60));
    let children = Children::index(Key::new("many"), counts("3", 9), 1 << 60, 0).unwrap();
    let rows = Rows::Range {
        first: (3 << 60) - 4,
        count: 4,
    };
    let last = (1 << 60) - 1;
    assert_eq!(children.parents(rows), [last - 1, last, last, last]);
    assert_eq!(children.places(rows), [2, 0, 1, 2]);
}

#[test]
fn too_many_children_or_parents_are_noticed() {
    let index = |yaml, parents| {
        let children = Children::index(Key::new("many"), counts(yaml, u64::MAX), parents, parents);
        children.map(|children| children.total()).err()
    };
    assert_eq!(index("9_000_000_000_000_000", 1000), None);
    assert_eq!(
        index("9_000_000_000_000_000", 2000),
        Some(UncountableChildren::Children)
    );
    let two = "{ choice: [8_000_000_000_000_000, 9_000_000_000_000_000] }";
    assert_eq!(index(two, 2000), Some(UncountableChildren::Children));
    assert_eq!(
        index(two, MOST_PARENTS + 1),
        Some(UncountableChildren::Parents)
    );
}
