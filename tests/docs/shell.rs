//! Commands of a page in a shell: run for real, or only read by the shell and taken by the program.

use std::process::Command;

use super::support::{Ended, Folder, project};

/// Stands before commands that are not run: `rowgen` takes its arguments and does nothing, also within docker,
/// scripts of the project do nothing, and cargo, docker and kubectl look whether what they are asked for is there.
const PARSE: &str = r#"
rowgen() {
  local argument
  for argument in "$@"; do
    case $argument in pipelines/*) [ -e "$PROJECT/$argument" ] || { echo "no $argument" >&2; return 1; } ;; esac
  done
  command rowgen "$@" --help >/dev/null
}
cargo() {
  case $1 in bench | binstall | build | doc | install | publish | run | test) ;; *) echo "cargo $1?" >&2; return 1 ;; esac
  while [ $# -gt 0 ]; do
    case $1 in
    --features) grep -qE "^$2 = \[" "$PROJECT/Cargo.toml" || { echo "no feature $2" >&2; return 1; } ;;
    --test) [ -e "$PROJECT/tests/$2/main.rs" ] || [ -e "$PROJECT/tests/$2.rs" ] || { echo "no test $2" >&2; return 1; } ;;
    --bench) [ -e "$PROJECT/benches/$2/main.rs" ] || { echo "no benchmark $2" >&2; return 1; } ;;
    --) shift; rowgen "$@"; return ;;
    esac
    shift
  done
}
cd() { :; }
named_files() {
  while [ $# -gt 1 ]; do
    case $1 in -f | -k) [ -e "$PROJECT/$2" ] || { echo "no $2" >&2; return 1; } ;; esac
    shift
  done
}
docker() {
  named_files "$@" || return
  case " $* " in *" run"*" rowgen "?*) ;; *) return 0 ;; esac
  while [ "$1" != rowgen ]; do shift; done
  "$@"
}
kubectl() { named_files "$@"; }
systemctl() { :; }
exec() { "$@"; }
apt() { :; }
brew() { :; }
gh() { :; }
pip() { :; }
sha256sum() { :; }
twine() { :; }
"#;

/// A run of an example need not be a long one: this ends it, with whole files.
const LONGEST: &str = "1s";

/// Runs commands in a folder.
pub fn run(folder: &Folder, commands: &str) -> Ended {
    bash(folder, commands)
        .env("ROWGEN_FOR", LONGEST)
        .output()
        .unwrap()
        .into()
}

/// Runs one command, and nothing else than the command decides its answer.
pub fn answer(folder: &Folder, command: &str) -> String {
    let ended = Ended::from(bash(folder, command).output().unwrap());
    format!("{}{}", ended.stdout, ended.stderr)
}

/// Reads commands without running them.
pub fn parse(commands: &str) -> Ended {
    let folder = Folder::new();
    for entry in std::fs::read_dir(project().join("scripts"))
        .unwrap()
        .flatten()
    {
        let name = format!("scripts/{}", entry.file_name().to_string_lossy());
        let path = folder.write(&name, "#!/bin/sh\n");
        let executable = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        std::fs::set_permissions(path, executable).unwrap();
    }
    bash(&folder, &format!("{PARSE}\n{commands}"))
        .env("PROJECT", project())
        .env("JOB_COMPLETION_INDEX", "0")
        .output()
        .unwrap()
        .into()
}

fn bash(folder: &Folder, commands: &str) -> Command {
    let program = std::path::Path::new(env!("CARGO_BIN_EXE_rowgen"));
    let path = format!("{}:/usr/bin:/bin", program.parent().unwrap().display());
    let mut bash = Command::new("bash");
    bash.args(["-euo", "pipefail", "-c", commands])
        .current_dir(folder.path(""))
        .env_clear()
        .env("PATH", path)
        .env("HOME", folder.path(""));
    bash
}

/// The commands of a crontab, as the shell gets them.
pub fn of_crontab(text: &str) -> String {
    let command = |line: &str| {
        let mut rest = line.trim();
        for _ in 0..5 {
            rest = rest.split_once(' ').map_or("", |(_, rest)| rest).trim();
        }
        rest.replace("\\%", "%") + "\n"
    };
    let lines = text.lines().filter(|line| !line.trim().is_empty());
    lines.map(command).collect()
}

/// The command of an operator: its shell's, or the arguments of an image whose program is rowgen.
pub fn of_airflow(text: &str) -> Option<String> {
    let filled = text.replace("{{ ds }}", "2026-01-15").replace("{i}", "1");
    if let Some((_, rest)) = filled.split_once("bash_command=\"") {
        return Some(rest.split('"').next()?.into());
    }
    let (_, rest) = filled.split_once("arguments=[[")?;
    let arguments = rest.split(']').next()?.split('"').skip(1).step_by(2);
    let quoted: Vec<String> = arguments.map(|argument| format!("'{argument}'")).collect();
    Some(format!("rowgen {}", quoted.join(" ")))
}

/// The commands of a manifest's containers.
pub fn of_kubernetes(text: &str) -> Result<String, String> {
    let manifest: serde_json::Value =
        serde_yaml::from_str(text).map_err(|error| error.to_string())?;
    let mut commands = String::new();
    gather(&manifest, &mut commands);
    match commands.is_empty() {
        true => Err("no container has `args`".into()),
        false => Ok(commands),
    }
}

fn gather(value: &serde_json::Value, commands: &mut String) {
    if let Some(arguments) = value["args"].as_array() {
        let texts = arguments.iter().filter_map(serde_json::Value::as_str);
        commands.extend(texts.map(|text| format!("{text}\n")));
    }
    match value {
        serde_json::Value::Array(items) => items.iter().for_each(|item| gather(item, commands)),
        serde_json::Value::Object(entries) => {
            entries.values().for_each(|item| gather(item, commands));
        }
        _ => {}
    }
}
