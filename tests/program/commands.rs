//! Every command says what it should, where it should.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;

use super::support::{Ended, Folder};

const YAML: &str = "version: 1\nname: demo\nparams: { rows: 25, db_password: hunter2 }\ntables:\n  t:\n    rows: \"${rows}\"\n    columns:\n      id: sequence\n      s: { choice: [A, B] }\nsinks:\n  - file: { path: t.csv }\n";

#[test]
fn preview_shows_the_rows_asked_for() {
    let folder = Folder::new();
    folder.write(
        "p.yaml",
        "version: 1\ntables:\n  t: { rows: 25, columns: { id: { sequence: { start: 10 } } } }\n",
    );
    let ended = folder.run(&["preview", "p.yaml", "-n", "2", "--row", "5"]);
    assert_eq!(
        ended.stdout,
        "+----+\n| id |\n+----+\n| 15 |\n| 16 |\n+----+\n"
    );
    let ended = folder.run(&["preview", "p.yaml", "--row", "24"]);
    assert_eq!(ended.stdout, "+----+\n| id |\n+----+\n| 34 |\n+----+\n");
}

#[test]
fn a_preview_says_what_is_left_out() {
    let folder = Folder::new();
    folder.write("in.csv", "a\n1\nx\n3\n");
    folder.write(
        "p.yaml",
        "version: 1\ntables:\n  t: { from: { csv: { path: in.csv, on_bad_row: skip } }, types: { a: int64 } }\n",
    );
    let ended = folder.run(&["preview", "p.yaml"]);
    assert_eq!(ended.stdout, "+---+\n| a |\n+---+\n| 1 |\n| 3 |\n+---+\n");
    assert_eq!(
        ended.stderr,
        "1 row is left out: `on_bad_row` says so of what cannot be read\n"
    );
    let ended = folder.run(&["preview", "p.yaml", "-n", "1"]);
    assert_eq!(ended.stderr, "");
}

#[test]
fn the_report_file_has_everything_and_no_secret() {
    let folder = Folder::new();
    folder.make(YAML, &["--report", "r.json", "--set", "rows=1e2"]);
    let text = folder.read("r.json");
    assert!(!text.contains("hunter2"), "{text}");
    let report: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(report["rows"], 100);
    assert_eq!(report["outcome"], "done");
    assert_eq!(report["params"][0][1], "1e2");
    assert_eq!(report["params"][1][1], "***");
    assert_eq!(report["sinks"][0]["files"][0]["rows"], 100);
    assert_eq!(
        report["sinks"][0]["files"][0]["sha256"]
            .as_str()
            .unwrap()
            .len(),
        64
    );
    assert_eq!(report["version"], env!("CARGO_PKG_VERSION"));
}

#[test]
fn a_param_with_a_secret_in_it_is_shown_without() {
    let folder = Folder::new();
    let urls = "db_password: hunter2, url: \"kafka:${db_password}\", at: \"a://me:hunter2@host\", env: \"${env:PASS}\"";
    folder.write("p.yaml", &YAML.replace("db_password: hunter2", urls));
    let plan = folder
        .command(&["plan", "p.yaml"])
        .env("PASS", "hunter2")
        .output()
        .unwrap();
    let plan = String::from_utf8(plan.stdout).unwrap();
    let params: Vec<&str> = plan
        .lines()
        .filter(|line| line.starts_with("param "))
        .collect();
    assert_eq!(
        params,
        [
            "param rows = 25",
            "param db_password = ***",
            "param url = kafka:${db_password}",
            "param at = a://**********@host",
            "param env = ${env:PASS}",
        ]
    );
}

#[test]
fn plan_says_how_many_files_there_will_be() {
    let folder = Folder::new();
    let files = |rows: &str| {
        let yaml = YAML.replace("path: t.csv", "path: out, format: csv, files: 3");
        folder.write("p.yaml", &yaml);
        let ended = folder.run(&["plan", "p.yaml", "--set", rows]);
        assert_eq!(ended.code, 0, "{}", ended.stderr);
        let mut lines = ended
            .stdout
            .lines()
            .skip_while(|line| !line.contains(" as csv, "));
        lines.nth(1).unwrap().trim().to_string()
    };
    assert_eq!(files("rows=100_000"), "3 files");
    assert_eq!(files("rows=1000"), "3 files");
    assert_eq!(files("rows=2"), "2 files, not 3: none is empty");
    assert_eq!(files("rows=1"), "1 file, not 3: none is empty");
}

