//! No digit is cut off or rounded away unless somebody asks for it: of decimals, of parts of a second.

use super::support::Folder;

pub(super) fn table(columns: &[&str]) -> String {
    let columns: String = columns
        .iter()
        .map(|column| format!("      {column}\n"))
        .collect();
    format!(
        "version: 1\ntables:\n  t:\n    rows: 2\n    columns:\n{columns}sinks:\n  - file: {{ table: t, path: /dev/stdout, format: {{ json: {{ layout: lines }} }} }}\n"
    )
}

/// The message alone, without the lines that show the file.
pub(super) fn alone(said: &str) -> String {
    let told = |line: &&str| {
        ["error:", "  caused", "  hint:"]
            .iter()
            .any(|start| line.starts_with(start))
    };
    said.lines().filter(told).collect::<Vec<_>>().join("\n")
}

#[test]
fn a_value_has_no_more_digits_than_its_column() {
    let time = "hint: `type: \"timestamp(ms)\"` holds all of its digits";
    let decimal = "hint: write a number with at most 2 digits after the point";
    for (column, value, of, hint) in [
        (
            "{ type: \"timestamp(s)\", constant: \"2026-01-15T10:00:00.5\" }",
            "2026-01-15T10:00:00.5",
            "timestamp(s)",
            time,
        ),
        (
            "{ type: \"timestamp(s)\", choice: [2026-01-15, \"2026-01-15 10:00:00.250\"] }",
            "2026-01-15 10:00:00.250",
            "timestamp(s)",
            time,
        ),
        (
            "{ type: \"timestamp(s)\", uniform: { min: \"2026-01-15T00:00:00.001\", max: 2026-01-16 } }",
            "2026-01-15T00:00:00.001",
            "timestamp(s)",
            time,
        ),
        (
            "{ type: \"timestamp(ms, UTC)\", constant: \"2026-01-15T10:00:00.1234Z\" }",
            "2026-01-15T10:00:00.1234Z",
            "timestamp(ms, UTC)",
            "hint: `type: \"timestamp(us, UTC)\"` holds all of its digits",
        ),
        (
            "{ type: \"timestamp(us)\", constant: \"2026-01-15T10:00:00.1234567\" }",
            "2026-01-15T10:00:00.1234567",
            "timestamp(us)",
            "hint: `type: \"timestamp(ns)\"` holds all of its digits",
        ),
        (
            "{ type: \"timestamp(ns)\", constant: \"2026-01-15T10:00:00.1234567891\" }",
            "2026-01-15T10:00:00.1234567891",
            "timestamp(ns)",
            "hint: write a timestamp as 2026-01-31 or 2026-01-31T08:30:00Z",
        ),
        (
            "{ type: \"time(s)\", constant: \"10:00:00.5\" }",
            "10:00:00.5",
            "time(s)",
            "hint: `type: \"time(ms)\"` holds all of its digits",
        ),
        (
            "{ type: \"time(ms)\", choice: [\"10:00\", \"10:00:00.0005\"] }",
            "10:00:00.0005",
            "time(ms)",
            "hint: `type: \"time(us)\"` holds all of its digits",
        ),
        (
            "{ type: \"decimal(10,2)\", constant: 1.555 }",
            "1.555",
            "decimal(10,2)",
            decimal,
        ),
        (
            "{ type: \"decimal(10,2)\", choice: [1, 1e-3] }",
            "1e-3",
            "decimal(10,2)",
            decimal,
        ),
    ] {
        let said = Folder::new().refuse(&table(&[&format!("a: {column}")]));
        let expected = format!("error: `{value}` is not a value of {of}\n  {hint}");
        assert_eq!(alone(&said), expected, "{column}");
    }
}

#[test]
fn zeros_are_no_digits() {
    let columns = [
        "a: { type: \"timestamp(s)\", constant: \"2026-01-15T10:00:00.000\" }",
        "b: { type: \"timestamp(ms)\", constant: \"2026-01-15T10:00:00.5000\" }",
        "c: { type: \"time(s)\", constant: \"10:00:00.0\" }",
        "d: { type: \"decimal(10,2)\", constant: 1.500 }",
        "e: { type: \"timestamp(ms)\", constant: \"1969-12-31T23:59:59.999\" }",
    ];
    let made = Folder::new().make(&table(&columns), &[]).stdout;
    let row = "{\"a\":\"2026-01-15T10:00:00\",\"b\":\"2026-01-15T10:00:00.500\",\"c\":\"10:00:00\",\"d\":1.50,\"e\":\"1969-12-31T23:59:59.999\"}\n";
    assert_eq!(made, row.repeat(2));
}

