//! `--sinks`: what only the others need is neither opened nor asked for.

use super::support::Folder;

const YAML: &str = r#"
version: 1
tables:
  users:
    from: { csv: { path: users.csv } }
    columns: { twice: { expr: "id * 2" } }
  orders:
    from: { csv: { path: orders.csv } }
    columns: { total: { expr: "price * 2" } }
  made:
    rows: 2
    columns: { id: sequence }
sinks:
  - file: { name: users, table: users, path: users.jsonl }
  - file: { name: orders, table: orders, path: orders.jsonl }
  - file: { name: all, tables: all, path: "all-{table}.jsonl" }
  - file: { name: made, table: made, path: made.jsonl }
"#;

const USERS: &str = "{\"id\":1,\"twice\":2}\n{\"id\":2,\"twice\":4}\n";

fn folder() -> Folder {
    let folder = Folder::new();
    folder.write("users.csv", "id\n1\n2\n");
    folder.write("p.yaml", YAML);
    folder
}

#[test]
fn sources_that_no_chosen_sink_needs_need_not_be_there() {
    let folder = folder();
    let ended = folder.run(&["run", "p.yaml", "--quiet", "--sinks", "users,made"]);
    assert_eq!((ended.code, ended.stderr.as_str()), (0, ""));
    assert_eq!(folder.read("users.jsonl"), USERS);
    assert_eq!(folder.read("made.jsonl").lines().count(), 2);
    let missing = "error: could not read `orders.csv`\n --> p.yaml:8:26\n  |\n8 |     from: { csv: { path: orders.csv } }\n  |                          ^^^^^^^^^^\n  caused by: No such file or directory (os error 2)\n  hint: a path to read is relative to the pipeline's file\n";
    for command in ["check", "plan", "run"] {
        let said = |options: &[&str]| {
            let log: &[&str] = match command {
                "run" => &["--log", "text"],
                _ => &[],
            };
            let ended = folder.run(&[&[command, "p.yaml"], log, options].concat());
            (ended.code, ended.stderr)
        };
        let refused = (1, missing.to_string());
        assert_eq!(said(&[]), refused, "{command}");
        assert_eq!(said(&["--sinks", "orders"]), refused, "{command}");
        assert_eq!(said(&["--sinks", "users,all"]), refused, "{command}");
    }
    for (command, told) in [("check", "p.yaml: no mistakes found\n"), ("plan", "")] {
        let ended = folder.run(&[command, "p.yaml", "--sinks", "users"]);
        assert_eq!((ended.code, ended.stderr.as_str()), (0, told), "{command}");
    }
    let ended = folder.run(&["preview", "p.yaml", "--sinks", "users"]);
    assert_eq!((ended.code, ended.stderr), (1, missing.to_string()));
}

#[test]
fn mistakes_are_told_as_with_every_source() {
    let folder = folder();
    let refused = |yaml: &str, sinks: &str| {
        folder.write("p.yaml", yaml);
        let ended = folder.run(&["check", "p.yaml", "--sinks", sinks]);
        assert_eq!(ended.code, 1, "{}", ended.stderr);
        ended.stderr
    };
    let child = YAML.replace("id: sequence", "id: { foreign_key: { ref: orders.id } }");
    insta::assert_snapshot!([refused(YAML, "user"), refused(&child, "users")].join("\n"));
}

/// What is skipped because it is there already depends on a table's own source alone.
#[test]
fn a_table_s_files_are_the_same_whatever_other_sources_are_open() {
    let folder = folder();
    folder.write("orders.csv", "price\n7\n");
    let yaml = YAML.replace(
        "path: users.jsonl",
        "path: users, format: csv, if_exists: skip",
    );
    folder.make(&yaml, &[]);
    let manifest = folder.read("users/_rowgen/manifest.jsonl");
    std::fs::remove_file(folder.path("orders.csv")).unwrap();
    folder.make(&yaml, &["--sinks", "users"]);
    assert_eq!(folder.read("users/_rowgen/manifest.jsonl"), manifest);
    folder.write("users.csv", "id\n1\n2\n3\n");
    let ended = folder.run(&["run", "p.yaml", "--quiet", "--sinks", "users"]);
    assert_ne!(ended.code, 0, "{}", ended.stderr);
}

#[test]
fn a_table_of_no_use_is_told_whichever_sinks_are_chosen() {
    let folder = Folder::new();
    let text = "version: 1\ntables:\n  a: { rows: 1, columns: { id: sequence } }\n  b: { rows: 1, columns: { id: sequence } }\nsinks:\n  - file: { name: one, table: a, path: one.csv }\n  - file: { name: two, table: a, path: two.csv }\n";
    folder.write("p.yaml", text);
    for options in [&[][..], &["--sinks", "two"]] {
        let ended = folder.run(&[&["check", "p.yaml"], options].concat());
        let told =
            "warning: table `b` is neither written nor referred to\np.yaml: no mistakes found\n";
        assert_eq!((ended.code, ended.stderr.as_str()), (0, told));
    }
}
