//! Folders of files: parts, slices, partitions, manifests, replacing, rolling.

use std::fs;
use std::path::Path;
use std::time::Duration;

use rowgen::sink::{Partition, Sink, SinkKind, Slice};
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::drive::{Run, found, sink};
use crate::rows;

/// Every file below a folder, hidden ones too.
pub fn tree(folder: &Path) -> Vec<String> {
    let mut files = Vec::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(inside) = folders.pop() {
        for entry in fs::read_dir(inside).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let path = path.strip_prefix(folder).unwrap();
                files.push(path.display().to_string());
            }
        }
    }
    files.sort();
    files
}

fn folder_sink(options: &str) -> SinkKind {
    sink(&format!("file: {{ path: d, format: parquet{options} }}"))
}

fn manifest(path: &Path) -> Vec<Value> {
    let text = fs::read_to_string(path).unwrap();
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

/// What is refused, with this folder's name as OUT.
fn refusal(run: &Run, sink: &dyn Sink) -> String {
    let text = run.run(sink).unwrap_err().to_string();
    text.replace(&run.out.display().to_string(), "OUT")
}

#[test]
fn a_folder_lists_its_files_and_says_when_it_is_whole() {
    let folder = tempfile::tempdir().unwrap();
    let run = Run::new(folder.path());
    run.run(&*folder_sink(", files: 3")).unwrap();
    let d = folder.path().join("d");
    assert_eq!(
        tree(&d),
        [
            "_SUCCESS",
            "_rowgen/manifest.jsonl",
            "part-00000.parquet",
            "part-00001.parquet",
            "part-00002.parquet"
        ]
    );
    let mut next = 0;
    for line in manifest(&d.join("_rowgen/manifest.jsonl")) {
        let path = d.join(line["path"].as_str().unwrap());
        let bytes = fs::read(&path).unwrap();
        let sha256: String = Sha256::digest(&bytes)
            .iter()
            .map(|b| format!("{b:02x}"))
            .collect();
        let rows = line["rows"].as_u64().unwrap();
        assert_eq!(line["bytes"], bytes.len());
        assert_eq!(line["sha256"], sha256);
        assert_eq!(line["first_row"], next);
        assert_eq!(line["last_row"], next + rows - 1);
        assert_eq!(line["fingerprint"], "plan-a");
        let ids: Vec<i64> = (next as i64..(next + rows) as i64).collect();
        assert_eq!(rows::ids(&path), ids);
        next += rows;
    }
    assert_eq!(next, 10_001);
}

#[test]
fn a_folder_is_cut_alike_at_any_number_of_threads() {
    for options in [", files: 4", ", target_file_size: 10KiB"] {
        let mut all = Vec::new();
        for threads in [1, 2, 8] {
            let folder = tempfile::tempdir().unwrap();
            let run = Run {
                threads,
                ..Run::new(folder.path())
            };
            run.run(&*folder_sink(options)).unwrap();
            let d = folder.path().join("d");
            all.push(fs::read_to_string(d.join("_rowgen/manifest.jsonl")).unwrap());
            assert!(tree(&d).len() > 4, "several files");
        }
        assert!(all.iter().all(|other| *other == all[0]));
    }
}

#[test]
fn slices_complete_the_set_in_any_order() {
    let folder = tempfile::tempdir().unwrap();
    let d = folder.path().join("d");
    for index in [2, 1] {
        assert!(!d.join("_SUCCESS").exists());
        let slice = Some(Slice { index, count: 2 });
        let run = Run {
            slice,
            ..Run::new(folder.path())
        };
        run.run(&*folder_sink("")).unwrap();
    }
    assert_eq!(
        tree(&d),
        [
            "_SUCCESS",
            "_rowgen/manifest-00001-of-00002.jsonl",
            "_rowgen/manifest-00002-of-00002.jsonl",
            "part-00001-of-00002-00000.parquet",
            "part-00002-of-00002-00000.parquet"
        ]
    );
    let mut ids = rows::ids(&d.join("part-00001-of-00002-00000.parquet"));
    ids.extend(rows::ids(&d.join("part-00002-of-00002-00000.parquet")));
    assert_eq!(ids, (0..10_001).collect::<Vec<_>>());
    let again = Run {
        slice: Some(Slice { index: 1, count: 2 }),
        ..Run::new(folder.path())
    };
    insta::assert_snapshot!(refusal(&again, &*folder_sink("")));
    let third = Run {
        slice: Some(Slice { index: 3, count: 3 }),
        ..Run::new(folder.path())
    };
    insta::assert_snapshot!(refusal(&third, &*folder_sink("")));

    // Another plan: the set is whole again only when both slices have it.
    for index in [1, 2] {
        let slice = Some(Slice { index, count: 2 });
        let run = Run {
            slice,
            fingerprint: "plan-b",
            overwrite: true,
            ..Run::new(folder.path())
        };
        run.run(&*folder_sink(", files: 2")).unwrap();
        assert_eq!(d.join("_SUCCESS").exists(), index == 2);
    }
    assert_eq!(
        tree(&d)
            .iter()
            .filter(|name| name.ends_with(".parquet"))
            .count(),
        4
    );

    // The whole table in place of its slices.
    Run {
        overwrite: true,
        ..Run::new(folder.path())
    }
    .run(&*folder_sink(""))
    .unwrap();
    assert_eq!(
        tree(&d),
        ["_SUCCESS", "_rowgen/manifest.jsonl", "part-00000.parquet"]
    );
}

#[test]
fn slices_replace_a_dataset_that_was_cut_otherwise() {
    for count in [None, Some(2)] {
        let folder = tempfile::tempdir().unwrap();
        let d = folder.path().join("d");
        for index in 1..=count.unwrap_or(1) {
            let slice = count.map(|count| Slice { index, count });
            let run = Run {
                slice,
                ..Run::new(folder.path())
            };
            run.run(&*folder_sink("")).unwrap();
        }
        let before = tree(&d);
        for index in [3, 1, 2] {
            let run = Run {
                slice: Some(Slice { index, count: 3 }),
                fingerprint: "plan-b",
                ..Run::new(folder.path())
            };
            run.run(&*folder_sink(", if_exists: replace")).unwrap();
            let now = tree(&d);
            let parts = before.iter().filter(|name| name.starts_with("part-"));
            let stays = parts.filter(|name| now.contains(name)).count();
            let all = count.unwrap_or(1) as usize;
            assert_eq!(stays, if index == 2 { 0 } else { all }, "{now:?}");
            assert_eq!(now.contains(&"_SUCCESS".to_string()), index == 2);
        }
        let ids: Vec<i64> = (1..=3)
            .flat_map(|i| rows::ids(&d.join(format!("part-0000{i}-of-00003-00000.parquet"))))
            .collect();
        assert_eq!(ids, (0..10_001).collect::<Vec<_>>());
        assert_eq!(tree(&d).len(), 7, "{:?}", tree(&d));
    }
}

#[test]
fn replacing_removes_what_the_manifest_lists_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let d = folder.path().join("d");
    Run::new(folder.path())
        .run(&*folder_sink(", files: 5"))
        .unwrap();
    insta::assert_snapshot!(refusal(&Run::new(folder.path()), &*folder_sink("")));
    fs::write(d.join("_notes"), "mine").unwrap();
    let replace = folder_sink(", files: 2, if_exists: replace");
    Run::new(folder.path()).run(&*replace).unwrap();
    let whole = [
        "_SUCCESS",
        "_notes",
        "_rowgen/manifest.jsonl",
        "part-00000.parquet",
        "part-00001.parquet",
    ];
    assert_eq!(tree(&d), whole);
    fs::write(d.join("other.parquet"), "somebody else's").unwrap();
    insta::assert_snapshot!(refusal(&Run::new(folder.path()), &*replace));
    assert_eq!(tree(&d).len(), whole.len() + 1, "nothing was touched");
}

