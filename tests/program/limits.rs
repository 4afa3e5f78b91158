//! Pipelines that ask for more than any machine has: each is refused at once, with its line.

use std::fmt::Write;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use super::support::{Ended, Folder};

/// A debug build on a busy machine: what is not bounded takes minutes, or all memory.
const SOON: Duration = Duration::from_secs(60);

pub(super) const SINK: &str = "sinks:\n  - discard: { tables: all, format: csv }\n";

/// What `check` says, with 8 GiB of memory and within a minute.
fn check(folder: &Folder, yaml: &str) -> Ended {
    folder.write("p.yaml", yaml);
    let began = Instant::now();
    let mut command = Command::new("bash");
    command
        .args([
            "-c",
            "ulimit -v 8000000; exec timeout -k 5 120 \"$0\" check p.yaml",
        ])
        .arg(env!("CARGO_BIN_EXE_rowgen"))
        .current_dir(folder.path(""))
        .stdin(Stdio::null());
    let ended = Ended::from(command.output().unwrap());
    assert!(began.elapsed() < SOON, "{:?}: {ended:?}", began.elapsed());
    ended
}

pub(super) fn refused(yaml: &str) -> String {
    let ended = check(&Folder::new(), yaml);
    assert_eq!(ended.code, 1, "{ended:?}");
    assert!(ended.stderr.len() < 50_000, "{} bytes", ended.stderr.len());
    ended.stderr
}

pub(super) fn accepted(yaml: &str) {
    let ended = check(&Folder::new(), yaml);
    assert_eq!(ended.code, 0, "{ended:?}");
}

pub(super) fn columns(columns: &str) -> String {
    format!("version: 1\nname: x\ntables:\n  t:\n    rows: 10\n    columns:\n{columns}{SINK}")
}

/// `c0`, and columns that are each made of the one before.
pub(super) fn chain(first: &str, count: usize, next: impl Fn(usize) -> String) -> String {
    let mut text = format!("      c0: {first}\n");
    for at in 1..count {
        writeln!(text, "      c{at}: {}", next(at - 1)).unwrap();
    }
    columns(&text)
}

fn parents(rows: &str, per_parent: &str) -> String {
    format!(
        "version: 1\nname: x\ntables:\n  p:\n    rows: {rows}\n    columns: {{ id: sequence }}\n  c:\n    columns: {{ p: {{ foreign_key: {{ ref: p.id, per_parent: {per_parent} }} }} }}\nsinks:\n  - discard: {{ table: c }}\n"
    )
}

#[test]
fn children_of_too_many_parents_are_not_counted() {
    let mut levels = String::from(
        "version: 1\nname: x\ntables:\n  t0:\n    rows: 1000\n    columns: { id: sequence }\n",
    );
    for level in 1..12 {
        let parent = level - 1;
        writeln!(levels, "  t{level}:\n    columns: {{ id: sequence, p: {{ foreign_key: {{ ref: t{parent}.id, per_parent: {{ uniform: {{ min: 100, max: 1000 }} }} }} }} }}").unwrap();
    }
    levels.push_str("sinks:\n  - discard: { table: t11 }\n");
    let texts = [
        parents("1000000000000000", "{ uniform: { min: 0, max: 3 } }"),
        parents("1_000_000_000_000", "{ poisson: { mean: 2 } }"),
        parents("3e18", "4"),
        levels,
    ];
    let said = texts.map(|yaml| {
        let said = refused(&yaml);
        // Of a chain, the first level that is too large is told, whose size its seed decides.
        let digits = said.lines().next().unwrap();
        assert!(digits.contains("children"), "{said}");
        said
    });
    insta::assert_snapshot!(said[..3].join("\n"));
    assert!(
        said[3].contains("ref: t2.id") || said[3].contains("ref: t3.id"),
        "{}",
        said[3]
    );
}

