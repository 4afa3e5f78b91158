//! Names of files and folders that are no UTF-8: they are read and written, or the message says which it is.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;

use super::support::Folder;

/// A name with a byte that is none of UTF-8.
fn odd() -> &'static OsStr {
    OsStr::from_bytes(b"b\xffd.csv")
}

fn reads(path: &str) -> Folder {
    let folder = Folder::new();
    folder.write("in/a.csv", "id\n1\n");
    let other = folder.path("in").join(odd());
    std::fs::copy(folder.path("in/a.csv"), other).unwrap();
    folder.write(
        "p.yaml",
        &format!(
            "version: 1\ntables: {{ t: {{ from: {{ csv: {{ path: \"{path}\" }} }} }} }}\nsinks: [{{ file: {{ path: out.csv }} }}]\n"
        ),
    );
    folder
}

#[test]
fn a_folder_is_read_whole_and_a_pattern_says_what_it_cannot_match() {
    let whole = reads("in");
    let ended = whole.run(&["run", "p.yaml", "--quiet"]);
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    assert_eq!(whole.read("out.csv"), "id\n1\n1\n");
    let ended = reads("in/*").run(&["run", "p.yaml", "--quiet"]);
    assert_eq!(
        (ended.code, ended.stderr.as_str()),
        (
            1,
            "error: where `in/*` looks there is a name that is no UTF-8, which no pattern matches\n --> p.yaml:2:37\n  |\n2 | tables: { t: { from: { csv: { path: \"in/*\" } } } }\n  |                                     ^^^^^^\n  hint: rename it (`LC_ALL=C ls -b` shows such names), or read the folder that it is in\n"
        )
    );
}

#[test]
fn what_was_written_in_a_folder_of_such_a_name_is_not_said_to_be_lost() {
    let folder = Folder::new();
    let inside = folder.path("").join(odd());
    std::fs::create_dir(&inside).unwrap();
    let pipeline = "version: 1\ntables: { t: { rows: 2, columns: { id: sequence } } }\nsinks: [{ file: { path: t.csv } }]\n";
    std::fs::write(inside.join("p.yaml"), pipeline).unwrap();
    let ended = |words: &[&str]| {
        let output = folder.command(words).current_dir(&inside).output().unwrap();
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        let above = folder.path("").display().to_string();
        (
            output.status.code(),
            told.replace(above.trim_end_matches('/'), "ABOVE"),
        )
    };
    assert_eq!(
        ended(&["run", "p.yaml", "--quiet"]),
        (Some(0), String::new())
    );
    assert!(inside.join("t.csv").exists());
    let told = "error: there is nothing to compare\n  caused by: `t` in sink `file-1`: `ABOVE/b\u{fffd}d.csv/t.csv` is a path that is no UTF-8: verify it from another folder, or under another name\n";
    assert_eq!(ended(&["verify", "p.yaml"]), (Some(1), told.to_string()));
}
