//! Makes the values of aggregates: of the children of each row, of the items of its list.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, UInt32Array, make_array};
use arrow::buffer::{BooleanBuffer, NullBuffer};
use arrow::compute::take;

use crate::column::child_rows::{ChildColumns, Stretch};
use crate::column::program::Fill;
use crate::column::rows::Rows;
use crate::column::together::{Taker, TakesChildren, Taking, alone};
use crate::error::{Error, Problem, Result};
use crate::expression::{Aggregate, EvaluateError, Reduction};
use crate::place::Place;

/// What an aggregate reads.
#[derive(Clone)]
pub(super) enum Read {
    /// A column of the child.
    Row(usize),
    /// The items, or a field of them.
    Field(Vec<String>),
    /// A column of the row that the rows belong to.
    Outer(usize),
}

/// What is shown of an aggregate.
#[derive(Clone, Copy)]
pub(super) enum Shows {
    Value,
    /// Whether it has none, for a column that is null there.
    Failure,
}

/// An aggregate of the children of each row.
pub(super) struct ChildAggregate {
    pub columns: ChildColumns,
    pub reads: Vec<Read>,
    pub aggregate: Arc<Aggregate>,
    pub shows: Shows,
    pub place: Place,
}

/// An aggregate of the items of each row's list, which is the first input.
pub(super) struct ListAggregate {
    pub reads: Vec<Read>,
    pub aggregate: Arc<Aggregate>,
    pub shows: Shows,
    pub place: Place,
}

/// An aggregate of children in the making.
struct Reducing<'a> {
    of: &'a ChildAggregate,
    rows: Rows<'a>,
    inputs: &'a [ArrayRef],
    reduction: Reduction<'a>,
}

impl Shows {
    fn of(self, reduction: Reduction<'_>) -> Result<ArrayRef, EvaluateError> {
        match self {
            Self::Value => reduction.finish(),
            Self::Failure => reduction.failures(),
        }
    }
}

impl Fill for ChildAggregate {
    fn fill(&self, rows: Rows<'_>, inputs: &[ArrayRef]) -> Result<ArrayRef> {
        alone(self, rows, inputs)
    }

    fn takes_children(&self) -> Option<Taker<'_>> {
        Some(Taker(self))
    }
}

impl TakesChildren for ChildAggregate {
    fn columns(&self) -> &ChildColumns {
        &self.columns
    }

    fn start<'a>(&'a self, rows: Rows<'a>, inputs: &'a [ArrayRef]) -> Box<dyn Taking + 'a> {
        Box::new(Reducing {
            of: self,
            rows,
            inputs,
            reduction: self.aggregate.start(rows.len()),
        })
    }
}

impl Taking for Reducing<'_> {
    fn take(&mut self, stretch: &Stretch<'_>) -> Result<()> {
        let owners = Owners::new(self.inputs, stretch.first, stretch.offsets);
        let arrays = self.of.reads.iter().map(|read| match read {
            Read::Row(column) => Ok(stretch.columns[*column].clone()),
            Read::Outer(input) => owners.of(&self.inputs[*input]),
            Read::Field(_) => Err(Error::run("a child has no items")),
        });
        let arrays = arrays.collect::<Result<Vec<_>>>()?;
        let valid = stretch.valid.clone();
        let added = self
            .reduction
            .add(&arrays, valid, stretch.first, stretch.offsets);
        added.map_err(|error| {
            let last = stretch.rows.len().saturating_sub(1);
            let row = stretch.rows.at(error.row.min(last));
            let name = self.of.columns.name();
            let message = format!("row {row} of `{name}`: {}", error.message);
            Error::run(Problem::new(message).at(&self.of.place))
        })
    }

    fn finish(self: Box<Self>) -> Result<ArrayRef> {
        let finished = self.of.shows.of(self.reduction);
        finished.map_err(|error| failed_row(&error, self.rows, &self.of.place))
    }
}

impl Fill for ListAggregate {
    fn fill(&self, rows: Rows<'_>, inputs: &[ArrayRef]) -> Result<ArrayRef> {
        let list = inputs[0].as_list::<i32>();
        let begin = list.value_offsets()[0] as usize;
        let offsets = list.value_offsets().iter();
        let offsets: Vec<usize> = offsets.map(|offset| *offset as usize - begin).collect();
        let count = offsets.last().copied().unwrap_or(0);
        let items = list.values().slice(begin, count);
        let owners = Owners::new(&inputs[1..], 0, &offsets);
        let arrays = self.reads.iter().map(|read| match read {
            Read::Field(path) => field(&items, path),
            Read::Outer(input) => owners.of(&inputs[1 + input]),
            Read::Row(_) => Err(Error::run("a list has no children")),
        });
        let arrays = arrays.collect::<Result<Vec<_>>>()?;
        // What a list that is null holds, nobody sees.
        let valid = list.nulls().filter(|nulls| nulls.null_count() > 0);
        let valid = valid.map(|nulls| {
            let lists = offsets.windows(2).zip(nulls.iter());
            let items =
                lists.flat_map(|(pair, valid)| std::iter::repeat_n(valid, pair[1] - pair[0]));
            items.collect::<BooleanBuffer>()
        });
        let mut reduction = self.aggregate.start(rows.len());
        let added = reduction.add(&arrays, valid, 0, &offsets);
        let owner = |item: usize| offsets.partition_point(|offset| *offset <= item).max(1) - 1;
        added.map_err(|error| {
            let row = owner(error.row);
            failed_row(&EvaluateError { row, ..error }, rows, &self.place)
        })?;
        let finished = self.shows.of(reduction);
        finished.map_err(|error| failed_row(&error, rows, &self.place))
    }
}

/// Which row each of the rows that are aggregated belongs to.
struct Owners(UInt32Array);

impl Owners {
    /// Nobody asks where there are no outer columns.
    fn new(outer: &[ArrayRef], first: usize, offsets: &[usize]) -> Self {
        if outer.is_empty() {
            return Self(UInt32Array::from(Vec::<u32>::new()));
        }
        let groups = offsets.windows(2).enumerate();
        let owners = groups.flat_map(|(index, pair)| {
            std::iter::repeat_n((first + index) as u32, pair[1] - pair[0])
        });
        Self(UInt32Array::from_iter_values(owners))
    }

    fn of(&self, outer: &ArrayRef) -> Result<ArrayRef> {
        Ok(take(outer, &self.0, None)?)
    }
}

/// A field of structs, null where one around it is.
fn field(items: &ArrayRef, path: &[String]) -> Result<ArrayRef> {
    let mut array = items.clone();
    for name in path {
        let within = array.as_struct();
        let found = within.column_by_name(name);
        let found = found.ok_or_else(|| Error::run(format!("the items have no field `{name}`")))?;
        let nulls = NullBuffer::union(within.nulls(), found.nulls());
        array = make_array(found.to_data().into_builder().nulls(nulls).build()?);
    }
    Ok(array)
}

/// The error of a row, at the place of the text.
pub(super) fn failed_row(error: &EvaluateError, rows: Rows<'_>, place: &Place) -> Error {
    let row = rows.at(error.row.min(rows.len().saturating_sub(1)));
    let message = format!("row {row}: {}", error.message);
    Error::run(Problem::new(message).at(place))
}
