//! Sources of several files: folders, partitions, patterns; and of compressed ones.

use super::packed_files::{gzip, put, read, rows, run, sorted, zstd};
use super::support::{Ended, Folder};

#[test]
fn a_folder_is_its_files_in_the_order_of_their_numbers() {
    let folder = Folder::new();
    for part in [10, 9, 1, 100] {
        folder.write(&format!("in/part-{part}.csv"), &format!("id\n{part}\n"));
    }
    for hidden in [
        "in/.part-2.csv.crc",
        "in/_SUCCESS",
        "in/_rowgen/manifest.jsonl",
        "in/.x/y.csv",
    ] {
        folder.write(hidden, "no rows");
    }
    let expected = "{\"id\":1}\n{\"id\":9}\n{\"id\":10}\n{\"id\":100}\n";
    for path in [
        "in",
        "in/",
        "./in/.",
        "in/*",
        "in/*.csv",
        "**/part-*.csv",
        "in/part-[0-9]*.csv",
    ] {
        assert_eq!(
            rows(&folder, &format!("csv: {{ path: '{path}' }}"), "{}", &[]),
            expected,
            "{path}"
        );
    }
    assert_eq!(
        rows(&folder, "csv: { path: in/part-?.csv }", "{}", &[]),
        "{\"id\":1}\n{\"id\":9}\n"
    );
    let name = "a[1]*.csv";
    folder.write(name, "id\n7\n");
    assert_eq!(
        rows(&folder, &format!("csv: {{ path: '{name}' }}"), "{}", &[]),
        "{\"id\":7}\n"
    );
}

#[test]
fn slices_batches_and_row_counts_go_across_files() {
    let folder = Folder::new();
    let mut all = String::new();
    for part in 0..7 {
        let lines: String = (0..part * 113)
            .map(|row| format!("{}\n", part * 1000 + row))
            .collect();
        folder.write(&format!("in/{part}.csv"), &format!("id\n{lines}"));
        all += &lines
            .lines()
            .map(|id| format!("{{\"id\":{id}}}\n"))
            .collect::<String>();
    }
    let from = "csv: { path: in }";
    for arguments in [
        &["--threads=1"][..],
        &["--batch-rows=100", "--threads=3"],
        &["--batch-rows=7"],
    ] {
        assert!(rows(&folder, from, "{}", arguments) == all, "{arguments:?}");
    }
    let first: String = all.split_inclusive('\n').take(500).collect();
    assert!(rows(&folder, from, "{}", &["--rows=500"]) == first);
    let mut slices = String::new();
    for slice in 1..=3 {
        run(
            &folder,
            from,
            "{}",
            &[&format!("--slice={slice}/3"), "--batch-rows=50"],
        );
        slices += &folder.read(&format!("again-0000{slice}-of-00003.jsonl"));
    }
    assert!(slices == all);
}

#[test]
fn types_are_inferred_of_all_files_together() {
    let folder = Folder::new();
    folder.write(
        "in/1.csv",
        "id,n,note,at\n1,,x,2026-01-31\n2,,y,2026-02-01\n",
    );
    folder.write("in/2.csv", "note,id,n,at\n,3,2.5,2026-02-01T10:00:00\n");
    folder.write("in/3.csv", "id,n,note,at\n4,7,,\n");
    let expected = "{\"id\":1,\"n\":null,\"note\":\"x\",\"at\":\"2026-01-31T00:00:00.000000\"}\n{\"id\":2,\"n\":null,\"note\":\"y\",\"at\":\"2026-02-01T00:00:00.000000\"}\n{\"id\":3,\"n\":2.5,\"note\":null,\"at\":\"2026-02-01T10:00:00.000000\"}\n{\"id\":4,\"n\":7.0,\"note\":null,\"at\":null}\n";
    assert_eq!(rows(&folder, "csv: { path: in }", "{}", &[]), expected);
    folder.write("js/1.jsonl", "{\"id\":1,\"n\":null}\n");
    folder.write("js/2.jsonl", "");
    folder.write("js/3.jsonl", "{\"id\":2,\"n\":5,\"more\":{\"a\":null}}\n");
    folder.write(
        "js/4.jsonl",
        "{\"id\":3,\"n\":2.5,\"more\":{\"a\":[1],\"b\":true}}\n",
    );
    folder.write("of/1.jsonl", "{\"v\":1}\n");
    folder.write("of/2.jsonl", "{\"v\":\"n/a\"}\n{\"v\":12.50}\n");
    assert_eq!(
        rows(&folder, "json: { path: of }", "{}", &[]),
        "{\"v\":\"1\"}\n{\"v\":\"n/a\"}\n{\"v\":\"12.50\"}\n"
    );
    let again = rows(&folder, "json: { path: js }", "{}", &[]);
    let expected = "{\"id\":1,\"n\":null,\"more\":null}\n{\"id\":2,\"n\":5.0,\"more\":{\"a\":null,\"b\":null}}\n{\"id\":3,\"n\":2.5,\"more\":{\"a\":[1],\"b\":true}}\n";
    assert_eq!(again, expected);
}

