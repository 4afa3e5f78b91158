//! What a value of the pipeline file says: numbers, sums, lengths, days, local times, counts of files.

use super::support::{Ended, Folder};

/// A pipeline of one table `t` with these columns, written to stdout as JSON lines.
fn table(rows: u64, columns: &[&str]) -> String {
    let columns: String = columns
        .iter()
        .map(|column| format!("      {column}\n"))
        .collect();
    format!(
        "version: 1\nparams: {{ scale: 0.07, n: 5, day: 2026-01-15 }}\ntables:\n  t:\n    rows: {rows}\n    columns:\n{columns}sinks:\n  - file: {{ table: t, path: /dev/stdout, format: {{ json: {{ layout: lines }} }} }}\n"
    )
}

fn made(rows: u64, columns: &[&str]) -> Vec<String> {
    let ended = Folder::new().make(&table(rows, columns), &[]);
    ended.stdout.lines().map(String::from).collect()
}

/// What `check` says of a column that must be refused: without the lines that show the file.
fn refused(column: &str) -> String {
    let said = Folder::new().refuse(&table(3, &[column]));
    said_alone(&said)
}

fn said_alone(said: &str) -> String {
    let told = |line: &&str| {
        ["error:", "  caused", "  hint:"]
            .iter()
            .any(|start| line.starts_with(start))
    };
    said.lines().filter(told).collect::<Vec<_>>().join("\n")
}

/// A run that fails at a row.
fn failed(rows: u64, columns: &[&str]) -> Ended {
    let folder = Folder::new();
    folder.write("p.yaml", &table(rows, columns));
    folder.run(&["run", "p.yaml", "--quiet"])
}

#[test]
fn a_number_is_the_one_that_is_written() {
    let columns = [
        "a: { constant: 1e-7 }",
        "b: { constant: 1e-1 }",
        "c: { constant: 15e-1 }",
        "d: { constant: 1.5E-3 }",
        "e: { constant: -1e-3 }",
        "f: { constant: 1e6 }",
        "g: { constant: 1_000 }",
        "h: { constant: 10e-1 }",
        "i: { type: \"decimal(10,8)\", constant: 1e-7 }",
        "j: { type: \"decimal(6,1)\", constant: 1.5e3 }",
        "k: { type: int32, constant: 2e3 }",
        "l: { type: float32, constant: 25e-2 }",
        "m: { type: int64, choice: { 1e3: 1 } }",
    ];
    let expected = "{\"a\":1.0e-7,\"b\":0.1,\"c\":1.5,\"d\":0.0015,\"e\":-0.001,\"f\":1000000,\"g\":1000,\"h\":1.0,\"i\":0.00000010,\"j\":1500.0,\"k\":2000,\"l\":0.25,\"m\":1000}";
    assert_eq!(made(1, &columns), [expected]);
}

#[test]
fn whole_numbers_keep_all_of_their_digits() {
    let columns = [
        "a: { constant: 9007199254740993 }",
        "b: { constant: 12345678901234567890 }",
        "c: { constant: -12345678901234567890 }",
        "d: { choice: { 9007199254740993: 1, 1.5: 0 } }",
        "e: { expr: \"9007199254740993 + 0.5\" }",
    ];
    let expected = "{\"a\":9007199254740993,\"b\":12345678901234567890,\"c\":-12345678901234567890,\"d\":9007199254740993.0,\"e\":9007199254740993.5}";
    assert_eq!(made(1, &columns), [expected]);
}

#[test]
fn small_numbers_bound_what_is_drawn() {
    let columns = [
        "a: { uniform: { min: 1e-3, max: 2e-3 } }",
        "b: { choice: [1e-3, 2e-3] }",
        "c: { histogram: { edges: [1e-3, 1e-2, 1e-1], weights: [1, 1] } }",
        "d: { type: \"decimal(8,6)\", uniform: { min: 1e-6, max: 3e-6 } }",
    ];
    for line in made(100, &columns) {
        let row: serde_json::Value = serde_json::from_str(&line).unwrap();
        let number = |name: &str| row[name].as_f64().unwrap();
        assert!((0.001..=0.002).contains(&number("a")), "{line}");
        assert!([0.001, 0.002].contains(&number("b")), "{line}");
        assert!((0.001..=0.1).contains(&number("c")), "{line}");
        assert!((0.000_001..=0.000_003).contains(&number("d")), "{line}");
    }
}

