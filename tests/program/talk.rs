//! What the program says to terminals, logs and other programs, and that nobody has to listen.

use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::process::Stdio;

use serde_json::Value;

use super::support::{Ended, Folder};

const YAML: &str = "version: 1\nname: demo\ntables:\n  t:\n    rows: 200_000\n    columns:\n      id: sequence\n      s: { choice: [A, B] }\nsinks:\n  - file: { path: out/t, format: csv, files: 3 }\n";

/// The folder's pipeline with a log on a stderr that takes nothing, or not for long.
fn run_with(folder: &Folder, stderr: Stdio, arguments: &[&str]) -> std::process::Child {
    folder.write("p.yaml", YAML);
    let mut command = folder.command(&[&["run", "p.yaml"], arguments].concat());
    command
        .stderr(stderr)
        .stdout(Stdio::null())
        .spawn()
        .unwrap()
}

#[test]
fn a_full_disk_below_the_log_does_not_end_the_run() {
    for log in ["json", "text"] {
        let folder = Folder::new();
        let full = File::options().write(true).open("/dev/full").unwrap();
        let mut child = run_with(&folder, full.into(), &["--log", log]);
        assert_eq!(child.wait().unwrap().code(), Some(0), "{log}");
        assert!(folder.path("out/t/_SUCCESS").exists(), "{log}");
    }
}

#[test]
fn a_log_that_nobody_reads_to_its_end_does_not_end_the_run() {
    let folder = Folder::new();
    let mut child = run_with(&folder, Stdio::piped(), &["--log", "json"]);
    // As `2>&1 | head -n 1` does.
    let mut first = String::new();
    BufReader::new(child.stderr.take().unwrap())
        .read_line(&mut first)
        .unwrap();
    assert!(first.contains("run started"), "{first}");
    assert_eq!(child.wait().unwrap().code(), Some(0));
    assert!(folder.path("out/t/_SUCCESS").exists());
}

#[test]
fn an_error_that_cannot_be_told_keeps_its_exit_code() {
    let folder = Folder::new();
    folder.write("p.yaml", "version: 2\n");
    for arguments in [&["check", "p.yaml"][..], &["run", "p.yaml"], &["fly"]] {
        let full = File::options().write(true).open("/dev/full").unwrap();
        let mut command = folder.command(arguments);
        let status = command.stderr(full).status().unwrap();
        assert_eq!(status.code(), Some(1), "{arguments:?}");
    }
}

#[test]
fn long_lines_and_values_are_shown_around_the_mistake() {
    let folder = Folder::new();
    let long = "row+".repeat(100_000);
    let column =
        |column: String| YAML.replace("id: sequence", &format!("id: sequence\n      e: {column}"));
    let cases = [
        column(format!("{{ expr: \"{long}nope\" }}")),
        column(format!("{{ pattern: \"{}[\" }}", "a".repeat(400_000))),
        column(format!("{{ type: \"{long}\", sequence: {{}} }}")),
        column(format!("{{ {}: 1 }}", "x".repeat(1000))),
        YAML.replace("200_000", &long),
        format!("{YAML}x{}: {{{{ a: b\n", "y".repeat(400_000)),
        format!("{YAML}# {long}\nparams: {{ a: \"{long}\" , b: [ }}\n"),
    ];
    for yaml in cases {
        let said = folder.refuse(&yaml);
        assert!(said.len() < 3000, "{} bytes: {}", said.len(), &said[..2000]);
    }
}

#[test]
fn a_choice_of_a_million_values_passes_and_more_is_told_in_our_words() {
    let folder = Folder::new();
    let values: Vec<String> = (0..1_000_000).map(|n| n.to_string()).collect();
    let file = |values: &str| YAML.replace("[A, B]", &format!("[{values}]"));
    folder.write("p.yaml", &file(&values.join(",")));
    let ended = folder.run(&["check", "p.yaml"]);
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    let limits = [
        file(&"1,".repeat(3_000_001)),
        YAML.replace(
            "[A, B]",
            &format!("{}1{}", "[".repeat(100), "]".repeat(100)),
        ),
        YAML.replace("rows: 200_000", "rows: &a [ *a ]"),
    ];
    let said = limits.map(|yaml| folder.refuse(&yaml));
    insta::assert_snapshot!(said.join("\n"));
}

#[test]
fn standard_input_is_a_pipeline_with_paths_from_here() {
    let folder = Folder::new();
    folder.write("names.csv", "name\na\nb\n");
    let yaml = "version: 1\nreference: { names: { path: names.csv } }\ntables:\n  t:\n    rows: 3\n    columns: { n: { reference: { from: names, field: name } } }\nsinks:\n  - file: { path: t.csv }\n";
    let given = |yaml: &str, arguments: &[&str]| {
        let mut command = folder.command(arguments);
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        child
            .stdin
            .take()
            .unwrap()
            .write_all(yaml.as_bytes())
            .unwrap();
        Ended::from(child.wait_with_output().unwrap())
    };
    let ended = given(yaml, &["run", "-", "--quiet"]);
    assert_eq!((ended.code, ended.stderr.as_str()), (0, ""));
    assert_eq!(folder.read("t.csv").lines().count(), 4);
    let ended = given("version: 2\n", &["check", "-"]);
    assert_eq!(
        ended.stderr,
        "error: unknown version 2 of the pipeline language\n --> stdin:1:10\n  |\n1 | version: 2\n  |          ^\n  hint: this rowgen speaks version 1\n"
    );
}

