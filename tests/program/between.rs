//! A run that is killed while it publishes, others over its places after that, and then the same run again:
//! its rows are there once.

use std::path::PathBuf;

use sha2::{Digest, Sha256};

use super::disturbed::library;
use super::support::{Ended, Folder};

/// Tables of 2000 rows, each with its folder, to which a run adds.
pub fn pipeline(tables: &[&str], if_exists: &str) -> String {
    let table = |name: &&str| {
        format!(
            "  {name}: {{ rows: 2000, columns: {{ id: sequence, x: {{ uniform: {{ min: 0, max: 9999 }} }} }} }}\n"
        )
    };
    let sink = |name: &&str| {
        format!(
            "  - file: {{ table: {name}, path: out/{name}, format: csv, target_file_size: 8KiB, if_exists: {if_exists} }}\n"
        )
    };
    let tables_: String = tables.iter().map(table).collect();
    let sinks: String = tables.iter().map(sink).collect();
    format!("version: 1\ntables:\n{tables_}sinks:\n{sinks}run: {{ batch_rows: 100 }}\n")
}

/// A folder, and what disturbs the runs in it.
pub struct Place {
    pub folder: Folder,
    _built: tempfile::TempDir,
    library: PathBuf,
}

impl Place {
    pub fn new() -> Self {
        let (_built, library) = library();
        Self {
            folder: Folder::new(),
            _built,
            library,
        }
    }

    pub fn run(&self, pipeline: &str, seed: &str) -> Ended {
        self.run_with(pipeline, seed, &[])
    }

    pub fn run_with(&self, pipeline: &str, seed: &str, arguments: &[&str]) -> Ended {
        self.folder.write("p.yaml", pipeline);
        let run = ["run", "p.yaml", "--seed", seed, "--log", "text"];
        self.folder.run(&[&run[..], arguments].concat())
    }

    /// Kills the run before its call number `at` of those of one kind; false if it has none.
    pub fn kill(&self, pipeline: &str, seed: &str, kind: &str, at: usize) -> bool {
        let variables = [("CALLS_KIND", kind), ("CALLS_DO", "kill")];
        self.disturb(pipeline, seed, &variables, at).code == -1
    }

    /// Disturbs the run at its call number `at`.
    pub fn disturb(&self, pipeline: &str, seed: &str, how: &[(&str, &str)], at: usize) -> Ended {
        self.folder.write("p.yaml", pipeline);
        let run = ["run", "p.yaml", "--seed", seed, "--log", "text"];
        let mut command = self.folder.command(&run);
        command.env("LD_PRELOAD", &self.library);
        command.env("CALLS_AT", at.to_string());
        let ended = command.envs(how.iter().copied()).output().unwrap();
        Ended::from(ended)
    }

    /// How many calls of a kind the run makes.
    pub fn count(&self, pipeline: &str, seed: &str, kind: &str) -> usize {
        let log = self.folder.path("calls").display().to_string();
        let how = [("CALLS_KIND", kind), ("CALLS_LOG", &log)];
        assert_eq!(self.disturb(pipeline, seed, &how, 0).code, 0);
        self.folder.read("calls").lines().count()
    }

    /// Every file of a dataset is the one that its manifest lists, and it lists every one once.
    pub fn is_as_listed(&self, name: &str) {
        let manifest = self
            .folder
            .read(&format!("out/{name}/_rowgen/manifest.jsonl"));
        let entry = |line: &str| serde_json::from_str::<serde_json::Value>(line).unwrap();
        let mut listed: Vec<(String, String)> = Vec::new();
        for entry in manifest.lines().map(entry) {
            let text = |key: &str| entry[key].as_str().unwrap().to_string();
            listed.push((text("path"), text("sha256")));
        }
        let files = self.folder.visible(&format!("out/{name}")).into_iter();
        let sum = |text: String| {
            let digest = Sha256::digest(text.as_bytes());
            digest.iter().map(|byte| format!("{byte:02x}")).collect()
        };
        let parts = files.filter(|(name, _)| name.starts_with("part-"));
        let parts: Vec<(String, String)> = parts.map(|(name, text)| (name, sum(text))).collect();
        assert_eq!(listed, parts);
    }

