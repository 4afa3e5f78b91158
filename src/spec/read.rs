//! Reads a pipeline file and those it includes: parse, merge, take params, expand, decode.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::given::GivenValues;
use super::include::include;
use super::mistakes::note_all;
use super::pipeline::PipelineFile;
use super::repeat::unroll;
use super::schedule::{chosen, schedule_of};
use super::scope::expand_all;
use super::{AskedSlot, Pipeline, Scheduled, Template};
use crate::error::{Error, Problem, Problems, Result, did_you_mean};
use crate::place::{Node, Placed, Source, Value, decode_all, parse, split_values};
use crate::plain_file;

/// A file with what it includes, before its names stand for anything.
#[derive(Debug, Clone)]
pub(super) struct ReadFile {
    root: Node,
    path: PathBuf,
    files: Vec<PathBuf>,
    /// What is wrong with it so far: keys that nobody knows.
    found: Vec<Problem>,
}

/// The path that stands for standard input.
const STDIN: &str = "-";

const FIRST: &str = "
    version: 1
    tables:
      people: { rows: 10, columns: { id: sequence, name: person } }
    sinks:
      - file: { path: people.csv }";

const KEYS: &[&str] = &[
    "version",
    "name",
    "seed",
    "include",
    "params",
    "reference",
    "tables",
    "changes",
    "sinks",
    "run",
    "log",
    "serve",
    "schedule",
];

/// Reads the pipeline at `path`.
///
/// # Errors
/// Every mistake in the file, each with its place.
pub fn read(path: &Path, given: &GivenValues) -> Result<Pipeline> {
    read_node(read_root(path)?, path, given)
}

/// Reads a pipeline that is in no file.
///
/// # Errors
/// Every mistake in it, each with its place.
pub fn read_given(source: Source, given: &GivenValues) -> Result<Pipeline> {
    let path = PathBuf::from(&source.name);
    read_node(parse(&Arc::new(source))?, &path, given)
}

fn read_node(mut root: Node, path: &Path, given: &GivenValues) -> Result<Pipeline> {
    if matches!(root.value, Value::Null) {
        return Err(empty(&root).into());
    }
    remove_extensions(&mut root);
    let mut problems = Problems::default();
    remove_unknown_keys(&mut root, &mut problems);
    let mut files = vec![path.to_path_buf()];
    match include(&mut root, path) {
        Ok(included) => files.extend(included),
        Err(error) => return Err(all(problems, error.problems)),
    }
    let file = ReadFile {
        root,
        path: path.to_path_buf(),
        files,
        found: problems.into_vec(),
    };
    file.of_its_slot(given)
}

impl ReadFile {
    /// The pipeline, of the slot that is asked for where it has a schedule.
    fn of_its_slot(mut self, given: &GivenValues) -> Result<Pipeline> {
        let schedule = match schedule_of(&self.root, given) {
            Ok(schedule) => schedule.filter(|_| self.found.is_empty()),
            // Told together with all that is wrong beside it.
            Err(error) => {
                self.found.extend(error.problems);
                None
            }
        };
        let Some(schedule) = schedule else {
            return match (&given.slot, self.found.is_empty()) {
                (AskedSlot::Named(_), true) => {
                    let problem = Problem::new("`--slot`: the pipeline has no `schedule`");
                    Err(problem.hint("`--run-date` says the day of a run").into())
                }
                _ => self.decode(given, None),
            };
        };
        let slot = chosen(&schedule, given)?;
        let template = Template {
            file: self,
            given: given.clone(),
            schedule,
        };
        Arc::new(template).of_slot(slot)
    }

    pub(super) fn decode(
        self,
        given: &GivenValues,
        scheduled: Option<Scheduled>,
    ) -> Result<Pipeline> {
        let (mut root, path) = (self.root, self.path);
        let mut problems = Problems::default();
        problems.extend(self.found);
        // A misspelt `params` was removed with what it declares: the names that it would have made
        // known are not told as unknown ones.
        let misspelt = !problems.is_empty();
        let mut unexpanded = Problems::default();
        let slot = scheduled.as_ref().map(|scheduled| scheduled.slot);
        let (params, scope) = match expand_all(&mut root, given, slot, &mut unexpanded) {
            Ok(params) => params,
            Err(_) if misspelt => return Err(all(problems, Vec::new())),
            Err(error) => return Err(all(problems, error.problems)),
        };
        if !misspelt {
            problems.extend(unexpanded.into_vec());
        }
        problems.extend(unroll(&mut root));
        let canonical = canonical(&root, given.seed.as_deref());
        let file = decode_file(&root, problems)?;
        let stem = path.file_stem().filter(|stem| *stem != STDIN);
        let stem = stem.map_or_else(
            || "pipeline".into(),
            |stem| stem.to_string_lossy().into_owned(),
        );
        let name = file.name.map_or(stem, |name| name.value.0);
        Ok(Pipeline {
            path: path.display().to_string(),
            files: self.files,
            run_date: given.run_date.clone(),
            seed: given
                .seed
                .clone()
                .or(file.seed.map(|seed| seed.value.0))
                .unwrap_or_else(|| name.clone()),
            name,
            params,
            scope,
            reference: file.reference,
            tables: file.tables,
            changes: file.changes,
            sinks: file.sinks.0,
            run: file.run,
            log: file.log,
            serve: file.serve,
            scheduled,
            canonical,
        })
    }
}

