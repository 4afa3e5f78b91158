//! Sinks: which tables and columns each one gets, and under which names.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use super::enabled::enabled;
use super::faulty::{self, Asked, Faulted, OfTables};
use super::filter;
use super::folders::{PartitionColumn, doubled, partition_by};
use super::order;
use crate::column::Builder;
use crate::error::{Problem, Problems, did_you_mean};
use crate::place::{Place, Placed, Rate, Text};
use crate::sink::order_by::OrderBy;
use crate::sink::{SinkKind, SinkPlace};
use crate::source::Sorting;
use crate::spec::{AskedDelivery, OnSinkFailure, Pipeline, SinkEntry};

/// One sink of one table, its columns resolved.
pub(super) struct Resolved {
    pub(super) name: String,
    pub(super) table: String,
    pub(super) place: Place,
    pub(super) options: Arc<SinkKind>,
    /// Nodes of the table's program and the names the sink gives them.
    pub(super) columns: Vec<(usize, String)>,
    /// Nodes that say whether it gets a row.
    pub(super) filter: Vec<usize>,
    /// How many of the last ones are only read, not written.
    pub(super) beside: usize,
    /// What its folders are called by.
    pub(super) partition_by: Vec<PartitionColumn>,
    /// The nodes in whose order rows come.
    pub(super) order_by: Vec<(usize, OrderBy)>,
    /// The faults among its rows.
    pub(super) faults: Option<Arc<Asked>>,
    /// It gets a line for each of them, not the rows.
    pub(super) is_ledger: bool,
    /// What becomes of its columns, once that is known.
    pub(super) faulted: Option<Faulted>,
    /// What sorts its rows, once that is known.
    pub(super) sorting: Option<Sorting>,
    pub(super) on_failure: OnSinkFailure,
    /// What it must guarantee.
    pub(super) delivery: Option<Placed<AskedDelivery>>,
    /// Its own rate.
    pub(super) rate: Option<Placed<Rate>>,
    /// What decides the content of its output, beside the rows.
    pub(super) canonical: String,
}

impl Resolved {
    /// Every node that its rows need.
    pub(super) fn nodes(&self) -> Vec<usize> {
        let columns = self.columns.iter().map(|(node, _)| *node);
        columns.chain(self.filter.iter().copied()).collect()
    }
}

/// Every enabled sink, or those of `only`, for each of its tables but those of which nothing is known.
pub(super) fn resolve(
    pipeline: &Pipeline,
    (only, unknown): (Option<&[String]>, &BTreeSet<String>),
    builder: &mut Builder,
    problems: &mut Problems,
) -> Vec<Resolved> {
    let names = names(pipeline, problems);
    for asked in only.into_iter().flatten() {
        if !names.iter().any(|name| name == asked) {
            let near = did_you_mean(asked, names.iter().map(String::as_str));
            let known = format!("the sinks are {}", names.join(", "));
            problems.push(
                Problem::new(format!("`--sinks`: no sink is named `{asked}`"))
                    .hint(near.unwrap_or(known)),
            );
        }
    }
    let mut resolved = Vec::new();
    let (mut places, mut faults) = (WritePlaces::default(), OfTables::default());
    for ((index, entry), name) in pipeline.sinks.iter().enumerate().zip(names) {
        let asked = only.is_none_or(|only| only.contains(&name));
        let enabled = problems.note(enabled(entry)).unwrap_or(false);
        // `--sinks` wins over `enabled`: whoever names a sink wants it.
        if !asked || (only.is_none() && !enabled) {
            continue;
        }
        let tables = problems.note(tables(pipeline, entry)).unwrap_or_default();
        let known = |table: &Placed<String>| !unknown.contains(&table.value);
        for table in tables.into_iter().filter(known) {
            if problems.is_full() {
                return resolved;
            }
            let one = resolve_one(pipeline, (index, entry), &name, &table, builder);
            let with = one.and_then(|one| faulted(pipeline, entry, one, &mut faults, builder));
            for one in problems.note(with).unwrap_or_default() {
                problems.extend(places.collision(&one));
                resolved.push(one);
            }
        }
    }
    resolved
}

/// Where sinks write, each with the first sink that writes there: in the order of folders, so that
/// what lies below a path stands right behind it.
#[derive(Default)]
struct WritePlaces(BTreeMap<PathBuf, String>);

impl WritePlaces {
    /// Notes where one more sink writes; the problem if that is over another one.
    fn collision(&mut self, one: &Resolved) -> Option<Problem> {
        let SinkPlace::Path(path) = one.options.takes().place else {
            return None;
        };
        let own = normal(Path::new(path.as_str()));
        let above = own.ancestors().skip(1).find_map(|above| self.0.get(above));
        // Paths are sorted by their components, so whatever lies below a path is the next one
        // behind it. Comparing each sink with every other one is quadratic: five thousand took 80
        // s.
        let below = || self.0.range(own.clone()..).next();
        let what = match (self.0.get(&own), above, below()) {
            (Some(other), ..) => Some(format!("sink `{other}` writes to `{}` too", path.as_str())),
            (_, Some(other), _) => Some(format!(
                "sink `{other}` writes a dataset to the folder above"
            )),
            (_, _, Some((place, other))) if place.starts_with(&own) => {
                Some(format!("sink `{other}` writes inside of this dataset"))
            }
            _ => None,
        };
        self.0.entry(own).or_insert_with(|| one.name.clone());
        let hint = "give each sink a path of its own";
        what.map(|what| Problem::new(what).at(&path.place).hint(hint))
    }
}

