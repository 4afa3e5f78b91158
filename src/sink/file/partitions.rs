//! Folders that partitions cannot have: refused before the first row.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use super::layout::PartFolder;
use crate::error::Problem;
use crate::place::{Placed, Text};
use crate::sink::Partition;

/// The longest name that file systems take, in bytes.
const LONGEST: usize = 255;

/// The first folder that cannot be, or that two partitions would share.
pub(super) fn problem(columns: &[Placed<Text>], lanes: &[Arc<Vec<Partition>>]) -> Option<Problem> {
    let folder = PartFolder::at(Path::new(""), None);
    let mut seen = BTreeMap::new();
    for partition in lanes.iter().flat_map(|lane| lane.iter()) {
        let path = folder.of_partition(partition);
        let names = path.iter().zip(columns).zip(&partition.values);
        for ((name, column), (_, value)) in names {
            if name.len() > LONGEST {
                return Some(too_long(
                    column,
                    value.as_deref().unwrap_or_default(),
                    name.len(),
                ));
            }
        }
        if let Some(other) = seen.insert(path, partition)
            && let Some(problem) = shared(columns, other, partition)
        {
            return Some(problem);
        }
    }
    None
}

fn too_long(column: &Placed<Text>, value: &str, bytes: usize) -> Problem {
    let begin: String = value.chars().take(20).collect();
    let name = column.as_str();
    Problem::new(format!(
        "a value of `{name}` is too long for a folder's name: `{begin}…`"
    ))
    .at(&column.place)
    .cause(format!(
        "`{name}=…` would have {bytes} bytes, and file systems take {LONGEST}"
    ))
    .hint("partition by a shorter column, such as a number or a code for the value")
}

/// Two partitions in one folder; a null and an empty text are one, for readers cannot tell them apart.
fn shared(columns: &[Placed<Text>], one: &Partition, other: &Partition) -> Option<Problem> {
    let alike = |a: &Option<String>, b: &Option<String>| {
        a == b || (a.as_deref().unwrap_or_default() == b.as_deref().unwrap_or_default())
    };
    let values = one.values.iter().zip(&other.values);
    let mut pairs = values
        .zip(columns)
        .filter(|(((_, a), (_, b)), _)| !alike(a, b));
    let (((_, a), (_, b)), column) = match pairs.next() {
        Some(pair) => pair,
        None if one.values == other.values => {
            let column = columns.first()?;
            let what = format!("two values of `{}` are written alike", column.as_str());
            let hint = "write each value of the `choice` once";
            return Some(Problem::new(what).at(&column.place).hint(hint));
        }
        None => return None,
    };
    let text = a.as_ref().or(b.as_ref()).map_or("", String::as_str);
    let what = format!(
        "the text `{text}` of `{}` would share the folder of null",
        column.as_str()
    );
    let hint = "leave that text out of the values, or let the column have no nulls";
    Some(Problem::new(what).at(&column.place).hint(hint))
}
