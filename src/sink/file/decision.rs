//! The decision to publish a run's outputs: a copy of it lies beside each of them before the first one
//! is seen, so that whoever comes next can finish what a killed run began.
//!
//! Copies stay until the run is done, also by another run, which decides anew for what it makes and then
//! for what is published already: so that one decision is forgotten, and not a part of two.
//!
//! Copies are written in the order of the outputs and removed in the same order. So a decision stands while
//! the last output has its copy: with all copies, outputs may still have to be published; with some of the
//! others missing, all were. Without the last one nothing was published, or all is over.

use std::fs;
use std::io::ErrorKind;
use std::path::{Component, Path, PathBuf};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::layout::draft;
use super::manifest::{remove, write_whole};
use super::output::{busy, system};
use super::steps::Steps;
use crate::error::{Error, Result};
use crate::sink::claims::Claims;
use crate::sink::{Earlier, Record};
use crate::units::hexadecimal;

/// The kind of sink whose records are read here.
const KIND: &str = "file";

/// One output of a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Output {
    /// Its folder; in a copy as seen from the copy's own output.
    pub folder: PathBuf,
    /// Its copy of the decision, in its folder.
    pub copy: PathBuf,
    /// What is locked while somebody writes there, in its folder.
    pub lock: PathBuf,
    /// When it was ready, in nanoseconds since 1970: no two decisions are alike.
    pub ready: u64,
    /// Of the plan and the seed.
    pub fingerprint: String,
    #[serde(flatten)]
    pub steps: Steps,
}

/// A copy of a decision.
#[derive(Debug, Serialize, Deserialize)]
struct Copy {
    /// Equal in all copies of one decision.
    decision: String,
    outputs: Vec<Output>,
}

/// What was found beside an output.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Found {
    /// A decision stood: its outputs are published now, or can be.
    pub stands: bool,
    /// Those of its outputs that are there as they were decided.
    pub published: Vec<Earlier>,
}

impl Output {
    /// What a later run needs to publish it.
    pub(super) fn record(&self) -> Option<serde_json::Value> {
        let mut output = self.clone();
        output.folder = whole(&self.folder);
        serde_json::to_value(output).ok()
    }

    /// Where its copy lies.
    pub(super) fn copy_path(&self) -> PathBuf {
        self.folder.join(&self.copy)
    }

    /// Keeps the decision beside this output. One file alone gets its name in one step: there is
    /// nothing to keep of it, unless the run goes on.
    pub(super) fn decide(&self, run: &[Record], goes_on: bool) -> Result<()> {
        let mut outputs = Vec::new();
        for record in run.iter().filter(|record| record.kind == KIND) {
            let output = serde_json::from_value::<Output>(record.output.clone());
            outputs.push(output.map_err(|error| Error::because("keeping what is decided", error))?);
        }
        if run.len() == 1 && self.steps.are_one() && !goes_on {
            return Ok(());
        }
        let text = serde_json::to_vec(&outputs).unwrap_or_default();
        let own = whole(&self.folder);
        for output in &mut outputs {
            output.folder = from(&own, &output.folder);
        }
        let copy = Copy {
            decision: hexadecimal(&Sha256::digest(text)),
            outputs,
        };
        let path = self.copy_path();
        let lines = serde_json::to_string(&copy)
            .map_err(|error| Error::because("keeping what is decided", error))?;
        write_whole(&draft(&path), &path, &(lines + "\n"), self.steps.fsync)
    }

    /// The run is over, or this output is not to be seen.
    pub(super) fn forget(&self) -> Result<()> {
        remove(&self.copy_path())
    }

    /// Tells this output, made of the same plan and seed, from all others.
    pub(super) fn key(&self) -> String {
        let copy = whole(&self.folder).join(&self.copy);
        format!("{} {}", self.fingerprint, copy.display())
    }

    /// As one that is published already, at its place among those of its run.
    fn earlier(&self, position: usize) -> Option<Earlier> {
        Some(Earlier {
            output: self.key(),
            position,
            record: self.record()?,
        })
    }

    /// Looks at the decision that lies beside this output.
    pub(super) fn look(&self) -> Result<Found> {
        let Some(copy) = read(&self.copy_path())? else {
            return Ok(Found::default());
        };
        let outputs = copy.outputs_from(&self.folder);
        Ok(Found {
            stands: copy.stands(&outputs)?,
            published: Vec::new(),
        })
    }

