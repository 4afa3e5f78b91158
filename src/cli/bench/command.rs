//! `rowgen bench FILE`, and what it can measure beside a run: `rowgen bench parquet FILE`.

use clap::{ArgMatches, Args, Command, FromArgMatches};

use super::parquet::ParquetOptions;
use crate::cli::arguments::BenchOptions;

/// What is measured.
#[derive(Debug)]
pub(in crate::cli) enum BenchCommand {
    /// The run of a pipeline.
    Run(Box<BenchOptions>),
    /// Its rows as Parquet files of many kinds.
    Parquet(Box<ParquetOptions>),
}

const PARQUET: &str = "parquet";

// Written by hand: with the derive, `FILE` would be asked for beside a subcommand as soon as one of
// its options is set by a variable of the environment.
impl Args for BenchCommand {
    fn augment_args(command: Command) -> Command {
        let about = "Writes rows as Parquet files of many kinds, reads them back, and says which is best for what";
        let parquet = ParquetOptions::augment_args(Command::new(PARQUET)).about(about);
        BenchOptions::augment_args(command)
            .subcommand(parquet)
            .disable_help_subcommand(true)
            .args_conflicts_with_subcommands(true)
            .subcommand_negates_reqs(true)
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl FromArgMatches for BenchCommand {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        Ok(match matches.subcommand() {
            Some((PARQUET, own)) => Self::Parquet(Box::new(ParquetOptions::from_arg_matches(own)?)),
            _ => Self::Run(Box::new(BenchOptions::from_arg_matches(matches)?)),
        })
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}
