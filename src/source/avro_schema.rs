//! What a writer's Avro schema says, before the library reads it: attributes that are not valid make
//! a type its underlying one, as the specification says, and what cannot be read is named.

use serde_json::{Map, Value};

/// A schema that the library can read.
#[derive(Debug)]
pub struct CheckedSchema {
    /// Its text.
    #[cfg(any(feature = "kafka", feature = "rabbitmq"))]
    pub plain: String,
    /// The same with UUIDs that are written as texts as texts.
    pub with_texts: String,
    /// The fields of the record that are such UUIDs.
    pub uuids: Vec<String>,
}

/// Why a schema cannot be read, in its own words.
pub type SchemaRefusal = String;

/// Bytes of a fixed type, and the most digits that a decimal of so many bytes can have.
// Avro's specification: ⌊log10(2^(8n − 1) − 1)⌋ of n bytes.
const MOST_DIGITS: [u64; 32] = [
    2, 4, 6, 9, 11, 14, 16, 18, 21, 23, 26, 28, 31, 33, 35, 38, 40, 43, 45, 47, 50, 52, 55, 57, 59,
    62, 64, 67, 69, 71, 74, 76,
];

/// Checks the schema of rows.
///
/// # Errors
/// It is no schema of records, or one that holds itself.
pub fn check(schema: &str) -> Result<CheckedSchema, SchemaRefusal> {
    let mut parsed: Value =
        serde_json::from_str(schema).map_err(|_| "its schema is not JSON".to_string())?;
    match kind(&parsed) {
        Some("record") => {}
        Some(other) => return Err(format!("its schema is {}, not a record", named(other))),
        None => return Err("its schema is not a record".to_string()),
    }
    refuse_recursion(&parsed, "", None, &mut Vec::new())?;
    make_plain(&mut parsed, None)?;
    #[cfg(any(feature = "kafka", feature = "rabbitmq"))]
    let plain = parsed.to_string();
    let uuids = uuids(&mut parsed);
    Ok(CheckedSchema {
        #[cfg(any(feature = "kafka", feature = "rabbitmq"))]
        plain,
        with_texts: parsed.to_string(),
        uuids,
    })
}

/// The name of a schema's type.
fn kind(schema: &Value) -> Option<&str> {
    match schema {
        Value::String(name) => Some(name),
        Value::Array(_) => Some("union"),
        Value::Object(object) => object.get("type").and_then(kind),
        _ => None,
    }
}

fn named(kind: &str) -> String {
    let vowel = kind.starts_with(['a', 'e', 'i', 'o']);
    format!("{} {kind}", if vowel { "an" } else { "a" })
}

/// Looks for a record that stands in itself. `open` are the full names of those around.
fn refuse_recursion(
    schema: &Value,
    path: &str,
    space: Option<&str>,
    open: &mut Vec<String>,
) -> Result<(), SchemaRefusal> {
    match schema {
        Value::String(name) => match open.contains(&full(name, space)) {
            true => Err(format!(
                "`{path}` holds its own record, `{name}`: rows without an end are not read"
            )),
            false => Ok(()),
        },
        Value::Array(branches) => branches
            .iter()
            .try_for_each(|branch| refuse_recursion(branch, path, space, open)),
        Value::Object(object) => refuse_in_object(object, path, space, open),
        _ => Ok(()),
    }
}

fn refuse_in_object(
    object: &Map<String, Value>,
    path: &str,
    space: Option<&str>,
    open: &mut Vec<String>,
) -> Result<(), SchemaRefusal> {
    let text = |key: &str| object.get(key).and_then(Value::as_str);
    let Some(fields) = object.get("fields").and_then(Value::as_array) else {
        let inner = ["type", "items", "values"].into_iter();
        let mut inner = inner.filter_map(|key| object.get(key));
        return inner.try_for_each(|inner| refuse_recursion(inner, path, space, open));
    };
    let space = space_of(object, space);
    open.push(full(text("name").unwrap_or_default(), space));
    for field in fields {
        let name = field.get("name").and_then(Value::as_str);
        let name = name.unwrap_or_default();
        let path = match path {
            "" => name.to_string(),
            path => format!("{path}.{name}"),
        };
        if let Some(inner) = field.get("type") {
            refuse_recursion(inner, &path, space, open)?;
        }
    }
    open.pop();
    Ok(())
}

/// The namespace of a named type and of what is in it, if it has one: what its own name says comes before its
/// `namespace`, and an empty one is none, whatever namespace is around it.
pub(super) fn space_of<'s>(
    object: &'s Map<String, Value>,
    around: Option<&'s str>,
) -> Option<&'s str> {
    let text = |key: &str| object.get(key).and_then(Value::as_str);
    let of_name = text("name").and_then(|name| Some(name.rsplit_once('.')?.0));
    let space = of_name.or(text("namespace")).or(around);
    space.filter(|space| !space.is_empty())
}

