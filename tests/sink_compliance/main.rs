//! What every sink promises: each row once and in order, the same bytes at any number of threads,
//! whole files or none, and a failure that is said as what it is.

mod drive;
mod files;
mod folders;
mod rows;

use std::fs;
use std::os::unix::fs::FileTypeExt;
use std::path::Path;

use arrow::array::ArrayRef;
use arrow::datatypes::DataType;
use drive::{Run, sink};
use rowgen::sink::SinkKind;

/// One line per kind of local sink; the text formats join as they arrive.
const FILES: [&str; 3] = [
    "file: { path: rows.parquet, format: { parquet: { row_group_rows: 3000 } } }",
    "file: { path: rows.parquet, format: { parquet: { row_group_bytes: 20KiB, compression: zstd(3), data_page: v2 } } }",
    "file: { path: rows.parquet, format: { parquet: { page_rows: 500, compression: none, columns: { name: { encoding: dictionary, bloom_filter: true }, amount: { compression: gzip } } } } }",
];

fn every_file_kind(check: impl Fn(&SinkKind, &Path)) {
    for yaml in FILES {
        let folder = tempfile::tempdir().unwrap();
        check(&sink(yaml), folder.path());
    }
}

#[test]
fn no_rows_are_a_whole_file_too() {
    every_file_kind(|sink, out| {
        let run = Run {
            rows: 0,
            ..Run::new(out)
        };
        let finished = run.run(&**sink).unwrap();
        assert_eq!(finished.files[0].rows, 0);
        assert_eq!(rows::ids(&out.join("rows.parquet")), [0; 0]);
    });
}

#[test]
fn rows_arrive_once_and_in_order() {
    every_file_kind(|sink, out| {
        let finished = Run::new(out).run(&**sink).unwrap();
        let path = out.join("rows.parquet");
        assert_eq!(rows::ids(&path), (0..10_001).collect::<Vec<_>>());
        assert_eq!(finished.files[0].rows, 10_001);
        assert_eq!(finished.files[0].bytes, fs::metadata(&path).unwrap().len());
        assert_eq!(
            fs::read_dir(out).unwrap().count(),
            1,
            "nothing else is left"
        );
    });
}

#[test]
fn values_arrive_as_they_were_made() {
    every_file_kind(|sink, out| {
        Run::new(out).run(&**sink).unwrap();
        let found = rows::read(&out.join("rows.parquet"));
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
    every_file_kind(|sink, out| {
        let bytes = [1, 2, 8, 8, 8].map(|threads| {
            let run = Run {
                threads,
                overwrite: true,
                ..Run::new(out)
            };
            run.run(&**sink).unwrap();
            fs::read(out.join("rows.parquet")).unwrap()
        });
        assert!(bytes.iter().all(|other| *other == bytes[0]));
    });
}

#[test]
fn a_full_disk_is_said_as_such() {
    let sink = sink("file: { path: /dev/full, format: parquet }");
    for threads in [1, 2, 8] {
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
    every_file_kind(|sink, out| {
        Run::new(out).abort_half_way(&**sink).unwrap();
        assert_eq!(folders::tree(out), [".rows.parquet.partial"]);
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
