//! `where:` of tables and sinks: the rows for which it is true, with the numbers and values that they have
//! anyway, in every kind of file, in slices, in folders, in an order; and `verify` knows them.

use super::support::Folder;

fn pipeline(table: &str, sinks: &str) -> String {
    format!(
        "version: 1\nname: w\ntables:\n  t:\n    rows: 60_003\n{table}    columns:\n      id: sequence\n      code: {{ choice: {{ A: 3, B: 1 }}, nulls: 0.1 }}\n      amount: {{ type: \"decimal(10,2)\", uniform: {{ min: 1, max: 1000 }} }}\n      day: {{ type: date, uniform: {{ min: 2026-01-01, max: 2026-01-05 }} }}\nsinks:\n{sinks}"
    )
}

/// The lines of a file without its header.
fn lines(text: &str) -> Vec<String> {
    text.lines().skip(1).map(String::from).collect()
}

const WHOLE: &str = "  - file: { path: all.csv }\n";

/// The lines of the whole table that a condition leaves.
fn left(folder: &Folder, keeps: impl Fn(&[&str]) -> bool) -> Vec<String> {
    let all = lines(&folder.read("all.csv"));
    let keep = |line: &String| keeps(&line.split(',').collect::<Vec<_>>());
    all.into_iter().filter(keep).collect()
}

#[test]
fn rows_keep_their_numbers_and_values() {
    let folder = Folder::new();
    let sinks = format!(
        "{WHOLE}  - file: {{ path: a.csv, where: \"code = 'A'\" }}\n  - file: {{ path: dear.csv, where: \"amount > 900\", columns: [id, amount] }}\n"
    );
    folder.make(&pipeline("", &sinks), &["--threads", "2"]);
    let own = left(&folder, |fields| fields[1] == "A");
    assert!((38_000..43_000).contains(&own.len()), "{}", own.len());
    assert!(lines(&folder.read("a.csv")) == own);
    // A column that the sink does not write can be asked for, too.
    let dear = left(&folder, |fields| fields[2].parse::<f64>().unwrap() > 900.0);
    let dear: Vec<String> = dear
        .iter()
        .map(|line| line.split(',').collect::<Vec<_>>())
        .map(|fields| format!("{},{}", fields[0], fields[2]))
        .collect();
    assert!(!dear.is_empty() && lines(&folder.read("dear.csv")) == dear);
    // The same without the other sinks, on other threads, in other batches.
    let alone = pipeline("", "  - file: { path: a.csv, where: \"code = 'A'\" }\n");
    folder.make(
        &alone,
        &["--threads", "8", "--batch-rows", "777", "--out", "other"],
    );
    assert!(folder.read("other/a.csv") == folder.read("a.csv"));
}

#[test]
fn a_table_says_it_for_all_of_its_sinks() {
    let folder = Folder::new();
    folder.make(&pipeline("", WHOLE), &[]);
    let own = left(&folder, |fields| {
        fields[1] == "A" && fields[3] < "2026-01-03"
    });
    folder.make(
        &pipeline(
            "    where: \"code = 'A'\"\n",
            "  - file: { path: early.csv, where: \"day < '2026-01-03'\" }\n  - file: { path: a.jsonl }\n",
        ),
        &[],
    );
    assert!(lines(&folder.read("early.csv")) == own);
    let rows = folder.read("a.jsonl");
    assert!(rows.lines().all(|line| line.contains("\"code\":\"A\"")));
    assert_eq!(
        rows.lines().count(),
        left(&folder, |fields| fields[1] == "A").len()
    );
    let shown = folder.run(&["preview", "p.yaml", "-n", "5"]);
    assert_eq!(
        (shown.code, shown.stdout.matches("| A ").count()),
        (0, 5),
        "{shown:?}"
    );
}

#[test]
fn a_column_that_is_called_like_a_condition_is_shown() {
    let folder = Folder::new();
    let yaml = pipeline("    where: \"code = 'A'\"\n", WHOLE);
    let yaml = yaml.replace(
        "      id:",
        "      \"where (mine)\": { constant: 7 }\n      id:",
    );
    folder.write("p.yaml", &yaml);
    let ended = folder.run(&["preview", "p.yaml", "-n", "1", "--hidden"]);
    assert_eq!(ended.code, 0, "{ended:?}");
    let shown = &ended.stdout;
    assert!(shown.contains("where (mine)"), "{shown}");
    assert!(!shown.contains("where (table)"), "{shown}");
}

#[test]
fn children_refer_to_rows_that_are_left_out() {
    let folder = Folder::new();
    let yaml = "version: 1\nname: w\ntables:\n  c:\n    rows: 100\n    where: \"customer_id % 2 = 0\"\n    columns: { customer_id: sequence }\n  o:\n    rows: 1000\n    where: \"customer_id % 2 = 0\"\n    columns:\n      customer_id: { foreign_key: { ref: c.customer_id } }\nsinks:\n  - file: { tables: all, path: \"{table}.csv\" }\n";
    folder.make(yaml, &[]);
    let customers = lines(&folder.read("c.csv"));
    let orders = lines(&folder.read("o.csv"));
    assert_eq!(customers.len(), 50);
    assert!((400..600).contains(&orders.len()));
    assert!(orders.iter().all(|customer| customers.contains(customer)));
}

/// Every kind of file, folders that are dealt to and that follow each other, an order.
const SINKS: &[&str] = &[
    "path: o.csv.gz",
    "path: o.jsonl",
    "path: o.parquet, format: { parquet: { row_group_rows: 5000 } }",
    "path: o.avro",
    "path: o/, format: parquet, files: 3",
    "path: o/, format: csv, partition_by: code",
    "path: o/, format: parquet, partition_by: [day], order_by: [amount]",
    "path: o.csv, order_by: [amount, id]",
    "path: o/, format: parquet, order_by: [day], target_file_size: 100KiB",
];

