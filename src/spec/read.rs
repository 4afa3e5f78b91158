//! Reads a pipeline file and those it includes: parse, merge, take params, expand, decode.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use super::Pipeline;
use super::include::include;
use super::pipeline::File;
use crate::error::{Error, Problem, Result, did_you_mean};
use crate::place::{
    Node, Place, Placed, Scope, Source, Value, decode, expand, expand_params, is_secret, parse,
    without_users,
};

/// What is given beside the file.
#[derive(Debug, Clone, Default)]
pub struct Given {
    /// `--set name=value`.
    pub set: BTreeMap<String, String>,
    /// The environment.
    pub environment: BTreeMap<String, String>,
    /// `--run-date`, a date as 2026-01-31.
    pub run_date: String,
    /// `--seed`.
    pub seed: Option<String>,
}

const KEYS: &[&str] = &[
    "version",
    "name",
    "seed",
    "include",
    "params",
    "reference",
    "tables",
    "sinks",
    "run",
];

/// Reads the pipeline at `path`.
///
/// # Errors
/// The first mistake in the file, with its place.
pub fn read(path: &Path, given: &Given) -> Result<Pipeline> {
    let mut root = read_tree(path)?;
    remove_extensions(&mut root);
    check_keys(&root)?;
    include(&mut root, path)?;
    let params = expand_all(&mut root, given)?;
    let canonical = canonical(&root, given.seed.as_deref());
    let file: File = decode(&root)?;
    check_version(&file.version)?;
    let stem = path.file_stem().map_or_else(
        || "pipeline".into(),
        |stem| stem.to_string_lossy().into_owned(),
    );
    let name = file.name.map_or(stem, |name| name.value.0);
    Ok(Pipeline {
        path: path.display().to_string(),
        run_date: given.run_date.clone(),
        seed: given
            .seed
            .clone()
            .or(file.seed.map(|seed| seed.value.0))
            .unwrap_or_else(|| name.clone()),
        name,
        params,
        reference: file.reference,
        tables: file.tables,
        sinks: file.sinks,
        run: file.run,
        canonical,
    })
}

pub(super) fn read_tree(path: &Path) -> Result<Node> {
    let name = path.display().to_string();
    let text = std::fs::read_to_string(path).map_err(|cause| {
        Error::user(Problem::new(format!("could not read the pipeline file `{name}`")).cause(cause))
    })?;
    Ok(parse(&Arc::new(Source { name, text }))?)
}

/// Unknown keys are said first: what a misspelt `params` declares would seem to be missing.
fn check_keys(root: &Node) -> Result<(), Problem> {
    let Value::Map(entries) = &root.value else {
        return Ok(());
    };
    let unknown = entries
        .iter()
        .find(|(key, _)| !KEYS.contains(&key.name.as_str()));
    let Some((key, _)) = unknown else {
        return Ok(());
    };
    let near = did_you_mean(&key.name, KEYS.iter().copied());
    Err(Problem::new(format!("unknown key `{}`", key.name))
        .at(&key.place)
        .hint(near.unwrap_or_else(|| format!("the keys here are {}", KEYS.join(", ")))))
}

fn remove_extensions(root: &mut Node) {
    if let Value::Map(entries) = &mut root.value {
        entries.retain(|(key, _)| !key.name.starts_with("x-"));
    }
}

/// Takes the params out of the tree and expands everything else; the params with their values,
/// secrets hidden.
fn expand_all(root: &mut Node, given: &Given) -> Result<Vec<(String, String)>> {
    let mut scope = Scope {
        params: [("run_date".to_string(), given.run_date.clone())].into(),
        environment: given.environment.clone(),
        ..Scope::default()
    };
    let mut names = Vec::new();
    if let Some((_, params)) = root.take("params") {
        names = expand_params(&params, &overrides(given), &mut scope)?;
    }
    check_set(given, &names)?;
    expand(root, &scope)?;
    let shown = |(name, _): (String, Place)| {
        let value = match is_secret(&name) {
            true => "***".to_string(),
            false => without_users(&scope.secrets[&name].hide(&scope.params[&name])),
        };
        (name, value)
    };
    Ok(names.into_iter().map(shown).collect())
}

/// `--set` before `ROWGEN_PARAM_name`.
fn overrides(given: &Given) -> BTreeMap<String, String> {
    let environment = given.environment.iter().filter_map(|(name, value)| {
        Some((
            name.strip_prefix("ROWGEN_PARAM_")?.to_string(),
            value.clone(),
        ))
    });
    environment.chain(given.set.clone()).collect()
}

fn check_set(given: &Given, names: &[(String, Place)]) -> Result<()> {
    let known = || names.iter().map(|(name, _)| name.as_str());
    match given
        .set
        .keys()
        .find(|name| !known().any(|known| known == *name))
    {
        None => Ok(()),
        Some(name) => Err(Problem::new(format!(
            "`--set {name}=…`: the pipeline declares no param `{name}`"
        ))
        .hint(did_you_mean(name, known()).unwrap_or_else(|| match names {
            [] => "it has no `params`".into(),
            _ => format!("its params are {}", known().collect::<Vec<_>>().join(", ")),
        }))
        .into()),
    }
}

pub(super) fn check_version(version: &Placed<u64>) -> Result<(), Problem> {
    match version.value {
        1 => Ok(()),
        other => Err(
            Problem::new(format!("unknown version {other} of the pipeline language"))
                .at(&version.place)
                .hint("this rowgen speaks version 1"),
        ),
    }
}

/// What decides the data, as text without places.
fn canonical(root: &Node, seed: Option<&str>) -> String {
    let mut text = format!("rowgen 1\nseed {seed:?}\n");
    for part in ["name", "seed", "reference", "tables"] {
        if let Some(node) = root.get(part) {
            text.push_str(part);
            write_canonical(node, &mut text);
        }
    }
    text
}

pub(super) fn write_canonical(node: &Node, text: &mut String) {
    match &node.value {
        Value::Null => text.push('~'),
        Value::Scalar { text: scalar, .. } => text.push_str(&format!("{scalar:?}")),
        Value::List(items) => {
            text.push('[');
            items.iter().for_each(|item| {
                write_canonical(item, text);
                text.push(',');
            });
            text.push(']');
        }
        Value::Map(entries) => {
            text.push('{');
            for (key, value) in entries {
                text.push_str(&format!("{:?}:", key.name));
                write_canonical(value, text);
                text.push(',');
            }
            text.push('}');
        }
    }
}
