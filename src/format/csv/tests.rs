//! CSV: whole bytes, the oracle, and reading back.

use std::io::Read;
use std::sync::Arc;

use arrow::array::*;
use arrow::datatypes::*;

use crate::format::tests::*;

fn text(yaml: &str, batch: &RecordBatch) -> String {
    let bytes = file(yaml, batch.schema(), std::slice::from_ref(batch)).unwrap();
    String::from_utf8(bytes).unwrap()
}

fn strings(values: &[Option<&str>]) -> RecordBatch {
    let ids: Vec<i32> = (0..values.len() as i32).collect();
    let text = StringArray::from(values.to_vec());
    batch(vec![
        ("id", Arc::new(Int32Array::from(ids))),
        ("te,xt", Arc::new(text)),
    ])
}

#[test]
fn every_leaf_has_its_text() {
    let expected = [
        "boolean,int8,int16,int32,int64,uint8,uint16,uint32,uint64,float32,float64,decimal64,decimal128,utf8,large_utf8,utf8_view,dictionary,date32,time32s,time32ms,time64us,timestamp_s,timestamp_ms,timestamp_us,timestamp_ns\n",
        "true,-128,-32768,-2147483648,-9223372036854775808,0,0,0,0,0.1,1e300,-0.05,-50.000000,",
        "\"a,\"\"b\"\"\r\n\",\"a,\"\"b\"\"\r\n\",\"a,\"\"b\"\"\r\n\",\"a,\"\"b\"\"\r\n\",",
        "1969-12-31,00:00:00,00:00:00.000,00:00:00.000001,1969-12-31T23:59:59,1969-12-31T23:59:59.999Z,1969-12-31T23:59:59.999999Z,1969-12-31T23:59:59.999999999\n",
        "false,127,32767,2147483647,9223372036854775807,255,65535,4294967295,18446744073709551615,-0.0,-0.1,9999.99,10000000000000000000000000000000.000000,",
        "\0é🎲,\0é🎲,\0é🎲,\0é🎲,",
        "2026-01-15,23:59:59,23:59:59.999,23:59:59.999999,2026-01-15T08:00:00,2026-01-15T08:00:00.000Z,2026-01-15T08:00:00.123456Z,1970-01-01T00:00:00.000000001\n",
        ",,,,,,,,,,,,,,,,,,,,,,,,\n",
    ];
    assert_eq!(text("csv", &leaves()), expected.concat());
}

#[test]
fn null_and_the_empty_string_differ() {
    let batch = strings(&[Some(""), None, Some("NULL"), Some("a b"), Some("'")]);
    assert_eq!(
        text("csv", &batch),
        "id,\"te,xt\"\n0,\"\"\n1,\n2,NULL\n3,a b\n4,'\n"
    );
    assert_eq!(
        text(
            "csv: { null: NULL, delimiter: \"\\t\", header: false }",
            &batch
        ),
        "0\t\"\"\n1\tNULL\n2\t\"NULL\"\n3\ta b\n4\t'\n"
    );
    assert_eq!(
        text(
            "csv: { null: '\\N', empty: '', quote: \"'\", quote_style: always }",
            &batch
        ),
        "'id','te,xt'\n'0',\n'1',\\N\n'2','NULL'\n'3','a b'\n'4',''''\n"
    );
}

#[test]
fn floats_that_are_no_numbers_have_names() {
    let floats = Float64Array::from(vec![f64::NAN, f64::INFINITY, f64::NEG_INFINITY, -0.0]);
    assert_eq!(
        text("csv", &batch(vec![("x", Arc::new(floats))])),
        "x\nNaN\ninf\n-inf\n-0.0\n"
    );
}

#[test]
fn identifiers_and_decimals_with_negative_scale() {
    let tens = Decimal128Array::from(vec![Some(-12), Some(0)])
        .with_precision_and_scale(5, -2)
        .unwrap();
    let fields = vec![
        uuid_field("id"),
        Field::new("tens", tens.data_type().clone(), true),
    ];
    let schema = Arc::new(Schema::new(fields));
    let batch = RecordBatch::try_new(schema, vec![uuids(), Arc::new(tens)]).unwrap();
    assert_eq!(
        text("csv", &batch),
        "id,tens\n00112233-4455-6677-8899-aabbccddeeff,-1200\n,0\n"
    );
}

