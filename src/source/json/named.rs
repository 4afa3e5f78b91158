//! Names in `types` that no object has, because they are written otherwise: their columns would be null.

use std::collections::BTreeSet;

use memchr::memmem::Finder;

use super::JsonFile;
use super::infer;
use crate::error::{Problem, Result, did_you_mean};
use crate::source::Types;
use crate::source::file::OpenFile;
use crate::source::index::parts;

/// A field may be missing in every object, so a name is wrong only where nothing has it, and a field
/// that nobody names has nearly the same.
///
/// # Errors
/// There is such a name.
pub(super) fn check(files: &[JsonFile], types: &Types) -> Result<(), Problem> {
    let named = |name: &str| types.iter().any(|(known, _)| known.value == name);
    let mut fields = BTreeSet::new();
    let mut missing: Vec<_> = types.iter().map(|(name, _)| name).collect();
    for objects in files {
        // Nearly always the first file has all of them.
        if missing.is_empty() {
            return Ok(());
        }
        fields.extend(infer::first_names(objects));
        objects.file.settle();
        missing.retain(|name| !fields.contains(&name.value));
    }
    for name in missing {
        let others = fields
            .iter()
            .map(String::as_str)
            .filter(|field| !named(field));
        // A field that no object has may still be right: it may be missing in all of them today.
        // Only one that is nearly another is looked for in the whole text.
        let Some(meant) = did_you_mean(&name.value, others) else {
            continue;
        };
        if !stands_anywhere(files, &name.value)? {
            let what = format!("`types`: no object has a field `{}`", name.value);
            let hint = format!("{meant} If it is only missing, name that one in `types`, too");
            return Err(Problem::new(what).at(&name.place).hint(hint));
        }
    }
    Ok(())
}

/// The name in quotes, somewhere in the files' text: as fast as they are read.
fn stands_anywhere(files: &[JsonFile], name: &str) -> Result<bool, Problem> {
    let quoted = serde_json::Value::from(name).to_string();
    for objects in files {
        let found = stands_in(&objects.file, quoted.as_bytes());
        objects.file.settle();
        if found.map_err(|error| objects.file.problem(error))? {
            return Ok(true);
        }
    }
    Ok(false)
}

fn stands_in(file: &OpenFile, quoted: &[u8]) -> Result<bool> {
    let finder = Finder::new(quoted);
    let mut before = Vec::new();
    for part in parts(file, 0) {
        let (_, bytes) = part?;
        // It may stand across the end of a part.
        before.extend_from_slice(&bytes[..bytes.len().min(quoted.len())]);
        if finder.find(&before).is_some() || finder.find(&bytes).is_some() {
            return Ok(true);
        }
        before = bytes[bytes.len().saturating_sub(quoted.len())..].to_vec();
    }
    Ok(false)
}
