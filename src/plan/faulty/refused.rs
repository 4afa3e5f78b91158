//! Why a table has no faults, and why a sink takes no rows that have them.

use super::Asked;
use crate::error::Problem;
use crate::faults::FaultPlan;
use crate::plan::job::TablePlan;
use crate::plan::sinks::Resolved;

/// Why rows cannot have faults.
pub(super) fn refused(table: &TablePlan<'_>, asked: &Asked, group: &[Resolved]) -> Vec<Problem> {
    let name = table.name;
    let whole = match (table.changes.is_some(), table.records.is_some()) {
        (true, _) => Some((
            format!("the rows of table `{name}` are changes, and changes have no faults"),
            "give faults to a table that does not change",
        )),
        (_, true) => Some((
            format!("table `{name}` is read, and only rows that are made here have faults"),
            "faults are made again from a row's number: `columns` of a table of its own make rows",
        )),
        _ => None,
    };
    if let Some((what, hint)) = whole {
        return vec![Problem::new(what).at(&asked.place).hint(hint)];
    }
    let mut problems = Vec::new();
    for sink in group.iter().filter(|sink| !sink.is_ledger) {
        let option = match (sink.partition_by.first(), sink.order_by.first()) {
            (Some(key), _) => ("partition_by", &key.said.place),
            (_, Some((_, by))) => ("order_by", &by.column.place),
            (None, None) => continue,
        };
        let problem = Problem::new(format!("`{}` cannot be used with `faults`", option.0));
        problems.push(problem.at(option.1).hint(
            "write the rows with faults as they come: whoever loads them sorts and partitions them",
        ));
    }
    problems
}

/// Why a sink takes no such rows.
pub(super) fn untaken(asked: &Asked, plan: &FaultPlan, group: &[Resolved]) -> Vec<Problem> {
    let mut problems = Vec::new();
    for sink in group {
        let takes = sink.options.takes();
        let kind = sink.options.kind();
        if takes.by_number && (sink.is_ledger || plan.shares_places()) {
            let (what, hint) = match sink.is_ledger {
                true => (
                    "a row may have several faults",
                    "write the ledger to a file or to Kafka",
                ),
                false => (
                    "with these faults two may come in one place",
                    "`missing`, `nulls` and `corrupt` leave rows in their places; a file or Kafka takes all faults",
                ),
            };
            let problem = Problem::new(format!("`{kind}` knows a row by its number, and {what}"));
            problems.push(
                problem
                    .at(if sink.is_ledger {
                        &sink.place
                    } else {
                        &asked.place
                    })
                    .hint(hint),
            );
        }
        if sink.is_ledger {
            continue;
        }
        if let Some(key) = takes.key.first().filter(|_| plan.repeats()) {
            let problem = Problem::new("no two rows are equal in `key`, and `duplicates` are");
            problems.push(
                problem
                    .at(&key.place)
                    .hint("leave out `key`, or `duplicates`"),
            );
        }
        let read = takes.key.iter().map(|key| (key, "of the `key`"));
        let read = read.chain(takes.reads.iter().map(|read| (read, "read beside the row")));
        for (name, why) in read {
            if let Some(fault) = plan.fault_of(name.as_str()) {
                let name_of = name.as_str();
                let problem =
                    Problem::new(format!("`{name_of}` is {why} and cannot have `{fault}`"));
                problems.push(
                    problem
                        .at(&name.place)
                        .hint("leave it out of `columns` of the faults"),
                );
            }
        }
    }
    problems
}
