//! What ships is under test: pipelines, the schema beside them, the README's YAML.

use rowgen::column::GeneratorKind;
use rowgen::format::FormatKind;
use rowgen::registry::Kind;
use rowgen::sink::SinkKind;
use rowgen::source::SourceKind;

use super::support::{Folder, project};

/// Every pipeline that ships, and those of the benchmarks; not the tables that they share.
fn pipelines() -> Vec<String> {
    ["pipelines", "benches/pipelines"]
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
        if std::fs::read_to_string(&path)
            .unwrap()
            .contains("from: { kafka:")
            || path.contains("kafka_to_")
        {
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
fn the_readme_s_pipelines_plan() {
    let text = std::fs::read_to_string(project().join("README.md")).unwrap();
    let mut checked = 0;
    for block in text.split("```yaml\n").skip(1) {
        let yaml = block.split("```").next().unwrap();
        if !yaml.starts_with("version:") && !yaml.contains("\nversion:") {
            continue;
        }
        let folder = Folder::new();
        for name in ["countries.json", "agents.json"] {
            folder.write(
                &format!("data/{name}"),
                r#"[{"id":1,"code":"IT","name":"Italy","master_agent_id":1,"status":1}]"#,
            );
        }
        folder.write("pipelines/p.yaml", yaml);
        let ended = folder.run(&["check", "pipelines/p.yaml"]);
        assert_eq!(ended.code, 0, "{}\n{yaml}", ended.stderr);
        checked += 1;
    }
    assert!(checked > 0, "the README shows no whole pipeline");
}

/// A registry as a Markdown table.
fn table(kinds: &[Kind]) -> String {
    let row = |kind: &Kind| {
        let example = kind.example.replace('|', "\\|");
        format!(
            "| `{}` | {} | `{example}` |\n",
            kind.name,
            kind.summary().replace('|', "\\|")
        )
    };
    let rows: String = kinds.iter().map(row).collect();
    format!("| kind | what it is | example |\n|---|---|---|\n{rows}")
}

/// What a command prints, as the README shows it.
fn shown(folder: &Folder, arguments: &[&str]) -> String {
    let ended = folder.run(arguments);
    format!(
        "```text\n$ rowgen {}\n{}{}```\n",
        arguments.join(" "),
        ended.stdout,
        ended.stderr
    )
}

/// The README with what stands between the marks of `name` replaced.
fn between(readme: &str, name: &str, text: &str) -> String {
    let (open, close) = (format!("<!-- {name} -->\n"), format!("<!-- /{name} -->"));
    let (before, rest) = readme.split_once(&open).unwrap();
    let (_, after) = rest.split_once(&close).unwrap();
    format!("{before}{open}{text}{close}{after}")
}

#[test]
fn the_readme_s_tables_and_outputs_are_current() {
    let path = project().join("README.md");
    let readme = std::fs::read_to_string(&path).unwrap();
    let yaml = readme
        .split("```yaml\n")
        .nth(1)
        .unwrap()
        .split("```")
        .next()
        .unwrap();
    let folder = Folder::new();
    folder.write("orders.yaml", yaml);
    let wrong = yaml
        .replace("copy: customer_id.country", "copy: customer_id.contry")
        .replace(
            "choice: [PAID, SHIPPED, CANCELLED], nulls: 0.01",
            "choice: [PAID, SHIPPED, CANCELLED], unique: true",
        );
    folder.write("wrong.yaml", &wrong);
    let current = [
        (
            "preview",
            shown(
                &folder,
                &["preview", "orders.yaml", "--table", "orders", "-n", "3"],
            ),
        ),
        ("mistake", shown(&folder, &["check", "wrong.yaml"])),
        ("columns", table(GeneratorKind::KINDS)),
        ("formats", table(FormatKind::KINDS)),
        ("sources", table(SourceKind::KINDS)),
        ("sinks", table(SinkKind::KINDS)),
    ];
    let fresh = current.iter().fold(readme.clone(), |readme, (name, text)| {
        between(&readme, name, text)
    });
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&path, &fresh).unwrap();
    }
    let kept = std::fs::read_to_string(&path).unwrap();
    assert!(
        kept == fresh,
        "README.md is out of date: UPDATE=1 cargo test --test program readme"
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
