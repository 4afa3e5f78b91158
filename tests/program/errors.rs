//! Every bad input gets one clear message: what, where, why, and a hint. The whole text is under test.

use super::support::Folder;

/// A table `t` with these columns.
fn columns(columns: &str) -> String {
    format!(
        "version: 1\ntables:\n  t:\n    rows: 1000\n    columns:\n{columns}\nsinks:\n  - file: {{ path: t.csv }}\n"
    )
}

fn refuse_all(cases: &[String]) -> String {
    let folder = Folder::new();
    folder.write(
        "agents.json",
        r#"[{"id":1,"name":"a"},{"id":2,"name":"b"}]"#,
    );
    folder.write("broken.json", r#"[{"id":1,]"#);
    cases
        .iter()
        .map(|yaml| folder.refuse(yaml))
        .collect::<Vec<_>>()
        .join("\n")
}

#[test]
fn mistakes_of_spelling_and_shape() {
    let base = columns("      id: sequence");
    let cases = [
        base.replace("rows: 1000", "row: 1000"),
        base.replace("rows: 1000", "rows: ten"),
        base.replace("rows: 1000", "rows: 1000\n    rows: 10"),
        base.replace("id: sequence", "id: sequense"),
        base.replace("id: sequence", "id: { sequence: { strat: 1 } }"),
        base.replace("id: sequence", "id: { sequence: {}, uuid: {} }"),
        base.replace("id: sequence", "id: { hidden: false }"),
        base.replace("id: sequence", "id: { type: int23, sequence: {} }"),
        base.replace("version: 1", "version: 2"),
        base.replace("- file:", "- flie:"),
        base.replace("path: t.csv", "path: t.csv, if_exist: replace"),
        base.replace("path: t.csv", "path: t.xyz"),
        base.replace("path: t.csv", "path: t.csv, target_file_size: 100"),
        base.replace("path: t.csv", "path: t.csv, table: u"),
        base.replace("rows: 1000", "rows: \"${rows}\""),
        base.replace("rows: 1000", "rows: \"${env:ROWS}\""),
        base.replace("{ path: t.csv }", "{ path: ${out}/t.csv }"),
    ];
    insta::assert_snapshot!(refuse_all(&cases));
}

#[test]
fn mistakes_of_meaning() {
    let cases = [
        columns("      a: { copy: b }\n      b: { copy: a }"),
        columns("      a: { copy: c }\n      b: { expr: \"d + 1\" }\n      d2: sequence"),
        columns("      a: { uniform: { min: 10, max: 1 } }"),
        columns("      a: { type: int8, uniform: { min: 0, max: 1000 } }"),
        columns("      a: { type: boolean, sequence: {} }"),
        columns("      a: { choice: [A, B], unique: true }"),
        columns("      a: { type: int8, sequence: {} }"),
        columns("      a: { sequence: {}, nulls: 2 }"),
        columns("      a: { sequence: {}, nulls: 0.1, nullable: false }"),
        columns("      a: { choice: { A: -1 } }"),
        columns("      a: { type: \"decimal(4,2)\", choice: [1.234] }"),
        columns("      a: { type: date, constant: tomorrow }"),
        columns("      a: { reference: { from: agents } }"),
        columns("      s: sequence\n      a: { copy: s.name }"),
    ];
    insta::assert_snapshot!(refuse_all(&cases));
}

#[test]
fn mistakes_of_references() {
    let with = |reference: &str, column: &str| {
        columns(column).replace(
            "tables:",
            &format!("reference:\n  agents: {{ {reference} }}\ntables:"),
        )
    };
    let pick = "      a: { reference: { from: agents, field: id } }";
    let cases = [
        with("path: nowhere.json", pick),
        with("path: broken.json", pick),
        with("path: agents.txt7", pick),
        with(
            "path: agents.json",
            "      a: { reference: { from: agents, field: nmae } }",
        ),
        with(
            "path: agents.json",
            "      a: { reference: { from: agent, field: id } }",
        ),
        with(
            "path: agents.json",
            "      a: { reference: { from: agents } }",
        ),
        with("path: agents.json, where: \"idd = 1\"", pick),
        with("path: agents.json, where: \"id > 5\"", pick),
        with("path: agents.json, types: { name: int32 }", pick),
    ];
    insta::assert_snapshot!(refuse_all(&cases));
}

#[test]
fn every_problem_of_a_plan_is_said_at_once() {
    let folder = Folder::new();
    let text = folder.refuse(&columns("      a: { uniform: { min: 10, max: 1 } }\n      b: { copy: nothing }\n      c: { choice: [A], unique: true }"));
    assert_eq!(text.matches("error:").count(), 3, "{text}");
}

#[test]
fn files_that_include_each_other_are_named() {
    let folder = Folder::new();
    folder.write("shared/a.yaml", "version: 1\ninclude: b.yaml\n");
    folder.write("shared/b.yaml", "version: 1\ninclude:\n  - ../c.yaml\n");
    folder.write("c.yaml", "include: ./shared/a.yaml\n");
    let base = columns("      id: sequence");
    insta::assert_snapshot!(
        [
            folder.refuse(&base.replace("tables:", "include: shared/a.yaml\ntables:")),
            folder.refuse(&base.replace("tables:", "include: [p.yaml]\ntables:")),
            folder.refuse(&base.replace("tables:", "include: none.yaml\ntables:")),
        ]
        .join("\n")
    );
}

#[test]
fn a_file_that_two_others_include_is_included_once() {
    let folder = Folder::new();
    let table = |name: &str, rows: &str| {
        format!("tables:\n  {name}: {{ rows: \"${{{rows}}}\", columns: {{ id: sequence }} }}\n")
    };
    folder.write(
        "shared.yaml",
        &format!("params: {{ few: 2 }}\n{}", table("t", "few")),
    );
    for (file, name) in [("a.yaml", "a"), ("b.yaml", "b")] {
        let params = format!("include: ./shared.yaml\nparams: {{ of_{name}: \"${{few}}0\" }}\n");
        folder.write(file, &(params + &table(name, &format!("of_{name}"))));
    }
    let yaml = "version: 1\ninclude: [a.yaml, b.yaml]\nsinks:\n  - file: { tables: all, path: \"{table}.csv\" }\n";
    folder.make(yaml, &[]);
    let lines = |name: &str| folder.read(name).lines().count();
    assert_eq!(
        [lines("t.csv"), lines("a.csv"), lines("b.csv")],
        [3, 21, 21]
    );

    folder.write("b.yaml", &table("t", "few"));
    insta::assert_snapshot!(folder.refuse(yaml));
}

#[test]
fn what_is_secret_is_shown_by_its_expression() {
    let folder = Folder::new();
    let params =
        "params: { db_password: hunter2, url: \"postgres://me:${db_password}@host\" }\ntables:";
    let base = columns("      id: sequence").replace("tables:", params);
    let cases = [
        base.replace("rows: 1000", "rows: \"${db_password}\""),
        base.replace("rows: 1000", "rows: \"1${env:DB_PASS}\""),
        base.replace("rows: 1000", "rows: \"${url}\""),
        base.replace("rows: 1000", "rows: postgres://me:hunter2@host"),
        base.replace("sequence", "{ type: date, constant: \"${db_password}\" }"),
        base.replace("t.csv", "\"t.${env:TAIL}\""),
        base.replace("t.csv", "\"${env:DB_PASS}/t.csv\""),
        base.replace("t.csv", "\"out/${db_password}.csv\""),
        base.replace("t.csv", "\"${folder}/t.csv\"")
            .replace("params: {", "params: { folder: \"x${env:API_TOKEN}\","),
        format!("name: \"${{env:DB_PASS}}\"\n{base}"),
        format!("seed: \"s-${{env:API_TOKEN}}\"\n{base}"),
        base.replace("- file: {", "- file: { name: \"${db_password}\","),
    ];
    let texts = cases.map(|yaml| {
        folder.write("p.yaml", &yaml);
        let mut command = folder.command(&["check", "p.yaml"]);
        for name in ["DB_PASS", "TAIL", "API_TOKEN"] {
            command.env(name, "hunter2");
        }
        let output = command.output().unwrap();
        assert_eq!(output.status.code(), Some(1));
        String::from_utf8(output.stderr).unwrap()
    });
    insta::assert_snapshot!(texts.join("\n"));
}

#[test]
fn columns_that_partition_by_leaves_are_needed() {
    let folder = Folder::new();
    let sink = |options: &str| {
        columns("      k: { choice: [a, b] }")
            .replace("path: t.csv", &format!("path: out, {options}"))
    };
    insta::assert_snapshot!(
        [
            folder.refuse(&sink("format: parquet, partition_by: k")),
            folder.refuse(&sink("format: parquet, columns: []")),
            folder.refuse(&sink("format: csv, partition_by: [k, k]")),
        ]
        .join("\n")
    );
    folder.make(&sink("format: csv, partition_by: k"), &[]);
}
