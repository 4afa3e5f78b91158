//! Files of other runs and of other types, what is not there, and what is asked of several tables.

use super::super::support::{Ended, Folder};
use super::strange::{pipeline, told, verify};

#[test]
fn slices_of_other_runs_are_named() {
    let folder = Folder::new();
    let yaml = pipeline("{ constant: 1 }", "t.csv");
    for slice in ["1/2", "2/2", "2/3"] {
        folder.make(&yaml, &["--slice", slice]);
    }
    told(
        &folder,
        0,
        &["100 rows, all equal\n  slices that lie beside it were not read: t-00002-of-00003.csv\n"],
    );
    std::fs::remove_file(folder.path("t-00002-of-00002.csv")).unwrap();
    std::fs::remove_file(folder.path("t-00002-of-00003.csv")).unwrap();
    told(
        &folder,
        3,
        &["50 missing", "\n  of 2 slices there are no files of 2\n"],
    );
    folder.make(&yaml, &[]);
    told(
        &folder,
        0,
        &["slices that lie beside it were not read: t-00001-of-00002.csv\n"],
    );
}

#[test]
fn files_that_no_manifest_lists_are_named() {
    let folder = Folder::new();
    folder.make(
        &pipeline("{ constant: 1 }", "out/").replace("out/,", "out/, format: csv,"),
        &[],
    );
    told(&folder, 0, &["100 rows, all equal\n"]);
    std::fs::copy(
        folder.path("out/part-00000.csv"),
        folder.path("out/part-copy.csv"),
    )
    .unwrap();
    told(
        &folder,
        3,
        &[
            "100 equal, 100 doubled\n",
            "  no manifest lists part-copy.csv\n",
        ],
    );
}

#[test]
fn files_of_several_types_are_compared() {
    for (one, other, code) in [
        (
            "{ type: int32, uniform: { min: 1, max: 9 } }",
            "{ type: int64, uniform: { min: 1, max: 9 } }",
            0,
        ),
        (
            "{ type: float32, choice: [0.5, 1.25] }",
            "{ type: float64, choice: [0.5, 1.25] }",
            0,
        ),
        (
            "{ type: \"decimal(9,2)\", uniform: { min: 1, max: 9 } }",
            "{ type: \"decimal(18,2)\", uniform: { min: 1, max: 9 } }",
            0,
        ),
        (
            "{ type: float32, choice: [0.1] }",
            "{ type: float64, choice: [0.1] }",
            3,
        ),
    ] {
        let folder = Folder::new();
        let slices = |column: &str, slice: &str| {
            let yaml = pipeline(column, "out/").replace("out/,", "out/, format: parquet,");
            folder.make(
                &yaml.replace("if_exists: replace", "if_exists: append"),
                &["--slice", slice],
            );
        };
        slices(other, "2/2");
        slices(one, "1/2");
        told(&folder, code, &["in sink f (parquet "]);
    }
}

#[test]
fn what_is_not_there_says_what_writes_it() {
    let folder = Folder::new();
    folder.write("p.yaml", &pipeline("{ constant: 1 }", "t.csv"));
    told(
        &folder,
        2,
        &[
            "error: could not read `",
            "caused by: nothing is there\n  hint: `rowgen run` writes it; where its path starts `--out` says, and without it the current folder\n",
        ],
    );
    for arguments in [
        &["--out", "nowhere"][..],
        &["--out", "nowhere", "--slice", "1/2"],
        &["--out", "nowhere", "--count-only"],
    ] {
        let ended = verify(&folder, arguments);
        assert_eq!(ended.code, 2, "{ended:?}");
        assert!(
            ended
                .stderr
                .contains("caused by: there is no folder `nowhere`, where `--out` lets it start\n"),
            "{}",
            ended.stderr
        );
    }
}

