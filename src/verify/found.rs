//! What is there: read from where the sink keeps it, any rows at any time.

use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

use arrow::array::{Array, ArrayRef, AsArray, UInt32Array, new_empty_array};
use arrow::compute::take;
use arrow::datatypes::Field;
use arrow::util::display::{ArrayFormatter, FormatOptions};

use super::exact::exactly;
use super::json_text::{alike, is_json};
use super::nested::{field_twice, lost_field, other_fields, without};
use super::side::{ComparedRows, Odd, Side, Stands};
use crate::column::arrays::plain_type;
use crate::column::show_type;
use crate::error::{Error, Result};
use crate::plan::BATCH_ROWS;
use crate::source::{DAMAGED, Piece, Records};
use crate::sync::guarded;

/// The rows of a piece: a multiple of the batches in which expected rows are made, so that each
/// begins where one of those does, and several pages of Parquet, because a page that two pieces
/// share is unpacked twice.
pub(super) const PIECE: u64 = 4 * BATCH_ROWS;

/// Opens the same rows, all values as texts.
pub(super) type AsTexts = Box<dyn Fn() -> Result<Arc<dyn Records>> + Send + Sync>;

/// The columns in which an empty text is no value, but for those of texts.
#[derive(Debug, Clone, Copy)]
pub(super) enum Blank {
    /// All of them: in CSV.
    All,
    /// Those from this one on: names of folders.
    From(usize),
}

impl Blank {
    fn has(self, column: usize) -> bool {
        match self {
            Self::All => true,
            Self::From(first) => column >= first,
        }
    }
}

/// Rows that are there.
pub(super) struct Found {
    records: Arc<dyn Records>,
    /// Which of their columns are compared, as what.
    columns: Vec<(usize, Field)>,
    /// The columns in which an empty text is no value.
    blank: Blank,
    as_texts: Option<AsTexts>,
    texts: OnceLock<Result<Arc<dyn Records>>>,
}

impl Found {
    /// The rows of `records`, whose columns are called `names` there and become `fields`.
    ///
    /// # Errors
    /// A column is not there, or of a type that cannot be compared.
    pub(super) fn new(
        records: Arc<dyn Records>,
        names: &[String],
        fields: &[Field],
        (as_texts, blank): (Option<AsTexts>, Blank),
    ) -> Result<Self> {
        let schema = records.schema();
        has_all(records.as_ref(), names)?;
        let mut columns = Vec::new();
        for (name, field) in names.iter().zip(fields) {
            let index = schema.index_of(name)?;
            let own = schema.field(index).data_type();
            if let Some(twice) = field_twice(own) {
                let what = format!("column `{name}` has two fields `{twice}`");
                let error = Error::run(format!("could not compare `{}`", records.describe()));
                return Err(error.context(what));
            }
            if let Some(lost) = lost_field(name, own, field.data_type()) {
                return Err(no_field(records.as_ref(), lost));
            }
            // Asked with no values: whether one type can become the other is known before a row is
            // read.
            if exactly(&new_empty_array(own), field.data_type()).is_err() {
                let (own, wanted) = (show_type(own), show_type(field.data_type()));
                let what = format!("column `{name}` is {own}, which is no {wanted}");
                return Err(
                    Error::run(format!("could not compare `{}`", records.describe())).context(what),
                );
            }
            columns.push((index, field.clone()));
        }
        Ok(Self {
            records,
            columns,
            blank,
            as_texts,
            texts: OnceLock::new(),
        })
    }

    /// What is read, in one line.
    pub(super) fn describe(&self) -> String {
        self.records.describe()
    }

    /// How far each partition of the load is that has written it, where that is known.
    pub(super) fn progress(&self) -> Option<&HashMap<i32, i64>> {
        self.records.progress()
    }

    /// Columns that are there and not compared.
    pub(super) fn others(&self) -> Vec<String> {
        let schema = self.records.schema();
        let compared = |at: &usize| self.columns.iter().any(|(index, _)| index == at);
        let others = (0..schema.fields().len()).filter(|at| !compared(at));
        let others = others.map(|at| schema.field(at).name().clone());
        let within = self.columns.iter().flat_map(|(at, wanted)| {
            let own = schema.field(*at);
            other_fields(own.name(), own.data_type(), wanted.data_type())
        });
        others.chain(within).collect()
    }

