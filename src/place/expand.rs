//! `${name}`, `${env:NAME}` and `${env:NAME:-default}`, expanded in values after parsing; an option that is
//! `${env:NAME:-}` and nothing else is left out where there is no such variable.

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};

use super::secret::{Filled, Secrets, is_secret};
use super::url::{TemplatePart, encoded, users};
use super::{Node, Place, Value};
use crate::error::{Problem, Problems, did_you_mean};
use crate::units::show_bytes;

/// All that names stand for in one file has no more bytes: params that each stand for ten of the one
/// before would fill any memory.
// The same limit as that of a file's own text (`yaml::MOST_BYTES`); a choice, no measurement is
// behind it.
const MOST_BYTES: usize = 64 << 20;

/// What names stand for.
#[derive(Default, Clone)]
pub struct Variables {
    /// The declared params and `run_date`.
    pub params: BTreeMap<String, String>,
    /// The environment.
    pub environment: BTreeMap<String, String>,
    /// What no message shows of the params' values, for those that have any.
    pub secrets: BTreeMap<String, Secrets>,
    /// The names of the file's columns, which are no params.
    pub columns: BTreeSet<String>,
    /// Bytes that names have stood for so far.
    pub expanded: Cell<usize>,
}

/// Values may be secrets.
impl std::fmt::Debug for Variables {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.params.keys()).finish()
    }
}

impl Variables {
    /// A name stands for some more bytes.
    fn add(&self, bytes: usize) -> Result<(), Problem> {
        let sum = self.expanded.get().saturating_add(bytes);
        self.expanded.set(sum);
        match sum > MOST_BYTES {
            false => Ok(()),
            true => {
                let most = show_bytes(MOST_BYTES as u64);
                let message = format!("`${{…}}` stand for more than {most} of text in this file");
                Err(Problem::new(message)
                    .hint("long texts belong in a file of their own: under `reference:`"))
            }
        }
    }

    /// More than that is not expanded: it was told.
    fn is_full(&self) -> bool {
        self.expanded.get() > MOST_BYTES
    }
}

/// Expands every value below `node`, in place, and notes each unknown name or unset variable with its
/// place. Keys are names and stay as they are.
pub fn expand(node: &mut Node, scope: &Variables, problems: &mut Problems) {
    match &mut node.value {
        Value::Null => {}
        Value::Scalar { text, .. } if !text.contains("${") => {}
        // `${env:NAME:-}` alone, without a NAME: the option is as if it were not there. Empty text
        // would be an option of its own.
        Value::Scalar { text, .. } if is_nothing(text, scope) => node.value = Value::Null,
        Value::Scalar { .. } if scope.is_full() => {}
        // After parsing, not before: a value with a quote, a colon or a line end in it stays one
        // value, and places stay those of the file.
        Value::Scalar { text, filled, .. } => {
            // `$${` stands for itself.
            *filled = text.replace("$${", "").contains("${");
            let expanded = expand_text(text, scope).map_err(|problem| problem.at(&node.place));
            if let Some((expanded, secrets)) = problems.note(expanded) {
                *text = expanded;
                node.place.hide(secrets);
            }
        }
        Value::List(items) => items
            .iter_mut()
            .for_each(|item| expand(item, scope, problems)),
        Value::Map(entries) => entries
            .iter_mut()
            .for_each(|(_, value)| expand(value, scope, problems)),
    }
}

/// True of `${env:NAME:-}` alone where there is no such variable: what stands there is left out.
fn is_nothing(text: &str, scope: &Variables) -> bool {
    let name = text.strip_prefix("${env:");
    let name = name.and_then(|rest| rest.strip_suffix(":-}"));
    let is_unset = |name: &str| scope.environment.get(name).is_none_or(String::is_empty);
    name.is_some_and(|name| !name.contains(['$', '}']) && is_unset(name))
}

/// The text with every name's value, and what of it no message shows. In the place of a URL's user a value is
/// encoded, so that it is taken as it is.
fn expand_text(text: &str, scope: &Variables) -> Result<(String, Secrets), Problem> {
    let parts = parts(text)?;
    let mut filled = Filled::default();
    for (part, user) in parts.iter().zip(users(&parts)) {
        let name = match part {
            TemplatePart::Literal(text) => {
                filled.literal(text);
                continue;
            }
            TemplatePart::Name(name) => name,
        };
        // Once: what a value holds is not expanded again, so that a `${` in a password is text.
        let (value, mut secrets) = value_of(name, scope)?;
        let value = match user {
            None => value,
            Some(user) => {
                let encoded = encoded(&value, user);
                if !secrets.is_empty() && encoded != value {
                    // Both are hidden: drivers tell a user as it is.
                    secrets.extend(Secrets::one(&encoded, name_of(name)));
                }
                encoded
            }
        };
        scope.add(value.len())?;
        filled.value(name_of(name), &value, secrets);
    }
    Ok(filled.end())
}

