//! Kernels that draw: random bits, indices, picks, and columns of keys.

use std::sync::Arc;

use arrow::array::{ArrayRef, Int64Array};
use divan::{Bencher, black_box};
use rowgen::column::hash::{Key, below, unit};
use rowgen::column::rows::Rows;
use rowgen::kernel::dictionary::{KeyTable, dictionary};
use rowgen::kernel::draw::{AliasTable, all_below};
use rowgen::kernel::look_up::add_keys;

use crate::{ROWS, fills, random};

#[divan::bench]
fn hash_range(bencher: Bencher<'_, '_>) {
    let key = Key::new("seed");
    let rows = Rows::Range {
        first: 1 << 40,
        count: ROWS,
    };
    fills(bencher, ROWS * 8, || key.fill(black_box(rows)));
}

#[divan::bench]
fn hash_list(bencher: Bencher<'_, '_>) {
    let (key, rows) = (Key::new("seed"), randoms());
    fills(bencher, ROWS * 8, || key.fill(Rows::List(black_box(&rows))));
}

fn randoms() -> Vec<u64> {
    random(u64::MAX).iter().map(|value| *value as u64).collect()
}

#[divan::bench]
fn uniform_below(bencher: Bencher<'_, '_>) {
    let randoms = randoms();
    let bound = |value: &u64| below(*value, 1000);
    fills(bencher, ROWS * 8, || {
        black_box(&randoms).iter().map(bound).collect::<Vec<_>>()
    });
}

#[divan::bench]
fn uniform_unit(bencher: Bencher<'_, '_>) {
    let randoms = randoms();
    let to_unit = |value: &u64| unit(*value);
    fills(bencher, ROWS * 8, || {
        black_box(&randoms).iter().map(to_unit).collect::<Vec<_>>()
    });
}

#[divan::bench]
fn indices_below(bencher: Bencher<'_, '_>) {
    let (randoms, mut out) = (randoms(), vec![0; ROWS]);
    fills(bencher, ROWS * 4, || {
        all_below(black_box(&randoms), 1000, &mut out)
    });
}

#[divan::bench(args = [6, 1000])]
fn alias_picks(bencher: Bencher<'_, '_>, slots: usize) {
    let (randoms, mut out) = (randoms(), vec![0; ROWS]);
    let slots = AliasTable::new(
        randoms[..slots]
            .iter()
            .copied()
            .zip((0..slots as u32).rev())
            .collect(),
    );
    fills(bencher, ROWS * 4, || {
        slots.picks(black_box(&randoms), &mut out)
    });
}

fn keys() -> Vec<i32> {
    random(10).iter().map(|key| *key as i32).collect()
}

#[divan::bench]
fn table_of_two_codes(bencher: Bencher<'_, '_>) {
    let keys = keys();
    let values: ArrayRef = Arc::new(Int64Array::from_iter_values(0..100));
    let Some(table) = KeyTable::new((0..100).rev().collect(), values) else {
        return;
    };
    fills(bencher, ROWS * 4, || {
        table.combined(ROWS, |rows, places| {
            add_keys(places, &black_box(&keys)[rows.clone()], 1);
            add_keys(places, &keys[rows], 10);
        })
    });
}

/// The keys' copy is counted as the column: the values are shared.
#[divan::bench]
fn column_of_keys(bencher: Bencher<'_, '_>) {
    let keys = keys();
    let values: ArrayRef = Arc::new(Int64Array::from_iter_values(0..10));
    fills(bencher, ROWS * 4, || {
        dictionary(black_box(&keys).clone().into(), &values)
    });
}
