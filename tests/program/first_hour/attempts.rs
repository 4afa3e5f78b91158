//! Wrong attempts, and the right ones that their hints lead to.

/// An attempt at a column, the hint's own words, and the column that follows it.
pub struct Attempt {
    pub wrong: &'static str,
    pub hint: &'static str,
    pub right: &'static str,
}

const fn attempt(wrong: &'static str, hint: &'static str, right: &'static str) -> Attempt {
    Attempt { wrong, hint, right }
}

/// Columns of a table that has `id` and `n`.
pub const COLUMNS: &[Attempt] = &[
    // YAML's own traps.
    attempt(
        "a: { type: decimal(10,2), uniform: { min: 0, max: 1 } }",
        "\"decimal(10,2)\"",
        "a: { type: \"decimal(10,2)\", uniform: { min: 0, max: 1 } }",
    ),
    attempt(
        "a: { type: timestamp(us, UTC), now: {} }",
        "\"timestamp(us, UTC)\"",
        "a: { type: \"timestamp(us, UTC)\", now: {} }",
    ),
    attempt(
        "a: { template: {id} }",
        "\"{id}\"",
        "a: { template: \"{id}\" }",
    ),
    attempt(
        "a: { template: {id}-x }",
        "\"{id}-x\"",
        "a: { template: \"{id}-x\" }",
    ),
    attempt(
        "a: { template: no {id} }",
        "\"no {id}\"",
        "a: { template: \"no {id}\" }",
    ),
    attempt(
        "a: { pattern: [A-Z]{3} }",
        "\"[A-Z]{3}\"",
        "a: { pattern: \"[A-Z]{3}\" }",
    ),
    attempt(
        r#"a: { pattern: "\d{3}" }"#,
        r"'\d{3}'",
        r"a: { pattern: '\d{3}' }",
    ),
    attempt(
        "a: { constant: a: b }",
        "\"a: b\"",
        "a: { constant: \"a: b\" }",
    ),
    attempt(
        "a: { constant: @home }",
        "\"@home\"",
        "a: { constant: \"@home\" }",
    ),
    attempt("a: { constant: %5 }", "\"%5\"", "a: { constant: \"%5\" }"),
    attempt(
        "a: { constant: *any }",
        "\"*any\"",
        "a: { constant: \"*any\" }",
    ),
    attempt("a: { constant: 'x }", "close it", "a: { constant: 'x' }"),
    attempt("a: { sequence: {}", "add `}`", "a: { sequence: {} }"),
    attempt("a:sequence", "`a: sequence`", "a: sequence"),
    attempt("\ta: sequence", "spaces", "a: sequence"),
    attempt("- a: sequence", "without a dash", "a: sequence"),
    attempt(" a: sequence", "indent it by", "a: sequence"),
    attempt(
        "a sequence\n      b: sequence",
        "`a: sequence`",
        "a: sequence\n      b: sequence",
    ),
    // What other tools call it.
    attempt(
        "a: { faker: name }",
        "`p: { person: {}, hidden: true }`, the column `{ copy: p.email }`",
        "p: { person: {}, hidden: true }\n      a: { copy: p.email }",
    ),
    attempt(
        "a: person.email",
        "`p: { person: {}, hidden: true }`, the column `{ copy: p.email }`",
        "p: { person: {}, hidden: true }\n      a: { copy: p.email }",
    ),
    attempt(
        r#"a: { regex: "x" }"#,
        r"pattern: '[A-Z]{2}\d{4}'",
        r"a: { pattern: '[A-Z]{2}\d{4}' }",
    ),
    attempt(
        "a: { enum: [A, B] }",
        "choice: [A, B]",
        "a: { choice: [A, B] }",
    ),
    attempt(
        "a: float",
        "uniform: { min: 1, max: 100 }",
        "a: { type: float64, uniform: { min: 1, max: 100 } }",
    ),
    attempt(
        "a: { random_int: { min: 1, max: 100 } }",
        "uniform: { min: 1, max: 100 }",
        "a: { uniform: { min: 1, max: 100 } }",
    ),
    attempt(
        "a: datetime",
        "{ type: date, uniform: { min: 2026-01-01, max: 2026-12-31 } }",
        "a: { type: date, uniform: { min: 2026-01-01, max: 2026-12-31 } }",
    ),
    attempt(
        "a: { type: float, constant: 1.5 }",
        "`float32`",
        "a: { type: float32, constant: 1.5 }",
    ),
    attempt(
        "a: { type: long, sequence: {} }",
        "`int64`",
        "a: { type: int64, sequence: {} }",
    ),
    attempt(
        "a: { type: datetime, now: {} }",
        "\"timestamp(us, UTC)\"",
        "a: { type: \"timestamp(us, UTC)\", now: {} }",
    ),
    attempt(
        "a: serial",
        "sequence: { start: 1 }",
        "a: { sequence: { start: 1 } }",
    ),
    attempt(
        "a: { generator: sequence }",
        "`{ sequence: {} }`",
        "a: { sequence: {} }",
    ),
    attempt(
        "a: { sequence: {}, null_rate: 0.1 }",
        "`nulls: 0.1`",
        "a: { sequence: {}, nulls: 0.1 }",
    ),
    attempt(
        "a: { uniform: 1..100 }",
        "uniform: { min: 1, max: 100 }",
        "a: { uniform: { min: 1, max: 100 } }",
    ),
    attempt(
        "a: { type: int32 }",
        "sequence: {}",
        "a: { type: int32, sequence: {} }",
    ),
    attempt("a: { choise: [A, B] }", "`choice`", "a: { choice: [A, B] }"),
    attempt(
        "a: firstName",
        "`{ copy: p.email }`",
        "p: { person: {}, hidden: true }\n      a: { copy: p.email }",
    ),
    attempt("a: faker.lorem.sentence", "`words: {}`", "a: { words: {} }"),
    attempt(
        "a: { ipv4: {} }",
        r"pattern: '[A-Z]{2}\d{4}'",
        r"a: { pattern: '[A-Z]{2}\d{4}' }",
    ),
    // Types and expressions of other languages.
    attempt(
        "a: { type: decimal, constant: 1 }",
        "\"decimal(18,2)\"",
        "a: { type: \"decimal(18,2)\", constant: 1 }",
    ),
    attempt(
        "a: { type: INT, constant: 1 }",
        "`int`",
        "a: { type: int, constant: 1 }",
    ),
    attempt(
        "a: { expr: \"id > 1 && n < 3\" }",
        "`and`",
        "a: { expr: \"id > 1 and n < 3\" }",
    ),
    attempt(
        "a: { expr: \"!(id = 1)\" }",
        "`not (…)`",
        "a: { expr: \"not (id = 1)\" }",
    ),
    attempt(
        "a: { expr: \"id > 1 ? 2 : 3\" }",
        "`case when … then … else … end`",
        "a: { expr: \"case when id > 1 then 2 else 3 end\" }",
    ),
    attempt(
        "a: { expr: \"round(${n}/3,2)\" }",
        "it is `n` in an `expr`",
        "a: { expr: \"round(n/3,2)\" }",
    ),
    attempt(
        "a: { template: \"no ${id}\" }",
        "`{id}` in a `template`",
        "a: { template: \"no {id}\" }",
    ),
    attempt(
        "a: { expr: \"{id} + 1\" }",
        "without braces",
        "a: { expr: \"id + 1\" }",
    ),
    attempt("a: { copy: \"{id}\" }", "`id`", "a: { copy: id }"),
    attempt(
        "a: { expr: \"id + 1 # plus one\" }",
        "`--`",
        "a: { expr: \"id + 1 -- plus one\" }",
    ),
    attempt(
        "a: { type: date, sequence: { start: 2026-01-01, step: 1d } }",
        "`step: 7`",
        "a: { type: date, sequence: { start: 2026-01-01, step: 7 } }",
    ),
];

