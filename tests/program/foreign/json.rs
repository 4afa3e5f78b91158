//! JSON whose values are of several kinds, and numbers that no float holds.

use super::super::support::Folder;
use super::{refused, rows, run, stopped};

fn read(folder: &Folder, text: &str, types: &str) -> String {
    folder.write("in.jsonl", text);
    rows(folder, "json: { path: in.jsonl }", types)
}

#[test]
fn scalars_of_several_kinds_are_texts() {
    let folder = Folder::new();
    let text = "{\"v\":1}\n{\"v\":2}\n{\"v\":\"n/a\"}\n";
    let texts = "{\"v\":\"1\"}\n{\"v\":\"2\"}\n{\"v\":\"n/a\"}\n";
    assert_eq!(read(&folder, text, "{}"), texts);
    assert_eq!(read(&folder, text, "{ v: utf8 }"), texts);
    // The numbers are no bad rows.
    folder.write("in.jsonl", text);
    let ended = run(&folder, "json: { path: in.jsonl, on_bad_row: skip }", "{}");
    assert_eq!((ended.code, folder.read("out.jsonl").as_str()), (0, texts));
    // A number stays as it is written.
    let text = "{\"v\":1.50}\n{\"v\":true}\n{\"v\":null}\n{\"v\":-2e3}\n{}\n";
    let texts =
        "{\"v\":\"1.50\"}\n{\"v\":\"true\"}\n{\"v\":null}\n{\"v\":\"-2e3\"}\n{\"v\":null}\n";
    assert_eq!(read(&folder, text, "{}"), texts);
    let array = "[{\"v\":\"x\"},\n{\"v\":\n1.0}]";
    folder.write("in.json", array);
    assert_eq!(
        rows(&folder, "json: { path: in.json }", "{}"),
        "{\"v\":\"x\"}\n{\"v\":\"1.0\"}\n"
    );
}

#[test]
fn scalars_within_lists_and_objects_are_texts_as_well() {
    let folder = Folder::new();
    let text =
        "{\"w\":[{\"q\":1},{\"q\":\"t\"}],\"n\":{\"b\":true}}\n{\"w\":[],\"n\":{\"b\":\"no\"}}\n";
    let texts = "{\"w\":[{\"q\":\"1\"},{\"q\":\"t\"}],\"n\":{\"b\":\"true\"}}\n{\"w\":[],\"n\":{\"b\":\"no\"}}\n";
    assert_eq!(read(&folder, text, "{}"), texts);
    let text = "{\"w\":[1,\"x\",null,false]}\n{\"w\":[[]]}\n";
    folder.write("in.jsonl", text);
    let said = refused(&folder, "json: { path: in.jsonl }", "{}");
    assert_eq!(
        said,
        "error: could not read `in.jsonl`\n\
         caused by: column `w[]` has values of several kinds: a number in line 1, a list in line 2\n\
         hint: name the columns in `types`, this one as text: `types: { w: utf8 }` reads what it has as JSON text"
    );
}

#[test]
fn lists_and_objects_beside_others_are_refused_with_a_way_to_read_them() {
    let folder = Folder::new();
    let hint = "hint: name the columns in `types`, this one as text: `types: { v: utf8 }` reads what it has as JSON text";
    for (text, kinds, read_as_text) in [
        (
            "{\"v\":1}\n{\"v\":{\"a\": 1}}\n",
            "a number in line 1, an object in line 2",
            "{\"v\":\"1\"}\n{\"v\":\"{\\\"a\\\":1}\"}\n",
        ),
        (
            "{\"v\":[1, 2]}\n{\"v\":3}\n",
            "a list in line 1, a number in line 2",
            "{\"v\":\"[1,2]\"}\n{\"v\":\"3\"}\n",
        ),
        (
            "{\"v\":\"[\"}\n{\"v\":null}\n{\"v\":{\"a\":[\"b c\"]}}\n{\"v\":[]}\n",
            "a text in line 1, an object in line 3, a list in line 4",
            "{\"v\":\"[\"}\n{\"v\":null}\n{\"v\":\"{\\\"a\\\":[\\\"b c\\\"]}\"}\n{\"v\":\"[]\"}\n",
        ),
    ] {
        folder.write("in.jsonl", text);
        for from in [
            "json: { path: in.jsonl }",
            "json: { path: in.jsonl, on_bad_row: skip }",
        ] {
            let said = refused(&folder, from, "{}");
            let cause = format!("caused by: column `v` has values of several kinds: {kinds}");
            assert_eq!(
                said,
                format!("error: could not read `in.jsonl`\n{cause}\n{hint}")
            );
        }
        assert_eq!(read(&folder, text, "{ v: utf8 }"), read_as_text);
    }
}