#[test]
fn every_sink_gets_its_rows_and_verify_knows_them() {
    for sink in SINKS {
        let folder = Folder::new();
        let yaml = pipeline(
            "",
            &format!("  - file: {{ {sink}, where: \"code = 'A' and amount < 500\" }}\n"),
        );
        folder.write("p.yaml", &yaml);
        let run = |arguments: &[&str]| {
            let ended = folder.run(arguments);
            assert_eq!(ended.code, 0, "{sink} {arguments:?}: {ended:?}");
            ended
        };
        run(&["run", "p.yaml", "--quiet"]);
        let words = run(&["verify", "p.yaml"]).stdout;
        assert!(
            words.contains(" rows, all equal\n") && !words.contains("60 003"),
            "{sink}: {words}"
        );
    }
}

#[test]
fn slices_are_the_whole() {
    let folder = Folder::new();
    let yaml = pipeline("", "  - file: { path: \"o.csv\", where: \"code = 'B'\" }\n");
    folder.write("p.yaml", &yaml);
    let mut together = Vec::new();
    for slice in ["1/3", "2/3", "3/3"] {
        let out = format!("s{}", &slice[..1]);
        let ended = folder.run(&["run", "p.yaml", "--quiet", "--slice", slice, "--out", &out]);
        assert_eq!(ended.code, 0, "{ended:?}");
        let names = folder.names(&out);
        let name = names.iter().find(|name| name.ends_with(".csv")).unwrap();
        together.extend(lines(&folder.read(&format!("{out}/{name}"))));
    }
    folder.make(&yaml, &[]);
    assert!(together == lines(&folder.read("o.csv")));
}

#[test]
fn rows_that_are_read_and_none_at_all() {
    let folder = Folder::new();
    folder.write("in.csv", "id,name\n1,a\n2,\n3,c\n4,d\n");
    let yaml = "version: 1\ntables:\n  t: { from: { csv: { path: in.csv } }, where: \"name is not null\" }\nsinks:\n  - file: { path: o.csv }\n  - file: { path: none.csv, where: \"id > 9\" }\n  - file: { path: none.parquet, where: \"id > 9\" }\n";
    folder.make(yaml, &[]);
    assert_eq!(folder.read("o.csv"), "id,name\n1,a\n3,c\n4,d\n");
    assert_eq!(folder.read("none.csv"), "id,name\n");
    let ended = folder.run(&["verify", "p.yaml"]);
    assert_eq!(ended.code, 0, "{ended:?}");
}

#[test]
fn how_many_is_said_and_what_is_wrong() {
    let folder = Folder::new();
    folder.write(
        "p.yaml",
        &pipeline("", "  - file: { path: o.csv, where: \"id <= 7\" }\n"),
    );
    let plan = folder.run(&["plan", "p.yaml"]);
    assert!(
        plan.stdout.contains("  sink file-1: file, the rows for which `where` is true: how many is not known before\n"),
        "{}",
        plan.stdout
    );
    let ended = folder.run(&["run", "p.yaml", "--report", "report.json"]);
    assert_eq!(ended.code, 0, "{ended:?}");
    let report: serde_json::Value = serde_json::from_str(&folder.read("report.json")).unwrap();
    assert!(report.to_string().contains("\"rows\":7"), "{report}");
    assert_eq!(report["sinks"][0]["left_out"], 59_996);
    assert!(ended.stderr.contains("\"left_out\":59996"), "{ended:?}");
    let said = |table: &str, sinks: &str| {
        folder.write("p.yaml", &pipeline(table, sinks));
        let ended = folder.run(&["check", "p.yaml"]);
        assert_eq!(ended.code, 1, "{ended:?}");
        ended.stderr
    };
    let wrong = [
        said("", "  - file: { path: o.csv, where: \"cod = 'A'\" }\n"),
        said("", "  - file: { path: o.csv, where: amount }\n"),
        said("    where: \"id > \"\n", "  - discard: {}\n"),
        said("    where: \"sum(id) > 3\"\n", "  - discard: {}\n"),
    ];
    insta::assert_snapshot!(wrong.join("\n"));
}

#[test]
fn columns_are_repeated_and_a_mistake_is_told_once() {
    let folder = Folder::new();
    let yaml = |columns: &str| {
        format!(
            "version: 1\nname: w\ntables:\n  t:\n    rows: 3\n    columns: {{ id: sequence }}\n    repeat: {{ count: 3, first: 9, columns: {{ {columns} }} }}\nsinks:\n  - file: {{ path: o.csv }}\n"
        )
    };
    folder.make(
        &yaml("\"f_{i:03}\": { expr: \"id * {i}\" }, \"t_{i}\": { template: \"{id}/{i}\" }"),
        &[],
    );
    assert_eq!(
        folder.read("o.csv"),
        "id,f_009,t_9,f_010,t_10,f_011,t_11\n1,9,1/9,10,1/10,11,1/11\n2,18,2/9,20,2/10,22,2/11\n3,27,3/9,30,3/10,33,3/11\n"
    );
    let said = |columns: &str| {
        folder.write("p.yaml", &yaml(columns));
        let ended = folder.run(&["check", "p.yaml"]);
        assert_eq!(ended.code, 1, "{ended:?}");
        ended.stderr
    };
    insta::assert_snapshot!(
        [
            said("\"f_{i}\": { expr: \"idd * {i}\" }"),
            said("\"f_{i}\": { uniform: { min: 5, max: 4 } }"),
            said("\"f_{i}\": { unifrom: { min: 5, max: 4 } }"),
            said("f: sequence"),
        ]
        .join("\n")
    );
}
