//! Differences in words: values as they are, in quotes where they would be taken for something else.

use super::details::{Cell, Told};
use super::matching::Kind;
use crate::units::show_count;

impl Told {
    /// `different: order_id 42, row 41; amount: expected 1.50, found 1.60`
    pub fn words(&self) -> String {
        let mut who = Vec::new();
        if let Some((name, value)) = self.key.as_ref().filter(|_| self.unread.is_none()) {
            who.push(format!("{name} {}", shown(value.as_deref())));
        }
        who.extend(self.row.map(|row| format!("row {row}")));
        if self.row.is_none() || matches!(self.kind, Kind::OutOfOrder | Kind::Extra) {
            who.extend(self.found_at.as_ref().map(|at| format!("found {at}")));
        }
        if self.times > 1 {
            let times = show_count(u64::from(self.times));
            who.push(format!("{times} times"));
        }
        let mut text = format!("{}: {}", self.kind.word(), who.join(", "));
        if let Some(why) = &self.unread {
            text.push_str(&format!("; it cannot be read: {}", plain(why)));
            return text;
        }
        for cell in &self.cells {
            if self.kind == Kind::Different || self.kind == Kind::Extra && self.row.is_some() {
                text.push_str(&format!("; {}: {}", cell.column, cell.both()));
            } else if self.key.is_none() {
                // Without a key the values are all that says which row it is.
                text.push_str(&format!("; {}: {}", cell.column, cell.one()));
            }
        }
        if let Some(blame) = &self.blame {
            text.push_str(&format!("; {}", blame.words));
        }
        text
    }
}

impl Cell {
    fn both(&self) -> String {
        let expected = shown(self.expected.as_deref());
        if let (Some(found), None, true) = (&self.found, &self.unread, self.expected == self.found)
        {
            // Both read the same: only the type differs, such as a text in the place of a number,
            // so it is quoted.
            return format!("expected {expected}, found \"{}\"", quoted(found));
        }
        match &self.unread {
            None => format!(
                "expected {expected}, found {}",
                shown(self.found.as_deref())
            ),
            Some(why) => format!(
                "expected {expected}, found what cannot be read: {}",
                plain(why)
            ),
        }
    }

    fn one(&self) -> String {
        match &self.unread {
            None => shown(self.expected.as_deref().or(self.found.as_deref())),
            Some(why) => format!("what cannot be read: {}", plain(why)),
        }
    }
}

/// A value longer than that is cut in words; the report has all of it.
// A choice: a value of a megabyte in one line makes all others unreadable.
const LONGEST: usize = 1_000;

/// A value: in quotes what could be taken for null, for the words around it, or for nothing at all.
fn shown(value: Option<&str>) -> String {
    let Some(text) = value else {
        return "null".into();
    };
    if let Some((end, _)) = text.char_indices().nth(LONGEST) {
        let bytes = show_count(text.len() as u64);
        return format!("{}… ({bytes} bytes)", shown(Some(&text[..end])));
    }
    // Blanks at an end are what nobody sees, and a frequent difference.
    let around = |text: &str| text.starts_with([' ', '"']) || text.ends_with(' ');
    // The words of the line itself, which a text could imitate.
    let said = text.contains("; ") || text.contains(", found ");
    match text.is_empty() || text == "null" || around(text) || said || plain(text) != text {
        true => format!("\"{}\"", quoted(text)),
        false => text.to_string(),
    }
}

/// A text in one line: what nobody sees, and what moves a terminal, is written out.
fn plain(text: &str) -> String {
    let character = |character: char| match character {
        '"' | '\'' | '\\' => character.to_string(),
        other => other.escape_debug().to_string(),
    };
    text.chars().map(character).collect()
}

fn quoted(text: &str) -> String {
    plain(&text.replace('\\', "\\\\").replace('"', "\\\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_taken_for_nothing_else() {
        for (value, words) in [
            (None, "null"),
            (Some("null"), "\"null\""),
            (Some(""), "\"\""),
            (Some("PAID"), "PAID"),
            (Some("it's 5 o'clock"), "it's 5 o'clock"),
            (Some(r#"{"a":"b \\ c"}"#), r#"{"a":"b \\ c"}"#),
            (Some(" a"), "\" a\""),
            (Some("a\nb"), "\"a\\nb\""),
            (Some("a \"b\"\t"), "\"a \\\"b\\\"\\t\""),
            (Some("a\u{1b}[31m"), "\"a\\u{1b}[31m\""),
            (Some("a\u{202e}b\u{a0}"), "\"a\\u{202e}b\\u{a0}\""),
            (Some("x; code: expected y"), "\"x; code: expected y\""),
            (Some("\u{e9}\u{4e2d}\u{1f600}"), "\u{e9}\u{4e2d}\u{1f600}"),
        ] {
            assert_eq!(shown(value), words);
        }
        let long = "\u{e9}".repeat(LONGEST + 1);
        let cut = format!("{}… (2 002 bytes)", "\u{e9}".repeat(LONGEST));
        assert_eq!(shown(Some(&long)), cut);
        assert_eq!(shown(Some(&long[2..])), long[2..]);
    }
}
