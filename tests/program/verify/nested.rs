//! What is in lists and structs is compared as columns are: nothing is rounded away, fields have names.

use super::super::support::{Ended, Folder};

/// The pipeline `p` writes a column, the pipeline `q` expects another one.
fn verified(there: &str, wanted: &str, format: &str, more: &[&str]) -> Ended {
    // Times of nanoseconds are for new readers alone.
    let options = match format {
        "parquet" => ", format: { parquet: { compatibility: latest } }",
        _ => "",
    };
    let pipeline = |column: &str| {
        format!(
            "version: 1\nname: p\nseed: 7\ntables:\n  t: {{ rows: 3, columns: {{ id: {{ sequence: {{}}, unique: true }}, v: {column} }} }}\nsinks:\n  - file: {{ path: t.{format}, if_exists: replace{options} }}\n"
        )
    };
    let folder = Folder::new();
    folder.make(&pipeline(there), &[]);
    folder.write("q.yaml", &pipeline(wanted));
    folder.run(&[&["verify", "q.yaml"], more].concat())
}

fn list(of: &str) -> String {
    format!("{{ list: {{ length: 2, of: {of} }} }}")
}

fn of(data_type: &str, value: &str) -> String {
    format!("{{ type: '{data_type}', constant: {value} }}")
}

/// What is there, what must be there, and whether that is equal.
const VALUES: [([&str; 2], [&str; 2], bool); 20] = [
    (["float64", "7.3"], ["int64", "7"], false),
    (["float64", "7.0"], ["int64", "7"], true),
    (["decimal(12,3)", "7.004"], ["int64", "7"], false),
    (["decimal(12,3)", "7.004"], ["decimal(10,2)", "7"], false),
    (["decimal(12,3)", "7.01"], ["decimal(10,2)", "7.01"], true),
    (
        ["timestamp(us)", "'2026-01-27 05:00:00.000999'"],
        ["timestamp(ms)", "'2026-01-27 05:00:00'"],
        false,
    ),
    (
        ["timestamp(us)", "'2026-01-27 05:00:00.001'"],
        ["timestamp(ms)", "'2026-01-27 05:00:00.001'"],
        true,
    ),
    (
        ["timestamp(ns)", "'2026-01-27 05:00:00.000000001'"],
        ["timestamp(us)", "'2026-01-27 05:00:00'"],
        false,
    ),
    (
        ["timestamp(us)", "'2026-01-27 12:00:00'"],
        ["date", "2026-01-27"],
        false,
    ),
    (
        ["timestamp(us)", "'2026-01-27 00:00:00'"],
        ["date", "2026-01-27"],
        true,
    ),
    (
        ["utf8", "'2026-01-27T12:00:00'"],
        ["date", "2026-01-27"],
        false,
    ),
    (["utf8", "'2026-01-27'"], ["date", "2026-01-27"], true),
    (["int8", "5"], ["bool", "true"], false),
    (["float64", "0.5"], ["bool", "true"], false),
    (["float64", "0.500000001"], ["float32", "0.5"], false),
    (["float64", "0.5"], ["float32", "0.5"], true),
    (
        ["float64", "90000000000.12340000000001"],
        ["decimal(18,4)", "90000000000.1234"],
        true,
    ),
    (
        ["float64", "90000000000.12342"],
        ["decimal(18,4)", "90000000000.1234"],
        false,
    ),
    (
        ["float64", "0.10000000000000002"],
        ["decimal(18,4)", "0.1"],
        false,
    ),
    (["float64", "0.1"], ["decimal(18,4)", "0.1"], true),
];

#[test]
fn values_within_are_compared_as_columns_are() {
    for ([there, value], [wanted, other], equal) in VALUES {
        let (own, expected) = (of(there, value), of(wanted, other));
        let struct_of = |one: &str| format!("{{ struct: {{ a: {one} }} }}");
        let within =
            |one: &str| format!("{{ struct: {{ a: {one}, b: {{ struct: {{ c: {one} }} }} }} }}");
        for (shape, own, expected) in [
            ("flat", own.clone(), expected.clone()),
            ("list", list(&own), list(&expected)),
            ("struct", within(&own), within(&expected)),
            ("both", list(&struct_of(&own)), list(&struct_of(&expected))),
        ] {
            let ended = verified(&own, &expected, "parquet", &[]);
            let code = if equal { 0 } else { 3 };
            assert_eq!(
                ended.code, code,
                "{shape} {there} {value} as {wanted}: {ended:?}"
            );
        }
    }
}

