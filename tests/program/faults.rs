//! Full disks, missing files, signals: a clear message each, and nothing half-written under a final name.

use std::process::Stdio;
use std::time::{Duration, Instant};

use super::endings::limited;
use super::support::{Ended, Folder};

const ENDLESS: &str = "version: 1\ntables:\n  t: { rows: 0, columns: { id: sequence, x: { uniform: { min: 0, max: 1000000 } } } }\nsinks:\n  - file: { path: out/t.parquet }\n  - file: { path: out/t.csv }\nrun: { rate: 200_000/s }\n";

pub fn small(path: &str) -> String {
    format!(
        "version: 1\ntables:\n  t: {{ rows: 1000, columns: {{ id: sequence }} }}\nsinks:\n  - file: {{ path: {path} }}\n"
    )
}

#[test]
fn a_file_that_has_no_room_is_removed_at_once() {
    let folder = Folder::new();
    let large = small("out/t.csv").replace("rows: 1000", "rows: 1000000");
    folder.write("p.yaml", &large);
    // No file may have more than 100 KiB.
    let ended = limited(&folder, "ulimit -f 100", "run p.yaml --quiet");
    assert_eq!(ended.code, 2, "{ended:?}");
    assert!(ended.stderr.contains("File too large"), "{}", ended.stderr);
    assert_eq!(folder.names("out"), [""; 0]);
}

/// What is there, but for hidden files.
fn bytes(folder: &Folder) -> Vec<(String, Vec<u8>)> {
    let names = folder.names("out").into_iter();
    let names = names.filter(|name| !name.starts_with('.') && !name.contains("_rowgen"));
    let read = |name: &String| std::fs::read(folder.path(&format!("out/{name}"))).unwrap();
    names.map(|name| (name.clone(), read(&name))).collect()
}

/// With the defaults: an output that is there already is an error, and one sink's failure stops no other.
#[test]
fn the_same_run_again_makes_what_had_no_room_and_nothing_else() {
    for good in ["out/good.csv.gz", "out/good, format: parquet"] {
        let folder = Folder::new();
        let large = small(good).replace("rows: 1000", "rows: 100000");
        folder.write("p.yaml", &(large + "  - file: { path: out/large.csv }\n"));
        let ended = limited(&folder, "ulimit -f 400", "run p.yaml --quiet");
        assert_eq!(ended.code, 2, "{ended:?}");
        assert!(
            ended.stderr.contains("writing `out/large.csv`"),
            "{}",
            ended.stderr
        );
        let made = bytes(&folder);
        assert_eq!(made.len(), if good.contains("parquet") { 2 } else { 1 });
        let ended = folder.run(&["run", "p.yaml", "--quiet"]);
        assert_eq!(ended.code, 0, "{good}: {}", ended.stderr);
        let all = bytes(&folder);
        assert!(made.iter().all(|file| all.contains(file)), "{good}");
        assert_eq!(folder.read("out/large.csv").lines().count(), 100_001);
        let left = folder
            .names("out")
            .into_iter()
            .filter(|name| name.contains(".run."));
        assert_eq!(left.collect::<Vec<_>>(), [""; 0], "{good}");
        // Done is done.
        assert_eq!(folder.run(&["run", "p.yaml", "--quiet"]).code, 2);
    }
}

#[test]
fn a_full_disk_is_said_as_such() {
    let folder = Folder::new();
    let yaml = format!(
        "{}  - file: {{ path: good.csv }}\n",
        small("/dev/full").replace(
            "{ path: /dev/full }",
            "{ path: /dev/full, format: csv, name: full }"
        )
    );
    folder.write("p.yaml", &yaml);
    let ended = folder.run(&["run", "p.yaml", "--quiet"]);
    assert_eq!(ended.code, 2, "{ended:?}");
    assert!(
        ended.stderr.contains("No space left on device"),
        "{}",
        ended.stderr
    );
    assert_eq!(
        folder.read("good.csv").lines().count(),
        1001,
        "one sink's failure does not stop the other"
    );
}

#[test]
fn one_failure_stops_the_others_when_asked() {
    let folder = Folder::new();
    let yaml = "version: 1\ntables:\n  t: { rows: 10_000_000, columns: { id: sequence } }\nsinks:\n  - file: { path: /dev/full, format: csv, on_sink_failure: stop }\n  - file: { path: good.csv }\n";
    folder.write("p.yaml", yaml);
    let ended = folder.run(&["run", "p.yaml", "--quiet"]);
    assert_eq!(ended.code, 2, "{ended:?}");
    assert!(!folder.path("good.csv").exists());
}

#[test]
fn a_folder_that_cannot_be_written_is_refused_before_the_first_row() {
    let folder = Folder::new();
    folder.write("blocked", "a file, not a folder");
    folder.write("p.yaml", &small("blocked/t.csv"));
    let ended = folder.run(&["run", "p.yaml", "--quiet"]);
    assert_eq!(ended.code, 2, "{ended:?}");
    assert!(
        ended.stderr.contains("could not open sink `file-1`"),
        "{}",
        ended.stderr
    );
    assert!(
        ended
            .stderr
            .contains("`blocked` is a file, so nothing can be written in it"),
        "{}",
        ended.stderr
    );
}

