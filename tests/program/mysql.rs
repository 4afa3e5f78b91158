//! Tables of MySQL, where there is none: what is checked without it, that it is asked, and what is said if it
//! does not answer.

use std::net::TcpListener;
use std::time::Instant;

use super::support::Folder;

fn reads(from: &str) -> String {
    format!(
        "version: 1\ntables:\n  t:\n    from: {{ mysql: {{ {from} }} }}\nsinks:\n  - file: {{ table: t, path: t.csv }}\n"
    )
}

fn writes(into: &str, column: &str) -> String {
    format!(
        "version: 1\ntables:\n  t: {{ rows: 9, columns: {{ id: sequence, c: {column} }} }}\nsinks:\n  - mysql: {{ table: t, {into} }}\n"
    )
}

/// What is said, without the lines that show the pipeline.
fn told(stderr: &str) -> String {
    let lines = stderr.replace("\\n", "\n");
    let shows =
        |line: &&str| line.contains(" | ") || line.contains(" --> ") || line.ends_with(" |");
    let lines: Vec<&str> = lines.lines().filter(|line| !shows(line)).collect();
    lines.join("\n")
}

/// Nobody listens there.
const URL: &str = "url: \"mysql://me:pa55word@127.0.0.1:1/shop\"";

#[test]
fn a_check_asks_no_server() {
    let folder = Folder::new();
    for yaml in [
        reads(&format!("{URL}, table: orders")),
        writes(URL, "{ constant: x }"),
    ] {
        folder.write("p.yaml", &yaml);
        let ended = folder.run(&["check", "p.yaml"]);
        assert_eq!(ended.code, 0, "{ended:?}");
        let ended = folder.run(&["run", "p.yaml"]);
        assert_eq!(ended.code, 2, "{ended:?}");
        let said = told(&ended.stderr);
        let expected = "connecting in 127.0.0.1:1/shop\n  caused by: Connection refused (os error 111)\n  hint: is it running, and is `url` right?";
        assert!(said.contains(expected), "{said}");
        assert!(!said.contains("pa55word"), "{said}");
    }
}

#[test]
fn what_cannot_be_is_told_without_a_server() {
    for (yaml, expected) in [
        (
            reads("url: \"postgres://me:pa55word@h/d\", table: a"),
            "error: this is no address of a MySQL database\n",
        ),
        (
            reads("url: \"mysql://me:pa55word@h\", table: a"),
            "error: the address names no database\n",
        ),
        (
            writes(&format!("{URL}, mode: upsert"), "{ constant: x }"),
            "error: `mode: upsert` needs a `key`\n",
        ),
        (
            writes(&format!("{URL}, key: [nr]"), "{ constant: x }"),
            "error: `t` has no column `nr`\n",
        ),
        (
            writes(&format!("{URL}, into: a.b.c"), "{ constant: x }"),
            "error: expected `table` or `database.table`, each name of 1 to 64 characters, found `a.b.c`\n",
        ),
        (
            writes(URL, "{ type: \"timestamp(ns)\", constant: 2026-01-01 }"),
            "error: column `c`: MySQL's times have microseconds, no nanoseconds; `cast` the column\n",
        ),
        (
            writes(&format!("{URL}, keys: [id]"), "{ constant: x }"),
            "error: unknown key `keys`\n",
        ),
    ] {
        let said = Folder::new().refuse(&yaml);
        assert!(said.starts_with(expected), "{said}");
        assert!(!said.contains("pa55word"), "{said}");
    }
}

#[test]
fn a_silent_server_is_an_error_in_time() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    std::thread::scope(|scope| {
        for yaml in [
            reads(&format!("{URL}, table: orders")),
            writes(URL, "{ constant: x }"),
        ] {
            let yaml = yaml.replace("127.0.0.1:1", &address);
            let address = &address;
            scope.spawn(move || {
                let folder = Folder::new();
                folder.write("p.yaml", &yaml);
                let began = Instant::now();
                let ended = folder.run(&["run", "p.yaml", "--quiet"]);
                let expected = format!(
                    "connecting in {address}/shop\n  caused by: the server does not answer\n  hint: is it running, and is `url` right?"
                );
                assert_eq!(ended.code, 2, "{ended:?}");
                assert!(told(&ended.stderr).contains(&expected), "{ended:?}");
                assert!((9..20).contains(&began.elapsed().as_secs()));
            });
        }
    });
}