/// A name with the namespace that it stands in.
pub(super) fn full(name: &str, space: Option<&str>) -> String {
    match space {
        Some(space) if !name.contains('.') => format!("{space}.{name}"),
        _ => name.to_string(),
    }
}

/// Takes away every logical type that is not valid, and sets names apart from their namespaces. `space` is that
/// around it.
fn make_plain(schema: &mut Value, space: Option<&str>) -> Result<(), SchemaRefusal> {
    let each = |schemas: &mut [Value], space: Option<&str>| {
        let mut all = schemas.iter_mut();
        all.try_for_each(|schema| make_plain(schema, space))
    };
    match schema {
        Value::Array(branches) => each(branches, space),
        Value::Object(object) => {
            if !is_valid(object)? {
                object.retain(|name, _| name != "logicalType");
            }
            let inside = set_apart(object, space);
            let space = inside.as_deref();
            for key in ["type", "items", "values"] {
                if let Some(inner) = object.get_mut(key) {
                    make_plain(inner, space)?;
                }
            }
            let fields = object.get_mut("fields").and_then(Value::as_array_mut);
            fields.map_or(Ok(()), |fields| each(fields, space))
        }
        _ => Ok(()),
    }
}

/// The name of a type without its namespace, and that beside it: the library looks for `n.R` in the namespace
/// `n`, and takes an empty one for a name of its own. What is in the type is in the namespace that comes
/// back.
fn set_apart(object: &mut Map<String, Value>, around: Option<&str>) -> Option<String> {
    let kind = object.get("type").and_then(Value::as_str);
    if !matches!(kind, Some("record" | "error" | "enum" | "fixed")) {
        return around.map(str::to_string);
    }
    let space = space_of(object, around).map(str::to_string);
    if let Some(Value::String(name)) = object.get_mut("name")
        && let Some((_, own)) = name.rsplit_once('.')
    {
        *name = own.to_string();
    }
    match (&space, around) {
        (None, None) => object.retain(|key, _| key != "namespace"),
        (None, Some(_)) => drop(object.insert("namespace".into(), "".into())),
        (Some(space), _) if around == Some(space) => {}
        (Some(space), _) => drop(object.insert("namespace".into(), space.clone().into())),
    }
    space
}

/// True for what has no logical type, and for one that the specification allows there.
fn is_valid(object: &Map<String, Value>) -> Result<bool, SchemaRefusal> {
    let logical = object.get("logicalType").and_then(Value::as_str);
    let size = object.get("size").and_then(Value::as_u64);
    let fixed = object.get("type").and_then(Value::as_str) == Some("fixed");
    Ok(match logical {
        Some("decimal") => return is_decimal(object, size.filter(|_| fixed)),
        Some("duration") if fixed => size == Some(12),
        Some("uuid") if fixed => size == Some(16),
        _ => true,
    })
}

fn is_decimal(object: &Map<String, Value>, size: Option<u64>) -> Result<bool, SchemaRefusal> {
    let number = |key: &str| object.get(key).map(Value::as_u64);
    let (Some(Some(precision)), Some(scale)) =
        (number("precision"), number("scale").unwrap_or(Some(0)))
    else {
        return Ok(false);
    };
    let most = match size {
        None => u64::MAX,
        Some(0) => 0,
        // More bytes hold more digits than are read.
        Some(size) => MOST_DIGITS
            .get(size as usize - 1)
            .copied()
            .unwrap_or(u64::MAX),
    };
    if precision == 0 || scale > precision || precision > most {
        return Ok(false);
    }
    // Arrow's widest decimal has 256 bits.
    match precision <= 76 && size.is_none_or(|size| size <= 32) {
        true => Ok(true),
        false => Err(format!(
            "its schema has a decimal of {precision} digits: 76 in 32 bytes are the most that is read"
        )),
    }
}

/// Makes texts of the record's UUIDs that are written as texts.
fn uuids(schema: &mut Value) -> Vec<String> {
    let fields = schema.get_mut("fields").and_then(Value::as_array_mut);
    let mut uuids = Vec::new();
    for field in fields.into_iter().flatten() {
        let name = field.get("name").and_then(Value::as_str);
        let name = name.unwrap_or_default().to_string();
        let found = match field.get_mut("type") {
            Some(Value::Array(branches)) if branches.len() == 2 => {
                branches.iter_mut().any(take_uuid)
            }
            Some(one) => take_uuid(one),
            None => false,
        };
        if found {
            uuids.push(name);
        }
    }
    uuids
}