#[test]
fn json_within_keeps_its_digits() {
    for ([there, value], [wanted, other], equal) in VALUES {
        if matches!(wanted, "bool" | "date") {
            continue;
        }
        let (own, expected) = (list(&of(there, value)), list(&of(wanted, other)));
        let ended = verified(&own, &expected, "jsonl", &[]);
        // The text of a decimal is that of the nearest float, too.
        let code = if equal { 0 } else { 3 };
        assert!(
            ended.code == code || value.starts_with("90000000000.12340000"),
            "{there} {value} as {wanted}: {ended:?}"
        );
    }
}

#[test]
fn what_stands_there_is_told() {
    for (own, expected, said) in [
        (
            list("{ type: int64, constant: 257 }"),
            list("{ type: int8, constant: 1 }"),
            "expected [1, 1], found [257, 257]",
        ),
        (
            list("{ constant: x }"),
            list("{ type: int8, constant: 1 }"),
            "expected [1, 1], found [x, x]",
        ),
        (
            list("{ type: int64, constant: null }"),
            list("{ type: int8, constant: 1 }"),
            "expected [1, 1], found [null, null]",
        ),
    ] {
        let ended = verified(&own, &expected, "parquet", &[]);
        assert_eq!(ended.code, 3, "{ended:?}");
        assert!(ended.stdout.contains(said), "{said}: {}", ended.stdout);
    }
}

#[test]
fn fields_have_names() {
    let two = |one: &str, two: &str| {
        format!("{{ struct: {{ {one}: {{ constant: 1 }}, {two}: {{ constant: 2 }} }} }}")
    };
    for format in ["parquet", "avro"] {
        let ended = verified(&two("b", "a"), &two("a", "b"), format, &[]);
        assert_eq!(ended.code, 3, "{format}: {ended:?}");
        let ended = verified(&two("q", "r"), &two("a", "b"), format, &[]);
        assert_eq!(ended.code, 2, "{format}: {ended:?}");
        assert!(ended.stderr.contains("has no field `v.a`"), "{ended:?}");
        let ended = verified(&list(&two("a", "r")), &list(&two("a", "b")), format, &[]);
        assert_eq!(ended.code, 2, "{format}: {ended:?}");
        assert!(ended.stderr.contains("has no field `v.b`"), "{ended:?}");
        let one = "{ struct: { a: { constant: 1 } } }";
        let ended = verified(&two("a", "extra"), one, format, &[]);
        assert_eq!(ended.code, 0, "{format}: {ended:?}");
        assert!(ended.stdout.contains("v.extra"), "{ended:?}");
    }
}

#[test]
fn steps_of_floats_count_within_too() {
    let near = of("float64", "0.10000000000000002");
    let far = of("float64", "0.2");
    let wanted = of("float64", "0.1");
    let within = |one: &str| list(&format!("{{ struct: {{ a: {one} }} }}"));
    for (own, expected) in [
        (list(&near), list(&wanted)),
        (within(&near), within(&wanted)),
    ] {
        assert_eq!(verified(&own, &expected, "parquet", &[]).code, 3);
        let ended = verified(&own, &expected, "parquet", &["--float-ulps=4"]);
        assert_eq!(ended.code, 0, "{ended:?}");
    }
    let ended = verified(&list(&far), &list(&wanted), "parquet", &["--float-ulps=4"]);
    assert_eq!(ended.code, 3, "{ended:?}");
}

#[test]
fn a_text_that_says_the_value_stands_in_quotes() {
    let wanted = "{ type: bool, constant: true }";
    let ended = verified("{ constant: 'true' }", wanted, "jsonl", &[]);
    assert_eq!(ended.code, 3, "{ended:?}");
    let said = "v: expected true, found \"true\"\n";
    assert!(ended.stdout.contains(said), "{ended:?}");
    let ended = verified(&list("{ constant: 'true' }"), &list(wanted), "jsonl", &[]);
    assert!(
        ended.stdout.contains("expected [true, true], found"),
        "{ended:?}"
    );
    let ended = verified(wanted, wanted, "jsonl", &[]);
    assert_eq!(ended.code, 0, "{ended:?}");
}

