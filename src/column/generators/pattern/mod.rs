//! `pattern`: text that follows a pattern such as `[A-Z]{2}\d{4}`.

mod fixed_width;
mod part;
mod proof;
mod syntax;

use std::sync::Arc;

use arrow::array::{ArrayRef, StringArray};
use arrow::buffer::{OffsetBuffer, ScalarBuffer};
use arrow::datatypes::DataType;
use schemars::JsonSchema;
use serde::Deserialize;

use self::fixed_width::FixedWidthPattern;
use self::part::{PatternDraws, PatternPart};
use self::proof::{one_way_each, seams_show};
use super::Generator;
use crate::column::build::{Build, BuiltColumn};
use crate::column::program::Fill;
use crate::column::random::hash::Key;
use crate::column::random::permutation::{Permutation, check_room};
use crate::column::rows::Rows;
use crate::domain::Domain;
use crate::error::{Error, Problem, Result};
use crate::place::{Place, Placed, Text};

/// Text that follows a pattern: characters, classes `[A-Z0-9_]`, `\d` and `\w`, alternatives
/// `(a|b)`, repeats `{3}`, `{2,5}` and `?`.
///
/// Each character of a class, each alternative and each length is equally likely. With
/// `unique: true` no text stands twice.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct Pattern(Placed<Text>);

struct RandomTexts {
    key: Key,
    chain: Key,
    part: Arc<PatternPart>,
    flat: Option<FixedWidthPattern>,
}

/// Texts that differ: the counted parts together hold a permutation of the row.
struct UniqueTexts {
    key: Key,
    chain: Key,
    permutation: Permutation,
    parts: Vec<CountedPattern>,
    /// When the pattern is flat and all of it counted.
    flat: Option<FixedWidthPattern>,
}

struct CountedPattern {
    part: Arc<PatternPart>,
    /// How many ways the counted parts behind this one have; none for a part that is random.
    behind: Option<u64>,
}

impl Generator for Pattern {
    fn build(&self, build: &mut Build<'_>) -> Result<BuiltColumn, Problem> {
        if build.data_type(DataType::Utf8) != DataType::Utf8 {
            return Err(build.wrong_type("pattern", "utf8"));
        }
        let part = syntax::read(&self.0).map_err(|mistake| {
            Problem::new(mistake.message)
                .at(&inside(&self.0, mistake.offset, mistake.length))
                .maybe_hint(mistake.hint.map(str::to_string))
        })?;
        let domain = Domain {
            distinct: part.ways,
            unique: build.unique,
            longest: Some(part.bytes),
            shortest: part.shortest,
            ..Domain::default()
        };
        let chain = build.key.child("chain");
        if build.unique {
            let fill = self.unique(build, part, chain)?;
            return Ok(BuiltColumn::new(DataType::Utf8, domain, fill));
        }
        let part = Arc::new(part);
        let fill = RandomTexts {
            key: build.key,
            chain,
            flat: FixedWidthPattern::new(std::iter::once(&part)),
            part,
        };
        Ok(BuiltColumn::new(DataType::Utf8, domain, fill))
    }
}

impl Pattern {
    fn unique(
        &self,
        build: &mut Build<'_>,
        part: PatternPart,
        chain: Key,
    ) -> Result<UniqueTexts, Problem> {
        let whole = one_way_each(&part);
        let parts = part.parts();
        let mut counted: Vec<Arc<PatternPart>> = Vec::new();
        let mut ways = 1u64;
        // The permutation counts in 64 bits. Parts beyond that many ways are drawn at random: what
        // the counted ones write differs already.
        let chosen: Vec<bool> = parts
            .iter()
            .map(
                |part| match part.ways.and_then(|more| ways.checked_mul(more)) {
                    Some(more) => {
                        ways = more;
                        counted.push(part.clone());
                        true
                    }
                    None => false,
                },
            )
            .collect();
        let provable =
            whole || (seams_show(&parts) && counted.iter().all(|part| one_way_each(part)));
        if !provable {
            let message = "that the pattern writes no text in two ways cannot be proved";
            return Err(Problem::new(message).at(&self.0.place).hint(
                "end each part of varying length before a character that it cannot contain",
            ));
        }
        check_room(build, "pattern", ways)?;
        let every = chosen.iter().all(|chosen| *chosen);
        let flat = FixedWidthPattern::new(parts.iter()).filter(|_| every);
        let mut behind = ways;
        let place = |(part, chosen): (Arc<PatternPart>, bool)| {
            if chosen {
                behind /= part.ways.unwrap_or(1);
            }
            let behind = chosen.then_some(behind);
            CountedPattern { part, behind }
        };
        Ok(UniqueTexts {
            key: build.key,
            chain,
            permutation: Permutation::new(build.key.child("permutation"), ways),
            parts: parts.into_iter().zip(chosen).map(place).collect(),
            flat,
        })
    }
}

