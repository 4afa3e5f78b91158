//! Avro datums as rows: bare, as single objects, or as a registry frames them.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use arrow::array::RecordBatch;
use arrow::compute::concat_batches;
use arrow::datatypes::SchemaRef;
use arrow_avro::codec::Tz;
use arrow_avro::reader::{Decoder as Library, ReaderBuilder};
use arrow_avro::schema::{
    AvroSchema, Fingerprint, FingerprintAlgorithm, SINGLE_OBJECT_MAGIC, SchemaStore,
};

use super::avro_schema::{SchemaRefusal, check};
use super::avro_shape::AvroShape;
use super::messages::{Decoder, Decoders};
use super::reject::BadRow;
use crate::error::{Error, Result};
use crate::format::message::Framing;
use crate::sync::lock;

/// Reads datums into rows of one schema.
pub struct AvroRows {
    framing: Framing,
    reader: AvroSchema,
    /// Writers' schemas that are known.
    store: Mutex<SchemaStore>,
    known: Mutex<WriterShapes>,
    /// How datums of the reader's schema are laid out, where it is the writer's, too.
    shape: Option<Arc<AvroShape>>,
    /// What makes a bare datum a single object.
    prefix: Vec<u8>,
    schema: SchemaRef,
}

/// How datums of each writer are laid out.
type WriterShapes = HashMap<u32, Option<Arc<AvroShape>>>;

/// One decoder of the library, and the rows of those schemas that came before the one it reads now.
pub struct Datums {
    library: Library,
    framing: Framing,
    prefix: Vec<u8>,
    /// The message in hand with its prefix.
    framed: Vec<u8>,
    writer: Option<[u8; 4]>,
    shape: Option<Arc<AvroShape>>,
    known: WriterShapes,
    done: Vec<RecordBatch>,
    failed: Option<BadRow>,
    schema: SchemaRef,
}

impl AvroRows {
    /// A reader of datums as rows of `schema`, JSON text.
    ///
    /// # Errors
    /// It is no schema, or not one of rows.
    pub fn new(schema: &str, framing: Framing) -> Result<Self> {
        let doing = |error: &dyn std::fmt::Display| Error::because("reading an Avro schema", error);
        let reader = checked(schema).map_err(|refused| doing(&refused))?;
        let algorithm = match framing {
            Framing::Confluent => FingerprintAlgorithm::Id,
            Framing::Datum | Framing::SingleObject => FingerprintAlgorithm::Rabin,
        };
        let mut store = SchemaStore::new_with_type(algorithm);
        let mut prefix = Vec::new();
        if framing == Framing::Confluent {
            // The library wants one schema to begin with; no registry gives this number.
            let first = Fingerprint::Id(u32::MAX);
            store
                .set(first, reader.clone())
                .map_err(|error| doing(&error))?;
        } else {
            let fingerprint = store.register(reader.clone());
            let fingerprint = fingerprint.map_err(|error| doing(&error))?;
            prefix.extend(SINGLE_OBJECT_MAGIC);
            if let Fingerprint::Rabin(value) = fingerprint {
                prefix.extend(value.to_le_bytes());
            }
        }
        let library = build(store.clone(), &reader, 1).map_err(|error| doing(&error))?;
        let shape = AvroShape::of(schema).map(Arc::new);
        Ok(Self {
            framing,
            schema: library.schema(),
            reader,
            store: Mutex::new(store),
            known: Mutex::default(),
            prefix,
            shape,
        })
    }

    /// The rows' columns as the library reads them.
    pub fn schema(&self) -> SchemaRef {
        self.schema.clone()
    }

    /// The numbers of writers' schemas among these messages that are not known yet.
    pub fn unknown(&self, messages: &[&[u8]]) -> Vec<u32> {
        if self.framing != Framing::Confluent {
            return Vec::new();
        }
        let known = lock(&self.known);
        // Messages mostly come from one writer: the same number as before is not looked up again.
        let mut last = None;
        let mut unknown = Vec::new();
        for number in messages.iter().filter_map(|message| writer(message)) {
            if last == Some(number) {
                continue;
            }
            last = Some(number);
            let id = u32::from_be_bytes(number);
            if !known.contains_key(&id) && !unknown.contains(&id) {
                unknown.push(id);
            }
        }
        unknown
    }

    /// A registry knows this writer's schema.
    ///
    /// # Errors
    /// Its rows cannot be read as those that are wanted.
    pub fn learn(&self, id: u32, schema: &str) -> Result<()> {
        let doing = || format!("schema {id} of the registry cannot be read as the table's rows");
        let mut store = lock(&self.store);
        // A schema that cannot be read as the table's rows must not stay in the store, which has no
        // way to remove one.
        let mut more = store.clone();
        let fingerprint = Fingerprint::Id(id);
        let shape = AvroShape::of(schema).map(Arc::new);
        let schema = checked(schema).map_err(|refused| Error::because(doing(), refused))?;
        more.set(fingerprint, schema)
            .and_then(|_| build(more.clone(), &self.reader, 1))
            .map_err(|error| Error::because(doing(), error))?;
        *store = more;
        drop(store);
        let mut known = lock(&self.known);
        known.insert(id, shape);
        Ok(())
    }
}

