//! Finds the row of a key: by bisection where keys follow each other, else by looking at all of them.

use std::cmp::Ordering;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering as Atomic};

use arrow::array::{Array, ArrayRef, StringArray};
use arrow::row::{OwnedRow, RowConverter, SortField};

use crate::column::arrays::plain;
use crate::column::{ChangeRole, Program, show_type};
use crate::domain::Order;
use crate::error::{Error, Problem, Result};
use crate::plan::{BATCH_ROWS, Preview};
use crate::source::convert;

/// A table's keys, and how they are compared.
struct Keys {
    table: Preview,
    converter: RowConverter,
}

/// The number of the row whose key this is.
///
/// # Errors
/// The table has no keys, or not this one.
pub fn find(table: &Preview, name: &str, key: &str) -> Result<u64> {
    find_among(table, name, key, table.rows)
}

/// As `find`, among the first `rows` rows: of a table whose rows change those that are inserted.
///
/// # Errors
/// As `find`.
pub fn find_among(table: &Preview, name: &str, key: &str, rows: Option<u64>) -> Result<u64> {
    let program = table.program.get();
    let program = program.ok_or_else(|| Error::run("the table is not built"))?;
    let node = key_of(table, program).ok_or_else(|| {
        let problem = Problem::new(format!("no column of `{name}` tells its rows apart"));
        Error::user(problem.hint("say which row with `--row`"))
    })?;
    let (field, domain) = (&program.node(node).field, &program.node(node).domain);
    let keys = Keys::new(table.with(vec![node]))?;
    let data_type = crate::column::arrays::plain_type(field.data_type());
    let texts: ArrayRef = Arc::new(StringArray::from(vec![key]));
    let wrong = || {
        let shown = show_type(data_type);
        Error::user(format!(
            "`{key}` is no {shown}, which `{}` is",
            field.name()
        ))
    };
    let (wanted, bad) = convert(&texts, data_type).map_err(|_| wrong())?;
    if !bad.is_empty() || wanted.is_null(0) {
        return Err(wrong());
    }
    let wanted = keys.row(&wanted)?;
    let found = match (domain.order, rows) {
        // A value is a function of its row, so that a key that rises is found in some sixty rows of
        // a billion.
        (Order::StrictlyAscending, rows) => keys.bisect(&wanted, rows)?,
        // Any other generator would have to be inverted; making all keys is as quick as generation
        // is.
        (_, Some(rows)) => keys.look(&wanted, rows)?,
        (_, None) => {
            let problem = Problem::new(format!(
                "table `{name}` has no end, and its keys do not follow each other"
            ));
            return Err(Error::user(problem.hint(
                "say which row with `--row`, or how many there are with `rows`",
            )));
        }
    };
    found.ok_or_else(|| {
        Error::user(format!(
            "no row of `{name}` has the {} `{key}`",
            field.name()
        ))
    })
}

/// The column of which no value stands twice: best one of whole numbers.
fn key_of(table: &Preview, program: &Program) -> Option<usize> {
    if let Some(frame) = program.changes() {
        let mut nodes = table.nodes.iter().copied();
        return nodes.find(|node| frame.said(*node) == ChangeRole::Key);
    }
    let unique = |node: &&usize| {
        let domain = &program.node(**node).domain;
        domain.unique && !domain.nulls && !domain.depends_on_now
    };
    let integer = |node: &&usize| program.node(**node).field.data_type().is_integer();
    let unique: Vec<&usize> = table.nodes.iter().filter(unique).collect();
    let best = unique.iter().copied().find(integer);
    best.or(unique.first().copied()).copied()
}

impl Keys {
    fn new(table: Preview) -> Result<Self> {
        let first = table.inserted(0, 0)?;
        let data_type = plain(first.column(0))?.data_type().clone();
        let converter = RowConverter::new(vec![SortField::new(data_type)])?;
        Ok(Self { table, converter })
    }

    fn row(&self, values: &ArrayRef) -> Result<OwnedRow> {
        let rows = self
            .converter
            .convert_columns(std::slice::from_ref(values))?;
        Ok(rows.row(0).owned())
    }

    fn at(&self, row: u64) -> Result<OwnedRow> {
        let batch = self.table.inserted(row, 1)?;
        self.row(&plain(batch.column(0))?)
    }

    /// Finds a key that rises with the row: steps that double until it is passed, then bisection.
    fn bisect(&self, wanted: &OwnedRow, rows: Option<u64>) -> Result<Option<u64>> {
        let end = rows.unwrap_or(u64::MAX);
        let (mut low, mut step) = (0, 1);
        // A table without end has no middle: steps double until a key is too large, and the halves
        // begin there.
        while low + step < end && self.at(low + step)? <= *wanted {
            low += step;
            step = step.saturating_mul(2).min(u64::MAX / 4);
        }
        let mut high = low.saturating_add(step).min(end);
        while low < high {
            let middle = low + (high - low) / 2;
            match self.at(middle)?.cmp(wanted) {
                Ordering::Equal => return Ok(Some(middle)),
                Ordering::Less => low = middle + 1,
                Ordering::Greater => high = middle,
            }
        }
        Ok(None)
    }

    /// Every row, on every core.
    fn look(&self, wanted: &OwnedRow, rows: u64) -> Result<Option<u64>> {
        let (next, found) = (AtomicU64::new(0), AtomicU64::new(u64::MAX));
        let look = || -> Result<()> {
            while found.load(Atomic::Relaxed) == u64::MAX {
                let first = next.fetch_add(BATCH_ROWS, Atomic::Relaxed);
                if first >= rows {
                    break;
                }
                let batch = self
                    .table
                    .inserted(first, BATCH_ROWS.min(rows - first) as usize)?;
                let keys = self.converter.convert_columns(&[plain(batch.column(0))?])?;
                if let Some(at) = keys.iter().position(|key| key == wanted.row()) {
                    // The lowest row wins, whichever thread is first.
                    found.fetch_min(first + at as u64, Atomic::Relaxed);
                }
            }
            Ok(())
        };
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        std::thread::scope(|scope| {
            let running: Vec<_> = (0..cores).map(|_| scope.spawn(look)).collect();
            running.into_iter().try_for_each(|one| match one.join() {
                Ok(done) => done,
                Err(panic) => Err(Error::of_panic("looking for a key", panic.as_ref())),
            })
        })?;
        let found = found.load(Atomic::Relaxed);
        Ok((found != u64::MAX).then_some(found))
    }
}