#[test]
fn output_that_is_there_is_not_touched_unless_asked() {
    let folder = Folder::new();
    folder.write("t.csv", "mine");
    folder.write("p.yaml", &small("t.csv"));
    let ended = folder.run(&["run", "p.yaml", "--quiet"]);
    assert_ne!(ended.code, 0);
    assert_eq!(folder.read("t.csv"), "mine");
    let ended = folder.run(&["run", "p.yaml", "--quiet", "--overwrite"]);
    assert_eq!(ended.code, 0, "{ended:?}");
    assert_eq!(folder.read("t.csv").lines().count(), 1001);
}

/// Starts an endless run and waits until it writes.
pub fn start(folder: &Folder) -> std::process::Child {
    folder.write("p.yaml", ENDLESS);
    // Whoever runs the tests may ignore SIGHUP, as `nohup` does; a run would, too.
    let program = ["--default-signal=HUP", env!("CARGO_BIN_EXE_rowgen")];
    let child = std::process::Command::new("/usr/bin/env")
        .args(program)
        .args(["run", "p.yaml", "--log", "text"])
        .current_dir(folder.path(""))
        .env_clear()
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let deadline = Instant::now() + Duration::from_secs(60);
    let begun = || {
        std::fs::metadata(folder.path("out/.t.csv.partial")).is_ok_and(|file| file.len() > 100_000)
    };
    while !begun() {
        assert!(Instant::now() < deadline, "the run did not begin");
        std::thread::sleep(Duration::from_millis(10));
    }
    child
}

#[test]
fn a_signal_ends_a_run_whose_pipe_nobody_reads() {
    let folder = Folder::new();
    let pipe = folder.path("pipe.csv");
    let made = std::process::Command::new("mkfifo").arg(&pipe).status();
    assert!(made.unwrap().success());
    // One whose reader has not come, and one whose reader takes nothing.
    for read in [false, true] {
        folder.write("p.yaml", &small("pipe.csv").replace("1000", "1_000_000"));
        let mut command = folder.command(&["run", "p.yaml", "--log", "text"]);
        let child = command.stderr(Stdio::piped()).spawn().unwrap();
        let held = read.then(|| std::fs::File::open(&pipe).unwrap());
        std::thread::sleep(Duration::from_secs(2));
        signal(&child, "-TERM");
        let began = Instant::now();
        let ended = Ended::from(child.wait_with_output().unwrap());
        assert!(began.elapsed() < Duration::from_secs(30), "{ended:?}");
        drop(held);
        assert_eq!(ended.code, 143, "{}", ended.stderr);
        assert!(
            ended.stderr.contains("nobody reads what is written to"),
            "{}",
            ended.stderr
        );
    }
}

#[cfg(feature = "kafka")]
#[test]
fn a_signal_while_a_server_is_waited_for_has_its_exit_code() {
    let folder = Folder::new();
    let yaml = "version: 1\ntables:\n  t: { rows: 10, columns: { id: sequence } }\nsinks:\n  - kafka: { brokers: \"127.0.0.1:1\", topic: t }\n";
    folder.write("p.yaml", yaml);
    let mut command = folder.command(&["run", "p.yaml", "--log", "text"]);
    let child = command.stderr(Stdio::piped()).spawn().unwrap();
    std::thread::sleep(Duration::from_secs(2));
    signal(&child, "-TERM");
    let ended = Ended::from(child.wait_with_output().unwrap());
    assert_eq!(ended.code, 143, "{}", ended.stderr);
    assert!(ended.stderr.contains("127.0.0.1:1"), "{}", ended.stderr);
}

pub fn signal(child: &std::process::Child, name: &str) {
    let status = std::process::Command::new("kill")
        .args([name, &child.id().to_string()])
        .status()
        .unwrap();
    assert!(status.success());
}

#[test]
fn killed_in_the_middle_only_hidden_partial_files_remain() {
    let folder = Folder::new();
    let mut child = start(&folder);
    signal(&child, "-KILL");
    child.wait().unwrap();
    assert_eq!(
        folder.names("out"),
        [".t.csv.partial", ".t.parquet.partial"]
    );
}

#[test]
fn interrupted_it_ends_with_whole_files() {
    for (name, code) in [("-INT", 130), ("-TERM", 143)] {
        let folder = Folder::new();
        let child = start(&folder);
        signal(&child, name);
        let ended = Ended::from(child.wait_with_output().unwrap());
        assert_eq!(ended.code, code, "{ended:?}");
        assert_eq!(folder.names("out"), ["t.csv", "t.parquet"]);
        assert!(ended.stderr.contains("interrupted"), "{}", ended.stderr);
        let rows = folder.read("out/t.csv").lines().count() - 1;
        let file = std::fs::File::open(folder.path("out/t.parquet")).unwrap();
        let reader = parquet::file::reader::SerializedFileReader::new(file).unwrap();
        use parquet::file::reader::FileReader;
        assert_eq!(reader.metadata().file_metadata().num_rows(), rows as i64);
    }
}

#[test]
fn a_deadline_ends_an_endless_run() {
    let folder = Folder::new();
    let yaml = ENDLESS.replace("run: {", "run: { for: 200ms,");
    folder.make(&yaml, &[]);
    assert_eq!(folder.names("out"), ["t.csv", "t.parquet"]);
}
