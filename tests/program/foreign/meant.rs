//! What is written otherwise than it was meant: refused with what was meant, where following it works.

use super::super::support::Folder;
use super::{refused, rows};

#[test]
fn a_delimiter_that_was_not_said_is_told() {
    let folder = Folder::new();
    for (name, text, delimiter) in [
        ("in.csv", "id;name\n1;a\n", ";"),
        ("in.csv", "id\tname\n1\ta\n", "\\t"),
        ("in.csv", "\"id|name\"\n1|a\n", "|"),
        ("in.tsv", "id,name\n1,a\n", ","),
    ] {
        folder.write(name, text);
        let from = format!("csv: {{ path: {name} }}");
        let expected = format!(
            "error: could not read `{name}`\n\
            caused by: line 1: `{delimiter}` stands between its names, and the delimiter is another one\n\
            hint: say so with `delimiter: \"{delimiter}\"`"
        );
        assert_eq!(refused(&folder, &from, "{}"), expected);
        if !text.starts_with('"') {
            let said = format!("csv: {{ path: {name}, delimiter: \"{delimiter}\" }}");
            assert_eq!(rows(&folder, &said, "{}"), "{\"id\":1,\"name\":\"a\"}\n");
        }
    }
    // One column may be called so, where the delimiter is said.
    folder.write("in.csv", "id;name\n1\n");
    let said = "csv: { path: in.csv, delimiter: \",\" }";
    assert_eq!(rows(&folder, said, "{}"), "{\"id;name\":1}\n");
}

#[test]
fn a_field_that_no_object_has_is_not_read_as_nulls() {
    let folder = Folder::new();
    folder.write("in.jsonl", "{\"user_id\":1,\"b\":2}\n{\"user_id\":3}\n");
    let from = "json: { path: in.jsonl }";
    assert_eq!(
        refused(&folder, from, "{ user_idd: int64 }"),
        "error: `types`: no object has a field `user_idd`\n\
        hint: did you mean `user_id`? If it is only missing, name that one in `types`, too"
    );
    let both = "{ user_idd: int64, user_id: int64 }";
    assert_eq!(
        rows(&folder, from, both),
        "{\"user_idd\":null,\"user_id\":1}\n{\"user_idd\":null,\"user_id\":3}\n"
    );
    // Nothing has nearly that name: it may be missing in all of them.
    assert_eq!(
        rows(&folder, from, "{ country: utf8, b: int64 }"),
        "{\"country\":null,\"b\":2}\n{\"country\":null,\"b\":null}\n"
    );
    // It comes late.
    let late = "{\"user_id\":1}\n".repeat(3000) + "{\"user_idd\":7}\n";
    folder.write("in.jsonl", &late);
    assert!(rows(&folder, from, "{ user_idd: int64 }").ends_with("{\"user_idd\":7}\n"));
}

#[test]
fn columns_beside_those_that_are_read_are_made() {
    let folder = Folder::new();
    folder.write("in.csv", "id,mail\n1,a@b\n");
    let checked = |columns: &str| {
        let yaml = format!(
            "version: 1\ntables:\n  t:\n    from: {{ csv: {{ path: in.csv }} }}\n    columns: {columns}\nsinks:\n  - file: {{ path: out.jsonl }}\n"
        );
        folder.refuse(&yaml)
    };
    let said = checked("{ id: int64, address: mail }");
    assert_eq!(
        said,
        "error: unknown generator `int64`\n --> p.yaml:5:20\n  |\n5 |     columns: { id: int64, address: mail }\n  |                    ^^^^^\n  hint: `types: { id: int64 }` says what type a column has that is read\n\n\
        error: unknown generator `mail`\n --> p.yaml:5:36\n  |\n5 |     columns: { id: int64, address: mail }\n  |                                    ^^^^\n  hint: `address: { copy: mail }` is the column `mail` that is read; those that are not named here are read, too\n"
    );
    // A generator that is only misspelt is still meant.
    let said = checked("{ n: sequense }");
    assert!(
        said.ends_with("\n  hint: did you mean `sequence`?\n"),
        "{said}"
    );
    let said = checked("[id, mail]");
    assert!(
        said.starts_with("error: all columns are read: those of `columns:` are made beside them\n --> p.yaml:5:14\n")
            && said.contains("\n  hint: the sink's `columns: [id, name]` chooses, `types: { id: int64 }` says types\n"),
        "{said}"
    );
    let right = "version: 1\ntables:\n  t:\n    from: { csv: { path: in.csv } }\n    types: { id: int64 }\n    columns: { address: { copy: mail } }\nsinks:\n  - file: { path: out.jsonl }\n";
    folder.make(right, &[]);
    assert_eq!(
        folder.read("out.jsonl"),
        "{\"id\":1,\"mail\":\"a@b\",\"address\":\"a@b\"}\n"
    );
}
