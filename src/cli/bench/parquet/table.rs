//! The rows that are written: made once, kept in memory, and sorted copies of them.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, DictionaryArray, RecordBatch, UInt32Array};
use arrow::compute::{SortColumn, cast, concat, lexsort_to_indices, take_record_batch};
use arrow::datatypes::{DataType, Int32Type};
use rayon::ThreadPool;
use rayon::iter::{IntoParallelIterator, ParallelIterator};

use super::ParquetOptions;
use crate::cli::check::{overrides, plan_of, read};
use crate::domain::Order;
use crate::engine::Stop;
use crate::error::{Error, Problem, Result, did_you_mean};
use crate::format::Shape;
use crate::place::{Source, decode, parse};
use crate::plan::{BATCH_ROWS, Job, Overrides, Plan};
use crate::source::Grid;
use crate::spec::{Pipeline, SinkEntry};

/// Rows beyond these bytes are left out, whatever memory there is: offsets of texts within one
/// Arrow array are numbers of 32 bits, so that a column of all rows holds 2 GiB of text at most.
const MOST_BYTES: u64 = 1 << 30;

/// The rows of a table.
pub(super) struct Table {
    /// What is known of them.
    pub(super) shape: Shape,
    /// The rows as they are made.
    pub(super) rows: RecordBatch,
    /// The same rows in other orders, and the columns that they are sorted by.
    pub(super) sorted: Vec<(Vec<String>, RecordBatch)>,
    /// How many rows the table has; none without end.
    pub(super) of: Option<u64>,
    /// Their bytes as readers get them.
    pub(super) bytes: u64,
    pub(super) threads: usize,
}

/// Reads the pipeline, and finds the table that is asked for.
pub(super) fn pipeline(options: &ParquetOptions) -> Result<(Pipeline, String)> {
    let pipeline = read(&options.file)?;
    let names = || pipeline.tables.names();
    let Some(first) = names().next().map(str::to_string) else {
        return Err(Error::user("the pipeline has no table"));
    };
    match &options.table {
        Some(asked) if !names().any(|name| name == asked) => {
            let all: Vec<String> = names().map(|name| format!("`{name}`")).collect();
            let near = did_you_mean(asked, names());
            let hint = near.unwrap_or_else(|| format!("the tables are {}", all.join(", ")));
            let problem = Problem::new(format!("there is no table `{asked}`"));
            Err(Error::user(problem.hint(hint)))
        }
        asked => Ok((pipeline, asked.clone().unwrap_or(first))),
    }
}

/// The plan of the table alone, into no sink: what its own ones refuse matters to none of the cells.
pub(super) fn plan(options: &ParquetOptions, mut pipeline: Pipeline, table: &str) -> Result<Plan> {
    let text = format!("discard: {{ table: {} }}\n", serde_json::Value::from(table));
    let node = parse(&Arc::new(Source::new("--table", text)))?;
    // A text that is parsed: places and checks of a sink are then those of any other.
    pipeline.sinks = vec![decode::<SinkEntry>(&node)?];
    let overrides = Overrides {
        sinks: None,
        // Rows that are only kept in memory have no reason to wait.
        rate: None,
        ..overrides(&options.file)?
    };
    plan_of(&pipeline, &overrides, true, true)
}

impl Table {
    /// Bytes of a row, about.
    pub(super) fn row_bytes(&self) -> u64 {
        self.bytes / (self.rows.num_rows() as u64).max(1)
    }

    /// Makes as many rows as find room, and sorts copies of them.
    pub(super) fn make(
        plan: &Plan,
        orders: &[Vec<String>],
        memory: u64,
        (pool, stop): (&ThreadPool, &Stop),
    ) -> Result<Option<Self>> {
        let bug = || Error::run("the table has no rows to make, which is a bug of rowgen");
        let job = plan.jobs.first().ok_or_else(bug)?;
        let sink = job.sinks.first().ok_or_else(bug)?;
        if job.source.grid().is_none() {
            let what = format!("table `{}` is a stream: its rows come once", job.table);
            let hint = "write some of it with `rowgen run --for`, and measure a table that reads those files";
            return Err(Error::user(Problem::new(what).hint(hint)));
        }
        // Each order is a whole copy of the rows: sorting each time would be a part of what is
        // timed.
        let room = (memory / (1 + orders.len() as u64)).min(MOST_BYTES);
        let Some(batches) = batches(job, room, pool, stop)? else {
            return Ok(None);
        };
        let rows = whole(
            &sink.shape.take(&sink.columns, &batches[0])?,
            &batches,
            sink.columns.as_slice(),
        )?;
        let sort = |columns: &Vec<String>| Ok((columns.clone(), sorted(&rows, columns)?));
        let sorted = orders.iter().map(sort).collect::<Result<_>>()?;
        Ok(Some(Self {
            bytes: bytes_read(&rows)?,
            shape: Shape {
                rows: Some(rows.num_rows() as u64),
                ..sink.shape.clone()
            },
            of: job.rows,
            threads: plan.threads,
            sorted,
            rows,
        }))
    }

    /// The rows in an order, and what is known of them.
    pub(super) fn in_order(
        &self,
        order: Option<usize>,
        batch_rows: usize,
    ) -> (&RecordBatch, Shape) {
        let mut shape = self.shape.clone();
        let (rows, by) = match order.and_then(|order| self.sorted.get(order)) {
            Some((by, rows)) => (rows, Some(&by[0])),
            None => (&self.rows, None),
        };
        if let Some(by) = by {
            for (field, domain) in shape.schema.fields().iter().zip(&mut shape.domains) {
                domain.order = match field.name() == by && !domain.nulls {
                    // Nulls are sorted first, and an order with nulls is none to the writer.
                    true => Order::Ascending,
                    false => Order::Unknown,
                };
            }
        }
        shape.batch_rows = batch_rows;
        let trial = rows.slice(0, rows.num_rows().min(batch_rows));
        // The trial decides about encodings and codecs; that of rows in another order would decide
        // for other data.
        shape.trial = Some(trial).filter(|trial| trial.num_rows() > 0);
        (rows, shape)
    }
}

