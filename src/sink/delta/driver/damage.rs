//! Which file of a log is damaged: the kernel says what it met, and not where.

use futures_util::TryStreamExt;
use object_store::path::Path as ObjectPath;
use object_store::{ObjectStore, ObjectStoreExt};
use parquet::file::metadata::ParquetMetaDataReader;
use serde_json::Value;

use super::engine::Engine;
use crate::client::runtime::block_on;
use crate::dataset::DELTA_LOG;

/// The first file of the log that is not what its name says, and why.
pub(super) fn find(engine: &Engine) -> Option<String> {
    let folder = engine.path(DELTA_LOG).ok()?;
    let listed = block_on(engine.store.list(Some(&folder)).try_collect::<Vec<_>>());
    let mut paths: Vec<ObjectPath> = listed
        .ok()?
        .ok()?
        .into_iter()
        .map(|file| file.location)
        .collect();
    paths.sort();
    paths.iter().find_map(|path| {
        let name = path.filename()?;
        let why = wrong(engine, path, name)?;
        let shown = format!("{}/{DELTA_LOG}/{name}", engine.shown);
        Some(format!("`{shown}` is damaged: {why}"))
    })
}

/// What is wrong with a file of the log; nothing of files that others keep there.
fn wrong(engine: &Engine, path: &ObjectPath, name: &str) -> Option<String> {
    let is_json = name.ends_with(".json") && name.starts_with(|c: char| c.is_ascii_digit());
    let is_checkpoint = name.ends_with(".parquet") && name.contains(".checkpoint.");
    if !is_json && !is_checkpoint && name != "_last_checkpoint" {
        return None;
    }
    let read = block_on(async { engine.store.get(path).await?.bytes().await });
    let bytes = read.ok()?.ok()?;
    match is_checkpoint {
        true => {
            let footer = ParquetMetaDataReader::new().parse_and_finish(&bytes);
            footer.err().map(|error| error.to_string())
        }
        false => not_json(&bytes),
    }
}

/// The first line that is no JSON.
fn not_json(bytes: &[u8]) -> Option<String> {
    let mut lines = bytes.split(|byte| *byte == b'\n').enumerate();
    lines.find_map(|(index, line)| {
        let filled = !line.is_empty();
        let parsed = serde_json::from_slice::<Value>(line);
        let wrong = parsed.err().filter(|_| filled)?;
        Some(format!("line {} is no JSON ({wrong})", index + 1))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_line_that_is_no_json_is_named() {
        assert_eq!(not_json(b"{\"add\":{}}\n\n{}\n"), None);
        let cut = not_json(b"{}\n{\"add\":{\"pa").unwrap();
        assert_eq!(
            cut,
            "line 2 is no JSON (EOF while parsing a string at line 1 column 11)"
        );
    }
}
