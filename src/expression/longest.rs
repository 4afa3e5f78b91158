//! How many bytes a text can have at most, as far as that follows from the texts that it is made of.

use super::node::{CallForm, NodeKind, TypedNode};
use super::types::{Family, Representation, family};
use arrow::array::AsArray;

/// The longest text that a function makes, as PostgreSQL's longest value.
pub(super) const LONGEST: usize = 1 << 30;

/// A number, a date or a truth value as text; most have far fewer.
// A float's shortest text has at most 24 bytes and an interval's some dozens; formats of `to_char`
// may repeat what they like, but a pattern has its own limit. 512 is far above all of them.
const WRITTEN: usize = 512;

/// The most bytes of a text; `None` where that is not known.
pub(super) fn longest(node: &TypedNode) -> Option<usize> {
    if family(&node.data_type) == Family::Null || node.is_null() {
        return Some(0);
    }
    match &node.kind {
        NodeKind::Column { longest, .. } => *longest,
        NodeKind::Constant { array, .. } => Some(array.as_string_opt::<i32>()?.value(0).len()),
        NodeKind::Call {
            arguments, form, ..
        } => of_call(*form, arguments),
        _ => greatest(node.choices()?),
    }
}

/// The most bytes of any text that the node or a node below it makes, as far as that is known.
pub(super) fn largest(node: &TypedNode) -> usize {
    let below = node.children().into_iter().map(largest).max().unwrap_or(0);
    let own = match node.representation() {
        Representation::Text => longest(node).unwrap_or(0),
        _ => 0,
    };
    own.max(below)
}

fn greatest(nodes: Vec<&TypedNode>) -> Option<usize> {
    let mut nodes = nodes.into_iter().map(longest);
    nodes.try_fold(0, |most: usize, next| Some(most.max(next?)))
}

fn of_call(form: CallForm, arguments: &[TypedNode]) -> Option<usize> {
    let sum = |nodes: &[TypedNode]| {
        let mut nodes = nodes.iter().map(longest);
        nodes.try_fold(0, |sum: usize, next| Some(sum.saturating_add(next?)))
    };
    match form {
        CallForm::Joined | CallForm::Concat => sum(arguments),
        CallForm::Separated => {
            let (separator, parts) = arguments.split_first()?;
            let between = longest(separator)?.saturating_mul(parts.len());
            Some(sum(parts)?.saturating_add(between))
        }
        CallForm::Repeated => Some(longest(arguments.first()?)?.saturating_mul(number(arguments)?)),
        // A letter has four bytes at most.
        CallForm::Padded => Some(number(arguments)?.saturating_mul(4)),
        // The other case of a letter can have more bytes, up to three for one.
        CallForm::PartOfText => Some(longest(arguments.first()?)?.saturating_mul(3)),
        CallForm::AsText => Some(WRITTEN),
        CallForm::OfLength(bytes) => Some(bytes),
        _ => None,
    }
}

/// The second argument where it is one number.
fn number(arguments: &[TypedNode]) -> Option<usize> {
    let number = arguments.get(1)?.constant_exact()?;
    Some(usize::try_from(number).unwrap_or(0))
}
