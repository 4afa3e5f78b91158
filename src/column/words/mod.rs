//! `words`: English-looking text of so many words, or of so many characters.
//!
//! The words are a list of common English words of our own (`words.txt`). They are strung together
//! once into a pool that is the same in every run; a row's text is a piece of it that begins at a
//! word, as TPC-H makes its comments (specification 3.0, 4.2.2.10).

use std::sync::Arc;

use arrow::array::{ArrayRef, StringArray};
use arrow::buffer::{Buffer, OffsetBuffer};
use arrow::datatypes::DataType;
use schemars::JsonSchema;
use serde::Deserialize;

use super::Generator;
use super::build::{Build, Made};
use super::distribution::{Counts, Distribution};
use super::hash::{Key, below};
use super::program::Fill;
use super::rows::Rows;
use crate::domain::Domain;
use crate::error::{Error, Problem, Result};
use crate::place::Placed;
use crate::registry::Example;

const WORDS: &str = include_str!("words.txt");

/// Words in the pool beyond the longest text: enough that pieces seldom repeat.
const POOL_WORDS: usize = 1 << 17;

/// The most characters, or words, of one text.
const LONGEST: u64 = 1 << 16;

/// English-looking text: `count` words (3 to 10 unless said), or `length` characters.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Words {
    /// How many words.
    count: Option<Placed<Distribution>>,
    /// How many characters; the last word may be cut.
    length: Option<Placed<Distribution>>,
}

impl Example for Words {
    const EXAMPLE: &'static str = "words: { length: { uniform: { min: 10, max: 43 } } }";
}

/// How long a text is.
enum Extent {
    Words(Counts),
    Characters(Counts),
}

struct Pieces {
    start: Key,
    extent_key: Key,
    extent: Extent,
    pool: String,
    /// Where each word of the pool begins.
    starts: Vec<u32>,
    /// A piece may begin at so many of them.
    beginnings: u64,
}

impl Generator for Words {
    fn build(&self, build: &mut Build<'_>) -> Result<Made, Problem> {
        if build.data_type(DataType::Utf8) != DataType::Utf8 {
            return Err(build.wrong_type("words", "utf8"));
        }
        let extent = self.extent()?;
        let most = match &extent {
            Extent::Words(counts) | Extent::Characters(counts) => counts.range().1 as usize,
        };
        let (pool, starts) = pool(POOL_WORDS + most + 1);
        let longest_word = WORDS.lines().map(str::len).max().unwrap_or(0) + 1;
        let longest = match &extent {
            Extent::Words(_) => most * longest_word,
            Extent::Characters(_) => most,
        };
        let pieces = Pieces {
            start: build.key,
            extent_key: build.key.child("extent"),
            extent,
            pool,
            starts,
            beginnings: POOL_WORDS as u64,
        };
        let domain = Domain {
            longest: Some(longest),
            ..Domain::default()
        };
        Ok(Made::new(DataType::Utf8, domain, pieces))
    }
}

impl Words {
    fn extent(&self) -> Result<Extent, Problem> {
        let counts = |of: &Placed<Distribution>| of.value.counts(&of.place, 0, LONGEST);
        match (&self.count, &self.length) {
            (Some(count), None) => counts(count).map(Extent::Words),
            (None, Some(length)) => counts(length).map(Extent::Characters),
            (None, None) => Ok(Extent::Words(Counts::even(3, 10))),
            (Some(_), Some(length)) => {
                Err(Problem::new("`count` and `length` cannot be used together").at(&length.place))
            }
        }
    }
}

/// So many words in a row, and where each begins: the same in every run and for every column.
fn pool(count: usize) -> (String, Vec<u32>) {
    let words: Vec<&str> = WORDS.lines().collect();
    let key = Key::new("rowgen words");
    let mut pool = String::with_capacity(count * 8);
    let mut starts = Vec::with_capacity(count);
    for index in 0..count as u64 {
        starts.push(pool.len() as u32);
        pool.push_str(words[below(key.at(index), words.len() as u64) as usize]);
        pool.push(' ');
    }
    (pool, starts)
}

