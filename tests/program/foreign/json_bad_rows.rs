//! Lines that are no JSON objects: what is left out of the rows is left out of the inference.

use super::super::support::Folder;
use super::{refused, run};

/// What is read of a file of which some is left out.
fn some(folder: &Folder, text: &[u8]) -> String {
    std::fs::write(folder.path("in.jsonl"), text).unwrap();
    let ended = run(folder, "json: { path: in.jsonl, on_bad_row: skip }", "{}");
    assert_eq!(ended.code, 3, "{}", ended.stderr);
    folder.read("out.jsonl")
}

#[test]
fn a_bad_line_does_not_stop_the_inference() {
    let folder = Folder::new();
    let cases: &[(&[u8], &str)] = &[
        (
            b"{\"a\":1}\nnot json\n{\"a\":2}\n",
            "{\"a\":1}\n{\"a\":2}\n",
        ),
        (b"{\"a\":1}\n{\"a\":2", "{\"a\":1}\n"),
        (
            b"{\"s\":\"ok\"}\n{\"s\":\"\\ud800 x\"}\n",
            "{\"s\":\"ok\"}\n",
        ),
        (b"7\n{\"a\":1}\n", "{\"a\":1}\n"),
        (b"{\"a\":1}\n{\"a\":\"\xe9\"}\n", "{\"a\":1}\n"),
        (b"{\"a\":1}\n{\"a\":2}{\"a\":3}\n", "{\"a\":1}\n"),
        // What it would have said is not listened to: neither a column nor a type.
        (b"{\"a\":1}\n{\"a\":\"x\",\"b\":1,}\n", "{\"a\":1}\n"),
        (
            b"[{\"a\":1},\n{\"a\" 2},{\"a\":\"\\ud800\"},\n{\"a\":3}]",
            "{\"a\":1}\n{\"a\":3}\n",
        ),
    ];
    for (text, expected) in cases {
        assert_eq!(some(&folder, text), *expected, "{}", text.escape_ascii());
    }
}

#[test]
fn what_is_left_out_is_in_the_dead_letters() {
    let folder = Folder::new();
    folder.write(
        "in.jsonl",
        "{\"a\":1}\nnot json\n{\"a\":2,\"b\":x}\n{\"a\":3}\n",
    );
    let from = "json: { path: in.jsonl, on_bad_row: { dead_letter: dead.jsonl } }";
    let ended = run(&folder, from, "{}");
    assert_eq!(ended.code, 3, "{}", ended.stderr);
    assert_eq!(folder.read("out.jsonl"), "{\"a\":1}\n{\"a\":3}\n");
    assert_eq!(
        folder.read("dead.jsonl"),
        "{\"path\":\"in.jsonl\",\"line\":2,\"reason\":\"expected a JSON object\",\"text\":\"not json\"}\n\
         {\"path\":\"in.jsonl\",\"line\":3,\"reason\":\"it is not JSON: `x` cannot stand at column 12\",\"text\":\"{\\\"a\\\":2,\\\"b\\\":x}\"}\n"
    );
}

#[test]
fn without_leave_to_skip_a_bad_line_is_refused_before_the_first_row() {
    let folder = Folder::new();
    let hint = "hint: `on_bad_row: skip` leaves such rows out, `on_bad_row: { dead_letter: rejected.jsonl }` keeps them";
    for (text, cause) in [
        ("{\"a\":1}\nnot json\n", "line 2: expected a JSON object"),
        ("{\"a\":1}\n{\"a\":", "line 2: the JSON object has no end"),
        (
            "{\"a\":\"\\ud800\"}\n",
            "line 1: a text in it has an escape that is no character",
        ),
        (
            "[{\"a\":1},\n{\n\"a\" 2}]",
            "line 3: it is not JSON: `2` cannot stand at column 5",
        ),
    ] {
        folder.write("in.jsonl", text);
        let said = refused(&folder, "json: { path: in.jsonl }", "{}");
        let expected = format!("error: could not read `in.jsonl`\ncaused by: {cause}\n{hint}");
        assert_eq!(said, expected);
    }
    folder.write("in.jsonl", "x\ny\n");
    assert_eq!(
        refused(&folder, "json: { path: in.jsonl, on_bad_row: skip }", "{}"),
        "error: could not read `in.jsonl`\n\
         caused by: it has no rows to infer columns from\n\
         hint: say the columns in the table's `types`: then none are inferred"
    );
}

#[test]
fn nesting_without_end_is_a_bad_row() {
    let folder = Folder::new();
    let deep = format!("{{\"a\":{}{}}}", "[".repeat(100_000), "]".repeat(100_000));
    let text = format!("{deep}\n{{\"a\":1}}\n");
    assert_eq!(some(&folder, text.as_bytes()), "{\"a\":1}\n");
}
