//! What helps where there is nothing to read, or more than a sink has written.

use crate::error::{Error, Problem};
use crate::format::FormatKind;
use crate::place;
use crate::sink::HeldFiles;

/// The error where nothing was written; `lost` is the folder in which paths should start, if it is
/// not there.
pub(super) fn nothing(held: &HeldFiles, lost: Option<&str>) -> Error {
    let what = format!("could not read `{}`", held.path.display());
    let problem = Problem::new(what).at(&held.place);
    Error::run(match lost {
        Some(out) => problem.cause(format!(
            "there is no folder `{out}`, where `--out` lets it start"
        )),
        None if held.of_slice => problem
            .cause("nothing is there, and there are other slices")
            .hint("`rowgen run` with this `--slice` writes it"),
        None if place::is_object(&held.path) => problem
            .cause("nothing is there")
            .hint("`rowgen run` writes it"),
        None => problem
            .cause("nothing is there")
            .hint("`rowgen run` writes it; where its path starts `--out` says, and without it the current folder"),
    })
}

/// Replaces hints for somebody who writes a pipeline that reads these files: here a sink has
/// written them.
pub(super) fn as_told(mut error: Error, held: Option<&HeldFiles>) -> Error {
    let Some(held) = held else {
        // The error is the source's and speaks of a pipeline that reads a path; here a sink wrote
        // it, or a flag named it. Hints are told apart by their text, as errors carry no kind of
        // hint.
        let is_of_paths = |hint: &String| hint.starts_with("a path to read ");
        for problem in &mut error.problems {
            if problem.hint.as_ref().is_some_and(is_of_paths) {
                problem.hint = Some("paths of `--against` start in the current folder".into());
            }
        }
        return error;
    };
    let is_of_sources = |hint: &String| {
        ["pattern", "types", "path", "folders", "passed over"]
            .iter()
            .any(|word| hint.contains(word))
    };
    for problem in &mut error.problems {
        if problem.hint.as_ref().is_some_and(is_of_sources) {
            problem.hint = among_others(held);
        }
    }
    error
}

/// The hint where a folder has more in it than the sink has written; none for a single file.
fn among_others(held: &HeldFiles) -> Option<String> {
    let entries = std::fs::read_dir(&held.path).ok()?.flatten();
    let names: Vec<String> = entries
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .filter(|name| !name.starts_with(['.', '_']))
        .collect();
    if names.is_empty() {
        return Some("`rowgen run` writes its files".into());
    }
    let partitioned = names.iter().any(|name| name.contains('='));
    let below = if partitioned { "**/part-*" } else { "part-*" };
    // A folder's name may have `[` or `*` in it, which `--against` would take for a pattern.
    let path = glob::Pattern::escape(&held.path.display().to_string());
    let rest =
        "all that is in the folder is compared: move what the sink has not written elsewhere";
    let plain = |letter: char| letter.is_alphanumeric() || "/._-=[]*?".contains(letter);
    Some(match path.chars().all(plain) {
        true => format!(
            "{rest}, or compare some of the files with `--against \"{}: {{ path: '{path}/{below}' }}\"`",
            kind(&held.format)
        ),
        false => rest.to_string(),
    })
}

/// The source that reads files of a format.
fn kind(format: &FormatKind) -> &'static str {
    match format {
        FormatKind::Csv(_) => "csv",
        FormatKind::Json(_) => "json",
        FormatKind::Avro(_) => "avro",
        FormatKind::Parquet(_) => "parquet",
    }
}

/// A slice of sorted rows, beside no others.
pub(super) fn sorted_slice() -> Problem {
    let what = "a slice of sorted rows cannot be compared alone: which rows it has is known once all are sorted";
    Problem::new(what).hint("leave out `--slice` once every slice is there")
}
