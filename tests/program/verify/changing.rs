//! Files that change while they are read: nothing is told of them.

use std::path::Path;
use std::time::Duration;

use super::super::support::Folder;

/// The same bytes as another file, at once.
fn replace(path: &Path, bytes: &[u8]) {
    let next = path.with_file_name(".next");
    std::fs::write(&next, bytes).unwrap();
    std::fs::rename(&next, path).unwrap();
}

#[test]
fn a_file_that_changes_while_it_is_read_is_not_judged() {
    for (path, format, file) in [
        ("t.csv", "csv", "t.csv"),
        ("t.jsonl", "{ json: { layout: lines } }", "t.jsonl"),
        ("t.json", "{ json: { layout: array } }", "t.json"),
        ("t.parquet", "parquet", "t.parquet"),
        ("t.avro", "avro", "t.avro"),
        ("out/", "csv, files: 3", "out/part-00001.csv"),
    ] {
        let folder = Folder::new();
        let yaml = format!(
            "version: 1\nname: p\nseed: 7\ntables:\n  t: {{ rows: 60000, columns: {{ id: sequence, v: {{ uniform: {{ min: 1, max: 99 }} }}, w: {{ words: {{}} }} }} }}\nsinks:\n  - file: {{ name: f, path: {path}, format: {format} }}\n"
        );
        folder.make(&yaml, &[]);
        let (at, bytes) = (folder.path(file), folder.bytes(file));
        let arguments = ["verify", "p.yaml", "--report", "r.jsonl"];
        let mut child = folder
            .command(&arguments)
            .stdout(std::process::Stdio::piped())
            .stderr(std::process::Stdio::piped())
            .spawn()
            .unwrap();
        while child.try_wait().unwrap().is_none() {
            replace(&at, &bytes);
            std::thread::sleep(Duration::from_millis(3));
        }
        let output = child.wait_with_output().unwrap();
        let (words, errors) = (
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr),
        );
        assert_eq!(output.status.code(), Some(2), "{path}: {words}{errors}");
        assert_eq!(words, "");
        for said in [
            format!("error: could not read `{}`\n", at.display()),
            "  caused by: it has been written since it was opened\n  hint: a file must not change while it is read\n".into(),
        ] {
            assert!(errors.contains(&said), "{said}\n{errors}");
        }
        assert!(!folder.path("r.jsonl").exists());
        // What lies beside it may.
        let ended = folder.run(&arguments);
        assert_eq!(ended.code, 0, "{ended:?}");
    }
}
