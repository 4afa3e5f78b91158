//! Values that are read are those that were written, to the last digit, or refused.

use super::support::{Ended, Folder};

/// A table that is read and written as JSON lines, or whatever `sink` says.
fn table(from: &str, types: &str, sink: &str) -> String {
    format!(
        "version: 1\ntables:\n  t:\n    from: {{ {from} }}\n    types: {types}\nsinks:\n  - file: {{ path: /dev/stdout, format: {sink} }}\n"
    )
}

const LINES: &str = "{ json: { layout: lines } }";

fn run(folder: &Folder, yaml: &str) -> Ended {
    folder.write("p.yaml", yaml);
    folder.run(&["run", "p.yaml", "--quiet"])
}

/// What is written of a table that must be read.
fn rows(folder: &Folder, from: &str, types: &str) -> String {
    let ended = run(folder, &table(from, types, LINES));
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    ended.stdout
}

/// What is said of a table that must be refused by the run.
fn refused(folder: &Folder, from: &str, types: &str) -> String {
    let ended = run(folder, &table(from, types, "{ csv: { null: NULL } }"));
    assert_eq!(ended.code, 2, "{}{}", ended.stdout, ended.stderr);
    ended.stderr
}

#[test]
fn a_number_may_stand_for_null_in_csv() {
    let folder = Folder::new();
    folder.write("in.csv", "a,b,c,d\n-999,-999,-999,\"-999\"\n20,20,20,20\n");
    let from = "csv: { path: in.csv, null: \"-999\" }";
    let written = rows(&folder, from, "{ b: int32, c: float64, d: int64 }");
    let expected =
        "{\"a\":null,\"b\":null,\"c\":null,\"d\":-999}\n{\"a\":20,\"b\":20,\"c\":20.0,\"d\":20}\n";
    assert_eq!(written, expected);
}

#[test]
fn only_what_stands_for_null_is_left_out_of_types() {
    let folder = Folder::new();
    folder.write("in.csv", "a,b\n1,1\nNULL,\n");
    let written = rows(&folder, "csv: { path: in.csv, null: \"NULL\" }", "{}");
    let expected = "{\"a\":1,\"b\":\"1\"}\n{\"a\":null,\"b\":\"\"}\n";
    assert_eq!(written, expected);
    // A record that is left out says nothing of types.
    folder.write("in.csv", "a,b\n1,1\n2\n3,3\n");
    let from = "csv: { path: in.csv, null: \"NULL\", on_bad_row: skip }";
    let ended = run(&folder, &table(from, "{}", LINES));
    let expected = "{\"a\":1,\"b\":1}\n{\"a\":3,\"b\":3}\n";
    assert_eq!((ended.code, ended.stdout.as_str()), (3, expected));
}

#[test]
fn a_number_that_is_too_large_is_no_infinity() {
    let folder = Folder::new();
    folder.write("in.csv", "code,day\n12e999,2026-02-30\n1e5,2026-01-01\n");
    let expected =
        "{\"code\":\"12e999\",\"day\":\"2026-02-30\"}\n{\"code\":\"1e5\",\"day\":\"2026-01-01\"}\n";
    assert_eq!(rows(&folder, "csv: { path: in.csv }", "{}"), expected);
    for (data_type, number) in [("float64", "1e400"), ("float32", "-3.5e38")] {
        folder.write("in.csv", &format!("f\ninf\n{number}\n"));
        folder.write(
            "in.jsonl",
            &format!("{{\"f\":\"inf\"}}\n{{\"f\":{number}}}\n"),
        );
        let types = format!("{{ f: {data_type} }}");
        let said = refused(&folder, "csv: { path: in.csv }", &types);
        let expected =
            format!("error: in.csv:3: column `f`: expected {data_type}, found `{number}`");
        assert_eq!(said.lines().next(), Some(expected.as_str()), "{said}");
        let said = refused(&folder, "json: { path: in.jsonl }", &types);
        let expected = format!(
            "error: in.jsonl:2: column `f`: expected {data_type}, found a number that is too large"
        );
        assert_eq!(said.lines().next(), Some(expected.as_str()), "{said}");
    }
}

