//! A folder to work in and the program to run in it.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// The commands, in the order of the program's own help.
pub const COMMANDS: [&str; 13] = [
    "run",
    "backfill",
    "check",
    "plan",
    "preview",
    "verify",
    "expect",
    "schema",
    "init",
    "list",
    "bench",
    "completions",
    "man",
];

/// A temporary folder in which the program runs.
pub struct Folder(tempfile::TempDir);

/// What a run said and how it ended.
#[derive(Debug)]
pub struct Ended {
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
}

/// The project's own folder.
pub fn project() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

impl Folder {
    pub fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, text).unwrap();
        path
    }

    pub fn read(&self, name: &str) -> String {
        let bytes =
            std::fs::read(self.path(name)).unwrap_or_else(|error| panic!("{name}: {error}"));
        String::from_utf8(bytes).unwrap()
    }

    pub fn bytes(&self, name: &str) -> Vec<u8> {
        std::fs::read(self.path(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    /// The names of everything below a folder, sorted.
    pub fn names(&self, folder: &str) -> Vec<String> {
        let mut names = Vec::new();
        let mut folders = vec![self.path(folder)];
        while let Some(at) = folders.pop() {
            for entry in std::fs::read_dir(at).into_iter().flatten().flatten() {
                match entry.path() {
                    path if path.is_dir() => folders.push(path),
                    path => names.push(
                        path.strip_prefix(self.path(folder))
                            .unwrap()
                            .display()
                            .to_string(),
                    ),
                }
            }
        }
        names.sort();
        names
    }

    /// What an engine would see below a folder: names and contents, sorted by name.
    pub fn visible(&self, folder: &str) -> Vec<(String, String)> {
        let is_visible = |name: &String| !name.starts_with('.') && !name.contains("/.");
        let names = self.names(folder).into_iter().filter(is_visible);
        names
            .map(|name| (name.clone(), self.read(&format!("{folder}/{name}"))))
            .collect()
    }

    /// The program, about to run here, with an environment of its own.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_rowgen"));
        command
            .args(arguments)
            .current_dir(self.0.path())
            .env_clear();
        command
    }

    pub fn run(&self, arguments: &[&str]) -> Ended {
        Ended::from(self.command(arguments).output().unwrap())
    }

    /// Runs a script that may mount disks of its own, with the program as `$0`; nothing where that is not
    /// allowed, and the script then ends with 99.
    pub fn with_own_mounts(&self, script: &str) -> Option<Ended> {
        let mut command = Command::new("unshare");
        command
            .args(["-rm", "bash", "-c", script])
            .arg(env!("CARGO_BIN_EXE_rowgen"))
            .current_dir(self.path(""));
        let ended = Ended::from(command.output().ok()?);
        (ended.code != 99 && !ended.stdout.is_empty()).then_some(ended)
    }

    /// What `plan` says of the pipeline here.
    pub fn planned(&self, arguments: &[&str]) -> serde_json::Value {
        let ended = self.run(&[&["plan", "p.yaml", "--json"], arguments].concat());
        serde_json::from_str(&ended.stdout).unwrap_or_else(|error| panic!("{error}: {ended:?}"))
    }

    /// Runs a pipeline that must succeed.
    pub fn make(&self, yaml: &str, arguments: &[&str]) -> Ended {
        self.write("p.yaml", yaml);
        let ended = self.run(&[&["run", "p.yaml", "--quiet"], arguments].concat());
        assert_eq!(ended.code, 0, "{}", ended.stderr);
        ended
    }

    /// What `check` says of a pipeline that must be refused.
    pub fn refuse(&self, yaml: &str) -> String {
        self.write("p.yaml", yaml);
        let ended = self.run(&["check", "p.yaml"]);
        assert_eq!(ended.code, 1, "{ended:?}\n{yaml}");
        ended.stderr
    }
}

impl From<Output> for Ended {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }
}
