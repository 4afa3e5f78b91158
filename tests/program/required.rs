//! Columns that are read and must not be null, and the types that `cast` knows.

use super::support::Folder;

fn yaml(from: &str, types: &str) -> String {
    format!(
        "version: 1\ntables:\n  t:\n    from: {{ {from} }}\n    types: {{ {types} }}\nsinks:\n  - file: {{ path: t.jsonl, if_exists: replace }}\n"
    )
}

const TYPES: &str =
    "id: { type: int32, nullable: false }, name: { type: utf8, nullable: false }, note: utf8";

#[test]
fn a_null_in_a_column_that_has_none_is_a_bad_row() {
    let folder = Folder::new();
    folder.write("t.csv", "id,name,note\n1,a,\n,b,x\n3,,y\n4,\"\",\n");
    folder.write(
        "t.json",
        "{\"id\":1,\"name\":\"a\"}\n{\"name\":\"b\",\"note\":\"x\"}\n{\"id\":3,\"name\":null,\"note\":\"y\"}\n{\"id\":4,\"name\":\"\"}\n",
    );
    for (kind, first) in [("csv", 3), ("json", 2)] {
        let from = |more: &str| format!("{kind}: {{ path: t.{kind}{more} }}");
        folder.write("p.yaml", &yaml(&from(""), TYPES));
        let ended = folder.run(&["run", "p.yaml", "--quiet"]);
        assert_eq!(ended.code, 2, "{ended:?}");
        let said =
            format!("t.{kind}:{first}: column `id` is null, and `nullable: false` allows none\n");
        assert!(ended.stderr.contains(&said), "{}", ended.stderr);
        assert!(
            ended.stderr.contains("hint: `on_bad_row: skip`"),
            "{}",
            ended.stderr
        );
        let dead = from(", on_bad_row: { dead_letter: dead.jsonl }");
        folder.write("p.yaml", &yaml(&dead, TYPES));
        let ended = folder.run(&["run", "p.yaml", "--quiet", "--report", "r.json"]);
        assert_eq!(ended.code, 3, "{ended:?}");
        assert_eq!(
            folder.read("t.jsonl"),
            "{\"id\":1,\"name\":\"a\",\"note\":null}\n{\"id\":4,\"name\":\"\",\"note\":null}\n"
        );
        let letters = folder.read("dead.jsonl");
        let reasons: Vec<serde_json::Value> = letters
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        let reason = |at: usize| reasons[at]["reason"].as_str().unwrap().to_string();
        assert!(reason(0).starts_with("column `id` is null"), "{letters}");
        assert!(reason(1).starts_with("column `name` is null"), "{letters}");
        assert_eq!(reasons[0]["line"], first);
        let report: serde_json::Value = serde_json::from_str(&folder.read("r.json")).unwrap();
        assert_eq!(report["sources"][0]["reasons"]["null"], 2);
    }
}

#[test]
fn a_file_of_typed_rows_with_a_null_there_is_refused_with_its_row() {
    let folder = Folder::new();
    let made = "version: 1\ntables:\n  t: { rows: 10, columns: { id: sequence, name: { expr: \"case when id = 7 then null else 'a' end\" } } }\nsinks:\n  - file: { path: in.parquet }\n  - file: { path: in.avro }\n";
    folder.make(made, &[]);
    for kind in ["parquet", "avro"] {
        let from = format!("{kind}: {{ path: in.{kind} }}");
        let required = "name: { type: utf8, nullable: false }";
        folder.write("p.yaml", &yaml(&from, required));
        let ended = folder.run(&["run", "p.yaml", "--quiet"]);
        assert_eq!(ended.code, 2, "{ended:?}");
        let said = "row 6: column `name` is null, and `nullable: false` allows none";
        assert!(ended.stderr.contains(said), "{}", ended.stderr);
        folder.make(&yaml(&from, "id: { type: int64, nullable: false }"), &[]);
        assert_eq!(folder.read("t.jsonl").lines().count(), 10);
    }
}

