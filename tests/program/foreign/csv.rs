//! CSV as other programs write it: escapes, quoted nulls, blank lines, long first records.

use super::super::support::Folder;
use super::{refused, rows, stopped, table};

fn read(folder: &Folder, text: &str, options: &str, types: &str) -> String {
    folder.write("in.csv", text);
    rows(folder, &format!("csv: {{ path: in.csv{options} }}"), types)
}

#[test]
fn an_escape_stands_before_quotes_and_itself() {
    let folder = Folder::new();
    let escape = ", escape: \"\\\\\"";
    let cases = [
        (
            "id,v\n1,\"say \\\"hi\\\"\"\n2,x\n",
            "{\"id\":1,\"v\":\"say \\\"hi\\\"\"}\n{\"id\":2,\"v\":\"x\"}\n",
        ),
        // A value that ends with the escape, a delimiter and a line end behind an escaped quote.
        (
            "id,v\n1,\"c:\\\\\"\n2,\"a\\\",\nb\"\n",
            "{\"id\":1,\"v\":\"c:\\\\\"}\n{\"id\":2,\"v\":\"a\\\",\\nb\"}\n",
        ),
        // Before anything else it is a character like others, and quotes may still be doubled.
        (
            "id,v\n1,\"a\\nb\"\n2,\"say \"\"hi\"\"\"\n3,a\\b\n",
            "{\"id\":1,\"v\":\"a\\\\nb\"}\n{\"id\":2,\"v\":\"say \\\"hi\\\"\"}\n{\"id\":3,\"v\":\"a\\\\b\"}\n",
        ),
        // In the header, too.
        ("\"i\\\"d\",v\n1,2\n", "{\"i\\\"d\":1,\"v\":2}\n"),
    ];
    for (text, expected) in cases {
        assert_eq!(read(&folder, text, escape, "{}"), expected);
    }
    // Another character, and the quote itself, which is what there is without any.
    let text = "id,v\n1,\"a^\"b\"\n";
    assert_eq!(
        read(&folder, text, ", escape: ^", "{}"),
        "{\"id\":1,\"v\":\"a\\\"b\"}\n"
    );
    let text = "id,v\n1,\"a\"\"b\"\n";
    assert_eq!(
        read(&folder, text, ", escape: '\"'", "{}"),
        "{\"id\":1,\"v\":\"a\\\"b\"}\n"
    );
}

#[test]
fn escapes_stand_anywhere_in_a_large_file() {
    let folder = Folder::new();
    let line = |row: usize| format!("{row},\"{}\\\"\\\\\n\\\\\\\"{row}\"\n", "x".repeat(row % 7));
    let text: String = (0..200_000).map(line).collect();
    let written = read(
        &folder,
        &format!("id,v\n{text}"),
        ", escape: \"\\\\\"",
        "{}",
    );
    let line = |row: usize| {
        let text = "x".repeat(row % 7);
        format!("{{\"id\":{row},\"v\":\"{text}\\\"\\\\\\n\\\\\\\"{row}\"}}\n")
    };
    assert!(written == (0..200_000).map(line).collect::<String>());
}

#[test]
fn a_backslash_before_quotes_is_named_where_no_escape_is_said() {
    let folder = Folder::new();
    folder.write("in.csv", "id,v\n1,\"say \\\"hi\\\" there\"\n2,x\n");
    let said = stopped(&folder, "csv: { path: in.csv }", "{}");
    assert_eq!(
        said,
        "error: in.csv:2: column `v`: something stands behind the closing quote; quotes within quotes are doubled, `escape: \"\\\\\"` says that a backslash stands before them\n\
         hint: `on_bad_row: skip` leaves such rows out, `on_bad_row: { dead_letter: rejected.jsonl }` keeps them"
    );
    folder.write("in.csv", "id,v\n1,\"say \\\"\"\n");
    let said = refused(&folder, "csv: { path: in.csv }", "{}");
    assert_eq!(
        said,
        "error: could not read `in.csv`\n\
         caused by: line 2: the quote that opens there is never closed\n\
         hint: say which character encloses values with `quote:`, and which one stands before quotes within them with `escape:`"
    );
    let said = refused(&folder, "csv: { path: in.csv, escape: \",\" }", "{}");
    assert_eq!(
        said,
        "error: the delimiter and the escape are the same character"
    );
    folder.write("in.csv", "\"id,v\n1,2\n");
    let said = refused(&folder, "csv: { path: in.csv }", "{}");
    assert_eq!(
        said,
        "error: could not read `in.csv`\n\
         caused by: line 1: a quote that opens there is never closed\n\
         hint: say which character encloses values with `quote:`"
    );
}

