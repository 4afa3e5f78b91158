//! A regular expression and what replaces its matches, read once, from PostgreSQL's writing.

use super::error::{ExpressionError, Result, TextSpan};
use super::node::TypedNode;
use regex::{Captures, Regex, RegexBuilder};

/// A pattern with its flags.
pub(super) struct Pattern {
    pub regex: Regex,
    /// The flag `g`: every match and not the first one alone.
    pub every: bool,
    flags: TextSpan,
}

/// What is put in the place of a match.
pub(super) struct Replacement(Vec<Part>);

enum Part {
    Text(String),
    /// A group, or, as 0, all that matched.
    Group(usize),
}

impl Pattern {
    /// The pattern and its flags, which are constants.
    pub fn of(pattern: &TypedNode, flags: Option<&TypedNode>) -> Result<Self> {
        let Some(flags) = flags else {
            return Self::with_flags(pattern, "", pattern.place);
        };
        let text = flags.constant_text();
        let text = text.ok_or_else(|| flags.place.error("flags must be a constant"))?;
        Self::with_flags(pattern, text, flags.place)
    }

    pub fn with_flags(pattern: &TypedNode, flags: &str, place: TextSpan) -> Result<Self> {
        let text = pattern.constant_text().ok_or_else(|| {
            let error = pattern
                .place
                .error("a regular expression must be a constant");
            error.hint("`like`, `starts_with` and `strpos` take a column there, too")
        })?;
        let mut builder = RegexBuilder::new(&translated(text, pattern.place)?);
        // As PostgreSQL's `.` does; the crate's leaves line ends out.
        builder.dot_matches_new_line(true);
        let mut every = false;
        for flag in flags.chars() {
            match flag {
                'g' => every = true,
                'i' => drop(builder.case_insensitive(true)),
                'c' => drop(builder.case_insensitive(false)),
                'n' | 'm' => drop(builder.dot_matches_new_line(false).multi_line(true)),
                'p' => drop(builder.dot_matches_new_line(false)),
                'w' => drop(builder.multi_line(true)),
                's' => drop(builder.dot_matches_new_line(true).multi_line(false)),
                'x' => drop(builder.ignore_whitespace(true)),
                flag => {
                    let error =
                        place.error(format!("unknown flag `{flag}` of a regular expression"));
                    return Err(error.hint(
                        "`g` is every match, `i` either case, `n` lines apart, `x` spaces without meaning",
                    ));
                }
            }
        }
        let regex = builder.build().map_err(|error| wrong(&error, pattern))?;
        Ok(Self {
            regex,
            every,
            flags: place,
        })
    }

    /// The flag `g` means nothing here.
    pub fn only_first(&self) -> Result<()> {
        match self.every {
            true => Err(self.flags.error("the flag `g` belongs to `regexp_replace`")),
            false => Ok(()),
        }
    }
}

/// PostgreSQL's bounds of words as those of the crate.
fn translated(pattern: &str, place: TextSpan) -> Result<String> {
    let mut text = String::with_capacity(pattern.len() + 8);
    let mut letters = pattern.chars();
    while let Some(letter) = letters.next() {
        if letter != '\\' {
            text.push(letter);
            continue;
        }
        match letters.next() {
            Some('y') => text.push_str(r"\b"),
            Some('Y') => text.push_str(r"\B"),
            Some('m') => text.push_str(r"\b{start}"),
            Some('M') => text.push_str(r"\b{end}"),
            Some('Z') => text.push_str(r"\z"),
            Some('b') => {
                let error = place.error("`\\b` is a backspace in PostgreSQL");
                return Err(error.hint("the bound of a word is `\\y`"));
            }
            Some('1'..='9') => {
                let error = place.error("a regular expression here has no backreferences");
                return Err(error.hint("the rest is told by `regexp_match` and a comparison"));
            }
            other => {
                text.push('\\');
                text.extend(other);
            }
        }
    }
    Ok(text)
}

/// The last line of the crate's message says what is wrong; those above draw the pattern.
fn wrong(error: &regex::Error, pattern: &TypedNode) -> ExpressionError {
    let said = error.to_string();
    let last = said.lines().last().unwrap_or_default();
    let last = last.trim_start_matches("error: ");
    let error = pattern
        .place
        .error(format!("not a regular expression: {last}"));
    match last.starts_with("look-around") {
        true => error
            .hint("match what stands around, too, and take a group: `regexp_match(text, 'a(b)c')`"),
        false => error,
    }
}

impl Replacement {
    /// `\1` to `\9` are groups, `\&` is all that matched, `\\` is a backslash.
    pub fn of(text: &str, regex: &Regex, place: TextSpan) -> Result<Self> {
        let (mut parts, mut plain) = (Vec::new(), String::new());
        let mut letters = text.chars();
        while let Some(letter) = letters.next() {
            let group = match (letter, letters.clone().next()) {
                ('\\', Some(digit @ '1'..='9')) => digit as usize - '0' as usize,
                ('\\', Some('&')) => 0,
                ('\\', Some('\\')) => {
                    letters.next();
                    plain.push('\\');
                    continue;
                }
                _ => {
                    plain.push(letter);
                    continue;
                }
            };
            letters.next();
            if group >= regex.captures_len() {
                return Err(place.error(format!("the pattern has no group {group}")));
            }
            parts.push(Part::Text(std::mem::take(&mut plain)));
            parts.push(Part::Group(group));
        }
        parts.push(Part::Text(plain));
        Ok(Self(parts))
    }

    pub fn write(&self, groups: &Captures<'_>, to: &mut String) {
        for part in &self.0 {
            match part {
                Part::Text(text) => to.push_str(text),
                Part::Group(group) => {
                    to.push_str(groups.get(*group).map_or("", |group| group.as_str()));
                }
            }
        }
    }
}
