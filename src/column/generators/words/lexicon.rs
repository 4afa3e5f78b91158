//! The words, by length, and how a text is filled with them.

use crate::column::random::hash::Key;
use crate::kernel::short_text::{ShortText, ShortTextWriter};

const WORDS: &str = include_str!("words.txt");

/// Letters of the longest word; there are words of every length up to it.
const LONGEST: usize = 11;

/// Words in the order of their lengths.
pub struct Lexicon {
    /// Each word with the separator after it.
    separated: Vec<ShortText>,
    /// Each word.
    last: Vec<ShortText>,
    /// Where the words of each length begin.
    starts: [usize; LONGEST + 2],
    /// Characters of the separator.
    separator: usize,
    /// Bytes of the separator.
    separator_bytes: usize,
}

/// Random numbers below small bounds: what is left of a product serves the next one, and every
/// few of them there are new bits.
pub struct SmallDraws {
    key: Key,
    state: u64,
    bits: u64,
    drawn: u32,
}

impl SmallDraws {
    /// The numbers that belong to 64 random bits.
    pub fn new(key: Key, random: u64) -> Self {
        Self {
            key,
            state: random,
            bits: random,
            drawn: 0,
        }
    }

    #[inline(always)]
    fn below(&mut self, bound: usize) -> usize {
        // 884 words take 9.8 bits: four leave 25 of 64 as good as new.
        if self.drawn == 4 {
            self.state = self.key.at(self.state);
            self.bits = self.state;
            self.drawn = 0;
        }
        self.drawn += 1;
        let product = u128::from(self.bits) * bound as u128;
        // The lower half of the product is uniform, too, and independent of the index but for the
        // bits that it took: one hash serves four words.
        self.bits = product as u64;
        (product >> 64) as usize
    }
}

impl Lexicon {
    /// The words with a separator between them.
    pub fn new(separator: &str) -> Self {
        let mut words: Vec<&str> = WORDS.lines().collect();
        words.sort_by_key(|word| word.len());
        let start = |length: usize| words.partition_point(|word| word.len() < length);
        let separated = |word: &&str| ShortText::new(&format!("{word}{separator}"));
        Self {
            // A word has at most 11 bytes and a separator 18: a block takes both.
            // Each word twice, with and without its separator: writing a text is copying blocks.
            separated: words.iter().filter_map(separated).collect(),
            last: words
                .iter()
                .filter_map(|word| ShortText::new(word))
                .collect(),
            starts: std::array::from_fn(start),
            separator: separator.chars().count(),
            separator_bytes: separator.len(),
        }
    }

    /// The most bytes that so many words have.
    pub fn longest(&self, words: u64) -> usize {
        (words as usize).saturating_mul(LONGEST + self.separator_bytes)
    }

    /// Writes so many words, fewer when they would have more than `most` characters.
    pub fn write_words(
        &self,
        count: u64,
        most: usize,
        mut random: SmallDraws,
        writer: &mut ShortTextWriter,
    ) {
        let mut left = most;
        // One word behind: only when the next one is known to fit is it known whether a separator
        // follows.
        let mut before: Option<usize> = None;
        for _ in 0..count {
            let word = random.below(self.last.len());
            let needed = self.last[word].length() + before.map_or(0, |_| self.separator);
            if needed > left {
                break;
            }
            left -= needed;
            if let Some(before) = before.replace(word) {
                writer.put(&self.separated[before]);
            }
        }
        if let Some(last) = before {
            writer.put(&self.last[last]);
        }
    }

    /// Writes words of so many characters in all.
    pub fn write_characters(
        &self,
        count: u64,
        mut random: SmallDraws,
        writer: &mut ShortTextWriter,
    ) {
        let mut left = count as usize;
        while left > 0 {
            let mut word = random.below(self.last.len());
            let mut length = self.last[word].length();
            if length == left {
                return writer.put(&self.last[word]);
            }
            if length + self.separator >= left {
                // It does not fit: one that ends the text, or that leaves room for one more letter.
                if left <= LONGEST {
                    return writer.put(&self.last[self.of_length(left, &mut random)]);
                }
                length = left - self.separator - 1;
                word = self.of_length(length, &mut random);
            }
            writer.put(&self.separated[word]);
            left -= length + self.separator;
        }
    }

    fn of_length(&self, length: usize, random: &mut SmallDraws) -> usize {
        let (start, end) = (self.starts[length], self.starts[length + 1]);
        start + random.below(end - start)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_are_words_of_every_length() {
        let lexicon = Lexicon::new(" ");
        assert!(
            lexicon
                .starts
                .windows(2)
                .skip(1)
                .all(|pair| pair[0] < pair[1])
        );
        assert_eq!(lexicon.starts[LONGEST + 1], lexicon.last.len());
        assert!(
            WORDS
                .lines()
                .all(|word| word.bytes().all(|byte| byte.is_ascii_lowercase()))
        );
        assert_eq!(lexicon.separated.len(), lexicon.last.len());
    }
}
