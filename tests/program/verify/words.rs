//! What `verify` says: of differences, of what it cannot compare, of other sources.

use serde_json::Value;

use super::super::support::Folder;
use super::{counts, made, pipeline, verify, write};

#[test]
fn a_difference_says_which_row_which_column_and_both_values() {
    let folder = Folder::new();
    let mut rows = made(&folder, true);
    let (code, at) = (rows[41]["code"].clone(), rows[42]["at"].clone());
    rows[41]["code"] = "other".into();
    rows[42]["at"] = "2001-01-01T00:00:00.5Z".into();
    rows.remove(99);
    let mut extra = rows[7].clone();
    extra["id"] = 77_777.into();
    rows.insert(0, extra);
    folder.write("p.yaml", &pipeline(true, "t.csv"));
    write(&folder, &rows, true, "t.csv");
    let (ended, report) = verify(&folder, &[]);
    let (code, at) = (code.as_str().unwrap(), at.as_str().unwrap());
    let path = folder.path("t.csv");
    let first = format!(
        "t in sink f (csv {}, ",
        std::fs::canonicalize(&path).unwrap().display()
    );
    let words: Vec<&str> = ended.stdout.lines().collect();
    assert!(
        words[0].starts_with(&first) || words[0].contains("t.csv, "),
        "{}",
        words[0]
    );
    assert!(
        words[0].ends_with(": 4 997 equal, 1 missing, 1 extra, 2 different"),
        "{}",
        words[0]
    );
    assert_eq!(
        words[1],
        format!("  different: id 42, row 41; code: expected {code}, found other")
    );
    assert_eq!(
        words[2],
        format!("  different: id 43, row 42; at: expected {at}, found 2001-01-01T00:00:00.500Z")
    );
    assert_eq!(words[3], "  missing: id 100, row 99");
    assert_eq!(words[4], "  extra: id 77777, found as row 0");
    assert_eq!(words.len(), 5);
    assert_eq!(report[0]["kind"], "different");
    assert_eq!(report[0]["key"]["id"], "42");
    assert_eq!(report[0]["columns"]["code"]["found"], "other");
    assert_eq!(report[4]["rows"]["expected"], 5000);
    assert_eq!(report[4]["different_columns"]["code"], 1);
}

#[test]
fn values_of_no_type_are_told_as_they_stand() {
    let folder = Folder::new();
    for (file, from, to, shown) in [
        ("t.csv", "\n42,", "\n4x2,", "id"),
        (
            "t.csv",
            ",true\n",
            ",maybe\n",
            "yes: expected true, found maybe",
        ),
        (
            "t.jsonl",
            "\"yes\":true",
            "\"yes\":\"maybe\"",
            "yes: expected true, found maybe",
        ),
        (
            "t.jsonl",
            "\"small\":7",
            "\"small\":70000",
            "small: expected 7, found 70000",
        ),
    ] {
        std::fs::remove_file(folder.path(file)).ok();
        folder.make(&pipeline(true, file), &[]);
        let text = folder.read(file);
        assert!(text.contains(from), "{file} {from}");
        folder.write(file, &text.replacen(from, to, 1));
        let (ended, report) = verify(&folder, &[]);
        assert_eq!(ended.code, 3, "{ended:?}");
        assert!(ended.stdout.contains(shown), "{}", ended.stdout);
        let expected: &[(&str, u64)] = match shown {
            "id" => &[("extra", 1), ("missing", 1)],
            _ => &[("different", 1)],
        };
        let expected = expected
            .iter()
            .map(|(kind, count)| ((*kind).to_string(), *count));
        assert_eq!(counts(&report), expected.collect(), "{}", ended.stdout);
    }
}

#[test]
fn a_broken_line_is_a_row_that_is_missing() {
    let folder = Folder::new();
    folder.make(&pipeline(true, "t.csv"), &[]);
    let text = folder.read("t.csv").replacen("\n42,", "\n42,one more,", 1);
    folder.write("t.csv", &text);
    let (ended, report) = verify(&folder, &[]);
    assert_eq!(ended.code, 3, "{ended:?}");
    assert_eq!(counts(&report)["missing"], 1, "{}", ended.stdout);
    assert!(
        ended.stdout.contains("expected 10 values, found 11"),
        "{}",
        ended.stdout
    );
}

#[test]
fn rows_in_another_order_are_equal_and_so_are_renamed_and_fewer_columns() {
    let folder = Folder::new();
    let mut rows = made(&folder, true);
    rows.reverse();
    let yaml = pipeline(true, "t.csv").replace(
        "name: f,",
        "name: f, columns: { number: id, code: code, amount: amount },",
    );
    folder.write("p.yaml", &yaml);
    let lines: String = rows.iter().map(|row| {
        let object = serde_json::json!({ "number": row["id"], "code": row["code"], "amount": row["amount"], "own": 1 });
        format!("{object}\n")
    }).collect();
    folder.write("copy.jsonl", &lines);
    let against = "--against=json: { path: copy.jsonl }";
    let (ended, _) = verify(&folder, &[against]);
    assert_eq!(ended.code, 0, "{ended:?}");
    folder.write("copy.csv", &folder_csv(&rows));
    let (ended, _) = verify(
        &folder,
        &["--against=csv: { path: copy.csv }", "--columns=number=key"],
    );
    assert_eq!(ended.code, 0, "{ended:?}");
    assert!(
        ended.stdout.contains("were not compared: own"),
        "{}",
        ended.stdout
    );
    let (ended, _) = verify(
        &folder,
        &["--against=csv: { path: copy.csv }", "--columns=nmber=key"],
    );
    assert_eq!(ended.code, 1);
    assert!(
        ended
            .stderr
            .contains("it has no column `nmber` that is compared; did you mean `number`?"),
        "{}",
        ended.stderr
    );
}

