//! Output that is there already, or is being written: replaced as a whole or not at all.

use std::process::Stdio;
use std::time::{Duration, Instant};

use super::faults::{signal, small, start};
use super::support::{Ended, Folder};

#[test]
fn a_second_run_does_not_write_where_one_is_at_work() {
    let folder = Folder::new();
    let child = start(&folder);
    let refused = |yaml: &str, name: &str, path: &str| {
        folder.write("q.yaml", yaml);
        let ended = folder.run(&["run", "q.yaml", "--quiet", "--overwrite"]);
        assert_eq!(ended.code, 2, "{ended:?}");
        assert_eq!(
            ended.stderr,
            format!(
                "error: could not open sink `{name}`\n  caused by: another run, or another sink of this one, is writing `{path}`\n  hint: wait until it ends, or write elsewhere with `--out`\n"
            )
        );
    };
    refused(&small("out/t.csv"), "file-1", "out/t.csv");
    signal(&child, "-INT");
    let ended = Ended::from(child.wait_with_output().unwrap());
    assert_eq!(ended.code, 130, "{ended:?}");
    assert!(folder.read("out/t.csv").starts_with("id,x\n"));
    folder.write("out/d/_rowgen/.manifest.jsonl.partial", "");
    let journal = std::fs::File::open(folder.path("out/d/_rowgen/.manifest.jsonl.partial"));
    let journal = journal.unwrap();
    journal.lock().unwrap();
    let dataset = small("out/d, format: csv");
    refused(&dataset, "file-1", "out/d");
    assert_eq!(folder.names("out/d"), ["_rowgen/.manifest.jsonl.partial"]);
    drop(journal);
    folder.make(&dataset, &[]);
}

/// Two million rows, too slowly to be there soon, to a file or a dataset.
fn slow(sink: &str) -> String {
    format!(
        "version: 1\ntables:\n  t: {{ rows: 2_000_000, columns: {{ id: sequence }} }}\nsinks:\n  - file: {{ format: csv, {sink} }}\nrun: {{ rate: 200_000/s, batch_rows: 1000 }}\n"
    )
}

/// Runs it until it writes this file, and interrupts it.
fn interrupt(folder: &Folder, yaml: &str, written: &str) {
    folder.write("p.yaml", yaml);
    let mut command = folder.command(&["run", "p.yaml"]);
    let child = command.stderr(Stdio::piped()).spawn().unwrap();
    let deadline = Instant::now() + Duration::from_secs(60);
    while !std::fs::metadata(folder.path(written)).is_ok_and(|file| file.len() > 1000) {
        assert!(Instant::now() < deadline, "the run did not begin");
        std::thread::sleep(Duration::from_millis(10));
    }
    signal(&child, "-TERM");
    let ended = Ended::from(child.wait_with_output().unwrap());
    assert_eq!(ended.code, 143, "{ended:?}");
}

#[test]
fn what_a_signal_cut_short_replaces_nothing() {
    let folder = Folder::new();
    for (path, partial) in [
        ("out/t.csv", "out/.t.csv.partial"),
        ("out/d", "out/d/.part-00000.csv.partial"),
    ] {
        folder.make(&small(&format!("{path}, format: csv")), &[]);
        let before = folder.visible("out");
        interrupt(
            &folder,
            &slow(&format!("path: {path}, if_exists: replace")),
            partial,
        );
        assert_eq!(folder.visible("out"), before, "{path}");
        std::fs::remove_dir_all(folder.path("out")).unwrap();
    }
}

#[test]
fn what_a_signal_cut_short_is_made_again_and_then_kept() {
    let folder = Folder::new();
    for (path, partial, file) in [
        ("out/t.csv", "out/.t.csv.partial", "out/t.csv"),
        (
            "out/d",
            "out/d/.part-00000.csv.partial",
            "out/d/part-00000.csv",
        ),
    ] {
        let yaml = slow(&format!("path: {path}, if_exists: skip"));
        interrupt(&folder, &yaml, partial);
        assert!(!folder.path(file).exists(), "a part of {path} has its name");
        let rows = |text: &str| text.lines().count() - 1;
        let closed = rows(&folder.read(partial));
        assert!((1..2_000_000).contains(&closed), "{closed} rows");
        let yaml = yaml.replace("rate: 200_000/s, ", "");
        folder.make(&yaml, &[]);
        assert_eq!(rows(&folder.read(file)), 2_000_000, "made again");
        let again = folder.run(&["run", "p.yaml", "--log", "text"]);
        let kept = "file-1 (file): kept, the same output is there already";
        assert!(again.stderr.contains(kept), "{}", again.stderr);
    }
}

