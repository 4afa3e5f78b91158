//! Avro files with what other writers put into them.

use super::super::support::Folder;
use super::{lines, refused, rows, stopped, table};

const FROM: &str = "avro: { path: in.avro }";

fn long(number: i64, out: &mut Vec<u8>) {
    let mut bits = ((number << 1) ^ (number >> 63)) as u64;
    while bits >= 0x80 {
        out.push(bits as u8 | 0x80);
        bits >>= 7;
    }
    out.push(bits as u8);
}

/// A file of one block.
fn file(folder: &Folder, schema: &str, codec: &str, count: i64, data: &[u8]) {
    blocks(folder, schema, codec, &[(count, data)]);
}

/// A file of blocks with so many rows each.
fn blocks(folder: &Folder, schema: &str, codec: &str, blocks: &[(i64, &[u8])]) {
    let mut bytes = b"Obj\x01".to_vec();
    long(2, &mut bytes);
    for text in ["avro.schema", schema, "avro.codec", codec] {
        long(text.len() as i64, &mut bytes);
        bytes.extend(text.bytes());
    }
    bytes.push(0);
    bytes.extend([7; 16]);
    for (count, data) in blocks {
        long(*count, &mut bytes);
        long(data.len() as i64, &mut bytes);
        bytes.extend(*data);
        bytes.extend([7; 16]);
    }
    std::fs::write(folder.path("in.avro"), bytes).unwrap();
}

/// A file of records with a field `d` of this type.
fn records(folder: &Folder, kind: &str, count: i64, data: &[u8]) {
    let schema = format!(
        "{{\"type\":\"record\",\"name\":\"r\",\"fields\":[{{\"name\":\"d\",\"type\":{kind}}}]}}"
    );
    file(folder, &schema, "null", count, data);
}

#[test]
fn decimals_that_are_not_valid_are_bytes() {
    let folder = Folder::new();
    for (attributes, expected) in [
        ("\"precision\":4,\"scale\":2", "{\"d\":1.23}\n"),
        ("\"precision\":4,\"scale\":6", "{\"d\":\"007b\"}\n"),
        ("\"precision\":0", "{\"d\":\"007b\"}\n"),
        ("\"precision\":4,\"scale\":-2", "{\"d\":\"007b\"}\n"),
        ("\"scale\":2", "{\"d\":\"007b\"}\n"),
    ] {
        let bytes = format!("{{\"type\":\"bytes\",\"logicalType\":\"decimal\",{attributes}}}");
        records(&folder, &bytes, 1, b"\x04\x00\x7b");
        assert_eq!(rows(&folder, FROM, "{}"), expected, "{attributes}");
        let union = format!("[\"null\",{bytes}]");
        records(&folder, &union, 2, b"\x02\x04\x00\x7b\x00");
        let expected = format!("{expected}{{\"d\":null}}\n");
        assert_eq!(rows(&folder, FROM, "{}"), expected, "{attributes}");
    }
    let fixed = "{\"type\":\"fixed\",\"name\":\"f\",\"size\":1,\"logicalType\":\"decimal\",\"precision\":3}";
    records(&folder, fixed, 1, b"\x7b");
    assert_eq!(rows(&folder, FROM, "{}"), "{\"d\":\"7b\"}\n");
    let many = "{\"type\":\"bytes\",\"logicalType\":\"decimal\",\"precision\":80}";
    records(&folder, many, 1, b"\x02\x7b");
    assert_eq!(
        refused(&folder, FROM, "{}"),
        "error: could not read `in.avro`\n\
         caused by: its schema has a decimal of 80 digits: 76 in 32 bytes are the most that is read"
    );
}