#[test]
fn a_second_row_of_a_key_with_other_values_is_told() {
    let folder = Folder::new();
    folder.make("version: 1\nname: p\ntables:\n  t: { rows: 3, columns: { id: { sequence: { start: 1 } }, v: { constant: x } } }\nsinks:\n  - file: { path: t.csv }\n", &[]);
    folder.write("t.csv", "id,v\n1,x\n2,x\n3,x\n2,y\n3,x\n");
    let ended = folder.run(&["verify", "p.yaml"]);
    assert_eq!(ended.code, 3, "{ended:?}");
    for said in [
        "extra: id 2, row 1, found as row 3; v: expected x, found y\n",
        "doubled: id 3, row 2\n",
    ] {
        assert!(ended.stdout.contains(said), "{said}: {}", ended.stdout);
    }
}

#[test]
fn a_report_is_no_pipe() {
    let folder = Folder::new();
    folder.make("version: 1\nname: p\ntables:\n  t: { rows: 3, columns: { id: sequence } }\nsinks:\n  - file: { path: t.csv }\n", &[]);
    let made = std::process::Command::new("mkfifo")
        .arg(folder.path("pipe"))
        .status();
    assert!(made.unwrap().success());
    let ended = folder.run(&["verify", "p.yaml", "--report=pipe"]);
    assert_eq!(ended.code, 1, "{ended:?}");
    assert_eq!(
        ended.stderr,
        "error: the report cannot be `pipe`: something else is there\n  caused by: it is a named pipe: a file, a device such as `/dev/null` or `/dev/stdout` can be written\n  hint: give `--report` a path of its own\n"
    );
    for device in ["/dev/null", "/dev/stdout"] {
        let ended = folder.run(&["verify", "p.yaml", "--report", device]);
        assert_eq!(ended.code, 0, "{ended:?}");
    }
}

#[test]
fn values_within_stand_in_quotes_where_they_look_like_others() {
    let folder = Folder::new();
    let pipeline = |item: &str| {
        format!(
            "version: 1\nname: p\nseed: 7\ntables:\n  t:\n    rows: 1\n    columns:\n      id: {{ sequence: {{}}, unique: true }}\n      u: {{ uuid: {{ version: 4 }} }}\n      l: {{ list: {{ of: {item}, length: 2 }} }}\nsinks:\n  - file: {{ path: t.jsonl, if_exists: replace }}\n"
        )
    };
    for (there, wanted, told) in [
        (
            "{ constant: \"null\" }",
            "{ constant: \"null\", nulls: 1.0 }",
            "l: expected [null, null], found [\"null\", \"null\"]",
        ),
        (
            "{ constant: \"\" }",
            "{ constant: a }",
            "l: expected [a, a], found [\"\", \"\"]",
        ),
        (
            "{ constant: \"a, b\" }",
            "{ constant: a }",
            "l: expected [a, a], found [\"a, b\", \"a, b\"]",
        ),
    ] {
        folder.make(&pipeline(there), &[]);
        folder.write("q.yaml", &pipeline(wanted));
        let ended = folder.run(&["verify", "q.yaml"]);
        assert!(
            ended.code == 3 && ended.stdout.contains(told),
            "{told}\n{}",
            ended.stdout
        );
    }
    let text = folder.read("t.jsonl");
    let uuid = &text[text.find("\"u\":\"").unwrap() + 5..][..36];
    folder.write(
        "t.jsonl",
        &text.replace(uuid, "00000000-0000-4000-8000-000000000000"),
    );
    folder.write("q.yaml", &pipeline("{ constant: \"a, b\" }"));
    let ended = folder.run(&["verify", "q.yaml"]);
    let told = format!("u: expected {uuid}, found 00000000-0000-4000-8000-000000000000");
    assert!(ended.stdout.contains(&told), "{}", ended.stdout);
}
