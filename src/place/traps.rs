//! What YAML does to people in their first hour: the parser's complaint becomes the mistake behind it,
//! where it was made, with what to write instead.

mod brackets;
mod keys;
mod line;
mod quotes;
mod words;

use std::sync::Arc;

use self::line::{LineText, quoted};
use super::{Place, Source};
use crate::error::Problem;

/// A complaint of the parser.
pub(super) struct Complaint<'a> {
    pub(super) source: &'a Arc<Source>,
    pub(super) message: &'a str,
    /// Where it noticed; both from 1.
    pub(super) line: usize,
    pub(super) column: usize,
}

/// Each looks for one kind of mistake; the first that finds it is right.
// The order is part of it: a trap may take for its own what one above it knows better.
const TRAPS: &[fn(&Complaint<'_>) -> Option<Problem>] = &[
    keys::tab,
    documents,
    quotes::escape,
    quotes::anchor,
    quotes::control,
    quotes::reserved,
    quotes::after_quote,
    quotes::open_quote,
    keys::no_colon,
    keys::dash,
    keys::deeper,
    keys::glued,
    keys::equals,
    keys::comma,
    keys::two_keys,
    keys::colon_in_text,
    brackets::open,
    brackets::alone,
    brackets::other,
    brackets::in_text,
    keys::indentation,
];

/// The mistake behind a complaint: one of those that everybody makes, or what the parser says in plain
/// words.
pub(super) fn explain(complaint: &Complaint<'_>) -> Problem {
    let trap = TRAPS.iter().find_map(|trap| trap(complaint));
    trap.unwrap_or_else(|| words::plain(complaint.message))
}

impl Complaint<'_> {
    fn says(&self, part: &str) -> bool {
        self.message.contains(part)
    }

    fn says_one(&self, parts: &[&str]) -> bool {
        parts.iter().any(|part| self.says(part))
    }

    fn line(&self, number: usize) -> LineText<'_> {
        LineText::new(self.source.line(number))
    }

    /// The line in which the parser noticed, and the index of the character.
    fn here(&self) -> (LineText<'_>, usize) {
        let line = self.line(self.line);
        let at = (self.column - 1).min(line.characters.len());
        (line, at)
    }

    /// The numbers of the lines above that say something, the nearest first.
    fn above(&self) -> impl Iterator<Item = (usize, LineText<'_>)> {
        let lines = (1..self.line).rev();
        let lines = lines.map(|number| (number, self.line(number)));
        lines.filter(|(_, line)| !line.is_empty())
    }

    fn at(&self, message: impl Into<String>, line: usize, from: usize, length: usize) -> Problem {
        let place = Place::new(self.source.clone(), line, from + 1, length);
        Problem::new(message).at(&place)
    }

    /// Of some characters of the line in which the parser noticed.
    fn of(&self, message: impl Into<String>, from: usize, text: &str) -> Problem {
        self.at(message, self.line, from, text.chars().count().max(1))
    }

    /// The characters from an index on in a line are text that must be quoted.
    fn must_be_quoted(&self, why: &str, from: usize, text: &str) -> Problem {
        let message = format!("text with {why} in it must be quoted");
        let hint = format!("write {}", quoted(text));
        self.of(message, from, text).hint(hint)
    }
}

fn documents(complaint: &Complaint<'_>) -> Option<Problem> {
    if !complaint.says("multiple YAML documents") {
        return None;
    }
    let mut lines = complaint.source.text.lines().enumerate();
    let ends = |text: &str| text.starts_with("---") || text.starts_with("...");
    let (index, _) = lines.find(|(index, text)| *index > 0 && ends(text))?;
    let message = "a pipeline file is one YAML document, and here a second one begins";
    let hint = "remove this line, or move what follows to a file of its own and `include:` it";
    Some(complaint.at(message, index + 1, 0, 3).hint(hint))
}