#[test]
fn what_is_read_instead_may_say_params() {
    let folder = Folder::new();
    let yaml = pipeline("{ constant: 1 }", "t.csv")
        .replace("seed: 7\n", "seed: 7\nparams: { day: 2026-01-01 }\n");
    folder.make(&yaml, &[]);
    std::fs::rename(folder.path("t.csv"), folder.path("2026-01-02.csv")).unwrap();
    let against = "--against=csv: { path: \"${day}.csv\" }";
    assert_eq!(
        verify(&folder, &[against, "--set", "day=2026-01-02"]).code,
        0
    );
    let ended = verify(&folder, &[against]);
    assert_eq!(ended.code, 2, "{ended:?}");
    let hint = "\n  hint: paths of `--against` start in the current folder\n";
    assert!(ended.stderr.ends_with(hint), "{}", ended.stderr);
    let ended = verify(&folder, &["--against=csv: { path: \"${dya}.csv\" }"]);
    assert_eq!(ended.code, 1);
    assert!(
        ended.stderr.contains("did you mean `${day}`?")
            || ended.stderr.contains("did you mean `day`?"),
        "{}",
        ended.stderr
    );
}

#[test]
fn rows_are_said_table_by_table() {
    let folder = Folder::new();
    let yaml = "version: 1\nname: p\nseed: 7\ntables:\n  a: { rows: 10, columns: { id: sequence } }\n  b: { rows: 0, columns: { n: sequence, x: { uniform: { min: 1, max: 9 } } } }\nsinks:\n  - file: { name: a, table: a, path: a.csv, if_exists: replace }\n  - file: { name: b, table: b, path: b/, format: csv, roll: 60s, if_exists: replace }\n";
    folder.write("p.yaml", yaml);
    let ended = folder.run(&["run", "p.yaml", "--quiet", "--rate=20000/s", "--for=500ms"]);
    assert_eq!(ended.code, 0, "{ended:?}");
    for rows in ["--rows=500", "--rows=b=500", "--rows=a=10,b=500"] {
        let ended = verify(&folder, &[rows]);
        assert_eq!(ended.code, 0, "{rows}: {ended:?}");
        assert!(
            ended.stdout.contains(": 10 rows, all equal\n")
                && ended.stdout.contains(": 500 rows, all equal\n"),
            "{}",
            ended.stdout
        );
    }
    let ended = verify(&folder, &["--rows=a=9,b=500"]);
    assert_eq!(ended.code, 3, "{ended:?}");
    let ended = verify(&folder, &[]);
    assert_eq!(ended.code, 2, "{ended:?}");
    assert_eq!(verify(&folder, &["--sinks=a"]).code, 0);
    assert_eq!(verify(&folder, &["--rows=a=9"]).code, 3);
    assert!(
        ended
            .stderr
            .contains("`--rows b=1000` compares the first 1 000 of its rows"),
        "{}",
        ended.stderr
    );
    for (rows, said) in [
        ("--rows=c=5", "`--rows c=`: there is no table `c`"),
        ("--rows=5,6", "`--rows` says two counts of one table"),
        (
            "--rows=b=5,b=6",
            "`--rows` says twice how many rows `b` has",
        ),
        ("--rows=b=x", "expected a count such as"),
    ] {
        let ended = verify(&folder, &[rows]);
        assert!(
            ended.code == 1 && ended.stderr.contains(said),
            "{rows}: {ended:?}"
        );
    }
    // A run takes them, too.
    let ended = folder.run(&["run", "p.yaml", "--quiet", "--sinks=a", "--rows=a=7"]);
    assert_eq!(ended.code, 0, "{ended:?}");
    assert_eq!(folder.read("a.csv").lines().count(), 8);
    assert_eq!(verify(&folder, &["--sinks=a", "--rows=a=7"]).code, 0);
}

