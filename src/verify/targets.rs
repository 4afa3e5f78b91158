//! What is to be compared: each sink of each table; or why it cannot be.

use super::target::Target;
use super::{Options, Plans};
use crate::error::{Error, Problem, Result};
use crate::sink::Holds;

/// A sink that is not compared, and why.
#[derive(Debug, Clone)]
pub struct Unread {
    /// The table.
    pub table: String,
    /// The sink.
    pub sink: String,
    /// Why.
    pub why: String,
    /// It keeps rows, or may: nobody knows what they are.
    pub keeps: bool,
}

/// All that is to be compared, and what cannot be. Nothing is read.
///
/// # Errors
/// Nothing can be compared, or not what was asked for.
pub fn targets<'p>(
    plans: &'p Plans,
    options: &'p Options,
) -> Result<(Vec<Target<'p>>, Vec<Unread>)> {
    let (mut targets, mut unread) = (Vec::new(), Vec::new());
    for (index, job) in plans.whole.jobs.iter().enumerate() {
        for (place, sink) in job.sinks.iter().enumerate() {
            let sliced = plans.slice.as_ref().map(|plan| &plan.jobs[index]);
            let sliced = sliced.map(|job| (job, &job.sinks[place]));
            let holds = sink.options.holds(&options.out, options.slice);
            let keeps = !matches!(holds, Holds::Nothing(_));
            match Target::new((job, sink), sliced, holds, options, plans) {
                Ok(target) => targets.push(target),
                Err(why) => unread.push(Unread {
                    table: job.table.clone(),
                    sink: sink.name.clone(),
                    why,
                    keeps,
                }),
            }
        }
    }
    if targets.is_empty() {
        return Err(nothing(&unread));
    }
    if options.against.is_some() && targets.len() > 1 {
        let problem = Problem::new(format!(
            "`--against` is compared with one sink's rows, here are those of {}",
            targets.len()
        ));
        return Err(Error::user(problem.hint("name one with `--sinks`")));
    }
    Ok((targets, unread))
}

fn nothing(unread: &[Unread]) -> Error {
    let mut problem = Problem::new("there is nothing to compare");
    for one in unread {
        problem = problem.cause(one);
    }
    Error::user(problem)
}

impl std::fmt::Display for Unread {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self {
            table, sink, why, ..
        } = self;
        write!(f, "`{table}` in sink `{sink}`: {why}")
    }
}
