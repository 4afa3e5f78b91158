//! Messages of a real Debezium Server 3.0 before MariaDB, and what they mean.

use super::*;
use serde_json::Value;

/// A message about a table with a column of each type, as it was sent.
const KINDS: &str = include_str!("tests/kinds.json");

fn change(message: &str) -> Box<Envelope<'_>> {
    match read(message.as_bytes()) {
        Ok(Told::Change(envelope)) => envelope,
        other => panic!("{other:?}"),
    }
}

#[test]
fn values_become_what_they_mean() {
    let envelope = change(KINDS);
    let meanings = Meanings::of_schema(envelope.schema.unwrap());
    assert_eq!(meanings, Meanings::parse(&meanings.text()));
    let row = plain_json(envelope.after.unwrap(), &meanings).unwrap();
    assert_eq!(
        row,
        r#"{"id":-1,"ti":-1,"b":true,"s":-5,"f":1.5,"d":0.1,"dt":"2026-01-15T10:11:12","dt3":"2026-01-15T10:11:12.345","dt6":"2026-01-15T10:11:12.345678","ts6":"2026-01-15T10:11:12.345678Z","t":"10:11:12","t6":"-10:11:12.500000","y":2026,"j":{"a":[1]},"bl":"00ff","bi":true,"bits":"aa0a","e":"b","se":"x,y","tx":"hé","num":-12345678901234567890.0123456789,"c":"xyz"}"#
    );
    let nulls = plain_json(r#"{"dt":null,"num":null}"#, &meanings).unwrap();
    assert_eq!(nulls, r#"{"dt":null,"num":null}"#);
}

#[test]
fn an_envelope_says_where_it_stands() {
    let envelope = change(KINDS);
    let said = (
        envelope.database.as_ref(),
        envelope.table.as_ref(),
        envelope.operation,
    );
    assert_eq!(said, ("inventory", "kinds", "update"));
    assert_eq!(envelope.transaction.as_deref(), Some("0-1-14"));
    let place = (envelope.file.as_deref(), envelope.pos, envelope.row);
    assert_eq!(place, (Some("binlog.000001"), Some(4350), Some(1)));
    // The same without its schema.
    let whole: Value = serde_json::from_str(KINDS).unwrap();
    let payload = whole["payload"].to_string();
    let plain = change(&payload);
    assert_eq!((plain.schema, plain.pos), (None, Some(4350)));
    assert_eq!(plain.after, envelope.after);
}

#[test]
fn tombstones_are_told_from_changes_and_from_nonsense() {
    for tombstone in ["", "default", " null ", r#"{"schema":null,"payload":null}"#] {
        assert!(
            matches!(read(tombstone.as_bytes()), Ok(Told::Tombstone)),
            "{tombstone}"
        );
    }
    for (message, why) in [
        (
            "{",
            "it is no envelope of Debezium: EOF while parsing an object at line 1 column 1",
        ),
        (
            r#"{"id":1}"#,
            "it is no envelope of Debezium: missing field `source` at line 1 column 8",
        ),
        (
            r#"{"schema":null}"#,
            "it is no envelope of Debezium: missing field `payload` at line 1 column 15",
        ),
        (
            r#"{"op":"c","source":{"file":"a"}}"#,
            "it is no envelope of Debezium: its source names no `db` and `table`",
        ),
        (
            r#"{"op":"x","source":{"db":"a","table":"b"}}"#,
            "nobody knows the operation `x`; it is c, u, d, r or t",
        ),
    ] {
        assert_eq!(read(message.as_bytes()).unwrap_err(), why);
    }
}

#[test]
fn decimals_have_their_digits() {
    let digits = |text: &str, scale| plain(Value::from(text), Meaning::Decimal(scale));
    for (text, scale, expected) in [
        ("BOI=", 2, "12.50"),
        ("AA==", 2, "0.00"),
        ("/w==", 2, "-0.01"),
        ("AYag", 2, "1000.00"),
        ("Bw==", 0, "7"),
        ("Bw==", -2, "700"),
    ] {
        assert_eq!(digits(text, scale), Plain::Decimal(expected.into()));
    }
    // `decimal.handling.mode` is `string` or `double`: they stand as they are.
    assert_eq!(
        plain("12.50".into(), Meaning::Same),
        Plain::Same("12.50".into())
    );
    assert_eq!(plain(12.5.into(), Meaning::Double), Plain::Double(12.5));
}