#[test]
fn lines_without_line_feeds_are_refused() {
    let folder = Folder::new();
    let expected = "error: could not read `in.csv`
 --> p.yaml:4:26
  |
4 |     from: { csv: { path: in.csv } }
  |                          ^^^^^^
  caused by: its lines end in carriage returns without line feeds
  hint: make another file of it first: `tr '\\r' '\\n' < in.csv > lines.csv`
";
    for text in ["a,b\r1,2\r3,4\r", "\"a\",\"b\"\r\"1\",\"2\"", "a,b\r"] {
        folder.write("in.csv", text);
        let said = folder.refuse(&table("csv: { path: in.csv }", "{}", LINES));
        assert_eq!(said, expected);
    }
    folder.write("in.csv", "\"a\rb\",c\r\n1,\"x\ry\"\r\n");
    let written = rows(&folder, "csv: { path: in.csv }", "{}");
    assert_eq!(written, "{\"a\\rb\":1,\"c\":\"x\\ry\"}\n");
}

/// Values as CSV and JSON write them, and what they are as `decimal(4,2)` and as `int64`; nothing
/// where they are refused.
const NUMBERS: &[(&str, Option<&str>, Option<&str>)] = &[
    ("2.999", None, None),
    ("-0.005", None, None),
    ("0.00499999999999999999999", None, None),
    ("99.994", None, None),
    ("2.9900", Some("2.99"), None),
    ("-1.2500", Some("-1.25"), None),
    ("99.995", None, None),
    ("12.7", Some("12.70"), None),
    ("12", Some("12.00"), Some("12")),
    ("-7", Some("-7.00"), Some("-7")),
    ("9007199254740993", None, Some("9007199254740993")),
    ("9223372036854775807", None, Some("9223372036854775807")),
    ("9223372036854775808", None, None),
    ("123456789012345678901234567890", None, None),
];

#[test]
fn the_same_number_is_the_same_from_csv_and_json() {
    let folder = Folder::new();
    let lines = |line: &dyn Fn(usize, &str) -> String| {
        let numbers = NUMBERS.iter().enumerate();
        numbers
            .map(|(row, (number, ..))| line(row, number))
            .collect::<String>()
    };
    let csv = lines(&|row, number| format!("{row},{number}\n"));
    folder.write("in.csv", &format!("row,n\n{csv}"));
    let json = lines(&|row, number| format!("{{\"row\":{row},\"n\":{number}}}\n"));
    folder.write("numbers.jsonl", &json);
    let json = lines(&|row, number| format!("{{\"row\":{row},\"n\":\"{number}\"}}\n"));
    folder.write("texts.jsonl", &json);
    for decimal in [true, false] {
        let kept = NUMBERS
            .iter()
            .enumerate()
            .filter_map(|(row, (_, exact, whole))| {
                let value = if decimal { exact } else { whole };
                value.map(|value| format!("{row},{value}\n"))
            });
        let expected = format!("row,n\n{}", kept.collect::<String>());
        let types = match decimal {
            true => "{ row: int32, n: \"decimal(4,2)\" }",
            false => "{ row: int32, n: int64 }",
        };
        for from in [
            "csv: { path: in.csv",
            "json: { path: numbers.jsonl",
            "json: { path: texts.jsonl",
        ] {
            let from = format!("{from}, on_bad_row: skip }}");
            for rows in ["1", "100"] {
                folder.write("p.yaml", &table(&from, types, "csv"));
                let ended = folder.run(&["run", "p.yaml", "--quiet", "--batch-rows", rows]);
                assert_eq!(
                    (ended.code, &ended.stdout),
                    (3, &expected),
                    "{from} {types}"
                );
            }
        }
    }
}

