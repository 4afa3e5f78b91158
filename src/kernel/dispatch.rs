//! Run-time choice between baseline, AVX2 and AVX-512 builds of one loop; the bits are the same.
//!
//! `ROWGEN_SIMD=baseline|avx2|avx512` lowers the level, so that a test can compare them.

use std::sync::OnceLock;

/// What the processor offers, and what is used of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// What every processor of this architecture has.
    Baseline,
    /// 256-bit integer vectors and bit manipulation.
    Avx2,
    /// 512-bit vectors with 64-bit multiplication.
    Avx512,
}

/// The level in use: the processor's, or a lower one that `ROWGEN_SIMD` names.
pub fn level() -> Level {
    // Once: every call of every kernel asks, and a level that changed within a run would test
    // nothing.
    static LEVEL: OnceLock<Level> = OnceLock::new();
    *LEVEL.get_or_init(|| {
        let asked = match std::env::var("ROWGEN_SIMD").as_deref() {
            Ok("baseline") => Level::Baseline,
            Ok("avx2") => Level::Avx2,
            // The variable is for tests only: any other text leaves the level as the processor has
            // it.
            _ => Level::Avx512,
        };
        asked.min(detect())
    })
}

#[cfg(target_arch = "x86_64")]
fn detect() -> Level {
    let avx2 = is_x86_feature_detected!("avx2") && is_x86_feature_detected!("bmi2");
    let avx512 = avx2
        && is_x86_feature_detected!("avx512f")
        && is_x86_feature_detected!("avx512dq")
        && is_x86_feature_detected!("avx512bw")
        && is_x86_feature_detected!("avx512vl");
    match (avx2, avx512) {
        (_, true) => Level::Avx512,
        (true, _) => Level::Avx2,
        _ => Level::Baseline,
    }
}

#[cfg(not(target_arch = "x86_64"))]
fn detect() -> Level {
    Level::Baseline
}

/// Defines functions that exist once per level and pick theirs when called.
///
/// Only what is inlined into the body gains the level's instructions: helpers it calls are
/// `#[inline(always)]`. No level changes results: Rust never fuses or reorders float operations.
#[macro_export]
macro_rules! dispatched {
    ($($(#[$meta:meta])* $vis:vis fn $name:ident($($argument:ident: $type:ty),* $(,)?) $body:block)*) => {$(
        $(#[$meta])*
        $vis fn $name($($argument: $type),*) {
            #[inline(always)]
            fn body($($argument: $type),*) $body
            #[cfg(target_arch = "x86_64")]
            #[allow(unsafe_code)]
            {
                #[target_feature(enable = "avx2,bmi2")]
                fn avx2($($argument: $type),*) {
                    body($($argument),*)
                }
                #[target_feature(enable = "avx2,bmi2,avx512f,avx512dq,avx512bw,avx512vl")]
                fn avx512($($argument: $type),*) {
                    body($($argument),*)
                }
                match $crate::kernel::dispatch::level() {
                    // SAFETY: `level` has found every feature of the level on this processor.
                    $crate::kernel::dispatch::Level::Avx512 => return unsafe { avx512($($argument),*) },
                    // SAFETY: as above.
                    $crate::kernel::dispatch::Level::Avx2 => return unsafe { avx2($($argument),*) },
                    $crate::kernel::dispatch::Level::Baseline => {}
                }
            }
            body($($argument),*)
        }
    )*};
}

#[cfg(test)]
mod tests {
    dispatched! {
        /// Doubles.
        fn double(values: &mut [u64]) {
            for value in values {
                *value *= 2;
            }
        }
    }

    #[test]
    fn a_dispatched_loop_does_its_work() {
        let mut values = [1, 2, 3];
        double(&mut values);
        assert_eq!(values, [2, 4, 6]);
    }
}
