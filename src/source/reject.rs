//! Rows that cannot be read: the run stops, or they are counted and, on request, kept in a file.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use schemars::json_schema;

use super::Begin;
use super::bad_file::{BadFiles, OnBadFile};
use crate::error::{Error, Problem, Result};
use crate::place::{FilePath, Node, Placed, Text, Value, by_node, decode};
use crate::plain_file::{add_lines, cut_half_line, holds_other, wait_for_disk};
use crate::report::Meter;
use crate::sync::lock;

/// What can be done about rows that cannot be read.
pub const LEFT_OUT_OR_KEPT: &str = "`on_bad_row: skip` leaves such rows out, `on_bad_row: { dead_letter: rejected.jsonl }` keeps them";

/// What becomes of a row that cannot be read.
#[derive(Debug, Clone, Default)]
pub enum OnBadRow {
    /// The run stops.
    #[default]
    Stop,
    /// It is left out and counted.
    Skip,
    /// It is left out, counted, and kept in this file, from the current folder or `--out` on.
    DeadLetter(Placed<FilePath>),
    /// It is left out, counted, and kept in this topic of where it came from.
    DeadTopic(Placed<Text>),
}

/// A row that cannot be read.
#[derive(Debug, Clone)]
pub struct Rejected {
    /// Where it stands.
    pub place: String,
    /// What is wrong with it, without its values: rows are counted by it.
    pub kind: &'static str,
    /// What exactly is wrong with it.
    pub message: String,
    /// What is kept of it.
    pub letter: serde_json::Map<String, serde_json::Value>,
}

/// What is wrong with a row.
#[derive(Debug, Clone)]
pub struct BadRow {
    /// In general.
    pub kind: &'static str,
    /// Exactly.
    pub message: String,
    /// How many lines below its first one.
    pub below: u64,
}

/// The rows of one table that could not be read.
#[derive(Debug, Default)]
pub struct Rejects {
    policy: OnBadRow,
    counts: Mutex<BTreeMap<&'static str, u64>>,
    letters: Option<DeadLetterFile>,
    /// Where files are noted that are left out, if that is another file.
    file_letters: Option<PathBuf>,
    meter: Arc<Meter>,
}

#[derive(Debug)]
struct DeadLetterFile {
    path: PathBuf,
    file: Mutex<File>,
}

impl OnBadRow {
    /// # Errors
    /// A file has no topics.
    pub fn of_file(&self) -> Result<(), Problem> {
        match self {
            Self::DeadTopic(topic) => Err(Problem::new("only messages go to a topic")
                .at(&topic.place)
                .hint("keep the rows in a file: `dead_letter: rejected.jsonl`")),
            _ => Ok(()),
        }
    }
}

impl Rejected {
    /// A message is told in the log, with its place.
    fn tell(&self) {
        let number = |name| self.letter.get(name).and_then(serde_json::Value::as_i64);
        if let (Some(partition), Some(offset)) = (number("partition"), number("offset")) {
            let error = &self.message;
            tracing::warn!(%error, partition, offset, "Failed to process message, skipping");
        }
    }
}

impl BadRow {
    /// What is wrong, in general and exactly.
    pub fn new(kind: &'static str, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
            below: 0,
        }
    }

    /// The same so many lines below the first one.
    #[must_use]
    pub fn below(self, below: u64) -> Self {
        Self { below, ..self }
    }

    /// What is wrong with the text that begins at this line of a file.
    pub fn at_line(self, path: &Path, line: u64, text: &[u8]) -> Rejected {
        let line = line + self.below;
        let path = path.display().to_string();
        let place = format!("{path}:{line}");
        let text = String::from_utf8_lossy(text).into_owned();
        let mut letter = serde_json::Map::new();
        letter.insert("path".into(), path.into());
        letter.insert("line".into(), line.into());
        letter.insert("reason".into(), self.message.clone().into());
        letter.insert("text".into(), text.into());
        Rejected {
            place,
            kind: self.kind,
            message: self.message,
            letter,
        }
    }
}

impl Rejects {
    /// None so far; they are only counted.
    pub fn new(policy: OnBadRow) -> Self {
        Self {
            policy,
            ..Self::default()
        }
    }

