//! How runs end that the system, a signal or a row stops: the cause is told, and the exit code says whose
//! fault it was.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use super::faults::{signal, small, start};
use super::support::{Ended, Folder};

/// The program under limits that a shell sets.
pub fn limited(folder: &Folder, limits: &str, arguments: &str) -> Ended {
    let mut command = Command::new("bash");
    command
        .args([
            "-c",
            &format!("{limits}; exec timeout -k 5 60 \"$0\" {arguments}"),
        ])
        .arg(env!("CARGO_BIN_EXE_rowgen"))
        .current_dir(folder.path(""))
        .stdin(Stdio::null());
    Ended::from(command.output().unwrap())
}

#[test]
fn few_file_descriptors_are_named_with_what_to_do() {
    let values: Vec<String> = (1..=60).map(|value| value.to_string()).collect();
    let yaml = format!(
        "version: 1\nseed: 7\ntables:\n  t:\n    rows: 50_000\n    columns:\n      id: sequence\n      p: {{ choice: [{}] }}\n      name: {{ person: {{ locale: [en, it] }} }}\nsinks:\n  - file: {{ table: t, path: out/p, partition_by: [p], if_exists: replace_partitions, format: csv }}\n",
        values.join(",")
    );
    let folder = Folder::new();
    folder.write("p.yaml", &yaml);
    folder.write(
        "q.yaml",
        &yaml.replace(
            "partition_by: [p], if_exists: replace_partitions",
            "files: 3, if_exists: replace",
        ),
    );
    let mut told = 0;
    for limit in (8..64).step_by(4) {
        for stop in ["continue", "stop"] {
            folder.write(
                "p.yaml",
                &yaml.replace(
                    "sinks:",
                    &format!("run: {{ on_sink_failure: {stop} }}\nsinks:"),
                ),
            );
            let ended = limited(
                &folder,
                &format!("ulimit -n {limit}"),
                "run p.yaml --log text",
            );
            assert!(
                !ended.stderr.contains("bug of rowgen"),
                "{limit}: {ended:?}"
            );
            if ended.code == 0 {
                continue;
            }
            assert!(
                ended.code == 1 || ended.code == 2 || ended.code == 127,
                "{limit}: {ended:?}"
            );
            if ended.stderr.contains("Too many open files") && ended.code != 127 {
                let hint = format!(
                    "this process may have {limit} files open at once: raise that with `ulimit -n`"
                );
                assert!(ended.stderr.contains(&hint), "{limit}: {ended:?}");
                told += 1;
            }
        }
    }
    assert!(told > 10, "{told}");
}

#[test]
fn a_file_that_may_not_grow_is_an_error() {
    let folder = Folder::new();
    for path in ["t.csv", "t.jsonl", "t.csv.gz"] {
        folder.write("p.yaml", &small(path).replace("1000", "2_000_000"));
        let ended = limited(&folder, "ulimit -f 100", "run p.yaml --log text");
        assert_eq!(ended.code, 2, "{path}: {ended:?}");
        assert!(ended.stderr.contains("File too large"), "{}", ended.stderr);
        assert!(ended.stderr.contains("`ulimit -f`"), "{}", ended.stderr);
        assert!(!folder.path(path).exists());
    }
}

#[test]
fn a_terminal_that_goes_away_ends_a_run_cleanly() {
    let folder = Folder::new();
    let child = start(&folder);
    signal(&child, "-HUP");
    let ended = Ended::from(child.wait_with_output().unwrap());
    assert_eq!(ended.code, 129, "{ended:?}");
    assert_eq!(folder.names("out"), ["t.csv", "t.parquet"]);
    assert!(ended.stderr.contains("interrupted"), "{}", ended.stderr);
}

#[test]
fn nohup_lets_a_run_go_on() {
    let folder = Folder::new();
    folder.write(
        "p.yaml",
        &format!(
            "{}run: {{ rate: 1000/s }}\n",
            small("t.csv").replace("1000", "3000")
        ),
    );
    let mut command = Command::new("bash");
    command
        .args(["-c", "trap '' HUP; exec \"$0\" run p.yaml --quiet"])
        .arg(env!("CARGO_BIN_EXE_rowgen"))
        .current_dir(folder.path(""));
    let mut child = command.spawn().unwrap();
    std::thread::sleep(Duration::from_secs(1));
    signal(&child, "-HUP");
    assert_eq!(child.wait().unwrap().code(), Some(0));
    assert_eq!(folder.read("t.csv").lines().count(), 3001);
}

