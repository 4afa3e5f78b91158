//! Objects of a real S3 server, which keeps them as files: what is written there is what a disk gets.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use tempfile::TempDir;

use crate::postgres::fresh;
use crate::servers::Servers;
use crate::{environment, save};

/// A folder for a pipeline, and a prefix of a bucket of its own.
pub struct Lake {
    pub folder: TempDir,
    pub prefix: String,
    /// Where the server is.
    pub endpoint: String,
    /// Where it keeps the bucket's objects.
    bucket: PathBuf,
}

impl Lake {
    /// On a server of its own, which knows of no other's uploads and may be killed.
    pub fn own(name: &str) -> (Servers, Self) {
        let servers = Servers::start(&["s3"], &[]);
        let endpoint = servers.variable("AWS_ENDPOINT_URL");
        let lake = Self::at(name, endpoint, servers.variable("S3_FOLDER"));
        (servers, lake)
    }

    /// On the server that all tests share.
    pub fn new(name: &str) -> Self {
        Self::at(
            name,
            environment("AWS_ENDPOINT_URL"),
            environment("S3_FOLDER"),
        )
    }

    pub fn at(name: &str, endpoint: String, bucket: String) -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
            prefix: fresh(name),
            endpoint,
            bucket: bucket.into(),
        }
    }

    pub fn url(&self) -> String {
        format!("s3://rowgen/{}", self.prefix)
    }

    /// A pipeline with `PATH` for where objects go.
    pub fn command(&self, verb: &str, yaml: &str, arguments: &[&str]) -> Command {
        let yaml = yaml.replace("PATH", &self.url());
        save(self.folder.path().join("p.yaml"), &yaml);
        let mut command = Command::new(env!("CARGO_BIN_EXE_rowgen"));
        command
            .current_dir(self.folder.path())
            .env("AWS_ENDPOINT_URL", &self.endpoint)
            .args([verb, "p.yaml"])
            .args(arguments);
        command
    }

    pub fn run(&self, yaml: &str, arguments: &[&str]) -> Output {
        let mut command = self.command("run", yaml, arguments);
        command.arg("--quiet").output().unwrap()
    }

    #[track_caller]
    pub fn succeeds(&self, yaml: &str, arguments: &[&str]) -> String {
        let output = self.run(yaml, arguments);
        let words = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{words}");
        words
    }

    /// The exit code and the words of a run that does not go well, without names of its own.
    pub fn refusal(&self, yaml: &str, arguments: &[&str]) -> (Option<i32>, String) {
        let output = self.run(yaml, arguments);
        (output.status.code(), self.told(&output))
    }

    /// What went wrong, without the lines of the pipeline and without names of its own.
    pub fn told(&self, output: &Output) -> String {
        let words = String::from_utf8_lossy(&output.stderr).into_owned();
        let words = words.replace(&self.prefix, "PREFIX");
        let shown = |line: &&str| {
            ["error:", " --> ", "  --> ", "  caused by:", "  hint:"]
                .iter()
                .any(|begin| line.starts_with(begin))
        };
        words.lines().filter(shown).collect::<Vec<_>>().join("\n")
    }

    /// All objects below the prefix with their bytes.
    pub fn objects(&self) -> BTreeMap<String, Vec<u8>> {
        files(&self.bucket.join(&self.prefix))
    }

    /// Writes an object below the prefix.
    pub fn put(&self, path: &str, text: &str) {
        let path = self.bucket.join(&self.prefix).join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    /// The names of those that an engine reads.
    pub fn visible(&self) -> Vec<String> {
        let hidden = |path: &&String| path.split('/').any(|name| name.starts_with(['.', '_']));
        self.objects()
            .into_keys()
            .filter(|path| !hidden(&path))
            .collect()
    }

    /// The uploads that the server knows, of whatever object. Parts whose upload it has forgotten are its
    /// own affair: it is interrupted with whoever asks it.
    pub fn uploads(&self) -> Vec<String> {
        let names = std::fs::read_dir(self.bucket.parent().unwrap()).unwrap();
        let names = names.map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned());
        names.filter(|name| name.starts_with(".upload-")).collect()
    }
}

