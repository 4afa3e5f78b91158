//! Evaluates a part for the few rows that ask for it: their inputs gathered, the results spread again. Values
//! are those of the whole batch, only sooner.

use super::error::RowFailure;
use super::evaluate::internal;
use super::node::{NodeKind, TypedNode};
use super::split::columns;
use super::types::Representation;
use super::value::{ColumnarValue, Evaluation};
use arrow::array::{ArrayRef, BooleanArray, UInt32Array};
use arrow::buffer::BooleanBuffer;
use arrow::compute::{FilterBuilder, take};
use std::collections::BTreeSet;

/// What gathering and spreading cost, in the unit of [`cost`]: a cheap operation on one row.
const SPREADING: usize = 3;
const GATHERING: usize = 2;

/// Whether the part of `rows` rows is cheaper to evaluate for `count` of them alone.
pub(super) fn pays(node: &TypedNode, count: usize, rows: usize) -> bool {
    // A `case` whose rare branch is a division by a rate in 128 bits took 108 ns a row when every
    // branch was computed for every row, and takes 32. For branches that most rows take, gathering
    // their inputs and spreading their results costs more than it saves.
    let saved = cost(node) * (rows - count);
    saved > SPREADING * rows && saved > SPREADING * rows + GATHERING * count * columns(node).len()
}

/// About the nanoseconds of a row, measured on 64-bit values (1 to 2), 128-bit ones (4 to 10), text (10 to 40).
fn cost(node: &TypedNode) -> usize {
    let children = node.children();
    let own = match &node.kind {
        NodeKind::Constant { .. } => return 0,
        NodeKind::Column { .. } => 1,
        NodeKind::PerValue { .. } => return 2,
        NodeKind::Logic { .. } => 1,
        NodeKind::Case { .. } | NodeKind::Coalesce(_) => 4,
        NodeKind::Call { .. } => {
            let representations = children
                .iter()
                .map(|child| child.representation())
                .chain([node.representation()]);
            representations.map(representation_cost).max().unwrap_or(1)
        }
    };
    children
        .into_iter()
        .map(cost)
        .fold(own, usize::saturating_add)
}

fn representation_cost(representation: Representation) -> usize {
    match representation {
        Representation::Boolean | Representation::Narrow | Representation::Float => 2,
        Representation::Wide => 6,
        Representation::Interval | Representation::Other => 8,
        Representation::Text => 20,
    }
}

/// The part for the rows that are set; the others are null.
pub(super) fn evaluate(
    node: &TypedNode,
    rows: &BooleanBuffer,
    evaluation: &Evaluation<'_>,
) -> Result<ColumnarValue, RowFailure> {
    let gathered = gathered(node, rows, evaluation)?;
    let inputs = evaluation.inputs().like(&gathered);
    let few = Evaluation::new(&inputs, rows.count_set_bits());
    let value = node.evaluate(&few).map_err(|failure| RowFailure {
        row: rows.set_indices().nth(failure.row).unwrap_or_default(),
        ..failure
    })?;
    if value.constant {
        return Ok(value);
    }
    // `take` with null indices spreads: rows that were not asked for are null, and nobody reads
    // them.
    let mut places = vec![None; evaluation.rows];
    for (place, row) in (0_u32..).zip(rows.set_indices()) {
        places[row] = Some(place);
    }
    let spread = take(&value.array, &UInt32Array::from(places), None);
    spread.map(ColumnarValue::column).map_err(internal)
}

/// The inputs of the part at the rows that are set; of the others only the place.
fn gathered(
    node: &TypedNode,
    rows: &BooleanBuffer,
    evaluation: &Evaluation<'_>,
) -> Result<Vec<ArrayRef>, RowFailure> {
    let filter = FilterBuilder::new(&BooleanArray::from(rows.clone()))
        .optimize()
        .build();
    let mut arrays = evaluation.inputs().arrays().to_vec();
    let places: BTreeSet<usize> = columns(node)
        .into_iter()
        .map(|column| evaluation.inputs().place(column))
        .collect();
    for place in places {
        if let Some(array) = arrays.get_mut(place) {
            *array = filter.filter(array).map_err(internal)?;
        }
    }
    Ok(arrays)
}
