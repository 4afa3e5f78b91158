//! Objects of a table whose log says which of them there are: uploads are completed as soon as they are
//! whole.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use parquet::errors::ParquetError;
use parquet::file::metadata::{ParquetMetaData, ParquetMetaDataReader};

use super::super::layout::{PartFolder, PathLayout};
use super::super::writer::FileStore;
use super::super::{File, FileReport};
use super::part_bytes;
use super::place::ObjectPlace;
use super::uploads::Uploads;
use crate::client::object::Object;
use crate::error::{Error, Problem, Result};
use crate::sink::Target;

/// Most footers are no longer.
const FOOTER: u64 = 64 << 10;

/// The objects that one run adds to a table.
pub(in super::super) struct TableObjects(Arc<Uploads>);

/// Refuses a new table within the dataset of another output.
///
/// # Errors
/// It would lie there, or the store refuses to tell.
pub(in super::super) fn beside_objects(path: &Path, patience: Duration) -> Result<()> {
    let layout = PathLayout::Folder(PartFolder::at(path, None));
    let place = ObjectPlace::new(&layout, patience)?;
    place.outside_tables(path, path.ancestors().skip(1))?;
    place.outside_datasets(path)
}

impl TableObjects {
    pub(in super::super) fn new(
        options: &File,
        layout: &PathLayout,
        target: &Target,
        patience: Duration,
    ) -> Result<Self> {
        let place = ObjectPlace::new(layout, patience)?;
        let bytes = part_bytes(options, &target.shape);
        Ok(Self(Arc::new(Uploads::new(place, bytes, target))))
    }

    /// Where its lanes write.
    pub(in super::super) fn store(&self) -> Arc<dyn FileStore> {
        self.0.clone()
    }

    /// Completes the uploads of these files.
    pub(in super::super) fn name(&self, files: &[FileReport]) -> Result<()> {
        let place = &self.0.place;
        let whole = self.0.whole();
        let keys: Vec<String> = files.iter().map(|file| place.key_of(&file.path)).collect();
        let uploads = keys.iter().filter_map(|key| {
            let upload = whole.get(key)?;
            Some((key.as_str(), &*upload.id, &*upload.parts))
        });
        let uploads: Vec<_> = uploads.collect();
        let completed = place.bucket.complete(&uploads)?;
        if uploads.len() < keys.len() || completed.contains(&false) {
            let what = format!("files of `{}` could not be completed", place.base.display());
            let why = "uploads of this run were ended by another one, or by a rule of the bucket";
            let problem = Problem::new(what).cause(why);
            return Err(Error::run(problem.hint("run it again, one run at a time")));
        }
        self.0.release(&keys);
        place.forget(&keys)
    }

    /// When an object was written, in milliseconds since 1970, and its footer.
    pub(in super::super) fn footer(&self, file: &FileReport) -> Result<(i64, ParquetMetaData)> {
        let key = self.0.place.key_of(&file.path);
        let gone = || Error::run(format!("`{}` is not there any more", file.path.display()));
        let object = self.0.place.bucket.look(&key)?.ok_or_else(gone)?;
        let mut reader = ParquetMetaDataReader::new();
        let mut wanted = FOOTER;
        loop {
            match reader.try_parse_sized(&self.end(&object, wanted)?, object.bytes) {
                Ok(()) => break,
                Err(ParquetError::NeedMoreData(bytes)) if bytes as u64 > wanted => {
                    wanted = bytes as u64;
                }
                Err(error) => return Err(unread(file, &error)),
            }
        }
        let footer = reader.finish().map_err(|error| unread(file, &error))?;
        Ok((object.version.seconds * 1000, footer))
    }

    fn end(&self, object: &Object, bytes: u64) -> Result<Bytes> {
        let range = object.bytes.saturating_sub(bytes)..object.bytes;
        self.0.place.bucket.read(object, range)
    }

    /// Ends the uploads that a run before has begun, or only says so. Objects that it has completed stay:
    /// nobody can tell whether that run is still at work, and what has their names is the same.
    pub(in super::super) fn tidy(&self, only_look: bool) -> Result<Option<String>> {
        let place = self.0.place.shortly()?;
        let left = place.recorded()?;
        if left.is_empty() {
            return Ok(None);
        }
        let shown = place.base.display().to_string();
        if only_look {
            let line = "uploads of a run that did not end, or is at work; the next run ends them";
            return Ok(Some(format!("`{shown}`: {line}")));
        }
        place.abort(&left)?;
        let line = "uploads of a run that did not end are ended";
        Ok(Some(format!("`{shown}`: {line}")))
    }
}

fn unread(file: &FileReport, error: &ParquetError) -> Error {
    Error::because(
        format!("reading the footer of `{}`", file.path.display()),
        error,
    )
}
