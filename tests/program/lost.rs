//! A run that is killed while it publishes, and then something of what it had made is lost: what is left is
//! finished or removed, and no dataset is blocked or becomes a mix of two.

use super::between::{Place, pipeline};

/// Kills a run of two tables while it names the files of the first one.
fn killed() -> Place {
    let both = pipeline(&["a", "u"], "append");
    let place = Place::new();
    assert_eq!(place.run(&both, "7").code, 0);
    assert!(place.kill(&both, "9", "rename", 4));
    place
}

fn lose(place: &Place, folder: &str, end: &str) {
    let mut names = place.folder.names(folder).into_iter();
    let name = names.rfind(|name| name.ends_with(end)).unwrap();
    std::fs::remove_file(place.folder.path(&format!("{folder}/{name}"))).unwrap();
}

const GONE: &str = "a run was killed while it published this, and some of what it had made is gone: the rest is removed\n";

#[test]
fn what_is_lost_beside_an_output_does_not_block_it() {
    // What is lost; the rows of `a` after another run over it, and those of both after the retry.
    for (lost, between, after) in [
        ("out/u", 6000, (6000, 2000)),
        ("out/u/_rowgen", 6000, (6000, 0)),
        ("out/a part", 4000, (6000, 4000)),
        ("out/u part", 6000, (6000, 4000)),
    ] {
        let place = killed();
        match lost.split_once(' ') {
            Some((folder, _)) => lose(&place, folder, ".csv.partial"),
            None => std::fs::remove_dir_all(place.folder.path(lost)).unwrap(),
        }
        let ended = place.run(&pipeline(&["a"], "append"), "10");
        assert_eq!(ended.code, 0, "{lost}: {ended:?}");
        assert_eq!(place.rows("a"), between, "{lost}: {ended:?}");
        let told = ended.stderr.contains(GONE);
        assert_eq!(told, lost == "out/a part", "{lost}: {}", ended.stderr);
        let ended = place.run(&pipeline(&["a", "u"], "append"), "9");
        if lost == "out/u/_rowgen" {
            // Nobody knows of the files of the first run any more, and nobody removes them.
            assert_eq!(ended.code, 2, "{ended:?}");
            continue;
        }
        assert_eq!(ended.code, 0, "{lost}: {ended:?}");
        assert_eq!(
            (place.rows("a"), place.rows("u")),
            after,
            "{lost}: {ended:?}"
        );
    }
}

#[test]
fn what_nobody_can_finish_is_said_and_can_be_replaced() {
    let append = pipeline(&["a"], "append");
    for spoilt in ["", "{\"decision\":\"x\",\"outp"] {
        let place = killed();
        place.folder.write("out/a/_rowgen/.run.jsonl", spoilt);
        let ended = place.run(&append, "10");
        assert_eq!(ended.code, 2, "{ended:?}");
        let said = "  caused by: `out/a` holds files of a run that was killed while it published them\n  caused by: no manifest lists `part-00003.csv`, and what that run needs to be finished is not there any more\n  hint: `--overwrite` replaces all that is there, or remove `part-00003.csv`\n";
        assert!(ended.stderr.contains(said), "{}", ended.stderr);
        let hints: [fn(&Place) -> Vec<&'static str>; 2] = [
            |_| vec!["--overwrite"],
            |place| {
                std::fs::remove_file(place.folder.path("out/a/part-00003.csv")).unwrap();
                Vec::new()
            },
        ];
        for (followed, rows) in hints.iter().zip([2000, 4000]) {
            let place = killed();
            place.folder.write("out/a/_rowgen/.run.jsonl", spoilt);
            let arguments = followed(&place);
            let ended = place.run_with(&append, "10", &arguments);
            assert_eq!(ended.code, 0, "{arguments:?}: {ended:?}");
            assert_eq!(place.rows("a"), rows, "{arguments:?}");
            place.is_as_listed("a");
        }
    }
}

#[test]
fn a_file_that_nobody_knows_stays_unless_it_has_the_name_of_a_part() {
    let replace = pipeline(&["a"], "replace");
    let place = Place::new();
    assert_eq!(place.run(&replace, "7").code, 0);
    for name in ["mine.csv", "parts.csv"] {
        let path = format!("out/a/{name}");
        place.folder.write(&path, "mine");
        let ended = place.run_with(&replace, "9", &["--overwrite"]);
        assert_eq!(ended.code, 2, "{name}: {ended:?}");
        let said = "`out/a` holds files that are no part of this dataset\n";
        assert!(ended.stderr.contains(said), "{name}: {}", ended.stderr);
        assert_eq!(place.folder.read(&path), "mine");
        std::fs::remove_file(place.folder.path(&path)).unwrap();
    }
    // Of a manifest that was cut short nobody knows what it listed: what `--overwrite` replaces are
    // all files that are called as the parts of the dataset are.
    place.folder.write("out/a/part-00009.csv", "mine");
    let ended = place.run_with(&replace, "9", &["--overwrite"]);
    assert_eq!(ended.code, 0, "{ended:?}");
    assert!(!place.folder.path("out/a/part-00009.csv").exists());
    place.is_as_listed("a");
}

const MIX: &str = "`out/a` holds files of two runs, of which one was to replace the other and did not end\n  caused by: `part-00000.csv` is not the file that the manifest lists\n  hint: `if_exists: replace` or `--overwrite` replaces all that is there\n";

#[test]
fn nothing_is_added_to_a_mix_of_two_runs() {
    let replace = pipeline(&["a"], "replace");
    let endless = replace.replace("rows: 2000", "rows: 0") + "  rate: 20_000/s\n";
    let endless = endless.replace("run: { batch_rows: 100 }\n", "run:\n  batch_rows: 100\n");
    for pipeline in [&replace, &endless] {
        let append = pipeline.replace("replace", "append");
        let ends: &[&str] = if pipeline == &endless {
            &["--for", "500ms"]
        } else {
            &[]
        };
        let place = Place::new();
        assert_eq!(place.run_with(pipeline, "A", ends).code, 0);
        assert!(place.kill(pipeline, "B", "rename", 3));
        if pipeline == &replace {
            // Its last file is lost: it cannot be finished, and the first one is replaced already.
            lose(&place, "out/a", ".csv.partial");
        }
        for _ in 0..2 {
            let ended = place.run_with(&append, "C", ends);
            assert_eq!(ended.code, 2, "{ended:?}");
            assert!(ended.stderr.contains(MIX), "{}", ended.stderr);
            assert!(!place.folder.path("out/a/_SUCCESS").exists());
        }
        let ended = place.run_with(&append, "C", &[ends, &["--overwrite"]].concat());
        assert_eq!(ended.code, 0, "{ended:?}");
        place.is_as_listed("a");
        let ended = place.run_with(&append, "D", ends);
        assert_eq!(ended.code, 0, "{ended:?}");
        place.is_as_listed("a");
    }
}

#[test]
fn a_table_without_end_that_adds_is_no_mix() {
    let append = pipeline(&["a"], "append").replace("rows: 2000", "rows: 0");
    let append = append.replace("run: {", "run: { rate: 20_000/s,");
    let place = Place::new();
    assert_eq!(place.run_with(&append, "A", &["--for", "300ms"]).code, 0);
    for seed in ["B", "C"] {
        assert!(place.kill(&append, seed, "rename", 3));
    }
    let ended = place.run_with(&append, "D", &["--for", "300ms"]);
    assert_eq!(ended.code, 0, "{ended:?}");
    place.is_as_listed("a");
}
