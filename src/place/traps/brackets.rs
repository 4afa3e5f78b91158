//! Brackets that do not close, that close nothing, and that stand in text.

use super::Complaint;
use super::line::start_of_value;
use crate::error::Problem;

/// `a: { sequence: {}`: what opened on the line above is not closed there.
pub(super) fn open(complaint: &Complaint<'_>) -> Option<Problem> {
    if !complaint.says_one(&["flow", "unclosed bracket", "illegal placement of ':'"]) {
        return None;
    }
    let (here, at) = complaint.here();
    let begins = here.indent() >= at || complaint.says("illegal placement");
    let above = complaint.above().next();
    let found = match above.and_then(|(number, line)| Some((number, line.open_bracket()?))) {
        Some(found) if begins => found,
        _ if complaint.says("unclosed") => (complaint.line, at),
        _ => return None,
    };
    let bracket = *complaint.line(found.0).characters.get(found.1)?;
    let message = format!("`{bracket}` without its `{}`", partner(bracket));
    let problem = complaint.at(message, found.0, found.1, 1);
    Some(problem.hint(format!(
        "add `{}` where it ends, or quote the text that has it",
        partner(bracket)
    )))
}

/// `[a] }`: a bracket that closes what never opened.
pub(super) fn alone(complaint: &Complaint<'_>) -> Option<Problem> {
    let (line, at) = complaint.here();
    let bracket = *line.characters.get(at)?;
    let closes = complaint.says("misplaced bracket") && "]}".contains(bracket);
    let message = format!(
        "`{bracket}` closes nothing: no `{}` is open",
        partner(bracket)
    );
    closes.then(|| {
        complaint
            .of(message, at, "x")
            .hint("remove it, or quote the text that has it")
    })
}

/// `[a, b }`: one is closed by the other's partner.
pub(super) fn other(complaint: &Complaint<'_>) -> Option<Problem> {
    let (line, at) = complaint.here();
    let bracket = *line.characters.get(at)?;
    if !complaint.says("mismatched bracket") || !"[{".contains(bracket) {
        return None;
    }
    let right = partner(bracket);
    let wrong = if right == ']' { '}' } else { ']' };
    let message = format!("`{bracket}` is closed by `{wrong}`");
    let hint = format!("write `{right}` where it ends, or quote the text that has it");
    Some(complaint.of(message, at, "x").hint(hint))
}

/// `{table}.csv`, `[A-Z]{3}`, `out/{table}.csv` in `{ … }`: to YAML a bracket begins a map or a list.
pub(super) fn in_text(complaint: &Complaint<'_>) -> Option<Problem> {
    if !complaint.says("did not find expected") {
        return None;
    }
    let (line, at) = complaint.here();
    let (from, text) = match complaint.says("flow") {
        true => line.token(at)?,
        false => {
            let from = start_of_value(&line.characters[..at])?;
            (from, line.value(from, false))
        }
    };
    let bracket = text.chars().find(|c| "{[".contains(*c))?;
    let plain = !text.starts_with(['"', '\'']);
    plain.then(|| complaint.must_be_quoted(&format!("`{bracket}`"), from, &text))
}

/// What opens it, or closes it.
fn partner(bracket: char) -> char {
    match bracket {
        '[' => ']',
        ']' => '[',
        '{' => '}',
        _ => '{',
    }
}