const AT: &str = "at: { type: \"timestamp(us)\", event_time: { start: \"2026-01-15T10:00:00.25\", rate: 1/s }, hidden: true }";

#[test]
fn an_expression_does_not_cut_a_time_unasked() {
    let hint = |digits| {
        format!("  hint: write `cast(… as timestamp({digits}))` or `date_trunc('second', …)`")
    };
    let refused = |found: &str, wanted: &str, digits: u8| {
        format!(
            "error: expected {wanted}, found {found}, which may be finer than that\n{}",
            hint(digits)
        )
    };
    for (column, expected) in [
        (
            "{ type: \"timestamp(s)\", expr: at }",
            refused("timestamp(us)", "timestamp(s)", 0),
        ),
        (
            "{ type: \"timestamp(ms)\", expr: \"at + interval '1 day'\" }",
            refused("timestamp(us)", "timestamp(ms)", 3),
        ),
        (
            "{ type: \"timestamp(s)\", expr: \"case when at > '2026-01-01' then date_trunc('day', at) else at end\" }",
            refused("timestamp(us)", "timestamp(s)", 0),
        ),
    ] {
        let said = Folder::new().refuse(&table(&[AT, &format!("a: {column}")]));
        assert_eq!(alone(&said), expected, "{column}");
    }
    let columns = [
        AT,
        "a: { type: \"timestamp(s)\", expr: \"cast(at as timestamp(0))\" }",
        "b: { type: \"timestamp(s)\", expr: \"date_trunc('minute', at)\" }",
        "c: { type: \"timestamp(ms)\", expr: \"date_trunc('second', at)\" }",
        "d: { type: date, expr: at }",
        "e: { type: \"timestamp(s)\", expr: \"timestamp '2026-01-15 10:00:00'\" }",
    ];
    let made = Folder::new().make(&table(&columns), &[]).stdout;
    let row = "{\"a\":\"2026-01-15T10:00:00\",\"b\":\"2026-01-15T10:00:00\",\"c\":\"2026-01-15T10:00:00.000\",\"d\":\"2026-01-15\",\"e\":\"2026-01-15T10:00:00\"}";
    assert_eq!(made.lines().next(), Some(row));
}

#[test]
fn a_copy_does_not_cut_unasked() {
    for (from, to, value, hint) in [
        (
            AT,
            "timestamp(s)",
            "2026-01-15T10:00:00.250",
            "`cast(at as timestamp(0))`",
        ),
        (
            "at: { constant: 1.555, hidden: true }",
            "decimal(10,2)",
            "1.555",
            "`round(at, 2)`",
        ),
        (
            "at: { type: \"decimal(10,4)\", constant: 1.5551, hidden: true }",
            "decimal(10,3)",
            "1.5551",
            "`round(at, 3)`",
        ),
        (
            "at: { constant: \"2026-01-15T10:00:00.5\", hidden: true }",
            "timestamp(s)",
            "2026-01-15T10:00:00.5",
            "`cast(at as timestamp(0))`",
        ),
    ] {
        let folder = Folder::new();
        folder.write(
            "p.yaml",
            &table(&[from, &format!("a: {{ type: \"{to}\", copy: at }}")]),
        );
        let ended = folder.run(&["run", "p.yaml", "--quiet"]);
        assert_eq!(ended.code, 2, "{ended:?}");
        let expected = format!(
            "error: making column `t.a`\n  caused by: row 0: `{value}` cannot be {to}\n  hint: write an `expr` that rounds: {hint}"
        );
        assert_eq!(alone(&ended.stderr), expected);
    }
    let columns = [
        AT,
        "a: { type: \"timestamp(ms)\", copy: at }",
        "b: { type: date, copy: at }",
    ];
    let made = Folder::new().make(&table(&columns), &[]).stdout;
    let row = "{\"a\":\"2026-01-15T10:00:00.250\",\"b\":\"2026-01-15\"}";
    assert_eq!(made.lines().next(), Some(row));
}

