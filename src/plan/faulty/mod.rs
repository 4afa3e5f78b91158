//! Sinks whose rows have faults, and the ledgers of those: jobs of their own, beside that of the clean rows.
//!
//! Rows with faults are made again rather than taken from the job that has them without: what moves rows looks
//! back further than a batch, and a ledger makes only the rows that have a fault.

mod asked;
mod refused;

use std::sync::Arc;

use arrow::datatypes::Field;

use super::Job;
use super::job::{TablePlan, grid, job, sink_plan, source};
use super::sinks::Resolved;
use crate::column::Program;
use crate::domain::Domain;
use crate::error::{Problem, Problems};
use crate::faults::{Around, FaultColumn, FaultPlan, Faults, ledger_domains, ledger_fields};
use crate::place::Place;
use crate::source::{Batches, Beside, TableColumns, View};

pub(in crate::plan) use asked::{OfTables, ledger};
use refused::{refused, untaken};

/// The faults that a sink or a table asks for, and the columns that they may hit.
pub(in crate::plan) struct Asked {
    faults: Faults,
    pub(in crate::plan) place: Place,
    /// Whose columns these are, in words.
    of: String,
    columns: Vec<(usize, String)>,
}

/// What becomes of the columns of a sink.
pub(in crate::plan) struct Faulted {
    pub(in crate::plan) plan: Arc<FaultPlan>,
    /// The places of its columns among those of the faults.
    pub(in crate::plan) at: Vec<usize>,
}

impl Faulted {
    /// The columns of a sink as they are with faults, and what is known of them.
    pub(in crate::plan) fn columns(&self, sink: &Resolved) -> (Vec<Field>, Vec<Domain>) {
        if sink.is_ledger {
            return (ledger_fields(), ledger_domains());
        }
        let fields = self.plan.fields();
        let names = sink.columns.iter().map(|(_, name)| name);
        let field = |(at, name): (&usize, &String)| fields[*at].clone().with_name(name);
        let domains = self.at.iter().map(|at| self.plan.domain(*at));
        (
            self.at.iter().zip(names).map(field).collect(),
            domains.collect(),
        )
    }
}

/// The jobs of the sinks of a table whose rows have faults, and of their ledgers.
pub(in crate::plan) fn jobs(
    table: &TablePlan<'_>,
    program: &Program,
    sinks: Vec<Resolved>,
    problems: &mut Problems,
) -> Vec<Job> {
    let mut groups: Vec<(Arc<Asked>, Vec<Resolved>)> = Vec::new();
    for sink in sinks {
        let Some(asked) = sink.faults.clone() else {
            continue;
        };
        match groups
            .iter_mut()
            .find(|(known, _)| Arc::ptr_eq(known, &asked))
        {
            Some((_, group)) => group.push(sink),
            None => groups.push((asked, vec![sink])),
        }
    }
    let mut jobs = Vec::new();
    for (asked, group) in groups {
        let refused = refused(table, &asked, &group);
        if !refused.is_empty() {
            problems.extend(refused);
            continue;
        }
        match asked.resolve(table, program, &group) {
            Ok(plan) => {
                let refused = untaken(&asked, &plan, &group);
                match refused.is_empty() {
                    true => {
                        let plan = Arc::new(plan);
                        jobs.extend(of_group(table, program, (&asked, &plan), group, problems));
                    }
                    false => problems.extend(refused),
                }
            }
            Err(found) => problems.extend(found),
        }
    }
    jobs
}

impl Asked {
    fn resolve(
        &self,
        table: &TablePlan<'_>,
        program: &Program,
        group: &[Resolved],
    ) -> Result<FaultPlan, Vec<Problem>> {
        let column = |(node, name): &(usize, String)| {
            let node = program.node(*node);
            FaultColumn {
                name: name.clone(),
                path: node.name.clone(),
                field: node.field.clone().with_name(name),
                domain: node.domain.clone(),
            }
        };
        let columns: Vec<FaultColumn> = self.columns.iter().map(column).collect();
        let mut sinks = group.iter().filter(|sink| !sink.is_ledger);
        let around = Around {
            of: &self.of,
            key: table.key,
            rows: table.rows,
            columns: &columns,
            texts: sinks.all(|sink| sink.options.takes().texts),
        };
        let place = |problem: Problem| match problem.place {
            Some(_) => problem,
            None => problem.at(&self.place),
        };
        let resolved = self.faults.resolve(&around);
        resolved.map_err(|found| found.into_iter().map(place).collect())
    }

