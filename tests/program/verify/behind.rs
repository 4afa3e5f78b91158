//! Tables without end, of which the first rows are compared: what is behind them says so itself.

use super::super::support::Folder;
use super::strange::verify;

/// A table without end, of which so many rows were written.
fn written(columns: &str, more: &str) -> Folder {
    let folder = Folder::new();
    let yaml = format!(
        "version: 1\nname: p\nseed: 7\ntables:\n  t: {{ rows: 0, columns: {{ {columns} }} }}\nsinks:\n  - file: {{ name: f, path: out/, format: csv, roll: 60s{more} }}\n"
    );
    folder.make(&yaml, &["--rows=300"]);
    folder
}

#[track_caller]
fn says(folder: &Folder, code: i32, words: &[&str]) {
    for more in [&[][..], &["--memory=16KiB"]] {
        let ended = verify(folder, &[&["--rows=100"], more].concat());
        assert_eq!(ended.code, code, "{ended:?}");
        for words in words {
            assert!(ended.stdout.contains(words), "{words}\n{}", ended.stdout);
        }
    }
}

const REST: &str = "\n  200 rows behind them were not judged\n";

#[test]
fn a_row_behind_the_others_has_a_later_key() {
    let folder = written(
        "id: { sequence: {} }, v: { uniform: { min: 1, max: 99 } }",
        "",
    );
    let file = "out/part-00000.csv";
    let text = folder.read(file);
    says(&folder, 0, &["100 rows, all equal", REST]);
    for (line, told) in [
        ("5,-1", "extra: id 5, row 4"),
        ("100,-1", "extra: id 100, row 99"),
        ("0,1", "extra: id 0"),
        ("-3,1", "extra: id -3"),
        ("zz,1", "extra: "),
        (",1", "extra: "),
    ] {
        folder.write(file, &format!("{text}{line}\n"));
        says(&folder, 3, &["100 equal, 1 extra\n", REST, told]);
    }
    folder.write(file, &format!("{text}301,x\n301,1\n"));
    let more = "\n  202 rows behind them were not judged\n";
    says(&folder, 0, &["100 rows, all equal", more]);
}

#[test]
fn keys_that_do_not_grow_are_those_of_later_rows() {
    for key in [
        "{ sequence: { start: 0, step: -1 } }",
        "{ uuid: {} }",
        "{ template: \"k-{n}\", unique: true }, n: sequence",
    ] {
        let folder = written(&format!("id: {key}, v: {{ constant: 1 }}"), "");
        says(&folder, 0, &["100 rows, all equal", REST]);
        let file = "out/part-00000.csv";
        let text = folder.read(file);
        let second = text.lines().nth(5).unwrap();
        let (id, _) = second.split_once(',').unwrap();
        let other = second.replacen(id, "", 1);
        folder.write(file, &format!("{text}{other}\n"));
        says(&folder, 3, &["100 equal, 1 extra\n", REST]);
        let other = format!("{second}9");
        folder.write(file, &format!("{text}{other}\n"));
        says(&folder, 3, &["100 equal, 1 extra\n", REST]);
    }
}

#[test]
fn rows_without_a_key_are_behind_by_their_place() {
    let folder = written("v: { choice: [a, b, c] }, w: { choice: [x, y] }", "");
    let file = "out/part-00000.csv";
    let text = folder.read(file);
    says(&folder, 0, &["100 rows, all equal", REST]);
    // One more, before all others.
    folder.write(file, &text.replacen("v,w\n", "v,w\nz,z\n", 1));
    says(&folder, 3, &["100 equal, 1 extra\n", REST, "extra: "]);
    let first = text.lines().nth(1).unwrap();
    folder.write(file, &text.replacen("v,w\n", &format!("v,w\n{first}\n"), 1));
    says(&folder, 3, &["100 equal, 1 doubled\n", REST]);
    // Behind them anything may stand.
    folder.write(file, &format!("{text}z,z\n{first}\n"));
    let more = "\n  202 rows behind them were not judged\n";
    says(&folder, 0, &["100 rows, all equal", more]);
}

#[test]
fn folders_do_not_change_what_is_behind() {
    let folder = written(
        "id: { sequence: {} }, k: { choice: [a, b] }",
        ", partition_by: k",
    );
    says(&folder, 0, &["100 rows, all equal", REST]);
    let file = "out/k=a/part-00000.csv";
    let text = folder.read(file);
    folder.write(file, &format!("{text}0\n"));
    says(&folder, 3, &["100 equal, 1 extra\n", REST]);
    // Of folders nobody knows which rows come first.
    let folder = written(
        "v: { uniform: { min: 1, max: 1e12 } }, k: { choice: [a, b] }",
        ", partition_by: k",
    );
    says(&folder, 0, &["behind them were not judged\n"]);
}
