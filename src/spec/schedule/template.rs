//! A pipeline file before its slot is known: read once, and made a pipeline for each slot.

use std::sync::Arc;

use chrono::{DateTime, NaiveDate, Utc};

use super::{Schedule, Slot, Slots};
use crate::error::{Error, Problem, Problems, Result};
use crate::place::{Node, Placed, Variables, decode, expand, expand_params};
use crate::spec::read::ReadFile;
use crate::spec::scope::overrides;
use crate::spec::{GivenValues, Pipeline};

/// Which slot of a schedule is asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum AskedSlot {
    /// The one of the run's date.
    #[default]
    OfDay,
    /// That of today as it is at this moment: the newest one that is due, or else the first.
    Today(DateTime<Utc>),
    /// The first one from this day on.
    From(NaiveDate),
    /// The one of this name.
    Named(String),
}

/// A pipeline with a schedule, before it is known for which slot.
#[derive(Debug)]
pub struct Template {
    pub(in crate::spec) file: ReadFile,
    pub(in crate::spec) given: GivenValues,
    /// When it runs.
    pub schedule: Schedule,
}

/// The slot that a pipeline is of.
#[derive(Debug, Clone)]
pub struct Scheduled {
    /// The slot.
    pub slot: Slot,
    /// The pipeline of any other slot.
    pub template: Arc<Template>,
}

impl Template {
    /// The pipeline of this slot.
    ///
    /// # Errors
    /// Every mistake in the file, each with its place.
    pub fn of_slot(self: &Arc<Self>, slot: Slot) -> Result<Pipeline> {
        let given = GivenValues {
            run_date: slot.day().to_string(),
            ..self.given.clone()
        };
        let scheduled = Scheduled {
            slot,
            template: self.clone(),
        };
        self.file.clone().decode(&given, Some(scheduled))
    }
}

/// The file's schedule, if it has one.
///
/// # Errors
/// What is wrong with it.
pub(in crate::spec) fn schedule_of(root: &Node, given: &GivenValues) -> Result<Option<Schedule>> {
    let Some(node) = root.get("schedule") else {
        return Ok(None);
    };
    // `${run_date}` and `${slot}` follow from the schedule, so that neither may stand in it: they
    // are left as they are written, and refused by whatever they stand in.
    let mut scope = Variables {
        environment: given.environment.clone(),
        ..Variables::default()
    };
    let own = ["run_date", "slot"].map(|name| (name.to_string(), format!("${{{name}}}")));
    scope.params.extend(own);
    if let Some(params) = root.get("params") {
        expand_params(params, &overrides(given), &mut scope)?;
    }
    let mut node = node.clone();
    let mut problems = Problems::default();
    expand(&mut node, &scope, &mut problems);
    problems.into_result()?;
    let schedule: Schedule = decode(&node)?;
    match schedule.problem() {
        Some(problem) => Err(problem.into()),
        None => Ok(Some(schedule)),
    }
}

/// The slot that is asked for.
///
/// # Errors
/// There is none, or not only one.
pub(in crate::spec) fn chosen(schedule: &Schedule, given: &GivenValues) -> Result<Slot> {
    let slots = schedule.slots();
    let some = |slot: Option<Slot>| {
        slot.ok_or_else(|| {
            let problem = Problem::new("this schedule has no slot");
            Error::user(problem.at(&schedule.cron.place))
        })
    };
    match &given.slot {
        AskedSlot::Today(now) => some(today(&slots, *now)),
        AskedSlot::From(day) => some(slots.from((*day).into())),
        AskedSlot::OfDay => of_day(&slots, &given.run_date, &schedule.cron),
        AskedSlot::Named(name) => {
            let slot = Slot::parse(name).filter(|slot| slots.has(*slot));
            slot.ok_or_else(|| not_one(&slots, name, &schedule.cron))
        }
    }
}

fn today(slots: &Slots, now: DateTime<Utc>) -> Option<Slot> {
    let day = slots.local(now).date();
    let newest = slots.newest(now);
    let is_today = newest.filter(|newest| newest.day() == day);
    let first = || slots.between(day, day).next();
    is_today
        // The newest one of today that is due, else today's first, else the newest of all.
        .or_else(first)
        .or(newest)
        .or_else(|| slots.from(slots.local(now)))
}

fn of_day(slots: &Slots, day: &str, cron: &Placed<super::Cron>) -> Result<Slot> {
    let date: NaiveDate = day.parse().map_err(|_| {
        Error::user(format!(
            "expected a date such as 2026-01-31 as the run's date, found `{day}`"
        ))
    })?;
    let mut all = slots.between(date, date);
    match (all.next(), all.next()) {
        (Some(slot), None) => Ok(slot),
        (Some(first), Some(_)) => {
            let problem = Problem::new(format!("{day} has several slots"));
            let hint = format!("say which one: `--slot {first}`");
            Err(Error::user(problem.at(&cron.place).hint(hint)))
        }
        (None, _) => Err(not_one(slots, day, cron)),
    }
}

fn not_one(slots: &Slots, name: &str, cron: &Placed<super::Cron>) -> Error {
    let problem = Problem::new(format!("`{name}` is no slot of this schedule")).at(&cron.place);
    let time = Slot::parse(name).map(|slot| slot.0);
    let day = || name.parse::<NaiveDate>().ok().map(Into::into);
    let next = time.or_else(day).and_then(|time| slots.from(time));
    Error::user(problem.hint(match next {
        Some(next) => format!("the next one is {next}"),
        None => "a slot is called as 2026-01-31T02-15".into(),
    }))
}
