//! Walks the tree for one batch. What a row must not compute (the other branches of a `case`, the right
//! side of an `and` that the left decided) is computed anyway where it is cheap, and may not fail there.

use super::error::Failure;
use super::exact::widened;
use super::load;
use super::node::{Kernel, Kind, Node};
use super::per_value::per_value;
use super::sparse;
use super::types::Lane;
use super::value::{Frame, Value};
use crate::kernel::select::{mark, select, select_nulls};
use arrow::array::{Array, ArrayRef, BooleanArray, Decimal128Array, Float64Array, Int64Array};
use arrow::buffer::{BooleanBuffer, NullBuffer};
use arrow::compute::{and_kleene, interleave, or_kleene};
use std::borrow::Cow;
use std::sync::Arc;

impl Node {
    pub fn evaluate(&self, frame: &Frame<'_>) -> Result<Value, Failure> {
        match &self.kind {
            Kind::Column { index, .. } => self.column(*index, frame),
            Kind::Constant { array, .. } => Ok(Value {
                array: array.clone(),
                constant: true,
            }),
            Kind::Call {
                kernel, arguments, ..
            } => self.run(kernel, arguments, frame),
            Kind::Logic { decides, sides } => logic(*decides, sides, frame),
            Kind::Case {
                branches,
                otherwise,
            } => case(branches, otherwise, self.lane(), frame),
            Kind::Coalesce(values) => coalesce(values, self.lane(), frame),
            Kind::PerValue { column, part, last } => per_value(*column, part, last, frame),
        }
    }

    fn column(&self, index: usize, frame: &Frame<'_>) -> Result<Value, Failure> {
        let load = |array: &ArrayRef| load::load(array, self.lane());
        frame.inputs().lane(index, load).map(Value::column)
    }

    fn run(
        &self,
        kernel: &Kernel,
        arguments: &[Self],
        frame: &Frame<'_>,
    ) -> Result<Value, Failure> {
        let values: Result<Vec<Value>, Failure> = arguments
            .iter()
            .map(|argument| argument.evaluate(frame))
            .collect();
        let array = kernel(&values?, frame).map_err(|failure| Failure {
            place: failure.place.or(Some(self.place)),
            ..failure
        })?;
        Ok(Value::column(array))
    }
}

/// Arrow's own refusals are about a whole array; with types checked before, they are our mistakes.
pub(super) fn internal(error: arrow::error::ArrowError) -> Failure {
    Failure::at(0, error.to_string())
}

fn logic(decides: bool, sides: &[Node; 2], frame: &Frame<'_>) -> Result<Value, Failure> {
    let left = sides[0].evaluate(frame)?.booleans(frame.rows);
    let right = if sides[1].fallible {
        let decided = is(&left, decides);
        sides[1].evaluate(&frame.only(!&decided))?
    } else {
        sides[1].evaluate(frame)?
    };
    let right = right.booleans(frame.rows);
    let result = if decides {
        or_kleene(&left, &right)
    } else {
        and_kleene(&left, &right)
    };
    Ok(Value::column(Arc::new(result.map_err(internal)?)))
}

/// The rows that are known to be `truth`.
fn is(array: &BooleanArray, truth: bool) -> BooleanBuffer {
    let values = if truth {
        array.values().clone()
    } else {
        !array.values()
    };
    match array.nulls() {
        Some(nulls) => &values & nulls.inner(),
        None => values,
    }
}

fn case(
    branches: &[(Node, Node)],
    otherwise: &Node,
    lane: Lane,
    frame: &Frame<'_>,
) -> Result<Value, Failure> {
    let mut choice = vec![branches.len() as u32; frame.rows];
    let mut left = BooleanBuffer::new_set(frame.rows);
    let mut values = Vec::with_capacity(branches.len() + 1);
    for (number, (condition, value)) in branches.iter().enumerate() {
        let condition = condition
            .evaluate(&frame.only(left.clone()))?
            .booleans(frame.rows);
        let chosen = &is(&condition, true) & &left;
        left = &left & &!&chosen;
        mark(&mut choice, &chosen, number as u32);
        values.push(evaluate_where(value, chosen, frame)?);
    }
    values.push(evaluate_where(otherwise, left, frame)?);
    choose(&choice, &values, lane)
}