/// As another program writes them: all values in quotes.
fn folder_csv(rows: &[Value]) -> String {
    let line = |row: &Value| {
        format!(
            "\"x\",\"{}\",\"{}\",\"{}\"\n",
            row["amount"],
            row["id"],
            row["code"].as_str().unwrap()
        )
    };
    let lines: String = rows.iter().map(line).collect();
    format!("own,amount,key,code\n{lines}")
}

#[test]
fn floats_are_near_only_where_that_is_asked_for() {
    let folder = Folder::new();
    let mut rows = made(&folder, true);
    for row in &mut rows {
        let weight = row["weight"].as_f64().unwrap();
        row["weight"] = f64::from_bits(weight.to_bits() + 1).into();
    }
    folder.write("p.yaml", &pipeline(true, "t.jsonl"));
    write(&folder, &rows, true, "t.jsonl");
    let (ended, report) = verify(&folder, &[]);
    assert_eq!((ended.code, counts(&report)["different"]), (3, 5000));
    let (ended, _) = verify(&folder, &["--float-ulps=1"]);
    assert_eq!(ended.code, 0, "{}", ended.stdout);
    rows[5]["code"] = "other".into();
    write(&folder, &rows, true, "t.jsonl");
    let (ended, report) = verify(&folder, &["--float-ulps=1"]);
    assert_eq!(
        (ended.code, counts(&report)["different"]),
        (3, 1),
        "{}",
        ended.stdout
    );
}

#[test]
fn many_differences_are_all_in_the_report_and_the_first_in_words() {
    let folder = Folder::new();
    let mut rows = made(&folder, true);
    rows.iter_mut().for_each(|row| row["code"] = "other".into());
    folder.write("p.yaml", &pipeline(true, "t.csv"));
    write(&folder, &rows, true, "t.csv");
    let (ended, report) = verify(&folder, &["--max-differences=3"]);
    assert_eq!(report.len(), 5001);
    // Counts, that another pipeline has written it, three of them, how many more.
    assert_eq!(ended.stdout.lines().count(), 6, "{}", ended.stdout);
    assert!(
        ended
            .stdout
            .ends_with("  and 4 997 more: `--report FILE` has all of them\n")
    );
}

#[test]
fn rows_are_counted_alone() {
    let folder = Folder::new();
    folder.make(&pipeline(true, "t.csv"), &[]);
    let ended = folder.run(&["verify", "p.yaml", "--count-only"]);
    assert_eq!(ended.code, 0, "{ended:?}");
    assert!(
        ended
            .stdout
            .ends_with(": 5 000 rows, as many as there should be\n"),
        "{}",
        ended.stdout
    );
    let text = folder.read("t.csv");
    folder.write("t.csv", text.trim_end().rsplit_once('\n').unwrap().0);
    let ended = folder.run(&["verify", "p.yaml", "--count-only"]);
    assert_eq!(ended.code, 3, "{ended:?}");
    assert!(
        ended
            .stdout
            .ends_with(": 4 999 rows, and there should be 5 000\n"),
        "{}",
        ended.stdout
    );
}

