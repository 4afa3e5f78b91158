//! References are read as sources are: one reader for each format.

use super::super::packed_files::{gzip, put, zstd};
use super::super::support::Folder;
use super::lines;

/// Rows that go through a reference, all of its fields in one text.
fn through(path: &str, fields: &[&str]) -> String {
    let copies = fields
        .iter()
        .enumerate()
        .map(|(place, field)| format!("      f{place}: {{ copy: \"p.{field}\" }}\n"));
    format!(
        "version: 1\nreference: {{ r: {{ path: {path} }} }}\ntables:\n  t:\n    rows: 60\n    columns:\n      p: {{ reference: {{ from: r }}, hidden: true }}\n{}sinks:\n  - file: {{ path: out.jsonl, if_exists: replace }}\n",
        copies.collect::<String>()
    )
}

/// The rows of a reference, each once, sorted.
fn picked(folder: &Folder, path: &str, fields: &[&str]) -> Vec<String> {
    folder.make(&through(path, fields), &[]);
    let mut lines: Vec<String> = folder
        .read("out.jsonl")
        .lines()
        .map(str::to_string)
        .collect();
    lines.sort();
    lines.dedup();
    lines
}

fn refused(folder: &Folder, path: &str) -> String {
    lines(&folder.refuse(&through(path, &["code"])))
}

#[test]
fn a_reference_of_csv_is_read_as_a_source_is() {
    let folder = Folder::new();
    folder.write("r.csv", "code,n\n\"\",1\n,2\na,3\n");
    assert_eq!(
        picked(&folder, "r.csv", &["code", "n"]),
        [
            "{\"f0\":\"\",\"f1\":1}",
            "{\"f0\":\"a\",\"f1\":3}",
            "{\"f0\":null,\"f1\":2}"
        ]
    );
    folder.write("r.csv", "code , n\na,1\n");
    assert_eq!(
        picked(&folder, "r.csv", &["code", "n"]),
        ["{\"f0\":\"a\",\"f1\":1}"]
    );
    folder.write("r.csv", "\u{feff}code,n\r\n\"a\"\"b\",\"\"\r\n");
    assert_eq!(picked(&folder, "r.csv", &["code"]), ["{\"f0\":\"a\\\"b\"}"]);
    folder.write("r.csv", "code,n,code\na,1,x\n");
    assert_eq!(
        refused(&folder, "r.csv"),
        "error: could not read `r.csv`\n\
         caused by: two columns are named `code`\n\
         hint: say `header: false` and name the columns in `types`, if its first line has no names"
    );
    folder.write("r.csv", "code,n\na,1\nb\n");
    assert_eq!(
        refused(&folder, "r.csv"),
        "error: r.csv:3: expected 2 values, found 1"
    );
    std::fs::write(folder.path("r.csv"), b"PK\x03\x04\x14\0abc").unwrap();
    assert!(refused(&folder, "r.csv").contains("it is a zip archive"));
}

#[test]
fn a_reference_takes_what_its_hints_say() {
    let folder = Folder::new();
    let said = |options: &str, hint: &str| {
        assert!(
            refused(&folder, "r.csv").contains(hint),
            "{}",
            refused(&folder, "r.csv")
        );
        let path = format!("r.csv, {options}");
        picked(&folder, &path, &["code"])
    };
    folder.write("r.csv", "code,n\n\"a\\\"b\",1\n");
    let read = said("escape: \"\\\\\"", "`escape: \"\\\\\"`");
    assert_eq!(read, ["{\"f0\":\"a\\\"b\"}"]);
    std::fs::write(folder.path("r.csv"), b"code,n\nprem\xe9,1\n").unwrap();
    let read = said("encoding: windows-1252", "`encoding: windows-1252`");
    assert_eq!(read, ["{\"f0\":\"premé\"}"]);
    folder.write("r.csv", "code;n\na;1\n");
    assert_eq!(
        said("delimiter: \";\"", "`delimiter: \";\"`"),
        ["{\"f0\":\"a\"}"]
    );
    folder.write("r.json", "{\"code\":\"\\ud800\"}\n");
    let said = refused(&folder, "r.json");
    assert!(
        said.contains("an escape that is no character") && !said.contains("on_bad_row"),
        "{said}"
    );
}

#[test]
fn a_reference_of_json_is_read_as_a_source_is() {
    let folder = Folder::new();
    folder.write("r.json", "\u{feff}[{\"code\":\"a\"},{\"code\":\"b\"}]");
    assert_eq!(
        picked(&folder, "r.json", &["code"]),
        ["{\"f0\":\"a\"}", "{\"f0\":\"b\"}"]
    );
    folder.write("r.json", "[{\"id\":12345678901234567890},{\"id\":1}]");
    assert_eq!(
        picked(&folder, "r.json", &["id"]),
        ["{\"f0\":12345678901234567890}", "{\"f0\":1}"]
    );
    folder.write("r.json", "{\"v\":1}\n{\"v\":\"n/a\"}\n");
    assert_eq!(
        picked(&folder, "r.json", &["v"]),
        ["{\"f0\":\"1\"}", "{\"f0\":\"n/a\"}"]
    );
    folder.write("r.json", "[]");
    assert_eq!(
        refused(&folder, "r.json"),
        "error: could not read `r.json`\ncaused by: it has no rows to infer columns from"
    );
    folder.write("r.json", "{\n \"code\": 1\n}\n");
    assert!(refused(&folder, "r.json").contains("an object stands in several lines"));
    folder.write("r.json", "[{\"code\":1},\n{\"code\":[]}]");
    assert_eq!(
        refused(&folder, "r.json"),
        "error: could not read `r.json`\n\
         caused by: column `code` has values of several kinds: a number in line 1, a list in line 2\n\
         hint: name the columns in `types`, this one as text: `types: { code: utf8 }` reads what it has as JSON text"
    );
    let typed = through("r.json", &["code"]).replace("r.json", "r.json, types: { code: utf8 }");
    folder.make(&typed, &[]);
}

#[test]
fn a_reference_may_be_compressed_or_several_files() {
    let folder = Folder::new();
    put(&folder, "r.csv.gz", &gzip(b"code,n\na,1\n"));
    let one = ["{\"f0\":\"a\",\"f1\":1}"];
    assert_eq!(picked(&folder, "r.csv.gz", &["code", "n"]), one);
    put(&folder, "r.jsonl", &zstd(b"{\"code\":\"a\",\"n\":1}\n"));
    assert_eq!(picked(&folder, "r.jsonl", &["code", "n"]), one);
    folder.write("set/1.json", "[{\"code\":1}]");
    folder.write("set/2.json", "{\"code\":0.5}\n{\"code\":\"x\"}\n");
    assert_eq!(
        picked(&folder, "set/*.json", &["code"]),
        ["{\"f0\":\"0.5\"}", "{\"f0\":\"1\"}", "{\"f0\":\"x\"}"]
    );
    for path in ["set", "set/"] {
        assert_eq!(
            refused(&folder, path).replace("set/`\n", "set`\n"),
            "error: could not read reference `r` from `set`\n\
             caused by: it is a folder, not a plain file\n\
             hint: its files are read by a pattern, such as `set/*.csv`"
        );
    }
    assert_eq!(
        refused(&folder, "none.xml"),
        "error: reference `r`: unknown file type `xml`\n\
         hint: the types are json, jsonl, csv, tsv and parquet"
    );
    assert_eq!(
        refused(&folder, "none.csv"),
        "error: could not read `none.csv`\n\
         caused by: No such file or directory (os error 2)\n\
         hint: a path to read is relative to the pipeline's file"
    );
}
