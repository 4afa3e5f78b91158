//! Kernels of Parquet pages: packed keys, differences, texts that begin alike, least and greatest.

use divan::{Bencher, black_box};
use rowgen::kernel::bit_pack::pack_keys;
use rowgen::kernel::delta::{pack_i32, pack_i64};
use rowgen::kernel::extremes;
use rowgen::kernel::prefix::PrefixSplit;
use rowgen::kernel::snappy_rows::SnappyRows;

use crate::{ROWS, fills, random};

/// Packs the values again and again into one buffer; the bytes are those of the values.
fn packs<T>(bencher: Bencher<'_, '_>, values: &[T], pack: impl Fn(&[T], &mut Vec<u8>)) {
    let mut out = Vec::new();
    fills(bencher, size_of_val(values), || {
        out.clear();
        pack(black_box(values), &mut out);
    });
}

#[divan::bench(args = [1, 3, 8, 13, 20])]
fn packed_keys(bencher: Bencher<'_, '_>, width: usize) {
    let keys: Vec<i32> = random(1 << width).iter().map(|key| *key as i32).collect();
    packs(bencher, &keys, |keys, out| pack_keys(keys, width, out));
}

#[divan::bench]
fn delta_32_sequence(bencher: Bencher<'_, '_>) {
    let values: Vec<i32> = (0..ROWS as i32).collect();
    packs(bencher, &values, pack_i32);
}

#[divan::bench]
fn delta_64_times(bencher: Bencher<'_, '_>) {
    let jitter = random(1 << 13);
    let values: Vec<i64> = (0..)
        .zip(&jitter)
        .map(|(row, jitter)| row * 8640 + jitter)
        .collect();
    packs(bencher, &values, pack_i64);
}

#[divan::bench]
fn delta_64_random(bencher: Bencher<'_, '_>) {
    packs(bencher, &random(u64::MAX >> 1), pack_i64);
}

/// `TXN-20260115-00000001` and so on: where each one ends, and all of them.
fn numbered() -> (Vec<i32>, Vec<u8>) {
    let mut bytes = Vec::new();
    let mut offsets = vec![0];
    for row in 0..ROWS {
        bytes.extend_from_slice(format!("TXN-20260115-{row:08}").as_bytes());
        offsets.push(bytes.len() as i32);
    }
    (offsets, bytes)
}

#[divan::bench]
fn shared_beginnings(bencher: Bencher<'_, '_>) {
    let (offsets, bytes) = numbered();
    let mut split = PrefixSplit::default();
    fills(bencher, bytes.len(), || {
        split.split(black_box(&offsets), &bytes)
    });
}

#[divan::bench]
fn snappy_of_rows(bencher: Bencher<'_, '_>) {
    let (offsets, bytes) = numbered();
    let mut rows = SnappyRows::default();
    fills(bencher, bytes.len(), || {
        rows.compress(black_box(&bytes), &offsets).len()
    });
}

#[divan::bench]
fn extremes_of_i64(bencher: Bencher<'_, '_>) {
    let values = random(1 << 40);
    fills(bencher, ROWS * 8, || extremes::of_i64(black_box(&values)));
}

#[divan::bench]
fn extremes_of_f64(bencher: Bencher<'_, '_>) {
    let values: Vec<f64> = random(1 << 40).iter().map(|value| *value as f64).collect();
    fills(bencher, ROWS * 8, || extremes::of_f64(black_box(&values)));
}

#[divan::bench]
fn extremes_of_texts(bencher: Bencher<'_, '_>) {
    let (offsets, bytes) = numbered();
    fills(bencher, bytes.len(), || {
        extremes::of_texts(black_box(&offsets), &bytes)
    });
}
