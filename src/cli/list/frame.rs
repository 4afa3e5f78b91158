//! A kind where it stands in a pipeline: more than its own line, less than the manual.

use crate::column::GENERATOR_EXAMPLES;
use crate::registry::Kind;

/// What stands around a kind of this section, with the kind in it.
pub(super) fn frame(section: &str, kind: &Kind) -> String {
    let Kind { name, example, .. } = kind;
    let sink = |format: &str| format!("sinks:\n  - {format}\n");
    match section {
        "columns" => {
            let known = GENERATOR_EXAMPLES.iter().find(|(known, _)| known == name);
            known.map_or(String::new(), |(_, text)| (*text).to_string())
        }
        "distributions" => format!(
            "tables:\n  t:\n    rows: 100\n    columns:\n      items: {{ list: {{ length: {{ {example} }}, of: {{ choice: [a, b] }} }} }}\n"
        ),
        "formats" => sink(&format!(
            "file: {{ table: t, path: out/t, format: {{ {example} }} }}"
        )),
        "messages" => sink(&format!(
            "kafka: {{ table: t, topic: t, format: {{ {example} }} }}"
        )),
        "sources" => format!("tables:\n  t:\n    from: {{ {example} }}\n"),
        _ => sink(example),
    }
}