#[test]
fn a_run_that_stops_half_way_says_nothing_is_whole_and_is_cleared_by_the_next_one() {
    let folder = tempfile::tempdir().unwrap();
    let d = folder.path().join("d");
    let many = folder_sink(", files: 10");
    Run::new(folder.path()).abort_half_way(&*many).unwrap();
    let left = tree(&d);
    assert!(!left.contains(&"_SUCCESS".to_string()), "{left:?}");
    assert!(
        left.contains(&"_rowgen/.manifest.jsonl.partial".to_string()),
        "{left:?}"
    );
    let replace = folder_sink(", if_exists: replace");
    Run::new(folder.path()).run(&*replace).unwrap();
    let left = tree(&d);
    assert_eq!(
        left,
        ["_SUCCESS", "_rowgen/manifest.jsonl", "part-00000.parquet"]
    );
}

#[test]
fn what_a_run_that_stops_half_way_would_have_replaced_stays() {
    let folder = tempfile::tempdir().unwrap();
    let d = folder.path().join("d");
    Run::new(folder.path()).run(&*folder_sink("")).unwrap();
    let whole: Vec<_> = tree(&d)
        .into_iter()
        .map(|name| (fs::read(d.join(&name)).unwrap(), name))
        .collect();
    let many = folder_sink(", files: 10, if_exists: replace");
    Run::new(folder.path()).abort_half_way(&*many).unwrap();
    assert!(d.join(".part-00004.parquet.partial").exists());
    assert!(
        whole
            .iter()
            .all(|(bytes, name)| fs::read(d.join(name)).unwrap() == *bytes)
    );
    assert!(!d.join("part-00001.parquet").exists());
    Run::new(folder.path())
        .run(&*folder_sink(", if_exists: replace"))
        .unwrap();
    let names: Vec<String> = whole.into_iter().map(|(_, name)| name).collect();
    assert_eq!(tree(&d), names);
}