    /// Publishes every output of the decision that lies beside this one, if it stands; its copies stay
    /// then, and go otherwise.
    pub(super) fn roll_forward(&self) -> Result<Found> {
        let Some(copy) = read(&self.copy_path())? else {
            return Ok(Found::default());
        };
        let outputs = copy.outputs_from(&self.folder);
        let has_copy = |output: &&Self| is_copy(&output.copy_path(), &copy.decision);
        let kept: Vec<&Self> = outputs.iter().filter(has_copy).collect();
        let claims = Claims::default();
        for output in &kept {
            let lock = output.folder.join(&output.lock);
            match claims.claim(&lock) {
                Ok(Some(_)) => {}
                Ok(None) => return Err(busy(&output.folder)),
                Err(error) => return Err(system("writing", &lock, &error)),
            }
        }
        let mut found = Found {
            stands: copy.stands(&outputs)?,
            published: Vec::new(),
        };
        let taken = |output: &Self| output.steps.were_taken(&output.folder);
        if found.stands && kept.len() == outputs.len() && !outputs.iter().all(taken) {
            for output in &outputs {
                output.steps.take(&output.folder)?;
            }
        }
        if found.stands {
            let there = outputs.iter().enumerate();
            let there = there.filter(|(_, output)| taken(output));
            let earlier = there.filter_map(|(position, output)| output.earlier(position));
            found.published.extend(earlier);
        } else {
            kept.iter().try_for_each(|output| output.forget())?;
        }
        for lock in kept.iter().map(|output| output.folder.join(&output.lock)) {
            // An empty one holds nothing but the lock.
            if fs::metadata(&lock).is_ok_and(|found| found.len() == 0) {
                remove(&lock)?;
            }
        }
        Ok(found)
    }
}

impl Copy {
    /// Its outputs, as seen from where the run is.
    fn outputs_from(&self, own: &Path) -> Vec<Output> {
        let mut outputs = self.outputs.clone();
        for output in &mut outputs {
            output.folder = match output.folder.as_os_str().is_empty() {
                true => own.to_path_buf(),
                false => whole(own).join(&output.folder),
            };
        }
        outputs
    }

    /// The last output has its copy, and all have what it takes to publish them.
    fn stands(&self, outputs: &[Output]) -> Result<bool> {
        let last = outputs.last();
        let decided = last.is_some_and(|last| is_copy(&last.copy_path(), &self.decision));
        let can_be = |output: &Output| output.steps.can_be_taken(&output.folder);
        Ok(decided && outputs.iter().all(can_be))
    }
}

/// One that cannot be read is none.
fn is_copy(path: &Path, decision: &str) -> bool {
    read(path).is_ok_and(|copy| copy.is_some_and(|copy| copy.decision == decision))
}

/// A copy; nothing where there is none that can be read, because it was never whole.
fn read(path: &Path) -> Result<Option<Copy>> {
    match fs::read(path) {
        Ok(text) => Ok(serde_json::from_slice(&text).ok()),
        // What stands in the way of the output is said when it is looked at.
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
            Ok(None)
        }
        Err(error) => Err(system("reading", path, &error)),
    }
}

/// A folder from the root on, without links.
fn whole(folder: &Path) -> PathBuf {
    let folder = match folder.as_os_str().is_empty() {
        true => Path::new("."),
        false => folder,
    };
    folder.canonicalize().unwrap_or_else(|_| folder.into())
}

/// The way from one folder to another: it holds when both are moved together.
fn from(own: &Path, other: &Path) -> PathBuf {
    let shared = own.components().zip(other.components());
    let shared = shared.take_while(|(a, b)| a == b).count();
    let up = own.components().skip(shared).map(|_| Component::ParentDir);
    up.chain(other.components().skip(shared)).collect()
}

#[cfg(test)]
mod tests {
    use super::super::steps::Step;
    use super::*;

    /// Three files that wait in three folders, and the run's records.
    fn outputs(root: &Path) -> (Vec<Output>, Vec<Record>) {
        let output = |name: &str| {
            let folder = root.join(name);
            fs::create_dir_all(&folder).unwrap();
            fs::write(folder.join(".t.partial"), "new").unwrap();
            fs::write(folder.join("t"), "old!").unwrap();
            let (path, bytes) = ("t".into(), 3);
            Output {
                folder,
                copy: ".t.run.jsonl".into(),
                lock: ".t.partial".into(),
                ready: 1,
                fingerprint: "plan".into(),
                steps: Steps {
                    fsync: true,
                    steps: vec![Step::Name { path, bytes }],
                },
            }
        };
        let outputs: Vec<Output> = ["a", "b/c", "d"].map(output).into();
        let record = |output: &Output| Record {
            kind: "file".into(),
            output: output.record().unwrap(),
        };
        let records = outputs.iter().map(record).collect();
        (outputs, records)
    }