#[test]
fn a_read_only_folder_is_told_before_the_run() {
    let folder = Folder::new();
    std::fs::create_dir(folder.path("ro")).unwrap();
    for path in ["ro/s.csv", "ro/deep/er/s.csv", "ro/set"] {
        folder.write(
            "p.yaml",
            &small(&format!("{path}, format: csv, if_exists: replace")),
        );
        // A mount of its own, or nothing can be shown here.
        let script = "mount -t tmpfs -o ro tmpfs ro || exit 99; \"$0\" check p.yaml --connect; echo $?; \"$0\" run p.yaml --log text; echo $?; ls -A ro";
        let Some(ended) = folder.with_own_mounts(script) else {
            return;
        };
        assert_eq!(ended.stdout, "2\n2\n", "{ended:?}");
        let said: Vec<&str> = ended.stderr.split_inclusive("permissions\n").collect();
        assert_eq!(said[0], said[1], "{}", ended.stderr);
        assert!(
            said[0].contains("Read-only file system"),
            "{}",
            ended.stderr
        );
    }
}

#[test]
fn what_check_connect_asks_leaves_nothing_behind() {
    let folder = Folder::new();
    folder.write("p.yaml", &small("out/deep/t.csv"));
    assert_eq!(folder.run(&["check", "p.yaml", "--connect"]).code, 0);
    assert_eq!(folder.names(""), ["p.yaml"]);
}

fn lines(text: &str) -> Vec<Value> {
    let json =
        |line: &str| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
    text.lines().map(json).collect()
}

#[test]
fn errors_are_lines_of_a_json_log() {
    let folder = Folder::new();
    let plain = |yaml: &str| {
        folder.write("p.yaml", yaml);
        folder.run(&["run", "p.yaml", "--log", "text"])
    };
    let json = |yaml: &str| {
        folder.write("p.yaml", yaml);
        folder.run(&["run", "p.yaml", "--log", "json"])
    };
    let two_mistakes = small("t.csv")
        .replace("sequence", "sequense")
        .replace("path", "paht");
    let refused = json(&two_mistakes);
    assert_eq!(refused.code, 1);
    let said = lines(&refused.stderr);
    assert_eq!(said.len(), 2, "{}", refused.stderr);
    assert!(said.iter().all(|line| line["level"] == "ERROR"), "{said:?}");
    let texts: Vec<&str> = said
        .iter()
        .map(|line| line["text"].as_str().unwrap())
        .collect();
    assert_eq!(
        format!("{}\n", texts.join("\n\n")),
        plain(&two_mistakes).stderr
    );
    assert!(
        texts[0].ends_with(said[0]["message"].as_str().unwrap())
            || texts[0].contains(said[0]["message"].as_str().unwrap())
    );

    let failing = small("blocked/t.csv");
    folder.write("blocked", "a file");
    let failed = json(&failing);
    assert_eq!(failed.code, 2);
    let last = lines(&failed.stderr).pop().unwrap();
    assert_eq!(last["level"], "ERROR");
    assert_eq!(
        format!("{}\n", last["text"].as_str().unwrap()),
        plain(&failing).stderr
    );

    let row = small("t.csv").replace(
        "id: sequence",
        "id: sequence, x: { expr: \"1 / (id - 989)\" }",
    );
    let failed = json(&row);
    assert_eq!(failed.code, 2);
    let said = lines(&failed.stderr);
    assert!(
        said.iter().any(|line| line["level"] == "ERROR"
            && line["text"].as_str().unwrap().contains("division by zero")),
        "{}",
        failed.stderr
    );
    // A log that is silenced does not silence what went wrong.
    folder.write("p.yaml", &two_mistakes);
    let mut command = folder.command(&["run", "p.yaml", "--log", "json"]);
    let ended = Ended::from(command.env("RUST_LOG", "off").output().unwrap());
    assert!(ended.stderr.starts_with("error: "), "{}", ended.stderr);
}

#[test]
fn a_row_that_fails_ends_the_run_with_two() {
    for row in [1, 989, 30_000] {
        let folder = Folder::new();
        let column = format!("id: sequence, x: {{ expr: \"1 / (id - {row})\" }}");
        folder.write(
            "p.yaml",
            &small("t.csv")
                .replace("id: sequence", &column)
                .replace("1000", "50_000"),
        );
        let ended = folder.run(&["run", "p.yaml", "--quiet"]);
        assert_eq!(ended.code, 2, "{ended:?}");
        assert!(
            ended
                .stderr
                .contains(&format!("row {}: division by zero", row - 1)),
            "{}",
            ended.stderr
        );
        assert!(!folder.path("t.csv").exists());
    }
}

const READ: &str = "version: 1\ntables:\n  t:\n    from: { csv: { path: in.csv, on_bad_row: POLICY } }\n    columns:\n      ratio: { type: int32, expr: \"100 / amount\" }\n      short: { type: varchar(3), copy: name }\nsinks:\n  - file: { path: out.csv, if_exists: replace }\n";