/// Five days with a null among them, and two kinds.
const PARTED: &str = r#"
version: 1
seed: parts
tables:
  t:
    rows: 500
    columns:
      id: { sequence: { start: 1 } }
      day: { type: date, uniform: { min: 2026-01-01, max: 2026-01-04 }, nulls: 0.1 }
      kind: { choice: ["a/b", "50% x=y", "é"] }
      price: { type: "decimal(10,2)", uniform: { min: 0, max: 99.99 } }
      big: { type: int32, choice: [7, 10, 9] }
sinks:
  - file: { path: made.jsonl, columns: [id, price, day, kind, big], if_exists: replace }
  - file: { path: p, format: parquet, partition_by: [day, kind, big], if_exists: replace }
  - file: { path: c, format: { csv: { compression: gzip } }, partition_by: [day, kind, big], if_exists: replace }
  - file: { path: a, format: avro, partition_by: [day, kind, big], if_exists: replace }
  - file: { path: j, format: { json: { layout: lines } }, partition_by: [day, kind, big], if_exists: replace }
"#;

#[test]
fn partition_columns_come_back_with_their_types() {
    let folder = Folder::new();
    folder.make(PARTED, &[]);
    let made = sorted(&folder.read("made.jsonl"));
    let typed = "{ id: int64, price: \"decimal(10,2)\", day: date, kind: utf8, big: int32 }";
    for (from, types) in [
        ("parquet: { path: p }", "{}"),
        ("avro: { path: a }", "{}"),
        ("csv: { path: c }", typed),
        ("json: { path: j }", typed),
        ("parquet: { path: 'p/**/*.parquet' }", "{}"),
        ("parquet: { path: 'p/day=*/*/*/*' }", "{}"),
    ] {
        assert!(
            sorted(&rows(&folder, from, types, &["--batch-rows=64"])) == made,
            "{from}"
        );
    }
    folder.write("p.yaml", &read("parquet: { path: p }", "{}"));
    let plan = folder.run(&["plan", "p.yaml"]).stdout;
    let columns: Vec<&str> = plan
        .lines()
        .filter(|line| line.starts_with("    "))
        .take(5)
        .collect();
    let columns = columns.join("\n");
    for (name, shown) in [("day", "date"), ("kind", "utf8"), ("big", "int64")] {
        assert!(
            columns
                .lines()
                .any(|line| line.contains(name) && line.contains(shown)),
            "{plan}"
        );
    }
    assert!(plan.contains("from parquet p, "), "{plan}");
    let declared = rows(
        &folder,
        "parquet: { path: p }",
        "{ day: utf8, big: float64 }",
        &[],
    );
    assert!(
        declared.contains("\"day\":\"2026-01-02\"") && declared.contains("\"big\":10.0"),
        "{}",
        &declared[..200]
    );
    // Of one partition the folder that is named is no column.
    let one = rows(
        &folder,
        "parquet: { path: 'p/day=2026-01-02/kind=é' }",
        "{}",
        &[],
    );
    assert!(
        one.starts_with("{\"id\":") && !one.contains("day") && one.contains("\"big\":7"),
        "{one}"
    );
}

