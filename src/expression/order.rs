//! Dates and times that come in the order of the column they are made of.

use super::node::{CallForm, NodeKind, TypedNode};
use crate::kernel::time::Zone;
use arrow::datatypes::DataType;

/// The input whose order the values keep, earlier ones never behind later ones: the day of a time, or
/// the beginning of its hour, month and so on. Where clocks go back an hour later can be a day earlier.
pub(super) fn rises_with(node: &TypedNode) -> Option<usize> {
    let (arguments, form) = match &node.kind {
        NodeKind::Column { index, .. } => return Some(*index),
        NodeKind::Call {
            arguments, form, ..
        } => (arguments, form),
        _ => return None,
    };
    let [one] = arguments.as_slice() else {
        return None;
    };
    let DataType::Timestamp(_, zone) = &one.data_type else {
        return None;
    };
    let steady = match zone.as_deref().map(Zone::parse) {
        None => true,
        Some(zone) => matches!(zone, Some(Zone::Fixed(_))),
    };
    let cut = match node.data_type {
        DataType::Date32 => true,
        DataType::Timestamp(..) => *form == CallForm::WithoutFraction,
        _ => false,
    };
    match steady && cut {
        true => rises_with(one),
        false => None,
    }
}