#[test]
fn what_is_never_null_has_a_plain_type_in_every_format() {
    let folder = Folder::new();
    folder.write("t.csv", "id,name,note\n1,a,\n2,b,x\n");
    let sinks = yaml("csv: { path: t.csv }", TYPES).replace(
        "  - file: { path: t.jsonl, if_exists: replace }\n",
        "  - file: { path: t.avro }\n  - file: { path: t.parquet }\n",
    );
    folder.make(&sinks, &[]);
    let avro = folder.bytes("t.avro");
    let text = String::from_utf8_lossy(&avro);
    assert!(text.contains(r#"{"name":"id","type":"int"},{"name":"name","type":"string"},{"name":"note","type":["null","string"]"#), "{text}");
    let file = std::fs::File::open(folder.path("t.parquet")).unwrap();
    let reader =
        parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder::try_new(file).unwrap();
    let nullable: Vec<bool> = reader
        .schema()
        .fields()
        .iter()
        .map(|field| field.is_nullable())
        .collect();
    assert_eq!(nullable, [false, false, true]);
}

#[test]
fn what_may_be_null_is_told_where_it_can_be_said() {
    let folder = Folder::new();
    folder.write("t.csv", "id,name,note\n1,a,\n");
    let copied = yaml("csv: { path: t.csv }", "id: int32").replace(
        "sinks:",
        "    columns: { again: { copy: id, nullable: false } }\nsinks:",
    );
    let said = folder.refuse(&copied);
    assert!(
        said.contains("column `again` has `nullable: false`, but its values can be null"),
        "{said}"
    );
    assert!(
        said.contains("`types: { NAME: { type: …, nullable: false } }`"),
        "{said}"
    );
    folder.make(
        &copied.replace("id: int32", "id: { type: int32, nullable: false }"),
        &[],
    );
    for (types, said) in [
        ("id: { nullable: false }", "`type`"),
        (
            "id: { type: int32, nulable: false }",
            "did you mean `nullable`?",
        ),
        ("id: { type: int23 }", "did you mean `int32`?"),
        (
            "od: { type: int32, nullable: false }",
            "there is no column `od` to read",
        ),
    ] {
        let refused = folder.refuse(&yaml("csv: { path: t.csv }", types));
        assert!(refused.contains(said), "{refused}");
    }
    // The hint of Avro's schema file works when it is followed.
    folder.write(
        "s.avsc",
        r#"{"type":"record","name":"R","fields":[{"name":"id","type":"int"}]}"#,
    );
    let avro = |types: &str| {
        yaml("csv: { path: t.csv }", types).replace(
            "path: t.jsonl, if_exists: replace",
            "path: o.avro, columns: [id], format: { avro: { schema_file: s.avsc } }",
        )
    };
    let refused = folder.refuse(&avro("id: int32"));
    assert!(
        refused.contains("`types: { NAME: { type: …, nullable: false } }`"),
        "{refused}"
    );
    folder.make(&avro("id: { type: int32, nullable: false }"), &[]);
}

#[test]
fn cast_knows_the_types_of_a_pipeline_by_name() {
    let folder = Folder::new();
    let types = [
        ("int16", "7"),
        ("int32", "7"),
        ("int64", "7"),
        ("uint8", "7"),
        ("uint16", "7"),
        ("uint32", "7"),
        ("uint64", "7"),
        ("tinyint", "7"),
        ("float32", "7.0"),
        ("float64", "7.0"),
        ("double", "7.0"),
        ("utf8", "7"),
        ("string", "7"),
        ("varchar(3)", "7"),
        ("decimal(5,2)", "7.00"),
        ("numeric(5,1)", "7.0"),
    ];
    let columns: Vec<String> = types
        .iter()
        .enumerate()
        .flat_map(|(at, (name, _))| {
            [
                format!("c{at}: {{ expr: \"cast(n as {name})\" }}"),
                format!("d{at}: {{ expr: \"n::{name}\" }}"),
            ]
        })
        .collect();
    let yaml = |columns: &str| {
        format!(
            "version: 1\ntables:\n  t: {{ rows: 1, columns: {{ n: {{ sequence: {{ start: 7 }}, hidden: true }}, at: {{ type: \"timestamp(us)\", constant: 2026-01-15 10:20:30.123456, hidden: true }}, {columns} }} }}\nsinks:\n  - file: {{ path: t.csv, if_exists: replace, format: {{ csv: {{ header: false }} }} }}\n"
        )
    };
    folder.make(&yaml(&columns.join(", ")), &[]);
    let expected: Vec<&str> = types
        .iter()
        .flat_map(|(_, value)| [*value, *value])
        .collect();
    assert_eq!(folder.read("t.csv").trim_end(), expected.join(","));

    let times = "a: { expr: \"cast(at as timestamp(s))\" }, b: { expr: \"at::timestamp(ms, UTC)\" }, c: { expr: \"cast(at as timestamp ( us , Europe/Rome ))\" }, d: { expr: \"cast(at as date32)\" }, e: { expr: \"cast('2026-01-15 00:00:00' as timestamp(ns))\" }";
    folder.make(&yaml(times), &[]);
    assert_eq!(
        folder.read("t.csv").trim_end(),
        "2026-01-15T10:20:30,2026-01-15T10:20:30.123Z,2026-01-15T10:20:30.123456+01:00,2026-01-15,2026-01-15T00:00:00.000000000"
    );
    let refused = |cast: &str| folder.refuse(&yaml(&format!("x: {{ expr: \"{cast}\" }}")));
    for (cast, said) in [
        ("cast(n as unit8)", "did you mean `uint8`?"),
        (
            "cast(at as timestamp(us, Mars))",
            "unknown time zone `Mars`",
        ),
        ("cast(at as timestamp(hours))", "timestamp"),
        ("cast(n as uuid)", "cannot be cast to uuid"),
        ("timestamp(us)", "timestamp"),
    ] {
        let told = refused(cast);
        assert!(
            told.contains(said) && told.contains(" --> p.yaml:3:"),
            "{told}"
        );
    }
}
