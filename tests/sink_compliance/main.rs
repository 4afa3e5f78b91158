//! What every sink promises: each row once and in order, the same bytes at any number of threads,
//! whole files or none, and a failure that is said as what it is.

mod drive;
mod every;
mod files;
mod folders;
mod rows;
#[cfg(feature = "sessions")]
mod sessions;

use std::fs;
use std::os::unix::fs::FileTypeExt;
use std::path::Path;

use arrow::array::ArrayRef;
use arrow::datatypes::DataType;
use drive::{Run, sink};
use rowgen::sink::SinkKind;

/// Every format, and Parquet in several ways: rows, bytes or pages end a row group.
const FILES: [(&str, &str); 8] = [
    ("rows.avro", "avro"),
    ("rows.csv", "{ csv: { nested: json } }"),
    ("rows.csv.gz", "{ csv: { nested: json } }"),
    ("rows.jsonl", "json"),
    ("rows.jsonl.zst", "json"),
    ("rows.parquet", "{ parquet: { row_group_rows: 3000 } }"),
    (
        "rows.parquet",
        "{ parquet: { row_group_bytes: 20KiB, compression: zstd(3), data_page: v2 } }",
    ),
    (
        "rows.parquet",
        "{ parquet: { page_rows: 500, compression: none, columns: { name: { encoding: dictionary, bloom_filter: true }, amount: { compression: gzip } } } }",
    ),
];

/// Runs `check` with a sink of each kind, the folder it writes to and the file it writes.
fn every_file_kind(check: impl Fn(&SinkKind, &Path, &Path)) {
    for (name, format) in FILES {
        let folder = tempfile::tempdir().unwrap();
        let sink = sink(&format!("file: {{ path: {name}, format: {format} }}"));
        check(&sink, folder.path(), &folder.path().join(name));
    }
}

#[test]
fn no_rows_are_a_whole_file_too() {
    every_file_kind(|sink, out, path| {
        let run = Run {
            rows: 0,
            ..Run::new(out)
        };
        let finished = run.run(&**sink).unwrap();
        assert_eq!(finished.files[0].rows, 0);
        assert_eq!(rows::ids(path), [0; 0]);
    });
}

#[test]
fn rows_arrive_once_and_in_order() {
    every_file_kind(|sink, out, path| {
        let finished = Run::new(out).run(&**sink).unwrap();
        assert_eq!(rows::ids(path), (0..10_001).collect::<Vec<_>>());
        assert_eq!(finished.files[0].rows, 10_001);
        assert_eq!(finished.files[0].bytes, fs::metadata(path).unwrap().len());
        // The file, and what it comes from.
        assert_eq!(fs::read_dir(out).unwrap().count(), 2);
    });
}

#[test]
fn parquet_holds_the_values_that_were_made() {
    every_file_kind(|sink, out, path| {
        if !path.ends_with("rows.parquet") {
            return;
        }
        Run::new(out).run(&**sink).unwrap();
        let found = rows::read(path);
        let made = rows::batch(0, 10_001);
        let plain = |array: &ArrayRef| match array.data_type() {
            DataType::Dictionary(_, values) => arrow::compute::cast(array, values).unwrap(),
            DataType::Decimal64(p, s) => {
                arrow::compute::cast(array, &DataType::Decimal128(*p, *s)).unwrap()
            }
            _ => array.clone(),
        };
        for (found, made) in found.columns().iter().zip(made.columns()) {
            assert_eq!(found, &plain(made));
        }
    });
}

#[test]
fn bytes_are_the_same_on_1_2_and_8_threads() {
    every_file_kind(|sink, out, path| {
        let bytes = [1, 2, 8, 8, 8].map(|threads| {
            let run = Run {
                threads,
                overwrite: true,
                ..Run::new(out)
            };
            run.run(&**sink).unwrap();
            fs::read(path).unwrap()
        });
        assert!(bytes.iter().all(|other| *other == bytes[0]));
    });
}

#[test]
fn a_full_disk_is_said_as_such() {
    for (threads, format) in [
        (1, "avro"),
        (2, "json"),
        (1, "parquet"),
        (2, "parquet"),
        (8, "parquet"),
    ] {
        let sink = sink(&format!("file: {{ path: /dev/full, format: {format} }}"));
        let folder = tempfile::tempdir().unwrap();
        let run = Run {
            threads,
            ..Run::new(folder.path())
        };
        assert_eq!(
            run.run(&*sink).unwrap_err().to_string(),
            "error: writing `/dev/full`\n  caused by: No space left on device (os error 28)\n  hint: free some space, or write elsewhere with `--out`"
        );
    }
    let device = fs::metadata("/dev/full").unwrap().file_type();
    assert!(device.is_char_device(), "it is as it was");
}

#[test]
fn an_aborted_run_leaves_hidden_files_only() {
    every_file_kind(|sink, out, path| {
        Run::new(out).abort_half_way(&**sink).unwrap();
        let name = path.file_name().unwrap().to_string_lossy();
        assert_eq!(folders::tree(out), [format!(".{name}.partial")]);
    });
}

#[test]
fn what_is_discarded_is_counted() {
    for yaml in ["discard", "discard: { format: parquet }"] {
        let folder = tempfile::tempdir().unwrap();
        Run::new(folder.path()).run(&*sink(yaml)).unwrap();
        Run {
            rows: 0,
            ..Run::new(folder.path())
        }
        .run(&*sink(yaml))
        .unwrap();
        assert_eq!(folders::tree(folder.path()), [""; 0]);
    }
}