/// A path without `.` and `..`; links are not followed.
pub(super) fn normal(path: &Path) -> PathBuf {
    let mut normal = PathBuf::new();
    for step in path.components() {
        match step {
            Component::CurDir => {}
            Component::ParentDir if normal.file_name().is_some() => {
                normal.pop();
            }
            step => normal.push(step),
        }
    }
    normal
}

/// The tables that any of the sinks named `only` takes; without names all of the pipeline's. No
/// other source is needed: a table that is read is no parent of another.
pub fn taken(pipeline: &Pipeline, only: Option<&[String]>) -> Vec<String> {
    let Some(only) = only else {
        return pipeline.tables.names().map(str::to_string).collect();
    };
    written(pipeline, |name| only.iter().any(|only| only == name))
}

/// The tables that any sink of such a name takes.
pub(super) fn written(pipeline: &Pipeline, chosen: impl Fn(&str) -> bool) -> Vec<String> {
    // What is wrong with a sink is said when the plan is made.
    let names = names(pipeline, &mut Problems::default());
    let sinks = pipeline.sinks.iter().zip(names);
    let sinks = sinks.filter(|(_, name)| chosen(name));
    let tables = sinks.flat_map(|(entry, _)| tables(pipeline, entry).unwrap_or_default());
    tables.map(|table| table.value).collect()
}

/// A name for each sink: its own, or its kind and place in the list.
fn names(pipeline: &Pipeline, problems: &mut Problems) -> Vec<String> {
    let mut seen: BTreeMap<String, ()> = BTreeMap::new();
    let mut names = Vec::new();
    for (index, entry) in pipeline.sinks.iter().enumerate() {
        let name = match &entry.common.name {
            Some(name) => name.value.0.clone(),
            // By its place in the whole list: `--sinks` and `enabled` leave out sinks, and change
            // no other one's name.
            None => format!("{}-{}", entry.kind(), index + 1),
        };
        if seen.insert(name.clone(), ()).is_some() {
            let place = entry
                .common
                .name
                .as_ref()
                .map_or(&entry.place, |name| &name.place);
            problems.push(Problem::new(format!("two sinks are named `{name}`")).at(place));
        }
        names.push(name);
    }
    names
}

/// The tables a sink takes.
fn tables(pipeline: &Pipeline, entry: &SinkEntry) -> Result<Vec<Placed<String>>, Problem> {
    let all = || {
        pipeline
            .tables
            .0
            .iter()
            .map(|(name, _)| name.clone())
            .collect::<Vec<_>>()
    };
    let owned = |name: &Placed<Text>| Placed {
        value: name.value.0.clone(),
        place: name.place.clone(),
    };
    let tables = match (&entry.common.table, &entry.common.tables) {
        (Some(table), None) => vec![owned(table)],
        (None, Some(tables)) if tables.0.iter().any(|name| name.as_str() == "all") => all(),
        (None, Some(tables)) => tables.0.iter().map(owned).collect(),
        (Some(_), Some(tables)) => {
            let place = tables.0.first().map_or(&entry.place, |name| &name.place);
            return Err(Problem::new("a sink has `table` or `tables`, not both").at(place));
        }
        (None, None) if pipeline.tables.0.len() == 1 => all(),
        (None, None) => {
            return Err(Problem::new("this sink does not say which table it takes")
                .at(&entry.place)
                .hint("add `table: …`, or `tables: all` with `{table}` in its path"));
        }
    };
    let shared = || match entry.options("table") {
        Ok(options) => matches!(options.takes().place, SinkPlace::Nowhere),
        Err(_) => false,
    };
    if tables.len() > 1 && !entry.names_table() && !shared() {
        return Err(Problem::new("several tables would go to the same place")
            .at(&entry.place)
            .hint("write `{table}` in the path"));
    }
    Ok(tables)
}