    /// # Errors
    /// What was read has changed since it was opened.
    pub(super) fn unchanged(&self) -> Result<()> {
        self.records.unchanged()
    }

    fn piece(
        &self,
        records: &dyn Records,
        first: u64,
        count: usize,
        columns: &[usize],
    ) -> Result<Piece> {
        // A panic of a library that reads a damaged file becomes the error of that file.
        let read = guarded(|| records.read(first, count, columns));
        let damaged =
            || Error::because(format!("could not read `{}`", records.describe()), DAMAGED);
        read.unwrap_or_else(|| Err(damaged()))
    }

    /// Rows of which all can be read: their columns, and what is not of its type.
    fn whole(&self, first: u64, read: Piece) -> Result<ComparedRows> {
        let mut rows = ComparedRows::new(Vec::new(), first);
        for (column, (values, (_, field))) in read.columns.iter().zip(&self.columns).enumerate() {
            self.convert_into(&mut rows, values, (column, field))?;
        }
        rows.count = read.columns.first().map_or(0, |column| column.len());
        rows.odd.extend(read.odd.into_iter().map(|odd| Odd {
            row: odd.row,
            column: odd.column,
            stands: Stands::Unread(odd.what),
        }));
        Ok(rows)
    }

    /// Adds a column as the type it should be, and what is not of it.
    fn convert_into(
        &self,
        rows: &mut ComparedRows,
        values: &ArrayRef,
        (column, field): (usize, &Field),
    ) -> Result<()> {
        let values = &match self.blank.has(column) && values.data_type() != field.data_type() {
            // CSV has one way to write nothing, and for a number that is no value; of a column of
            // texts it may be the empty text.
            true => without_blanks(values)?,
            false => values.clone(),
        };
        if is_json(field) {
            rows.columns.push(alike(values));
            return Ok(());
        }
        let (made, bad) = match plain_type(values.data_type()) == field.data_type() {
            true => (values.clone(), Vec::new()),
            false => exactly(values, field.data_type())?,
        };
        let options = FormatOptions::default().with_null("null");
        let shown = ArrayFormatter::try_new(values.as_ref(), &options)?;
        for row in &bad {
            let text = shown.value(*row).to_string();
            let (row, stands) = (*row, Stands::Text(text));
            rows.odd.push(Odd {
                row,
                column,
                stands,
            });
        }
        // Null in the place of what is no value of the type, and the text of it beside: the row
        // then differs, and can still be told.
        rows.columns.push(without(&made, &bad)?);
        Ok(())
    }

    /// Reads column by column where some rows cannot be read, so that only the values that are
    /// wrong are missing.
    fn broken(&self, first: u64, count: usize) -> Result<ComparedRows> {
        let mut rows = ComparedRows::new(Vec::new(), first);
        rows.count = count;
        for (column, (index, field)) in self.columns.iter().enumerate() {
            let piece = self.piece(self.records.as_ref(), first, count, &[*index])?;
            let bad = absent_rows(&piece, first, count);
            self.convert_into(&mut rows, &spread(&piece, first, count)?, (column, field))?;
            if bad.is_empty() {
                continue;
            }
            // The value as it stands is what helps whoever looks for the fault: `12,5` says more
            // than that it is no number.
            let texts = self.texts(*index, first, count)?;
            let reasons = piece.rejected.iter().map(|rejected| &rejected.message);
            for (row, why) in bad.into_iter().zip(reasons) {
                let text = texts.as_ref().filter(|texts| texts.is_valid(row));
                let text = text.map(|texts| texts.as_string::<i32>().value(row).to_string());
                let stands = text.map_or_else(|| Stands::Unread(why.clone()), Stands::Text);
                rows.odd.push(Odd {
                    row,
                    column,
                    stands,
                });
            }
        }
        Ok(rows)
    }

