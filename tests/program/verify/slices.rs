//! Slices: their files have the names that they have, whatever stands before those; what is not theirs and
//! what is not there is named.

use super::super::support::Folder;
use super::strange::{pipeline, told, verify};

/// A pipeline whose sink is called so, and what writes both of its slices.
fn sliced(folder: &Folder, path: &str, more: &str) {
    let yaml = pipeline(
        "{ uniform: { min: 1, max: 9 } }",
        &format!("\"{path}\"{more}"),
    );
    for slice in ["1/2", "2/2"] {
        folder.make(&yaml, &["--slice", slice]);
    }
}

#[track_caller]
fn says(folder: &Folder, arguments: &[&str], code: i32, words: &[&str]) {
    let ended = verify(folder, arguments);
    assert_eq!(ended.code, code, "{ended:?}");
    let all = format!("{}{}", ended.stdout, ended.stderr);
    for words in words {
        assert!(all.contains(words), "{words}\n{all}");
    }
}

#[test]
fn what_stands_before_the_name_of_a_slice_is_no_pattern() {
    for (path, neighbour, more) in [
        ("out[1]/t.csv", "out1/t.csv", ""),
        ("o*t/t.jsonl", "out/t.jsonl", ""),
        ("out/t?[x].csv", "out/t1x.csv", ""),
        ("out[1]/f", "out1/f", ", format: csv"),
        ("o?t/f", "out/f", ", format: parquet"),
        ("o*/f[2]", "ox/f2", ", format: csv, files: 2"),
        ("a[1]/k=1/f", "a1/k=1/f", ", format: csv, partition_by: v"),
    ] {
        let folder = Folder::new();
        sliced(&folder, path, more);
        let own = folder.read("p.yaml");
        let all = || {
            says(&folder, &[], 0, &["100 rows, all equal\n"]);
            for slice in ["1/2", "2/2"] {
                says(&folder, &["--slice", slice], 0, &["50 rows, all equal\n"]);
            }
        };
        all();
        let other = own.replace(path, neighbour).replace("seed: 7", "seed: 8");
        for slice in ["1/2", "2/2"] {
            folder.make(&other, &["--slice", slice]);
        }
        folder.write("p.yaml", &own);
        all();
    }
}

#[test]
fn a_file_that_no_manifest_lists_is_named_with_every_slice() {
    let folder = Folder::new();
    sliced(&folder, "out/", ", format: csv");
    folder.write("out/part-zz.csv", "id,v\n7,7\n");
    let foreign = "  no manifest lists part-zz.csv\n";
    for slice in ["1/2", "2/2"] {
        let words = ["50 rows, all equal\n", foreign];
        says(&folder, &["--slice", slice], 0, &words);
        // It is none of the slice's own.
        let trusted = ["--slice", slice, "--trust-manifest"];
        says(&folder, &trusted, 0, &["50 rows, all equal: "]);
    }
    says(&folder, &[], 3, &["100 equal, 1 extra\n", foreign]);
    // One that a slice reads is judged there.
    let own = "out/part-00002-of-00002-zz.csv";
    std::fs::rename(folder.path("out/part-zz.csv"), folder.path(own)).unwrap();
    let foreign = "  no manifest lists part-00002-of-00002-zz.csv\n";
    says(&folder, &["--slice", "1/2"], 0, &[foreign]);
    says(&folder, &["--slice", "2/2"], 3, &[foreign, "1 extra\n"]);
}

#[test]
fn slices_that_are_not_there_are_named() {
    for (path, more) in [("t.csv", ""), ("out/", ", format: csv")] {
        let folder = Folder::new();
        let yaml = pipeline("{ constant: 1 }", &format!("{path}{more}"));
        for slice in ["1/4", "2/4", "4/4"] {
            folder.make(&yaml, &["--slice", slice]);
        }
        let lost = "  of 4 slices there are no files of 3\n";
        says(&folder, &[], 3, &["75 equal, 25 missing\n", lost]);
        says(&folder, &["--slice", "4/4"], 0, &["25 rows, all equal\n"]);
        says(
            &folder,
            &["--slice", "3/4"],
            2,
            &[
                "error: could not read `",
                "-00003-of-00004",
                "  caused by: nothing is there, and there are other slices\n  hint: `rowgen run` with this `--slice` writes it\n",
            ],
        );
        // The work may be shared in another way than the rows were.
        folder.make(&yaml, &["--slice", "3/4"]);
        let other = "  there are no files of slice 2/3: its share of what the others have written is compared\n";
        says(
            &folder,
            &["--slice", "2/3"],
            0,
            &[" rows, all equal\n", other],
        );
        folder.make(&yaml, &["--slice", "1/8"]);
        let beside = match more {
            "" => "  slices that lie beside it were not read: t-00001-of-00008.csv\n",
            _ => {
                "  several runs lie there together: 4 files of a run in 4 slices, 1 files of a run in 8 slices\n"
            }
        };
        says(&folder, &["--slice", "2/4"], 0, &[beside]);
    }
}

#[test]
fn files_of_slices_are_theirs_without_their_manifest_too() {
    let folder = Folder::new();
    sliced(&folder, "out/", ", format: csv");
    std::fs::remove_file(folder.path("out/_rowgen/manifest-00001-of-00002.jsonl")).unwrap();
    let ended = verify(&folder, &[]);
    assert_eq!(ended.code, 0, "{ended:?}");
    assert!(!ended.stdout.contains("there are no files"), "{ended:?}");
    says(&folder, &["--slice", "1/2"], 0, &["50 rows, all equal\n"]);
}

#[test]
fn hints_are_of_what_is_there() {
    let one = Folder::new();
    one.make(&pipeline("{ constant: 1 }", "t.csv"), &[]);
    one.make(&pipeline("{ constant: 1 }", "t.parquet"), &[]);
    std::fs::rename(one.path("t.parquet"), one.path("t.csv")).unwrap();
    one.write("p.yaml", &pipeline("{ constant: 1 }", "t.csv"));
    let ended = verify(&one, &[]);
    assert_eq!(ended.code, 2, "{ended:?}");
    assert!(!ended.stderr.contains("hint"), "{}", ended.stderr);
    for more in ["", ", partition_by: v", ", files: 2"] {
        let folder = Folder::new();
        let sink = format!("out/, format: csv{more}");
        folder.make(&pipeline("{ uniform: { min: 1, max: 3 } }", &sink), &[]);
        folder.write("out/notes.parquet", "x");
        let ended = verify(&folder, &[]);
        assert_eq!(ended.code, 2, "{ended:?}");
        let (_, hint) = ended.stderr.split_once("--against \"").unwrap();
        let (against, _) = hint.split_once('"').unwrap();
        says(
            &folder,
            &["--against", against],
            0,
            &["100 rows, all equal\n"],
        );
    }
    let folder = Folder::new();
    folder.make(&pipeline("{ constant: 1 }", "out/, format: csv"), &[]);
    std::fs::remove_file(folder.path("out/part-00000.csv")).unwrap();
    told(
        &folder,
        2,
        &[
            "has no file to read\n",
            "  hint: `rowgen run` writes its files\n",
        ],
    );
}
