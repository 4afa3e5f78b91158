//! The command line: one short file a command, and the only place that prints.
//!
//! stdout is data, stderr is talk. Exit codes: 0 done; 1 the user's mistake; 2 the run failed;
//! 3 the run missed what it promised; 130 or 143 interrupted, after a clean end.

mod arguments;
mod backfill;
mod bench;
mod check;
mod compare;
mod dotenv;
mod environment;
mod expect;
mod grid;
mod init;
mod json;
mod list;
mod log;
#[cfg(feature = "serve")]
mod log_level;
mod man;
mod operations;
mod parsers;
mod plan;
mod preview;
mod producer;
mod progress;
mod report_place;
mod row_at;
mod run;
mod scheduled;
#[cfg_attr(not(feature = "serve"), path = "no_serve.rs")]
mod serve;
mod signals;
mod stream;
mod usage;
mod verify;
mod verify_report;

use std::ffi::OsString;
use std::io::Write;
use std::process::ExitCode;

use clap::{CommandFactory, Parser};

use arguments::{Arguments, Command, Draft};

use crate::error::{Error, Result};

/// Runs one command.
pub fn main(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    ExitCode::from(exit_code(arguments))
}

/// Runs one command; its exit code is a number, for programs of other languages.
pub fn exit_code(arguments: impl IntoIterator<Item = OsString>) -> u8 {
    let code = carry_out(arguments);
    #[cfg(feature = "kafka")]
    crate::client::kafka::wait_for_clients();
    code
}

fn carry_out(arguments: impl IntoIterator<Item = OsString>) -> u8 {
    let mut arguments: Vec<OsString> = arguments.into_iter().collect();
    stream::long_flags(&mut arguments);
    // The file of variables is read before the flags are parsed: many options take their value from
    // a variable.
    let variables = dotenv::read();
    let arguments = match Arguments::try_parse_from(&arguments) {
        Ok(parsed) => parsed,
        Err(error) => return usage::tell(&error, &arguments),
    };
    match dispatch(arguments, variables) {
        Ok(code) => code,
        // `rowgen preview … | head` is no failure: whoever reads has what it wanted.
        Err(error) if is_broken_pipe(&error) => 0,
        Err(error) => {
            say(&error.to_string());
            error.exit_code()
        }
    }
}

fn dispatch(arguments: Arguments, variables: Result<Option<dotenv::Read>>) -> Result<u8> {
    // A `.env` that cannot be read is a mistake only for commands that read a pipeline: help,
    // schema and completions work in any folder.
    let reads = !matches!(
        arguments.command,
        Command::Schema { .. }
            | Command::Init { .. }
            | Command::List { .. }
            | Command::Completions { .. }
    );
    let variables = match variables {
        Err(error) if reads => return Err(error),
        variables => variables.unwrap_or_default(),
    };
    match arguments.command {
        Command::Run(options) => run::run(&options, variables),
        Command::Serve(options) => serve::run(&options, variables),
        Command::Backfill(options) => backfill::run(&options, variables),
        Command::Check(options) => check::run(&options),
        Command::Plan(options) => plan::run(&options),
        Command::Preview(options) => preview::run(&options),
        Command::Verify(options) => verify::run(&options),
        Command::Expect(options) => expect::run(&options),
        Command::Schema { draft } => print(&match draft {
            Draft::Seven => crate::spec::schema_draft_07(),
            Draft::Newest => crate::spec::schema(),
        }),
        Command::Init { name, file } => init::run(name, file.as_deref()),
        Command::List { name, json } => list::run(name.as_deref(), json),
        Command::Bench(options) => bench::run(&options),
        Command::Stream(options) => stream::run(&options),
        Command::Compare(options) => compare::run(&options),
        Command::Completions { shell } => {
            let mut text = Vec::new();
            clap_complete::generate(shell, &mut Arguments::command(), "rowgen", &mut text);
            print(&String::from_utf8_lossy(&text))
        }
        Command::Man { command } => man::run(command.as_deref()),
    }
}

const BROKEN_PIPE: &str = "the reader of the output has gone";

/// Writes data to stdout.
fn print(text: &str) -> Result<u8> {
    let mut out = std::io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Ok(()) => Ok(0),
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => {
            Err(Error::run(BROKEN_PIPE))
        }
        Err(error) => Err(Error::because("writing to stdout", error)),
    }
}

/// Writes to stdout a text whose reader may leave: the exit code says what matters, so a closed
/// pipe is no error.
fn tell(text: &str) -> Result<()> {
    match print(text) {
        Err(error) if !is_broken_pipe(&error) => Err(error),
        _ => Ok(()),
    }
}

/// Writes talk to stderr.
fn say(text: &str) {
    // Nothing can be done when the terminal is gone.
    // `eprintln!` would panic here, which ends a run because nobody listens.
    let _ = writeln!(std::io::stderr().lock(), "{text}");
}

fn is_broken_pipe(error: &Error) -> bool {
    error
        .problems
        .iter()
        .any(|problem| problem.message == BROKEN_PIPE)
}
