//! A kind's options as lines of text.

use serde_json::Value;

use crate::registry::options::{OptionText, choices, options};

/// A heading and a line for each option; nothing where there is none to name.
pub(super) fn describe_options(title: &str, schema: &Value) -> String {
    let shape = lines(&options(schema), "    ");
    if !shape.is_empty() {
        return format!("\n  {title}:\n{shape}");
    }
    choices(schema).map_or_else(String::new, |words| format!("\n  one of {words}\n"))
}

fn lines(options: &[OptionText], margin: &str) -> String {
    let mut text = String::new();
    for option in options {
        let (name, takes) = (&option.name, &option.takes);
        let must = if option.required { ", required" } else { "" };
        text.push_str(&format!("{margin}{name:<16} {takes}{must}\n"));
        text.push_str(&format!("{margin}{:<16} {}\n", "", option.about));
        text.push_str(&lines(&option.options, &format!("{margin}    ")));
    }
    text
}