/// Batches until the rows are all there, or take more memory than they may; nothing where a signal came.
fn batches(
    job: &Job,
    room: u64,
    pool: &ThreadPool,
    stop: &Stop,
) -> Result<Option<Vec<RecordBatch>>> {
    let end = job.rows.map(|rows| job.first_row + rows);
    let make = |first: u64| -> Result<RecordBatch> {
        let rows = end.map_or(BATCH_ROWS, |end| (end - first).min(BATCH_ROWS));
        let grid = Grid::one(first, Some(rows), rows.max(1));
        Ok(job.source.on(grid).first()?.rows)
    };
    let (mut all, mut bytes) = (vec![make(job.first_row)?], 0);
    bytes += bytes_held(&all[0]);
    let mut next = job.first_row + BATCH_ROWS;
    // Four batches for each worker between two looks at the memory; what is made too much is thrown
    // away.
    let step = 4 * pool.current_num_threads() as u64;
    while bytes < room && end.is_none_or(|end| next < end) {
        if stop.requested() {
            return Ok(None);
        }
        let firsts: Vec<u64> = (0..step)
            .map(|place| next + place * BATCH_ROWS)
            .filter(|first| end.is_none_or(|end| *first < end))
            .collect();
        next += step * BATCH_ROWS;
        let made = pool.install(|| firsts.into_par_iter().map(make).collect::<Result<Vec<_>>>())?;
        for batch in made {
            if bytes >= room {
                break;
            }
            bytes += bytes_held(&batch);
            all.push(batch);
        }
    }
    Ok(Some(all))
}

/// Its bytes in memory, without the values of dictionaries, which batches share.
fn bytes_held(batch: &RecordBatch) -> u64 {
    let bytes = |column: &ArrayRef| match column.data_type() {
        DataType::Dictionary(..) => 4 * column.len(),
        _ => column.to_data().get_slice_memory_size().unwrap_or(0),
    };
    batch.columns().iter().map(bytes).sum::<usize>() as u64
}

/// One batch of all rows. Dictionaries that are shared stay the very same array: by it the writer knows them.
fn whole(like: &RecordBatch, batches: &[RecordBatch], columns: &[usize]) -> Result<RecordBatch> {
    let column = |place: &usize| -> Result<ArrayRef> {
        let parts: Vec<&ArrayRef> = batches.iter().map(|batch| batch.column(*place)).collect();
        if let Some(whole) = of_one_dictionary(&parts)? {
            return Ok(whole);
        }
        let parts: Vec<&dyn Array> = parts.into_iter().map(AsRef::as_ref).collect();
        Ok(concat(&parts)?)
    };
    let columns = columns.iter().map(column).collect::<Result<Vec<_>>>()?;
    Ok(RecordBatch::try_new(like.schema(), columns)?)
}

fn of_one_dictionary(parts: &[&ArrayRef]) -> Result<Option<ArrayRef>> {
    let typed = parts
        .iter()
        .map(|part| part.as_dictionary_opt::<Int32Type>());
    let Some(typed) = typed.collect::<Option<Vec<_>>>() else {
        return Ok(None);
    };
    let values = typed[0].values();
    // The same array and not only equal values: batches of a generator share it, and the writer
    // packs its keys without hashing. `concat` would make a new one.
    if !typed.iter().all(|part| Arc::ptr_eq(part.values(), values)) {
        return Ok(None);
    }
    let keys: Vec<&dyn Array> = typed.iter().map(|part| part.keys() as &dyn Array).collect();
    let keys = concat(&keys)?.as_primitive::<Int32Type>().clone();
    Ok(Some(Arc::new(DictionaryArray::try_new(
        keys,
        values.clone(),
    )?)))
}

/// The rows sorted by columns; those that are equal there stay as they are made.
fn sorted(rows: &RecordBatch, by: &[String]) -> Result<RecordBatch> {
    let places: ArrayRef = Arc::new(UInt32Array::from_iter_values(0..rows.num_rows() as u32));
    let keys = by.iter().filter_map(|name| rows.column_by_name(name));
    // The row's place as the last key makes the sort stable, which `lexsort_to_indices` is not.
    let keys = keys.cloned().chain([places]);
    let keys: Vec<SortColumn> = keys
        .map(|values| SortColumn {
            values,
            options: None,
        })
        .collect();
    let doing = |error| Error::because(format!("sorting by `{}`", by.join(", ")), error);
    let order = lexsort_to_indices(&keys, None).map_err(doing)?;
    take_record_batch(rows, &order).map_err(doing)
}

/// The bytes that readers get: plain values, no dictionaries.
fn bytes_read(rows: &RecordBatch) -> Result<u64> {
    let mut bytes = 0;
    for column in rows.columns() {
        // In pieces: all of a dictionary column at once as plain values may be many times its
        // memory.
        for first in (0..column.len()).step_by(BATCH_ROWS as usize) {
            let part = column.slice(first, (column.len() - first).min(BATCH_ROWS as usize));
            let part = match part.data_type() {
                DataType::Dictionary(_, values) => cast(&part, values)?,
                _ => part,
            };
            bytes += part.to_data().get_slice_memory_size()?;
        }
    }
    Ok(bytes as u64)
}
