//! Messages of every kind, good and corrupt, side by side: the good ones all arrive, as they are, in
//! their order, and the others are told.

use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, Int32Array, RecordBatch, StringArray};
use arrow::datatypes::{DataType, Field, Int32Type, Schema, SchemaRef};
use proptest::prelude::*;

use super::json_rows::JsonRows;
use super::reject::BadRow;

/// What a message holds.
type User = (i32, String, Option<String>);

/// What is done to a message.
#[derive(Debug, Clone)]
enum Harm {
    None,
    Cut(usize),
    Trail(Vec<u8>),
    WrongType,
    Twice,
    Empty,
    NotText,
    Noise(Vec<u8>),
}

fn user() -> impl Strategy<Value = User> {
    let text = "[a-z\"\\\\ü{}\\[\\],:]{0,12}";
    (any::<i32>(), text, prop::option::of(text))
}

fn harm() -> impl Strategy<Value = Harm> {
    prop_oneof![
        12 => Just(Harm::None),
        1 => any::<usize>().prop_map(Harm::Cut),
        1 => prop::collection::vec(any::<u8>().prop_filter("space", |byte| !byte.is_ascii_whitespace()), 1..9).prop_map(Harm::Trail),
        1 => Just(Harm::WrongType),
        1 => Just(Harm::Twice),
        1 => Just(Harm::Empty),
        1 => Just(Harm::NotText),
        1 => prop::collection::vec(any::<u8>(), 1..30).prop_map(Harm::Noise),
    ]
}

fn schema() -> SchemaRef {
    Arc::new(Schema::new(vec![
        Field::new("id", DataType::Int32, true),
        Field::new("name", DataType::Utf8, true),
        Field::new("email", DataType::Utf8, true),
    ]))
}

fn users(columns: &[ArrayRef]) -> Vec<User> {
    let ids: &Int32Array = columns[0].as_primitive::<Int32Type>();
    let (names, emails): (&StringArray, &StringArray) =
        (columns[1].as_string(), columns[2].as_string());
    (0..ids.len())
        .map(|row| {
            let email = emails.iter().nth(row).flatten().map(str::to_string);
            (ids.value(row), names.value(row).to_string(), email)
        })
        .collect()
}

fn check(
    messages: &[(User, bool)],
    decoded: (Vec<ArrayRef>, Vec<(usize, BadRow)>),
) -> Result<(), TestCaseError> {
    let good: Vec<User> = messages
        .iter()
        .filter(|(_, good)| *good)
        .map(|(user, _)| user.clone())
        .collect();
    let bad: Vec<usize> = (0..messages.len()).filter(|at| !messages[*at].1).collect();
    let told: Vec<usize> = decoded.1.iter().map(|(place, _)| *place).collect();
    prop_assert_eq!(told, bad, "{:?}", decoded.1);
    prop_assert_eq!(users(&decoded.0), good);
    Ok(())
}

fn json(user: &User, harm: &Harm) -> Vec<u8> {
    let (id, name, email) = user;
    let text =
        serde_json::json!({ "id": id, "name": name, "other": [1, {}], "email": email }).to_string();
    let mut bytes = text.clone().into_bytes();
    match harm {
        Harm::None => {}
        Harm::Cut(at) => bytes.truncate(at % bytes.len()),
        Harm::Trail(more) => bytes.extend(more),
        Harm::WrongType => bytes = text.replacen(&format!(":{id}"), ":\"x\"", 1).into_bytes(),
        Harm::Twice => bytes.extend(text.into_bytes()),
        Harm::Empty => bytes.clear(),
        Harm::NotText => {
            bytes.truncate(bytes.len() - 1);
            bytes.extend(b",\"name\":\"\xff\xfe\"}");
        }
        Harm::Noise(noise) => bytes.clone_from(noise),
    }
    bytes
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]
    #[test]
    fn good_json_arrives_among_corrupt(
        messages in prop::collection::vec((user(), harm()), 0..300),
    ) {
        let bytes: Vec<Vec<u8>> = messages.iter().map(|(user, harm)| json(user, harm)).collect();
        let slices: Vec<&[u8]> = bytes.iter().map(Vec::as_slice).collect();
        let decoded = JsonRows::new(schema()).read(&slices).unwrap();
        let expected: Vec<(User, bool)> = messages
            .into_iter()
            .map(|(user, harm)| (user, matches!(harm, Harm::None)))
            .collect();
        check(&expected, decoded)?;
    }
}

#[cfg(feature = "kafka")]
mod avro {
    use super::super::avro_rows::AvroRows;
    use super::super::messages::decode;
    use super::*;
    use crate::format::message::Framing;