#[test]
fn a_file_is_kept_whoever_wrote_it_if_it_is_the_same() {
    let file = |if_exists: &str| small(&format!("out/t.csv{if_exists}"));
    for first in ["", ", if_exists: replace", ", if_exists: skip"] {
        let folder = Folder::new();
        folder.make(&file(first), &[]);
        assert_eq!(folder.names("out"), [".t.csv.manifest.jsonl", "t.csv"]);
        let before = folder.visible("out");
        folder.write("p.yaml", &file(", if_exists: skip"));
        let again = folder.run(&["run", "p.yaml", "--log", "text"]);
        let kept = "file-1 (file): kept, the same output is there already";
        assert!(again.stderr.contains(kept), "{}", again.stderr);
        assert_eq!(folder.visible("out"), before);
        // Of another seed, of another length, and of nobody knows what.
        let refused = |arguments: &[&str]| {
            let ended = folder.run(&[&["run", "p.yaml", "--quiet"], arguments].concat());
            let what = "  caused by: `out/t.csv` is there already and is not known to be the same\n  hint: `if_exists: replace` or `--overwrite` replaces it\n";
            assert_eq!(ended.code, 2, "{ended:?}");
            assert!(ended.stderr.ends_with(what), "{}", ended.stderr);
        };
        refused(&["--seed", "other"]);
        let longer = before[0].1.clone() + "more\n";
        folder.write("out/t.csv", &longer);
        refused(&[]);
        folder.write("out/t.csv", &before[0].1);
        std::fs::remove_file(folder.path("out/.t.csv.manifest.jsonl")).unwrap();
        refused(&[]);
    }
}

#[test]
fn slices_replace_a_dataset_of_another_seed() {
    let folder = Folder::new();
    let seeded = |path: &str| {
        small(path).replace(
            "id: sequence",
            "id: sequence, x: { uniform: { min: 0, max: 99999 } }",
        )
    };
    let yaml = seeded("out, format: csv, files: 4, if_exists: replace");
    folder.make(&yaml, &["--seed", "one"]);
    let old = folder.visible("out");
    let numbers: Vec<String> = (1..=3).map(|slice| format!("{slice}/3")).collect();
    for slice in &numbers {
        // Until the last one is there, the old parts stay, and nothing says that it is complete.
        let old_there = old.iter().filter(|(name, _)| name.ends_with(".csv"));
        for (name, text) in old_there {
            assert_eq!(&folder.read(&format!("out/{name}")), text, "before {slice}");
        }
        folder.make(&yaml, &["--seed", "two", "--slice", slice]);
        let complete = folder.path("out/_SUCCESS").exists();
        assert_eq!(complete, slice == "3/3", "after {slice}");
    }
    let whole = Folder::new();
    whole.make(&seeded("out/t.csv"), &["--seed", "two"]);
    let mut rows = String::from("id,x\n");
    for (name, text) in folder.visible("out") {
        if name.ends_with(".csv") {
            assert!(
                name.starts_with("part-0000") && name.contains("-of-00003-"),
                "{name}"
            );
            rows += text.split_once('\n').unwrap().1;
        }
    }
    assert_eq!(rows, whole.read("out/t.csv"));
}

#[test]
fn a_dataset_that_cannot_be_replaced_stays() {
    let folder = Folder::new();
    let yaml = |columns: &str, if_exists: &str| {
        format!(
            "version: 1\ntables:\n  t: {{ rows: 5000, columns: {{ id: sequence, {columns} }} }}\nsinks:\n  - file: {{ path: out, format: csv, files: 5, if_exists: {if_exists} }}\nrun: {{ batch_rows: 1000 }}\n"
        )
    };
    folder.make(&yaml("x: { constant: 1 }", "error"), &[]);
    let before = folder.visible("out");
    assert_eq!(
        before
            .iter()
            .filter(|(path, _)| path.ends_with(".csv"))
            .count(),
        5
    );
    folder.write(
        "p.yaml",
        &yaml("x: { expr: \"1 / (4900 - id)\" }", "replace"),
    );
    let ended = folder.run(&["run", "p.yaml", "--quiet"]);
    assert_eq!(ended.code, 2, "{ended:?}");
    assert_eq!(folder.visible("out"), before);
    folder.make(&yaml("x: { constant: 2 }", "replace"), &[]);
    let names: Vec<String> = before.into_iter().map(|(name, _)| name).collect();
    assert_eq!(folder.names("out"), names);
    assert!(folder.read("out/part-00004.csv").ends_with(",2\n"));
}