pub const PATH: &str = "sinks:\n  - file: { path: t.csv }\n";

/// Whole files.
pub const FILES: &[Attempt] = &[
    attempt(
        "",
        "version: 1",
        "version: 1\ntables:\n  people: { rows: 10, columns: { id: sequence, name: person } }\nsinks:\n  - file: { path: people.csv }",
    ),
    attempt(
        "tables:\n  t: { rows: 1, columns: { id: sequence } }\nsinks:\n  - file: { path: t.csv }\n",
        "`version: 1`",
        "version: 1\ntables:\n  t: { rows: 1, columns: { id: sequence } }\nsinks:\n  - file: { path: t.csv }\n",
    ),
    attempt(
        "version: 1\ntabels:\n  t: { rows: 1, columns: { id: sequence } }\nsinks:\n  - file: { path: t.csv }\n",
        "`tables`",
        "version: 1\ntables:\n  t: { rows: 1, columns: { id: sequence } }\nsinks:\n  - file: { path: t.csv }\n",
    ),
    attempt(
        "version: 1\ntables:\n  - t: { rows: 1, columns: { id: sequence } }\nsinks:\n  - file: { path: t.csv }\n",
        "without a dash",
        "version: 1\ntables:\n  t: { rows: 1, columns: { id: sequence } }\nsinks:\n  - file: { path: t.csv }\n",
    ),
    attempt(
        "version: 1\ntables:\n  t: { rows: 1, columns: { id: sequence } }\nsinks:\n  file: { path: t.csv }\n",
        "`- file: { … }`",
        "version: 1\ntables:\n  t: { rows: 1, columns: { id: sequence } }\nsinks:\n  - file: { path: t.csv }\n",
    ),
    attempt(
        "version: 1\ntables:\n  t: { rows: 1, columns: { id: sequence } }\nsinks:\n  - file: { path: out/{table}.csv }\n",
        "\"out/{table}.csv\"",
        "version: 1\ntables:\n  t: { rows: 1, columns: { id: sequence } }\nsinks:\n  - file: { path: \"out/{table}.csv\" }\n",
    ),
    attempt(
        "version: 1\nparams: { out: o }\ntables:\n  t: { rows: 1, columns: { id: sequence } }\nsinks:\n  - file:\n      path: {out}/t.csv\n",
        "\"{out}/t.csv\"",
        "version: 1\nparams: { out: o }\ntables:\n  t: { rows: 1, columns: { id: sequence } }\nsinks:\n  - file:\n      path: \"${out}/t.csv\"\n",
    ),
    attempt(
        "---\nversion: 1\n---\ntables:\n  t: { rows: 1, columns: { id: sequence } }\nsinks:\n  - file: { path: t.csv }\n",
        "remove this line",
        "---\nversion: 1\ntables:\n  t: { rows: 1, columns: { id: sequence } }\nsinks:\n  - file: { path: t.csv }\n",
    ),
];

