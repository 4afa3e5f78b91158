//! A table of an included file that is given more columns, or other ones.

use super::support::Folder;

const SHARED: &str = "params: { n: 2 }\ntables:\n  t:\n    rows: \"${n}\"\n    columns:\n      id: sequence\n      name: { constant: a }\n      last: { template: \"{name}-{id}\" }\n  u: { rows: 1, columns: { id: sequence } }\n";

fn made(own: &str) -> (Folder, String) {
    let folder = Folder::new();
    folder.write("shared.yaml", SHARED);
    let yaml = format!(
        "version: 1\ninclude: shared.yaml\n{own}\nsinks:\n  - file: {{ table: t, path: t.csv }}\n"
    );
    folder.make(&yaml, &[]);
    let text = folder.read("t.csv");
    (folder, text)
}

#[test]
fn columns_are_merged_by_their_names() {
    let (_, text) = made("");
    assert_eq!(text, "id,name,last\n1,a,a-1\n2,a,a-2\n");
    // Another one stands where the old one did, a new one after all.
    let (_, text) =
        made("tables: { t: { columns: { more: { expr: \"id + 1\" }, name: { constant: b } } } }");
    assert_eq!(text, "id,name,last,more\n1,b,b-1,2\n2,b,b-2,3\n");
    let (_, text) = made("tables: { t: { rows: 1 } }");
    assert_eq!(text, "id,name,last\n1,a,a-1\n");
    let (_, text) =
        made("params: { n: 1 }\ntables: { t: { columns: { id: { sequence: { start: 5 } } } } }");
    assert_eq!(text, "id,name,last\n5,a,a-5\n");
}

#[test]
fn types_of_what_is_read_are_merged_too() {
    let folder = Folder::new();
    folder.write("t.csv", "id,n\n1,2\n");
    folder.write(
        "shared.yaml",
        "tables: { t: { from: { csv: { path: t.csv } }, types: { id: utf8, n: int32 } } }\n",
    );
    let yaml = "version: 1\ninclude: shared.yaml\ntables: { t: { types: { n: float64 } } }\nsinks:\n  - file: { path: t.jsonl }\n";
    folder.make(yaml, &[]);
    assert_eq!(folder.read("t.jsonl"), "{\"id\":\"1\",\"n\":2.0}\n");
}

#[test]
fn two_included_files_still_share_no_table() {
    let folder = Folder::new();
    folder.write("a.yaml", SHARED);
    folder.write(
        "b.yaml",
        "tables: { t: { rows: 9, columns: { id: sequence } } }\n",
    );
    for own in [
        "",
        "tables: { v: { rows: 1, columns: { id: sequence } } }\n",
    ] {
        let said = folder.refuse(&format!(
            "version: 1\ninclude: [a.yaml, b.yaml]\n{own}sinks:\n  - file: {{ table: t, path: t.csv }}\n"
        ));
        assert!(
            said.starts_with("error: `t` is defined twice, here and in the included file `b.yaml`\n --> a.yaml:3:3"),
            "{said}"
        );
    }
}
