//! Keys: where they begin, what stands between them and their values, and between two of them.

use super::Complaint;
use super::line::{LineText, quoted, start_of_value};
use crate::error::Problem;

pub(super) fn tab(complaint: &Complaint<'_>) -> Option<Problem> {
    if !complaint.says("tab") {
        return None;
    }
    // The parser notices a tab where it cannot go on, which may be lines below it.
    let lines = complaint.source.text.lines().enumerate();
    let (index, column) = lines.skip(complaint.line - 1).find_map(|(index, text)| {
        let blank = text.chars().take_while(|c| c.is_whitespace());
        Some((index, blank.into_iter().position(|c| c == '\t')?))
    })?;
    let problem = complaint.at("this line is indented with a tab", index + 1, column, 1);
    Some(problem.hint("YAML takes spaces only: write two of them instead of each tab"))
}

/// `version 1`, `a:sequence`, `a = b`, `-b`: a key has no colon, or no blank after it. The parser may
/// notice on the next line only.
pub(super) fn no_colon(complaint: &Complaint<'_>) -> Option<Problem> {
    let here = complaint.line(complaint.line);
    // These are the parser's own words. Its version is pinned in Cargo.toml (`=2.0.0`), and a test
    // breaks files in every place and lets none of its words through, so a new version is noticed.
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
    let length = text.chars().count();
    if let Some(item) = text.strip_prefix('-').filter(|item| !item.starts_with(' ')) {
        let problem = complaint.at(
            "this line is no item of a list",
            number,
            line.indent(),
            length,
        );
        return Some(problem.hint(format!("a space stands after the dash: `- {item}`")));
    }
    let right = match text.split_once([':', '=', ' ']) {
        Some((key, value)) => {
            let value = value.trim_start_matches(['=', ' ']).trim();
            format!("{}: {value}", key.trim())
        }
        None => format!("{text}:"),
    };
    let message = "this line is no key with its value";
    let problem = complaint.at(message, number, line.indent(), length);
    Some(problem.hint(format!("a colon and a space stand between them: `{right}`")))
}

/// `- id: sequence` among keys, and `a: - b`.
pub(super) fn dash(complaint: &Complaint<'_>) -> Option<Problem> {
    let (line, at) = complaint.here();
    if complaint.says_one(&[
        "sequence entries are not allowed",
        "only valid inside a block",
    ]) {
        let text = line.value(at, line.in_brackets(at));
        let problem = complaint.of("the items of a list begin on lines of their own", at, &text);
        return Some(problem.hint("write `[a, b]` for a list in one line, and \"-\" for the text"));
    }
    let content = line.content();
    let item = content.strip_prefix("- ")?;
    let among_keys = complaint.says("block mapping, did not find expected key");
    let message = "an item of a list stands among the keys of a map";
    let problem = complaint.at(message, complaint.line, line.indent(), 1);
    among_keys.then(|| problem.hint(format!("write it without a dash: `{item}`")))
}

/// A key that is deeper than the one above, which has its value on its own line.
pub(super) fn deeper(complaint: &Complaint<'_>) -> Option<Problem> {
    let (line, at) = complaint.here();
    if !complaint.says("mapping values are not allowed") || line.colon() != Some(at) {
        return None;
    }
    let (_, above) = complaint.above().next()?;
    let column = *above.levels().first()?;
    let has_value = above
        .colon()
        .is_some_and(|colon| colon + 1 < above.characters.len());
    let indent = line.indent();
    if !has_value || column >= indent {
        return None;
    }
    let message = "this line is deeper than the one above, which has its value already";
    let hint = format!("the keys of a map begin in one column: indent it by {column} spaces");
    Some(complaint.of(message, indent, &line.content()).hint(hint))
}

/// `choice:[a]` in braces.
pub(super) fn glued(complaint: &Complaint<'_>) -> Option<Problem> {
    let (line, at) = complaint.here();
    let glued = complaint.says_one(&["may not precede any of", "':' must be followed"]);
    let before = line.characters.get(..at)?;
    let from = before
        .iter()
        .rposition(|c| c.is_whitespace() || "{[,".contains(*c));
    let key: String = before[from.map_or(0, |from| from + 1)..].iter().collect();
    let rest = line.characters.get(at + 1).copied().unwrap_or(' ');
    glued.then(|| {
        complaint
            .of("a space is missing after the colon", at, "x")
            .hint(format!("write `{key}: {rest}…`"))
    })
}