#[test]
fn nested_columns_are_json_when_asked() {
    assert_eq!(
        text("csv: { nested: json }", &nested()),
        "list,struct,lines,map\n\
         \"[1,null]\",\"{\"\"price\"\":0.5,\"\"name\"\":\"\"x\"\"}\",\"[{\"\"price\"\":0.5,\"\"name\"\":\"\"x\"\"},{\"\"price\"\":null,\"\"name\"\":null}]\",\"{\"\"a\\\"\"\"\":1,\"\"b\"\":null}\"\n\
         [],\"{\"\"price\"\":null,\"\"name\"\":null}\",[],{}\n\
         ,,[null],\n"
    );
}

#[test]
fn empty_bytes_are_not_null() {
    let bytes = BinaryArray::from(vec![Some(&b""[..]), None, Some(b"\x00\xfe")]);
    let batch = batch(vec![
        ("id", Arc::new(Int32Array::from(vec![1, 2, 3]))),
        ("raw", Arc::new(bytes)),
    ]);
    let spelt = |options: &str| text(&format!("csv: {{ nested: json{options} }}"), &batch);
    assert_eq!(spelt(""), "id,raw\n1,\"\"\n2,\n3,00fe\n");
    assert_eq!(
        spelt(", null: 00fe"),
        "id,raw\n1,\"\"\n2,00fe\n3,\"00fe\"\n"
    );
}

#[test]
fn blocks_come_in_order_and_decompress_to_the_same_text() {
    let batches = [
        strings(&[Some("a"), None]),
        strings(&[]),
        strings(&[Some("b")]),
    ];
    let schema = batches[0].schema();
    let plain = file("csv", schema.clone(), &batches).unwrap();
    assert_eq!(plain, b"id,\"te,xt\"\n0,a\n1,\n0,b\n");
    let gzipped = file("csv: { compression: gzip(1) }", schema.clone(), &batches).unwrap();
    let mut text = Vec::new();
    flate2::read::MultiGzDecoder::new(&gzipped[..])
        .read_to_end(&mut text)
        .unwrap();
    assert_eq!(text, plain);
    let frames = file("csv: { compression: zstd(19) }", schema.clone(), &batches).unwrap();
    assert_eq!(zstd::decode_all(&frames[..]).unwrap(), plain);
    assert_eq!(file("csv", schema, &[]).unwrap(), b"id,\"te,xt\"\n");
}

#[test]
fn a_file_name_decides_what_the_options_leave_open() {
    let batch = strings(&[Some("a,b")]);
    let named = |yaml: &str, name: &str| {
        let format = format(yaml).unwrap().named(name).unwrap();
        let encoder = format.open(&shape("t", batch.schema())).unwrap();
        let memory = Memory::default();
        encoder.begin(Box::new(memory.clone())).unwrap();
        (memory.bytes(), format.extension())
    };
    let (header, extension) = named("csv", "T.TSV");
    assert_eq!(
        (header.as_slice(), extension.as_str()),
        (&b"id\tte,xt\n"[..], "csv")
    );
    assert_eq!(named("csv", "t.csv.gz").1, "csv.gz");
    assert_eq!(named("csv: { compression: none }", "t.csv.gz").1, "csv");
}

/// Where arrow-csv is told our number of digits, it writes what we write.
#[test]
fn arrow_csv_writes_the_same() {
    let all = leaves();
    let agree = |digits: usize, zone: &str| {
        let fits = |index: &usize| match all.schema().field(*index).data_type() {
            DataType::Timestamp(unit, named) => {
                per_unit(*unit) == digits && named.is_some() != zone.is_empty()
            }
            DataType::Time32(unit) | DataType::Time64(unit) => per_unit(*unit) == digits,
            _ => true,
        };
        let columns: Vec<usize> = (0..all.num_columns()).filter(fits).collect();
        let batch = all.project(&columns).unwrap();
        let time = match digits {
            0 => "%H:%M:%S".to_string(),
            _ => format!("%H:%M:%S%.{digits}f"),
        };
        let mut expected = Vec::new();
        arrow_csv::WriterBuilder::new()
            .with_timestamp_format(format!("%Y-%m-%dT{time}"))
            .with_timestamp_tz_format(format!("%Y-%m-%dT{time}Z"))
            .with_time_format(time)
            .build(&mut expected)
            .write(&batch)
            .unwrap();
        assert_eq!(text("csv", &batch), String::from_utf8(expected).unwrap());
    };
    for (digits, zone) in [(0, ""), (3, "Z"), (6, "Z"), (9, "")] {
        agree(digits, zone);
    }
}

