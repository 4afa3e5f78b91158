//! Whether what a plan would write is there already, without opening anything.

use std::sync::Arc;

use super::lanes::targets;
use super::run::paces;
use super::running::Options;
use super::watch::Watched;
use crate::error::{Error, Result};
use crate::plan::Plan;
use crate::sink::{self, SlotsBy, Standing, Target};

/// What is there of all outputs of the plan together: all of them, or what stands first for one of them.
/// Only the outputs are looked at, so that a year of slots is looked at in a moment.
///
/// # Errors
/// The system refuses to tell.
pub fn standing(plan: &Plan, options: &Options) -> Result<Standing> {
    let run: Arc<dyn sink::Run> = Arc::new(());
    let watched = Watched::new(plan);
    let targets = targets(plan, options, &watched, &paces(plan), &run);
    let mut other = None;
    for (job, targets) in plan.jobs.iter().zip(&targets) {
        for (sink, target) in job.sinks.iter().zip(targets) {
            let standing = sink.options.standing(target);
            let doing = || format!("looking at what sink `{}` has written", sink.name);
            match standing.map_err(|error: Error| error.context(doing()))? {
                Standing::Same => {}
                Standing::Absent => return Ok(Standing::Absent),
                Standing::Other(path) => other = other.or(Some(path)),
            }
        }
    }
    // A run that was killed while it published has named some of its files, and what it had decided lies
    // beside them: it looks like the work of another plan, and is finished by the next run.
    match is_left(plan, &targets)? {
        true => Ok(Standing::Absent),
        false => Ok(other.map_or(Standing::Same, Standing::Other)),
    }
}

/// True if a run that did not end has left something at any of the outputs, or is at work there.
fn is_left(plan: &Plan, targets: &[Vec<Target>]) -> Result<bool> {
    for (job, targets) in plan.jobs.iter().zip(targets) {
        for (sink, target) in job.sinks.iter().zip(targets) {
            // Whether a slot of a Delta table is there was told by its log already; what `recover`
            // reports beside is about the same commit.
            let has_log = matches!(sink.options.slots(), Ok(SlotsBy::Commit(_)));
            if !has_log && !sink.options.recover(target, true)?.lines.is_empty() {
                return Ok(true);
            }
        }
    }
    Ok(false)
}