#[test]
fn files_that_do_not_belong_together_are_refused_before_the_first_row() {
    let folder = Folder::new();
    let made = "version: 1
tables:
  a: { rows: 9, columns: { id: sequence, n: { type: int32, constant: 1 } } }
  b: { rows: 9, columns: { id: sequence, n: { constant: x } } }
  c: { rows: 9, columns: { id: sequence, m: { constant: 1 } } }
  d: { rows: 9, columns: { id: sequence, n: { type: int64, constant: 1 } } }
sinks:
  - file: { tables: [a, b], path: 'types/{table}.parquet' }
  - file: { tables: [a, c], path: 'names/{table}.parquet' }
  - file: { tables: [a, d], path: 'widths/{table}.avro' }
  - file: { table: a, path: kinds/a.avro }
  - file: { table: a, path: kinds/a.parquet }
  - file: { table: a, path: 'both/id=1/a.parquet' }
";
    folder.make(made, &[]);
    folder.write("lines/1.csv", "id,n\n1,2\n");
    folder.write("lines/2.csv", "id\n1\n");
    folder.write("js/1.jsonl", "{\"id\":1}\n");
    folder.write("js/2.jsonl", "{\"id\":[\"x\"]}\n");
    folder.write("deep/1.csv", "id\n1\n");
    folder.write("deep/more/2.csv", "id\n1\n");
    folder.write("keys/day=1/1.csv", "id\n1\n");
    folder.write("keys/2.csv", "id\n1\n");
    folder.write("values/day=1/1.csv", "id\n1\n");
    folder.write("values/day=x/1.csv", "id\n1\n");
    folder.write("empty/_SUCCESS", "");
    put(&folder, "cut/x.csv.gz", &gzip(&b"id\n1\n".repeat(99))[..25]);
    put(
        &folder,
        "cut/broken.csv.zst",
        &[&zstd(&b"id\n1\n".repeat(99))[..20], b"xxxxxxxxx"].concat(),
    );
    put(
        &folder,
        "cut/behind.csv.gz",
        &[&gzip(b"id\n1\n")[..], b"more"].concat(),
    );
    folder.write("cut/plain.csv.gz", "id\n1\n");
    put(&folder, "cut/x.bz2", b"BZh91AY&SY\0\0\0\0");
    put(&folder, "cut/x.parquet", &gzip(b"PAR1"));
    folder.write("cut/none.csv.gz", "");
    let cases = [
        ("parquet: { path: types }", "{}"),
        ("parquet: { path: 'names/*.parquet' }", "{}"),
        ("avro: { path: widths }", "{}"),
        ("parquet: { path: kinds }", "{}"),
        ("parquet: { path: both }", "{}"),
        ("csv: { path: lines }", "{}"),
        ("json: { path: js }", "{}"),
        ("csv: { path: deep }", "{}"),
        ("csv: { path: keys }", "{}"),
        ("csv: { path: values }", "{ day: int64 }"),
        ("csv: { path: empty }", "{}"),
        ("csv: { path: 'lines/*.tsv' }", "{}"),
        ("csv: { path: 'lines/a**b' }", "{}"),
        ("csv: { path: missing/ }", "{}"),
        ("csv: { path: cut/x.csv.gz }", "{}"),
        ("csv: { path: cut/broken.csv.zst }", "{}"),
        ("csv: { path: cut/behind.csv.gz }", "{}"),
        ("csv: { path: cut/plain.csv.gz }", "{}"),
        ("csv: { path: cut/none.csv.gz }", "{}"),
        ("csv: { path: cut/x.bz2 }", "{}"),
        ("parquet: { path: cut/x.parquet }", "{}"),
    ];
    let said = cases.map(|(from, types)| {
        let said = folder.refuse(&read(from, types));
        format!("{from} {types}\n{said}")
    });
    insta::assert_snapshot!(said.join("\n"));
}

#[test]
fn hints_work_when_they_are_followed() {
    let folder = Folder::new();
    folder.write("deep/1.csv", "id\n1\n");
    folder.write("deep/more/2.csv", "id\n2\n");
    let both = "{\"id\":1}\n{\"id\":2}\n";
    assert_eq!(rows(&folder, "csv: { path: 'deep/**/*' }", "{}", &[]), both);
    folder.write("many/a.jsonl", "");
    put(&folder, "many/a.csv.gz", &gzip(b"id\n1\n"));
    let said = folder.refuse(&read("csv: { path: many/ }", "{}"));
    assert!(said.ends_with("`many/*.csv*`\n"), "{said}");
    assert_eq!(
        rows(&folder, "csv: { path: many/*.csv* }", "{}", &[]),
        "{\"id\":1}\n"
    );
    let made = "version: 1
tables:
  a: { rows: 2, columns: { id: sequence, n: { type: int32, constant: 1 } } }
  b: { rows: 2, columns: { id: sequence, n: { constant: x } } }
sinks:
  - file: { tables: [a, b], path: 'types/{table}.parquet' }
";
    folder.make(made, &[]);
    let again = rows(&folder, "parquet: { path: types }", "{ n: utf8 }", &[]);
    assert_eq!(
        again,
        "{\"id\":1,\"n\":\"1\"}\n{\"id\":2,\"n\":\"1\"}\n{\"id\":1,\"n\":\"x\"}\n{\"id\":2,\"n\":\"x\"}\n"
    );
}

#[test]
fn a_set_of_many_files_needs_few_to_be_open() {
    let folder = Folder::new();
    for part in 0..300 {
        folder.write(&format!("in/{part}.csv"), &format!("id\n{part}\n"));
    }
    folder.write("p.yaml", &read("csv: { path: in }", "{}"));
    let limited = "ulimit -n 64 && exec \"$0\" run p.yaml --quiet --threads 2";
    let output = std::process::Command::new("sh")
        .args(["-c", limited, env!("CARGO_BIN_EXE_rowgen")])
        .current_dir(folder.path(""))
        .output()
        .unwrap();
    let ended = Ended::from(output);
    assert_eq!(ended.code, 0, "{ended:?}");
    let expected: String = (0..300).map(|id| format!("{{\"id\":{id}}}\n")).collect();
    assert_eq!(folder.read("again.jsonl"), expected);
}