/// A schema without logical types that are not valid.
fn checked(schema: &str) -> Result<AvroSchema, SchemaRefusal> {
    check(schema).map(|checked| AvroSchema::new(checked.plain))
}

/// The number of the writer's schema, as a registry frames it.
fn writer(message: &[u8]) -> Option<[u8; 4]> {
    match message {
        [0, number @ ..] => number.first_chunk().copied(),
        _ => None,
    }
}

fn build(
    store: SchemaStore,
    reader: &AvroSchema,
    rows: usize,
) -> std::result::Result<Library, arrow::error::ArrowError> {
    let fingerprint = store.fingerprints().first().copied();
    let builder = ReaderBuilder::new()
        .with_tz(Tz::Utc)
        .with_batch_size(rows)
        .with_reader_schema(reader.clone())
        .with_writer_schema_store(store);
    match fingerprint {
        Some(fingerprint) => builder.with_active_fingerprint(fingerprint).build_decoder(),
        None => builder.build_decoder(),
    }
}

impl Decoders for AvroRows {
    type Decoder = Datums;

    fn decoder(&self, messages: usize) -> Result<Datums> {
        let store = lock(&self.store);
        // Never full, so that it takes every byte it is given.
        Ok(Datums {
            library: build(store.clone(), &self.reader, messages + 1)?,
            framing: self.framing,
            prefix: self.prefix.clone(),
            framed: Vec::new(),
            writer: None,
            shape: self
                .shape
                .clone()
                .filter(|_| self.framing != Framing::Confluent),
            known: match self.framing {
                Framing::Confluent => {
                    let known = lock(&self.known);
                    known.clone()
                }
                Framing::Datum | Framing::SingleObject => WriterShapes::new(),
            },
            done: Vec::new(),
            failed: None,
            schema: self.schema.clone(),
        })
    }
}

impl Datums {
    /// A decoder must be emptied before it reads another writer's rows.
    fn turn_to(&mut self, message: &[u8]) {
        let number = writer(message);
        if number != self.writer {
            self.writer = number;
            let id = number.map(u32::from_be_bytes);
            self.shape = id.and_then(|id| self.known.get(&id).cloned().flatten());
            self.empty();
        }
    }

    /// What is wrong with rows so far is no fault of the message in hand: it is told in the end.
    fn empty(&mut self) {
        match self.library.flush() {
            Ok(rows) => self.done.extend(rows),
            Err(error) => {
                let bad = || BadRow::new("wrong type", plain(&error.to_string()));
                self.failed.get_or_insert_with(bad);
            }
        }
    }
}

impl Decoder for Datums {
    fn feed(&mut self, message: &[u8]) -> Result<(), BadRow> {
        if message.is_empty() {
            return Err(BadRow::new(
                "empty",
                "expected an Avro datum, found nothing",
            ));
        }
        let bytes = match self.framing {
            Framing::Datum => {
                self.framed.clear();
                self.framed.extend_from_slice(&self.prefix);
                self.framed.extend_from_slice(message);
                self.framed.as_slice()
            }
            Framing::SingleObject if message.starts_with(&SINGLE_OBJECT_MAGIC) => message,
            Framing::Confluent if writer(message).is_some() => {
                self.turn_to(message);
                message
            }
            _ => {
                return Err(BadRow::new(
                    "no frame",
                    "nothing says with which schema it was written",
                ));
            }
        };
        if self.failed.is_some() {
            return Ok(());
        }
        if let Some(shape) = &self.shape {
            let frame = match self.framing {
                Framing::Confluent => 5,
                Framing::Datum | Framing::SingleObject => self.prefix.len(),
            };
            shape.check(bytes.get(frame..).unwrap_or_default())?;
        }
        let before = self.library.capacity();
        let taken = self.library.decode(bytes);
        let taken = taken.map_err(|error| refusal(&error.to_string()))?;
        let rows = before.saturating_sub(self.library.capacity());
        match (rows, taken == bytes.len()) {
            (1, true) => Ok(()),
            (0, _) => Err(BadRow::new("truncated", "the Avro datum has no end")),
            (1, false) => Err(trailing()),
            _ => Err(BadRow::new(
                "more than one datum",
                "expected one Avro datum, found more",
            )),
        }
    }

    fn rows(mut self) -> Result<RecordBatch, BadRow> {
        self.empty();
        if let Some(bad) = self.failed {
            return Err(bad);
        }
        let schema = self.schema.clone();
        match self.done.as_slice() {
            [one] => Ok(one.clone()),
            many => concat_batches(&schema, many)
                .map_err(|error| BadRow::new("wrong type", error.to_string())),
        }
    }
}

fn trailing() -> BadRow {
    BadRow::new("trailing bytes", "something stands behind the Avro datum")
}

/// The library's words without the names of its error kinds.
fn plain(text: &str) -> &str {
    let kinds = ["Parser error: ", "Arrow: ", "Invalid argument error: "];
    kinds
        .iter()
        .fold(text, |text, kind| text.strip_prefix(kind).unwrap_or(text))
}

/// What the library says of bytes that it cannot take.
fn refusal(text: &str) -> BadRow {
    let text = plain(text);
    if text.starts_with("Missing magic") {
        return trailing();
    }
    if text.starts_with("Unknown fingerprint") {
        return BadRow::new("unknown schema", "nobody knows the writer's schema");
    }
    BadRow::new("not Avro", text)
}
