//! Sources that gzip or zstd compressed, and what tests of several files share.

use std::io::Write;

use super::support::{Ended, Folder};

pub fn read(from: &str, types: &str) -> String {
    format!(
        "version: 1\nname: read\ntables:\n  t:\n    from: {{ {from} }}\n    types: {types}\nsinks:\n  - file: {{ path: again.jsonl, if_exists: replace }}\n"
    )
}

pub fn run(folder: &Folder, from: &str, types: &str, arguments: &[&str]) -> Ended {
    folder.write("p.yaml", &read(from, types));
    folder.run(&[&["run", "p.yaml", "--quiet"], arguments].concat())
}

/// The rows of a source, one object a line.
pub fn rows(folder: &Folder, from: &str, types: &str, arguments: &[&str]) -> String {
    let ended = run(folder, from, types, arguments);
    assert_eq!(ended.code, 0, "{from}: {}", ended.stderr);
    folder.read("again.jsonl")
}

pub fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

pub fn zstd(bytes: &[u8]) -> Vec<u8> {
    zstd::encode_all(bytes, 1).unwrap()
}

pub fn put(folder: &Folder, name: &str, bytes: &[u8]) {
    folder.write(name, "");
    std::fs::write(folder.path(name), bytes).unwrap();
}

pub fn sorted(text: &str) -> Vec<String> {
    let mut lines: Vec<String> = text.lines().map(str::to_string).collect();
    lines.sort();
    lines
}

#[test]
fn compressed_files_are_read_at_any_row() {
    let folder = Folder::new();
    let line = |row: usize| format!("{row},name {}\n", row * 7919 % 1_000_003);
    let text: String = std::iter::once("id,name\n".to_string())
        .chain((0..120_000).map(line))
        .collect();
    let bytes = text.as_bytes();
    folder.write("plain.csv", &text);
    let expected = rows(&folder, "csv: { path: plain.csv }", "{}", &[]);
    let members =
        |pack: fn(&[u8]) -> Vec<u8>, size| bytes.chunks(size).flat_map(pack).collect::<Vec<u8>>();
    let padded = [gzip(bytes), vec![0; 1000]].concat();
    let skippable = [b"\x50\x2a\x4d\x18\x04\0\0\0abcd".to_vec(), zstd(bytes)].concat();
    for (name, packed) in [
        ("one.csv.gz", gzip(bytes)),
        ("many.csv.gz", members(gzip, 5_000)),
        ("some.csv.GZ", members(gzip, 700_000)),
        ("padded.csv.gz", padded),
        ("named.csv", gzip(bytes)),
        ("one.csv.zst", zstd(bytes)),
        ("many.csv.zst", members(zstd, 300_000)),
        ("first.csv.zst", skippable),
        ("named", zstd(bytes)),
    ] {
        put(&folder, name, &packed);
        let from = format!("csv: {{ path: {name} }}");
        for arguments in [&["--threads=3", "--batch-rows=1000"][..], &["--threads=1"]] {
            assert!(
                rows(&folder, &from, "{}", arguments) == expected,
                "{name} {arguments:?}"
            );
        }
        run(&folder, &from, "{}", &["--slice=2/3"]);
        let second: String = expected
            .split_inclusive('\n')
            .skip(40_000)
            .take(40_000)
            .collect();
        assert!(
            folder.read("again-00002-of-00003.jsonl") == second,
            "{name}"
        );
    }
}

#[test]
fn a_bad_row_is_told_with_its_file_and_line() {
    let folder = Folder::new();
    let lines = |bad: usize| -> String {
        let line = |row| {
            if row == bad {
                "x,1\n".to_string()
            } else {
                format!("{row},1\n")
            }
        };
        std::iter::once("id,n\n".to_string())
            .chain((0..3000).map(line))
            .collect()
    };
    folder.write("in/1.csv", &lines(9999));
    put(&folder, "in/2.csv.gz", &gzip(lines(2500).as_bytes()));
    put(&folder, "in/3.csv.zst", &zstd(lines(10).as_bytes()));
    let ended = run(
        &folder,
        "csv: { path: in }",
        "{ id: int64 }",
        &["--threads=1"],
    );
    assert_eq!(ended.code, 2, "{ended:?}");
    let said = "error: in/2.csv.gz:2502: column `id`: expected int64, found `x`\n";
    assert!(
        ended.stderr.contains(&said["error: ".len()..]),
        "{}",
        ended.stderr
    );
    let from = "csv: { path: in, on_bad_row: { dead_letter: bad.jsonl } }";
    let ended = run(&folder, from, "{ id: int64 }", &["--batch-rows=5000"]);
    assert_eq!(ended.code, 3, "{ended:?}");
    assert_eq!(folder.read("again.jsonl").lines().count(), 8998);
    let mut letters = sorted(&folder.read("bad.jsonl"));
    letters.dedup();
    let reason = "\"reason\":\"column `id`: expected int64, found `x`\",\"text\":\"x,1\"";
    assert_eq!(
        letters,
        [
            format!("{{\"path\":\"in/2.csv.gz\",\"line\":2502,{reason}}}"),
            format!("{{\"path\":\"in/3.csv.zst\",\"line\":12,{reason}}}"),
        ]
    );
}
