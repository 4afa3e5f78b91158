//! The options of a kind as data, from their JSON Schema: for lists, for the reference pages.

use serde::Serialize;
use serde_json::Value;

/// How deep options within options are followed: they may hold each other.
// A generator within a list within a struct has itself as an option: without a bound it would never
// end.
const DEPTH: usize = 2;

/// One option, in words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct OptionText {
    /// Its key.
    pub name: String,
    /// What may stand there, in a few words.
    pub takes: String,
    /// It cannot be left out.
    pub required: bool,
    /// What it means.
    pub about: String,
    /// Where one of a few words may stand there: each that says something of itself.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub words: Vec<Word>,
    /// The options within it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub options: Vec<OptionText>,
}

/// One of the words that may stand somewhere.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Word {
    /// The word.
    pub word: String,
    /// What it means.
    pub about: String,
}

/// The options that a schema has, in its order.
pub fn options(schema: &Value) -> Vec<OptionText> {
    within(schema, schema, DEPTH)
}

/// The words of which one may stand where a schema has no options: `a, b, c`.
pub fn choices(schema: &Value) -> Option<String> {
    words(schema, schema)
}

fn within(schema: &Value, root: &Value, depth: usize) -> Vec<OptionText> {
    let schema = resolved(schema, root);
    let required: Vec<&str> = schema["required"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    let properties = schema["properties"].as_object().into_iter().flatten();
    let own = properties.map(|(name, option)| OptionText {
        name: name.clone(),
        takes: takes(option, root),
        required: required.contains(&name.as_str()),
        about: about(option, root),
        words: meanings(option, root),
        options: match depth {
            0 => Vec::new(),
            _ => within(option, root, depth - 1),
        },
    });
    let mut all: Vec<OptionText> = own.collect();
    // Of several shapes those with options of their own are told.
    all.extend(shapes(schema).flat_map(|shape| within(shape, root, depth)));
    all
}

fn about(option: &Value, root: &Value) -> String {
    let text = option["description"].as_str();
    let text = text.or_else(|| resolved(option, root)["description"].as_str());
    let text = text.unwrap_or_default().split_whitespace();
    text.collect::<Vec<_>>().join(" ")
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
fn takes(schema: &Value, root: &Value) -> String {
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
    let shapes = ["anyOf", "oneOf"]
        .iter()
        .filter_map(|word| schema[*word].as_array());
    for shape in shapes.flatten() {
        let name = takes(shape, root);
        if name != "nothing" && !names.contains(&name) {
            names.push(name);
        }
    }
    joined(names)
}

fn joined(mut names: Vec<String>) -> String {
    let has = |name: &str| names.iter().any(|known| known == name);
    let (number, truth) = (has("a number"), has("true or false"));
    if has("text") && number && truth {
        return "a value".into();
    }
    // The schema allows a text wherever a number stands, for `${…}`; to a reader that is noise.
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
    for choice in alternatives(schema).map(|choice| resolved(choice, root)) {
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

fn alternatives(schema: &Value) -> impl Iterator<Item = &Value> {
    ["oneOf", "anyOf"]
        .into_iter()
        .filter_map(|word| schema[word].as_array())
        .flatten()
}

/// What each word means of those that may stand there, where they say it.
fn meanings(schema: &Value, root: &Value) -> Vec<Word> {
    let direct = alternatives(resolved(schema, root)).map(|choice| resolved(choice, root));
    let nested = direct.flat_map(|choice| [choice].into_iter().chain(alternatives(choice)));
    nested
        .filter_map(|choice| {
            Some(Word {
                word: choice["const"].as_str()?.into(),
                about: choice["description"].as_str()?.into(),
            })
        })
        .collect()
}
