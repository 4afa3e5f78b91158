//! `avro`: Apache Avro container files, or bare datums.

mod container;
mod derive;
mod encode;
mod leaf;
mod number;
mod plan;
mod schema;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::sync::atomic::AtomicUsize;

use arrow::datatypes::{DataType, TimeUnit};
use schemars::JsonSchema;
use serde::Deserialize;

pub use container::{BlockCodec, ContainerEncoder};

use super::block;
use super::compression::Compression;
use super::rows::Memory;
use super::{FileEncoder, Format, Shape};
use crate::error::{Problem, Result};
use crate::place::{FilePath, Flag, Placed, Text};
use crate::plain_file::read_text;
use derive::Derive;

/// Apache Avro: a container file whose schema has logical types for decimals, dates, times and
/// timestamps. Unsigned 64-bit numbers are decimal(20,0).
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Avro {
    /// How blocks are compressed: `null` (default), `deflate`, `deflate(0..9)`, `snappy`, `zstandard` or `zstandard(1..22)`.
    pub(in crate::format) codec: BlockCodec,
    /// The record's name (default: the table's).
    pub(in crate::format) name: Option<Placed<Text>>,
    /// The record's namespace: names with dots between.
    pub(in crate::format) namespace: Option<Placed<Text>>,
    /// Where null stands in unions (default first).
    pub(in crate::format) null_order: Option<Placed<NullOrder>>,
    /// How timestamps are written.
    pub(in crate::format) timestamps: Timestamps,
    /// Your own schema (`.avsc`): it decides names, order, logical types and unions.
    pub(in crate::format) schema_file: Option<Placed<FilePath>>,
    /// Datums end to end, without header, schema and blocks (default false).
    pub(in crate::format) bare: Flag,
}

/// Where null stands in a union.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum NullOrder {
    /// `["null", T]`, and null is the field's default.
    #[default]
    First,
    /// `[T, "null"]`.
    Second,
}

/// How timestamps are written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Timestamps {
    /// With the logical type of the column's own unit (milliseconds for seconds).
    #[default]
    Native,
    /// As `timestamp-millis`, rounded down.
    Millis,
    /// As `timestamp-micros`, rounded down.
    Micros,
    /// As a plain long of milliseconds since 1970.
    MillisLong,
    /// As a plain long of microseconds since 1970.
    MicrosLong,
}

impl Avro {
    /// The rows of a table as these options write them; also for messages.
    ///
    /// # Errors
    /// Everything that the schema cannot hold, and a schema file that cannot be read.
    pub fn container(&self, shape: &Shape) -> Result<ContainerEncoder, Vec<Problem>> {
        self.encoding(
            shape,
            |avro| avro.derived(shape),
            |schema| plan::plan(schema, shape, self.timestamps),
        )
    }

    /// The values of one column on their own, null left aside; for messages' keys.
    ///
    /// # Errors
    /// As `container`.
    pub fn value(&self, shape: &Shape, column: usize) -> Result<ContainerEncoder, Vec<Problem>> {
        let field = shape.schema.field(column);
        let name = format!("{}_{}", shape.table, field.name());
        let derive = Derive::new(self.null_order(), self.timestamps);
        self.encoding(
            shape,
            |_| derive.value(field, &name),
            |schema| plan::value(schema, shape, column, self.timestamps),
        )
    }

    fn encoding(
        &self,
        shape: &Shape,
        derived: impl FnOnce(&Self) -> Result<serde_json::Value, Vec<Problem>>,
        members: impl FnOnce(&schema::Schema) -> Result<Vec<plan::RecordField>, Vec<Problem>>,
    ) -> Result<ContainerEncoder, Vec<Problem>> {
        let json = match &self.schema_file {
            Some(file) => self.written(file).map_err(|problem| vec![problem])?,
            None => derived(self)?,
        };
        let schema = schema::parse(&json).map_err(|fault| {
            let problem = Problem::new("the Avro schema cannot be used").cause(fault);
            vec![self.place(problem)]
        })?;
        let placed = |problems: Vec<Problem>| {
            let problems = problems.into_iter();
            problems
                .map(|problem| self.place(problem))
                .collect::<Vec<_>>()
        };
        Ok(ContainerEncoder {
            schema: json.to_string(),
            members: members(&schema).map_err(placed)?,
            lead: Vec::new(),
            codec: self.codec,
            // Avro wants it random. From the key of the run it is the same whenever the same rows
            // are made.
            sync: shape.run_key.to_be_bytes(),
            bare: *self.bare,
            memory: Memory::default(),
            block_bytes: AtomicUsize::new(0),
        })
    }

    /// True for datums without the schema that says what they are.
    pub fn is_bare(&self) -> bool {
        *self.bare
    }

