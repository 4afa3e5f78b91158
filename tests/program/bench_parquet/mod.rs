//! `rowgen bench parquet`: what it says is smallest, what it measures, and that nothing stays.

mod refused;

use serde_json::Value;

use crate::support::{Ended, Folder, project};

/// Two tables: of one kind of value each, and with what no statistics are of.
const YAML: &str = "
version: 1
tables:
  t:
    rows: 50_000
    columns:
      id: { permute: { start: 1, count: 50_000 } }
      name: { pattern: \"[a-z]{8}\" }
      city: { choice: [Roma, Paris, Berlin] }
      tags: { list: { length: { uniform: { min: 0, max: 3 } }, of: { choice: [a, b] } } }
      place: { struct: { x: { uniform: { min: 1, max: 9 } }, y: { uniform: { min: 1.5, max: 9.5 } } } }
      maybe: { uniform: { min: 1, max: 1_000_000 }, nulls: 0.5 }
  times:
    rows: 10
    columns: { at: { type: time, uniform: { min: \"08:00\", max: \"09:00\" } } }
sinks:
  - file: { table: t, path: out/t.csv }
";

fn bench(folder: &Folder, arguments: &[&str]) -> Ended {
    folder.run(&[&["bench", "parquet", "p.yaml"], arguments].concat())
}

fn json(ended: &Ended) -> Value {
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    serde_json::from_str(&ended.stdout).unwrap()
}

#[test]
fn the_right_encoding_is_named_for_each_column() {
    let folder = Folder::new();
    let pipeline = project().join("pipelines/encodings.yaml");
    std::fs::copy(pipeline, folder.path("p.yaml")).unwrap();
    let of = |threads| {
        let sweep = ["--encoding", "all", "--compression", "none,zstd"];
        let rest = [
            "--compatibility",
            "latest",
            "--rounds",
            "0",
            "--json",
            "--threads",
            threads,
        ];
        json(&bench(&folder, &[&sweep[..], &rest].concat()))
    };
    let (one, two) = (of("1"), of("2"));
    let columns = one["columns"].as_array().unwrap().iter();
    let named: Vec<(&str, &str)> = columns
        .map(|column| {
            (
                column["column"].as_str().unwrap(),
                column["encoding"].as_str().unwrap(),
            )
        })
        .collect();
    let known = [
        ("constant", "dictionary"),
        ("sorted", "delta_binary_packed"),
        ("few", "dictionary"),
        ("random", "plain"),
        ("runs", "dictionary"),
        ("times", "delta_binary_packed"),
        ("prefixes", "delta_byte_array"),
        ("floats", "byte_stream_split"),
        ("mostly_null", "delta_binary_packed"),
        ("unique_text", "delta_length_byte_array"),
    ];
    assert_eq!(named, known);
    // Sizes are of the plan, not of the run.
    assert_eq!(
        (&one["cells"], &one["columns"]),
        (&two["cells"], &two["columns"])
    );
    assert_eq!(one["cells"].as_array().unwrap().len(), 14);
}

#[test]
fn what_is_said_of_a_column_makes_it_as_small_as_said() {
    let folder = Folder::new();
    folder.write("p.yaml", YAML);
    let sweep = [
        "--encoding",
        "all",
        "--compression",
        "snappy,zstd(3)",
        "--rounds",
        "0",
        "--json",
    ];
    let swept = json(&bench(&folder, &sweep));
    let told = bench(&folder, &sweep[..6]);
    let (_, options) = told
        .stdout
        .split_once("As options of the format\n")
        .unwrap();
    let best: u64 = swept["columns"]
        .as_array()
        .unwrap()
        .iter()
        .map(|column| column["bytes"].as_u64().unwrap())
        .sum();
    let own = format!(
        "{}\n",
        options
            .trim_end()
            .replace("\n", "\n        ")
            .replace("  columns:", "columns:")
    );
    let sink = format!(
        "  - file:\n      table: t\n      path: t.parquet\n      format:\n       parquet:\n        {own}"
    );
    folder.write(
        "p.yaml",
        &YAML.replace("  - file: { table: t, path: out/t.csv }\n", &sink),
    );
    let alone = json(&bench(
        &folder,
        &["--page-rows", "20_000", "--rounds", "0", "--json"],
    ));
    let sizes = alone["cells"][0]["columns"].as_array().unwrap().iter();
    let flat = |column: &&Value| !column["name"].as_str().unwrap().contains('.');
    let found: u64 = sizes
        .filter(flat)
        .map(|column| column["bytes"].as_u64().unwrap())
        .sum();
    let nested = swept["columns"].as_array().unwrap().iter();
    let nested = nested.filter(|column| column["column"].as_str().unwrap().contains('.'));
    let nested: u64 = nested.map(|column| column["bytes"].as_u64().unwrap()).sum();
    assert_eq!(found, best - nested, "{own}");
}

#[test]
fn every_cell_is_written_read_and_removed() {
    let folder = Folder::new();
    folder.write("p.yaml", YAML);
    let sweep = [
        "--row-group-rows",
        "10_000",
        "--order-by",
        "id",
        "--bloom-filter",
        "id",
        "--target-file-size",
        "none,256KiB",
        "--compression",
        "zstd:1",
        "--rounds",
        "2",
        "--readers",
        "parquet",
        "--html",
        "page.html",
        "--json",
    ];
    let found = json(&bench(&folder, &sweep));
    assert_eq!(found["notes"], Value::Array(Vec::new()));
    assert_eq!(
        found["same"].to_string(),
        r#"{"compression":"zstd(1)","row_group_rows":"10_000"}"#
    );
    let cells = found["cells"].as_array().unwrap();
    assert_eq!(cells.len(), 8);
    for cell in cells {
        let sorted = cell["settings"]["order_by"] == "sorted by id";
        let filtered = cell["settings"]["bloom_filter"] == "Bloom filter of id";
        let small = cell["settings"]["target_file_size"] == "files of 256KiB";
        assert!(cell["row_groups"].as_u64().unwrap() >= 5, "{cell}");
        assert_eq!(cell["files"].as_u64().unwrap() > 1, small, "{cell}");
        assert_eq!(cell["write"]["seconds"].as_array().unwrap().len(), 2);
        assert_eq!(cell["read"].as_array().unwrap().len(), 4);
        let groups = cell["row_groups"].as_u64().unwrap();
        let skipped = |ask: &str| cell["skipped"][ask].as_u64().unwrap();
        // A row group or two have the middle of what is sorted; of what is mixed each has some.
        assert_eq!(skipped("predicate") >= groups - 2, sorted, "{cell}");
        // One row group has the value; of four others a filter of one in twenty is wrong now and then.
        assert_eq!(
            skipped("lookup") >= groups - 2,
            sorted || filtered,
            "{cell}"
        );
    }
    assert_eq!(folder.names(""), ["p.yaml", "page.html"]);
    let page = folder.read("page.html");
    assert!(
        page.starts_with("<!doctype html>") && page.ends_with("</html>\n"),
        "{page}"
    );
    assert!(
        !page.contains("http")
            && page.contains("files of 256KiB, Bloom filter of id, sorted by id"),
        "{page}"
    );
    assert_eq!(page.matches("<svg").count(), page.matches("</svg>").count());
}

#[test]
fn a_table_has_any_rows_and_columns() {
    let folder = Folder::new();
    let many = |n: usize| format!("c{n}: {{ uniform: {{ min: 0, max: {n} }} }}");
    let columns: Vec<String> = (1..=300).map(many).collect();
    let tables = [
        ("sequence", "rows: 1", "{ id: sequence }".to_string()),
        (
            "wide",
            "rows: 3_000",
            format!("{{ {} }}", columns.join(", ")),
        ),
        (
            "null",
            "rows: 100",
            "{ n: { constant: 1, nulls: 1 } }".to_string(),
        ),
        (
            "lists",
            "rows: 100",
            "{ l: { list: { length: 2, of: { bool: {} } } } }".to_string(),
        ),
        ("endless", "rows: 0", "{ id: sequence }".to_string()),
        (
            "floats",
            "rows: 1_000",
            "{ f: { normal: { mean: 0, stddev: 1 } }, b: { bool: {} } }".to_string(),
        ),
    ];
    let tables = tables
        .map(|(name, rows, columns)| format!("  {name}:\n    {rows}\n    columns: {columns}\n"));
    folder.write(
        "p.yaml",
        &format!("version: 1\ntables:\n{}", tables.concat()),
    );
    for table in ["sequence", "wide", "null", "lists", "endless", "floats"] {
        let sweep = [
            "--encoding",
            "all",
            "--rounds",
            "1",
            "--readers",
            "parquet",
            "--memory",
            "2MiB",
            "--json",
        ];
        let found = json(&bench(&folder, &[&["--table", table], &sweep[..]].concat()));
        assert_eq!(found["notes"], Value::Array(Vec::new()), "{table}");
        assert_eq!(found["cells"].as_array().unwrap().len(), 6, "{table}");
        assert!(found["rows"].as_u64().unwrap() > 0, "{table}");
    }
    // No rows at all: a slice of one row has shares without any.
    let none = json(&bench(
        &folder,
        &[
            "--table",
            "sequence",
            "--slice",
            "1/2",
            "--rounds",
            "1",
            "--readers",
            "parquet",
            "--json",
        ],
    ));
    assert_eq!(
        (
            none["rows"].as_u64(),
            none["questions"].as_array().map(Vec::len)
        ),
        (Some(0), Some(2))
    );
    assert_eq!(folder.names(""), ["p.yaml"]);
}

#[test]
fn dictionaries_are_bounded() {
    let folder = Folder::new();
    folder.write("p.yaml", YAML);
    let limits = ["--dictionary-limit", "8B,1MiB", "--rounds", "0", "--json"];
    let found = json(&bench(&folder, &limits));
    let city = |cell: usize| {
        let columns = found["cells"][cell]["columns"].as_array().unwrap();
        let mut named = columns.iter().filter(|column| column["name"] == "city");
        named.next().unwrap()["encoding"].clone()
    };
    assert_eq!(city(1), "dictionary");
    assert_eq!(city(0), "dictionary, then plain");
}

#[test]
fn rows_that_find_no_room_are_left_out() {
    let folder = Folder::new();
    folder.write("p.yaml", YAML);
    let ended = bench(
        &folder,
        &["--memory", "1MiB", "--order-by", "id,name", "--rounds", "0"],
    );
    let first = ended.stdout.lines().next().unwrap();
    assert_eq!(
        first.split(", ").next(),
        Some("t: 16 384 rows of 50 000"),
        "{}{}",
        ended.stdout,
        ended.stderr
    );
}

/// A cell ends its files where a sink does.
#[test]
fn files_of_a_size_are_those_of_a_sink() {
    let folder = Folder::new();
    let yaml = "version: 1\nseed: s\ntables:\n  t: { rows: 60_000, columns: { id: sequence, text: { pattern: '[a-z]{40}' } } }\nsinks:\n  - file: { path: out/, format: { parquet: { row_group_rows: 5_000 } }, target_file_size: 500KiB }\n";
    folder.make(yaml, &[]);
    let names = folder.names("out").into_iter();
    let sizes = names.filter(|name| name.ends_with(".parquet"));
    let sizes: Vec<usize> = sizes
        .map(|name| folder.bytes(&format!("out/{name}")).len())
        .collect();
    assert!(sizes.len() > 4, "{sizes:?}");
    let found = json(&bench(
        &folder,
        &["--rounds", "0", "--json", "--compression", "auto"],
    ));
    let cell = &found["cells"][0];
    assert_eq!(cell["files"], sizes.len(), "{cell}");
    let bytes = cell["bytes"].as_u64().unwrap() as f64;
    let whole = sizes.iter().sum::<usize>() as f64;
    assert!((bytes / whole - 1.0).abs() < 0.01, "{bytes} of {whole}");
}