#[test]
fn what_yaml_does_not_write_as_a_number_is_text() {
    let columns = [
        "aspect: { choice: [16/9, 16/9] }",
        "size: { choice: { 1/4: 1 } }",
        "day: { choice: [01/02/2026] }",
        "drive: { constant: 4*4 }",
        "open: { constant: 24/7 }",
        "date: { constant: 2026/01/15 }",
        "range: { constant: 10-20 }",
        "phone: { constant: 555-1234 }",
        "many: { constant: 1M }",
        "none: { constant: nan }",
        "sum: { constant: \"${n} * 2\" }",
    ];
    let expected = "{\"aspect\":\"16/9\",\"size\":\"1/4\",\"day\":\"01/02/2026\",\"drive\":\"4*4\",\"open\":\"24/7\",\"date\":\"2026/01/15\",\"range\":\"10-20\",\"phone\":\"555-1234\",\"many\":\"1M\",\"none\":\"nan\",\"sum\":\"5 * 2\"}";
    assert_eq!(made(1, &columns), [expected]);
}

#[test]
fn a_declared_number_may_be_a_sum_of_params() {
    let columns = [
        "a: { type: int64, constant: \"${scale} * 100\" }",
        "b: { type: \"decimal(10,3)\", constant: \"${scale} / 2\" }",
        "c: { type: float64, constant: \"${n} / 2\" }",
        "d: { type: int32, uniform: { min: \"${n} * 2\", max: \"(${n} + 5) * 1\" } }",
        "e: { type: int32, constant: \"round(${scale} * 50)\" }",
        "f: { type: int32, constant: \"floor(${scale} * 50)\" }",
    ];
    let expected = "{\"a\":7,\"b\":0.035,\"c\":2.5,\"d\":10,\"e\":4,\"f\":3}";
    assert_eq!(made(1, &columns), [expected]);
}

#[test]
fn a_sum_that_is_no_value_of_its_type_is_refused() {
    let said = [
        "a: { type: int64, constant: \"${scale} * 50\" }",
        "a: { type: int64, constant: 4*4 }",
        "a: { type: int64, constant: 15e-1 }",
        "a: { type: \"decimal(4,1)\", constant: \"${scale} * 1\" }",
        "a: { type: int64, constant: \"${day}\" }",
        "a: { type: int32, uniform: { min: 1, max: \"${n} / 2\" } }",
        "a: { uniform: { min: 1, max: \"${n} * 2\" } }",
        "a: { type: int32, histogram: { edges: [0, 2*2], weights: [1] } }",
        "a: { list: { length: { choice: { 1/2: 1 } }, of: { constant: x } } }",
    ]
    .map(refused)
    .join("\n");
    insta::assert_snapshot!(said);
}

#[test]
fn a_fraction_is_not_put_into_a_whole_number() {
    let price = "p: { type: \"decimal(6,2)\", constant: 1.50, hidden: true }";
    let float = "x: { constant: 2.5, hidden: true }";
    let said = [
        "a: { type: int32, expr: \"p\" }",
        "a: { type: int64, expr: \"p * 2\" }",
        "a: { type: int64, expr: \"x * 2\" }",
        "a: { type: int64, expr: \"7 / 2.0\" }",
        "a: { type: int16, expr: \"case when p > 1 then p else 0 end\" }",
        "a: { type: int16, expr: \"coalesce(round(x), x)\" }",
        "a: { type: int32, expr: \"sqrt(row + 2)\" }",
        "a: { expr: \"left('text', x)\" }",
        "a: { type: int32, copy: x }",
        "a: { type: int32, copy: p }",
    ]
    .map(|column| said_alone(&Folder::new().refuse(&table(3, &[price, float, column]))))
    .join("\n");
    insta::assert_snapshot!(said);
    // Whole numbers of any type, and what somebody asked for.
    let columns = [
        price,
        float,
        "a: { type: int32, expr: \"round(p)\" }",
        "b: { type: int32, expr: \"floor(x)\" }",
        "c: { type: int32, expr: \"cast(p as int)\" }",
        "d: { type: int64, expr: \"round(x) * 2 + 1\" }",
        "e: { type: int64, expr: \"4.0\" }",
        "f: { type: int64, expr: \"case when p > 1 then round(p) else 0.00 end\" }",
        "g: { type: int64, expr: \"coalesce(trunc(x), 0)\" }",
        "h: { type: int64, expr: \"extract(year from date '2026-01-15')\" }",
        "i: { type: int64, expr: \"-ceil(x)\" }",
        "j: { type: int64, expr: \"abs(round(x))\" }",
    ];
    let expected =
        "{\"a\":2,\"b\":2,\"c\":2,\"d\":5,\"e\":4,\"f\":2,\"g\":2,\"h\":2026,\"i\":-3,\"j\":2}";
    assert_eq!(made(1, &columns), [expected]);
}

