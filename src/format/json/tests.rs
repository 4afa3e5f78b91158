//! JSON: whole bytes, the oracle, and reading back.

use std::sync::Arc;

use arrow::array::*;
use arrow::datatypes::*;

use crate::format::tests::*;

fn text(yaml: &str, batch: &RecordBatch) -> String {
    let bytes = file(yaml, batch.schema(), std::slice::from_ref(batch)).unwrap();
    String::from_utf8(bytes).unwrap()
}

fn amounts() -> RecordBatch {
    let amount = Decimal64Array::from(vec![Some(50_000_000), None])
        .with_precision_and_scale(18, 6)
        .unwrap();
    batch(vec![
        ("id", Arc::new(Int64Array::from(vec![1, i64::MIN]))),
        ("amount", Arc::new(amount)),
    ])
}

#[test]
fn every_leaf_has_its_text() {
    let expected = [
        r#"{"boolean":true,"int8":-128,"int16":-32768,"int32":-2147483648,"int64":-9223372036854775808,"#,
        r#""uint8":0,"uint16":0,"uint32":0,"uint64":0,"float32":0.1,"float64":1.0e300,"decimal64":-0.05,"decimal128":-50.000000,"#,
        r#""utf8":"a,\"b\"\r\n","large_utf8":"a,\"b\"\r\n","utf8_view":"a,\"b\"\r\n","dictionary":"a,\"b\"\r\n","date32":"1969-12-31","#,
        r#""time32s":"00:00:00","time32ms":"00:00:00.000","time64us":"00:00:00.000001","timestamp_s":"1969-12-31T23:59:59","#,
        r#""timestamp_ms":"1969-12-31T23:59:59.999Z","timestamp_us":"1969-12-31T23:59:59.999999Z","timestamp_ns":"1969-12-31T23:59:59.999999999"}"#,
        "\n",
        r#"{"boolean":false,"int8":127,"int16":32767,"int32":2147483647,"int64":9223372036854775807,"#,
        r#""uint8":255,"uint16":65535,"uint32":4294967295,"uint64":18446744073709551615,"float32":-0.0,"float64":-0.1,"decimal64":9999.99,"decimal128":10000000000000000000000000000000.000000,"#,
        r#""utf8":"\u0000é🎲","large_utf8":"\u0000é🎲","utf8_view":"\u0000é🎲","dictionary":"\u0000é🎲","date32":"2026-01-15","#,
        r#""time32s":"23:59:59","time32ms":"23:59:59.999","time64us":"23:59:59.999999","timestamp_s":"2026-01-15T08:00:00","#,
        r#""timestamp_ms":"2026-01-15T08:00:00.000Z","timestamp_us":"2026-01-15T08:00:00.123456Z","timestamp_ns":"1970-01-01T00:00:00.000000001"}"#,
        "\n{}\n",
    ];
    let omitted = text("json: { layout: lines, nulls: omit }", &leaves());
    assert_eq!(omitted, expected.concat());
}

#[test]
fn numbers_may_be_strings() {
    assert_eq!(
        text("json: { layout: lines }", &amounts()),
        "{\"id\":1,\"amount\":50.000000}\n{\"id\":-9223372036854775808,\"amount\":null}\n"
    );
    assert_eq!(
        text(
            "json: { layout: lines, decimals: string, int64: string }",
            &amounts()
        ),
        "{\"id\":\"1\",\"amount\":\"50.000000\"}\n{\"id\":\"-9223372036854775808\",\"amount\":null}\n"
    );
}

#[test]
fn nested_values_are_put_together() {
    assert_eq!(
        text("json: { layout: lines }", &nested()),
        concat!(
            r#"{"list":[1,null],"struct":{"price":0.5,"name":"x"},"lines":[{"price":0.5,"name":"x"},{"price":null,"name":null}],"map":{"a\"":1,"b":null}}"#,
            "\n",
            r#"{"list":[],"struct":{"price":null,"name":null},"lines":[],"map":{}}"#,
            "\n",
            r#"{"list":null,"struct":null,"lines":[null],"map":null}"#,
            "\n",
        )
    );
    assert_eq!(
        text("json: { layout: lines, nulls: omit }", &nested()),
        concat!(
            r#"{"list":[1,null],"struct":{"price":0.5,"name":"x"},"lines":[{"price":0.5,"name":"x"},{}],"map":{"a\"":1}}"#,
            "\n",
            r#"{"list":[],"struct":{},"lines":[],"map":{}}"#,
            "\n",
            r#"{"lines":[null]}"#,
            "\n",
        )
    );
}

