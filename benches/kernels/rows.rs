//! Kernels of text rows: numbers as text, blocks of one width, columns side by side, special bytes.

use divan::{Bencher, black_box};
use rowgen::kernel::interleave::RowWriter;
use rowgen::kernel::number_text::{decimal_room, put_decimal, put_signed};
use rowgen::kernel::scan::Special;
use rowgen::kernel::time_text::Moments;
use rowgen::kernel::value_blocks::ValueBlocks;
use rowgen::kernel::varint::put_long;

use crate::{ROWS, fills, random};

/// Writes a batch of numbers one after the other; the bytes are those of the text.
fn writes(bencher: Bencher<'_, '_>, values: &[i64], put: impl Fn(&mut [u8], usize, i64) -> usize) {
    let room = decimal_room(u64::MAX, 18);
    let mut out = vec![0; values.len() * room];
    let mut all = || {
        black_box(values)
            .iter()
            .fold(0, |at, value| put(&mut out, at, *value))
    };
    let bytes = all();
    fills(bencher, bytes, all);
}

#[divan::bench(args = [10, 1000, 1_000_000_000])]
fn whole_numbers(bencher: Bencher<'_, '_>, bound: u64) {
    writes(bencher, &random(bound), put_signed);
}

#[divan::bench]
fn decimals(bencher: Bencher<'_, '_>) {
    let values = random(10_000_000_000);
    writes(bencher, &values, |out, at, value| {
        put_decimal(out, at, value, 6)
    });
}

#[divan::bench]
fn varints(bencher: Bencher<'_, '_>) {
    writes(bencher, &random(1 << 30), put_long);
}

#[divan::bench]
fn moments(bencher: Bencher<'_, '_>) {
    let values: Vec<i64> = (0..ROWS as i64)
        .map(|row| 1_768_435_200_000_000 + row * 8640)
        .collect();
    let mut moments = Moments::<1_000_000>::default();
    let mut out = vec![0; 64];
    fills(bencher, ROWS * 26, || {
        black_box(&values)
            .iter()
            .fold(0, |all, value| all + moments.put(&mut out, 0, *value))
    });
}

fn number_blocks(values: &[i64]) -> ValueBlocks {
    ValueBlocks::fill(32, values.len(), b",", |row, block| {
        put_signed(block, 1, values[row])
    })
}

#[divan::bench]
fn blocks_of_numbers(bencher: Bencher<'_, '_>) {
    let values = random(1_000_000);
    fills(bencher, ROWS * 32, || number_blocks(black_box(&values)));
}

/// Puts columns side by side; the bytes are those of the rows.
fn side_by_side(bencher: Bencher<'_, '_>, rows: &RowWriter<'_>) {
    let mut out = Vec::new();
    rows.append(&mut out, None);
    let bytes = out.len();
    fills(bencher, bytes, || {
        out.clear();
        black_box(rows).append(&mut out, None);
    });
}

#[divan::bench]
fn rows_of_coded_columns(bencher: Bencher<'_, '_>) {
    let blocks = number_blocks(&random(1_000_000)[..100]);
    let keys: Vec<i32> = random(100).iter().map(|key| *key as i32).collect();
    let mut rows = RowWriter::new(ROWS);
    for _ in 0..8 {
        rows.keyed(&keys, &blocks);
    }
    rows.literal(b"\n");
    side_by_side(bencher, &rows);
}

#[divan::bench]
fn rows_of_own_columns(bencher: Bencher<'_, '_>) {
    let blocks = number_blocks(&random(1_000_000));
    let mut rows = RowWriter::new(ROWS);
    for _ in 0..8 {
        rows.own(&blocks);
    }
    rows.literal(b"\n");
    side_by_side(bencher, &rows);
}

#[divan::bench]
fn scan_for_special_bytes(bencher: Bencher<'_, '_>) {
    let special = Special {
        bytes: *b"\"\\,\n",
        below: b' ',
    };
    let bytes = vec![b'x'; ROWS * 16];
    fills(bencher, bytes.len(), || special.is_in(black_box(&bytes)));
}
