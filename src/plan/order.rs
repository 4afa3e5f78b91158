//! `order_by`, and `partition_by` where values are neither few and known nor in order: rows are sorted.

use std::collections::HashMap;

use arrow::datatypes::{DataType, Field};

use super::files;
use super::folders::PartitionColumn;
use super::job::TablePlan;
use super::sinks::Resolved;
use crate::column::{Builder, Program, arrays, show_type};
use crate::domain::{Domain, Order};
use crate::error::Problem;
use crate::format::SortedColumn;
use crate::place::{Place, Placed};
use crate::sink::SinkKind;
use crate::sink::order_by::OrderBy;
use crate::source::{
    Grid, MadeBatches, SortColumn, SortCosts, Sorting, SortingPlan, TableColumns, Transform,
};

/// The bytes that sorting may take unless the file says how many.
// 134 million rows whose keys have room in 8 bytes: more of them take a file on the disk.
const SORT_MEMORY: u64 = 1 << 30;

/// The least `sort_memory`.
const LEAST_MEMORY: u64 = 1 << 20;

/// The order in which the rows of a job come, where it is not that of their table.
#[derive(Clone)]
pub struct JobOrder {
    /// Sorts them.
    pub sorting: Sorting,
    /// What that takes.
    pub costs: SortCosts,
    /// The names of the folder columns, from the outermost one; rows of one folder follow each
    /// other.
    pub folders: Vec<String>,
    /// The columns and their directions in words.
    pub by: String,
}

/// The columns in whose order rows come, each once.
pub(super) fn columns(
    options: &SinkKind,
    table: &Placed<String>,
    builder: &mut Builder,
) -> Result<Vec<(usize, OrderBy)>, Problem> {
    let mut columns: Vec<(usize, OrderBy)> = Vec::new();
    for by in options.takes().order_by {
        let name = &by.column;
        if columns
            .iter()
            .any(|(_, known)| known.column.as_str() == name.as_str())
        {
            let problem = Problem::new(format!("`order_by` names `{}` twice", name.as_str()));
            return Err(problem.at(&name.place).hint("leave one of them out"));
        }
        let node = builder.column(&table.value, name, &name.place);
        let node = node.map_err(|problem| match Transform::parse(name) {
            Ok(Some((transform, column))) if !matches!(transform, Transform::Bucket(_)) => problem.hint(format!(
                "rows that are in the order of `{column}` are in that of what is made of it, too"
            )),
            _ => problem,
        })?;
        columns.push((node, by));
    }
    Ok(columns)
}

/// True where the table's own order is the one that `order_by` asks for.
pub(super) fn is_given(program: &Program, sink: &Resolved) -> bool {
    let rises = |(node, by): &(usize, OrderBy)| {
        let domain = &program.node(*node).domain;
        let rises = domain.order > Order::Unknown && !domain.nulls && !by.descending;
        rises.then_some(domain.order)
    };
    match sink.order_by.as_slice() {
        [] => true,
        [one] => rises(one).is_some(),
        // Behind a value that stands only once no further column has anything to order.
        [first, ..] => rises(first) == Some(Order::StrictlyAscending),
    }
}

/// The place in the file that asks for an order or for folders, and the word for what rows are
/// then.
fn said(sink: &Resolved) -> (&Place, &'static str) {
    match (sink.order_by.first(), sink.partition_by.first()) {
        (Some((_, by)), _) => (&by.column.place, "ordered"),
        (None, Some(key)) => (&key.said.place, "partitioned"),
        (None, None) => (&sink.place, "ordered"),
    }
}

/// Refuses an order or partitions of a table that is read: rows are made from lists of row numbers,
/// which no source gives.
pub(super) fn unmade(table: &TablePlan<'_>, sink: &Resolved) -> Problem {
    let (place, what) = said(sink);
    Problem::new(format!(
        "table `{}` is read, and only tables that are made here can be {what}",
        table.name
    ))
    .at(place)
}

/// How the rows of a sink are sorted.
///
/// # Errors
/// A column has no order, the table no end, or there is too little memory.
// Which rows a slice has is known once all are sorted: whoever makes slice 3 sorts everything, and
// the grid is over all sorted rows. Two slices would have to agree where a file ends, which nothing
// says without `files` or folders: such a slice is refused.
pub(super) fn plan(
    table: &TablePlan<'_>,
    program: &Program,
    sink: &Resolved,
    made: &MadeBatches,
    (first_row, rows): (u64, Option<u64>),
) -> Result<JobOrder, Problem> {
    let (place, what) = said(sink);
    let Some(rows) = rows else {
        let name = table.name;
        let problem = Problem::new(format!("table `{name}` is endless and cannot be {what}"));
        return Err(problem.at(place).hint(format!("give `{name}` a row count")));
    };
    let takes = sink.options.takes();
    let memory = takes
        .sort_memory
        .as_ref()
        .map_or(SORT_MEMORY, |memory| memory.value.0);
    let memory_place = takes.sort_memory.as_ref().map(|memory| &memory.place);
    if let Some(place) = memory_place.filter(|_| memory < LEAST_MEMORY) {
        let problem = Problem::new("`sort_memory` is at least 1MiB");
        return Err(problem.at(place).hint("leave it out for 1GiB"));
    }
    let (nodes, columns) = sort_columns(program, sink)?;
    let grid = Grid::one(0, Some(rows), made.grid().batch_rows());
    // Where files of the whole begin is known of `files: 100` alone. Else each slice begins with its share of
    // the sorted rows.
    let cuts = match (takes.files, table.slice) {
        (None, Some(slice)) if sink.partition_by.is_empty() => Some(slice.count),
        (files, _) => files,
    };
    let grid = files::cut(&grid, cuts.as_slice());
    let share = |all: u64| table.slice.map_or(0..all, |slice| slice.of(all));
    let files = share(grid.runs().len() as u64);
    let sorting = Sorting::new(SortingPlan {
        table: made.clone(),
        keys: made.with(TableColumns::new(table.program, program, &nodes)),
        columns,
        rows: (first_row, rows),
        grid: grid.only(files.start as usize..files.end as usize),
        part: share(rows),
        memory,
        place: place.clone(),
    });
    let costs = sorting
        .costs()
        .map_err(|error| super::partition::first(error).at(place))?;
    if let Some(problem) = costs.problem(memory) {
        return Err(problem.at(memory_place.unwrap_or(place)));
    }
    Ok(JobOrder {
        sorting,
        costs,
        folders: sink
            .partition_by
            .iter()
            .map(|key| key.folder.clone())
            .collect(),
        by: words(sink),
    })
}

