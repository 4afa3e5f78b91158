//! `words`: English-looking text of so many words, or of so many characters.
//!
//! `words.txt` is our own list of common English words, like the rest of rowgen under the Apache
//! License 2.0. Every text is drawn word by word, so that texts repeat each other no more than
//! their words do: pieces of a prepared text would compress far better than data do.

mod lexicon;

use std::sync::Arc;

use arrow::array::ArrayRef;
use arrow::datatypes::DataType;
use schemars::JsonSchema;
use serde::Deserialize;

use self::lexicon::{Lexicon, SmallDraws};
use super::Generator;
use crate::column::build::{Build, BuiltColumn};
use crate::column::distribution::{CountSampler, Distribution};
use crate::column::program::Fill;
use crate::column::random::hash::Key;
use crate::column::rows::Rows;
use crate::domain::Domain;
use crate::error::{Error, Problem, Result};
use crate::kernel::short_text::ShortTextWriter;
use crate::place::{Count, Place, Placed, Text};

/// English-looking text: 3 to 8 words, or as many as `count`, `min` and `max` say, or words that
/// together have exactly `length` characters.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Words {
    /// How many words: a number, or a distribution.
    count: Option<Placed<Distribution>>,
    /// The least number of words; all up to `max` are equally likely.
    min: Option<Placed<Count>>,
    /// The greatest number of words.
    max: Option<Placed<Count>>,
    /// How many characters, instead of words: a number, or a distribution.
    length: Option<Placed<Distribution>>,
    /// Words that would make the text longer than so many characters are left out.
    max_length: Option<Placed<Count>>,
    /// What stands between words (default a space), at most 8 characters.
    separator: Option<Placed<Text>>,
}

/// How long a text is.
enum TextLength {
    /// So many words, as far as they fit in so many characters.
    Words(CountSampler, usize),
    /// Evenly from one number of words to another, as far as they fit.
    Between(u64, u64, usize),
    /// So many characters.
    Characters(CountSampler),
}

struct WordsFill {
    /// Draws each text's extent.
    extent_key: Key,
    /// Draws the words.
    word_key: Key,
    extent: TextLength,
    lexicon: Lexicon,
}

/// The most words, or characters, of one text.
const MOST: u64 = 1_000_000;

/// The most characters and bytes of a separator: with a word it must fit in a block.
const LONGEST_SEPARATOR: (usize, usize) = (8, 18);

impl Generator for Words {
    fn build(&self, build: &mut Build<'_>) -> Result<BuiltColumn, Problem> {
        if build.data_type(DataType::Utf8) != DataType::Utf8 {
            return Err(build.wrong_type("words", "text"));
        }
        let separator = match &self.separator {
            None => " ",
            Some(separator) => separator.as_str(),
        };
        let (characters, bytes) = LONGEST_SEPARATOR;
        if separator.chars().count() > characters || separator.len() > bytes {
            let place = self
                .separator
                .as_ref()
                .map_or(&build.place, |separator| &separator.place);
            let message =
                format!("a separator has at most {characters} characters and {bytes} bytes");
            return Err(Problem::new(message).at(place));
        }
        let lexicon = Lexicon::new(separator);
        let extent = self.extent()?;
        let widest = separator.chars().map(char::len_utf8).max().unwrap_or(1);
        let longest = match &extent {
            TextLength::Characters(counts) => counts.range().1 as usize * widest,
            TextLength::Words(counts, most) => lexicon
                .longest(counts.range().1)
                .min(most.saturating_mul(widest)),
            TextLength::Between(_, max, most) => {
                lexicon.longest(*max).min(most.saturating_mul(widest))
            }
        };
        let domain = Domain {
            longest: Some(longest),
            ..Domain::default()
        };
        let texts = WordsFill {
            extent_key: build.key.child("extent"),
            word_key: build.key.child("words"),
            extent,
            lexicon,
        };
        Ok(BuiltColumn::new(DataType::Utf8, domain, texts))
    }
}

