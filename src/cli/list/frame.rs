//! A kind where it stands in a pipeline: more than its own line, less than the manual.

use crate::registry::Kind;

/// The whole example of a generator, from the documentation.
macro_rules! of_generators {
    ($($name:literal),* $(,)?) => {
        const GENERATORS: &[(&str, &str)] = &[
            $(($name, include_str!(concat!("../../../docs/examples/", $name, ".yaml")))),*
        ];
    };
}

of_generators!(
    "after",
    "bool",
    "bytes",
    "child_count",
    "choice",
    "company",
    "constant",
    "coordinates",
    "copy",
    "credit_card",
    "event_time",
    "exponential",
    "expr",
    "foreign_key",
    "histogram",
    "iban",
    "internet",
    "json",
    "list",
    "lognormal",
    "lookup",
    "nest",
    "next",
    "normal",
    "now",
    "nth",
    "pareto",
    "pattern",
    "permute",
    "person",
    "poisson",
    "previous",
    "reference",
    "running",
    "sequence",
    "series",
    "states",
    "struct",
    "template",
    "uniform",
    "uuid",
    "walk",
    "words",
    "zipf"
);

/// What stands around a kind of this section, with the kind in it.
pub(super) fn frame(section: &str, kind: &Kind) -> String {
    let Kind { name, example, .. } = kind;
    let sink = |format: &str| format!("sinks:\n  - {format}\n");
    match section {
        "columns" => {
            let known = GENERATORS.iter().find(|(known, _)| known == name);
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::column::GeneratorKind;

    #[test]
    fn every_generator_has_its_example() {
        let names: Vec<&str> = GENERATORS.iter().map(|(name, _)| *name).collect();
        let kinds: Vec<&str> = GeneratorKind::KINDS.iter().map(|kind| kind.name).collect();
        assert_eq!(names, kinds);
    }
}
