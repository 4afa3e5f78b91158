//! `map`: columns whose keys are data, in every format that holds them, the same in any batches and slices; and in
//! words why another does not.

use serde_json::Value;

use super::support::Folder;

const TABLE: &str = "version: 1
name: m
tables:
  t:
    rows: 3_000
    columns:
      id: sequence
      labels: { map: { length: { uniform: { min: 0, max: 4 } }, keys: { choice: [team, region, tier] }, values: { expr: \"key || '-' || id\" } }, nulls: 0.1 }
      counts: { map: { length: 2, keys: { template: \"k{item}\" }, values: { type: int32, uniform: { min: 1, max: 9 }, nulls: 0.2 } } }
      nested: { map: { length: 1, keys: { choice: [a, b] }, values: { list: { length: 2, of: { struct: { x: { copy: id } } } } } } }
sinks:
";

fn sink(options: &str) -> String {
    format!("{TABLE}  - file: {{ {options} }}\n")
}

#[test]
fn every_format_that_holds_maps_is_verified() {
    for path in ["t.parquet", "t.jsonl", "t.avro"] {
        let folder = Folder::new();
        folder.make(&sink(&format!("path: {path}")), &["--threads", "2"]);
        let whole = folder.bytes(path);
        let ended = folder.run(&["verify", "p.yaml"]);
        assert_eq!(ended.code, 0, "{path}: {ended:?}");
        assert!(ended.stdout.contains("all equal"), "{path}: {ended:?}");
        folder.make(
            &sink(&format!("path: {path}")),
            &["--threads", "8", "--out", "other"],
        );
        assert!(folder.bytes(&format!("other/{path}")) == whole, "{path}");
    }
}

#[test]
fn json_has_an_object_for_each_map() {
    let folder = Folder::new();
    folder.make(&sink("path: t.jsonl"), &[]);
    let (mut absent, mut lengths) = (0, [0; 4]);
    for line in folder.read("t.jsonl").lines() {
        let row: Value = serde_json::from_str(line).unwrap();
        let id = row["id"].as_u64().unwrap();
        match row["labels"].as_object() {
            None => absent += 1,
            Some(labels) => {
                lengths[labels.len()] += 1;
                for (key, value) in labels {
                    assert_eq!(value, &Value::from(format!("{key}-{id}")));
                }
            }
        }
        let counts = row["counts"].as_object().unwrap();
        assert!(counts.keys().eq(["k0", "k1"]));
        let (_, nested) = row["nested"].as_object().unwrap().iter().next().unwrap();
        assert_eq!(nested, &serde_json::json!([{ "x": id }, { "x": id }]));
    }
    assert!((200..400).contains(&absent), "{absent}");
    assert!(lengths.iter().all(|count| *count > 150), "{lengths:?}");
}

#[test]
fn what_holds_no_maps_says_so() {
    let said = |options: &str| {
        let folder = Folder::new();
        folder.write("p.yaml", &sink(options));
        let ended = folder.run(&["check", "p.yaml"]);
        assert_eq!(ended.code, 1, "{ended:?}");
        ended.stderr
    };
    insta::assert_snapshot!(said("path: t.csv, columns: [id, counts]"));
    let numbers = |format: &str| {
        let folder = Folder::new();
        let yaml = sink(&format!("path: t, format: {format}"));
        folder.write(
            "p.yaml",
            &yaml.replace("{ template: \"k{item}\" }", "sequence"),
        );
        folder.run(&["check", "p.yaml"]).stderr
    };
    insta::assert_snapshot!(["json", "avro"].map(numbers).join("\n"));
    assert_eq!(numbers("parquet"), "p.yaml: no mistakes found\n");
}
