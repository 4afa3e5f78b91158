//! Our own pipelines show no red mark in an editor: each is valid by the schema, in both drafts.

use serde_json::Value;

use super::support::{Folder, project};

/// What of the schema a value breaks, by the words of JSON Schema that ours uses.
fn broken(value: &Value, schema: &Value, root: &Value, at: &str) -> Option<String> {
    if schema == &Value::Bool(true) {
        return None;
    }
    if let Some(path) = schema["$ref"].as_str() {
        let target = root.pointer(path.strip_prefix('#').unwrap());
        let target = target.unwrap_or_else(|| panic!("{path} leads nowhere"));
        return broken(value, target, root, at);
    }
    let fails = |schema: &Value| broken(value, schema, root, at);
    if let Some(choices) = schema["anyOf"].as_array()
        && choices.iter().all(|choice| fails(choice).is_some())
    {
        return Some(format!("{at}: {value} is none of the alternatives"));
    }
    if let Some(choices) = schema["oneOf"].as_array() {
        let fit = choices
            .iter()
            .filter(|choice| fails(choice).is_none())
            .count();
        if fit != 1 {
            return Some(format!("{at}: {value} fits {fit} alternatives"));
        }
    }
    if let Some(all) = schema["allOf"].as_array()
        && let Some(reason) = all.iter().find_map(fails)
    {
        return Some(reason);
    }
    let wrong_type = || {
        let types = match &schema["type"] {
            Value::String(one) => vec![one.as_str()],
            Value::Array(some) => some.iter().filter_map(Value::as_str).collect(),
            _ => return false,
        };
        !types.iter().any(|name| is(value, name))
    };
    if wrong_type() {
        return Some(format!("{at}: {value} is no {}", schema["type"]));
    }
    if schema["const"] != Value::Null && &schema["const"] != value {
        return Some(format!("{at}: {value} is not {}", schema["const"]));
    }
    if let Some(words) = schema["enum"].as_array()
        && !words.contains(value)
    {
        return Some(format!("{at}: {value} is not listed"));
    }
    // Other patterns allow more than that, and are not looked at.
    if let (Some(r"\$\{"), Some(text)) = (schema["pattern"].as_str(), value.as_str())
        && !text.contains("${")
    {
        return Some(format!("{at}: {value} has no `${{…}}`"));
    }
    within(value, schema, root, at)
}

fn within(value: &Value, schema: &Value, root: &Value, at: &str) -> Option<String> {
    if let (Some(items), Some(of)) = (value.as_array(), schema.get("items")) {
        let mut items = items.iter().enumerate();
        return items.find_map(|(index, item)| broken(item, of, root, &format!("{at}/{index}")));
    }
    let object = value.as_object()?;
    let required = schema["required"].as_array().into_iter().flatten();
    let missing = required
        .filter_map(Value::as_str)
        .find(|name| !object.contains_key(*name));
    if let Some(name) = missing {
        return Some(format!("{at}: {name} is missing"));
    }
    object.iter().find_map(|(name, value)| {
        let at = format!("{at}/{name}");
        match (
            schema["properties"].get(name),
            schema.get("additionalProperties"),
        ) {
            (Some(option), _) => broken(value, option, root, &at),
            (None, Some(Value::Bool(false))) => {
                (!name.starts_with("x-")).then(|| format!("{at} is not known"))
            }
            (None, Some(others)) => broken(value, others, root, &at),
            (None, None) => None,
        }
    })
}

fn is(value: &Value, name: &str) -> bool {
    match name {
        "string" => value.is_string(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        "boolean" => value.is_boolean(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        "null" => value.is_null(),
        other => panic!("{other} is no type"),
    }
}

fn shipped() -> Vec<(String, Value)> {
    let folders = ["pipelines", "benches/pipelines", "src/cli/init"];
    let files = folders
        .iter()
        .flat_map(|folder| std::fs::read_dir(project().join(folder)).unwrap().flatten());
    files
        .map(|entry| entry.path())
        .filter(|path| {
            path.extension()
                .is_some_and(|extension| extension == "yaml")
        })
        .map(|path| {
            let text = std::fs::read_to_string(&path).unwrap();
            (
                path.display().to_string(),
                serde_yaml::from_str(&text).unwrap(),
            )
        })
        .collect()
}

#[test]
fn every_shipped_pipeline_is_valid_in_both_drafts() {
    let folder = Folder::new();
    for draft in ["2020-12", "07"] {
        let schema = folder.run(&["schema", "--draft", draft]).stdout;
        let schema: Value = serde_json::from_str(&schema).unwrap();
        let said = schema["$schema"].as_str().unwrap();
        assert!(said.contains(draft), "{said}");
        let pipelines = shipped();
        assert!(pipelines.len() > 10);
        for (path, pipeline) in pipelines {
            assert_eq!(
                broken(&pipeline, &schema, &schema, ""),
                None,
                "{path} ({draft})"
            );
        }
    }
}

#[test]
fn expansions_are_allowed_and_mistakes_are_not() {
    let folder = Folder::new();
    let schema: Value = serde_json::from_str(&folder.run(&["schema"]).stdout).unwrap();
    let valid = |sink: &str| {
        let yaml = format!(
            "version: 1\ntables: {{ t: {{ rows: \"${{n}}\", columns: {{ a: sequence }} }} }}\nsinks: [{sink}]\n"
        );
        broken(&serde_yaml::from_str(&yaml).unwrap(), &schema, &schema, "").is_none()
    };
    assert!(valid(
        "{ file: { path: a.csv, if_exists: replace, fsync: true, files: 3 } }"
    ));
    assert!(valid(
        r#"{ file: { path: a.csv, if_exists: "${e}", fsync: "${f}", files: "${n}" } }"#
    ));
    assert!(!valid("{ file: { path: a.csv, if_exists: replcae } }"));
    assert!(!valid("{ file: { path: a.csv, if_exist: replace } }"));
    assert!(!valid("{ flie: { path: a.csv } }"));
}
