//! JSON files of one array: what rowgen writes it reads, what is wrong has its line.

use super::support::Folder;

const MADE: &str = r#"
version: 1
seed: arrays
tables:
  t:
    rows: 5_000
    columns:
      id: { sequence: { start: 1 } }
      name: { choice: ["plain", "a, b", "]}", "\"{[", "two\nlines", "back\\slash", ""] }
      price: { type: "decimal(10,2)", uniform: { min: 0, max: 99999.99 }, nulls: 0.1 }
      at: { type: "timestamp(us, UTC)", uniform: { min: 2020-01-01, max: 2026-01-31 } }
      tags: { list: { length: { uniform: { min: 0, max: 3 } }, of: { choice: ["[", "b"] } } }
sinks:
  - file: { path: lines.jsonl }
  - file: { path: array.json, format: { json: { layout: array } } }
  - file: { path: pretty.json, format: { json: { layout: array, pretty: true } } }
"#;

fn read(from: &str, types: &str, sinks: &str) -> String {
    format!(
        "version: 1\ntables:\n  t:\n    from: {{ json: {{ {from} }} }}\n    types: {types}\nsinks:\n{sinks}"
    )
}

#[test]
fn arrays_are_read_as_the_lines_of_the_same_rows() {
    let folder = Folder::new();
    folder.make(MADE, &[]);
    let again = |from: &str, types: &str, options: &[&str]| {
        let yaml = read(from, types, "  - file: { path: again.jsonl }\n");
        folder.make(&yaml, &[&["--overwrite"], options].concat());
        folder.read("again.jsonl")
    };
    let typed = r#"{ id: int64, name: utf8, price: "decimal(10,2)", at: "timestamp(us, UTC)" }"#;
    for types in ["{}", typed] {
        let expected = again("path: lines.jsonl", types, &[]);
        for from in ["path: array.json", "path: pretty.json"] {
            for options in [
                &["--threads", "1"][..],
                &["--batch-rows", "700", "--threads", "3"],
            ] {
                assert!(again(from, types, options) == expected, "{from} {types}");
            }
        }
    }
    let parts = ["1/3", "2/3", "3/3"].map(|slice| {
        let options = ["--overwrite", "--slice", slice, "--batch-rows", "999"];
        let yaml = read(
            "path: pretty.json",
            typed,
            "  - file: { path: part.jsonl }\n",
        );
        folder.make(&yaml, &options);
        folder.read(&format!("part-0000{}-of-00003.jsonl", &slice[..1]))
    });
    assert!(parts.concat() == again("path: lines.jsonl", typed, &[]));
}

#[test]
fn elements_that_cannot_be_read_are_left_out_with_their_lines() {
    let folder = Folder::new();
    let elements = [
        r#"[ {"id":1,"name":"a"}"#,
        r#" {"id":2}{"id":3}"#,
        r#" {"id":4}"#,
        r#"{"id":5} x"#,
        "[7]",
        r#"8, {"id":9},"#,
        "  {\n  \"id\": \"ten\",\n  \"name\": \"]\"\n  }",
        r#"{"id":11,"name":{}}"#,
        r#"{"id" 12}"#,
        r#" { "name" : "th,ir}teen" , "id" : 13 } "#,
        r#"null, "{", {"id":14}"#,
        "]",
    ];
    folder.write("in.json", &elements.join(",\r\n"));
    let from = "path: in.json, on_bad_row: { dead_letter: letters.jsonl }";
    let sinks = "  - file: { path: /dev/stdout, format: csv }\n";
    folder.write("p.yaml", &read(from, "{ id: int64, name: utf8 }", sinks));
    for options in [&[][..], &["--batch-rows", "2", "--threads", "1"]] {
        let ended = folder.run(&[&["run", "p.yaml", "--quiet"], options].concat());
        let rows = "id,name\n1,a\n4,\n9,\n11,{}\n13,\"th,ir}teen\"\n14,\n";
        assert_eq!((ended.code, ended.stdout.as_str()), (3, rows));
    }
    insta::assert_snapshot!(folder.read("letters.jsonl"));
    let yaml = read("path: in.json", "{ id: int64 }", "  - discard\n");
    folder.write("p.yaml", &yaml);
    let ended = folder.run(&["run", "p.yaml", "--quiet"]);
    insta::assert_snapshot!(format!("{}\n{}", ended.code, ended.stderr));
}

#[test]
fn arrays_and_files_of_nothing() {
    let folder = Folder::new();
    for (name, text) in [
        ("array.json", "[]"),
        ("pretty.json", "\u{feff}\r\n[\r\n]\r\n"),
        ("nothing.json", ""),
        ("blank.json", "\n\n"),
    ] {
        folder.write(name, text);
    }
    let mut said = Vec::new();
    for name in ["array.json", "pretty.json", "nothing.json", "blank.json"] {
        let (path, types) = (format!("path: {name}"), "{ id: int64, name: utf8 }");
        let sinks = "  - file: { path: out.csv }\n";
        folder.make(&read(&path, types, sinks), &["--overwrite"]);
        assert_eq!(folder.read("out.csv"), "id,name\n", "{name}");
        let ended = folder.run(&["preview", "p.yaml"]);
        assert_eq!(ended.code, 0, "{name}: {}", ended.stderr);
        said.push(folder.refuse(&read(&path, "{}", sinks)));
    }
    insta::assert_snapshot!(said.join("\n"));
}

#[test]
fn an_array_that_is_none_is_refused_with_its_line() {
    let folder = Folder::new();
    let cases = [
        "[\n  {\"id\": 1},\n  {\"id\": 2}\n",
        "[\n  {\"id\": 1},\n",
        "[",
        "[\n  {\"id\": 1},\n  {\"id\": [2",
        "[\n  {\"id\": 1, \"name\": \"a},\n  {\"id\": 2}\n]\n",
        "[\n  {\"id\": 1},\n  {\n    \"ids\": [1, 2},\n    \"id\": 2\n  }\n]\n",
        "[\n  {\"id\": 1,\n  {\"id\": 2}\n]\n",
        "[\n  {\"id\": 1}},\n  {\"id\": 2}\n]\n",
        "[{\"id\": 1}]\n[{\"id\": 2}]\n",
        "[{\"id\": 1}] x",
        "[\n{\"id\": 1},\n1]\n",
        "[\n{\"id\": 1},\n{\n\"id\": x}]\n",
        "[\n{\"id\": 1},\n{\"id\": {}}]\n",
    ];
    let said = cases.map(|text| {
        folder.write("in.json", text);
        let said = folder.refuse(&read("path: in.json", "{}", "  - discard\n"));
        format!("{text}\n{said}")
    });
    insta::assert_snapshot!(said.join("\n"));
}
