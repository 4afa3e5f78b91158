//! `csv` files: indexed once, then any of their rows are read alone, on any thread.

mod cells;
mod encoding;
mod head;
mod infer;
mod options;
mod split;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::bad_file::OnBadFile;
use super::file::OpenFile;
use super::files::{FileSource, FileTables};
use super::index::{RecordIndex, Stretch};
use super::kinds::Kinds;
use super::lines::{Ends, Lines};
use super::opening::Opening;
use super::reject::BadRow;
use super::retype::{check_names, is_missing, missing, typed};
use super::{Asked, OnBadRow, Piece, Records, Types};
use crate::column::{ColumnType, show_type};
use crate::error::{Error, Problem, Result};
use crate::place::{FilePath, Placed};
use crate::units::show_count;
use arrow::array::ArrayRef;
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use cells::NullSpelling;
use encoding::Encoding;
use head::{HeaderNames, head};
use infer::look;
pub use options::Csv;
use split::{Dialect, MOST_BYTES, RecordError, RecordSplitter};

/// Records whose types are inferred at once.
const BLOCK: u64 = 16_384;

/// A file, ready to be read.
struct CsvFile {
    file: OpenFile,
    dialect: Dialect,
    encoding: Encoding,
    nulls: NullSpelling,
    index: RecordIndex,
    /// Lines before the first record.
    lines: u64,
    /// Lines of nothing, which are no records.
    blank: u64,
    schema: SchemaRef,
    on_bad_row: OnBadRow,
}

/// What was seen of columns, by their names.
type SeenColumns = Vec<(String, Kinds)>;

impl FileSource for Csv {
    fn path(&self) -> &Placed<FilePath> {
        &self.path
    }

    fn extensions(&self) -> &'static [&'static str] {
        &["csv", "tsv", "txt"]
    }

    fn on_bad_file(&self) -> &OnBadFile {
        &self.on_bad_file
    }

    fn open_files(&self, files: &Opening<'_>, asked: &Asked<'_>) -> Result<FileTables, Problem> {
        self.on_bad_row.of_file()?;
        // All files are looked at before any has types: what is a number in one of them may be a
        // text in another.
        let opened = files.each(|file| self.table(file.open()?, asked.types))?;
        let mut all: BTreeMap<String, Kinds> = BTreeMap::new();
        for (_, seen) in &opened {
            for (name, seen) in seen {
                let both = all.get(name).map_or(*seen, |known| known.and(*seen));
                all.insert(name.clone(), both);
            }
        }
        let typed = opened.into_iter().map(|(mut table, _)| {
            table.schema = table.typed(asked.types, &all)?;
            Ok(Arc::new(table) as Arc<dyn Records>)
        });
        typed.collect()
    }
}

impl Csv {
    /// A file, and what was seen of its columns whose types nobody says.
    fn table(&self, file: OpenFile, types: &Types) -> Result<(CsvFile, SeenColumns), Problem> {
        file.refuse_other_than_text()?;
        let (dialect, encoding) = (self.dialect(&file)?, self.encoding(&file)?);
        let names = match (self.has_header(), self.is_own) {
            (false, _) => HeaderNames::None,
            (true, false) => HeaderNames::Trimmed,
            (true, true) => HeaderNames::Written,
        };
        let head = head(&file, (dialect, encoding), names, types)?;
        self.refuse_other_delimiter(&file, &head.names)?;
        let names = head.names.iter();
        let fields = names.map(|name| Field::new(name, DataType::Utf8, true));
        let texts = Schema::new(fields.collect::<Vec<_>>());
        check_names(&texts, types)?;
        let ends = Ends {
            quote: Some(dialect.quote),
            escape: dialect.escape,
            delimiter: dialect.delimiter,
        };
        let lines = Lines::find(&file, head.bytes, ends).map_err(|error| file.problem(error))?;
        if let Some(line) = lines.open_quote {
            let line = head.lines + line + 1;
            return Err(file
                .problem(format!(
                    "line {line}: the quote that opens there is never closed"
                ))
                .hint("say which character encloses values with `quote:`, and which one stands before quotes within them with `escape:`"));
        }
        let table = CsvFile {
            file,
            dialect,
            encoding,
            nulls: self.nulls(),
            index: lines.index,
            lines: head.lines,
            blank: lines.blank,
            schema: Arc::new(texts),
            on_bad_row: self.on_bad_row.clone(),
        };
        let seen = table.look(types)?;
        // A set of many files keeps none of them open, nor what it has unpacked.
        table.file.settle();
        Ok((table, seen))
    }
}

