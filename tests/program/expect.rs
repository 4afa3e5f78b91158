//! `expect`: what a row must be, found by its key or its number.

use serde_json::{Value, json};

use super::support::Folder;

const YAML: &str = "version: 1\nname: e\ntables:\n  orders:\n    rows: 100000\n    columns:\n      order_id: { sequence: { start: 1000, step: 7 } }\n      code: { pattern: '[A-Z]{3}[0-9]{3}' }\n  tags:\n    rows: 50000\n    columns:\n      tag: { pattern: '[A-Z]{6}', unique: true }\n      number: { uniform: { min: 1, max: 9 } }\nsinks:\n  - file: { table: orders, path: o.jsonl }\n  - file: { table: tags, path: t.jsonl }\n";

fn lines(text: &str) -> Vec<Value> {
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

#[test]
fn a_row_is_found_by_its_number_and_by_its_key() {
    let folder = Folder::new();
    folder.make(YAML, &[]);
    let (orders, tags) = (
        lines(&folder.read("o.jsonl")),
        lines(&folder.read("t.jsonl")),
    );
    let expect = |arguments: &[&str]| {
        let ended = folder.run(&[&["expect", "p.yaml", "--json"], arguments].concat());
        assert_eq!(ended.code, 0, "{ended:?}");
        lines(&ended.stdout)
    };
    let row = |table: &str, row: usize, values: &Value| json!({ "table": table, "row": row, "values": values });
    assert_eq!(expect(&["--row=41"]), [row("orders", 41, &orders[41])]);
    for number in [0, 1, 41, 99_999] {
        let key = format!("--key={}", 1000 + 7 * number);
        assert_eq!(expect(&[&key]), [row("orders", number, &orders[number])]);
    }
    let tag = tags[31_234]["tag"].as_str().unwrap();
    let found = expect(&["--table=tags", "--key", tag, "-n", "3"]);
    let three: Vec<Value> = (31_234..31_237)
        .map(|number| row("tags", number, &tags[number]))
        .collect();
    assert_eq!(found, three);
    assert_eq!(expect(&["--row=99998", "-n", "9"]).len(), 2);
    let shown = folder.run(&["expect", "p.yaml", "--key=1287"]).stdout;
    assert!(shown.contains("| 1287     |"), "{shown}");
}

#[test]
fn what_is_no_row_is_refused() {
    let folder = Folder::new();
    folder.write("p.yaml", YAML);
    let refuse = |arguments: &[&str]| {
        let ended = folder.run(&[&["expect", "p.yaml"], arguments].concat());
        assert_eq!(ended.code, 1, "{ended:?}");
        ended.stderr
    };
    assert_eq!(
        refuse(&["--row=100000"]),
        "error: table `orders` has no row 100000\n  hint: it has 100 000 rows, the first is row 0\n"
    );
    assert_eq!(
        refuse(&["--key=1001"]),
        "error: no row of `orders` has the order_id `1001`\n"
    );
    assert_eq!(
        refuse(&["--key=x"]),
        "error: `x` is no int64, which `order_id` is\n"
    );
    assert_eq!(
        refuse(&["--key=-5"]),
        "error: no row of `orders` has the order_id `-5`\n"
    );
    assert_eq!(
        refuse(&["--key=abc", "--table=tags"]),
        "error: no row of `tags` has the tag `abc`\n"
    );
    assert!(refuse(&["--row=1", "--table=tgs"]).contains("did you mean `tags`?"));
    folder.write(
        "p.yaml",
        &YAML.replace(
            "{ sequence: { start: 1000, step: 7 } }",
            "{ uniform: { min: 1, max: 9 } }",
        ),
    );
    assert_eq!(
        refuse(&["--key=5"]),
        "error: no column of `orders` tells its rows apart\n  hint: say which row with `--row`\n"
    );
}

#[test]
fn a_row_of_a_table_without_end_is_found() {
    let folder = Folder::new();
    folder.write("p.yaml", "version: 1\nname: e\ntables:\n  t:\n    rows: 0\n    columns:\n      id: sequence\nsinks:\n  - discard: {}\n");
    let ended = folder.run(&["expect", "p.yaml", "--key=123456789012", "--json"]);
    assert_eq!(ended.code, 0, "{ended:?}");
    let found = lines(&ended.stdout);
    assert_eq!(found[0]["values"]["id"], 123_456_789_012_u64);
}