impl Pieces {
    /// The bytes of the pool that a row shows.
    fn piece(&self, start: u64, extent: usize) -> &[u8] {
        let word = below(start, self.beginnings) as usize;
        let from = self.starts[word] as usize;
        let to = match &self.extent {
            // The space before the next word is not shown.
            Extent::Words(_) if extent == 0 => from,
            Extent::Words(_) => self.starts[word + extent] as usize - 1,
            Extent::Characters(_) => from + extent,
        };
        &self.pool.as_bytes()[from..to]
    }
}

impl Fill for Pieces {
    fn fill(&self, rows: Rows<'_>, _: &[ArrayRef]) -> Result<ArrayRef> {
        let starts = self.start.fill(rows);
        let (Extent::Words(counts) | Extent::Characters(counts)) = &self.extent;
        let mut extents = vec![0; rows.len()];
        counts.fill(&self.extent_key.fill(rows), &mut extents);
        let mut bytes = Vec::with_capacity(rows.len() * 32);
        let mut lengths = Vec::with_capacity(rows.len());
        for (start, extent) in starts.into_iter().zip(extents) {
            let piece = self.piece(start, extent as usize);
            bytes.extend_from_slice(piece);
            // A piece that is cut after a word ends in a letter instead of the space.
            if let Some(last @ b' ') = bytes.last_mut().filter(|_| !piece.is_empty()) {
                *last = b's';
            }
            lengths.push(piece.len());
        }
        if i32::try_from(bytes.len()).is_err() {
            return Err(Error::run("the texts of one batch take more than 2 GiB")
                .hint("set a smaller `batch_rows` under `run:`"));
        }
        let offsets = OffsetBuffer::from_lengths(lengths);
        Ok(Arc::new(StringArray::try_new(
            offsets,
            Buffer::from_vec(bytes),
            None,
        )?))
    }
}

#[cfg(test)]
mod tests {
    use crate::column::testing::{check_any_split, one, problem};

    #[test]
    fn texts_have_the_length_that_was_asked_for() {
        let tables = one(
            10_000,
            "a: { words: { length: { uniform: { min: 10, max: 43 } } } }\nb: { words: { count: 3 } }\nc: words",
        );
        let mut lengths = [0u32; 44];
        for text in tables.texts("t", "a") {
            lengths[text.len()] += 1;
            assert!(!text.starts_with(' ') && !text.ends_with(' '), "{text:?}");
        }
        // 10 000 draws of 34 lengths: 294 ± 5 standard deviations of 17.
        assert!(
            lengths[10..].iter().all(|count| (209..380).contains(count)),
            "{lengths:?}"
        );
        assert!(
            tables
                .texts("t", "b")
                .iter()
                .all(|text| text.split(' ').count() == 3)
        );
        assert!(
            tables
                .texts("t", "c")
                .iter()
                .all(|text| (3..=10).contains(&text.split(' ').count()))
        );
        check_any_split(&tables, "t", &["a", "b", "c"]);
    }

    #[test]
    fn words_are_drawn_evenly() {
        let tables = one(100_000, "a: { words: { count: 1 } }");
        let mut counts = std::collections::HashMap::new();
        for text in tables.texts("t", "a") {
            *counts.entry(text).or_insert(0u32) += 1;
        }
        assert_eq!(counts.len(), super::WORDS.lines().count());
    }

    #[test]
    fn mistakes_are_told() {
        let table =
            |column: &str| problem(&format!("t:\n  rows: 9\n  columns:\n    c: {column}\n"));
        assert_eq!(
            table("{ words: { count: 1, length: 2 } }"),
            "error: `count` and `length` cannot be used together\n --> p.yaml:4:37\n  |\n4 |     c: { words: { count: 1, length: 2 } }\n  |                                     ^"
        );
        assert!(
            table("{ type: int32, words: {} }")
                .starts_with("error: `words` cannot make int32 for column `t.c`")
        );
    }
}