#[test]
fn a_length_is_kept() {
    // Known before the first row.
    let said = [
        "a: { type: varchar(3), constant: abcd }",
        "a: { type: varchar(3), choice: [ab, abcd] }",
        "a: { type: char(2), choice: { żół: 1 } }",
        "a: { type: varchar(35), uuid: {} }",
        "a: { type: varchar(5), template: \"żółw-{row:03}\" }",
        "a: { type: varchar(3), template: \"{day}\" }\n      day: { type: date, constant: 2026-01-31 }",
        "a: { type: char(2), pattern: \"[a-z]{3,5}\" }",
        "a: { type: varchar(7), template: \"{b}!\" }\n      b: { pattern: \"[0-9]{7}\" }",
        "a: { list: { length: 2, of: { type: varchar(2), constant: abc } } }",
        "a: { struct: { b: { type: varchar(2), uuid: {} } } }",
        "a: { type: varchar(0), constant: a }",
        "a: { type: varchar(x), constant: a }",
    ]
    .map(refused)
    .join("\n");
    insta::assert_snapshot!(said);
    // Seen at a row.
    let template = "a: { type: varchar(3), template: \"{row}\" }";
    let ended = failed(2000, &[template]);
    assert_eq!(ended.code, 2, "{ended:?}");
    assert_eq!(
        said_alone(&ended.stderr),
        "error: making column `t.a`\n  caused by: row 1000: `1000` has 4 characters, and column `t.a` takes 3\n  hint: give it a longer type, or cut its texts: `expr: \"left(…, 3)\"`"
    );
    let ended = failed(3, &["a: { type: varchar(4), expr: \"'row ' || row\" }"]);
    assert_eq!(ended.code, 2, "{ended:?}");
    // What fits, in characters; and the hint, followed.
    let columns = [
        "a: { type: varchar(3), constant: żół }",
        "b: { type: char(3), pattern: \"[a-c]{3}\" }",
        "u: { type: varchar(36), uuid: {} }",
        "v: { type: varchar(6), template: \"żółw-{row}\" }",
        "c: { type: varchar(3), expr: \"left('row ' || row, 3)\" }",
        "d: { type: varchar(3), constant: null }",
    ];
    for line in made(2, &columns) {
        assert!(
            line.starts_with("{\"a\":\"żół\"") && line.ends_with("\"c\":\"row\",\"d\":null}"),
            "{line}"
        );
    }
}

#[test]
fn a_length_of_what_is_read_is_said_where_it_is_made() {
    let folder = Folder::new();
    folder.write("in.csv", "c,d\nab,1\nabcd,2\n");
    let yaml = |types: &str, columns: &str| {
        format!(
            "version: 1\ntables:\n  t:\n    from: {{ csv: {{ path: in.csv }} }}\n{types}{columns}sinks:\n  - file: {{ path: /dev/stdout, format: {{ csv: {{ null: NULL }} }} }}\n"
        )
    };
    let said = folder.refuse(&yaml("    types: { c: varchar(3) }\n", ""));
    assert_eq!(
        said_alone(&said),
        "error: a type of what is read cannot have a length\n  hint: write `utf8` here, and under `columns:` of the table `c: { type: varchar(3), expr: c }`"
    );
    let columns = "    columns: { c: { type: varchar(3), expr: c } }\n";
    folder.write("p.yaml", &yaml("    types: { c: utf8 }\n", columns));
    let ended = folder.run(&["run", "p.yaml", "--quiet"]);
    assert_eq!(ended.code, 2, "{ended:?}");
    assert!(
        ended
            .stderr
            .contains("caused by: row 1: `abcd` has 4 characters"),
        "{ended:?}"
    );
}

/// The greatest of a column's values.
fn greatest(column: &str) -> String {
    made(4000, &[column]).into_iter().max().unwrap()
}

#[test]
fn a_day_as_the_greatest_time_means_its_end() {
    for (column, day) in [
        (
            "a: { type: \"timestamp(s)\", uniform: { min: 2025-12-30, max: 2025-12-31 } }",
            "2025-12-31T2",
        ),
        (
            "a: { type: \"timestamp(us, UTC)\", uniform: { min: 2025-12-31, max: 2025-12-31 } }",
            "2025-12-31T23:",
        ),
        (
            "a: { type: \"timestamp(ms, Europe/Rome)\", uniform: { min: 2025-12-31, max: 2025-12-31 } }",
            "2025-12-31T23:",
        ),
        (
            "a: { type: \"timestamp(s)\", normal: { mean: 2025-12-31, stddev: 10d, max: 2025-12-31 } }",
            "2025-12-31T23:",
        ),
        // A time is itself, and so is a date in a column of dates.
        (
            "a: { type: \"timestamp(s)\", uniform: { min: \"2025-12-31 00:00:00\", max: \"2025-12-31 00:00:00\" } }",
            "2025-12-31T00:00:00",
        ),
        (
            "a: { type: date, uniform: { min: 2025-12-30, max: 2025-12-31 } }",
            "2025-12-31",
        ),
    ] {
        let greatest = greatest(column);
        assert!(greatest.contains(day), "{column}: {greatest}");
    }
}

