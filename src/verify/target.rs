//! One sink of one table: both sides are opened and compared.

mod applied;
#[cfg(feature = "mongodb")]
mod digest;
#[cfg(feature = "mongodb")]
mod documents;
#[cfg(feature = "kafka")]
mod messages;

use arrow::datatypes::Field;

use super::behind::Behind;
use super::blame::Blaming;
use super::columns::{Columns, From};
use super::compare::{Comparison, Order};
use super::details::Details;
use super::expected::Expected;
use super::faults::{Fault, Faulty};
use super::keyed::Keyed;
use super::matching::Counts;
use super::outcome::{Outcome, Tell, Telling};
use super::readers::{Reader, Way};
use super::scan::{Progress, Workers};
use super::servers::streamed;
use super::side::Side;
use super::trust::{is_untouched, of_another_run, touched};
use super::{CompareOptions, Plans};
use crate::error::{Error, Problem, Result};
use crate::plan::{Job, SinkPlan};
use crate::sink::{Holds, Slice};
use crate::source::Batches;

/// One sink of one table, about to be compared.
pub struct Target<'p> {
    job: &'p Job,
    sink: &'p SinkPlan,
    /// What the sink is called whose rows are read.
    name: &'p str,
    way: Way<'p>,
    columns: Columns,
    /// What its columns are called where it is read.
    names: Vec<String>,
    /// Only rows of this share of what is there.
    share: Option<Slice>,
    options: &'p CompareOptions,
    threads: usize,
    #[cfg_attr(
        not(feature = "kafka"),
        expect(dead_code, reason = "headers of messages have it")
    )]
    run_id: u128,
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

/// Both sides, opened.
struct Sides<'s> {
    expected: &'s dyn Side,
    found: &'s dyn Side,
    fields: &'s [Field],
    keyed: Keyed,
    place: Option<u64>,
    order: Option<Order<'s>>,
    behind: Option<Behind>,
    blaming: Option<Blaming<'s>>,
}

