//! Where dead letters may be kept.

use super::support::Folder;

#[test]
fn dead_letters_are_written_nowhere_else() {
    let folder = Folder::new();
    folder.write("in.csv", "a\n1\nx\n");
    let from = |letters: &str| {
        format!(
            "{{ from: {{ csv: {{ path: in.csv, on_bad_row: {{ dead_letter: {letters} }} }} }}, types: {{ a: int64 }} }}"
        )
    };
    let file = |path: &str| format!("  - file: {{ table: t, path: {path}, format: csv }}\n");
    let postgres = "  - postgres: { table: t, url: \"postgres://a@127.0.0.1:1/a\", on_bad_row: { dead_letter: out/t.csv } }\n";
    let other = |letters: &str| format!("  u: {}\n", from(letters));
    for (letters, more, sinks, expected) in [
        (
            "out/t.csv",
            String::new(),
            file("out/t.csv"),
            Some("sink `file-1` writes where dead letters are kept, `out/t.csv`"),
        ),
        (
            "out/../out/d/x.jsonl",
            String::new(),
            file("out/d/"),
            Some("sink `file-1` writes where dead letters are kept, `out/../out/d/x.jsonl`"),
        ),
        (
            "kept.jsonl",
            String::new(),
            file("out/t.csv") + postgres,
            Some("sink `file-1` writes where dead letters are kept, `out/t.csv`"),
        ),
        (
            "kept.jsonl",
            other("./kept.jsonl"),
            file("out/t.csv") + "  - file: { table: u, path: out/u.csv }\n",
            Some("the dead letters of `u` would replace those of `t`"),
        ),
        (
            "kept.jsonl",
            other("kept_too.jsonl"),
            file("out/t.csv") + "  - file: { table: u, path: out/u.csv }\n",
            None,
        ),
    ] {
        let yaml = format!(
            "version: 1\ntables:\n  t: {}\n{more}sinks:\n{sinks}",
            from(letters)
        );
        folder.write("p.yaml", &yaml);
        let ended = folder.run(&["check", "p.yaml"]);
        let Some(expected) = expected else {
            assert_eq!(ended.code, 0, "{}", ended.stderr);
            continue;
        };
        assert_eq!(ended.code, 1, "{ended:?}");
        assert!(
            ended
                .stderr
                .starts_with(&format!("error: {expected}\n --> p.yaml:")),
            "{}",
            ended.stderr
        );
        assert!(
            ended
                .stderr
                .ends_with("  hint: give `dead_letter` a file of its own\n"),
            "{}",
            ended.stderr
        );
    }
}

/// What cannot be written is told with its line and what to do.
#[test]
fn dead_letters_that_cannot_be_written_are_told_with_their_line() {
    let folder = Folder::new();
    folder.write("in/1.csv", "a\n1\n");
    folder.write("in/2.csv", "");
    std::fs::create_dir(folder.path("there")).unwrap();
    for options in ["on_bad_row", "on_bad_file"] {
        let yaml = format!(
            "version: 1\ntables:\n  t: {{ from: {{ csv: {{ path: in, on_bad_file: skip, {options}: {{ dead_letter: there }} }} }}, types: {{ a: int64 }} }}\nsinks:\n  - file: {{ path: t.csv }}\n"
        );
        let yaml = match options {
            "on_bad_file" => yaml.replace("on_bad_file: skip, ", ""),
            _ => yaml,
        };
        folder.write("p.yaml", &yaml);
        let ended = folder.run(&["run", "p.yaml", "--quiet"]);
        assert_eq!(ended.code, 2, "{options}: {ended:?}");
        let column = yaml.lines().nth(2).unwrap().find("there").unwrap() + 1;
        let place = format!("error: could not read table `t`\n --> p.yaml:3:{column}\n");
        assert!(ended.stderr.starts_with(&place), "{options}: {ended:?}");
        let hint = "  caused by: could not make the dead-letter file `there`\n  caused by: Is a directory (os error 21)\n  hint: give `dead_letter` a file that can be written\n";
        assert!(ended.stderr.ends_with(hint), "{options}: {ended:?}");
    }
}
