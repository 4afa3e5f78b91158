//! `bytes`: binary values of a given length that compress about as well as asked.

use std::sync::Arc;

use arrow::array::{ArrayRef, BinaryArray, FixedSizeBinaryArray};
use arrow::buffer::{OffsetBuffer, ScalarBuffer};
use arrow::datatypes::DataType;
use schemars::JsonSchema;
use serde::Deserialize;

use super::Generator;
use crate::column::build::{Build, BuiltColumn};
use crate::column::distribution::{CountSampler, Distribution};
use crate::column::program::Fill;
use crate::column::random::hash::Key;
use crate::column::rows::Rows;
use crate::domain::Domain;
use crate::error::{Error, Problem, Result};
use crate::place::{Number, Placed};

/// Binary values of random bytes.
///
/// With a `compress_ratio` only that share of each 4 KiB is random and the rest is zeros, so that
/// a compressor gets about there, as disk benchmarks do it.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Bytes {
    /// How many bytes: a number or a distribution. A fixed binary has its own length.
    length: Option<Placed<Distribution>>,
    /// How many times smaller a compressor should make the values, from 1 (default) to 1000.
    compress_ratio: Option<Placed<Number>>,
}

struct RandomBytes {
    key: Key,
    lengths: Lengths,
    /// Random bytes of each piece.
    random: usize,
}

enum Lengths {
    Fixed(i32),
    Drawn(Key, CountSampler),
}

/// The share of random bytes holds for every piece of so many bytes: small enough for the windows
/// of all compressors (Snappy and LZ4 look back 64 KiB), large enough that a piece costs little.
const PIECE: usize = 4096;
/// A batch has at least one row, and its offsets have 31 bits.
const LONGEST: u64 = i32::MAX as u64;

impl Generator for Bytes {
    fn build(&self, build: &mut Build<'_>) -> Result<BuiltColumn, Problem> {
        let data_type = build.data_type(DataType::Binary);
        let lengths = match (&data_type, &self.length) {
            (DataType::FixedSizeBinary(width), None) => Lengths::Fixed(*width),
            (DataType::FixedSizeBinary(_), Some(length)) => {
                let message = "a fixed binary has a length already";
                return Err(Problem::new(message)
                    .at(&length.place)
                    .hint("leave `length` out, or use `type: binary`"));
            }
            (DataType::Binary, Some(length)) => {
                let counts = length.counts(&length.place, 0, LONGEST)?;
                Lengths::Drawn(build.key.child("length"), counts)
            }
            (DataType::Binary, None) => {
                return Err(Problem::new("the key `length` is missing")
                    .at(&build.place)
                    .hint("write `bytes: { length: 100 }`"));
            }
            _ => {
                let can = "binary and fixed_binary(n); for text use `pattern` or `words`";
                return Err(build.wrong_type("bytes", can));
            }
        };
        let longest = match &lengths {
            Lengths::Fixed(width) => *width as usize,
            Lengths::Drawn(_, counts) => counts.range().1 as usize,
        };
        let domain = Domain {
            longest: Some(longest),
            ..Domain::default()
        };
        let fill = RandomBytes {
            key: build.key,
            lengths,
            random: self.random()?,
        };
        Ok(BuiltColumn::new(data_type, domain, fill))
    }
}

impl Bytes {
    /// How many bytes of each piece are random.
    fn random(&self) -> Result<usize, Problem> {
        let Some(ratio) = &self.compress_ratio else {
            return Ok(PIECE);
        };
        if !(1.0..=1000.0).contains(&ratio.value.0) {
            let message = format!("`compress_ratio` is 1 to 1000, found {}", ratio.value.0);
            return Err(Problem::new(message).at(&ratio.place));
        }
        Ok((PIECE as f64 / ratio.value.0).ceil() as usize)
    }
}

impl Fill for RandomBytes {
    fn fill(&self, rows: Rows<'_>, _: &[ArrayRef]) -> Result<ArrayRef> {
        let seeds = self.key.fill(rows);
        match &self.lengths {
            Lengths::Fixed(width) => {
                let mut bytes = vec![0; seeds.len() * *width as usize];
                for (value, seed) in bytes.chunks_exact_mut(*width as usize).zip(&seeds) {
                    self.write(*seed, value);
                }
                let array = FixedSizeBinaryArray::try_new(*width, bytes.into(), None)?;
                Ok(Arc::new(array))
            }
            Lengths::Drawn(key, counts) => {
                let random = key.fill(rows);
                let mut lengths = vec![0; random.len()];
                counts.fill(&random, &mut lengths);
                let offsets = offsets(&lengths)?;
                let total = offsets.last().copied().unwrap_or(0);
                let mut bytes = vec![0; total as usize];
                for (ends, seed) in offsets.windows(2).zip(&seeds) {
                    self.write(*seed, &mut bytes[ends[0] as usize..ends[1] as usize]);
                }
                let offsets = OffsetBuffer::new(ScalarBuffer::from(offsets));
                Ok(Arc::new(BinaryArray::try_new(offsets, bytes.into(), None)?))
            }
        }
    }
}