/// What is done with both sides.
enum Asked<'a, 't> {
    Compare(&'a mut Outcome, &'a mut Tell<'t>),
    SelfTest(u64, &'a mut Vec<Tested>),
}

type Pair<'p> = (&'p Job, &'p SinkPlan);

impl<'p> Target<'p> {
    /// The sink of a whole table, or of a slice, and what it holds.
    ///
    /// # Errors
    /// Why it cannot be compared.
    pub(super) fn new(
        whole: Pair<'p>,
        sliced: Option<Pair<'p>>,
        holds: Holds<'p>,
        options: &'p CompareOptions,
        plans: &Plans,
    ) -> Result<Self, Problem> {
        if let (Batches::Streamed(_), false) = (&whole.0.source, matches!(holds, Holds::Nothing(_)))
        {
            return Err(streamed(&holds, &whole.0.table));
        }
        let (way, of_slice) = match &options.against {
            Some(against) => (Reader::against(against, holds)?, false),
            None => {
                let of_slice = matches!(&holds, Holds::Files(files) if files.of_slice);
                (Way::of(holds, whole, options)?, of_slice)
            }
        };
        if of_slice && whole.0.order.is_some() {
            return Err(super::hints::sorted_slice());
        }
        let pair = sliced.filter(|_| of_slice).unwrap_or(whole);
        let share = options.slice.filter(|_| !of_slice);
        Self::of(way, pair, (&whole.1.name, share), options, plans)
    }

    /// What reads a sink's rows back, that sink, what it is called, and the share that is compared.
    ///
    /// # Errors
    /// Why it cannot be compared.
    pub(super) fn of(
        way: Way<'p>,
        (job, sink): Pair<'p>,
        (name, share): (&'p str, Option<Slice>),
        options: &'p CompareOptions,
        plans: &Plans,
    ) -> Result<Self, Problem> {
        let applies = sink.applies().is_some();
        if options.at.is_some() && !applies {
            return Err("it keeps rows, or changes as rows: `--at` is of tables that changes are applied to".into());
        }
        if job.rows.is_none() && !applies {
            let table = &job.table;
            return Err(Problem::new(format!(
                "its table has no end; `--rows {table}=1000` compares the first 1 000 of its rows"
            )));
        }
        let columns = Columns::of(sink, &way.spelling(), options.float_ulps);
        let now = columns.left_out.first();
        if let Some((name, why)) = now.filter(|_| matches!(way, Way::Topic(..))) {
            return Err(Problem::new(format!(
                "messages are compared whole, and of `{name}` {why}"
            )));
        }
        if columns.compared.is_empty() {
            let why = now.map_or("", |(_, why)| why.as_str());
            return Err(Problem::new(format!(
                "no column of it can be compared: {why}"
            )));
        }
        Ok(Target {
            names: columns.names(options)?,
            job,
            sink,
            name,
            way,
            columns,
            share,
            options,
            threads: plans.whole.threads,
            run_id: plans.whole.run_id,
        })
    }

    /// Compares it, and tells what is not as it should be.
    ///
    /// # Errors
    /// It cannot be read, or what must be there cannot be made.
    pub fn compare(&self, progress: &Progress, tell: &mut Tell<'_>) -> Result<Outcome> {
        if self.share.is_some() && self.options.count_only {
            let what = "`--count-only` counts all that is there, and no slice of it";
            let problem = Problem::new(what).hint("leave out `--slice`, or `--count-only`");
            return Err(Error::user(problem));
        }
        let mut outcome = Outcome {
            table: self.job.table.clone(),
            sink: self.name.to_string(),
            columns: self.columns.compared.len(),
            left_out: self.columns.left_out.clone(),
            counted_only: self.options.count_only,
            ..Outcome::default()
        };
        self.open(progress, &mut Asked::Compare(&mut outcome, tell))?;
        Ok(outcome)
    }

    /// Puts so many faults of each kind into what must be there, and looks for them. No row is read.
    ///
    /// # Errors
    /// What must be there cannot be made.
    pub fn self_test(&self, count: u64, progress: &Progress) -> Result<Vec<Tested>> {
        let mut tested = Vec::new();
        self.open(progress, &mut Asked::SelfTest(count, &mut tested))?;
        Ok(tested)
    }

    /// The table and the sink.
    pub fn names(&self) -> (&str, &str) {
        (&self.job.table, self.name)
    }

    fn open(&self, progress: &Progress, asked: &mut Asked<'_, '_>) -> Result<()> {
        let workers = &Workers::new(self.threads, progress)?;
        match &self.way {
            Way::Source(reader) => match self.sink.applies() {
                Some(changes) => self.open_states((reader, changes), workers, asked),
                None => self.open_source(reader, workers, asked),
            },
            #[cfg(feature = "kafka")]
            Way::Topic(kafka, copy) => self.open_topic((kafka, copy.as_deref()), workers, asked),
            #[cfg(not(feature = "kafka"))]
            Way::Topic(..) => Ok(()),
            #[cfg(feature = "mongodb")]
            Way::Changes(documents) => self.open_changes(documents, asked),
            #[cfg(not(feature = "mongodb"))]
            Way::Changes(_) => Ok(()),
        }
    }

    fn open_source(
        &self,
        reader: &Reader,
        workers: &Workers<'_>,
        asked: &mut Asked<'_, '_>,
    ) -> Result<()> {
        let fields = self.columns.fields();
        let files = self.columns.compared.iter();
        let files = files.filter(|column| matches!(column.from, From::Batch(_)));
        let expected = Expected::new(self.job, self.sink, &self.columns.compared)?;
        let behind = self.behind(reader, &expected)?;
        let sides = |found| Sides {
            expected: &expected,
            found,
            fields: &fields,
            keyed: self.columns.keyed.clone(),
            place: self.place(&expected, found).filter(|_| {
                // Without a key a server's rows are in any order.
                let by_key = matches!(self.columns.keyed, Keyed::Integer { .. });
                by_key || reader.spelling.has_order()
            }),
            order: None,
            behind: behind.clone(),
            blaming: None,
        };
        let Asked::Compare(outcome, tell) = asked else {
            return self.run(sides(&expected), workers, asked);
        };
        let held = reader.held.as_ref().filter(|_| self.share.is_none());
        if self.options.trust_manifest {
            let rows = expected.exact_rows()?;
            if is_untouched((held, &self.sink.fingerprint), rows, workers, outcome) {
                return Ok(());
            }
        }
        let found = reader.open(&self.names, &fields, files.count())?;
        outcome.source = found.describe();
        outcome.notes.extend(reader.notes.iter().cloned());
        let left_out = |name: &String| !self.columns.left_out.iter().any(|(out, _)| out == name);
        outcome.others = found.others().into_iter().filter(left_out).collect();
        if self.options.count_only {
            outcome.counts = self.counted(expected.exact_rows()?, found.rows());
            return found.unchanged();
        }
        let compared = self.run(sides(&found), workers, &mut Asked::Compare(outcome, tell));
        // What was found in a file that changed while it was read counts for nothing.
        found.unchanged()?;
        compared?;
        if let (false, false, Some(held)) = (outcome.is_equal(), self.options.trust_manifest, held)
        {
            outcome.notes.extend(touched(held, workers));
        }
        // Most rows equal: it was this plan. A few are equal by chance, in small domains.
        let few = outcome.counts.equal.saturating_mul(2) < outcome.counts.expected;
        if let (true, false, Some(held)) = (few, outcome.is_equal(), held) {
            let notes = of_another_run(held, &self.sink.fingerprint);
            outcome.notes.extend(notes);
        }
        Ok(())
    }

    fn run(
        &self,
        sides: Sides<'_>,
        workers: &Workers<'_>,
        asked: &mut Asked<'_, '_>,
    ) -> Result<()> {
        match asked {
            Asked::SelfTest(count, tested) => {
                let keyless = sides.keyed.column().is_none();
                for fault in Fault::ALL {
                    if keyless && fault == Fault::Swapped {
                        continue;
                    }
                    for count in [0, 1, *count] {
                        tested.push(self.test(fault, count, &sides, workers)?);
                    }
                }
                Ok(())
            }
            Asked::Compare(outcome, tell) => {
                let key = sides.keyed.column();
                outcome.key = key.map(|key| sides.fields[key].name().clone());
                let mut telling = Telling {
                    details: Details {
                        expected: sides.expected,
                        found: sides.found,
                        fields: sides.fields,
                        key,
                        float_ulps: self.options.float_ulps,
                    },
                    blaming: sides.blaming.clone(),
                    options: self.options,
                    outcome,
                    tell: &mut **tell,
                };
                let comparison = self.comparison(&sides, workers);
                let counts = comparison.run(&mut |differences| telling.of(&differences))?;
                outcome.counts = counts;
                Ok(())
            }
        }
    }

    fn comparison<'c>(&self, sides: &'c Sides<'c>, workers: &'c Workers<'c>) -> Comparison<'c> {
        Comparison {
            expected: sides.expected,
            found: sides.found,
            keyed: sides.keyed.clone(),
            columns: sides.fields.len(),
            workers,
            memory: self.options.memory,
            share: self.share,
            place: sides.place,
            behind: sides.behind.as_ref(),
            order: sides.order,
        }
    }

    fn test(
        &self,
        fault: Fault,
        count: u64,
        sides: &Sides<'_>,
        workers: &Workers<'_>,
    ) -> Result<Tested> {
        let first_row = self.job.first_row;
        let found = Faulty::new(sides.expected, fault, count, &sides.keyed, first_row)?;
        let comparison = Comparison {
            found: &found,
            share: None,
            behind: None,
            ..self.comparison(sides, workers)
        };
        let counts = comparison.run(&mut |_| Ok(0))?;
        Ok(Tested {
            fault,
            put: found.count,
            found: fault.found(&counts),
        })
    }

    fn is_endless(&self) -> bool {
        self.job.table_rows.is_none()
    }

    /// What rows of a table without end are known by that are behind those that are compared.
    fn behind(&self, reader: &Reader, expected: &Expected<'_>) -> Result<Option<Behind>> {
        if !self.is_endless() {
            return Ok(None);
        }
        // A copy may have them in another order.
        let moved = self.is_partitioned() || self.job.order.is_some();
        let in_order = reader.held.is_some() && !moved;
        Behind::of(&self.columns, (self.sink, expected), in_order).map(Some)
    }

    fn is_partitioned(&self) -> bool {
        !self.sink.shape.folders.is_empty()
    }

    /// The first row, where what was found may have the places that it has in the table.
    fn place(&self, expected: &dyn Side, found: &dyn Side) -> Option<u64> {
        let same = expected.rows() == found.rows();
        let exact = self.options.float_ulps == 0;
        let moved = self.is_partitioned() || self.job.order.is_some();
        (same && !moved && exact).then_some(self.job.first_row)
    }

    fn counted(&self, expected: u64, found: u64) -> Counts {
        let more = found.saturating_sub(expected);
        Counts {
            expected,
            found,
            missing: expected.saturating_sub(found),
            extra: self.job.table_rows.map_or(0, |_| more),
            ..Counts::default()
        }
    }
}
