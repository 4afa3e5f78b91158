//! Envelopes as Debezium's own consumers read them.

use std::sync::Arc;

use arrow::array::{
    ArrayRef, BinaryArray, Date32Array, Decimal128Array, DictionaryArray, Int32Array, Int64Array,
    ListArray, RecordBatch, StringArray, Time64MicrosecondArray, TimestampMicrosecondArray,
    UInt64Array,
};
use arrow::datatypes::{Int32Type, Schema};
use serde_json::{Value, json};

use super::*;
use crate::format::tests::shape;
use crate::place::{Source, decode, parse};

fn batch() -> RecordBatch {
    let operations = Int32Array::from(vec![0, 1, 2]);
    let names = StringArray::from_iter_values(Operation::NAMES);
    let operations = DictionaryArray::new(operations, Arc::new(names));
    let decimals = Decimal128Array::from(vec![Some(-12_345), Some(128), None]);
    let columns: Vec<(&str, ArrayRef)> = vec![
        ("operation", Arc::new(operations)),
        ("change", Arc::new(Int64Array::from(vec![0, 1_500, 9]))),
        ("id", Arc::new(Int32Array::from(vec![7, 8, 9]))),
        (
            "total",
            Arc::new(decimals.with_precision_and_scale(10, 2).unwrap()),
        ),
        (
            "big",
            Arc::new(UInt64Array::from(vec![Some(u64::MAX), Some(0), None])),
        ),
        (
            "day",
            Arc::new(Date32Array::from(vec![Some(-1), Some(20_000), None])),
        ),
        (
            "clock",
            Arc::new(Time64MicrosecondArray::from(vec![Some(1), Some(0), None])),
        ),
        (
            "at",
            Arc::new(TimestampMicrosecondArray::from(vec![
                Some(-1),
                Some(0),
                None,
            ])),
        ),
        (
            "zoned",
            Arc::new(
                TimestampMicrosecondArray::from(vec![Some(0), None, None]).with_timezone("UTC"),
            ),
        ),
        (
            "raw",
            Arc::new(BinaryArray::from_opt_vec(vec![
                Some(b"\x00\xff"),
                Some(b""),
                None,
            ])),
        ),
        (
            "tags",
            Arc::new(ListArray::from_iter_primitive::<Int32Type, _, _>(vec![
                Some(vec![Some(1), None]),
                Some(vec![]),
                None,
            ])),
        ),
        (
            "word",
            Arc::new(StringArray::from(vec![Some("a\"b"), None, None])),
        ),
    ];
    RecordBatch::try_from_iter_with_nullable(
        columns
            .into_iter()
            .map(|(name, values)| (name, values, !matches!(name, "operation" | "change" | "id"))),
    )
    .unwrap()
}

fn changes(schema: &Arc<Schema>) -> Shape {
    let changes = ChangeColumns {
        operation: 0,
        change: 1,
        key: 2,
        set: vec![3],
        required: vec![false; schema.fields().len()],
        references: Vec::new(),
        deletes: true,
        block: 5_000,
        depth: 0,
    };
    Shape {
        changes: Some(Arc::new(changes)),
        ..shape("orders", schema.clone())
    }
}

fn options(yaml: &str) -> DebeziumMessage {
    decode(&parse(&Arc::new(Source::new("test", yaml))).unwrap()).unwrap()
}

fn messages(yaml: &str) -> Vec<Value> {
    let (batch, mut out) = (batch(), Cells::default());
    let shape = changes(&batch.schema());
    assert!(options(yaml).check(&shape).is_empty());
    let writer = options(yaml).open(&shape, None).unwrap();
    assert!(writer.write(&batch, &mut out).unwrap().is_none());
    (0..3)
        .map(|row| serde_json::from_slice(out.get(row)).unwrap())
        .collect()
}

