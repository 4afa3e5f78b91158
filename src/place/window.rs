//! A long line or value, cut to what a reader takes in at once: messages never grow with their input.

/// How many characters of a line are shown.
// As wide as the terminals that most people have. A pattern of 10 MB gave a message of 11 MB before
// lines were cut.
const LINE: usize = 120;
/// How many of them stand before the place that is meant.
const BEFORE: usize = 50;
/// Quoted text is shown whole up to here: paths fit.
const QUOTED: usize = 300;
/// What is shown of a longer one, at its beginning and at its end.
const BEGINNING: usize = 160;
const END: usize = 60;

/// The part of a line around `length` characters from `column` (from 1), and the column they have in it.
pub(super) fn around(line: &str, column: usize, length: usize) -> (String, usize, usize) {
    let count = line.chars().count();
    if count <= LINE {
        let room = count.saturating_sub(column - 1).max(1);
        return (line.to_string(), column, length.clamp(1, room));
    }
    let first = (column - 1).saturating_sub(BEFORE).min(count - 1);
    let shown: String = line.chars().skip(first).take(LINE).collect();
    let more = first + LINE < count;
    let width = shown.chars().count();
    let (left, right) = match (first > 0, more) {
        (true, true) => ("…", "…"),
        (true, false) => ("…", ""),
        (false, true) => ("", "…"),
        (false, false) => ("", ""),
    };
    let column = column - first;
    let room = (width + 1).saturating_sub(column).max(1);
    let column = column + usize::from(first > 0);
    (
        format!("{left}{shown}{right}"),
        column,
        length.clamp(1, room),
    )
}

/// The message with the middle of every long quotation left out.
pub fn shortened(message: &str) -> String {
    if message.len() <= QUOTED {
        return message.to_string();
    }
    let parts = message.split('`').enumerate();
    let parts = parts.map(|(index, part)| match index % 2 {
        1 => cut(part),
        _ => part.to_string(),
    });
    let text = parts.collect::<Vec<_>>().join("`");
    // Some quote in other ways, or not at all.
    match text.len() > 10 * QUOTED {
        true => cut(&text),
        false => text,
    }
}

fn cut(text: &str) -> String {
    let count = text.chars().count();
    if count <= QUOTED {
        return text.to_string();
    }
    let beginning: String = text.chars().take(BEGINNING).collect();
    let end: String = text.chars().skip(count - END).collect();
    format!("{beginning} … {end}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_short_line_is_shown_whole() {
        assert_eq!(around("a: userz", 4, 50), ("a: userz".into(), 4, 5));
        assert_eq!(around("", 1, 1), (String::new(), 1, 1));
    }

    #[test]
    fn of_a_long_line_the_surroundings_are_shown() {
        let line = format!("{}HERE{}", "a".repeat(1000), "é".repeat(1000));
        let (shown, column, length) = around(&line, 1001, 4);
        assert_eq!(shown.chars().count(), LINE + 2);
        let pointed: String = shown.chars().skip(column - 1).take(length).collect();
        assert_eq!(pointed, "HERE");
        let (shown, column, length) = around(&line, 1, 2000);
        assert_eq!((column, length), (1, LINE));
        assert!(shown.starts_with("aaa") && shown.ends_with('…'));
        let (shown, column, length) = around(&line, 2004, 9);
        assert_eq!((column, length), (BEFORE + 2, 1));
        assert!(shown.starts_with('…') && shown.ends_with('é'));
    }

    #[test]
    fn of_a_long_quotation_both_ends_are_shown() {
        let long = "x".repeat(5_000_000);
        let shown = shortened(&format!("expected a count, found `{long}y`"));
        assert!(shown.starts_with("expected a count, found `xxx") && shown.ends_with("xy`"));
        assert!(shown.len() < 400, "{}", shown.len());
        assert!(shortened(&long).len() < 400);
        assert_eq!(shortened("found `x`"), "found `x`");
    }
}
