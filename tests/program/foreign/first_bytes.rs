//! Files that are something else than their name says: their first bytes tell.

use super::super::packed_files::{gzip, put};
use super::super::support::Folder;
use super::{refused, rows};

#[test]
fn what_is_compressed_is_told_by_its_first_bytes() {
    let folder = Folder::new();
    let cases: &[(&[u8], &str, &str)] = &[
        (b"\xfd7zXZ\0\0\x04", "xz", "xz -dc"),
        (b"BZh91AY&SY", "bzip2", "bunzip2 -c"),
        (b"\x04\x22\x4d\x18\x64\x40", "lz4", "lz4 -dc"),
        (
            b"PK\x03\x04\x14\0\0\0\x08\0abc",
            "a zip archive",
            "unzip -p",
        ),
        (b"PK\x05\x06\0\0\0\0", "a zip archive", "unzip -p"),
    ];
    for (bytes, name, tool) in cases {
        for (from, path) in [
            ("csv", "in.csv"),
            ("json", "in.jsonl"),
            ("parquet", "in.parquet"),
            ("avro", "in.avro"),
        ] {
            std::fs::write(folder.path(path), bytes).unwrap();
            let said = refused(&folder, &format!("{from}: {{ path: {path} }}"), "{}");
            assert_eq!(
                said,
                format!(
                    "error: could not read `{path}`\n\
                     caused by: it is {name}: unpack it first\n\
                     hint: `{tool} {path} > unpacked` makes a file that can be read"
                )
            );
        }
    }
}

#[test]
fn what_is_no_text_is_not_read_as_text() {
    let folder = Folder::new();
    let mut tar = vec![0; 1024];
    tar[..5].copy_from_slice(b"x.csv");
    tar[257..262].copy_from_slice(b"ustar");
    tar[512..516].copy_from_slice(b"a\n1\n");
    let export = "export its rows as CSV, JSON or Parquet first";
    let unpack = "`tar -xf in.csv` unpacks it; read the files in it";
    let cases: &[(&[u8], &str, &str)] = &[
        (&tar, "it is a tar archive", unpack),
        (&gzip(&tar), "it is a tar archive", unpack),
        (b"ORC\x03\x05abc\n", "it is an ORC file", export),
        (
            b"SQLite format 3\0a\nb\n",
            "it is an SQLite database",
            export,
        ),
        (b"%PDF-1.7\nb\n", "it is a PDF document", export),
        (
            b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1\n",
            "it is a document of an old office program",
            export,
        ),
        (
            b"id,na\0me\n1,2\n",
            "line 1: a name holds control characters, as files of other kinds do",
            "export its rows as CSV first",
        ),
    ];
    for (bytes, what, hint) in cases {
        std::fs::write(folder.path("in.csv"), bytes).unwrap();
        let said = refused(&folder, "csv: { path: in.csv }", "{}");
        let expected = format!("error: could not read `in.csv`\ncaused by: {what}\nhint: {hint}");
        assert_eq!(said, expected);
    }
}

#[test]
fn one_format_under_the_name_of_another_is_named() {
    let folder = Folder::new();
    let made = "version: 1\ntables:\n  t: { rows: 3, columns: { id: sequence } }\nsinks:\n  - file: { path: in.parquet }\n  - file: { path: in.avro }\n  - file: { path: in.csv }\n";
    folder.make(made, &[]);
    for (from, path, said) in [
        (
            "csv",
            "in.parquet",
            "it is a Parquet file\nhint: read it as that: `parquet: { path: in.parquet }`",
        ),
        (
            "json",
            "in.avro",
            "it is an Avro file\nhint: read it as that: `avro: { path: in.avro }`",
        ),
        (
            "parquet",
            "in.avro",
            "it is an Avro file, not a Parquet file",
        ),
        (
            "avro",
            "in.parquet",
            "it is a Parquet file, not an Avro file",
        ),
        ("parquet", "in.csv", "it is text, not a Parquet file"),
    ] {
        let found = refused(&folder, &format!("{from}: {{ path: {path} }}"), "{}");
        assert_eq!(
            found,
            format!("error: could not read `{path}`\ncaused by: {said}")
        );
    }
    folder.write("in.avro", "");
    assert_eq!(
        refused(&folder, "avro: { path: in.avro }", "{}"),
        "error: could not read `in.avro`\ncaused by: it is empty, not an Avro file"
    );
}

#[test]
fn what_gzip_holds_is_told_by_its_own_first_bytes() {
    let folder = Folder::new();
    put(&folder, "named.csv", &gzip(b"id\n1\n"));
    assert_eq!(
        rows(&folder, "csv: { path: named.csv }", "{}"),
        "{\"id\":1}\n"
    );
    let cases: [(&str, &[u8], &str); 5] = [
        (
            "csv",
            b"PAR1\x15\x04\x15",
            "it is a Parquet file\nhint: unpack it first, and read it as that: `gunzip -c in.gz > unpacked.parquet`, `parquet: { path: unpacked.parquet }`",
        ),
        (
            "csv",
            b"\xff\xfei\0d\0\n\0",
            "it is UTF-16\nhint: convert it first: `gunzip -c in.gz | iconv -f UTF-16LE -t UTF-8 > utf8.txt`",
        ),
        (
            "json",
            b"BZh91AY&SY",
            "it is bzip2\nhint: `gunzip -c in.gz | bunzip2 -c > unpacked` makes a file that can be read",
        ),
        (
            "json",
            b"{\n\"id\": 1\n}\n",
            "an object stands in several lines: put all objects in one array, or each in one line\nhint: `gunzip -c in.gz | jq -c . > lines.jsonl` makes a file of one object a line",
        ),
        (
            "avro",
            b"Obj\x01\x04",
            "it is gzip: unpack it first\nhint: `gunzip -c in.gz > unpacked` makes a file that can be read",
        ),
    ];
    for (from, bytes, said) in cases {
        put(&folder, "in.gz", &gzip(bytes));
        assert_eq!(
            refused(&folder, &format!("{from}: {{ path: in.gz }}"), "{}"),
            format!("error: could not read `in.gz`\ncaused by: {said}")
        );
    }
}