#[test]
fn quotes_around_nothing_are_null_but_in_columns_of_texts() {
    let folder = Folder::new();
    let text = "\"id\",\"n\"\n\"1\",\"5\"\n\"2\",\"\"\n\"3\",\"7\"\n";
    let expected = "{\"id\":1,\"n\":5}\n{\"id\":2,\"n\":null}\n{\"id\":3,\"n\":7}\n";
    assert_eq!(read(&folder, text, "", "{}"), expected);
    assert_eq!(read(&folder, text, "", "{ n: int64 }"), expected);
    let floats = expected.replace(":5}", ":5.0}").replace(":7}", ":7.0}");
    assert_eq!(read(&folder, text, "", "{ n: float64 }"), floats);
    let texts = "{\"id\":1,\"n\":\"5\"}\n{\"id\":2,\"n\":\"\"}\n{\"id\":3,\"n\":\"7\"}\n";
    assert_eq!(read(&folder, text, "", "{ n: utf8 }"), texts);
    let text = "a,b,c,d\n\"\",\"\",\"\",\"\"\n2026-01-31,true,1.5,x\n";
    let expected = "{\"a\":null,\"b\":null,\"c\":null,\"d\":\"\"}\n{\"a\":\"2026-01-31\",\"b\":true,\"c\":1.5,\"d\":\"x\"}\n";
    assert_eq!(read(&folder, text, "", "{}"), expected);
}

#[test]
fn several_texts_stand_for_null() {
    let folder = Folder::new();
    let text = "id,n,s\n1,NA,a\n2,5,NA\n3,,\n4,-,\"NA\"\n";
    let expected = "{\"id\":1,\"n\":null,\"s\":\"a\"}\n{\"id\":2,\"n\":5,\"s\":null}\n{\"id\":3,\"n\":null,\"s\":null}\n{\"id\":4,\"n\":null,\"s\":\"NA\"}\n";
    let nulls = ", null: [NA, \"\", \"-\"]";
    assert_eq!(read(&folder, text, nulls, "{}"), expected);
    assert_eq!(read(&folder, text, nulls, "{ n: int64 }"), expected);
    // Words that YAML takes for null and for a number are what they are spelt.
    let text = "n,m\nNULL,-999\n1,2\n~,3\n";
    let expected = "{\"n\":null,\"m\":null}\n{\"n\":1,\"m\":2}\n{\"n\":null,\"m\":3}\n";
    assert_eq!(
        read(&folder, text, ", null: [NULL, ~, -999]", "{}"),
        expected
    );
    // Nothing is no number, whatever else is null.
    let text = "id,n\n1,NA\n2,5\n3,\n";
    let expected = "{\"id\":1,\"n\":null}\n{\"id\":2,\"n\":5}\n{\"id\":3,\"n\":null}\n";
    assert_eq!(read(&folder, text, ", null: NA", "{ n: int64 }"), expected);
}

