//! Avro: whole bytes, the oracle, reading back, and other people's schemas.

use std::io::Read;
use std::sync::Arc;

use arrow::array::*;
use arrow::datatypes::*;
use arrow_avro::reader::ReaderBuilder;
use arrow_avro::schema::SCHEMA_METADATA_KEY;
use arrow_avro::writer::WriterBuilder;
use arrow_avro::writer::format::AvroBinaryFormat;

use super::Container;
use crate::domain::{Domain, Range};
use crate::format::cells::Cells;
use crate::format::testing::*;
use crate::format::{FormatKind, Shape};

const SYNC: [u8; 16] = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16];

fn container(yaml: &str, shape: &Shape) -> Container {
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
    super::encode::write_bytes(&mut expected, schema.as_bytes());
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

/// A schema file beside a pipeline file, and what is wrong with the shape under it.
fn under(schema: &str, options: &str, shape: &Shape) -> Result<Container, String> {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("s.avsc"), schema).unwrap();
    let source = Arc::new(crate::place::Source {
        name: folder.path().join("p.yaml").display().to_string(),
        text: format!("avro: {{ schema_file: s.avsc{options} }}"),
    });
    let node = crate::place::parse(&source).unwrap();
    let FormatKind::Avro(avro) = crate::place::decode(&node).unwrap() else {
        panic!("Avro was written");
    };
    avro.container(shape).map_err(|problems| {
        let said = |problem: &crate::error::Problem| {
            let causes = problem.causes.join(" / ");
            format!(
                "{} | {causes} | {}",
                problem.message,
                problem.hint.as_deref().unwrap_or("-")
            )
        };
        problems.iter().map(said).collect::<Vec<_>>().join("\n")
    })
}

/// The schema of an older system: null second, a plain long for a moment, names of its own order.
#[test]
fn a_schema_file_decides() {
    let schema = r#"{"type":"record","name":"SeedStatusAvro","namespace":"com.example.kafka.avro","doc":"kept","fields":[
        {"name":"dateTimestamp","type":"long"}, {"name":"status","type":["string","null"]},
        {"name":"kind","type":{"type":"enum","name":"Kind","symbols":["A","B"]}},
        {"name":"seedId","type":["int","null"]},
        {"name":"amount","type":{"type":"fixed","name":"Amount","size":9,"logicalType":"decimal","precision":20,"scale":2}}]}"#;
    let kinds: DictionaryArray<Int32Type> = vec!["B", "A"].into_iter().collect();
    let amounts = Decimal64Array::from(vec![-1, 256])
        .with_precision_and_scale(18, 2)
        .unwrap();
    let batch = batch(vec![
        ("seedId", Arc::new(Int64Array::from(vec![Some(3), None]))),
        ("kind", Arc::new(kinds)),
        ("status", Arc::new(StringArray::from(vec![None, Some("x")]))),
        (
            "dateTimestamp",
            Arc::new(TimestampMicrosecondArray::from(vec![2000, 3000])),
        ),
        ("amount", Arc::new(amounts)),
    ]);
    let shape = shape("t", batch.schema());
    let container = under(schema, ", timestamps: millis_long", &shape).unwrap();
    assert!(container.schema.contains(r#""doc":"kept""#));
    let mut cells = Cells::default();
    container.write_datums(&batch, &mut cells).unwrap();
    assert_eq!(
        cells.bytes,
        [
            b"\x04\x02\x02\x00\x06\xff\xff\xff\xff\xff\xff\xff\xff\xff".as_slice(),
            b"\x06\x00\x02x\x00\x02\0\0\0\0\0\0\0\x01\0"
        ]
        .concat()
    );
    let message = under(schema, "", &shape).map(|_| ()).unwrap_err();
    assert_eq!(
        message,
        "column `dateTimestamp` has the type Timestamp(µs), which the schema's long cannot hold |  | say what the long counts: `timestamps: millis_long` or `timestamps: micros_long`"
    );
}

#[test]
fn what_does_not_fit_a_schema_file_is_said_at_once() {
    let schema = r#"{"type":"record","name":"R","fields":[
        {"name":"id","type":"int"}, {"name":"statu","type":"string"}, {"name":"kind","type":"string"},
        {"name":"price","type":"float"}, {"name":"amount","type":{"type":"bytes","logicalType":"decimal","precision":10,"scale":2}}]}"#;
    let fields = vec![
        Field::new("id", DataType::Int64, true),
        Field::new("status", DataType::Utf8, true),
        Field::new("kind", DataType::Utf8, true),
        Field::new("price", DataType::Float64, true),
        Field::new("amount", DataType::Decimal64(10, 3), true),
    ];
    let mut shape = shape("t", Arc::new(Schema::new(fields)));
    shape.domains[0].range = Some(Range::Integer {
        min: 0,
        max: 1 << 40,
    });
    shape.domains[2] = Domain {
        nulls: true,
        ..Domain::default()
    };
    assert_eq!(
        under(schema, "", &shape).map(|_| ()).unwrap_err(),
        "the schema has no field for column `status` |  | add it to the schema, or leave the column out with the sink's `columns:`\n\
         column `id` reaches 1099511627776, which the schema's type cannot hold |  | narrow the column's range, or make the field a long\n\
         no column for the schema's field `statu` |  | did you mean `status`?\n\
         column `kind` has nulls, which the schema does not allow |  | make the field a union with null, or set `nulls: 0`\n\
         column `price` has the type Float64, which the schema's float cannot hold |  | give the column a type that fits, or change the schema\n\
         column `amount` has the type Decimal64(10, 3), which the schema's decimal(10,2) cannot hold |  | give the column a type that fits, or change the schema"
    );
    let message = under("{", "", &shape).map(|_| ()).unwrap_err();
    assert!(
        message.starts_with("reading the Avro schema `"),
        "{message}"
    );
    let message = under(r#"["int","string"]"#, "", &shape)
        .map(|_| ())
        .unwrap_err();
    assert_eq!(
        message,
        "the Avro schema cannot be used | the union [\"int\",\"string\"] is not one of null and one other type | -"
    );
    assert_eq!(
        under(schema, ", name: X", &shape).map(|_| ()).unwrap_err(),
        "`name` and `schema_file` are given together |  | the schema file decides it"
    );
}

