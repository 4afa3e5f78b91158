//! The files that a path to read names: one, those of a folder, or those that a pattern matches; which
//! they are is decided once, when the plan is made.

use std::collections::BTreeSet;
use std::path::{Component, Path, PathBuf};

use glob::{MatchOptions, Pattern};

use super::file::inner_extension;
use super::natural::natural;
use super::{Asked, delta_log, half, hive, remote};
use crate::client::object::Object;
use crate::error::Problem;
use crate::place::{FilePath, Placed};
use crate::sync::guarded;

/// The files of a path, in the order of their rows.
#[derive(Debug)]
pub struct FileSet {
    /// Where they are.
    pub files: Vec<SetMember>,
    /// It is a folder or a pattern: there could be another number of files.
    pub many: bool,
}

/// A file, and what the names of its folders say.
#[derive(Debug, Clone)]
pub struct SetMember {
    /// Where it is.
    pub path: PathBuf,
    /// Names and values of `key=value` folders, outermost first.
    pub keys: Vec<(String, Option<String>)>,
    /// What its store says of it, where it is an object.
    pub object: Option<Object>,
}

/// Names that begin like this are hidden, and where tools keep what is no data.
pub(super) const PASSED_OVER: [char; 2] = ['.', '_'];

/// How patterns match: a name at a time, and no hidden ones.
pub const MATCH: MatchOptions = MatchOptions {
    case_sensitive: true,
    require_literal_separator: true,
    require_literal_leading_dot: true,
};

impl SetMember {
    /// A file of this machine.
    fn of(path: PathBuf, keys: Vec<(String, Option<String>)>) -> Self {
        let object = None;
        Self { path, keys, object }
    }
}

impl FileSet {
    /// Finds the files of a path.
    ///
    /// # Errors
    /// There are none, or they do not belong together.
    pub fn find(
        said: &Placed<FilePath>,
        extensions: &[&str],
        asked: &Asked<'_>,
    ) -> Result<Self, Problem> {
        let path = said.beside();
        let mut files = Vec::new();
        let many = if said.is_object() {
            let found = remote::find(said, asked, &mut files);
            found.map_err(|problem| problem.at(&said.place))?
        } else if path.is_dir() {
            // Before it is asked whether the name is a pattern: a folder may be called `data[1]`.
            below(&path, &[], &mut files).map_err(|problem| problem.at(&said.place))?;
            true
        } else if path.exists() || !said.is_pattern() {
            files.push(SetMember::of(path, Vec::new()));
            false
        } else {
            matching(said, &mut files)?;
            true
        };
        // Numbers within names count as numbers: part-10 comes after part-9, as rows were written.
        files.sort_by(|one, other| natural(&one.path, &other.path));
        let set = Self { files, many };
        // What lies in a store was looked at there.
        let on_disk = !said.is_object();
        let problem = on_disk.then(|| half::problem(&set.files)).flatten();
        // Of a table of Delta Lake a file is read by its own name.
        let is_set = on_disk && many && !asked.knows_files;
        let problem = problem.or_else(|| is_set.then(|| delta_log::problem(&set.files))?);
        let problem = problem.or_else(|| set.problem(said, extensions));
        problem.map_or(Ok(set), |problem| Err(problem.at(&said.place)))
    }

    /// Only the files in these folders.
    ///
    /// # Errors
    /// There are none.
    pub fn keep(&mut self, folders: &BTreeSet<PathBuf>) -> Result<(), Problem> {
        let is_kept = |folder: &Path| folders.contains(folder);
        self.files
            .retain(|file| file.path.parent().is_some_and(is_kept));
        match (self.files.is_empty(), folders.first()) {
            (true, Some(folder)) => {
                let what = match folders.len() {
                    1 => format!("could not read `{}`", folder.display()),
                    more => format!(
                        "could not read `{}` and {} more",
                        folder.display(),
                        more - 1
                    ),
                };
                let hint = "`rowgen run` writes its files";
                Err(Problem::new(what).cause("nothing is there").hint(hint))
            }
            _ => Ok(()),
        }
    }

