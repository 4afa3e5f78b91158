//! Values in the place of a URL's user or password: what would end it there is percent-encoded, so that any
//! value is taken as it is.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// A part of a text with `${…}`.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum TemplatePart<'t> {
    /// As it stands in the file.
    Literal(&'t str),
    /// A name, which stands for a value.
    Name(&'t str),
}

/// What a value in the place of a user is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum UserPart {
    /// The user or the password.
    One,
    /// Both, with a `:` between.
    Both,
}

/// A URL whose user may stand here, while its text is looked through.
struct Open {
    /// Where its names begin.
    names: usize,
    /// So many of them stand before the last `@`.
    inside: usize,
    has_at: bool,
    /// A `:` stands before that.
    has_colon: bool,
    colon: bool,
}

/// For each part that is a name whether it stands where a URL has its user: behind `://` and before an `@`,
/// with nothing between that would end it.
pub(super) fn users(parts: &[TemplatePart<'_>]) -> Vec<Option<UserPart>> {
    let mut users = vec![None; parts.len()];
    let mut names: Vec<usize> = Vec::new();
    let mut open: Option<Open> = None;
    let mut close = |open: Option<Open>, names: &[usize]| {
        let Some(open) = open.filter(|open| open.has_at) else {
            return;
        };
        let inside = &names[open.names..open.names + open.inside];
        let part = match inside.len() == 1 && !open.has_colon {
            true => UserPart::Both,
            false => UserPart::One,
        };
        inside.iter().for_each(|name| users[*name] = Some(part));
    };
    for (index, part) in parts.iter().enumerate() {
        let TemplatePart::Literal(text) = part else {
            names.push(index);
            continue;
        };
        for (at, c) in text.char_indices() {
            if text[..at].ends_with("://") {
                close(open.take(), &names);
                open = Some(Open::at(names.len()));
            }
            // RFC 3986, section 3.2: the authority, with the user in it, ends at `/`, `?` or `#`;
            // the others end a URL within other text.
            if c.is_whitespace() || "/?#`'\"".contains(c) {
                close(open.take(), &names);
            } else if let Some(url) = &mut open {
                url.look_at(c, names.len());
            }
        }
        if text.ends_with("://") {
            close(open.take(), &names);
            open = Some(Open::at(names.len()));
        }
    }
    close(open, &names);
    users
}

impl Open {
    fn at(names: usize) -> Self {
        Self {
            names,
            inside: 0,
            has_at: false,
            has_colon: false,
            colon: false,
        }
    }

    fn look_at(&mut self, c: char, names: usize) {
        match c {
            ':' => self.colon = true,
            // The last `@`: one that a password has by itself stands before it.
            '@' => {
                self.inside = names - self.names;
                (self.has_at, self.has_colon) = (true, self.colon);
            }
            _ => {}
        }
    }
}

/// A value as a URL spells it in the place of its user.
pub(super) fn encoded(value: &str, part: UserPart) -> String {
    match value.split_once(':').filter(|_| part == UserPart::Both) {
        Some((user, password)) => format!("{}:{}", percent(user), percent(password)),
        None => percent(value),
    }
}

/// Without what means nothing anywhere in a URL.
// RFC 3986, section 2.3: the unreserved characters.
const KEPT: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

fn percent(value: &str) -> String {
    utf8_percent_encode(value, KEPT).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_in_the_place_of_a_user_are_known() {
        let parts = |text: &'static str| {
            let mut parts = Vec::new();
            for (at, piece) in text.split('|').enumerate() {
                parts.push(match at % 2 {
                    0 => TemplatePart::Literal(piece),
                    _ => TemplatePart::Name(piece),
                });
            }
            let shown = |user: Option<UserPart>| match user {
                None => '.',
                Some(UserPart::One) => '1',
                Some(UserPart::Both) => '2',
            };
            let users = users(&parts);
            (0..parts.len())
                .filter(|at| at % 2 == 1)
                .map(|at| shown(users[at]))
                .collect::<String>()
        };
        for (text, found) in [
            ("mysql://|u|:|p|@|h|:|port|/|d|", "11..."),
            ("mysql://root:|p|@h", "1"),
            ("mysql://|u|@h/|d|", "2."),
            ("|s|://|u||p|@h", ".11"),
            ("mysql://|u|:x@|h|", "1."),
            ("mysql://|h|/|d|@x", ".."),
            ("mysql://|h|?x=|d|@x", ".."),
            ("a://|u|:|p|@h,b://|u|:|p|@|h|", "1111."),
            ("|u|:|p|@|h|", "..."),
            ("mysql://|url|", "."),
            ("a@b c://|h| d@e", "."),
            ("amqp://|u|:|p|@h/|v|@", "11."),
        ] {
            assert_eq!(parts(text), found, "{text}");
        }
    }

    #[test]
    fn what_would_end_a_user_is_encoded() {
        assert_eq!(
            encoded("p/@:#?%&é ~x", UserPart::One),
            "p%2F%40%3A%23%3F%25%26%C3%A9%20~x"
        );
        assert_eq!(encoded("me:p:w@", UserPart::Both), "me:p%3Aw%40");
        assert_eq!(encoded("me/", UserPart::Both), "me%2F");
    }
}