#[test]
fn arrays_have_a_row_a_line_and_may_be_pretty() {
    let batches = [amounts(), amounts().slice(0, 0), amounts()];
    let array = |yaml: &str, batches: &[RecordBatch]| {
        String::from_utf8(file(yaml, amounts().schema(), batches).unwrap()).unwrap()
    };
    let compact = "json: { layout: array }";
    let pretty = "json: { layout: array, pretty: true }";
    let row = "{\"id\":1,\"amount\":50.000000},\n{\"id\":-9223372036854775808,\"amount\":null}";
    assert_eq!(array(compact, &batches), format!("[\n{row},\n{row}\n]\n"));
    assert_eq!(array(compact, &[]), "[\n]\n");
    assert_eq!(array(pretty, &[]), "[\n]\n");

    let printed = array(pretty, &[nested().slice(0, 2)]);
    let value: serde_json::Value = serde_json::from_str(&printed).unwrap();
    let expected = serde_json::to_string_pretty(&value).unwrap();
    assert_eq!(printed, expected + "\n");
    let again = array(pretty, &[nested(), nested()]);
    let value: serde_json::Value = serde_json::from_str(&again).unwrap();
    assert_eq!(again, serde_json::to_string_pretty(&value).unwrap() + "\n");
}

#[test]
fn compressed_arrays_are_whole() {
    let batches = [amounts(), amounts()];
    let schema = batches[0].schema();
    let plain = file("json: { layout: array }", schema.clone(), &batches).unwrap();
    let zstd = "json: { layout: array, compression: zstd }";
    let frames = file(zstd, schema, &batches).unwrap();
    assert_eq!(zstd::decode_all(&frames[..]).unwrap(), plain);
}

/// Where arrow-json is told our number of digits, it writes what we write.
#[test]
fn arrow_json_writes_the_same() {
    let all = leaves();
    let names = [
        "time32s",
        "time32ms",
        "timestamp_s",
        "timestamp_ms",
        "timestamp_ns",
    ];
    let columns: Vec<usize> = (0..all.num_columns())
        .filter(|index| !names.contains(&all.schema().field(*index).name().as_str()))
        .collect();
    let micros = all.project(&columns).unwrap();
    for batch in [micros, nested()] {
        let mut expected = Vec::new();
        let mut writer = arrow_json::WriterBuilder::new()
            .with_explicit_nulls(true)
            .with_timestamp_tz_format("%Y-%m-%dT%H:%M:%S%.6fZ".into())
            .with_time_format("%H:%M:%S%.6f".into())
            .build::<_, arrow_json::writer::LineDelimited>(&mut expected);
        writer.write(&batch).unwrap();
        writer.finish().unwrap();
        assert_eq!(
            text("json: { layout: lines }", &batch),
            String::from_utf8(expected).unwrap()
        );
    }
}

#[test]
fn arrow_json_reads_it_back() {
    for batch in [leaves(), nested().project(&[0, 1, 2]).unwrap()] {
        let bytes = text("json: { layout: lines }", &batch).into_bytes();
        let schema = batch.schema();
        let readable =
            |index: &usize| !matches!(schema.field(*index).data_type(), DataType::Dictionary(..));
        let columns: Vec<usize> = (0..batch.num_columns()).filter(readable).collect();
        let batch = batch.project(&columns).unwrap();
        let mut reader = arrow_json::ReaderBuilder::new(batch.schema())
            .build(&bytes[..])
            .unwrap();
        let read = reader.next().unwrap().unwrap();
        for (index, field) in batch.schema().fields().iter().enumerate() {
            // What a null hides is not written.
            let print = |array: &ArrayRef| {
                let mut out = Vec::new();
                let one = RecordBatch::try_from_iter([("x", array.clone())]).unwrap();
                arrow_json::LineDelimitedWriter::new(&mut out)
                    .write(&one)
                    .unwrap();
                String::from_utf8(out).unwrap()
            };
            assert_eq!(
                print(read.column(index)),
                print(batch.column(index)),
                "{}",
                field.name()
            );
        }
    }
}

