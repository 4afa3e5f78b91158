//! Values, rows and batches that no memory holds are refused at once, or come few at a time; what is
//! counted before the first row has one limit for a pipeline.

use std::fmt::Write;

use super::limits::{SINK, accepted, chain, columns, refused};
use super::support::Folder;

#[test]
fn lists_and_structs_that_grow_with_every_column_are_refused() {
    let list = |inner: &str| format!("{{ list: {{ length: 100000, of: {inner} }} }}");
    let four = |c| {
        format!(
            "{{ struct: {{ a: {{ copy: c{c} }}, b: {{ copy: c{c} }}, c: {{ copy: c{c} }}, d: {{ copy: c{c} }} }} }}"
        )
    };
    let texts = [
        columns(&format!("      a: {}\n", list(&list("sequence")))),
        columns(&format!(
            "      a: {}\n",
            list("{ pattern: '[a-z]{30000}' }")
        )),
        chain("{ list: { length: 9, of: sequence } }", 20, four),
        chain("{ list: { length: 9, of: sequence } }", 20, |c| {
            format!(
                "{{ list: {{ length: {{ uniform: {{ min: 0, max: 40 }} }}, of: {{ copy: c{c} }} }} }}"
            )
        }),
        chain("sequence", 3, |c| {
            match c {
            0 => "{ struct: { x: { bytes: { length: 400_000_000 } }, y: { bytes: { length: 400_000_000 } } } }".into(),
            _ => "{ struct: { x: { copy: c1.x }, y: { bytes: { length: 300_000_000 } } } }".into(),
        }
        }),
        columns(
            "      a: { expr: \"repeat(repeat('a', 30000), 30000)\" }\n      b: { expr: \"repeat(repeat('b', 30000), 30000)\" }\n",
        ),
        chain("sequence", 40, |_| {
            "{ type: int64, expr: \"length(repeat(repeat('a', 30000), 30000))\" }".into()
        }),
    ];
    let said = texts.map(|yaml| {
        let said = refused(&yaml);
        assert!(said.contains("there is room for 1 GiB"), "{said}");
        // Each column behind the first one that is too large is told, too, or reads it.
        let place = said.lines().take_while(|line| !line.is_empty());
        place.collect::<Vec<&str>>().join("\n")
    });
    insta::assert_snapshot!(said.join("\n\n"));
    let wide = columns(
        "      a: { list: { length: { zipf: { exponent: 1.5 } }, of: { list: { length: { poisson: { mean: 3 } }, of: { constant: x } } } } }\n",
    );
    accepted(&wide.replace("format: csv", "format: { json: { layout: lines } }"));
}

#[test]
fn large_rows_are_made_few_at_a_time() {
    let folder = Folder::new();
    let yaml = columns(
        "      a: { expr: \"repeat('x', 300000000)\" }\n      b: { expr: \"length(a)\" }\n",
    );
    let yaml = yaml.replace("rows: 10", "rows: 8").replace(
        SINK,
        "sinks:\n  - file: { path: /dev/stdout, format: csv, columns: [b] }\n",
    );
    folder.write("p.yaml", &yaml);
    let ended = folder.run(&["run", "p.yaml", "--quiet", "--threads", "1"]);
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    assert_eq!(ended.stdout, format!("b\n{}", "300000000\n".repeat(8)));
}

#[test]
fn the_parents_of_all_tables_are_counted_together() {
    let mut fan = String::from(
        "version: 1\nname: x\ntables:\n  few: { rows: 1_000, columns: { id: sequence } }\n  many: { rows: 999_997_500, columns: { id: sequence } }\n",
    );
    for (table, parent) in ["few", "few", "few", "many", "many"].iter().enumerate() {
        writeln!(fan, "  t{table}: {{ columns: {{ p: {{ foreign_key: {{ ref: {parent}.id, per_parent: {{ uniform: {{ min: 0, max: 1 }} }} }} }} }} }}").unwrap();
    }
    let said = refused(&format!("{fan}{SINK}"));
    insta::assert_snapshot!(said);
    // As many for each are not counted.
    accepted(&format!(
        "{}{SINK}",
        fan.replace("{ uniform: { min: 0, max: 1 } }", "3")
    ));
}

#[test]
fn languages_do_not_multiply() {
    let twice = "      p: { person: { locale: [it, de, it] } }\n";
    let many = format!(
        "      p: {{ person: {{ locale: [{}] }} }}\n",
        "en, ".repeat(100_000)
    );
    let mut wide = String::new();
    for at in 0..500 {
        writeln!(
            wide,
            "      p{at}: {{ person: {{ locale: [de, en, es, fr, it] }} }}"
        )
        .unwrap();
    }
    let said = [twice, &many, &wide].map(|text| {
        let said = refused(&columns(text));
        let lines = said.lines().take(7);
        lines
            .map(|line| &line[..line.floor_char_boundary(120)])
            .collect::<Vec<&str>>()
            .join("\n")
    });
    insta::assert_snapshot!(said.join("\n\n"));
}
