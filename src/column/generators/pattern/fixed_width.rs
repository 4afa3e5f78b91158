//! Patterns whose texts all have the same shape, one byte for each character: the common ones, and
//! written several times as fast as by walking through their parts.

use std::sync::Arc;

use super::part::{PartKind, PatternDraws, PatternPart};
use crate::column::random::permutation::Divisor;

/// What each text looks like, and what varies in it.
#[derive(Debug, Clone)]
pub(super) struct FixedWidthPattern {
    /// A text with anything at the places that vary.
    pub(super) template: Vec<u8>,
    places: Vec<Varying>,
}

#[derive(Debug, Clone)]
struct Varying {
    at: usize,
    characters: Vec<u8>,
    divisor: Divisor,
}

impl FixedWidthPattern {
    /// The parts as one flat pattern, if they are one.
    pub(super) fn new<'a>(parts: impl Iterator<Item = &'a Arc<PatternPart>>) -> Option<Self> {
        let mut flat = Self {
            template: Vec::new(),
            places: Vec::new(),
        };
        parts.into_iter().all(|part| flat.add(part)).then_some(flat)
    }

    fn add(&mut self, part: &PatternPart) -> bool {
        match &part.shape {
            PartKind::Text(text) => self.template.extend(text.as_bytes()),
            PartKind::Class(characters) if characters.iter().all(char::is_ascii) => {
                let characters: Vec<u8> = characters.iter().map(|c| *c as u8).collect();
                self.places.push(Varying {
                    at: self.template.len(),
                    divisor: Divisor::new(characters.len() as u64),
                    characters,
                });
                self.template.push(b' ');
            }
            PartKind::Row(parts) => return parts.iter().all(|part| self.add(part)),
            PartKind::Class(_) | PartKind::Choice(_) => return false,
        }
        true
    }

    /// Puts random characters where `out`, a copy of the template, varies.
    #[inline(always)]
    pub(super) fn write_random(&self, draws: &mut PatternDraws<'_>, out: &mut [u8]) {
        for place in &self.places {
            let drawn = draws.below(place.characters.len() as u64);
            out[place.at] = place.characters[drawn as usize];
        }
    }

    /// Puts the characters of a way to write it where `out`, a copy of the template, varies.
    #[inline(always)]
    pub(super) fn write_way(&self, mut way: u64, out: &mut [u8]) {
        for place in self.places.iter().rev() {
            let (rest, index) = place.divisor.split(way);
            out[place.at] = place.characters[index as usize];
            way = rest;
        }
    }
}