#[test]
fn the_same_dataset_is_skipped() {
    let folder = tempfile::tempdir().unwrap();
    let skip = folder_sink(", if_exists: skip");
    let run = Run::new(folder.path());
    assert_eq!(found(&*skip, &run), "ready");
    run.run(&*skip).unwrap();
    assert_eq!(found(&*skip, &run), "same");
    let other = Run {
        fingerprint: "plan-b",
        ..Run::new(folder.path())
    };
    insta::assert_snapshot!(refusal(&other, &*skip));
    fs::remove_file(folder.path().join("d/_SUCCESS")).unwrap();
    assert_eq!(found(&*skip, &run), "ready", "it was never whole");
}

fn days(first_batches: &[(u64, &str)]) -> Vec<Partition> {
    let day = |(first_batch, day): &(u64, &str)| Partition {
        first_batch: *first_batch,
        first_row: Some(first_batch * rows::BATCH_ROWS),
        values: vec![("day".into(), Some((*day).into()))],
    };
    first_batches.iter().map(day).collect()
}

#[test]
fn partitions_are_folders_and_can_be_replaced_one_by_one() {
    let folder = tempfile::tempdir().unwrap();
    let d = folder.path().join("d");
    let by_day = folder_sink(", partition_by: day");
    let partitions = days(&[(0, "2026-01-01"), (3, "2026-01-02")]);
    let run = Run {
        partitions,
        ..Run::new(folder.path())
    };
    run.run(&*by_day).unwrap();
    let first = d.join("day=2026-01-01/part-00000.parquet");
    let second = d.join("day=2026-01-02/part-00000.parquet");
    assert_eq!(rows::ids(&first), (0..3000).collect::<Vec<_>>());
    assert_eq!(rows::ids(&second), (3000..10_001).collect::<Vec<_>>());

    let one = folder_sink(", partition_by: day, if_exists: replace_partitions");
    let partitions = days(&[(0, "2026-01-02")]);
    let run = Run {
        partitions,
        rows: 7,
        fingerprint: "plan-b",
        ..Run::new(folder.path())
    };
    run.run(&*one).unwrap();
    assert_eq!(rows::ids(&first).len(), 3000);
    assert_eq!(rows::ids(&second), (0..7).collect::<Vec<_>>());
    let lines = manifest(&d.join("_rowgen/manifest.jsonl"));
    let told: Vec<_> = lines
        .iter()
        .map(|line| (&line["rows"], &line["fingerprint"]))
        .collect();
    assert_eq!(
        told,
        [
            (&3000.into(), &"plan-a".into()),
            (&7.into(), &"plan-b".into())
        ]
    );

    let partitions = days(&[(0, "2026-01-02")]);
    let run = Run {
        partitions,
        rows: 7,
        overwrite: true,
        ..Run::new(folder.path())
    };
    run.run(&*by_day).unwrap();
    let left = [
        "_SUCCESS",
        "_rowgen/manifest.jsonl",
        "day=2026-01-02/part-00000.parquet",
    ];
    assert_eq!(tree(&d), left, "the other folder went with its file");
}

#[test]
fn a_run_without_end_rolls_its_files() {
    let folder = tempfile::tempdir().unwrap();
    let run = Run {
        endless: true,
        pause: Duration::from_millis(20),
        ..Run::new(folder.path())
    };
    let finished = run.run(&*folder_sink(", roll: 50ms")).unwrap();
    assert!(finished.files.len() > 1, "{:?}", finished.files);
    let all: Vec<i64> = finished
        .files
        .iter()
        .flat_map(|file| rows::ids(&file.path))
        .collect();
    assert_eq!(all, (0..10_001).collect::<Vec<_>>());
}