#[test]
fn rows_of_which_a_column_cannot_be_made_are_left_out_where_bad_rows_are() {
    let folder = Folder::new();
    // Those of 0 and of the long name fail, and that of the text cannot be read.
    let mut rows = String::from("id,amount,name\n");
    for id in 0..50_000 {
        let (amount, name) = match id {
            7 | 20_000 | 49_999 => ("0", "abc"),
            30_000 => ("x", "abc"),
            40_000 => ("5", "abcdef"),
            _ => ("10", "abc"),
        };
        rows.push_str(&format!("{id},{amount},{name}\n"));
    }
    folder.write("in.csv", &rows);
    let yaml = |policy: &str| {
        READ.replace("POLICY", policy)
            .replace("    columns:", "    types: { amount: int32 }\n    columns:")
    };
    folder.write("p.yaml", &yaml("stop"));
    let ended = folder.run(&["run", "p.yaml", "--quiet"]);
    assert_eq!(ended.code, 2, "{ended:?}");
    assert!(
        ended.stderr.contains("row 7: division by zero"),
        "{}",
        ended.stderr
    );

    folder.write("p.yaml", &yaml("skip"));
    let ended = folder.run(&["run", "p.yaml", "--log", "text"]);
    assert_eq!(ended.code, 3, "{ended:?}");
    let made = folder.read("out.csv");
    assert_eq!(made.lines().count(), 1 + 50_000 - 5);
    let missing = |id: &str| !made.lines().any(|line| line.starts_with(&format!("{id},")));
    assert!(
        ["7", "20000", "30000", "40000", "49999"]
            .into_iter()
            .all(missing)
    );
    assert!(made.contains("\n8,10,abc,10,abc\n"), "{}", &made[..200]);

    folder.write("p.yaml", &yaml("{ dead_letter: dead.jsonl }"));
    let ended = folder.run(&["run", "p.yaml", "--quiet", "--threads", "1"]);
    assert_eq!(ended.code, 3, "{ended:?}");
    assert_eq!(folder.read("out.csv"), made);
    let letters = lines(&folder.read("dead.jsonl"));
    assert_eq!(letters.len(), 5);
    let computed: Vec<&Value> = letters
        .iter()
        .filter(|letter| letter["row"].is_u64())
        .collect();
    assert_eq!(computed.len(), 4);
    assert_eq!(computed[0]["row"], 7);
    assert_eq!(computed[0]["values"]["amount"], 0);
    let reason = computed[0]["reason"].as_str().unwrap();
    assert!(
        reason.contains("column `t.ratio`") && reason.contains("division by zero"),
        "{reason}"
    );
}

#[test]
fn where_every_row_fails_none_is_left() {
    let folder = Folder::new();
    let rows: String = (0..3000).map(|id| format!("{id},0,abc\n")).collect();
    folder.write("in.csv", &format!("id,amount,name\n{rows}"));
    folder.write("p.yaml", &READ.replace("POLICY", "skip"));
    let ended = folder.run(&["run", "p.yaml", "--quiet"]);
    assert_eq!(ended.code, 3, "{ended:?}");
    assert_eq!(folder.read("out.csv").lines().count(), 1);
}

#[test]
fn the_reader_of_a_named_pipe_that_leaves_is_told() {
    let folder = Folder::new();
    for format in ["csv", "jsonl"] {
        let pipe = folder.path(&format!("pipe.{format}"));
        assert!(
            Command::new("mkfifo")
                .arg(&pipe)
                .status()
                .unwrap()
                .success()
        );
        folder.write(
            "p.yaml",
            &small(&format!("pipe.{format}")).replace("1000", "2_000_000"),
        );
        let mut command = folder.command(&["run", "p.yaml", "--log", "text"]);
        let child = command.stderr(Stdio::piped()).spawn().unwrap();
        drop(std::fs::File::open(&pipe).unwrap());
        let ended = Ended::from(child.wait_with_output().unwrap());
        assert_eq!(ended.code, 2, "{ended:?}");
        assert!(
            ended.stderr.contains("has left before the end"),
            "{}",
            ended.stderr
        );
    }
    // Of standard output, that is how `head` has enough.
    folder.write(
        "p.yaml",
        &small("/dev/stdout, format: csv").replace("1000", "2_000_000"),
    );
    let mut command = Command::new("bash");
    command
        .args([
            "-c",
            "\"$0\" run p.yaml --quiet | head -n 1; echo ${PIPESTATUS[0]}",
        ])
        .arg(env!("CARGO_BIN_EXE_rowgen"))
        .current_dir(folder.path(""));
    assert_eq!(Ended::from(command.output().unwrap()).stdout, "id\n0\n");
}

#[test]
fn a_bench_of_a_run_without_end_ends() {
    let folder = Folder::new();
    let paced = |run: &str| format!("{}run: {{ {run} }}\n", small("t.csv").replace("1000", "0"));
    folder.write("p.yaml", &paced("rate: 1000/s"));
    let began = Instant::now();
    let ended = limited(&folder, "true", "bench p.yaml");
    assert_eq!(ended.code, 0, "{ended:?}");
    assert!(began.elapsed() < Duration::from_secs(40));
    assert!(
        ended
            .stdout
            .contains("the run has no end: 10.00 s of it were measured"),
        "{}",
        ended.stdout
    );
    folder.write("p.yaml", &paced("rate: 1000/s, for: 500ms"));
    let ended = limited(&folder, "true", "bench p.yaml");
    assert!(!ended.stdout.contains("has no end"), "{}", ended.stdout);
}
