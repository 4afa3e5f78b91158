//! Values chosen among several: `case`, `coalesce`, `nullif`, `greatest`, `least`.
//!
//! All of them have one type: the common one, where quoted literals and null follow the others.

use super::cast::{self, Asked};
use super::compare::{Comparison, compare};
use super::error::{ExpressionError, Failure, Place};
use super::evaluate::{choose, expanded, internal, missing};
use super::functions::{Arguments, Function};
use super::node::{Kernel, Kind, Node, Shape};
use super::text_value;
use super::types::{self, Lane};
use super::value::{Frame, Value};
use crate::kernel::select::mark;
use arrow::array::{Array, ArrayRef};
use arrow::buffer::BooleanBuffer;
use arrow::compute::nullif;
use arrow::datatypes::DataType;

pub(super) const FUNCTIONS: &[Function] = &[
    Function::new("coalesce", "coalesce(a, b, …)", 1..=usize::MAX, coalesce),
    Function::new("nullif", "nullif(a, b)", 2..=2, null_if),
    Function::new(
        "greatest",
        "greatest(a, b, …)",
        1..=usize::MAX,
        |arguments| extreme(arguments, Comparison::Greater),
    ),
    Function::new("least", "least(a, b, …)", 1..=usize::MAX, |arguments| {
        extreme(arguments, Comparison::Less)
    }),
];

/// The nodes in their common type; `what` names them in the error: "`case` cannot have both …".
pub(super) fn unified(nodes: Vec<Node>, what: &str) -> Result<Vec<Node>, ExpressionError> {
    let typed = common(&nodes, what, |node| node.quoted_text().is_none())?;
    let typed = typed.filter(|typed| *typed != DataType::Null);
    let nodes: Result<Vec<Node>, _> = nodes
        .into_iter()
        .map(|node| match node.quoted_text() {
            Some(_) => text_value::beside(node, typed.as_ref()),
            None => Ok(node),
        })
        .collect();
    let nodes = nodes?;
    let common = common(&nodes, what, |_| true)?.unwrap_or(DataType::Null);
    nodes
        .into_iter()
        .map(|node| cast::cast(node, &common, Asked::Implicitly))
        .collect()
}

fn common(
    nodes: &[Node],
    what: &str,
    counts: impl Fn(&Node) -> bool,
) -> Result<Option<DataType>, ExpressionError> {
    let mut common: Option<DataType> = None;
    for node in nodes.iter().filter(|node| counts(node)) {
        common = Some(match common {
            None => node.data_type.clone(),
            Some(common) => types::common(&common, &node.data_type).ok_or_else(|| {
                let (left, right) = (types::name(&common), node.type_name());
                node.place
                    .error(format!("{what} cannot have both {left} and {right}"))
            })?,
        });
    }
    Ok(common)
}

/// The shape of a value that is one of the nodes, which have one type.
fn one_of(nodes: &[Node]) -> Shape {
    let data_type = nodes
        .first()
        .map_or(DataType::Null, |node| node.data_type.clone());
    let shape = Shape::of(data_type).nullable(nodes.iter().any(|node| node.nullable));
    // A null has no bounds of its own to add.
    let ranges = nodes
        .iter()
        .filter(|node| !node.is_null())
        .map(|node| node.range);
    match ranges.reduce(|all, own| Some(all?.union(own?))) {
        Some(range) => Shape { range, ..shape },
        None => Shape {
            range: nodes.first().and_then(|null| null.range),
            ..shape
        },
    }
}

/// The same choice among the values as `change` makes them; `None` where the node is not a choice.
pub(super) fn each_value(
    node: &mut Node,
    change: impl Fn(Node) -> Result<Node, ExpressionError>,
) -> Option<Result<Node, ExpressionError>> {
    let kind = std::mem::replace(&mut node.kind, Kind::Coalesce(Vec::new()));
    let (place, nullable) = (node.place, node.nullable);
    match kind {
        Kind::Case {
            branches,
            otherwise,
        } => {
            let (conditions, mut values): (Vec<Node>, Vec<Node>) = branches.into_iter().unzip();
            values.push(*otherwise);
            let values: Result<Vec<Node>, _> = values.into_iter().map(change).collect();
            Some(values.and_then(|values| branched(conditions, values, place)))
        }
        Kind::Coalesce(values) => {
            let values: Result<Vec<Node>, _> = values.into_iter().map(change).collect();
            Some(values.map(|values| first_of(values, nullable, place)))
        }
        kind => {
            node.kind = kind;
            None
        }
    }
}

