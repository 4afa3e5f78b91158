//! Where a value stands in its file; problems with a caret; the leaf types of a pipeline file.

mod braces;
mod by_node;
mod decode;
mod expand;
mod flags;
mod leaf;
mod meant;
mod named;
mod object_path;
mod path;
mod placed;
mod refused;
mod secret;
mod shown;
mod source;
mod split;
mod traps;
mod url;
mod users;
mod window;
mod yaml;

use std::fmt;
use std::sync::Arc;

use window::around;

pub use braces::{BracePart, braces, place_of};
pub(crate) use by_node::{by_node, parsed};
pub use decode::{decode, decode_all};
pub use expand::{Variables, expand, expand_params};
pub use flags::Flags;
pub use leaf::{Bytes, Count, Duration, Flag, Number, OneOrMany, Rate, Scalar, Secret, Text};
pub use named::{EachItem, NamedItems, nothing, refuse_doubled};
pub use object_path::{OBJECT_SCHEMES, is_object, of_rows};
pub use path::FilePath;
pub use placed::{Placed, also, carry};
pub use secret::{Secrets, is_secret};
pub use shown::ShownText;
pub use source::Source;
pub use split::split_values;
pub use users::without_users;
pub use window::shortened;
pub use yaml::{MapKey, Node, Value, parse};

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
        let start = source.byte_at(line, column);
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

    /// A value that another one at this place leads to.
    pub fn with<T>(&self, value: T) -> Placed<T> {
        Placed {
            value,
            place: self.clone(),
        }
    }

    /// Keeps these values out of messages about this place.
    pub fn hide(&mut self, secrets: Secrets) {
        self.secrets = (!secrets.is_empty()).then(|| Arc::new(secrets));
    }

    /// What the value that stands here has of secrets, by its name.
    pub(super) fn secret(&self) -> Option<&str> {
        self.secrets.as_ref()?.named()
    }

    /// A message about this place as it may be shown.
    pub fn shown(&self, message: &str) -> String {
        let told = match self.source.flags {
            Some(flags) => flags.told(message),
            None => message.to_string(),
        };
        match &self.secrets {
            Some(secrets) => secrets.hide(&told),
            None => told,
        }
    }

    /// The same place, narrowed to `length` characters that begin `offset` characters in.
    #[must_use]
    pub fn within(&self, offset: usize, length: usize) -> Self {
        let within = self.rest_of_line().nth(offset);
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

    /// What the file says here, as written, up to the line's end.
    pub fn written(&self) -> String {
        self.rest_of_line()
            .take(self.length)
            .map(|(_, c)| c)
            .collect()
    }

    /// What the file says here begins with a quote.
    pub fn is_quoted(&self) -> bool {
        let first = self.rest_of_line().next();
        first.is_some_and(|(_, c)| matches!(c, '"' | '\''))
    }

    /// What of the line a comment hides that may be meant as text: `#12` after `issue`.
    pub(super) fn hidden_text(&self) -> Option<String> {
        let behind = || {
            let rest = self.rest_of_line().skip(self.length).take(HIDDEN);
            rest.map(|(_, c)| c)
        };
        // Nearly every value ends here: there may be millions.
        if behind().find(|c| !c.is_whitespace()) != Some('#') {
            return None;
        }
        let rest: String = behind().collect();
        let comment = rest.trim_start();
        let blank = rest.len() > comment.len() || self.written().ends_with(' ');
        let word = comment.strip_prefix('#').filter(|_| blank)?;
        let text = word.starts_with(|c: char| !c.is_whitespace() && c != '#');
        text.then(|| comment.trim_end().to_string())
    }

    /// The characters from here to the line's end, each with its bytes from here: as many are looked
    /// at as are taken, however long the line is.
    fn rest_of_line(&self) -> impl Iterator<Item = (usize, char)> {
        let rest = self.source.text.get(self.start..).unwrap_or_default();
        rest.char_indices()
            .take_while(|(_, c)| !matches!(c, '\n' | '\r'))
    }
}

/// How many characters behind a value are looked at for a comment that may hide text: `#12` in `issue #12`.
// A choice: it bounds the work for each value and the length of the hint that quotes the comment.
const HIDDEN: usize = 200;

impl fmt::Display for Place {
    /// ```text
    ///  --> pipelines/casino.yaml:23:14
    ///    |
    /// 23 |       table: userz
    ///    |              ^^^^^
    /// ```
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(flags) = self.source.flags_of(self.line) {
            return write!(f, "  flag: {flags}");
        }
        let number = self.line.to_string();
        let margin = " ".repeat(number.len());
        let (near, left_out) = self.source.near(self.start);
        // The line is quoted from the file, where names are not yet expanded: only what was written
        // there as it is can be a secret.
        let line = without_users(near);
        let (text, column, length) = around(&line, self.column - left_out, self.length);
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
        let source = Arc::new(Source::new("p.yaml", "a: 1\nb: userz\n"));
        assert_eq!(
            Place::new(source, 2, 4, 5).to_string(),
            " --> p.yaml:2:4\n  |\n2 | b: userz\n  |    ^^^^^"
        );
    }
}
