//! What people and other programs leave where a sink has written: values that are nearly those of the table,
//! names that stand twice, rows that say nothing of themselves.

use super::super::support::{Ended, Folder};

/// A table of one column beside its key, and the file that holds it.
pub(super) fn pipeline(column: &str, path: &str) -> String {
    format!(
        "version: 1\nname: p\nseed: 7\ntables:\n  t: {{ rows: 100, columns: {{ id: {{ sequence: {{}}, unique: true }}, v: {column} }} }}\nsinks:\n  - file: {{ name: f, path: {path}, if_exists: replace }}\n"
    )
}

pub(super) fn verify(folder: &Folder, arguments: &[&str]) -> Ended {
    folder.run(&[&["verify", "p.yaml"], arguments].concat())
}

#[track_caller]
pub(super) fn told(folder: &Folder, code: i32, words: &[&str]) {
    let ended = verify(folder, &[]);
    assert_eq!(ended.code, code, "{ended:?}");
    let all = format!("{}{}", ended.stdout, ended.stderr);
    for words in words {
        assert!(all.contains(words), "{words}\n{all}");
    }
}

#[test]
fn a_text_with_a_time_of_day_is_no_date() {
    for (path, column, from, to) in [
        (
            "t.csv",
            "{ constant: 2026-01-27, type: date }",
            "\n5,2026-01-27\n",
            "\n5,2026-01-27 05:00:00\n",
        ),
        (
            "t.jsonl",
            "{ constant: 2026-01-27, type: date }",
            "{\"id\":5,\"v\":\"2026-01-27\"}",
            "{\"id\":5,\"v\":\"2026-01-27T05:00:00\"}",
        ),
        (
            "t.jsonl",
            "{ list: { of: { constant: 2026-01-27, type: date }, length: 2 } }",
            "{\"id\":5,\"v\":[\"2026-01-27\",\"2026-01-27\"]}",
            "{\"id\":5,\"v\":[\"2026-01-27\",\"2026-01-27T00:00:00.5\"]}",
        ),
    ] {
        let folder = Folder::new();
        folder.make(&pipeline(column, path), &[]);
        told(&folder, 0, &["100 rows, all equal"]);
        let text = folder.read(path);
        assert!(text.contains(from), "{text}");
        folder.write(path, &text.replace(from, to));
        told(
            &folder,
            3,
            &[
                "99 equal, 1 different",
                "  different: id 5, row 4; v: expected ",
            ],
        );
        // The beginning of a day is that day.
        let midnight = to
            .replace("05:00:00", "00:00:00")
            .replace("00:00:00.5", "00:00:00");
        folder.write(path, &text.replace(from, &midnight));
        told(&folder, 0, &["100 rows, all equal"]);
    }
}

#[test]
fn names_of_folders_are_values_however_they_are_written() {
    for (column, own, other, wrong) in [
        (
            "{ type: int32, uniform: { min: 1, max: 3 } }",
            "v=1",
            "v=01",
            "v=x",
        ),
        ("{ bool: { true: 0.5 } }", "v=true", "v=TRUE", "v=perhaps"),
        ("{ choice: [a, b] }", "v=a", "v=%61", "v=A"),
    ] {
        let folder = Folder::new();
        let yaml = pipeline(column, "out/").replace(
            "path: out/,",
            "path: out/, format: parquet, partition_by: [v],",
        );
        folder.make(&yaml, &[]);
        told(&folder, 0, &["100 rows, all equal"]);
        let rename = |from: &str, to: &str| {
            std::fs::rename(
                folder.path(&format!("out/{from}")),
                folder.path(&format!("out/{to}")),
            )
            .unwrap();
        };
        rename(own, other);
        told(&folder, 0, &["100 rows, all equal"]);
        rename(other, wrong);
        told(&folder, 3, &[" different"]);
    }
}

