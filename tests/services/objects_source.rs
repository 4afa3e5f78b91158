//! Objects as sources and references: one, folders, patterns, partitions; what does not belong together.

use crate::objects::{Lake, table};

/// A pipeline that reads `from` and writes a CSV file beside it.
fn reads(from: &str) -> String {
    format!(
        "version: 1\ntables:\n  t: {{ from: {from} }}\nsinks:\n  - file: {{ path: back.csv, if_exists: replace }}\n"
    )
}

fn back(lake: &Lake) -> String {
    std::fs::read_to_string(lake.folder.path().join("back.csv")).unwrap()
}

/// The lines behind the header, sorted.
fn sorted(text: &str) -> Vec<&str> {
    let mut lines: Vec<&str> = text.lines().skip(1).collect();
    lines.sort_unstable();
    lines
}

#[test]
fn what_was_written_is_read_back() {
    for (format, source) in [
        ("parquet", "parquet"),
        ("csv", "csv"),
        ("{ json: { layout: lines } }", "json"),
        ("avro", "avro"),
    ] {
        let lake = Lake::new("back");
        let yaml = table(30_000, &format!("path: PATH, format: {format}, files: 3"));
        lake.succeeds(&yaml, &[]);
        let wanted = yaml.replace("path: PATH, format", "path: w.csv, format: csv }\n# ");
        lake.succeeds(&wanted, &[]);
        let wanted = std::fs::read_to_string(lake.folder.path().join("w.csv")).unwrap();
        for path in ["PATH", "PATH/", "PATH/*", "PATH/part-0000[0-2].*"] {
            lake.succeeds(
                &reads(&format!("{{ {source}: {{ path: \"{path}\" }} }}")),
                &[],
            );
            // Texts do not say which types they have: what digits mean is inferred.
            let typed = matches!(source, "parquet" | "avro");
            let (back, wanted) = (back(&lake), sorted(&wanted));
            assert_eq!(sorted(&back).len(), wanted.len(), "{format} {path}");
            assert!(!typed || sorted(&back) == wanted, "{format} {path}");
        }
        let output = lake.command("verify", &yaml, &[]).output().unwrap();
        assert!(output.status.success(), "{output:?}");
    }
}

#[test]
fn partitions_come_back_as_columns() {
    let lake = Lake::new("hive");
    let yaml = table(
        3_000,
        "path: PATH, format: parquet, partition_by: [day, kind]",
    );
    lake.succeeds(&yaml, &[]);
    let output = lake.command("verify", &yaml, &[]).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    lake.succeeds(&reads("{ parquet: { path: PATH/ } }"), &[]);
    let text = back(&lake);
    assert_eq!(text.lines().next(), Some("id,amount,note,day,kind"));
    assert_eq!(text.lines().count(), 3_001);
    for kind in ["a", "b/c", "50%"] {
        assert!(
            text.lines()
                .any(|line| line.ends_with(&format!("2026-01-02,{kind}")))
        );
    }
    lake.succeeds(
        &reads("{ parquet: { path: \"PATH/day=2026-01-03/*/*.parquet\" } }"),
        &[],
    );
    assert!(back(&lake).starts_with("id,amount,note,kind\n"));
}

/// Nulls and whatever a folder's name cannot hold come back as they were.
#[test]
fn folders_with_nulls_and_escaped_values_are_read_back() {
    let lake = Lake::new("odd_names");
    let values = "[\"a b\", \"50%\", \"x=y\", \"q?#\", \"è/ü\", \"'c'\"]";
    let rows = |sink: &str| {
        format!(
            "version: 1\ntables:\n  t:\n    rows: 3000\n    columns:\n      id: sequence\n      place: {{ choice: {values}, nulls: 0.2 }}\nsinks:\n  - file: {{ {sink} }}\n"
        )
    };
    let yaml = rows("path: PATH, format: parquet, partition_by: place");
    lake.succeeds(&yaml, &[]);
    assert_eq!(lake.visible().len(), 7, "{:?}", lake.visible());
    let output = lake.command("verify", &yaml, &[]).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    lake.succeeds(&reads("{ parquet: { path: PATH/ } }"), &[]);
    let from_objects = back(&lake);
    lake.succeeds(&rows("path: back.csv, if_exists: replace"), &[]);
    assert_eq!(sorted(&from_objects), sorted(&back(&lake)));
}

