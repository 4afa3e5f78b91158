//! What a path says: refused before the first row with its place and a hint, or done right.

use super::support::{Ended, Folder};

fn write(path: &str) -> String {
    format!(
        "version: 1
tables:
  t: {{ rows: 3, columns: {{ id: sequence }} }}
sinks:
  - file: {{ table: t, path: {path} }}
"
    )
}

fn run(folder: &Folder, yaml: &str) -> Ended {
    folder.write("p.yaml", yaml);
    folder.run(&["run", "p.yaml", "--quiet"])
}

#[test]
fn a_path_that_leads_elsewhere_is_refused_and_makes_nothing() {
    let paths = [
        "\"s3a://bucket/x.csv\"",
        "gs://bucket",
        "\"hdfs://node:8020/a/b.avro\"",
        "\"https://example.com/x.csv\"",
        "~/out/x.csv",
        "\"\"",
        "~",
        "\"out/{day}.csv\"",
        "\"out/{{ ds }}.csv\"",
        "\"$HOME/x.csv\"",
        "'C:\\out\\x.csv'",
    ];
    let folder = Folder::new();
    let mut said = Vec::new();
    for path in paths {
        let ended = run(&folder, &write(path));
        assert_eq!(ended.code, 1, "{ended:?}");
        assert_eq!(folder.names(""), ["p.yaml"], "{path}");
        said.push(ended.stderr);
    }
    insta::assert_snapshot!(said.join("\n"));
}

#[test]
fn every_place_where_a_path_is_written_refuses_the_same() {
    let places = [
        ("csv", "  t: { from: { csv: { path: PATH } } }"),
        ("json", "  t: { from: { json: { path: PATH } } }"),
        ("parquet", "  t: { from: { parquet: { path: PATH } } }"),
        ("avro", "  t: { from: { avro: { path: PATH } } }"),
        (
            "dead letters",
            "  t: { from: { csv: { path: in.csv, on_bad_row: { dead_letter: PATH } } } }",
        ),
        (
            "reference",
            "  t: { rows: 1, columns: { id: sequence } }\nreference: { r: { path: PATH } }",
        ),
        (
            "include",
            "  t: { rows: 1, columns: { id: sequence } }\ninclude: PATH",
        ),
        (
            "includes",
            "  t: { rows: 1, columns: { id: sequence } }\ninclude: [PATH]",
        ),
    ];
    let sinks = [
        "file: { path: PATH, format: csv }",
        "file: { path: out.avro, format: { avro: { schema_file: PATH } } }",
        #[cfg(feature = "kafka")]
        "kafka: { brokers: \"localhost:1\", topic: x, on_bad_row: { dead_letter: PATH } }",
        #[cfg(feature = "kafka")]
        "kafka: { brokers: \"localhost:1\", topic: x, tls: { ca: PATH } }",
    ];
    let tables = places.map(|(name, tables)| {
        (
            name,
            format!("version: 1\ntables:\n{tables}\nsinks: [discard]\n"),
        )
    });
    let sinks = sinks.map(|sink| {
        (
            sink,
            write("x").replace("file: { table: t, path: x }", sink),
        )
    });
    let folder = Folder::new();
    folder.write("in.csv", "id\n1\n");
    for (name, yaml) in tables.iter().chain(&sinks) {
        for (path, begins) in [
            (
                "\"hdfs://node/x.csv\"",
                "error: `hdfs://node/x.csv` is not on this machine",
            ),
            ("~/x.csv", "error: `~` is a word of the shell"),
            ("\"\"", "error: the path is empty"),
            (
                "\"in/{day}.csv\"",
                "error: unknown placeholder `{day}` in a path",
            ),
        ] {
            let said = folder.refuse(&yaml.replace("PATH", path));
            assert!(said.starts_with(begins), "{name}: {said}");
            assert!(
                said.contains(" --> p.yaml:") && said.contains("\n  hint: "),
                "{name}: {said}"
            );
        }
    }
}