#[test]
fn files_that_come_later_are_another_set() {
    let folder = Folder::new();
    folder.write("in/1.csv", "id\n1\n");
    folder.write("p.yaml", &read("csv: { path: in }", "{}"));
    let fingerprint = || {
        folder.planned(&[])["fingerprint"]
            .as_str()
            .unwrap()
            .to_string()
    };
    let before = fingerprint();
    assert_eq!(before, fingerprint());
    folder.write("in/2.csv", "id\n2\n");
    assert_ne!(before, fingerprint());
}

/// Of a table of Delta Lake only the log knows which files are its rows.
#[test]
fn a_table_of_delta_lake_is_not_read_as_files() {
    let folder = Folder::new();
    folder.write("lake/t/_delta_log/00000000000000000000.json", "{}");
    folder.write("lake/t/a.csv", "id\n1\n");
    folder.write("lake/p/_delta_log/00000000000000000000.json", "{}");
    folder.write("lake/p/day=1/a.csv", "id\n1\n");
    folder.write("plain/a.csv", "id\n1\n");
    let paths = [
        "lake/t",
        "'lake/t/*.csv'",
        "lake/p/day=1",
        "'lake/**/*.csv'",
    ];
    let said = paths.map(|path| folder.refuse(&read(&format!("csv: {{ path: {path} }}"), "{}")));
    insta::assert_snapshot!(said.join("\n"));
    for path in ["lake/t/a.csv", "plain", "'plain/*'"] {
        let from = format!("csv: {{ path: {path} }}");
        assert_eq!(rows(&folder, &from, "{}", &[]), "{\"id\":1}\n", "{path}");
    }
    // Whoever reads back what a sink has written knows which files these are.
    folder.make("version: 1\ntables: { t: { rows: 9, columns: { id: sequence } } }\nsinks:\n  - file: { path: made/, format: csv }\n", &[]);
    folder.write("made/_delta_log/00000000000000000000.json", "{}");
    let ended = folder.run(&["verify", "p.yaml"]);
    assert_eq!(ended.code, 0, "{ended:?}");
}

/// Whatever a folder's name cannot hold, or could be taken for something else, comes back as it was.
#[test]
fn folders_with_nulls_and_escaped_values_are_read_back() {
    let folder = Folder::new();
    let odd = r##"["a b", "50%", "%20", "x=y", "q?#", "è/ü", "'c'", "\"d\"", "e\\f", "g\nh", ".i", "_j", "..", "k*[l]", "null", "007", " m ", "n:o|p", "~", "*"]"##;
    let yaml = format!(
        "version: 1\nseed: odd\ntables:\n  t:\n    rows: 2000\n    columns:\n      id: sequence\n      place: {{ choice: {odd}, nulls: 0.1 }}\n      'a=b/c': {{ choice: [1, 2] }}\nsinks:\n  - file: {{ path: made.jsonl, columns: [id, place, 'a=b/c'] }}\n  - file: {{ path: p/, format: parquet, partition_by: [place, 'a=b/c'] }}\n  - file: {{ path: c/, format: csv, partition_by: [place, 'a=b/c'] }}\n  - file: {{ path: j/, format: {{ json: {{ layout: lines }} }}, partition_by: [place, 'a=b/c'] }}\n  - file: {{ path: a/, format: avro, partition_by: [place, 'a=b/c'] }}\n"
    );
    folder.make(&yaml, &[]);
    folder.write("made.yaml", &yaml);
    let ended = folder.run(&["verify", "made.yaml"]);
    assert_eq!(ended.code, 0, "{ended:?}");
    let made = sorted(&folder.read("made.jsonl"));
    for (kind, path) in [("parquet", "p"), ("csv", "c"), ("json", "j"), ("avro", "a")] {
        for path in [path.to_string(), format!("'{path}/**/*'")] {
            let from = format!("{kind}: {{ path: {path} }}");
            let typed = "{ place: utf8, 'a=b/c': int64 }";
            let typed = if kind == "json" {
                "{ id: int64, place: utf8, 'a=b/c': int64 }"
            } else {
                typed
            };
            let back = sorted(&rows(&folder, &from, typed, &[]));
            let differs = back.iter().zip(&made).find(|(back, made)| back != made);
            assert!(back == made, "{from}: {} rows, {differs:?}", back.len());
        }
    }
}