fn take_uuid(schema: &mut Value) -> bool {
    let Value::Object(object) = schema else {
        return false;
    };
    let is = |key: &str, value: &str| object.get(key).and_then(Value::as_str) == Some(value);
    let found = is("type", "string") && is("logicalType", "uuid");
    if found {
        object.retain(|name, _| name != "logicalType");
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What becomes of a field `a` of this type.
    fn field(kind: &str) -> String {
        let schema = record(kind);
        match check(&schema) {
            Ok(checked) => {
                let parsed: Value = serde_json::from_str(&checked.with_texts).unwrap();
                let uuids = checked.uuids.join(" ");
                format!("{}{uuids}", parsed["fields"][0]["type"])
            }
            Err(refused) => refused,
        }
    }

    fn record(kind: &str) -> String {
        format!(r#"{{"type":"record","name":"r","fields":[{{"name":"a","type":{kind}}}]}}"#)
    }

    #[test]
    fn logical_types_that_are_not_valid_are_their_underlying_types() {
        let decimal = |more: &str| format!(r#"{{"type":"bytes","logicalType":"decimal"{more}}}"#);
        for valid in ["", r#","scale":2"#, r#","scale":9"#] {
            let schema = decimal(&format!(r#","precision":9{valid}"#));
            assert_eq!(field(&schema), schema);
        }
        for wrong in [
            "",
            r#","scale":2"#,
            r#","precision":0"#,
            r#","precision":-4"#,
            r#","precision":"4""#,
            r#","precision":4,"scale":6"#,
            r#","precision":4,"scale":-2"#,
            r#","precision":4,"scale":1.5"#,
        ] {
            assert_eq!(
                field(&decimal(wrong)),
                format!(r#"{{"type":"bytes"{wrong}}}"#)
            );
        }
        for (wrong, size) in [
            (r#""decimal","precision":10"#, 4),
            (r#""decimal","precision":3"#, 1),
            (r#""duration""#, 8),
            (r#""uuid""#, 15),
        ] {
            let kind =
                format!(r#"{{"type":"fixed","name":"f","size":{size},"logicalType":{wrong}}}"#);
            assert!(
                !field(&format!("[\"null\",{kind}]")).contains("logicalType"),
                "{kind}"
            );
        }
        let kind = r#"{"type":"fixed","name":"f","size":4,"logicalType":"decimal","precision":9}"#;
        assert_eq!(field(kind), kind);
        assert_eq!(
            field(&decimal(r#","precision":77"#)),
            "its schema has a decimal of 77 digits: 76 in 32 bytes are the most that is read"
        );
    }

    #[test]
    fn uuids_in_texts_are_told_apart() {
        let uuid = r#"{"type":"string","logicalType":"uuid"}"#;
        assert_eq!(field(uuid), r#"{"type":"string"}a"#);
        assert_eq!(
            field(&format!("[\"null\",{uuid}]")),
            r#"["null",{"type":"string"}]a"#
        );
        let list = format!(r#"{{"type":"array","items":{uuid}}}"#);
        assert_eq!(field(&list), list);
    }

    #[test]
    fn what_is_no_finite_record_is_refused() {
        let schemas = [
            (
                r#"{"type":"array","items":"int"}"#,
                "its schema is an array, not a record",
            ),
            (r#""string""#, "its schema is a string, not a record"),
            (r#"["null","int"]"#, "its schema is a union, not a record"),
            ("x", "its schema is not JSON"),
            ("7", "its schema is not a record"),
        ];
        for (schema, refused) in schemas {
            assert_eq!(check(schema).unwrap_err(), refused);
        }
        let recursive = [
            r#"["null","r"]"#,
            r#"{"type":"array","items":"r"}"#,
            r#"{"type":"map","values":["r"]}"#,
        ];
        for kind in recursive {
            assert_eq!(
                field(kind),
                "`a` holds its own record, `r`: rows without an end are not read"
            );
        }
        let spaced = r#"{"type":"record","name":"x.r","fields":[{"name":"b","type":
            {"type":"record","name":"s","fields":[{"name":"c","type":["null","x.r"]},{"name":"d","type":"s"}]}}]}"#;
        assert_eq!(
            check(spaced).unwrap_err(),
            "`b.c` holds its own record, `x.r`: rows without an end are not read"
        );
        let empty = r#"{"type":"record","name":"r","fields":[{"name":"b","type":
            {"type":"record","name":"s","namespace":"","fields":[{"name":"c","type":"r"}]}}]}"#;
        assert_eq!(
            check(empty).unwrap_err(),
            "`b.c` holds its own record, `r`: rows without an end are not read"
        );
        // The same record twice, one beside the other, has an end.
        let twice = r#"{"type":"record","name":"r","fields":[
            {"name":"a","type":{"type":"record","name":"s","fields":[{"name":"b","type":"int"}]}},
            {"name":"c","type":"s"}]}"#;
        assert!(check(twice).is_ok());
    }
}
