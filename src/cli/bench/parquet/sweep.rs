//! The cells of a sweep: every combination of the values that are named, each as options of the format.

use super::arguments::{ParquetOptions, SweepOptions};
use super::base;
use super::flags::{beside, columns_of, encodings, file_sizes, of_files};
use crate::error::{Error, Problem, Problems, Result};
use crate::format::parquet::{ColumnEncoding, ColumnOptions, ColumnSettings, Parquet};
use crate::format::{Format, Shape};
use crate::place::Placed;
use crate::plan;
use crate::sink::file::FILE_PART;

/// More cells than this are a mistake of whoever asks.
// A choice: a thousand cells of one second each take more than an hour in the usual five rounds,
// and a combination too many is quickly typed.
const MOST_CELLS: usize = 1000;

/// What is swept when nothing is named.
const USUAL: &[&str] = &["auto", "none", "snappy", "lz4", "zstd(1)", "zstd(9)"];

/// One kind of files.
#[derive(Debug, Clone)]
pub(super) struct Cell {
    /// What is different from other cells, in words.
    pub(super) label: String,
    /// What is swept, and which value this one has.
    pub(super) settings: Vec<(&'static str, String)>,
    pub(super) options: Parquet,
    /// Of the orders that rows are sorted in.
    pub(super) order: Option<usize>,
    /// The bytes near which a file ends.
    pub(super) file_bytes: Option<u64>,
    /// The encoding that was asked for, for every column that takes it.
    pub(super) encoding: Option<Placed<ColumnEncoding>>,
}

/// The cells, and what is the same in all of them.
pub(super) struct Sweep {
    pub(super) cells: Vec<Cell>,
    pub(super) orders: Vec<Vec<String>>,
    pub(super) same: Vec<(&'static str, String)>,
}

/// What is swept.
pub(super) struct Dimension {
    pub(super) name: &'static str,
    pub(super) values: Vec<(String, Change)>,
}

/// What a value changes.
#[derive(Clone)]
pub(super) enum Change {
    Nothing,
    File(fn(&mut Parquet, &Parquet), Box<Parquet>),
    Encoding(Placed<ColumnEncoding>),
    Bloom(Vec<String>),
    Order(usize),
    FileBytes(Option<u64>),
}

type OfFiles = (
    &'static str,
    fn(&SweepOptions) -> &[String],
    fn(&mut Parquet, &Parquet),
);

/// Options of whole files: what they are called, what is said of them, and how they are set.
const OF_FILES: &[OfFiles] = &[
    (
        "compression",
        |said| &said.compression,
        |to, from| {
            to.compression = from.compression.clone();
            // A codec of a single column in the sink's options would win over the one that is
            // swept, and all cells would be alike there.
            to.columns
                .0
                .iter_mut()
                .for_each(|(_, column)| column.compression = None);
        },
    ),
    (
        "row_group_rows",
        |said| &said.row_group_rows,
        |to, from| {
            to.row_group_rows = from.row_group_rows.clone();
        },
    ),
    (
        "row_group_bytes",
        |said| &said.row_group_bytes,
        |to, from| {
            to.row_group_bytes = from.row_group_bytes.clone();
        },
    ),
    (
        "page_size",
        |said| &said.page_size,
        |to, from| {
            to.page_size = from.page_size.clone();
        },
    ),
    (
        "page_rows",
        |said| &said.page_rows,
        |to, from| {
            to.page_rows = from.page_rows.clone();
        },
    ),
    (
        "data_page",
        |said| &said.data_page,
        |to, from| to.data_page = from.data_page,
    ),
    (
        "statistics",
        |said| &said.statistics,
        |to, from| to.statistics = from.statistics,
    ),
    (
        "dictionary_limit",
        |said| &said.dictionary_limit,
        |to, from| {
            to.dictionary_limit = from.dictionary_limit.clone();
        },
    ),
];

impl Sweep {
    /// The cells that the options name, of rows of this shape.
    ///
    /// # Errors
    /// All that is wrong with them.
    pub(super) fn of(options: &ParquetOptions, base: base::Base, shape: &Shape) -> Result<Self> {
        let mut problems = Problems::default();
        let orders = columns_of("--order-by", &options.sweep.order_by, shape, &mut problems);
        let blooms = columns_of(
            "--bloom-filter",
            &options.sweep.bloom_filter,
            shape,
            &mut problems,
        );
        let base = base.with_compatibility(options.compatibility.as_deref(), &mut problems);
        let mut dimensions = dimensions(options, &base, (&orders, &blooms), &mut problems);
        if dimensions.is_empty() {
            let set = OF_FILES[0].2;
            dimensions.extend(of_files("compression", USUAL, set, &mut problems));
        }
        problems.into_result()?;
        let mut cells = cells(&base, &dimensions)?;
        let mut problems = Problems::default();
        for cell in &mut cells {
            cell.take_encoding(shape);
            let wrong = cell.options.check(shape);
            problems.extend(wrong.into_iter().map(without_a_file));
        }
        problems.into_result()?;
        let one = dimensions
            .into_iter()
            .filter(|dimension| dimension.values.len() == 1);
        let same = one.filter_map(|one| Some((one.name, one.values.into_iter().next()?.0)));
        Ok(Self {
            cells,
            orders,
            same: same.collect(),
        })
    }
}

/// What varies, in the order of the options: each with its values.
fn dimensions(
    options: &ParquetOptions,
    base: &base::Base,
    (orders, blooms): (&[Vec<String>], &[Vec<String>]),
    problems: &mut Problems,
) -> Vec<Dimension> {
    let mut dimensions = Vec::new();
    for (name, said, set) in OF_FILES {
        let values = said(&options.sweep)
            .iter()
            .map(String::as_str)
            .collect::<Vec<_>>();
        dimensions.extend(of_files(name, &values, *set, problems));
    }
    dimensions.extend(encodings(
        &options.sweep.encoding,
        base.parquet.compatibility,
        problems,
    ));
    dimensions.extend(file_sizes(&options.sweep.target_file_size, problems));
    dimensions.extend(beside(
        "bloom_filter",
        "no Bloom filter",
        blooms.iter().map(|columns| {
            (
                format!("Bloom filter of {}", columns.join(", ")),
                Change::Bloom(columns.clone()),
            )
        }),
    ));
    dimensions.extend(beside(
        "order_by",
        "as made",
        orders.iter().enumerate().map(|(place, columns)| {
            (
                format!("sorted by {}", columns.join(", ")),
                Change::Order(place),
            )
        }),
    ));
    dimensions
}

impl Cell {
    /// The rows, of so many bytes each, of a batch: no more than a row group has, and few beside a file.
    pub(super) fn batch_rows(&self, row: u64) -> u64 {
        let most = self.options.batch_rows().unwrap_or(u64::MAX);
        let sized = self
            .file_bytes
            .map(|bytes| plan::within(bytes / FILE_PART, row));
        let sized = sized.unwrap_or(u64::MAX);
        // The batches that `run` has: a page has no more rows than a batch, so other batches would
        // be other files.
        plan::BATCH_ROWS.min(most).min(sized).max(1)
    }

