//! Which faults a sink has, its own or its table's, and the sink that gets their ledger.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::Asked;
use crate::column::Builder;
use crate::error::{Problem, did_you_mean};
use crate::faults::ledger_fields;
use crate::place::Placed;
use crate::plan::sinks::Resolved;
use crate::sink::Takes;
use crate::spec::{AskedFaults, Ledger, Pipeline, SinkEntry};

/// The faults of a sink, and the ledger of them that is not written yet.
type Found<'p> = (Option<Arc<Asked>>, Option<&'p Placed<Ledger>>);

/// The faults of tables, each asked for once.
#[derive(Default)]
pub(in crate::plan) struct OfTables(BTreeMap<String, Arc<Asked>>);

impl OfTables {
    /// The faults of a sink and the ledger of them that is not written yet.
    ///
    /// # Errors
    /// A ledger without faults, or a column that cannot be made.
    pub(in crate::plan) fn of<'p>(
        &mut self,
        pipeline: &'p Pipeline,
        entry: &'p SinkEntry,
        sink: &Resolved,
        builder: &mut Builder,
    ) -> Result<Found<'p>, Problem> {
        let own = entry.common.ledger.as_ref();
        let faults = entry.common.faults.as_ref();
        match faults.map(|faults| (&faults.value, &faults.place)) {
            Some((AskedFaults::Some(faults), place)) => {
                let asked = Asked {
                    faults: faults.as_ref().clone(),
                    place: place.clone(),
                    of: format!("sink `{}`", sink.name),
                    columns: sink.columns.clone(),
                };
                Ok((Some(Arc::new(asked)), own))
            }
            Some((AskedFaults::None, _)) => {
                unused(
                    own,
                    "without faults there is nothing to name",
                    "leave out `ledger`, or `faults: none`",
                )?;
                Ok((None, None))
            }
            None => self.of_table(pipeline, sink, builder).and_then(|found| {
                match found.0.is_some() {
                    true => unused(
                        own,
                        "the faults are those of the table, and so is their ledger",
                        "write `ledger` beside the `faults` of the table",
                    )?,
                    false => unused(
                        own,
                        "a ledger names faults, and here are none",
                        "add `faults: { … }`",
                    )?,
                }
                Ok(found)
            }),
        }
    }

    fn of_table<'p>(
        &mut self,
        pipeline: &'p Pipeline,
        sink: &Resolved,
        builder: &mut Builder,
    ) -> Result<Found<'p>, Problem> {
        let Some(table) = pipeline.tables.get(&sink.table) else {
            return Ok((None, None));
        };
        if let Some(asked) = self.0.get(&sink.table) {
            return Ok((Some(asked.clone()), None));
        }
        let ledger = table.ledger.as_ref();
        let Some(faults) = &table.faults else {
            unused(
                ledger,
                "a ledger names faults, and here are none",
                "add `faults: { … }`",
            )?;
            return Ok((None, None));
        };
        let mut columns = Vec::new();
        for (column, _) in builder.columns(&sink.table) {
            let node = builder.column(&sink.table, &column.value, &column.place)?;
            columns.push((node, column.value));
        }
        let asked = Arc::new(Asked {
            faults: faults.value.clone(),
            place: faults.place.clone(),
            of: format!("table `{}`", sink.table),
            columns,
        });
        self.0.insert(sink.table.clone(), asked.clone());
        Ok((Some(asked), ledger))
    }
}

/// Refuses a ledger where there is one.
fn unused(ledger: Option<&Placed<Ledger>>, why: &str, hint: &str) -> Result<(), Problem> {
    match ledger {
        Some(ledger) => Err(Problem::new(why).at(&ledger.place).hint(hint)),
        None => Ok(()),
    }
}

/// The sink that gets a line for each of the faults of another, among the rows for which `filter` is true.
///
/// # Errors
/// What is wrong with its options.
pub(in crate::plan) fn ledger(
    ledger: &Placed<Ledger>,
    asked: &Arc<Asked>,
    sink: &Resolved,
    filter: Vec<usize>,
) -> Result<Resolved, Problem> {
    let entry = &ledger.value.0;
    let options = entry.options(&sink.table)?;
    let takes = options.takes();
    if let Some(by) = takes
        .order_by
        .first()
        .map(|by| &by.column)
        .or(takes.partition_by.first())
    {
        return Err(Problem::new("a ledger is in the order of its rows")
            .at(&by.place)
            .hint("leave out `order_by` and `partition_by`"));
    }
    known(&takes)?;
    let common = &entry.common;
    let name = common.name.as_ref().map(|name| name.value.0.clone());
    Ok(Resolved {
        name: name.unwrap_or_else(|| format!("{} ledger", sink.name)),
        table: sink.table.clone(),
        place: entry.place.clone(),
        columns: asked.columns.clone(),
        filter,
        beside: 0,
        partition_by: Vec::new(),
        order_by: Vec::new(),
        sorting: None,
        faults: Some(asked.clone()),
        is_ledger: true,
        faulted: None,
        on_failure: common.on_sink_failure.unwrap_or(sink.on_failure),
        delivery: common.delivery.clone(),
        rate: None,
        canonical: format!(
            "ledger {} of {}",
            entry.canonical(takes.placing),
            sink.canonical
        ),
        options: Arc::new(options),
    })
}

/// What is read of a ledger's lines is there.
fn known(takes: &Takes) -> Result<(), Problem> {
    let fields = ledger_fields();
    let names = || fields.iter().map(|field| field.name().as_str());
    if let Some(read) = takes
        .reads
        .iter()
        .find(|read| names().all(|name| name != read.as_str()))
    {
        let all: Vec<&str> = names().collect();
        return Err(
            Problem::new(format!("a ledger has no column `{}`", read.as_str()))
                .at(&read.place)
                .hint(
                    did_you_mean(read.as_str(), names())
                        .unwrap_or_else(|| format!("its columns are {}", all.join(", "))),
                ),
        );
    }
    Ok(())
}
