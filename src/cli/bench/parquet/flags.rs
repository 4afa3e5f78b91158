//! Values of the flags of a sweep: each is read as the pipeline's option of the same name is.

use std::collections::HashSet;
use std::sync::Arc;

use serde::de::DeserializeOwned;

use super::sweep::{Change, Dimension};
use crate::error::{Problem, Problems, did_you_mean};
use crate::format::Shape;
use crate::format::parquet::{ColumnEncoding, ColumnOptions, Compatibility, Parquet};
use crate::place::{Bytes, MapKey, Node, Place, Placed, Source, Value, decode};
use crate::type_names::show_type;

/// A sweep of an option of whole files.
pub(super) fn of_files(
    name: &'static str,
    said: &[&str],
    set: fn(&mut Parquet, &Parquet),
    problems: &mut Problems,
) -> Option<Dimension> {
    let values = said.iter().filter_map(|said| {
        let said = leveled(said);
        let value = problems.note(option::<Parquet>(name, &said))?;
        Some((said, Change::File(set, Box::new(value))))
    });
    dimension(name, values.collect())
}

/// Shells take parentheses for their own: `zstd:3` is `zstd(3)`.
fn leveled(said: &str) -> String {
    match said.split_once(':') {
        Some((codec, level)) => format!("{codec}({level})"),
        None => said.to_string(),
    }
}

fn dimension(name: &'static str, mut values: Vec<(String, Change)>) -> Option<Dimension> {
    // A value that is said twice would be measured twice, and its two cells would differ by noise
    // alone.
    let mut seen = HashSet::new();
    values.retain(|(label, _)| seen.insert(label.clone()));
    (!values.is_empty()).then_some(Dimension { name, values })
}

/// A sweep of what is there or not.
pub(super) fn beside(
    name: &'static str,
    without: &str,
    values: impl Iterator<Item = (String, Change)>,
) -> Option<Dimension> {
    let values: Vec<_> = values.collect();
    (!values.is_empty()).then(|| {
        let first = (without.to_string(), Change::Nothing);
        Dimension {
            name,
            values: std::iter::once(first).chain(values).collect(),
        }
    })
}

pub(super) fn encodings(
    said: &[String],
    readers: Compatibility,
    problems: &mut Problems,
) -> Option<Dimension> {
    let all = ColumnEncoding::ALL.iter().filter(|encoding| {
        // Spark does not read BYTE_STREAM_SPLIT, so `all` leaves it out unless newer readers were
        // asked for.
        readers == Compatibility::Latest || **encoding != ColumnEncoding::ByteStreamSplit
    });
    let named = said.iter().flat_map(|said| match said.as_str() {
        "all" => all
            .clone()
            .map(|encoding| encoding.name().to_string())
            .collect(),
        _ => vec![said.clone()],
    });
    let named: Vec<String> = named.collect();
    let values = named.iter().filter_map(|said| {
        let encoding = problems
            .note(option::<ColumnOptions>("encoding", said))?
            .encoding?;
        if encoding.value == ColumnEncoding::ByteStreamSplit && readers == Compatibility::Spark {
            let what = "Spark cannot read the encoding `byte_stream_split`";
            problems.push(
                Problem::new(what).hint("leave it out, or allow it with `--compatibility latest`"),
            );
        }
        Some((said.clone(), Change::Encoding(encoding)))
    });
    dimension("encoding", values.collect())
}

pub(super) fn file_sizes(said: &[String], problems: &mut Problems) -> Option<Dimension> {
    let values = said.iter().filter_map(|said| {
        let bytes = match said.as_str() {
            "none" => None,
            _ => Some(problems.note(value::<Placed<Bytes>>("target_file_size", said))?),
        };
        if let Some(bytes) = bytes.as_ref().filter(|bytes| bytes.0 == 0) {
            problems.push(Problem::new("`target_file_size` cannot be 0").at(&bytes.place));
        }
        let label = match &bytes {
            None => "one file".to_string(),
            Some(_) => format!("files of {said}"),
        };
        Some((label, Change::FileBytes(bytes.map(|bytes| bytes.0))))
    });
    dimension("target_file_size", values.collect())
}

/// The columns that a flag lists, each time that it is said.
pub(super) fn columns_of(
    flag: &str,
    said: &[String],
    shape: &Shape,
    problems: &mut Problems,
) -> Vec<Vec<String>> {
    let columns = said.iter().map(|said| {
        let names = said.split(',').map(|name| name.trim().to_string());
        let names: Vec<String> = names.collect();
        for name in &names {
            problems.extend(unknown(flag, name, shape));
        }
        names
    });
    columns.collect()
}

/// A column that is not there, or that nothing can be compared with.
pub(super) fn unknown(flag: &str, name: &str, shape: &Shape) -> Option<Problem> {
    let names = || {
        shape
            .schema
            .fields()
            .iter()
            .map(|field| field.name().as_str())
    };
    match shape.schema.field_with_name(name) {
        Ok(field) if field.data_type().is_nested() => {
            let what = format!(
                "`{flag} {name}`: a column of {} has no order",
                show_type(field.data_type())
            );
            Some(Problem::new(what).hint("name one of single values"))
        }
        Ok(_) => None,
        Err(_) => {
            let what = format!("`{flag}`: `{}` has no column `{name}`", shape.table);
            let all: Vec<String> = names().map(|name| format!("`{name}`")).collect();
            let hint = did_you_mean(name, names());
            Some(
                Problem::new(what)
                    .hint(hint.unwrap_or_else(|| format!("its columns are {}", all.join(", ")))),
            )
        }
    }
}

/// Options of which a flag says one.
pub(super) fn option<T: DeserializeOwned>(name: &str, said: &str) -> Result<T, Problem> {
    let node = scalar(name, said);
    let key = MapKey {
        name: name.to_string(),
        place: node.place.clone(),
    };
    // Decoded as the pipeline's own option is: one parser, one set of messages.
    let map = Node {
        place: node.place.clone(),
        value: Value::Map(vec![(key, node)]),
    };
    decode(&map).map_err(|problem| at_flag(name, problem))
}

fn value<T: DeserializeOwned>(name: &str, said: &str) -> Result<T, Problem> {
    decode(&scalar(name, said)).map_err(|problem| at_flag(name, problem))
}

fn scalar(name: &str, said: &str) -> Node {
    let flag = format!("--{}", name.replace('_', "-"));
    let source = Arc::new(Source::new(flag, format!("{said}\n")));
    let length = said.chars().count().max(1);
    Node {
        place: Place::new(source, 1, 1, length),
        value: Value::Scalar {
            text: said.to_string(),
            plain: true,
            filled: false,
        },
    }
}

/// A mistake in the value of a flag says which flag.
fn at_flag(name: &str, problem: Problem) -> Problem {
    let flag = name.replace('_', "-");
    Problem {
        message: format!("`--{flag}`: {}", problem.message),
        place: None,
        ..problem
    }
}
