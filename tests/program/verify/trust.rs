//! Files that are as the manifest of their run lists them need not be read; and which ones are not.

use serde_json::Value;

use super::super::support::Folder;
use super::strange::verify;

fn pipeline(path: &str) -> String {
    format!(
        "version: 1\nname: p\nseed: 7\ntables:\n  t: {{ rows: 3000, columns: {{ id: {{ sequence: {{}}, unique: true }}, v: {{ constant: ok }} }} }}\nsinks:\n  - file: {{ name: f, path: {path}, if_exists: replace }}\n"
    )
}

fn folder(arguments: &[&str]) -> Folder {
    let folder = Folder::new();
    let yaml = pipeline("out/").replace("out/,", "out/, format: csv, files: 3,");
    folder.make(&yaml, arguments);
    folder
}

#[track_caller]
fn told(folder: &Folder, arguments: &[&str], code: i32, words: &[&str]) {
    let ended = verify(folder, arguments);
    assert_eq!(ended.code, code, "{ended:?}");
    for words in words {
        assert!(ended.stdout.contains(words), "{words}\n{}", ended.stdout);
    }
}

const TRUSTED: &str = ": 3 000 rows, all equal: its 3 files are those that the manifest lists\n";

#[test]
fn files_that_nobody_touched_are_not_read() {
    let folder = folder(&["--report", "run.json"]);
    told(
        &folder,
        &["--trust-manifest", "--report", "v.jsonl"],
        0,
        &[TRUSTED],
    );
    let line: Value = serde_json::from_str(folder.read("v.jsonl").trim()).unwrap();
    assert_eq!(
        (&line["trusted"], &line["rows"]["equal"]),
        (&true.into(), &3000.into())
    );
    let report: Value = serde_json::from_str(&folder.read("run.json")).unwrap();
    let digest = &report["sinks"][0]["digest"];
    assert!(
        digest.as_str().is_some_and(|digest| digest.len() == 64),
        "{report}"
    );
    assert_eq!(line["digest"], *digest);
    // A dataset that has moved is the same one.
    std::fs::create_dir(folder.path("elsewhere")).unwrap();
    std::fs::rename(folder.path("out"), folder.path("elsewhere/out")).unwrap();
    told(
        &folder,
        &["--trust-manifest", "--out", "elsewhere"],
        0,
        &[TRUSTED],
    );
}

#[test]
fn which_file_has_changed_is_told() {
    let damaged = || {
        let folder = folder(&[]);
        let text = folder.read("out/part-00001.csv");
        let at = text.find(",ok").unwrap();
        let mut bytes = text.into_bytes();
        bytes[at + 1] = b'O';
        std::fs::write(folder.path("out/part-00001.csv"), bytes).unwrap();
        folder
    };
    let words = &[
        "2 999 equal, 1 different\n",
        "  changed since the run that wrote it: part-00001.csv has other bytes\n",
    ];
    told(&damaged(), &["--trust-manifest"], 3, words);
    told(&damaged(), &[], 3, words);
    let folder = folder(&[]);
    std::fs::remove_file(folder.path("out/part-00002.csv")).unwrap();
    std::fs::copy(
        folder.path("out/part-00000.csv"),
        folder.path("out/part-00009.csv"),
    )
    .unwrap();
    let note = "  changed since the run that wrote it: part-00002.csv is not there, part-00009.csv is not listed\n";
    told(&folder, &["--trust-manifest"], 3, &[" missing, ", note]);
    std::fs::remove_file(folder.path("out/part-00009.csv")).unwrap();
    folder.make(&folder.read("p.yaml"), &[]);
    // The same rows in other bytes are equal; the manifest says nothing of them.
    let text = folder.read("out/part-00000.csv");
    folder.write("out/part-00000.csv", &text.replace(",ok", ",\"ok\""));
    told(
        &folder,
        &["--trust-manifest"],
        0,
        &["3 000 rows, all equal\n", "part-00000.csv has "],
    );
}

#[test]
fn a_manifest_that_says_nothing_of_these_rows_is_not_trusted() {
    let sliced = folder(&["--slice", "1/2"]);
    sliced.make(&sliced.read("p.yaml"), &["--slice", "2/2"]);
    told(
        &sliced,
        &["--trust-manifest"],
        0,
        &[": 3 000 rows, all equal: its "],
    );
    told(
        &sliced,
        &["--trust-manifest", "--slice", "2/2"],
        0,
        &[": 1 500 rows, all equal: its "],
    );
    std::fs::remove_file(sliced.path("out/_rowgen/manifest-00001-of-00002.jsonl")).unwrap();
    let not = "  the manifest was not trusted, all was read: ";
    told(
        &sliced,
        &["--trust-manifest"],
        0,
        &[not, "it lists 1 500 rows, and there should be 3 000\n"],
    );
    let folder = folder(&[]);
    told(
        &folder,
        &["--trust-manifest", "--seed", "8"],
        0,
        &[
            not,
            "it is of another plan or seed, or of another part of this one\n",
        ],
    );
    told(
        &folder,
        &["--trust-manifest", "--against", "csv: { path: out }"],
        0,
        &[not, "there is none of that\n"],
    );
    told(&folder, &["--trust-manifest", "--slice", "1/4"], 0, &[not]);
    let one = Folder::new();
    one.make(&pipeline("t.csv"), &[]);
    told(
        &one,
        &["--trust-manifest"],
        0,
        &[
            not,
            "it has no SHA-256: of a single file `run --report FILE` has it noted\n",
        ],
    );
    one.make(&pipeline("t.csv"), &["--report", "run.json"]);
    told(
        &one,
        &["--trust-manifest"],
        0,
        &[": 3 000 rows, all equal: its file is the one that the manifest lists\n"],
    );
    std::fs::remove_file(one.path(".t.csv.manifest.jsonl")).unwrap();
    told(&one, &["--trust-manifest"], 0, &[not, "there is none\n"]);
}
