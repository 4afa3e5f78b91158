//! What can be said to `rowgen bench parquet`: each flag of a sweep has the name and takes the values of the
//! option of the Parquet format that it sets.

use std::path::PathBuf;

use clap::Args;

use crate::cli::arguments::FileOptions;
use crate::cli::parsers::path;
use crate::units::parse_bytes;

/// A sweep, and how it is measured.
#[derive(Debug, Clone, Args)]
pub(in crate::cli) struct ParquetOptions {
    #[command(flatten)]
    pub(super) file: FileOptions,
    /// The table (default: the first)
    #[arg(long)]
    pub(super) table: Option<String>,
    /// Who must be able to read the files: spark or latest (default: as the pipeline's Parquet sink says)
    #[arg(long, value_name = "WHO")]
    pub(super) compatibility: Option<String>,
    /// The column that is read alone (default: the one of the predicate)
    #[arg(long, value_name = "COLUMN")]
    pub(super) one_column: Option<String>,
    /// The column of which a hundredth of the rows is looked for (default: one in order, or the first that has one)
    #[arg(long, value_name = "COLUMN")]
    pub(super) predicate: Option<String>,
    /// The column of which one value is looked up (default: the first unique one)
    #[arg(long, value_name = "COLUMN")]
    pub(super) lookup: Option<String>,
    /// Each cell is written and read so often, in turn with the others; 0 only compares sizes
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u16).range(0..=1000))]
    pub(super) rounds: u16,
    /// Who reads: parquet (the Rust library), duckdb, polars (default: those that are there)
    #[arg(long, value_delimiter = ',', value_name = "A,B")]
    pub(super) readers: Option<Vec<String>>,
    /// The Python that has DuckDB and polars (default: python3)
    #[arg(long, env = "ROWGEN_PYTHON", value_name = "PROGRAM")]
    pub(super) python: Option<PathBuf>,
    /// Memory for the rows and their sorted copies: those that find no room are left out
    #[arg(long, value_name = "BYTES", default_value = "256MiB", value_parser = parse_bytes)]
    pub(super) memory: u64,
    /// Where the temporary folder is made that the files are written to, one cell at a time (default: here)
    #[arg(long, env = "ROWGEN_OUT", value_name = "DIR", value_parser = path())]
    pub(super) out: Option<PathBuf>,
    /// Begins though what is written may find no room on the disk
    #[arg(long, env = "ROWGEN_FORCE")]
    pub(super) force: bool,
    /// Writes all of it to this file, as a page that needs nothing else
    #[arg(long, value_name = "FILE", value_parser = path())]
    pub(super) html: Option<PathBuf>,
    /// As JSON
    #[arg(long)]
    pub(super) json: bool,
    // Last, because clap puts all arguments that follow a heading below it.
    #[command(flatten)]
    pub(super) sweep: SweepOptions,
}

/// What is swept: every combination of values is a cell.
#[derive(Debug, Clone, Args)]
#[command(
    next_help_heading = "Sweep (values are those of the format's options in a pipeline; all combinations are measured)"
)]
pub(super) struct SweepOptions {
    /// auto, none, snappy, lz4, gzip, zstd, brotli; with a level as zstd(3) or, for shells, zstd:3
    #[arg(
        long,
        visible_alias = "codec",
        value_delimiter = ',',
        value_name = "A,B"
    )]
    pub(super) compression: Vec<String>,
    /// Of every column that takes it: auto, plain, dictionary, delta_binary_packed, …; `all` are those that all readers know
    #[arg(long, value_delimiter = ',', value_name = "A,B")]
    pub(super) encoding: Vec<String>,
    /// The most rows of a row group
    #[arg(long, value_delimiter = ',', value_name = "N,M")]
    pub(super) row_group_rows: Vec<String>,
    /// The bytes near which a row group ends
    #[arg(long, value_delimiter = ',', value_name = "N,M")]
    pub(super) row_group_bytes: Vec<String>,
    /// The bytes near which a page ends
    #[arg(long, value_delimiter = ',', value_name = "N,M")]
    pub(super) page_size: Vec<String>,
    /// The rows near which a page ends
    #[arg(long, value_delimiter = ',', value_name = "N,M")]
    pub(super) page_rows: Vec<String>,
    /// v1, v2
    #[arg(long, value_delimiter = ',', value_name = "A,B")]
    pub(super) data_page: Vec<String>,
    /// page, chunk, none
    #[arg(long, value_delimiter = ',', value_name = "A,B")]
    pub(super) statistics: Vec<String>,
    /// The most bytes of a dictionary
    #[arg(long, value_delimiter = ',', value_name = "N,M")]
    pub(super) dictionary_limit: Vec<String>,
    /// The bytes near which a file ends; none is one file
    #[arg(long, value_delimiter = ',', value_name = "N,M")]
    pub(super) target_file_size: Vec<String>,
    /// Without Bloom filters, and with those of these columns; again for others
    #[arg(long, value_name = "COLUMN,…")]
    pub(super) bloom_filter: Vec<String>,
    /// As the rows are made, and sorted by these columns; again for another order
    #[arg(long, value_name = "COLUMN,…")]
    pub(super) order_by: Vec<String>,
}
