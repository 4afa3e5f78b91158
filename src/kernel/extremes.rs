//! The least and the greatest of many values.

use std::cmp::Ordering;

use crate::dispatched;

/// As many values as the widest vectors hold several times.
const LANES: usize = 32;

macro_rules! integers {
    ($(#[$meta:meta])* $name:ident, $inner:ident, $type:ty) => {
        dispatched! {
            fn $inner(values: &[$type], found: &mut ($type, $type)) {
                let least = values.iter().copied().fold(<$type>::MAX, <$type>::min);
                let greatest = values.iter().copied().fold(<$type>::MIN, <$type>::max);
                *found = (least, greatest);
            }
        }

        $(#[$meta])*
        pub fn $name(values: &[$type]) -> Option<($type, $type)> {
            let mut found = (0, 0);
            $inner(values, &mut found);
            (!values.is_empty()).then_some(found)
        }
    };
}

integers! {
    /// The least and the greatest, if there are any.
    of_i32, i32_into, i32
}
integers! {
    /// The least and the greatest, if there are any.
    of_i64, i64_into, i64
}

macro_rules! unsigned {
    ($(#[$meta:meta])* $name:ident, $inner:ident, $type:ty, $unsigned:ty) => {
        dispatched! {
            fn $inner(values: &[$type], found: &mut ($unsigned, $unsigned)) {
                let unsigned = values.iter().map(|value| *value as $unsigned);
                let least = unsigned.clone().fold(<$unsigned>::MAX, <$unsigned>::min);
                let greatest = unsigned.fold(<$unsigned>::MIN, <$unsigned>::max);
                *found = (least, greatest);
            }
        }

        $(#[$meta])*
        pub fn $name(values: &[$type]) -> Option<($unsigned, $unsigned)> {
            let mut found = (0, 0);
            $inner(values, &mut found);
            (!values.is_empty()).then_some(found)
        }
    };
}

unsigned! {
    /// The least and the greatest of what are really numbers without a sign, if there are any.
    of_i32_as_u32, u32_into, i32, u32
}
unsigned! {
    /// The least and the greatest of what are really numbers without a sign, if there are any.
    of_i64_as_u64, u64_into, i64, u64
}

macro_rules! floats {
    ($(#[$meta:meta])* $name:ident, $inner:ident, $type:ty) => {
        dispatched! {
            fn $inner(values: &[$type], found: &mut ($type, $type)) {
                // Lanes side by side: of floats the compiler may not reorder one chain of
                // comparisons by itself, so it would take one value after the other.
                let (mut least, mut greatest) = ([<$type>::INFINITY; LANES], [<$type>::NEG_INFINITY; LANES]);
                let (blocks, rest) = values.as_chunks::<LANES>();
                // A comparison with NaN is false: what fills the last block up is never the least
                // nor the greatest.
                let mut last = [<$type>::NAN; LANES];
                last[..rest.len()].copy_from_slice(rest);
                for block in blocks.iter().chain([&last]) {
                    for ((least, greatest), value) in least.iter_mut().zip(&mut greatest).zip(block) {
                        *least = if *value < *least { *value } else { *least };
                        *greatest = if *value > *greatest { *value } else { *greatest };
                    }
                }
                let least = least.into_iter().fold(<$type>::INFINITY, <$type>::min);
                let greatest = greatest.into_iter().fold(<$type>::NEG_INFINITY, <$type>::max);
                *found = (least, greatest);
            }
        }

        $(#[$meta])*
        pub fn $name(values: &[$type]) -> Option<($type, $type)> {
            let mut found = (0.0, 0.0);
            $inner(values, &mut found);
            (found.0 <= found.1).then_some(found)
        }
    };
}

floats! {
    /// The least and the greatest, if there are any that are numbers.
    of_f32, f32_into, f32
}
floats! {
    /// The least and the greatest, if there are any that are numbers.
    of_f64, f64_into, f64
}

/// The first 16 bytes from `start` on, as a number that is ordered as they are.
// As numbers: most texts are told apart by one comparison without a loop over bytes.
#[inline(always)]
fn head(bytes: &[u8], start: usize, end: usize) -> u128 {
    let length = end.saturating_sub(start);
    match bytes.get(start..).and_then(<[u8]>::first_chunk) {
        Some(window) if length >= 16 => u128::from_be_bytes(*window),
        Some(window) => u128::from_be_bytes(*window) & !(u128::MAX >> (8 * length)),
        None => {
            let mut window = [0; 16];
            let length = length.min(16);
            window[..length].copy_from_slice(bytes.get(start..start + length).unwrap_or_default());
            u128::from_be_bytes(window)
        }
    }
}

/// How two texts are ordered whose first 16 bytes are the same.
#[inline(always)]
fn tied(bytes: &[u8], one: (usize, usize), other: (usize, usize)) -> Ordering {
    let (length, other_length) = (one.1 - one.0, other.1 - other.0);
    if length.max(other_length) <= 16 {
        return length.cmp(&other_length);
    }
    let second = |text: (usize, usize)| head(bytes, text.0 + 16, text.1);
    match second(one).cmp(&second(other)) {
        Ordering::Equal => bytes[one.0..one.1].cmp(&bytes[other.0..other.1]),
        order => order,
    }
}

dispatched! {
    fn texts_into(offsets: &[i32], bytes: &[u8], found: &mut (usize, usize)) {
        let text = |place: usize| (offsets[place] as usize, offsets[place + 1] as usize);
        let (mut least, mut greatest) = (u128::MAX, 0);
        let (mut first, mut last) = (0, 0);
        for (place, ends) in offsets.windows(2).enumerate() {
            let this = (ends[0] as usize, ends[1] as usize);
            let head = head(bytes, this.0, this.1);
            if head >= greatest && (head > greatest || tied(bytes, this, text(last)).is_gt()) {
                (greatest, last) = (head, place);
            }
            if head <= least && (head < least || tied(bytes, this, text(first)).is_lt()) {
                (least, first) = (head, place);
            }
        }
        *found = (first, last);
    }
}

/// The places of the least and the greatest of the texts that `offsets` mark in `bytes`, if there
/// are any.
pub fn of_texts(offsets: &[i32], bytes: &[u8]) -> Option<(usize, usize)> {
    let mut found = (0, 0);
    texts_into(offsets, bytes, &mut found);
    (offsets.len() > 1).then_some(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mixed(n: usize) -> u64 {
        (n as u64 + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15)
    }

    #[test]
    fn integers_of_every_width_and_many_lengths_have_their_bounds() {
        for length in [0, 1, 15, 16, 17, 64, 100, 1000] {
            let values: Vec<i64> = (0..length).map(|n| mixed(n) as i64).collect();
            let twin = values
                .iter()
                .min()
                .copied()
                .zip(values.iter().max().copied());
            assert_eq!(of_i64(&values), twin);
            let unsigned = || values.iter().map(|value| *value as u64);
            assert_eq!(
                of_i64_as_u64(&values),
                unsigned().min().zip(unsigned().max())
            );
            let values: Vec<i32> = (0..length).map(|n| (mixed(n) >> 7) as i32).collect();
            let twin = values
                .iter()
                .min()
                .copied()
                .zip(values.iter().max().copied());
            assert_eq!(of_i32(&values), twin);
            let unsigned = || values.iter().map(|value| *value as u32);
            assert_eq!(
                of_i32_as_u32(&values),
                unsigned().min().zip(unsigned().max())
            );
        }
    }

    #[test]
    fn bounds_are_found_wherever_they_stand() {
        assert_eq!(of_i64(&[]), None);
        for length in [1, 7, 8, 31, 64, 1000] {
            for place in [0, length / 2, length - 1] {
                let mut values = vec![3; length];
                values[place] = -5;
                let greatest = if length > 1 { 3 } else { -5 };
                assert_eq!(of_i64(&values), Some((-5, greatest)));
                values[place] = i64::MAX;
                assert_eq!(of_i64(&values).unwrap().1, i64::MAX);
            }
        }
    }

    #[test]
    fn what_is_no_number_bounds_nothing() {
        assert_eq!(of_f64(&[]), None);
        assert_eq!(of_f64(&[f64::NAN; 40]), None);
        assert_eq!(
            of_f64(&[f64::INFINITY]),
            Some((f64::INFINITY, f64::INFINITY))
        );
        let values: Vec<f64> = (0..100).map(|n| (f64::from(n) - 50.0) / 3.0).collect();
        assert_eq!(of_f64(&values), Some((values[0], values[99])));
        assert_eq!(of_f32(&[f32::NAN, 2.0, -1.0, f32::NAN]), Some((-1.0, 2.0)));
        let infinities = [f32::NEG_INFINITY, f32::NAN];
        assert_eq!(
            of_f32(&infinities),
            Some((f32::NEG_INFINITY, f32::NEG_INFINITY))
        );
    }

    #[test]
    fn texts_are_ordered_byte_by_byte() {
        let sets: [&[&str]; 8] = [
            &[],
            &[""],
            &["b", "a\0", "a", "", "ab"],
            &[
                "same first sixteen b",
                "same first sixteen a",
                "same first sixteen",
            ],
            &["é", "z", "\u{10FFFF}", "~"],
            &["", "\0", "\0\0"],
            &[
                "sixteen bytes ok",
                "sixteen bytes ok\0",
                "sixteen bytes ok",
                "sixteen bytes o",
            ],
            &[
                "sixteen bytes of more than 32 bytes b",
                "sixteen bytes of more than 32 bytes a",
            ],
        ];
        for texts in sets {
            let bytes = texts.concat().into_bytes();
            let ends = texts.iter().scan(0, |at, text| {
                *at += text.len() as i32;
                Some(*at)
            });
            let offsets: Vec<i32> = std::iter::once(0).chain(ends).collect();
            let found = of_texts(&offsets, &bytes).map(|(least, most)| (texts[least], texts[most]));
            let twin = texts.iter().min().copied().zip(texts.iter().max().copied());
            assert_eq!(found, twin);
        }
    }
}
