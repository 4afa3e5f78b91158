//! What a pattern is made of, how many texts it makes, and how one of them is written.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::column::random::hash::{Key, below};

/// A part of a pattern.
#[derive(Debug, Clone)]
pub(super) struct PatternPart {
    pub(super) shape: PartKind,
    /// In how many ways it can be written; none above 2^64 - 1.
    pub(super) ways: Option<u64>,
    /// Characters, at least.
    pub(super) shortest: usize,
    /// Characters, at most.
    pub(super) longest: usize,
    /// Bytes, at most.
    pub(super) bytes: usize,
}

#[derive(Debug, Clone)]
pub(super) enum PartKind {
    /// Always the same.
    Text(String),
    /// One of these characters, each once here.
    Class(Vec<char>),
    /// One of these parts.
    Choice(Vec<Arc<PatternPart>>),
    /// These parts, one after the other.
    Row(Vec<Arc<PatternPart>>),
}

/// Numbers from the random bits of one row: 64 bits are shared by draws until half of them are used.
pub(super) struct PatternDraws<'a> {
    chain: &'a Key,
    seed: u64,
    words: u64,
    bits: u64,
    used: u64,
}

impl PatternPart {
    pub(super) fn text(text: String) -> Self {
        let length = text.chars().count();
        let bytes = text.len();
        Self::new(PartKind::Text(text), Some(1), (length, length), bytes)
    }

    /// A class of at least one character.
    pub(super) fn class(characters: BTreeSet<char>) -> Self {
        let bytes = characters.iter().map(|c| c.len_utf8()).max().unwrap_or(0);
        let ways = Some(characters.len() as u64);
        let characters = characters.into_iter().collect();
        Self::new(PartKind::Class(characters), ways, (1, 1), bytes)
    }

    /// One of at least one alternatives.
    pub(super) fn choice(mut parts: Vec<Arc<PatternPart>>) -> Self {
        if let [_] = parts.as_slice() {
            return Arc::unwrap_or_clone(parts.remove(0));
        }
        let sum = |ways: u64, part: &Arc<PatternPart>| ways.checked_add(part.ways?);
        let ways = parts.iter().try_fold(0, sum);
        let shortest = parts.iter().map(|part| part.shortest).min().unwrap_or(0);
        let longest = parts.iter().map(|part| part.longest).max().unwrap_or(0);
        let bytes = parts.iter().map(|part| part.bytes).max().unwrap_or(0);
        Self::new(PartKind::Choice(parts), ways, (shortest, longest), bytes)
    }

    pub(super) fn row(mut parts: Vec<Arc<PatternPart>>) -> Self {
        if let [_] = parts.as_slice() {
            return Arc::unwrap_or_clone(parts.remove(0));
        }
        let product = |ways: u64, part: &Arc<PatternPart>| ways.checked_mul(part.ways?);
        let ways = parts.iter().try_fold(1, product);
        let shortest = parts.iter().map(|part| part.shortest).sum();
        let longest = parts.iter().map(|part| part.longest).sum();
        let bytes = parts.iter().map(|part| part.bytes).sum();
        Self::new(PartKind::Row(parts), ways, (shortest, longest), bytes)
    }

    fn new(shape: PartKind, ways: Option<u64>, length: (usize, usize), bytes: usize) -> Self {
        Self {
            shape,
            ways,
            shortest: length.0,
            longest: length.1,
            bytes,
        }
    }

    /// The parts that follow each other at the top.
    pub(super) fn parts(self) -> Vec<Arc<PatternPart>> {
        match self.shape {
            PartKind::Row(parts) => parts,
            _ => vec![Arc::new(self)],
        }
    }

    /// Writes one text: each character of a class, each alternative alike.
    pub(super) fn write_random(&self, draws: &mut PatternDraws<'_>, out: &mut String) {
        match &self.shape {
            PartKind::Text(text) => out.push_str(text),
            PartKind::Class(characters) => {
                out.push(characters[draws.below(characters.len() as u64) as usize]);
            }
            PartKind::Choice(parts) => {
                parts[draws.below(parts.len() as u64) as usize].write_random(draws, out);
            }
            PartKind::Row(parts) => parts.iter().for_each(|part| part.write_random(draws, out)),
        }
    }

    /// Writes the text of a way to write it, for parts whose ways are known.
    pub(super) fn write_way(&self, mut way: u64, out: &mut String) {
        let ways = |part: &PatternPart| part.ways.unwrap_or(u64::MAX);
        match &self.shape {
            PartKind::Text(text) => out.push_str(text),
            PartKind::Class(characters) => out.push(characters[way as usize]),
            PartKind::Choice(parts) => {
                for part in parts {
                    if way < ways(part) {
                        return part.write_way(way, out);
                    }
                    way -= ways(part);
                }
            }
            PartKind::Row(parts) => {
                let mut rest = ways(self);
                for part in parts {
                    // The way is a number with mixed bases, the first part its highest digit: ways
                    // in order are texts in order.
                    rest /= ways(part);
                    part.write_way(way / rest, out);
                    way %= rest;
                }
            }
        }
    }
}

impl<'a> PatternDraws<'a> {
    /// `seed` is the row's random number, `chain` what further ones come from.
    #[inline(always)]
    pub(super) fn new(seed: u64, chain: &'a Key) -> Self {
        Self {
            chain,
            seed,
            words: 0,
            bits: seed,
            used: 1,
        }
    }

    /// A whole number below `bound`, evenly but for a bias below 2^-32.
    #[inline(always)]
    pub(super) fn below(&mut self, bound: u64) -> u64 {
        self.used = self.used.saturating_mul(bound);
        // As long as the bounds' product stays below 2^32, what is left of 64 bits is uneven by
        // less than 2^-32; then there are new ones.
        if self.used > 1 << 32 {
            self.words += 1;
            self.bits = self.chain.at(self.seed.wrapping_add(self.words));
            self.used = bound;
        }
        let number = below(self.bits, bound);
        // The low half of the product is as good as new within what is left of it.
        self.bits = self.bits.wrapping_mul(bound);
        number
    }
}
