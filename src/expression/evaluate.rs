//! Walks the tree for one batch. What a row must not compute (the other branches of a `case`, the right
//! side of an `and` that the left decided) is computed anyway where it is cheap, and may not fail there.

use super::error::RowFailure;
use super::exact::widened;
use super::load;
use super::node::{Kernel, NodeKind, TypedNode};
use super::per_value::per_value;
use super::sparse;
use super::types::Representation;
use super::value::{ColumnarValue, Evaluation};
use crate::kernel::select::{mark, select, select_nulls};
use arrow::array::{Array, ArrayRef, BooleanArray, Decimal128Array, Float64Array, Int64Array};
use arrow::buffer::{BooleanBuffer, NullBuffer};
use arrow::compute::{and_kleene, interleave, or_kleene};
use std::borrow::Cow;
use std::sync::Arc;

impl TypedNode {
    pub fn evaluate(&self, evaluation: &Evaluation<'_>) -> Result<ColumnarValue, RowFailure> {
        match &self.kind {
            NodeKind::Column { index, .. } => self.column(*index, evaluation),
            NodeKind::Constant { array, .. } => Ok(ColumnarValue {
                array: array.clone(),
                constant: true,
            }),
            NodeKind::Call {
                kernel, arguments, ..
            } => self.run(kernel, arguments, evaluation),
            NodeKind::Logic { decides, sides } => logic(*decides, sides, evaluation),
            NodeKind::Case {
                branches,
                otherwise,
            } => case(branches, otherwise, self.representation(), evaluation),
            NodeKind::Coalesce(values) => coalesce(values, self.representation(), evaluation),
            NodeKind::PerValue { column, part, last } => per_value(*column, part, last, evaluation),
        }
    }

    fn column(
        &self,
        index: usize,
        evaluation: &Evaluation<'_>,
    ) -> Result<ColumnarValue, RowFailure> {
        let load = |array: &ArrayRef| load::load(array, self.representation());
        evaluation
            .inputs()
            .representation(index, load)
            .map(ColumnarValue::column)
    }

    fn run(
        &self,
        kernel: &Kernel,
        arguments: &[Self],
        evaluation: &Evaluation<'_>,
    ) -> Result<ColumnarValue, RowFailure> {
        let values: Result<Vec<ColumnarValue>, RowFailure> = arguments
            .iter()
            .map(|argument| argument.evaluate(evaluation))
            .collect();
        let array = kernel(&values?, evaluation).map_err(|failure| RowFailure {
            place: failure.place.or(Some(self.place)),
            ..failure
        })?;
        Ok(ColumnarValue::column(array))
    }
}

/// Arrow's own refusals are about a whole array; with types checked before, they are our mistakes.
pub(super) fn internal(error: impl std::fmt::Display) -> RowFailure {
    RowFailure::at(0, error.to_string())
}

fn logic(
    decides: bool,
    sides: &[TypedNode; 2],
    evaluation: &Evaluation<'_>,
) -> Result<ColumnarValue, RowFailure> {
    let left = sides[0].evaluate(evaluation)?.booleans(evaluation.rows);
    // SQL promises no order of evaluation, but `x <> 0 and 1 / x > 2` must not fail where the left
    // side has decided: rows that are decided are told to be passed over. Where nothing can fail,
    // all rows are computed, for a mask costs more than a comparison.
    let right = if sides[1].fallible {
        let decided = is(&left, decides);
        sides[1].evaluate(&evaluation.only(!&decided))?
    } else {
        sides[1].evaluate(evaluation)?
    };
    let right = right.booleans(evaluation.rows);
    let result = if decides {
        or_kleene(&left, &right)
    } else {
        and_kleene(&left, &right)
    };
    Ok(ColumnarValue::column(Arc::new(result.map_err(internal)?)))
}

/// The rows that are known to be `truth`.
pub(super) fn is(array: &BooleanArray, truth: bool) -> BooleanBuffer {
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
    branches: &[(TypedNode, TypedNode)],
    otherwise: &TypedNode,
    representation: Representation,
    evaluation: &Evaluation<'_>,
) -> Result<ColumnarValue, RowFailure> {
    // Conditions first become one number a row, the branch that it takes: selecting the values is
    // then one loop over the rows, however many branches there are.
    let mut choice = vec![branches.len() as u32; evaluation.rows];
    let mut left = BooleanBuffer::new_set(evaluation.rows);
    let mut values = Vec::with_capacity(branches.len() + 1);
    for (number, (condition, value)) in branches.iter().enumerate() {
        let condition = condition
            .evaluate(&evaluation.only(left.clone()))?
            .booleans(evaluation.rows);
        // Only rows that no branch above has taken: SQL takes the first condition that is true, and
        // an unknown one as false.
        let chosen = &is(&condition, true) & &left;
        left = &left & &!&chosen;
        mark(&mut choice, &chosen, number as u32);
        values.push(evaluate_where(value, chosen, evaluation)?);
    }
    values.push(evaluate_where(otherwise, left, evaluation)?);
    choose(&choice, &values, representation)
}

