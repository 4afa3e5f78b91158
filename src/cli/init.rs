//! `rowgen init`: a first pipeline, with comments, that runs as it is.

use std::fs::OpenOptions;
use std::io::Write;
use std::path::{Path, PathBuf};

use super::arguments::First;
use super::print;
use crate::error::{Error, Problem, Result};

pub(super) fn run(name: First, file: Option<&Path>) -> Result<u8> {
    let (name, text) = match name {
        First::Shop => ("shop", include_str!("init/shop.yaml")),
        First::Events => ("events", include_str!("init/events.yaml")),
        First::Iot => ("iot", include_str!("init/iot.yaml")),
        First::Orders => ("orders", include_str!("init/orders.yaml")),
    };
    let path = file.map_or_else(|| PathBuf::from(format!("{name}.yaml")), Path::to_path_buf);
    let shown = path.display().to_string();
    let text = text.replace("FILE", &shown);
    // `create_new` refuses an existing file in one step: a look before the write would leave a
    // moment in which another program makes one.
    let opened = OpenOptions::new().write(true).create_new(true).open(&path);
    let written = opened.and_then(|mut file| file.write_all(text.as_bytes()));
    match written {
        Ok(()) => print(&format!(
            "{shown} is written: `rowgen preview {shown}` shows rows, `rowgen run {shown}` makes them\n"
        )),
        Err(cause) if cause.kind() == std::io::ErrorKind::AlreadyExists => {
            let problem = Problem::new(format!("`{shown}` is there already, and stays as it is"));
            let hint = format!("name another file: `rowgen init {name} other.yaml`");
            Err(Error::user(problem.hint(hint)))
        }
        Err(cause) => {
            let message = format!("could not write `{shown}`");
            Err(Error::user(Problem::new(message).cause(cause)))
        }
    }
}
