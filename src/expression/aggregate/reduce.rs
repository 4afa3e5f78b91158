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
use arrow::compute::nullif;
use arrow::datatypes::{Decimal128Type, Float64Type, Int64Type};
use std::ops::Range;
use std::sync::Arc;

/// The values of an aggregate, group by group, in the making.
pub struct Reduction<'a> {
    aggregate: &'a Aggregate,
    state: State,
    /// The groups for which it fails, where these are null.
    failed: Option<Vec<bool>>,
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
            failed: self.tolerant.then(|| vec![false; groups]),
        }
    }
}

impl Aggregate {
    fn failure(&self, failure: RowFailure) -> EvaluateError {
        let place = Some(self.place);
        crate::expression::evaluate_error(&self.sql, RowFailure { place, ..failure })
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
        match self.failed {
            None => self.add_all(inputs, valid, first, offsets),
            Some(_) => {
                self.add_each(inputs, valid, first, offsets);
                Ok(())
            }
        }
    }

    /// Takes rows, and marks the groups for which that fails. As where an expression fails for single rows, runs
    /// of groups are tried.
    fn add_each(
        &mut self,
        inputs: &[ArrayRef],
        valid: Option<BooleanBuffer>,
        first: usize,
        offsets: &[usize],
    ) {
        let groups = offsets.len().saturating_sub(1);
        let (mut from, mut count) = (0, groups);
        while from < groups {
            let length = count.min(groups - from);
            let begin = offsets[from];
            let rows = offsets[from + length] - begin;
            let inputs: Vec<ArrayRef> = inputs
                .iter()
                .map(|array| array.slice(begin, rows))
                .collect();
            let valid = valid.as_ref().map(|valid| valid.slice(begin, rows));
            let own = offsets[from..=from + length].iter();
            let own: Vec<usize> = own.map(|offset| offset - begin).collect();
            match self.add_all(&inputs, valid, first + from, &own) {
                Ok(()) => {
                    from += length;
                    count = length * 2;
                }
                Err(_) if length == 1 => {
                    self.failed
                        .iter_mut()
                        .for_each(|failed| failed[first + from] = true);
                    from += 1;
                    count = 1;
                }
                Err(error) => {
                    let group = own.partition_point(|offset| *offset <= error.row).max(1) - 1;
                    count = group.clamp(1, length - 1);
                }
            }
        }
    }

    fn add_all(
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
        let aggregate = self.aggregate;
        match self.finished()? {
            (array, Some(failed)) if failed.contains(&true) => {
                let made = nullif(&array, &BooleanArray::from(failed));
                made.map_err(|error| aggregate.failure(RowFailure::at(0, error.to_string())))
            }
            (array, _) => Ok(array),
        }
    }

    /// For which groups it fails: a column of true and false.
    ///
    /// # Errors
    /// None where groups for which it fails are null.
    pub fn failures(self) -> Result<ArrayRef, EvaluateError> {
        let (array, failed) = self.finished()?;
        let failed = failed.unwrap_or_else(|| vec![false; array.len()]);
        Ok(Arc::new(BooleanArray::from(failed)))
    }

    fn finished(self) -> Result<(ArrayRef, Option<Vec<bool>>), EvaluateError> {
        let Self {
            aggregate,
            state,
            mut failed,
        } = self;
        let told = |failure: RowFailure| aggregate.failure(failure);
        let array: ArrayRef = match state {
            State::Counts(counts) => Arc::new(Int64Array::from(counts)),
            State::Exact(sums) => sums.finish(failed.as_deref_mut()).map_err(told)?,
            State::Floats(sums) => sums.finish(),
            State::Extremes(extremes) => extremes.finish(),
            State::Truths { decided, seen } => {
                let or = aggregate.function == AggregateFunction::Or;
                let truth = decided.iter().map(|decided| *decided == or);
                let truth = truth.collect::<BooleanBuffer>();
                Arc::new(BooleanArray::new(truth, Some(NullBuffer::from(seen))))
            }
            State::Texts(texts) => texts.finish().map_err(told)?,
        };
        let stored = store(array, &aggregate.data_type);
        let stored = stored.map_err(|error| told(RowFailure::at(0, error.to_string())))?;
        Ok((stored, failed))
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
