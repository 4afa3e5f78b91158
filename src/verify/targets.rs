//! What is to be compared: each sink of each table; or why it cannot be.

use super::downstream;
use super::target::Target;
use super::{At, CompareOptions, Plans};
use crate::error::{Error, Problem, Result};
use crate::sink::Holds;
use crate::units::show_count;

/// A sink that is not compared, and why.
#[derive(Debug, Clone)]
pub struct Unread {
    /// The table.
    pub table: String,
    /// The sink.
    pub sink: String,
    /// Why, and what helps.
    pub why: Problem,
    /// It keeps rows, or may keep some, which were then not compared.
    pub keeps: bool,
}

/// All that is to be compared, and what cannot be. Nothing is read.
///
/// # Errors
/// Nothing can be compared, or not what was asked for.
pub fn targets<'p>(
    plans: &'p Plans,
    options: &'p CompareOptions,
) -> Result<(Vec<Target<'p>>, Vec<Unread>)> {
    // Before any sink is looked at: a moment beyond the load would be found out after its rows were
    // read.
    within_load(plans, options)?;
    let (mut targets, mut unread) = (Vec::new(), Vec::new());
    for (index, job) in plans.whole.jobs.iter().enumerate() {
        for (place, sink) in job.sinks.iter().enumerate() {
            let sliced = plans.slice.as_ref().map(|plan| &plan.jobs[index]);
            let sliced = sliced.map(|job| (job, &job.sinks[place]));
            let holds = sink
                .options
                .holds(&options.out, options.slice, &sink.fingerprint);
            let keeps = !matches!(holds, Holds::Nothing(_));
            let found = match &holds {
                Holds::Unread(why) if options.against.is_none() => Err(why.as_ref().clone()),
                Holds::Changes(held) if options.against.is_none() => {
                    downstream::targets(held, sink, options, plans)
                }
                _ => Ok(Vec::new()),
            };
            let found = found.and_then(|found| match found.is_empty() {
                true => {
                    let target = Target::new((job, sink), sliced, holds, options, plans)?;
                    Ok(vec![target])
                }
                false => Ok(found),
            });
            match found {
                Ok(found) => targets.extend(found),
                Err(why) => unread.push(Unread {
                    table: job.table.clone(),
                    sink: sink.name.clone(),
                    why,
                    keeps,
                }),
            }
        }
    }
    // One sink that cannot be compared stops nothing; only where none can be is that an error, with
    // all reasons in it.
    if targets.is_empty() {
        return Err(nothing(&unread));
    }
    // The source that is named holds the rows of one table; compared with another sink all of them
    // would differ.
    if options.against.is_some() && targets.len() > 1 {
        let problem = Problem::new(format!(
            "`--against` is compared with one sink's rows, here are those of {}",
            targets.len()
        ));
        return Err(Error::user(problem.hint("name one with `--sinks`")));
    }
    Ok((targets, unread))
}

/// A load is asked for as it was after changes that it has.
fn within_load(plans: &Plans, options: &CompareOptions) -> Result<()> {
    let mut jobs = plans.whole.jobs.iter();
    let count = jobs.find_map(|job| job.changes.as_ref()?.table.all().count());
    match (options.at, count) {
        (Some(At::Change(asked)), Some(count)) if asked > count => {
            let count = show_count(count);
            let what = format!("`--at {asked}`: the load has {count} changes");
            let hint = "without `--at` the rows are compared with what all of them come to";
            Err(Error::user(Problem::new(what).hint(hint)))
        }
        _ => Ok(()),
    }
}

fn nothing(unread: &[Unread]) -> Error {
    let mut problem = Problem::new("there is nothing to compare");
    for one in unread {
        problem = problem.cause(one);
    }
    let hint = unread.iter().find_map(Unread::hint);
    Error::user(problem.maybe_hint(hint.map(str::to_string)))
}

impl Unread {
    /// What helps.
    pub fn hint(&self) -> Option<&str> {
        self.why.hint.as_deref()
    }
}

impl std::fmt::Display for Unread {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self {
            table, sink, why, ..
        } = self;
        write!(f, "`{table}` in sink `{sink}`: {}", why.message)
    }
}
