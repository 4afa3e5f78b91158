//! Partition columns: what folders named `key=value` say of the rows of their files.

use arrow::array::{ArrayRef, StringArray};
use arrow::datatypes::{DataType, Field};

use super::Types;
use super::kinds::infer;
use super::retype::{convert, typed};
use super::set::SetMember;
use crate::column::show_type;
pub use crate::dataset::partition as key;
use crate::error::Problem;

/// A partition column.
pub struct PartitionKey {
    /// Its name and type.
    pub field: Field,
    /// One value for each file.
    pub values: ArrayRef,
}

/// Files of one set whose folders have different keys.
pub fn problem(files: &[SetMember]) -> Option<Problem> {
    let first = files.first()?;
    let keys = names_of(first);
    if let Some(twice) = (1..keys.len()).find(|at| keys[..*at].contains(&keys[*at])) {
        let (key, path) = (&keys[twice], first.path.display());
        return Some(Problem::new(format!(
            "`{path}` is in two folders for `{key}`"
        )));
    }
    let other = files.iter().find(|file| names_of(file) != keys)?;
    let shown = |file: &SetMember| match names_of(file).as_slice() {
        [] => format!("`{}` is in no partition", file.path.display()),
        keys => format!(
            "`{}` is in partitions of {}",
            file.path.display(),
            keys.join(", ")
        ),
    };
    let what = format!("{}, and {}", shown(first), shown(other));
    Some(Problem::new(what).hint("name folders of one kind, such as `out/day=*/*`"))
}

/// The names of the partition columns of files.
pub fn names(files: &[SetMember]) -> Vec<String> {
    files.first().map(names_of).unwrap_or_default()
}

fn names_of(file: &SetMember) -> Vec<String> {
    file.keys.iter().map(|(name, _)| name.clone()).collect()
}

/// The partition columns of files, with the types that are asked for, or else those that all values allow.
///
/// # Errors
/// A value is not of its type.
pub fn keys(files: &[SetMember], types: &Types) -> Result<Vec<PartitionKey>, Problem> {
    let names = files.first().map_or(&[][..], |file| &file.keys);
    let names = names.iter().enumerate();
    names
        .map(|(at, (name, _))| {
            let texts = files.iter().map(|file| file.keys[at].1.as_deref());
            one(name, &texts.collect(), files, types)
        })
        .collect()
}

fn one(
    name: &str,
    texts: &StringArray,
    files: &[SetMember],
    types: &Types,
) -> Result<PartitionKey, Problem> {
    let said = types.iter().find(|(known, _)| known.value == name);
    let field = match said {
        Some((_, wanted)) => typed(name, wanted),
        None => Field::new(name, infer(texts.iter().flatten()), true),
    };
    let refuse = |row: Option<usize>| {
        let shown = show_type(field.data_type());
        let what = match row {
            Some(row) => format!(
                "`{}`: `{}` is not {shown}",
                files[row].path.display(),
                texts.value(row)
            ),
            None => format!("the names of folders cannot be read as {shown}"),
        };
        let problem = Problem::new(format!("could not read partition column `{name}`")).cause(what);
        match said {
            Some((_, wanted)) => problem.at(&wanted.place),
            None => problem.hint("say its type in `types`"),
        }
    };
    let texts: ArrayRef = std::sync::Arc::new(texts.clone());
    // UUIDs are read here; Arrow casts no text to sixteen bytes.
    let readable = field.data_type() == &DataType::FixedSizeBinary(16)
        || arrow::compute::can_cast_types(&DataType::Utf8, field.data_type());
    let (values, bad) = match readable {
        true => convert(&texts, field.data_type()).map_err(|_| refuse(None))?,
        false => return Err(refuse(None)),
    };
    match bad.first() {
        Some(row) => Err(refuse(Some(*row))),
        None => Ok(PartitionKey { field, values }),
    }
}
