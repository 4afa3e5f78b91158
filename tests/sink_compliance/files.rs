//! One file: what is already there, folders that cannot be, pipes.

use std::fs;
use std::path::Path;

use rowgen::batch::Batch;
use rowgen::sink::Sink;

use crate::drive::{Run, found, ready, sink, try_sink};
use crate::rows;

fn file(options: &str) -> rowgen::sink::SinkKind {
    sink(&format!("file: {{ path: a/rows.parquet{options} }}"))
}

/// What is refused, with this folder's name as OUT.
fn refusal(run: &Run, sink: &dyn Sink) -> String {
    let text = run.run(sink).unwrap_err().to_string();
    text.replace(&run.out.display().to_string(), "OUT")
}

#[test]
fn output_that_is_there_is_kept_unless_it_is_to_be_replaced() {
    let folder = tempfile::tempdir().unwrap();
    let run = Run::new(folder.path());
    run.run(&*file("")).unwrap();
    insta::assert_snapshot!(refusal(&run, &*file("")));
    let shorter = Run {
        rows: 5,
        ..Run::new(folder.path())
    };
    shorter.run(&*file(", if_exists: replace")).unwrap();
    let path = folder.path().join("a/rows.parquet");
    assert_eq!(rows::ids(&path), [0, 1, 2, 3, 4]);
    let longer = Run {
        rows: 6,
        overwrite: true,
        ..Run::new(folder.path())
    };
    longer.run(&*file("")).unwrap();
    assert_eq!(rows::ids(&path).len(), 6);
}

#[test]
fn the_same_output_is_skipped_and_another_one_refused() {
    let folder = tempfile::tempdir().unwrap();
    let skip = file(", if_exists: skip");
    let run = Run::new(folder.path());
    assert_eq!(found(&*skip, &run), "ready");
    run.run(&*skip).unwrap();
    assert_eq!(found(&*skip, &run), "same");
    let other = Run {
        fingerprint: "plan-b",
        ..Run::new(folder.path())
    };
    insta::assert_snapshot!(refusal(&other, &*skip));
    // Whoever wrote it says what it comes from.
    run.run(&*file(", if_exists: replace")).unwrap();
    assert_eq!(found(&*skip, &run), "same");
    fs::remove_file(folder.path().join("a/.rows.parquet.manifest.jsonl")).unwrap();
    assert!(skip.connect(&run.target()).is_err(), "nobody knows");
}

#[test]
fn a_file_in_place_of_a_folder_is_said_before_the_first_row() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("a"), "a file").unwrap();
    insta::assert_snapshot!(refusal(&Run::new(folder.path()), &*file("")));
}

#[test]
fn slices_of_a_file_are_files_that_make_the_whole() {
    let folder = tempfile::tempdir().unwrap();
    let mut all = Vec::new();
    for index in 1..=3 {
        let slice = Some(rowgen::sink::Slice { index, count: 3 });
        let run = Run {
            slice,
            ..Run::new(folder.path())
        };
        let finished = run.run(&*file("")).unwrap();
        let name = format!("a/rows-0000{index}-of-00003.parquet");
        assert_eq!(finished.files[0].path, folder.path().join(name));
        assert_eq!(finished.files[0].first_row, Some(10_001 * (index - 1) / 3));
        all.extend(rows::ids(&finished.files[0].path));
    }
    assert_eq!(all, (0..10_001).collect::<Vec<_>>());
}

#[test]
fn a_pipe_is_written_through_and_a_reader_that_goes_early_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let pipe = folder.path().join("pipe");
    let made = std::process::Command::new("mkfifo")
        .arg(&pipe)
        .status()
        .unwrap();
    assert!(made.success());
    let sink = sink("file: { path: pipe, format: parquet }");
    let reader = std::thread::spawn({
        let pipe = pipe.clone();
        move || fs::read(pipe).unwrap()
    });
    let run = Run {
        rows: 10,
        ..Run::new(folder.path())
    };
    let finished = run.run(&*sink).unwrap();
    let bytes = reader.join().unwrap();
    assert_eq!(finished.files[0].bytes, bytes.len() as u64);
    assert_eq!(bytes[..4], *b"PAR1");

    let reader = std::thread::spawn(move || drop(fs::File::open(pipe).unwrap()));
    let target = run.target();
    let ready = ready(&*sink, &target).unwrap();
    let lane = ready.open(0).unwrap();
    reader_gone(lane.as_ref(), reader);
}

fn reader_gone(lane: &dyn rowgen::sink::Lane, reader: std::thread::JoinHandle<()>) {
    let mut joined = Some(reader);
    for number in 0..20_000 {
        if lane
            .submit(&Batch::new(
                number,
                number * 1000,
                rows::batch(number * 1000, 1000),
            ))
            .is_err()
        {
            assert!(lane.failed());
            let error = lane.finish(number).err().unwrap().to_string();
            assert!(error.contains("has left before the end"), "{error}");
            return;
        }
        if number == 0 {
            // The writer opens the pipe with its first chunk, which lets the reader come and go.
            joined.take().unwrap().join().unwrap();
        }
    }
    panic!("the reader has gone and nobody noticed");
}

#[test]
fn options_that_do_not_fit_are_refused_where_they_stand() {
    let check = |yaml: &str| {
        let problems = match try_sink(yaml) {
            Ok(sink) => sink.check(&rows::shape(100)),
            Err(problem) => vec![problem],
        };
        let texts: Vec<String> = problems.iter().map(ToString::to_string).collect();
        texts.join("\n\n")
    };
    insta::assert_snapshot!(
        [
            "file: { path: rows.parquet, files: 3 }",
            "file: { path: rows.parquet, roll: 60s, partition_by: day }",
            "file: { path: rows, files: 0, format: parquet }",
            "file: { path: rows, files: 2, partition_by: [a, b], format: parquet }",
            "file: { path: rows, if_exists: replace_partitions, format: parquet }",
            "file: { path: rows }",
            "file: { path: rows.parkett }",
            "file: { path: rows.parquet, if_exist: skip }",
            "file: { path: rows.parquet, format: { parquet: { compression: brotli } } }",
            "file: { path: rows.parquet, format: { parquet: { compression: zip } } }",
            "file: { path: rows.parquet, format: { parquet: { row_group_rows: 0 } } }",
            "file: { path: rows.parquet, format: { parquet: { columns: { nam: { bloom_filter: true } } } } }",
            "file: { path: rows.parquet, format: { parquet: { columns: { name: { encoding: delta_binary_packed } } } } }",
            "file: { path: rows.parquet, format: { parquet: { columns: { amount: { encoding: byte_stream_split } } } } }",
            "file: { path: rows.parquet, format: { parquet: { columns: { name: { encodin: plain } } } } }",
            "file: { path: rows.parquet, format: { parquet: { columns: { flag: { bloom_filter: true } } } } }",
            "file: { path: rows.parquet, format: { parquet: { columns: { name: { bloom_filter: { fpp: 2 } } } } } }",
        ]
        .map(check)
        .join("\n\n")
    );
}

#[test]
fn a_relative_path_starts_at_out() {
    let folder = tempfile::tempdir().unwrap();
    let path = Path::new("b/c/rows.parquet");
    let run = Run {
        rows: 1,
        ..Run::new(folder.path())
    };
    let finished = run.run(&*sink("file: { path: b/c/rows.parquet }")).unwrap();
    assert_eq!(finished.files[0].path, folder.path().join(path));
}
