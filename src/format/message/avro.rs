//! `avro`: an Avro datum a message, alone or after what tells its schema.

use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::buffer::NullBuffer;
use arrow_avro::schema::{AvroSchema, Fingerprint, FingerprintAlgorithm};
use schemars::JsonSchema;
use serde::Deserialize;

use super::{MessageFormat, MessageWriter, Registration};
use crate::client::registry::Registry;
use crate::error::{Error, Problem, Result};
use crate::format::Shape;
use crate::format::avro::{Avro, ContainerEncoder, NullOrder, Timestamps};
use crate::format::cells::{Cells, Refusal};
use crate::place::{FilePath, Placed, Text};

/// An Avro datum a message, with the types of Avro files: the bare datum, after its schema's
/// fingerprint, or after its schema's number in a registry.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct AvroMessage {
    /// What stands before a datum (default: `confluent` with a registry, else `datum`).
    framing: Option<Placed<Framing>>,
    /// The record's name (default: the table's).
    name: Option<Placed<Text>>,
    /// The record's namespace: names with dots between.
    namespace: Option<Placed<Text>>,
    /// Where null stands in unions (default first).
    null_order: Option<Placed<NullOrder>>,
    /// How timestamps are written.
    timestamps: Timestamps,
    /// Your own schema (`.avsc`): it decides names, order, logical types and unions.
    schema_file: Option<Placed<FilePath>>,
    /// Where the schema is registered, for `framing: confluent`.
    registry: Option<Placed<Registry>>,
    /// The schema's subject in the registry (default: the topic's name and `-value`, or `-key`).
    subject: Option<Placed<Text>>,
}

/// What stands before a datum.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Framing {
    /// Nothing: the reader knows the schema.
    Datum,
    /// Avro's single-object encoding: `C3 01` and the schema's fingerprint of 64 bits.
    SingleObject,
    /// A zero byte and the schema's number in a registry.
    Confluent,
}

impl AvroMessage {
    fn framing(&self) -> Framing {
        match (&self.framing, &self.registry) {
            (Some(framing), _) => framing.value,
            (None, Some(_)) => Framing::Confluent,
            (None, None) => Framing::Datum,
        }
    }

    /// These options as those of files.
    fn avro(&self) -> Avro {
        Avro {
            name: self.name.clone(),
            namespace: self.namespace.clone(),
            null_order: self.null_order.clone(),
            timestamps: self.timestamps,
            schema_file: self.schema_file.clone(),
            ..Avro::default()
        }
    }

    /// Options that contradict each other.
    pub fn contradictions(&self) -> Vec<Problem> {
        let confluent = self.framing() == Framing::Confluent;
        let mut problems = Vec::new();
        if let (Some(framing), true, None) = (&self.framing, confluent, &self.registry) {
            let problem =
                Problem::new("`framing: confluent` needs the registry that numbers schemas");
            problems.push(
                problem
                    .hint("add `registry: { url: … }`")
                    .at(&framing.place),
            );
        }
        let registry = self.registry.as_ref();
        problems.extend(registry.and_then(|registry| registry.address().err()));
        let unused = [
            (
                "registry",
                self.registry.as_ref().map(|option| &option.place),
            ),
            ("subject", self.subject.as_ref().map(|option| &option.place)),
        ];
        for (key, place) in unused {
            if let (Some(place), false) = (place, confluent) {
                let message = format!(
                    "`{key}` is for `framing: confluent`, the only one that names a registered schema"
                );
                problems.push(
                    Problem::new(message)
                        .hint(format!(
                            "leave out `{key}`, or say `framing: confluent` with a `registry`"
                        ))
                        .at(place),
                );
            }
        }
        problems
    }

    /// The rows of a table, or the values of one column of it.
    pub fn container(
        &self,
        shape: &Shape,
        column: Option<usize>,
    ) -> Result<ContainerEncoder, Vec<Problem>> {
        match column {
            Some(column) => self.avro().value(shape, column),
            None => self.avro().container(shape),
        }
    }

    /// What has to be registered for a container of these options.
    pub fn registers(&self, container: ContainerEncoder) -> Option<Registration> {
        let registry = self.registry.as_ref();
        let registry = registry.filter(|_| self.framing() == Framing::Confluent)?;
        Some(Registration {
            registry: registry.value.clone(),
            subject: self.subject.as_ref().map(|subject| subject.0.clone()),
            schema: container.schema,
        })
    }

    /// The container with what these options put before every datum.
    pub fn framed(
        &self,
        mut container: ContainerEncoder,
        schema_id: Option<u32>,
    ) -> Result<ContainerEncoder> {
        container.lead = match (self.framing(), schema_id) {
            (Framing::Datum, _) => Vec::new(),
            (Framing::SingleObject, _) => single_object(&container.schema)?,
            // The wire format of Confluent's serializers: a zero, then four bytes, the highest
            // first.
            (Framing::Confluent, Some(id)) => [&[0], id.to_be_bytes().as_slice()].concat(),
            (Framing::Confluent, None) => {
                return Err(Error::run(
                    Problem::new("the schema was not registered").hint("this is a fault of rowgen"),
                ));
            }
        };
        Ok(container)
    }
}

/// What stands before a datum in Avro's single-object encoding.
fn single_object(schema: &str) -> Result<Vec<u8>> {
    let schema = AvroSchema::new(schema.to_string());
    match schema.fingerprint(FingerprintAlgorithm::Rabin)? {
        // Avro's specification, "Single-object encoding": C3 01, then the CRC-64-AVRO of the schema
        // in its canonical form, the lowest byte first.
        Fingerprint::Rabin(print) => Ok([&[0xc3, 0x01], print.to_le_bytes().as_slice()].concat()),
        other => Err(Error::because(
            "taking the fingerprint of the Avro schema",
            format!("it is {other:?}"),
        )),
    }
}

impl MessageFormat for AvroMessage {
    fn check(&self, shape: &Shape) -> Vec<Problem> {
        let mut problems = self.container(shape, None).err().unwrap_or_default();
        problems.extend(self.contradictions());
        problems
    }

    fn registration(&self, shape: &Shape) -> Result<Option<Registration>, Vec<Problem>> {
        Ok(self.registers(self.container(shape, None)?))
    }

    fn open(&self, shape: &Shape, schema_id: Option<u32>) -> Result<Arc<dyn MessageWriter>> {
        let container = self.container(shape, None)?;
        Ok(Arc::new(self.framed(container, schema_id)?))
    }
}

impl MessageWriter for ContainerEncoder {
    fn write(&self, batch: &RecordBatch, out: &mut Cells) -> Result<Option<NullBuffer>, Refusal> {
        self.write_datums(batch, out).map(|()| None)
    }
}
