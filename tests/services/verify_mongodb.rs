//! `verify` of documents: what the sink has written is equal, what was changed since is found, and documents of
//! changes are compared where the load that makes them stands in the same file.

use std::process::Command;

use mongodb::bson::{Document, doc};
use rowgen::client::runtime::block_on;

use crate::environment;
use crate::postgres::{fresh, rowgen};
use crate::store::Store;

/// The exit code, stdout and stderr.
type Ended = (Option<i32>, String, String);

fn verify(folder: &std::path::Path, arguments: &[&str]) -> Ended {
    let mut command = Command::new(env!("CARGO_BIN_EXE_rowgen"));
    let output = command
        .current_dir(folder)
        .args(["verify", "p.yaml"])
        .args(arguments)
        .env("MONGODB_URI", environment("MONGODB_URL"))
        .output()
        .unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim_end().to_string();
    (
        output.status.code(),
        text(&output.stdout),
        text(&output.stderr),
    )
}

#[track_caller]
fn made(folder: &std::path::Path, yaml: &str) {
    let mut command = rowgen(folder, yaml, &[]);
    command.env("MONGODB_URI", environment("MONGODB_URL"));
    let output = command.output().unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

fn update(store: &Store, query: Document, update: Document) {
    let done = async { store.collection("t").update_many(query, update).await };
    block_on(done).unwrap().unwrap();
}

/// Columns of every type that documents hold, of which `id` tells rows apart.
const COLUMNS: &str = r#"      id: { sequence: { start: 1 } }
      flag: { choice: [true, false], type: boolean, nulls: 0.1 }
      tiny: { uniform: { min: -100, max: 100 }, type: int8 }
      small: { uniform: { min: 0, max: 60000 }, type: uint16 }
      huge: { expr: "cast(id as uint64) + cast(18446744073709540000 as uint64)", type: uint64 }
      price: { uniform: { min: -999, max: 999 }, type: "decimal(12,2)", nulls: 0.1 }
      f: { normal: { mean: 0, stddev: 1 } }
      g: { normal: { mean: 0, stddev: 1 }, type: float32 }
      z: { expr: "round(cast(id % 7 - 3 as float64) * 0.1)" }
      s: { words: {}, nulls: 0.1 }
      u: { uuid: {}, type: uuid }
      day: { type: date, uniform: { min: 1950-01-01, max: 2090-12-31 } }
      at: { event_time: { start: 2026-01-01, rate: 5/s }, type: "timestamp(us, UTC)" }
      wall: { type: "timestamp(ms)", uniform: { min: 1960-01-01, max: 2030-01-01 } }
      clock: { type: "time(us)", uniform: { min: "00:00:00", max: "23:59:59" } }
      l: { list: { of: { uniform: { min: 0, max: 9 }, type: int32 }, length: { uniform: { min: 0, max: 3 } } } }
"#;

fn pipeline(rows: u64, database: &str, columns: &str, sink: &str) -> String {
    format!(
        "version: 1\nname: p\nseed: 7\ntables:\n  t:\n    rows: {rows}\n    columns:\n{columns}sinks:\n  - mongodb: {{ table: t, url: \"${{env:MONGODB_URI}}\", database: {database}{sink} }}\n"
    )
}

#[test]
fn documents_are_compared_with_the_rows_that_made_them() {
    let folder = tempfile::tempdir().unwrap();
    for sink in ["", ", key: [id]", ", mode: truncate"] {
        let database = fresh("verified");
        made(folder.path(), &pipeline(5_000, &database, COLUMNS, sink));
        let (code, words, errors) = verify(folder.path(), &[]);
        assert_eq!((code, errors.as_str()), (Some(0), ""), "{words}");
        let address = environment("MONGODB_ADDRESS");
        let source = format!("mongodb collection t at {address}");
        assert!(words.starts_with("t in sink mongodb-1 ("), "{words}");
        assert!(
            words.contains(&source) && words.contains("5 000 rows, all equal"),
            "{words}"
        );
        // A slice of it, and how many there are.
        assert_eq!(verify(folder.path(), &["--slice", "2/3"]).0, Some(0));
        assert_eq!(verify(folder.path(), &["--count-only"]).0, Some(0));
    }
}

#[test]
fn what_was_done_to_documents_is_found() {
    let folder = tempfile::tempdir().unwrap();
    let database = fresh("faults");
    made(
        folder.path(),
        &pipeline(5_000, &database, COLUMNS, ", key: [id]"),
    );
    let store = Store::shared(&database);
    update(
        &store,
        doc! { "id": 42_i64 },
        doc! { "$set": { "s": "LOST" } },
    );
    update(
        &store,
        doc! { "id": 43_i64 },
        doc! { "$unset": { "price": 1 } },
    );
    let gone = async {
        store
            .collection("t")
            .delete_one(doc! { "id": 77_i64 })
            .await
    };
    block_on(gone).unwrap().unwrap();
    let more = async {
        let row = doc! { "_id": 9_000_i64, "id": 9_000_i64 };
        store.collection("t").insert_one(row).await
    };
    block_on(more).unwrap().unwrap();
    let (code, words, _) = verify(folder.path(), &[]);
    let told = [
        &format!(
            "t in sink mongodb-1 (mongodb collection t at {}): 4 997 equal, 1 missing, 1 extra, 2 different",
            environment("MONGODB_ADDRESS")
        ),
        "  different: id 42, row 41; s: expected weather forest wind when local memory work, found LOST",
        "  different: id 43, row 42; price: expected 743.28, found null",
        "  missing: id 77, row 76",
        "  extra: id 9000, found as row 4999",
    ];
    assert_eq!((code, words), (Some(3), told.join("\n")));
}

#[test]
fn a_table_from_a_stream_says_how_it_is_compared() {
    let folder = tempfile::tempdir().unwrap();
    let write = |sinks: &str| {
        let yaml = format!(
            "version: 1\nname: p\nparams: {{ database: cdc }}\ntables:\n  c: {{ from: {{ rabbitmq: {{ url: \"amqp://guest:guest@localhost:1/%2f\", queues: q, format: debezium }} }} }}\nsinks:\n{sinks}"
        );
        std::fs::write(folder.path().join("p.yaml"), yaml).unwrap();
    };
    let begin = "error: there is nothing to compare\n  caused by: `c` in sink `mongodb-1`: its table is read from a stream, whose rows do not come again\n  hint: the pipeline that makes the rows knows what they must be: `rowgen verify PIPELINE --sinks SINK --against";
    let state = "envelopes: { state: { keys: { shop.orders: id } } }";
    for (sink, hint) in [
        (
            format!(
                "mongodb: {{ url: \"${{env:MONGODB_URI}}\", database: \"${{database}}\", {state} }}"
            ),
            "'mongodb: { url: \"${env:MONGODB_URI}\", database: cdc, collection: shop_orders_current, current: true }'` for the rows that there are, and with `collection: shop_orders, changes: true` for the document of each change",
        ),
        (
            "mongodb: { url: \"mongodb://h/d\", envelopes: {} }".into(),
            "'mongodb: { url: \"mongodb://h/d\", collection: DATABASE_TABLE, changes: true }'`",
        ),
        (
            "mongodb: { url: \"mongodb://${env:MONGODB_URI}:pw@h/d\", into: \"a b\" }".into(),
            "'mongodb: { url: \"mongodb://*********************@h/d\", collection: \"a b\" }'`",
        ),
    ] {
        write(&format!("  - {sink}\n"));
        let (code, words, errors) = verify(folder.path(), &[]);
        assert_eq!((code, words.as_str()), (Some(1), ""), "{errors}");
        assert_eq!(errors, format!("{begin} {hint}"));
    }
}