#[test]
fn an_envelope_says_what_debezium_says() {
    let all = messages("{ database: shop, schema: false, start: 2026-01-02T00:00:00Z, step: 2ms }");
    let images = [
        json!({ "id": 7, "total": "z8c=", "big": "AP//////////", "day": -1, "clock": 1, "at": -1, "zoned": "1970-01-01T00:00:00.000000Z", "raw": "AP8=", "tags": "[1,null]", "word": "a\"b" }),
        json!({ "id": 8, "total": "AIA=", "big": "AA==", "day": 20_000, "clock": 0, "at": 0, "zoned": null, "raw": "", "tags": "[]", "word": null }),
        json!({ "id": 9, "total": null, "big": null, "day": null, "clock": null, "at": null, "zoned": null, "raw": null, "tags": null, "word": null }),
    ];
    let start = 1_767_312_000_000_i64;
    for (index, (op, change)) in [("c", 0), ("u", 1_500), ("d", 9)].into_iter().enumerate() {
        let (before, after) = match op {
            "d" => (images[index].clone(), Value::Null),
            _ => (Value::Null, images[index].clone()),
        };
        let made_at = start + 2 * change;
        let source = json!({ "version": "rowgen", "connector": "mysql", "name": "mysql", "ts_ms": made_at, "snapshot": "false", "db": "shop", "sequence": null, "table": "orders", "server_id": 0, "gtid": null, "file": "rowgen.000001", "pos": change, "row": 0, "thread": null, "query": null });
        let envelope = json!({ "before": before, "after": after, "source": source, "transaction": null, "op": op, "ts_ms": made_at });
        assert_eq!(all[index], envelope);
    }
}

/// Every field that stands in a payload is in the schema, in that order, and of that type.
fn follows(schema: &Value, payload: &Value) {
    if payload.is_null() {
        assert_eq!(schema["optional"], true, "{schema}");
        return;
    }
    match schema["type"].as_str().unwrap() {
        "struct" => {
            let fields = schema["fields"].as_array().unwrap();
            let payload = payload.as_object().unwrap();
            assert_eq!(fields.len(), payload.len());
            for field in fields {
                follows(field, &payload[field["field"].as_str().unwrap()]);
            }
        }
        "string" | "bytes" => assert!(payload.is_string(), "{schema} {payload}"),
        "boolean" => assert!(payload.is_boolean(), "{schema} {payload}"),
        "float" | "double" => assert!(payload.is_number(), "{schema} {payload}"),
        _ => assert!(payload.is_i64(), "{schema} {payload}"),
    }
}

#[test]
fn payloads_follow_their_schemas() {
    for decimals in ["precise", "string", "double"] {
        for message in messages(&format!("{{ decimals: {decimals}, server: s }}")) {
            let (schema, payload) = (&message["schema"], &message["payload"]);
            follows(schema, payload);
            assert_eq!(schema["name"], "s.rowgen.orders.Envelope");
            let total = &schema["fields"][1]["fields"][1];
            let parameters = &total["parameters"];
            match decimals {
                "precise" => assert_eq!(
                    parameters,
                    &json!({ "scale": "2", "connect.decimal.precision": "10" })
                ),
                _ => assert!(parameters.is_null(), "{total}"),
            }
            let total = &payload["after"]["total"];
            match (decimals, payload["op"].as_str().unwrap()) {
                ("string", "c") => assert_eq!(total, "-123.45"),
                ("double", "c") => assert_eq!(total, -123.45),
                _ => {}
            }
        }
    }
}

#[test]
fn rows_that_are_no_changes_are_refused() {
    let batch = batch();
    let shape = Shape {
        changes: None,
        ..changes(&batch.schema())
    };
    let problems = options("{}").check(&shape);
    assert_eq!(
        problems[0].to_string(),
        "error: `debezium` tells of changes, and the rows of `orders` are none\n  hint: put the table under `changes`, and write `operation`, `change` and the key, too"
    );
    let late = options("{ start: soon }").check(&changes(&batch.schema()));
    assert!(
        late[0]
            .to_string()
            .starts_with("error: expected a time, found `soon`\n"),
        "{}",
        late[0]
    );
}