#[test]
fn a_column_alone_is_written_without_blank_lines() {
    let folder = Folder::new();
    let made = |column: &str, format: &str| {
        format!(
            "version: 1\ntables:\n  t:\n    rows: 30\n    columns:\n      s: {column}\nsinks:\n  - file: {{ path: out.csv, if_exists: replace, format: {{ csv: {format} }} }}\n"
        )
    };
    folder.make(&made("{ choice: [\"\"] }", "{ empty: \"\" }"), &[]);
    assert_eq!(
        folder.read("out.csv"),
        format!("s\n{}", "\"\"\n".repeat(30))
    );
    let again = rows(&folder, "csv: { path: out.csv }", "{}");
    assert_eq!(again, "{\"s\":\"\"}\n".repeat(30));
    let numbers = "{ type: int64, choice: [7], nulls: 0.5 }";
    folder.make(&made(numbers, "{}"), &[]);
    let written = folder.read("out.csv");
    assert!(
        written.contains("\"\"\n") && written.contains("7\n"),
        "{written}"
    );
    let again = rows(&folder, "csv: { path: out.csv }", "{}");
    let expected = written
        .replace("\"\"\n", "{\"s\":null}\n")
        .replace("7\n", "{\"s\":7}\n");
    assert_eq!(again, expected.trim_start_matches("s\n"));
    let texts = "{ choice: [a], nulls: 0.5 }";
    let said = super::lines(&folder.refuse(&made(texts, "{}")));
    assert_eq!(
        said,
        "error: the nulls of `s`, the only column, would be blank lines in CSV, which readers skip\n\
         hint: give null a text: `null: NULL`"
    );
    // A file without nulls can be written again.
    folder.write("in.csv", "id\n1\n2\n");
    folder.make(&table("csv: { path: in.csv }", "{}", "again.csv"), &[]);
    assert_eq!(folder.read("again.csv"), "id\n1\n2\n");
}

#[test]
fn blank_lines_that_are_passed_over_are_counted() {
    let folder = Folder::new();
    folder.write("in.csv", "a\n\n1\n\r\n2\n\n\n");
    folder.write("p.yaml", &table("csv: { path: in.csv }", "{}", "out.jsonl"));
    let ended = folder.run(&["run", "p.yaml"]);
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    assert_eq!(folder.read("out.jsonl"), "{\"a\":1}\n{\"a\":2}\n");
    assert!(
        ended.stderr.contains("4 blank lines passed over"),
        "{}",
        ended.stderr
    );
    let plan = folder.run(&["plan", "p.yaml"]);
    assert!(
        plan.stdout.contains(", 4 blank lines passed over"),
        "{}",
        plan.stdout
    );
}

#[test]
fn a_first_record_may_be_long() {
    let folder = Folder::new();
    let big = "x".repeat(3_000_000);
    let text = format!("\"{big}\",1\nb,2\n");
    let types = "{ a: utf8, b: int64 }";
    let expected = format!("{{\"a\":\"{big}\",\"b\":1}}\n{{\"a\":\"b\",\"b\":2}}\n");
    assert!(read(&folder, &text, ", header: false", types) == expected);
    let names: Vec<String> = (0..20_000)
        .map(|column| format!("column_with_a_name_that_is_very_long_indeed_{column:06}"))
        .collect();
    let values = vec!["1"; names.len()].join(",");
    folder.write("in.csv", &format!("{}\n{values}\n", names.join(",")));
    let yaml = table("csv: { path: in.csv }", "{}", "out.jsonl").replace(
        "path: out.jsonl",
        &format!(
            "path: out.jsonl, columns: [{}, {}]",
            names[0], names[19_999]
        ),
    );
    folder.make(&yaml, &[]);
    let expected = format!("{{\"{}\":1,\"{}\":1}}\n", names[0], names[19_999]);
    assert_eq!(folder.read("out.jsonl"), expected);
    // Quotes, and line ends within them, before the first 1 MiB and behind it.
    let text = format!("\"a\n{big}\",\"b \"\"\"\n1,2\n");
    folder.write("in.csv", &text);
    let written = rows(&folder, "csv: { path: in.csv }", "{}");
    assert!(written == format!("{{\"a\\n{big}\":1,\"b \\\"\":2}}\n"));
}