/// Sinks of a table that has `id`, and their hints.
pub const SINKS: &[Attempt] = &[
    attempt(
        "{ path: t.csv, compression: gzip }",
        "`format: { csv: { compression: … } }`",
        "{ path: t.csv, format: { csv: { compression: gzip } } }",
    ),
    attempt(
        "{ path: t.csv, delimiter: \";\" }",
        "`format: { csv: { delimiter: … } }`",
        "{ path: t.csv, format: { csv: { delimiter: \";\" } } }",
    ),
    attempt(
        "{ path: t.csv, format: { csv: { delimiter: tab } } }",
        "\"\\t\"",
        "{ path: t.csv, format: { csv: { delimiter: \"\\t\" } } }",
    ),
    attempt(
        "{ path: t.csv, format: { csv: { delimiter: semicolon } } }",
        "\";\"",
        "{ path: t.csv, format: { csv: { delimiter: \";\" } } }",
    ),
    attempt(
        "{ path: \"-\", format: csv }",
        "`/dev/stdout`",
        "{ path: /dev/stdout, format: csv }",
    ),
    attempt(
        "{ path: \"out/%Y-%m-%d.csv\" }",
        "`${run_date}`",
        "{ path: \"out/${run_date}.csv\" }",
    ),
    attempt(
        "{ path: out/$run_date/t.csv }",
        "`${run_date}`",
        "{ path: \"out/${run_date}/t.csv\" }",
    ),
];
