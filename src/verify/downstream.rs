//! Documents that tell of the changes of tables, where the load that makes those stands in the same file: the
//! load is the answer to what they must be, and each table is two targets, its documents and its state.

use super::readers::Way;
use super::target::Target;
use super::{CompareOptions, Plans};
use crate::error::Problem;
use crate::plan::{Job, Plan, SinkPlan};
use crate::sink::{HeldChanges, Holds};

/// What is compared of such a sink; nothing where no table of the file is one of those.
///
/// # Errors
/// Why it cannot be compared.
pub(super) fn targets<'p>(
    held: &HeldChanges<'_>,
    sink: &'p SinkPlan,
    options: &'p CompareOptions,
    plans: &'p Plans,
) -> Result<Vec<Target<'p>>, Problem> {
    let mut targets = Vec::new();
    for of in &held.tables {
        let Some(maker) = maker(&plans.whole, &of.table, options) else {
            continue;
        };
        for way in Way::of_changes(held, of)? {
            targets.push(Target::of(
                way,
                maker,
                (&sink.name, options.slice),
                options,
                plans,
            )?);
        }
    }
    Ok(targets)
}

/// The sink that applies a table's changes, by what the table is called there.
fn maker<'p>(
    plan: &'p Plan,
    table: &str,
    options: &CompareOptions,
) -> Option<(&'p Job, &'p SinkPlan)> {
    let all = plan.jobs.iter();
    let mut all = all.flat_map(|job| job.sinks.iter().map(move |sink| (job, sink)));
    all.find(|(job, sink)| {
        // What a sink holds may take a look at its server.
        if sink.applies().is_none() {
            return false;
        }
        let Holds::Table(held) = sink.options.holds(&options.out, None, &sink.fingerprint) else {
            return false;
        };
        let name = held.into.map_or(job.table.as_str(), |into| into.as_str());
        // Documents name the table without its schema or database, so the last part decides. Two
        // tables of one name in two databases are not told apart here.
        name.rsplit('.').next() == Some(table)
    })
}
