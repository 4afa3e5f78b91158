//! Where a value stands in its file; problems with a caret; the leaf types of a pipeline file.

mod braces;
mod decode;
mod expand;
mod leaf;
mod named;
mod path;
mod placed;
mod secret;
mod split;
mod traps;
mod window;
mod yaml;

use std::fmt;
use std::sync::Arc;

use window::around;

pub use braces::{Part, braces, place_of};
pub use decode::{decode, decode_all};
pub use expand::{Scope, expand, expand_params};
pub use leaf::{Bytes, Count, Duration, Flag, Number, OneOrMany, Rate, Scalar, Secret, Text};
pub use named::{Each, Named};
pub use path::LocalPath;
pub use placed::{Placed, also, carry};
pub use secret::{Secrets, is_secret, without_users};
pub use split::split_values;
pub use window::shortened;
pub use yaml::{Key, Node, Value, parse};

/// A file that was read, kept to show its lines.
#[derive(PartialEq, Eq)]
pub struct Source {
    /// Its path as the user named it.
    pub name: String,
    /// Its whole text.
    pub text: String,
}

/// Only its name: its text may hold secrets.
impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Source").field(&self.name).finish()
    }
}

/// Where a value stands: the file, the line and the column, both from 1.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    source: Arc<Source>,
    line: usize,
    column: usize,
    length: usize,
    /// The byte of the file that it begins at: files have a hundred thousand places, and none of them
    /// is looked for from the beginning.
    start: usize,
    /// What no message shows of the value that stands here.
    secrets: Option<Arc<Secrets>>,
}

impl Place {
    /// A place of `length` characters at a line and column, both from 1.
    pub fn new(source: Arc<Source>, line: usize, column: usize, length: usize) -> Self {
        let lines = source.text.split_inclusive('\n').take(line - 1);
        let before: usize = lines.map(str::len).sum();
        let rest = &source.text[before..];
        let within = rest.char_indices().nth(column - 1);
        let start = before + within.map_or(rest.len(), |(byte, _)| byte);
        Self::at_byte(source, start, (line, column), length)
    }

    /// As `new`, where the byte that it begins at is known.
    pub(super) fn at_byte(
        source: Arc<Source>,
        start: usize,
        (line, column): (usize, usize),
        length: usize,
    ) -> Self {
        Self {
            source,
            line,
            column,
            length,
            start,
            secrets: None,
        }
    }

    /// Keeps these values out of messages about this place.
    pub fn hide(&mut self, secrets: Secrets) {
        self.secrets = (!secrets.is_empty()).then(|| Arc::new(secrets));
    }

    /// A message about this place as it may be shown.
    pub fn shown(&self, message: &str) -> String {
        match &self.secrets {
            Some(secrets) => secrets.hide(message),
            None => message.to_string(),
        }
    }

    /// The same place, narrowed to `length` characters that begin `offset` characters in.
    #[must_use]
    pub fn within(&self, offset: usize, length: usize) -> Self {
        let within = self.line_from_here().char_indices().nth(offset);
        let Some((bytes, _)) = within.filter(|_| offset < self.length) else {
            return self.clone();
        };
        Self {
            column: self.column + offset,
            start: self.start + bytes,
            length: length.clamp(1, self.length - offset),
            ..self.clone()
        }
    }

    /// The same place narrowed to a part of the text that the value here spells: an opening quote
    /// is stepped over. A value that runs over several lines, or has escapes, keeps its whole place.
    #[must_use]
    pub fn within_scalar(&self, offset: usize, length: usize) -> Self {
        let written = self.written();
        let quote = usize::from(written.starts_with(['"', '\'']));
        match written.contains('\\') || written.starts_with(['|', '>']) {
            true => self.clone(),
            false => self.within(offset + quote, length),
        }
    }

    /// What problems are sorted by.
    pub fn position(&self) -> (String, usize, usize) {
        (self.source.name.clone(), self.line, self.column)
    }

    /// The file's path as the user named it.
    pub fn file(&self) -> &str {
        &self.source.name
    }

    /// The line, from 1.
    pub fn line(&self) -> usize {
        self.line
    }

    /// The column, from 1.
    pub fn column(&self) -> usize {
        self.column
    }

    /// How many characters it has.
    pub fn length(&self) -> usize {
        self.length
    }

    /// What the file says here, as written.
    pub fn written(&self) -> String {
        self.line_from_here().chars().take(self.length).collect()
    }

    /// The rest of the line.
    fn line_from_here(&self) -> &str {
        let rest = self.source.text.get(self.start..).unwrap_or_default();
        rest.lines().next().unwrap_or_default()
    }

    fn line_text(&self) -> &str {
        let before = self.source.text.get(..self.start).unwrap_or_default();
        let begin = before.rfind('\n').map_or(0, |end| end + 1);
        let line = self.source.text.get(begin..).unwrap_or_default();
        line.lines().next().unwrap_or_default()
    }
}

impl fmt::Display for Place {
    /// ```text
    ///  --> pipelines/casino.yaml:23:14
    ///    |
    /// 23 |       table: userz
    ///    |              ^^^^^
    /// ```
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let number = self.line.to_string();
        let margin = " ".repeat(number.len());
        let line = without_users(self.line_text());
        let (text, column, length) = around(&line, self.column, self.length);
        let before: String = text
            .chars()
            .take(column - 1)
            .map(|c| if c == '\t' { '\t' } else { ' ' })
            .collect();
        let carets = "^".repeat(length);
        writeln!(
            f,
            "{margin}--> {}:{}:{}",
            self.source.name, self.line, self.column
        )?;
        writeln!(f, "{margin} |")?;
        writeln!(f, "{number} | {text}")?;
        write!(f, "{margin} | {before}{carets}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_shows_its_line_with_a_caret() {
        let source = Arc::new(Source {
            name: "p.yaml".into(),
            text: "a: 1\nb: userz\n".into(),
        });
        assert_eq!(
            Place::new(source, 2, 4, 5).to_string(),
            " --> p.yaml:2:4\n  |\n2 | b: userz\n  |    ^^^^^"
        );
    }
}