/// All files below a folder with their bytes.
pub fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut files = BTreeMap::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(inside) = folders.pop() {
        for entry in std::fs::read_dir(&inside).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else if let Ok(bytes) = std::fs::read(&path) {
                let name = path.strip_prefix(folder).unwrap().display().to_string();
                files.insert(name, bytes);
            }
        }
    }
    files
}

/// A table of some types that goes to `sink`.
pub fn table(rows: u64, sink: &str) -> String {
    format!(
        "version: 1
tables:
  t:
    rows: {rows}
    columns:
      id: sequence
      day: {{ type: date, uniform: {{ min: 2026-01-01, max: 2026-01-03 }} }}
      kind: {{ choice: [a, \"b/c\", \"50%\"] }}
      amount: {{ type: \"decimal(10,2)\", uniform: {{ min: 0, max: 1000 }} }}
      note: {{ template: \"row {{id}} of many\" }}
sinks:
  - file: {{ table: t, {sink} }}
"
    )
}

/// The same files, as the disk gets them.
#[track_caller]
fn is_as_on_disk(name: &str, yaml: &str, arguments: &[&str]) {
    let (_servers, lake) = Lake::own(name);
    lake.succeeds(yaml, arguments);
    let disk = lake.folder.path().join("disk");
    let local = yaml.replace("PATH", "disk/out");
    // Under the same name: it is the seed.
    save(lake.folder.path().join("p.yaml"), &local);
    let mut command = Command::new(env!("CARGO_BIN_EXE_rowgen"));
    let command = command
        .current_dir(lake.folder.path())
        .args(["run", "p.yaml", "--quiet"])
        .args(arguments);
    let output = command.output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let mut local = files(&disk.join("out"));
    let mut objects = lake.objects();
    if objects.is_empty() {
        // One object stands at the prefix with an extension.
        objects = files(&lake.bucket)
            .into_iter()
            .filter(|(name, _)| name.contains(&lake.prefix))
            .map(|(name, bytes)| match name.starts_with('.') {
                // What is remembered of one object names it.
                true => (
                    name,
                    String::from_utf8(bytes)
                        .unwrap()
                        .replace(&lake.prefix, "out")
                        .into(),
                ),
                false => (name, bytes),
            })
            .map(|(name, bytes): (_, Vec<u8>)| (name.replacen(&lake.prefix, "out", 1), bytes))
            .collect();
        local = files(&disk);
    }
    assert_eq!(
        objects.keys().collect::<Vec<_>>(),
        local.keys().collect::<Vec<_>>()
    );
    for (name, bytes) in &local {
        assert!(objects[name] == *bytes, "{name} differs");
    }
    assert_eq!(lake.uploads(), [""; 0]);
}

#[test]
fn objects_are_as_files_of_a_disk() {
    for (sink, arguments) in [
        ("path: PATH, format: parquet, files: 3", &[][..]),
        ("path: PATH.csv", &[]),
        (
            "path: PATH, format: { json: { layout: lines } }, partition_by: [day, kind]",
            &[],
        ),
        ("path: PATH, format: csv, target_file_size: 300KiB", &[]),
        ("path: PATH.parquet, if_exists: skip", &[]),
        (
            "path: PATH, format: avro",
            &["--rows", "1", "--slice", "2/2"],
        ),
        ("path: PATH.csv.gz", &["--rows", "1", "--slice", "2/2"]),
    ] {
        is_as_on_disk("same", &table(20_000, sink), arguments);
    }
}

#[test]
fn an_object_of_many_parts_is_as_a_file() {
    is_as_on_disk("parts", &table(1_000_000, "path: PATH.csv"), &[]);
}

#[test]
fn slices_make_one_dataset() {
    let lake = Lake::new("slices");
    let yaml = table(9_000, "path: PATH, format: parquet");
    for slice in ["2/3", "1/3"] {
        lake.succeeds(&yaml, &["--slice", slice]);
        assert!(!lake.objects().contains_key("_SUCCESS"), "{slice}");
    }
    lake.succeeds(&yaml, &["--slice", "3/3"]);
    assert!(lake.objects().contains_key("_SUCCESS"));
    assert_eq!(lake.visible().len(), 3);
    let (code, words) = lake.refusal(&yaml, &["--slice", "3/3"]);
    assert_eq!(code, Some(2), "{words}");
    let output = lake.command("verify", &yaml, &[]).output().unwrap();
    assert!(output.status.success(), "{output:?}");
}

#[test]
fn what_is_there_is_treated_as_on_a_disk() {
    let lake = Lake::new("exists");
    let yaml = |more: &str| table(3_000, &format!("path: PATH, format: csv{more}"));
    lake.succeeds(&yaml(""), &[]);
    let first = lake.objects();
    let (code, words) = lake.refusal(&yaml(""), &[]);
    assert_eq!(code, Some(2), "{words}");
    assert_eq!(
        words,
        "error: could not open sink `file-1`
  --> p.yaml:12:29
  caused by: `s3://rowgen/PREFIX` holds a dataset already
  hint: `if_exists: replace` or `--overwrite` replaces it, `if_exists: skip` keeps it when it is the same"
    );
    lake.succeeds(&yaml(", if_exists: skip"), &[]);
    assert!(lake.objects() == first);
    let (code, words) = lake.refusal(&yaml(", if_exists: skip"), &["--seed", "other"]);
    assert_eq!(code, Some(2), "{words}");
    assert!(
        words.contains("is there already and is not known to be the same"),
        "{words}"
    );
    lake.succeeds(&yaml(", if_exists: append"), &["--report", "r.json"]);
    let words = std::fs::read_to_string(lake.folder.path().join("r.json")).unwrap();
    assert!(words.contains("added once more"), "{words}");
    assert_eq!(lake.visible(), ["part-00000.csv", "part-00001.csv"]);
    lake.succeeds(&yaml(", if_exists: replace"), &[]);
    assert_eq!(lake.visible(), ["part-00000.csv"]);
    assert!(lake.objects() == first);
    let inside = yaml("")
        .replace("PATH", "PATH/inside/x.csv")
        .replace(", format: csv", "");
    let (code, words) = lake.refusal(&inside, &[]);
    assert_eq!(code, Some(2), "{words}");
    assert!(words.contains("would lie within a dataset"), "{words}");
}

#[test]
fn partitions_are_replaced_and_others_stay() {
    let lake = Lake::new("days");
    let yaml = |sink: &str| {
        table(
            3_000,
            &format!("path: PATH, format: csv, partition_by: day{sink}"),
        )
    };
    lake.succeeds(&yaml(""), &[]);
    let three = lake.visible();
    assert_eq!(three.len(), 3);
    let fewer =
        yaml(", if_exists: replace_partitions").replace("max: 2026-01-03", "max: 2026-01-01");
    lake.succeeds(&fewer, &["--rows", "10"]);
    assert_eq!(lake.visible(), three);
    let lines = |name: &str| {
        let objects = lake.objects();
        objects[name].iter().filter(|byte| **byte == b'\n').count()
    };
    assert_eq!(lines("day=2026-01-01/part-00000.csv"), 11);
    assert!(lines("day=2026-01-02/part-00000.csv") > 500);
}

#[test]
fn a_table_without_end_is_seen_object_by_object() {
    let (_servers, lake) = Lake::own("endless");
    let yaml = table(1, "path: PATH, format: csv, roll: 300ms, if_exists: append")
        .replace("    rows: 1\n", "    rows: 0\n");
    for _ in 0..2 {
        lake.succeeds(&yaml, &["--for", "1500ms", "--rate", "2000/s"]);
        assert!(lake.objects().contains_key("_SUCCESS"));
    }
    let names = lake.visible();
    assert!(names.len() > 5, "{names:?}");
    let objects = lake.objects();
    let manifest = String::from_utf8(objects["_rowgen/manifest.jsonl"].clone()).unwrap();
    assert_eq!(manifest.lines().count(), names.len());
    assert_eq!(objects.keys().filter(|name| name.contains("/.")).count(), 0);
    assert_eq!(lake.uploads(), [""; 0]);
}
