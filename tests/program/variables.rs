//! What comes from outside of a pipeline file: a file of variables, conditions of them, params as reported.

use serde_json::Value;

use super::dropin::{json, with};
use super::support::{Ended, Folder};

const ROWS: &str = "version: 1\nparams: { rows: \"${env:ROWS:-3}\" }\ntables:\n  t: { rows: \"${rows}\", columns: { id: sequence } }\nsinks:\n  - file: { path: \"${env:NAME:-t}.csv\", if_exists: replace }\n";

#[test]
fn a_file_of_variables_in_the_current_folder_is_read() {
    let folder = Folder::new();
    folder.write(
        ".env",
        "# the old program's\nROWS=5\nexport NAME=\"a b\"\nROWGEN_SEED=7\n",
    );
    folder.write("p.yaml", ROWS);
    let ended = with(&folder, &[], &["run", "p.yaml", "--report", "r.json"]);
    assert_eq!(ended.code, 0, "{ended:?}");
    assert_eq!(folder.read("a b.csv").lines().count(), 6);
    assert_eq!(json(&folder.read("r.json"))["seed"], "7");
    let told = ended.stderr.lines().map(json);
    let told: Vec<Value> = told
        .filter(|line| line["message"] == "environment file read")
        .collect();
    assert_eq!(told.len(), 1, "{}", ended.stderr);
    assert_eq!(
        (&told[0]["path"], &told[0]["variables"]),
        (&".env".into(), &3.into())
    );
    // What is set stays; a folder above is not looked into.
    let ended = with(
        &folder,
        &[("ROWS", "2")],
        &["run", "p.yaml", "--log", "text"],
    );
    assert!(
        ended.stderr.starts_with(".env: 2 variables read\n"),
        "{}",
        ended.stderr
    );
    assert_eq!(folder.read("a b.csv").lines().count(), 3);
    folder.write("below/p.yaml", ROWS);
    let mut command = folder.command(&["run", "p.yaml"]);
    let ended = Ended::from(command.current_dir(folder.path("below")).output().unwrap());
    assert!(
        !ended.stderr.contains("environment file"),
        "{}",
        ended.stderr
    );
    assert_eq!(folder.read("below/t.csv").lines().count(), 4);
}

#[test]
fn a_file_of_variables_that_cannot_be_read_is_told_without_its_secrets() {
    let folder = Folder::new();
    folder.write("p.yaml", ROWS);
    folder.write(".env", "ROWS=5\nPASSWORD=hunter2 and more\n");
    let ended = folder.run(&["run", "p.yaml"]);
    assert_eq!(ended.code, 1);
    assert_eq!(
        ended.stderr,
        "error: could not read `.env` in the current folder\n  caused by: line 2 is not `NAME=value`\n  hint: put quotes around a value with blanks or `#` in it\n"
    );
    assert_eq!(
        folder.run(&["list", "sinks"]).code,
        0,
        "which reads no variables"
    );
    std::fs::remove_file(folder.path(".env")).unwrap();
    std::fs::create_dir(folder.path(".env")).unwrap();
    assert_eq!(folder.run(&["check", "p.yaml"]).code, 1);
}

#[test]
fn a_sink_is_enabled_by_a_condition() {
    let folder = Folder::new();
    let made = |condition: &str| {
        let enabled = format!("path: \"x.csv\", enabled: \"{condition}\"");
        let yaml = ROWS.replace("sinks:\n", &format!("sinks:\n  - file: {{ {enabled} }}\n"));
        let _ = std::fs::remove_file(folder.path("x.csv"));
        folder.make(&yaml, &[]);
        folder.path("x.csv").exists()
    };
    assert!(made("true") && !made("false") && !made("'${rows}' = '4'"));
    assert!(made("'${env:A:-csv}' in ('csv', 'both') and ${rows} > 2"));
    assert!(made("'T'::boolean") && !made("'0'::boolean"));
    let refused = |condition: &str| {
        folder.refuse(&ROWS.replace("if_exists", &format!("enabled: \"{condition}\", if_exists")))
    };
    for (condition, said) in [
        ("yes", "there are no columns here, and so no `yes`"),
        ("'yes'", "expected a condition, found `'yes'`"),
        ("1 / 0 = 1", "division by zero"),
        ("a and", "expected an expression"),
    ] {
        let told = refused(condition);
        assert!(told.contains(said), "{told}");
        assert!(
            told.contains(" --> p.yaml:6:") && told.contains("hint: "),
            "{told}"
        );
    }
}

#[test]
fn the_report_s_params_are_those_of_the_run() {
    let folder = Folder::new();
    let yaml = ROWS.replace(
        "\"${env:ROWS:-3}\"",
        "3, name: x, both: \"${name}-${rows}\"",
    );
    folder.write("p.yaml", &yaml);
    let params = |arguments: &[&str]| {
        let fixed = ["run", "p.yaml", "--quiet", "--report", "r.json"];
        let ended = folder.run(&[&fixed[..], arguments].concat());
        assert_eq!(ended.code, 0, "{ended:?}");
        json(&folder.read("r.json"))["params"].to_string()
    };
    assert_eq!(params(&[]), r#"[["rows","3"],["name","x"],["both","x-3"]]"#);
    assert_eq!(
        params(&["--rows", "7"]),
        r#"[["rows","7"],["name","x"],["both","x-3"]]"#
    );
    let set = ["--set", "rows=1_0", "--set", "name=y"];
    assert_eq!(
        params(&set),
        r#"[["rows","1_0"],["name","y"],["both","y-1_0"]]"#
    );
}
