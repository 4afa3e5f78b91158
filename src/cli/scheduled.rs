//! What commands share that make the slots of a schedule.

use std::sync::Arc;

use super::arguments::FileOptions;
use super::check::{now_micros, plan_of};
use crate::error::{Error, Problem, Result};
use crate::plan::Overrides;
use crate::schedule::{self, MakePlan};
use crate::spec::{Pipeline, Slot, Slots, Template};

/// Looks whether outputs tell the slots of a pipeline apart, if it has a schedule.
///
/// # Errors
/// They do not.
pub(super) fn check(pipeline: &Pipeline, overrides: &Overrides) -> Result<()> {
    let Some(scheduled) = &pipeline.scheduled else {
        return Ok(());
    };
    let slots = scheduled.template.schedule.slots();
    check_pair(&scheduled.template, slots.pair(scheduled.slot), overrides)
}

/// The same for some slots only: a pipeline may be right for no other.
///
/// # Errors
/// Outputs do not tell them apart.
pub(super) fn check_among(
    template: &Arc<Template>,
    slots: &[Slot],
    overrides: &Overrides,
) -> Result<()> {
    check_pair(template, Slots::nearest(slots.iter().copied()), overrides)
}

fn check_pair(
    template: &Arc<Template>,
    pair: Option<(Slot, Slot)>,
    overrides: &Overrides,
) -> Result<()> {
    // Two slots of one day, where the schedule has such: a path with nothing but the day in it
    // would be the same for both, and the second slot would overwrite or be refused. Two days would
    // not show that.
    let Some((one, other)) = pair else {
        return Ok(());
    };
    // No trial and no servers: only the places of outputs are compared.
    let plan = |slot| plan_of(&template.of_slot(slot)?, overrides, false, false);
    schedule::problems((&plan(one)?, one), (&plan(other)?, other)).into_result()
}

/// Refuses `--slot` and `--run-date` for a command that makes several slots.
///
/// # Errors
/// It is.
pub(super) fn of_no_slot(options: &FileOptions) -> Result<()> {
    if options.slot.is_none() && options.run_date.is_none() {
        return Ok(());
    }
    let problem = Problem::new("`--slot` and `--run-date` say one slot, and this makes several");
    Err(Error::user(problem.hint("`rowgen run` makes one")))
}

/// Plans any slot of a pipeline.
pub(super) fn planner(template: Arc<Template>, overrides: Overrides) -> Box<MakePlan> {
    Box::new(move |slot: Slot, trial| {
        let overrides = Overrides {
            // `now()` is the beginning of each slot's own run, not that of the service.
            now_micros: now_micros()?,
            ..overrides.clone()
        };
        plan_of(&template.of_slot(slot)?, &overrides, trial, true)
    })
}
