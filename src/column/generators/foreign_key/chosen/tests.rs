//! Tests of foreign keys with `row`.

use crate::column::testing::{check_any_split, problem, tables};

const DEVICES: &str = "devices:
  rows: 50
  columns:
    device_id: { template: \"D{row:03}\" }
    room: { uniform: { min: 1, max: 9 } }
readings:
  rows: 500
  columns:
    kind: { choice: [a, b], nulls: 0.1 }
";

#[test]
fn an_expression_chooses_the_parent() {
    let tables = tables(&format!(
        "{DEVICES}    device_id: {{ type: utf8, foreign_key: {{ ref: devices.device_id, row: \"row % 50\" }} }}
    room: {{ copy: device_id.room }}
    some: {{ foreign_key: {{ ref: devices.device_id, row: \"case kind when 'a' then 7 when 'b' then 8 end\" }} }}
    where: {{ copy: some.room }}
"
    ))
    .unwrap();
    let (devices, rooms) = (
        tables.texts("readings", "device_id"),
        tables.texts("readings", "room"),
    );
    let room = tables.texts("devices", "room");
    for row in 0..500 {
        assert_eq!(devices[row], format!("D{:03}", row % 50));
        assert_eq!(rooms[row], room[row % 50]);
    }
    let (kinds, some) = (
        tables.texts("readings", "kind"),
        tables.texts("readings", "some"),
    );
    let places = tables.texts("readings", "where");
    for row in 0..500 {
        let expected = match kinds[row].as_str() {
            "a" => ("D007", room[7].as_str()),
            "b" => ("D008", room[8].as_str()),
            _ => ("null", "null"),
        };
        assert_eq!(
            (some[row].as_str(), places[row].as_str()),
            expected,
            "row {row}"
        );
    }
    check_any_split(&tables, "readings", &["device_id", "room", "some", "where"]);
}

#[test]
fn a_tree_has_its_root_at_the_first_row() {
    let tables = tables("employees:\n  rows: 300\n  columns:\n    id: { sequence: { start: 1 } }\n    boss: { foreign_key: { ref: employees.id, row: \"case when row > 0 then (row - 1) / 8 end\" } }\n").unwrap();
    let boss = tables.texts("employees", "boss");
    assert_eq!(
        (boss[0].as_str(), boss[1].as_str(), boss[8].as_str()),
        ("null", "1", "1")
    );
    assert_eq!((boss[9].as_str(), boss[299].as_str()), ("2", "38"));
}

#[test]
fn mistakes_say_what_is_wrong() {
    let mistakes = [
        "foreign_key: { ref: devices.device_id, row: \"row % 50\", ranked: true }",
        "foreign_key: { ref: devices.device_id, row: \"row % 50\", distribution: 1 }",
        "foreign_key: { ref: devices.device_id, row: \"rwo % 50\" }",
        "foreign_key: { ref: devices.device_id, row: \"kind\" }",
        "foreign_key: { ref: devices.device_id, row: \"77\" }",
        "foreign_key: { ref: devices.device_id, row: \"row % 50\" }, by: kind",
    ];
    let shown = mistakes.map(|column| problem(&format!("{DEVICES}    x: {{ {column} }}\n")));
    let beyond = tables(&format!(
        "{DEVICES}    x: {{ foreign_key: {{ ref: devices.device_id, row: \"row\" }} }}\n"
    ));
    let beyond = beyond.unwrap().failure("readings", "x");
    insta::assert_snapshot!(format!("{}\n\n{beyond}", shown.join("\n\n")));
}
