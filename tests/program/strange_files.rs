//! Files that are none: pipes, folders, devices, other people's files, files with a byte that is wrong.

use std::os::unix::fs::FileExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use super::support::{Ended, Folder};

const TABLE: &str = "tables:\n  t:\n    rows: 1\n    columns: { a: sequence }\nsinks:\n  - file: { table: t, path: out.csv, if_exists: replace }\n";

/// A command that must end by itself within ten seconds.
fn soon(folder: &Folder, arguments: &[&str]) -> Ended {
    let mut command = folder.command(arguments);
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let deadline = Instant::now() + Duration::from_secs(10);
    while child.try_wait().unwrap().is_none() {
        if Instant::now() > deadline {
            child.kill().unwrap();
            panic!(
                "{arguments:?} does not end: {:?}",
                Ended::from(child.wait_with_output().unwrap())
            );
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    Ended::from(child.wait_with_output().unwrap())
}

/// A folder with a pipe that nobody writes to, and a folder.
fn strange() -> Folder {
    let folder = Folder::new();
    let made = Command::new("mkfifo").arg(folder.path("pipe.csv")).status();
    assert!(made.unwrap().success());
    std::fs::create_dir(folder.path("folder.csv")).unwrap();
    folder
}

const STRANGE: [&str; 6] = [
    "pipe.csv",
    "folder.csv",
    "/dev/zero",
    "/dev/urandom",
    "/dev/full",
    "/dev/null",
];

#[test]
fn what_is_no_file_is_no_pipeline() {
    let folder = strange();
    let said = STRANGE.map(|path| {
        let ended = soon(&folder, &["check", path]);
        assert_eq!(ended.code, 1, "{ended:?}");
        ended.stderr
    });
    insta::assert_snapshot!(said.concat());
    for path in STRANGE {
        folder.write("p.yaml", &format!("version: 1\ninclude: {path}\n{TABLE}"));
        let ended = soon(&folder, &["check", "p.yaml"]);
        assert_eq!(ended.code, 1, "{ended:?}");
        assert!(ended.stderr.contains("--> p.yaml:2:10"), "{}", ended.stderr);
        assert!(
            ended.stderr.contains("not a plain file"),
            "{}",
            ended.stderr
        );
    }
}

#[test]
fn what_is_no_file_is_not_read() {
    let folder = strange();
    for path in STRANGE {
        let uses = [
            format!("version: 1\nreference: {{ r: {{ path: {path} }} }}\n{TABLE}"),
            format!(
                "version: 1\ntables: {{ t: {{ from: {{ csv: {{ path: {path} }} }} }} }}\nsinks:\n  - discard: {{ table: t }}\n"
            ),
            format!(
                "version: 1\ntables: {{ t: {{ from: {{ parquet: {{ path: {path} }} }} }} }}\nsinks:\n  - discard: {{ table: t }}\n"
            ),
            format!(
                "version: 1\ntables: {{ t: {{ from: {{ json: {{ path: {path} }} }} }} }}\nsinks:\n  - discard: {{ table: t }}\n"
            ),
            format!(
                "version: 1\ntables: {{ t: {{ from: {{ avro: {{ path: {path} }} }} }} }}\nsinks:\n  - discard: {{ table: t }}\n"
            ),
            format!(
                "version: 1\n{}",
                TABLE.replace(
                    "path: out.csv",
                    &format!("path: out.avro, format: {{ avro: {{ schema_file: {path} }} }}")
                )
            ),
        ];
        for yaml in uses {
            folder.write("p.yaml", &yaml);
            let ended = soon(&folder, &["check", "p.yaml"]);
            assert_eq!(ended.code, 1, "{yaml}\n{ended:?}");
            assert!(ended.stderr.contains("--> p.yaml:"), "{}", ended.stderr);
        }
    }
}

#[test]
fn a_pipeline_that_never_ends_is_refused() {
    let folder = Folder::new();
    let mut command = folder.command(&["check", "-"]);
    let zero = std::fs::File::open("/dev/zero").unwrap();
    let ended = Ended::from(command.stdin(zero).output().unwrap());
    assert_eq!(ended.code, 1);
    assert!(
        ended.stderr.contains("more than 256.0 MiB"),
        "{}",
        ended.stderr
    );
    // One that a shell makes of a command is read as any other.
    folder.write("p.yaml", &format!("version: 1\n{TABLE}"));
    let mut command = Command::new("bash");
    command
        .args(["-c", "\"$0\" check <(cat p.yaml)"])
        .arg(env!("CARGO_BIN_EXE_rowgen"))
        .current_dir(folder.path(""));
    let ended = Ended::from(command.output().unwrap());
    assert_eq!(ended.code, 0, "{ended:?}");
}

#[test]
fn an_include_shows_nothing_of_other_files() {
    let folder = Folder::new();
    let secrets = [
        "root:$y$j9T$hunter2:19000:0:99999:7:::\ndaemon:*:19000:0:99999:7:::\n",
        "users:\n- name: admin\n  user: { token: hunter2 }\n",
        "- hunter2\n- b\n",
        "[default]\naws_secret_access_key = hunter2\n",
        "\thunter2: {\n",
        "{ a: hunter2",
    ];
    let said = secrets.map(|secret| {
        folder.write("etc/shadow", secret);
        folder.write(
            "p.yaml",
            &format!("version: 1\ninclude: etc/shadow\n{TABLE}"),
        );
        let ended = soon(&folder, &["check", "p.yaml"]);
        assert_eq!(ended.code, 1);
        assert!(!ended.stderr.contains("hunter2"), "{}", ended.stderr);
        ended.stderr
    });
    assert!(said.iter().all(|other| *other == said[0]), "{said:?}");
    // A part of a pipeline is shown with its mistakes.
    folder.write("etc/shadow", "version: 1\nparam: { a: 1 }\n");
    let shown = soon(&folder, &["check", "p.yaml"]).stderr;
    insta::assert_snapshot!([said[0].clone(), shown].join("\n"));
}

#[test]
fn a_password_among_brokers_is_refused_unseen() {
    let sinks = [
        "me:hunter2@host:9092",
        "\"a:9092,me:hunt@er2@host\"",
        "'${env:BROKERS}'",
    ];
    for brokers in sinks {
        let folder = Folder::new();
        folder.write("p.yaml", &format!("version: 1\ntables: {{ t: {{ rows: 1, columns: {{ a: sequence }} }} }}\nsinks:\n  - kafka: {{ brokers: {brokers}, topic: t }}\n"));
        let mut command = folder.command(&["check", "p.yaml"]);
        let ended = Ended::from(
            command
                .env("BROKERS", "me:hunter2@host:9092")
                .output()
                .unwrap(),
        );
        assert_eq!(ended.code, 1, "{ended:?}");
        let hidden = !ended.stderr.contains("hunt") && !ended.stderr.contains("er2");
        assert!(
            hidden && ended.stderr.contains("--> p.yaml:4:"),
            "{}",
            ended.stderr
        );
    }
}

#[test]
fn long_lines_of_sources_are_not_shown_whole() {
    let folder = Folder::new();
    let long = "x".repeat(10 << 20);
    folder.write("long.csv", &format!("id,name\n1,a\n{long},b\n3,c\n"));
    folder.write(
        "long.jsonl",
        &format!("{{\"id\": 1}}\n{{\"id\": \"{long}\"}}\n"),
    );
    folder.write("wide.csv", &format!("id\n1,{long}\n"));
    for (kind, file) in [
        ("csv", "long.csv"),
        ("json", "long.jsonl"),
        ("csv", "wide.csv"),
    ] {
        folder.write("p.yaml", &format!("version: 1\ntables: {{ t: {{ from: {{ {kind}: {{ path: {file} }} }}, types: {{ id: int32 }} }} }}\nsinks:\n  - file: {{ path: out.jsonl, if_exists: replace }}\n"));
        for log in ["json", "text"] {
            let ended = soon(&folder, &["run", "p.yaml", "--log", log]);
            assert_ne!(ended.code, 0, "{file}");
            assert!(ended.stderr.len() < 10_000, "{} bytes", ended.stderr.len());
            assert!(ended.stderr.contains(file), "{}", ended.stderr);
        }
    }
}

const FOREIGN: &str = "version: 1\nname: foreign\nseed: 1\ntables:\n  t:\n    rows: 300\n    columns:\n      id: sequence\n      name: { choice: [Ada, Grace, Linus, Edsger] }\n      text: { words: { min: 1, max: 4 }, nulls: 0.2 }\n      amount: { type: \"decimal(10,2)\", uniform: { min: 0, max: 999 } }\n      at: { type: \"timestamp(us, UTC)\", event_time: { start: 2026-01-01, rate: 20/s } }\n      tags: { list: { length: { uniform: { min: 0, max: 3 } }, of: { choice: [a, b] } } }\nsinks:\n";

/// Reads the file at a path as a table, and as a reference if it can be one.
fn reading(kind: &str, path: &str) -> String {
    format!(
        "version: 1\ntables:\n  t: {{ from: {{ {kind}: {{ path: {path} }} }} }}\nsinks:\n  - discard: {{ table: t, format: csv, columns: [id, name, text, amount, at] }}\n"
    )
}

/// Small and plain, so that a wrong byte is more than a wrong checksum.
fn foreign() -> Folder {
    let folder = Folder::new();
    folder.make(&format!("{FOREIGN}  - file: {{ path: snappy.parquet }}\n  - file: {{ path: plain.parquet, format: {{ parquet: {{ compression: none }} }} }}\n  - file: {{ path: null.avro, format: {{ avro: {{ codec: \"null\" }} }} }}\n  - file: {{ path: deflate.avro, format: {{ avro: {{ codec: deflate }} }} }}\n"), &[]);
    folder
}

/// A generator that is the same everywhere: Knuth's MMIX.
fn next(state: &mut u64) -> u64 {
    *state = state
        .wrapping_mul(6_364_136_223_846_793_005)
        .wrapping_add(1_442_695_040_888_963_407);
    *state >> 33
}

#[test]
fn files_with_a_wrong_byte_are_errors_of_these_files() {
    let folder = foreign();
    let files = [
        "snappy.parquet",
        "plain.parquet",
        "null.avro",
        "deflate.avro",
    ];
    for (number, file) in files.into_iter().enumerate() {
        let (name, kind) = file.split_once('.').unwrap();
        let changed = format!("{name}_changed.{kind}");
        let yaml = reading(kind, &changed);
        folder.write("p.yaml", &yaml);
        let bytes = folder.bytes(file);
        let mut state = number as u64 + 1;
        for turn in 0..125 {
            let at = next(&mut state) as usize % bytes.len();
            let mut wrong = bytes.clone();
            wrong[at] ^= 1 << (next(&mut state) % 8);
            std::fs::write(folder.path(&changed), &wrong).unwrap();
            let commands = [&["run", "p.yaml", "--quiet"][..], &["check", "p.yaml"]];
            let ended = soon(&folder, commands[turn % 5 / 4]);
            let what = format!("{file}, byte {at}: {ended:?}");
            assert!([0, 1, 2].contains(&ended.code), "{what}");
            assert!(ended.code == 0 || ended.stderr.contains(&changed), "{what}");
            assert!(!ended.stderr.contains("panicked"), "{what}");
            assert!(!ended.stderr.contains("bug of rowgen"), "{what}");
        }
    }
}

#[test]
fn files_that_end_too_soon_or_claim_too_much_are_errors_of_these_files() {
    let folder = foreign();
    for file in ["plain.parquet", "null.avro"] {
        let (name, kind) = file.split_once('.').unwrap();
        let changed = format!("{name}_changed.{kind}");
        folder.write("p.yaml", &reading(kind, &changed));
        let bytes = folder.bytes(file);
        let mut wrong: Vec<Vec<u8>> = (0..10)
            .map(|tenth| bytes[..bytes.len() * tenth / 10].to_vec())
            .collect();
        wrong.push(vec![0xff; 4096]);
        // A footer of four gigabytes.
        let mut long = bytes.clone();
        let end = long.len();
        long[end - 8..end - 4].fill(0xff);
        wrong.extend((kind == "parquet").then_some(long));
        for wrong in wrong {
            std::fs::write(folder.path(&changed), &wrong).unwrap();
            let ended = soon(&folder, &["check", "p.yaml"]);
            assert_eq!(ended.code, 1, "{ended:?}");
            assert!(ended.stderr.contains(&changed), "{}", ended.stderr);
        }
    }
}

#[test]
fn a_sparse_file_of_a_terabyte_is_refused() {
    let folder = Folder::new();
    for name in ["p.yaml", "r.csv"] {
        let file = std::fs::File::create(folder.path(name)).unwrap();
        file.write_all_at(b"a", 1 << 40).unwrap();
    }
    let ended = soon(&folder, &["check", "p.yaml"]);
    assert_eq!(ended.code, 1, "{ended:?}");
    folder.write(
        "q.yaml",
        &format!("version: 1\nreference: {{ r: {{ path: r.csv }} }}\n{TABLE}"),
    );
    let ended = soon(&folder, &["check", "q.yaml"]);
    assert_eq!(ended.code, 1, "{ended:?}");
    assert!(
        ended.stderr.contains("is not held in memory"),
        "{}",
        ended.stderr
    );
    assert!(Path::new(&folder.path("r.csv")).exists());
}
