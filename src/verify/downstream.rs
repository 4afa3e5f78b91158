//! Documents that tell of the changes of tables, where the load that makes those stands in the same file: the
//! load is the answer to what they must be, and each table is two targets, its documents and its state.

use super::readers::Way;
use super::target::Target;
use super::{CompareOptions, Plans};
use crate::error::Problem;
use crate::plan::{Job, Plan, SinkPlan};
use crate::sink::{ChangesOf, HeldChanges, HeldTable, Holds, TableServer};

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
        let Some(maker) = maker(&plans.whole, of, options)? else {
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

/// The sink that applies a table's changes, by what the table and its database are called there; nothing where
/// no sink of the file does.
///
/// # Errors
/// Several may be the one.
fn maker<'p>(
    plan: &'p Plan,
    of: &ChangesOf,
    options: &CompareOptions,
) -> Result<Option<(&'p Job, &'p SinkPlan)>, Problem> {
    let all = plan.jobs.iter();
    let all = all.flat_map(|job| job.sinks.iter().map(move |sink| (job, sink)));
    let found: Vec<_> = all
        .filter_map(|(job, sink)| {
            // What a sink holds may take a look at its server.
            sink.applies()?;
            let Holds::Table(held) = sink.options.holds(&options.out, None, &sink.fingerprint)
            else {
                return None;
            };
            let name = held.into.map_or(job.table.as_str(), |into| into.as_str());
            let (outer, table) = match name.rsplit_once('.') {
                Some((outer, table)) => (Some(outer), table),
                None => (None, name),
            };
            let database = database(&held, outer);
            (table == of.table).then_some(((job, sink), database))
        })
        .collect();
    let databases: Vec<Option<&str>> = found.iter().map(|(_, name)| name.as_deref()).collect();
    match named(&of.database, &databases).as_slice() {
        [] => Ok(None),
        [one] => Ok(Some(found[*one].0)),
        [one, other, ..] => Err(several(of, [*one, *other].map(|at| found[at].0.1))),
    }
}

/// Those of the tables of one name that are in this database, or that do not say theirs, where no other does.
fn named(database: &str, databases: &[Option<&str>]) -> Vec<usize> {
    let are = |wanted: Option<&str>| -> Vec<usize> {
        let all = databases.iter().enumerate();
        let found = all.filter(|(_, known)| **known == wanted);
        found.map(|(at, _)| at).collect()
    };
    match are(Some(database)) {
        known if known.is_empty() => are(None),
        known => known,
    }
}

/// The database of a table, as Debezium names it, where it is said: MySQL's tables stand in it, PostgreSQL's in
/// a schema of the address's.
fn database(held: &HeldTable<'_>, outer: Option<&str>) -> Option<String> {
    if let (TableServer::Mysql, Some(outer)) = (held.server, outer) {
        return Some(outer.to_string());
    }
    let (_, address) = held.url.value.0.split_once("://")?;
    let path = address.split(['?', '#']).next()?.split_once('/')?.1;
    (!path.is_empty()).then(|| path.to_string())
}

fn several(of: &ChangesOf, sinks: [&SinkPlan; 2]) -> Problem {
    let (database, table) = (&of.database, &of.table);
    let [one, other] = sinks.map(|sink| &sink.name);
    let what = format!(
        "the sinks `{one}` and `{other}` both apply changes to a table `{table}` that may be `{database}.{table}`"
    );
    Problem::new(what).hint("compare each in a file that has no other one")
}

#[cfg(test)]
mod tests {
    use super::named;

    #[test]
    fn tables_of_one_name_are_told_apart_by_their_databases() {
        let (shop, other) = (Some("shop"), Some("other"));
        assert_eq!(named("shop", &[other, shop]), [1]);
        assert_eq!(named("shop", &[other, None]), [1]);
        assert_eq!(named("shop", &[other]), [0; 0]);
        assert_eq!(named("shop", &[shop, None]), [0]);
        assert_eq!(named("shop", &[None, other, None]), [0, 2]);
        assert_eq!(named("shop", &[shop, shop]), [0, 1]);
    }
}