#[test]
fn faults_that_change_nothing_are_not_put_in() {
    for (columns, key) in [
        ("b: { bool: { true: 0.5 } }", false),
        ("a: { choice: [x, \"x~\"] }", false),
        ("id: { sequence: {} }, c: { constant: 5 }", true),
        ("id: { sequence: {} }", true),
        (
            "id: { sequence: {} }, n: { type: float64, choice: [0.5], nulls: 1 }",
            true,
        ),
    ] {
        let folder = Folder::new();
        let yaml = format!(
            "version: 1\nname: p\nseed: 7\ntables:\n  t: {{ rows: 1000, columns: {{ {columns} }} }}\nsinks:\n  - file: {{ path: t.parquet }}\n"
        );
        folder.write("p.yaml", &yaml);
        let ended = verify(&folder, &["--self-test=300"]);
        assert_eq!(ended.code, 0, "{columns}: {ended:?}");
        assert_eq!(ended.stdout.lines().count(), if key { 18 } else { 15 });
        assert!(
            ended.stdout.contains("missing rows: 300 of 300 found"),
            "{}",
            ended.stdout
        );
    }
}

#[test]
fn a_branch_that_a_union_does_not_have_is_no_null() {
    let written = |column: &str, codec: &str| {
        let folder = Folder::new();
        let yaml = pipeline(column, "t.avro");
        let format = format!("t.avro, format: {{ avro: {{ codec: {codec} }} }},");
        folder.make(&yaml.replace("t.avro,", &format), &[]);
        told(&folder, 0, &["100 rows, all equal"]);
        folder
    };
    for codec in ["deflate", "snappy", "zstandard"] {
        written("{ choice: [a, b], nulls: 0.5 }", codec);
    }
    for (column, length, branch, said) in [
        ("{ type: int64, constant: 1, nulls: 0.5 }", 1, 8, "branch 4"),
        (
            "{ type: boolean, constant: true, nulls: 0.5 }",
            1,
            5,
            "branch -3",
        ),
        (
            "{ type: float64, constant: 1.5, nulls: 0.5 }",
            8,
            4,
            "branch 2",
        ),
    ] {
        let folder = written(column, "null");
        let mut bytes = folder.bytes("t.avro");
        // The last value is null or another one, before the 16 bytes that end the block.
        let end = bytes.len() - 16;
        let is_null = bytes[end - 1] == 0;
        bytes[if is_null { end - 1 } else { end - 1 - length }] = branch;
        std::fs::write(folder.path("t.avro"), bytes).unwrap();
        told(
            &folder,
            2,
            &["row 99: `v` has ", said, ", and there are 2\n"],
        );
    }
}

#[test]
fn rows_that_are_the_same_take_the_memory_of_one() {
    let folder = Folder::new();
    let little = &["--memory=16KiB", "--threads=2"];
    let yaml = "version: 1\nname: p\nseed: 7\ntables:\n  t: { rows: 100000, columns: { v: { constant: x } } }\nsinks:\n  - file: { name: f, path: t.csv, if_exists: replace }\n";
    folder.make(yaml, &[]);
    let text = folder.read("t.csv");
    folder.write("t.csv", text.strip_suffix("x\nx\nx\n").unwrap());
    let ended = verify(&folder, little);
    assert_eq!(ended.code, 3, "{ended:?}");
    let told = |words: &[&str], ended: &Ended| {
        for words in words {
            assert!(ended.stdout.contains(words), "{words}\n{}", ended.stdout);
        }
    };
    told(
        &[
            ": 99 997 equal, 3 missing\n",
            "  missing: row ",
            ", 3 times; v: x\n",
        ],
        &ended,
    );
    // One key a hundred thousand times.
    let yaml = pipeline("{ constant: 1 }", "t.csv").replace("rows: 100,", "rows: 50000,");
    folder.make(&yaml, &[]);
    let more = format!("{}{}", folder.read("t.csv"), "5,1\n".repeat(100_000));
    folder.write("t.csv", &more);
    let ended = verify(&folder, little);
    assert_eq!(ended.code, 3, "{ended:?}");
    told(&[": 50 000 equal, 100 000 doubled\n"], &ended);
}

