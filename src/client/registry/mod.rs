//! Schema registries: what a pipeline file says of one, and its client.

#[cfg(any(feature = "kafka", feature = "rabbitmq"))]
mod http;

use percent_encoding::percent_decode_str;
use schemars::JsonSchema;
use serde::Deserialize;

use crate::error::Problem;
use crate::place::{Place, Placed, Secret, Text};

#[cfg(any(feature = "kafka", feature = "rabbitmq"))]
pub use http::Client;

/// A server of the Schema Registry API.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Registry {
    /// Where it answers: `http://localhost:8081`.
    url: Placed<Text>,
    /// The user's name, if it asks for one.
    user: Option<Text>,
    /// The user's password.
    password: Option<Secret>,
}

/// A registry's address without the user, and the user.
#[derive(Debug)]
pub struct Address {
    /// `http://localhost:8081`, without a final slash.
    pub url: String,
    /// A name and a password, as they go over the line.
    pub user: Option<(String, Secret)>,
}

impl Registry {
    /// The address, and who asks. A user in the URL itself counts where no other is named.
    ///
    /// # Errors
    /// The URL is none.
    pub fn address(&self) -> Result<Address, Problem> {
        let (scheme, rest) = self.url.split_once("://").unwrap_or_default();
        if !matches!(scheme, "http" | "https") || rest.is_empty() {
            let problem =
                Problem::new("the URL of a schema registry begins with `http://` or `https://`");
            return Err(self.at(problem.hint("say `url: \"http://localhost:8081\"`")));
        }
        if scheme == "https" && !cfg!(feature = "kafka-tls") {
            let problem = Problem::new("this rowgen cannot speak TLS to a schema registry");
            return Err(self.at(problem.hint("build it with `--features kafka-tls`")));
        }
        let (inside, rest) = match user_end(rest) {
            Some(at) => (Some(&rest[..at]), &rest[at + 1..]),
            None => (None, rest),
        };
        let (host, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        let inside = inside.map(|user| user.split_once(':').unwrap_or((user, "")));
        let inside = inside.map(|(user, password)| (decoded(user), Secret(decoded(password))));
        let password = || {
            self.password
                .clone()
                .unwrap_or_else(|| Secret(String::new()))
        };
        let named = self.user.as_ref().map(|user| (user.0.clone(), password()));
        Ok(Address {
            url: format!("{scheme}://{host}{}", path.trim_end_matches('/')),
            user: named.or(inside),
        })
    }

    /// Where its URL stands; nothing when that line would show a password.
    pub fn place(&self) -> Option<&Place> {
        (!self.url.contains('@')).then_some(&self.url.place)
    }

    fn at(&self, problem: Problem) -> Problem {
        match self.place() {
            Some(place) => problem.at(place),
            None => problem,
        }
    }
}

/// As it was before it was put into a URL.
fn decoded(text: &str) -> String {
    percent_decode_str(text).decode_utf8_lossy().into_owned()
}

/// The `@` behind a user, which stands before the path. Without one there, what is no port may be
/// the beginning of a password that has a slash.
fn user_end(rest: &str) -> Option<usize> {
    let host = &rest[..rest.find('/').unwrap_or(rest.len())];
    let port = host.rsplit_once(':').map(|(_, port)| port);
    let whole = port.is_none_or(|port| host.ends_with(']') || port.parse::<u16>().is_ok());
    match host.rfind('@') {
        None if !whole => rest.rfind('@'),
        at => at,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::place::{Source, decode, parse};

    fn registry(yaml: &str) -> Registry {
        let source = Arc::new(Source::new("p.yaml", yaml));
        decode(&parse(&source).unwrap()).unwrap()
    }

    #[test]
    fn the_address_is_shown_without_the_user() {
        for (yaml, url, user) in [
            ("url: \"http://r:8081/\"", "http://r:8081", None),
            ("url: \"http://r/a/b@c\"", "http://r/a/b@c", None),
            ("url: \"http://r:80/b@c\"", "http://r:80/b@c", None),
            ("url: \"http://[::1]/b@c\"", "http://[::1]/b@c", None),
            ("url: \"http://u:p@r/x\"", "http://r/x", Some(("u", "p"))),
            (
                "url: \"http://u:p/q/s@r:80/x\"",
                "http://r:80/x",
                Some(("u", "p/q/s")),
            ),
            (
                "url: \"http://u%40x:p%2F%25%zz@r\"",
                "http://r",
                Some(("u@x", "p/%%zz")),
            ),
            (
                "url: \"http://u@r\"\nuser: v\npassword: q",
                "http://r",
                Some(("v", "q")),
            ),
            ("url: \"http://r\"\nuser: v", "http://r", Some(("v", ""))),
        ] {
            let address = registry(yaml).address().unwrap();
            assert_eq!(address.url, url);
            let found = address.user.as_ref();
            assert_eq!(
                found.map(|(user, password)| (user.as_str(), password.0.as_str())),
                user
            );
        }
    }

    #[test]
    fn a_url_that_is_none_is_shown_where_it_stands() {
        assert_eq!(
            registry("url: \"localhost:8081\"")
                .address()
                .unwrap_err()
                .to_string(),
            "error: the URL of a schema registry begins with `http://` or `https://`\n \
             --> p.yaml:1:6\n  |\n1 | url: \"localhost:8081\"\n  |      ^^^^^^^^^^^^^^^^\n  \
             hint: say `url: \"http://localhost:8081\"`"
        );
        let hidden = registry("url: \"user:hunter2@localhost:8081\"").address();
        assert!(!hidden.unwrap_err().to_string().contains("hunter2"));
    }

    #[cfg(not(feature = "kafka-tls"))]
    #[test]
    fn tls_needs_its_feature() {
        assert_eq!(
            registry("url: \"https://r\"")
                .address()
                .unwrap_err()
                .to_string(),
            "error: this rowgen cannot speak TLS to a schema registry\n \
             --> p.yaml:1:6\n  |\n1 | url: \"https://r\"\n  |      ^^^^^^^^^^^\n  \
             hint: build it with `--features kafka-tls`"
        );
    }
}
