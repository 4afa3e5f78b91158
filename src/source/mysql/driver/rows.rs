//! Rows that come, as columns.

use std::cell::Cell;
use std::pin::Pin;

use arrow::array::{Array, ArrayRef};
use futures_util::StreamExt;
use mysql_async::prelude::{Query, Queryable, WithParams};
use mysql_async::{BinaryProtocol, Conn, Error as Refusal, Params, ResultSetStream, Row, Value};

use super::Reading;
use super::columns::Kind;
use super::decode::{Builder, builder};
use super::session::reader;
use crate::error::{Error, Result};
use crate::source::sequence::{Reads, Stretch};

/// Rows of some columns.
#[derive(Clone, Default)]
pub(super) struct DecodedRows {
    pub(super) columns: Vec<ArrayRef>,
    /// Values that their types do not have, by row and column, and what they are.
    pub(super) odd: Vec<(usize, usize, String)>,
    count: usize,
}

/// Rows on their way into columns.
struct Filling {
    builders: Vec<Box<dyn Builder>>,
    odd: Vec<(usize, usize, String)>,
    count: usize,
}

/// Whoever reads all rows, by such a `SELECT`.
pub(super) struct Whole<'r> {
    pub(super) select: &'r str,
    pub(super) kinds: &'r [Kind],
    pub(super) reading: Reading<'r>,
    /// A connection that has begun to read.
    pub(super) begun: &'r std::sync::Mutex<Option<Conn>>,
}

/// Rows as the server sends them.
type Answer = ResultSetStream<'static, 'static, 'static, Row, BinaryProtocol>;

/// All rows, as far as they have come.
pub(super) struct Sent {
    answer: Option<Pin<Box<Answer>>>,
    ended: bool,
}

impl Filling {
    fn new(kinds: &[Kind]) -> Self {
        Self {
            builders: kinds.iter().map(builder).collect(),
            odd: Vec::new(),
            count: 0,
        }
    }

    fn add(&mut self, mut row: Row) {
        for (column, builder) in self.builders.iter_mut().enumerate() {
            let value = row.take(column).unwrap_or(Value::NULL);
            if let Err(what) = builder.add(value) {
                self.odd.push((self.count, column, what));
            }
        }
        self.count += 1;
    }

    fn finish(mut self) -> DecodedRows {
        DecodedRows {
            columns: self
                .builders
                .iter_mut()
                .map(|builder| builder.finish())
                .collect(),
            odd: self.odd,
            count: self.count,
        }
    }
}

impl DecodedRows {
    /// Without the first ones.
    pub(super) fn skip(&mut self, rows: usize) {
        *self = self.behind(rows);
    }
}

impl Stretch for DecodedRows {
    fn len(&self) -> usize {
        self.count
    }

    fn behind(&mut self, rows: usize) -> Self {
        let rows = rows.min(self.count);
        let behind = self.count - rows;
        let (own, odd) = self.odd.drain(..).partition(|(row, ..)| *row < rows);
        self.odd = own;
        let odd: Vec<(usize, usize, String)> = odd;
        let odd = odd
            .into_iter()
            .map(|(row, column, what)| (row - rows, column, what));
        let rest = Self {
            columns: self
                .columns
                .iter()
                .map(|column| column.slice(rows, behind))
                .collect(),
            odd: odd.collect(),
            count: behind,
        };
        self.columns
            .iter_mut()
            .for_each(|column| *column = column.slice(0, rows));
        self.count = rows;
        rest
    }
}

impl Reading<'_> {
    /// The rows that a prepared `SELECT` gives for such numbers.
    ///
    /// # Errors
    /// What the server says.
    pub(super) async fn selected(
        &self,
        conn: &mut Conn,
        select: &str,
        (numbers, kinds): (Vec<i64>, &[Kind]),
    ) -> Result<DecodedRows> {
        let moved = Cell::new(0);
        let numbers: Vec<Value> = numbers.into_iter().map(Into::into).collect();
        let work = async {
            let mut filling = Filling::new(kinds);
            let mut answer = conn.exec_iter(select, Params::Positional(numbers)).await?;
            while let Some(row) = answer.next().await? {
                moved.set(moved.get() + 1);
                filling.add(row);
            }
            answer.drop_result().await?;
            Ok(filling.finish())
        };
        self.read(Some(&moved), work).await
    }
}

impl Reads for Whole<'_> {
    type Cursor = Sent;
    type Rows = DecodedRows;

    async fn begin(&self) -> Result<Sent> {
        let begun = crate::sync::lock(self.begun).take();
        let conn = match begun {
            Some(conn) => conn,
            None => reader(&self.reading.patience).await?,
        };
        let answering = self.select.to_string().with(()).stream::<Row, _>(conn);
        let answer = self.reading.read(None, answering).await?;
        Ok(Sent {
            answer: Some(Box::pin(answer)),
            ended: false,
        })
    }

    async fn next(&self, sent: &mut Sent, rows: usize) -> Result<DecodedRows> {
        let moved = Cell::new(0);
        let mut filling = Filling::new(self.kinds);
        let work = async {
            let Some(answer) = sent.answer.as_mut().filter(|_| !sent.ended) else {
                return Ok(());
            };
            while filling.count < rows {
                moved.set(moved.get() + 1);
                match answer.next().await.transpose()? {
                    Some(row) => filling.add(row),
                    None => {
                        sent.ended = true;
                        break;
                    }
                }
            }
            Ok::<(), Refusal>(())
        };
        self.reading.read(Some(&moved), work).await?;
        Ok(filling.finish())
    }

    fn differs(&self, found: u64, counted: u64) -> Error {
        self.reading.differs(found, counted)
    }
}

/// A connection on which rows are still to come is of no use. The driver would read them all to end it in
/// order, but on threads of its own only.
impl Drop for Sent {
    fn drop(&mut self) {
        if let Some(answer) = self.answer.take().filter(|_| !self.ended) {
            let _ = std::thread::Builder::new().spawn(move || drop(answer));
        }
    }
}
