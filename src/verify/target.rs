//! What is to be compared: each sink of each table, with what reads it back; or why it cannot be.

use super::columns::{Columns, From};
use super::compare::Comparison;
use super::details::Details;
use super::expected::Expected;
use super::faults::{Fault, Faulty};
use super::found::Found;
use super::keyed::Keyed;
use super::matching::Counts;
use super::outcome::{Outcome, Tell, Telling};
use super::readers::Reader;
use super::scan::{Progress, Workers};
use super::side::Side;
use super::{Options, Plans};
use crate::error::{Error, Problem, Result};
use crate::plan::{Job, SinkPlan};
use crate::sink::{Holds, Slice};
use crate::source::Batches;

/// One sink of one table, about to be compared.
pub struct Target<'p> {
    job: &'p Job,
    sink: &'p SinkPlan,
    reader: Reader,
    columns: Columns,
    /// What its columns are called where it is read.
    names: Vec<String>,
    /// Only rows of this share of what is there.
    share: Option<Slice>,
    options: &'p Options,
    threads: usize,
}

/// A sink that is not compared, and why.
#[derive(Debug, Clone)]
pub struct Unread {
    /// The table.
    pub table: String,
    /// The sink.
    pub sink: String,
    /// Why.
    pub why: String,
}

/// What a self-test of one kind of fault came to.
#[derive(Debug, Clone)]
pub struct Tested {
    /// The kind.
    pub fault: Fault,
    /// How many were put in.
    pub put: u64,
    /// How many were found, and nothing else; none if there was something else.
    pub found: Option<u64>,
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
            match target((job, sink), sliced, options, plans.whole.threads) {
                Ok(target) => targets.push(target),
                Err(why) => unread.push(Unread {
                    table: job.table.clone(),
                    sink: sink.name.clone(),
                    why,
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
        let Self { table, sink, why } = self;
        write!(f, "`{table}` in sink `{sink}`: {why}")
    }
}

type Pair<'p> = (&'p Job, &'p SinkPlan);

/// # Errors
/// Why it cannot be compared.
fn target<'p>(
    whole: Pair<'p>,
    sliced: Option<Pair<'p>>,
    options: &'p Options,
    threads: usize,
) -> Result<Target<'p>, String> {
    let (reader, of_slice) = match &options.against {
        Some(against) => (Reader::against(&against.source, &against.place)?, false),
        None => {
            let holds = whole.1.options.holds(&options.out, options.slice);
            let of_slice = matches!(&holds, Holds::Files(files) if files.of_slice);
            (Reader::of(&holds)?, of_slice)
        }
    };
    let (job, sink) = sliced.filter(|_| of_slice).unwrap_or(whole);
    if matches!(job.source, Batches::Streamed(_)) {
        return Err("its table is read from a stream, whose rows do not come again".into());
    }
    if job.rows.is_none() {
        return Err("its table has no end; `--rows` says how many of its rows are compared".into());
    }
    let columns = Columns::of(sink, &reader.spelling, options.float_ulps);
    if columns.compared.is_empty() {
        let mut reasons = columns.left_out.iter();
        let reason = reasons.next().map_or("", |(_, why)| why.as_str());
        return Err(format!("no column of it can be compared: {reason}"));
    }
    Ok(Target {
        names: names(&columns, options)?,
        job,
        sink,
        reader,
        columns,
        share: options.slice.filter(|_| !of_slice),
        options,
        threads,
    })
}

/// What the columns are called where they are read.
fn names(columns: &Columns, options: &Options) -> Result<Vec<String>, String> {
    let map = options
        .against
        .as_ref()
        .map_or(&[][..], |against| &against.columns);
    let own: Vec<&str> = columns
        .compared
        .iter()
        .map(|column| column.field.name().as_str())
        .collect();
    if let Some((wrong, _)) = map.iter().find(|(name, _)| !own.contains(&name.as_str())) {
        let near = crate::error::did_you_mean(wrong, own.iter().copied());
        let near = near.map_or(String::new(), |near| format!("; {near}"));
        return Err(format!(
            "`--columns`: it has no column `{wrong}` that is compared{near}"
        ));
    }
    let other = |name: &str| {
        map.iter()
            .find(|(own, _)| own == name)
            .map(|(_, other)| other.clone())
    };
    Ok(own
        .iter()
        .map(|name| other(name).unwrap_or_else(|| (*name).to_string()))
        .collect())
}

