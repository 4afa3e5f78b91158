//! What rowgen writes it reads: every shipped pipeline's files, and each of its tables in every format
//! as a folder, by a pattern and compressed, with the rows that were made.

use serde_json::Value;

use super::support::{Folder, project};

/// The shipped pipelines that write files: their tables, and how few rows they make here.
const SHIPPED: &[(&str, &[&str], &[&str])] = &[
    ("casino", &["transactions"], &["--set=rows=3000"]),
    (
        "casino_continuous",
        &["transactions"],
        &[
            "--set=rows=3000",
            "--set=day=2026-01-15",
            "--rate=1000000/s",
        ],
    ),
    ("lineitem", &["lineitem"], &["--set=scale=0.0005"]),
    (
        "shop",
        &["customers", "orders"],
        &["--set=rows=2000", "--set=customers=500"],
    ),
    ("users_csv", &["users"], &["--set=rows=3000"]),
    ("users", &["users"], &["--sinks=json,avro"]),
];

/// What their own sinks write.
const WRITTEN: &[(&str, &str, &str)] = &[
    (
        "casino",
        "transactions",
        "parquet: { path: out/transactions.parquet }",
    ),
    (
        "casino",
        "transactions",
        "csv: { path: out/transactions.csv }",
    ),
    (
        "casino_continuous",
        "transactions",
        "parquet: { path: out/continuous/parquet }",
    ),
    (
        "casino_continuous",
        "transactions",
        "csv: { path: out/continuous/csv/ }",
    ),
    (
        "casino_continuous",
        "transactions",
        "csv: { path: out/continuous/csv/part-*.csv }",
    ),
    (
        "lineitem",
        "lineitem",
        "parquet: { path: out/lineitem.parquet }",
    ),
    ("lineitem", "lineitem", "csv: { path: out/lineitem.csv }"),
    (
        "shop",
        "customers",
        "parquet: { path: out/shop/customers.parquet }",
    ),
    (
        "shop",
        "customers",
        "json: { path: out/shop/customers.jsonl }",
    ),
    (
        "shop",
        "customers",
        "avro: { path: out/shop/customers.avro }",
    ),
    (
        "shop",
        "orders",
        "parquet: { path: out/shop/orders.parquet }",
    ),
    ("shop", "orders", "json: { path: out/shop/orders.jsonl }"),
    ("shop", "orders", "avro: { path: out/shop/orders.avro }"),
    (
        "users_csv",
        "users",
        "csv: { path: out/users_million.csv, delimiter: '|' }",
    ),
    ("users", "users", "json: { path: out/users.json }"),
];

/// Each way to write a table, and to read it.
const WAYS: &[(&str, &str)] = &[
    (
        "path: w/p, files: 3, format: parquet",
        "parquet: { path: w/p }",
    ),
    (
        "path: w/p.1/, files: 3, format: { parquet: { row_group_rows: 500 } }",
        "parquet: { path: w/p.1/*.parquet }",
    ),
    ("path: w/c, files: 3, format: csv", "csv: { path: w/c }"),
    (
        "path: w/c2, files: 12, format: csv",
        "csv: { path: 'w/[a-c]2/part-*' }",
    ),
    (
        "path: w/cg, files: 3, format: { csv: { compression: gzip } }",
        "csv: { path: w/cg }",
    ),
    (
        "path: w/cz, files: 3, format: { csv: { compression: zstd } }",
        "csv: { path: w/cz/*.csv.zst }",
    ),
    ("path: w/c.csv.gz", "csv: { path: w/c.csv.gz }"),
    ("path: w/c.tsv.zst", "csv: { path: w/c.tsv.zst }"),
    (
        "path: w/j, files: 3, format: { json: { layout: lines } }",
        "json: { path: w/j }",
    ),
    (
        "path: w/jg, files: 3, format: { json: { layout: lines, compression: gzip } }",
        "json: { path: w/jg }",
    ),
    ("path: w/j.jsonl.zst", "json: { path: w/j.jsonl.zst }"),
    (
        "path: w/j.json.gz, format: { json: { layout: array } }",
        "json: { path: w/j.json.gz }",
    ),
    ("path: w/a, files: 3, format: avro", "avro: { path: w/a }"),
    ("path: w/a.avro", "avro: { path: '[w]/a.avro' }"),
];

/// A shipped pipeline with other sinks; its paths to read start where it ships.
fn with_sinks(pipeline: &str, sinks: &str) -> String {
    let folder = project().join("pipelines");
    let text = std::fs::read_to_string(folder.join(format!("{pipeline}.yaml"))).unwrap();
    let text = text.split("\nsinks:").next().unwrap();
    let text = text.replace("include: ", &format!("include: {}/", folder.display()));
    format!("{text}\nsinks:\n{sinks}")
}

/// What a shipped pipeline reads is there.
fn input(folder: &Folder, pipeline: &str) -> Vec<String> {
    if pipeline != "users" {
        return Vec::new();
    }
    let maker = project().join("pipelines/users_csv.yaml");
    let maker = maker.display().to_string();
    let ended = folder.run(&["run", &maker, "--rows", "3000", "--quiet"]);
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    vec![format!(
        "--set=users={}",
        folder.path("out/users_million.csv").display()
    )]
}

