//! `rowgen man`: the manual page of the program, or of one command, from the flags that it parses.

use clap::{Command, CommandFactory};
use clap_mangen::Man;
use clap_mangen::roff::{Roff, bold, roman};

use super::arguments::Arguments;
use super::print;
use crate::error::{Error, Problem, Result, did_you_mean};

/// What each exit code means.
const EXIT_CODES: &[(&str, &str)] = &[
    ("0", "Done."),
    (
        "1",
        "The user's mistake: the file or the options. Nothing was made.",
    ),
    (
        "2",
        "The run failed: a row that cannot be made or read, a disk, a broker.",
    ),
    (
        "3",
        "The run is whole but missed what it promised: rows were left out, or a rate was not held.",
    ),
    (
        "130, 143",
        "Interrupted by SIGINT or SIGTERM, after a clean end.",
    ),
];

pub(super) fn run(name: Option<&str>) -> Result<u8> {
    let mut program = Arguments::command().disable_help_subcommand(true);
    // `build` gives the commands below their full names (`rowgen-run`), which the heads of their
    // pages have.
    program.build();
    let command = match name {
        None => program,
        Some(name) => found(&program, name)
            .ok_or_else(|| unknown(name, &program))?
            .clone(),
    };
    let page = page(command).map_err(|cause| Error::because("making the manual page", cause))?;
    print(&String::from_utf8_lossy(&page))
}

/// A command, or one below another: `bench-parquet`.
fn found<'a>(program: &'a Command, name: &str) -> Option<&'a Command> {
    let own = program.find_subcommand(name);
    own.or_else(|| {
        let (above, below) = name.split_once('-')?;
        program.find_subcommand(above)?.find_subcommand(below)
    })
}

fn unknown(name: &str, program: &Command) -> Error {
    let names: Vec<&str> = program.get_subcommands().map(Command::get_name).collect();
    let all = format!("the commands are {}", names.join(", "));
    let near = did_you_mean(name, names.iter().copied());
    Error::user(Problem::new(format!("there is no command `{name}`")).hint(near.unwrap_or(all)))
}

fn page(command: Command) -> std::io::Result<Vec<u8>> {
    let mut page = Vec::new();
    Man::new(command).manual("rowgen").render(&mut page)?;
    let mut codes = Roff::new();
    codes.control("SH", ["EXIT STATUS"]);
    for (code, meaning) in EXIT_CODES {
        codes.control("TP", []);
        codes.text([bold(*code)]);
        codes.text([roman(*meaning)]);
    }
    codes.to_writer(&mut page)?;
    Ok(page)
}
