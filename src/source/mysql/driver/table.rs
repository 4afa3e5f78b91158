//! Rows of a table or a query as they were at one moment, to be read by any worker.

use std::sync::Mutex;

use arrow::array::AsArray;
use arrow::datatypes::Int64Type;
use mysql_async::Conn;

use super::super::Relation;
use super::Reading;
use super::columns::{Column, Kind};
use super::rows::{DecodedRows, Sent, Whole};
use super::session::reader;
use crate::client::mysql::Database;
use crate::client::patience::Patience;
use crate::error::{Error, Result};
use crate::source::by_key::Key;
use crate::source::parquet::typed;
use crate::source::sequence::Sequences;
use crate::source::table_reader::{self, Known};
use crate::source::{OddValue, Piece};

/// What is read, by one run after the other or by several at once.
pub(super) struct Table {
    pub(super) database: Database,
    pub(super) relation: Relation,
    pub(super) columns: Vec<Column>,
    pub(super) known: Known,
    pub(super) access: Access,
    /// Values that their types do not have are told; otherwise the first one ends it.
    pub(super) tells_odd: bool,
}

/// How rows are asked for.
pub(super) enum Access {
    /// By their key, in its order.
    Key(Key<Conn>),
    /// All of them, in the server's order; the first time by a connection that has counted them.
    Sequence(Sequences<Sent, DecodedRows>, Mutex<Option<Conn>>),
}

/// Rows, and their keys if they have one.
pub(super) struct Read {
    rows: DecodedRows,
    keys: Vec<i64>,
}

impl table_reader::Table for Table {
    const KIND: &'static str = "mysql";

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
        self.piece(read, columns, rows.0)
    }

    fn key(&self) -> Option<&str> {
        match &self.access {
            Access::Key(key) => Some(&key.name),
            Access::Sequence(..) => None,
        }
    }
}

impl Table {
    /// Rows of some columns.
    ///
    /// # Errors
    /// What the server says, or it is not there any more.
    fn fetch(
        &self,
        (first, count): (u64, usize),
        columns: &[usize],
        ends: &(dyn Fn() -> bool + Sync),
    ) -> Result<Read> {
        let own = columns.iter().map(|column| &self.columns[*column]);
        let selected: Vec<String> = own.clone().map(Column::selected).collect();
        let kinds: Vec<Kind> = own.map(|column| column.kind.clone()).collect();
        let reading = Reading {
            patience: Patience::new(&self.database, ends),
            relation: &self.relation,
        };
        match &self.access {
            Access::Key(key) => self.by_key(key, (first, count), (selected, kinds), reading),
            Access::Sequence(sequences, begun) => {
                let select = self.relation.select(&selected.join(", "));
                let whole = Whole {
                    select: &select,
                    kinds: &kinds,
                    reading,
                    begun,
                };
                let rows = sequences.read((first, count), &select, &whole)?;
                let keys = Vec::new();
                Ok(Read { rows, keys })
            }
        }
    }

    /// One statement for each batch: the server finds its rows by the index of the key.
    fn by_key(
        &self,
        key: &Key<Conn>,
        (first, count): (u64, usize),
        (mut selected, mut kinds): (Vec<String>, Vec<Kind>),
        reading: Reading<'_>,
    ) -> Result<Read> {
        let wanted = key.wanted((first, count), reading, self.known.rows)?;
        let column = Relation::column(&key.name);
        // One type of key to read, whichever of the eight integers it is.
        selected.insert(0, format!("CAST({column} AS SIGNED)"));
        kinds.insert(0, Kind::Int64);
        let select = format!(
            "{} WHERE {column} >= ? AND {column} <= ? ORDER BY {column} LIMIT ? OFFSET ?",
            self.relation.select(&selected.join(", "))
        );
        let (least, most) = (*wanted.keys.start(), *wanted.keys.end());
        let (offset, limit) = (wanted.offset.cast_signed(), wanted.limit as i64);
        let numbers = vec![least, most, limit, offset];
        let make = async || reader(&reading.patience).await;
        let mut rows = key.pool.with(make, async |conn| {
            reading.selected(conn, &select, (numbers, &kinds)).await
        })?;
        let keys = rows.columns.remove(0);
        let keys = keys.as_primitive::<Int64Type>().values().to_vec();
        let keys = key.checked(&wanted, keys, reading, self.known.rows)?;
        rows.skip(wanted.extra);
        Ok(Read { rows, keys })
    }

    /// The columns as they are to be. What a type does not have is null, and told.
    ///
    /// # Errors
    /// Where nothing odd is told: such a value, naming column and row.
    fn piece(&self, read: Read, columns: &[usize], first: u64) -> Result<Piece> {
        // Of rows by a key, that one stands before the columns.
        let front = usize::from(matches!(self.access, Access::Key(_)));
        let odd = read.rows.odd.iter().filter_map(|(row, column, what)| {
            Some(OddValue {
                row: *row,
                column: column.checked_sub(front)?,
                what: what.clone(),
            })
        });
        let odd: Vec<OddValue> = odd.collect();
        if let Some(wrong) = odd.first().filter(|_| !self.tells_odd) {
            return Err(self.wrong(columns[wrong.column], wrong, &read, first));
        }
        let values = read.rows.columns.iter().zip(columns).enumerate();
        let values = values.map(|(place, (values, column))| {
            let field = self.known.schema.field(*column).clone();
            let odd = odd.iter().any(|odd| odd.column == place);
            let nullable = field.is_nullable() || odd;
            let typed = typed(values, &field.with_nullable(nullable), first);
            typed.map_err(|error| error.context(format!("could not read {}", self.known.what)))
        });
        let columns = values.collect::<Result<_>>()?;
        Ok(Piece {
            odd,
            ..Piece::whole(columns)
        })
    }

    /// What is wrong with a value, where it is, and what reads it.
    fn wrong(&self, column: usize, wrong: &OddValue, read: &Read, first: u64) -> Error {
        let name = &self.columns[column].name;
        let at = (wrong.row, first);
        let problem = table_reader::Table::wrong_value(self, name, at, &read.keys, &wrong.what);
        Error::run(problem.hint(format!(
            "`types: {{ {name}: utf8 }}` reads what MySQL writes"
        )))
    }
}