fn succeed(folder: &Folder, yaml: &str, arguments: &[&str]) {
    folder.write("p.yaml", yaml);
    let ended = folder.run(&[&["run", "p.yaml", "--quiet"], arguments].concat());
    assert_eq!(ended.code, 0, "{}\n{yaml}", ended.stderr);
}

/// Its columns, as `types` of a table that is read.
fn types(folder: &Folder, arguments: &[&str]) -> Vec<(String, String)> {
    let arguments: Vec<&str> = arguments
        .iter()
        .copied()
        .filter(|one| !one.starts_with("--sinks"))
        .collect();
    let plan = folder.planned(&arguments);
    let columns = plan["tables"][0]["sinks"][0]["columns"].as_array().unwrap();
    let text = |value: &Value| value.as_str().unwrap().to_string();
    columns
        .iter()
        .map(|column| (text(&column["name"]), text(&column["type"])))
        .collect()
}

fn is_nested(types: &[(String, String)]) -> bool {
    types
        .iter()
        .any(|(_, shown)| shown.contains("list") || shown.contains("struct"))
}

/// Reads a table and checks every row of it against what was made.
fn check(folder: &Folder, from: &str, types: &[(String, String)], made: &str) {
    let own_types = from.starts_with("parquet") || from.starts_with("avro");
    let typed = !own_types && !is_nested(types);
    let said: String = types
        .iter()
        .map(|(name, shown)| format!("      {name}: {shown:?}\n"))
        .collect();
    let said = if typed {
        format!("    types:\n{said}")
    } else {
        String::new()
    };
    let yaml = format!(
        "version: 1\nname: read\ntables:\n  t:\n    from: {{ {from} }}\n{said}sinks:\n  - file: {{ path: again.jsonl, if_exists: replace }}\n"
    );
    succeed(folder, &yaml, &["--batch-rows=700"]);
    let again = folder.read("again.jsonl");
    if own_types || typed {
        assert!(
            again == made,
            "{from}\n{}\n{}",
            again.lines().next().unwrap(),
            made.lines().next().unwrap()
        );
        return;
    }
    // Without types a fraction is a float: `0.50` comes back as `0.5`.
    let values = |text: &str| -> Vec<Value> {
        text.lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    };
    assert!(values(&again) == values(made), "{from}");
}

/// The rows of a table as a shipped pipeline makes them, one object a line, and its types.
fn make(
    folder: &Folder,
    pipeline: &str,
    table: &str,
    arguments: &[&str],
) -> (String, Vec<(String, String)>) {
    let arguments: Vec<&str> = arguments
        .iter()
        .copied()
        .filter(|one| !one.starts_with("--sinks"))
        .collect();
    let sinks = format!("  - file: {{ table: {table}, path: made.jsonl, if_exists: replace }}\n");
    succeed(folder, &with_sinks(pipeline, &sinks), &arguments);
    let made = folder.read("made.jsonl");
    assert!(made.lines().count() >= 500, "{pipeline} {table}");
    (made, types(folder, &arguments))
}

/// The arguments of a pipeline with those that its input needs.
fn joined<'a>(arguments: &[&'a str], input: &'a [String]) -> Vec<&'a str> {
    let input = input.iter().map(String::as_str);
    arguments.iter().copied().chain(input).collect()
}

#[test]
fn the_files_of_every_shipped_pipeline_are_read_as_they_were_made() {
    for (pipeline, tables, arguments) in SHIPPED {
        let folder = Folder::new();
        let input = input(&folder, pipeline);
        let arguments = joined(arguments, &input);
        let path = project().join(format!("pipelines/{pipeline}.yaml"));
        let path = path.display().to_string();
        let ended = folder.run(&[&["run", &path, "--quiet"], &arguments[..]].concat());
        assert_eq!(ended.code, 0, "{pipeline}: {}", ended.stderr);
        for table in *tables {
            let (made, types) = make(&folder, pipeline, table, &arguments);
            let own = WRITTEN
                .iter()
                .filter(|(of, name, _)| of == pipeline && name == table);
            for (_, _, from) in own {
                check(&folder, from, &types, &made);
            }
        }
    }
    for (pipeline, _, _) in WRITTEN {
        assert!(SHIPPED.iter().any(|(name, _, _)| name == pipeline));
    }
}

#[test]
fn every_table_is_read_from_folders_patterns_and_compressed_files() {
    for (pipeline, tables, arguments) in SHIPPED {
        let folder = Folder::new();
        let input = input(&folder, pipeline);
        let arguments = joined(arguments, &input);
        for table in *tables {
            let (made, types) = make(&folder, pipeline, table, &arguments);
            let fits = |from: &&(&str, &str)| !(is_nested(&types) && from.1.starts_with("csv"));
            let ways: Vec<&(&str, &str)> = WAYS.iter().filter(fits).collect();
            let sinks: String = ways
                .iter()
                .map(|(sink, _)| {
                    format!("  - file: {{ table: {table}, if_exists: replace, {sink} }}\n")
                })
                .collect();
            let own: Vec<&str> = arguments
                .iter()
                .copied()
                .filter(|one| !one.starts_with("--sinks"))
                .collect();
            succeed(&folder, &with_sinks(pipeline, &sinks), &own);
            for (_, from) in ways {
                check(&folder, from, &types, &made);
            }
        }
    }
}
