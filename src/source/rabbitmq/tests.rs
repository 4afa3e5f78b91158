//! Messages become rows.

use std::sync::Arc;
use std::time::Instant;

use arrow::array::{Array, AsArray};
use arrow::datatypes::{DataType, Decimal64Type, Field, Int64Type, Schema};

use super::block::{Decode, Values};
use super::columns::Schemas;
use super::metadata::{ENVELOPE, Known};
use super::pipe::Message;
use crate::batch::Turn;

fn messages(bodies: &[&str]) -> Vec<Message> {
    let turn = Arc::new(Turn::of("q"));
    let message = |(tag, body): (i64, &&str)| Message {
        queue: 0,
        turn: turn.clone(),
        tag,
        redelivered: false,
        routing_key: "mysql.a.b".into(),
        timestamp: None,
        body: body.as_bytes().to_vec(),
        arrived: Instant::now(),
    };
    (1..).zip(bodies).map(message).collect()
}

fn decode(values: Values, fields: Vec<Field>, metadata: Vec<Known>) -> Decode {
    Decode {
        queues: vec!["q".into()],
        schema: Arc::new(Schema::new(fields)),
        metadata,
        values,
        schemas: Schemas::default(),
    }
}

const UPDATE: &str = r#"{"before":{"id":1,"total":"BOI="},"after":{"id":1,"total":"BOM="},"source":{"db":"a","table":"b","file":"f.1","pos":7,"row":2},"op":"u","ts_ms":5}"#;
const DELETE: &str = r#"{"before":{"id":1,"total":"BOM="},"after":null,"source":{"db":"a","table":"b","file":"f.1","pos":9,"row":0},"op":"d","ts_ms":6}"#;

#[test]
fn envelopes_are_rows_and_tombstones_are_passed_over() {
    let fields = ENVELOPE
        .iter()
        .map(|(known, name)| known.field(name))
        .collect();
    let metadata = ENVELOPE.iter().map(|(known, _)| *known).collect();
    let decode = decode(Values::Envelopes, fields, metadata);
    let piece = decode
        .read(&messages(&[UPDATE, "default", "{", DELETE]), 10, &[2, 4, 9])
        .unwrap();
    let texts = |column: usize| {
        let texts = piece.columns[column].as_string::<i32>().iter();
        texts.map(|text| text.map(String::from)).collect::<Vec<_>>()
    };
    assert_eq!(texts(0), [Some("update".into()), Some("delete".into())]);
    assert_eq!(texts(1), [Some(r#"{"id":1,"total":"BOM="}"#.into()), None]);
    assert_eq!(
        piece.columns[2].as_primitive::<Int64Type>().values(),
        &[7, 9]
    );
    assert_eq!(piece.kept, Some(vec![10, 13]));
    let [bad] = &piece.rejected[..] else {
        panic!("one is bad")
    };
    assert_eq!(bad.place, "queue `q`, delivery 3");
    assert_eq!(bad.letter["value"], "ew==");
}

#[test]
fn rows_of_changes_have_the_types_of_their_columns() {
    let fields = vec![
        Field::new("id", DataType::Int64, false),
        Field::new("total", DataType::Decimal64(10, 2), true),
        Known::Operation.field("op"),
    ];
    let decode = decode(Values::Rows, fields, vec![Known::Operation]);
    let bad = UPDATE.replace("\"id\":1", "\"id\":\"x\"");
    let piece = decode
        .read(&messages(&[UPDATE, &bad, DELETE, "default"]), 0, &[1, 2])
        .unwrap();
    assert_eq!(
        piece.columns[0].as_primitive::<Decimal64Type>().values(),
        &[1251, 1251, 1251]
    );
    let piece = decode
        .read(&messages(&[UPDATE, &bad, DELETE, "default"]), 0, &[0, 2])
        .unwrap();
    assert_eq!((piece.columns[1].len(), piece.kept), (2, Some(vec![0, 2])));
    assert_eq!(
        piece.rejected[0].message,
        "column `id`: expected int64, found `\"x\"`"
    );
}