#[test]
fn durations_are_refused_by_sinks_that_cannot_hold_them() {
    let folder = Folder::new();
    let duration = "{\"type\":\"fixed\",\"name\":\"D\",\"size\":12,\"logicalType\":\"duration\"}";
    let data = [1, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0];
    records(&folder, duration, 1, &data);
    for (out, expected) in [
        (
            "out.parquet",
            "error: `t.d`: Parquet cannot hold durations of months, days and parts of days\n\
             hint: leave it out with the sink's `columns:`",
        ),
        (
            "out.csv",
            "error: column `d` has the type duration, which CSV cannot hold\n\
             hint: leave it out with the sink's `columns:`, or write it as JSON: `format: { csv: { nested: json } }`",
        ),
        (
            "out.jsonl",
            "error: column `d` has the type duration, which JSON cannot hold\n\
             hint: give it another type, or leave it out with the sink's `columns:`",
        ),
        (
            "out.avro",
            "error: column `d` has the type duration, which Avro cannot hold\n\
             hint: give it another type, or leave it out with the sink's `columns:`",
        ),
    ] {
        assert_eq!(lines(&folder.refuse(&table(FROM, "{}", out))), expected);
    }
    let list = format!("{{\"type\":\"array\",\"items\":{duration}}}");
    records(&folder, &list, 1, b"\x00");
    let said = lines(&folder.refuse(&table(FROM, "{}", "out.parquet")));
    assert!(
        said.starts_with("error: `t.d`: Parquet cannot hold durations"),
        "{said}"
    );
    // Twelve bytes are what a duration has: others are bytes.
    let wrong = duration.replace("12", "3");
    records(&folder, &wrong, 1, &[1, 2, 3]);
    assert_eq!(rows(&folder, FROM, "{}"), "{\"d\":\"010203\"}\n");
}

#[test]
fn schemas_that_are_no_rows_are_refused() {
    let folder = Folder::new();
    let refused = |cause: &str| {
        assert_eq!(
            refused(&folder, FROM, "{}"),
            format!("error: could not read `in.avro`\ncaused by: {cause}")
        );
    };
    file(
        &folder,
        "{\"type\":\"array\",\"items\":\"int\"}",
        "null",
        1,
        &[2, 2, 0],
    );
    refused("its schema is an array, not a record");
    file(&folder, "\"string\"", "null", 1, b"\x02a");
    refused("its schema is a string, not a record");
    file(&folder, "{\"type\":", "null", 1, b"\x02a");
    refused("its schema is not JSON");
    let linked = "{\"type\":\"record\",\"name\":\"r\",\"fields\":[{\"name\":\"c\",\"type\":\"int\"},{\"name\":\"n\",\"type\":[\"null\",\"r\"]}]}";
    file(&folder, linked, "null", 1, &[2, 0]);
    refused("`n` holds its own record, `r`: rows without an end are not read");
    records(&folder, "{\"type\":\"array\",\"items\":\"r\"}", 1, &[0]);
    refused("`d` holds its own record, `r`: rows without an end are not read");
}

#[test]
fn blocks_that_are_compressed_by_something_else_are_refused() {
    let folder = Folder::new();
    let schema =
        "{\"type\":\"record\",\"name\":\"r\",\"fields\":[{\"name\":\"a\",\"type\":\"int\"}]}";
    for (codec, cause) in [
        (
            "bzip2",
            "its blocks are compressed by bzip2, which is not read",
        ),
        ("xz", "its blocks are compressed by xz, which is not read"),
        (
            "lz77",
            "its blocks are compressed by something that is not read",
        ),
    ] {
        file(&folder, schema, codec, 1, b"BZh9");
        assert_eq!(
            refused(&folder, FROM, "{}"),
            format!(
                "error: could not read `in.avro`\ncaused by: {cause}\n\
                 hint: write it again with `deflate`, `snappy` or `zstandard`, or without compression"
            )
        );
    }
    std::fs::write(folder.path("in.avro"), b"Obj\x01\x04\x16avro.sch").unwrap();
    assert_eq!(
        refused(&folder, FROM, "{}"),
        "error: could not read `in.avro`\ncaused by: its header is broken\nhint: is the file complete?"
    );
}