    /// A run begins: none so far, and the file that they are kept in, if there is to be one. With
    /// `again` what earlier runs kept stays: a stream does not send it again.
    ///
    /// # Errors
    /// The file cannot be made.
    pub fn begin(policy: OnBadRow, begin: &Begin, again: bool) -> Result<Self> {
        let letters = match &policy {
            OnBadRow::DeadLetter(name) if !begin.measured => {
                Some(DeadLetterFile::open(name, &begin.out, again)?)
            }
            _ => None,
        };
        Ok(Self {
            letters,
            meter: begin.meter.clone(),
            ..Self::new(policy)
        })
    }

    /// Notes the files that are left out, where that is asked for.
    ///
    /// # Errors
    /// They cannot be noted.
    pub fn note_files(&mut self, bad: Option<&BadFiles>, begin: &Begin) -> Result<()> {
        let Some(BadFiles {
            policy: OnBadFile::DeadLetter(name),
            files,
            ..
        }) = bad
        else {
            return Ok(());
        };
        if begin.measured {
            return Ok(());
        }
        let mut lines = Vec::new();
        for file in files {
            serde_json::to_writer(&mut lines, file).ok();
            lines.push(b'\n');
        }
        let path = begin.out.join(name.as_str());
        let own = match &self.letters {
            Some(letters) if letters.path == path => None,
            _ => Some(DeadLetterFile::open(name, &begin.out, false)?),
        };
        if let Some(letters) = own.as_ref().or(self.letters.as_ref()) {
            letters.write(|file| add_lines(file, |mut file| file.write_all(&lines)))?;
            letters.write(wait_for_disk)?;
        }
        self.file_letters = Some(path);
        Ok(())
    }

    /// True where rows are left out that can be told without what they were read from: a topic takes
    /// messages as they came.
    pub fn leaves_out(&self) -> bool {
        matches!(self.policy, OnBadRow::Skip | OnBadRow::DeadLetter(_))
    }

    /// Some more.
    ///
    /// # Errors
    /// The run is to stop because of them, or they cannot be kept.
    pub fn add(&self, rejected: &[Rejected]) -> Result<()> {
        let Some(first) = rejected.first() else {
            return Ok(());
        };
        if let OnBadRow::Stop = self.policy {
            return Err(stop(first));
        }
        let mut lines = Vec::new();
        let mut counts = lock(&self.counts);
        for one in rejected {
            *counts.entry(one.kind).or_default() += 1;
            one.tell();
            // Maps of text and numbers always become JSON.
            serde_json::to_writer(&mut lines, &one.letter).ok();
            lines.push(b'\n');
        }
        drop(counts);
        if let Some(letters) = &self.letters {
            // Whole lines or none: what a full disk cut off was glued to the first letter of the
            // next run, and no reader could read either.
            letters.write(|file| add_lines(file, |mut file| file.write_all(&lines)))?;
        }
        self.meter.reject(rejected.len() as u64);
        Ok(())
    }

    /// What was kept is safe on the disk.
    ///
    /// # Errors
    /// It is not.
    pub fn sync(&self) -> Result<()> {
        match &self.letters {
            Some(letters) => letters.write(wait_for_disk),
            None => Ok(()),
        }
    }

    /// How many there are by what is wrong with them.
    pub fn counts(&self) -> BTreeMap<&'static str, u64> {
        let counts = lock(&self.counts);
        counts.clone()
    }

    /// The file that they are kept in.
    pub fn path(&self) -> Option<&Path> {
        self.letters.as_ref().map(|letters| letters.path.as_path())
    }

    /// The file in which files are noted that are left out.
    pub fn file_letters(&self) -> Option<&Path> {
        self.file_letters.as_deref()
    }
}