    /// Where a sink's columns stand among those of the faults.
    fn places(&self, sink: &Resolved) -> Vec<usize> {
        let place = |(at, (node, name)): (usize, &(usize, String))| {
            // A column may be written under two names, and each has its own faults.
            let is = |known: &(usize, String)| known.0 == *node;
            match self.columns.get(at) {
                Some(known) if known.0 == *node && known.1 == *name => Some(at),
                _ => self.columns.iter().position(is),
            }
        };
        sink.columns.iter().enumerate().filter_map(place).collect()
    }
}

/// The jobs of sinks that have the same faults: one for all that share batches, one for each with a rate of
/// its own, and that of the ledger.
fn of_group(
    table: &TablePlan<'_>,
    program: &Program,
    (asked, plan): (&Asked, &Arc<FaultPlan>),
    group: Vec<Resolved>,
    problems: &mut Problems,
) -> Vec<Job> {
    let (ledgers, rows): (Vec<_>, Vec<_>) = group.into_iter().partition(|sink| sink.is_ledger);
    let (alone, shared): (Vec<_>, Vec<_>) = rows.into_iter().partition(|sink| sink.rate.is_some());
    let mut sets: Vec<Vec<Resolved>> = Vec::new();
    // Rows are left out before the others get faults: what has another `where` has other batches.
    for sink in shared {
        match sets.iter_mut().find(|set| set[0].filter == sink.filter) {
            Some(set) => set.push(sink),
            None => sets.push(vec![sink]),
        }
    }
    sets.extend(alone.into_iter().chain(ledgers).map(|sink| vec![sink]));
    let nodes: Vec<usize> = asked.columns.iter().map(|(node, _)| *node).collect();
    let mut jobs = Vec::new();
    for mut sinks in sets {
        let is_ledger = sinks.iter().any(|sink| sink.is_ledger);
        let rate = sinks.iter().find_map(|sink| sink.rate.clone());
        // Copies of many rows would make a batch as many times as large.
        let grid = grid(table, program, &sinks, plan.growth());
        let Batches::Made(made) = source(table, program, &nodes, grid) else {
            continue;
        };
        let filter = sinks.first().map_or(&[][..], |sink| &sink.filter);
        let columns = |nodes: &[usize]| TableColumns::new(table.program, program, nodes);
        let beside = Beside {
            conditions: (!filter.is_empty()).then(|| columns(filter)),
            times: plan.times().map(|times| columns(&[nodes[times]])),
        };
        let source = Batches::Made(made.seen(match is_ledger {
            true => View::ledger(plan, beside),
            false => View::faulty(plan, beside),
        }));
        for sink in &mut sinks {
            sink.fault(asked, plan);
        }
        let plans = sinks.into_iter().filter_map(|sink| {
            let lanes = vec![Arc::default()];
            sink_plan(table, program, &source, &nodes, sink, lanes, problems)
        });
        let plans = plans.collect();
        let job = job(table, source.clone(), None, plans);
        jobs.push(Job {
            rate: rate.as_ref().map(|rate| rate.value.0).or(job.rate),
            own_rate: rate.is_some(),
            ..job
        });
    }
    jobs
}

impl Resolved {
    /// What becomes of its columns.
    fn fault(&mut self, asked: &Asked, plan: &Arc<FaultPlan>) {
        if self.is_ledger {
            let fields = ledger_fields().into_iter().enumerate();
            self.columns = fields
                .map(|(at, field)| (at, field.name().clone()))
                .collect();
        }
        self.faulted = Some(Faulted {
            plan: plan.clone(),
            at: match self.is_ledger {
                true => (0..self.columns.len()).collect(),
                false => asked.places(self),
            },
        });
    }
}
