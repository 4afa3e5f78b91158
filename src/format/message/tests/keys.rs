//! Keys: their bytes, and no key where the column is null.

use super::*;

fn key(yaml: &str) -> Key {
    options(yaml).unwrap()
}

fn keys(yaml: &str, batch: &RecordBatch) -> Vec<Option<Vec<u8>>> {
    bytes(&key(yaml), batch)
}

fn texts(yaml: &str) -> Vec<String> {
    text(&key(yaml), &users())
}

#[test]
fn a_key_is_the_text_of_its_column() {
    assert_eq!(texts("id"), ["1", "-65", "5000000000"]);
    assert_eq!(texts("{ column: name }"), ["é, \"x\"", "(null)", ""]);
    assert_eq!(texts("{ column: id, format: string }"), texts("id"));
    let raw = Arc::new(BinaryArray::from(vec![Some(&b"\x00\xff"[..]), None]));
    let raw = keys("raw", &batch(vec![("raw", raw)]));
    assert_eq!(raw, [Some(b"\x00\xff".to_vec()), None]);
}

#[test]
fn integers_are_those_of_java() {
    assert_eq!(
        keys("{ column: id, format: int64 }", &users()),
        [1_i64, -65, 5_000_000_000].map(|id| Some(id.to_be_bytes().to_vec()))
    );
    let columns: [ArrayRef; 4] = [
        Arc::new(Int8Array::from(vec![Some(-2), None])),
        Arc::new(UInt32Array::from(vec![Some(i32::MAX as u32), None])),
        Arc::new(Int64Array::from(vec![Some(i64::from(i32::MIN)), None])),
        Arc::new(UInt64Array::from(vec![Some(9), None])),
    ];
    for (column, value) in columns.into_iter().zip([-2, i32::MAX, i32::MIN, 9]) {
        let batch = batch(vec![("n", column)]);
        let four = keys("{ column: n, format: int32 }", &batch);
        assert_eq!(four, [Some(value.to_be_bytes().to_vec()), None]);
        let eight = keys("{ column: n, format: int64 }", &batch);
        assert_eq!(eight, [Some(i64::from(value).to_be_bytes().to_vec()), None]);
    }
}

fn refused(yaml: &str, batch: &RecordBatch) -> String {
    let writer = key(yaml).open(&shape("t", batch.schema()), None).unwrap();
    let refusal = writer.write(batch, &mut Cells::default()).unwrap_err();
    refusal
        .error(&crate::batch::RowNumbers::From(100))
        .to_string()
}

#[test]
fn an_integer_that_is_too_great_is_refused_with_its_row() {
    assert_eq!(
        refused("{ column: id, format: int32 }", &users()),
        "error: column `id` in row 102 is 5000000000, which a key of `int32` cannot hold\n  hint: narrow the column's range, or say `format: int64`"
    );
    let great = Arc::new(UInt64Array::from(vec![1, u64::MAX]));
    assert_eq!(
        refused("{ column: n, format: int64 }", &batch(vec![("n", great)])),
        "error: column `n` in row 101 is 18446744073709551615, which a key of `int64` cannot hold\n  hint: narrow the column's range, or say `format: string`"
    );
}

#[test]
fn json_keys_are_values_or_objects() {
    assert_eq!(
        texts("{ column: name, format: json }"),
        ["\"é, \\\"x\\\"\"", "(null)", "\"\""]
    );
    assert_eq!(
        texts("{ column: id, format: { json: { int64: string } } }"),
        ["\"1\"", "\"-65\"", "\"5000000000\""]
    );
    assert_eq!(
        texts("{ columns: [email, id], format: json }"),
        [
            r#"{"email":"a@b.it","id":1}"#,
            r#"{"email":"{}","id":-65}"#,
            r#"{"email":null,"id":5000000000}"#
        ]
    );
}

#[test]
fn avro_keys_are_datums_of_the_type_or_records() {
    assert_eq!(
        keys("{ column: name, format: avro }", &users()),
        [
            Some(b"\x0e\xc3\xa9, \"x\"".to_vec()),
            None,
            Some(b"\0".to_vec())
        ]
    );
    assert_eq!(
        keys("{ columns: [id, email], format: avro }", &users()),
        [
            Some(b"\x02\x02\x0ca@b.it".to_vec()),
            Some(b"\x81\x01\x02\x04{}".to_vec()),
            Some(b"\x80\xc8\xaf\xa0%\x00".to_vec())
        ]
    );
    let framed = "{ column: email, format: { avro: { registry: { url: 'http://r' } } } }";
    assert_eq!(
        keys(framed, &users()),
        [
            Some(b"\0\0\0\0\x07\x0ca@b.it".to_vec()),
            Some(b"\0\0\0\0\x07\x04{}".to_vec()),
            None
        ]
    );
    let schema = |yaml: &str| {
        let registration = key(yaml).registration(&shape("t", users().schema()));
        registration
            .unwrap()
            .map(|registration| registration.schema)
    };
    assert_eq!(schema(framed).as_deref(), Some("\"string\""));
    assert_eq!(schema("{ column: id, format: avro }"), None);
    assert_eq!(schema("id"), None);
    assert_eq!(
        schema("{ columns: [id], format: { avro: { name: K, registry: { url: 'http://r' } } } }")
            .as_deref(),
        Some(r#"{"type":"record","name":"K","fields":[{"name":"id","type":"long"}]}"#)
    );
}

#[test]
fn a_key_knows_its_columns() {
    let names = |yaml: &str| {
        let names = key(yaml);
        let names = names.columns().iter().map(|name| name.to_string());
        names.collect::<Vec<_>>()
    };
    assert_eq!(names("id"), ["id"]);
    assert_eq!(names("{ columns: [b, a], format: json }"), ["b", "a"]);
}