/// `{ choice = [a] }`.
pub(super) fn equals(complaint: &Complaint<'_>) -> Option<Problem> {
    let (line, at) = complaint.here();
    let before = &line.characters[..at];
    let sign = before.iter().rposition(|c| *c != ' ')?;
    let key: String = before[..sign].iter().collect();
    let key = key
        .trim_end()
        .rsplit([' ', '{', ','])
        .next()
        .unwrap_or_default();
    let message = "`=` stands where a colon is meant";
    let wrong = complaint.says("did not find expected ','") && before[sign] == '=';
    wrong.then(|| {
        complaint
            .of(message, sign, "=")
            .hint(format!("write `{key}: …`"))
    })
}

/// `{ min: 1 max: 2 }`: to YAML `1 max` is one text.
pub(super) fn comma(complaint: &Complaint<'_>) -> Option<Problem> {
    let (line, at) = complaint.here();
    let flow = complaint.says("did not find expected ','") || line.in_brackets(at);
    let colon = line.characters.get(at) == Some(&':');
    if !flow || !colon || !is_second_colon(complaint) {
        return None;
    }
    let before = &line.characters[..at];
    let from = start_of_value(before)?;
    let blank = before[from..].iter().rposition(|c| *c == ' ')?;
    let value: String = before[from..from + blank].iter().collect();
    let value = value.trim_end().trim_end_matches(';').to_string();
    let key: String = before[from + blank + 1..].iter().collect();
    let message = format!("a comma is missing before `{key}`");
    let hint = format!("write `{value}, {key}: …`; text with `: ` in it must be quoted");
    Some(complaint.of(message, from + blank + 1, &key).hint(hint))
}

/// `a: choice: [a, b]` in one line.
pub(super) fn two_keys(complaint: &Complaint<'_>) -> Option<Problem> {
    let (line, at) = complaint.here();
    if line.in_brackets(at) || !complaint.says("mapping values are not allowed") {
        return None;
    }
    let from = start_of_value(line.characters.get(..at)?)?;
    let text = line.value(from, false);
    let (key, value) = text.split_once(": ")?;
    let options = !key.contains(' ') && value.starts_with(['[', '{']);
    let message = "a second key stands on the line of the first";
    let hint = format!(
        "write `{{ {text} }}` for options, and {} for text",
        quoted(&text)
    );
    options.then(|| complaint.of(message, from, &text).hint(hint))
}

pub(super) fn colon_in_text(complaint: &Complaint<'_>) -> Option<Problem> {
    let (line, at) = complaint.here();
    if !is_second_colon(complaint) {
        return None;
    }
    let from = start_of_value(&line.characters[..at])?;
    let flow = complaint.says("did not find expected ','") || line.in_brackets(from);
    let text = line.value(from, flow);
    Some(complaint.must_be_quoted("`: `", from, &text))
}

fn is_second_colon(complaint: &Complaint<'_>) -> bool {
    let (line, at) = complaint.here();
    let colon = line.characters.get(at) == Some(&':');
    complaint.says("mapping values are not allowed")
        || colon && complaint.says("did not find expected ','")
}

pub(super) fn indentation(complaint: &Complaint<'_>) -> Option<Problem> {
    let line = complaint.line(complaint.line);
    let indent = line.indent();
    let about = ["did not find expected", "invalid indentation"];
    if !complaint.says_one(&about) || indent + 1 != complaint.column {
        return None;
    }
    let levels = levels(complaint);
    if levels.contains(&indent) {
        return None;
    }
    let below = levels.iter().rfind(|level| **level < indent);
    let above = levels.iter().find(|level| **level > indent);
    let places: Vec<String> = below
        .into_iter()
        .chain(above)
        .map(ToString::to_string)
        .collect();
    let message = format!("this line is indented by {indent}, and none above it is");
    let problem = complaint.of(message, indent, &line.content());
    Some(problem.hint(format!(
        "the keys of a map begin in one column: indent it by {} spaces",
        places.join(" or ")
    )))
}

/// The columns of the maps that are open here, from left to right.
fn levels(complaint: &Complaint<'_>) -> Vec<usize> {
    let mut levels = Vec::new();
    for (_, above) in complaint.above() {
        let least = levels.last().copied().unwrap_or(usize::MAX);
        levels.extend(
            LineText::levels(&above)
                .into_iter()
                .filter(|level| *level < least),
        );
        if levels.last() == Some(&0) {
            break;
        }
    }
    levels.sort_unstable();
    levels.dedup();
    levels
}
