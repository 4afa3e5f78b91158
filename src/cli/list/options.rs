//! A kind's options as lines of text, from their JSON Schema.

use serde_json::Value;

/// How deep options within options are followed: they may hold each other.
const DEPTH: usize = 2;

/// A heading and a line for each option; nothing where there is none to name.
pub(super) fn describe_options(title: &str, schema: &Value) -> String {
    let mut text = String::new();
    let shape = described(schema, schema, "    ", DEPTH);
    if !shape.is_empty() {
        text.push_str(&format!("\n  {title}:\n{shape}"));
    } else if let Some(values) = words(schema, schema) {
        text.push_str(&format!("\n  one of {values}\n"));
    }
    text
}

fn described(schema: &Value, root: &Value, margin: &str, depth: usize) -> String {
    let mut text = String::new();
    let schema = resolved(schema, root);
    let required: Vec<&str> = schema["required"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    for (name, option) in schema["properties"].as_object().into_iter().flatten() {
        let option_is = of_type(option, root);
        let must = if required.contains(&name.as_str()) {
            ", required"
        } else {
            ""
        };
        let about = option["description"].as_str();
        let about = about.or_else(|| resolved(option, root)["description"].as_str());
        let about = about.unwrap_or_default().split_whitespace();
        let about = about.collect::<Vec<_>>().join(" ");
        text.push_str(&format!("{margin}{name:<16} {option_is}{must}\n"));
        text.push_str(&format!("{margin}{:<16} {about}\n", ""));
        if depth > 0 {
            let within = format!("{margin}    ");
            text.push_str(&described(option, root, &within, depth - 1));
        }
    }
    // Of several shapes those with options of their own are told.
    for shape in shapes(schema) {
        text.push_str(&described(shape, root, margin, depth));
    }
    text
}

fn shapes(schema: &Value) -> impl Iterator<Item = &Value> {
    ["anyOf", "oneOf", "allOf"]
        .into_iter()
        .filter_map(|word| schema[word].as_array())
        .flatten()
        // A kind with its options is told by its own name.
        .filter(|shape| {
            shape["maxProperties"].is_null()
                && shape["required"].as_array().map_or(0, Vec::len) != 1
        })
}

/// The schema that a reference names.
fn resolved<'a>(schema: &'a Value, root: &'a Value) -> &'a Value {
    let name = schema["$ref"]
        .as_str()
        .and_then(|path| path.rsplit('/').next());
    let target = name.and_then(|name| root["$defs"].get(name));
    target.unwrap_or(schema)
}

/// What may stand there, in a few words.
fn of_type(schema: &Value, root: &Value) -> String {
    if let Some(words) = words(schema, root) {
        return format!("one of {words}");
    }
    let schema = resolved(schema, root);
    let mut names: Vec<String> = match &schema["type"] {
        Value::String(name) => vec![plain(name).into()],
        // What is read as text is written as it is: the type says more than its spelling.
        Value::Array(names) => names
            .iter()
            .filter_map(Value::as_str)
            .filter(|name| *name != "null")
            .map(|name| plain(name).to_string())
            .collect(),
        _ => Vec::new(),
    };
    for shape in ["anyOf", "oneOf"]
        .iter()
        .filter_map(|word| schema[*word].as_array())
        .flatten()
    {
        let name = of_type(shape, root);
        if name != "nothing" && !names.contains(&name) {
            names.push(name);
        }
    }
    let has = |name: &str| names.iter().any(|known| known == name);
    let (number, truth) = (has("a number"), has("true or false"));
    if has("text") && number && truth {
        return "a value".into();
    }
    // Whatever is no text may be written as one, for `${…}`.
    let special = number || truth || has("a whole number");
    names.retain(|name| !(name == "text" && special || name == "a whole number" && number));
    match names.as_slice() {
        [] => "a value".into(),
        names => names.join(" or "),
    }
}

fn plain(name: &str) -> &str {
    match name {
        "string" => "text",
        "integer" => "a whole number",
        "number" => "a number",
        "boolean" => "true or false",
        "array" => "a list",
        "object" => "a map",
        _ => "nothing",
    }
}

/// The words of which one may stand there.
fn words(schema: &Value, root: &Value) -> Option<String> {
    let schema = resolved(schema, root);
    let mut words: Vec<&str> = Vec::new();
    if let Some(one) = schema["const"].as_str() {
        words.push(one);
    }
    words.extend(
        schema["enum"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(Value::as_str),
    );
    let choices = ["oneOf", "anyOf"]
        .iter()
        .filter_map(|word| schema[*word].as_array());
    for choice in choices.flatten().map(|choice| resolved(choice, root)) {
        match (choice["const"].as_str(), choice["enum"].as_array()) {
            (Some(one), _) => words.push(one),
            (None, Some(some)) => words.extend(some.iter().filter_map(Value::as_str)),
            (None, None) if choice["type"] == "null" => {}
            (None, None) => {
                let inner = choice["oneOf"].as_array()?;
                let names = inner.iter().map(|choice| choice["const"].as_str());
                words.extend(names.collect::<Option<Vec<_>>>()?);
            }
        }
    }
    (!words.is_empty()).then(|| words.join(", "))
}
