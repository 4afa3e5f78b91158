//! Avro messages: their framings, read back by the library.

use arrow_avro::reader::ReaderBuilder;
use arrow_avro::schema::{AvroSchema, Fingerprint, FingerprintAlgorithm, SchemaStore};
use arrow_avro::writer::WriterBuilder;
use arrow_avro::writer::format::AvroBinaryFormat;

use super::*;

const REGISTRY: &str = "registry: { url: 'http://localhost:8081' }";

fn datums(batch: &RecordBatch) -> Vec<Vec<u8>> {
    let messages = bytes(&*message("avro"), batch).into_iter();
    messages.map(Option::unwrap).collect()
}

#[test]
fn datums_are_those_of_arrow_avro() {
    let batch = users();
    let messages = datums(&batch);
    let mut encoder = WriterBuilder::new(batch.schema().as_ref().clone())
        .build_encoder::<AvroBinaryFormat>()
        .unwrap();
    encoder.encode(&batch).unwrap();
    let rows = encoder.flush();
    for (row, message) in messages.iter().enumerate() {
        assert_eq!(message, &rows.row(row).unwrap().to_vec(), "row {row}");
    }
    assert_eq!(messages[1], b"\x81\x01\x00\x02\x04{}");
}

/// The fingerprint by the letter of Avro's specification.
fn rabin(canonical: &str) -> u64 {
    const EMPTY: u64 = 0xc15d_213a_a4d7_a795;
    let step = |print: u64, _| (print >> 1) ^ (EMPTY & 0_u64.wrapping_sub(print & 1));
    let byte =
        |print: u64, byte: u8| (print >> 8) ^ (0..8).fold((print ^ u64::from(byte)) & 0xff, step);
    canonical.bytes().fold(EMPTY, byte)
}

#[test]
fn single_objects_name_their_schema_and_are_read_by_it() {
    // As in the specification's own test data.
    assert_eq!(rabin("\"int\""), 0x7275_d51a_3f39_5c8f);
    let batch = users();
    let format = message("avro: { framing: single_object, name: User, namespace: com.example }");
    let messages = bytes(&*format, &batch);
    let canonical = r#"{"name":"com.example.User","type":"record","fields":[{"name":"id","type":"long"},{"name":"name","type":["null","string"]},{"name":"email","type":["null","string"]}]}"#;
    let lead = [&[0xc3, 0x01], rabin(canonical).to_le_bytes().as_slice()].concat();
    for (message, datum) in messages.iter().flatten().zip(datums(&batch)) {
        assert_eq!(message, &[lead.as_slice(), &datum].concat());
    }
    let mut store = SchemaStore::new();
    store.register(AvroSchema::new(canonical.into())).unwrap();
    assert_eq!(read(store, &messages), batch.columns());
}

#[test]
fn registered_schemas_are_named_by_their_number() {
    let batch = users();
    let format = message(&format!("avro: {{ {REGISTRY}, subject: users-value }}"));
    let messages = bytes(&*format, &batch);
    for (message, datum) in messages.iter().flatten().zip(datums(&batch)) {
        assert_eq!(message, &[b"\0\0\0\0\x07".as_slice(), &datum].concat());
    }
    let registration = format.registration(&shape("t", batch.schema()));
    let registration = registration.unwrap().unwrap();
    assert_eq!(registration.subject.as_deref(), Some("users-value"));
    assert_eq!(
        registration.registry.address().unwrap().url,
        "http://localhost:8081"
    );
    assert_eq!(
        registration.schema,
        r#"{"type":"record","name":"t","fields":[{"name":"id","type":"long"},{"name":"name","type":["null","string"],"default":null},{"name":"email","type":["null","string"],"default":null}]}"#
    );
    let mut store = SchemaStore::new_with_type(FingerprintAlgorithm::Id);
    let schema = AvroSchema::new(registration.schema);
    store.set(Fingerprint::Id(7), schema).unwrap();
    assert_eq!(read(store, &messages), batch.columns());
}

fn read(store: SchemaStore, messages: &[Option<Vec<u8>>]) -> Vec<ArrayRef> {
    let algorithm = store.fingerprints()[0];
    let mut decoder = ReaderBuilder::new()
        .with_writer_schema_store(store)
        .with_active_fingerprint(algorithm)
        .build_decoder()
        .unwrap();
    for message in messages.iter().flatten() {
        assert_eq!(decoder.decode(message).unwrap(), message.len());
    }
    decoder.flush().unwrap().unwrap().columns().to_vec()
}

#[test]
fn rows_without_columns_have_their_framing_too() {
    let schema = std::sync::Arc::new(Schema::empty());
    let rows = RecordBatchOptions::new().with_row_count(Some(3));
    let batch = RecordBatch::try_new_with_options(schema, vec![], &rows).unwrap();
    let format = message(&format!("avro: {{ {REGISTRY} }}"));
    let messages = bytes(&*format, &batch);
    assert_eq!(messages, vec![Some(b"\0\0\0\0\x07".to_vec()); 3]);
}

#[test]
fn a_schema_that_was_not_registered_is_a_fault() {
    let format = message(&format!("avro: {{ {REGISTRY} }}"));
    let error = format.open(&shape("t", users().schema()), None).err();
    assert_eq!(
        error.unwrap().to_string(),
        "error: the schema was not registered\n  hint: this is a fault of rowgen"
    );
}
