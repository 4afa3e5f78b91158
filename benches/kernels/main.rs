//! Every kernel on one batch, with the gigabytes a second that it fills: `cargo bench --bench kernels`.
//!
//! `ROWGEN_SIMD=baseline|avx2|avx512` lowers the level. Bytes are those of the result, or those that
//! are looked at where the result is one answer. A new kernel is one function with `#[divan::bench]`.

mod changes;
mod draws;
mod messages;
mod numbers;
mod pages;
mod rows;
mod text;

use divan::Bencher;
use divan::counter::BytesCount;
use rowgen::column::hash::Key;
use rowgen::column::rows::Rows;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Rows of a batch, as a plan cuts them.
const ROWS: usize = rowgen::plan::BATCH_ROWS as usize;

fn main() {
    divan::main();
}

/// Times `work`, which fills or looks at so many bytes each time.
fn fills<O>(bencher: Bencher<'_, '_>, bytes: usize, work: impl FnMut() -> O) {
    bencher.counter(BytesCount::new(bytes)).bench_local(work);
}

/// A batch of random numbers below `bound`.
fn random(bound: u64) -> Vec<i64> {
    let all = Rows::Range {
        first: 0,
        count: ROWS,
    };
    let numbers = Key::new("kernels").fill(all);
    numbers
        .iter()
        .map(|number| (number % bound) as i64)
        .collect()
}
