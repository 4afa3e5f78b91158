//! Text with `{names}` in it: literals and what stands between braces, mistakes under their caret.

use std::ops::Range;

use super::{Place, Placed, Text};
use crate::error::Problem;

/// A part of such a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BracePart {
    /// Text as it stands; `{{` and `}}` are single braces.
    Literal(String),
    /// The bytes of the text between two braces.
    Named(Range<usize>),
}

/// The parts of a text, in their order.
///
/// # Errors
/// A brace without its partner.
pub fn braces(text: &Placed<Text>) -> Result<Vec<BracePart>, Problem> {
    let mut parts = Vec::new();
    let mut literal = String::new();
    let mut rest = text.as_str();
    while let Some(at) = rest.find(['{', '}']) {
        literal.push_str(&rest[..at]);
        let start = text.len() - rest.len() + at;
        let (brace, after) = (&rest[at..=at], &rest[at + 1..]);
        if let Some(after) = after.strip_prefix(brace) {
            literal.push_str(brace);
            rest = after;
            continue;
        }
        let Some((inner, after)) = after.split_once('}').filter(|_| brace == "{") else {
            let twice = brace.repeat(2);
            let message = format!("`{brace}` without its partner");
            return Err(Problem::new(message)
                .at(&place_of(text, start..start + 1))
                .hint(format!("write `{twice}` for the character itself")));
        };
        if !literal.is_empty() {
            parts.push(BracePart::Literal(std::mem::take(&mut literal)));
        }
        parts.push(BracePart::Named(start + 1..start + 1 + inner.len()));
        rest = after;
    }
    literal.push_str(rest);
    if !literal.is_empty() {
        parts.push(BracePart::Literal(literal));
    }
    Ok(parts)
}

/// Bytes up to which places within a text are told: they are found by counting from its beginning.
// A choice: every mistake in a longer text would count all of it again, time by the square.
const COUNTED: usize = 64 << 10;

/// The place of some bytes of the text, when the file shows the text as it is.
pub fn place_of(text: &Placed<Text>, bytes: Range<usize>) -> Place {
    if text.len() > COUNTED {
        return text.place.clone();
    }
    let written = text.place.written();
    let quoted = written.starts_with(['"', '\'']);
    let shown = written.trim_matches(['"', '\'']);
    // Escapes, folded lines or `${…}`: the characters of the text are not those of the file, and a
    // caret would point at the wrong one.
    if shown != text.as_str() {
        return text.place.clone();
    }
    let characters = |to: usize| text.get(..to).unwrap_or(text.as_str()).chars().count();
    let (from, to) = (characters(bytes.start), characters(bytes.end));
    text.place.within(from + usize::from(quoted), to - from)
}
