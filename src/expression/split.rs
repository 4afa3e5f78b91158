//! Takes conditions out of an expression: where the columns that have many values stand in conditions
//! alone, what is left is a function of few values, each condition one of them.

use super::node::{NodeKind, ResultType, TypedNode};
use super::types::Representation;
use arrow::datatypes::DataType;
use std::collections::BTreeSet;

/// An expression without its conditions on columns of many values.
pub(super) struct SplitCondition {
    pub rest: TypedNode,
    pub conditions: Vec<TypedNode>,
}

/// More conditions than these have more combinations than are worth a table.
// Each condition doubles the combinations: six make 64 of each combination of the other columns.
const MOST: usize = 6;

/// The columns of few values that an expression would read without its conditions on others; none where
/// that is no use, or would compute what a row must not.
pub(super) fn kept(node: &TypedNode, few: &dyn Fn(usize) -> bool) -> Option<BTreeSet<usize>> {
    let mut kept = BTreeSet::new();
    let conditions = count(node, few, &mut kept)?;
    (1..=MOST).contains(&conditions).then_some(kept)
}

fn count(
    node: &TypedNode,
    few: &dyn Fn(usize) -> bool,
    kept: &mut BTreeSet<usize>,
) -> Option<usize> {
    match &node.kind {
        NodeKind::Column { index, .. } | NodeKind::PerValue { column: index, .. }
            if few(*index) =>
        {
            kept.insert(*index);
            Some(0)
        }
        NodeKind::Column { .. } | NodeKind::PerValue { .. } => None,
        // A condition that can fail would be asked for rows that the expression itself passes over.
        _ if is_condition(node, few) => (!node.fallible).then_some(1),
        _ => node
            .children()
            .into_iter()
            .try_fold(0, |all, child| Some(all + count(child, few, kept)?)),
    }
}

/// A condition that reads a column of many values.
fn is_condition(node: &TypedNode, few: &dyn Fn(usize) -> bool) -> bool {
    node.representation() == Representation::Boolean
        && columns(node).into_iter().any(|column| !few(column))
}

/// The columns that a part reads.
pub(super) fn columns(node: &TypedNode) -> BTreeSet<usize> {
    match node.kind {
        NodeKind::Column { index, .. } | NodeKind::PerValue { column: index, .. } => [index].into(),
        _ => node.children().into_iter().flat_map(columns).collect(),
    }
}

/// The expression whose columns are `kept`, in their order, and after them its conditions.
pub(super) fn split(
    node: TypedNode,
    few: &dyn Fn(usize) -> bool,
    kept: &BTreeSet<usize>,
) -> SplitCondition {
    let mut conditions = Vec::new();
    let rest = taken(node, few, kept, &mut conditions);
    SplitCondition { rest, conditions }
}

fn taken(
    mut node: TypedNode,
    few: &dyn Fn(usize) -> bool,
    kept: &BTreeSet<usize>,
    conditions: &mut Vec<TypedNode>,
) -> TypedNode {
    if is_condition(&node, few) {
        let (place, result_type) = (
            node.place,
            ResultType::of(DataType::Boolean).nullable(node.nullable),
        );
        let index = kept.len() + conditions.len();
        conditions.push(node);
        let kind = NodeKind::Column {
            index,
            dictionary: false,
            longest: None,
        };
        return TypedNode::new(kind, place, result_type);
    }
    let place = |index: usize| kept.range(..index).count();
    let mut inner = |node: TypedNode| taken(node, few, kept, conditions);
    node.kind = match node.kind {
        NodeKind::Column {
            index,
            dictionary,
            longest,
        } => NodeKind::Column {
            index: place(index),
            dictionary,
            longest,
        },
        NodeKind::PerValue { column, part, last } => NodeKind::PerValue {
            column: place(column),
            part: Box::new(inner(*part)),
            last,
        },
        other => other.map(&mut inner),
    };
    node
}
