//! Files of a table whose log says which of them there are: nobody sees one before that, so each has its
//! name as soon as it is safe, and none of the promises of a dataset is needed.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};

use arrow::datatypes::SchemaRef;
use parquet::file::metadata::{ParquetMetaData, ParquetMetaDataReader};

use super::describe::about_bytes;
use super::disk::Disk;
use super::existing::check_way;
use super::inside::outside_datasets;
use super::layout::{PartFolder, PathLayout, hidden};
use super::manifest::{self, entries_in};
use super::object::{TableObjects, beside_objects};
use super::output::{self, system};
use super::ready::open_lane;
use super::{File, FileReport};
use crate::dataset::DELTA_LOG;
use crate::error::{Error, Problem, Result};
use crate::place::{FilePath, is_object};
use crate::sink::claims::Claims;
use crate::sink::{Lane, Target};

/// The files that one run adds to a table.
pub struct TableFiles {
    options: File,
    layout: PathLayout,
    folder: PartFolder,
    /// The rows as they are written.
    target: Target,
    place: TablePlace,
}

/// Where they are.
enum TablePlace {
    Disk(Arc<Claims>),
    Objects(TableObjects),
}

/// Refuses what is a file, or in one; a store of objects knows no such thing.
///
/// # Errors
/// It is.
pub fn can_be_folder(path: &Path) -> Result<()> {
    if is_object(path) {
        return Ok(());
    }
    check_way(path)?;
    if path.is_file() {
        let what = format!("`{}` is a file", path.display());
        let problem = Problem::new(what).hint("a table is a folder: give it a name of its own");
        return Err(Error::user(problem));
    }
    let log = path.join(DELTA_LOG);
    if log.is_file() {
        let what = format!("`{}` is a file", log.display());
        let problem = Problem::new(what).hint("a table keeps its log in a folder of this name: remove the file, or write to another folder");
        return Err(Error::user(problem));
    }
    Ok(())
}

/// Refuses a new table within the dataset of another output; a store of objects is waited for so long.
///
/// # Errors
/// It would lie there, or nobody can tell.
pub fn beside_datasets(path: &Path, patience: Duration) -> Result<()> {
    match is_object(path) {
        true => beside_objects(path, patience),
        false => outside_datasets(path),
    }
}

impl TableFiles {
    /// The files of a run that `tag` tells from all others; a store of objects is waited for so long.
    ///
    /// # Errors
    /// What the environment says of the store cannot be.
    pub fn new(options: File, tag: String, target: Target, patience: Duration) -> Result<Self> {
        let path = FilePath(options.path.trim_end_matches('/').to_string());
        let folder = PartFolder {
            path: path.from(&target.out),
            extension: "parquet".into(),
            slice: target.slice,
            tag: Some(tag),
        };
        let layout = PathLayout::Folder(folder.clone());
        let place = match path.is_object() {
            true => TablePlace::Objects(TableObjects::new(&options, &layout, &target, patience)?),
            false => TablePlace::Disk(Arc::default()),
        };
        Ok(Self {
            options,
            layout,
            folder,
            target,
            place,
        })
    }

    /// The columns of the files.
    pub fn schema(&self) -> &SchemaRef {
        &self.target.shape.schema
    }

    /// The folder on a disk in which they will be.
    pub fn folder(&self) -> Option<PathBuf> {
        match &self.place {
            TablePlace::Disk(_) => Some(self.folder.path.clone()),
            TablePlace::Objects(_) => None,
        }
    }

    /// About how many bytes they will have.
    pub fn about_bytes(&self) -> Option<u64> {
        about_bytes(&self.options.format().ok()?, &self.target.shape)
    }

    /// Opens a lane of the target.
    ///
    /// # Errors
    /// What stands in the way.
    pub fn open(&self, lane: usize) -> Result<Arc<dyn Lane>> {
        let (options, layout, target) = (&self.options, &self.layout, &self.target);
        match &self.place {
            TablePlace::Disk(claims) => {
                let store = Arc::new(Disk {
                    claims: claims.clone(),
                    meter: target.meter.clone(),
                    fingerprint: target.fingerprint.clone(),
                });
                open_lane(options, layout, target, store, lane)
            }
            TablePlace::Objects(objects) => {
                open_lane(options, layout, target, objects.store(), lane)
            }
        }
    }