#[test]
fn a_fraction_in_json_is_no_whole_number() {
    let folder = Folder::new();
    folder.write(
        "in.jsonl",
        "{\"id\":12.0,\"ratio\":0.5}\n{\"id\":1.5e1,\"in\":{\"id\":0.5}}\n{\"id\":12.7}\n{\"d\":99.995}\n",
    );
    let from = "json: { path: in.jsonl, on_bad_row: { dead_letter: letters.jsonl } }";
    let types = "{ id: int64, ratio: float64, d: \"decimal(4,2)\" }";
    let ended = run(&folder, &table(from, types, LINES));
    let expected = "{\"id\":12,\"ratio\":0.5,\"d\":null}\n{\"id\":15,\"ratio\":null,\"d\":null}\n";
    assert_eq!((ended.code, ended.stdout.as_str()), (3, expected));
    let letter = |line: usize, reason: &str, text: &str| {
        let text = text.replace('"', "\\\"");
        format!(
            "{{\"path\":\"in.jsonl\",\"line\":{line},\"reason\":\"{reason}\",\"text\":\"{text}\"}}\n"
        )
    };
    let expected = [
        letter(
            3,
            "column `id`: expected int64, found `12.7`",
            "{\"id\":12.7}",
        ),
        letter(
            4,
            "column `d`: expected decimal(4,2), found `99.995`",
            "{\"d\":99.995}",
        ),
    ];
    assert_eq!(folder.read("letters.jsonl"), expected.concat());
}

#[test]
fn a_type_that_cannot_hold_a_value_is_refused_in_parquet_and_avro() {
    let folder = Folder::new();
    let made = r#"
version: 1
tables:
  t:
    rows: 3
    columns:
      f: { type: float64, choice: [2.7] }
      w: { type: float64, choice: [-3.0] }
      big: { type: float64, choice: [1.0e300] }
      d: { type: "decimal(10,2)", choice: [2.75] }
      e: { type: "decimal(10,2)", choice: [-4.00] }
      n: { type: int64, choice: [2] }
      t: { type: "timestamp(us)", choice: ["1969-12-31T23:59:59.999999"] }
sinks:
  - file: { path: in.parquet }
  - file: { path: in.avro }
"#;
    folder.make(made, &[]);
    for format in ["parquet", "avro"] {
        let from = format!("{format}: {{ path: in.{format} }}");
        let types = "{ w: int64, e: int32, d: \"decimal(12,3)\", t: timestamp(us) }";
        let written = rows(&folder, &from, types);
        let expected = "{\"f\":2.7,\"w\":-3,\"big\":1.0e300,\"d\":2.750,\"e\":-4,\"n\":2,\"t\":\"1969-12-31T23:59:59.999999\"}\n";
        assert_eq!(written, expected.repeat(3));
        for (types, said) in [
            (
                "{ f: int64 }",
                "column `f`, row 0: 2.7 cannot be read as int64",
            ),
            (
                "{ d: int8 }",
                "column `d`, row 0: 2.75 cannot be read as int8",
            ),
            (
                "{ big: float32 }",
                "column `big`, row 0: 1e300 cannot be read as float32",
            ),
            (
                "{ t: timestamp(ms) }",
                "column `t`, row 0: 1969-12-31T23:59:59.999999 cannot be read as timestamp(ms)",
            ),
            (
                "{ n: boolean }",
                "column `n`, row 0: 2 cannot be read as boolean",
            ),
        ] {
            let ended = refused(&folder, &from, types);
            let told = format!("\n  caused by: {said}\n");
            assert!(ended.starts_with("error: could not read `in."), "{ended}");
            assert!(ended.contains(&told), "{ended}");
        }
    }
}

#[test]
fn uuids_stay_uuids() {
    let folder = Folder::new();
    let made = "version: 1\ntables:\n  t: { rows: 3, columns: { u: uuid, v: { uuid: {}, nulls: 0.5 } } }\nsinks:\n  - file: { path: in.avro }\n  - file: { path: in.parquet }\n  - file: { path: in.jsonl }\n";
    folder.make(made, &[]);
    for format in ["avro", "parquet"] {
        let from = format!("{format}: {{ path: in.{format} }}");
        assert_eq!(
            rows(&folder, &from, "{}"),
            folder.read("in.jsonl"),
            "{format}"
        );
    }
}

/// An Avro file of records with one field `a` of this type, in one block.
fn avro(folder: &Folder, data_type: &str, rows: u8, data: &[u8]) {
    let schema = format!(
        "{{\"type\":\"record\",\"name\":\"r\",\"fields\":[{{\"name\":\"a\",\"type\":{data_type}}}]}}"
    );
    let length = schema.len() * 2;
    let mut bytes = b"Obj\x01\x02\x16avro.schema".to_vec();
    bytes.extend([length as u8 & 0x7f | 0x80, (length >> 7) as u8]);
    bytes.extend(schema.bytes());
    bytes.push(0);
    bytes.extend([7; 16]);
    bytes.extend([rows * 2, data.len() as u8 * 2]);
    bytes.extend(data);
    bytes.extend([7; 16]);
    std::fs::write(folder.path("in.avro"), bytes).unwrap();
}

