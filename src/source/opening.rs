//! Opens the files of a set on every core, and tells those that cannot be read from what else goes wrong.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::DAMAGED;
use super::bad_file::{BadFiles, FILES_LEFT_OUT_OR_KEPT, OnBadFile, bad_file};
use super::file::Closed;
use crate::error::{Problem, Result};
use crate::sync::{guarded, lock};

/// Objects that are looked at at once.
// A choice; nothing was measured.
const AT_ONCE: usize = 16;

/// The files of a table that are to be opened.
pub struct Opening<'f> {
    files: &'f [Closed],
    /// They are a table's, of a folder or a pattern: there are others where one is left out.
    many: bool,
    policy: &'f OnBadFile,
    /// Those that cannot be read, by their places in the set.
    bad: Mutex<Vec<(usize, Problem)>>,
}

impl<'f> Opening<'f> {
    /// These files; what cannot be read is left out where `policy` says so and there are others.
    pub fn new(files: &'f [Closed], many: bool, policy: &'f OnBadFile) -> Self {
        Self {
            files,
            many,
            policy,
            bad: Mutex::default(),
        }
    }

    /// True where files are left out that cannot be read.
    pub fn leaves_out(&self) -> bool {
        self.many && self.policy.leaves_out()
    }

    /// What becomes of each file, made on every core, in their order, without those that are left out.
    ///
    /// # Errors
    /// What is wrong with the first of those that are wrong.
    pub fn each<R: Send>(
        &self,
        work: impl Fn(&Closed) -> Result<R, Problem> + Sync,
    ) -> Result<Vec<R>, Problem> {
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        // Stores are waited for, and take as long for many objects as for one.
        let remote = self.files.iter().any(|file| file.object.is_some());
        let most = if remote { cores.max(AT_ONCE) } else { cores };
        let threads = self.files.len().clamp(1, most);
        let next = AtomicUsize::new(0);
        let done = Mutex::new(Vec::new());
        let go_on = || {
            while let Some((index, file)) = self.file(next.fetch_add(1, Ordering::Relaxed)) {
                // Libraries panic on some broken files: that is an error of this one.
                let made = guarded(|| work(file));
                let made = made.unwrap_or_else(|| Err(file.problem().cause(DAMAGED)));
                lock(&done).push((index, made));
            }
        };
        std::thread::scope(|scope| {
            (1..threads).for_each(|_| {
                scope.spawn(go_on);
            });
            go_on();
        });
        let mut done = std::mem::take(&mut *lock(&done));
        done.sort_by_key(|(index, _)| *index);
        let mut good = Vec::with_capacity(done.len());
        for (index, made) in done {
            match made {
                Ok(made) => good.push(made),
                Err(problem) => self.leave_out(index, problem)?,
            }
        }
        match good.is_empty() {
            true => Err(self.none()),
            false => Ok(good),
        }
    }

    fn file(&self, index: usize) -> Option<(usize, &Closed)> {
        self.files.get(index).map(|file| (index, file))
    }

    /// # Errors
    /// The file is not left out.
    fn leave_out(&self, index: usize, problem: Problem) -> Result<(), Problem> {
        let file = &self.files[index];
        // What a pipeline says wrongly, of types or of a delimiter, is wrong for all files, and stands
        // elsewhere in it; a disk or a store that does not answer says nothing of what the file holds.
        let of_file = problem.place.as_ref() == Some(&file.said.place) && !file.is_out_of_reach();
        match of_file {
            true if self.leaves_out() => {
                lock(&self.bad).push((index, problem));
                Ok(())
            }
            true if self.many && self.files.len() > 1 => Err(problem.hint(FILES_LEFT_OUT_OR_KEPT)),
            _ => Err(problem),
        }
    }

    /// Not one of them can be read.
    fn none(&self) -> Problem {
        let bad = lock(&self.bad);
        let Some((_, first)) = bad.first() else {
            return Problem::new("there is nothing to read");
        };
        let mut problem = first.clone();
        if bad.len() > 1 {
            problem.causes.insert(0, problem.message);
            problem.message = format!("none of {} files can be read", bad.len());
        }
        problem
    }

    /// The places of those that were left out.
    pub fn left_out(&self) -> Vec<usize> {
        let bad = lock(&self.bad);
        bad.iter().map(|(index, _)| *index).collect()
    }

    /// Those that were left out.
    pub fn into_bad(self) -> BadFiles {
        let bad = self.bad.into_inner();
        let bad = bad.unwrap_or_else(std::sync::PoisonError::into_inner);
        let file =
            |(index, problem): &(usize, Problem)| bad_file(&self.files[*index].path, problem);
        BadFiles {
            policy: self.policy.clone(),
            files: bad.iter().map(file).collect(),
            of: self.files.len(),
        }
    }
}