#[test]
fn values_that_the_schema_cannot_hold_name_their_row() {
    let schema = r#"{"type":"record","name":"R","fields":[{"name":"line","type":["null",{"type":"record","name":"L","fields":[
        {"name":"kind","type":{"type":"enum","name":"K","symbols":["a"]}}]}]}]}"#;
    let line = |values: Vec<Option<&str>>, valid: Vec<bool>| {
        let field = Field::new("kind", DataType::Utf8, true);
        let kinds: ArrayRef = Arc::new(StringArray::from(values));
        let nulls = Some(arrow::buffer::NullBuffer::from(valid));
        batch(vec![(
            "line",
            Arc::new(StructArray::new(vec![field].into(), vec![kinds], nulls)),
        )])
    };
    let check = |values, valid| {
        let batch = line(values, valid);
        let container = under(schema, "", &shape("t", batch.schema())).unwrap();
        let mut cells = Cells::default();
        let result = container.write_datums(&batch, &mut cells);
        result
            .map(|()| cells.bytes)
            .map_err(|refusal| refusal.error(10).to_string())
    };
    assert_eq!(
        check(vec![None, Some("a")], vec![false, true]),
        Ok(b"\0\x02\0".to_vec())
    );
    assert_eq!(
        check(vec![Some("a"), None], vec![true, true]),
        Err("error: column `line.kind` in row 11 is null, which the schema does not allow\n  hint: make the field a union with null, or set `nulls: 0`".into())
    );
    assert_eq!(
        check(vec![Some("b"), Some("c")], vec![false, true]),
        Err("error: column `line.kind` in row 11 is `c`, which the enum has not\n  hint: add the symbol to the schema".into())
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
         error: column `tens` has the type Decimal64(5, -2), which Avro cannot hold\n  hint: give it another type, or leave it out with the sink's `columns:`\n\
         error: column `at` has the type Time64(ns), which Avro cannot hold\n  hint: give it another type, or leave it out with the sink's `columns:`"
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
