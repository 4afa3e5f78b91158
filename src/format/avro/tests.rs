//! Avro: whole bytes, the oracle, and reading back.

mod schema_file;

use std::io::Read;
use std::sync::Arc;

use arrow::array::*;
use arrow::datatypes::*;
use arrow_avro::reader::ReaderBuilder;
use arrow_avro::schema::SCHEMA_METADATA_KEY;
use arrow_avro::writer::WriterBuilder;
use arrow_avro::writer::format::AvroBinaryFormat;

use super::ContainerEncoder;
use crate::format::cells::Cells;
use crate::format::tests::*;
use crate::format::{FormatKind, Shape};

const SYNC: [u8; 16] = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16];

fn container(yaml: &str, shape: &Shape) -> ContainerEncoder {
    match format(yaml).unwrap() {
        FormatKind::Avro(options) => options.container(shape).unwrap(),
        other => panic!("{other:?} is not Avro"),
    }
}

fn datums(yaml: &str, batch: &RecordBatch) -> Vec<u8> {
    let mut cells = Cells::default();
    let container = container(yaml, &shape("t", batch.schema()));
    container.write_datums(batch, &mut cells).unwrap();
    assert_eq!(cells.len(), batch.num_rows());
    cells.bytes
}

fn read(bytes: &[u8]) -> RecordBatch {
    let mut reader = ReaderBuilder::new()
        .build(std::io::Cursor::new(bytes))
        .unwrap();
    reader.next().unwrap().unwrap()
}

fn users() -> RecordBatch {
    let schema = Schema::new(vec![
        Field::new("ID", DataType::Int64, false),
        Field::new("NomeUtente", DataType::Utf8, true),
    ]);
    let names = StringArray::from(vec![Some("é"), None]);
    let ids = Int64Array::from(vec![1, -65]);
    RecordBatch::try_new(Arc::new(schema), vec![Arc::new(ids), Arc::new(names)]).unwrap()
}

#[test]
fn a_container_has_its_schema_and_its_blocks() {
    let batch = users();
    let batches = [batch.clone(), batch.slice(0, 0), batch.slice(1, 1)];
    let schema = r#"{"type":"record","name":"User","namespace":"n.o","fields":[{"name":"ID","type":"long"},{"name":"NomeUtente","type":["string","null"]}]}"#;
    let mut expected = b"Obj\x01\x04\x16avro.schema".to_vec();
    crate::kernel::varint::write_bytes(&mut expected, schema.as_bytes());
    expected.extend(b"\x14avro.codec\x08null\x00");
    expected.extend(SYNC);
    // Two rows in eight bytes: 1, branch 0, two bytes of text; -65, branch 1.
    expected.extend(b"\x04\x10\x02\x00\x04\xc3\xa9\x81\x01\x02");
    expected.extend(SYNC);
    expected.extend(b"\x02\x06\x81\x01\x02");
    expected.extend(SYNC);
    let yaml = "avro: { name: User, namespace: n.o, null_order: second, codec: null }";
    let bytes = file(yaml, batch.schema(), &batches).unwrap();
    assert_eq!(
        bytes.escape_ascii().to_string(),
        expected.escape_ascii().to_string()
    );
    let empty = file(yaml, batch.schema(), &[]).unwrap();
    assert_eq!(bytes[..empty.len()], empty);
    assert_eq!(
        datums("avro: { null_order: second }", &batch),
        b"\x02\x00\x04\xc3\xa9\x81\x01\x02"
    );
    let bare = "avro: { bare: true, null_order: second }";
    assert_eq!(
        file(bare, batch.schema(), &batches[..1]).unwrap(),
        b"\x02\x00\x04\xc3\xa9\x81\x01\x02"
    );
}

#[test]
fn arrow_avro_reads_every_leaf_back() {
    let batch = leaves();
    let bytes = file("avro", batch.schema(), std::slice::from_ref(&batch)).unwrap();
    let read = read(&bytes);
    for (index, field) in batch.schema().fields().iter().enumerate() {
        let back = arrow::compute::cast(read.column(index), field.data_type()).unwrap();
        assert_eq!(&back, batch.column(index), "{}", field.name());
    }
}