#[test]
fn json_lines_tell_a_run_from_its_start_to_its_end() {
    let folder = Folder::new();
    folder.write("p.yaml", YAML);
    let ended = folder.run(&["run", "p.yaml"]);
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    let lines: Vec<serde_json::Value> = ended
        .stderr
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let messages: Vec<&str> = lines
        .iter()
        .map(|line| line["message"].as_str().unwrap())
        .collect();
    assert_eq!(
        messages,
        ["run started", "file written", "sink ended", "run ended"]
    );
    assert_eq!(lines[3]["rows"], 25);
    assert_eq!(lines[2]["errors"], 0);
}

#[test]
fn settings_come_from_the_environment_too() {
    let folder = Folder::new();
    folder.write("p.yaml", YAML);
    let mut command = folder.command(&["run", "p.yaml"]);
    command
        .env("ROWGEN_PARAM_rows", "7")
        .env("ROWGEN_QUIET", "true")
        .env("ROWGEN_OUT", "there");
    assert!(command.output().unwrap().status.success());
    assert_eq!(folder.read("there/t.csv").lines().count(), 8);
}

/// Somebody else's variables may hold anything, and a folder's name stands in one of them.
#[test]
fn variables_that_are_no_text_matter_only_where_they_are_used() {
    let odd = OsStr::from_bytes(b"caf\xe9");
    let folder = Folder::new();
    folder.write("p.yaml", YAML);
    let run = |variable: &str| {
        let mut command = folder.command(&["run", "p.yaml", "--quiet", "--overwrite"]);
        Ended::from(command.env(variable, odd).output().unwrap())
    };
    assert_eq!(run("PWD").code, 0);
    let ended = run("ROWGEN_PARAM_rows");
    let told = "error: the value given for `rows` is no UTF-8 text\n --> p.yaml";
    assert!(
        ended.code == 1 && ended.stderr.starts_with(told),
        "{}",
        ended.stderr
    );
    folder.write("p.yaml", &YAML.replace("hunter2", "\"${env:PLACE:-here}\""));
    assert_eq!(run("PWD").code, 0);
    let ended = run("PLACE");
    let told = "error: the environment variable `PLACE` is no UTF-8 text\n --> p.yaml";
    assert!(
        ended.code == 1 && ended.stderr.starts_with(told),
        "{}",
        ended.stderr
    );
}

#[test]
fn the_option_parser_s_errors_are_the_user_s() {
    let folder = Folder::new();
    assert_eq!(folder.run(&["run"]).code, 1);
    assert_eq!(folder.run(&["fly"]).code, 1);
    assert_eq!(folder.run(&["--help"]).code, 0);
    assert_eq!(folder.run(&["run", "p.yaml", "--slice", "3/2"]).code, 1);
}

#[test]
fn lists_plans_schemas_and_completions_go_to_stdout() {
    let folder = Folder::new();
    folder.write("p.yaml", YAML);
    for (arguments, has) in [
        (&["list"][..], "sequence"),
        (&["list", "formats"], "parquet"),
        (&["plan", "p.yaml"], "strictly ascending"),
        (&["schema"], "\"title\": \"rowgen pipeline\""),
        (&["completions", "bash"], "_rowgen"),
    ] {
        let ended = folder.run(arguments);
        assert_eq!(
            (ended.code, ended.stderr.as_str()),
            (0, ""),
            "{arguments:?}"
        );
        assert!(
            ended.stdout.contains(has),
            "{arguments:?}: {}",
            ended.stdout
        );
    }
}

#[test]
fn bench_tells_what_each_stage_costs_and_which_one_limits() {
    let folder = Folder::new();
    folder.write("p.yaml", YAML);
    let ended = folder.run(&["bench", "p.yaml", "--set", "rows=100_000"]);
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    let starts: Vec<String> = ended
        .stdout
        .lines()
        .take(7)
        .map(|line| line.split("  ").next().unwrap().into())
        .collect();
    let (last, stages) = starts.split_last().unwrap();
    assert_eq!(
        stages,
        [
            "generation alone",
            "generation",
            "encoding",
            "writing",
            "in all",
            "memory"
        ],
        "{}",
        ended.stdout
    );
    assert!(last.starts_with("limited by "), "{}", ended.stdout);
    // The report below it does not say something else.
    assert_eq!(ended.stdout.matches("limited by ").count(), 1);
    assert_eq!(ended.stdout.matches("ns of CPU a row").count(), 5);
}

