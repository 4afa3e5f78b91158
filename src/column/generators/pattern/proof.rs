//! Proves that a pattern writes no text in two ways, so that different ways are different values.

use std::collections::{BTreeSet, HashSet};
use std::sync::Arc;

use super::part::{PartKind, PatternPart};

/// Patterns with at most this many texts are proved by writing all of them down and comparing them.
const FEW: u64 = 65_536;
/// More alternatives are not compared one by one.
// Half a million comparisons of a set with a set, while a pipeline is checked.
const MANY: usize = 1024;

/// True when no text comes from two ways to write the part: proved, not guessed.
pub(super) fn one_way_each(part: &PatternPart) -> bool {
    let structural = match &part.shape {
        PartKind::Text(_) | PartKind::Class(_) => true,
        PartKind::Choice(parts) => parts.iter().all(|part| one_way_each(part)) && all_differ(parts),
        PartKind::Row(parts) => parts.iter().all(|part| one_way_each(part)) && seams_show(parts),
    };
    structural
        || part
            .ways
            .is_some_and(|ways| ways <= FEW && enumerated(part, ways))
}

/// True when each text of these parts in a row can be cut into theirs in one way only.
///
/// One part of varying length is what the others leave. Any more must each end before a character
/// that it does not contain.
pub(super) fn seams_show(parts: &[Arc<PatternPart>]) -> bool {
    let varies = |part: &PatternPart| part.shortest != part.longest;
    let last = parts.iter().rposition(|part| varies(part)).unwrap_or(0);
    parts[..last].iter().enumerate().all(|(index, part)| {
        let next = positions(&parts[index + 1]);
        let ends = |next: &BTreeSet<char>| next.is_disjoint(&alphabet(part));
        !varies(part) || next.first().is_some_and(ends)
    })
}

/// True when no two of the alternatives share a text, told from lengths and fixed positions: each is
/// compared with each, so only where they are few.
fn all_differ(parts: &[Arc<PatternPart>]) -> bool {
    if parts.len() > MANY {
        return false;
    }
    let differ = |one: &PatternPart, other: &PatternPart| {
        let lengths = one.longest < other.shortest || other.longest < one.shortest;
        lengths || {
            let (one, other) = (positions(one), positions(other));
            one.iter()
                .zip(&other)
                .any(|(one, other)| one.is_disjoint(other))
        }
    };
    parts
        .iter()
        .enumerate()
        .all(|(index, one)| parts[..index].iter().all(|other| differ(one, other)))
}

// The proof that needs no idea: it holds for whatever the rules above do not see through.
fn enumerated(part: &PatternPart, ways: u64) -> bool {
    let text = |way: u64| {
        let mut text = String::new();
        part.write_way(way, &mut text);
        text
    };
    let mut seen = HashSet::new();
    (0..ways).all(|way| seen.insert(text(way)))
}

/// What may stand at each of the first places, as far as every text has them.
fn positions(part: &PatternPart) -> Vec<BTreeSet<char>> {
    match &part.shape {
        PartKind::Text(text) => text.chars().map(|character| [character].into()).collect(),
        PartKind::Class(characters) => vec![characters.iter().copied().collect()],
        PartKind::Choice(parts) => {
            let mut all = parts.iter().map(|part| positions(part));
            let mut union = all.next().unwrap_or_default();
            for other in all {
                union.truncate(other.len());
                union
                    .iter_mut()
                    .zip(other)
                    .for_each(|(set, other)| set.extend(other));
            }
            union
        }
        PartKind::Row(parts) => {
            let mut row = Vec::new();
            for part in parts {
                row.extend(positions(part));
                if part.shortest != part.longest {
                    break;
                }
            }
            row
        }
    }
}

fn alphabet(part: &PatternPart) -> BTreeSet<char> {
    match &part.shape {
        PartKind::Text(text) => text.chars().collect(),
        PartKind::Class(characters) => characters.iter().copied().collect(),
        PartKind::Choice(parts) | PartKind::Row(parts) => {
            parts.iter().flat_map(|part| alphabet(part)).collect()
        }
    }
}
