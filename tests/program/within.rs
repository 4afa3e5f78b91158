//! The folder of a dataset is its own: no other output lies in it, and nobody reads half of it.

use std::process::Stdio;

use super::between::{Place, pipeline};
use super::publishing::begins;
use super::support::Folder;

fn one(path: &str, options: &str) -> String {
    format!(
        "version: 1\ntables:\n  t: {{ rows: 10, columns: {{ id: sequence }} }}\nsinks:\n  - file: {{ path: {path}, format: csv, if_exists: replace{options} }}\n"
    )
}

#[test]
fn no_other_output_lies_within_a_dataset() {
    let folder = Folder::new();
    folder.make(&one("o/ds", ""), &[]);
    let before = folder.visible("o");
    for path in [
        "o/ds/part-00000.csv",
        "o/ds/new.csv",
        "o/ds/k=v/deep/new.csv",
        "o/ds/below",
        "./o/../o/ds/new.csv",
    ] {
        folder.write("q.yaml", &one(path, ""));
        for arguments in [
            &["run", "q.yaml", "--quiet"][..],
            &["check", "q.yaml", "--connect"],
        ] {
            let ended = folder.run(arguments);
            assert_eq!(ended.code, 2, "{path}: {ended:?}");
            let said = format!(
                "`{path}` would lie within a dataset\n  caused by: `o/ds/_rowgen` lists the files of `o/ds`, which another sink has written or is writing\n  hint: write to another folder; if that dataset is not wanted any more, remove `o/ds/_rowgen` and its files\n"
            );
            assert!(ended.stderr.contains(&said), "{path}: {}", ended.stderr);
        }
        assert_eq!(folder.visible("o"), before, "{path}");
    }
    folder.write("q.yaml", &one("new.csv", ""));
    let ended = folder.run(&["run", "q.yaml", "--quiet", "--out", "o/ds"]);
    assert_eq!(ended.code, 2, "{ended:?}");
    // Beside it there is room, and the dataset can be made again.
    folder.make(&one("o/ds.csv", ""), &[]);
    folder.make(&one("o/other", ""), &[]);
    folder.make(&one("o/ds", ""), &[]);
    std::fs::remove_dir_all(folder.path("o/ds")).unwrap();
    folder.make(&one("o/ds/part-00000.csv", ""), &[]);
}

#[test]
fn nor_within_one_that_is_being_written() {
    let folder = Folder::new();
    let endless = one("o/live", ", roll: 200ms").replace("rows: 10", "rows: 0");
    folder.write("p.yaml", &endless);
    let run = ["run", "p.yaml", "--quiet", "--rate", "20_000/s"];
    let mut child = folder.command(&run).stderr(Stdio::null()).spawn().unwrap();
    begins(&folder, "o/live/part-00000.csv", 1);
    folder.write("q.yaml", &one("o/live/part-00000.csv", ""));
    let ended = folder.run(&["run", "q.yaml", "--quiet"]);
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(ended.code, 2, "{ended:?}");
    assert!(
        ended.stderr.contains("would lie within a dataset\n"),
        "{}",
        ended.stderr
    );
    assert!(folder.read("o/live/part-00000.csv").lines().count() > 11);
}

#[test]
fn half_of_a_dataset_is_not_read() {
    let reads = |path: &str| {
        format!(
            "version: 1\ntables:\n  r: {{ from: {{ csv: {{ path: {path} }} }} }}\nsinks:\n  - file: {{ table: r, path: copy.csv, if_exists: replace }}\n"
        )
    };
    let paths = [
        "out/t",
        "out/t/",
        "'out/t/*.csv'",
        "out/t/part-00000.csv",
        "'out/**/*.csv'",
    ];
    for before in [true, false] {
        let place = Place::new();
        let append = pipeline(&["t"], "append");
        if before {
            assert_eq!(place.run(&append, "7").code, 0);
        }
        assert!(place.kill(&append, "9", "rename", 3));
        for path in paths {
            place.folder.write("r.yaml", &reads(path));
            let ended = place.folder.run(&["run", "r.yaml", "--quiet"]);
            assert_eq!(ended.code, 1, "{path}: {ended:?}");
            let what = "error: `out/t` is only half published\n --> r.yaml:3:";
            assert!(ended.stderr.starts_with(what), "{path}: {}", ended.stderr);
            let why = "  caused by: a run is giving its files their names, or was killed while it did\n  hint: wait until that run has ended; if it was killed, run it again, which finishes it\n";
            assert!(ended.stderr.ends_with(why), "{path}: {}", ended.stderr);
        }
        assert_eq!(place.run(&append, "9").code, 0);
        for path in paths {
            place.folder.write("r.yaml", &reads(path));
            let ended = place.folder.run(&["run", "r.yaml", "--quiet"]);
            assert_eq!(ended.code, 0, "{path}: {ended:?}");
        }
    }
}
