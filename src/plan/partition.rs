//! `partition_by`: folders for values that are few and known, or that come one after the other.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Int32Type, Int64Type};

use super::folders::PartitionColumn;
use crate::batch::{Batch, RowNumbers};
use crate::column::Program;
use crate::column::rows::Rows;
use crate::domain::{Domain, Order, Range};
use crate::error::{Error, Problem, Result};
use crate::place::{Placed, Text};
use crate::sink::Partition;
use crate::source::{MOST_FOLDERS, MadeBatches, RowRange, Transform, folder_texts};
use crate::units::show_count;

/// The most files that are open at once.
// Each holds a row group of its own, which share 512 MiB since: 64 of 128 MiB each were 8 GiB and
// more that nothing bounded.
const MOST_OPEN: usize = 64;

/// Batches of one chunk: its key columns are made first, for all rows, and say which row goes
/// where.
// The rows of one value are a part of a chunk: 16 batches of 16 384 rows over 64 values are 4096
// rows each, enough for a batch of a file.
const CHUNK_BATCHES: u64 = 16;

/// Sends the rows of a chunk to one lane for each combination of key values.
#[derive(Clone)]
pub struct PartitionSplit {
    /// Makes the key columns alone.
    keys: MadeBatches,
    /// Makes all of them.
    table: MadeBatches,
    codes: Vec<KeyNumbers>,
    transforms: Vec<Option<Transform>>,
}

/// How one key column's values are numbered; the number after the last one stands for null.
#[derive(Debug, Clone)]
struct KeyNumbers {
    kind: PartitionKind,
    count: usize,
    nulls: bool,
    /// The number of the empty text, whose folder is that of null.
    empty: Option<usize>,
}

#[derive(Debug, Clone)]
enum PartitionKind {
    Dictionary(ArrayRef),
    Boolean,
    Integer { min: i64 },
}

/// One partition column.
pub(super) struct KeyColumn<'a> {
    /// As the file says it.
    pub(super) name: &'a Placed<Text>,
    /// What its folders are called.
    pub(super) folder: &'a str,
    pub(super) transform: Option<Transform>,
    /// Its type and what is known of it once it is transformed.
    pub(super) data_type: DataType,
    pub(super) domain: Domain,
}

/// How a partitioned sink is written.
pub(super) enum PartitionLayout {
    /// One lane for each combination of values.
    Closed {
        table: MadeBatches,
        split: Box<PartitionSplit>,
        lanes: Vec<Arc<Vec<Partition>>>,
    },
    /// One lane that changes folders at known rows.
    Monotone {
        table: MadeBatches,
        partitions: Arc<Vec<Partition>>,
    },
}

/// The columns of folders, and what is known of them.
pub(super) fn key_columns<'a>(
    program: &Program,
    columns: &'a [PartitionColumn],
) -> Vec<KeyColumn<'a>> {
    let column = |column: &'a PartitionColumn| {
        let node = program.node(column.node);
        let (data_type, domain) = match column.transform {
            None => (node.field.data_type().clone(), node.domain.clone()),
            Some(transform) => transform.made(node.field.data_type(), &node.domain),
        };
        KeyColumn {
            name: &column.said,
            folder: &column.folder,
            transform: column.transform,
            data_type,
            domain,
        }
    };
    columns.iter().map(column).collect()
}