/// A name without its default.
fn name_of(name: &str) -> &str {
    name.split_once(":-").map_or(name, |(name, _)| name)
}

/// What stands in the file, and names; `$${` stands for `${` itself.
fn parts(text: &str) -> Result<Vec<TemplatePart<'_>>, Problem> {
    let mut parts = Vec::new();
    let (mut begin, mut from) = (0, 0);
    while let Some(start) = text[from..].find("${").map(|start| from + start) {
        if text[begin..start].ends_with('$') {
            parts.push(TemplatePart::Literal(&text[begin..start - 1]));
            (begin, from) = (start, start + 2);
            continue;
        }
        let Some(end) = text[start..].find('}').map(|end| start + end) else {
            return Err(Problem::new("`${` without its `}`").hint("write `$${` for a literal `${`"));
        };
        let name = &text[start + 2..end];
        // It would end at the first `}`, and the rest of it be text.
        if name.contains("${") {
            let problem = Problem::new("`${…}` cannot stand within another one");
            return Err(problem.hint("give the inner one a name under `params:` and write that"));
        }
        parts.push(TemplatePart::Literal(&text[begin..start]));
        parts.push(TemplatePart::Name(name));
        (begin, from) = (end + 1, end + 1);
    }
    parts.push(TemplatePart::Literal(&text[begin..]));
    Ok(parts)
}

/// True of what was given in bytes that are no UTF-8, which has U+FFFD in their place.
fn is_no_text(value: &str) -> bool {
    value.contains(char::REPLACEMENT_CHARACTER)
}

fn no_text(what: &str, name: &str) -> Problem {
    Problem::new(format!("{what} `{name}` is no UTF-8 text"))
}

fn value_of(name: &str, scope: &Variables) -> Result<(String, Secrets), Problem> {
    if let Some(variable) = name.strip_prefix("env:") {
        let (variable, default) = match variable.split_once(":-") {
            Some((variable, default)) => (variable, Some(default)),
            None => (variable, None),
        };
        return match (scope.environment.get(variable), default) {
            (Some(value), _) if is_no_text(value) => {
                Err(no_text("the environment variable", variable))
            }
            (Some(value), _) if !(value.is_empty() && default.is_some()) => Ok((
                value.clone(),
                Secrets::one(value, &format!("env:{variable}")),
            )),
            (_, Some(default)) => Ok((default.to_string(), Secrets::default())),
            _ => Err(
                Problem::new(format!("the environment variable `{variable}` is not set")).hint(
                    format!("set it, or give a default: `${{env:{variable}:-…}}`"),
                ),
            ),
        };
    }
    let secrets = scope.secrets.get(name).cloned().unwrap_or_default();
    let value = scope.params.get(name).cloned();
    value.map(|value| (value, secrets)).ok_or_else(|| {
        Problem::new(format!("`${{{name}}}` is not a declared param")).hint(
            of_a_column(name, scope)
                .or_else(|| did_you_mean(name, scope.params.keys().map(String::as_str)))
                .unwrap_or_else(|| {
                    format!(
                        "declare it under `params:`, above what uses it, or write `${{env:{name}}}` for the environment"
                    )
                }),
        )
    })
}

/// `${id}` where a column is meant.
fn of_a_column(name: &str, scope: &Variables) -> Option<String> {
    let hint =
        format!("a column has no `$`: it is `{name}` in an `expr`, `{{{name}}}` in a `template`");
    scope.columns.contains(name).then_some(hint)
}

