//! `json` files of objects, one a line or in one array: indexed once, then any of their rows are
//! read alone.

mod array;
mod infer;
mod named;
mod scan;
mod seen;

use std::sync::Arc;

use arrow::datatypes::{Schema, SchemaRef};
use schemars::JsonSchema;
use serde::Deserialize;
use serde::de::IgnoredAny;

use super::bad_file::OnBadFile;
use super::file::OpenFile;
use super::files::{FileSource, FileTables};
use super::index::{RecordIndex, Stretch, parts};
use super::json_names::{is_repeated, repeated};
use super::json_rows::{DecodedRows, JsonRows};
use super::lines::{Ends, Lines};
use super::opening::Opening;
use super::retype::typed;
use super::{Asked, OnBadRow, Piece, Records, Types};
use crate::error::{Problem, Result};
use crate::place::{FilePath, Placed};
use seen::SeenFields;

/// A file of JSON objects, one a line or all in one array. Its columns are those of `types`; without them all that it has, with types inferred from all of its values.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Json {
    /// The file, from the folder of the file that says it on; a folder, all of whose files are read, or a pattern such as `data/*.jsonl`. What gzip or zstd compressed is read as it is.
    #[serde(deserialize_with = "crate::place::of_rows")]
    path: Placed<FilePath>,
    /// What becomes of an object that cannot be read: `stop` (default), `skip`, or `{ dead_letter: PATH }`.
    #[serde(default)]
    on_bad_row: OnBadRow,
    /// What becomes of a file of several that cannot be read: `stop` (default), `skip`, or `{ dead_letter: PATH }`.
    #[serde(default)]
    on_bad_file: OnBadFile,
    /// All that the file has is read, whatever `types` name.
    #[serde(skip)]
    all: bool,
    /// Objects in which a name stands twice cannot be read.
    #[serde(skip)]
    once: bool,
}

/// Bytes in which the first object is looked for.
// A choice; a first object that is longer is taken for one that stands in one line.
const FIRST: u64 = 1 << 20;

/// How objects follow each other, and where they begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ObjectLayout {
    Lines(u64),
    Array(u64),
}

/// A file, ready to be read.
struct JsonFile {
    file: OpenFile,
    layout: ObjectLayout,
    index: RecordIndex,
    schema: SchemaRef,
    on_bad_row: OnBadRow,
    once: bool,
}

/// The bytes of an object and its line, from 0.
type Object<'b> = (u64, &'b [u8]);

impl Json {
    /// A file, with the columns that `types` say.
    fn objects(&self, file: OpenFile, types: &Types) -> Result<JsonFile, Problem> {
        file.refuse_other_than_text()?;
        let layout = ObjectLayout::of(&file).map_err(|error| file.problem(error))?;
        let fields = types
            .iter()
            .map(|(name, wanted)| typed(&name.value, wanted));
        let objects = JsonFile {
            index: layout.index(&file)?,
            schema: Arc::new(Schema::new(fields.collect::<Vec<_>>())),
            file,
            layout,
            on_bad_row: self.on_bad_row.clone(),
            once: self.once,
        };
        objects.refuse_pretty()?;
        Ok(objects)
    }

    /// The files at this path, with the columns that are asked for.
    pub fn of(path: Placed<FilePath>) -> Self {
        Self {
            all: false,
            ..Self::all_of(path)
        }
    }

    /// All that the files at this path have.
    pub fn all_of(path: Placed<FilePath>) -> Self {
        Self {
            path,
            on_bad_row: OnBadRow::Stop,
            on_bad_file: OnBadFile::Stop,
            all: true,
            once: false,
        }
    }

    /// The same files; an object in which a name stands twice is a bad row.
    #[must_use]
    pub fn once(self) -> Self {
        Self { once: true, ..self }
    }
}

impl FileSource for Json {
    fn path(&self) -> &Placed<FilePath> {
        &self.path
    }

    fn extensions(&self) -> &'static [&'static str] {
        &["jsonl", "json", "ndjson"]
    }

    fn on_bad_file(&self) -> &OnBadFile {
        &self.on_bad_file
    }

    fn open_files(&self, files: &Opening<'_>, asked: &Asked<'_>) -> Result<FileTables, Problem> {
        self.on_bad_row.of_file()?;
        let infers = asked.types.is_empty() || self.all;
        let opened = files.each(|file| {
            let objects = self.objects(file.open()?, asked.types)?;
            if files.leaves_out() {
                infer::refuse_without_objects(&objects)?;
            }
            // What is wrong with a row makes no bad file.
            let seen = infers.then(|| infer::seen(&objects, self.all)).transpose();
            objects.file.settle();
            Ok(seen.map(|seen| (objects, seen.unwrap_or_default())))
        })?;
        let opened = opened.into_iter().collect::<Result<Vec<_>, Problem>>()?;
        let opened = opened.into_iter();
        let (mut opened, found): (Vec<JsonFile>, Vec<SeenFields>) = opened.unzip();
        if infers {
            let mut seen = SeenFields::default();
            for (file, found) in found.into_iter().enumerate() {
                seen.merge(found, file);
            }
            let schema = infer::schema(&opened, &seen, asked.types, self.all)?;
            for objects in &mut opened {
                objects.schema = schema.clone();
            }
        } else {
            named::check(&opened, asked.types)?;
        }
        let opened = opened.into_iter();
        Ok(opened
            .map(|objects| Arc::new(objects) as Arc<dyn Records>)
            .collect())
    }
}