/// Values that are read as a type which holds every other one of them.
const READ: [(&str, &str, &str); 6] = [
    ("decimal(10,2)", "1.5", "1.505"),
    (
        "timestamp(s)",
        "2026-01-15T10:00:00.000",
        "2026-01-15T10:00:00.5",
    ),
    (
        "timestamp(ms)",
        "2026-01-15T10:00:00.123",
        "2026-01-15T10:00:00.1234",
    ),
    (
        "timestamp(us, UTC)",
        "2026-01-15T10:00:00.123456Z",
        "2026-01-15T10:00:00.1234567Z",
    ),
    (
        "timestamp(s, Europe/Rome)",
        "2026-01-15T10:00:00",
        "2026-01-15T10:00:00.25",
    ),
    ("time(s)", "10:00:00", "10:00:00.5"),
];

#[test]
fn what_is_read_is_not_cut() {
    for (to, good, bad) in READ {
        let folder = Folder::new();
        let yaml = |from: &str, on_bad: &str| {
            format!(
                "version: 1\ntables:\n  t:\n    from: {{ {from}{on_bad} }} }}\n    types: {{ v: \"{to}\" }}\nsinks:\n  - file: {{ table: t, path: /dev/stdout, format: {{ json: {{ layout: lines }} }} }}\n"
            )
        };
        folder.write("in.csv", &format!("id,v\n1,{good}\n2,{bad}\n3,{good}\n"));
        let row = |id: u8, value: &str| format!("{{\"id\":{id},\"v\":\"{value}\"}}\n");
        let lines = [row(1, good), row(2, bad), row(3, good)].concat();
        folder.write("in.jsonl", &lines);
        for from in ["csv: { path: in.csv", "json: { path: in.jsonl"] {
            folder.write("p.yaml", &yaml(from, ""));
            let ended = folder.run(&["run", "p.yaml", "--quiet"]);
            assert_eq!(ended.code, 2, "{from} {to}: {ended:?}");
            let what = format!("column `v`: expected {to}, found `{bad}`\n");
            let said = &ended.stderr;
            assert!(said.contains(&what), "{from} {to}: {said}");
            assert!(said.contains("  hint: `on_bad_row: skip` leaves"), "{said}");
            folder.write("p.yaml", &yaml(from, ", on_bad_row: skip"));
            let ended = folder.run(&["run", "p.yaml", "--quiet"]);
            assert_eq!(
                (ended.code, ended.stdout.lines().count()),
                (3, 2),
                "{from} {to}"
            );
        }
    }
}

#[test]
fn what_parquet_holds_is_not_cut() {
    let folder = Folder::new();
    let columns = "d: { type: \"decimal(10,4)\", constant: 1.5050 }, e: { type: \"decimal(10,4)\", constant: 1.5051 }, f: { constant: 0.125 }, at: { type: \"timestamp(us)\", constant: \"2026-01-15T10:00:00.5\" }, n: { type: \"timestamp(ns)\", constant: \"2026-01-15T10:00:00.000000001\" }";
    folder.make(
        &format!("version: 1\ntables:\n  t: {{ rows: 3, columns: {{ {columns} }} }}\nsinks:\n  - file: {{ path: in.parquet, format: {{ parquet: {{ compatibility: latest }} }} }}\n"),
        &[],
    );
    let yaml = |types: &str| {
        format!(
            "version: 1\ntables:\n  t:\n    from: {{ parquet: {{ path: in.parquet }} }}\n    types: {{ {types} }}\nsinks:\n  - file: {{ table: t, path: /dev/stdout, format: {{ json: {{ layout: lines }} }} }}\n"
        )
    };
    let held = "d: \"decimal(10,3)\", f: \"decimal(10,3)\", at: \"timestamp(ms)\"";
    let made = folder.make(&yaml(held), &[]).stdout;
    assert!(
        made.starts_with(
            "{\"d\":1.505,\"e\":1.5051,\"f\":0.125,\"at\":\"2026-01-15T10:00:00.500\","
        ),
        "{made}"
    );
    for (column, to, value) in [
        ("e", "decimal(10,3)", "1.5051"),
        ("f", "decimal(10,2)", "0.125"),
        ("at", "timestamp(s)", "2026-01-15T10:00:00.500"),
        ("n", "timestamp(us)", "2026-01-15T10:00:00.000000001"),
    ] {
        folder.write("p.yaml", &yaml(&format!("{column}: \"{to}\"")));
        let ended = folder.run(&["run", "p.yaml", "--quiet"]);
        assert_eq!(ended.code, 2, "{ended:?}");
        let expected = format!(
            "caused by: column `{column}`, row 0: {value} cannot be read as {to}\n  hint: say under `types` what holds every value, or leave `{column}` out there and round it in an `expr`"
        );
        assert!(alone(&ended.stderr).contains(&expected), "{}", ended.stderr);
    }
}