    fn texts(root: &Path) -> Vec<String> {
        let text = |name| fs::read_to_string(root.join(name).join("t")).unwrap();
        ["a", "b/c", "d"].map(text).into()
    }

    #[test]
    fn a_decision_that_stands_is_carried_out_wherever_it_is_found() {
        for (found_at, named) in [(0, 1), (1, 2), (2, 0), (0, 3)] {
            let root = tempfile::tempdir().unwrap();
            let (outputs, records) = outputs(root.path());
            for output in &outputs {
                output.decide(&records, false).unwrap();
            }
            for output in &outputs[..named] {
                output.steps.take(&output.folder).unwrap();
            }
            let found = outputs[found_at].roll_forward().unwrap();
            let all = [0, 1, 2].map(|at| outputs[at].earlier(at).unwrap());
            assert_eq!((found.stands, found.published), (true, all.into()));
            assert_eq!(texts(root.path()), ["new", "new", "new"]);
            for output in &outputs {
                assert!(output.look().unwrap().stands, "until the run is done");
                output.forget().unwrap();
                assert_eq!(fs::read_dir(&output.folder).unwrap().count(), 1);
            }
        }
    }

    #[test]
    fn a_decision_without_its_last_copy_is_none() {
        let root = tempfile::tempdir().unwrap();
        let (outputs, records) = outputs(root.path());
        outputs[0].decide(&records, false).unwrap();
        outputs[1].decide(&records, false).unwrap();
        // The third one has a copy of another decision.
        outputs[2].decide(&records[..2], false).unwrap();
        assert_eq!(outputs[1].look().unwrap(), Found::default());
        assert_eq!(outputs[1].roll_forward().unwrap(), Found::default());
        assert_eq!(texts(root.path()), ["old!", "old!", "old!"]);
        assert!(!outputs[0].copy_path().exists());
    }

    #[test]
    fn a_run_that_was_killed_while_it_forgot_had_published_everything() {
        let root = tempfile::tempdir().unwrap();
        let (outputs, records) = outputs(root.path());
        for output in &outputs {
            output.decide(&records, false).unwrap();
        }
        for output in &outputs {
            output.steps.take(&output.folder).unwrap();
        }
        outputs[0].forget().unwrap();
        // Somebody else has written there since.
        fs::write(root.path().join("a/t"), "others").unwrap();
        fs::write(root.path().join("a/.t.partial"), "new").unwrap();
        assert_eq!(outputs[0].roll_forward().unwrap(), Found::default());
        let found = outputs[2].roll_forward().unwrap();
        let others = [1, 2].map(|at| outputs[at].earlier(at).unwrap());
        assert_eq!((found.stands, found.published), (true, others.into()));
        assert_eq!(texts(root.path()), ["others", "new", "new"]);
    }

    #[test]
    fn a_decision_moves_with_its_outputs() {
        let (old, new) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let (mut outputs, records) = outputs(&old.path().join("out"));
        for output in &outputs {
            output.decide(&records, false).unwrap();
        }
        fs::rename(old.path().join("out"), new.path().join("moved")).unwrap();
        outputs[1].folder = new.path().join("moved/b/c");
        assert!(outputs[1].roll_forward().unwrap().stands);
        assert_eq!(texts(&new.path().join("moved")), ["new", "new", "new"]);
    }

    #[test]
    fn who_is_at_work_is_left_alone() {
        let root = tempfile::tempdir().unwrap();
        let (outputs, records) = outputs(root.path());
        for output in &outputs {
            output.decide(&records, false).unwrap();
        }
        let claims = Claims::default();
        let lock = outputs[2].folder.join(&outputs[2].lock);
        assert!(claims.claim(&lock).unwrap().is_some());
        let error = outputs[0].roll_forward().unwrap_err().to_string();
        assert!(error.contains("is writing"), "{error}");
        assert_eq!(texts(root.path()), ["old!", "old!", "old!"]);
    }
}
