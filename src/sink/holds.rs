//! Where and how a sink keeps its rows, for whoever reads them back.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::file::partition_folder;
use super::{Partition, kafka};
use crate::client::database::Tls;
use crate::error::Problem;
use crate::format::FormatKind;
use crate::place::{Count, Place, Placed, Secret, Text};

/// Where and how a sink keeps its rows.
pub enum Holds<'o> {
    /// Nowhere that they could be read from again, and why.
    Nothing(&'static str),
    /// Somewhere from where they cannot be read now, and why.
    Unread(Box<Problem>),
    /// In files.
    Files(Box<HeldFiles>),
    /// In a topic.
    Topic(&'o kafka::Kafka),
    /// In a table, or in a collection.
    Table(HeldTable<'o>),
    /// In documents that tell of the changes of other tables, and in the state that those have come to.
    Changes(HeldChanges<'o>),
}

/// A server that has tables, or collections.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TableServer {
    /// PostgreSQL.
    Postgres,
    /// MySQL or MariaDB.
    Mysql,
    /// MongoDB.
    MongoDb,
}

/// A table that holds rows, or a collection.
#[derive(Debug, Clone, Copy)]
pub struct HeldTable<'o> {
    /// Whose it is.
    pub server: TableServer,
    /// Where that is.
    pub url: &'o Placed<Secret>,
    /// The database, where the address need not name it.
    pub database: Option<&'o Placed<Text>>,
    /// Its name, unless that is the table's own.
    pub into: Option<&'o Placed<Text>>,
    /// Connections that read it.
    pub connections: Option<&'o Placed<Count>>,
    /// An encrypted connection.
    pub tls: Option<&'o Tls>,
}

/// Collections that hold changes of tables, and their state.
#[derive(Debug, Clone)]
pub struct HeldChanges<'o> {
    /// Their server.
    pub url: &'o Placed<Secret>,
    /// The database, where the address need not name it.
    pub database: Option<&'o Placed<Text>>,
    /// An encrypted connection.
    pub tls: Option<&'o Tls>,
    /// The tables whose state is kept.
    pub tables: Vec<ChangesOf>,
    /// The collection of the changes of any table, with `DATABASE` and `TABLE` in it.
    pub any: String,
}

/// The collections of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChangesOf {
    /// The database that its changes come from.
    pub database: String,
    /// The table's name where its changes come from.
    pub table: String,
    /// The collection that has a document a change.
    pub documents: String,
    /// The collection that has a document a row.
    pub state: String,
}

/// Files that hold rows.
#[derive(Debug, Clone)]
pub struct HeldFiles {
    /// The file, the folder, or the pattern of the files.
    pub path: PathBuf,
    /// Where the pipeline says so.
    pub place: Place,
    /// How they are written.
    pub format: FormatKind,
    /// They are those of a table of Delta Lake, which has fewer types.
    pub of_table: bool,
    /// They hold the slice that was asked for, and nothing else.
    pub of_slice: bool,
    /// Something is there.
    pub is_there: bool,
    /// A manifest says that no file is.
    pub is_empty: bool,
    /// The folder, where other runs keep partitions beside those of one.
    pub shared: Option<PathBuf>,
    /// The folders of the partitions that one run has made there, where only these are meant.
    pub partitions: Option<BTreeSet<PathBuf>>,
    /// What the manifests of these files say.
    pub listed: Vec<Listed>,
    /// Files that are read and that no manifest lists.
    pub unlisted: Vec<PathBuf>,
    /// What a reader should know of what lies there.
    pub notes: Vec<String>,
}

impl HeldFiles {
    /// Of which nothing is known yet but where they would be.
    pub fn new(path: PathBuf, place: Place, format: FormatKind) -> Self {
        Self {
            path,
            place,
            format,
            of_table: false,
            of_slice: false,
            is_there: false,
            is_empty: false,
            shared: None,
            partitions: None,
            listed: Vec::new(),
            unlisted: Vec::new(),
            notes: Vec::new(),
        }
    }

    /// Only what a plan has made, in a folder that others share: the partitions that it is known to make, and
    /// those in which a manifest lists files of its.
    pub fn keep_own<'p>(&mut self, fingerprint: &str, known: impl Iterator<Item = &'p Partition>) {
        let Some(folder) = &self.shared else {
            return;
        };
        let known = known.filter(|partition| !partition.values.is_empty());
        let known = known.map(|partition| partition_folder(folder, partition));
        let own = self
            .listed
            .iter()
            .filter(|file| file.fingerprint == fingerprint);
        let own = own.filter_map(|file| file.path.parent().map(Path::to_path_buf));
        let folders: BTreeSet<PathBuf> = known.chain(own).collect();
        // Nobody knows which these are: all that is there is compared.
        if folders.is_empty() {
            return;
        }
        let is_own = |path: &Path| path.parent().is_some_and(|folder| folders.contains(folder));
        self.listed.retain(|file| is_own(&file.path));
        self.unlisted.retain(|path| is_own(path));
        self.partitions = Some(folders);
    }
}

/// A file as a manifest lists it.
#[derive(Debug, Clone)]
pub struct Listed {
    /// Where it is.
    pub path: PathBuf,
    /// Rows in it.
    pub rows: u64,
    /// Its size.
    pub bytes: u64,
    /// Its SHA-256 in hexadecimal, where that is known.
    pub sha256: Option<String>,
    /// Of the plan and the seed that made it.
    pub fingerprint: String,
}