    const SCHEMA: &str = r#"{"type":"record","name":"User","fields":[
        {"name":"id","type":"int"},{"name":"name","type":"string"},{"name":"email","type":["null","string"]}]}"#;

    /// The same rows by a writer that has one field more, and another order.
    const OLDER: &str = r#"{"type":"record","name":"User","fields":[
        {"name":"email","type":["null","string"]},{"name":"extra","type":"long"},{"name":"id","type":"int"},{"name":"name","type":"string"}]}"#;

    fn long(value: i64, out: &mut Vec<u8>) {
        let mut bits = ((value << 1) ^ (value >> 63)) as u64;
        while bits >= 0x80 {
            out.push(bits as u8 | 0x80);
            bits >>= 7;
        }
        out.push(bits as u8);
    }

    fn text(text: &[u8], out: &mut Vec<u8>) {
        long(text.len() as i64, out);
        out.extend(text);
    }

    fn email(email: Option<&String>, out: &mut Vec<u8>) {
        match email {
            None => long(0, out),
            Some(email) => {
                long(1, out);
                text(email.as_bytes(), out);
            }
        }
    }

    fn datum(user: &User) -> Vec<u8> {
        let mut out = Vec::new();
        long(user.0.into(), &mut out);
        text(user.1.as_bytes(), &mut out);
        email(user.2.as_ref(), &mut out);
        out
    }

    fn older(user: &User) -> Vec<u8> {
        let mut out = Vec::new();
        email(user.2.as_ref(), &mut out);
        long(77, &mut out);
        long(user.0.into(), &mut out);
        text(user.1.as_bytes(), &mut out);
        out
    }

    /// A datum of which nobody could say that it is none is left whole.
    fn harmed(user: &User, harm: &Harm) -> Option<Vec<u8>> {
        let mut bytes = datum(user);
        match harm {
            Harm::None | Harm::Noise(_) => return None,
            Harm::Cut(at) => bytes.truncate(at % bytes.len()),
            Harm::Trail(more) => bytes.extend(more),
            Harm::WrongType => {
                bytes.clear();
                long(user.0.into(), &mut bytes);
                text(b"x", &mut bytes);
                long(7, &mut bytes);
            }
            Harm::Twice => bytes.extend(datum(user)),
            Harm::Empty => bytes.clear(),
            Harm::NotText => {
                bytes.clear();
                long(1, &mut bytes);
                text(b"\xff\xfe", &mut bytes);
                long(0, &mut bytes);
            }
        }
        Some(bytes)
    }

    fn framed(framing: Framing, number: u32, datum: Vec<u8>) -> Vec<u8> {
        let mut bytes = match framing {
            Framing::Datum => Vec::new(),
            Framing::SingleObject => {
                let schema = arrow_avro::schema::AvroSchema::new(SCHEMA.into());
                let print = schema.fingerprint(arrow_avro::schema::FingerprintAlgorithm::Rabin);
                let arrow_avro::schema::Fingerprint::Rabin(print) = print.unwrap() else {
                    panic!("no fingerprint")
                };
                [&[0xc3, 1][..], &print.to_le_bytes()].concat()
            }
            Framing::Confluent => [&[0][..], &number.to_be_bytes()].concat(),
        };
        bytes.extend(datum);
        bytes
    }

    fn read(rows: &AvroRows, messages: &[Vec<u8>]) -> (Vec<ArrayRef>, Vec<(usize, BadRow)>) {
        let slices: Vec<&[u8]> = messages.iter().map(Vec::as_slice).collect();
        let (batch, bad): (RecordBatch, _) = decode(rows, &slices).unwrap();
        (batch.columns().to_vec(), bad)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(128))]
        #[test]
        fn good_avro_arrives_among_corrupt(
            messages in prop::collection::vec((user(), harm(), any::<bool>()), 0..300),
        ) {
            for framing in [Framing::Datum, Framing::SingleObject, Framing::Confluent] {
                let rows = AvroRows::new(SCHEMA, framing).unwrap();
                if framing == Framing::Confluent {
                    rows.learn(1, SCHEMA).unwrap();
                    rows.learn(2, OLDER).unwrap();
                }
                let (mut bytes, mut expected) = (Vec::new(), Vec::new());
                for (user, harm, old) in &messages {
                    let harmed = harmed(user, harm);
                    expected.push((user.clone(), harmed.is_none()));
                    bytes.push(match harmed {
                        Some(harmed) if harmed.is_empty() => harmed,
                        Some(harmed) => framed(framing, 1, harmed),
                        None if *old && framing == Framing::Confluent => framed(framing, 2, older(user)),
                        None => framed(framing, 1, datum(user)),
                    });
                }
                check(&expected, read(&rows, &bytes))?;
            }
        }
    }

    #[test]
    fn each_kind_of_corruption_has_its_name() {
        let user: User = (5, "ada".into(), None);
        let good = || datum(&user);
        let kind = |framing, bytes: Vec<u8>| {
            let rows = AvroRows::new(SCHEMA, framing).unwrap();
            let (columns, bad) = read(&rows, &[bytes]);
            assert_eq!(columns[0].len(), 1 - bad.len());
            bad.first().map_or("good", |(_, bad)| bad.kind)
        };
        let datum = Framing::Datum;
        assert_eq!(kind(datum, good()), "good");
        assert_eq!(kind(datum, Vec::new()), "empty");
        assert_eq!(kind(datum, good()[..3].to_vec()), "truncated");
        assert_eq!(kind(datum, [good(), vec![0]].concat()), "trailing bytes");
        assert_eq!(kind(datum, [good(), good()].concat()), "trailing bytes");
        assert_eq!(
            kind(datum, harmed(&user, &Harm::WrongType).unwrap()),
            "not Avro"
        );
        let single = Framing::SingleObject;
        let framed = |bytes| framed(single, 0, bytes);
        assert_eq!(kind(single, good()), "no frame");
        assert_eq!(
            kind(single, [framed(good()), framed(good())].concat()),
            "more than one datum"
        );
        assert_eq!(
            kind(single, [&[0xc3, 1][..], &[9; 8], &good()].concat()),
            "unknown schema"
        );
        let registry = Framing::Confluent;
        assert_eq!(
            kind(registry, [&[0, 0, 0, 0, 9][..], &good()].concat()),
            "unknown schema"
        );
        assert_eq!(kind(registry, vec![0, 1]), "no frame");
    }
}