    /// Without the files at these places, which are in order.
    pub fn leave_out(&mut self, places: &[usize]) {
        let mut place = 0..;
        let is_left_out =
            |place: Option<usize>| place.is_some_and(|place| places.binary_search(&place).is_ok());
        self.files.retain(|_| !is_left_out(place.next()));
    }

    fn problem(&self, said: &Placed<FilePath>, extensions: &[&str]) -> Option<Problem> {
        match self.files.first() {
            None => Some(nothing(said)),
            Some(first) => {
                several(said, first, &self.files, extensions).or_else(|| hive::problem(&self.files))
            }
        }
    }
}

/// There is no file.
fn nothing(said: &Placed<FilePath>) -> Problem {
    let problem = Problem::new(format!("`{}` has no file to read", said.beside().display()));
    let mut here = glob::glob_with(said.as_str(), MATCH).into_iter().flatten();
    let from_here = here.next().is_some();
    match said.is_pattern() {
        true if from_here => problem.hint(format!(
            "a path to read starts at the file that says it: from there it is `{}`",
            said.seen_from(said.place.file())
        )),
        true => problem
            .hint("a pattern matches the names of files, and none that begins with `.` or `_`"),
        false => problem.hint("names that begin with `.` or `_` are passed over"),
    }
}

/// Files of several kinds, by their extensions.
fn several(
    said: &Placed<FilePath>,
    first: &SetMember,
    files: &[SetMember],
    extensions: &[&str],
) -> Option<Problem> {
    let kind = |file: &SetMember| inner_extension(&file.path);
    let other = files.iter().find(|file| kind(file) != kind(first))?;
    let (one, two) = (first.path.display(), other.path.display());
    let shown = said.beside().display().to_string();
    let problem = Problem::new(format!(
        "`{shown}` has files of several kinds: `{one}` and `{two}`"
    ));
    if said.is_pattern() {
        return Some(problem.hint("write a pattern that matches files of one kind"));
    }
    let folder = said.as_str().trim_end_matches('/');
    let own =
        |file: &&SetMember| kind(file).is_some_and(|kind| extensions.contains(&kind.as_str()));
    let Some(own) = files.iter().find(own) else {
        let known = extensions.join(", ");
        return Some(problem.hint(format!("none of them ends with {known}")));
    };
    let kind = kind(own).unwrap_or_default();
    let packed = own
        .path
        .extension()
        .is_some_and(|end| end.to_string_lossy() != kind.as_str());
    let end = if packed { "*" } else { "" };
    Some(problem.hint(format!(
        "a pattern takes those of one kind: `{folder}/*.{kind}{end}`"
    )))
}

/// The files of a folder, and of its `key=value` folders.
fn below(
    folder: &Path,
    keys: &[(String, Option<String>)],
    files: &mut Vec<SetMember>,
) -> Result<(), Problem> {
    let doing = |error: std::io::Error| {
        Problem::new(format!("could not read `{}`", folder.display())).cause(error)
    };
    for entry in std::fs::read_dir(folder).map_err(doing)? {
        let path = entry.map_err(doing)?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if name.starts_with(PASSED_OVER) {
            continue;
        }
        if !path.is_dir() {
            files.push(SetMember::of(path, keys.to_vec()));
            continue;
        }
        // Not read silently: the rows of a backup folder would be rows of the table.
        let Some(key) = hive::key(&name) else {
            return Err(within(&path, folder));
        };
        below(&path, &[keys, &[key]].concat(), files)?;
    }
    Ok(())
}

/// A folder that is no partition, in one that is read.
pub(super) fn within(path: &Path, folder: &Path) -> Problem {
    let (shown, folder) = (path.display(), folder.display());
    let what = format!("`{shown}` is a folder within the folder that is read");
    let hint = format!(
        "`{folder}/**/*` reads the files of all folders below; those named `key=value` are read as partitions"
    );
    Problem::new(what).hint(hint)
}