    /// What is kept of the times of a column, where that is less, or of another type: their unit, and
    /// the type that it is read back as.
    pub fn keeps(&self, data_type: &DataType) -> Option<(TimeUnit, DataType)> {
        let DataType::Timestamp(own, zone) = data_type else {
            return None;
        };
        let of = |unit: TimeUnit| (unit, DataType::Timestamp(unit, zone.clone()));
        match self.timestamps {
            Timestamps::Native if *own == TimeUnit::Second => Some(of(TimeUnit::Millisecond)),
            Timestamps::Native => None,
            Timestamps::Millis => Some(of(TimeUnit::Millisecond)),
            Timestamps::Micros => Some(of(TimeUnit::Microsecond)),
            Timestamps::MillisLong => Some((TimeUnit::Millisecond, DataType::Int64)),
            Timestamps::MicrosLong => Some((TimeUnit::Microsecond, DataType::Int64)),
        }
    }

    fn null_order(&self) -> NullOrder {
        let order = self.null_order.as_ref();
        order.map_or(NullOrder::First, |order| order.value)
    }

    /// The schema that a table's columns make.
    fn derived(&self, shape: &Shape) -> Result<serde_json::Value, Vec<Problem>> {
        let name = self
            .name
            .as_ref()
            .map_or(shape.table.as_str(), |name| name.as_str());
        // As in a schema, an empty one is none.
        let namespace = self.namespace.as_ref().map(|namespace| namespace.as_str());
        let namespace = namespace.filter(|namespace| !namespace.is_empty());
        let mut problems: Vec<Problem> = self.check_names(name, namespace).collect();
        let derive = Derive::new(self.null_order(), self.timestamps);
        match derive.record(shape, name, namespace) {
            Ok(json) if problems.is_empty() => Ok(json),
            Ok(_) => Err(problems),
            Err(more) => {
                problems.extend(more);
                Err(problems)
            }
        }
    }

    fn check_names(&self, name: &str, namespace: Option<&str>) -> impl Iterator<Item = Problem> {
        let name = (!schema::is_name(name)).then(|| {
            let problem = Problem::new(format!("`{name}` is not a legal name in Avro"))
                .hint("use letters, digits and `_`: `avro: { name: … }`, and `namespace:` for what stands before a dot");
            match &self.name {
                Some(name) => problem.at(&name.place),
                None => problem,
            }
        });
        let illegal = namespace.filter(|text| !text.split('.').all(schema::is_name));
        let namespace = illegal.map(|text| {
            let problem = Problem::new(format!("`{text}` is not a legal namespace in Avro"))
                .hint("use names of letters, digits and `_` with dots between");
            match &self.namespace {
                Some(namespace) => problem.at(&namespace.place),
                None => problem,
            }
        });
        name.into_iter().chain(namespace)
    }

    /// The user's own schema. What would contradict it may not be given.
    fn written(&self, file: &Placed<FilePath>) -> Result<serde_json::Value, Problem> {
        let given = [
            ("name", self.name.as_ref().map(|name| &name.place)),
            ("namespace", self.namespace.as_ref().map(|name| &name.place)),
            (
                "null_order",
                self.null_order.as_ref().map(|order| &order.place),
            ),
        ];
        for (key, place) in given {
            if let Some(place) = place {
                let message = format!("`{key}` and `schema_file` are given together");
                return Err(Problem::new(message)
                    .hint("the schema file decides it")
                    .at(place));
            }
        }
        let path = file.beside();
        let reading = |error: String| {
            Problem::new(format!("reading the Avro schema `{}`", path.display()))
                .cause(error)
                .at(&file.place)
        };
        let text = read_text(&path).map_err(|error| reading(error.to_string()))?;
        serde_json::from_str(&text).map_err(|error| reading(error.to_string()))
    }

    fn place(&self, problem: Problem) -> Problem {
        match &self.schema_file {
            Some(file) => problem.at(&file.place),
            None => problem,
        }
    }

    fn check_bare(&self) -> Option<Problem> {
        (*self.bare && self.codec != BlockCodec::Null).then(|| {
            Problem::new(format!(
                "bare datums have no blocks that `codec: {}` could compress",
                self.codec
            ))
            .hint("leave out `codec`, or leave out `bare`")
        })
    }
}

impl Format for Avro {
    fn extensions(&self) -> &'static [&'static str] {
        &["avro"]
    }

    /// What is compressed has larger blocks.
    fn cached_rows(&self) -> Option<u64> {
        matches!(self.codec, BlockCodec::Null).then_some(8_192)
    }

    fn check(&self, shape: &Shape) -> Vec<Problem> {
        let mut problems = self.container(shape).err().unwrap_or_default();
        problems.extend(self.check_bare());
        problems
    }

    fn open(&self, shape: &Shape) -> Result<Arc<dyn FileEncoder>> {
        let container = self.container(shape)?;
        block::encoder(container, Compression::None)
    }
}