#[test]
fn values_that_json_cannot_hold_name_their_row() {
    let floats = |values: Vec<Option<f64>>| -> ArrayRef { Arc::new(Float64Array::from(values)) };
    let fine = batch(vec![("x", floats(vec![Some(1.0), None, Some(2.0)]))]);
    let bad = batch(vec![("x", floats(vec![None, Some(f64::NEG_INFINITY)]))]);
    let error = file("json: { layout: lines }", fine.schema(), &[fine, bad]).unwrap_err();
    assert_eq!(
        error.to_string(),
        "error: column `x` in row 4 is -infinity, which JSON cannot hold\n  hint: bound the column, make such values null, or write Parquet, Avro or CSV"
    );

    let prices = floats(vec![Some(0.5), Some(f64::NAN)]);
    let line = StructArray::from(vec![(
        Arc::new(Field::new("price", DataType::Float64, true)),
        prices,
    )]);
    let item = Arc::new(Field::new("item", line.data_type().clone(), true));
    let offsets = arrow::buffer::OffsetBuffer::new(vec![0, 1, 1, 2].into());
    let lines = ListArray::new(item, offsets, Arc::new(line), None);
    let batch = batch(vec![("lines", Arc::new(lines))]);
    let error = file("json: { layout: lines }", batch.schema(), &[batch]).unwrap_err();
    assert_eq!(
        error.to_string().lines().next(),
        Some("error: column `lines.price` in row 2 is NaN, which JSON cannot hold")
    );

    let midnight = Time32SecondArray::from(vec![86_400]);
    let batch = self::batch(vec![("at", Arc::new(midnight))]);
    let error = file("json: { layout: lines }", batch.schema(), &[batch]).unwrap_err();
    assert_eq!(
        error.to_string(),
        "error: column `at` in row 0 is not a time of day\n  hint: narrow the column's range, or leave the column out with the sink's `columns:`"
    );
}

#[test]
fn a_map_with_a_key_twice_is_refused_where_keys_are_names() {
    let mut tags = MapBuilder::new(None, StringBuilder::new(), Int32Builder::new());
    for keys in ["ab", "aba"] {
        for key in keys.chars() {
            tags.keys().append_value(key.to_string());
            tags.values().append_value(1);
        }
        tags.append(true).unwrap();
    }
    let batch = batch(vec![("tags", Arc::new(tags.finish()))]);
    for format in [
        "json: { layout: lines }",
        "avro: {}",
        "csv: { nested: json }",
    ] {
        let error = file(format, batch.schema(), std::slice::from_ref(&batch)).unwrap_err();
        assert_eq!(
            error.to_string(),
            "error: column `tags` in row 1 has the key `a` twice, of which readers keep one value\n  hint: leave the column out with the sink's `columns:`, or write Parquet",
            "{format}"
        );
    }
    file("parquet: {}", batch.schema(), &[batch]).unwrap();
}

#[test]
fn what_json_cannot_hold_is_said_before_the_run() {
    let entries = Fields::from(vec![
        Field::new("key", DataType::Int32, false),
        Field::new("value", DataType::Int32, true),
    ]);
    let map = DataType::Map(
        Arc::new(Field::new("entries", DataType::Struct(entries), false)),
        false,
    );
    let wait = Fields::from(vec![Field::new(
        "wait",
        DataType::Duration(TimeUnit::Second),
        true,
    )]);
    let schema = Schema::new(vec![
        Field::new("counts", map, true),
        Field::new("times", DataType::Struct(wait), true),
    ]);
    assert_eq!(
        problems("json", &shape("t", Arc::new(schema))),
        "error: the keys of the map `counts` are not text, as JSON needs\n  hint: make the keys utf8\n\
         error: column `times.wait` has the type duration(s), which JSON cannot hold\n  hint: give it another type, or leave it out with the sink's `columns:`\n\
         error: JSON files hold lines or one array: which one is not said\n  hint: say `json: { layout: lines }` or `json: { layout: array }`, or name the file `.jsonl`"
    );
    let schema = Arc::new(Schema::new(vec![Field::new("x", DataType::Utf8, true)]));
    assert_eq!(
        problems(
            "json: { layout: lines, pretty: true }",
            &shape("t", schema.clone())
        ),
        "error: `pretty: true` would break the lines of `layout: lines`\n\
         \x20--> p.yaml:1:32\n  |\n1 | json: { layout: lines, pretty: true }\n  |                                ^^^^\n\
         \x20 hint: say `layout: array`"
    );
    let named = |name: &str| {
        let format = format("json").unwrap().named(name).unwrap();
        (
            format.check(&shape("t", schema.clone())).len(),
            format.extension(),
        )
    };
    assert_eq!(named("t.jsonl.zst"), (0, "jsonl.zst".into()));
    assert_eq!(named("t.ndjson"), (0, "jsonl".into()));
    assert_eq!(named("t.json"), (1, "json".into()));
}