#[test]
fn variables_that_are_misspelt_are_told() {
    let folder = Folder::new();
    folder.write(
        "p.yaml",
        &YAML
            .replace("200_000", "\"${rows}\"")
            .replace("tables:", "params: { rows: 5 }\ntables:"),
    );
    let mut command = folder.command(&["check", "p.yaml"]);
    command
        .env("ROWGEN_SEDE", "1")
        .env("ROWGEN_PARAM_row", "7")
        .env("ROWGEN_PARAM_rows", "6")
        .env("ROWGEN_FSYNC", "false");
    let ended = Ended::from(command.output().unwrap());
    assert_eq!(ended.code, 0);
    assert_eq!(
        ended.stderr,
        "warning: the environment variable `ROWGEN_PARAM_row` is not read: did you mean `ROWGEN_PARAM_rows`?\nwarning: the environment variable `ROWGEN_SEDE` is not read: did you mean `ROWGEN_SEED`?\np.yaml: no mistakes found\n"
    );
}

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

#[test]
fn the_log_says_what_was_written_where() {
    let folder = Folder::new();
    folder.write("p.yaml", YAML);
    let ended = folder.run(&["run", "p.yaml", "--set", "x=1"]);
    assert_eq!(ended.code, 1);
    let ended = folder.run(&[
        "run",
        "p.yaml",
        "--rate",
        "100_000/s",
        "--log-interval",
        "500ms",
    ]);
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    let lines: Vec<Value> = ended.stderr.lines().map(json).collect();
    let says = |message: &str| {
        let lines = lines.iter().filter(|line| line["message"] == message);
        lines.cloned().collect::<Vec<Value>>()
    };
    assert_eq!(says("run started")[0]["rows_expected"], 200_000);
    assert!(!says("run goes on").is_empty());
    let files = says("file written");
    assert_eq!(files.len(), 3, "{}", ended.stderr);
    for file in &files {
        let bytes = folder.bytes(file["path"].as_str().unwrap()).len();
        assert_eq!(file["bytes"], bytes);
    }
    let rows = |line: &Value| line["rows"].as_u64().unwrap();
    assert_eq!(files.iter().map(rows).sum::<u64>(), 200_000);
    let sink = &says("sink ended")[0];
    assert_eq!(
        (rows(sink), &sink["files"], &sink["outcome"]),
        (200_000, &3.into(), &"written".into())
    );
    let end = lines.last().unwrap();
    assert_eq!((rows(end), &end["outcome"]), (200_000, &"done".into()));
    assert_eq!(end["limited_by"], "the rate that was asked for");
    assert!(!ended.stderr.contains("message producer") && !ended.stderr.contains("LOW"));
}

#[test]
fn what_commands_find_is_there_as_json() {
    let folder = Folder::new();
    folder.write("p.yaml", YAML);
    let plan = folder.planned(&[]);
    assert_eq!(plan["rows"], 200_000);
    assert_eq!(plan["tables"][0]["sinks"][0]["columns"][0]["type"], "int64");
    let bench = json(&folder.run(&["bench", "p.yaml", "--json"]).stdout);
    assert!(bench["nanoseconds_per_row"]["encoding"].as_f64().unwrap() > 0.0);
    assert_eq!(bench["report"]["rows"], 200_000);
    let list = json(&folder.run(&["list", "sinks", "--json"]).stdout);
    assert_eq!(list[0]["section"], "sinks");
    assert!(list[0]["schema"].is_object());
    let functions = json(&folder.run(&["list", "functions", "--json"]).stdout);
    let named = |name| move |one: &&Value| one["name"] == name;
    let found = functions.as_array().unwrap().iter().find(named("initcap"));
    assert_eq!(found.unwrap()["answer"], "Ada Lovelace");
    let told = folder.run(&["list", "functions"]).stdout;
    assert!(
        told.contains("  md5(text)\n      The MD5 of the text"),
        "{told}"
    );
    let unknown = folder.run(&["list", "regexp_replce"]);
    assert_eq!(
        unknown.stderr,
        "error: nothing is called `regexp_replce`\n  hint: did you mean `regexp_replace`?\n"
    );

    let checked = folder.run(&["check", "p.yaml", "--json"]);
    assert_eq!((checked.code, checked.stderr.as_str()), (0, ""));
    assert_eq!(json(&checked.stdout)["problems"], Value::Array(Vec::new()));
    folder.write("p.yaml", &YAML.replace("sequence", "sequense"));
    let checked = folder.run(&["check", "p.yaml", "--json"]);
    assert_eq!((checked.code, checked.stderr.as_str()), (1, ""));
    let problem = &json(&checked.stdout)["problems"][0];
    assert_eq!(problem["hint"], "did you mean `sequence`?");
    assert_eq!(
        [&problem["line"], &problem["column"], &problem["length"]],
        [7, 11, 8]
    );
}

#[test]
fn one_kind_is_listed_with_all_its_options() {
    let folder = Folder::new();
    let said = ["uniform", "file", "uuid", "to_char", "~"].map(|name| {
        let ended = folder.run(&["list", name]);
        assert_eq!(ended.code, 0, "{}", ended.stderr);
        ended.stdout
    });
    insta::assert_snapshot!(said.join("\n"));
}

#[test]
fn a_preview_tells_null_from_empty_and_fits_its_width() {
    let folder = Folder::new();
    folder.write("p.yaml", "version: 1\ntables:\n  t:\n    rows: 1\n    columns:\n      empty: { constant: \"\" }\n      nothing: { constant: null, type: text }\n      lines: { constant: \"a\\nb\" }\n      long: { constant: xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx }\n");
    let preview = |columns: &str| {
        let mut command = folder.command(&["preview", "p.yaml"]);
        let output = command.env("COLUMNS", columns).output().unwrap();
        Ended::from(output).stdout
    };
    insta::assert_snapshot!(["", "60", "30"].map(preview).join("\n"));
}