#[test]
fn arrow_avro_reads_nested_columns_back() {
    let batch = nested();
    let mut visible = Vec::new();
    for order in ["first", "second"] {
        let yaml = format!("avro: {{ null_order: {order} }}");
        let bytes = file(&yaml, batch.schema(), std::slice::from_ref(&batch)).unwrap();
        let read = read(&bytes);
        let mut out = Vec::new();
        arrow_json::LineDelimitedWriter::new(&mut out)
            .write(&read)
            .unwrap();
        visible.push(String::from_utf8(out).unwrap());
    }
    let mut expected = Vec::new();
    arrow_json::LineDelimitedWriter::new(&mut expected)
        .write(&batch)
        .unwrap();
    let expected = String::from_utf8(expected).unwrap();
    assert_eq!(visible, [expected.clone(), expected]);
}

/// The library's encoder, told our schema, gives our bytes.
#[test]
fn arrow_avro_writes_the_same() {
    let not_there = ["uint64", "decimal64", "dictionary"];
    let all = leaves();
    let columns: Vec<usize> = (0..all.num_columns())
        .filter(|index| !not_there.contains(&all.schema().field(*index).name().as_str()))
        .collect();
    for batch in [all.project(&columns).unwrap(), nested()] {
        let json = container("avro", &shape("t", batch.schema())).schema;
        let metadata = [(SCHEMA_METADATA_KEY.to_string(), json)].into();
        let schema = batch.schema().as_ref().clone().with_metadata(metadata);
        let mut encoder = WriterBuilder::new(schema)
            .build_encoder::<AvroBinaryFormat>()
            .unwrap();
        encoder.encode(&batch).unwrap();
        let rows = encoder.flush();
        let expected: Vec<u8> = (0..batch.num_rows())
            .flat_map(|row| rows.row(row).unwrap().to_vec())
            .collect();
        assert_eq!(datums("avro", &batch), expected);
    }
}

#[test]
fn every_codec_holds_the_same_block() {
    let batch = leaves();
    let block = |codec: &str| {
        let yaml = format!("avro: {{ codec: {codec} }}");
        let bytes = file(&yaml, batch.schema(), std::slice::from_ref(&batch)).unwrap();
        let header = file(&yaml, batch.schema(), &[]).unwrap().len();
        let body = &bytes[header..bytes.len() - 16];
        assert_eq!(body[0], 6, "three rows");
        let length = body[1..].iter().take_while(|byte| **byte >= 0x80).count() + 1;
        body[1 + length..].to_vec()
    };
    let plain = block("\"null\"");
    let mut inflated = Vec::new();
    flate2::read::DeflateDecoder::new(&block("deflate(9)")[..])
        .read_to_end(&mut inflated)
        .unwrap();
    assert_eq!(inflated, plain);
    assert_eq!(zstd::decode_all(&block("zstandard(1)")[..]).unwrap(), plain);
    let snappy = block("snappy");
    let (data, checksum) = snappy.split_at(snappy.len() - 4);
    assert_eq!(
        snap::raw::Decoder::new().decompress_vec(data).unwrap(),
        plain
    );
    let mut crc = flate2::Crc::new();
    crc.update(&plain);
    assert_eq!(checksum, crc.sum().to_be_bytes());
}