impl Target<'_> {
    /// Compares it, and tells what is not as it should be.
    ///
    /// # Errors
    /// It cannot be read, or what must be there cannot be made.
    pub fn compare(&self, progress: &Progress, tell: &mut Tell<'_>) -> Result<Outcome> {
        let fields = self.columns.fields();
        let typed = self.columns.compared.iter();
        let typed = typed
            .filter(|column| matches!(column.from, From::Batch(_)))
            .count();
        let found = self.reader.open(&self.names, &fields, typed)?;
        let expected = Expected::new(self.job, self.sink, &self.columns.compared)?;
        let mut outcome = self.outcome(&found);
        if self.options.count_only {
            self.count(&expected, &found, &mut outcome)?;
            return Ok(outcome);
        }
        let workers = Workers::new(self.threads, progress)?;
        let mut telling = Telling {
            details: Details {
                expected: &expected,
                found: &found,
                fields: &fields,
                key: self.columns.keyed.column(),
                float_ulps: self.options.float_ulps,
            },
            options: self.options,
            outcome: &mut outcome,
            tell,
        };
        let comparison = self.comparison(&expected, &found, &workers);
        let counts = comparison.run(&mut |differences| telling.of(&differences))?;
        outcome.counts = counts;
        Ok(outcome)
    }

    fn comparison<'c>(
        &'c self,
        expected: &'c Expected<'_>,
        found: &'c dyn Side,
        workers: &'c Workers<'c>,
    ) -> Comparison<'c> {
        Comparison {
            expected,
            found,
            keyed: self.columns.keyed.clone(),
            columns: self.columns.compared.len(),
            workers,
            memory: self.options.memory,
            share: self.share,
            in_order: self.in_order(expected, found),
            endless: self.job.table_rows.is_none(),
        }
    }

    /// Puts so many faults of each kind into what must be there, and looks for them. Nothing is read.
    ///
    /// # Errors
    /// What must be there cannot be made.
    pub fn self_test(&self, count: u64, progress: &Progress) -> Result<Vec<Tested>> {
        let expected = Expected::new(self.job, self.sink, &self.columns.compared)?;
        let workers = Workers::new(self.threads, progress)?;
        let keyed = &self.columns.keyed;
        let test = |fault: Fault, count: u64| {
            let found = Faulty::new(&expected, fault, count, keyed, self.job.first_row)?;
            let comparison = Comparison {
                share: None,
                endless: false,
                ..self.comparison(&expected, &found, &workers)
            };
            let counts = comparison.run(&mut |_| Ok(0))?;
            Ok(Tested {
                fault,
                put: found.count,
                found: fault.found(&counts),
            })
        };
        let keyless = keyed.column().is_none();
        let kinds = Fault::ALL
            .iter()
            .filter(|fault| !keyless || **fault != Fault::Swapped);
        kinds
            .flat_map(|fault| [0, 1, count].map(|count| test(*fault, count)))
            .collect()
    }

    /// The first row, where rows of files have the places that they have in the table.
    fn in_order(&self, expected: &Expected<'_>, found: &dyn Side) -> Option<u64> {
        let partitioned = self.sink.lanes.iter().any(|lane| !lane.is_empty());
        let same = expected.rows() == found.rows();
        (same && !partitioned && self.options.float_ulps == 0).then_some(self.job.first_row)
    }

    fn outcome(&self, found: &Found) -> Outcome {
        let rows = matches!(self.columns.keyed, Keyed::Rows(_));
        let key = self.columns.keyed.column();
        let name = |column: usize| self.columns.compared[column].field.name().clone();
        Outcome {
            table: self.job.table.clone(),
            sink: self.sink.name.clone(),
            source: found.describe(),
            key: key.map(name).filter(|_| !rows),
            columns: self.columns.compared.len(),
            left_out: self.columns.left_out.clone(),
            others: found.others(),
            counted_only: self.options.count_only,
            ..Outcome::default()
        }
    }

    fn count(&self, expected: &Expected<'_>, found: &Found, outcome: &mut Outcome) -> Result<()> {
        if self.share.is_some() {
            let problem =
                Problem::new("`--count-only` counts all that is there, and no slice of it");
            return Err(Error::user(
                problem.hint("leave out `--slice`, or `--count-only`"),
            ));
        }
        let rows = expected.exact_rows()?;
        let found = found.rows();
        let extra = match self.job.table_rows {
            Some(_) => found.saturating_sub(rows),
            None => 0,
        };
        outcome.counts = Counts {
            expected: rows,
            found,
            missing: rows.saturating_sub(found),
            extra,
            ..Counts::default()
        };
        Ok(())
    }

    /// The table and the sink.
    pub fn names(&self) -> (&str, &str) {
        (&self.job.table, &self.sink.name)
    }
}
