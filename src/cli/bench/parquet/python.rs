//! Other readers: a Python that stays for the whole measurement, asked through a pipe. It is gone when rowgen
//! is, however that ends: its standard input ends then.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use serde::Deserialize;
use serde_json::{Value, json};

use super::questions::{Ask, Questions};
use crate::engine::Stop;
use crate::error::{Error, Problem, Result};

const SCRIPT: &str = include_str!("readers.py");

/// The program that is started unless `--python` says another one.
const PYTHON: &str = "python3";

/// How long a reader may take to answer; one that has not answered by then is taken for stuck.
// No measurement is behind five minutes; a cell holds 1 GiB of values at most.
const PATIENCE: Duration = Duration::from_secs(300);

/// How often it is looked whether the measurement is to end.
const STEP: Duration = Duration::from_millis(50);

/// A Python that reads files.
pub(super) struct Python {
    child: Child,
    asks: Option<ChildStdin>,
    answers: Receiver<std::io::Result<String>>,
    stop: Stop,
    /// Its own version.
    pub(super) version: String,
    /// Readers that are there, and their versions.
    pub(super) there: Vec<(String, String)>,
    /// Readers that are not, and why.
    pub(super) missing: Vec<(String, String)>,
}

/// What it says first.
#[derive(Deserialize)]
struct Greeting {
    python: String,
    readers: serde_json::Map<String, Value>,
}

/// What it found.
#[derive(Deserialize)]
struct Reply {
    seconds: Option<f64>,
    rows: Option<u64>,
    error: Option<String>,
}

/// What a child says, line by line. A thread reads, so that waiting for an answer can end: a pipe has no
/// timeout.
fn lines(out: Option<ChildStdout>) -> Result<Receiver<std::io::Result<String>>> {
    let (send, answers) = channel();
    if let Some(out) = out {
        let read = move || {
            BufReader::new(out)
                .lines()
                .try_for_each(|line| send.send(line))
        };
        let reader = std::thread::Builder::new()
            .name("python".into())
            .spawn(read);
        reader.map_err(|error| Error::because("starting a thread", error))?;
    }
    Ok(answers)
}

impl Python {
    /// Starts it in the folder of the files. The inner error says why there is none.
    pub(super) fn start(
        said: Option<&PathBuf>,
        folder: &Path,
        values: &str,
        threads: usize,
        stop: &Stop,
    ) -> Result<Result<Self, String>> {
        let program = said.cloned().unwrap_or_else(|| PYTHON.into());
        let shown = program.display().to_string();
        // The child starts in the folder of the files, where a relative path of the program would
        // lead nowhere.
        let program = match program.components().count() {
            1 => program,
            _ => std::path::absolute(&program).unwrap_or(program),
        };
        let script = folder.join("readers.py");
        std::fs::write(&script, SCRIPT)
            .map_err(|error| Error::because("writing the script of the readers", error))?;
        let started = Command::new(program)
            // `-E` keeps Python from importing what PYTHONPATH names. Not `-I`, which also hides
            // packages that are installed for one user alone (`pip install --user`).
            .args(["-E", "readers.py", values, &threads.to_string()])
            .current_dir(folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn();
        let mut child = match started {
            Ok(child) => child,
            Err(error) => return Ok(Err(format!("`{shown}` could not be started: {error}"))),
        };
        let (asks, out) = (child.stdin.take(), child.stdout.take());
        let answers = lines(out)?;
        let mut python = Self {
            child,
            asks,
            answers,
            stop: stop.clone(),
            version: String::new(),
            there: Vec::new(),
            missing: Vec::new(),
        };
        let greeting = match python.line()? {
            Some(line) => serde_json::from_str::<Greeting>(&line).ok(),
            None => None,
        };
        let Some(greeting) = greeting else {
            return Ok(Err(format!(
                "`{shown}` cannot run the script of the readers: it is no Python of 3.6 or later"
            )));
        };
        python.greeted(greeting);
        Ok(Ok(python))
    }

    /// Notes what is there.
    fn greeted(&mut self, greeting: Greeting) {
        self.version = greeting.python;
        for (name, found) in greeting.readers {
            let text = |key: &str| found.get(key).and_then(Value::as_str).map(str::to_string);
            match text("version") {
                Some(version) => self.there.push((name, version)),
                None => self.missing.push((name, text("error").unwrap_or_default())),
            }
        }
    }

    /// Asks a reader: how long it took and how many rows it found, or what it says is wrong.
    pub(super) fn ask(
        &mut self,
        reader: &str,
        (questions, columns): (&Questions, &[String]),
        ask: Ask,
        files: &[String],
    ) -> Result<Result<(f64, u64), String>> {
        let column = questions
            .range(ask)
            .map_or(&questions.one_column, |range| &range.column);
        let line = json!({ "reader": reader, "ask": ask, "files": files, "column": column, "columns": columns });
        let sent = self
            .asks
            .as_mut()
            .map(|asks| writeln!(asks, "{line}").and_then(|()| asks.flush()));
        if !matches!(sent, Some(Ok(()))) {
            return Err(gone(reader));
        }
        let line = self.line()?.ok_or_else(|| gone(reader))?;
        let reply: Reply = serde_json::from_str(&line)
            .map_err(|error| Error::because(format!("reading what `{reader}` found"), error))?;
        Ok(match (reply.seconds, reply.rows, reply.error) {
            (Some(seconds), Some(rows), None) => Ok((seconds, rows)),
            (_, _, error) => Err(error.unwrap_or_else(|| "it says nothing".into())),
        })
    }

    /// The next line that it says; nothing where it has ended, or the measurement is to end.
    fn line(&self) -> Result<Option<String>> {
        let begun = Instant::now();
        while begun.elapsed() < PATIENCE {
            match self.answers.recv_timeout(STEP) {
                Ok(Ok(line)) => return Ok(Some(line)),
                Ok(Err(_)) | Err(RecvTimeoutError::Disconnected) => return Ok(None),
                Err(RecvTimeoutError::Timeout) if self.stop.requested() => return Ok(None),
                Err(RecvTimeoutError::Timeout) => {}
            }
        }
        let what = format!(
            "the Python that reads has not answered for {} s",
            PATIENCE.as_secs()
        );
        Err(Error::run(
            Problem::new(what).hint("leave it out with `--readers parquet`"),
        ))
    }
}

fn gone(reader: &str) -> Error {
    let what = format!("the Python that reads has ended when `{reader}` was asked");
    Error::run(Problem::new(what).hint("leave that reader out with `--readers`"))
}

impl Drop for Python {
    fn drop(&mut self) {
        // Killed rather than asked to end: it may be in the middle of a long query, and hears
        // nothing until that is done.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
