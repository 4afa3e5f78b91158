//! Quotes that do not close or close too early, and text that needs some.

use super::Complaint;
use super::line::quoted;
use crate::error::Problem;

pub(super) fn escape(complaint: &Complaint<'_>) -> Option<Problem> {
    let digits = complaint.says_one(&["hexadecimal", "surrogate", "Unicode character escape"]);
    if !digits && !complaint.says("unknown escape") {
        return None;
    }
    let line = complaint.line(complaint.line);
    let text: String = line.characters.iter().skip(complaint.column).collect();
    let inner = text.split('"').next().unwrap_or_default();
    let pairs: Vec<char> = inner.chars().collect();
    let (index, kind) = wrong_escape(&pairs, digits)?;
    let from = complaint.column + index;
    let message = match digits {
        true => format!("`\\{kind}` is the escape of no character here"),
        false => format!("`\\{kind}` is no escape of YAML"),
    };
    let hint = format!("in single quotes a backslash stands for itself: write '{inner}'");
    Some(complaint.at(message, complaint.line, from, 2).hint(hint))
}

/// The first escape that YAML does not have; or, of `digits`, the first that needs some.
fn wrong_escape(text: &[char], digits: bool) -> Option<(usize, char)> {
    // YAML 1.2.2, section 5.7: the escaped characters.
    let known = "0abtnvfreN_LPxuU\"/\\ \t";
    let mut index = 0;
    while index + 1 < text.len() {
        let kind = text[index + 1];
        match text[index] == '\\' {
            false => index += 1,
            true if digits == known.contains(kind) && (!digits || "xuU".contains(kind)) => {
                return Some((index, kind));
            }
            true => index += 2,
        }
    }
    None
}

pub(super) fn anchor(complaint: &Complaint<'_>) -> Option<Problem> {
    if !complaint.says("unknown anchor") {
        return None;
    }
    let (line, from) = complaint.here();
    let text = line.word(from);
    let message = format!("`{text}` names no anchor above");
    let hint = format!("write \"{text}\" if it is text");
    Some(complaint.of(message, from, &text).hint(hint))
}

/// A character that no editor shows, which a copy has brought.
pub(super) fn control(complaint: &Complaint<'_>) -> Option<Problem> {
    let (line, at) = complaint.here();
    let found = line
        .characters
        .get(at)
        .filter(|c| c.is_control() && **c != '\t')?;
    let code = u32::from(*found);
    let message = format!("the invisible character U+{code:04X} stands here");
    let hint = format!("remove it, or write \"\\u{code:04X}\" in double quotes for it");
    Some(complaint.of(message, at, "x").hint(hint))
}

/// `@home`, `%5`, `&`, `| x`: signs that begin something of YAML's.
pub(super) fn reserved(complaint: &Complaint<'_>) -> Option<Problem> {
    let kinds = [
        "unexpected character",
        "cannot start any token",
        "anchor or alias",
        "block scalar, did not find",
        "mapping keys are not allowed",
        "cannot start with '-'",
        "directives are disallowed",
    ];
    if !complaint.says_one(&kinds) {
        return None;
    }
    let (line, at) = complaint.here();
    // Of a dash it was noticed that nothing follows.
    let back = usize::from(complaint.says("cannot start with '-'"));
    let back = back * usize::from(line.characters.get(at) != Some(&'-'));
    let from = at.checked_sub(back)?;
    let first = line.characters.get(from)?;
    let text = line.value(from, line.in_brackets(from));
    let message = format!("text cannot begin with `{first}` unless it is quoted");
    let problem = complaint.of(message, from, &text);
    Some(match text.strip_prefix("* ") {
        Some(item) => problem.hint(format!("an item of a list begins with a dash: `- {item}`")),
        None => problem.hint(format!("write {}", quoted(&text))),
    })
}

/// `'it's'`, `"say "hi""`, `"a" b`: the text goes on after its closing quote.
pub(super) fn after_quote(complaint: &Complaint<'_>) -> Option<Problem> {
    if !complaint.says("invalid trailing content") {
        return None;
    }
    let (line, at) = complaint.here();
    let quote = if complaint.says("single") { '\'' } else { '"' };
    let closing = line.characters[..at].iter().rposition(|c| *c == quote)?;
    let before = &line.characters[..closing];
    let opening = before.iter().rposition(|c| *c == quote)?;
    let message = format!("the text goes on after its closing `{quote}`");
    let problem = complaint.at(message, complaint.line, at, 1);
    // All that stands between the first and the last of them is meant, unless they are pairs.
    let last = line.characters.iter().rposition(|c| *c == quote)?;
    let meant: String = line.characters[opening + 1..last.max(closing)]
        .iter()
        .collect();
    let other = if quote == '\'' { '"' } else { '\'' };
    let one = last > at && !meant.contains([other, '\\', ',', ':']);
    Some(problem.hint(match one {
        true => format!("write {other}{meant}{other}"),
        false if quote == '"' => "close the quotes at the end of the text; a quote within `\"…\"` is written `\\\"`".into(),
        false => "close the quotes at the end of the text; an apostrophe within `'…'` is written twice".into(),
    }))
}

pub(super) fn open_quote(complaint: &Complaint<'_>) -> Option<Problem> {
    let about_quotes = ["quoted scalar", "unclosed quote", "end of stream"];
    if !complaint.says_one(&about_quotes) {
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
