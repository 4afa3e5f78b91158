//! Every promise against a naive replay of random loads.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use proptest::prelude::*;

use crate::changes::{Changes, Living, Mixed, Table, Target};
use crate::column::changes::{ChangePlaces, Changed};
use crate::column::hash::Key;
use crate::column::rows::Rows;
use crate::format::Operation;

const CHANGES: u64 = 100_000;

/// A load: parents have smaller places.
fn loads() -> impl Strategy<Value = (Vec<Mixed>, u64, u64)> {
    let target = prop_oneof![
        Just(Target::Uniform),
        Just(Target::Zipf),
        Just(Target::Latest),
        Just(Target::Hotspot),
    ];
    let table = (1..30_u64, 0..40_u64, any::<u64>(), target, any::<u8>());
    let tables = prop::collection::vec(table, 1..5);
    (tables, 1..700_u64, any::<u64>()).prop_map(|(tables, block, seed)| {
        let mixed = tables.into_iter().enumerate();
        let mixed = mixed.map(
            |(index, (inserts, updates, deletes, target, parents))| Mixed {
                name: format!("t{index}"),
                weights: [inserts, updates, deletes % inserts],
                target,
                parents: (0..index)
                    .filter(|parent| parents >> parent & 1 == 1)
                    .collect(),
            },
        );
        (mixed.collect(), block, seed)
    })
}

/// What a table has come to, change by change.
#[derive(Default)]
struct Replayed {
    made: u64,
    rows: u64,
    /// Rows that are there, and the last change of each.
    living: BTreeMap<u64, u64>,
    born: HashMap<u64, u64>,
    deleted: HashMap<u64, u64>,
    parents: HashSet<u64>,
}

struct Replay {
    all: Arc<Changes>,
    tables: Vec<Table>,
    mixed: Vec<Mixed>,
    seen: Vec<Replayed>,
}

impl Replay {
    fn change(&mut self, number: u64) {
        let change = self.all.change(number);
        let table = &self.tables[change.table];
        let own = &mut self.seen[change.table];
        assert_eq!(
            (table.before(number), table.number(own.rows)),
            (own.rows, number)
        );
        assert_eq!(change.row, own.rows);
        own.rows += 1;
        match change.operation {
            Operation::Insert => {
                assert_eq!((change.key, table.born(own.made)), (own.made, number));
                own.made += 1;
                own.living.insert(change.key, number);
                own.born.insert(change.key, number);
                self.parents(change.table, number);
            }
            Operation::Update => {
                let last = own.living.get_mut(&change.key);
                *last.expect("an update of a row that is there") = number;
            }
            Operation::Delete => {
                assert_eq!(table.grave(change.key), Some(number));
                assert!(own.living.remove(&change.key).is_some());
                own.deleted.insert(change.key, number);
            }
        }
    }

    /// Every parent is there, and two blocks older.
    fn parents(&mut self, table: usize, number: u64) {
        for parent in self.mixed[table].parents.clone() {
            let name = &self.mixed[parent].name;
            let parent_table = self.tables[table].parent(name).unwrap();
            let row = parent_table.parent_at(Key::new("fk"), number);
            let seen = &mut self.seen[parent];
            assert!(seen.living.contains_key(&row), "{number} {row}");
            let block = self.all.block();
            assert!(seen.born[&row] / block + 2 <= number / block);
            seen.parents.insert(row);
        }
    }

    /// What is known of the moment before change `number` agrees.
    fn moment(&self, number: u64) {
        for (table, seen) in self.tables.iter().zip(&self.seen) {
            assert_eq!(table.before(number), seen.rows);
            assert_eq!(table.before_of(Operation::Insert, number), seen.made);
            for key in (0..seen.made + 3).step_by(1 + seen.made as usize / 300) {
                assert_eq!(table.alive(key, number), seen.living.contains_key(&key));
            }
            let (from, to) = (seen.made / 3, seen.made / 3 + 500);
            let state = table.state(from..to, number);
            let last = |row: &Living| row.update.map_or(seen.born[&row.key], |(_, number)| number);
            let found: Vec<(u64, u64)> = state.iter().map(|row| (row.key, last(row))).collect();
            let expected = seen.living.range(from..to);
            let expected: Vec<(u64, u64)> = expected.map(|(key, last)| (*key, *last)).collect();
            assert_eq!(found, expected);
        }
    }

    fn end(&self) {
        for (table, seen) in self.tables.iter().zip(&self.seen) {
            assert!(seen.deleted.keys().all(|key| !seen.parents.contains(key)));
            for (key, at) in &seen.deleted {
                assert_eq!(table.grave(*key), Some(*at));
            }
        }
    }
}

fn replay((mixed, block, seed): (Vec<Mixed>, u64, u64)) {
    let all = Changes::new(Key::new(&seed.to_string()), &mixed, block, Some(CHANGES));
    let all = Arc::new(all);
    let mut replay = Replay {
        tables: all.tables(),
        seen: mixed.iter().map(|_| Replayed::default()).collect(),
        all,
        mixed,
    };
    let moments = [1, block, 3 * block + 7, CHANGES / 3, CHANGES - 1];
    for number in 0..CHANGES {
        if moments.contains(&number) {
            replay.moment(number);
        }
        replay.change(number);
    }
    replay.moment(CHANGES);
    replay.end();
}

/// The changes of a table, in stretches of these lengths, and one by one.
fn the_same_in_any_stretch(mixed: &[Mixed], block: u64, lengths: &[usize]) {
    let all = Changes::new(Key::new("stretches"), mixed, block, None);
    for table in Arc::new(all).tables() {
        let mut first = 0;
        for length in lengths {
            let rows = Rows::Range {
                first,
                count: *length,
            };
            let together = shown(&table.places(rows));
            assert_eq!(together, shown(&table.places(Rows::List(&rows.numbers()))));
            for (index, row) in rows.numbers().into_iter().enumerate() {
                let alone = shown(&table.places(Rows::List(&[row])));
                assert_eq!(alone[0], together[index]);
            }
            first += *length as u64;
        }
    }
}

fn shown(places: &ChangePlaces) -> Vec<(i32, i64, u64, u64)> {
    let each = (0..places.keys.len()).map(|index| {
        let (key, version) = (places.keys[index], places.versions[index]);
        (
            places.operations[index],
            places.numbers[index],
            key,
            version,
        )
    });
    each.collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(10))]

    #[test]
    fn a_replay_agrees_with_all_that_is_known_beforehand(load in loads()) {
        replay(load);
    }

    #[test]
    fn changes_are_the_same_in_any_stretch(
        (mixed, block, _) in loads(),
        lengths in prop::collection::vec(0..2000_usize, 1..6),
    ) {
        the_same_in_any_stretch(&mixed, block, &lengths);
    }
}

#[test]
fn the_history_of_a_row_is_all_that_happens_to_it() {
    let mixed = Mixed {
        name: "t".into(),
        weights: [4, 9, 2],
        target: Target::Hotspot,
        parents: Vec::new(),
    };
    let all = Arc::new(Changes::new(Key::new("history"), &[mixed], 100, None));
    let table = all.table(0);
    let mut seen: HashMap<u64, Vec<(u64, Operation)>> = HashMap::new();
    for number in 0..3000 {
        let change = all.change(number);
        seen.entry(change.key)
            .or_default()
            .push((number, change.operation));
    }
    for key in 0..200 {
        assert_eq!(table.history(key, 3000), seen[&key], "{key}");
    }
}
