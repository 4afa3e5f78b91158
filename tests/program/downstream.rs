//! What changes on their way to documents are asked before anybody is.

use super::support::Folder;

/// What is said of a sink with these options of its changes, without the lines that show it.
fn said(envelopes: &str) -> String {
    let folder = Folder::new();
    let yaml = format!(
        "version: 1\ntables:\n  c: {{ from: {{ rabbitmq: {{ url: \"amqp://h/%2f\", queues: q, format: debezium }} }} }}\nsinks:\n  - mongodb: {{ url: \"mongodb://h/d\", envelopes: {{ {envelopes} }} }}\n"
    );
    let told = folder.refuse(&yaml);
    let shows = |line: &&str| line.contains(" | ") || line.contains("--> ") || line.ends_with(" |");
    let lines: Vec<&str> = told.lines().filter(|line| !shows(line)).collect();
    lines.join("\n").trim_end().to_string()
}

#[test]
fn each_table_s_state_has_a_collection_of_its_own() {
    let hint = "  hint: say `state: { into: \"{database}_{table}_current\" }`";
    for (envelopes, told) in [
        (
            "state: { into: all, keys: { shop.a: id, shop.b: id } }",
            format!(
                "error: the rows of `shop.b` and of `shop.a` would be in one collection `all`\n{hint}"
            ),
        ),
        (
            "state: { into: \"{table}\", keys: { shop.a: id, other.a: id } }",
            format!(
                "error: the rows of `other.a` and of `shop.a` would be in one collection `a`\n{hint}"
            ),
        ),
        (
            "state: { into: \"{database}_{table}\", keys: { shop.a: id } }",
            format!(
                "error: the changes of `shop.a` and its rows would be in one collection `shop_a`\n{hint}"
            ),
        ),
        (
            "state: { keys: { orders: id } }",
            "error: `orders` does not say its database\n  hint: write it as `shop.orders`".into(),
        ),
    ] {
        assert_eq!(said(envelopes), told);
    }
}

#[test]
fn a_moment_that_a_load_does_not_have_is_refused() {
    let folder = Folder::new();
    folder.write(
        "p.yaml",
        "version: 1\nname: p\ntables:\n  t: { columns: { id: { type: int32, sequence: { start: 1 }, nullable: false }, v: { uniform: { min: 1, max: 9 } } } }\nchanges:\n  count: 200\n  mix: { t: { insert: 3, update: { weight: 2, set: [v] } } }\nsinks:\n  - mysql: { table: t, url: \"mysql://u:p@127.0.0.1:1/d\" }\n",
    );
    let ended = folder.run(&["verify", "p.yaml", "--at", "201"]);
    assert_eq!(
        (ended.code, ended.stderr.as_str()),
        (
            1,
            "error: `--at 201`: the load has 200 changes\n  hint: without `--at` the rows are compared with what all of them come to\n"
        )
    );
    // The last one is one that it has: the database is asked, and is not there.
    let ended = folder.run(&["verify", "p.yaml", "--at", "200"]);
    assert_eq!(ended.code, 2, "{}", ended.stderr);
}

/// Documents name the database, too: whoever applies changes to a table of that name in another one is not
/// asked what they must be.
#[test]
fn tables_of_one_name_are_told_apart_or_not_compared() {
    let folder = Folder::new();
    let columns = "columns: { id: { type: int32, sequence: { start: 1 }, nullable: false }, v: { uniform: { min: 1, max: 9 } } }";
    let said = |sinks: &str| {
        folder.write(
            "p.yaml",
            &format!(
                "version: 1\nname: p\ntables:\n  a: {{ {columns} }}\n  b: {{ {columns} }}\n  told: {{ from: {{ rabbitmq: {{ url: \"amqp://h/%2f\", queues: q, format: debezium }} }} }}\nchanges:\n  count: 200\n  mix: {{ a: {{ insert: 1 }}, b: {{ insert: 1 }} }}\nsinks:\n{sinks}  - mongodb: {{ name: store, table: told, url: \"mongodb://127.0.0.1:1/d\", envelopes: {{ state: {{ keys: {{ shop.orders: id }} }} }} }}\n"
            ),
        );
        let ended = folder.run(&["verify", "p.yaml"]);
        // The databases are not there: what comes first is said before they are asked.
        assert_eq!(ended.code, 2, "{ended:?}");
        ended.stderr
    };
    let two = |one: &str, other: &str| {
        format!(
            "  - postgres: {{ name: x, table: a, into: {one}.orders, url: \"postgres://u:p@127.0.0.1:1/shop\" }}\n  - postgres: {{ name: y, table: b, into: {other}.orders, url: \"postgres://u:p@127.0.0.1:1/shop\" }}\n"
        )
    };
    let told = "not compared: `told` in sink `store`: the sinks `x` and `y` both apply changes to a table `orders` that may be `shop.orders`\n  hint: compare each in a file that has no other one\n";
    let words = said(&two("eu", "us"));
    assert!(words.starts_with(told), "{words}");
    let elsewhere = "  - mysql: { name: x, table: a, into: other.orders, url: \"mysql://u:p@127.0.0.1:1/shop\" }\n  - mysql: { name: y, table: b, into: other.b, url: \"mysql://u:p@127.0.0.1:1/shop\" }\n";
    let words = said(elsewhere);
    assert!(
        words.starts_with("not compared: `told` in sink `store`: its table is read from a stream"),
        "{words}"
    );
}
