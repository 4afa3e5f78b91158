//! How a datum of an Avro schema is laid out: enough of it to see that a union or an enum has no such
//! branch, which the library takes for a null or another value.

use std::collections::HashMap;

use serde_json::Value;

use super::avro_schema::{full, space_of};
use super::reject::BadRow;
use crate::kernel::varint;

/// The layout of a type.
#[derive(Debug, Clone, PartialEq)]
pub enum AvroShape {
    /// So many bytes.
    Fixed(usize),
    /// A whole number.
    Number,
    /// A length and so many bytes.
    Text,
    /// A number of so many symbols.
    Enum(usize),
    /// Blocks of these.
    Array(Box<Self>),
    /// Blocks of a text and one of these.
    Map(Box<Self>),
    /// The number of one of these, and that one.
    Union(Vec<Self>),
    /// Each with its name, one after the other.
    Record(Vec<(String, Self)>),
}

/// Why a walk ends.
enum WalkEnd {
    /// There is no such branch: so many there are, and the names on the way, the innermost first.
    Branch(i64, usize, Vec<String>),
    /// The bytes end, or are none of this shape: what the library sees, too.
    Other,
}

impl AvroShape {
    /// Of a schema; none where it does not say it, or has no branch that could be wrong.
    pub fn of(schema: &str) -> Option<Self> {
        let schema = serde_json::from_str(schema).ok()?;
        shape(&schema, None, &mut HashMap::new()).filter(Self::has_branches)
    }

    fn has_branches(&self) -> bool {
        match self {
            Self::Union(_) | Self::Enum(_) => true,
            Self::Array(inner) | Self::Map(inner) => inner.has_branches(),
            Self::Record(fields) => fields.iter().any(|(_, shape)| shape.has_branches()),
            Self::Fixed(_) | Self::Number | Self::Text => false,
        }
    }

    /// Looks at every branch of a datum.
    ///
    /// # Errors
    /// A branch that its union or enum does not have.
    #[cfg(any(test, feature = "kafka", feature = "rabbitmq"))]
    pub fn check(&self, datum: &[u8]) -> Result<(), BadRow> {
        self.check_all(datum, 1).map_err(|(_, bad)| bad)
    }

    /// Looks at every branch of datums that stand one behind the other.
    ///
    /// # Errors
    /// The number of one with a branch that its union or enum does not have, and what is wrong.
    pub fn check_all(&self, datums: &[u8], count: usize) -> Result<(), (usize, BadRow)> {
        let mut rest = datums;
        for datum in 0..count {
            match self.walk(&mut rest) {
                Ok(()) => {}
                Err(WalkEnd::Branch(branch, count, names)) => {
                    return Err((datum, no_branch(branch, count, names)));
                }
                Err(WalkEnd::Other) => break,
            }
        }
        Ok(())
    }

    fn walk(&self, rest: &mut &[u8]) -> Result<(), WalkEnd> {
        match self {
            Self::Fixed(bytes) => skip(rest, *bytes),
            Self::Number => number(rest).map(drop),
            Self::Text => text(rest),
            Self::Enum(symbols) => match number(rest)? {
                symbol if (0..*symbols as i64).contains(&symbol) => Ok(()),
                symbol => Err(WalkEnd::Branch(symbol, *symbols, Vec::new())),
            },
            Self::Array(item) => blocks(rest, &|rest| item.walk(rest)),
            Self::Map(value) => blocks(rest, &|rest| {
                text(rest)?;
                value.walk(rest)
            }),
            Self::Union(branches) => {
                let branch = number(rest)?;
                let known = usize::try_from(branch).ok();
                match known.and_then(|branch| branches.get(branch)) {
                    Some(shape) => shape.walk(rest),
                    None => Err(WalkEnd::Branch(branch, branches.len(), Vec::new())),
                }
            }
            Self::Record(fields) => fields.iter().try_for_each(|(name, shape)| {
                shape.walk(rest).map_err(|end| match end {
                    WalkEnd::Branch(branch, count, mut names) => {
                        names.push(name.clone());
                        WalkEnd::Branch(branch, count, names)
                    }
                    WalkEnd::Other => WalkEnd::Other,
                })
            }),
        }
    }
}