#[test]
fn a_text_that_is_no_uuid_has_its_row_and_column() {
    let folder = Folder::new();
    let uuid = "{\"type\":\"string\",\"logicalType\":\"uuid\"}";
    let good = b"\x48f81d4fae-7dec-11d0-a765-00a0c91e6bf6";
    let data = [&good[..], b"\x08abcd"].concat();
    records(&folder, uuid, 2, &data);
    assert_eq!(
        stopped(&folder, FROM, "{}"),
        "error: could not read `in.avro`\n\
         caused by: column `d`, row 1: abcd cannot be read as uuid\n\
         hint: `types: { d: utf8 }` reads it as it is"
    );
    assert_eq!(
        rows(&folder, FROM, "{ d: utf8 }"),
        "{\"d\":\"f81d4fae-7dec-11d0-a765-00a0c91e6bf6\"}\n{\"d\":\"abcd\"}\n"
    );
    let union = format!("[\"null\",{uuid}]");
    let data = [b"\x00\x02", &good[..]].concat();
    records(&folder, &union, 2, &data);
    assert_eq!(
        rows(&folder, FROM, "{}"),
        "{\"d\":null}\n{\"d\":\"f81d4fae-7dec-11d0-a765-00a0c91e6bf6\"}\n"
    );
}

#[test]
fn a_block_with_more_rows_than_it_says_is_broken() {
    let folder = Folder::new();
    records(&folder, "\"long\"", 4, b"\x02\x04\x06\x08\x0a");
    assert_eq!(
        stopped(&folder, FROM, "{}"),
        "error: could not read `in.avro`\n\
         caused by: a block says that it has 4 rows, and has more\n\
         hint: is the file complete?"
    );
}

#[test]
fn a_block_may_be_empty() {
    let folder = Folder::new();
    let schema =
        "{\"type\":\"record\",\"name\":\"r\",\"fields\":[{\"name\":\"d\",\"type\":\"long\"}]}";
    let (two, one, none): ((i64, &[u8]), _, _) =
        ((2, b"\x02\x04"), (1, &b"\x06"[..]), (0, &b""[..]));
    for file in [vec![two, none, one], vec![none, two, none, none, one, none]] {
        blocks(&folder, schema, "null", &file);
        assert_eq!(
            rows(&folder, FROM, "{}"),
            "{\"d\":1}\n{\"d\":2}\n{\"d\":3}\n"
        );
    }
}

/// A namespace may stand within a name, be that around it, or be none.
#[test]
fn names_are_found_in_their_namespaces() {
    let folder = Folder::new();
    let schema = r#"{"type":"record","name":"n.R","fields":[
        {"name":"a","type":{"type":"enum","name":"E","namespace":"","symbols":["x","y"]}},
        {"name":"b","type":{"type":"record","name":"S","fields":[
            {"name":"c","type":{"type":"enum","name":"F","symbols":["p","q"]}},
            {"name":"d","type":["null","n.F"]}]}}]}"#;
    file(&folder, schema, "null", 1, &[0, 2, 2, 2]);
    assert_eq!(
        rows(&folder, FROM, "{}"),
        "{\"a\":\"x\",\"b\":{\"c\":\"q\",\"d\":\"q\"}}\n"
    );
    // Symbols and branches that there are not: the library would take them for a null or another value.
    let empty = schema
        .replace("\"n.R\"", "\"R\",\"namespace\":\"\"")
        .replace("n.F", "F");
    for (data, told) in [
        ([2, 2, 4, 0], "`b.d` has branch 2, and there are 2"),
        ([4, 2, 2, 0], "`a` has branch 2, and there are 2"),
        ([2, 2, 2, 6], "`b.d` has branch 3, and there are 2"),
    ] {
        for schema in [schema, &empty] {
            file(&folder, schema, "null", 1, &data);
            let words = stopped(&folder, FROM, "{}");
            assert!(words.contains(told), "{words}");
        }
    }
}

/// The option of a sink says the same.
#[test]
fn an_empty_namespace_is_none_in_a_sink() {
    let folder = Folder::new();
    folder.make(
        "version: 1\ntables:\n  t: { rows: 2, columns: { id: sequence } }\nsinks:\n  - file: { path: in.avro, format: { avro: { name: R, namespace: \"\" } } }\n",
        &[],
    );
    let head = String::from_utf8_lossy(&folder.bytes("in.avro")).into_owned();
    assert!(
        head.contains("\"name\":\"R\"") && !head.contains("namespace"),
        "{head}"
    );
}