/// Decides the layout of a table whose key columns `keys` makes, or refuses; nothing where its rows must be
/// sorted.
pub(super) fn layout(
    columns: &[KeyColumn<'_>],
    keys: MadeBatches,
    table: &MadeBatches,
    best_rows: Option<u64>,
) -> Result<Option<PartitionLayout>, Problem> {
    // Values that come in order need one open file, however many there are.
    if let [one] = columns
        && one.domain.order >= Order::Ascending
        && !one.domain.nulls
    {
        let layout = monotone(one, &keys, table);
        return layout.map(Some).map_err(|error| problem(error, one.name));
    }
    let codes = columns.iter().map(closed).collect::<Result<_, _>>()?;
    let Some(codes): Option<Vec<KeyNumbers>> = codes else {
        return Ok(None);
    };
    let count: usize = codes
        .iter()
        .map(|codes| codes.count + usize::from(codes.nulls))
        .fold(1, usize::saturating_mul);
    if count > MOST_OPEN {
        return Ok(None);
    }
    let grid = table.grid();
    // All rows of a chunk may have one value, and a file of a wanted size ends with a batch.
    let most = best_rows.map_or(CHUNK_BATCHES, |rows| rows / grid.batch_rows());
    let grid = grid.in_batches_of(grid.batch_rows() * most.clamp(1, CHUNK_BATCHES));
    let lanes = (0..count)
        .map(|index| lane(columns, &codes, index))
        .collect();
    let (keys, table) = (keys.on(grid.clone()), table.on(grid));
    let transforms = columns.iter().map(|column| column.transform).collect();
    Ok(Some(PartitionLayout::Closed {
        table: table.clone(),
        split: Box::new(PartitionSplit {
            keys,
            table,
            codes,
            transforms,
        }),
        lanes,
    }))
}

/// How the values of a column are numbered, if they are few and known.
fn closed(column: &KeyColumn<'_>) -> Result<Option<KeyNumbers>, Problem> {
    // Folders of other transforms (`day`, `truncate`) are not called by the number of a value.
    if !matches!(column.transform, None | Some(Transform::Bucket(_))) {
        return Ok(None);
    }
    let (kind, count) = match (
        &column.data_type,
        &column.domain.dictionary,
        column.domain.range,
    ) {
        (DataType::Dictionary(_, plain), Some(values), _)
            if plain.as_ref() == &DataType::Utf8 || values.len() <= MOST_OPEN =>
        {
            let texts = cast(values, &DataType::Utf8)
                .map_err(|error| Problem::new(error.to_string()).at(&column.name.place))?;
            (PartitionKind::Dictionary(texts), values.len())
        }
        (DataType::Boolean, ..) => (PartitionKind::Boolean, 2),
        (data_type, _, Some(Range::Integer { min, max }))
            if data_type.is_integer() && max - min < MOST_OPEN as i128 =>
        {
            (
                PartitionKind::Integer { min: min as i64 },
                (max - min + 1) as usize,
            )
        }
        _ => return Ok(None),
    };
    let empty = match &kind {
        PartitionKind::Dictionary(texts) => texts
            .as_string::<i32>()
            .iter()
            .position(|text| text == Some("")),
        _ => None,
    };
    Ok(Some(KeyNumbers {
        kind,
        count,
        nulls: column.domain.nulls,
        empty,
    }))
}

fn lane(columns: &[KeyColumn<'_>], codes: &[KeyNumbers], index: usize) -> Arc<Vec<Partition>> {
    let mut rest = index;
    let mut values = Vec::new();
    for (column, codes) in columns.iter().zip(codes).rev() {
        let all = codes.count + usize::from(codes.nulls);
        values.push((column.folder.to_string(), codes.text(rest % all)));
        rest /= all;
    }
    values.reverse();
    Arc::new(vec![Partition {
        first_batch: 0,
        first_row: None,
        values,
    }])
}

impl KeyNumbers {
    fn text(&self, code: usize) -> Option<String> {
        if code == self.count {
            return None;
        }
        Some(match &self.kind {
            PartitionKind::Dictionary(values) => values.as_string::<i32>().value(code).to_string(),
            PartitionKind::Boolean => (code == 1).to_string(),
            PartitionKind::Integer { min } => (min + code as i64).to_string(),
        })
    }

    fn of(&self, column: &ArrayRef) -> Result<Vec<usize>> {
        let code = |row: usize, code: i64| {
            let empty = || self.nulls && self.empty == Some(code as usize);
            if column.is_null(row) || empty() {
                self.count
            } else {
                code as usize
            }
        };
        Ok(match &self.kind {
            PartitionKind::Dictionary(_) => {
                let keys = column.as_dictionary::<Int32Type>().keys().values();
                keys.iter()
                    .enumerate()
                    .map(|(row, key)| code(row, i64::from(*key)))
                    .collect()
            }
            PartitionKind::Boolean => {
                let values = column.as_boolean().values();
                values
                    .iter()
                    .enumerate()
                    .map(|(row, value)| code(row, i64::from(value)))
                    .collect()
            }
            PartitionKind::Integer { min } => {
                let wide = arrow::compute::cast(column, &DataType::Int64)?;
                let values = wide.as_primitive::<Int64Type>().values().clone();
                values
                    .iter()
                    .enumerate()
                    .map(|(row, value)| code(row, value.wrapping_sub(*min)))
                    .collect()
            }
        })
    }
}

impl PartitionSplit {
    /// The rows of chunk `number` for each lane.
    ///
    /// # Errors
    /// A key that cannot be made.
    pub fn rows(&self, number: u64) -> Result<Vec<Vec<u64>>> {
        let batch = self.keys.make(number)?.rows;
        let first = self.keys.grid().first_row(number);
        let mut lanes = vec![0usize; batch.num_rows()];
        let mut count = 1;
        let columns = batch.columns().iter().zip(&self.transforms);
        for (codes, (column, transform)) in self.codes.iter().zip(columns) {
            let made = transform.map(|transform| transform.apply(column));
            let column = made.transpose()?.unwrap_or_else(|| column.clone());
            let all = codes.count + usize::from(codes.nulls);
            count *= all;
            for (lane, code) in lanes.iter_mut().zip(codes.of(&column)?) {
                *lane = *lane * all + code;
            }
        }
        let mut rows = vec![Vec::new(); count];
        for (offset, lane) in lanes.into_iter().enumerate() {
            rows[lane].push(first + offset as u64);
        }
        Ok(rows)
    }

    /// Some rows of chunk `number`.
    ///
    /// # Errors
    /// A value that cannot be made.
    pub fn make(&self, number: u64, rows: Vec<u64>) -> Result<Batch> {
        let made = self.table.at(Rows::List(&rows))?;
        Ok(Batch {
            place: RowNumbers::List(rows.into()),
            ..Batch::new(number, 0, made)
        })
    }
}

/// Finds the rows at which the value changes: any row can be made alone, so by bisection.
fn monotone(
    column: &KeyColumn<'_>,
    keys: &MadeBatches,
    table: &MadeBatches,
) -> Result<PartitionLayout> {
    let Some(run) = keys.grid().runs().first().copied() else {
        return Err(Error::user("there are no rows to partition"));
    };
    let Some(rows) = run.rows else {
        return Err(Error::user(format!(
            "an endless table cannot be partitioned by `{}`",
            column.name.as_str()
        )));
    };
    // Each row would be a folder: told before a hundred thousand of them are looked for.
    if column.domain.order == Order::StrictlyAscending && rows > MOST_FOLDERS {
        return Err(too_many(column));
    }
    let end = run.first_row + rows;
    let text = |row: u64| -> Result<String> {
        let batch = keys.at(Rows::List(&[row]))?;
        let texts = folder_texts(batch.column(0), column.transform)?;
        Ok(texts.value(0).to_string())
    };
    let (mut runs, mut partitions) = (Vec::new(), Vec::new());
    let (mut row, mut batch) = (run.first_row, 0);
    while row < end {
        if partitions.len() as u64 == MOST_FOLDERS {
            return Err(too_many(column));
        }
        let value = text(row)?;
        // About twice the logarithm of its rows are made for each folder: sixty of a billion.
        let next = first_after(row, end, |other| Ok(text(other)? == value))?;
        runs.push(RowRange {
            first_row: row,
            rows: Some(next - row),
            first_batch: batch,
        });
        let values = vec![(column.folder.to_string(), Some(value))];
        partitions.push(Partition {
            first_batch: batch,
            first_row: Some(row),
            values,
        });
        batch += (next - row).div_ceil(keys.grid().batch_rows());
        row = next;
    }
    Ok(PartitionLayout::Monotone {
        table: table.on(keys.grid().of(runs)),
        partitions: Arc::new(partitions),
    })
}

fn too_many(column: &KeyColumn<'_>) -> Error {
    let most = show_count(MOST_FOLDERS);
    let what = format!("`{}` has more than {most} values", column.name.as_str());
    let problem = Problem::new(format!("{what}, each of which would be a folder"));
    Error::user(problem.hint("partition by something coarser, such as the day of a time"))
}

/// The first row after `row` that is not the `same`: steps that double, then bisection.
fn first_after(row: u64, end: u64, same: impl Fn(u64) -> Result<bool>) -> Result<u64> {
    let (mut low, mut step) = (row, 1);
    while low + step < end && same(low + step)? {
        low += step;
        step *= 2;
    }
    let mut high = (low + step).min(end);
    while high - low > 1 {
        let middle = low + (high - low) / 2;
        match same(middle)? {
            true => low = middle,
            false => high = middle,
        }
    }
    Ok(high)
}

fn problem(error: Error, name: &Placed<Text>) -> Problem {
    first(error).at(&name.place)
}

/// The first of an error's problems.
pub(super) fn first(error: Error) -> Problem {
    let first = error.problems.into_iter().next();
    first.unwrap_or_else(|| Problem::new("cannot partition"))
}