#[test]
fn two_sinks_do_not_write_to_one_place() {
    let folder = Folder::new();
    for (first, second, what) in [
        (
            "out/a.csv",
            "./out//a.csv",
            "sink `file-1` writes to `./out//a.csv` too",
        ),
        (
            "out/d",
            "out/d/x.csv",
            "sink `file-1` writes a dataset to the folder above",
        ),
        (
            "out/d/e",
            "out/d/../d",
            "sink `file-1` writes inside of this dataset",
        ),
    ] {
        let yaml = format!(
            "version: 1\ntables:\n  t: {{ rows: 9, columns: {{ id: sequence }} }}\nsinks:\n  - file: {{ path: {first}, format: csv }}\n  - file: {{ format: csv, name: second, path:         {second} }}\n"
        );
        folder.write("p.yaml", &yaml);
        let ended = folder.run(&["check", "p.yaml"]);
        assert_eq!(ended.code, 1, "{ended:?}");
        let line = yaml.lines().last().unwrap();
        let below = " ".repeat(53) + &"^".repeat(second.len());
        assert_eq!(
            ended.stderr,
            format!(
                "error: {what}\n --> p.yaml:6:54\n  |\n6 | {line}\n  | {below}\n  hint: give each sink a path of its own\n"
            )
        );
    }
}

#[test]
fn a_manifest_that_was_cut_short_is_not_believed() {
    let folder = Folder::new();
    let yaml = "version: 1\nname: p\ntables:\n  t: { rows: 1000, columns: { id: sequence } }\nsinks:\n  - file: { path: out/, format: csv, files: 2, if_exists: skip }\n";
    folder.make(yaml, &[]);
    folder.make(yaml, &[]);
    let manifest = folder.read("out/_rowgen/manifest.jsonl");
    let first = manifest.lines().next().unwrap();
    for cut in [String::new(), format!("{first}\n")] {
        folder.write("out/_rowgen/manifest.jsonl", &cut);
        let ended = folder.run(&["run", "p.yaml", "--quiet"]);
        assert_eq!(ended.code, 2, "{ended:?}");
        assert!(
            ended
                .stderr
                .contains("`out/` is there already and is not known to be the same"),
            "{}",
            ended.stderr
        );
    }
    // The way out that is told is one: also where a line was cut in its middle.
    for cut in [String::new(), format!("{first}\n"), first[..20].to_string()] {
        folder.write("out/_rowgen/manifest.jsonl", &cut);
        folder.make(yaml, &["--overwrite"]);
        assert_eq!(folder.read("out/_rowgen/manifest.jsonl"), manifest);
    }
    folder.write("out/_rowgen/manifest.jsonl", &format!("{first}\n"));
    let said = folder.run(&["run", "p.yaml", "--quiet"]).stderr;
    assert!(said.contains("`--overwrite` replaces it"), "{said}");
    let append = yaml.replace("if_exists: skip", "if_exists: append");
    folder.write("p.yaml", &append);
    let said = folder.run(&["run", "p.yaml", "--quiet"]).stderr;
    assert_eq!(
        said,
        "error: could not open sink `file-1`\n --> p.yaml:6:19\n  |\n6 |   - file: { path: out/, format: csv, files: 2, if_exists: append }\n  |                   ^^^^\n  caused by: `out/` holds files that its manifest does not list\n  caused by: `part-00001.csv` is one of them: the manifest was cut short, or the file was put there\n  hint: `--overwrite` replaces all that is there, or remove `part-00001.csv`\n"
    );
    folder.make(yaml, &["--overwrite"]);
    // Of one that says nothing that can be read nobody knows what it listed.
    folder.write("out/_rowgen/manifest.jsonl", "garbage\n");
    let ended = folder.run(&["run", "p.yaml", "--quiet", "--overwrite"]);
    assert_eq!(ended.code, 2, "{ended:?}");
    let hint = "  hint: put the manifest back from a copy, or remove `out` with all that is in it and make it anew\n";
    assert!(ended.stderr.ends_with(hint), "{ended:?}");
    std::fs::remove_dir_all(folder.path("out")).unwrap();
    folder.make(yaml, &[]);
    assert_eq!(folder.read("out/_rowgen/manifest.jsonl"), manifest);
    // With its files gone, too, all of it is made again.
    for part in ["out/part-00000.csv", "out/part-00001.csv"] {
        std::fs::remove_file(folder.path(part)).unwrap();
    }
    folder.write("out/_rowgen/manifest.jsonl", "");
    folder.make(yaml, &[]);
    assert_eq!(folder.read("out/_rowgen/manifest.jsonl"), manifest);
}
