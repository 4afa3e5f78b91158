//! Names of columns are what the sink has written, whatever stands around them.

use super::super::support::Folder;
use super::strange::told;

/// Names in the sink of a key and of a value.
fn written(id: &str, v: &str) -> Folder {
    let folder = Folder::new();
    folder.make(
        &format!(
            "version: 1\nname: p\nseed: 7\ntables:\n  t: {{ rows: 100, columns: {{ id: sequence, v: {{ constant: 1 }} }} }}\nsinks:\n  - file: {{ name: f, path: t.csv, columns: {{ \"{id}\": id, \"{v}\": v }} }}\n"
        ),
        &[],
    );
    folder
}

#[test]
fn names_of_a_sink_are_read_as_they_are_written() {
    for (id, v) in [
        (" id", "v"),
        ("id ", "id"),
        ("", "v"),
        ("id", ""),
        (" ", "v\\t"),
        ("\\ufeffid", "id"),
        ("\\ufeff", " "),
        ("column_2", ""),
    ] {
        let folder = written(id, v);
        told(&folder, 0, &["100 rows, all equal\n"]);
        let text = folder.read("t.csv");
        folder.write("t.csv", &text.replace("\n5,1\n", "\n5,2\n"));
        told(&folder, 3, &["99 equal, 1 different\n", " 5, row 4; "]);
    }
}

#[test]
fn names_that_another_program_has_written_again_may_have_blanks() {
    let folder = written("id", "v");
    let text = folder.read("t.csv");
    for header in [" id , v\n", "\u{feff}id,v\n", "id\t,\" v\"\n"] {
        folder.write("t.csv", &text.replacen("id,v\n", header, 1));
        told(&folder, 0, &["100 rows, all equal\n"]);
    }
}
