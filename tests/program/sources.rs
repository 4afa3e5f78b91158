//! Tables that are read from files: every format, its types, its mistakes, rows that are left out.

use super::support::Folder;

/// A table with a column of each usual type, some with nulls.
const MADE: &str = r#"
version: 1
seed: sources
tables:
  t:
    rows: 20_000
    columns:
      id: { sequence: { start: 1 } }
      small: { type: int32, uniform: { min: -5, max: 5 }, nulls: 0.1 }
      price: { type: "decimal(10,2)", uniform: { min: 0, max: 99999.99 } }
      ratio: { uniform: { min: 0.0, max: 1.0 } }
      name: { pattern: "[a-z]{1,9}", nulls: 0.05 }
      note: { choice: ["plain", "with | bar", "with \"quotes\"", "two\nlines", ""] }
      flag: { bool: { true: 0.3 } }
      day: { type: date, uniform: { min: 2020-01-01, max: 2026-01-31 } }
      at: { type: "timestamp(us, UTC)", uniform: { min: 2020-01-01, max: 2026-01-31 } }
      key: uuid
sinks:
  - file: { path: rows.csv, format: { csv: { delimiter: "|" } } }
  - file: { path: rows.jsonl }
  - file: { path: rows.parquet, format: { parquet: { row_group_rows: 8192 } } }
  - file: { path: rows.avro }
"#;

const TYPES: &str = r#"{ id: int64, small: int32, price: "decimal(10,2)", ratio: float64, name: utf8, note: utf8, flag: boolean, day: date, at: "timestamp(us, UTC)", key: uuid }"#;

fn read(from: &str, types: &str, sinks: &str) -> String {
    format!(
        "version: 1\nname: read\ntables:\n  t:\n    from: {{ {from} }}\n    types: {types}\nsinks:\n{sinks}"
    )
}

#[test]
fn what_was_written_is_read_from_every_format() {
    let folder = Folder::new();
    folder.make(MADE, &[]);
    let written = folder.read("rows.jsonl");
    for (from, types) in [
        ("csv: { path: rows.csv, delimiter: \"|\" }", TYPES),
        ("json: { path: rows.jsonl }", TYPES),
        ("parquet: { path: rows.parquet }", "{}"),
        ("avro: { path: rows.avro }", "{}"),
    ] {
        for options in [
            &["--threads", "1"][..],
            &["--batch-rows", "700", "--threads", "3"],
        ] {
            let yaml = read(from, types, "  - file: { path: again.jsonl }\n");
            folder.make(&yaml, &[&["--overwrite"], options].concat());
            assert!(folder.read("again.jsonl") == written, "{from} {options:?}");
        }
    }
}

#[test]
fn slices_and_row_counts_are_exact() {
    let folder = Folder::new();
    folder.make(MADE, &[]);
    let written = folder.read("rows.jsonl");
    for (from, types) in [
        ("csv: { path: rows.csv, delimiter: \"|\" }", TYPES),
        ("json: { path: rows.jsonl }", TYPES),
        ("parquet: { path: rows.parquet }", "{}"),
        ("avro: { path: rows.avro }", "{}"),
    ] {
        let yaml = read(from, types, "  - file: { path: again.jsonl }\n");
        let mut all = String::new();
        for slice in 1..=3 {
            let slice = format!("{slice}/3");
            folder.make(
                &yaml,
                &["--overwrite", "--slice", &slice, "--batch-rows", "999"],
            );
            let name = format!("again-0000{}-of-00003.jsonl", &slice[..1]);
            all += &folder.read(&name);
        }
        assert!(all == written, "{from}");
        folder.make(&yaml, &["--overwrite", "--rows", "1234"]);
        let first: String = written.split_inclusive('\n').take(1234).collect();
        assert!(folder.read("again.jsonl") == first, "{from}");
    }
}

#[test]
fn types_are_inferred_from_all_rows() {
    let folder = Folder::new();
    folder.write(
        "in.csv",
        "id,code,when,ratio,ok,empty\n1,007,2026-01-31,1,true,\n2,8,2026-01-31T10:00:00Z,2.5,FALSE,\n",
    );
    folder.write(
        "in.jsonl",
        "{\"a\":1,\"b\":\"x\"}\n\n{\"a\":2.5,\"c\":[1]}\n",
    );
    let plan = |from: &str| {
        folder.write("p.yaml", &read(from, "{}", "  - discard\n"));
        let ended = folder.run(&["plan", "p.yaml"]);
        assert_eq!(ended.code, 0, "{}", ended.stderr);
        let columns = ended.stdout.lines().filter(|line| line.starts_with("    "));
        columns.collect::<Vec<_>>().join("\n")
    };
    let said = ["csv: { path: in.csv }", "json: { path: in.jsonl }"].map(plan);
    insta::assert_snapshot!(said.join("\n"));
}