fn coalesce(nodes: &[Node], lane: Lane, frame: &Frame<'_>) -> Result<Value, Failure> {
    let mut choice = vec![0; frame.rows];
    let mut left = BooleanBuffer::new_set(frame.rows);
    let mut values = Vec::with_capacity(nodes.len());
    for (number, node) in nodes.iter().enumerate() {
        if number > 0 && left.count_set_bits() == 0 {
            break;
        }
        mark(&mut choice, &left, number as u32);
        let value = evaluate_where(node, left.clone(), frame)?;
        left = &left & &missing(&value, frame.rows);
        values.push(value);
    }
    match <[Value; 1]>::try_from(values) {
        Ok([only]) => Ok(in_lane(&only, lane).into_owned()),
        Err(values) => choose(&choice, &values, lane),
    }
}

fn evaluate_where(node: &Node, rows: BooleanBuffer, frame: &Frame<'_>) -> Result<Value, Failure> {
    if matches!(
        node.kind,
        Kind::Column { .. } | Kind::Constant { .. } | Kind::PerValue { .. }
    ) {
        return node.evaluate(frame);
    }
    let some = frame.only(rows);
    match &some.active {
        Some(rows) if sparse::pays(node, rows.count_set_bits(), frame.rows) => {
            sparse::evaluate(node, rows, frame)
        }
        _ => node.evaluate(&some),
    }
}

/// The rows without a value.
pub(super) fn missing(value: &Value, rows: usize) -> BooleanBuffer {
    match (value.array.nulls(), value.constant) {
        (None, _) => BooleanBuffer::new_unset(rows),
        (Some(nulls), false) => !nulls.inner(),
        (Some(_), true) if value.is_null(0) => BooleanBuffer::new_set(rows),
        (Some(_), true) => BooleanBuffer::new_unset(rows),
    }
}

/// Row `n` of the value that `choice[n]` names.
pub(super) fn choose(choice: &[u32], values: &[Value], lane: Lane) -> Result<Value, Failure> {
    let nulls = || {
        let sources: Vec<(Option<&NullBuffer>, bool)> = values
            .iter()
            .map(|value| (value.array.nulls(), value.constant))
            .collect();
        select_nulls(choice, &sources)
    };
    let array: ArrayRef = match lane {
        Lane::Narrow => {
            let sources: Vec<_> = values.iter().map(Value::narrow).collect();
            Arc::new(Int64Array::new(select(choice, &sources).into(), nulls()))
        }
        Lane::Wide => {
            let values: Vec<_> = values.iter().map(|value| in_lane(value, lane)).collect();
            let sources: Vec<_> = values.iter().map(|value| value.wide()).collect();
            let array = Decimal128Array::new(select(choice, &sources).into(), nulls());
            Arc::new(array.with_data_type(super::types::WIDE))
        }
        Lane::Float => {
            let sources: Vec<_> = values.iter().map(Value::float).collect();
            Arc::new(Float64Array::new(select(choice, &sources).into(), nulls()))
        }
        _ => interleaved(choice, values)?,
    };
    Ok(Value::column(array))
}

/// The value in a lane that may be wider than its own.
pub(super) fn in_lane(value: &Value, lane: Lane) -> Cow<'_, Value> {
    match lane {
        Lane::Wide => widened::<i128>(value),
        _ => Cow::Borrowed(value),
    }
}

/// The value for every row.
pub(super) fn expanded(value: &Value, lane: Lane, rows: usize) -> Result<ArrayRef, Failure> {
    match value.constant {
        true => Ok(choose(&vec![0; rows], std::slice::from_ref(value), lane)?.array),
        false => Ok(value.array.clone()),
    }
}

fn interleaved(choice: &[u32], values: &[Value]) -> Result<ArrayRef, Failure> {
    let arrays: Vec<&dyn Array> = values.iter().map(|value| &*value.array).collect();
    let place = |(row, &from): (usize, &u32)| {
        let from = from as usize;
        (from, if values[from].constant { 0 } else { row })
    };
    let places: Vec<(usize, usize)> = choice.iter().enumerate().map(place).collect();
    interleave(&arrays, &places).map_err(internal)
}