impl RandomBytes {
    /// Random bytes at the beginning of each piece of a value that is all zeros.
    fn write(&self, seed: u64, value: &mut [u8]) {
        let share = self.random as f64 / PIECE as f64;
        let mut counter = seed;
        for piece in value.chunks_mut(PIECE) {
            // Zeros behind the random bytes: every compressor packs them to next to nothing,
            // whatever its window.
            let random = (piece.len() as f64 * share).ceil() as usize;
            for word in piece[..random].chunks_mut(8) {
                // A counter from the value's own seed: as each value has 64 random bits to begin
                // with, two of them overlap with a chance of next to nothing.
                counter = counter.wrapping_add(1);
                let bytes = self.key.at(counter).to_le_bytes();
                word.copy_from_slice(&bytes[..word.len()]);
            }
        }
    }
}

fn offsets(lengths: &[u64]) -> Result<Vec<i32>> {
    let mut end = 0;
    let mut offsets = Vec::with_capacity(lengths.len() + 1);
    offsets.push(0);
    for length in lengths {
        end += length;
        let Ok(end) = i32::try_from(end) else {
            let message = format!("{} values have more than 2 GiB together", lengths.len());
            return Err(Error::run(Problem::new(message))
                .hint("make batches smaller with the sink's `row_group_rows`, or values shorter"));
        };
        offsets.push(end);
    }
    Ok(offsets)
}

#[cfg(test)]
mod tests {
    use arrow::array::{Array, AsArray};

    use super::*;
    use crate::column::testing::{check_any_split, one, problem};

    fn values(column: &str, rows: u64) -> BinaryArray {
        let values = one(rows, column).column("t", "a");
        values.as_binary::<i32>().clone()
    }

    #[test]
    fn bytes_are_random() {
        let values = values("a: { bytes: { length: 1001 } }", 1000);
        let mut cells = [0f64; 256];
        values
            .values()
            .iter()
            .for_each(|byte| cells[usize::from(*byte)] += 1.0);
        let expected = 1_001_000.0 / 256.0;
        let chi: f64 = cells
            .iter()
            .map(|n| (n - expected).powi(2) / expected)
            .sum();
        // 255 degrees of freedom: standard deviation 22.6; 5 of them.
        assert!((142.0..368.0).contains(&chi), "{chi}");
        assert_eq!(values.value_length(7), 1001);
    }

    #[test]
    fn compressors_get_about_there() {
        for ratio in [1.0, 1.5, 2.0, 5.0, 10.0] {
            for length in [200, 4096, 50_000] {
                let column =
                    format!("a: {{ bytes: {{ length: {length}, compress_ratio: {ratio} }} }}");
                let values = values(&column, 2_000_000 / length);
                let whole = values.values().as_slice();
                let packed = zstd::bulk::compress(whole, 1).unwrap().len();
                let reached = whole.len() as f64 / packed as f64;
                assert!(
                    (reached / ratio - 1.0).abs() < 0.15,
                    "{ratio} {length}: {reached}"
                );
            }
        }
    }

    #[test]
    fn lengths_follow_their_distribution() {
        let column = "a: { bytes: { length: { uniform: { min: 0, max: 9 } } } }";
        let values = values(column, 50_000);
        let mut cells = [0f64; 10];
        (0..values.len()).for_each(|row| cells[values.value(row).len()] += 1.0);
        let chi: f64 = cells.iter().map(|n| (n - 5000.0).powi(2) / 5000.0).sum();
        // 9 degrees of freedom, p = 0.0001.
        assert!(chi < 33.8, "{chi} {cells:?}");
        assert_eq!(one(1, column).domain("t", "a").longest, Some(9));
    }

    #[test]
    fn any_split_gives_the_same() {
        let tables = one(
            500,
            "a: { bytes: { length: { uniform: { min: 0, max: 9000 } }, compress_ratio: 3 } }
b: { bytes: {}, type: fixed_binary(5) }",
        );
        check_any_split(&tables, "t", &["a", "b"]);
    }

    #[test]
    fn what_cannot_be_is_refused() {
        let table =
            |column: &str| problem(&format!("t:\n  rows: 9\n  columns:\n    c: {column}\n"));
        insta::assert_snapshot!(
            [
                table("{ bytes: {} }"),
                table("{ bytes: { length: -1 } }"),
                table("{ bytes: { length: 9 }, type: fixed_binary(5) }"),
                table("{ bytes: { length: 9, compress_ratio: 0.5 } }"),
                table("{ bytes: { length: 9 }, type: utf8 }"),
            ]
            .join("\n\n")
        );
        let huge = one(3, "c: { bytes: { length: 1_000_000_000 } }").failure("t", "c");
        insta::assert_snapshot!(huge);
    }
}