/// The files that a pattern matches, with the keys of folders that it leaves open.
fn matching(said: &Placed<FilePath>, files: &mut Vec<SetMember>) -> Result<(), Problem> {
    let pattern = pattern(said);
    let found = glob::glob_with(&pattern, MATCH);
    let found = found.map_err(|error| no_pattern(said, error.msg))?;
    // `glob` panics on a name that is no UTF-8.
    let found = guarded(|| found.collect::<Vec<_>>()).ok_or_else(|| odd_name(said))?;
    let fixed = fixed(said);
    let hidden = said.split('/').any(|name| name.starts_with('_'));
    for path in found {
        let path = path.map_err(|error| {
            let what = format!("could not read `{}`", error.path().display());
            Problem::new(what).at(&said.place).cause(error.error())
        })?;
        let open: Vec<String> = names(&path).skip(fixed).collect();
        let passed_over = !hidden && open.iter().any(|name| name.starts_with('_'));
        if path.is_dir() || passed_over {
            continue;
        }
        let folders = open.iter().take(open.len().saturating_sub(1));
        let keys = folders.filter_map(|name| hive::key(name)).collect();
        files.push(SetMember::of(path, keys));
    }
    Ok(())
}

/// A pattern looks at a name that is no text.
fn odd_name(said: &Placed<FilePath>) -> Problem {
    let what = format!(
        "where `{}` looks there is a name that is no UTF-8, which no pattern matches",
        said.as_str()
    );
    let hint = "rename it (`LC_ALL=C ls -b` shows such names), or read the folder that it is in";
    Problem::new(what).at(&said.place).hint(hint)
}

/// What is wrong with a pattern.
pub(super) fn no_pattern(said: &Placed<FilePath>, error: &str) -> Problem {
    let problem = Problem::new(format!("`{}` is no pattern", said.as_str())).at(&said.place);
    match error.contains("range") {
        true => problem.hint("`[` needs its `]`; `[[]` is the character itself"),
        false => problem.hint("`**` stands alone between two `/`, for any number of folders"),
    }
}

/// How many names a path begins with that are no pattern.
fn fixed(said: &Placed<FilePath>) -> usize {
    let folder = Path::new(said.place.file()).parent();
    let own = names(Path::new(said.as_str())).take_while(|name| !is_open(name));
    let absolute = Path::new(said.as_str()).is_absolute();
    let before = folder
        .filter(|_| !absolute)
        .map_or(0, |folder| names(folder).count());
    before + own.count()
}

/// True for a name that stands for others: `[[]` is the character itself.
pub(super) fn is_open(name: &str) -> bool {
    let escaped = ["[[]", "[]]", "[*]", "[?]"];
    let rest = escaped
        .iter()
        .fold(name.to_string(), |rest, one| rest.replace(one, ""));
    rest.contains(['*', '?', '['])
}

/// The names of a path, without those that lead nowhere.
fn names(path: &Path) -> impl Iterator<Item = String> {
    let names = path.components().filter(|name| *name != Component::CurDir);
    names.map(|name| name.as_os_str().to_string_lossy().into_owned())
}

/// Where a path reads: the file or the folder, or the pattern, from the current folder on.
pub fn read_at(said: &Placed<FilePath>) -> PathBuf {
    let path = said.beside();
    match path.exists() || !said.is_pattern() || said.is_object() {
        true => path,
        false => pattern(said).into(),
    }
}

/// The pattern of a path, from the current folder on: the folder of the file that says it is none.
fn pattern(said: &Placed<FilePath>) -> String {
    let folder = Path::new(said.place.file()).parent();
    let folder = folder.map(|folder| Pattern::escape(&folder.to_string_lossy()));
    let whole = Path::new(&folder.unwrap_or_default()).join(said.as_str());
    whole.to_string_lossy().into_owned()
}