/// The columns by which rows are sorted: those of folders come first.
fn sort_columns(
    program: &Program,
    sink: &Resolved,
) -> Result<(Vec<usize>, Vec<SortColumn>), Problem> {
    let (mut nodes, mut columns) = (Vec::new(), Vec::new());
    for key in &sink.partition_by {
        let node = program.node(key.node);
        let data_type = node.field.data_type();
        let problem = match key.transform {
            None => unordered(data_type, "partition", key.said.as_str()),
            Some(transform) => transform.problem(node.field.name(), data_type),
        };
        if let Some(problem) = problem {
            return Err(problem.at(&key.said.place));
        }
        // Folders come first: rows of one folder then follow each other, and one file is open at a
        // time.
        nodes.push(key.node);
        columns.push(SortColumn {
            data_type: data_type.clone(),
            domain: node.domain.clone(),
            transform: key.transform,
            descending: false,
            nulls_first: false,
            folder: true,
        });
    }
    for (at, by) in &sink.order_by {
        let node = program.node(*at);
        let data_type = node.field.data_type();
        if let Some(problem) = unordered(data_type, "order", by.column.as_str()) {
            return Err(problem.at(&by.column.place));
        }
        nodes.push(*at);
        columns.push(SortColumn {
            data_type: data_type.clone(),
            domain: node.domain.clone(),
            transform: None,
            descending: by.descending,
            nulls_first: by.nulls_first,
            folder: false,
        });
    }
    Ok((nodes, columns))
}

/// Why values of a type are in no order, if they are not.
fn unordered(data_type: &DataType, doing: &str, name: &str) -> Option<Problem> {
    let plain = arrays::plain_type(data_type);
    let unordered = plain.is_nested() || matches!(plain, DataType::Interval(_) | DataType::Null);
    unordered.then(|| {
        let shown = show_type(plain);
        Problem::new(format!("cannot {doing} by `{name}`: it is {shown}"))
            .hint("a column of numbers, texts, dates or times has an order")
    })
}

/// What is known of the columns of a sink, in the order in which it gets rows.
pub(super) fn domains(program: &Program, sink: &Resolved) -> Vec<Domain> {
    let nodes = sink.columns.iter().map(|(node, _)| *node);
    // Within a folder and without `order_by` rows stand as they do in the table, so what rises
    // there still rises.
    let moved = sink.sorting.is_some() && !sink.order_by.is_empty();
    let first = sink.order_by.first();
    let domain = |node: usize| {
        let mut domain = program.node(node).domain.clone();
        let rises = first.is_some_and(|(first, by)| *first == node && !by.descending);
        domain.order = match (moved, rises) {
            (false, _) => domain.order,
            (true, true) => Order::Ascending,
            (true, false) => Order::Unknown,
        };
        domain
    };
    nodes.map(domain).collect()
}

/// The columns in whose order a sink writes its rows, up to the first one that it does not write.
pub(super) fn written(sink: &Resolved) -> Vec<SortedColumn> {
    let column = |(node, by): &(usize, OrderBy)| {
        let written = sink.columns.iter().take(sink.columns.len() - sink.beside);
        let column = written.map(|(node, _)| node).position(|own| own == node)?;
        Some(SortedColumn {
            column,
            descending: by.descending,
            nulls_first: by.nulls_first,
        })
    };
    sink.order_by.iter().map_while(column).collect()
}

/// What the names of folders say, and of which types that is.
pub(super) fn folders(program: &Program, columns: &[PartitionColumn]) -> Vec<Field> {
    let field = |column: &PartitionColumn| {
        let field = program.node(column.node).field.clone();
        let field = field.with_name(&column.folder);
        match column.transform {
            None => field,
            Some(transform) => {
                let made = transform.folder_type(field.data_type());
                field.with_data_type(made).with_metadata(HashMap::default())
            }
        }
    };
    columns.iter().map(field).collect()
}

/// The order in words.
fn words(sink: &Resolved) -> String {
    let folders = sink.partition_by.iter().map(|key| key.said.0.clone());
    let columns = sink.order_by.iter().map(|(_, by)| {
        let mut words = by.column.0.clone();
        if by.descending {
            words.push_str(" desc");
        }
        if by.nulls_first {
            words.push_str(" nulls first");
        }
        words
    });
    folders.chain(columns).collect::<Vec<_>>().join(", ")
}
