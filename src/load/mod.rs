//! What the file points at: reference data, read whole, and the sources of tables, looked at; the
//! only reading before the run.

mod filter;
mod rows;

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use arrow::array::RecordBatch;
use arrow::row::{RowConverter, SortField};
use sha2::{Digest, Sha256};

use crate::column::{ColumnType, Reference};
use crate::error::{Problem, Problems, Result};
use crate::place::Placed;
use crate::source::{self, Opened};
use crate::spec::{Pipeline, ReferenceFile};
use crate::sync::guarded;

/// The references of a pipeline by name.
pub type References = BTreeMap<String, Arc<Reference>>;

/// The sources of a pipeline's tables by the tables' names.
pub type Sources = BTreeMap<String, Opened>;

/// All that a pipeline points at.
#[derive(Default)]
pub struct Loaded {
    /// Held in memory.
    pub references: References,
    /// Open.
    pub sources: Sources,
    /// The tables whose servers were not asked: nobody knows their columns.
    pub unasked: BTreeSet<String>,
    /// Every reference, whole.
    digest: Sha256,
}

/// Reads every reference of the pipeline and looks at the source of every table that is `needed`.
///
/// # Errors
/// Everything that is missing, unreadable, or not of its stated types.
pub fn load(pipeline: &Pipeline, needed: impl Fn(&str) -> bool) -> Result<Loaded> {
    let said = pipeline.run.stall_timeout.as_ref();
    load_within(pipeline, needed, said.map(|timeout| timeout.value.0))
}

/// The same, where a store that says nothing is waited for so long.
///
/// # Errors
/// As `load`.
pub fn load_within(
    pipeline: &Pipeline,
    needed: impl Fn(&str) -> bool,
    patience: Option<Duration>,
) -> Result<Loaded> {
    look(pipeline, needed, (true, patience))
}

/// The same, but that servers are not asked which alone know a table's columns.
///
/// # Errors
/// As `load`.
pub fn load_without_servers(pipeline: &Pipeline, needed: impl Fn(&str) -> bool) -> Result<Loaded> {
    look(pipeline, needed, (false, None))
}

/// Whether servers are asked, and how long they are waited for.
fn look(
    pipeline: &Pipeline,
    needed: impl Fn(&str) -> bool,
    (servers, patience): (bool, Option<Duration>),
) -> Result<Loaded> {
    let mut problems = Problems::default();
    let mut loaded = Loaded::default();
    let tables = pipeline.tables.0.iter().map(|(_, table)| &table.types.0);
    let references = pipeline.reference.0.iter().map(|(_, file)| &file.types.0);
    let typed = tables.chain(references).flatten();
    problems.extend(typed.filter_map(|(name, wanted)| length(name, wanted)));
    for (name, file) in &pipeline.reference.0 {
        // Three of 500 Parquet files with a wrong byte ended in a panic of the library: it is
        // caught here and becomes the error of that file.
        let reference = guarded(|| read(&name.value, file));
        let reference = reference
            .unwrap_or_else(|| Err(damaged(Some(file.path.beside())).at(&file.path.place)));
        if let Some(reference) = problems.note(reference) {
            loaded
                .references
                .insert(name.value.clone(), Arc::new(reference));
        }
    }
    // Only tables that a chosen sink takes: `--sinks` opens nothing else, and a source that is away
    // does not stop what does not need it.
    for (name, table) in &pipeline.tables.0 {
        let Some(from) = table.from.as_ref().filter(|_| needed(&name.value)) else {
            continue;
        };
        if let Some(checked) = from.value.check().filter(|_| !servers) {
            problems.note(checked.map_err(|problem| problem.at(&from.place)));
            loaded.unasked.insert(name.value.clone());
            continue;
        }
        let asked = source::Asked {
            pipeline: &pipeline.name,
            table: &name.value,
            types: &table.types.0,
            patience,
            knows_files: false,
            folders: None,
            only_read: false,
        };
        let opened = guarded(|| from.value.open(&asked));
        let path = || from.value.path().map(|path| path.beside());
        match opened.unwrap_or_else(|| Err(damaged(path()).into())) {
            Ok(opened) => {
                loaded.sources.insert(name.value.clone(), opened);
            }
            Err(error) => problems.fail(error.at(&from.place)),
        }
    }
    problems.into_result()?;
    for (name, reference) in &loaded.references {
        digest(&mut loaded.digest, name, &reference.rows);
    }
    Ok(loaded)
}

/// A reader could make nothing of a file, not even an error.
fn damaged(path: Option<PathBuf>) -> Problem {
    let what = path.map_or_else(
        || "the source".into(),
        |path| format!("`{}`", path.display()),
    );
    Problem::new(format!("could not read {what}")).cause(source::DAMAGED)
}

/// Lengths are held where columns are made: what is read is not measured.
fn length(name: &str, wanted: &Placed<ColumnType>) -> Option<Problem> {
    wanted.length?;
    let written = wanted.place.written();
    let problem = Problem::new("a type of what is read cannot have a length").at(&wanted.place);
    Some(problem.hint(format!(
        "write `utf8` here, and under `columns:` of the table `{name}: {{ type: {written}, expr: {name} }}`"
    )))
}

/// Adds every value of a reference: what Arrow prints of a long column lacks its middle.
fn digest(hasher: &mut Sha256, name: &str, rows: &RecordBatch) {
    let schema = rows.schema();
    hasher.update(format!("{name} {}", rows.num_rows()));
    for (field, column) in schema.fields().iter().zip(rows.columns()) {
        hasher.update(format!(" {} {}", field.name(), field.data_type()));
        // Arrow's row format has the bytes of every value. Arrow's own text of a long column leaves
        // out its middle: a change in row 50 of 100 kept the fingerprint, and stale output was
        // taken for the run's own.
        let sort = vec![SortField::new(field.data_type().clone())];
        let values = RowConverter::new(sort)
            .and_then(|converter| converter.convert_columns(std::slice::from_ref(column)));
        match values {
            Ok(values) => values.iter().for_each(|value| hasher.update(value)),
            // A type that has no order, as maps have none.
            Err(_) => (0..rows.num_rows())
                .for_each(|row| hasher.update(format!("{:?}", column.slice(row, 1)))),
        }
    }
}

impl Loaded {
    /// A digest of what was read and of what will be for these tables, for a fingerprint.
    pub fn digest(&self, of: impl Fn(&str) -> bool) -> String {
        let mut hasher = self.digest.clone();
        for (name, records) in self.sources.iter().filter(|(name, _)| of(name)) {
            hasher.update(format!("{name} {}", records.digest()));
        }
        crate::units::hexadecimal(&hasher.finalize())
    }
}

fn read(name: &str, file: &ReferenceFile) -> Result<Reference, Problem> {
    let rows = rows::read(name, file)?;
    let rows = match &file.filter {
        Some(filter) => filter::keep(name, &rows, filter)?,
        None => rows,
    };
    Ok(Reference {
        name: name.to_string(),
        path: file.path.beside().display().to_string(),
        rows,
    })
}