#[test]
fn as_many_children_for_each_parent_are_not_counted() {
    for per_parent in ["1", "0", "3", "{ uniform: { min: 2, max: 2 } }"] {
        accepted(&parents("1_000_000_000_000", per_parent));
    }
    let folder = Folder::new();
    folder.write("p.yaml", &parents("1_000_000_000_000", "3"));
    let ended = folder.run(&[
        "preview",
        "p.yaml",
        "--table",
        "c",
        "--row",
        "2_999_999_999_998",
        "-n",
        "2",
    ]);
    assert_eq!(
        ended.stdout.matches("1000000000000").count(),
        2,
        "{ended:?}"
    );
}

#[test]
fn a_long_line_is_read_and_shown_in_its_own_time() {
    let many = |count: usize, each: fn(usize) -> String| {
        let all = (0..count).map(each).collect::<Vec<_>>();
        all.join(", ")
    };
    let choice = |values: String| columns(&format!("      a: {{ choice: {values} }}\n"));
    let weights = |each| choice(format!("{{ {} }}", many(200_000, each)));
    accepted(&weights(|at| format!("v{at}: 1")));
    accepted(&choice(format!(
        "[{}]",
        many(200_000, |at| format!("\"v{at}\""))
    )));
    // As many mistakes as are told, and as many as there are values.
    let said = refused(&weights(|at| format!("v{at}: x")));
    assert!(said.contains("found `x`\n --> p.yaml:7:"), "{said}");
    let row = |each| {
        columns("").replace(
            "columns:\n",
            &format!("columns: {{ {} }}\n", many(10_000, each)),
        )
    };
    for each in [
        |at| format!("c{at}: {{ choise: [a] }}"),
        |at| format!("c{at}: {{ template: \"{{none}}\" }}"),
        |at| format!("c{at}: {{ expr: \"none + 1\" }}"),
        |at| format!("c{at}: {{ pattern: '[' }}"),
    ] {
        let said = refused(&row(each));
        assert_eq!(said.matches("\n --> p.yaml:6:").count(), 100, "{said}");
    }
}

#[test]
fn texts_that_grow_with_every_column_are_refused() {
    let x = "{ constant: xxxxxxxxxx }";
    let texts = [
        chain(x, 18, |c| {
            format!("{{ expr: \"concat(c{c}, c{c}, c{c}, c{c})\" }}")
        }),
        chain(x, 20, |c| {
            format!("{{ template: \"{{c{c}}}{{c{c}}}{{c{c}}}{{c{c}}}\" }}")
        }),
        chain(x, 20, |c| {
            format!("{{ expr: \"c{c} || c{c} || c{c} || c{c}\" }}")
        }),
        chain(x, 20, |c| format!("{{ expr: \"repeat(c{c}, 4)\" }}")),
        chain(x, 20, |c| {
            format!("{{ expr: \"concat_ws(c{c}, c{c}, c{c}, c{c})\" }}")
        }),
        chain("{ pattern: '[a-z]{1,9}' }", 20, |c| {
            format!("{{ expr: \"upper(case when row > 5 then c{c} || c{c} else c{c} end)\" }}")
        })
        .replace("c{", "{"),
        columns("      a: { expr: \"repeat('x', 2000000000)\" }\n"),
    ];
    let said = texts.map(|yaml| {
        let said = refused(&yaml);
        let (text, row) = ("longer than 1 GiB", "there is room for 1 GiB");
        assert!(said.contains(text) || said.contains(row), "{said}");
        said
    });
    insta::assert_snapshot!(said[..3].join("\n"));
}

