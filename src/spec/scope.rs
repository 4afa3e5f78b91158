//! What names stand for in a pipeline file: its params, the run's date and slot, the environment.

use std::collections::{BTreeMap, BTreeSet};

use super::{GivenValues, Slot};
use crate::error::{Problem, Problems, Result, did_you_mean};
use crate::place::{
    Node, Place, Value, Variables, expand, expand_params, is_secret, without_users,
};

/// Takes the params out of the tree and expands everything else; the params with their values,
/// secrets hidden.
pub(super) fn expand_all(
    root: &mut Node,
    given: &GivenValues,
    slot: Option<Slot>,
    problems: &mut Problems,
) -> Result<(Vec<(String, String)>, Variables)> {
    let run_date = ("run_date".to_string(), given.run_date.clone());
    let slot = slot.map(|slot| ("slot".to_string(), slot.to_string()));
    let mut scope = Variables {
        params: [run_date].into_iter().chain(slot).collect(),
        environment: given.environment.clone(),
        // `{name}` in a template is a column and `${name}` a param: with the columns known, an
        // unknown `${name}` can be told which of the two was meant.
        columns: columns(root),
        ..Variables::default()
    };
    let mut names = Vec::new();
    if let Some((_, params)) = root.take("params") {
        names = expand_params(&params, &overrides(given), &mut scope)?;
    }
    check_set(given, &names)?;
    expand(root, &scope, problems);
    let shown = |(name, _): (String, Place)| {
        let value = match is_secret(&name) {
            // By the name, too: a secret that somebody writes into the file itself comes from no
            // variable.
            true => "***".to_string(),
            false => without_users(&scope.secrets[&name].hide(&scope.params[&name])),
        };
        (name, value)
    };
    let params = names.into_iter().map(shown).collect();
    Ok((params, scope))
}

/// The names of the columns of all tables.
fn columns(root: &Node) -> BTreeSet<String> {
    let keys = |node: &Node| match &node.value {
        Value::Map(entries) => entries.iter().map(|(key, _)| key.name.clone()).collect(),
        _ => Vec::new(),
    };
    let Some(Value::Map(tables)) = root.get("tables").map(|tables| &tables.value) else {
        return BTreeSet::new();
    };
    let tables = tables.iter().filter_map(|(_, table)| table.get("columns"));
    tables.flat_map(keys).collect()
}

/// `--set` before `ROWGEN_PARAM_name`.
pub(super) fn overrides(given: &GivenValues) -> BTreeMap<String, String> {
    let environment = given.environment.iter().filter_map(|(name, value)| {
        Some((
            name.strip_prefix("ROWGEN_PARAM_")?.to_string(),
            value.clone(),
        ))
    });
    // The later entry of a map wins: a flag is said for one run, a variable stands in a deployment.
    environment.chain(given.set.clone()).collect()
}

fn check_set(given: &GivenValues, names: &[(String, Place)]) -> Result<()> {
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