fn coalesce(arguments: Arguments) -> Result<Node, ExpressionError> {
    let place = arguments.place;
    let nodes = unified(arguments.nodes, "`coalesce`")?;
    let nullable = nodes.iter().all(|node| node.nullable);
    first_of(nodes, nullable, place).folded()
}

fn first_of(nodes: Vec<Node>, nullable: bool, place: Place) -> Node {
    let fallible = nodes.iter().any(|node| node.fallible);
    let shape = one_of(&nodes).nullable(nullable).fallible(fallible);
    Node::new(Kind::Coalesce(nodes), place, shape)
}

/// `case when … then …`, the conditions already truth values.
pub(super) fn case(
    conditions: Vec<Node>,
    results: Vec<Node>,
    otherwise: Option<Node>,
    place: Place,
) -> Result<Node, ExpressionError> {
    let otherwise = otherwise.unwrap_or_else(|| Node::null(DataType::Null, place));
    let mut values = results;
    values.push(otherwise);
    branched(conditions, unified(values, "`case`")?, place)?.folded()
}

/// A value for each condition, and one more for the rows without.
fn branched(
    conditions: Vec<Node>,
    mut values: Vec<Node>,
    place: Place,
) -> Result<Node, ExpressionError> {
    let shape = one_of(&values);
    let fallible = conditions.iter().chain(&values).any(|node| node.fallible);
    let Some(otherwise) = values.pop() else {
        return Err(place.error("`case` has no result"));
    };
    let branches = conditions.into_iter().zip(values).collect();
    let kind = Kind::Case {
        branches,
        otherwise: Box::new(otherwise),
    };
    Ok(Node::new(kind, place, shape.fallible(fallible)))
}

/// Null where both are equal, the first otherwise.
fn null_if(arguments: Arguments) -> Result<Node, ExpressionError> {
    let place = arguments.place;
    let nodes = unified(arguments.nodes, "`nullif`")?;
    let lane = one_of(&nodes).lane();
    let [first, second] =
        <[Node; 2]>::try_from(nodes).map_err(|_| place.error("`nullif` compares two values"))?;
    let shape = Shape {
        range: first.range,
        ..Shape::of(first.data_type.clone())
    };
    let own = first.lane();
    let kernel: Kernel = Box::new(move |values, frame| {
        let equal = compare(Comparison::Equal, &values[0], &values[1], lane)?;
        let first = expanded(&values[0], own, frame.rows)?;
        nullif(&first, &equal).map_err(internal)
    });
    Node::call(place, shape.nullable(true), vec![first, second], kernel)
}

/// The largest or smallest of those that are not null.
fn extreme(arguments: Arguments, better: Comparison) -> Result<Node, ExpressionError> {
    let (place, name) = (arguments.place, arguments.name);
    let nodes = unified(arguments.nodes, &format!("`{name}`"))?;
    let nullable = nodes.iter().all(|node| node.nullable);
    let shape = one_of(&nodes).nullable(nullable).fallible(false);
    let lane = shape.lane();
    let kernel: Kernel = Box::new(move |values, frame| best(values, better, lane, frame));
    Node::call(place, shape, nodes, kernel)
}

fn best(
    values: &[Value],
    better: Comparison,
    lane: Lane,
    frame: &Frame<'_>,
) -> Result<ArrayRef, Failure> {
    let Some((first, others)) = values.split_first() else {
        return Err(Failure::at(0, "nothing to choose from"));
    };
    let mut best = first.clone();
    for value in others {
        let above = compare(better, value, &best, lane)?;
        let above = match above.nulls() {
            Some(nulls) => above.values() & nulls.inner(),
            None => above.values().clone(),
        };
        let mut choice = vec![0; frame.rows];
        let chosen = expanded_mask(&above, frame.rows);
        mark(&mut choice, &(&chosen | &missing(&best, frame.rows)), 1);
        best = choose(&choice, &[best, value.clone()], lane)?;
    }
    expanded(&super::evaluate::in_lane(&best, lane), lane, frame.rows)
}

/// Two constants compare to one row, which stands for all.
fn expanded_mask(mask: &BooleanBuffer, rows: usize) -> BooleanBuffer {
    match mask.len() == rows {
        true => mask.clone(),
        false if mask.value(0) => BooleanBuffer::new_set(rows),
        false => BooleanBuffer::new_unset(rows),
    }
}