fn per_unit(unit: TimeUnit) -> usize {
    match unit {
        TimeUnit::Second => 0,
        TimeUnit::Millisecond => 3,
        TimeUnit::Microsecond => 6,
        TimeUnit::Nanosecond => 9,
    }
}

#[test]
fn arrow_csv_reads_it_back() {
    let all = leaves();
    let readable: Vec<usize> = (0..all.num_columns())
        .filter(|index| {
            let plain = ["utf8_view", "dictionary", "large_utf8"];
            !plain.contains(&all.schema().field(*index).name().as_str())
        })
        .collect();
    let batch = all.project(&readable).unwrap();
    let bytes = file("csv", batch.schema(), std::slice::from_ref(&batch)).unwrap();
    let mut reader = arrow_csv::ReaderBuilder::new(batch.schema())
        .with_header(true)
        .build(&bytes[..])
        .unwrap();
    let read = reader.next().unwrap().unwrap();
    for (index, field) in batch.schema().fields().iter().enumerate() {
        assert_eq!(read.column(index), batch.column(index), "{}", field.name());
    }
}

#[test]
fn what_csv_cannot_hold_is_said_before_the_run() {
    let schema = Schema::new(vec![
        Field::new("tags", DataType::new_list(DataType::Utf8, true), true),
        Field::new("raw", DataType::Binary, true),
        Field::new("wait", DataType::Duration(TimeUnit::Second), true),
    ]);
    assert_eq!(
        problems("csv", &shape("t", Arc::new(schema.clone()))),
        "error: column `tags` has the type list of utf8, which CSV cannot hold\n  hint: leave it out with the sink's `columns:`, or write it as JSON: `format: { csv: { nested: json } }`\n\
         error: column `raw` has the type binary, which CSV cannot hold\n  hint: leave it out with the sink's `columns:`, or write it as JSON: `format: { csv: { nested: json } }`\n\
         error: column `wait` has the type duration(s), which CSV cannot hold\n  hint: leave it out with the sink's `columns:`, or write it as JSON: `format: { csv: { nested: json } }`"
    );
    assert_eq!(
        problems("csv: { nested: json }", &shape("t", Arc::new(schema))),
        "error: column `wait` has the type duration(s), which CSV cannot hold\n  hint: give it another type, or leave it out with the sink's `columns:`"
    );
    let mut only = shape(
        "t",
        Arc::new(Schema::new(vec![Field::new("x", DataType::Utf8, true)])),
    );
    only.domains[0].nulls = true;
    assert_eq!(
        problems("csv", &only),
        "error: the nulls of `x`, the only column, would be blank lines in CSV, which readers skip\n  hint: give null a text: `null: NULL`"
    );
    assert_eq!(problems("csv: { null: NULL }", &only), "");
    let mut number = shape(
        "t",
        Arc::new(Schema::new(vec![Field::new("x", DataType::Int64, true)])),
    );
    number.domains[0].nulls = true;
    assert_eq!(problems("csv", &number), "");
}

#[test]
fn options_that_readers_could_not_tell_from_values_are_refused() {
    let schema = Arc::new(Schema::new(vec![Field::new("x", DataType::Utf8, true)]));
    let shape = shape("t", schema);
    assert_eq!(
        problems("csv: { delimiter: \"||\" }", &shape),
        "error: expected one ASCII character for the delimiter, found `||`\n\
         \x20--> p.yaml:1:19\n  |\n1 | csv: { delimiter: \"||\" }\n  |                   ^^^^\n\
         \x20 hint: values stand apart by one character: \"|\""
    );
    for (yaml, message) in [
        (
            "csv: { delimiter: \"-\" }",
            "error: expected one ASCII character for the delimiter, found `-`",
        ),
        (
            "csv: { delimiter: \"'\", quote: \"'\" }",
            "error: the delimiter and the quote are the same character",
        ),
        (
            "csv: { null: \"a,b\" }",
            "error: `a,b` holds a delimiter, a quote or a line break",
        ),
        (
            "csv: { empty: '\"' }",
            "error: `\\\"` holds a delimiter, a quote or a line break",
        ),
    ] {
        assert_eq!(
            problems(yaml, &shape).lines().next(),
            Some(message),
            "{yaml}"
        );
    }
}
