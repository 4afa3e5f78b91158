//! What no message shows: values from the environment, params with telling names.
//!
//! A value is hidden where it stands as itself: a port `1` is no part of `127.0.0.1`, a user `root` none of
//! `rooted`. Values of a few characters say nothing that way, for any message may have such a word of its
//! own: they are hidden where they are quoted, or are all there is. What a value is written together with
//! (`1${env:REST}`) is hidden with it, for a message may quote all of that.

use std::fmt;
use std::ops::Range;

/// Texts, each with what is shown in its place.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Secrets {
    /// The longest first: a value may begin with another one.
    hidden: Vec<(String, String)>,
    /// The expressions that have such values.
    names: Vec<String>,
}

/// A text while names in it become their values, beside what of it is shown.
#[derive(Default)]
pub(super) struct Filled {
    pub(super) text: String,
    shown: String,
    secrets: Secrets,
    /// Where values that are hidden stand in both.
    places: Vec<(Range<usize>, Range<usize>)>,
}

/// With fewer characters a value is hidden only where it is quoted.
// A choice: a password of three letters would be struck out of any word of a message that is the
// same.
const SHORT: usize = 4;

/// Messages quote no longer text whole.
// What `Filled` does with a longer value is to show its name in its place.
const LONGEST: usize = 64 << 10;

/// Only how many there are.
impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Secrets({})", self.hidden.len())
    }
}

impl Secrets {
    /// One value, shown as `${name}`.
    pub fn one(value: &str, name: &str) -> Self {
        let mut secrets = Self::default();
        if !value.is_empty() {
            let expression = format!("${{{name}}}");
            secrets.names.push(expression.clone());
            secrets.hidden.push((value.into(), expression));
        }
        secrets
    }

    /// Adds others, each once: a param may stand for one many times.
    pub fn extend(&mut self, others: Self) {
        for name in others.names {
            if !self.names.contains(&name) {
                self.names.push(name);
            }
        }
        for (text, shown) in others.hidden {
            self.add(&text, &shown);
        }
    }

    fn add(&mut self, text: &str, shown: &str) {
        let is_there = |(known, _): &(String, String)| known == text;
        if text.len() <= LONGEST && !self.hidden.iter().any(is_there) {
            // Kept in order, as `hide` takes the first that fits: of `ab` and `abcd` the shorter
            // one would leave `cd` to be read.
            let longer = |(known, _): &(String, String)| known.len() >= text.len();
            let place = self.hidden.partition_point(longer);
            self.hidden.insert(place, (text.into(), shown.into()));
        }
    }

    /// The expression of one whose name says that it is a secret, and not where one is kept.
    pub(super) fn named(&self) -> Option<&str> {
        let kept = |name: &str| {
            let name = name.trim_end_matches('}').to_lowercase();
            ["file", "path", "dir", "folder"]
                .iter()
                .any(|end| name.ends_with(end))
        };
        let mut named = self.names.iter();
        let named = named.find(|name| is_secret(name) && !kept(name));
        named.map(String::as_str)
    }

    /// True when there are none.
    pub fn is_empty(&self) -> bool {
        self.hidden.is_empty()
    }

    /// The text with every value as its expression.
    pub fn hide(&self, text: &str) -> String {
        let mut shown = String::with_capacity(text.len());
        let mut at = 0;
        while let Some(next) = text[at..].chars().next() {
            let (before, rest) = text.split_at(at);
            let mut hidden = self.hidden.iter();
            let hidden = hidden.find(|(value, _)| stands_alone(value, before, rest));
            at += match hidden {
                Some((value, expression)) => {
                    shown.push_str(expression);
                    value.len()
                }
                None => {
                    shown.push(next);
                    next.len_utf8()
                }
            };
        }
        shown
    }
}

/// True if `rest` begins with the value, and this is no part of something else.
fn stands_alone(value: &str, before: &str, rest: &str) -> bool {
    let Some(behind) = rest.strip_prefix(value) else {
        return false;
    };
    let (left, right) = (before.chars().next_back(), behind.chars().next());
    if value.chars().nth(SHORT - 1).is_none() {
        return left == right && left.is_none_or(|quote| "`'\"".contains(quote));
    }
    let joins = |one: Option<char>, other: Option<char>| {
        one.is_some_and(is_of_word) && other.is_some_and(is_of_word)
    };
    let (first, last) = (value.chars().next(), value.chars().next_back());
    // The name of a program may be that of a server, too: `mysql://` is no value.
    !joins(left, first) && !joins(last, right) && !behind.starts_with("://")
}

fn is_of_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

impl Filled {
    /// What stands in the file.
    pub(super) fn literal(&mut self, text: &str) {
        self.text.push_str(text);
        self.shown.push_str(text);
    }

    /// What a name stands for, and what of it is hidden.
    pub(super) fn value(&mut self, name: &str, value: &str, secrets: Secrets) {
        if secrets.is_empty() {
            return self.literal(value);
        }
        let (text, shown) = (self.text.len(), self.shown.len());
        self.text.push_str(value);
        match value.len() > LONGEST {
            true => self.shown.push_str(&format!("${{{name}}}")),
            false => self.shown.push_str(&secrets.hide(value)),
        }
        self.places
            .push((text..self.text.len(), shown..self.shown.len()));
        self.secrets.extend(secrets);
    }

    /// All of it, and what of it is hidden.
    pub(super) fn end(mut self) -> (String, Secrets) {
        for (text, shown) in self.words() {
            self.secrets.add(&self.text[text], &self.shown[shown]);
        }
        // The whole value as well: with a value of a few characters in it, `a-1-b` is hidden,
        // whereas the `1` alone is left standing in a message that quotes all of it.
        if !self.places.is_empty() {
            self.secrets.add(&self.text, &self.shown);
        }
        (self.text, self.secrets)
    }