#[test]
fn the_schema_of_a_table_says_what_its_columns_mean() {
    let line = Fields::from(vec![Field::new("sku", DataType::FixedSizeBinary(4), false)]);
    let item = Field::new("item", DataType::Struct(line), false);
    let schema = Schema::new(vec![
        uuid_field("id"),
        Field::new(
            "at",
            DataType::Timestamp(TimeUnit::Nanosecond, Some("UTC".into())),
            false,
        ),
        Field::new("local", DataType::Timestamp(TimeUnit::Second, None), false),
        Field::new("amount", DataType::Decimal64(18, 6), false),
        Field::new("count", DataType::UInt64, false),
        Field::new("day", DataType::Date32, false),
        Field::new("lines", DataType::List(Arc::new(item)), true),
    ]);
    let shape = shape("orders", Arc::new(schema));
    let json = |yaml: &str| {
        let json = container(yaml, &shape).schema;
        json.replace("},{\"name\"", "},\n{\"name\"")
    };
    assert_eq!(
        json("avro"),
        r#"{"type":"record","name":"orders","fields":[{"name":"id","type":["null",{"type":"string","logicalType":"uuid"}],"default":null},
{"name":"at","type":{"type":"long","logicalType":"timestamp-nanos"}},
{"name":"local","type":{"type":"long","logicalType":"local-timestamp-millis"}},
{"name":"amount","type":{"type":"bytes","logicalType":"decimal","precision":18,"scale":6}},
{"name":"count","type":{"type":"bytes","logicalType":"decimal","precision":20,"scale":0}},
{"name":"day","type":{"type":"int","logicalType":"date"}},
{"name":"lines","type":["null",{"type":"array","items":{"type":"record","name":"orders_lines","fields":[{"name":"sku","type":{"type":"fixed","name":"orders_lines_sku","size":4}}]}}],"default":null}]}"#
    );
    assert!(json("avro: { timestamps: millis_long }").contains(r#"{"name":"at","type":"long"}"#));
    assert!(json("avro: { timestamps: micros }").contains(
        r#"{"name":"local","type":{"type":"long","logicalType":"local-timestamp-micros"}}"#
    ));
}

#[test]
fn timestamps_change_their_unit_rounded_down() {
    let micros = TimestampMicrosecondArray::from(vec![-1, 1999]);
    let batch = batch(vec![("at", Arc::new(micros))]);
    for yaml in [
        "avro: { timestamps: millis }",
        "avro: { timestamps: millis_long }",
    ] {
        assert_eq!(datums(yaml, &batch), b"\x02\x01\x02\x02");
    }
    let far = TimestampSecondArray::from(vec![Some(1), None, Some(i64::MAX)]);
    let batch = self::batch(vec![("at", Arc::new(far))]);
    let error = file("avro", batch.schema(), &[batch]).unwrap_err();
    assert_eq!(
        error.to_string(),
        "error: column `at` in row 2 is beyond what the schema's type can hold\n  hint: narrow the column's range, or widen the schema"
    );
}

#[test]
fn what_avro_cannot_hold_is_said_before_the_run() {
    let fields = vec![
        Field::new("sub total", DataType::Int32, true),
        Field::new("tens", DataType::Decimal64(5, -2), true),
        Field::new("at", DataType::Time64(TimeUnit::Nanosecond), true),
    ];
    let shape = shape("daily-orders", Arc::new(Schema::new(fields)));
    assert_eq!(
        problems("avro: { namespace: \"1.x\" }", &shape),
        "error: `daily-orders` is not a legal name in Avro\n  hint: use letters, digits and `_`: `avro: { name: … }`, and `namespace:` for what stands before a dot\n\
         error: `1.x` is not a legal namespace in Avro\n --> p.yaml:1:20\n  |\n1 | avro: { namespace: \"1.x\" }\n  |                    ^^^^^\n  hint: use names of letters, digits and `_` with dots between\n\
         error: `sub total` is not a legal name in Avro\n  hint: use letters, digits and `_`, or rename the column with the sink's `columns:`\n\
         error: column `tens` has the type decimal(5,-2), which Avro cannot hold\n  hint: give it another type, or leave it out with the sink's `columns:`\n\
         error: column `at` has the type time(ns), which Avro cannot hold\n  hint: give it another type, or leave it out with the sink's `columns:`"
    );
    assert_eq!(
        problems(
            "avro: { bare: true, codec: snappy }",
            &self::shape("t", users().schema())
        ),
        "error: bare datums have no blocks that `codec: snappy` could compress\n  hint: leave out `codec`, or leave out `bare`"
    );
    assert_eq!(
        format("avro: { codec: lz4 }").unwrap_err().message,
        "expected `null`, `deflate`, `deflate(0..9)`, `snappy`, `zstandard` or `zstandard(1..22)`, found `lz4`"
    );
}