#[test]
fn a_name_that_stands_twice_makes_an_object_unreadable() {
    for (path, from, to) in [
        ("t.jsonl", "{\"id\":5,", "{\"id\":99,\"id\":5,"),
        ("t.jsonl", "{\"id\":5,", "{\"id\":5,\"v\":1,"),
        ("t.json", "{\"id\":5,", "{\"\\u0069d\":5,\"id\":5,"),
    ] {
        let folder = Folder::new();
        let yaml = pipeline("{ constant: 1 }", path);
        let yaml = yaml.replace("t.json,", "t.json, format: { json: { layout: array } },");
        folder.make(&yaml, &[]);
        told(&folder, 0, &["100 rows, all equal"]);
        let text = folder.read(path);
        folder.write(path, &text.replace(from, to));
        told(
            &folder,
            3,
            &[
                "99 equal, 1 missing, 1 extra",
                "  missing: id 5, row 4\n",
                "  extra: found as row 4; it cannot be read: ",
                "` stands twice in an object",
            ],
        );
    }
}

#[test]
fn rows_without_a_key_are_told_with_their_values() {
    let folder = Folder::new();
    let yaml = "version: 1\nname: p\nseed: 7\ntables:\n  t: { rows: 10, columns: { a: { choice: [x] }, b: { constant: \"1; 2\" }, c: { constant: \"null\" } } }\nsinks:\n  - file: { path: t.csv }\n";
    folder.make(yaml, &[]);
    let text = folder.read("t.csv");
    folder.write("t.csv", &format!("{text}\"y\nz\",,\"\"\nx,1\n"));
    let words = "  extra: found as row 10; a: \"y\\nz\"; b: null; c: \"\"\n";
    told(
        &folder,
        3,
        &[
            "10 equal, 2 extra",
            words,
            "  extra: found as row 11; it cannot be read: expected 3 values, found 2\n",
        ],
    );
    folder.write("t.csv", &text.replacen("x,1; 2,null\n", "", 1));
    told(
        &folder,
        3,
        &["  missing: row ", "; a: x; b: \"1; 2\"; c: \"null\"\n"],
    );
}

#[test]
fn a_value_that_cannot_be_read_is_none() {
    let folder = Folder::new();
    folder.make(&pipeline("{ choice: [a] }", "t.csv"), &[]);
    let text = folder.read("t.csv").into_bytes();
    let at = text
        .windows(5)
        .position(|bytes| bytes == b"\n5,a\n")
        .unwrap();
    let mut bytes = text.clone();
    bytes[at + 3] = 0xff;
    std::fs::write(folder.path("t.csv"), &bytes).unwrap();
    told(
        &folder,
        3,
        &[
            "99 equal, 1 different",
            "  different: id 5, row 4; v: expected a, found what cannot be read: ",
        ],
    );
    let ended = verify(&folder, &["--report", "r.jsonl"]);
    assert_eq!(ended.code, 3);
    let line: serde_json::Value =
        serde_json::from_str(folder.read("r.jsonl").lines().next().unwrap()).unwrap();
    assert_eq!(line["columns"]["v"]["found"], serde_json::Value::Null);
    assert!(
        line["columns"]["v"]["unread"]
            .as_str()
            .unwrap()
            .contains("UTF-8"),
        "{line}"
    );
}

/// Sorted into folders a table without rows is a dataset without files.
#[test]
fn a_dataset_of_no_rows_is_equal_to_no_rows() {
    let folder = Folder::new();
    folder.make(
        "version: 1\nseed: a\nparams: { each: 0 }\ntables:\n  p: { rows: 5, columns: { id: sequence } }\n  t: { columns: { p: { foreign_key: { ref: p.id, per_parent: \"${each}\" } }, k: { uniform: { min: 1, max: 3 } }, s: { words: {} } } }\nsinks:\n  - file: { table: t, path: lake, format: parquet, partition_by: k, order_by: s, if_exists: replace }\n",
        &[],
    );
    let ended = folder.run(&["verify", "p.yaml"]);
    assert_eq!(ended.code, 0, "{ended:?}");
    assert!(
        ended
            .stdout
            .ends_with("/lake, no files): 0 rows, all equal\n"),
        "{ended:?}"
    );
    // Where there should be some they are missing.
    let ended = folder.run(&["verify", "p.yaml", "--set", "each=1"]);
    assert_eq!(ended.code, 3, "{ended:?}");
    assert!(ended.stdout.contains(": 0 equal, 5 missing\n"), "{ended:?}");
    std::fs::remove_dir_all(folder.path("lake")).unwrap();
    let ended = folder.run(&["verify", "p.yaml"]);
    assert_eq!(ended.code, 2, "{ended:?}");
}
