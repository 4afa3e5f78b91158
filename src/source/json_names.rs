//! Names that stand twice in a JSON object: readers differ on which of the values counts.

use std::borrow::Cow;

use memchr::memchr2;

use super::reject::BadRow;

/// The first name that stands twice in one object of a JSON text; none in what is no JSON.
pub fn repeated(text: &[u8]) -> Option<Cow<'_, str>> {
    // The names of each object that is open; none for a list.
    let mut open: Vec<Option<Vec<Cow<'_, str>>>> = Vec::new();
    let mut at = 0;
    while let Some(byte) = text.get(at) {
        at += 1;
        match byte {
            b'{' => open.push(Some(Vec::new())),
            b'[' => open.push(None),
            b'}' | b']' => drop(open.pop()),
            b'"' => {
                let end = end_of_text(text, at)?;
                let behind = text.get(end + 1..)?.trim_ascii_start();
                if let (Some(b':'), Some(Some(names))) = (behind.first(), open.last_mut()) {
                    let name = name(&text[at..end])?;
                    if names.contains(&name) {
                        return Some(name);
                    }
                    names.push(name);
                }
                at = end + 1;
            }
            _ => {}
        }
    }
    None
}

/// What is wrong with such an object.
pub fn is_repeated(name: &str) -> BadRow {
    BadRow::new(
        "name twice",
        format!("the name `{name}` stands twice in an object"),
    )
}

/// Where the quote is that ends a text.
fn end_of_text(text: &[u8], from: usize) -> Option<usize> {
    let mut at = from;
    loop {
        at += memchr2(b'"', b'\\', text.get(at..)?)?;
        match text[at] {
            b'"' => return Some(at),
            _ => at += 2,
        }
    }
}

fn name(written: &[u8]) -> Option<Cow<'_, str>> {
    let plain = std::str::from_utf8(written).ok()?;
    if !plain.contains('\\') {
        return Some(Cow::Borrowed(plain));
    }
    let text: String = serde_json::from_str(&format!("\"{plain}\"")).ok()?;
    Some(Cow::Owned(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_stands_twice_is_found_wherever_it_stands() {
        for (text, name) in [
            (r#"{"id":1,"a":2,"id":3}"#, "id"),
            (r#"{"id" : 1, "\u0069d" :2}"#, "id"),
            (r#"{"o":{"a":1,"b":{"a":1},"a":{}}}"#, "a"),
            (r#"{"l":[{"a":1},{"b":"\\","b":[]}]}"#, "b"),
            (r#"{"":1,"x":"","":2}"#, ""),
        ] {
            assert_eq!(repeated(text.as_bytes()).as_deref(), Some(name), "{text}");
        }
        for text in [
            r#"{"id":"id","a":["id","id"],"o":{"id":1},"l":[{"id":1},{"id":"\"id\":"}]}"#,
            "{}",
            "[]]]{",
            r#"{"a":1,"b"#,
            r#"{"a":"\"#,
        ] {
            assert_eq!(repeated(text.as_bytes()), None, "{text}");
        }
    }
}
