//! The files that a stream writes, under one rule: each is replaced once it is whole, by a run that has begun;
//! what is there stays as it is before, and whoever may take it for this run's is told.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use super::super::run::can_report;
use super::super::say;
use super::StreamOptions;
use crate::error::{Error, Problem, Result};
use crate::outlet::{is_device, is_standard_stream};
use crate::sink::file::outside_datasets;
use crate::source::is_within;

/// The files, and what was there before the run.
pub(super) struct Outputs(Vec<Output>);

struct Output {
    flag: &'static str,
    path: PathBuf,
    before: Option<Identity>,
}

/// Device and inode of a regular file.
type Identity = (u64, u64);

impl Outputs {
    /// Looks at all of them before anything is done.
    ///
    /// # Errors
    /// One cannot be written, or two are the same.
    pub(super) fn look(options: &StreamOptions) -> Result<Self> {
        let counters = options.interface.as_ref().map(|_| counters_path(options));
        let given = [
            ("-output", Some(options.output.clone())),
            ("-i", counters),
            ("-html", options.html.clone()),
            ("-report", options.report.clone()),
        ];
        let mut outputs = Self(Vec::new());
        for (flag, path) in given {
            let Some(path) = path else {
                continue;
            };
            // Before the start: two outputs at one path would be found out after the run, with the
            // first one gone.
            outputs.apart(flag, &path)?;
            outside_datasets(&path)?;
            // Results and counters have their own folders made by whoever opens them; the page and
            // the report are written into a folder that has to be there.
            if matches!(flag, "-html" | "-report") {
                can_report(&path)?;
            }
            let before = identity(&path);
            outputs.0.push(Output { flag, path, before });
        }
        Ok(outputs)
    }

    /// Each has a place of its own; only devices take more than one.
    fn apart(&self, flag: &str, path: &Path) -> Result<()> {
        let same = |other: &&Output| is_within(path, &other.path, false);
        let other = self.0.iter().find(same);
        // `-output /dev/null -html /dev/null` is a way to have neither.
        let Some(other) = other.filter(|_| !is_device(path)) else {
            return Ok(());
        };
        let what = format!(
            "`{flag}` would write over what `{}` writes: both are `{}`",
            other.flag,
            path.display()
        );
        Err(Error::user(
            Problem::new(what).hint("give each a path of its own"),
        ))
    }

    /// Names those that were there before and are not this run's.
    pub(super) fn tell_kept(&self) {
        let kept = self.0.iter().filter(|output| {
            let Output { path, before, .. } = output;
            // A file that was replaced has another inode, so that the same one is the old file,
            // whatever its time says.
            before.is_some() && *before == identity(path)
        });
        let kept: Vec<String> = kept
            .map(|output| format!("`{}`", output.path.display()))
            .collect();
        if !kept.is_empty() {
            say(&format!(
                "not of this run, and left as it was before: {}",
                kept.join(", ")
            ));
        }
    }
}

/// The file of what passed the interface: beside that of results, where these are in a file.
pub(super) fn counters_path(options: &StreamOptions) -> PathBuf {
    let output = &options.output;
    if is_standard_stream(output) || is_device(output) {
        // The name that belongs to the default of `-output`: beside `/dev/stdout` nothing can be
        // written.
        return "producer_results_network.csv".into();
    }
    let stem = output.file_stem().unwrap_or_default().to_string_lossy();
    output.with_file_name(format!("{stem}_network.csv"))
}

fn identity(path: &Path) -> Option<Identity> {
    let found = fs::metadata(path).ok().filter(fs::Metadata::is_file);
    found.map(|found| (found.dev(), found.ino()))
}