impl DeadLetterFile {
    fn open(name: &Placed<FilePath>, out: &Path, again: bool) -> Result<Self> {
        let path = out.join(name.as_str());
        // It may be the file that is read.
        if holds_other(&path, "reason") {
            let what = format!(
                "`{}` is there already and holds no dead letters",
                path.display()
            );
            let hint = "give `dead_letter` a file of its own";
            return Err(Error::user(Problem::new(what).at(&name.place).hint(hint)));
        }
        let failed = |error: std::io::Error| {
            let what = format!("could not make the dead-letter file `{}`", path.display());
            let problem = Problem::new(what).at(&name.place).cause(error);
            Error::run(problem.hint("give `dead_letter` a file that can be written"))
        };
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder).map_err(failed)?;
        }
        let mut opening = OpenOptions::new();
        opening.create(true).write(true);
        opening.append(again).truncate(!again);
        let opened = opening.open(&path);
        let file = opened
            // Half a line is what a killed run has left.
            .and_then(|file| cut_half_line(&path).map(|()| file))
            .map_err(failed)?;
        let file = Mutex::new(file);
        Ok(Self { path, file })
    }

    fn write(&self, write: impl FnOnce(&File) -> std::io::Result<()>) -> Result<()> {
        let file = lock(&self.file);
        write(&file).map_err(|error| {
            let path = self.path.display();
            Error::because(format!("writing the dead-letter file `{path}`"), error)
        })
    }
}

fn stop(rejected: &Rejected) -> Error {
    Error::run(
        Problem::new(format!("{}: {}", rejected.place, rejected.message)).hint(LEFT_OUT_OR_KEPT),
    )
}

fn kept(to: &Node) -> Result<OnBadRow, Problem> {
    match &to.value {
        Value::Map(entries) => match entries.as_slice() {
            [(key, topic)] if key.name == "topic" => decode(topic).map(OnBadRow::DeadTopic),
            _ => Err(Problem::new("expected `{ topic: TOPIC }`").at(&to.place)),
        },
        _ => decode(to).map(OnBadRow::DeadLetter),
    }
}

fn unknown() -> Problem {
    Problem::new("expected `stop`, `skip` or `{ dead_letter: PATH }`")
}

by_node!(
    inline,
    OnBadRow,
    |node| {
        match &node.value {
            Value::Scalar { text, .. } if text == "stop" => Ok(OnBadRow::Stop),
            Value::Scalar { text, .. } if text == "skip" => Ok(OnBadRow::Skip),
            Value::Map(entries) => match entries.as_slice() {
                [(key, to)] if key.name == "dead_letter" => kept(to),
                _ => Err(unknown()),
            },
            _ => Err(unknown()),
        }
    },
    |_| {
        json_schema!({ "anyOf": [
            { "enum": ["stop", "skip"] },
            { "type": "object", "properties": { "dead_letter": { "anyOf": [
                { "type": "string" },
                { "type": "object", "properties": { "topic": { "type": "string" } }, "required": ["topic"], "additionalProperties": false }
            ] } }, "required": ["dead_letter"], "additionalProperties": false }
        ]})
    }
);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::place::decode;

    #[test]
    fn letters_of_a_stream_s_earlier_runs_stay() {
        let folder = tempfile::tempdir().unwrap();
        let yaml = "dead_letter: dead.jsonl";
        let source = crate::place::Source::new("test", yaml);
        let node = crate::place::parse(&std::sync::Arc::new(source)).unwrap();
        let policy: OnBadRow = decode(&node).unwrap();
        let begin = Begin {
            out: folder.path().to_path_buf(),
            measured: false,
            batch_rows: 1000,
            meter: std::sync::Arc::default(),
            wake: std::sync::Arc::new(|| {}),
            resume: None,
        };
        let run = |again: bool| {
            let begin = Begin {
                meter: Arc::default(),
                ..begin.clone()
            };
            let rejects = Rejects::begin(policy.clone(), &begin, again).unwrap();
            let mut letter = serde_json::Map::new();
            letter.insert("reason".into(), "it is wrong".into());
            let one = Rejected {
                place: "here".into(),
                kind: "wrong",
                message: "it is wrong".into(),
                letter,
            };
            rejects.add(&[one]).unwrap();
            rejects.sync().unwrap();
            assert_eq!(rejects.meter.rejected(), 1);
            std::fs::read_to_string(folder.path().join("dead.jsonl")).unwrap()
        };
        let letter = "{\"reason\":\"it is wrong\"}\n";
        assert_eq!(run(false), letter);
        assert_eq!(run(true), letter.repeat(2));
        assert_eq!(run(false), letter);
    }
}
