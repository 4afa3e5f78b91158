//! `rowgen backfill`: the slots of a schedule by hand, from one day to another.

use std::io::IsTerminal;

use chrono::NaiveDate;

use super::arguments::{BackfillOptions, Log};
use super::check::{given, overrides};
use super::{dotenv, log, say, scheduled, signals};
use crate::engine::RunOptions;
use crate::error::{Error, Problem, Result};
use crate::schedule::{Board, Clock, Scheduler, SlotEnd, Task, When};
use crate::spec::{self, AskedSlot, GivenValues, Pipeline, Slot, Slots};
use crate::units::show_count;

/// How often a slot is tried; after that somebody has to look at why it fails.
// No measurement is behind this number. A schedule under `serve` never gives a slot up, because
// nobody watches it; whoever runs a backfill by hand waits for its end. The user's mistakes are
// tried once.
const TRIES: u32 = 3;

/// The most slots of a backfill: nobody waits for more.
// One a minute is 69 days, one an hour eleven years. The list of slots is held in memory, and a
// mistyped year should be told before the first slot and not after a night.
const MOST: usize = 100_000;

pub(super) fn run(options: &BackfillOptions, variables: Option<dotenv::Read>) -> Result<u8> {
    let log = options
        .log
        .unwrap_or(match std::io::stderr().is_terminal() {
            true => Log::Text,
            false => Log::Json,
        });
    if log == Log::Json {
        log::begin(tracing::Level::INFO);
    }
    if let (Log::Json, Some(dotenv::Read { path, variables })) = (log, variables) {
        tracing::info!(path, variables, "environment file read");
    }
    carry_out(options, log).or_else(|error| match log {
        Log::Json => {
            error.problems.iter().for_each(log::problem);
            Ok(error.exit_code())
        }
        Log::Text => Err(error),
    })
}

fn carry_out(options: &BackfillOptions, log: Log) -> Result<u8> {
    scheduled::of_no_slot(&options.file)?;
    let (pipeline, overrides) = (read(options)?, overrides(&options.file)?);
    let Some(asked) = &pipeline.scheduled else {
        let problem = Problem::new(format!("`{}` has no `schedule`", pipeline.path));
        return Err(Error::user(
            problem.hint("`rowgen run` makes a pipeline without one"),
        ));
    };
    let schedule = &asked.template.schedule;
    let slots = chosen(&schedule.slots(), &options.from, &options.to)?;
    scheduled::check_among(&asked.template, &slots, &overrides)?;
    let all = slots.len();
    let parallel = options
        .max_parallel
        .map_or(schedule.max_parallel(), usize::from);
    let stop = signals::stop()?;
    let scheduler = Scheduler::new(Task {
        name: pipeline.name.clone(),
        slots: schedule.slots(),
        parallel,
        when: When::Once(slots, TRIES),
        clock: Clock::Machine,
        options: RunOptions {
            out: options.out.clone().unwrap_or_default(),
            overwrite: options.overwrite,
            force: options.force,
            stop: stop.clone(),
            ..RunOptions::default()
        },
        plan: scheduled::planner(asked.template.clone(), overrides),
        tell: Box::new(move |slot, end| tell(log, slot, end)),
    });
    match options.dry_run {
        true => scheduler.look(),
        false => scheduler.work(),
    }
    Ok(scheduler.with_board(|board| end(log, all, board, (stop.signal(), options.dry_run))))
}

/// The pipeline as it is from the first day on: it may not be right for today.
fn read(options: &BackfillOptions) -> Result<Pipeline> {
    let given = GivenValues {
        run_date: options.from.clone(),
        slot: AskedSlot::From(day(&options.from)),
        ..given(&options.file)?
    };
    spec::read(&options.file.file, &given)
}

fn day(text: &str) -> NaiveDate {
    // The flags' parser has refused whatever is no date, so the default is never taken.
    text.parse().unwrap_or_default()
}

/// The slots of these days.
fn chosen(slots: &Slots, from: &str, to: &str) -> Result<Vec<Slot>> {
    let (first, last) = (day(from), day(to));
    if first > last {
        let what = format!("`--from {from}` is later than `--to {to}`");
        return Err(Error::user(Problem::new(what)));
    }
    let all: Vec<Slot> = slots.between(first, last).take(MOST + 1).collect();
    match all.len() {
        0 => {
            let what = format!("the schedule has no slot from {from} to {to}");
            Err(Error::user(
                Problem::new(what).maybe_hint(
                    slots
                        .from(first.into())
                        .map(|next| format!("the next one is {next}")),
                ),
            ))
        }
        1..=MOST => Ok(all),
        _ => {
            let what = format!("there are more than {MOST} slots from {from} to {to}");
            Err(Error::user(
                Problem::new(what).hint("make them in several steps"),
            ))
        }
    }
}

fn tell(log: Log, slot: Slot, end: &SlotEnd) {
    let text = end.describe();
    match (log, end) {
        (Log::Text, _) => say(&format!("{slot}: {text}")),
        (Log::Json, SlotEnd::Failed { .. } | SlotEnd::Kept(_)) => {
            tracing::error!(slot = %slot, "{text}");
        }
        (Log::Json, _) => tracing::info!(slot = %slot, "{text}"),
    }
}

/// Tells what became of all, and the exit code: an interruption before failures before the rest.
fn end(log: Log, all: usize, board: &Board, (signal, dry_run): (Option<i32>, bool)) -> u8 {
    let count =
        |number: u64, what: &str| (number > 0).then(|| format!("{} {what}", show_count(number)));
    let failed: Vec<_> = board.failed().collect();
    let left = board.waiting().count() as u64
        - failed.iter().filter(|one| one.again.is_some()).count() as u64;
    let parts = [
        count(board.made, "made"),
        count(board.there, "there already"),
        count(board.kept, "of another plan or seed, kept"),
        count(failed.len() as u64, "failed"),
        count(left, if dry_run { "to be made" } else { "left" }),
    ];
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    let (rows, told) = (show_count(board.rows), parts.join(", "));
    let all = show_count(all as u64);
    match log {
        Log::Text => say(&format!("{all} slots: {told}; {rows} rows")),
        Log::Json => tracing::info!(
            made = board.made,
            there = board.there,
            kept = board.kept,
            failed = failed.len(),
            left,
            rows = board.rows,
            "backfill ended"
        ),
    }
    match signal {
        // The precedence of exit codes that `run` has: an interruption says nothing of what else
        // would have failed, and a failure of the run is more than a mistake of the user.
        Some(signal) => u8::try_from(128 + signal).unwrap_or(130),
        None if failed.iter().any(|one| !one.users) => 2,
        None if !failed.is_empty() || board.kept > 0 => 1,
        None if board.warned > 0 => 3,
        None => 0,
    }
}
