//! Rows and changes as statements.

use std::sync::Arc;

use arrow::array::{
    ArrayRef, Date32Array, Decimal128Array, FixedSizeBinaryArray, Int32Array, Int64Array,
    ListArray, RecordBatch, StringArray, StructArray, TimestampMicrosecondArray,
    TimestampMillisecondArray, UInt64Array,
};
use arrow::datatypes::{DataType, Field, Schema};
use mongodb::bson::{Bson, Document, doc};

use super::super::envelopes::{Columns, Envelopes};
use super::bulk::{Kind, Statement, commands};
use super::changes::Changes;
use super::values::Column;
use crate::batch::Batch;
use crate::column::UUID_EXTENSION;

fn value(field: &Field, values: ArrayRef) -> Bson {
    Column::new(field, &values).unwrap().value(0).unwrap()
}

fn plain(values: ArrayRef) -> Bson {
    value(&Field::new("c", values.data_type().clone(), true), values)
}

#[test]
fn values_have_the_types_of_bson() {
    use mongodb::bson::DateTime;
    let digits = |text: &str| Bson::Decimal128(text.parse().unwrap());
    let decimal = Decimal128Array::from(vec![-1250]).with_precision_and_scale(10, 2);
    assert_eq!(plain(Arc::new(decimal.unwrap())), digits("-12.50"));
    assert_eq!(plain(Arc::new(UInt64Array::from(vec![7]))), Bson::Int64(7));
    assert_eq!(
        plain(Arc::new(UInt64Array::from(vec![u64::MAX]))),
        digits("18446744073709551615")
    );
    assert_eq!(
        plain(Arc::new(Date32Array::from(vec![-1]))),
        Bson::DateTime(DateTime::from_millis(-86_400_000))
    );
    assert_eq!(
        plain(Arc::new(TimestampMicrosecondArray::from(vec![-1]))),
        Bson::DateTime(DateTime::from_millis(-1))
    );
    let list = ListArray::from_iter_primitive::<arrow::datatypes::Int32Type, _, _>([Some([
        Some(1),
        None,
    ])]);
    assert_eq!(
        plain(Arc::new(list)),
        Bson::Array(vec![Bson::Int32(1), Bson::Null])
    );
    let part: ArrayRef = Arc::new(StringArray::from(vec!["x"]));
    let parts = StructArray::from(vec![(
        Arc::new(Field::new("a", DataType::Utf8, true)),
        part,
    )]);
    assert_eq!(plain(Arc::new(parts)), Bson::Document(doc! { "a": "x" }));
    let bytes = FixedSizeBinaryArray::try_from_iter([[7u8; 16]].into_iter()).unwrap();
    let marked = Field::new("u", DataType::FixedSizeBinary(16), true).with_metadata(
        [(
            "ARROW:extension:name".to_string(),
            UUID_EXTENSION.to_string(),
        )]
        .into(),
    );
    let uuid = value(&marked, Arc::new(bytes));
    assert_eq!(
        uuid,
        Bson::Binary(mongodb::bson::Uuid::from_bytes([7; 16]).into())
    );
    assert_eq!(plain(Arc::new(Int64Array::from(vec![None]))), Bson::Null);
}

type Told<'t> = (&'t str, Option<&'t str>, Option<&'t str>, i64);

