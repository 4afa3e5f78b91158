//! A text says the same day and the same time wherever it becomes one, and a number says none.

use super::support::{Ended, Folder};

/// One row in which the text has become a `data_type` in every way that there is.
fn ways(folder: &Folder, text: &str, data_type: &str, sql: &str) -> Vec<Ended> {
    folder.write("in.csv", &format!("d,e\n{text},1\n"));
    folder.write("in.jsonl", &format!("{{\"d\":\"{text}\"}}\n"));
    let read = |source: &str| {
        format!("  t:\n    from: {{ {source} }}\n    types: {{ d: \"{data_type}\" }}\n")
    };
    let made = |columns: &str| format!("  t:\n    rows: 1\n    columns:\n{columns}\n");
    let copied = "c: { constant: TEXT, hidden: true }\n      d: { type: \"TYPE\", copy: c }";
    let cast = "c: { constant: TEXT, hidden: true }\n      d: { expr: \"cast(c as SQL)\" }";
    let looked = "id: { sequence: {}, hidden: true }\n      d: { type: \"TYPE\", lookup: { from: texts, match: { k: id }, field: d } }";
    folder.write("texts.csv", &format!("k,d\n1,{text}\n"));
    let tables = [
        read("csv: { path: in.csv }"),
        read("json: { path: in.jsonl }"),
        made("      d: { type: \"TYPE\", constant: TEXT }"),
        made("      d: { type: \"TYPE\", choice: [TEXT] }"),
        made(&format!("      {copied}")),
        made(&format!("      {cast}")),
        made(&format!("      {looked}")),
    ];
    let run = |table: String| {
        let table = table
            .replace("TEXT", &format!("\"{text}\""))
            .replace("TYPE", data_type);
        let table = table.replace("SQL", sql);
        let reference = match table.contains("lookup") {
            true => "reference: { texts: { path: texts.csv, types: { d: utf8 } } }\n",
            false => "",
        };
        folder.write(
            "p.yaml",
            &format!("version: 1\n{reference}tables:\n{table}sinks:\n  - file: {{ path: /dev/stdout, columns: [d], format: {{ json: {{ layout: lines }} }} }}\n"),
        );
        folder.run(&["run", "p.yaml", "--quiet"])
    };
    tables.map(run).into()
}

#[test]
fn a_text_says_the_same_wherever_it_is_read() {
    let folder = Folder::new();
    let (date, local) = (("date", "date"), ("timestamp(s)", "timestamp(0)"));
    let utc = ("timestamp(s, UTC)", "timestamp(s, UTC)");
    let rome = ("timestamp(s, Europe/Rome)", "timestamp(s, Europe/Rome)");
    for (text, (data_type, sql), expected) in [
        ("2026-01-31T00:30:00+02:00", date, "2026-01-31"),
        ("2026-01-31 23:30:00-05", date, "2026-01-31"),
        ("2026-01-31 10:00", date, "2026-01-31"),
        ("20260131", date, "2026-01-31"),
        ("2026-1-5", date, "2026-01-05"),
        ("2026-01-31T00:30:00+02:00", local, "2026-01-31T00:30:00"),
        ("2026-01-31T00:30:00Z", local, "2026-01-31T00:30:00"),
        ("2026-01-31 10:00", local, "2026-01-31T10:00:00"),
        ("2026-01-31", local, "2026-01-31T00:00:00"),
        ("2026-01-31T00:30:00+02:00", utc, "2026-01-30T22:30:00Z"),
        ("2026-01-31 10:00", utc, "2026-01-31T10:00:00Z"),
        (
            "2026-01-31T00:30:00+02:00",
            rome,
            "2026-01-30T23:30:00+01:00",
        ),
        ("2026-01-31 10:00", rome, "2026-01-31T10:00:00+01:00"),
    ] {
        for (way, ended) in ways(&folder, text, data_type, sql).iter().enumerate() {
            let expected = format!("{{\"d\":\"{expected}\"}}\n");
            assert_eq!(
                ended.stdout, expected,
                "{text} {data_type} {way}: {}",
                ended.stderr
            );
        }
    }
    for text in [
        "31.01.2026",
        "2026-02-30",
        "2026-01-31T25:00:00",
        "2026-01-31 10:00 Mars",
    ] {
        for (data_type, sql) in [date, local, utc] {
            for (way, ended) in ways(&folder, text, data_type, sql).iter().enumerate() {
                assert_ne!(ended.code, 0, "{text} {data_type} {way}: {}", ended.stdout);
            }
        }
    }
}