    /// Encodes every column as it was asked for that takes it.
    fn take_encoding(&mut self, shape: &Shape) {
        let Some(encoding) = &self.encoding else {
            return;
        };
        for field in shape.schema.fields() {
            let mut alone = Parquet {
                columns: ColumnSettings::default(),
                ..self.options.clone()
            };
            let name = encoding.place.with(field.name().clone());
            let own = ColumnOptions {
                encoding: Some(encoding.clone()),
                ..Default::default()
            };
            let without = alone.check(shape).len();
            alone.columns.0.push((name.clone(), own));
            // Asked of the format's own check, once for each column: a list of which encoding fits
            // which type would have to be kept in step with it.
            let takes = alone.check(shape).len() == without;
            let encoding = Some(encoding.clone()).filter(|_| takes);
            base::of_column(&mut self.options, &name).encoding = encoding;
        }
    }

    fn apply(&mut self, change: &Change) {
        match change {
            Change::Nothing => {}
            Change::File(set, from) => set(&mut self.options, from),
            Change::Encoding(encoding) => self.encoding = Some(encoding.clone()),
            Change::Order(order) => self.order = Some(*order),
            Change::FileBytes(bytes) => self.file_bytes = *bytes,
            Change::Bloom(columns) => {
                for column in columns {
                    base::with_bloom(&mut self.options, column);
                }
            }
        }
    }
}

/// All combinations.
fn cells(base: &base::Base, dimensions: &[Dimension]) -> Result<Vec<Cell>> {
    let counts = dimensions.iter().map(|dimension| dimension.values.len());
    // Counted before the cells are made, and without wrapping around: ten flags of twenty values
    // would fill the memory.
    let count = counts.fold(1_usize, usize::saturating_mul);
    if count > MOST_CELLS {
        let what = format!("the sweep has {count} cells, and {MOST_CELLS} are the most");
        return Err(Error::user(
            Problem::new(what).hint("name fewer values, or sweep one thing after the other"),
        ));
    }
    let first = Cell {
        label: String::new(),
        settings: Vec::new(),
        options: base.parquet.clone(),
        order: None,
        file_bytes: base.file_bytes,
        encoding: None,
    };
    let mut cells = vec![first];
    for dimension in dimensions {
        let several = dimension.values.len() > 1;
        let mut more = Vec::new();
        for cell in &cells {
            for (label, change) in &dimension.values {
                let mut cell = cell.clone();
                cell.apply(change);
                if several {
                    cell.settings.push((dimension.name, label.clone()));
                }
                more.push(cell);
            }
        }
        cells = more;
    }
    for cell in &mut cells {
        let labels: Vec<String> = cell
            .settings
            .iter()
            .map(|(name, label)| worded(name, label))
            .collect();
        cell.label = match labels.is_empty() {
            true => "as said".to_string(),
            false => labels.join(", "),
        };
    }
    Ok(cells)
}

/// What a value is called among others.
fn worded(name: &str, label: &str) -> String {
    match name {
        "row_group_rows" => format!("row groups of {label} rows"),
        "row_group_bytes" => format!("row groups of {label}"),
        "page_size" => format!("pages of {label}"),
        "page_rows" => format!("pages of {label} rows"),
        "data_page" => format!("data pages {label}"),
        "statistics" => format!("statistics {label}"),
        "dictionary_limit" => format!("dictionaries up to {label}"),
        "compression" if label == "auto" => "codec auto".to_string(),
        "compression" if label == "none" => "uncompressed".to_string(),
        "encoding" if label == "auto" => "encoding auto".to_string(),
        _ => label.to_string(),
    }
}

/// A problem of the format's check without its place, which is no line of a file, and with flags in
/// its hint.
fn without_a_file(problem: Problem) -> Problem {
    let flag = |hint: String| hint.replace("`compatibility: latest`", "`--compatibility latest`");
    Problem {
        place: None,
        hint: problem.hint.map(flag),
        ..problem
    }
}
