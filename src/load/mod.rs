//! What the file points at: reference data, read whole, and the sources of tables, looked at; the
//! only reading before the run.

mod filter;
mod json;
mod tabular;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, RecordBatch, StringArray};
use arrow::datatypes::{DataType, Field, Float64Type, Schema};
use arrow::row::{RowConverter, SortField};
use arrow::util::display::array_value_to_string;
use sha2::{Digest, Sha256};

use crate::column::{ColumnType, Reference, arrays, show_type};
use crate::error::{Problem, Problems, Result};
use crate::place::Placed;
use crate::plain_file::plain;
use crate::source::{self, Opened};
use crate::spec::{Pipeline, ReferenceFile};
use crate::sync::guarded;
use crate::units::show_bytes;

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
    /// Every reference, whole.
    digest: Sha256,
}

/// What a reference can be read from.
const TYPES: [&str; 7] = ["json", "jsonl", "ndjson", "csv", "tsv", "txt", "parquet"];

/// A file that is held in memory has no more.
const MOST_BYTES: u64 = 2 << 30;

/// Reads every reference of the pipeline and looks at the source of every table that is `needed`.
///
/// # Errors
/// Everything that is missing, unreadable, or not of its stated types.
pub fn load(pipeline: &Pipeline, needed: impl Fn(&str) -> bool) -> Result<Loaded> {
    let mut problems = Problems::default();
    let mut loaded = Loaded::default();
    let tables = pipeline.tables.0.iter().map(|(_, table)| &table.types.0);
    let references = pipeline.reference.0.iter().map(|(_, file)| &file.types.0);
    let typed = tables.chain(references).flatten();
    problems.extend(typed.filter_map(|(name, wanted)| length(name, wanted)));
    for (name, file) in &pipeline.reference.0 {
        let reference = guarded(|| read(&name.value, file));
        let reference = reference
            .unwrap_or_else(|| Err(damaged(Some(file.path.beside())).at(&file.path.place)));
        if let Some(reference) = problems.note(reference) {
            loaded
                .references
                .insert(name.value.clone(), Arc::new(reference));
        }
    }
    for (name, table) in &pipeline.tables.0 {
        let Some(from) = table.from.as_ref().filter(|_| needed(&name.value)) else {
            continue;
        };
        let asked = source::Asked {
            pipeline: &pipeline.name,
            table: &name.value,
            types: &table.types.0,
        };
        let opened = guarded(|| from.value.open(&asked));
        let opened =
            opened.unwrap_or_else(|| Err(damaged(from.value.path().map(|path| path.beside()))));
        if let Some(records) = problems.note(opened.map_err(|problem| problem.at(&from.place))) {
            loaded.sources.insert(name.value.clone(), records);
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
    let path = file.path.beside();
    let shown = path.display().to_string();
    let doing = || {
        Problem::new(format!("could not read reference `{name}` from `{shown}`"))
            .at(&file.path.place)
    };
    if TYPES.contains(&extension(&path)) {
        held(&path, &doing)?;
    }
    let rows = match extension(&path) {
        "json" | "jsonl" | "ndjson" => json::read(&path, &file.types.0),
        "csv" | "tsv" | "txt" => tabular::csv(&path, delimiter(file, &path)?, &file.types.0),
        "parquet" => tabular::parquet(&path),
        other => {
            return Err(
                Problem::new(format!("reference `{name}`: unknown file type `{other}`"))
                    .at(&file.path.place)
                    .hint("the types are json, jsonl, csv, tsv and parquet"),
            );
        }
    };
    let rows = rows.map_err(|cause| doing().cause(cause))?;
    let rows = unpack(rows).map_err(|error| doing().cause(error))?;
    let rows = retype(name, rows, file)?;
    let rows = match &file.filter {
        Some(filter) => filter::keep(name, &rows, filter)?,
        None => rows,
    };
    Ok(Reference {
        name: name.to_string(),
        path: shown,
        rows,
    })
}

/// It is a plain file, and memory holds it.
fn held(path: &Path, doing: &dyn Fn() -> Problem) -> Result<(), Problem> {
    let found = plain(path).map_err(|cause| doing().cause(cause))?;
    if found.len() > MOST_BYTES {
        let (has, most) = (show_bytes(found.len()), show_bytes(MOST_BYTES));
        let cause =
            format!("it has {has}, and a reference of more than {most} is not held in memory");
        return Err(doing().cause(cause).hint("read it as a table: `from:`"));
    }
    Ok(())
}

fn extension(path: &Path) -> &str {
    path.extension()
        .and_then(|extension| extension.to_str())
        .unwrap_or_default()
}

fn delimiter(file: &ReferenceFile, path: &Path) -> Result<u8, Problem> {
    match &file.delimiter {
        None if extension(path) == "tsv" => Ok(b'\t'),
        None => Ok(b','),
        Some(text) => match text.as_bytes() {
            b"\\t" => Ok(b'\t'),
            [one] => Ok(*one),
            _ => Err(Problem::new("`delimiter` is one ASCII character").at(&text.place)),
        },
    }
}

/// Dictionaries as plain values: columns decide themselves what to code as dictionaries.
fn unpack(rows: RecordBatch) -> Result<RecordBatch> {
    let columns: Vec<ArrayRef> = rows
        .columns()
        .iter()
        .map(arrays::plain)
        .collect::<Result<_>>()?;
    let fields: Vec<Field> = rows
        .schema()
        .fields()
        .iter()
        .zip(&columns)
        .map(|(field, column)| Field::new(field.name(), column.data_type().clone(), true))
        .collect();
    Ok(RecordBatch::try_new(
        Arc::new(Schema::new(fields)),
        columns,
    )?)
}

/// Casts fields to the types the file asks for.
fn retype(name: &str, rows: RecordBatch, file: &ReferenceFile) -> Result<RecordBatch, Problem> {
    let mut columns = rows.columns().to_vec();
    let mut fields: Vec<Field> = rows
        .schema()
        .fields()
        .iter()
        .map(|field| field.as_ref().clone())
        .collect();
    for (field, wanted) in &file.types.0 {
        let Some(index) = fields.iter().position(|known| known.name() == &field.value) else {
            return Err(
                Problem::new(format!("reference `{name}` has no field `{}`", field.value))
                    .at(&field.place),
            );
        };
        columns[index] = convert(&columns[index], &wanted.data_type).map_err(|cause| {
            let (from, to) = (
                show_type(fields[index].data_type()),
                show_type(&wanted.data_type),
            );
            Problem::new(format!(
                "field `{}` of reference `{name}` cannot be read as {to}: it is {from}",
                field.value
            ))
            .at(&wanted.place)
            .cause(cause)
        })?;
        fields[index] = Field::new(&field.value, wanted.data_type.clone(), true);
    }
    RecordBatch::try_new(Arc::new(Schema::new(fields)), columns)
        .map_err(|error| Problem::new(error.to_string()))
}

/// The values as `to`: floats become decimals through their shortest text.
fn convert(values: &ArrayRef, to: &DataType) -> Result<ArrayRef, String> {
    let floats = values.as_primitive_opt::<Float64Type>();
    let values = match floats.filter(|_| to.is_decimal()) {
        Some(floats) => {
            let text = |value: Option<f64>| value.map(|value| value.to_string());
            Arc::new(floats.iter().map(text).collect::<StringArray>())
        }
        None => values.clone(),
    };
    let (made, bad) = source::convert(&values, to).map_err(|error| error.to_string())?;
    match bad.first() {
        None => Ok(made),
        Some(row) => {
            let value = array_value_to_string(&values, *row).map_err(|error| error.to_string())?;
            Err(format!("its value in row {row} is `{value}`"))
        }
    }
}
