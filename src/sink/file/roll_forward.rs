//! What a killed run had decided to publish is carried out by whoever comes next over one of its places.
//!
//! The same run again has nothing left to do then. Any other run changes what it finds here, so that nobody
//! could tell any more what was done: it leaves a note instead of each copy. Notes are written before the
//! first copy goes.

use std::collections::HashMap;
use std::fs;
use std::path::PathBuf;

use super::decision::{DecidedOutput, DecisionCopy, is_copy, read, whole};
use super::done;
use super::layout::hidden;
use super::manifest::{self, ManifestEntry, remove};
use super::output::{claim, system};
use super::steps::is_named;
use crate::dataset::FOLDER;
use crate::error::Result;
use crate::sink::Earlier;
use crate::sink::claims::Claims;

/// What was found beside an output.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct FoundDecision {
    /// A decision stood: what it says of this output is done now, or can be.
    pub stands: bool,
    /// Those of its outputs that are there as they were decided.
    pub published: Vec<Earlier>,
    /// Folders of those that could not be finished: what had its name already is removed.
    pub undone: Vec<PathBuf>,
}

impl DecidedOutput {
    /// Looks at the decision that lies beside this output.
    pub(super) fn look(&self) -> Result<FoundDecision> {
        let Some(copy) = read(&self.copy_path())? else {
            return Ok(FoundDecision::default());
        };
        let outputs = copy.outputs_from(&self.folder);
        let kept = copy.kept(&outputs);
        Ok(FoundDecision {
            stands: stands(&outputs, &kept)?,
            ..FoundDecision::default()
        })
    }

    /// Publishes every output of the decision that lies beside this one, if it stands. Its copies stay then,
    /// as long as it is the same run that is here, and go otherwise.
    pub(super) fn roll_forward(&self) -> Result<FoundDecision> {
        let Some(copy) = read(&self.copy_path())? else {
            return Ok(FoundDecision::default());
        };
        let outputs = copy.outputs_from(&self.folder);
        let kept = copy.kept(&outputs);
        let claims = Claims::default();
        for output in &kept {
            // All locks before the first step, in the decision's order, which is the same for every
            // run that finds it: two of them cannot wait for each other.
            claim(&claims, &output.folder.join(&output.lock), &output.folder)?;
        }
        let mut found = FoundDecision::default();
        let stands = stands(&outputs, &kept)?;
        let is_own = |output: &Self| output.key() == self.key();
        let passes_on = !outputs.iter().any(is_own);
        if stands {
            found.undone = carried_out(&kept)?;
            for (position, output) in outputs.iter().enumerate() {
                if output.steps.were_taken(&output.folder)? {
                    found.stands |= output.copy_path() == self.copy_path();
                    found.published.extend(output.earlier(position));
                }
            }
        }
        // This output was replaced by another run since; the notes say to the killed run's retry
        // that its own outputs are done.
        if stands && passes_on {
            outputs.iter().try_for_each(done::note)?;
        }
        if !stands || passes_on {
            // After the notes: killed between the two, the decision is found once more, and noted
            // once more.
            kept.iter().try_for_each(|output| output.forget())?;
        }
        kept.iter().try_for_each(|output| output.unlock())?;
        Ok(found)
    }

    /// What it has named goes. Where the manifest lists a file of that name, it has replaced that one: this is
    /// noted in the journal. One file alone stays as it is. True if something went.
    fn undo(&self) -> Result<bool> {
        let mut gone = false;
        // A single file has no manifest that could say what it has replaced.
        if !self.manifest.starts_with(FOLDER) {
            return Ok(gone);
        }
        let listed = self.folder.join(&self.manifest);
        let mut entries = manifest::read(&listed)?.unwrap_or_default();
        entries.extend(manifest::read(&hidden(&listed))?.unwrap_or_default());
        let mut listed_as: HashMap<_, Vec<&ManifestEntry>> = HashMap::new();
        for entry in &entries {
            listed_as
                .entry(entry.path.as_deref())
                .or_default()
                .push(entry);
        }
        for decided in self.steps.entries(&self.manifest) {
            let entries = listed_as.get(&decided.path.as_deref());
            let path = self
                .folder
                .join(decided.path.as_deref().unwrap_or_default());
            let is_listed = entries.is_some_and(|entries| entries.contains(&&decided));
            if !is_named(&path, decided.bytes)? || is_listed {
                continue;
            }
            // It has taken the place of a listed file, which cannot come back. Noted in the journal
            // it is known as the rows of that run, and no later `append` takes the mix for one
            // dataset.
            if entries.is_some() {
                let (journal, line) = (hidden(&listed), manifest::line(&decided));
                let noted = manifest::note(&journal, &line, self.steps.fsync);
                noted.map_err(|error| system("writing", &journal, &error))?;
            } else {
                remove(&path)?;
                gone = true;
            }
        }
        Ok(gone)
    }

