//! What a pipeline file says of single columns of a Parquet file.

use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};

use super::codec::{ColumnEncoding, PageCodec};
use crate::place::{Count, Flag, Node, Number, Placed, Text, Value, carry, decode};

/// What is different for single columns, by name.
#[derive(Debug, Clone, Default)]
pub struct ColumnSettings(Vec<(Placed<Text>, ColumnOptions)>);

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

impl ColumnSettings {
    /// What is said of the column `name`.
    pub fn get(&self, name: &str) -> Option<&ColumnOptions> {
        self.iter()
            .find(|(column, _)| column.as_str() == name)
            .map(|(_, options)| options)
    }

    /// Every column of which something is said.
    pub fn iter(&self) -> impl Iterator<Item = &(Placed<Text>, ColumnOptions)> {
        self.0.iter()
    }
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

impl<'de> Deserialize<'de> for ColumnSettings {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ColumnsVisitor;
        impl<'de> Visitor<'de> for ColumnsVisitor {
            type Value = ColumnSettings;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a map from columns to their options")
            }
            fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<ColumnSettings, M::Error> {
                let mut columns = Vec::new();
                while let Some(entry) = map.next_entry()? {
                    columns.push(entry);
                }
                Ok(ColumnSettings(columns))
            }
        }
        deserializer.deserialize_map(ColumnsVisitor)
    }
}

impl JsonSchema for ColumnSettings {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "ParquetColumns".into()
    }
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let options = generator.subschema_for::<ColumnOptions>();
        json_schema!({ "type": "object", "additionalProperties": options })
    }
}

impl<'de> Deserialize<'de> for BloomFilter {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let node = Node::deserialize(deserializer)?;
        let filter = match &node.value {
            Value::Map(_) => decode(&node).map(Self::Figures),
            _ => decode::<Flag>(&node).map(|flag| Self::Wanted(flag.0)),
        };
        filter.map_err(carry)
    }
}

impl JsonSchema for BloomFilter {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "BloomFilter".into()
    }
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let flag = generator.subschema_for::<Flag>();
        let figures = generator.subschema_for::<BloomOptions>();
        json_schema!({ "anyOf": [flag, figures] })
    }
}
