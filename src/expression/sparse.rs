//! Evaluates a part for the few rows that ask for it: their inputs gathered, the results spread again. Values
//! are those of the whole batch, only sooner.

use super::error::Failure;
use super::evaluate::internal;
use super::node::{Kind, Node};
use super::split::columns;
use super::types::Lane;
use super::value::{Frame, Value};
use arrow::array::{ArrayRef, BooleanArray, UInt32Array};
use arrow::buffer::BooleanBuffer;
use arrow::compute::{FilterBuilder, take};
use std::collections::BTreeSet;

/// What gathering and spreading cost, in the unit of [`cost`]: a cheap operation on one row.
const SPREADING: usize = 3;
const GATHERING: usize = 2;

/// Whether the part of `rows` rows is cheaper to evaluate for `count` of them alone.
pub(super) fn pays(node: &Node, count: usize, rows: usize) -> bool {
    let saved = cost(node) * (rows - count);
    saved > SPREADING * rows && saved > SPREADING * rows + GATHERING * count * columns(node).len()
}

/// About the nanoseconds of a row, measured on 64-bit lanes (1 to 2), 128-bit ones (4 to 10), text (10 to 40).
fn cost(node: &Node) -> usize {
    let children = node.children();
    let own = match &node.kind {
        Kind::Constant { .. } => return 0,
        Kind::Column { .. } => 1,
        Kind::PerValue { .. } => return 2,
        Kind::Logic { .. } => 1,
        Kind::Case { .. } | Kind::Coalesce(_) => 4,
        Kind::Call { .. } => {
            let lanes = children
                .iter()
                .map(|child| child.lane())
                .chain([node.lane()]);
            lanes.map(lane_cost).max().unwrap_or(1)
        }
    };
    children
        .into_iter()
        .map(cost)
        .fold(own, usize::saturating_add)
}

fn lane_cost(lane: Lane) -> usize {
    match lane {
        Lane::Boolean | Lane::Narrow | Lane::Float => 2,
        Lane::Wide => 6,
        Lane::Interval | Lane::Other => 8,
        Lane::Text => 20,
    }
}

/// The part for the rows that are set; the others are null.
pub(super) fn evaluate(
    node: &Node,
    rows: &BooleanBuffer,
    frame: &Frame<'_>,
) -> Result<Value, Failure> {
    let gathered = gathered(node, rows, frame)?;
    let inputs = frame.inputs().like(&gathered);
    let few = Frame::new(&inputs, rows.count_set_bits());
    let value = node.evaluate(&few).map_err(|failure| Failure {
        row: rows.set_indices().nth(failure.row).unwrap_or_default(),
        ..failure
    })?;
    if value.constant {
        return Ok(value);
    }
    let mut places = vec![None; frame.rows];
    for (place, row) in (0_u32..).zip(rows.set_indices()) {
        places[row] = Some(place);
    }
    let spread = take(&value.array, &UInt32Array::from(places), None);
    spread.map(Value::column).map_err(internal)
}

/// The inputs of the part at the rows that are set; of the others only the place.
fn gathered(
    node: &Node,
    rows: &BooleanBuffer,
    frame: &Frame<'_>,
) -> Result<Vec<ArrayRef>, Failure> {
    let filter = FilterBuilder::new(&BooleanArray::from(rows.clone()))
        .optimize()
        .build();
    let mut arrays = frame.inputs().arrays().to_vec();
    let places: BTreeSet<usize> = columns(node)
        .into_iter()
        .map(|column| frame.inputs().place(column))
        .collect();
    for place in places {
        if let Some(array) = arrays.get_mut(place) {
            *array = filter.filter(array).map_err(internal)?;
        }
    }
    Ok(arrays)
}
