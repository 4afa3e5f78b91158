//! What stands around the parts of pipelines that a page shows: a small shop, and the files that it reads.

use super::blocks::Fragment;
use super::support::{Folder, project};

const REFERENCE: &str = r#"reference:
  countries: { path: data/countries.json, types: { id: int32 } }
  rates: { path: data/currency_rates.json, where: "currency_to = 'USDT'", types: { rate: "decimal(18,8)", effective_from: "timestamp(s, UTC)" } }
"#;

const CUSTOMERS: &str = r#"  customers:
    rows: 100
    columns:
      customer_id: sequence
      country: { choice: [IT, FR, CH] }
      created_at: { type: "timestamp(us, UTC)", uniform: { min: 2020-01-01, max: 2024-12-31 } }
"#;

/// The columns of `orders`; a page's own take the place of those of their names.
const ORDERS: &[(&str, &str)] = &[
    ("order_id", "sequence"),
    (
        "customer_id",
        "{ foreign_key: { ref: customers.customer_id } }",
    ),
    ("country", "{ copy: customer_id.country }"),
    ("quantity", "{ type: int32, uniform: { min: 1, max: 9 } }"),
    (
        "price",
        "{ type: \"decimal(10,2)\", uniform: { min: 1, max: 99 } }",
    ),
    (
        "ordered_at",
        "{ type: \"timestamp(us, UTC)\", event_time: { start: 2026-01-15, rate: 20/s } }",
    ),
];

/// The whole file that a part is tested in.
pub fn around(fragment: Fragment, text: &str) -> String {
    match fragment {
        Fragment::Keys => keys(text),
        Fragment::Columns => format!(
            "{}{}",
            made(text),
            "sinks:\n  - discard: { table: orders }\n"
        ),
        Fragment::Sinks => format!("{}sinks:\n{}", made(""), indented(text, 2)),
        Fragment::Table => format!(
            "version: 1\ntables:\n  users:\n{}sinks:\n  - discard: {{}}\n",
            indented(text, 4)
        ),
    }
}

/// Some of a file's own keys, with those that they lack.
fn keys(text: &str) -> String {
    let has = |key: &str| text.lines().any(|line| line.starts_with(key));
    let mut whole = text.to_string();
    for (key, value) in [
        ("version:", "version: 1\n"),
        (
            "tables:",
            "tables:\n  t: { rows: 10, columns: { id: sequence } }\n",
        ),
        ("sinks:", "sinks:\n  - discard: {}\n"),
    ] {
        if !has(key) {
            whole.push_str(value);
        }
    }
    whole
}

fn made(columns: &str) -> String {
    let own: Vec<&str> = columns
        .lines()
        .filter(|line| !line.starts_with([' ', '#']))
        .filter_map(|line| line.split(':').next())
        .collect();
    let others = ORDERS
        .iter()
        .filter(|(name, _)| !own.contains(name))
        .map(|(name, column)| format!("{name}: {column}\n"));
    let all: String = others.chain([columns.to_string()]).collect();
    let all = indented(&all, 6);
    format!(
        "version: 1\n{REFERENCE}tables:\n{CUSTOMERS}  orders:\n    rows: 1_000\n    columns:\n{all}"
    )
}

fn indented(text: &str, spaces: usize) -> String {
    let margin = " ".repeat(spaces);
    let lines = text.lines().map(|line| match line {
        "" => "\n".to_string(),
        line => format!("{margin}{line}\n"),
    });
    lines.collect()
}

/// A folder with the files that the pages name.
pub fn folder() -> Folder {
    let folder = Folder::new();
    for entry in std::fs::read_dir(project().join("data")).unwrap().flatten() {
        let text = std::fs::read_to_string(entry.path()).unwrap();
        let name = entry.file_name().to_string_lossy().into_owned();
        folder.write(&format!("data/{name}"), &text);
    }
    folder.write(
        "data/countries.json",
        r#"[{"id":1,"code":"IT","name":"Italy","population":59,"status":1},
            {"id":2,"code":"FR","name":"France","population":68,"status":1},
            {"id":3,"code":"CH","name":"Switzerland","population":9,"status":1}]"#,
    );
    folder.write(
        "users.csv",
        "id,email,joined\n1,ada@example.com,2024-03-01\n2,,2025-11-30\n",
    );
    for name in ["ca.pem", "client.crt", "client.key"] {
        folder.write(name, "");
    }
    folder
}