impl ObjectLayout {
    /// What begins with a bracket is an array.
    fn of(file: &OpenFile) -> Result<Self> {
        let mut mark = 0;
        for part in parts(file, 0) {
            let (offset, bytes) = part?;
            // RFC 8259 (8.1) forbids the mark and lets parsers ignore it. Programs for Windows
            // write it.
            if offset == 0 && bytes.starts_with(b"\xef\xbb\xbf") {
                mark = 3;
            }
            let skipped = if offset == 0 { mark } else { 0 };
            let mut solid = (skipped..bytes.len()).filter(|at| !bytes[*at].is_ascii_whitespace());
            if let Some(at) = solid.next() {
                return Ok(match bytes[at] {
                    b'[' => Self::Array(offset + at as u64 + 1),
                    _ => Self::Lines(mark as u64),
                });
            }
        }
        Ok(Self::Lines(mark as u64))
    }

    fn index(self, file: &OpenFile) -> Result<RecordIndex, Problem> {
        match self {
            Self::Array(start) => array::index(file, start),
            Self::Lines(start) => {
                let ends = Ends {
                    quote: None,
                    escape: None,
                    // Without quotes no delimiter is looked for.
                    delimiter: b',',
                };
                let lines = Lines::find(file, start, ends);
                Ok(lines.map_err(|error| file.problem(error))?.index)
            }
        }
    }
}

impl JsonFile {
    /// # Errors
    /// The first object stands in several lines, of which none is one.
    fn refuse_pretty(&self) -> Result<(), Problem> {
        let ObjectLayout::Lines(start) = self.layout else {
            return Ok(());
        };
        let end = self.file.length.min(start + FIRST);
        let bytes = self.file.bytes(start, end);
        let bytes = bytes.map_err(|error| self.file.problem(error))?;
        let bytes = bytes.trim_ascii_start();
        // Told at once: else each of its lines is a bad row, and the message about the first one,
        // `{`, says nothing.
        let mut values = serde_json::Deserializer::from_slice(bytes).into_iter::<IgnoredAny>();
        let first = values.next().is_some_and(|first| first.is_ok());
        let first = &bytes[..if first { values.byte_offset() } else { 0 }];
        if !first.starts_with(b"{") || !first.contains(&b'\n') {
            return Ok(());
        }
        let command = self.file.command("jq -c .");
        Err(self
            .file
            .problem("an object stands in several lines: put all objects in one array, or each in one line")
            .hint(format!("`{command} > lines.jsonl` makes a file of one object a line")))
    }

    /// `count` objects of a stretch, those that stand before them left out.
    fn split<'b>(&self, stretch: &'b Stretch, count: usize) -> Result<Vec<Object<'b>>> {
        match self.layout {
            ObjectLayout::Array(_) => array::split(&self.file, stretch, count),
            ObjectLayout::Lines(_) => {
                let lines = stretch.bytes.split(|byte| *byte == b'\n');
                // As the index counts them: lines of nothing are no records.
                let blank = |line: &[u8]| line.is_empty() || line == b"\r";
                let lines = (stretch.line..).zip(lines).filter(|(_, line)| !blank(line));
                Ok(lines.skip(stretch.before).take(count).collect())
            }
        }
    }
}

impl Records for JsonFile {
    fn schema(&self) -> SchemaRef {
        self.schema.clone()
    }

    fn rows(&self) -> u64 {
        self.index.records
    }

    fn read(&self, first: u64, count: usize, columns: &[usize]) -> Result<Piece> {
        let stretch = self.index.read(&self.file, first, count)?;
        let (lines, objects): (Vec<u64>, Vec<&[u8]>) =
            self.split(&stretch, count)?.into_iter().unzip();
        let rows = JsonRows::new(Arc::new(self.schema.project(columns)?));
        let (arrays, bad) = match self.once {
            // Only where `verify` reads what a sink holds: there a name that stands twice is a
            // mistake to be told. RFC 8259 only asks others for names that differ.
            true => read_once(&rows, &objects)?,
            false => rows.read(&objects)?,
        };
        let rejected = bad.into_iter().map(|(row, bad)| {
            let letter = bad.at_line(&self.file.path, lines[row] + 1, objects[row]);
            (row, letter)
        });
        Ok(Piece::among(
            arrays,
            first,
            objects.len(),
            rejected.collect(),
        ))
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

    fn unchanged(&self) -> Result<()> {
        self.file.unchanged()
    }

    fn has_grown(&self) -> Result<bool> {
        self.file.has_grown()
    }

    fn release(&self) {
        self.file.release();
    }
}

/// Rows of objects, without those in which a name stands twice.
fn read_once(rows: &JsonRows, objects: &[&[u8]]) -> Result<DecodedRows> {
    let bad = objects.iter().enumerate();
    let bad = bad.filter_map(|(at, object)| Some((at, is_repeated(&repeated(object)?))));
    let mut bad: Vec<_> = bad.collect();
    if bad.is_empty() {
        return rows.read(objects);
    }
    let is_good = |at: &usize| bad.binary_search_by_key(at, |(bad, _)| *bad).is_err();
    let good: Vec<usize> = (0..objects.len()).filter(is_good).collect();
    let left: Vec<&[u8]> = good.iter().map(|at| objects[*at]).collect();
    let (arrays, wrong) = rows.read(&left)?;
    bad.extend(wrong.into_iter().map(|(at, bad)| (good[at], bad)));
    bad.sort_by_key(|(at, _)| *at);
    Ok((arrays, bad))
}

#[cfg(test)]
mod tests;