fn no_branch(branch: i64, count: usize, mut names: Vec<String>) -> BadRow {
    names.reverse();
    let column = names.join(".");
    let message = format!("`{column}` has branch {branch}, and there are {count}");
    BadRow::new("not Avro", message)
}

fn skip(rest: &mut &[u8], bytes: usize) -> Result<(), WalkEnd> {
    *rest = rest.get(bytes..).ok_or(WalkEnd::Other)?;
    Ok(())
}

fn text(rest: &mut &[u8]) -> Result<(), WalkEnd> {
    let length = usize::try_from(number(rest)?).map_err(|_| WalkEnd::Other)?;
    skip(rest, length)
}

fn number(rest: &mut &[u8]) -> Result<i64, WalkEnd> {
    varint::read_long(rest).ok_or(WalkEnd::Other)
}

type Walk<'a> = dyn Fn(&mut &[u8]) -> Result<(), WalkEnd> + 'a;

/// Blocks up to an empty one; a negative count is followed by the size of its block.
fn blocks(rest: &mut &[u8], item: &Walk<'_>) -> Result<(), WalkEnd> {
    loop {
        let count = number(rest)?;
        if count == 0 {
            return Ok(());
        }
        if count < 0 {
            number(rest)?;
        }
        for _ in 0..count.unsigned_abs() {
            let before = rest.len();
            item(rest)?;
            if rest.len() == before {
                // Nulls: there may be any number of them.
                break;
            }
        }
    }
}

/// Named types by their full names.
type NamedTypes = HashMap<String, AvroShape>;

fn shape(schema: &Value, space: Option<&str>, known: &mut NamedTypes) -> Option<AvroShape> {
    match schema {
        Value::String(name) => primitive(name).or_else(|| known.get(&full(name, space)).cloned()),
        Value::Array(branches) => {
            let mut branches = branches.iter().map(|branch| shape(branch, space, known));
            branches
                .by_ref()
                .collect::<Option<_>>()
                .map(AvroShape::Union)
        }
        Value::Object(object) => {
            let inner = |key: &str| object.get(key);
            let name = inner("name").and_then(Value::as_str);
            let made = match inner("type")? {
                Value::String(kind) => match kind.as_str() {
                    "array" => AvroShape::Array(Box::new(shape(inner("items")?, space, known)?)),
                    "map" => AvroShape::Map(Box::new(shape(inner("values")?, space, known)?)),
                    "fixed" => AvroShape::Fixed(inner("size")?.as_u64()? as usize),
                    "enum" => AvroShape::Enum(inner("symbols")?.as_array()?.len()),
                    "record" => fields(inner("fields")?, space_of(object, space), known)?,
                    _ => return shape(inner("type")?, space, known),
                },
                nested => return shape(nested, space, known),
            };
            if let Some(name) = name {
                known.insert(full(name, space_of(object, space)), made.clone());
            }
            Some(made)
        }
        _ => None,
    }
}

fn fields(fields: &Value, space: Option<&str>, known: &mut NamedTypes) -> Option<AvroShape> {
    let fields = fields.as_array()?.iter().map(|field| {
        let name = field.get("name")?.as_str()?;
        Some((name.to_string(), shape(field.get("type")?, space, known)?))
    });
    fields.collect::<Option<_>>().map(AvroShape::Record)
}

