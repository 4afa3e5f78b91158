//! The columns of a sink, and what is made of them, whose values name its folders.

use crate::column::Builder;
use crate::error::Problem;
use crate::place::{Placed, Text};
use crate::sink::SinkKind;
use crate::source::Transform;

/// A column of `partition_by`, by whose values folders are called.
pub(super) struct PartitionColumn {
    /// The column's node.
    pub(super) node: usize,
    /// As the file says it.
    pub(super) said: Placed<Text>,
    /// What the folders are called.
    pub(super) folder: String,
    /// What is made of the column's values.
    pub(super) transform: Option<Transform>,
}

/// The partition columns, each once.
pub(super) fn partition_by(
    options: &SinkKind,
    table: &Placed<String>,
    builder: &mut Builder,
) -> Result<Vec<PartitionColumn>, Problem> {
    let mut columns: Vec<PartitionColumn> = Vec::new();
    let known = builder.columns(&table.value);
    for said in options.takes().partition_by {
        // A column may be called `day(at)`, as a transform is written: then it is that column.
        let is_column = known
            .iter()
            .any(|(column, _)| column.value == said.as_str());
        let parsed = match is_column {
            true => None,
            false => Transform::parse(&said).map_err(|problem| problem.at(&said.place))?,
        };
        let (transform, name) = match parsed {
            Some((transform, column)) => (Some(transform), column),
            None => (None, said.as_str()),
        };
        let folder = transform.map_or(name.to_string(), |transform| transform.folder(name));
        // By the folder's name and not by the column's: the day and the month of one column are two
        // folders.
        if columns.iter().any(|known| known.folder == folder) {
            let problem = Problem::new(format!("`partition_by` names `{folder}` twice"));
            return Err(problem.at(&said.place).hint("leave one of them out"));
        }
        let node = builder.column(&table.value, name, &said.place)?;
        columns.push(PartitionColumn {
            node,
            folder,
            transform,
            said,
        });
    }
    Ok(columns)
}

/// Folders that are called as a column that the files hold: readers would have it twice.
pub(super) fn doubled(
    partition_by: &[PartitionColumn],
    written: &[(usize, String)],
) -> Result<(), Problem> {
    let is_written = |folder: &str| written.iter().any(|(_, name)| name == folder);
    match partition_by.iter().find(|key| is_written(&key.folder)) {
        None => Ok(()),
        Some(key) => {
            let (said, folder) = (key.said.as_str(), &key.folder);
            let what = format!("the folders of `{said}` and a column are both called `{folder}`");
            let hint = "give the column another name in `columns`, or leave it out there";
            Err(Problem::new(what).at(&key.said.place).hint(hint))
        }
    }
}