#[test]
fn params_that_stand_for_each_other_are_refused() {
    let mut tenfold = String::from("version: 1\nname: x\nparams:\n  p0: 'xxxxxxxxxx'\n");
    for at in 1..20 {
        writeln!(
            tenfold,
            "  p{at}: '{}'",
            format!("${{p{}}}", at - 1).repeat(10)
        )
        .unwrap();
    }
    let tables = "tables:\n  t:\n    rows: 1\n    columns:\n      a: { constant: '${p19}' }\n";
    let many = format!(
        "version: 1\nname: x\nparams: {{ p: \"{}\" }}\ntables:\n  t:\n    rows: 1\n    columns:\n      a: {{ choice: [{}] }}\n{SINK}",
        "x".repeat(1 << 20),
        "'${p}',".repeat(200)
    );
    let long = refused(&format!("{tenfold}{tables}{SINK}"));
    let many = refused(&many);
    assert_eq!(many.matches("error:").count(), 1, "{many}");
    insta::assert_snapshot!([long, many].join("\n"));
    // Of a secret, too, whose every use has a place that hides it.
    let secret = tenfold.replace("'xxxxxxxxxx'", "'${env:HOME}'");
    assert!(refused(&format!("{secret}{tables}{SINK}")).contains("more than 64.0 MiB"));
}

#[test]
fn brackets_within_brackets_have_an_end() {
    let deep = |open: &str, inner: &str, close: &str| {
        format!("{}{inner}{}", open.repeat(10_000), close.repeat(10_000))
    };
    let texts = [
        format!("{{ pattern: '{}' }}", deep("(", "a", ")")),
        format!("{{ pattern: '{}' }}", deep("(", "a", "){2}")),
        format!("{{ expr: \"{}\" }}", deep("(", "1", ")")),
        format!("{{ expr: \"{}1\" }}", "-(".repeat(10_000)),
        format!("{{ expr: \"{}\" }}", deep("coalesce(", "1", ")")),
        format!(
            "{{ type: \"{}\", sequence: {{}} }}",
            deep("decimal(", "1", ")")
        ),
        format!("{{ type: int64, constant: \"{}\" }}", deep("(", "1", ")")),
        format!("{{ template: \"{}\" }}", "{a".repeat(10_000)),
        format!("{{ template: \"{}\" }}", "{row}".repeat(10_000)),
        format!("{{ choice: {} }}", deep("[", "1", "]")),
    ];
    for text in texts {
        let said = refused(&columns(&format!("      a: {text}\n")));
        assert!(said.contains("p.yaml:7:"), "{said}");
    }
    let rows = columns("      a: sequence\n")
        .replace("rows: 10", &format!("rows: \"{}\"", deep("(", "1", ")")));
    assert!(refused(&rows).contains("p.yaml:5:"));
    let reads = "version: 1\nreference: { r: { path: r.csv, where: \"WHERE\" } }\n";
    let folder = Folder::new();
    folder.write("r.csv", "a\n1\n");
    let yaml = columns("      a: sequence\n").replace("version: 1\n", reads);
    let ended = check(&folder, &yaml.replace("WHERE", &deep("(", "a = 1", ")")));
    assert_eq!(ended.code, 1, "{ended:?}");
}

#[test]
fn empty_brackets_that_are_repeated_cost_nothing() {
    let mut pattern = String::from("(a?|)");
    for _ in 0..10 {
        pattern = format!("((){{60000}}{pattern}{{0,2}}(|){{0,200}})");
    }
    accepted(&columns(&format!("      a: {{ pattern: '{pattern}' }}\n")));
}

#[test]
fn columns_that_read_the_next_one_have_an_end() {
    let mut copies = String::new();
    for at in 0..10_000 {
        writeln!(copies, "      c{at}: {{ copy: c{} }}", at + 1).unwrap();
    }
    let said = refused(&columns(&format!("{copies}      c10000: sequence\n")));
    assert!(
        said.contains("more than 200 columns read one another"),
        "{said}"
    );
    // The other way round nothing waits for anything.
    accepted(&chain("sequence", 10_000, |c| format!("{{ copy: c{c} }}")));
}