impl CsvFile {
    /// What all values of the columns are whose types nobody says.
    fn look(&self, types: &Types) -> Result<SeenColumns, Problem> {
        let said = |name: &str| types.iter().any(|(known, _)| known.value == name);
        let fields = self.schema.fields();
        let open: Vec<usize> = (0..fields.len())
            .filter(|column| !said(fields[*column].name()))
            .collect();
        let seen = match open.is_empty() {
            true => Vec::new(),
            false => self
                .infer(&open)
                .map_err(|error| self.file.problem(error))?,
        };
        let names = open.iter().map(|column| fields[*column].name().clone());
        Ok(names.zip(seen).collect())
    }

    /// Names and types: those that `types` say, and for the others what all values allow.
    fn typed(&self, types: &Types, seen: &BTreeMap<String, Kinds>) -> Result<SchemaRef, Problem> {
        let said = |name: &str| types.iter().find(|(known, _)| known.value == name);
        let fields = self.schema.fields();
        let typed = fields.iter().map(|field| match said(field.name()) {
            Some((_, wanted)) => {
                readable(field.name(), wanted)?;
                Ok(typed(field.name(), wanted))
            }
            None => {
                let seen = seen.get(field.name());
                let data_type = seen.map_or(DataType::Utf8, |seen| seen.data_type());
                Ok(Field::new(field.name(), data_type, true))
            }
        });
        let typed: Vec<Field> = typed.collect::<Result<_, Problem>>()?;
        Ok(Arc::new(Schema::new(typed)))
    }

    /// Looks at all values of these columns, on every core.
    fn infer(&self, columns: &[usize]) -> Result<Vec<Kinds>> {
        let blocks = self.index.records.div_ceil(BLOCK);
        let next = AtomicU64::new(0);
        let look = || -> Result<Vec<Kinds>> {
            let mut seen = vec![Kinds::default(); columns.len()];
            loop {
                let block = next.fetch_add(1, Ordering::Relaxed);
                if block >= blocks || seen.iter().all(|seen| seen.is_text()) {
                    return Ok(seen);
                }
                let stretch = self.stretch(block * BLOCK, BLOCK as usize)?;
                let split = self.split(&stretch, BLOCK as usize)?;
                for (seen, column) in seen.iter_mut().zip(columns) {
                    *seen = look(*seen, &split, *column, &self.nulls);
                }
            }
        };
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        let threads = (blocks as usize).clamp(1, cores);
        let mut all = vec![Kinds::default(); columns.len()];
        std::thread::scope(|scope| {
            let running: Vec<_> = (0..threads).map(|_| scope.spawn(look)).collect();
            for one in running {
                let seen = one
                    .join()
                    .map_err(|_| Error::run("inferring types failed"))??;
                all.iter_mut()
                    .zip(seen)
                    .for_each(|(all, seen)| *all = all.and(seen));
            }
            Ok(all)
        })
    }

    fn stretch(&self, first: u64, count: usize) -> Result<Stretch> {
        let mut stretch = self.index.read(&self.file, first, count)?;
        stretch.bytes = self.encoding.decode(stretch.bytes);
        match stretch.bytes.len() < MOST_BYTES {
            true => Ok(stretch),
            false => Err(Error::run(format!(
                "{} rows of `{}` are longer than 4 GiB",
                count,
                self.file.path.display()
            ))
            .hint("say a smaller `batch_rows` under `run:`")),
        }
    }