#[test]
fn a_report_that_lacks_what_could_not_be_compared_is_none() {
    let folder = Folder::new();
    let yaml = "version: 1\nname: p\nseed: 7\ntables:\n  a: { rows: 50, columns: { id: { sequence: {} } } }\n  b: { rows: 50, columns: { id: { sequence: {} }, one: { constant: 1 }, two: { constant: 2 } } }\nsinks:\n  - file: { table: a, path: a.csv }\n  - file: { table: b, path: b.csv }\n";
    folder.make(yaml, &[]);
    folder.write("a.csv", "id\n1\n");
    let ended = folder.run(&["verify", "p.yaml", "--report", "r.jsonl"]);
    assert_eq!(
        (ended.code, folder.read("r.jsonl").lines().count()),
        (3, 51)
    );
    folder.write("b.csv", "id\n1\n");
    let ended = folder.run(&["verify", "p.yaml", "--report", "r.jsonl"]);
    assert_eq!(ended.code, 2);
    // All that is missing at once, in the words of the sink's file.
    assert!(
        ended
            .stderr
            .contains("has no columns `one`, `two`\n  hint: its columns are id\n"),
        "{}",
        ended.stderr
    );
    // What was found before stays, and nothing of this one.
    assert_eq!(folder.read("r.jsonl").lines().count(), 51);
    let mut names = folder.names(".");
    names.retain(|name| name.contains("r.jsonl"));
    assert_eq!(names, ["r.jsonl"]);
}

/// The verdict is the exit code, whether somebody reads the words or not.
#[test]
fn a_reader_that_goes_away_ends_nothing() {
    use std::process::{Command, Stdio};
    let folder = Folder::new();
    let yaml = "version: 1\nname: p\ntables:\n  a: { rows: 50, columns: { id: { sequence: {} } } }\nsinks:\n  - file: { name: one, table: a, path: a.csv }\n  - file: { name: two, table: a, path: a.parquet }\n";
    folder.make(yaml, &[]);
    folder.write("a.csv", "id\n1\n");
    for (arguments, code) in [
        (vec![], 3),
        (vec!["--sinks=two"], 0),
        (vec!["--self-test=2"], 0),
    ] {
        let _ = std::fs::remove_file(folder.path("r.jsonl"));
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let ended = Command::new(env!("CARGO_BIN_EXE_rowgen"))
            .current_dir(folder.path("."))
            .args(["verify", "p.yaml", "--report", "r.jsonl"])
            .args(&arguments)
            .stdout(writer)
            .stderr(Stdio::null())
            .status()
            .unwrap();
        assert_eq!(ended.code(), Some(code), "{arguments:?}");
        if arguments.is_empty() {
            // Every sink is compared, and the report is whole.
            assert_eq!(folder.read("r.jsonl").lines().count(), 51);
        }
    }
}

#[test]
fn rows_of_another_seed_are_said_to_be_that() {
    let folder = Folder::new();
    let yaml = "version: 1\nname: p\ntables:\n  a: { rows: 50, columns: { v: { uniform: { min: 1, max: 9999 } } } }\nsinks:\n  - file: { table: a, path: out }\n";
    let yaml = yaml.replace("path: out", "path: out/, format: csv");
    folder.make(&yaml, &["--seed=old"]);
    let ended = folder.run(&["verify", "p.yaml"]);
    assert_eq!(ended.code, 3);
    let note = "it was written by a run with another plan, seed or run date, or of another part of this one: give `verify` what that run was given";
    assert!(ended.stdout.contains(note), "{}", ended.stdout);
    let ended = folder.run(&["verify", "p.yaml", "--seed=old"]);
    assert!(
        ended.code == 0 && !ended.stdout.contains(note),
        "{}",
        ended.stdout
    );
}
