//! Which type becomes which, and whether it must be asked for.

use super::error::{ExpressionError, Result, TextSpan};
use super::exact::scale;
use super::node::{CallForm, NodeKind, TypedNode};
use super::types::{self, Family, family};
use super::whole::{self, is_whole};
use super::{cast_number, cast_text, cast_time, rescale, text_value, time_of_day};
use crate::kernel::decimal::Rounding;
use arrow::datatypes::{DataType, TimeUnit};

/// Who wants the other type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum CastContext {
    /// The other side of an operator, or the column's declared type.
    Implicitly,
    /// `cast(… as …)` or `::`.
    Explicitly,
}

/// A type as SQL names it, of which the source may decide a part.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum CastTarget {
    Type(DataType),
    /// `numeric` alone keeps the source's digits.
    Numeric,
    /// `varchar(n)` cuts.
    Varchar(usize),
    /// Without a precision the source's unit, or microseconds; with a zone the source's, or UTC.
    Timestamp {
        unit: Option<TimeUnit>,
        zoned: bool,
    },
    /// Without a precision the source's unit, or microseconds.
    Time(Option<TimeUnit>),
}

impl CastTarget {
    fn resolve(&self, node: &TypedNode) -> Result<DataType> {
        Ok(match self {
            Self::Type(data_type) => data_type.clone(),
            Self::Varchar(_) => DataType::Utf8,
            Self::Numeric => match (family(&node.data_type), node.quoted_text()) {
                (Family::Integer | Family::Decimal, _) => {
                    let (precision, scale) = types::digits(&node.data_type);
                    types::decimal(precision, scale)
                }
                (_, Some(text)) => text_value::decimal_type(text, node.place)?,
                _ => types::decimal(38, super::number::QUOTIENT_SCALE),
            },
            Self::Time(unit) => {
                let own = match &node.data_type {
                    DataType::Timestamp(unit, _)
                    | DataType::Time32(unit)
                    | DataType::Time64(unit) => Some(*unit),
                    _ => None,
                };
                time_of_day::of_unit(unit.or(own).unwrap_or(TimeUnit::Microsecond))
            }
            Self::Timestamp { unit, zoned } => {
                let (own, zone) = match &node.data_type {
                    DataType::Timestamp(unit, zone) => (Some(*unit), zone.clone()),
                    _ => (None, None),
                };
                let unit = unit.or(own).unwrap_or(TimeUnit::Microsecond);
                DataType::Timestamp(unit, zoned.then(|| zone.unwrap_or_else(|| "UTC".into())))
            }
        })
    }
}

/// `cast(node as target)`.
pub(super) fn explicit(node: TypedNode, target: &CastTarget, place: TextSpan) -> Result<TypedNode> {
    let data_type = target.resolve(&node)?;
    let (own, same) = (node.place, node.data_type == data_type);
    let node = cast(node, &data_type, CastContext::Explicitly)?;
    let node = match target {
        // Cut without a word, as the SQL standard has it for an explicit cast. A column's own
        // `varchar(n)` refuses what is longer.
        CastTarget::Varchar(length) => super::text_part::cut(node, *length)?,
        _ => node,
    };
    let node = node.at(if same { own } else { place });
    // A rounding that was asked for stays, also when another follows.
    Ok(match (target, node.form()) {
        (CastTarget::Type(_), CallForm::Quotient | CallForm::FromFloat) => {
            node.with_form(CallForm::Plain)
        }
        _ => node,
    })
}

/// The node as another type; every row is proved or checked to fit.
pub(super) fn cast(node: TypedNode, target: &DataType, asked: CastContext) -> Result<TypedNode> {
    use Family::{Boolean, Date, Decimal, Float, Integer, Interval, Null, Text, Time, Timestamp};
    if node.is_null() || family(&node.data_type) == Null {
        return Ok(TypedNode::null(target.clone(), node.place));
    }
    if node.data_type == *target {
        return Ok(unquoted(node));
    }
    let quoted = node.quoted_text().is_some();
    let is_number = types::is_number(&node.data_type);
    if asked == CastContext::Implicitly
        && is_number
        && family(target) == Integer
        && !is_whole(&node)
    {
        return Err(whole::refused(&node, target));
    }
    match (family(&node.data_type), family(target)) {
        (Integer | Decimal, Integer) => {
            let digits = whole_digits(&node);
            let node = rescale::rescale(node, digits, 0, Rounding::HalfAwayFromZero)?;
            rescale::within(node, target.clone())
        }
        (Integer | Decimal, Decimal) => {
            let (precision, scale) = types::digits(target);
            let node = rescale::rescale(node, precision, scale, Rounding::HalfAwayFromZero)?;
            rescale::within(node, target.clone())
        }
        (Integer | Decimal, Float) => cast_number::exact_to_float(node, target),
        (Float, Integer | Decimal) => cast_number::float_to_exact(node, target),
        (Float, Float) => cast_number::float_to_float(node, target),
        (Integer, Boolean) if asked == CastContext::Explicitly => {
            cast_number::integer_to_boolean(node)
        }
        (Boolean, Integer) if asked == CastContext::Explicitly => {
            cast_number::boolean_to_integer(node, target)
        }
        (Timestamp, Timestamp) | (Time | Timestamp, Time)
            if asked == CastContext::Implicitly && !whole::is_even(&node, target) =>
        {
            Err(whole::finer(&node, target))
        }
        (Date | Timestamp, Date | Timestamp) => cast_time::instant(node, target),
        (Text, Timestamp | Time)
            if asked == CastContext::Implicitly && quoted && whole::is_cut(&node, target) =>
        {
            Err(whole::finer(&node, target))
        }
        (Timestamp, Time) => time_of_day::of_timestamp(node, target),
        (Time, Time) => time_of_day::of_time(node, target),
        (Interval, Time) if asked == CastContext::Explicitly => {
            time_of_day::of_interval(node, target)
        }
        (Time, Interval) if *target == types::INTERVAL => time_of_day::to_interval(node),
        (Interval, Interval) => cast_time::interval(node, target),
        (Text, _) if quoted || asked == CastContext::Explicitly => text_value::parse(node, target),
        (_, Text) => cast_text::to_text(node, cast_text::BooleanSpelling::Words),
        _ => Err(refused(&node, target, asked)),
    }
}

/// A literal that has found its type: text.
fn unquoted(mut node: TypedNode) -> TypedNode {
    if let NodeKind::Constant { quoted, .. } = &mut node.kind {
        *quoted = false;
    }
    node
}

fn whole_digits(node: &TypedNode) -> u8 {
    let digits = i16::from(types::digits(&node.data_type).0) - i16::from(scale(node));
    (digits + 1).clamp(1, 38) as u8
}

fn refused(node: &TypedNode, target: &DataType, asked: CastContext) -> ExpressionError {
    let (from, to) = (node.type_name(), types::name(target));
    if asked == CastContext::Explicitly {
        return node.place.error(format!("{from} cannot be cast to {to}"));
    }
    let error = node.place.error(format!("expected {to}, found {from}"));
    let castable = match family(&node.data_type) {
        Family::Text => family(target) != Family::Other,
        Family::Boolean => family(target) == Family::Integer,
        Family::Integer => family(target) == Family::Boolean,
        _ => false,
    };
    if castable {
        error.hint(format!("write `cast(… as {})`", types::written(target)))
    } else {
        error
    }
}
