//! Merges what included files share into the file that includes them.
//!
//! Of a param the including file's value counts. A table that both have is one table: what the including
//! file says of it counts, and of its columns and types those of a name that the included file has, too,
//! stand in their place, the others come after all of them. Two files that are both included share no names.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use super::read::{check_version, read_included};
use crate::error::{Problem, Result};
use crate::place::{FilePath, MapKey, Node, Value, decode};

const SHARED: &[&str] = &["params", "reference", "tables"];

/// The files of one pipeline, by their canonical paths.
#[derive(Default)]
struct IncludedFiles {
    /// Those whose includes are being merged, each with its path as shown, outermost first.
    open: Vec<(PathBuf, String)>,
    /// Those that are merged.
    read: HashMap<PathBuf, Node>,
}

/// Merges the shared parts of the included files into the root, the root's own winning for params.
/// Returns the files.
///
/// # Errors
/// A file that cannot be read, that shares what it cannot, or that includes itself.
pub(super) fn include(root: &mut Node, path: &Path) -> Result<Vec<PathBuf>> {
    let mut files = IncludedFiles::default();
    files.merge_all(root, path, canonical(path))?;
    Ok(files
        .read
        .into_values()
        .map(|tree| tree.place.file().into())
        .collect())
}

/// A path that cannot be resolved is said when it is read.
fn canonical(path: &Path) -> PathBuf {
    path.canonicalize().unwrap_or_else(|_| path.to_path_buf())
}

impl IncludedFiles {
    fn merge_all(&mut self, root: &mut Node, path: &Path, canonical: PathBuf) -> Result<()> {
        // Taken out before decoding: places of what an included file says stay those of that file,
        // so that a caret shows the right line.
        let Some((_, included)) = root.take("include") else {
            return Ok(());
        };
        let items = match &included.value {
            Value::List(items) => items.as_slice(),
            _ => std::slice::from_ref(&included),
        };
        self.open.push((canonical, path.display().to_string()));
        // The name of the file as places have it, with which they are compared.
        let own = root.place.file().to_string();
        for item in items {
            let Value::Scalar { text, .. } = &item.value else {
                let found = item.describe();
                let message = format!("expected a path to include, found {found}");
                return Err(Problem::new(message).at(&item.place).into());
            };
            FilePath::said(text).map_err(|problem| problem.at(&item.place))?;
            let included = path.parent().unwrap_or(Path::new("")).join(text);
            merge(root, self.tree(&included, item)?, &own)?;
        }
        self.open.pop();
        Ok(())
    }

    /// The file with all that it includes. One that several others include is read once.
    fn tree(&mut self, path: &Path, item: &Node) -> Result<Node> {
        let own = canonical(path);
        // By canonical path: one file that two others include is read once, and its tables are no
        // second ones.
        if let Some(tree) = self.read.get(&own) {
            return Ok(tree.clone());
        }
        self.refuse_circle(&own, item)?;
        let mut tree = read_included(path).map_err(|error| error.at(&item.place))?;
        self.merge_all(&mut tree, path, own.clone())?;
        self.read.insert(own, tree.clone());
        Ok(tree)
    }

    fn refuse_circle(&self, path: &Path, item: &Node) -> Result<(), Problem> {
        let Some(first) = self.open.iter().position(|(open, _)| open == path) else {
            return Ok(());
        };
        // Files that included each other overflowed the stack.
        let circle = self.open[first..].iter().chain([&self.open[first]]);
        let names: Vec<&str> = circle.map(|(_, name)| name.as_str()).collect();
        Err(
            Problem::new(format!("include circle: {}", names.join(" → ")))
                .at(&item.place)
                .hint("move what these files share into a file that includes none of them"),
        )
    }
}

/// Merges an included file into the one named `own`.
fn merge(root: &mut Node, included: Node, own: &str) -> Result<(), Problem> {
    let Value::Map(entries) = included.value else {
        return Err(Problem::new("an included file must be a map").at(&included.place));
    };
    for (key, value) in entries {
        if key.name.starts_with("x-") {
            continue;
        }
        if key.name == "version" {
            check_version(&decode(&value)?)?;
            continue;
        }
        if !SHARED.contains(&key.name.as_str()) {
            return Err(
                Problem::new(format!("an included file cannot have `{}`", key.name))
                    .at(&key.place)
                    .hint("it shares `params`, `reference` and `tables`"),
            );
        }
        merge_part(root, key, value, own)?;
    }
    Ok(())
}

fn merge_part(root: &mut Node, part: MapKey, value: Node, file: &str) -> Result<(), Problem> {
    let Some((key, mut own)) = root.take(&part.name) else {
        return push(root, part, value);
    };
    if let (Value::Map(ours), Value::Map(theirs)) = (&mut own.value, value.value) {
        let mut merged = Vec::new();
        for (name, value) in theirs {
            match ours.iter().position(|(own, _)| own.name == name.name) {
                None => merged.push((name, value)),
                // The very same entry, from a file that two others include: it moves to the front,
                // before what uses it.
                Some(index) if ours[index].0.place == name.place => {
                    merged.push(ours.remove(index));
                }
                // A param is what a file offers to be set; whoever includes it sets it.
                Some(_) if part.name == "params" => {}
                // Only a table of the including file itself: two included files that both say one
                // table would be merged in the order in which they stand, which nobody would see.
                Some(index) if part.name == "tables" && ours[index].0.place.file() == file => {
                    let (own, ours) = ours.remove(index);
                    merged.push((own, merge_table(ours, value)));
                }
                Some(index) => return Err(defined_twice(&ours[index].0, &name)),
            }
        }
        // What is included comes first, in its own order: tables refer to those above them, and the
        // file that includes knows the others.
        merged.append(ours);
        *ours = merged;
    }
    push(root, key, own)
}

/// Merges what two files say of one table: `ours` wins over `theirs`.
fn merge_table(mut ours: Node, theirs: Node) -> Node {
    let Value::Map(entries) = theirs.value else {
        return ours;
    };
    let mut merged = Vec::new();
    for (key, theirs) in entries {
        merged.push(match ours.take(&key.name) {
            None => (key, theirs),
            Some((own, value)) if matches!(key.name.as_str(), "columns" | "types") => {
                (own, merge_named(value, theirs))
            }
            Some(own) => own,
        });
    }
    if let Value::Map(own) = &mut ours.value {
        merged.append(own);
        *own = merged;
    }
    ours
}

/// Ours in the place of those of the same name, the others after all of theirs.
fn merge_named(mut ours: Node, theirs: Node) -> Node {
    let (Value::Map(own), Value::Map(entries)) = (&mut ours.value, theirs.value) else {
        return ours;
    };
    let mut merged = Vec::new();
    for (name, value) in entries {
        let index = own.iter().position(|(known, _)| known.name == name.name);
        merged.push(index.map_or((name, value), |index| own.remove(index)));
    }
    merged.append(own);
    *own = merged;
    ours
}

fn push(root: &mut Node, key: MapKey, value: Node) -> Result<(), Problem> {
    match &mut root.value {
        Value::Map(entries) => {
            entries.push((key, value));
            Ok(())
        }
        _ => Err(Problem::new(format!(
            "a pipeline file is a map, found {}",
            root.describe()
        ))
        .at(&root.place)),
    }
}

fn defined_twice(own: &MapKey, included: &MapKey) -> Problem {
    let (name, file) = (&own.name, included.place.file());
    Problem::new(format!(
        "`{name}` is defined twice, here and in the included file `{file}`"
    ))
    .at(&own.place)
}
