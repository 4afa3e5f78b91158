//! What is wrong with the options of messages and keys, as it is said.

use super::*;
use crate::domain::{Domain, Range};

fn said(problems: &[Problem]) -> String {
    let problems: Vec<String> = problems.iter().map(ToString::to_string).collect();
    problems.join("\n\n")
}

/// What is wrong with these options, when they are read or for these columns.
fn wrong<T: serde::de::DeserializeOwned>(
    yaml: &str,
    check: impl FnOnce(&T) -> Vec<Problem>,
) -> String {
    match options::<T>(yaml) {
        Ok(options) => said(&check(&options)),
        Err(problem) => problem.to_string(),
    }
}

#[test]
fn what_messages_cannot_hold_is_said_before_the_run() {
    let both = |batch: &RecordBatch| shape("t", batch.schema());
    let users = both(&users());
    let nested = both(&nested());
    let said = |yaml: &str, shape| wrong::<MessageKind>(yaml, |format| format.check(shape));
    insta::assert_snapshot!(
        [
            said("csv", &nested),
            said("csv: { delimiter: ab }", &users),
            said("csv: { header: true }", &users),
            said("json: { pretty: true }", &users),
            said("template: { text: \"{id}|{emial}|{id\" }", &users),
            said("template: { text: \"{id}|{emial}|{}\" }", &users),
            said("template: { text: none }", &users),
            said("template: { text: \"{list}\" }", &nested),
            said("template", &users),
            said("raw: { column: id }", &users),
            said("raw: { column: nmae }", &users),
            said("raw", &users),
            said("avro: { framing: confluent }", &users),
            said(
                "avro: { framing: datum, registry: { url: \"http://r\" } }",
                &users
            ),
            said("avro: { subject: s, name: \"a b\" }", &users),
            said("avro: { registry: { uri: \"http://r\" } }", &users),
            said("avro: { codec: snappy }", &users),
            said("protobuf", &users),
        ]
        .join("\n\n")
    );
    for kind in ["csv", "json", "avro"] {
        assert_eq!(said(kind, &users), "");
    }
    assert_eq!(said("csv: { nested: json }", &nested), "");
}

#[test]
fn what_keys_cannot_be_is_said_before_the_run() {
    let mut users = shape("t", users().schema());
    users.domains[0] = Domain {
        range: Some(Range::Integer {
            min: 0,
            max: 1 << 40,
        }),
        ..Domain::default()
    };
    let nested = shape("t", nested().schema());
    let said = |yaml: &str, shape| wrong::<Key>(yaml, |key| key.check(shape));
    insta::assert_snapshot!(
        [
            said("idd", &users),
            said("{ columns: [id, nome], format: json }", &users),
            said("list", &nested),
            said("{ column: email, format: int64 }", &users),
            said("{ column: id, format: int32 }", &users),
            said("{ columns: [id, email] }", &users),
            said("{ columns: [], format: json }", &users),
            said("{ column: id, columns: [email] }", &users),
            said("{ format: json }", &users),
            said("{ column: id, format: int16 }", &users),
            said(
                "{ column: id, format: { avro: { framing: confluent } } }",
                &users
            ),
            said("{ column: id, fromat: json }", &users),
            said("[id]", &users),
        ]
        .join("\n\n")
    );
    for yaml in [
        "id",
        "{ column: id, format: int64 }",
        "{ column: email, format: json }",
        "{ columns: [id], format: avro }",
    ] {
        assert_eq!(said(yaml, &users), "", "{yaml}");
    }
}

#[test]
fn a_password_is_never_shown() {
    let format = message("avro: { registry: { url: 'http://r', user: u, password: hunter2 } }");
    let shown = format!("{format:?}");
    assert!(
        shown.contains("Secret(…)") && !shown.contains("hunter2"),
        "{shown}"
    );
}
