//! The JSON Schema of a pipeline file, from the same structs that read it.

use schemars::generate::SchemaSettings;
use serde_json::{Value, json};

use super::pipeline::PipelineFile;

/// What stands for a value that is known only when the file is read.
const EXPANDED: &str = r"\$\{";

/// The schema as pretty JSON with a final newline.
pub fn schema() -> String {
    made(SchemaSettings::draft2020_12())
}

/// The same in draft-07, for editors that know no newer one.
pub fn schema_draft_07() -> String {
    // References keep the path of the newer draft.
    made(SchemaSettings::draft07()).replace("\"#/$defs/", "\"#/definitions/")
}

fn made(settings: SchemaSettings) -> String {
    let schema = settings
        .into_generator()
        .into_root_schema_for::<PipelineFile>();
    let mut schema = schema.to_value();
    // Shipped pipelines, which say `rows: "${rows}"`, showed red marks in editors.
    allow_expansion(&mut schema);
    refuse_empty(&mut schema);
    let mut text = serde_json::to_string_pretty(&schema).unwrap_or_default();
    text.push('\n');
    text
}

/// A number, a truth or one of a few words may also be text with `${…}` in it.
fn allow_expansion(schema: &mut Value) {
    match schema {
        Value::Array(items) => items.iter_mut().for_each(allow_expansion),
        Value::Object(object) => {
            let words = object.get("oneOf").is_some_and(are_words);
            if words {
                if let Some(Value::Array(choices)) = object.get_mut("oneOf") {
                    choices.push(json!({ "type": "string", "pattern": EXPANDED }));
                }
                return;
            }
            if object.contains_key("enum") {
                let word = std::mem::take(object);
                object.insert(
                    "anyOf".into(),
                    json!([word, { "type": "string", "pattern": EXPANDED }]),
                );
                return;
            }
            allow_text(object);
            for (key, value) in object.iter_mut() {
                match (key.as_str(), value) {
                    ("examples" | "default" | "const", _) => {}
                    // The keys of these maps are names of options, and no words of the schema.
                    (
                        "properties" | "patternProperties" | "$defs" | "definitions",
                        Value::Object(named),
                    ) => named.values_mut().for_each(allow_expansion),
                    (_, value) => allow_expansion(value),
                }
            }
        }
        _ => {}
    }
}

/// A list that is there has something in it, as `place::nothing` has it.
fn refuse_empty(schema: &mut Value) {
    let Value::Object(object) = schema else {
        if let Value::Array(items) = schema {
            items.iter_mut().for_each(refuse_empty);
        }
        return;
    };
    if object.get("type").is_some_and(|of| of == "array") {
        object.entry("minItems").or_insert(json!(1));
    }
    for (key, value) in object.iter_mut() {
        match (key.as_str(), value) {
            ("examples" | "default" | "const" | "enum", _) => {}
            (
                "properties" | "patternProperties" | "$defs" | "definitions",
                Value::Object(named),
            ) => {
                named.values_mut().for_each(refuse_empty);
            }
            (_, value) => refuse_empty(value),
        }
    }
}

fn are_words(choices: &Value) -> bool {
    let is_word = |choice: &Value| choice.get("const").is_some() || choice.get("enum").is_some();
    choices
        .as_array()
        .is_some_and(|choices| choices.iter().all(is_word))
}

/// `pattern` asks something of texts only, `minimum` and `format` of numbers only.
fn allow_text(object: &mut serde_json::Map<String, Value>) {
    let types = match object.get("type") {
        Some(Value::String(one)) => vec![json!(one)],
        Some(Value::Array(types)) => types.clone(),
        _ => return,
    };
    let has = |name: &str| types.iter().any(|one| one == name);
    if let Some(Value::String(pattern)) = object.get_mut("pattern") {
        *pattern = format!("{pattern}|{EXPANDED}");
        return;
    }
    if has("string")
        || !["integer", "number", "boolean"]
            .iter()
            .any(|name| has(name))
    {
        return;
    }
    let types: Vec<Value> = types.into_iter().chain([json!("string")]).collect();
    object.insert("type".into(), types.into());
    object.insert("pattern".into(), EXPANDED.into());
}