    fn split<'b>(&self, stretch: &'b Stretch, count: usize) -> Result<RecordSplitter<'b>> {
        let width = self.schema.fields().len();
        Ok(RecordSplitter::new(
            &stretch.bytes,
            self.dialect,
            width,
            stretch.before,
            count,
        ))
    }

    /// What is wrong with the records that cannot be read, each once, in their order.
    fn wrong(
        &self,
        split: &RecordSplitter<'_>,
        mut bad: Vec<(usize, usize)>,
    ) -> Vec<(usize, BadRow)> {
        let mut wrong: Vec<(usize, BadRow)> = split
            .wrong
            .iter()
            .map(|(record, wrong)| (*record, self.shape_problem(split, *record, *wrong)))
            .collect();
        let misshapen: BTreeSet<usize> = wrong.iter().map(|(record, _)| *record).collect();
        bad.retain(|(record, _)| !misshapen.contains(record));
        bad.sort_unstable();
        bad.dedup_by_key(|(record, _)| *record);
        wrong.extend(
            bad.into_iter()
                .map(|(record, column)| (record, self.value_problem(split, record, column))),
        );
        wrong.sort_by_key(|(record, _)| *record);
        wrong
    }

    fn shape_problem(
        &self,
        split: &RecordSplitter<'_>,
        record: usize,
        wrong: RecordError,
    ) -> BadRow {
        let fields = self.schema.fields();
        let backslash = [b'\\', self.dialect.quote];
        let escaped = memchr::memmem::find(split.record_bytes(record), &backslash).is_some();
        let hint = match escaped && self.dialect.escape.is_none() {
            true => {
                "; quotes within quotes are doubled, `escape: \"\\\\\"` says that a backslash stands before them"
            }
            false => "",
        };
        match wrong {
            RecordError::Width(found) => BadRow::new(
                "wrong number of values",
                format!("expected {} values, found {found}", fields.len()),
            ),
            RecordError::Quote(column) => {
                let name = fields.get(column).map_or("", |field| field.name());
                let message =
                    format!("column `{name}`: something stands behind the closing quote{hint}");
                BadRow::new("wrong quotes", message)
            }
        }
    }

    fn value_problem(&self, split: &RecordSplitter<'_>, record: usize, column: usize) -> BadRow {
        let field = self.schema.field(column);
        let mut bytes = Vec::new();
        if let Some(cell) = split.cells(column).nth(record) {
            let texts = field.data_type() == &DataType::Utf8;
            if self.nulls.is(cell, split.bytes, texts) {
                return is_missing(field.name());
            }
            cells::unescape(cell, split.bytes, self.dialect, &mut bytes);
        }
        let name = field.name();
        match std::str::from_utf8(&bytes) {
            Ok(text) => {
                let expected = show_type(field.data_type());
                let message = format!("column `{name}`: expected {expected}, found `{text}`");
                BadRow::new("wrong type", message)
            }
            Err(_) => {
                let (kind, message) = self.encoding.problem();
                BadRow::new(kind, format!("column `{name}`: {message}"))
            }
        }
    }
}

/// The types that text can be read as.
fn readable(name: &str, wanted: &Placed<ColumnType>) -> Result<(), Problem> {
    let to = &wanted.data_type;
    let uuid = to == &DataType::FixedSizeBinary(16);
    if uuid || (arrow::compute::can_cast_types(&DataType::Utf8, to) && !to.is_nested()) {
        return Ok(());
    }
    let message = format!(
        "column `{name}` cannot be read as {} from CSV",
        show_type(to)
    );
    Err(Problem::new(message).at(&wanted.place))
}

impl Records for CsvFile {
    fn schema(&self) -> SchemaRef {
        self.schema.clone()
    }

    fn rows(&self) -> u64 {
        self.index.records
    }

    fn read(&self, first: u64, count: usize, columns: &[usize]) -> Result<Piece> {
        let stretch = self.stretch(first, count)?;
        let split = self.split(&stretch, count)?;
        let mut arrays: Vec<ArrayRef> = Vec::with_capacity(columns.len());
        let mut bad = Vec::new();
        for column in columns {
            let data_type = self.schema.field(*column).data_type();
            let nulls = &self.nulls;
            let (array, wrong) = cells::column(&split, *column, data_type, nulls, self.dialect)?;
            let missing = missing(&array, self.schema.field(*column)).into_iter();
            let wrong = wrong.into_iter().chain(missing);
            bad.extend(wrong.map(|record| (record, *column)));
            arrays.push(array);
        }
        if bad.is_empty() && split.wrong.is_empty() {
            return Ok(Piece::whole(arrays));
        }
        let line = |record: usize| {
            let before = &stretch.bytes[..split.records[record].0 as usize];
            self.lines + stretch.line + memchr::memchr_iter(b'\n', before).count() as u64 + 1
        };
        let rejected = self.wrong(&split, bad);
        let rejected = rejected.into_iter().map(|(record, bad)| {
            let text = split.record_bytes(record);
            (record, bad.at_line(&self.file.path, line(record), text))
        });
        Piece::without(arrays, first, split.records.len(), rejected.collect())
    }

    fn on_bad_row(&self) -> OnBadRow {
        self.on_bad_row.clone()
    }

    fn describe(&self) -> String {
        let blank = match self.blank {
            0 => String::new(),
            1 => ", 1 blank line passed over".to_string(),
            many => format!(", {} blank lines passed over", show_count(many)),
        };
        format!("csv {}{blank}", self.file.describe())
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
