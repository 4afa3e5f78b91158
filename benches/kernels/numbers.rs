//! Kernels that make numbers of numbers.

use arrow::buffer::BooleanBuffer;
use divan::{Bencher, black_box};
use rowgen::kernel::decimal::{Rounding, divide_rounded, round_narrow, scale_down};
use rowgen::kernel::extremes;
use rowgen::kernel::map::{Operand, map, map_checked};
use rowgen::kernel::math::{exp, ln, open_unit, round};
use rowgen::kernel::normal::normal_quantiles;
use rowgen::kernel::select::{mark, select};
use rowgen::kernel::time::civil_from_days;

use crate::{ROWS, fills, random};

#[divan::bench]
fn memset(bencher: Bencher<'_, '_>) {
    let mut out = vec![0_u8; ROWS * 8];
    fills(bencher, ROWS * 8, || black_box(&mut out).fill(1));
}

fn probabilities() -> Vec<f64> {
    random(u64::MAX)
        .iter()
        .map(|value| open_unit(*value as u64))
        .collect()
}

#[divan::bench]
fn normal(bencher: Bencher<'_, '_>) {
    let probabilities = probabilities();
    let mut values = probabilities.clone();
    fills(bencher, ROWS * 8, || {
        values.copy_from_slice(&probabilities);
        normal_quantiles(black_box(&mut values));
    });
}

#[divan::bench]
fn logarithm(bencher: Bencher<'_, '_>) {
    let values = probabilities();
    fills(bencher, ROWS * 8, || {
        black_box(&values)
            .iter()
            .map(|x| ln(*x))
            .collect::<Vec<_>>()
    });
}

#[divan::bench]
fn exponential(bencher: Bencher<'_, '_>) {
    let values = probabilities();
    fills(bencher, ROWS * 8, || {
        black_box(&values)
            .iter()
            .map(|x| exp(*x))
            .collect::<Vec<_>>()
    });
}

#[divan::bench]
fn round_to_decimal(bencher: Bencher<'_, '_>) {
    let (values, mut out) = (probabilities(), vec![0; ROWS]);
    fills(bencher, ROWS * 8, || {
        round(black_box(&values), 1e6, 0, &mut out)
    });
}

#[divan::bench(args = [2, 6, 13])]
fn decimal_round_64(bencher: Bencher<'_, '_>, digits: u32) {
    let values = random(1 << 60);
    fills(bencher, ROWS * 8, || {
        round_narrow(black_box(&values), digits)
    });
}

#[divan::bench]
fn decimal_scale_128(bencher: Bencher<'_, '_>) {
    let values: Vec<i128> = random(1 << 60)
        .iter()
        .map(|value| i128::from(*value))
        .collect();
    fills(bencher, ROWS * 16, || {
        scale_down(black_box(&values), 6, Rounding::HalfAwayFromZero)
    });
}

#[divan::bench]
fn decimal_divide_64(bencher: Bencher<'_, '_>) {
    let (left, right) = (random(1 << 60), random(1 << 20));
    let (left, right) = (Operand::Column(&left), Operand::Column(&right));
    fills(bencher, ROWS * 8, || {
        map_checked(black_box(left), right, divide_rounded::<i64>)
    });
}

#[divan::bench]
fn map_multiply(bencher: Bencher<'_, '_>) {
    let (left, right) = (random(1 << 30), random(1 << 30));
    let (left, right) = (Operand::Column(&left), Operand::Column(&right));
    fills(bencher, ROWS * 8, || {
        map(black_box(left), right, i64::wrapping_mul)
    });
}

#[divan::bench]
fn map_multiply_checked(bencher: Bencher<'_, '_>) {
    let (left, right) = (random(1 << 30), random(1 << 30));
    let (left, right) = (Operand::Column(&left), Operand::Column(&right));
    fills(bencher, ROWS * 8, || {
        map_checked(black_box(left), right, i64::overflowing_mul)
    });
}

#[divan::bench]
fn select_of_three(bencher: Bencher<'_, '_>) {
    let choice: Vec<u32> = random(3).iter().map(|value| *value as u32).collect();
    let columns = [random(9), random(99)];
    let sources = [
        Operand::Column(columns[0].as_slice()),
        Operand::Column(columns[1].as_slice()),
        Operand::Constant(7),
    ];
    fills(bencher, ROWS * 8, || select(black_box(&choice), &sources));
}

#[divan::bench]
fn select_mark(bencher: Bencher<'_, '_>) {
    let rows: BooleanBuffer = random(2).iter().map(|value| *value == 1).collect();
    let mut choice = vec![0; ROWS];
    fills(bencher, ROWS * 4, || mark(black_box(&mut choice), &rows, 1));
}

#[divan::bench]
fn bounds_of_integers(bencher: Bencher<'_, '_>) {
    let values = random(1 << 40);
    fills(bencher, ROWS * 8, || extremes::of_i64(black_box(&values)));
}

#[divan::bench]
fn civil_dates(bencher: Bencher<'_, '_>) {
    let days = random(40_000);
    let date = |days: &i64| civil_from_days(*days);
    fills(bencher, ROWS * 24, || {
        black_box(&days).iter().map(date).collect::<Vec<_>>()
    });
}
