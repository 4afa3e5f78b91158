//! Room on the disk: what the files of a run will take, beside what is free where they are written.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use super::lanes::CheckedSink;
use super::running::RunOptions;
use crate::error::{Error, Problem, Result};
use crate::plan::{Job, Plan, SinkPlan};
use crate::sink::{Found, Ready};
use crate::units::show_bytes;

/// A format makes at most this many times its memory of a batch: names before each value in JSON, a
/// text for each key of a dictionary. A table that takes more has no estimate, and no other harm.
// Encoding the first batch once more would be a good part of a short run: it is only done where
// memory times this number comes near what is free.
const MOST_EXPANSION: u64 = 64;

/// A run that leaves less than this share of what is free is warned of: estimates are of the first batch,
/// and others write there, too.
const TIGHT: f64 = 0.1;

/// One disk, and what will be written there.
struct Disk<'a> {
    /// Where the first of its sinks writes.
    folder: PathBuf,
    free: u64,
    sinks: Vec<(&'a SinkPlan, &'a dyn Ready)>,
    /// Keys that are sorted in a file beside the output: one table after the other is.
    keys: u64,
}

/// Refuses a run whose files have no room; what will be tight is told, a line each.
///
/// # Errors
/// The files will not fit, by what the first batch takes.
pub(super) fn check(
    plan: &Plan,
    options: &RunOptions,
    checked: &[Vec<CheckedSink>],
) -> Result<Vec<String>> {
    let mut told = Vec::new();
    for disk in disks(plan, checked).into_values() {
        let Some(needed) = disk.needed().filter(|needed| *needed > 0) else {
            continue;
        };
        // A run that ends after a time writes less than all of its rows.
        let must_fit = !options.force && !options.measured && plan.duration.is_none();
        if needed > disk.free && must_fit {
            return Err(Error::user(disk.problem(needed)));
        }
        if needed as f64 > disk.free as f64 * (1.0 - TIGHT) {
            told.push(disk.words(needed));
        }
    }
    Ok(told)
}

/// The sinks that write files, by the disk that they write to.
fn disks<'a>(plan: &'a Plan, checked: &'a [Vec<CheckedSink>]) -> BTreeMap<u64, Disk<'a>> {
    let mut disks = BTreeMap::new();
    let sinks = plan.jobs.iter();
    let sinks = sinks.flat_map(|job| job.sinks.iter().map(move |sink| (job, sink)));
    for ((job, sink), checked) in sinks.zip(checked.iter().flatten()) {
        let Found::Ready { sink: ready, .. } = &checked.found else {
            continue;
        };
        let folder = ready.folder();
        // A folder whose disk cannot be asked is no reason to refuse the run: what is wrong there
        // is met by its sink.
        let Some((folder, (device, free))) = folder.and_then(|folder| {
            let asked = ask(&folder);
            asked.ok().map(|answer| (folder, answer))
        }) else {
            continue;
        };
        let disk = disks.entry(device).or_insert_with(|| Disk {
            folder,
            free,
            sinks: Vec::new(),
            keys: 0,
        });
        disk.keys = disk.keys.max(keys(job));
        disk.sinks.push((sink, ready.as_ref()));
    }
    disks
}

/// The device of a folder, or of the first one above it that is there, and the bytes that are free on it.
fn ask(folder: &Path) -> io::Result<(u64, u64)> {
    let there = folder.ancestors().find(|folder| folder.is_dir());
    let there = there.unwrap_or(Path::new("."));
    let disk = rustix::fs::statvfs(there)?;
    let device = rustix::fs::stat(there)?.st_dev;
    Ok((device, disk.f_bavail.saturating_mul(disk.f_frsize)))
}

impl Disk<'_> {
    /// About how many bytes its sinks will write; nothing where that is far less than is free.
    fn needed(&self) -> Option<u64> {
        let sinks = self.sinks.iter();
        let rough: u64 = sinks.clone().map(|(sink, _)| in_memory(sink)).sum();
        // To encode the first batch once more would be a good part of a short run.
        let most = rough.saturating_mul(MOST_EXPANSION);
        if most.saturating_add(self.keys) < self.free {
            return None;
        }
        let bytes = sinks.filter_map(|(_, ready)| ready.about_bytes());
        Some(bytes.fold(self.keys, u64::saturating_add))
    }

    fn words(&self, needed: u64) -> String {
        let names = self
            .sinks
            .iter()
            .map(|(sink, _)| format!("`{}`", sink.name));
        format!(
            "the output of {} takes about {}{}, and {} are free on the disk of `{}`",
            names.collect::<Vec<_>>().join(" and "),
            show_bytes(needed),
            self.of_keys(),
            show_bytes(self.free),
            self.folder.display()
        )
    }

    /// Says how many of the bytes are keys that are sorted in a temporary file.
    fn of_keys(&self) -> String {
        match self.keys {
            0 => String::new(),
            keys => format!(" ({} of them to sort keys in a file)", show_bytes(keys)),
        }
    }

    fn problem(&self, needed: u64) -> Problem {
        let hint = "free some space, write elsewhere with `--out`, or go on with `--force`: sizes are estimated by the first batch";
        let problem = Problem::new(self.words(needed)).hint(hint);
        let path = self.sinks.iter().find_map(|(sink, _)| sink.path());
        match path {
            Some(path) => problem.at(&path.place),
            None => problem,
        }
    }
}

/// The bytes of a job's keys that are sorted in a file.
fn keys(job: &Job) -> u64 {
    match job.order.as_ref().map(|order| order.costs) {
        Some(costs) if costs.ranges > 1 => costs.entries.saturating_mul(costs.entry),
        _ => 0,
    }
}

/// The bytes of all rows in memory, by the first batch.
fn in_memory(sink: &SinkPlan) -> u64 {
    let row = sink.shape.row_memory().zip(sink.shape.rows);
    row.map_or(0, |(row, rows)| (row * rows as f64) as u64)
}