const SINK: &str = "sinks:\n  - file: { path: /dev/stdout, format: { json: { layout: lines } } }\n";

#[test]
fn a_number_is_no_time() {
    let folder = Folder::new();
    let mut said = Vec::new();
    folder.make(
        "version: 1\ntables: { t: { rows: 2, columns: { d: { constant: 20484 }, n: { constant: 1769900000 }, f: { constant: 0.5 } } } }\nsinks: [ { file: { path: in.parquet } } ]\n",
        &[],
    );
    for types in [
        "{ d: date }",
        "{ n: \"time(us)\" }",
        "{ f: \"timestamp(s, UTC)\" }",
    ] {
        said.push(folder.refuse(&format!(
            "version: 1\ntables:\n  t:\n    from: {{ parquet: {{ path: in.parquet }} }}\n    types: {types}\n{SINK}"
        )));
    }
    for column in [
        "{ type: date, copy: id }",
        "{ type: \"timestamp(us)\", copy: half }",
    ] {
        said.push(folder.refuse(&format!(
            "version: 1\ntables:\n  t:\n    rows: 2\n    columns:\n      id: sequence\n      half: {{ constant: 0.5 }}\n      d: {column}\n{SINK}"
        )));
    }
    insta::assert_snapshot!(said.join("\n"));
    // The hint, followed; and a timestamp's own unit.
    folder.write(
        "p.yaml",
        &format!("version: 1\ntables:\n  t:\n    from: {{ parquet: {{ path: in.parquet }} }}\n    rows: 1\n    columns:\n      d: {{ expr: \"date '1970-01-01' + d\" }}\n      n: {{ expr: \"to_timestamp(n)\" }}\n{SINK}"),
    );
    let ended = folder.run(&["run", "p.yaml", "--quiet"]);
    let expected = "{\"d\":\"2026-01-31\",\"n\":\"2026-01-31T22:53:20.000000Z\",\"f\":0.5}\n";
    assert_eq!(ended.stdout, expected, "{}", ended.stderr);
}

#[test]
fn a_number_in_json_is_no_time() {
    let folder = Folder::new();
    let lines = [
        r#"{"d":"2026-01-31","t":"2026-01-31T10:00:00","o":"10:00:00"}"#,
        r#"{"d":20484}"#,
        r#"{"d":20260131}"#,
        r#"{"t":1769900000}"#,
        r#"{"t":1769900000,"d":"2026-01-31T10:00:00+05"}"#,
        r#"{"t":1769900000.5}"#,
        r#"{"t": -1.5e3 }"#,
        r#"{"o":36000}"#,
        r#"{"d":true}"#,
        r#"{"\u0064":20484}"#,
        r#"{"d":"20260131","t":null,"u":5,"x":{"d":5}}"#,
    ];
    folder.write("in.jsonl", &lines.join("\n"));
    folder.write(
        "p.yaml",
        &format!("version: 1\ntables:\n  t:\n    from: {{ json: {{ path: in.jsonl, on_bad_row: {{ dead_letter: letters.jsonl }} }} }}\n    types: {{ d: date, t: \"timestamp(s)\", o: \"time(s)\" }}\n{SINK}"),
    );
    let ended = folder.run(&["run", "p.yaml", "--quiet"]);
    let rows = "{\"d\":\"2026-01-31\",\"t\":\"2026-01-31T10:00:00\",\"o\":\"10:00:00\"}\n{\"d\":null,\"t\":\"2026-01-31T22:53:20\",\"o\":null}\n{\"d\":\"2026-01-31\",\"t\":\"2026-01-31T22:53:20\",\"o\":null}\n{\"d\":\"2026-01-31\",\"t\":null,\"o\":null}\n";
    assert_eq!(
        (ended.code, ended.stdout.as_str()),
        (3, rows),
        "{}",
        ended.stderr
    );
    insta::assert_snapshot!(folder.read("letters.jsonl"));
}