fn resolve_one(
    pipeline: &Pipeline,
    (index, entry): (usize, &SinkEntry),
    name: &str,
    table: &Placed<String>,
    builder: &mut Builder,
) -> Result<Resolved, Problem> {
    if pipeline.tables.get(&table.value).is_none() {
        return Err(Problem::new(format!(
            "sink `{name}` takes table `{}`, which does not exist",
            table.value
        ))
        .at(&table.place)
        .maybe_hint(did_you_mean(&table.value, pipeline.tables.names())));
    }
    let options = options(entry, table)?;
    let partition_by = partition_by(&options, table, builder)?;
    let order_by = order::columns(&options, table, builder)?;
    let key = |key: &PartitionColumn, column: &str| key.transform.is_none() && key.folder == column;
    let keys = |column: &str| partition_by.iter().any(|one| key(one, column));
    let wanted = wanted(entry, builder.columns(&table.value))
        .into_iter()
        .filter(|(column, _)| !keys(&column.value));
    let mut resolved = nodes(name, wanted, table, builder)?;
    doubled(&partition_by, &resolved)?;
    let placing = options.takes().placing;
    let beside = beside(&options.takes().reads, &resolved, table, builder)?;
    let count = beside.len();
    resolved.extend(beside);
    Ok(Resolved {
        filter: filter::nodes(pipeline, (index, entry), &options, table, builder)?,
        beside: count,
        name: if entry.names_table() {
            format!("{name} {}", table.value)
        } else {
            name.to_string()
        },
        table: table.value.clone(),
        place: entry.place.clone(),
        options: Arc::new(options),
        columns: resolved,
        partition_by,
        order_by,
        sorting: None,
        faults: None,
        is_ledger: false,
        faulted: None,
        delivery: entry.common.delivery.clone(),
        rate: entry.common.rate.clone(),
        canonical: entry.canonical(placing),
        on_failure: said_of_failure(pipeline, entry).unwrap_or_default(),
    })
}

/// What the file says of a failure of the sink.
fn said_of_failure(pipeline: &Pipeline, entry: &SinkEntry) -> Option<OnSinkFailure> {
    let own = entry.common.on_sink_failure;
    own.or(pipeline.run.on_sink_failure)
}

/// A sink with the faults among its rows, and the ledger of those.
fn faulted(
    pipeline: &Pipeline,
    entry: &SinkEntry,
    mut sink: Resolved,
    faults: &mut OfTables,
    builder: &mut Builder,
) -> Result<Vec<Resolved>, Problem> {
    let (asked, ledger) = faults.of(pipeline, entry, &sink, builder)?;
    if ledger.is_some() && said_of_failure(pipeline, entry).is_none() {
        // Rows with faults that nobody names are what a ledger is there against.
        sink.on_failure = OnSinkFailure::Stop;
    }
    // The ledger of a table has the faults of all of its rows; what a sink leaves out of them is its own.
    let own = entry.common.ledger.is_none() && entry.common.filter.is_some();
    let filter = sink.filter[..sink.filter.len() - usize::from(own)].to_vec();
    let ledger = ledger.zip(asked.as_ref());
    let ledger = ledger.map(|(ledger, asked)| faulty::ledger(ledger, asked, &sink, filter));
    sink.faults = asked;
    Ok([sink].into_iter().chain(ledger.transpose()?).collect())
}

/// The nodes of columns, and the names that the sink `name` gives them, each once.
fn nodes(
    name: &str,
    wanted: impl Iterator<Item = (Placed<String>, Placed<String>)>,
    table: &Placed<String>,
    builder: &mut Builder,
) -> Result<Vec<(usize, String)>, Problem> {
    let mut resolved = Vec::new();
    let mut names = HashSet::new();
    for (column, output) in wanted {
        if !names.insert(output.value.clone()) {
            return Err(Problem::new(format!(
                "two columns of sink `{name}` are named `{}`",
                output.value
            ))
            .at(&output.place));
        }
        resolved.push((
            builder.column(&table.value, &column.value, &column.place)?,
            output.value,
        ));
    }
    Ok(resolved)
}

/// The sink's options for a table, whose name is one name in a path and leads nowhere else.
fn options(entry: &SinkEntry, table: &Placed<String>) -> Result<SinkKind, Problem> {
    let options = entry.options(&table.value)?;
    let name = &table.value;
    let leads_out = name.contains('/') || matches!(name.as_str(), "" | "." | "..");
    let in_path = entry.names_table() && matches!(options.takes().place, SinkPlace::Path(_));
    if !leads_out || !in_path {
        return Ok(options);
    }
    let what = format!("table `{name}` cannot stand in a path as `{{table}}`");
    let hint = "give it a name without `/`, or its sink a path without `{table}`";
    Err(Problem::new(what).at(&table.place).hint(hint))
}

/// The columns that are only read: those that are not written under their names anyway.
fn beside(
    reads: &[Placed<Text>],
    written: &[(usize, String)],
    table: &Placed<String>,
    builder: &mut Builder,
) -> Result<Vec<(usize, String)>, Problem> {
    let mut beside: Vec<(usize, String)> = Vec::new();
    for read in reads {
        let mut known = written.iter().chain(&beside);
        if known.all(|(_, name)| name != read.as_str()) {
            let node = builder.column(&table.value, read, &read.place)?;
            beside.push((node, read.value.0.clone()));
        }
    }
    Ok(beside)
}

/// Columns and the names they get.
fn wanted(
    entry: &SinkEntry,
    columns: Vec<(Placed<String>, bool)>,
) -> Vec<(Placed<String>, Placed<String>)> {
    match &entry.common.columns {
        // In the map the key is the new name, the value the column.
        Some(projection) => projection
            .0
            .iter()
            .map(|(output, column)| (column.clone(), output.clone()))
            .collect(),
        None => {
            let shown = columns.into_iter().filter(|(_, hidden)| !hidden);
            shown.map(|(name, _)| (name.clone(), name)).collect()
        }
    }
}
