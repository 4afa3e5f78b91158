//! The rows of a reference: by the readers of sources, all at once.

use std::path::Path;
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::compute::concat_batches;
use arrow::datatypes::{Field, Schema, SchemaRef};

use crate::error::{Error, Problem};
use crate::plain_file::plain;
use crate::source::csv::Csv;
use crate::source::json::Json;
use crate::source::parquet::Parquet;
use crate::source::{Asked, Opened, Records, Source, inner_extension};
use crate::spec::ReferenceFile;
use crate::units::show_bytes;

/// The most bytes of a reference, which is held in memory: in its file or files, and as values.
// A reference is one batch, whose columns of texts have offsets of 32 bits: 2 GiB is the most that
// surely fits.
const MOST_BYTES: u64 = 2 << 30;

/// How many rows are read at once: a reference that is too large is refused before all of it is in
/// memory.
const BLOCK: u64 = 65_536;

/// Every row of a file.
pub(super) fn read(name: &str, file: &ReferenceFile) -> Result<RecordBatch, Problem> {
    let path = file.path.beside();
    let shown = path.display().to_string();
    let doing = || {
        Problem::new(format!("could not read reference `{name}` from `{shown}`"))
            .at(&file.path.place)
    };
    if path.is_dir() {
        let folder = file.path.as_str().trim_end_matches('/');
        let hint = format!("its files are read by a pattern, such as `{folder}/*.csv`");
        return Err(doing().cause("it is a folder, not a plain file").hint(hint));
    }
    let source = source(name, file)?;
    // Looked at before it is opened: a named pipe or a device would be waited for, or read without
    // end.
    held(&path, &doing)?;
    let asked = Asked {
        types: &file.types.0,
        ..Asked::default()
    };
    match source.open(&asked).map_err(problem)? {
        Opened::Records(records) => all(records.as_ref(), file, &doing),
        Opened::Stream(_) => Err(Problem::new("a reference is no stream").at(&file.path.place)),
    }
}

/// The reader that a file's name asks for.
fn source(name: &str, file: &ReferenceFile) -> Result<Box<dyn Source>, Problem> {
    let (path, found) = (file.path.clone(), file.path.beside());
    let extension = inner_extension(&found).unwrap_or_default();
    Ok(match extension.as_str() {
        "json" | "jsonl" | "ndjson" => Box::new(Json::all_of(path)),
        "csv" | "tsv" | "txt" => Box::new(Csv::written_as(
            path,
            [&file.delimiter, &file.quote, &file.escape, &file.encoding],
        )),
        "parquet" => Box::new(Parquet::of(path)),
        other => {
            let what = format!("reference `{name}`: unknown file type `{other}`");
            return Err(Problem::new(what)
                .at(&file.path.place)
                .hint("the types are json, jsonl, csv, tsv and parquet"));
        }
    })
}

/// A plain file, if it is one file, and memory holds it. What a pattern matches its source finds.
fn held(path: &Path, doing: &dyn Fn() -> Problem) -> Result<(), Problem> {
    if !path.exists() {
        return Ok(());
    }
    let found = plain(path).map_err(|cause| doing().cause(cause))?;
    match found.len() > MOST_BYTES {
        true => Err(too_much(found.len(), doing)),
        false => Ok(()),
    }
}

fn too_much(bytes: u64, doing: &dyn Fn() -> Problem) -> Problem {
    let (has, most) = (show_bytes(bytes), show_bytes(MOST_BYTES));
    let cause = format!("it has {has}, and a reference of more than {most} is not held in memory");
    doing().cause(cause).hint("read it as a table: `from:`")
}

fn all(
    records: &dyn Records,
    file: &ReferenceFile,
    doing: &dyn Fn() -> Problem,
) -> Result<RecordBatch, Problem> {
    let place = &file.path.place;
    // Blocks of one file may differ in whether they have nulls; one schema fits all.
    let field = |field: &Arc<Field>| field.as_ref().clone().with_nullable(true);
    let schema = records.schema();
    let schema = Schema::new(schema.fields().iter().map(field).collect::<Vec<_>>());
    let schema = Arc::new(schema);
    let mut blocks = Vec::new();
    let mut bytes = 0;
    for first in (0..records.rows()).step_by(BLOCK as usize) {
        let count = BLOCK.min(records.rows() - first) as usize;
        let block = block(records, &schema, (first, count)).map_err(|problem| problem.at(place))?;
        // Counted again in memory: a compressed file of a few MiB may hold much more.
        bytes += block.get_array_memory_size() as u64;
        if bytes > MOST_BYTES {
            return Err(too_much(bytes, doing));
        }
        blocks.push(block);
    }
    records.release();
    concat_batches(&schema, &blocks).map_err(|error| Problem::new(error.to_string()).at(place))
}

/// Some of the rows.
fn block(
    records: &dyn Records,
    schema: &SchemaRef,
    (first, count): (u64, usize),
) -> Result<RecordBatch, Problem> {
    let columns: Vec<usize> = (0..schema.fields().len()).collect();
    let piece = records.read(first, count, &columns).map_err(problem)?;
    if let Some(bad) = piece.rejected.first() {
        return Err(Problem::new(format!("{}: {}", bad.place, bad.message)));
    }
    RecordBatch::try_new(schema.clone(), piece.columns)
        .map_err(|error| Problem::new(error.to_string()))
}

fn problem(error: Error) -> Problem {
    let mut problems = error.problems.into_iter();
    problems
        .next()
        .unwrap_or_else(|| Problem::new("could not read it"))
}
