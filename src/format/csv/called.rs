//! Delimiters by their names, as people write them.

/// What to write for a delimiter that is called by its name, or of which there are several.
pub fn called(text: &str) -> Option<String> {
    let sign = match text.to_lowercase().as_str() {
        "tab" | "tabs" | "tabulator" | "tsv" | "t" => "\\t",
        "semicolon" => ";",
        "comma" => ",",
        "pipe" | "bar" => "|",
        "space" | "blank" => " ",
        "caret" => "^",
        "tilde" => "~",
        lower => return several(lower),
    };
    Some(format!("write it as it is, in quotes: \"{sign}\""))
}

/// `||`, of which one may be what is meant.
fn several(text: &str) -> Option<String> {
    let first = text.chars().next()?;
    let same = text.len() > 1 && first.is_ascii_punctuation() && text.chars().all(|c| c == first);
    same.then(|| format!("values stand apart by one character: \"{first}\""))
}

#[cfg(test)]
mod tests {
    use super::called;

    #[test]
    fn names_lead_to_their_signs() {
        let hint = |text| called(text).unwrap_or_default();
        assert_eq!(hint("TAB"), r#"write it as it is, in quotes: "\t""#);
        assert_eq!(hint("semicolon"), r#"write it as it is, in quotes: ";""#);
        assert_eq!(hint("||"), r#"values stand apart by one character: "|""#);
        assert_eq!([hint("ab"), hint("-"), hint("")], [""; 3]);
    }
}