/// Changes of `shop.orders`, each with its position.
fn changes(told: &[Told<'_>]) -> Batch {
    let same =
        |text: &'static str| -> ArrayRef { Arc::new(StringArray::from(vec![text; told.len()])) };
    let column = |of: &dyn Fn(&Told<'_>) -> Option<String>| -> ArrayRef {
        Arc::new(told.iter().map(of).collect::<StringArray>())
    };
    let times = TimestampMillisecondArray::from(vec![5; told.len()]).with_timezone("UTC");
    let columns: Vec<(&str, ArrayRef)> = vec![
        ("database", same("shop")),
        ("table", same("orders")),
        ("operation", column(&|told| Some(told.0.into()))),
        ("before", column(&|told| told.1.map(String::from))),
        ("after", column(&|told| told.2.map(String::from))),
        ("types", same(r#"{"id":"int32","total":"decimal(2)"}"#)),
        ("ts_ms", Arc::new(times)),
        ("transaction_id", same("0-1-7")),
        ("file", same("binlog.000002")),
        (
            "pos",
            Arc::new(told.iter().map(|told| told.3).collect::<Int64Array>()),
        ),
        ("row", Arc::new(Int32Array::from(vec![0; told.len()]))),
    ];
    let fields: Vec<Field> = columns
        .iter()
        .map(|(name, values)| Field::new(*name, values.data_type().clone(), true))
        .collect();
    let arrays = columns.into_iter().map(|(_, values)| values).collect();
    let rows = RecordBatch::try_new(Arc::new(Schema::new(fields)), arrays).unwrap();
    Batch::new(0, 0, rows)
}

fn encoded(told: &[Told<'_>], options: &str) -> (Vec<Statement>, Vec<(usize, String)>) {
    let source = crate::place::Source::new("test", options);
    let node = crate::place::parse(&Arc::new(source)).unwrap();
    let options: Envelopes = crate::place::decode(&node).unwrap();
    let columns = Columns {
        database: 0,
        table: 1,
        operation: 2,
        before: 3,
        after: 4,
        types: 5,
        ts_ms: 6,
        transaction: 7,
        file: 8,
        pos: 9,
        row: 10,
    };
    Changes::new(options, columns)
        .encode(&changes(told))
        .unwrap()
}

fn document(statement: &Statement) -> Document {
    Document::try_from(statement.bytes.clone()).unwrap()
}

const ROW: &str = r#"{"id":1,"total":"BOI="}"#;

#[test]
fn a_change_is_a_document_as_the_old_system_had_it() {
    let (made, unheld) = encoded(&[("update", Some(ROW), Some(ROW), 42)], "{}");
    assert!(unheld.is_empty());
    let [one] = &made[..] else {
        panic!("one statement")
    };
    assert_eq!(
        (one.kind, one.collection.as_ref()),
        (Kind::Replace, "shop_orders")
    );
    let row = doc! { "id": 1.0, "total": "BOI=" };
    let expected = doc! {
        "q": { "_id": "binlog.000002:42:0" },
        "u": {
            "_id": "binlog.000002:42:0",
            "databasename": "shop",
            "tablename": "orders",
            "operation": "update",
            "beforedata": &row,
            "afterdata": row,
            "timestamp": mongodb::bson::DateTime::from_millis(5),
            "transactionid": "0-1-7",
            "binlogposition": { "file": "binlog.000002", "pos": 42_i64 },
        },
        "upsert": true,
    };
    assert_eq!(document(one), expected);
    let (made, _) = encoded(
        &[("update", Some(ROW), Some(ROW), 42)],
        "{ names: snake, values: mean, into: \"all\" }",
    );
    let update = document(&made[0]);
    let stored = update.get_document("u").unwrap();
    let after = stored.get_document("after_data").unwrap();
    assert_eq!(made[0].collection.as_ref(), "all");
    assert_eq!(
        *after,
        doc! { "id": 1, "total": Bson::Decimal128("12.50".parse().unwrap()) }
    );
}

#[test]
fn the_state_of_a_row_is_its_newest_and_outlives_its_end() {
    let state = "{ state: { keys: { shop.orders: id } } }";
    let told = [
        ("create", None, Some(ROW), 10),
        ("delete", Some(ROW), None, 30),
        ("update", Some(ROW), Some(ROW), 20),
    ];
    let (made, unheld) = encoded(&told, state);
    assert!(unheld.is_empty());
    let all: Vec<&Statement> = made.iter().collect();
    let commands = commands(&all);
    let shape: Vec<_> = commands
        .iter()
        .map(|command| {
            (
                command[0].kind,
                command[0].collection.as_ref(),
                command.len(),
            )
        })
        .collect();
    assert_eq!(
        shape,
        [
            (Kind::Newer, "shop_orders_current", 1),
            (Kind::Replace, "shop_orders", 3)
        ]
    );
    let position = "0000000002:00000000000000000030:0000000000";
    assert_eq!(
        document(commands[0][0]),
        doc! {
            "q": { "_id": 1, "_position": { "$lt": position } },
            "u": { "_id": 1, "_deleted": true, "_position": position },
            "upsert": true,
        }
    );
}

#[test]
fn a_table_that_is_emptied_says_when() {
    let state = "{ state: { keys: { shop.orders: id } } }";
    let told = [
        ("truncate", None, None, 20),
        ("create", None, Some(ROW), 10),
        ("truncate", None, None, 15),
    ];
    let (made, unheld) = encoded(&told, state);
    assert!(unheld.is_empty());
    let all: Vec<&Statement> = made.iter().collect();
    let commands = commands(&all);
    // Each is a change of its own; of the state the last one is enough.
    let shape: Vec<_> = commands
        .iter()
        .map(|command| (command[0].kind, command.len()))
        .collect();
    assert_eq!(shape, [(Kind::Newer, 2), (Kind::Replace, 3)]);
    let position = "0000000002:00000000000000000020:0000000000";
    let key = doc! { "_truncated": true };
    assert_eq!(
        document(commands[0][0]),
        doc! {
            "q": { "_id": &key, "_position": { "$lt": position } },
            "u": { "_id": &key, "_deleted": true, "_position": position },
            "upsert": true,
        }
    );
    assert_eq!(
        document(commands[1][0]),
        doc! {
            "q": { "_id": "binlog.000002:20:0" },
            "u": {
                "_id": "binlog.000002:20:0",
                "databasename": "shop",
                "tablename": "orders",
                "operation": "truncate",
                "beforedata": null,
                "afterdata": null,
                "timestamp": mongodb::bson::DateTime::from_millis(5),
                "transactionid": "0-1-7",
                "binlogposition": { "file": "binlog.000002", "pos": 20_i64 },
            },
            "upsert": true,
        }
    );
}

#[test]
fn a_change_without_its_key_is_told() {
    let state = "{ state: { keys: { shop.orders: [id, day] } } }";
    let (_, unheld) = encoded(&[("create", None, Some(ROW), 10)], state);
    assert_eq!(
        unheld,
        [(0, "the row has no column `day` of the key".to_string())]
    );
}