#[test]
fn bench_leaves_what_is_there_and_nothing_else() {
    let folder = Folder::new();
    folder.write("p.yaml", YAML);
    folder.write("t.csv", "precious\n");
    folder.write("there/t.csv", "precious\n");
    for arguments in [
        &["bench", "p.yaml"][..],
        &["bench", "p.yaml", "--out", "there"],
    ] {
        let ended = folder.run(arguments);
        assert_eq!(ended.code, 0, "{}", ended.stderr);
    }
    assert_eq!(folder.names(""), ["p.yaml", "t.csv", "there/t.csv"]);
    assert_eq!(folder.read("t.csv"), "precious\n");
    assert_eq!(folder.read("there/t.csv"), "precious\n");

    let own = folder.write("own.csv", "precious\n").display().to_string();
    // A path that leads elsewhere is one below the folder that is removed in the end.
    for path in [
        own.clone(),
        format!("{own}, if_exists: replace"),
        "../out/own.csv".into(),
    ] {
        folder.write("p.yaml", &YAML.replace("t.csv", &path));
        let ended = folder.run(&["bench", "p.yaml"]);
        assert_eq!(ended.code, 0, "{}", ended.stderr);
        let said = "(file): written below the temporary folder\n";
        assert!(ended.stdout.contains(said), "{}", ended.stdout);
    }
    assert_eq!(
        folder.names(""),
        ["own.csv", "p.yaml", "t.csv", "there/t.csv"]
    );
    assert_eq!(folder.read("own.csv"), "precious\n");
}

#[test]
fn everything_can_go_to_a_pipe_that_closes_early() {
    let folder = Folder::new();
    folder.write(
        "p.yaml",
        &YAML
            .replace("path: t.csv", "path: /dev/stdout, format: csv")
            .replace("25", "10_000_000"),
    );
    let mut child = folder
        .command(&["run", "p.yaml", "--quiet"])
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    assert_eq!(child.wait().unwrap().code(), Some(0));
}

#[test]
fn a_rate_that_is_not_held_is_told() {
    let folder = Folder::new();
    folder.write("p.yaml", "version: 1\ntables:\n  t: { rows: 0, columns: { s: { words: {} }, u: uuid } }\nsinks:\n  - file: { path: t.jsonl }\n");
    let ended = folder.run(&[
        "run", "p.yaml", "--log", "text", "--for", "1500ms", "--rate", "1G/s",
    ]);
    assert_eq!(ended.code, 3, "{}", ended.stderr);
    assert!(
        ended.stderr.contains("done, but the rate was not held"),
        "{}",
        ended.stderr
    );
    let ended = folder.run(&[
        "run",
        "p.yaml",
        "--quiet",
        "--overwrite",
        "--for",
        "1500ms",
        "--rate",
        "1_000/s",
    ]);
    assert_eq!(ended.code, 0, "{}", ended.stderr);
}

#[test]
fn batches_are_as_small_as_all_their_sinks_like_them() {
    let folder = Folder::new();
    let batches = |sinks: &str, options: &[&str]| {
        let yaml = YAML.replace("  - file: { path: t.csv }\n", sinks);
        folder.write("p.yaml", &yaml);
        let ended = folder.run(&[&["plan", "p.yaml"], options].concat());
        assert_eq!(ended.code, 0, "{}", ended.stderr);
        let line = ended
            .stdout
            .lines()
            .find_map(|line| line.split_once("in batches of "));
        line.unwrap().1.to_string()
    };
    let json = "  - file: { path: t.jsonl }\n";
    let avro = "  - file: { path: t.avro }\n";
    let packed = "  - file: { path: t.jsonl.gz }\n";
    let parquet = "  - file: { path: t.parquet }\n";
    assert_eq!(batches(json, &[]), "4 096");
    assert_eq!(batches(&[json, avro].concat(), &[]), "8 192");
    assert_eq!(batches(packed, &[]), "16 384");
    assert_eq!(batches(&[json, parquet].concat(), &[]), "16 384");
    assert_eq!(batches(json, &["--batch-rows", "10000"]), "10 000");
}