    /// Removes what holds nothing but a lock.
    fn unlock(&self) -> Result<()> {
        let lock = self.folder.join(&self.lock);
        match fs::metadata(&lock).is_ok_and(|found| found.len() == 0) {
            true => remove(&lock),
            false => Ok(()),
        }
    }
}

/// Publishes what is not yet published of the outputs that have their copies: nobody has been there since.
/// Those of them that lack what it takes are undone: their folders.
fn carried_out(kept: &[&DecidedOutput]) -> Result<Vec<PathBuf>> {
    let mut undone = Vec::new();
    for output in kept {
        // One output that has lost a file is undone alone. It used to block all datasets of its
        // run.
        if !output.steps.can_be_taken(&output.folder)? {
            if output.undo()? {
                // Half of an output is undone rather than finished by guess: its rows are made
                // again by the next run.
                undone.push(whole(&output.folder));
            }
        } else if !output.steps.were_taken(&output.folder)? {
            output.steps.take(&output.folder)?;
        }
    }
    Ok(undone)
}

/// The last output has its copy, or some output has got a name already, which nothing has before that. All
/// have what it takes to publish them; where some have lost it, those go on that have begun, as half of
/// them is seen.
fn stands(outputs: &[DecidedOutput], kept: &[&DecidedOutput]) -> Result<bool> {
    let mut begun = false;
    for output in kept {
        begun |= output.steps.were_begun(&output.folder)?;
    }
    let mut whole = true;
    for output in outputs {
        whole &= output.steps.can_be_taken(&output.folder)?;
    }
    let (last, last_kept) = (outputs.last(), kept.last());
    let decided = last.map(DecidedOutput::copy_path) == last_kept.map(|kept| kept.copy_path());
    // Copies are written in the outputs' order and names are given only after the last copy. So
    // either the last copy or the first name proves that all had agreed, whatever was lost since.
    Ok(begun || (decided && whole))
}

impl DecisionCopy {
    /// Those of its outputs that have a copy.
    fn kept<'o>(&self, outputs: &'o [DecidedOutput]) -> Vec<&'o DecidedOutput> {
        let has_copy = |output: &&DecidedOutput| is_copy(&output.copy_path(), &self.decision);
        outputs.iter().filter(has_copy).collect()
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::super::steps::{PublishStep, PublishSteps};
    use super::*;
    use crate::sink::Record;

    /// Three files that wait in three folders, and the run's records.
    fn outputs(root: &Path) -> (Vec<DecidedOutput>, Vec<Record>) {
        let output = |name: &str| {
            let folder = root.join(name);
            fs::create_dir_all(&folder).unwrap();
            fs::write(folder.join(".t.partial"), "new").unwrap();
            fs::write(folder.join("t"), "old!").unwrap();
            let (path, bytes) = ("t".into(), 3);
            DecidedOutput {
                folder,
                copy: ".t.run.jsonl".into(),
                lock: ".t.partial".into(),
                manifest: ".t.manifest.jsonl".into(),
                note: ".t.done.jsonl".into(),
                ready: 1,
                fingerprint: "plan".into(),
                steps: PublishSteps {
                    fsync: true,
                    steps: vec![PublishStep::Name { path, bytes }],
                },
            }
        };
        let outputs: Vec<DecidedOutput> = ["a", "b/c", "d"].map(output).into();
        let record = |output: &DecidedOutput| Record {
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
        assert_eq!(outputs[1].look().unwrap(), FoundDecision::default());
        assert_eq!(outputs[1].roll_forward().unwrap(), FoundDecision::default());
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
        assert_eq!(outputs[0].roll_forward().unwrap(), FoundDecision::default());
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
