//! A pipeline that is run, killed and compared, in a folder of its own, against a database of its own.

use std::process::{Command, Output};

use tempfile::TempDir;

use crate::postgres_errors::told;
use crate::save;

/// Runs of a pipeline, and the database that it goes into.
pub struct Runs {
    folder: TempDir,
    pub url: String,
}

impl Runs {
    pub fn into(url: String) -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
            url,
        }
    }

    pub fn command(&self, verb: &str, yaml: &str, arguments: &[&str]) -> Command {
        save(self.folder.path().join("p.yaml"), yaml);
        let mut command = Command::new(env!("CARGO_BIN_EXE_rowgen"));
        command
            .current_dir(self.folder.path())
            .env("DB_URL", &self.url);
        command.args([verb, "p.yaml"]).args(arguments);
        command
    }

    pub fn run(&self, yaml: &str, arguments: &[&str]) -> Output {
        let mut command = self.command("run", yaml, arguments);
        command.arg("--quiet").output().unwrap()
    }

    #[track_caller]
    pub fn succeeds(&self, yaml: &str, arguments: &[&str]) {
        let output = self.run(yaml, arguments);
        let words = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{words}");
    }

    /// The exit code and the words of `verify`, without where the tables are.
    pub fn verify(&self, yaml: &str, arguments: &[&str]) -> (Option<i32>, String) {
        let output = self.command("verify", yaml, arguments).output().unwrap();
        let words = String::from_utf8_lossy(&output.stdout).into_owned();
        let errors = String::from_utf8_lossy(&output.stderr).into_owned();
        let lines: Vec<String> = words.lines().map(without_place).collect();
        (output.status.code(), lines.join("\n") + &errors)
    }

    /// The error of a run that does not begin, or ends with one.
    pub fn refusal(&self, yaml: &str, arguments: &[&str]) -> (Option<i32>, String) {
        let output = self.run(yaml, arguments);
        let words = told(&String::from_utf8_lossy(&output.stderr));
        (output.status.code(), words)
    }
}

fn without_place(line: &str) -> String {
    let before = [" (mysql ", " (postgres "]
        .iter()
        .find_map(|place| line.split_once(place));
    match before.zip(line.split_once("): ")) {
        Some(((before, _), (_, behind))) => format!("{before}: {behind}"),
        None => line.to_string(),
    }
}
