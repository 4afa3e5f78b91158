//! What no message shows: values from the environment, params with telling names, users in URLs.

use std::fmt;

/// Values, each with the expression that is shown in its place.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Secrets(Vec<(String, String)>);

/// Only how many there are.
impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Secrets({})", self.0.len())
    }
}

impl Secrets {
    /// One value, shown as `${name}`.
    pub fn one(value: &str, name: &str) -> Self {
        let mut secrets = Self::default();
        if !value.is_empty() {
            secrets.0.push((value.into(), format!("${{{name}}}")));
        }
        secrets
    }

    /// Adds others, each once: a param may stand for one many times.
    pub fn extend(&mut self, others: Self) {
        for other in others.0 {
            if !self.0.contains(&other) {
                self.0.push(other);
            }
        }
        // A value may begin with another one.
        self.0
            .sort_by_key(|(value, _)| std::cmp::Reverse(value.len()));
    }

    /// The expression of one whose name says that it is a secret, and not where one is kept.
    pub(super) fn named(&self) -> Option<&str> {
        let kept = |name: &str| {
            let name = name.trim_end_matches('}').to_lowercase();
            ["file", "path", "dir", "folder"]
                .iter()
                .any(|end| name.ends_with(end))
        };
        let mut named = self.0.iter();
        let named = named.find(|(_, name)| is_secret(name) && !kept(name));
        named.map(|(_, expression)| expression.as_str())
    }

    /// True when there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The text with every value as its expression.
    pub fn hide(&self, text: &str) -> String {
        let mut shown = String::with_capacity(text.len());
        let mut rest = text;
        while let Some(next) = rest.chars().next() {
            let secret = self.0.iter().find(|(value, _)| rest.starts_with(value));
            let taken = match secret {
                Some((value, expression)) => {
                    shown.push_str(expression);
                    value.len()
                }
                None => {
                    shown.push(next);
                    next.len_utf8()
                }
            };
            rest = &rest[taken..];
        }
        shown
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

/// The text with a star for every character of a URL's user and password, so that a caret below
/// still stands where it should.
pub fn without_users(text: &str) -> String {
    without_bare_users(&without_url_users(text))
}

/// `user:password@host` where no scheme stands before it: the server that it is meant for is told in
/// other ways, but the password is one.
fn without_bare_users(text: &str) -> String {
    let ends = |c: char| c.is_whitespace() || "/`'\",=({[<>".contains(c);
    let mut shown = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('@') {
        // A password may have one, too: the last one before something else stands before the host.
        let word = &rest[at..at + rest[at..].find(ends).unwrap_or(rest.len() - at)];
        let (before, after) = rest.split_at(at + word.rfind('@').unwrap_or(0));
        let begin = before.rfind(ends).map_or(0, |end| {
            end + before[end..].chars().next().map_or(1, char::len_utf8)
        });
        let user = &before[begin..];
        let host = after[1..].starts_with(|c: char| c.is_alphanumeric() || c == '[');
        // An address of mail has no colon before its `@`, and stays.
        let hidden = host && user.contains(':') && !user.starts_with(':');
        shown.push_str(&before[..begin]);
        match hidden {
            true => shown.extend(user.chars().map(|_| '*')),
            false => shown.push_str(user),
        }
        shown.push('@');
        rest = &after[1..];
    }
    shown + rest
}

fn without_url_users(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("://") {
        let ends = |c: char| c.is_whitespace() || "/?#`'\"".contains(c);
        let authority = &after[..after.find(ends).unwrap_or(after.len())];
        let user = authority.rfind('@').unwrap_or(0);
        let stars = "*".repeat(authority[..user].chars().count());
        shown.extend([before, "://", &stars]);
        rest = &after[user..];
    }
    shown + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_shown_as_their_expressions() {
        let mut secrets = Secrets::one("env", "env:SHORT");
        secrets.extend(Secrets::one("environment", "env:LONG"));
        secrets.extend(Secrets::one("", "env:EMPTY"));
        assert_eq!(
            secrets.hide("env, environment: é"),
            "${env:SHORT}, ${env:LONG}: é"
        );
        assert_eq!(format!("{secrets:?}"), "Secrets(2)");
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

    #[test]
    fn users_of_urls_are_hidden() {
        for (text, shown) in [
            ("`postgres://u:pw@host/a`", "`postgres://****@host/a`"),
            ("a://b@c, d://e:f@g@h", "a://*@c, d://*****@h"),
            ("http://host/@me and x://", "http://host/@me and x://"),
            ("no url: a@b", "no url: a@b"),
            ("`me:pw@host:9092`", "`*****@host:9092`"),
            (
                "brokers: \"a:1,me:p@w@host\"",
                "brokers: \"a:1,******@host\"",
            ),
            ("é:ü@[::1]", "***@[::1]"),
            ("at 10:30 @ home, a@b.c:d", "at 10:30 @ home, a@b.c:d"),
        ] {
            assert_eq!(without_users(text), shown);
        }
    }
}
