//! Files that are written while a run reads them.

use std::io::Write;
use std::process::{Child, Stdio};
use std::time::Duration;

use super::support::{Ended, Folder};

const ROWS: usize = 40_000;

fn lines(word: &str, rows: usize) -> String {
    let lines = (0..rows).map(|row| format!("{row:08},{word}\n"));
    std::iter::once("id,word\n".to_string())
        .chain(lines)
        .collect()
}

/// A run that takes two seconds for its input, in the middle of it.
fn started(folder: &Folder, input: &str) -> Child {
    let yaml = format!(
        "version: 1\ntables:\n  t: {{ from: {{ csv: {{ path: {input} }} }}, types: {{ id: utf8 }} }}\nsinks:\n  - file: {{ path: out.csv }}\nrun: {{ batch_rows: 1000 }}\n"
    );
    folder.write("p.yaml", &yaml);
    folder.write("in.csv", &lines("old", ROWS));
    let mut command = folder.command(&["run", "p.yaml", "--rate", "20_000/s"]);
    let child = command.stderr(Stdio::piped()).spawn().unwrap();
    std::thread::sleep(Duration::from_millis(700));
    child
}

fn ended(child: Child) -> Ended {
    Ended::from(child.wait_with_output().unwrap())
}

#[test]
fn a_file_that_is_written_over_ends_the_run_without_output() {
    let folder = Folder::new();
    let child = started(&folder, "in.csv");
    // With as many bytes: no row begins elsewhere.
    folder.write("in.csv", &lines("new", ROWS));
    let ended = ended(child);
    assert_eq!(ended.code, 2, "{}", ended.stderr);
    let told = r"could not read `in.csv`\n  caused by: it has been written since it was opened\n  hint: a file must not change while it is read";
    assert!(ended.stderr.contains(told), "{}", ended.stderr);
    assert!(!folder.path("out.csv").exists());
}

#[test]
fn a_file_that_grows_is_read_as_it_was() {
    let folder = Folder::new();
    let child = started(&folder, "in.csv");
    let file = std::fs::File::options()
        .append(true)
        .open(folder.path("in.csv"));
    file.unwrap().write_all(b"99999999,more\n").unwrap();
    let ended = ended(child);
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    let told = "a file has grown while it was read: what came behind its end is not in";
    assert!(ended.stderr.contains(told), "{}", ended.stderr);
    assert!(folder.read("out.csv") == lines("old", ROWS));
}

#[test]
fn a_file_that_another_one_takes_the_name_of_is_read_as_it_was() {
    let folder = Folder::new();
    let child = started(&folder, "in.csv");
    folder.write("new.csv", &lines("new", ROWS));
    std::fs::rename(folder.path("new.csv"), folder.path("in.csv")).unwrap();
    let ended = ended(child);
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    assert!(folder.read("out.csv") == lines("old", ROWS));
}
