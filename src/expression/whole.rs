//! Which numbers have no fraction, whatever their type: a column of whole numbers takes only these.

use super::cast_time::per_second;
use super::error::ExpressionError;
use super::exact::scale;
use super::node::{CallForm, NodeKind, TypedNode};
use super::types::{self, Family, family};
use crate::kernel::decimal::power_of_ten;
use arrow::array::{Array, AsArray};
use arrow::datatypes::{DataType, Float64Type};

/// True where the text alone proves that no row has a fraction.
pub(super) fn is_whole(node: &TypedNode) -> bool {
    if node.is_null() || family(&node.data_type) == Family::Integer {
        return true;
    }
    let is_float = family(&node.data_type) == Family::Float;
    if !is_float && scale(node) == 0 {
        return true;
    }
    match &node.kind {
        NodeKind::Constant { array, .. } if is_float => array
            .as_primitive_opt::<Float64Type>()
            .is_some_and(|array| !array.is_null(0) && array.value(0).fract() == 0.0),
        NodeKind::Constant { .. } => {
            let unit = power_of_ten(scale(node).unsigned_abs().into());
            let digits = node.constant_exact();
            digits
                .zip(unit)
                .is_some_and(|(digits, unit)| digits % unit == 0)
        }
        NodeKind::Call {
            form, arguments, ..
        } => match form {
            // `floor(x)` and its like are floats without a fraction whatever `x` is; the type alone
            // cannot say so.
            CallForm::WithoutFraction => true,
            CallForm::ScaledUp => arguments.iter().all(is_whole),
            _ => false,
        },
        _ => node
            .choices()
            .is_some_and(|values| values.into_iter().all(is_whole)),
    }
}

/// True where no row of a timestamp has a part of a second that the other one does not hold.
pub(super) fn is_even(node: &TypedNode, target: &DataType) -> bool {
    let step = per_second(&node.data_type) / per_second(target);
    if step <= 1 || node.is_null() {
        return true;
    }
    match &node.kind {
        NodeKind::Constant { .. } => node
            .constant_exact()
            .is_some_and(|ticks| ticks % i128::from(step) == 0),
        NodeKind::Call { form, .. } => *form == CallForm::WithoutFraction,
        _ => node
            .choices()
            .is_some_and(|values| values.iter().all(|value| is_even(value, target))),
    }
}

/// True of a quoted time with more digits behind its point than the type holds.
pub(super) fn is_cut(node: &TypedNode, target: &DataType) -> bool {
    let text = node.quoted_text().unwrap_or_default();
    let behind = text.rsplit_once('.').map_or("", |(_, behind)| behind);
    let end = behind.find(|letter: char| !letter.is_ascii_digit());
    let digits = behind[..end.unwrap_or(behind.len())].trim_end_matches('0');
    digits.len() > per_second(target).ilog10() as usize
}

/// What nobody asked to be rounded is not, nor is it cut.
pub(super) fn finer(node: &TypedNode, target: &DataType) -> ExpressionError {
    let (from, to) = (node.type_name(), types::name(target));
    let digits = per_second(target).ilog10();
    let name = match target {
        DataType::Timestamp(_, Some(_)) => "timestamptz",
        DataType::Time32(_) | DataType::Time64(_) => "time",
        _ => "timestamp",
    };
    node.place
        .error(format!(
            "expected {to}, found {from}, which may be finer than that"
        ))
        .hint(match name {
            "time" => format!("write `cast(… as time({digits}))`"),
            _ => format!("write `cast(… as {name}({digits}))` or `date_trunc('second', …)`"),
        })
}

/// What nobody asked to be rounded is not.
pub(super) fn refused(node: &TypedNode, target: &DataType) -> ExpressionError {
    let (from, to) = (node.type_name(), types::name(target));
    node.place
        .error(format!(
            "expected {to}, found {from}, which may have a fraction"
        ))
        .hint(format!(
            "write `round(…)`, `floor(…)` or `cast(… as {})`",
            types::written(target)
        ))
}