fn primitive(name: &str) -> Option<AvroShape> {
    Some(match name {
        "null" => AvroShape::Fixed(0),
        "boolean" => AvroShape::Fixed(1),
        "int" | "long" => AvroShape::Number,
        "float" => AvroShape::Fixed(4),
        "double" => AvroShape::Fixed(8),
        "bytes" | "string" => AvroShape::Text,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn says(types: &str, datum: &[u8]) -> Option<String> {
        let schema = format!(
            r#"{{"type":"record","name":"R","namespace":"n","fields":[{{"name":"a","type":{types}}},{{"name":"z","type":["null","long"]}}]}}"#
        );
        let shape = AvroShape::of(&schema).unwrap();
        shape.check(datum).err().map(|bad| bad.message)
    }

    #[test]
    fn branches_that_are_not_there_are_found() {
        let two = r#"["string","null"]"#;
        assert_eq!(says(two, &[0, 2, b'x', 0]), None);
        assert_eq!(says(two, &[2, 2, 6]), None);
        let no = |name, branch: i64, count| {
            Some(format!(
                "`{name}` has branch {branch}, and there are {count}"
            ))
        };
        assert_eq!(says(two, &[4, 0]), no("a", 2, 2));
        assert_eq!(says(two, &[2, 8]), no("z", 4, 2));
        // -1
        assert_eq!(says(two, &[1, 0]), no("a", -1, 2));
        let symbols = r#"{"type":"enum","name":"E","symbols":["x","y","z"]}"#;
        assert_eq!(says(symbols, &[4, 0]), None);
        assert_eq!(says(symbols, &[6, 0]), no("a", 3, 3));
    }

    #[test]
    fn they_are_found_behind_everything() {
        let inner = r#"{"type":"record","name":"I","fields":[{"name":"u","type":["null","n.F"]}]}"#;
        let inner = inner.replace("\"n.F\"", r#"{"type":"fixed","name":"F","size":2}"#);
        let no = |name| Some(format!("`{name}` has branch 9, and there are 2"));
        for (types, good) in [
            ("\"double\"".to_string(), vec![0; 8]),
            ("\"float\"".into(), vec![0; 4]),
            ("\"boolean\"".into(), vec![1]),
            ("\"bytes\"".into(), vec![4, 9, 9]),
            ("\"int\"".into(), vec![0xff, 0xff, 0x03]),
            (
                r#"{"type":"long","logicalType":"timestamp-millis"}"#.into(),
                vec![0x80, 1],
            ),
            (inner, vec![2, 7, 7]),
            (
                r#"{"type":"array","items":"int"}"#.into(),
                vec![4, 1, 1, 3, 4, 1, 1, 0],
            ),
            (
                r#"{"type":"array","items":"null"}"#.into(),
                vec![0xfe, 0xff, 0xff, 0xff, 0x0f, 0],
            ),
            (
                r#"{"type":"map","values":"string"}"#.into(),
                vec![2, 2, b'k', 2, b'v', 0],
            ),
        ] {
            let with = |last: u8| [good.as_slice(), &[last]].concat();
            assert_eq!(says(&types, &with(0)), None, "{types}");
            assert_eq!(says(&types, &with(18)), no("z"), "{types}");
            // Bytes that end too early are the library's to tell.
            assert_eq!(says(&types, &good[..good.len() - 1]), None, "{types}");
        }
        let nested =
            r#"{"type":"record","name":"I","fields":[{"name":"u","type":["null","int"]}]}"#;
        assert_eq!(says(nested, &[18]), no("a.u"));
        assert_eq!(
            says(r#"{"type":"array","items":["null","int"]}"#, &[2, 18]),
            no("a")
        );
    }

    #[test]
    fn an_empty_namespace_is_none() {
        let inner = r#"{"type":"enum","name":"E","namespace":"","symbols":["x","y"]}"#;
        let schema = format!(
            r#"{{"type":"record","name":"R","namespace":"n","fields":[{{"name":"a","type":
            {{"type":"record","name":"S","namespace":"","fields":[
            {{"name":"b","type":{inner}}},{{"name":"c","type":"E"}}]}}}}]}}"#
        );
        let shape = AvroShape::of(&schema).unwrap();
        assert!(shape.check(&[2, 2]).is_ok());
        assert!(shape.check(&[2, 4]).is_err());
        // Beside one that has none at all they are the same.
        let beside = format!(
            r#"{{"type":"record","name":"R","fields":[{{"name":"a","type":{inner}}},{{"name":"b","type":"E"}}]}}"#
        );
        let shape = AvroShape::of(&beside).unwrap();
        assert!(shape.check(&[0, 4]).is_err());
    }

    #[test]
    fn a_name_stands_for_its_type() {
        let schema = r#"{"type":"record","name":"n.R","fields":[
            {"name":"a","type":{"type":"enum","name":"E","symbols":["x","y"]}},
            {"name":"b","type":["null","E"]},{"name":"c","type":"n.E"}]}"#;
        let shape = AvroShape::of(schema).unwrap();
        assert!(shape.check(&[2, 2, 2, 2]).is_ok());
        assert!(shape.check(&[2, 2, 2, 4]).is_err());
        assert!(shape.check(&[2, 2, 6, 0]).is_err());
        assert_eq!(
            AvroShape::of(r#"{"type":"record","name":"R","fields":[{"name":"a","type":"X"}]}"#),
            None
        );
    }
}