#[test]
fn objects_in_a_column_of_texts_are_read_wherever_they_first_stand() {
    let folder = Folder::new();
    let line = |row: usize| match row % 3 {
        0 => format!("{{\"id\":{row},\"v\":{{\"n\":{row}.10}}}}\n"),
        1 => format!("{{\"id\":{row},\"v\":\"t{row}\"}}\n"),
        _ => format!("{{\"id\":\"x\",\"v\":[{row}]}}\n"),
    };
    for first in [0, 1] {
        let text: String = (first..first + 3000).map(line).collect();
        folder.write("in.jsonl", &text);
        let from = "json: { path: in.jsonl, on_bad_row: skip }";
        let ended = run(&folder, from, "{ id: int64, v: utf8 }");
        assert_eq!(ended.code, 3, "{}", ended.stderr);
        let expected: String = (first..first + 3000)
            .filter(|row| row % 3 != 2)
            .map(|row| match row % 3 {
                0 => format!("{{\"id\":{row},\"v\":\"{{\\\"n\\\":{row}.10}}\"}}\n"),
                _ => line(row),
            })
            .collect();
        assert!(folder.read("out.jsonl") == expected);
    }
}

#[test]
fn a_value_that_is_not_of_its_type_is_named_in_words_of_the_file() {
    let folder = Folder::new();
    let from = "json: { path: in.jsonl }";
    for (text, types, message) in [
        (
            "{\"a\":1}\n{\"a\":\"x\"}\n",
            "{ a: int64 }",
            "in.jsonl:2: column `a`: expected int64, found `\"x\"`",
        ),
        (
            "{\"a\":{\"b\": 1}}\n",
            "{ a: date }",
            "in.jsonl:1: column `a`: expected date, found `{\"b\":1}`",
        ),
        (
            "{\"a\":\"2026-02-30\"}\n",
            "{ a: date }",
            "in.jsonl:1: column `a`: expected date, found `2026-02-30`",
        ),
        (
            "{\"a\":true}\n",
            "{ a: float64 }",
            "in.jsonl:1: column `a`: expected float64, found `true`",
        ),
        (
            "{\"a\":\"abcd\"}\n",
            "{ a: uuid }",
            "in.jsonl:1: column `a`: expected uuid, found `abcd`",
        ),
    ] {
        folder.write("in.jsonl", text);
        let said = stopped(&folder, from, types);
        assert_eq!(
            said.lines().next(),
            Some(format!("error: {message}").as_str())
        );
    }
}

#[test]
fn whole_numbers_keep_their_digits() {
    let folder = Folder::new();
    let cases = [
        (
            "{\"id\":12345678901234567890}\n{\"id\":1}\n",
            "{\"id\":12345678901234567890}\n{\"id\":1}\n",
        ),
        (
            "{\"id\":9007199254740993}\n{\"id\":0.5}\n",
            "{\"id\":\"9007199254740993\"}\n{\"id\":\"0.5\"}\n",
        ),
        (
            "{\"id\":12345678901234567890}\n{\"id\":-1}\n",
            "{\"id\":\"12345678901234567890\"}\n{\"id\":\"-1\"}\n",
        ),
        (
            "{\"id\":123456789012345678901234567890}\n",
            "{\"id\":\"123456789012345678901234567890\"}\n",
        ),
        (
            "{\"l\":[9007199254740993,0.5]}\n",
            "{\"l\":[\"9007199254740993\",\"0.5\"]}\n",
        ),
        (
            "{\"id\":9007199254740992}\n{\"id\":0.5}\n",
            "{\"id\":9.007199254740992e15}\n{\"id\":0.5}\n",
        ),
    ];
    for (text, expected) in cases {
        assert_eq!(read(&folder, text, "{}"), expected);
    }
    let csv = |text: &str| {
        folder.write("in.csv", text);
        rows(&folder, "csv: { path: in.csv }", "{}")
    };
    assert_eq!(
        csv("id,x\n9007199254740993,a\n0.5,b\n"),
        "{\"id\":\"9007199254740993\",\"x\":\"a\"}\n{\"id\":\"0.5\",\"x\":\"b\"}\n"
    );
    assert_eq!(
        csv("id\n12345678901234567890\n1\n"),
        "{\"id\":12345678901234567890}\n{\"id\":1}\n"
    );
}

#[test]
fn an_object_over_several_lines_is_refused_with_a_way_to_mend_it() {
    let folder = Folder::new();
    let expected = "error: could not read `in.jsonl`\n\
        caused by: an object stands in several lines: put all objects in one array, or each in one line\n\
        hint: `jq -c . in.jsonl > lines.jsonl` makes a file of one object a line";
    for text in [
        "{\n  \"a\": 1\n}\n{\n  \"a\": 2\n}\n",
        "\u{feff}{\r\n  \"a\": [1,\r\n 2]\r\n}",
        "\n\n{\"a\":\n1}\n",
    ] {
        folder.write("in.jsonl", text);
        for (options, types) in [
            ("", "{}"),
            (", on_bad_row: skip", "{}"),
            ("", "{ a: int64 }"),
        ] {
            let from = format!("json: {{ path: in.jsonl{options} }}");
            assert_eq!(refused(&folder, &from, types), expected);
        }
    }
}