#[test]
fn avro_of_nothing_but_nulls_is_read() {
    let folder = Folder::new();
    avro(&folder, "\"null\"", 2, &[]);
    let written = rows(&folder, "avro: { path: in.avro }", "{}");
    assert_eq!(written, "{\"a\":null}\n{\"a\":null}\n");
}

#[test]
fn a_union_of_several_types_is_no_parquet() {
    let folder = Folder::new();
    avro(
        &folder,
        "[\"null\",\"long\",\"string\"]",
        2,
        b"\x02\x0a\x04\x02x",
    );
    let yaml = |columns: &str| {
        format!(
            "version: 1\ntables:\n  t:\n    from: {{ avro: {{ path: in.avro }} }}\n    columns: {{ b: sequence }}\nsinks:\n  - file: {{ path: out.parquet{columns} }}\n"
        )
    };
    let expected = "error: `t.a`: Parquet has no unions of several types
 --> p.yaml:7:5
  |
7 |   - file: { path: out.parquet }
  |     ^^^^
  hint: leave it out with the sink's `columns:`
";
    assert_eq!(folder.refuse(&yaml("")), expected);
    folder.make(&yaml(", columns: [b]"), &[]);
}

/// The fields of the references `c` and `j`, as text.
fn fields(folder: &Folder, types: &str) -> String {
    let yaml = format!(
        "version: 1
reference:
  c: {{ path: c.csv, types: {types} }}
  j: {{ path: j.json, types: {types} }}
tables:
  t:
    rows: 1
    columns:
      r: {{ reference: {{ from: c }}, hidden: true }}
      s: {{ reference: {{ from: j }}, hidden: true }}
      c: {{ template: \"{{r.zip}} {{r.amount}} {{r.big}}\" }}
      j: {{ template: \"{{s.zip}} {{s.amount}} {{s.big}}\" }}
sinks:
  - file: {{ path: /dev/stdout, format: {{ csv: {{ delimiter: \"|\" }} }} }}
"
    );
    let ended = run(folder, &yaml);
    ended.stdout + &ended.stderr
}

#[test]
fn references_have_the_types_that_are_asked_for_from_the_start() {
    let folder = Folder::new();
    folder.write(
        "c.csv",
        "zip,amount,big\n00123,12345678901234567.89,12345678901234567890\n",
    );
    folder.write(
        "j.json",
        "[ {\"zip\":\"00123\" ,\n\"amount\":12345678901234567.89, \"big\":12345678901234567890}\n]",
    );
    let said = fields(
        &folder,
        "{ zip: utf8, amount: \"decimal(20,2)\", big: uint64 }",
    );
    let row = "00123 12345678901234567.89 12345678901234567890";
    assert_eq!(said, format!("c|j\n{row}|{row}\n"));
    let said = fields(&folder, "{ zip: int64 }");
    assert_eq!(
        said.lines().nth(1).map(|line| line.starts_with("123 ")),
        Some(true),
        "{said}"
    );
    let said = fields(&folder, "{ amount: int64 }");
    let expected = "error: c.csv:2: column `amount`: expected int64, found `12345678901234567.89`
 --> p.yaml:3:14
  |
3 |   c: { path: c.csv, types: { amount: int64 } }
  |              ^^^^^

error: j.json:1: column `amount`: expected int64, found `12345678901234567.89`
 --> p.yaml:4:14
  |
4 |   j: { path: j.json, types: { amount: int64 } }
  |              ^^^^^^
";
    assert_eq!(said, expected);
}

#[test]
fn references_keep_codes_and_take_only_real_dates() {
    let folder = Folder::new();
    folder.write("c.csv", "zip,amount,big\n007,2026-02-30,1e999\n");
    folder.write("j.json", "{\"zip\":\"007\",\"amount\":1,\"big\":2.5}");
    let said = fields(&folder, "{}");
    assert_eq!(said, "c|j\n007 2026-02-30 1e999|007 1 2.5\n");
}
