//! A file that was read, with an index of its lines: places in it are shown in the time that their
//! surroundings take, however long the file or its lines are.

use std::fmt;

use super::Flags;

/// A file that was read, kept to show its lines.
#[derive(PartialEq, Eq)]
pub struct Source {
    /// Its path as the user named it.
    pub name: String,
    /// Its whole text.
    pub text: String,
    /// The bytes that its lines begin at.
    lines: Vec<usize>,
    /// Told instead of its lines.
    pub(super) flags: Option<&'static Flags>,
}

/// How many characters before and after a place are looked at, besides the rest of the words that this cuts:
/// a line may be megabytes long, and a message quotes a window of it.
// A choice. Before lines were cut, a choice of 200 000 weights on one line took 16.8 s of processor
// time, 2.2 s with this.
const NEAR: usize = 300;

impl Source {
    /// A file of this text, which the user named so.
    pub fn new(name: impl Into<String>, text: impl Into<String>) -> Self {
        let text = text.into();
        // One pass, kept: each place counted lines from the beginning of the file before, and files
        // of 10 000 columns took time by the square.
        let ends = text.match_indices('\n').map(|(end, _)| end + 1);
        let lines = std::iter::once(0).chain(ends).collect();
        Self {
            name: name.into(),
            text,
            lines,
            flags: None,
        }
    }

    /// A file in rowgen itself, of which is told by flags.
    pub fn told_by(
        flags: &'static Flags,
        name: impl Into<String>,
        text: impl Into<String>,
    ) -> Self {
        Self {
            flags: Some(flags),
            ..Self::new(name, text)
        }
    }

    /// The flags that make what stands in a line, from 1.
    pub(super) fn flags_of(&self, line: usize) -> Option<&'static str> {
        self.flags?.of(self.line(line))
    }

    /// The byte that a line and a column begin at, both from 1; the line's end, where it has fewer.
    pub(super) fn byte_at(&self, line: usize, column: usize) -> usize {
        let start = self.lines.get(line - 1).copied();
        let start = start.unwrap_or(self.text.len());
        let text = self.text[start..].lines().next().unwrap_or_default();
        let within = text.char_indices().nth(column - 1);
        start + within.map_or(text.len(), |(byte, _)| byte)
    }

    /// A line of the file, from 1, without its end.
    pub(super) fn line(&self, number: usize) -> &str {
        let start = number
            .checked_sub(1)
            .and_then(|index| self.lines.get(index));
        let rest = start.map_or("", |start| &self.text[*start..]);
        rest.lines().next().unwrap_or_default()
    }

    /// What stands near a byte in its line, and how many characters of the line stand before that:
    /// whole words, as the name and the password of a URL are parts of one.
    pub(super) fn near(&self, byte: usize) -> (&str, usize) {
        let index = self.lines.partition_point(|start| *start <= byte);
        let begin = self.lines[index.saturating_sub(1)];
        let line = self.line(index.max(1));
        let at = byte.saturating_sub(begin).min(line.len());
        let (before, after) = line.split_at(at);
        // Not cut within a word: half of `user:password@host` would not be recognised, and shown.
        let from = before.char_indices().rev().nth(NEAR);
        let from = from.and_then(|(from, _)| before[..from].rfind(char::is_whitespace));
        let from = from.unwrap_or(0);
        let to = after.char_indices().nth(NEAR).map(|(to, _)| to);
        let to = to.and_then(|to| Some(to + after[to..].find(char::is_whitespace)?));
        let to = at + to.unwrap_or(after.len());
        (&line[from..to], line[..from].chars().count())
    }
}

/// Only its name: its text may hold secrets.
impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Source").field(&self.name).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_bytes_of_their_lines() {
        let source = Source::new("p.yaml", "ä: 1\r\n\nb: é x");
        let byte = |line, column| source.byte_at(line, column);
        assert_eq!([byte(1, 1), byte(1, 2), byte(1, 5)], [0, 2, 5]);
        assert_eq!([byte(1, 9), byte(2, 1), byte(2, 7)], [5, 7, 7]);
        assert_eq!([byte(3, 4), byte(3, 5), byte(9, 9)], [11, 13, 15]);
        let lines = [0, 1, 2, 3, 4].map(|number| source.line(number));
        assert_eq!(lines, ["", "ä: 1", "", "b: é x", ""]);
        assert_eq!(source.near(13), ("b: é x", 0));
        assert_eq!(source.near(7), ("", 0));
    }

    #[test]
    fn near_a_place_stand_whole_words() {
        let word = "x".repeat(40);
        let line = format!("é {}", format!("{word} ").repeat(100));
        let source = Source::new("p.yaml", format!("a: 1\n{line}\nb: 2\n"));
        let start = source.byte_at(2, 2000);
        let (near, left_out) = source.near(start);
        assert!(
            (2 * NEAR..2 * NEAR + 120).contains(&near.len()),
            "{}",
            near.len()
        );
        assert_eq!(
            near.trim().split(' ').filter(|near| *near != word).count(),
            0
        );
        let from: String = line.chars().skip(left_out).collect();
        assert!(from.starts_with(near));
        // Without a blank there is no end of the word.
        let whole = "x".repeat(5000);
        let source = Source::new("p.yaml", whole.clone());
        assert_eq!(source.near(2500), (whole.as_str(), 0));
    }

    #[test]
    fn a_file_in_rowgen_is_told_by_flags() {
        use super::super::{Place, parse};
        use crate::error::Problem;
        const FLAGS: Flags = Flags {
            keys: &[("a", "`-a`"), ("b", "`-b` and `-c`")],
            words: &[("`a`", "`-a`")],
        };
        let source = std::sync::Arc::new(Source::told_by(&FLAGS, "p.yaml", "a: 1\nx:\n  b: y\n"));
        let said = |line, column| {
            let place = Place::new(source.clone(), line, column, 1);
            let problem = Problem::new("`a` is wrong").at(&place);
            problem.hint("raise `a`").to_string()
        };
        assert_eq!(
            said(1, 4),
            "error: `-a` is wrong\n  flag: `-a`\n  hint: raise `-a`"
        );
        assert!(said(3, 6).contains("\n  flag: `-b` and `-c`\n"));
        assert!(said(2, 1).contains("\n --> p.yaml:2:1\n"));
        parse(&source).unwrap();
    }
}