    /// A column as texts, null where not even a text can be read.
    fn texts(&self, index: usize, first: u64, count: usize) -> Result<Option<ArrayRef>> {
        let Some(open) = &self.as_texts else {
            return Ok(None);
        };
        let schema = self.records.schema();
        let name = schema.field(index).name();
        // Opened once and only then: a second reader of all columns as texts costs as much as the
        // first.
        let texts = self.texts.get_or_init(open).clone()?;
        let Ok(index) = texts.schema().index_of(name) else {
            return Ok(None);
        };
        let piece = self.piece(texts.as_ref(), first, count, &[index])?;
        spread(&piece, first, count).map(Some)
    }
}

impl Side for Found {
    fn pieces(&self) -> u64 {
        self.records.rows().div_ceil(PIECE)
    }

    fn rows(&self) -> u64 {
        self.records.rows()
    }

    fn read(&self, piece: u64) -> Result<ComparedRows> {
        let first = piece * PIECE;
        let count = PIECE.min(self.records.rows() - first) as usize;
        let columns: Vec<usize> = self.columns.iter().map(|(index, _)| *index).collect();
        let read = self.piece(self.records.as_ref(), first, count, &columns)?;
        match read.kept.is_none() && read.rejected.is_empty() {
            // The careful way reads each column alone, and again as texts; it is taken only where a
            // row could not be read.
            true => self.whole(first, read),
            false => self.broken(first, count),
        }
    }
}

/// The rows of a piece that could not be read, by their place.
fn absent_rows(piece: &Piece, first: u64, count: usize) -> Vec<usize> {
    let Some(kept) = &piece.kept else {
        return Vec::new();
    };
    let mut there = vec![false; count];
    kept.iter()
        .for_each(|row| there[(row - first) as usize] = true);
    (0..count).filter(|row| !there[*row]).collect()
}

/// The one column of a piece, null for rows that could not be read.
fn spread(piece: &Piece, first: u64, count: usize) -> Result<ArrayRef> {
    let Some(kept) = &piece.kept else {
        return Ok(piece.columns[0].clone());
    };
    let mut places = vec![None; count];
    for (at, row) in kept.iter().enumerate() {
        places[(row - first) as usize] = Some(at as u32);
    }
    Ok(take(&piece.columns[0], &UInt32Array::from(places), None)?)
}

/// Texts without the empty ones.
fn without_blanks(values: &ArrayRef) -> Result<ArrayRef> {
    let Some(texts) = values.as_string_opt::<i32>() else {
        return Ok(values.clone());
    };
    let is_blank = |row: &usize| texts.is_valid(*row) && texts.value(*row).is_empty();
    let blank: Vec<usize> = (0..texts.len()).filter(is_blank).collect();
    without(values, &blank)
}

/// # Errors
/// A column of that name is not there.
pub(super) fn has_all(records: &dyn Records, names: &[String]) -> Result<()> {
    let schema = records.schema();
    let lost = names.iter().filter(|name| schema.index_of(name).is_err());
    let lost: Vec<&str> = lost.map(String::as_str).collect();
    match lost.is_empty() {
        true => Ok(()),
        false => Err(absent(records, &lost)),
    }
}

/// Columns that are not there, all of them at once.
fn absent(records: &dyn Records, lost: &[&str]) -> Error {
    let schema = records.schema();
    let names = schema.fields().iter().map(|field| field.name().as_str());
    let all: Vec<&str> = names.clone().collect();
    let near = match lost {
        [one] => crate::error::did_you_mean(one, names),
        _ => None,
    };
    let columns = if lost.len() == 1 { "column" } else { "columns" };
    let (what, lost) = (records.describe(), lost.join("`, `"));
    Error::run(format!("`{what}` has no {columns} `{lost}`"))
        .hint(near.unwrap_or_else(|| format!("its columns are {}", all.join(", "))))
}

/// A field of a struct that is not there, and those that are there in its place.
fn no_field(records: &dyn Records, (name, others): (String, Vec<String>)) -> Error {
    let error = Error::run(format!("`{}` has no field `{name}`", records.describe()));
    match others.is_empty() {
        true => error,
        false => error.hint(format!("it has {}", others.join(", "))),
    }
}

impl std::fmt::Debug for Found {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Found")
            .field(&self.records.describe())
            .finish()
    }
}