    /// The words that values are parts of.
    fn words(&self) -> Vec<(Range<usize>, Range<usize>)> {
        let mut words: Vec<(Range<usize>, Range<usize>)> = Vec::new();
        let mut end = 0;
        for (at, (text, shown)) in self.places.iter().enumerate() {
            let gap = &self.text[end..text.start];
            let left = gap.len() - gap.trim_end_matches(is_of_word).len();
            let next = self.places.get(at + 1);
            let gap_behind =
                &self.text[text.end..next.map_or(self.text.len(), |(next, _)| next.start)];
            let right = gap_behind.len() - gap_behind.trim_start_matches(is_of_word).len();
            let ends = (text.end + right, shown.end + right);
            match words.last_mut().filter(|_| left == gap.len()) {
                Some(word) => (word.0.end, word.1.end) = ends,
                None => words.push((text.start - left..ends.0, shown.start - left..ends.1)),
            }
            end = text.end;
        }
        words
    }
}

/// True for names whose values must not be shown.
// By the name alone: values say nothing of themselves, and an entropy test would hide identifiers
// and miss passwords.
pub fn is_secret(name: &str) -> bool {
    let name = name.to_lowercase();
    let last = name.trim_end_matches('}').rsplit([':', '_']).next();
    let short = last.is_some_and(|last| ["pass", "pwd", "pw"].contains(&last));
    short
        || [
            "password",
            "passwd",
            "secret",
            "token",
            "credential",
            "api_key",
            "private_key",
        ]
        .iter()
        .any(|word| name.contains(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_shown_as_their_expressions() {
        let mut secrets = Secrets::one("envi", "env:SHORT");
        secrets.extend(Secrets::one("environment", "env:LONG"));
        secrets.extend(Secrets::one("", "env:EMPTY"));
        assert_eq!(
            secrets.hide("envi, environment: é"),
            "${env:SHORT}, ${env:LONG}: é"
        );
        assert_eq!(format!("{secrets:?}"), "Secrets(2)");
    }

    #[test]
    fn values_are_hidden_where_they_stand_alone() {
        let secrets = |value: &str| Secrets::one(value, "V");
        for (value, text, shown) in [
            // A few characters are hidden where they are quoted, or are all there is.
            (
                "1",
                "`connections` is 1 to 128, found `1`",
                "`connections` is 1 to 128, found `${V}`",
            ),
            (
                "1",
                "127.0.0.1:1 and 'a1', \"1\"",
                "127.0.0.1:1 and 'a1', \"${V}\"",
            ),
            ("1", "1", "${V}"),
            ("ab", "ab `ab' `ab`", "ab `ab' `${V}`"),
            ("33", "port 33, 3306", "port 33, 3306"),
            // Others wherever they are no part of a word.
            (
                "3306",
                "port 3306, 33060, 13306, a_3306",
                "port ${V}, 33060, 13306, a_3306",
            ),
            (
                "root",
                "user root@h, rooted, chroot, root",
                "user ${V}@h, rooted, chroot, ${V}",
            ),
            (
                "mysql",
                "mysql:3306 by `mysql://USER@HOST`",
                "${V}:3306 by `mysql://USER@HOST`",
            ),
            ("/data", "x/data/y /database", "x${V}/y /database"),
            ("p@ss", "p@ss and p@ssed", "${V} and p@ssed"),
            ("über", "über überall", "${V} überall"),
        ] {
            assert_eq!(secrets(value).hide(text), shown, "{value}");
        }
    }

    /// A text of what stands in the file and of values.
    fn filled(parts: &[(&str, bool)]) -> (String, Secrets) {
        let mut filled = Filled::default();
        for (text, is_value) in parts {
            match is_value {
                true => filled.value("", text, Secrets::one(text, &text.len().to_string())),
                false => filled.literal(text),
            }
        }
        filled.end()
    }

    #[test]
    fn what_a_value_is_written_together_with_is_hidden_with_it() {
        let (text, secrets) = filled(&[
            ("1", false),
            ("7", true),
            (",b", false),
            ("2", true),
            ("x", true),
        ]);
        assert_eq!(text, "17,b2x");
        for (said, shown) in [
            ("found `17`", "found `1${1}`"),
            ("found `b2x`", "found `b${1}${1}`"),
            ("found `17,b2x`", "found `1${1},b${1}${1}`"),
            ("17 of 17,b2xx", "17 of 17,b2xx"),
            ("17,b2x", "1${1},b${1}${1}"),
        ] {
            assert_eq!(secrets.hide(said), shown, "{said}");
        }
        let (_, secrets) = filled(&[("my", false), ("word", true), ("s:x", false)]);
        assert_eq!(
            secrets.hide("mywords, word, words, `mywords:x`"),
            "my${4}s, ${4}, words, `my${4}s:x`"
        );
        // What messages never quote whole is not kept.
        let long = "x".repeat(LONGEST + 1);
        let (text, secrets) = filled(&[(&long, true), (" ", false), ("word", true)]);
        assert_eq!(
            (text.len(), secrets.hide("word")),
            (LONGEST + 6, "${4}".into())
        );
    }

    #[test]
    fn telling_names_are_those_of_secrets() {
        for name in [
            "DB_PASSWORD",
            "env:DB_PASS",
            "pwd",
            "${env:SMTP_PW}",
            "ApiToken",
            "api_key",
        ] {
            assert!(is_secret(name), "{name}");
        }
        for name in [
            "passenger",
            "bypass_count",
            "HOME",
            "key",
            "pwned",
            "env:USER",
        ] {
            assert!(!is_secret(name), "{name}");
        }
    }
}