    /// No other run makes the same files from here on until this is dropped, where a disk can tell: false where
    /// nobody is kept away.
    ///
    /// # Errors
    /// Another one does.
    pub fn claim(&self) -> Result<bool> {
        let TablePlace::Disk(claims) = &self.place else {
            return Ok(false);
        };
        // Where there is no table yet, there is nothing of another run either.
        let is_there = self.folder.path.is_dir();
        if is_there {
            self.folder.claim(claims, false)?;
        }
        Ok(is_there)
    }

    /// Gives files that are safe their names.
    ///
    /// # Errors
    /// The system or the store refuses.
    pub fn name(&self, files: &[FileReport]) -> Result<()> {
        match &self.place {
            TablePlace::Disk(_) => {
                for file in files {
                    output::publish(&file.path, self.options.fsync())?;
                    self.target.meter.named(&hidden(&file.path));
                }
                Ok(())
            }
            TablePlace::Objects(objects) => objects.name(files),
        }
    }

    /// A file is not needed: it goes where nobody else can have made it, too.
    ///
    /// # Errors
    /// The system refuses.
    pub fn remove(&self, files: &[FileReport]) -> Result<()> {
        if let TablePlace::Disk(_) = &self.place {
            for file in files {
                manifest::remove(&hidden(&file.path))?;
                manifest::remove(&file.path)?;
                self.target.meter.named(&hidden(&file.path));
            }
        }
        Ok(())
    }

    /// The path of a file from the table's folder on.
    pub fn inside(&self, file: &FileReport) -> String {
        let path = file.path.strip_prefix(&self.folder.path);
        path.unwrap_or(&file.path).to_string_lossy().into_owned()
    }

    /// When a file was written, in milliseconds since 1970, and its footer.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn footer(&self, file: &FileReport) -> Result<(i64, ParquetMetaData)> {
        match &self.place {
            TablePlace::Disk(_) => {
                let failed = |error| system("reading", &file.path, &error);
                let opened = std::fs::File::open(&file.path).map_err(failed)?;
                let written = opened.metadata().and_then(|found| found.modified());
                let written = written.map_err(failed)?.duration_since(UNIX_EPOCH);
                let footer = ParquetMetaDataReader::new().parse_and_finish(&opened);
                let shown = || format!("reading the footer of `{}`", file.path.display());
                let footer = footer.map_err(|error| Error::because(shown(), error))?;
                Ok((written.unwrap_or_default().as_millis() as i64, footer))
            }
            TablePlace::Objects(objects) => objects.footer(file),
        }
    }

    /// Removes what a run before has begun and not noted, or only says so.
    ///
    /// # Errors
    /// The system or the store refuses.
    pub fn tidy(&self, only_look: bool) -> Result<Option<String>> {
        let left = match &self.place {
            TablePlace::Disk(_) => self.left()?,
            TablePlace::Objects(objects) => return objects.tidy(only_look),
        };
        if left.is_empty() {
            return Ok(None);
        }
        let shown = self.folder.path.display();
        if only_look {
            let line = "files of a run that did not end, or is at work; the next run removes them";
            return Ok(Some(format!("`{shown}`: {line}")));
        }
        left.iter().try_for_each(|path| manifest::remove(path))?;
        let line = "files of a run that did not end are removed";
        Ok(Some(format!("`{shown}`: {line}")))
    }

    /// Files of this run's names, whole or not.
    fn left(&self) -> Result<Vec<PathBuf>> {
        let (mut left, mut folders) = (Vec::new(), vec![self.folder.path.clone()]);
        while let Some(inside) = folders.pop() {
            for entry in entries_in(&inside)? {
                let name = entry.file_name().to_string_lossy().into_owned();
                let own = self.folder.is_part(&name) || self.folder.is_unfinished_part(&name);
                if own {
                    left.push(entry.path());
                } else if !name.starts_with(['.', '_']) && entry.path().is_dir() {
                    folders.push(entry.path());
                }
            }
        }
        Ok(left)
    }

    /// The run is done: what kept others away goes.
    ///
    /// # Errors
    /// The system refuses.
    pub fn settle(&self) -> Result<()> {
        match &self.place {
            TablePlace::Disk(_) => manifest::remove(&hidden(&self.folder.own_manifest())),
            TablePlace::Objects(_) => Ok(()),
        }
    }
}
