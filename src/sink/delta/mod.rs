//! `delta`: rows as a table of Delta Lake, a commit a run.
//!
//! The data files are those of the `file` sink. Nobody sees one before the table's log names it, so they
//! get their names as soon as they are safe; the commit is what publishes. Their names follow from plan,
//! seed and slice, and so does the id of the transaction: a run that is begun again writes the same files
//! and commits once.

mod describe;
// What reads and writes the log needs the feature; what a pipeline says of tables is checked without it.
#[cfg_attr(not(feature = "delta"), path = "no_driver.rs")]
mod driver;
mod names;
mod types;
pub use types::{cast, nearest};

use std::path::Path;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::Deserialize;

use super::file::File;
use super::order_by::OrderBy;
use super::{
    Delivery, Found, Holds, Partition, Recovered, Sink, SinkPlace, Slice, SlotsBy, Standing, Takes,
    Target,
};
use crate::error::{Error, Problem, Result};
use crate::format::parquet::Parquet;
use crate::format::{FormatKind, Shape};
use crate::place::{Bytes, Count, FilePath, Flag, OneOrMany, Placed, Text};

/// A table of Delta Lake: Parquet files, and a log that names them. Each run is one commit; the same run
/// again adds nothing.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
pub struct Delta {
    /// The folder of the table, from the current folder or `--out` on; `s3://…`, `gs://…` and `az://…` are objects. A table that is not there is made.
    #[serde(deserialize_with = "crate::place::of_rows")]
    pub path: Placed<FilePath>,
    /// What becomes of rows that are there: `append` (default) keeps them, `overwrite` replaces all of them in one commit; with slices, that of the last one.
    pub mode: Option<Placed<Mode>>,
    /// Columns whose values name the folders; they come last in the table, and files do not hold them.
    pub partition_by: Option<OneOrMany<Placed<Text>>>,
    /// How the files are written: the options of the format `parquet`.
    pub parquet: Option<Parquet>,
    /// Write so many files of nearly equal row counts.
    pub files: Option<Placed<Count>>,
    /// End a file near so many bytes and begin the next one.
    pub target_file_size: Option<Placed<Bytes>>,
    /// Columns in whose order rows come, in each folder and file: `[day, { column: amount, order: desc, nulls: first }]`.
    pub order_by: Option<OneOrMany<OrderBy>>,
    /// Memory for sorting, of which a row takes 8 or 16 bytes (default 1GiB); what has no room there goes through a file beside the output.
    pub sort_memory: Option<Placed<Bytes>>,
    /// What becomes of types that Delta Lake does not have: `strict` (default) refuses them, `mapped` writes the nearest one (the next larger integer, microseconds, text of times and UUIDs).
    pub types: Option<Placed<TypesMode>>,
    /// Wait until files are safe on the disk (default true).
    pub fsync: Option<Flag>,
}

/// What becomes of rows that are in the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// They stay.
    #[default]
    Append,
    /// They are replaced in one commit.
    Overwrite,
}

/// What becomes of types that Delta Lake does not have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum TypesMode {
    /// They are refused.
    #[default]
    Strict,
    /// They are written as the nearest one.
    Mapped,
}

impl Delta {
    fn mode(&self) -> Mode {
        self.mode.as_ref().map_or(Mode::Append, |mode| mode.value)
    }

    fn types(&self) -> TypesMode {
        self.types
            .as_ref()
            .map_or(TypesMode::Strict, |types| types.value)
    }

    /// Who writes the files.
    fn files(&self) -> File {
        let parquet = self.parquet.clone().unwrap_or_default();
        let mut path = self.path.clone();
        // Whatever it is called, it is a folder.
        path.value = FilePath(format!("{}/", path.as_str().trim_end_matches('/')));
        File {
            path,
            format: Some(FormatKind::Parquet(parquet)),
            if_exists: None,
            fsync: self.fsync,
            files: self.files.clone(),
            target_file_size: self.target_file_size.clone(),
            roll: None,
            partition_by: self.partition_by.clone(),
            order_by: self.order_by.clone(),
            sort_memory: self.sort_memory.clone(),
        }
    }

