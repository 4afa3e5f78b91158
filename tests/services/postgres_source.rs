//! Rows out of a real PostgreSQL: what the sink has written, types of its own, any rows by a key or
//! without one.

use std::path::Path;

use arrow::array::RecordBatch;
use arrow::compute::{concat_batches, sort_to_indices, take};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

use crate::environment;
use crate::postgres::{fresh, rowgen, sql, succeeds};

/// A pipeline that reads `from` into a file, or several.
pub fn read(from: &str, more: &str, sinks: &str) -> String {
    format!(
        "version: 1\nname: r\ntables:\n  t:\n    from: {{ postgres: {{ url: \"${{env:DB_URL}}\", {from} }} }}\n{more}sinks:\n{sinks}"
    )
}

/// What a run writes to `out.csv`.
#[track_caller]
pub fn csv(from: &str, more: &str, arguments: &[&str]) -> String {
    let folder = tempfile::tempdir().unwrap();
    let yaml = read(from, more, "  - file: { table: t, path: out.csv }\n");
    ends_well(folder.path(), &yaml, arguments);
    // A slice has its number in its name.
    let written = std::fs::read_dir(folder.path()).unwrap().flatten();
    let mut written = written.map(|entry| entry.path());
    let written = written.find(|path| path.extension().is_some_and(|end| end == "csv"));
    std::fs::read_to_string(written.unwrap()).unwrap()
}

#[track_caller]
pub fn ends_well(folder: &Path, yaml: &str, arguments: &[&str]) {
    let output = rowgen(folder, yaml, arguments).output().unwrap();
    let words = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{words}");
}

/// The rows of a Parquet file.
pub fn batch(path: &Path) -> RecordBatch {
    let file = std::fs::File::open(path).unwrap();
    let reader = ParquetRecordBatchReaderBuilder::try_new(file).unwrap();
    let schema = reader.schema().clone();
    let batches: Vec<_> = reader.build().unwrap().map(Result::unwrap).collect();
    concat_batches(&schema, &batches).unwrap()
}

pub const COLUMNS: &str = r#"
      id: { sequence: {}, type: int64, nullable: false }
      b: { bool: { true: 0.4 }, nulls: 0.1 }
      i1: { uniform: { min: -100, max: 100 }, type: int8 }
      i2: { uniform: { min: -30000, max: 30000 }, type: int16, nulls: 0.2 }
      i4: { uniform: { min: -2000000000, max: 2000000000 }, type: int32, nullable: false }
      i8: { uniform: { min: -9000000000000000000, max: 9000000000000000000 }, type: int64, nulls: 0.1 }
      u1: { uniform: { min: 0, max: 255 }, type: uint8 }
      u2: { uniform: { min: 0, max: 65535 }, type: uint16 }
      u4: { uniform: { min: 0, max: 4294967295 }, type: uint32 }
      u8: { uniform: { min: 0, max: 18446744073709551614 }, type: uint64, nulls: 0.1 }
      f4: { normal: { mean: 0, stddev: 5 }, type: float32, nulls: 0.1 }
      f8: { normal: { mean: 0, stddev: 1000000000000 }, type: float64 }
      d: { uniform: { min: -999999.99, max: 999999.99 }, type: "decimal(12,2)", nulls: 0.1 }
      e: { uniform: { min: 0.0001, max: 0.0009 }, type: "decimal(9,7)" }
      big: { expr: "i8 * 1000.12345678", type: "decimal(38,8)" }
      s: { words: { min: 0, max: 6 }, nulls: 0.2 }
      c: { choice: [red, green, "é \"x\" \\ , ", ""] }
      raw: { bytes: { length: 9 }, nulls: 0.1 }
      width: { bytes: {}, type: fixed_binary(3) }
      day: { uniform: { min: 1600-01-01, max: 2500-12-31 }, type: date, nulls: 0.1 }
      clock: { uniform: { min: "00:00:00", max: "23:59:59.999999" }, type: time }
      short: { uniform: { min: "00:00:00", max: "23:59:59" }, type: time(ms) }
      at: { uniform: { min: 1600-01-01, max: 2500-12-31 }, type: timestamp, nulls: 0.1 }
      zoned: { uniform: { min: 1600-01-01, max: 2500-12-31 }, type: "timestamp(us, UTC)", nulls: 0.1 }
      millis: { uniform: { min: 1600-01-01, max: 2500-12-31 }, type: "timestamp(ms, UTC)" }
      u: { uuid: {}, nulls: 0.1 }
      l: { list: { of: { uniform: { min: -9, max: 9 }, type: int32, nulls: 0.3 }, length: { uniform: { min: 0, max: 4 } } }, nulls: 0.1 }
      lt: { list: { of: { choice: [a, "b,c", "\"{}"], nulls: 0.3 }, length: { uniform: { min: 0, max: 3 } } } }
      ld: { list: { of: { uniform: { min: 0.01, max: 99.99 }, type: "decimal(4,2)", nulls: 0.3 }, length: 2 } }
"#;