#[test]
fn as_many_files_as_were_asked_for() {
    let yaml = |rows: u64, files: u64, batch: &str| {
        format!(
            "version: 1\ntables: {{ t: {{ rows: {rows}, columns: {{ id: sequence, x: {{ uniform: {{ min: 1, max: 1e9 }} }} }} }} }}\nsinks:\n  - file: {{ table: t, path: out, format: csv, files: {files}, if_exists: replace }}\n{batch}"
        )
    };
    let folder = Folder::new();
    let mut all = Vec::new();
    for (batch, threads) in [("", "1"), ("", "2"), ("run: { batch_rows: 1000 }\n", "2")] {
        folder.make(&yaml(40_000, 10, batch), &["--threads", threads]);
        let names = folder
            .names("out")
            .into_iter()
            .filter(|name| name.starts_with("part-"));
        let texts: Vec<String> = names
            .map(|name| folder.read(&format!("out/{name}")))
            .collect();
        let lines: Vec<usize> = texts.iter().map(|text| text.lines().count() - 1).collect();
        assert_eq!(lines, [4000; 10]);
        all.push(texts);
    }
    assert!(all[0] == all[1] && all[0] == all[2]);
    for (rows, files, expected) in [
        (10, 3, vec![3, 3, 4]),
        (2, 5, vec![1, 1]),
        (50_000, 3, vec![16_666, 16_667, 16_667]),
    ] {
        folder.make(&yaml(rows, files, ""), &[]);
        let names = folder
            .names("out")
            .into_iter()
            .filter(|name| name.starts_with("part-"));
        let lines: Vec<usize> = names
            .map(|name| folder.read(&format!("out/{name}")).lines().count() - 1)
            .collect();
        assert_eq!(lines, expected);
    }
}

#[test]
fn local_times_that_stand_twice_or_never_are_instants_by_one_rule() {
    let folder = Folder::new();
    // Skipped and repeated in Rome.
    let times = ["2024-03-31 02:30:00", "2024-10-27 02:30:00"];
    let instants = ["2024-03-31T03:30:00+02:00", "2024-10-27T02:30:00+01:00"];
    folder.write("in.csv", &format!("t\n{}\n{}\n", times[0], times[1]));
    folder.write(
        "in.jsonl",
        &format!("{{\"t\":\"{}\"}}\n{{\"t\":\"{}\"}}\n", times[0], times[1]),
    );
    let rome = "\"timestamp(s, Europe/Rome)\"";
    for source in ["csv: { path: in.csv }", "json: { path: in.jsonl }"] {
        let yaml = format!(
            "version: 1\ntables:\n  t:\n    from: {{ {source} }}\n    types: {{ t: {rome} }}\nsinks:\n  - file: {{ path: /dev/stdout, format: {{ csv: {{ null: NULL }} }} }}\n"
        );
        let ended = folder.make(&yaml, &[]);
        let lines: Vec<&str> = ended.stdout.lines().skip(1).collect();
        assert_eq!(lines, instants, "{source}");
    }
    for (time, instant) in times.iter().zip(instants) {
        let columns = [
            format!("a: {{ type: {rome}, constant: \"{time}\" }}"),
            format!("b: {{ type: {rome}, expr: \"timestamp '{time}'\" }}"),
            format!("c: {{ type: {rome}, uniform: {{ min: \"{time}\", max: \"{time}\" }} }}"),
            format!("l: {{ type: \"timestamp(s)\", constant: \"{time}\", hidden: true }}"),
            format!("d: {{ type: {rome}, copy: l }}"),
        ];
        let columns: Vec<&str> = columns.iter().map(String::as_str).collect();
        let expected = format!(
            "{{\"a\":\"{instant}\",\"b\":\"{instant}\",\"c\":\"{instant}\",\"d\":\"{instant}\"}}"
        );
        assert_eq!(made(1, &columns), [expected]);
    }
}

#[test]
fn a_row_that_fails_fails_the_run_wherever_it_stands() {
    // In the first batch, which the plan tries, and beyond it.
    for row in [989, 20_000] {
        let column = format!("a: {{ expr: \"10 / ({row} - row)\" }}");
        let ended = failed(30_000, &[&column]);
        assert_eq!(ended.code, 2, "{ended:?}");
        let carets = "^".repeat(column.len() - 13);
        let expected = format!(
            "error: making column `t.a`
 --> p.yaml:7:18
  |
7 |       {column}
  |                  {carets}
  caused by: row {row}: division by zero in `10 / ({row} - row)`
"
        );
        assert_eq!(ended.stderr, expected);
    }
    let ended = failed(3, &["a: { type: int8, expr: \"row + 126\" }"]);
    assert_eq!(ended.code, 2, "{ended:?}");
}