/// The file that a command was given; standard input has no folder: its paths start in the current one.
fn read_root(path: &Path) -> Result<Node> {
    if path.as_os_str() != STDIN {
        return read_tree(path);
    }
    let text = plain_file::read_all(std::io::stdin());
    let text = text.map_err(|cause| {
        Error::user(Problem::new("could not read the pipeline from standard input").cause(cause))
    })?;
    tree("stdin".into(), text)
}

fn read_tree(path: &Path) -> Result<Node> {
    tree(path.display().to_string(), read_text(path)?)
}

/// As `read_tree`, of a file that another one includes. One that is no part of a pipeline is not shown:
/// who says what is included need not be who may read it.
pub(super) fn read_included(path: &Path) -> Result<Node> {
    let text = read_text(path)?;
    // A service may run pipelines of somebody who may not read all files of this machine: `include:
    // /etc/shadow` must not print its lines in an error.
    let says_so = text.lines().any(|line| line.starts_with("version"));
    let tree = tree(path.display().to_string(), text);
    let ours = |root: &Node| match &root.value {
        Value::Map(entries) => entries.iter().all(|(key, _)| {
            let name = key.name.as_str();
            name.starts_with("x-") || KEYS.contains(&name)
        }),
        Value::Null => true,
        _ => false,
    };
    if says_so || tree.as_ref().is_ok_and(ours) {
        return tree;
    }
    let what = format!(
        "the included file `{}` is no part of a pipeline",
        path.display()
    );
    let hint = "it begins with the line `version: 1`, and has `params`, `reference` or `tables`";
    Err(Error::user(Problem::new(what).hint(hint)))
}

fn read_text(path: &Path) -> Result<String> {
    plain_file::read_text(path).map_err(|cause| {
        let what = format!("could not read the pipeline file `{}`", path.display());
        let problem = Problem::new(what).cause(&cause);
        Error::user(match cause.kind() {
            ErrorKind::NotFound => problem.maybe_hint(near_file(path)),
            _ => problem,
        })
    })
}

fn tree(name: String, text: String) -> Result<Node> {
    let root = parse(&Arc::new(Source::new(name, text)))?;
    let mut problems = Problems::default();
    problems.extend(split_values(&root));
    problems.into_result()?;
    Ok(root)
}

fn empty(root: &Node) -> Problem {
    let hint = format!("this is a first pipeline, and `rowgen init` writes a longer one:\n{FIRST}");
    Problem::new("the file says nothing")
        .at(&root.place)
        .hint(hint)
}

/// A pipeline file beside the one that is not there, with nearly its name.
fn near_file(path: &Path) -> Option<String> {
    let folder = match path.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    };
    let names = std::fs::read_dir(folder).ok()?.flatten();
    let names = names.filter_map(|entry| entry.file_name().into_string().ok());
    let mut names: Vec<String> = names
        .filter(|name| name.ends_with(".yaml") || name.ends_with(".yml"))
        .collect();
    names.sort_unstable();
    // Compared without the extension, which all of them share.
    let stem = |name: &str| {
        Path::new(name)
            .file_stem()
            .map(|stem| stem.to_string_lossy().into_owned())
    };
    let wrong = stem(&path.file_name()?.to_string_lossy())?;
    let near = |name: &&String| {
        let stem = stem(name).unwrap_or_default();
        stem == wrong || did_you_mean(&wrong, [stem.as_str()]).is_some()
    };
    let name = names.iter().find(near)?;
    Some(format!("did you mean `{name}`?"))
}

/// Keys that nobody knows are said, and what they hold is not read.
fn remove_unknown_keys(root: &mut Node, problems: &mut Problems) {
    if let Value::Map(entries) = &mut root.value {
        entries.retain(|(key, _)| {
            let known = KEYS.contains(&key.name.as_str());
            if !known {
                let near = did_you_mean(&key.name, KEYS.iter().copied());
                let all = || format!("the keys here are {}", KEYS.join(", "));
                let problem = Problem::new(format!("unknown key `{}`", key.name));
                problems.push(problem.at(&key.place).hint(near.unwrap_or_else(all)));
            }
            known
        });
    }
}

/// The whole file, or everything that is wrong with it.
fn decode_file(root: &Node, mut problems: Problems) -> Result<PipelineFile> {
    match decode_all::<PipelineFile>(root) {
        Ok(file) => {
            let version = check_version(&file.version);
            problems.note(version);
            problems.into_result()?;
            Ok(file)
        }
        Err(first) => {
            note_all(root, first, &mut problems);
            Err(all(problems, Vec::new()))
        }
    }
}

/// What was noted, and some more.
fn all(mut problems: Problems, more: Vec<Problem>) -> Error {
    problems.extend(more);
    match problems.into_result() {
        Err(error) => error,
        Ok(()) => Error::run("the file was refused without a reason"),
    }
}

fn remove_extensions(root: &mut Node) {
    if let Value::Map(entries) = &mut root.value {
        entries.retain(|(key, _)| !key.name.starts_with("x-"));
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

/// What decides the data, as text without places. A seed that is given stands in the place of the file's.
fn canonical(root: &Node, seed: Option<&str>) -> String {
    // As it begins in the fingerprints that stand beside files.
    let mut text = "rowgen 1\nseed None\n".to_string();
    for part in ["name", "seed", "reference", "tables"] {
        if let (Some(seed), "seed") = (seed, part) {
            text.push_str(&format!("seed{seed:?}"));
        } else if let Some(node) = root.get(part) {
            text.push_str(part);
            write_canonical(node, &mut text);
        }
    }
    // `rate` is left out: when changes are due decides nothing of what they are.
    for part in ["count", "block", "image", "mix"] {
        if let Some(node) = root.get("changes").and_then(|changes| changes.get(part)) {
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
