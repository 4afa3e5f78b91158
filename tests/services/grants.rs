//! Privileges that a user lacks: all of them are told at once, before the first row.

use std::process::Command;

use crate::databases::{Database, both};
use crate::postgres::fresh;
use crate::postgres_errors::told;

fn rows(kind: &str, more: &str) -> String {
    format!(
        r#"version: 1
name: load
tables:
  things: {{ rows: 10, columns: {{ id: {{ sequence: {{ start: 1 }} }} }} }}
sinks:
  - {kind}: {{ name: t, table: things, url: "${{env:DB_URL}}"{more} }}
"#
    )
}

fn changes(kind: &str) -> String {
    format!(
        r#"version: 1
name: load
tables:
  things: {{ columns: {{ id: {{ sequence: {{ start: 1 }} }}, v: {{ uniform: {{ min: 1, max: 9 }} }} }} }}
changes: {{ count: 100, mix: {{ things: {{ insert: 40, update: {{ weight: 30, set: [v] }}, delete: 5 }} }} }}
sinks:
  - {kind}: {{ name: t, table: things, url: "${{env:DB_URL}}" }}
"#
    )
}

/// A run as this user: its exit code and error, without where in the pipeline.
fn run_as(database: &Database, user: &str, yaml: &str) -> (Option<i32>, String) {
    let mut run: Command = database.command("run", yaml, &["--quiet"]);
    let run = run.env("DB_URL", database.of_user(user, "secret"));
    let output = run.output().unwrap();
    let words = told(&String::from_utf8_lossy(&output.stderr));
    let words = words
        .lines()
        .filter(|line| !line.trim_start().starts_with("--> "));
    (output.status.code(), words.collect::<Vec<_>>().join("\n"))
}

/// A user who may do nothing; how privileges name it.
fn user(database: &Database) -> (String, String) {
    let user = fresh("u")
        .replace("u_", "u")
        .chars()
        .rev()
        .take(12)
        .collect::<String>();
    let user = format!("u{}", user.replace('_', "x"));
    match database.kind {
        "mysql" => {
            database.sql(&format!("CREATE USER '{user}'@'%' IDENTIFIED BY 'secret'"));
            (user.clone(), format!("'{user}'@'%'"))
        }
        _ => {
            database.sql(&format!("CREATE ROLE {user} LOGIN PASSWORD 'secret'"));
            (user.clone(), format!("\"{user}\""))
        }
    }
}

#[test]
fn all_that_is_missing_is_told_at_once_and_the_hint_gives_it() {
    for database in both("grants") {
        let (user, grantee) = user(&database);
        let table = match database.kind {
            "mysql" => format!("`{}`.`things`", database.name),
            _ => "\"things\"".to_string(),
        };
        database.sql("CREATE TABLE things (id bigint PRIMARY KEY, v bigint)");
        if database.kind == "mysql" {
            // Whoever may see something of a database may connect to it.
            database.sql(&format!("GRANT SELECT ON {table} TO {grantee}"));
        } else {
            database.sql(&format!("GRANT SELECT ON things TO {grantee}"));
        }
        let (code, words) = run_as(&database, &user, &changes(database.kind));
        assert_eq!(code, Some(2), "{words}");
        let (lacks, gives) = match database.kind {
            "mysql" => {
                let offsets = format!("`{}`.`rowgen_offsets`", database.name);
                (
                    format!(
                        "INSERT, UPDATE, DELETE on {table}; SELECT, INSERT, UPDATE, CREATE on {offsets}"
                    ),
                    format!(
                        "GRANT INSERT, UPDATE, DELETE ON {table} TO {grantee}; GRANT SELECT, INSERT, UPDATE, CREATE ON {offsets} TO {grantee}"
                    ),
                )
            }
            _ => (
                format!("INSERT, UPDATE, DELETE on {table}; CREATE on SCHEMA \"public\""),
                format!(
                    "GRANT INSERT, UPDATE, DELETE ON {table} TO {grantee}; GRANT CREATE ON SCHEMA \"public\" TO {grantee}"
                ),
            ),
        };
        let expected = format!(
            "error: could not open sink `t`\n  caused by: the user lacks privileges: {lacks}\n  hint: an owner gives them: {gives}"
        );
        assert_eq!(words, expected);
        // Following the hint is enough.
        database.sql(&gives);
        let (code, words) = run_as(&database, &user, &changes(database.kind));
        assert_eq!(code, Some(0), "{words}");
    }
}

#[test]
fn a_user_who_may_add_rows_needs_no_more() {
    for database in both("least") {
        let (user, grantee) = user(&database);
        database.succeeds(&rows(database.kind, ""), &["--seed", "1"]);
        let on = match database.kind {
            "mysql" => format!("`{}`.", database.name),
            _ => String::new(),
        };
        database.sql(&format!(
            "GRANT SELECT, INSERT ON {on}things TO {grantee}; GRANT SELECT, INSERT, UPDATE ON {on}rowgen_offsets TO {grantee}"
        ));
        let (code, words) = run_as(&database, &user, &rows(database.kind, ""));
        assert_eq!(code, Some(0), "{words}");
        assert_eq!(database.count("things"), 20);
        // Without progress nothing but the table is needed.
        let (code, words) = run_as(
            &database,
            &user,
            &rows(database.kind, ", exactly_once: false"),
        );
        assert_eq!((code, database.count("things")), (Some(0), 30), "{words}");
    }
}