#[test]
fn ten_thousand_columns_are_planned_soon() {
    let mut wide = String::new();
    for at in 0..10_000 {
        let column = match at % 4 {
            0 => "{ uniform: { min: 1, max: 9 } }".to_string(),
            1 => "{ choice: [A, B, C] }".to_string(),
            2 => format!("{{ expr: \"c{} + 1\" }}", at - 2),
            _ => format!("{{ template: \"{{c{}}}-{{row}}\" }}", at - 1),
        };
        writeln!(wide, "      c{at}: {column}").unwrap();
    }
    accepted(&columns(&wide));
    // All on one line.
    let line = wide.replace("      ", " ").replace('\n', ",");
    accepted(&columns("COLUMNS").replace("columns:\nCOLUMNS", &format!("columns: {{{line} }}\n")));
}

#[test]
fn of_ten_thousand_mistakes_the_first_ones_are_told() {
    for mistake in [
        "{ copy: nothing_like_itNUMBER }",
        "{ unifrm: { min: 1 } }",
        "{ pattern: '[' }",
    ] {
        let mut wide = String::new();
        for at in 0..10_000 {
            let mistake = mistake.replace("NUMBER", &at.to_string());
            writeln!(wide, "      c{at}: {mistake}").unwrap();
        }
        let said = refused(&columns(&wide));
        assert_eq!(said.matches("--> p.yaml:").count(), 100, "{said}");
        let last = said.lines().last().unwrap();
        assert_eq!(
            last,
            "error: there is more: these are the first 100 mistakes"
        );
    }
}

#[test]
fn functions_of_few_values_are_not_computed_without_end() {
    let mut wide = String::from(
        "      a: { reference: { from: names, field: name } }\n      b: { reference: { from: names, field: name } }\n",
    );
    for at in 0..2_000 {
        writeln!(wide, "      c{at}: {{ expr: \"concat(a, b, '{at}')\" }}").unwrap();
    }
    let folder = Folder::new();
    let names: String = (0..250).map(|name| format!("name{name}\n")).collect();
    folder.write("names.csv", &format!("name\n{names}"));
    let yaml = columns(&wide).replacen(
        "tables:",
        "reference: { names: { path: names.csv } }\ntables:",
        1,
    );
    let ended = check(&folder, &yaml);
    assert_eq!(ended.code, 0, "{ended:?}");
}

#[test]
fn five_thousand_tables_are_planned_soon() {
    let mut tables = String::from("version: 1\nname: x\ntables:\n");
    for at in 0..5_000 {
        writeln!(
            tables,
            "  t{at}: {{ rows: 10, columns: {{ id: sequence }} }}"
        )
        .unwrap();
    }
    accepted(&format!(
        "{tables}sinks:\n  - file: {{ tables: all, path: \"out/{{table}}.csv\" }}\n"
    ));
    // Each the parent of the next one: rows of the last would be made through all of them.
    let mut behind = String::from(
        "version: 1\nname: x\ntables:\n  t0: { rows: 10, columns: { id: sequence } }\n",
    );
    for at in 1..5_000 {
        writeln!(
            behind,
            "  t{at}: {{ rows: 10, columns: {{ id: {{ foreign_key: {{ ref: t{}.id }} }} }} }}",
            at - 1
        )
        .unwrap();
    }
    let said = refused(&format!("{behind}{SINK}"));
    assert!(
        said.contains("more than 100 tables stand one behind the other"),
        "{said}"
    );
}

#[test]
fn folders_and_files_have_an_end() {
    let sink = |options: &str| {
        let yaml = columns(
            "      id: sequence\n      at: { type: \"timestamp(us, UTC)\", event_time: { start: 2026-01-15, rate: 1/s } }\n      day: { copy: at, type: date }\n",
        );
        yaml.replace("rows: 10", "rows: 1_000_000_000_000").replace(
            SINK,
            &format!("sinks:\n  - file: {{ path: out/p, format: csv, {options} }}\n"),
        )
    };
    for column in ["id", "at", "day"] {
        let said = refused(&sink(&format!("partition_by: {column}")));
        assert!(
            said.contains(&format!("`{column}` has more than 100 000 values")),
            "{said}"
        );
    }
    accepted(&sink("files: 999_999"));
}