impl Words {
    fn extent(&self) -> Result<TextLength, Problem> {
        let clash = |one: &str, other: &str, place: &Place| {
            let message = format!("`{one}` and `{other}` cannot be used together");
            Err(Problem::new(message).at(place))
        };
        let bound = self.min.as_ref().map(|min| ("min", min));
        let bound = bound.or(self.max.as_ref().map(|max| ("max", max)));
        let most = self.max_length.as_ref();
        match (&self.length, &self.count, bound) {
            (Some(length), Some(_), _) => clash("length", "count", &length.place),
            (Some(length), _, Some((name, _))) => clash("length", name, &length.place),
            (Some(length), None, None) if most.is_some() => {
                clash("length", "max_length", &length.place)
            }
            (None, Some(count), Some((name, _))) => clash("count", name, &count.place),
            (Some(length), None, None) => {
                let counts = length.value.counts(&length.place, 0, MOST)?;
                Ok(TextLength::Characters(counts))
            }
            (None, Some(count), None) => {
                let counts = count.value.counts(&count.place, 0, MOST)?;
                Ok(TextLength::Words(counts, self.most_characters()))
            }
            (None, None, _) => self.between(),
        }
    }

    fn between(&self) -> Result<TextLength, Problem> {
        let read = |count: &Option<Placed<Count>>| count.as_ref().map(|count| count.value.0);
        let (min, max) = (read(&self.min), read(&self.max));
        let (min, max) = match (min, max) {
            (None, None) => (3, 8),
            (Some(min), None) => (min, min.max(8)),
            (None, Some(max)) => (max.min(3), max),
            (Some(min), Some(max)) => (min, max),
        };
        let place = self
            .max
            .as_ref()
            .or(self.min.as_ref())
            .map(|bound| &bound.place);
        let wrong = if max < min {
            format!("`max` ({max}) is below `min` ({min})")
        } else if max > MOST {
            format!("a text has at most {MOST} words")
        } else {
            return Ok(TextLength::Between(min, max, self.most_characters()));
        };
        let problem = Problem::new(wrong);
        Err(match place {
            Some(place) => problem.at(place),
            None => problem,
        })
    }

    fn most_characters(&self) -> usize {
        let most = self
            .max_length
            .as_ref()
            .map(|most| usize::try_from(most.value.0));
        most.map_or(usize::MAX, |most| most.unwrap_or(usize::MAX))
    }
}

impl Fill for WordsFill {
    fn fill(&self, rows: Rows<'_>, _: &[ArrayRef]) -> Result<ArrayRef> {
        let extents = self.extents(rows);
        let random = self.word_key.fill(rows);
        let mut writer = ShortTextWriter::new(rows.len(), 32);
        for (extent, random) in extents.into_iter().zip(random) {
            let random = SmallDraws::new(self.word_key, random);
            match &self.extent {
                TextLength::Characters(_) => {
                    self.lexicon.write_characters(extent, random, &mut writer)
                }
                TextLength::Words(_, most) | TextLength::Between(_, _, most) => {
                    self.lexicon.write_words(extent, *most, random, &mut writer);
                }
            }
            writer.end();
        }
        let texts = writer
            .finish()
            .map_err(|message| Error::run(message.as_str()))?;
        Ok(Arc::new(texts))
    }
}

impl WordsFill {
    fn extents(&self, rows: Rows<'_>) -> Vec<u64> {
        let random = self.extent_key.fill(rows);
        let mut extents = vec![0; random.len()];
        match &self.extent {
            TextLength::Words(counts, _) | TextLength::Characters(counts) => {
                counts.fill(&random, &mut extents);
            }
            TextLength::Between(min, max, _) => {
                for (extent, random) in extents.iter_mut().zip(random) {
                    *extent = min + crate::column::random::hash::below(random, max - min + 1);
                }
            }
        }
        extents
    }
}

#[cfg(test)]
mod tests;
