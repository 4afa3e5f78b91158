//! Values of the environment in messages: hidden where they stand, and nothing else with them.

use super::support::Folder;

/// What `rowgen check` says of a table with such rows and such a constant of a date.
fn said(rows: &str, day: &str, sinks: &str, environment: &[(&str, &str)]) -> String {
    let folder = Folder::new();
    folder.write(
        "p.yaml",
        &format!(
            "version: 1\ntables:\n  t:\n    rows: {rows}\n    columns:\n      d: {{ type: date, constant: {day} }}\nsinks:\n{sinks}"
        ),
    );
    let mut command = folder.command(&["check", "p.yaml"]);
    let output = command.envs(environment.iter().copied()).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    String::from_utf8(output.stderr)
        .unwrap()
        .trim_end()
        .to_string()
}

const FILE: &str = "  - file: { path: t.csv }\n";
const DAY: &str = "2026-01-31";

#[test]
fn short_values_hide_nothing_but_themselves() {
    assert_eq!(
        said("\"${env:N}x\"", DAY, FILE, &[("N", "1")]),
        "error: expected a count such as `100_000`, `1e9` or `1M`, found `${env:N}x`\n --> p.yaml:4:11\n  |\n4 |     rows: \"${env:N}x\"\n  |           ^^^^^^^^^^^"
    );
    assert_eq!(
        said("10", "\"${env:N}\"", FILE, &[("N", "31")]),
        "error: `${env:N}` is not a value of date\n --> p.yaml:6:34\n  |\n6 |       d: { type: date, constant: \"${env:N}\" }\n  |                                  ^^^^^^^^^^\n  hint: write a date as 2026-01-31"
    );
    let sink = "  - mysql: { url: \"mysql://h/d\", connections: \"${env:N}\" }\n";
    assert_eq!(
        said("10", DAY, sink, &[("N", "129")]),
        "error: `connections` is 1 to 128\n --> p.yaml:8:47\n  |\n8 |   - mysql: { url: \"mysql://h/d\", connections: \"${env:N}\" }\n  |                                               ^^^^^^^^^^"
    );
}

#[test]
fn values_hide_no_part_of_another_word() {
    let day = |value: &str, spelt: &str| said("10", spelt, FILE, &[("V", value)]);
    for (value, spelt, shown) in [
        ("write", "\"${env:V}\"", "${env:V}"),
        ("rite", "\"x${env:V}\"", "x${env:V}"),
        ("valu", "\"a ${env:V}\"", "a ${env:V}"),
    ] {
        let words = day(value, spelt);
        assert!(
            words.starts_with(&format!("error: `{shown}` is not a value of date\n")),
            "{words}"
        );
        let hint = match value {
            // It is a word of the hint, too.
            "write" => "  hint: ${env:V} a date as 2026-01-31",
            _ => "  hint: write a date as 2026-01-31",
        };
        assert!(words.ends_with(hint), "{words}");
    }
}

#[test]
fn users_in_urls_are_hidden_and_what_stands_for_them_is_not() {
    let sink = |url: &str| format!("  - postgres: {{ url: \"{url}\" }}\n");
    let hint = "in a user or a password write `%40` for `@`, `%2F` for `/`, `%3A` for `:`, `%23` for `#`, `%3F` for `?`, `%25` for `%`; a variable in the place of either is taken as it is: `://${env:USER}:${env:PASSWORD}@HOST`";
    for (url, shown) in [
        ("postgres://me:hunter/2@h/d", "postgres://***********@h/d"),
        ("postgres://${env:ALL}/d", "postgres://${env:ALL}/d"),
    ] {
        let caret = "^".repeat(url.len() + 2);
        let words = said("10", DAY, &sink(url), &[("ALL", "me:hunter/2@h")]);
        assert_eq!(
            words,
            format!(
                "error: the user or the password in this address has a character that ends it\n --> p.yaml:8:22\n  |\n8 |   - postgres: {{ url: \"{shown}\" }}\n  |                      {caret}\n  hint: {hint}"
            )
        );
    }
}
