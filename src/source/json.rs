//! `json` files of one object a line: indexed once, then any of their rows are read alone.

use std::fs::File;
use std::io::BufReader;
use std::sync::Arc;

use arrow::datatypes::{Field, Schema, SchemaRef};
use arrow_json::reader::infer_json_schema;
use schemars::JsonSchema;
use serde::Deserialize;

use super::file::OpenFile;
use super::json_rows::JsonRows;
use super::lines::{Ends, Index};
use super::retype::{typed, usual};
use super::{OnBadRow, Opened, Piece, Records, Source, Types};
use crate::error::{Problem, Result};
use crate::place::{Placed, Text};
use crate::registry::Example;

/// A file of one JSON object a line. Its columns are those of `types`; without them all that it has, with types inferred from all of its values.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Json {
    /// The file, relative to the pipeline's.
    path: Placed<Text>,
    /// What becomes of a line that cannot be read: `stop` (default), `skip`, or `{ dead_letter: PATH }`.
    #[serde(default)]
    on_bad_row: OnBadRow,
}

struct Lines {
    file: OpenFile,
    index: Index,
    schema: SchemaRef,
    on_bad_row: OnBadRow,
}

impl Example for Json {
    const EXAMPLE: &'static str = "json: { path: users.jsonl, on_bad_row: skip }";
}

impl Source for Json {
    fn open(&self, types: &Types) -> Result<Opened, Problem> {
        self.on_bad_row.of_file()?;
        let file = OpenFile::open(&self.path)?;
        refuse_array(&file)?;
        let ends = Ends {
            quote: None,
            delimiter: b',',
        };
        let index = Index::make(&file, 0, ends).map_err(|error| file.problem(error))?;
        let schema = match types {
            [] => infer(&file)?,
            types => {
                let fields = types
                    .iter()
                    .map(|(name, wanted)| typed(&name.value, wanted));
                Arc::new(Schema::new(fields.collect::<Vec<_>>()))
            }
        };
        Ok(Opened::Records(Arc::new(Lines {
            file,
            index,
            schema,
            on_bad_row: self.on_bad_row.clone(),
        })))
    }
}

fn refuse_array(file: &OpenFile) -> Result<(), Problem> {
    let head = file.bytes(0, file.length.min(4096));
    let head = head.map_err(|error| file.problem(error))?;
    let array = head.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'[');
    match array {
        false => Ok(()),
        true => {
            let path = file.path.display();
            Err(file
                .problem("it is one JSON array, whose items cannot be read in parallel")
                .hint(format!(
                    "write one object a line: `jq -c '.[]' {path} > rows.jsonl`"
                )))
        }
    }
}

fn infer(file: &OpenFile) -> Result<SchemaRef, Problem> {
    let doing = |error: &dyn std::fmt::Display| {
        file.problem(error)
            .hint("say the columns in the table's `types`: then none are inferred")
    };
    let reader = File::open(&file.path).map_err(|error| doing(&error))?;
    let reader = BufReader::with_capacity(1 << 20, reader);
    let (found, _) = infer_json_schema(reader, None).map_err(|error| doing(&error))?;
    let field = |field: &Arc<Field>| Field::new(field.name(), usual(field.data_type()), true);
    let fields: Vec<Field> = found.fields().iter().map(field).collect();
    match fields.is_empty() {
        true => Err(doing(&"it has no objects to infer columns from")),
        false => Ok(Arc::new(Schema::new(fields))),
    }
}

impl Records for Lines {
    fn schema(&self) -> SchemaRef {
        self.schema.clone()
    }

    fn rows(&self) -> u64 {
        self.index.records
    }

    fn read(&self, first: u64, count: usize, columns: &[usize]) -> Result<Piece> {
        let stretch = self.index.read(&self.file, first, count)?;
        let lines: Vec<&[u8]> = stretch.bytes.split(|byte| *byte == b'\n').collect();
        let blank = |line: &&[u8]| line.is_empty() || line == b"\r";
        let numbered = (stretch.line..).zip(lines).filter(|(_, line)| !blank(line));
        let (numbers, lines): (Vec<u64>, Vec<&[u8]>) =
            numbered.skip(stretch.before).take(count).unzip();
        let rows = JsonRows::new(Arc::new(self.schema.project(columns)?));
        let (arrays, bad) = rows.read(&lines)?;
        let rejected = bad.into_iter().map(|(row, bad)| {
            let letter = bad.at_line(&self.file.path, numbers[row] + 1, lines[row]);
            (row, letter)
        });
        Ok(Piece::among(arrays, first, lines.len(), rejected.collect()))
    }

    fn on_bad_row(&self) -> OnBadRow {
        self.on_bad_row.clone()
    }

    fn describe(&self) -> String {
        format!("json {}", self.file.describe())
    }

    fn digest(&self) -> String {
        self.file.digest()
    }
}