/// The params of a file, each expanded with those before it.
///
/// # Errors
/// A param that is not a scalar, or a name it uses that is not declared before it.
pub fn expand_params(
    node: &Node,
    given: &BTreeMap<String, String>,
    scope: &mut Variables,
) -> Result<Vec<(String, Place)>, Problem> {
    let Value::Map(entries) = &node.value else {
        return Err(Problem::new(format!(
            "expected a map of params, found {}",
            node.describe()
        ))
        .at(&node.place));
    };
    let mut names = Vec::new();
    for (key, value) in entries {
        let Value::Scalar { text, .. } = &value.value else {
            return Err(Problem::new(format!(
                "the param `{}` must be one value, found {}",
                key.name,
                value.describe()
            ))
            .at(&value.place));
        };
        let (text, mut secrets) = match given.get(&key.name) {
            Some(text) if is_no_text(text) => {
                return Err(no_text("the value given for", &key.name).at(&key.place));
            }
            Some(text) => (text.clone(), Secrets::default()),
            // With the params above it only: that there is an order rules out cycles.
            None => expand_text(text, scope).map_err(|problem| problem.at(&value.place))?,
        };
        if is_secret(&key.name) {
            secrets = Secrets::one(&text, &key.name);
        }
        // A param that is made of a secret is one, whatever its name is: its secrets go with its
        // value.
        scope.secrets.insert(key.name.clone(), secrets);
        scope.params.insert(key.name.clone(), text);
        names.push((key.name.clone(), key.place.clone()));
    }
    Ok(names)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str) -> String {
        let scope = Variables {
            params: [("rows".to_string(), "10".to_string())].into(),
            environment: [("HOST".to_string(), "box".to_string())].into(),
            columns: ["id".to_string()].into(),
            ..Variables::default()
        };
        expand_text(text, &scope).map_or_else(|problem| problem.to_string(), |(text, _)| text)
    }

    #[test]
    fn names_stand_for_their_values() {
        assert_eq!(
            check("a ${rows} b ${env:HOST}:${env:PORT:-9092}"),
            "a 10 b box:9092"
        );
        assert_eq!(check("$${rows} costs $5"), "${rows} costs $5");
        assert_eq!(check("$${a$${rows}${rows}$"), "${a${rows}10$");
    }

    #[test]
    fn none_stands_within_another() {
        assert_eq!(
            check("${env:NOPE:-${env:HOST}}"),
            "error: `${…}` cannot stand within another one\n  hint: give the inner one a name under `params:` and write that"
        );
    }

    #[test]
    fn a_value_in_the_place_of_a_url_s_user_is_taken_as_it_is() {
        let environment = [
            ("U", "m@e"),
            ("P", "p/w:#?%"),
            ("BOTH", "m@e:p:w"),
            ("DB", "a/b"),
        ];
        let own = |(name, value): (&str, &str)| (name.to_string(), value.to_string());
        let mut scope = Variables {
            environment: environment.map(own).into(),
            ..Variables::default()
        };
        let source = std::sync::Arc::new(crate::place::Source::new("t", "{ pw: \"${env:P}\" }"));
        let params = crate::place::parse(&source).unwrap();
        expand_params(&params, &BTreeMap::new(), &mut scope).unwrap();
        for (text, filled, shown) in [
            (
                "db://${env:U}:${env:P}@${env:DB}",
                "db://m%40e:p%2Fw%3A%23%3F%25@a/b",
                "db://${env:U}:${env:P}@${env:DB}",
            ),
            (
                "db://me:${pw}@h",
                "db://me:p%2Fw%3A%23%3F%25@h",
                "db://me:${pw}@h",
            ),
            (
                "db://${env:BOTH}@h",
                "db://m%40e:p%3Aw@h",
                "db://${env:BOTH}@h",
            ),
            (
                "db://u:${env:NONE:-a@b}@h",
                "db://u:a%40b@h",
                "db://u:a%40b@h",
            ),
            ("user=${env:U}", "user=m@e", "user=${env:U}"),
        ] {
            let (found, secrets) = expand_text(text, &scope).unwrap();
            assert_eq!(found, filled);
            // Within something longer, as messages have it.
            assert_eq!(
                secrets.hide(&format!("at {found}/d")),
                format!("at {shown}/d")
            );
        }
        let (_, secrets) = expand_text("db://${env:U}:${env:P}@h", &scope).unwrap();
        assert_eq!(
            secrets.hide("refused: 'm@e', `p/w:#?%`"),
            "refused: '${env:U}', `${env:P}`"
        );
    }

    #[test]
    fn an_empty_default_alone_leaves_the_option_out() {
        let scope = Variables {
            environment: [
                ("SET".to_string(), "1".to_string()),
                ("EMPTY".into(), String::new()),
            ]
            .into(),
            ..Variables::default()
        };
        let texts = [
            "${env:UNSET:-}",
            "${env:EMPTY:-}",
            "${env:SET:-}",
            "a${env:UNSET:-}",
            "${env:A:-}${env:B:-}",
        ];
        assert_eq!(
            texts.map(|text| is_nothing(text, &scope)),
            [true, true, false, false, false]
        );
    }

    #[test]
    fn unknown_names_are_refused() {
        assert_eq!(
            check("${row}"),
            "error: `${row}` is not a declared param\n  hint: did you mean `rows`?"
        );
        assert_eq!(
            check("round(${id}/3, 2)"),
            "error: `${id}` is not a declared param\n  hint: a column has no `$`: it is `id` in an `expr`, `{id}` in a `template`"
        );
        assert_eq!(
            check("${env:NOPE}"),
            "error: the environment variable `NOPE` is not set\n  hint: set it, or give a default: `${env:NOPE:-…}`"
        );
        assert_eq!(
            check("${rows"),
            "error: `${` without its `}`\n  hint: write `$${` for a literal `${`"
        );
    }
}
