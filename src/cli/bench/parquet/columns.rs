//! What each column takes in each cell, by the footers: which encoding and codec it has, and where it is smallest.
//! Sizes are the same on every run.

use std::collections::BTreeMap;

use parquet::basic::{Compression, Encoding};
use parquet::file::metadata::ColumnChunkMetaData;
use serde::Serialize;

use super::read::OpenFile;
use super::sweep::Cell;
use crate::format::parquet::PageCodec;

/// One leaf column of one cell.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct ColumnSize {
    /// Its path.
    pub(super) name: String,
    /// How its values are encoded, as a pipeline file says it.
    pub(super) encoding: String,
    /// How its pages are compressed.
    pub(super) compression: String,
    pub(super) bytes: u64,
}

/// Where a column is smallest.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Smallest {
    pub(super) column: String,
    pub(super) encoding: String,
    pub(super) compression: String,
    pub(super) bytes: u64,
    /// The cell that it was seen in.
    pub(super) cell: usize,
    /// The best of another encoding.
    pub(super) next: Option<Next>,
}

/// What comes after the best.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Next {
    pub(super) encoding: String,
    pub(super) compression: String,
    pub(super) bytes: u64,
}

/// The columns of a cell.
pub(super) fn sizes(cell: &Cell, files: &[OpenFile]) -> Vec<ColumnSize> {
    let mut sizes: Vec<ColumnSize> = Vec::new();
    for file in files {
        for group in file.metadata.metadata().row_groups() {
            for (place, chunk) in group.columns().iter().enumerate() {
                let bytes = chunk.compressed_size() as u64;
                match sizes.get_mut(place) {
                    Some(size) => {
                        size.bytes += bytes;
                        let encoding = encoding(chunk);
                        if !size.encoding.split(" and ").any(|known| known == encoding) {
                            size.encoding += &format!(" and {encoding}");
                        }
                    }
                    None => sizes.push(ColumnSize {
                        name: chunk.column_path().string(),
                        encoding: encoding(chunk),
                        compression: compression(cell, chunk),
                        bytes,
                    }),
                }
            }
        }
    }
    sizes
}

/// The encoding of a chunk's values, not that of its levels, nor of its dictionary.
fn encoding(chunk: &ColumnChunkMetaData) -> String {
    let places =
        |one: &Encoding| matches!(one, Encoding::RLE_DICTIONARY | Encoding::PLAIN_DICTIONARY);
    let name = |one: Encoding| one.to_string().to_lowercase();
    // The footer lists encodings of values, levels and dictionary pages together, without saying
    // which is which.
    let all: Vec<Encoding> = chunk.encodings().collect();
    if all.iter().any(places) {
        // Data pages of another encoding beside a dictionary: the dictionary had no more room, and
        // the rest of the chunk is written without it.
        let pages = chunk.page_encoding_stats_mask();
        let mut pages = pages.into_iter().flat_map(|mask| mask.encodings());
        let other = pages.find(|one| !places(one));
        return other.map_or("dictionary".to_string(), |other| {
            format!("dictionary, then {}", name(other))
        });
    }
    // RLE is that of the levels, and of booleans, which have nothing else.
    let values = all.iter().rev().find(|one| !matches!(one, Encoding::RLE));
    values
        .or(all.first())
        .map_or_else(String::new, |one| name(*one))
}

/// The codec of a chunk; its level is what was asked for.
fn compression(cell: &Cell, chunk: &ColumnChunkMetaData) -> String {
    // The footer has the codec without its level.
    let asked = cell.options.columns.get(
        chunk
            .column_path()
            .parts()
            .first()
            .map_or("", String::as_str),
    );
    let asked = asked
        .and_then(|column| column.compression.as_ref())
        .or(cell.options.compression.as_ref());
    let level = match asked.map(|asked| asked.value) {
        Some(PageCodec::Named(Compression::GZIP(level))) => level.compression_level().to_string(),
        Some(PageCodec::Named(Compression::ZSTD(level))) => level.compression_level().to_string(),
        Some(PageCodec::Named(Compression::BROTLI(level))) => level.compression_level().to_string(),
        _ => String::new(),
    };
    let name = match chunk.compression() {
        Compression::UNCOMPRESSED => "none",
        Compression::SNAPPY => "snappy",
        Compression::GZIP(_) => "gzip",
        Compression::ZSTD(_) => "zstd",
        Compression::BROTLI(_) => "brotli",
        Compression::LZ4 | Compression::LZ4_RAW => "lz4",
        Compression::LZO => "lzo",
    };
    match level.is_empty() {
        true => name.to_string(),
        false => format!("{name}({level})"),
    }
}

/// Where each column is smallest, in the order of the file; the first cell of equal ones. Rows in another order
/// are other data: only cells of the order of the smallest cell are looked at for all.
pub(super) fn smallest(cells: &[(usize, &[ColumnSize])]) -> Vec<Smallest> {
    let names = cells.first().map_or(&[][..], |(_, columns)| *columns);
    names
        .iter()
        .map(|column| of_column(cells, &column.name))
        .collect::<Option<Vec<_>>>()
        .unwrap_or_default()
}

fn of_column(cells: &[(usize, &[ColumnSize])], name: &str) -> Option<Smallest> {
    let sizes = cells.iter().filter_map(|(cell, columns)| {
        Some((*cell, columns.iter().find(|column| column.name == name)?))
    });
    let mut by_encoding: BTreeMap<&str, (usize, &ColumnSize)> = BTreeMap::new();
    for (cell, size) in sizes {
        let best = by_encoding.entry(&size.encoding).or_insert((cell, size));
        if (size.bytes, cell) < (best.1.bytes, best.0) {
            *best = (cell, size);
        }
    }
    let mut all: Vec<_> = by_encoding.into_values().collect();
    all.sort_by_key(|(cell, size)| (size.bytes, *cell));
    let mut all = all.into_iter();
    let (cell, best) = all.next()?;
    Some(Smallest {
        column: name.to_string(),
        encoding: best.encoding.clone(),
        compression: best.compression.clone(),
        bytes: best.bytes,
        cell,
        next: all.next().map(|(_, size)| Next {
            encoding: size.encoding.clone(),
            compression: size.compression.clone(),
            bytes: size.bytes,
        }),
    })
}