#[test]
fn a_broken_object_among_others_is_named() {
    let lake = Lake::new("broken");
    lake.succeeds(&table(300, "path: PATH, format: parquet, files: 3"), &[]);
    lake.put("part-00001.parquet", "PAR1 and nothing else PAR1");
    let (code, words) = lake.refusal(&reads("{ parquet: { path: \"PATH/*.parquet\" } }"), &[]);
    assert_eq!(code, Some(1), "{words}");
    assert!(
        words.contains("`s3://rowgen/PREFIX/part-00001.parquet`"),
        "{words}"
    );
    let skips = reads("{ parquet: { path: \"PATH/*.parquet\", on_bad_file: skip } }");
    let output = lake.command("run", &skips, &[]).output().unwrap();
    assert_eq!(output.status.code(), Some(3), "{output:?}");
    assert_eq!(back(&lake).lines().count(), 201);
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(told.contains("part-00001.parquet` is left out: "), "{told}");
}

#[test]
fn a_thousand_objects_are_one_table_and_a_reference() {
    let lake = Lake::new("many");
    lake.succeeds(&table(2_000, "path: PATH, format: csv, files: 1000"), &[]);
    lake.succeeds(&reads("{ csv: { path: \"PATH/*.csv\" } }"), &[]);
    assert_eq!(back(&lake).lines().count(), 2_001);
    let yaml = "version: 1
reference:
  r: { path: \"PATH/part-00007.csv\" }
tables:
  t: { rows: 4, columns: { id: sequence, of: { reference: { from: r, field: note } } } }
sinks:
  - file: { path: back.csv, if_exists: replace }
";
    lake.succeeds(yaml, &[]);
    assert!(back(&lake).contains("of many"), "{}", back(&lake));
}

#[test]
fn what_does_not_belong_together_is_told() {
    let lake = Lake::new("odd");
    lake.succeeds(&table(10, "path: PATH/a.csv"), &[]);
    let other = table(10, "path: PATH/b.csv").replace("      kind:", "      sort:");
    lake.succeeds(&other, &[]);
    let (code, words) = lake.refusal(&reads("{ csv: { path: PATH } }"), &[]);
    assert_eq!(code, Some(1), "{words}");
    assert!(words.contains("s3://rowgen/PREFIX/b.csv"), "{words}");
    let (code, words) = lake.refusal(&reads("{ csv: { path: \"PATH/x*.csv\" } }"), &[]);
    assert_eq!(
        (code, &*words),
        (
            Some(1),
            "error: `s3://rowgen/PREFIX/x*.csv` has no file to read
 --> p.yaml:3:29
  hint: a pattern matches the names of files, and none that begins with `.` or `_`"
        )
    );
}

#[test]
fn a_table_of_delta_lake_is_not_read_as_objects() {
    let lake = Lake::new("delta_log");
    lake.put("t/_delta_log/00000000000000000000.json", "{}");
    lake.put("t/day=1/a.csv", "id\n1\n");
    for path in [
        "PATH/t",
        "PATH/t/day=1",
        "\"PATH/*/*/*.csv\"",
        "\"PATH/t/day=1/*\"",
    ] {
        let (code, words) = lake.refusal(&reads(&format!("{{ csv: {{ path: {path} }} }}")), &[]);
        assert_eq!(code, Some(1), "{path}: {words}");
        let what = "error: `s3://rowgen/PREFIX/t` is a table of Delta Lake\n";
        assert!(words.starts_with(what), "{path}: {words}");
    }
    lake.succeeds(&reads("{ csv: { path: PATH/t/day=1/a.csv } }"), &[]);
    assert_eq!(back(&lake), "id\n1\n");
}