/// What PostgreSQL has no types for, or fewer.
const TYPES: &str = "    types: { i1: int8, u1: uint8, u2: uint16, u4: uint32, u8: uint64, width: fixed_binary(3), short: time(ms), millis: \"timestamp(ms, UTC)\" }\n";

#[test]
fn what_the_sink_has_written_is_read_as_it_was() {
    for (key, connections) in [("key: [id], connections: 3", 2), ("connections: 1", 1)] {
        let name = fresh("whole");
        let folder = tempfile::tempdir().unwrap();
        let write = format!(
            "version: 1\nname: w\nseed: 7\ntables:\n  t:\n    rows: 40_000\n    columns:{COLUMNS}sinks:\n  - postgres: {{ table: t, url: \"${{env:DB_URL}}\", into: {name}, {key} }}\n  - file: {{ table: t, path: made.parquet, format: {{ parquet: {{ compatibility: latest }} }} }}\n"
        );
        ends_well(folder.path(), &write, &[]);
        let from = format!("table: {name}, connections: {connections}");
        let sink = "  - file: { table: t, path: read.parquet, format: { parquet: { compatibility: latest } } }\n";
        ends_well(
            folder.path(),
            &read(&from, TYPES, sink),
            &["--threads", "3"],
        );
        let (made, read) = (
            batch(&folder.path().join("made.parquet")),
            batch(&folder.path().join("read.parquet")),
        );
        assert_eq!(made.num_rows(), read.num_rows());
        for (made_field, read_field) in made.schema().fields().iter().zip(read.schema().fields()) {
            assert_eq!(made_field, read_field);
        }
        // Without a key they come as the server has put them down.
        let order = sort_to_indices(read.column(0), None, None).unwrap();
        for (index, field) in made.schema().fields().iter().enumerate() {
            let values = take(read.column(index), &order, None).unwrap();
            assert_eq!(made.column(index), &values, "{field}");
        }
    }
}

/// Keys and texts in the order of the keys, as CSV.
fn expected(name: &str, key: &str) -> String {
    let rows = sql(&format!(
        "SELECT string_agg({key} || ',' || v || E'\\n', '' ORDER BY {key}) FROM {name}"
    ));
    format!("{key},v\n{rows}")
}

#[test]
fn rows_of_dense_and_sparse_keys_come_in_their_order() {
    let keys = [
        ("dense", "bigint", "i"),
        (
            "sparse",
            "bigint",
            "i * 92233720368547 - 4611686018427387904",
        ),
        ("heaps", "bigint", "i + (i % 3) * 1000000000000"),
        ("negative", "integer", "i * 7 - 300000"),
    ];
    for (kind, type_, key) in keys {
        let name = fresh(kind);
        // In no order on the disk.
        sql(&format!(
            "CREATE TABLE {name} (k {type_} PRIMARY KEY, v text); INSERT INTO {name} SELECT {key}, md5(i::text) FROM generate_series(1, 70000) i ORDER BY md5(i::text)"
        ));
        let (from, expected) = (
            format!("table: {name}, connections: 3"),
            expected(&name, "k"),
        );
        for arguments in [
            &["--threads", "4"][..],
            &["--threads", "1", "--batch-rows", "777"],
        ] {
            assert_eq!(csv(&from, "", arguments), expected, "{kind} {arguments:?}");
        }
        let slice = |slice| csv(&from, "", &["--slice", slice]);
        let slices = ["1/3", "2/3", "3/3"].map(slice);
        let rows = slices.iter().map(|csv| csv.strip_prefix("k,v\n").unwrap());
        assert_eq!(
            format!("k,v\n{}", rows.collect::<String>()),
            expected,
            "{kind}"
        );
    }
}

#[test]
fn views_and_queries_are_read_by_a_key() {
    let name = fresh("viewed");
    sql(&format!(
        "CREATE TABLE {name} (k int PRIMARY KEY, v text); INSERT INTO {name} SELECT i * 3, 'v' || i FROM generate_series(1, 30000) i; CREATE VIEW {name}_v AS SELECT * FROM {name} WHERE k % 2 = 0; \
         CREATE TABLE {name}_p (k int PRIMARY KEY, v text) PARTITION BY RANGE (k); CREATE TABLE {name}_p1 PARTITION OF {name}_p FOR VALUES FROM (0) TO (50000); CREATE TABLE {name}_p2 PARTITION OF {name}_p FOR VALUES FROM (50000) TO (100000); INSERT INTO {name}_p SELECT * FROM {name}"
    ));
    let of_view = csv(&format!("table: {name}_v, key: k"), "", &[]);
    assert_eq!(of_view, expected(&format!("{name}_v"), "k"));
    let of_parts = csv(&format!("table: {name}_p"), "", &[]);
    assert_eq!(of_parts, expected(name.as_str(), "k"));
    let query = format!("query: \"select k, v from {name} where k % 2 = 0; -- even\", key: k");
    assert_eq!(
        csv(&query.replace("; -- even", " -- even"), "", &[]),
        of_view
    );
    assert_eq!(csv(&query.replace(" -- even", ""), "", &[]), of_view);
}

