//! A time with an offset is its instant in every format: without a zone it is the time in UTC.

use super::super::support::Folder;
use super::strange::{pipeline, told};

#[test]
fn a_time_with_an_offset_is_the_same_in_every_format() {
    let zoned = |time: &str| {
        format!("{{ type: \"timestamp(us, Europe/Rome)\", constant: \"{time}+01:00\" }}")
    };
    let local = |time: &str| format!("{{ type: timestamp(us), constant: \"{time}\" }}");
    let date = |day: &str| format!("{{ type: date, constant: {day} }}");
    for (there, wanted, code) in [
        (
            zoned("2026-01-27T06:00:00"),
            local("2026-01-27T05:00:00"),
            0,
        ),
        (
            zoned("2026-01-27T06:00:00"),
            local("2026-01-27T06:00:00"),
            3,
        ),
        (zoned("2026-01-27T01:00:00"), date("2026-01-27"), 0),
        (zoned("2026-01-27T00:00:00"), date("2026-01-27"), 3),
        (zoned("2026-01-27T00:00:00"), date("2026-01-26"), 3),
    ] {
        for path in ["t.csv", "t.jsonl", "t.parquet", "t.avro"] {
            let folder = Folder::new();
            folder.make(&pipeline(&there, path), &[]);
            folder.write("q.yaml", &pipeline(&wanted, path));
            let ended = folder.run(&["verify", "q.yaml"]);
            assert_eq!(ended.code, code, "{path} {there} {wanted}: {ended:?}");
        }
    }
}

#[test]
fn texts_of_one_instant_are_one_time() {
    for (path, column) in [
        (
            "t.csv",
            "{ type: timestamp(us), constant: \"2026-01-27T05:00:00\" }",
        ),
        (
            "t.jsonl",
            "{ type: timestamp(us), constant: \"2026-01-27T05:00:00\" }",
        ),
        (
            "t.jsonl",
            "{ list: { of: { type: timestamp(us), constant: \"2026-01-27T05:00:00\" }, length: 2 } }",
        ),
    ] {
        let folder = Folder::new();
        folder.make(&pipeline(column, path), &[]);
        told(&folder, 0, &["100 rows, all equal"]);
        let text = folder.read(path);
        let own = "2026-01-27T05:00:00.000000";
        assert!(text.contains(own), "{text}");
        for (other, code) in [
            ("2026-01-27 05:00:00", 0),
            ("2026-01-27T05:00:00Z", 0),
            ("2026-01-27T07:00:00+02:00", 0),
            ("2026-01-26T22:00:00-07:00", 0),
            ("2026-01-27T05:00:00+02:00", 3),
            ("2026-01-27T05:00:00.0000001", 3),
        ] {
            folder.write(path, &text.replacen(own, other, 1));
            told(&folder, code, &[]);
        }
    }
}
