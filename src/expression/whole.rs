//! Which numbers have no fraction, whatever their type: a column of whole numbers takes only these.

use super::error::ExpressionError;
use super::exact::scale;
use super::node::{Form, Kind, Node};
use super::types::{self, Family, family};
use crate::kernel::decimal::power_of_ten;
use arrow::array::{Array, AsArray};
use arrow::datatypes::{DataType, Float64Type};

/// True where the text alone proves that no row has a fraction.
pub(super) fn is_whole(node: &Node) -> bool {
    if node.is_null() || family(&node.data_type) == Family::Integer {
        return true;
    }
    let is_float = family(&node.data_type) == Family::Float;
    if !is_float && scale(node) == 0 {
        return true;
    }
    match &node.kind {
        Kind::Constant { array, .. } if is_float => array
            .as_primitive_opt::<Float64Type>()
            .is_some_and(|array| !array.is_null(0) && array.value(0).fract() == 0.0),
        Kind::Constant { .. } => {
            let unit = power_of_ten(scale(node).unsigned_abs().into());
            let digits = node.constant_exact();
            digits
                .zip(unit)
                .is_some_and(|(digits, unit)| digits % unit == 0)
        }
        Kind::Call {
            form, arguments, ..
        } => match form {
            Form::Whole => true,
            Form::ScaledUp => arguments.iter().all(is_whole),
            _ => false,
        },
        Kind::Case {
            branches,
            otherwise,
        } => {
            let values = branches.iter().map(|(_, value)| value);
            values.chain([&**otherwise]).all(is_whole)
        }
        Kind::Coalesce(values) => values.iter().all(is_whole),
        Kind::PerValue { part, .. } => is_whole(part),
        Kind::Column { .. } | Kind::Logic { .. } => false,
    }
}

/// What nobody asked to be rounded is not.
pub(super) fn refused(node: &Node, target: &DataType) -> ExpressionError {
    let (from, to) = (node.type_name(), types::name(target));
    node.place
        .error(format!(
            "expected {to}, found {from}, which may have a fraction"
        ))
        .hint(format!("write `round(…)`, `floor(…)` or `cast(… as {to})`"))
}
