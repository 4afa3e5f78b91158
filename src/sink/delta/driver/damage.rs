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
        false => no_action(&bytes),
    }
}

/// The first line that is no action of Delta Lake: no JSON, no object, or a file without its path and size.
fn no_action(bytes: &[u8]) -> Option<String> {
    let mut lines = bytes.split(|byte| *byte == b'\n').enumerate();
    lines.find_map(|(index, line)| {
        let line = Some(line).filter(|line| !line.is_empty())?;
        let why = match serde_json::from_slice::<Value>(line) {
            Err(wrong) => format!("is no JSON ({wrong})"),
            Ok(Value::Object(action)) => format!("has {}", lacking(&action)?),
            Ok(_) => "is no object".into(),
        };
        Some(format!("line {} {why}", index + 1))
    })
}

/// What an action must have in any version of the protocol and has not.
fn lacking(action: &serde_json::Map<String, Value>) -> Option<String> {
    let wanted: [(&str, &[&str]); 2] = [("add", &["path", "size"]), ("remove", &["path"])];
    wanted.iter().find_map(|(name, keys)| {
        let of = action.get(*name)?;
        let key = keys.iter().find(|key| of.get(**key).is_none())?;
        Some(format!("`{name}` without `{key}`"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_line_that_is_no_action_is_named() {
        let whole = b"{\"add\":{\"path\":\"x\",\"size\":1}}\n\n{\"remove\":{\"path\":\"x\"}}\n{}\n";
        assert_eq!(no_action(whole), None);
        for (bytes, told) in [
            (
                "{}\n{\"add\":{\"pa",
                "line 2 is no JSON (EOF while parsing a string at line 1 column 11)",
            ),
            ("[]\n", "line 1 is no object"),
            (
                "{\"add\":{\"path\":\"x\"}}",
                "line 1 has `add` without `size`",
            ),
            ("{}\n{\"remove\":{}}", "line 2 has `remove` without `path`"),
        ] {
            assert_eq!(
                no_action(bytes.as_bytes()).as_deref(),
                Some(told),
                "{bytes}"
            );
        }
    }
}