#[test]
fn the_command_line_refuses_the_same() {
    let folder = Folder::new();
    folder.write("p.yaml", &write("x.csv"));
    let calls: [&[&str]; 5] = [
        &["run", "p.yaml", "--out=~/x"],
        &["run", "p.yaml", "--out", "s3://bucket/x"],
        &["run", "p.yaml", "--report", "gs://bucket/r.json"],
        &["check", "https://example.com/p.yaml"],
        &["init", "shop", "~/shop.yaml"],
    ];
    let said = calls.map(|call| {
        let ended = folder.run(call);
        assert_eq!(ended.code, 1, "{ended:?}");
        ended.stderr
    });
    assert_eq!(folder.names(""), ["p.yaml"]);
    insta::assert_snapshot!(said.join("\n"));
    let mut command = folder.command(&["run", "p.yaml", "--quiet"]);
    let ended = Ended::from(command.env("ROWGEN_OUT", "~/x").output().unwrap());
    assert!(
        ended.stderr.contains("`~` is a word of the shell"),
        "{ended:?}"
    );
    assert_eq!(folder.names(""), ["p.yaml"]);
}

#[test]
fn a_hint_works_when_it_is_followed() {
    let folder = Folder::new();
    let home = folder.path("home");
    folder.write("p.yaml", &write("~/x.csv"));
    let said = folder.run(&["run", "p.yaml", "--quiet"]).stderr;
    let hint = "in a pipeline write `\"${env:HOME}/x.csv\"`";
    assert!(said.contains(hint), "{said}");
    folder.write("p.yaml", &write("\"${env:HOME}/x.csv\""));
    let mut command = folder.command(&["run", "p.yaml", "--quiet"]);
    let ended = Ended::from(command.env("HOME", &home).output().unwrap());
    assert_eq!(ended.code, 0, "{ended:?}");
    assert_eq!(folder.read("home/x.csv"), "id\n1\n2\n3\n");
}

#[test]
fn a_folder_may_have_a_dot_in_its_name() {
    for (path, parts) in [
        (
            "out/2026.01.15/, format: parquet",
            "out/2026.01.15/part-00000.parquet",
        ),
        (
            "out/2026.01.15, format: csv",
            "out/2026.01.15/part-00000.csv",
        ),
        ("out/v1.2, format: parquet", "out/v1.2/part-00000.parquet"),
        ("out/data.csv/", "out/data.csv/part-00000.csv"),
        (
            "out/data.jsonl.gz/",
            "out/data.jsonl.gz/part-00000.jsonl.gz",
        ),
        (
            "\"out/{table}.d/\", format: avro",
            "out/t.d/part-00000.avro",
        ),
        ("out/../a.b/, format: csv", "a.b/part-00000.csv"),
    ] {
        let folder = Folder::new();
        std::fs::create_dir(folder.path("out")).unwrap();
        let ended = run(&folder, &write(path));
        assert_eq!(ended.code, 0, "{path}: {}", ended.stderr);
        assert!(
            folder.path(parts).is_file(),
            "{path}: {:?}",
            folder.names("")
        );
    }
}

#[test]
fn one_file_that_may_have_been_meant_as_a_folder_is_said() {
    let folder = Folder::new();
    folder.write("p.yaml", &write("out/data.v2, format: csv"));
    let ended = folder.run(&["run", "p.yaml", "--log", "text"]);
    assert_eq!(ended.code, 0, "{ended:?}");
    let said = "warning: sink `file-1`: `out/data.v2` is one file: `.v2` reads as an extension (`out/data.v2/` is a folder)\n";
    assert!(ended.stderr.starts_with(said), "{}", ended.stderr);
    assert!(folder.path("out/data.v2").is_file());
    let hint = folder.run(&["check", "p.yaml"]).stderr;
    assert!(hint.starts_with(said), "{hint}");
}