#[test]
fn columns_are_added_after_those_that_are_read_or_take_their_place() {
    let folder = Folder::new();
    folder.write("in.csv", "id,status,spare\n1,PAID,x\n2,,y\n3,NEW,z\n");
    let yaml = r#"
version: 1
tables:
  t:
    from: { csv: { path: in.csv } }
    columns:
      twice: { expr: "id * 2" }
      status: { expr: "coalesce(status, 'UNKNOWN')" }
      spare: { copy: spare, hidden: true }
      label: { template: "{status}-{twice}-{spare}-{row}" }
      random: { uniform: { min: 1, max: 1 } }
sinks:
  - file: { path: /dev/stdout, format: csv, columns: { number: id, status: status, label: label, twice: twice } }
"#;
    insta::assert_snapshot!(folder.make(yaml, &[]).stdout);
}

/// Lines of which some cannot be read; whole batches of 50 are wrong.
fn broken() -> String {
    let line = |row: usize| match row {
        100..=199 => format!("{row},x\n"),
        row if row % 7 == 3 => format!("{row}\n"),
        row => format!("{row},{}\n", row * 2),
    };
    let lines: String = (0..1000).map(line).collect();
    format!("id,n\n{lines}")
}

#[test]
fn rows_that_cannot_be_read_are_left_out_counted_and_kept() {
    let folder = Folder::new();
    folder.write("in.csv", &broken());
    let good: Vec<usize> = (0..1000)
        .filter(|row| row % 7 != 3 && !(100..200).contains(row))
        .collect();
    let formats = ["csv", "jsonl", "parquet", "avro"];
    let sinks: String = formats
        .map(|format| format!("  - file: {{ path: out.{format} }}\n"))
        .concat();
    let from = "csv: { path: in.csv, on_bad_row: { dead_letter: bad/letters.jsonl } }";
    let yaml = read(from, "{ id: int64, n: int64 }", &sinks);
    folder.write("p.yaml", &yaml);
    let ended = folder.run(&["run", "p.yaml", "--log", "text", "--batch-rows", "50"]);
    assert_eq!(ended.code, 3, "{}", ended.stderr);
    let told = "t from csv in.csv, 7.4 KiB: 228 rows left out (128 wrong number of values, 100 wrong type), kept in bad/letters.jsonl";
    assert!(ended.stderr.contains(told), "{}", ended.stderr);
    let expected: String = good
        .iter()
        .map(|row| format!("{{\"id\":{row},\"n\":{}}}\n", row * 2))
        .collect();
    assert_eq!(folder.read("out.jsonl"), expected);
    for (from, types) in [
        ("csv: { path: out.csv }", "{}"),
        ("parquet: { path: out.parquet }", "{}"),
        ("avro: { path: out.avro }", "{}"),
    ] {
        let yaml = read(from, types, "  - file: { path: again.jsonl }\n");
        folder.make(&yaml, &["--overwrite"]);
        assert_eq!(folder.read("again.jsonl"), expected, "{from}");
    }
    let letters = folder.read("bad/letters.jsonl");
    assert_eq!(letters.lines().count(), 228);
    let wanted = r#"{"path":"in.csv","line":5,"reason":"expected 2 values, found 1","text":"3"}"#;
    assert!(letters.lines().any(|line| line == wanted), "{letters}");
    let wanted = r#"{"path":"in.csv","line":102,"reason":"column `n`: expected int64, found `x`","text":"100,x"}"#;
    assert!(letters.lines().any(|line| line == wanted), "{letters}");
}

