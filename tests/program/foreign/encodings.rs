//! Text that is not UTF-8: said which it is, or read with `encoding`.

use super::super::support::Folder;
use super::{refused, rows, stopped};

fn write(folder: &Folder, bytes: &[u8]) {
    std::fs::write(folder.path("in.csv"), bytes).unwrap();
}

/// Text in UTF-16, with a byte order mark.
fn utf16(text: &str, high_first: bool) -> Vec<u8> {
    let units = std::iter::once(0xfeff).chain(text.encode_utf16());
    units
        .flat_map(|unit| match high_first {
            true => unit.to_be_bytes(),
            false => unit.to_le_bytes(),
        })
        .collect()
}

#[test]
fn names_that_are_not_utf_8_are_refused() {
    let folder = Folder::new();
    let cases: &[&[u8]] = &[
        b"pr\xe9nom,n\nx,1\n",
        b"pr\xe9,pr\xe8\n1,2\n",
        b"a,\"\xff\"\n1,2\n",
    ];
    for bytes in cases {
        write(&folder, bytes);
        assert_eq!(
            refused(&folder, "csv: { path: in.csv }", "{}"),
            "error: could not read `in.csv`\n\
             caused by: line 1: the text is not UTF-8; `encoding: windows-1252` reads Latin-1"
        );
    }
    write(&folder, b"name,n\nJos\xe9,1\n");
    let said = stopped(&folder, "csv: { path: in.csv }", "{}");
    assert_eq!(
        said.lines().next(),
        Some(
            "error: in.csv:2: column `name`: the text is not UTF-8; `encoding: windows-1252` reads Latin-1"
        )
    );
}

#[test]
fn utf_16_is_refused_with_a_way_to_convert_it() {
    let folder = Folder::new();
    for (text, types) in [
        ("city\nRome\nOslo\n", "{}"),
        ("id,city\n1,Rome\n", "{ id: int64 }"),
    ] {
        for (high_first, name) in [(false, "UTF-16LE"), (true, "UTF-16BE")] {
            let bytes = utf16(text, high_first);
            for bytes in [&bytes[..], &bytes[2..]] {
                write(&folder, bytes);
                std::fs::write(folder.path("in.jsonl"), bytes).unwrap();
                for (from, path) in [("csv", "in.csv"), ("json", "in.jsonl")] {
                    let said = refused(&folder, &format!("{from}: {{ path: {path} }}"), types);
                    assert_eq!(
                        said,
                        format!(
                            "error: could not read `{path}`\n\
                             caused by: it is UTF-16\n\
                             hint: convert it first: `iconv -f {name} -t UTF-8 {path} > utf8.txt`"
                        )
                    );
                }
            }
        }
    }
}

#[test]
fn text_in_other_encodings_is_read_when_they_are_said() {
    let folder = Folder::new();
    let cases: &[(&str, &[u8], &str)] = &[
        (
            "windows-1252",
            b"pr\xe9nom,n\n\"Jos\xe9, \x80\",1\n",
            "{\"prénom\":\"José, €\",\"n\":1}\n",
        ),
        ("latin1", b"\xfc\n\xe4\n", "{\"ü\":\"ä\"}\n"),
        ("ISO-8859-15", b"a\n\xa4\n", "{\"a\":\"€\"}\n"),
        (
            "shift_jis",
            b"\x96\xbc,n\n\x93\xfa\x96{,1\n",
            "{\"名\":\"日本\",\"n\":1}\n",
        ),
        ("utf-8", "é\nü\n".as_bytes(), "{\"é\":\"ü\"}\n"),
    ];
    for (encoding, bytes, expected) in cases {
        write(&folder, bytes);
        let from = format!("csv: {{ path: in.csv, encoding: {encoding} }}");
        assert_eq!(rows(&folder, &from, "{}"), *expected, "{encoding}");
    }
    // More than one part of a file, and rows from its middle.
    let mut bytes = b"id,v\n".to_vec();
    let mut expected = String::new();
    for row in 0..100_000 {
        bytes.extend(format!("{row},").into_bytes());
        bytes.extend(b"\xe9".repeat(row % 9));
        bytes.extend(b"\n");
        let text = "é".repeat(row % 9);
        let value = if text.is_empty() {
            "null".to_string()
        } else {
            format!("\"{text}\"")
        };
        expected += &format!("{{\"id\":{row},\"v\":{value}}}\n");
    }
    write(&folder, &bytes);
    assert!(
        rows(
            &folder,
            "csv: { path: in.csv, encoding: windows-1252 }",
            "{}"
        ) == expected
    );
}

#[test]
fn what_is_not_in_the_encoding_is_a_bad_row() {
    let folder = Folder::new();
    write(&folder, b"a,b\n1,\x93\n2,x\n");
    let said = stopped(&folder, "csv: { path: in.csv, encoding: shift_jis }", "{}");
    assert_eq!(
        said.lines().next(),
        Some("error: in.csv:2: column `b`: the text is not Shift_JIS")
    );
}

#[test]
fn encodings_that_cannot_be_read_are_refused() {
    let folder = Folder::new();
    write(&folder, b"a\n1\n");
    for (encoding, said) in [
        (
            "klingon",
            "error: unknown encoding `klingon`\n\
             hint: names are those of web pages: `utf-8`, `windows-1252`, `iso-8859-15`, `shift_jis`, `gb18030`",
        ),
        (
            "utf-16",
            "error: text in UTF-16LE cannot be read row by row\n\
             hint: convert it first: `iconv -f UTF-16LE -t UTF-8 in.csv > utf8.csv`",
        ),
        (
            "iso-2022-jp",
            "error: text in ISO-2022-JP cannot be read row by row\n\
             hint: convert it first: `iconv -f ISO-2022-JP -t UTF-8 in.csv > utf8.csv`",
        ),
    ] {
        let from = format!("csv: {{ path: in.csv, encoding: {encoding} }}");
        assert_eq!(refused(&folder, &from, "{}"), said);
    }
}
