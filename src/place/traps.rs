//! What YAML does to people in their first hour: the parser's complaint becomes the mistake behind it,
//! where it was made, with what to write instead.

mod line;

use std::sync::Arc;

use self::line::{Line, quoted, start_of_value};
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
const TRAPS: &[fn(&Complaint<'_>) -> Option<Problem>] = &[
    tab,
    documents,
    escape,
    anchor,
    reserved,
    open_quote,
    no_colon,
    dash,
    colon_in_text,
    open_bracket,
    brackets_in_text,
    indentation,
];

/// The mistake behind a complaint, if it is one of those that everybody makes.
pub(super) fn explain(complaint: &Complaint<'_>) -> Option<Problem> {
    TRAPS.iter().find_map(|trap| trap(complaint))
}

impl Complaint<'_> {
    fn says(&self, part: &str) -> bool {
        self.message.contains(part)
    }

    fn line(&self, number: usize) -> Line<'_> {
        Line::new(self.source.line(number))
    }

    /// The numbers of the lines above that say something, the nearest first.
    fn above(&self) -> impl Iterator<Item = (usize, Line<'_>)> {
        let lines = (1..self.line).rev();
        let lines = lines.map(|number| (number, self.line(number)));
        lines.filter(|(_, line)| !line.is_empty())
    }

    fn at(&self, message: impl Into<String>, line: usize, from: usize, length: usize) -> Problem {
        let place = Place::new(self.source.clone(), line, from + 1, length);
        Problem::new(message).at(&place)
    }

    /// The characters from an index on in a line are text that must be quoted.
    fn must_be_quoted(&self, why: &str, from: usize, text: &str) -> Problem {
        let message = format!("text with {why} in it must be quoted");
        self.at(message, self.line, from, text.chars().count())
            .hint(format!("write {}", quoted(text)))
    }
}

fn tab(complaint: &Complaint<'_>) -> Option<Problem> {
    if !complaint.says("tab") {
        return None;
    }
    let lines = complaint.source.text.lines().enumerate();
    let (index, column) = lines.skip(complaint.line - 1).find_map(|(index, text)| {
        let blank = text.chars().take_while(|c| c.is_whitespace());
        Some((index, blank.into_iter().position(|c| c == '\t')?))
    })?;
    let problem = complaint.at("this line is indented with a tab", index + 1, column, 1);
    Some(problem.hint("YAML takes spaces only: write two of them instead of each tab"))
}

fn documents(complaint: &Complaint<'_>) -> Option<Problem> {
    if !complaint.says("multiple YAML documents") {
        return None;
    }
    let mut lines = complaint.source.text.lines().enumerate();
    let (index, _) = lines.find(|(index, text)| *index > 0 && text.starts_with("---"))?;
    let message = "a pipeline file is one YAML document, and here a second one begins";
    let hint = "remove this line, or move what follows to a file of its own and `include:` it";
    Some(complaint.at(message, index + 1, 0, 3).hint(hint))
}

fn escape(complaint: &Complaint<'_>) -> Option<Problem> {
    if !complaint.says("unknown escape") {
        return None;
    }
    let line = complaint.line(complaint.line);
    let text: String = line.characters.iter().skip(complaint.column).collect();
    let inner = text.split('"').next().unwrap_or_default();
    let known = "0abtnvfreN_LPxuU\"/\\ \t";
    let pairs: Vec<char> = inner.chars().collect();
    let mut index = 0;
    while index + 1 < pairs.len() {
        if pairs[index] != '\\' {
            index += 1;
        } else if known.contains(pairs[index + 1]) {
            index += 2;
        } else {
            let message = format!("`\\{}` is no escape of YAML", pairs[index + 1]);
            let hint = format!("in single quotes a backslash stands for itself: write '{inner}'");
            let from = complaint.column + index;
            return Some(complaint.at(message, complaint.line, from, 2).hint(hint));
        }
    }
    None
}

fn anchor(complaint: &Complaint<'_>) -> Option<Problem> {
    if !complaint.says("unknown anchor") {
        return None;
    }
    let line = complaint.line(complaint.line);
    let from = complaint.column - 1;
    let text = line.word(from);
    let message = format!("`{text}` names no anchor above");
    let hint = format!("write \"{text}\" if it is text");
    let length = text.chars().count();
    Some(
        complaint
            .at(message, complaint.line, from, length)
            .hint(hint),
    )
}

fn reserved(complaint: &Complaint<'_>) -> Option<Problem> {
    if !complaint.says("unexpected character") && !complaint.says("cannot start any token") {
        return None;
    }
    let line = complaint.line(complaint.line);
    let from = complaint.column - 1;
    let first = line.characters.get(from)?;
    let text = line.word(from);
    let message = format!("text cannot begin with `{first}` unless it is quoted");
    let problem = complaint.at(message, complaint.line, from, text.chars().count());
    Some(problem.hint(format!("write {}", quoted(&text))))
}

fn open_quote(complaint: &Complaint<'_>) -> Option<Problem> {
    let about_quotes = ["quoted scalar", "unclosed quote", "end of stream"];
    if !about_quotes.iter().any(|part| complaint.says(part)) {
        return None;
    }
    let here = (complaint.line, complaint.line(complaint.line));
    let mut lines = std::iter::once(here).chain(complaint.above());
    let (number, from) = lines.find_map(|(number, line)| Some((number, line.open_quote()?)))?;
    let message = "this quote is not closed on its line";
    let problem = complaint.at(message, number, from, 1);
    Some(
        problem
            .hint("close it at the end of the text; within `'…'` an apostrophe is written twice"),
    )
}

