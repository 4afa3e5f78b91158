//! What ships is under test: pipelines, the schema beside them, the examples.

use super::support::{Folder, project};

/// Every pipeline that ships, and those of the benchmarks and of deploy/; not the tables that they share.
fn pipelines() -> Vec<String> {
    let folders = [
        "pipelines",
        "benches/pipelines",
        "deploy/kubernetes/pipelines",
    ];
    folders
        .iter()
        .flat_map(|folder| std::fs::read_dir(project().join(folder)).unwrap().flatten())
        .map(|entry| entry.path().display().to_string())
        .filter(|path| path.ends_with(".yaml") && !path.ends_with("_tables.yaml"))
        .collect()
}

/// What a pipeline reads is made first, by the one that is there for it.
fn input(folder: &Folder, path: &str) -> Option<String> {
    let text = std::fs::read_to_string(path).unwrap();
    if text.contains("${payloads}") {
        folder.write("users.csv", "id|nome_utente|email\n1|a|b\n2|c|d\n3|e|f\n");
        let schema = r#"{"type":"record","name":"Row","fields":[{"name":"id","type":"long"}]}"#;
        folder.write("users.avsc", schema);
        folder.write("casino.avsc", schema);
        return Some(format!("--set=payloads={}", folder.path("").display()));
    }
    if !path.ends_with("/users.yaml") {
        return None;
    }
    let maker = project()
        .join("pipelines/users_csv.yaml")
        .display()
        .to_string();
    let ended = folder.run(&["run", &maker, "--rows", "1000", "--quiet"]);
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    let users = folder.path("out/users_million.csv");
    Some(format!("--set=users={}", users.display()))
}

#[test]
fn every_pipeline_plans() {
    let folder = Folder::new();
    for path in pipelines() {
        let input = input(&folder, &path);
        let input: Vec<&str> = input.iter().map(String::as_str).collect();
        let ended = folder.run(&[&["check", &path][..], &input].concat());
        assert_eq!(ended.code, 0, "{path}: {}", ended.stderr);
    }
}

#[test]
fn every_pipeline_makes_rows() {
    for path in pipelines() {
        let folder = Folder::new();
        let input = input(&folder, &path);
        let input: Vec<&str> = input.iter().map(String::as_str).collect();
        let ended = folder.run(&[&["preview", &path, "-n", "3", "--hidden"][..], &input].concat());
        let text = std::fs::read_to_string(&path).unwrap();
        let streams = [
            "from: { kafka:",
            "from:\n      kafka:",
            "from:\n      rabbitmq:",
        ];
        if streams.iter().any(|stream| text.contains(stream)) {
            let said = "error: a stream has no rows before the run";
            assert!(ended.stderr.starts_with(said), "{path}: {}", ended.stderr);
            continue;
        }
        assert_eq!(ended.code, 0, "{path}: {}", ended.stderr);
        assert!(
            ended.stdout.lines().count() >= 5,
            "{path}: {}",
            ended.stdout
        );
    }
}

#[test]
fn the_schema_is_current() {
    let path = project().join("pipelines/schema.json");
    let schema = rowgen::spec::schema();
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&path, &schema).unwrap();
    }
    let kept = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        kept == schema,
        "pipelines/schema.json is out of date: UPDATE=1 cargo test --test program schema"
    );
}

#[test]
fn examples_run() {
    for name in ["batches", "own_column", "own_sink"] {
        let path = std::path::Path::new(env!("CARGO_BIN_EXE_rowgen"))
            .with_file_name("examples")
            .join(name);
        let output = std::process::Command::new(&path)
            .current_dir(project())
            .output()
            .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        assert!(
            output.status.success(),
            "{name}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        let source =
            std::fs::read_to_string(project().join(format!("examples/{name}.rs"))).unwrap();
        assert!(
            source.lines().count() <= 40 && !output.stdout.is_empty(),
            "{name}"
        );
    }
}