    /// A log names files by URLs, in which these mean something else; engines differ in what they make of them.
    fn odd_path(&self) -> Option<Problem> {
        let odd = self.path.chars().find(|letter| "#?%\\".contains(*letter))?;
        let what = format!("the path of a table of Delta Lake may not have `{odd}`");
        Some(
            Problem::new(what)
                .at(&self.path.place)
                .hint("give its folder another name"),
        )
    }

    /// Where the first of the partition columns stands, or the path.
    fn place(&self) -> &crate::place::Place {
        let columns = self.partition_by.iter().flat_map(|columns| &columns.0);
        columns
            .map(|column| &column.place)
            .next()
            .unwrap_or(&self.path.place)
    }
}

/// Why a table cannot be read back, in one line.
fn unread(mut error: Error) -> Problem {
    let problem = error.problems.swap_remove(0);
    let why = std::iter::once(&problem.message).chain(&problem.causes);
    let why: Vec<&str> = why.map(String::as_str).collect();
    Problem::new(why.join(": ")).maybe_hint(problem.hint)
}

impl Sink for Delta {
    fn measured(&self) -> Option<(Arc<dyn Sink>, &'static str)> {
        let (file, _) = self.files().measured()?;
        Some((file, "written as files below the temporary folder"))
    }

    fn holds(&self, out: &Path, slice: Option<Slice>, fingerprint: &str) -> Holds<'_> {
        match driver::held(self, out, slice, fingerprint) {
            Ok(files) => Holds::Files(Box::new(files)),
            Err(error) => Holds::Unread(Box::new(unread(error))),
        }
    }

    fn check(&self, shape: &Shape) -> Vec<Problem> {
        let mut problems = types::problems(self, shape);
        problems.extend(self.odd_path());
        problems.extend(names::problems(self, shape));
        if shape.rows.is_none() {
            let what = format!(
                "table `{}` has no end that is known, so there is no run to commit",
                shape.table
            );
            let hint = "give it `rows`, or write it to files or to a database";
            problems.push(Problem::new(what).at(&self.path.place).hint(hint));
        }
        if problems.is_empty() {
            let shape = types::written(self, shape);
            problems.extend(self.files().check(&shape));
        }
        problems
    }

    fn check_partitions(&self, lanes: &[Arc<Vec<Partition>>]) -> Option<Problem> {
        self.files().check_partitions(lanes)
    }

    fn warnings(&self, shape: &Shape) -> Vec<Problem> {
        self.files().warnings(&types::written(self, shape))
    }

    fn describe(&self, shape: &Shape) -> Vec<String> {
        describe::describe(self, shape)
    }

    fn overwritten(&self) -> Option<Problem> {
        let what = "`--overwrite` would replace a table that `mode: append` adds to";
        let problem = Problem::new(what).at(&self.path.place);
        let hint = "leave it out, or say `mode: overwrite`";
        (self.mode() == Mode::Append).then(|| problem.hint(hint))
    }

    fn takes(&self) -> Takes {
        Takes {
            replaces: self.mode() == Mode::Overwrite,
            placing: &["path", "fsync", "sort_memory"],
            place: SinkPlace::Path(self.path.clone()),
            // The transaction of a run that is there already is not committed again.
            delivery: Delivery::Idempotent,
            ..self.files().takes()
        }
    }

    fn slots(&self) -> Result<SlotsBy, Problem> {
        match &self.mode {
            Some(mode) if mode.value == Mode::Overwrite => Err(Problem::new(
                "`mode: overwrite` cannot be scheduled: each slot would replace those before",
            )
            .at(&mode.place)
            .hint("say `mode: append`: each slot is a commit of its own")),
            _ => Ok(SlotsBy::Commit(self.path.clone())),
        }
    }

    fn standing(&self, target: &Target) -> Result<Standing> {
        driver::standing(self, target)
    }

    fn recover(&self, target: &Target, only_look: bool) -> Result<Recovered> {
        driver::recover(self, target, only_look)
    }

    fn connect(&self, target: &Target) -> Result<Found> {
        driver::connect(self, target)
    }
}