/// The place of some of a pattern's characters, as near as its quotes let tell.
fn inside(pattern: &Placed<Text>, offset: usize, length: usize) -> Place {
    let written = pattern.place.written();
    let quote = usize::from(written.starts_with(['"', '\'']));
    let bare = written.trim_matches(['"', '\'']);
    match bare == pattern.as_str() {
        true => pattern.place.within(offset + quote, length),
        false => pattern.place.clone(),
    }
}

impl Fill for RandomTexts {
    fn fill(&self, rows: Rows<'_>, _: &[ArrayRef]) -> Result<ArrayRef> {
        let seeds = self.key.fill(rows);
        if let Some(flat) = &self.flat {
            return flat_texts(flat, &seeds, |seed, out| {
                flat.write_random(&mut PatternDraws::new(seed, &self.chain), out);
            });
        }
        texts(seeds.len(), self.part.bytes, |index, out| {
            let mut draws = PatternDraws::new(seeds[index], &self.chain);
            self.part.write_random(&mut draws, out);
        })
    }
}

impl Fill for UniqueTexts {
    fn fill(&self, rows: Rows<'_>, _: &[ArrayRef]) -> Result<ArrayRef> {
        let ways = self.permutation.fill(rows);
        if let Some(flat) = &self.flat {
            return flat_texts(flat, &ways, |way, out| flat.write_way(way, out));
        }
        let seeds = self.key.fill(rows);
        let width = self.parts.iter().map(|counted| counted.part.bytes).sum();
        texts(seeds.len(), width, |index, out| {
            let mut draws = PatternDraws::new(seeds[index], &self.chain);
            let mut way = ways[index];
            for CountedPattern { part, behind } in &self.parts {
                match behind {
                    Some(behind) => {
                        part.write_way(way / behind, out);
                        way %= behind;
                    }
                    None => part.write_random(&mut draws, out),
                }
            }
        })
    }
}

/// An array of `count` texts of up to `width` bytes, each written by `write`.
fn texts(count: usize, width: usize, write: impl Fn(usize, &mut String)) -> Result<ArrayRef> {
    // A pattern may have texts of 64 KiB, and mostly has short ones: room for the longest would be
    // room for nothing.
    let mut text = String::with_capacity(count * width.min(256));
    let mut offsets = Vec::with_capacity(count + 1);
    offsets.push(0);
    for index in 0..count {
        write(index, &mut text);
        let end = i32::try_from(text.len())
            .map_err(|error| Error::because("gathering a batch of texts", error))?;
        offsets.push(end);
    }
    let offsets = OffsetBuffer::new(ScalarBuffer::from(offsets));
    let array = StringArray::try_new(offsets, text.into_bytes().into(), None)?;
    Ok(Arc::new(array))
}

/// An array of copies of a flat pattern's template, one for each number, filled in by `write`.
fn flat_texts(
    flat: &FixedWidthPattern,
    numbers: &[u64],
    write: impl Fn(u64, &mut [u8]),
) -> Result<ArrayRef> {
    let width = flat.template.len();
    let mut bytes = flat.template.repeat(numbers.len());
    if width > 0 {
        for (out, number) in bytes.chunks_exact_mut(width).zip(numbers) {
            write(*number, out);
        }
    }
    let end = i32::try_from(bytes.len())
        .map_err(|error| Error::because("gathering a batch of texts", error))?;
    let width = end / i32::try_from(numbers.len().max(1)).unwrap_or(1);
    let offsets: ScalarBuffer<i32> = (0..=numbers.len() as i32).map(|row| row * width).collect();
    let array = StringArray::try_new(OffsetBuffer::new(offsets), bytes.into(), None)?;
    Ok(Arc::new(array))
}

#[cfg(test)]
mod tests;
