//! What can be said on the command line. Flag, then environment, then file.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueEnum};

use super::bench::BenchCommand;
use super::compare::CompareOptions;
use super::parsers::{
    parse_clock, parse_date, parse_moment, parse_rows, parse_set, parse_slot, path,
};
use super::stream::StreamOptions;
use crate::schedule::Clock;
use crate::sink::Slice;
use crate::units::{
    parse_address, parse_bytes, parse_count, parse_duration, parse_rate, parse_whole,
};
use crate::verify::At;

/// One YAML pipeline file to data at the speed of the machine.
#[derive(Debug, Parser)]
#[command(name = "rowgen", version, about, max_term_width = 100)]
pub(super) struct Arguments {
    #[command(subcommand)]
    pub(super) command: Command,
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Makes the tables and writes them to their sinks
    Run(RunOptions),
    /// Runs pipelines as a service: a live page, health, metrics, pause and resume over HTTP
    Serve(ServeOptions),
    /// Makes the slots of a schedule from one day to another, those that are not there
    Backfill(BackfillOptions),
    /// Parses and plans, and touches nothing
    Check(CheckOptions),
    /// Shows what would be done: rows, columns, files, sizes
    Plan(PlanOptions),
    /// Shows rows as a table, without sinks
    Preview(PreviewOptions),
    /// Compares what sinks hold with what must be there
    Verify(Box<VerifyOptions>),
    /// Shows what a row must be, found by its key or its number
    Expect(ExpectOptions),
    /// Prints the JSON Schema of the pipeline file
    Schema {
        /// The draft of JSON Schema: 07 is what editors and SchemaStore read everywhere
        #[arg(long, value_enum, default_value = "2020-12")]
        draft: Draft,
    },
    /// Writes a first pipeline, with comments
    Init {
        /// What it makes
        #[arg(value_enum, default_value = "shop")]
        name: First,
        /// Where it is written (default: NAME.yaml); what is there stays
        #[arg(value_parser = path())]
        file: Option<PathBuf>,
    },
    /// Lists generators, formats, sinks, sources and functions with an example each, or shows one with all options
    List {
        /// Only these (columns, formats, messages, distributions, sinks, sources, functions), or the name of one
        name: Option<String>,
        /// As JSON, with the schema of each one's options
        #[arg(long)]
        json: bool,
    },
    /// Runs into `discard` and into the sinks, and says what limits the run
    Bench(BenchCommand),
    /// Sends messages of ZeroMQ at a rate and times the replies, or is their consumer
    Stream(StreamOptions),
    /// Says whether two runs of a stream are different, quantile by quantile
    Compare(CompareOptions),
    /// Prints completions for a shell
    Completions {
        /// The shell
        #[arg(value_enum)]
        shell: clap_complete::Shell,
    },
    /// Prints the manual page of rowgen or of one command
    Man {
        /// The command (default: rowgen itself)
        command: Option<String>,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Draft {
    /// JSON Schema draft-07
    #[value(name = "07", alias = "7", alias = "draft-07")]
    Seven,
    /// JSON Schema 2020-12
    #[value(name = "2020-12")]
    Newest,
}

/// The pipelines that `init` writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum First {
    /// Customers and their orders, with the lines of each
    Shop,
    /// Page views and clicks in time order
    Events,
    /// Measurements of devices
    Iot,
    /// Two tables with a key between them, to Parquet and CSV
    Orders,
}

/// What every command that reads a pipeline takes.
#[derive(Debug, Clone, Default, Args)]
pub(super) struct FileOptions {
    /// The pipeline file; `-` reads standard input, and its paths start in the current folder
    #[arg(value_parser = path())]
    pub(super) file: PathBuf,
    /// Sets a declared param: --set rows=1e9
    #[arg(long, value_name = "NAME=VALUE", value_parser = parse_set)]
    pub(super) set: Vec<(String, String)>,
    /// What all randomness is keyed by
    #[arg(long, env = "ROWGEN_SEED")]
    pub(super) seed: Option<String>,
    /// The row count of the one table that has one, or of tables by name (0: without end): --rows orders=1000,users=50
    #[arg(long, env = "ROWGEN_ROWS", value_name = "N|TABLE=N", value_delimiter = ',', value_parser = parse_rows)]
    pub(super) rows: Vec<(Option<String>, u64)>,
    /// Worker threads
    #[arg(long, env = "ROWGEN_THREADS")]
    pub(super) threads: Option<usize>,
    /// Makes share I of N of the rows, from 1: --slice 2/8
    #[arg(long, env = "ROWGEN_SLICE", value_name = "I/N")]
    pub(super) slice: Option<Slice>,
    /// The date that ${run_date} stands for (default: today, UTC)
    #[arg(long, env = "ROWGEN_RUN_DATE", value_name = "YYYY-MM-DD", value_parser = parse_date)]
    pub(super) run_date: Option<String>,
    /// The slot of the pipeline's schedule that it is of (default: that of the run's date, or of today)
    #[arg(long, env = "ROWGEN_SLOT", value_name = "YYYY-MM-DDTHH-MM", value_parser = parse_slot, conflicts_with = "run_date")]
    pub(super) slot: Option<String>,
    /// Rows a second of each table: --rate 50_000/s
    #[arg(long, env = "ROWGEN_RATE", value_parser = parse_rate)]
    pub(super) rate: Option<f64>,
    /// Stops after this time, with whole files: --for 60s
    #[arg(long = "for", env = "ROWGEN_FOR", value_name = "DURATION", value_parser = parse_duration)]
    pub(super) duration: Option<Duration>,
    /// Rows in a batch; it never changes values
    #[arg(long, env = "ROWGEN_BATCH_ROWS", value_parser = parse_count)]
    pub(super) batch_rows: Option<u64>,
    /// A sink that takes nothing for so long is given up
    #[arg(long, env = "ROWGEN_STALL_TIMEOUT", value_name = "DURATION", value_parser = parse_duration)]
    pub(super) stall_timeout: Option<Duration>,
    /// How often figures are logged
    #[arg(long, env = "ROWGEN_LOG_INTERVAL", value_name = "DURATION", value_parser = parse_duration)]
    pub(super) log_interval: Option<Duration>,
    /// Only these sinks, by name; sources that none of them needs are not opened
    #[arg(long, env = "ROWGEN_SINKS", value_delimiter = ',', value_name = "A,B")]
    pub(super) sinks: Option<Vec<String>>,
}

#[derive(Debug, Clone, Args)]
pub(super) struct RunOptions {
    #[command(flatten)]
    pub(super) file: FileOptions,
    /// Where relative paths to write start: those of sinks and dead letters (default: here)
    #[arg(long, env = "ROWGEN_OUT", value_name = "DIR", value_parser = path())]
    pub(super) out: Option<PathBuf>,
    /// Replaces output that is there, whatever `if_exists` says; with `replace_partitions` only the partitions of this run
    #[arg(long, env = "ROWGEN_OVERWRITE")]
    pub(super) overwrite: bool,
    /// Begins though what is written may find no room on the disk
    #[arg(long, env = "ROWGEN_FORCE")]
    pub(super) force: bool,
    /// No progress and no report on stderr; errors are still said
    #[arg(long, env = "ROWGEN_QUIET")]
    pub(super) quiet: bool,
    /// Writes the report as JSON to this file
    #[arg(long, env = "ROWGEN_REPORT", value_name = "FILE", value_parser = path())]
    pub(super) report: Option<PathBuf>,
    /// How progress is told (default: as the pipeline's `log` says, or a line for each sink on a terminal, JSON otherwise)
    #[arg(long, env = "ROWGEN_LOG", value_enum)]
    pub(super) log: Option<Log>,
    /// Shows the run as a live page and as metrics, at such an address: 127.0.0.1:8080
    #[arg(long, env = "ROWGEN_SERVE", value_name = "ADDRESS", value_parser = parse_address)]
    pub(super) serve: Option<SocketAddr>,
}

#[derive(Debug, Clone, Args)]
pub(super) struct ServeOptions {
    #[command(flatten)]
    pub(super) file: FileOptions,
    /// More pipelines that run beside it
    #[arg(value_parser = path())]
    pub(super) more: Vec<PathBuf>,
    /// Where it listens (default: as the pipeline's `serve` says, or 127.0.0.1:8080)
    #[arg(long, env = "ROWGEN_LISTEN", value_name = "ADDRESS", value_parser = parse_address)]
    pub(super) listen: Option<SocketAddr>,
    /// Every POST needs the header `Authorization: Bearer TOKEN`; other users of the machine see options, not variables
    #[arg(long, env = "ROWGEN_TOKEN", hide_env_values = true)]
    pub(super) token: Option<String>,
    /// To try a schedule out: the time that it takes for now, and how many times as fast it goes
    #[arg(long, value_name = "TIME[,SPEED]", value_parser = parse_clock)]
    pub(super) clock: Option<Clock>,
    /// Where relative paths to write start: those of sinks and dead letters (default: here)
    #[arg(long, env = "ROWGEN_OUT", value_name = "DIR", value_parser = path())]
    pub(super) out: Option<PathBuf>,
}

#[derive(Debug, Clone, Args)]
pub(super) struct BackfillOptions {
    #[command(flatten)]
    pub(super) file: FileOptions,
    /// The first day, in the schedule's zone
    #[arg(long, value_name = "YYYY-MM-DD", value_parser = parse_date)]
    pub(super) from: String,
    /// The last day, its slots included
    #[arg(long, value_name = "YYYY-MM-DD", value_parser = parse_date)]
    pub(super) to: String,
    /// So many slots are made at once (default: as the schedule says, or 1)
    #[arg(long, env = "ROWGEN_MAX_PARALLEL", value_name = "N", value_parser = clap::value_parser!(u16).range(1..=256))]
    pub(super) max_parallel: Option<u16>,
    /// Where relative paths to write start: those of sinks and dead letters (default: here)
    #[arg(long, env = "ROWGEN_OUT", value_name = "DIR", value_parser = path())]
    pub(super) out: Option<PathBuf>,
    /// Makes every slot anew, whatever is there
    #[arg(long, env = "ROWGEN_OVERWRITE")]
    pub(super) overwrite: bool,
    /// Begins though what is written may find no room on the disk
    #[arg(long, env = "ROWGEN_FORCE")]
    pub(super) force: bool,
    /// Only says which slots are there and which would be made
    #[arg(long)]
    pub(super) dry_run: bool,
    /// How slots are told (default: text on a terminal, JSON otherwise)
    #[arg(long, env = "ROWGEN_LOG", value_enum)]
    pub(super) log: Option<Log>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Log {
    /// One structured line for each event
    Json,
    /// Live lines and a report for people
    Text,
}

#[derive(Debug, Clone, Args)]
pub(super) struct CheckOptions {
    #[command(flatten)]
    pub(super) file: FileOptions,
    /// Also opens every source and sink, and writes nothing
    #[arg(long)]
    pub(super) connect: bool,
    /// What is wrong, and where, as JSON on stdout
    #[arg(long)]
    pub(super) json: bool,
    /// Where relative paths to write start: those of sinks and dead letters (default: here)
    #[arg(long, env = "ROWGEN_OUT", value_name = "DIR", value_parser = path())]
    pub(super) out: Option<PathBuf>,
}

#[derive(Debug, Clone, Args)]
pub(super) struct PlanOptions {
    #[command(flatten)]
    pub(super) file: FileOptions,
    /// As JSON
    #[arg(long)]
    pub(super) json: bool,
}

#[derive(Debug, Clone, Args)]
pub(super) struct PreviewOptions {
    #[command(flatten)]
    pub(super) file: FileOptions,
    /// How many rows
    #[arg(short = 'n', long, default_value_t = 10)]
    pub(super) count: usize,
    /// The table (default: the first)
    #[arg(long)]
    pub(super) table: Option<String>,
    /// The first row, from 0
    #[arg(long, default_value = "0", value_parser = parse_count)]
    pub(super) row: u64,
    /// Hidden columns too
    #[arg(long)]
    pub(super) hidden: bool,
}

#[derive(Debug, Clone, Args)]
pub(super) struct VerifyOptions {
    #[command(flatten)]
    pub(super) file: FileOptions,
    /// Where relative paths of sinks start (default: here)
    #[arg(long, env = "ROWGEN_OUT", value_name = "DIR", value_parser = path())]
    pub(super) out: Option<PathBuf>,
    /// Counts rows, and compares no values
    #[arg(long)]
    pub(super) count_only: bool,
    /// Reads no rows of files whose SHA-256 is the one in the manifest of the run that wrote them
    #[arg(long)]
    pub(super) trust_manifest: bool,
    /// So many differences are told with their values
    #[arg(long, value_name = "N", default_value = "100", value_parser = parse_whole)]
    pub(super) max_differences: u64,
    /// Writes every difference to this file, a line of JSON each
    #[arg(long, env = "ROWGEN_REPORT", value_name = "FILE", value_parser = path())]
    pub(super) report: Option<PathBuf>,
    /// Reads this source instead of what the sink has written: --against "csv: { path: copy.csv }"
    #[arg(long, value_name = "SOURCE")]
    pub(super) against: Option<String>,
    /// What a column is called in `--against`: --columns order_id=id,amount=total
    #[arg(long, value_name = "NAME=NAME", value_delimiter = ',', value_parser = parse_set, requires = "against")]
    pub(super) columns: Vec<(String, String)>,
    /// Floats so many steps apart are equal
    #[arg(long, value_name = "N", default_value = "0", value_parser = parse_whole)]
    pub(super) float_ulps: u64,
    /// Reads nothing: puts N faults of each kind into what must be there, and looks for them
    #[arg(long, value_name = "N", num_args = 0..=1, default_missing_value = "1000", value_parser = parse_whole)]
    pub(super) self_test: Option<u64>,
    /// Of tables that changes are applied to: the rows as they are after so many changes, or, with `now`, as far as the sink says that it is (default: after all)
    #[arg(long, value_parser = parse_moment, value_name = "CHANGES")]
    pub(super) at: Option<At>,
    /// Memory for rows that are compared one by one
    #[arg(long, value_name = "BYTES", default_value = "256MiB", value_parser = parse_bytes)]
    pub(super) memory: u64,
}

#[derive(Debug, Clone, Args)]
pub(super) struct ExpectOptions {
    #[command(flatten)]
    pub(super) file: FileOptions,
    /// The table (default: the first)
    #[arg(long)]
    pub(super) table: Option<String>,
    /// The value of the column that tells rows apart
    #[arg(long, allow_hyphen_values = true)]
    pub(super) key: Option<String>,
    /// The number of the row, from 0
    #[arg(long, value_name = "N", value_parser = parse_whole, allow_hyphen_values = true, conflicts_with = "key", required_unless_present = "key")]
    pub(super) row: Option<u64>,
    /// How many rows from there on
    #[arg(short = 'n', long, default_value_t = 1)]
    pub(super) count: usize,
    /// Of a table under `changes`: the row as it is after so many changes (default: after all)
    #[arg(long, value_parser = parse_count, value_name = "CHANGES", requires = "key")]
    pub(super) at: Option<u64>,
    /// Of a table under `changes`: every change of the row up to then
    #[arg(long, requires = "key")]
    pub(super) history: bool,
    /// As JSON, an object for each row
    #[arg(long)]
    pub(super) json: bool,
}

#[derive(Debug, Clone, Args)]
pub(super) struct BenchOptions {
    #[command(flatten)]
    pub(super) file: FileOptions,
    /// As JSON
    #[arg(long)]
    pub(super) json: bool,
    /// Where the temporary folder is made in which relative paths to write start (default: here)
    #[arg(long, env = "ROWGEN_OUT", value_name = "DIR", value_parser = path())]
    pub(super) out: Option<PathBuf>,
}