#[test]
fn a_file_is_what_its_name_says() {
    let folder = Folder::new();
    let yaml = |path: &str, format: &str| {
        format!(
            "version: 1\ntables: {{ t: {{ rows: 3, columns: {{ id: sequence }} }} }}\nsinks:\n  - file: {{ path: {path}, format: {format} }}\n"
        )
    };
    let zstd = "{ csv: { compression: zstd } }";
    let said = [
        ("out/x.csv.gz", zstd),
        ("out/x.csv.gz", "{ csv: { compression: none } }"),
        ("out/x.jsonl.zst", "{ json: { compression: gzip(9) } }"),
        ("out/x.parquet", "csv"),
        ("out/x.csv", "parquet"),
        ("out/x.csv.gz", "avro"),
        (
            "\"out/{table}.avro\"",
            "{ json: { layout: array, compression: gzip } }",
        ),
    ]
    .map(|(path, format)| folder.refuse(&yaml(path, format)))
    .join("\n");
    insta::assert_snapshot!(said);
    for (path, format) in [
        ("out/a.csv.zst", zstd),
        ("out/b.csv", zstd),
        ("out/c.txt", "csv"),
        ("out/d.dat.gz", "csv"),
        ("out/e.json", "{ json: { layout: lines } }"),
        ("out/f.parquet/", "csv"),
        ("/dev/stdout", zstd),
    ] {
        let ended = run(&folder, &yaml(path, format));
        assert_eq!(ended.code, 0, "{path}: {}", ended.stderr);
    }
}

/// Where relative paths start: to read at the file that says them, to write in the current folder or in
/// `--out`.
#[test]
fn relative_paths_start_where_the_rule_says() {
    let folder = Folder::new();
    folder.write("conf/in/a.csv", "id,k\n1,a\nx,b\n2,a\n");
    folder.write("conf/names.csv", "k,name\na,Anna\n");
    folder.write(
        "conf/shared/more.yaml",
        "version: 1\nreference: { names: { path: ../names.csv } }\n",
    );
    let yaml = "version: 1
include: shared/more.yaml
tables:
  t:
    from: { csv: { path: in/a.csv, on_bad_row: { dead_letter: bad/letters.jsonl } } }
    types: { id: int64 }
    columns: { name: { lookup: { from: names, match: { k: k }, field: name } } }
sinks:
  - file: { path: out/x.csv, if_exists: replace }
";
    folder.write("conf/p.yaml", yaml);
    let run = |arguments: &[&str]| {
        let ended = folder.run(
            &[
                &["run", "conf/p.yaml", "--quiet", "--report", "r.json"],
                arguments,
            ]
            .concat(),
        );
        assert_eq!(ended.code, 3, "{ended:?}");
    };
    run(&[]);
    for name in ["out/x.csv", "bad/letters.jsonl", "r.json"] {
        assert!(folder.path(name).is_file(), "{name}");
    }
    assert_eq!(folder.read("out/x.csv"), "id,k,name\n1,a,Anna\n2,a,Anna\n");
    std::fs::remove_file(folder.path("r.json")).unwrap();
    run(&["--out", "else"]);
    for name in ["else/out/x.csv", "else/bad/letters.jsonl", "r.json"] {
        assert!(folder.path(name).is_file(), "{name}");
    }
}

#[test]
fn a_path_to_read_that_was_meant_from_the_current_folder_is_told() {
    let folder = Folder::new();
    folder.write("out/x.csv", "id\n1\n");
    let yaml =
        "version: 1\ntables: { t: { from: { csv: { path: out/x.csv } } } }\nsinks: [discard]\n";
    folder.write("pipelines/p.yaml", yaml);
    let ended = folder.run(&["check", "pipelines/p.yaml"]);
    let hint =
        "  hint: a path to read starts at the file that says it: from there it is `../out/x.csv`\n";
    assert!(ended.stderr.ends_with(hint), "{}", ended.stderr);
    folder.write(
        "pipelines/p.yaml",
        &yaml.replace("out/x.csv", "../out/x.csv"),
    );
    assert_eq!(folder.run(&["check", "pipelines/p.yaml"]).code, 0);
}

