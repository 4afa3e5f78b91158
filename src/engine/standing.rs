//! Whether what a plan would write is there already, without opening anything.

use std::sync::Arc;

use super::facts::NoRun;
use super::lanes::targets;
use super::run::paces;
use super::running::RunOptions;
use super::watch::Watched;
use crate::error::{Error, Result};
use crate::plan::Plan;
use crate::sink::{self, Standing};

/// What is there of all outputs of the plan together: all of them, or what stands first for one of them.
/// Only the outputs are looked at, so that a year of slots is looked at in a moment.
///
/// # Errors
/// The system refuses to tell.
pub fn standing(plan: &Plan, options: &RunOptions) -> Result<Standing> {
    let stall_timeout = plan.stall_timeout;
    let run: Arc<dyn sink::RunHandle> = Arc::new(NoRun { stall_timeout });
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
    Ok(other.map_or(Standing::Same, Standing::Other))
}
