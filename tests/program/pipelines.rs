//! What ships is under test: pipelines, the schema beside them, the README's YAML.

use super::support::{Folder, project};

#[test]
fn every_pipeline_plans() {
    let folder = Folder::new();
    for entry in std::fs::read_dir(project().join("pipelines"))
        .unwrap()
        .flatten()
    {
        let path = entry.path().display().to_string();
        if path.ends_with(".yaml") && !path.ends_with("_tables.yaml") {
            let ended = folder.run(&["check", &path]);
            assert_eq!(ended.code, 0, "{path}: {}", ended.stderr);
        }
    }
}

#[test]
fn every_pipeline_makes_rows() {
    for entry in std::fs::read_dir(project().join("pipelines"))
        .unwrap()
        .flatten()
    {
        let path = entry.path().display().to_string();
        if path.ends_with(".yaml") && !path.ends_with("_tables.yaml") {
            let ended = Folder::new().run(&["preview", &path, "-n", "3", "--hidden"]);
            assert_eq!(ended.code, 0, "{path}: {}", ended.stderr);
            assert!(
                ended.stdout.lines().count() >= 5,
                "{path}: {}",
                ended.stdout
            );
        }
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