/// `version 1`, `a:sequence`: a key has no colon, or no blank after it. The parser may notice on the
/// next line only.
fn no_colon(complaint: &Complaint<'_>) -> Option<Problem> {
    let here = complaint.line(complaint.line);
    let (number, line) = match complaint.says("simple key expected") {
        true => (complaint.line, here),
        false if complaint.says("mapping values are not allowed") => {
            let first = !here.colon_before(complaint.column - 1);
            complaint.above().next().filter(|_| first)?
        }
        false => return None,
    };
    if line.colon().is_some() {
        return None;
    }
    let text = line.content();
    let right = match text.split_once([':', ' ']) {
        Some((key, value)) => format!("{key}: {}", value.trim()),
        None => format!("{text}:"),
    };
    let message = "this line is no key with its value";
    let problem = complaint.at(message, number, line.indent(), text.chars().count());
    Some(problem.hint(format!("a colon and a space stand between them: `{right}`")))
}

/// `- id: sequence` among keys.
fn dash(complaint: &Complaint<'_>) -> Option<Problem> {
    let line = complaint.line(complaint.line);
    let content = line.content();
    let item = content.strip_prefix("- ")?;
    let among_keys = complaint.says("block mapping, did not find expected key");
    let message = "an item of a list stands among the keys of a map";
    let problem = complaint.at(message, complaint.line, line.indent(), 1);
    among_keys.then(|| problem.hint(format!("write it without a dash: `{item}`")))
}

fn colon_in_text(complaint: &Complaint<'_>) -> Option<Problem> {
    let line = complaint.line(complaint.line);
    let at = complaint.column - 1;
    let flow = complaint.says("did not find expected ','");
    let colon = line.characters.get(at) == Some(&':');
    if !(complaint.says("mapping values are not allowed") || flow && colon) {
        return None;
    }
    let from = start_of_value(&line.characters[..at.min(line.characters.len())])?;
    let text = line.value(from, flow);
    Some(complaint.must_be_quoted("`: `", from, &text))
}

/// `a: { sequence: {}`: what opened on the line above is not closed there.
fn open_bracket(complaint: &Complaint<'_>) -> Option<Problem> {
    if !complaint.says("flow") && !complaint.says("unclosed bracket") {
        return None;
    }
    let here = complaint.line(complaint.line);
    let begins = here.indent() + 1 >= complaint.column;
    let above = complaint.above().next();
    let found = match above.and_then(|(number, line)| Some((number, line.open_bracket()?))) {
        Some(found) if begins => found,
        _ if complaint.says("unclosed") => (complaint.line, complaint.column - 1),
        _ => return None,
    };
    let bracket = *complaint.line(found.0).characters.get(found.1)?;
    let partner = if bracket == '[' { ']' } else { '}' };
    let message = format!("`{bracket}` without its `{partner}`");
    let problem = complaint.at(message, found.0, found.1, 1);
    Some(problem.hint(format!(
        "add `{partner}` where it ends, or quote the text that has it"
    )))
}

/// `{table}.csv`, `[A-Z]{3}`, `out/{table}.csv` in `{ … }`: to YAML a bracket begins a map or a list.
fn brackets_in_text(complaint: &Complaint<'_>) -> Option<Problem> {
    if !complaint.says("did not find expected") {
        return None;
    }
    let line = complaint.line(complaint.line);
    let at = complaint.column - 1;
    let (from, text) = match complaint.says("flow") {
        true => line.token(at)?,
        false => {
            let from = start_of_value(&line.characters[..at.min(line.characters.len())])?;
            (from, line.value(from, false))
        }
    };
    let bracket = text.chars().find(|c| "{[".contains(*c))?;
    let plain = !text.starts_with(['"', '\'']);
    plain.then(|| complaint.must_be_quoted(&format!("`{bracket}`"), from, &text))
}

fn indentation(complaint: &Complaint<'_>) -> Option<Problem> {
    let line = complaint.line(complaint.line);
    let indent = line.indent();
    if !complaint.says("did not find expected") || indent + 1 != complaint.column {
        return None;
    }
    let mut levels = Vec::new();
    for (_, above) in complaint.above() {
        let least = levels.last().copied().unwrap_or(usize::MAX);
        levels.extend(above.levels().into_iter().filter(|level| *level < least));
    }
    if levels.contains(&indent) {
        return None;
    }
    levels.sort_unstable();
    levels.dedup();
    let below = levels.iter().rfind(|level| **level < indent);
    let above = levels.iter().find(|level| **level > indent);
    let places: Vec<String> = below
        .into_iter()
        .chain(above)
        .map(|l| l.to_string())
        .collect();
    let length = line.content().chars().count();
    let message = format!("this line is indented by {indent}, and none above it is");
    let problem = complaint.at(message, complaint.line, indent, length);
    Some(problem.hint(format!(
        "the keys of a map begin in one column: indent it by {} spaces",
        places.join(" or ")
    )))
}
