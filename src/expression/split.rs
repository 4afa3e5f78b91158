//! Takes conditions out of an expression: where the columns that have many values stand in conditions
//! alone, what is left is a function of few values, each condition one of them.

use super::node::{Kind, Node, Shape};
use super::types::Lane;
use arrow::datatypes::DataType;
use std::collections::BTreeSet;

/// An expression without its conditions on columns of many values.
pub(super) struct Split {
    pub rest: Node,
    pub conditions: Vec<Node>,
}

/// More conditions than these have more combinations than are worth a table.
const MOST: usize = 6;

/// The columns of few values that an expression would read without its conditions on others; none where
/// that is no use, or would compute what a row must not.
pub(super) fn kept(node: &Node, few: &dyn Fn(usize) -> bool) -> Option<BTreeSet<usize>> {
    let mut kept = BTreeSet::new();
    let conditions = count(node, few, &mut kept)?;
    (1..=MOST).contains(&conditions).then_some(kept)
}

fn count(node: &Node, few: &dyn Fn(usize) -> bool, kept: &mut BTreeSet<usize>) -> Option<usize> {
    match &node.kind {
        Kind::Column { index, .. } | Kind::PerValue { column: index, .. } if few(*index) => {
            kept.insert(*index);
            Some(0)
        }
        Kind::Column { .. } | Kind::PerValue { .. } => None,
        _ if is_condition(node, few) => (!node.fallible).then_some(1),
        _ => node
            .children()
            .into_iter()
            .try_fold(0, |all, child| Some(all + count(child, few, kept)?)),
    }
}

/// A condition that reads a column of many values.
fn is_condition(node: &Node, few: &dyn Fn(usize) -> bool) -> bool {
    node.lane() == Lane::Boolean && columns(node).into_iter().any(|column| !few(column))
}

/// The columns that a part reads.
pub(super) fn columns(node: &Node) -> BTreeSet<usize> {
    match node.kind {
        Kind::Column { index, .. } | Kind::PerValue { column: index, .. } => [index].into(),
        _ => node.children().into_iter().flat_map(columns).collect(),
    }
}

/// The expression whose columns are `kept`, in their order, and after them its conditions.
pub(super) fn split(node: Node, few: &dyn Fn(usize) -> bool, kept: &BTreeSet<usize>) -> Split {
    let mut conditions = Vec::new();
    let rest = taken(node, few, kept, &mut conditions);
    Split { rest, conditions }
}

fn taken(
    mut node: Node,
    few: &dyn Fn(usize) -> bool,
    kept: &BTreeSet<usize>,
    conditions: &mut Vec<Node>,
) -> Node {
    if is_condition(&node, few) {
        let (place, shape) = (
            node.place,
            Shape::of(DataType::Boolean).nullable(node.nullable),
        );
        let index = kept.len() + conditions.len();
        conditions.push(node);
        let kind = Kind::Column {
            index,
            dictionary: false,
            longest: None,
        };
        return Node::new(kind, place, shape);
    }
    let place = |index: usize| kept.range(..index).count();
    let mut inner = |node: Node| taken(node, few, kept, conditions);
    node.kind = match node.kind {
        Kind::Column {
            index,
            dictionary,
            longest,
        } => Kind::Column {
            index: place(index),
            dictionary,
            longest,
        },
        Kind::PerValue { column, part, last } => Kind::PerValue {
            column: place(column),
            part: Box::new(inner(*part)),
            last,
        },
        other => other.map(&mut inner),
    };
    node
}
