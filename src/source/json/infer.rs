//! The columns of a JSON file, from all of its values.

use std::sync::Arc;

use arrow::datatypes::{Schema, SchemaRef};

use super::JsonFile;
use super::seen::{Conflict, FirstSeen, SeenFields};
use crate::error::{Problem, Result};
use crate::source::json_raw::fields;
use crate::source::json_wrong::{check, not_an_object};
use crate::source::reject::{BadRow, LEFT_OUT_OR_KEPT};
use crate::source::retype::{check_names, typed};
use crate::source::{OnBadRow, Types};

/// Objects that are parsed at once.
// One point of the index: each block is read from exactly where it begins.
const BLOCK: u64 = 1024;

/// What all objects of a file have. One that cannot be read says nothing, where such are left out. With
/// `all` none can be.
pub(super) fn seen(objects: &JsonFile, all: bool) -> Result<SeenFields, Problem> {
    let mut seen = SeenFields::default();
    for first in (0..objects.index.records).step_by(BLOCK as usize) {
        let count = BLOCK.min(objects.index.records - first) as usize;
        let stretch = objects.index.read(&objects.file, first, count);
        let stretch = stretch.map_err(|error| objects.file.problem(error))?;
        let texts = objects.split(&stretch, count);
        for (line, text) in texts.map_err(|error| objects.file.problem(error))? {
            if let Err(bad) = look(&mut seen, line, text) {
                refuse(objects, line, bad, all)?;
            }
        }
    }
    Ok(seen)
}

/// The fields of the first objects, as far as these can be read.
pub(super) fn first_names(objects: &JsonFile) -> Vec<String> {
    let count = BLOCK.min(objects.index.records) as usize;
    let Ok(stretch) = objects.index.read(&objects.file, 0, count) else {
        return Vec::new();
    };
    let texts = objects.split(&stretch, count).unwrap_or_default();
    let names = texts.into_iter().filter_map(|(_, text)| fields(text).ok());
    names
        .flat_map(|fields| fields.0.into_iter().map(|(name, _)| name.into_owned()))
        .collect()
}

/// # Errors
/// None of the first rows is an object: it is another kind of file.
pub(super) fn refuse_without_objects(objects: &JsonFile) -> Result<(), Problem> {
    let count = BLOCK.min(objects.index.records) as usize;
    let stretch = objects.index.read(&objects.file, 0, count);
    let stretch = stretch.map_err(|error| objects.file.problem(error))?;
    let texts = objects.split(&stretch, count);
    let texts = texts.map_err(|error| objects.file.problem(error))?;
    match texts.is_empty() || texts.iter().any(|(_, text)| fields(text).is_ok()) {
        true => Ok(()),
        false => Err(objects.file.problem(match count {
            1 => "its only row is no object".to_string(),
            _ => format!("none of its first {count} rows is an object"),
        })),
    }
}

/// Every field that any object of the files has, with the type that `types` say or that all of its
/// values allow. With `all`, `types` are only some of the fields.
pub(super) fn schema(
    files: &[JsonFile],
    seen: &SeenFields,
    types: &Types,
    all: bool,
) -> Result<SchemaRef, Problem> {
    let said = |name: &str| {
        let (_, wanted) = types.iter().find(|(known, _)| known.value == name)?;
        Some(typed(name, wanted))
    };
    let fields = seen.types("", said);
    let fields = fields.map_err(|conflict| several(files, &conflict))?;
    if let (true, Some(first)) = (fields.is_empty(), files.first()) {
        let problem = first.file.problem("it has no rows to infer columns from");
        let hint = "say the columns in the table's `types`: then none are inferred";
        return Err(problem.maybe_hint((!all).then(|| hint.to_string())));
    }
    let schema = Schema::new(fields);
    check_names(&schema, types)?;
    Ok(Arc::new(schema))
}

fn look(seen: &mut SeenFields, line: u64, text: &[u8]) -> Result<(), BadRow> {
    // What is blank has nothing to tell.
    if text.trim_ascii().is_empty() {
        return Ok(());
    }
    // As strictly as rows are read later. A looser parser once inferred types from lines that could
    // not be read.
    check(text)?;
    // Whatever was checked can be looked at.
    let looked = fields(text).and_then(|fields| seen.look(fields, line));
    looked.map_err(|_| not_an_object(text))
}

/// The end of it, where bad objects end the run.
fn refuse(objects: &JsonFile, line: u64, bad: BadRow, all: bool) -> Result<(), Problem> {
    // A bad line is told when it is read; here it only says nothing of types.
    if !matches!(objects.on_bad_row, OnBadRow::Stop) {
        return Ok(());
    }
    let (line, message) = (line + bad.below + 1, bad.message);
    let problem = objects.file.problem(format!("line {line}: {message}"));
    Err(problem.maybe_hint((!all).then(|| LEFT_OUT_OR_KEPT.to_string())))
}

/// Values of a field that no type holds together.
fn several(files: &[JsonFile], conflict: &Conflict) -> Problem {
    let Conflict { path, kinds } = conflict;
    let mut owners = kinds.iter().map(|(file, ..)| *file);
    let first = owners.next().unwrap_or_default();
    let one = owners.all(|file| file == first);
    let shown = |(file, line, shape): &FirstSeen| {
        let what = format!("{} in line {}", shape.name(), line + 1);
        match one {
            true => what,
            false => format!("{what} of `{}`", files[*file].file.path.display()),
        }
    };
    let kinds: Vec<String> = kinds.iter().map(shown).collect();
    let what = format!(
        "column `{path}` has values of several kinds: {}",
        kinds.join(", ")
    );
    let file = &files[first].file;
    let problem = match one {
        true => file.problem(what),
        false => Problem::new(what).at(&file.place),
    };
    let column = path.split(['.', '[']).next().unwrap_or_default();
    problem.hint(format!(
        "name the columns in `types`, this one as text: `types: {{ {column}: utf8 }}` reads what it has as JSON text"
    ))
}