#[test]
fn a_file_of_nothing_but_wrong_rows_gives_empty_files() {
    let folder = Folder::new();
    folder.write("in.jsonl", &"{\"id\":\"x\"}\n".repeat(300));
    let sinks: String = ["csv", "jsonl", "parquet", "avro"]
        .map(|format| format!("  - file: {{ path: out.{format} }}\n"))
        .concat();
    let from = "json: { path: in.jsonl, on_bad_row: skip }";
    folder.write("p.yaml", &read(from, "{ id: int64, n: int64 }", &sinks));
    let ended = folder.run(&["run", "p.yaml", "--log", "text", "--batch-rows", "50"]);
    assert_eq!(ended.code, 3, "{}", ended.stderr);
    assert!(
        ended.stderr.contains("300 rows left out (300 wrong type)"),
        "{}",
        ended.stderr
    );
    assert_eq!(folder.read("out.csv"), "id,n\n");
    assert_eq!(folder.read("out.jsonl"), "");
    for from in ["parquet: { path: out.parquet }", "avro: { path: out.avro }"] {
        let yaml = read(from, "{}", "  - file: { path: again.csv }\n");
        folder.make(&yaml, &["--overwrite"]);
        assert_eq!(folder.read("again.csv"), "id,n\n", "{from}");
    }
}

#[test]
fn dead_letters_do_not_replace_what_is_there() {
    let folder = Folder::new();
    let rows = "id\n1\nx\n";
    folder.write("in.csv", rows);
    folder.write("my.csv", rows);
    let from = "csv: { path: in.csv, on_bad_row: { dead_letter: my.csv } }";
    let yaml = read(from, "{ id: int64 }", "  - file: { path: out.jsonl }\n");
    folder.write("p.yaml", &yaml);
    let ended = folder.run(&["run", "p.yaml", "--quiet"]);
    assert_eq!(ended.code, 1, "{ended:?}");
    let line = yaml.lines().nth(4).unwrap();
    let column = line.find("my.csv }").unwrap();
    let below = " ".repeat(column) + "^^^^^^";
    assert_eq!(
        ended.stderr,
        format!(
            "error: could not read table `t`\n --> p.yaml:5:{}\n  |\n5 | {line}\n  | {below}\n  caused by: `my.csv` is there already and holds no dead letters\n  hint: give `dead_letter` a file of its own\n",
            column + 1
        )
    );
    assert_eq!(folder.read("my.csv"), rows);
    folder.write(
        "p.yaml",
        &yaml.replace("letter: my.csv", "letter: letters.jsonl"),
    );
    for _ in 0..2 {
        let ended = folder.run(&["run", "p.yaml", "--quiet", "--overwrite"]);
        assert_eq!(ended.code, 3, "{ended:?}");
        assert_eq!(
            folder.read("letters.jsonl").lines().count(),
            1,
            "of the last run"
        );
    }
}

#[test]
fn objects_are_one_a_line() {
    let folder = Folder::new();
    let lines = [
        r#"{"id":1,"name":"a"}"#,
        r#"{"id":2}{"id":3}"#,
        r#"{"id":4"#,
        r#""id":5}"#,
        "   ",
        r#"{"id":6} x"#,
        "[7]",
        r#"{"id":"eight"}"#,
        r#"{"id":9,"name":{}}"#,
        r#" { "name" : "ten" , "id" : 10 } "#,
        r#"{"id":11,"name":"a"#,
        r#"b"}"#,
        "nonsense",
        r#"{"id":12}"#,
    ];
    folder.write("in.jsonl", &lines.join("\r\n"));
    let from = "json: { path: in.jsonl, on_bad_row: { dead_letter: letters.jsonl } }";
    let yaml = read(
        from,
        "{ id: int64, name: utf8 }",
        "  - file: { path: /dev/stdout, format: csv }\n",
    );
    folder.write("p.yaml", &yaml);
    let ended = folder.run(&["run", "p.yaml", "--quiet"]);
    assert_eq!(
        (ended.code, ended.stdout.as_str()),
        (3, "id,name\n1,a\n9,{}\n10,ten\n12,\n")
    );
    insta::assert_snapshot!(folder.read("letters.jsonl"));
}

