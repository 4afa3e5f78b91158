//! What cells are made from: the options of the pipeline's own Parquet sink of the table, or the usual ones.

use super::flags::option;
use crate::error::Problems;
use crate::format::parquet::{BloomFilter, ColumnOptions, Parquet};
use crate::format::{FormatKind, Shape};
use crate::place::{Place, Placed, Source};
use crate::sink::SinkKind;
use crate::spec::{Pipeline, SinkEntry};

/// What is the same in every cell, unless it is swept.
#[derive(Debug, Clone, Default)]
pub(super) struct Base {
    pub(super) parquet: Parquet,
    pub(super) file_bytes: Option<u64>,
}

impl Base {
    /// The options of the first sink that writes the table as Parquet.
    pub(super) fn of(pipeline: &Pipeline, table: &str) -> Self {
        let takes = |entry: &&SinkEntry| {
            let named = |name: &str| name == table || name == "all";
            match (&entry.common.table, &entry.common.tables) {
                (Some(name), _) => named(name.as_str()),
                (None, Some(tables)) => tables.0.iter().any(|name| named(name.as_str())),
                (None, None) => pipeline.tables.0.len() == 1,
            }
        };
        // The sink's own options are the base, because the question is what would be better than
        // what is there.
        let mut files = pipeline
            .sinks
            .iter()
            .filter(takes)
            .filter_map(|entry| of_sink(entry, table));
        files.next().unwrap_or_default()
    }

    /// Without what it says of columns that the table has under other names.
    pub(super) fn of_columns(mut self, shape: &Shape) -> Self {
        let columns = &mut self.parquet.columns.0;
        // A sink may rename columns, and the rows here have the names of the table.
        columns.retain(|(name, _)| shape.schema.field_with_name(name.as_str()).is_ok());
        self
    }

    /// With other readers than the sink's.
    pub(super) fn with_compatibility(
        mut self,
        said: Option<&str>,
        problems: &mut Problems,
    ) -> Self {
        let said = said.and_then(|said| problems.note(option::<Parquet>("compatibility", said)));
        if let Some(said) = said {
            self.parquet.compatibility = said.compatibility;
        }
        self
    }
}

fn of_sink(entry: &SinkEntry, table: &str) -> Option<Base> {
    let SinkKind::File(file) = entry.options(table).ok()? else {
        return None;
    };
    let format = file
        .format
        .clone()
        .or_else(|| FormatKind::of_path(&file.path).ok());
    match format? {
        FormatKind::Parquet(parquet) => Some(Base {
            parquet,
            file_bytes: file.target_file_size.as_ref().map(|bytes| bytes.0),
        }),
        _ => None,
    }
}

/// A Bloom filter of a column, with what is said of it already.
pub(super) fn with_bloom(parquet: &mut Parquet, column: &str) {
    let source = std::sync::Arc::new(Source::new("--bloom-filter", format!("{column}\n")));
    let place = Place::new(source, 1, 1, column.chars().count().max(1));
    let filter = place.with(BloomFilter::Wanted(true));
    let name: Placed<String> = place.with(column.to_string());
    of_column(parquet, &name).bloom_filter.get_or_insert(filter);
}

/// What is said of a column, which is the usual where nothing is.
pub(super) fn of_column<'p>(
    parquet: &'p mut Parquet,
    name: &Placed<String>,
) -> &'p mut ColumnOptions {
    let columns = &mut parquet.columns.0;
    let known = columns
        .iter()
        .position(|(known, _)| known.value == name.value);
    let place = known.unwrap_or_else(|| {
        columns.push((name.clone(), ColumnOptions::default()));
        columns.len() - 1
    });
    &mut columns[place].1
}
