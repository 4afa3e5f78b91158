//! Values reduced group by group, as they come: a group may come in several parts.

use super::extreme::{Extremes, Texts};
use super::sum::{Exact, Floats};
use super::{Aggregate, AggregateFunction, Values};
use crate::expression::EvaluateError;
use crate::expression::error::RowFailure;
use crate::expression::load::store;
use crate::expression::types::Representation;
use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, Int64Array};
use arrow::buffer::{BooleanBuffer, NullBuffer};
use arrow::datatypes::{Decimal128Type, Float64Type, Int64Type};
use std::ops::Range;
use std::sync::Arc;

/// The values of an aggregate, group by group, in the making.
pub struct Reduction<'a> {
    aggregate: &'a Aggregate,
    state: State,
}

/// What is known of each group so far.
enum State {
    Counts(Vec<i64>),
    Exact(Exact),
    Floats(Floats),
    Extremes(Extremes),
    /// True where a value decided: a true one for `or`, a false one for `and`.
    Truths {
        decided: Vec<bool>,
        seen: Vec<bool>,
    },
    Texts(Texts),
}

/// The groups that rows are of, one behind the other.
#[derive(Clone, Copy)]
pub(super) struct Parts<'a> {
    first: usize,
    /// Where each part begins among the rows, and where the last one ends.
    offsets: &'a [usize],
}

/// The rows that count; all where there is none.
pub(super) type Counted<'a> = Option<&'a BooleanBuffer>;

impl<'a> Parts<'a> {
    /// Each group with its rows.
    pub fn each(self) -> impl Iterator<Item = (usize, Range<usize>)> + 'a {
        let pairs = self.offsets.windows(2).enumerate();
        pairs.map(move |(index, pair)| (self.first + index, pair[0]..pair[1]))
    }
}

impl Aggregate {
    /// Nothing of so many groups yet.
    pub fn start(&self, groups: usize) -> Reduction<'_> {
        let argument = self.argument.as_ref();
        let representation = argument.map_or(Representation::Narrow, |of| of.representation());
        let least = self.function == AggregateFunction::Min;
        let state = match (self.function, representation) {
            (AggregateFunction::Count, _) => State::Counts(vec![0; groups]),
            (AggregateFunction::Sum, Representation::Float) => State::Floats(Floats::new(groups)),
            (AggregateFunction::Sum, _) => State::Exact(Exact::new(groups, self.range)),
            (AggregateFunction::And | AggregateFunction::Or, _) => State::Truths {
                decided: vec![false; groups],
                seen: vec![false; groups],
            },
            (AggregateFunction::Text, _) => State::Texts(Texts::joined(groups)),
            (_, Representation::Text) => State::Texts(Texts::extremes(groups, least)),
            (_, representation) => State::Extremes(Extremes::new(groups, least, representation)),
        };
        Reduction {
            aggregate: self,
            state,
        }
    }
}

impl Reduction<'_> {
    /// Takes the rows of groups from `first` on; `offsets` say where each begins, and where the last ends.
    /// Of the rows only `valid` ones count.
    ///
    /// # Errors
    /// A row's value cannot be made.
    pub fn add(
        &mut self,
        inputs: &[ArrayRef],
        valid: Option<BooleanBuffer>,
        first: usize,
        offsets: &[usize],
    ) -> Result<(), EvaluateError> {
        let rows = offsets.last().copied().unwrap_or(0);
        let parts = Parts { first, offsets };
        // `count(child)` needs no column: how many children a row has follows from where they
        // begin.
        if let (State::Counts(counts), false, None) =
            (&mut self.state, self.aggregate.reads_rows(), &valid)
        {
            parts
                .each()
                .for_each(|(group, rows)| counts[group] += rows.len() as i64);
            return Ok(());
        }
        let Values { array, counted } = self.aggregate.values(inputs, rows, valid)?;
        let nulls = array.as_ref().and_then(|array| array.nulls());
        let counted = match (counted, nulls) {
            (Some(counted), Some(nulls)) => Some(&counted & nulls.inner()),
            (None, Some(nulls)) => Some(nulls.inner().clone()),
            (counted, None) => counted,
        };
        self.state
            .add(self.aggregate, array.as_ref(), counted.as_ref(), parts);
        Ok(())
    }

    /// The value of each group.
    ///
    /// # Errors
    /// A sum has too many digits; the row is the group.
    pub fn finish(self) -> Result<ArrayRef, EvaluateError> {
        let Self { aggregate, state } = self;
        let failed = |mut failure: RowFailure| {
            failure.place = Some(aggregate.place);
            crate::expression::evaluate_error(&aggregate.sql, failure)
        };
        let array: ArrayRef = match state {
            State::Counts(counts) => Arc::new(Int64Array::from(counts)),
            State::Exact(sums) => sums.finish().map_err(failed)?,
            State::Floats(sums) => sums.finish(),
            State::Extremes(extremes) => extremes.finish(),
            State::Truths { decided, seen } => {
                let or = aggregate.function == AggregateFunction::Or;
                let truth = decided.iter().map(|decided| *decided == or);
                let truth = truth.collect::<BooleanBuffer>();
                Arc::new(BooleanArray::new(truth, Some(NullBuffer::from(seen))))
            }
            State::Texts(texts) => texts.finish().map_err(failed)?,
        };
        let stored = store(array, &aggregate.data_type);
        stored.map_err(|error| failed(RowFailure::at(0, error.to_string())))
    }
}

impl State {
    fn add(
        &mut self,
        aggregate: &Aggregate,
        array: Option<&ArrayRef>,
        counted: Counted<'_>,
        parts: Parts<'_>,
    ) {
        match (self, array) {
            (Self::Counts(counts), _) => parts.each().for_each(|(group, rows)| {
                let some = counted.map(|counted| counted.slice(rows.start, rows.len()));
                let number = some.map_or(rows.len(), |some| some.count_set_bits());
                counts[group] += number as i64;
            }),
            (Self::Exact(sums), Some(array)) => match array.as_primitive_opt::<Int64Type>() {
                Some(narrow) => sums.narrow(narrow.values(), counted, parts),
                None => sums.wide(
                    array.as_primitive::<Decimal128Type>().values(),
                    counted,
                    parts,
                ),
            },
            (Self::Floats(sums), Some(array)) => {
                sums.add(array.as_primitive::<Float64Type>().values(), counted, parts);
            }
            (Self::Extremes(extremes), Some(array)) => extremes.add(array, counted, parts),
            (Self::Truths { decided, seen }, Some(array)) => {
                let values = array.as_boolean().values();
                let or = aggregate.function == AggregateFunction::Or;
                each_counted(counted, parts, |group, row| {
                    seen[group] = true;
                    decided[group] |= values.value(row) == or;
                });
            }
            (Self::Texts(texts), Some(array)) => {
                texts.add(
                    array.as_string::<i32>(),
                    &aggregate.separator,
                    counted,
                    parts,
                );
            }
            (_, None) => {}
        }
    }
}

/// Every row that counts, with its group.
#[inline(always)]
pub(super) fn each_counted(
    counted: Counted<'_>,
    parts: Parts<'_>,
    mut take: impl FnMut(usize, usize),
) {
    for (group, rows) in parts.each() {
        for row in rows {
            if counted.is_none_or(|counted| counted.value(row)) {
                take(group, row);
            }
        }
    }
}