#[test]
fn mistakes_say_what_is_wrong_and_where() {
    let folder = Folder::new();
    folder.write("in.csv", "id,name\n1,a\n2,b,c\n");
    folder.write("types.csv", "id,name\n1,a\nx,b\n");
    folder.write("open.csv", "id,name\n1,\"a\n2,b\n");
    folder.write("twice.csv", "id,id\n1,a\n");
    folder.write("none.csv", "");
    folder.write("in.json", "[{\"id\":1},\n{\"id\":");
    folder.write("in.jsonl", "{\"id\":1}\n\n{\"id\":x}\n");
    folder.write("in.csv.gz", "");
    folder.write("in.parquet", "no such thing");
    folder.write("in.avro", "no such thing");
    let cases = [
        ("csv: { path: missing.csv }", "{}"),
        ("csv: { path: in.csv }", "{}"),
        ("csv: { path: types.csv }", "{ id: int64 }"),
        ("csv: { path: types.csv }", "{ di: int64 }"),
        ("csv: { path: types.csv, header: false }", "{}"),
        ("csv: { path: types.csv, header: false }", "{ id: int64 }"),
        ("csv: { path: types.csv, delimiter: \"||\" }", "{}"),
        ("csv: { path: types.csv, on_bad_row: ignore }", "{}"),
        ("csv: { path: open.csv }", "{}"),
        ("csv: { path: twice.csv }", "{}"),
        ("csv: { path: none.csv }", "{}"),
        ("csv: { path: in.csv.gz }", "{}"),
        ("csv: { path: . }", "{}"),
        ("csv: { pth: in.csv }", "{}"),
        ("json: { path: in.json }", "{}"),
        ("json: { path: in.jsonl }", "{}"),
        ("parquet: { path: in.parquet }", "{}"),
        ("avro: { path: in.avro }", "{}"),
        ("file: { path: in.csv }", "{}"),
    ];
    let mut said = Vec::new();
    for (from, types) in cases {
        folder.write("p.yaml", &read(from, types, "  - discard\n"));
        let ended = folder.run(&["run", "p.yaml", "--quiet"]);
        said.push(format!("{from} {types}: {}\n{}", ended.code, ended.stderr));
    }
    insta::assert_snapshot!(said.join("\n"));
}

#[test]
fn a_table_that_is_read_is_no_parent_and_has_no_partitions() {
    let folder = Folder::new();
    folder.write("in.csv", "id,name\n1,a\n");
    let parent = r#"
version: 1
tables:
  t: { from: { csv: { path: in.csv } } }
  u: { rows: 9, columns: { t_id: { foreign_key: { ref: t.id } } } }
sinks: [{ discard: { table: u } }]
"#;
    let partitions = r#"
version: 1
tables:
  t: { from: { csv: { path: in.csv } } }
sinks: [{ file: { path: out, format: csv, partition_by: [name] } }]
"#;
    let few = partitions.replace(" }\nsinks", ", types: { name: boolean } }\nsinks");
    let types = r#"
version: 1
tables:
  t: { rows: 9, types: { id: int64 }, columns: { id: sequence } }
sinks: [discard]
"#;
    let said = [parent, partitions, &few, types].map(|yaml| folder.refuse(yaml));
    insta::assert_snapshot!(said.join("\n"));
}

#[test]
fn appended_files_come_after_those_that_are_there() {
    let folder = Folder::new();
    folder.write("in.csv", "id,n\n1,2\n3,4\n");
    let sink = "  - file: { path: lake, format: csv, if_exists: append }\n";
    let yaml = read("csv: { path: in.csv }", "{}", sink);
    folder.make(&yaml, &[]);
    folder.make(&yaml, &[]);
    let names = [
        "_SUCCESS",
        "_rowgen/manifest.jsonl",
        "part-00000.csv",
        "part-00001.csv",
    ];
    assert_eq!(folder.names("lake"), names);
    assert_eq!(folder.read("lake/part-00001.csv"), "id,n\n1,2\n3,4\n");
    assert_eq!(
        folder.read("lake/_rowgen/manifest.jsonl").lines().count(),
        2
    );
    let yaml = read(
        "csv: { path: in.csv }",
        "{}",
        "  - file: { path: one.csv, if_exists: append }\n",
    );
    insta::assert_snapshot!(folder.refuse(&yaml));
}

#[cfg(feature = "kafka")]
#[test]
fn dead_letters_do_not_go_where_they_came_from() {
    let folder = Folder::new();
    let from = "kafka: { brokers: \"localhost:1\", topic: orders, on_bad_row: { dead_letter: { topic: orders } } }";
    folder.write("p.yaml", &read(from, "{ id: int64 }", "  - discard\n"));
    let ended = folder.run(&["check", "p.yaml"]);
    assert_eq!(ended.code, 1);
    assert_eq!(
        ended.stderr,
        "error: dead letters cannot go to the topic that is read\n --> p.yaml:5:97\n  |\n\
         5 |     from: { kafka: { brokers: \"localhost:1\", topic: orders, on_bad_row: { dead_letter: { topic: orders } } } }\n  \
         |                                                                                                 ^^^^^^\n  \
         hint: name another topic: each of them would come again as a message\n"
    );
}