#[test]
fn without_a_key_every_row_comes_once_in_the_same_order() {
    let name = fresh("keyless");
    sql(&format!(
        "CREATE TABLE {name} (k int, v text); INSERT INTO {name} SELECT i, md5(i::text) FROM generate_series(1, 70000) i ORDER BY md5(i::text)"
    ));
    let stored = sql(&format!(
        "SELECT string_agg(k || ',' || v || E'\\n', '' ORDER BY ctid) FROM {name}"
    ));
    let (from, stored) = (format!("table: {name}"), format!("k,v\n{stored}"));
    for arguments in [
        &["--threads", "4", "--batch-rows", "500"][..],
        &["--threads", "1"],
    ] {
        assert_eq!(csv(&from, "", arguments), stored, "{arguments:?}");
    }
    let slice = |slice| {
        csv(
            &from,
            "",
            &["--slice", slice, "--threads", "4", "--batch-rows", "500"],
        )
    };
    let [first, second] = ["1/2", "2/2"].map(slice);
    assert_eq!(first + second.strip_prefix("k,v\n").unwrap(), stored);
}

#[test]
fn an_ordered_query_keeps_its_order_and_sinks_their_paces() {
    let folder = tempfile::tempdir().unwrap();
    let query = "query: \"select i from generate_series(1, 20000) i order by md5(i::text)\"";
    let sinks = "  - file: { table: t, path: a.csv }\n  - file: { table: t, path: b.csv, rate: 40_000/s }\n";
    ends_well(
        folder.path(),
        &read(query, "", sinks),
        &["--threads", "3", "--batch-rows", "512"],
    );
    let of = |name| std::fs::read_to_string(folder.path().join(name)).unwrap();
    let order =
        "SELECT string_agg(i || E'\\n', '' ORDER BY md5(i::text)) FROM generate_series(1, 20000) i";
    assert_eq!(of("a.csv"), format!("i\n{}", sql(order)));
    assert_eq!(of("a.csv"), of("b.csv"));
}

#[test]
fn other_commands_read_it() {
    let name = fresh("shown");
    sql(&format!(
        "CREATE TABLE {name} (k int PRIMARY KEY, v text NOT NULL); INSERT INTO {name} SELECT i, 'v' || i FROM generate_series(1, 40000) i"
    ));
    let folder = tempfile::tempdir().unwrap();
    let from = format!("table: {name}");
    let yaml = read(&from, "", "  - file: { table: t, path: out.csv }\n");
    std::fs::write(folder.path().join("p.yaml"), yaml).unwrap();
    let said = |arguments: &[&str]| {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_rowgen"));
        command.current_dir(folder.path()).args(arguments);
        command.env("DB_URL", environment("POSTGRES_URL"));
        let output = command.output().unwrap();
        let words = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{arguments:?}: {words}");
        String::from_utf8(output.stdout).unwrap()
    };
    said(&["check", "p.yaml", "--connect"]);
    let address = environment("POSTGRES_ADDRESS");
    let plan = said(&["plan", "p.yaml"]);
    let line = format!("from postgres table {name} in {address}/rowgen, by `k`, columns k, v");
    assert!(plan.contains(&line), "{plan}");
    let shown = said(&["preview", "p.yaml", "-n", "1", "--row", "33333"]);
    assert!(shown.contains("| 33334 | v33334 |"), "{shown}");
    said(&["bench", "p.yaml"]);
}

#[test]
fn a_table_of_no_rows_and_one_of_long_ones_are_read() {
    let name = fresh("edges");
    sql(&format!(
        "CREATE TABLE {name} (k int PRIMARY KEY, v text); CREATE TABLE {name}_none (k int)"
    ));
    assert_eq!(csv(&format!("table: {name}"), "", &[]), "k,v\n");
    assert_eq!(csv(&format!("table: {name}_none"), "", &[]), "k\n");
    // Longer than any buffer on the way.
    sql(&format!(
        "INSERT INTO {name} SELECT i, repeat(chr(96 + i), 3000000) FROM generate_series(1, 9) i"
    ));
    let rows = (1..=9_u8).map(|key| {
        format!(
            "{key},{}\n",
            char::from(96 + key).to_string().repeat(3_000_000)
        )
    });
    assert!(
        csv(&format!("table: {name}"), "", &[]) == format!("k,v\n{}", rows.collect::<String>())
    );
}

#[test]
fn columns_beside_those_that_are_read_are_made() {
    let name = fresh("beside");
    succeeds(
        &format!(
            "version: 1\nname: w\nseed: 7\ntables:\n  t:\n    rows: 100\n    columns:\n      id: sequence\n      price: {{ constant: \"1.50\", type: \"decimal(6,2)\" }}\nsinks:\n  - postgres: {{ table: t, url: \"${{env:DB_URL}}\", into: {name}, key: [id] }}\n"
        ),
        &[],
    );
    let more = "    columns:\n      price: { expr: \"price * 2\", type: \"decimal(6,2)\" }\n      day: { constant: 2026-01-01, type: date }\n";
    let found = csv(&format!("table: public.{name}"), more, &["--rows", "2"]);
    assert_eq!(
        found,
        "id,price,day\n1,3.00,2026-01-01\n2,3.00,2026-01-01\n"
    );
}
