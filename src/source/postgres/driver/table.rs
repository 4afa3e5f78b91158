//! Rows of a table or a query as they were at one moment, to be read by any worker.

use arrow::array::ArrayRef;

use super::super::Relation;
use super::Reading;
use super::columns::Column;
use super::copy::{Copy, Sent, Whole};
use super::decode::{Wrong, decode, keys};
use super::session::{Held, Snapshot};
use super::split::UndecodedRows;
use crate::client::patience::Patience;
use crate::error::{Error, Result};
use crate::source::by_key::Key;
use crate::source::parquet::typed;
use crate::source::sequence::Sequences;
use crate::source::table_reader::{self, Known};
use crate::source::{OddValue, Piece};

/// What is read, by one run after the other or by several at once.
pub(super) struct Table {
    pub(super) relation: Relation,
    pub(super) columns: Vec<Column>,
    pub(super) known: Known,
    pub(super) access: Access,
    pub(super) snapshot: Snapshot,
    /// Values that their types do not have are told; otherwise the first one ends it.
    pub(super) tells_odd: bool,
}

/// How rows are asked for.
pub(super) enum Access {
    /// By their key, in its order.
    Key(Key<Held>),
    /// All of them, in the server's order.
    Sequence(Sequences<Sent, UndecodedRows>),
}

/// Rows, and their keys if they have one.
pub(super) struct Read {
    rows: UndecodedRows,
    keys: Vec<i64>,
    /// Fields in front of the columns.
    front: usize,
}

impl table_reader::Table for Table {
    const KIND: &'static str = "postgres";

    fn known(&self) -> &Known {
        &self.known
    }

    fn read(
        &self,
        rows: (u64, usize),
        columns: &[usize],
        ends: &(dyn Fn() -> bool + Sync),
    ) -> Result<Piece> {
        let read = self.fetch(rows, columns, ends)?;
        let (mut odd, places) = (Vec::new(), columns.iter().copied().enumerate());
        let values = places.map(|place| self.values(&read, place, rows.0, &mut odd));
        let columns = values.collect::<Result<_>>()?;
        Ok(Piece {
            odd,
            ..Piece::whole(columns)
        })
    }

    fn key(&self) -> Option<&str> {
        match &self.access {
            Access::Key(key) => Some(&key.name),
            Access::Sequence(_) => None,
        }
    }
}

impl Table {
    /// Rows as they are sent, of some columns.
    ///
    /// # Errors
    /// What the server says, or it is not there any more.
    fn fetch(
        &self,
        (first, count): (u64, usize),
        columns: &[usize],
        ends: &(dyn Fn() -> bool + Sync),
    ) -> Result<Read> {
        let selected = columns
            .iter()
            .map(|column| self.columns[*column].selected());
        let selected: Vec<String> = selected.collect();
        match &self.access {
            Access::Key(key) => {
                let reading = self.reading(ends);
                let own = |column: &usize| self.columns[*column].is_key(&key.name);
                let own = columns.iter().position(own);
                self.by_key(key, (first, count), (&selected, own), reading)
            }
            Access::Sequence(sequences) => {
                let select = self.relation.select(&selected.join(", "));
                let whole = Whole {
                    snapshot: &self.snapshot,
                    select: &select,
                    width: selected.len(),
                    reading: self.reading(ends),
                };
                let rows = sequences.read((first, count), &select, &whole)?;
                Ok(Read {
                    rows,
                    keys: Vec::new(),
                    front: 0,
                })
            }
        }
    }

    /// One statement for each batch: the server finds its rows by the index of the key, which is sent once.
    fn by_key(
        &self,
        key: &Key<Held>,
        (first, count): (u64, usize),
        (selected, own): (&[String], Option<usize>),
        reading: Reading<'_>,
    ) -> Result<Read> {
        let width = selected.len();
        let wanted = key.wanted((first, count), reading, self.known.rows)?;
        let column = Relation::column(&key.name);
        let front = usize::from(own.is_none());
        let selected = match own {
            Some(_) => selected.join(", "),
            None => format!("{column}::int8, {}", selected.join(", ")),
        };
        let (width, select) = (width + front, self.relation.select(&selected));
        let (least, most) = (wanted.keys.start(), wanted.keys.end());
        let (offset, limit) = (wanted.offset, wanted.limit);
        // A COPY takes no parameters: numbers stand in its text.
        let select = format!(
            "{select} WHERE {column} >= '{least}'::int8 AND {column} <= '{most}'::int8 ORDER BY {column} OFFSET {offset} LIMIT {limit}"
        );
        let make = async || self.snapshot.reader(&reading.patience).await;
        let mut rows = key.pool.with(make, async |held| {
            let mut copy = Copy::begin(held, &select, width, reading).await?;
            copy.rows(usize::MAX, reading).await
        })?;
        let keys = keys(&rows.column(own.unwrap_or(0)));
        let keys = keys.map_err(|wrong| reading.broken(wrong.what))?;
        let keys = key.checked(&wanted, keys, reading, self.known.rows)?;
        rows.skip(wanted.extra);
        Ok(Read { rows, keys, front })
    }

    fn reading<'t>(&'t self, ends: &'t (dyn Fn() -> bool + Sync)) -> Reading<'t> {
        Reading {
            patience: Patience::new(&self.snapshot.database, ends),
            relation: &self.relation,
        }
    }

    /// The values of a column, as it is to be: the one at a place among those that were read. What its
    /// type does not have is null, and told in `odd`.
    ///
    /// # Errors
    /// Where nothing odd is told: such a value, naming column and row.
    fn values(
        &self,
        read: &Read,
        (place, column): (usize, usize),
        first: u64,
        odd: &mut Vec<OddValue>,
    ) -> Result<ArrayRef> {
        let slots = read.rows.column(read.front + place);
        let mut own = Vec::new();
        let of_row = |wrong: &Wrong| self.wrong(column, wrong, read, first);
        let kind = &self.columns[column].kind;
        let values = decode(kind, &slots, &mut own).map_err(|wrong| of_row(&wrong))?;
        if let Some(wrong) = own.first().filter(|_| !self.tells_odd) {
            return Err(of_row(wrong));
        }
        let field = self.known.schema.field(column).clone();
        let nullable = field.is_nullable() || !own.is_empty();
        let typed = typed(&values, &field.with_nullable(nullable), first);
        odd.extend(own.into_iter().map(|wrong| OddValue {
            row: wrong.row,
            column: place,
            what: wrong.what,
        }));
        typed.map_err(|error| error.context(format!("could not read {}", self.known.what)))
    }

    /// What is wrong with a value, where it is, and what reads it.
    fn wrong(&self, column: usize, wrong: &Wrong, read: &Read, first: u64) -> Error {
        let name = &self.columns[column].name;
        let at = (wrong.row, first);
        let problem = table_reader::Table::wrong_value(self, name, at, &read.keys, &wrong.what);
        let text = || format!("`types: {{ {name}: utf8 }}` reads what PostgreSQL writes");
        Error::run(problem.maybe_hint(wrong.is_value.then(text)))
    }
}
