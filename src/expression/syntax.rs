//! Small pieces of grammar: literals, the types that quoted text takes beside an operator, `escape`.

use super::error::{ExpressionError, Result, TextSpan};
use super::exact::Operator;
use super::node::{Sides, TypedNode};
use super::types::{self, Family, INTERVAL, family};
use super::{interval, number, text_span, text_value};
use arrow::array::BooleanArray;
use arrow::datatypes::DataType;
use sqlparser::ast::{self, DateTimeField, Expr, Value};
use std::sync::Arc;

pub(super) fn unsupported(what: &str, place: TextSpan) -> ExpressionError {
    let error = place.error(format!("`{what}` is not part of the expression language"));
    match what {
        "&&" => error.hint("conditions are joined with `and`"),
        _ => error,
    }
}

pub(super) fn literal(value: &Value, place: TextSpan) -> Result<TypedNode> {
    match value {
        Value::Number(text, _) => number::literal(text, place),
        Value::SingleQuotedString(text) | Value::EscapedStringLiteral(text) => {
            Ok(TypedNode::quoted(text, place))
        }
        Value::DollarQuotedString(text) => Ok(TypedNode::quoted(&text.value, place)),
        Value::Boolean(truth) => {
            let array = Arc::new(BooleanArray::from(vec![*truth]));
            Ok(TypedNode::constant(array, DataType::Boolean, place))
        }
        Value::Null => Ok(TypedNode::null(DataType::Null, place)),
        other => Err(unsupported(&other.to_string(), place)),
    }
}

/// `interval '3 days'`, `interval '3' day`.
pub(super) fn interval(interval: &ast::Interval, place: TextSpan) -> Result<TypedNode> {
    let text = match &*interval.value {
        Expr::Value(value) => match &value.value {
            Value::SingleQuotedString(text) | Value::Number(text, _) => text.clone(),
            other => return Err(unsupported(&other.to_string(), place)),
        },
        _ => {
            return Err(place
                .error("an interval is written as quoted text")
                .hint("multiply: `n * interval '1 day'`"));
        }
    };
    if let Some(last) = &interval.last_field {
        return Err(unsupported(&format!("to {last}"), place));
    }
    let text = match &interval.leading_field {
        Some(unit) => format!("{text} {unit}"),
        None => text,
    };
    match interval::parse(&text) {
        Some(value) => Ok(text_value::interval_constant(value, place)),
        None => Err(place.error(format!("`{text}` is not a valid interval"))),
    }
}

/// The place of an `extract` field, where the parser keeps one.
pub(super) fn field_place(sql: &str, field: &DateTimeField) -> Option<TextSpan> {
    match field {
        DateTimeField::Custom(name) => Some(text_span::of_span(sql, name.span)),
        _ => None,
    }
}

/// Quoted text and null take a type from the other side of an arithmetic operator.
pub(super) fn beside(operator: Operator, [left, right]: Sides) -> Result<Sides> {
    let open =
        |node: &TypedNode| node.quoted_text().is_some() || family(&node.data_type) == Family::Null;
    match (open(&left), open(&right)) {
        (true, false) => {
            let target = other_side(operator, &right);
            Ok([text_value::beside(left, target.as_ref())?, right])
        }
        (false, true) => {
            let target = other_side(operator, &left);
            Ok([left, text_value::beside(right, target.as_ref())?])
        }
        _ => Ok([left, right]),
    }
}

fn other_side(operator: Operator, node: &TypedNode) -> Option<DataType> {
    match (family(&node.data_type), operator) {
        (Family::Date | Family::Timestamp | Family::Time, Operator::Add) => Some(INTERVAL),
        (Family::Interval, Operator::Mul | Operator::Div) => Some(DataType::Float64),
        (Family::Interval, _) => Some(INTERVAL),
        (Family::Date | Family::Timestamp | Family::Time, Operator::Sub) => {
            Some(node.data_type.clone())
        }
        _ if types::is_number(&node.data_type) => Some(node.data_type.clone()),
        _ => None,
    }
}

/// A `like` pattern with another escape character, as one with a backslash.
pub(super) fn with_escape(pattern: TypedNode, escape: &TypedNode) -> Result<TypedNode> {
    let wrong = || escape.place.error("`escape` takes one quoted character");
    let text = escape.constant_text().ok_or_else(wrong)?;
    let mut letters = text.chars();
    let (Some(escape), None) = (letters.next(), letters.next()) else {
        return Err(wrong());
    };
    let Some(text) = pattern.constant_text() else {
        return Err(pattern
            .place
            .error("with `escape` the pattern must be a constant"));
    };
    let mut to = String::with_capacity(text.len() + 4);
    let mut letters = text.chars();
    while let Some(letter) = letters.next() {
        match letter {
            // Arrow's `like` knows the backslash alone, so that other escapes are rewritten before.
            letter if letter == escape => {
                to.push('\\');
                to.extend(letters.next());
            }
            '\\' => to.push_str("\\\\"),
            letter => to.push(letter),
        }
    }
    Ok(TypedNode::quoted(&to, pattern.place))
}
