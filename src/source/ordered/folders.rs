//! Folders of sorted rows: how many rows each has, and what it is called.

use std::collections::{BTreeMap, HashMap};
use std::sync::Mutex;

use super::entry::Entry;
use super::layout::{KeyLayout, Keys};
use super::{CHUNK, Sorter};
use crate::error::{Error, Problem, Result};
use crate::sync::lock;
use crate::units::show_count;

/// At most so many folders are made: the hours of ten years.
pub const MOST_FOLDERS: u64 = 100_000;

/// Rows that follow each other in the order and go to one folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SortedFolder {
    /// Its first batch.
    pub first_batch: u64,
    /// Its value of each column.
    pub values: Vec<Option<String>>,
}

/// Rows of each folder, counted while keys are made.
#[derive(Default)]
pub(super) struct FolderCounts(Mutex<BTreeMap<Box<[u8]>, FolderCount>>);

/// A row of a folder, and how many it has.
#[derive(Clone, Copy)]
struct FolderCount {
    row: u64,
    rows: u64,
}

impl FolderCounts {
    /// Counts the rows of some keys.
    pub(super) fn add<E: Entry>(
        &self,
        layout: &KeyLayout,
        keys: &Keys,
        entries: &[E],
    ) -> Result<()> {
        // Counted apart first: the lock is taken once for all of these rows.
        let mut own: HashMap<Box<[u8]>, FolderCount> = HashMap::new();
        let mut count = |folder: &[u8], entry: E| match own.get_mut(folder) {
            Some(known) => known.rows += 1,
            None => {
                let row = layout.row(entry);
                own.insert(folder.into(), FolderCount { row, rows: 1 });
            }
        };
        match layout.folder_rows(keys)? {
            None => {
                for entry in entries {
                    let folder = layout.folder(*entry).unwrap_or(0);
                    count(&folder.to_be_bytes(), *entry);
                }
            }
            Some(folders) => {
                for (folder, entry) in folders.iter().zip(entries) {
                    count(folder.data(), *entry);
                }
            }
        }
        let mut all = lock(&self.0);
        for (folder, own) in own {
            let known = all.entry(folder).or_insert(FolderCount { rows: 0, ..own });
            known.rows += own.rows;
        }
        match all.len() as u64 > MOST_FOLDERS {
            true => Err(too_many()),
            false => Ok(()),
        }
    }

    /// A row of each folder and how many it has, in the order of the folders.
    pub(super) fn all(self) -> Vec<(u64, u64)> {
        let all = self.0.into_inner().unwrap_or_default();
        all.into_values()
            .map(|count| (count.row, count.rows))
            .collect()
    }
}

impl Sorter {
    /// The values of folders that have these rows.
    pub(super) fn values(&self, rows: &[u64]) -> Result<Vec<Vec<Option<String>>>> {
        if rows.len() as u64 > MOST_FOLDERS {
            return Err(too_many());
        }
        let mut values = Vec::with_capacity(rows.len());
        for rows in rows.chunks(CHUNK as usize) {
            let texts = self.plan.folders(rows)?;
            let value = |row: usize| {
                let texts = texts.iter();
                texts.map(move |texts| {
                    let text = !arrow::array::Array::is_null(texts, row);
                    text.then(|| texts.value(row).to_string())
                })
            };
            values.extend((0..rows.len()).map(|row| value(row).collect()));
        }
        Ok(values)
    }
}

fn too_many() -> Error {
    let most = show_count(MOST_FOLDERS);
    let problem = Problem::new(format!("there are more than {most} folders"));
    Error::user(
        problem.hint("partition by something coarser, such as `month(at)` or `bucket(16, id)`"),
    )
}