#[test]
fn what_cannot_be_compared_says_why_before_anything_is_read() {
    let folder = Folder::new();
    let refusal = |yaml: &str, arguments: &[&str]| {
        folder.write("p.yaml", yaml);
        let ended = folder.run(&[&["verify", "p.yaml"], arguments].concat());
        assert_eq!(ended.code, 1, "{ended:?}");
        ended.stderr
    };
    let table = |columns: &str, sink: &str| {
        format!(
            "version: 1\nname: v\ntables:\n  t:\n    rows: 10\n    columns:\n      {columns}\nsinks:\n  - {sink}\n"
        )
    };
    assert_eq!(
        refusal(&table("a: { now: {} }", "file: { path: a.csv }"), &[]),
        "error: there is nothing to compare\n  caused by: `t` in sink `file-1`: no column of it can be compared: its values depend on the moment of the run\n"
    );
    assert_eq!(
        refusal(&table("a: sequence", "discard: {}"), &[]),
        "error: there is nothing to compare\n  caused by: `t` in sink `discard-1`: it keeps no rows\n"
    );
    assert_eq!(
        refusal(
            &table(
                "a: sequence",
                "file: { path: a.avro, format: { avro: { bare: true } } }"
            ),
            &[]
        ),
        "error: there is nothing to compare\n  caused by: `t` in sink `file-1`: bare datums do not say what they are\n"
    );
    let endless = table("a: sequence", "file: { path: out, roll: 1s, format: csv }")
        .replace("rows: 10\n", "rows: 0\n");
    assert_eq!(
        refusal(&endless, &[]),
        "error: there is nothing to compare\n  caused by: `t` in sink `file-1`: its table has no end; `--rows t=1000` compares the first 1 000 of its rows\n"
    );
    let both = table("a: sequence", "discard: {}\n  - file: { path: a.csv }");
    folder.make(&both, &[]);
    let ended = folder.run(&["verify", "p.yaml"]);
    assert_eq!(
        (ended.code, ended.stderr.as_str()),
        (
            0,
            "not compared: `t` in sink `discard-1`: it keeps no rows\n"
        )
    );
    assert_eq!(
        refusal(&both, &["--sinks=discard-1,file-2"]),
        "error: a sink cannot be compared\n  caused by: `t` in sink `discard-1`: it keeps no rows\n"
    );
    assert_eq!(
        refusal(
            &table(
                "a: sequence",
                "file: { path: a.csv }\n  - file: { path: b.csv }"
            ),
            &["--against=csv: { path: a.csv }"]
        ),
        "error: `--against` is compared with one sink's rows, here are those of 2\n  hint: name one with `--sinks`\n"
    );
}

#[test]
fn what_is_not_there_or_damaged_could_not_be_read() {
    let folder = Folder::new();
    folder.write("p.yaml", &pipeline(true, "t.parquet"));
    let ended = folder.run(&["verify", "p.yaml"]);
    assert_eq!(ended.code, 2, "{ended:?}");
    assert!(
        ended.stderr.starts_with("error: could not read `"),
        "{}",
        ended.stderr
    );
    folder.make(&pipeline(true, "t.parquet"), &[]);
    let bytes = folder.bytes("t.parquet");
    std::fs::write(folder.path("t.parquet"), &bytes[..bytes.len() / 2]).unwrap();
    let ended = folder.run(&["verify", "p.yaml"]);
    assert_eq!(ended.code, 2, "{ended:?}");
    folder.make(&pipeline(true, "t.jsonl"), &[]);
    std::fs::copy(folder.path("t.jsonl"), folder.path("c.jsonl")).unwrap();
    let ended = folder.run(&["verify", "p.yaml", "--against=parquet: { path: c.jsonl }"]);
    assert_eq!(ended.code, 2, "{ended:?}");
}

#[test]
fn a_column_that_depends_on_the_moment_is_left_out_and_said() {
    let folder = Folder::new();
    let yaml = "version: 1\nname: v\ntables:\n  t:\n    rows: 10\n    columns:\n      id: sequence\n      made_at: { now: {} }\nsinks:\n  - file: { path: a.csv }\n";
    folder.make(yaml, &[]);
    let ended = folder.run(&["verify", "p.yaml"]);
    assert_eq!(ended.code, 0, "{ended:?}");
    assert!(ended.stdout.ends_with(": 10 rows, all equal\n  column made_at was not compared: its values depend on the moment of the run\n"), "{}", ended.stdout);
}

#[test]
fn a_report_replaces_nothing_but_reports() {
    let folder = Folder::new();
    let yaml = "version: 1\nname: p\ntables:\n  t: { rows: 10, columns: { id: sequence } }\nsinks:\n  - file: { name: csv, path: t.csv }\n  - file: { name: avro, path: t.avro }\n  - file: { name: parts, path: out, format: csv }\n";
    folder.make(yaml, &[]);
    folder.write("copy.csv", "id\n1\n");
    std::os::unix::fs::symlink("t.avro", folder.path("link.jsonl")).unwrap();
    let writes = "the pipeline writes that\n  caused by: sink";
    let other =
        "something else is there\n  caused by: it is there already, and is no report of `verify`\n";
    for (report, why) in [
        ("t.csv", writes),
        ("link.jsonl", ""),
        ("t.avro", ""),
        (
            "out/r.jsonl",
            "`out/r.jsonl` would lie within a dataset\n  caused by: ",
        ),
        ("copy.csv", other),
        (".t.csv.manifest.jsonl", other),
    ] {
        let there = folder.path(report).exists();
        let before = there.then(|| folder.bytes(report));
        let ended = folder.run(&["verify", "p.yaml", "--sinks", "csv", "--report", report]);
        if !there && report.starts_with(".t") {
            continue;
        }
        assert_eq!(ended.code, 1, "{report}: {}", ended.stderr);
        let what = match why.starts_with('`') {
            true => format!("error: {why}"),
            false => format!("error: the report cannot be `{report}`: {why}"),
        };
        assert!(ended.stderr.starts_with(&what), "{}", ended.stderr);
        assert_eq!(there.then(|| folder.bytes(report)), before);
        assert_eq!(folder.path(report).exists(), there);
    }
    for _ in 0..2 {
        let ended = folder.run(&["verify", "p.yaml", "--report", "r.jsonl"]);
        assert_eq!(ended.code, 0, "{}", ended.stderr);
    }
}