    pub fn rows(&self, name: &str) -> usize {
        let files = self.folder.visible(&format!("out/{name}")).into_iter();
        let parts = files.filter(|(name, _)| name.contains("part-"));
        parts.map(|(_, text)| text.lines().count() - 1).sum()
    }
}

#[test]
fn a_retry_adds_nothing_twice_whoever_was_there_in_between() {
    let append = pipeline(&["t"], "append");
    let again = "what this run had ready when it was killed is published already\n";
    for at in [4, 6] {
        let place = Place::new();
        assert_eq!(place.run(&append, "7").code, 0);
        assert!(place.kill(&append, "9", "rename", at));
        // What refuses changes nothing of what is known.
        for _ in 0..2 {
            let ended = place.run(&append.replace("append", "error"), "10");
            assert_eq!(ended.code, 2, "{ended:?}");
            assert!(ended.stderr.contains("`out/t` holds a dataset already\n"));
        }
        for (seed, rows, told) in [
            ("10", 6000, false),
            ("9", 6000, true),
            // That run has ended well now, and is wanted once more.
            ("9", 8000, false),
        ] {
            let ended = place.run(&append, seed);
            assert_eq!(ended.code, 0, "{ended:?}");
            assert_eq!(place.rows("t"), rows, "seed {seed} after a kill at {at}");
            assert_eq!(ended.stderr.contains(again), told, "{}", ended.stderr);
        }
        let hidden = |name: &String| name.contains("/.");
        let names = place.folder.names("out").into_iter();
        assert_eq!(names.filter(hidden).collect::<Vec<_>>(), [] as [String; 0]);
    }
}

#[test]
fn others_may_be_killed_in_between_as_well() {
    let append = pipeline(&["t"], "append");
    let place = Place::new();
    assert_eq!(place.run(&append, "7").code, 0);
    for seed in ["8", "9", "10"] {
        assert!(place.kill(&append, seed, "rename", 4));
    }
    for (seed, rows) in [("9", 8000), ("8", 8000), ("10", 8000), ("11", 10_000)] {
        assert_eq!(place.run(&append, seed).code, 0);
        assert_eq!(place.rows("t"), rows, "{seed}");
    }
}

#[test]
fn a_run_over_one_of_the_places_is_none_over_the_others() {
    let both = pipeline(&["a", "u"], "append");
    for one in ["a", "u"] {
        for between in ["append", "replace"] {
            let place = Place::new();
            assert_eq!(place.run(&both, "7").code, 0);
            assert!(place.kill(&both, "9", "rename", 5));
            let ended = place.run(&pipeline(&[one], between), "10");
            assert_eq!(ended.code, 0, "{ended:?}");
            let ended = place.run(&both, "9");
            assert_eq!(ended.code, 0, "{ended:?}");
            let expected = |name: &str| match (name == one, between) {
                (false, _) => 4000,
                (true, "append") => 6000,
                // What was published is gone, so the retry adds it.
                (true, _) => 4000,
            };
            let rows = (place.rows("a"), place.rows("u"));
            assert_eq!(rows, (expected("a"), expected("u")), "{one}, {between}");
        }
    }
}

#[test]
fn an_output_that_is_replaced_is_replaced_by_the_retry_too() {
    let replace = pipeline(&["t"], "replace");
    let place = Place::new();
    assert_eq!(place.run(&replace, "7").code, 0);
    assert!(place.kill(&replace, "9", "rename", 4));
    assert_eq!(place.run(&pipeline(&["t"], "append"), "10").code, 0);
    assert_eq!(place.rows("t"), 4000);
    assert_eq!(place.run(&replace, "9").code, 0);
    assert_eq!(place.rows("t"), 2000);
    let undisturbed = Place::new();
    assert_eq!(undisturbed.run(&replace, "9").code, 0);
    assert_eq!(
        place.folder.visible("out"),
        undisturbed.folder.visible("out")
    );
    assert_eq!(place.folder.names("out"), undisturbed.folder.names("out"));
}
