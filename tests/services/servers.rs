//! Real servers of a test's own.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::postgres::fresh;

/// Real servers of a test's own, which it may kill. They are gone with it.
pub struct Servers {
    folder: PathBuf,
    names: Vec<&'static str>,
    variables: Vec<(String, String)>,
}

impl Servers {
    /// Starts them, with these variables.
    pub fn start(names: &[&'static str], variables: &[(&str, &str)]) -> Self {
        // `scripts/test` also ends those of a test that was killed: they are below its own.
        let parent =
            std::env::var_os("ROWGEN_SERVERS").map_or_else(std::env::temp_dir, PathBuf::from);
        let folder = parent.join(fresh("set"));
        std::fs::create_dir_all(&folder).unwrap();
        let mut servers = Self {
            folder,
            names: names.to_vec(),
            variables: Vec::new(),
        };
        let mut command = servers.script(&["start"]);
        let output = command.args(names).envs(variables.iter().copied()).output();
        let output = output.unwrap();
        assert!(output.status.success(), "{output:?}");
        let said = String::from_utf8(output.stdout).unwrap();
        let lines = said.lines().filter_map(|line| {
            let (name, value) = line.strip_prefix("export ")?.split_once('=')?;
            Some((name.to_string(), value.to_string()))
        });
        servers.variables = lines.collect();
        servers
    }

    /// What they say of themselves.
    pub fn variable(&self, name: &str) -> String {
        let mut known = self.variables.iter();
        known.find(|(known, _)| known == name).unwrap().1.clone()
    }

    /// One of the verbs of `scripts/services`.
    pub fn act(&self, verb: &str, name: &str) {
        let output = self.script(&[verb, name]).output().unwrap();
        assert!(output.status.success(), "{verb} {name}: {output:?}");
    }

    /// Runs a tool of a server.
    pub fn tool(&self, name: &str, arguments: &[&str]) -> String {
        let output = self
            .script(&["tool", name])
            .args(arguments)
            .output()
            .unwrap();
        assert!(output.status.success(), "{name} {arguments:?}: {output:?}");
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    fn script(&self, words: &[&str]) -> Command {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("scripts/services");
        let mut command = Command::new(script);
        command.args(words).env("ROWGEN_SERVERS", &self.folder);
        command
    }
}

impl Drop for Servers {
    fn drop(&mut self) {
        let _ = self.script(&["stop"]).args(&self.names).output();
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}
