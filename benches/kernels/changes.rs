//! Changes of tables: what a batch of them is, by each way of choosing the rows that are updated.

use std::sync::Arc;

use divan::counter::ItemsCount;
use divan::{Bencher, black_box};
use rowgen::changes::{Changes, Mixed, Table, Target};
use rowgen::column::changes::Changed;
use rowgen::column::hash::Key;
use rowgen::column::rows::Rows;

use crate::ROWS;

const TARGETS: [Target; 4] = [
    Target::Uniform,
    Target::Zipf,
    Target::Latest,
    Target::Hotspot,
];

/// Customers with as many updates as inserts, and their orders, of which some go.
fn tables(target: Target) -> Vec<Table> {
    let mixed = |name: &str, weights, parents| Mixed {
        name: name.into(),
        weights,
        target,
        parents,
    };
    let tables = [
        mixed("customers", [20, 20, 0], Vec::new()),
        mixed("orders", [40, 18, 2], vec![0]),
    ];
    Arc::new(Changes::new(Key::new("changes"), &tables, 10_000, None)).tables()
}

fn places(bencher: Bencher<'_, '_>, table: &Table) {
    let rows = Rows::Range {
        first: 50_000_000,
        count: ROWS,
    };
    bencher
        .counter(ItemsCount::new(ROWS))
        .bench_local(|| table.places(black_box(rows)));
}

#[divan::bench(args = TARGETS)]
fn updated_alone(bencher: Bencher<'_, '_>, target: Target) {
    places(bencher, &tables(target)[0]);
}

#[divan::bench(args = TARGETS)]
fn updated_and_deleted(bencher: Bencher<'_, '_>, target: Target) {
    places(bencher, &tables(target)[1]);
}

#[divan::bench]
fn parents(bencher: Bencher<'_, '_>) {
    let (tables, key) = (tables(Target::Uniform), Key::new("parents"));
    let rows = Rows::Range {
        first: 50_000_000,
        count: ROWS,
    };
    bencher
        .counter(ItemsCount::new(ROWS))
        .bench_local(|| tables[1].parents("customers", key, black_box(rows)));
}
