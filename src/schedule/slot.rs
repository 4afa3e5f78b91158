//! One slot, from its plan to its end.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use super::board::kept;
use crate::engine::{self, RunOptions, Running, Stop};
use crate::error::{Error, Fault, Result};
use crate::plan::Plan;
use crate::report::{Outcome, Report};
use crate::sink::Standing;

/// How the work on a slot has ended.
#[derive(Debug, Clone)]
pub enum SlotEnd {
    /// Its dataset was made.
    Made {
        /// Rows of all tables.
        rows: u64,
        /// How long it took.
        elapsed: Duration,
        /// They were made before, by a run that was killed: all that was left to do was to publish them.
        before: bool,
        /// Rows were left out, or came too slowly.
        warning: Option<String>,
    },
    /// Its dataset was there already.
    There,
    /// Something else is there, of another plan or seed, and stays.
    Kept(PathBuf),
    /// Another run is at work there.
    Busy(String),
    /// It has failed.
    Failed {
        /// Why, on one line.
        error: String,
        /// It is the user's to mend.
        users: bool,
    },
    /// It was told to stop.
    Cut,
}

impl SlotEnd {
    /// The word for it in `/status` and on the page.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Made { .. } => "done",
            Self::There => "there already",
            Self::Kept(_) => "kept",
            Self::Busy(_) => "busy",
            Self::Failed { .. } => "failed",
            Self::Cut => "interrupted",
        }
    }

    /// All that is to be said of it, in one line.
    pub fn describe(&self) -> String {
        match self {
            Self::Made {
                rows,
                elapsed,
                before,
                warning,
            } => {
                let seconds = elapsed.as_secs_f64();
                let done = match before {
                    true => {
                        format!("done, what a run before had made was published in {seconds:.2} s")
                    }
                    false => {
                        let rows = crate::units::show_count(*rows);
                        format!("done, {rows} rows in {seconds:.2} s")
                    }
                };
                warning
                    .as_ref()
                    .map_or(done.clone(), |warning| format!("{done}; {warning}"))
            }
            Self::There => "is there already".into(),
            Self::Kept(path) => kept(path),
            Self::Busy(error) => format!("another run is at work there: {error}"),
            Self::Failed { error, .. } => format!("failed: {error}"),
            Self::Cut => "interrupted; the next start completes it".into(),
        }
    }
}

/// How a slot has ended already, by what is there of its output.
pub(super) fn found(plan: &Plan, options: &RunOptions) -> Option<SlotEnd> {
    match engine::standing(plan, options).ok()? {
        Standing::Absent => None,
        Standing::Same => Some(SlotEnd::There),
        // Kept and told, not replaced: a pipeline that was edited would otherwise remake its whole
        // history at the next start.
        Standing::Other(path) => Some(SlotEnd::Kept(path)),
    }
}

/// Makes a slot, unless it is there. `begun` is given the run.
pub(super) fn carry_out(
    plan: &dyn Fn(bool) -> Result<Plan>,
    options: &RunOptions,
    begun: &dyn Fn(&Arc<Running>),
) -> SlotEnd {
    let work = AssertUnwindSafe(|| make(plan, options, begun));
    // A panic ends this slot; the threads of the others and the schedule itself go on.
    let done = catch_unwind(work);
    let done = done.unwrap_or_else(|panic| Err(Error::of_panic("a slot", panic.as_ref())));
    done.unwrap_or_else(|error| failed(&error))
}

fn make(
    plan: &dyn Fn(bool) -> Result<Plan>,
    options: &RunOptions,
    begun: &dyn Fn(&Arc<Running>),
) -> Result<SlotEnd> {
    // Another scheduler may have made it in the meantime. Planned without a trial for this look,
    // and anew for the run: a trial makes rows, and most slots are there already when many
    // schedulers share the work.
    if !options.overwrite
        && let Some(end) = found(&plan(false)?, options)
    {
        return Ok(end);
    }
    let options = RunOptions {
        // A stop of its own: a failure in this slot does not end the others.
        stop: Stop::of(&options.stop),
        ..options.clone()
    };
    let run = Arc::new(engine::start(Arc::new(plan(true)?), options));
    begun(&run);
    Ok(ended(&run.wait()))
}

fn ended(report: &Report) -> SlotEnd {
    let error = || one_line(report.first_error().unwrap_or_default());
    match report.outcome {
        Outcome::Done | Outcome::TooSlow | Outcome::Rejected => SlotEnd::Made {
            rows: report.rows,
            elapsed: report.elapsed,
            before: report.rows == 0 && is_recovered(report),
            warning: match report.outcome {
                Outcome::TooSlow => Some("slower than its rate".into()),
                Outcome::Rejected => Some(left_out(report).into()),
                _ => None,
            },
        },
        Outcome::Interrupted(_) => SlotEnd::Cut,
        // No failure: another run holds the lock, and is likely making this very slot.
        Outcome::NotBegun(Fault::Busy) => SlotEnd::Busy(error()),
        Outcome::NotBegun(Fault::User) => SlotEnd::Failed {
            error: error(),
            users: true,
        },
        Outcome::Failed | Outcome::NotBegun(Fault::Run) => SlotEnd::Failed {
            error: error(),
            users: false,
        },
    }
}

/// Nothing was left to make: all was there once what a run before had left was finished.
fn is_recovered(report: &Report) -> bool {
    let sinks = &report.sinks;
    sinks.iter().all(|sink| sink.skipped) && sinks.iter().any(|sink| !sink.recovered.is_empty())
}

fn left_out(report: &Report) -> &'static str {
    match (report.rejected(), report.bad_files()) {
        (_, 0) => "rows were left out",
        (0, _) => "files were left out",
        _ => "files and rows were left out",
    }
}

fn failed(error: &Error) -> SlotEnd {
    match error.fault {
        Fault::Busy => SlotEnd::Busy(one_line(&error.to_string())),
        fault => SlotEnd::Failed {
            error: one_line(&error.to_string()),
            users: fault == Fault::User,
        },
    }
}

fn one_line(text: &str) -> String {
    crate::units::one_line(text)
        .trim_start_matches("error: ")
        .to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::{About, Ended, SinkReport, Times};

    fn told(rows: u64, sinks: Vec<SinkReport>) -> String {
        let ended = Ended {
            outcome: Outcome::Done,
            elapsed: Duration::from_secs(1),
            error: None,
        };
        let report = Report::new(
            About::default(),
            ended,
            Times::default(),
            Vec::new(),
            sinks,
            rows,
        );
        super::ended(&report).describe()
    }

    #[test]
    fn a_slot_that_was_only_published_says_so() {
        let sink = |recovered: &[&str], skipped: bool| SinkReport {
            recovered: recovered.iter().map(ToString::to_string).collect(),
            skipped,
            ..SinkReport::new("a", "file", "t")
        };
        let finished = || sink(&["finished"], true);
        let before = "done, what a run before had made was published in 1.00 s";
        assert_eq!(told(0, vec![finished(), sink(&[], true)]), before);
        assert_eq!(
            told(7, vec![finished(), sink(&[], false)]),
            "done, 7 rows in 1.00 s"
        );
        assert_eq!(told(0, vec![sink(&[], false)]), "done, 0 rows in 1.00 s");
    }
}
