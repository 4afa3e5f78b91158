//! Messages: whole bytes of every format, nulls, dictionaries, slices.

mod avro;
mod keys;
mod mistakes;

use std::sync::Arc;

use arrow::array::*;
use arrow::datatypes::*;

use super::{Key, MessageFormat, MessageKind, MessageWriter};
use crate::error::{Problem, Result};
use crate::format::cells::Cells;
use crate::format::tests::*;
use crate::place::{Source, decode, parse};

/// Options as they stand in a pipeline file.
fn options<T: serde::de::DeserializeOwned>(yaml: &str) -> Result<T, Problem> {
    let source = Arc::new(Source::new("p.yaml", yaml));
    decode(&parse(&source)?)
}

fn message(yaml: &str) -> MessageKind {
    options(yaml).unwrap()
}

/// The messages of a batch, null where they are null.
fn written(writer: &dyn MessageWriter, batch: &RecordBatch) -> Vec<Option<Vec<u8>>> {
    // What stands before in the buffer stays there.
    let mut cells = Cells::default();
    cells.bytes.extend_from_slice(b"before");
    cells.end();
    let nulls = writer.write(batch, &mut cells).unwrap();
    assert_eq!(cells.len(), 1 + batch.num_rows());
    assert_eq!(cells.get(0), b"before");
    assert!(
        nulls
            .as_ref()
            .is_none_or(|nulls| nulls.len() == batch.num_rows())
    );
    let message = |row: usize| {
        let there = nulls.as_ref().is_none_or(|nulls| nulls.is_valid(row));
        there.then(|| cells.get(row + 1).to_vec())
    };
    (0..batch.num_rows()).map(message).collect()
}

/// The messages of a batch: whole, in slices, and with all texts in dictionaries, all alike.
fn bytes(format: &dyn MessageFormat, batch: &RecordBatch) -> Vec<Option<Vec<u8>>> {
    let writer = format.open(&shape("t", batch.schema()), Some(7)).unwrap();
    let all = written(writer.as_ref(), batch);
    assert!(written(writer.as_ref(), &batch.slice(0, 0)).is_empty());
    for row in 0..batch.num_rows() {
        let slice = written(writer.as_ref(), &batch.slice(row, 1));
        assert_eq!(slice, all[row..row + 1], "row {row} alone");
    }
    if batch.num_columns() == 0 {
        return all;
    }
    let coded = coded(batch);
    let writer = format.open(&shape("t", coded.schema()), Some(7)).unwrap();
    assert_eq!(written(writer.as_ref(), &coded), all, "dictionaries");
    assert_eq!(written(writer.as_ref(), &coded.slice(1, 1)), all[1..2]);
    all
}

fn text(format: &dyn MessageFormat, batch: &RecordBatch) -> Vec<String> {
    let shown = |message: Option<Vec<u8>>| match message {
        Some(bytes) => String::from_utf8(bytes).unwrap(),
        None => "(null)".into(),
    };
    bytes(format, batch).into_iter().map(shown).collect()
}

/// The batch with its texts in dictionaries.
fn coded(batch: &RecordBatch) -> RecordBatch {
    let coded = |column: &ArrayRef| match column.data_type() {
        plain @ (DataType::Utf8 | DataType::Int64) => {
            let coded = DataType::Dictionary(DataType::Int32.into(), plain.clone().into());
            arrow::compute::cast(column, &coded).unwrap()
        }
        _ => column.clone(),
    };
    let columns: Vec<ArrayRef> = batch.columns().iter().map(coded).collect();
    let fields = batch.schema();
    let fields = fields.fields().iter().zip(&columns);
    let fields = fields.map(|(field, column)| {
        Field::new(
            field.name(),
            column.data_type().clone(),
            field.is_nullable(),
        )
        .with_metadata(field.metadata().clone())
    });
    RecordBatch::try_new(Arc::new(Schema::new(fields.collect::<Vec<_>>())), columns).unwrap()
}

fn users() -> RecordBatch {
    let text = |values: [Option<&str>; 3]| Arc::new(StringArray::from(values.to_vec())) as ArrayRef;
    let schema = Schema::new(vec![
        Field::new("id", DataType::Int64, false),
        Field::new("name", DataType::Utf8, true),
        Field::new("email", DataType::Utf8, true),
    ]);
    RecordBatch::try_new(
        Arc::new(schema),
        vec![
            Arc::new(Int64Array::from(vec![1, -65, 5_000_000_000])),
            text([Some("é, \"x\""), None, Some("")]),
            text([Some("a@b.it"), Some("{}"), None]),
        ],
    )
    .unwrap()
}

#[test]
fn every_example_is_of_its_own_kind() {
    for kind in MessageKind::KINDS {
        assert_eq!(message(kind.example).kind(), kind.name);
        assert_ne!(kind.summary(), "");
    }
}

#[test]
fn the_schema_knows_formats_without_options() {
    let enums = |schema: schemars::Schema| schema.to_value()["oneOf"][0]["enum"].clone();
    assert_eq!(
        enums(schemars::schema_for!(MessageKind)),
        serde_json::json!(["avro", "csv", "debezium", "json", "raw", "template"])
    );
    assert_eq!(
        enums(schemars::schema_for!(super::KeyFormat)),
        serde_json::json!(["json", "avro"])
    );
}