#[test]
fn nothing_is_written_where_something_is_read() {
    let folder = Folder::new();
    for name in ["in/a.csv", "in/b.csv"] {
        folder.write(name, "id,k\n1,a\n");
    }
    folder.write("ref.csv", "id\n1\n");
    folder.write("params.yaml", "version: 1\nparams: { n: 1 }\n");
    std::os::unix::fs::symlink(folder.path("in"), folder.path("link")).unwrap();
    let yaml = |read: &str, written: &str, letters: &str| {
        format!(
            "version: 1
include: params.yaml
reference: {{ r: {{ path: ref.csv }} }}
tables:
  t: {{ from: {{ csv: {{ path: '{read}', on_bad_row: {{ dead_letter: {letters} }} }} }} }}
sinks:
  - file: {{ path: {written}, format: csv, if_exists: replace }}
"
        )
    };
    let before = folder.visible(".");
    for (read, written) in [
        ("in", "in/c.csv"),
        ("in", "in"),
        ("in", "link/c.csv"),
        ("in/*.csv", "in/c.csv"),
        ("in/*.csv", "in"),
        ("in/?.csv", "in/b.csv"),
        ("in/a.csv", "./in/a.csv"),
        ("in/a.csv", "params.yaml"),
        ("in/a.csv", "ref.csv"),
        ("in/a.csv", "p.yaml"),
    ] {
        let text = yaml(read, written, "bad.jsonl");
        let ended = run(&folder, &text);
        assert_eq!(ended.code, 1, "{read} {written}: {ended:?}");
        let what = format!("error: `{written}` holds what this run reads\n --> p.yaml:7:");
        assert!(
            ended.stderr.contains(&what),
            "{read} {written}: {}",
            ended.stderr
        );
        assert_eq!(folder.refuse(&text), ended.stderr, "{read} {written}");
        std::fs::remove_file(folder.path("p.yaml")).unwrap();
        assert_eq!(folder.visible("."), before, "{read} {written}");
    }
    for letters in [
        "in/bad.jsonl",
        "in/a.csv",
        "params.yaml",
        "link/x/bad.jsonl",
    ] {
        let ended = run(&folder, &yaml("in", "out.csv", letters));
        assert_eq!(ended.code, 1, "{letters}: {ended:?}");
        let what = format!("error: `{letters}` holds what this run reads\n");
        assert!(
            ended.stderr.starts_with(&what),
            "{letters}: {}",
            ended.stderr
        );
    }
    for (read, written) in [
        ("in", "in2/c.csv"),
        ("in/a.csv", "in/c.csv"),
        ("in/*.csv", "in/c.txt"),
    ] {
        let ended = run(&folder, &yaml(read, written, "bad.jsonl"));
        assert_eq!(ended.code, 0, "{read} {written}: {}", ended.stderr);
    }
}

#[test]
fn a_report_does_not_replace_what_is_read() {
    let folder = Folder::new();
    folder.write("p.yaml", &write("x.csv"));
    let before = folder.read("p.yaml");
    let ended = folder.run(&["run", "p.yaml", "--quiet", "--report", "./p.yaml"]);
    assert_eq!(
        (ended.code, ended.stderr.as_str()),
        (
            1,
            "error: the report cannot be `./p.yaml`: this run reads that\n  caused by: `p.yaml` would be written over\n  hint: give `--report` a path of its own\n"
        )
    );
    assert_eq!(folder.read("p.yaml"), before);
    assert_eq!(folder.names(""), ["p.yaml"]);
}

/// Wherever the program is called: the certificates of an authority are part of what a pipeline says.
#[cfg(all(feature = "mysql", feature = "postgres"))]
#[test]
fn authorities_stand_beside_the_pipeline() {
    let server = "127.0.0.1:1";
    let sources = [
        format!(
            "postgres: {{ url: \"postgres://u@{server}/d\", table: t, tls: {{ ca: ca.crt }} }}"
        ),
        format!("mysql: {{ url: \"mysql://u@{server}/d\", table: t, tls: {{ ca: ca.crt }} }}"),
    ];
    for source in sources {
        let folder = Folder::new();
        let yaml =
            format!("version: 1\ntables:\n  t: {{ from: {{ {source} }} }}\nsinks: [discard]\n");
        folder.write("sub/p.yaml", &yaml);
        // One that lies where the program is called is another's.
        folder.write("ca.crt", "nothing");
        let said = |cause: &str| format!("error: could not read `ca.crt`\n  caused by: {cause}\n");
        let ended = folder.run(&["run", "sub/p.yaml", "--quiet"]);
        let absent = said("No such file or directory (os error 2)");
        assert_eq!((ended.code, ended.stderr), (1, absent), "{source}");
        folder.write("sub/ca.crt", "nothing");
        let ended = folder.run(&["run", "sub/p.yaml", "--quiet"]);
        let empty = said("it has no certificate");
        assert_eq!((ended.code, ended.stderr), (1, empty), "{source}");
    }
}
