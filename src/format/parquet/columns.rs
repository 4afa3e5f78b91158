//! What a pipeline file says of single columns of a Parquet file.

use schemars::{JsonSchema, json_schema};
use serde::Deserialize;

use super::codec::{ColumnEncoding, PageCodec};
use crate::place::{Count, Flag, NamedItems, Number, Placed, Value, by_node, decode};

/// What is different for single columns, by name.
pub type ColumnSettings = NamedItems<ColumnOptions>;

/// What is different for one column.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(default)]
pub struct ColumnOptions {
    /// How its values are encoded: auto (the default), plain, dictionary, `delta_binary_packed`, `delta_length_byte_array`, `delta_byte_array` or `byte_stream_split`.
    pub encoding: Option<Placed<ColumnEncoding>>,
    /// How its pages are compressed.
    pub compression: Option<Placed<PageCodec>>,
    /// A Bloom filter, so that readers skip row groups without the value they look for.
    pub bloom_filter: Option<Placed<BloomFilter>>,
}

/// `true`, `false`, or the figures of a Bloom filter.
#[derive(Debug, Clone)]
pub enum BloomFilter {
    /// With the usual figures, or none at all.
    Wanted(bool),
    /// With these figures.
    Figures(BloomOptions),
}

/// The figures of a Bloom filter.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(default)]
pub struct BloomOptions {
    /// How many of the values that are not there seem to be (default 0.05).
    pub fpp: Option<Number>,
    /// How many distinct values a row group has at most (default: what is known of the column).
    pub ndv: Option<Count>,
}

impl BloomFilter {
    /// Its figures, if one is wanted.
    pub fn figures(&self) -> Option<BloomOptions> {
        match self {
            Self::Wanted(false) => None,
            Self::Wanted(true) => Some(BloomOptions::default()),
            Self::Figures(figures) => Some(figures.clone()),
        }
    }
}

by_node!(
    inline,
    BloomFilter,
    |node| {
        match &node.value {
            Value::Map(_) => decode(node).map(BloomFilter::Figures),
            _ => decode::<Flag>(node).map(|flag| BloomFilter::Wanted(flag.0)),
        }
    },
    |generator| {
        let flag = generator.subschema_for::<Flag>();
        let figures = generator.subschema_for::<BloomOptions>();
        json_schema!({ "anyOf": [flag, figures] })
    }
);