#[test]
fn json_messages_are_the_lines_of_arrow_json() {
    for batch in [users(), nested()] {
        let mut lines = Vec::new();
        arrow_json::WriterBuilder::new()
            .with_explicit_nulls(true)
            .build::<_, arrow_json::writer::LineDelimited>(&mut lines)
            .write(&batch)
            .unwrap();
        let lines = String::from_utf8(lines).unwrap();
        let lines: Vec<&str> = lines.lines().collect();
        assert_eq!(text(&*message("json"), &batch), lines);
    }
    assert_eq!(
        text(&*message("json: { nulls: omit, int64: string }"), &users()),
        [
            r#"{"id":"1","name":"é, \"x\"","email":"a@b.it"}"#,
            r#"{"id":"-65","email":"{}"}"#,
            r#"{"id":"5000000000","name":""}"#,
        ]
    );
}

#[test]
fn csv_messages_are_rows_without_line_ends() {
    for yaml in [
        "csv",
        "csv: { delimiter: \"|\", null: NULL, quote_style: always }",
    ] {
        let batch = users();
        let rows = file(yaml, batch.schema(), std::slice::from_ref(&batch)).unwrap();
        let rows = String::from_utf8(rows).unwrap();
        let rows: Vec<&str> = rows.lines().skip(1).collect();
        assert_eq!(text(&*message(yaml), &batch), rows, "{yaml}");
    }
    assert_eq!(
        text(&*message("csv"), &users()),
        ["1,\"é, \"\"x\"\"\",a@b.it", "-65,,{}", "5000000000,\"\","]
    );
    let nested = nested().project(&[0]).unwrap();
    let messages = text(&*message("csv: { nested: json }"), &nested);
    assert_eq!(messages, ["\"[1,null]\"", "[]", ""]);
}

#[test]
fn templates_hold_values_as_they_are() {
    let with = |text_yaml: &str| {
        let yaml = format!("template: {{ text: '{text_yaml}' }}");
        text(&*message(&yaml), &users())
    };
    assert_eq!(with("{id}|{email}"), ["1|a@b.it", "-65|{}", "5000000000|"]);
    assert_eq!(
        with("{{{ name }}}: {id}{id}, a literal longer than every other one here {{ {email} é}}"),
        [
            "{é, \"x\"}: 11, a literal longer than every other one here { a@b.it é}",
            "{}: -65-65, a literal longer than every other one here { {} é}",
            "{}: 50000000005000000000, a literal longer than every other one here {  é}",
        ]
    );
    // A null that hides a text is nothing all the same.
    let hidden = arrow::compute::nullif(
        &StringArray::from(vec!["a", "b"]),
        &BooleanArray::from(vec![true, false]),
    );
    let hidden = batch(vec![("x", hidden.unwrap())]);
    let format = message("template: { text: '<{x}>' }");
    assert_eq!(text(&*format, &hidden), ["<>", "<b>"]);
}

#[test]
fn templates_spell_every_leaf_as_csv_does() {
    let all = leaves();
    let names: Vec<String> = all
        .schema()
        .fields()
        .iter()
        .map(|field| format!("{{{}}}", field.name()))
        .collect();
    let yaml = format!("template: {{ text: \"{}\" }}", names.join(","));
    let rows = text(&*message(&yaml), &all.slice(1, 2));
    let csv = text(&*message("csv"), &all.slice(1, 2));
    assert_eq!(rows, csv);
    let raw = batch(vec![
        ("id", uuids()),
        (
            "raw",
            Arc::new(BinaryArray::from(vec![&b"\x00\xff"[..], b""])),
        ),
    ]);
    let schema = Schema::new(vec![uuid_field("id"), raw.schema().field(1).clone()]);
    let raw = RecordBatch::try_new(Arc::new(schema), raw.columns().to_vec()).unwrap();
    assert_eq!(
        text(&*message("template: { text: '{id} {raw}' }"), &raw),
        ["00112233-4455-6677-8899-aabbccddeeff 00ff", " "]
    );
}

#[test]
fn raw_messages_are_the_column_and_null_is_a_tombstone() {
    let name = message("raw: { column: name }");
    assert_eq!(text(&*name, &users()), ["é, \"x\"", "(null)", ""]);
    let payloads: [ArrayRef; 4] = [
        Arc::new(BinaryArray::from(vec![Some(&b"\x00\xff"[..]), None])),
        Arc::new(LargeBinaryArray::from(vec![Some(&b"\x00\xff"[..]), None])),
        Arc::new(BinaryViewArray::from(vec![Some(&b"\x00\xff"[..]), None])),
        arrow::compute::cast(
            &BinaryArray::from(vec![Some(&b"\x00\xff"[..]), None]),
            &DataType::FixedSizeBinary(2),
        )
        .unwrap(),
    ];
    for payload in payloads {
        let batch = batch(vec![("payload", payload)]);
        let messages = bytes(&*message("raw: { column: payload }"), &batch);
        assert_eq!(messages, [Some(b"\x00\xff".to_vec()), None]);
    }
}
