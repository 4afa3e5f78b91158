//! Values of flags, from their texts.

use std::path::PathBuf;

use clap::builder::{PathBufValueParser, TypedValueParser};

use crate::place::FilePath;
use crate::schedule::Clock;
use crate::spec::Slot;
use crate::units::parse_count;
use crate::verify::At;

/// A path of this machine; a shell has put in what it stands for.
pub(super) fn path() -> impl TypedValueParser<Value = PathBuf> {
    // The same rules as for paths in the file: an object store's URL or a `~` that no shell
    // replaced would make a folder of that name.
    PathBufValueParser::new().try_map(|path| match FilePath::given(&path.to_string_lossy()) {
        Ok(()) => Ok(path),
        Err(problem) => Err(match problem.hint {
            Some(hint) => format!("{} (hint: {hint})", problem.message),
            None => problem.message,
        }),
    })
}

/// A count, or a table and its count.
pub(super) fn parse_rows(text: &str) -> Result<(Option<String>, u64), String> {
    let (table, count) = match text.split_once('=') {
        Some((table, count)) => (Some(table.trim().to_string()), count.trim()),
        None => (None, text),
    };
    Ok((table, parse_count(count)?))
}

pub(super) fn parse_set(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or("expected NAME=VALUE")?;
    Ok((name.trim().to_string(), value.to_string()))
}

pub(super) fn parse_date(text: &str) -> Result<String, String> {
    match crate::column::scalar::date(text) {
        Some(_) => Ok(text.to_string()),
        None => Err("expected a date such as 2026-01-31".into()),
    }
}

pub(super) fn parse_slot(text: &str) -> Result<String, String> {
    match Slot::parse(text) {
        Some(slot) => Ok(slot.to_string()),
        None => Err("expected a slot such as 2026-01-31T02-15".into()),
    }
}

pub(super) fn parse_clock(text: &str) -> Result<Clock, String> {
    Clock::parse(text)
}

/// A number of changes, or `now`.
pub(super) fn parse_moment(text: &str) -> Result<At, String> {
    match text {
        "now" => Ok(At::Now),
        _ => parse_count(text).map(At::Change),
    }
}