fn coalesce(
    nodes: &[TypedNode],
    representation: Representation,
    evaluation: &Evaluation<'_>,
) -> Result<ColumnarValue, RowFailure> {
    let mut choice = vec![0; evaluation.rows];
    let mut left = BooleanBuffer::new_set(evaluation.rows);
    let mut values = Vec::with_capacity(nodes.len());
    for (number, node) in nodes.iter().enumerate() {
        // Every row has its value already: what stands behind is not computed at all.
        if number > 0 && left.count_set_bits() == 0 {
            break;
        }
        mark(&mut choice, &left, number as u32);
        let value = evaluate_where(node, left.clone(), evaluation)?;
        left = &left & &missing(&value, evaluation.rows);
        values.push(value);
    }
    match <[ColumnarValue; 1]>::try_from(values) {
        // A constant becomes a column: what is made of constants alone is made while compiling, and no
        // kernel expects it.
        Ok([only]) if only.constant => choose(&choice, &[only], representation),
        Ok([only]) => Ok(in_representation(&only, representation).into_owned()),
        Err(values) => choose(&choice, &values, representation),
    }
}

fn evaluate_where(
    node: &TypedNode,
    rows: BooleanBuffer,
    evaluation: &Evaluation<'_>,
) -> Result<ColumnarValue, RowFailure> {
    if matches!(
        node.kind,
        // These cost a row nothing or a single look-up: no mask, and nothing to gather.
        NodeKind::Column { .. } | NodeKind::Constant { .. } | NodeKind::PerValue { .. }
    ) {
        return node.evaluate(evaluation);
    }
    let some = evaluation.only(rows);
    match &some.active {
        Some(rows) if sparse::pays(node, rows.count_set_bits(), evaluation.rows) => {
            sparse::evaluate(node, rows, evaluation)
        }
        _ => node.evaluate(&some),
    }
}

/// The rows without a value.
pub(super) fn missing(value: &ColumnarValue, rows: usize) -> BooleanBuffer {
    match (value.array.nulls(), value.constant) {
        (None, _) => BooleanBuffer::new_unset(rows),
        (Some(nulls), false) => !nulls.inner(),
        (Some(_), true) if value.is_null(0) => BooleanBuffer::new_set(rows),
        (Some(_), true) => BooleanBuffer::new_unset(rows),
    }
}

/// Row `n` of the value that `choice[n]` names.
pub(super) fn choose(
    choice: &[u32],
    values: &[ColumnarValue],
    representation: Representation,
) -> Result<ColumnarValue, RowFailure> {
    let nulls = || {
        let sources: Vec<(Option<&NullBuffer>, bool)> = values
            .iter()
            .map(|value| (value.array.nulls(), value.constant))
            .collect();
        select_nulls(choice, &sources)
    };
    let array: ArrayRef = match representation {
        Representation::Narrow => {
            let sources: Vec<_> = values.iter().map(ColumnarValue::narrow).collect();
            Arc::new(Int64Array::new(select(choice, &sources).into(), nulls()))
        }
        Representation::Wide => {
            let values: Vec<_> = values
                .iter()
                .map(|value| in_representation(value, representation))
                .collect();
            let sources: Vec<_> = values.iter().map(|value| value.wide()).collect();
            let array = Decimal128Array::new(select(choice, &sources).into(), nulls());
            Arc::new(array.with_data_type(super::types::WIDE))
        }
        Representation::Float => {
            let sources: Vec<_> = values.iter().map(ColumnarValue::float).collect();
            Arc::new(Float64Array::new(select(choice, &sources).into(), nulls()))
        }
        _ => interleaved(choice, values)?,
    };
    Ok(ColumnarValue::column(array))
}

/// The value in a representation that may be wider than its own.
pub(super) fn in_representation(
    value: &ColumnarValue,
    representation: Representation,
) -> Cow<'_, ColumnarValue> {
    match representation {
        Representation::Wide => widened::<i128>(value),
        _ => Cow::Borrowed(value),
    }
}

/// The value for every row.
pub(super) fn expanded(
    value: &ColumnarValue,
    representation: Representation,
    rows: usize,
) -> Result<ArrayRef, RowFailure> {
    match value.constant {
        true => Ok(choose(&vec![0; rows], std::slice::from_ref(value), representation)?.array),
        false => Ok(value.array.clone()),
    }
}

fn interleaved(choice: &[u32], values: &[ColumnarValue]) -> Result<ArrayRef, RowFailure> {
    let arrays: Vec<&dyn Array> = values.iter().map(|value| &*value.array).collect();
    let place = |(row, &from): (usize, &u32)| {
        let from = from as usize;
        (from, if values[from].constant { 0 } else { row })
    };
    let places: Vec<(usize, usize)> = choice.iter().enumerate().map(place).collect();
    interleave(&arrays, &places).map_err(internal)
}
