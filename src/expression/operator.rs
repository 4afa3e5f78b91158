//! The operators between two values.

use super::bits::{self, BitOperator};
use super::compare::ComparisonOperator;
use super::conditions as condition;
use super::error::{Result, TextSpan};
use super::exact::Operator;
use super::functions::mismatch;
use super::node::{Sides, TypedNode};
use super::types::{self, Family, family};
use super::{float, number, regexp, syntax, temporal, text};
use arrow::datatypes::DataType;
use sqlparser::ast::BinaryOperator;

pub(super) fn binary(
    operator: &BinaryOperator,
    [left, right]: Sides,
    place: TextSpan,
) -> Result<TypedNode> {
    use BinaryOperator as Op;
    match operator {
        Op::Plus => arithmetic(Operator::Add, [left, right], place),
        Op::Minus => arithmetic(Operator::Sub, [left, right], place),
        Op::Multiply => arithmetic(Operator::Mul, [left, right], place),
        Op::Divide => arithmetic(Operator::Div, [left, right], place),
        Op::Modulo => arithmetic(Operator::Rem, [left, right], place),
        Op::Eq => condition::comparison(ComparisonOperator::Equal, [left, right], place),
        Op::NotEq => condition::comparison(ComparisonOperator::NotEqual, [left, right], place),
        Op::Lt => condition::comparison(ComparisonOperator::Less, [left, right], place),
        Op::LtEq => condition::comparison(ComparisonOperator::LessOrEqual, [left, right], place),
        Op::Gt => condition::comparison(ComparisonOperator::Greater, [left, right], place),
        Op::GtEq => condition::comparison(ComparisonOperator::GreaterOrEqual, [left, right], place),
        Op::And => condition::logic(false, [left, right], place),
        Op::Or => condition::logic(true, [left, right], place),
        Op::StringConcat => text::joined(left, right, place),
        Op::PGExp => match [&left, &right]
            .iter()
            .find(|side| !types::is_number(&side.data_type) && !side.is_null())
        {
            Some(side) => Err(mismatch("^", "numbers", side)),
            None => float::to_the_power([left, right], place),
        },
        Op::BitwiseAnd => bits::binary(BitOperator::And, [left, right], place),
        Op::BitwiseOr => bits::binary(BitOperator::Or, [left, right], place),
        Op::PGBitwiseXor => bits::binary(BitOperator::Xor, [left, right], place),
        Op::PGBitwiseShiftLeft => bits::binary(BitOperator::ShiftLeft, [left, right], place),
        Op::PGBitwiseShiftRight => bits::binary(BitOperator::ShiftRight, [left, right], place),
        Op::PGRegexMatch => regexp::operator("~", [left, right], (false, false), place),
        Op::PGRegexNotMatch => regexp::operator("!~", [left, right], (true, false), place),
        Op::PGRegexIMatch => regexp::operator("~*", [left, right], (false, true), place),
        Op::PGRegexNotIMatch => regexp::operator("!~*", [left, right], (true, true), place),
        other => Err(syntax::unsupported(&other.to_string(), place)),
    }
}

fn arithmetic(operator: Operator, [left, right]: Sides, place: TextSpan) -> Result<TypedNode> {
    // Before quoted text takes a type from the other side: a message is about what was written.
    let names = [left.type_name(), right.type_name()];
    let [left, right] = syntax::beside(operator, [left, right])?;
    if types::is_number(&left.data_type) && types::is_number(&right.data_type) {
        return number::arithmetic(operator, [left, right], place);
    }
    if [&left, &right]
        .iter()
        .all(|side| family(&side.data_type) == Family::Null)
    {
        return Ok(TypedNode::null(DataType::Int32, place));
    }
    temporal::arithmetic(operator, [left, right], place).unwrap_or_else(|| {
        let [left, right] = names;
        let message = format!(
            "`{}` does not work on {left} and {right}",
            operator.symbol()
        );
        let error = place.error(message);
        Err(match (operator, left.as_str(), right.as_str()) {
            (Operator::Add, "text", "text") => error.hint("`||` joins texts"),
            _ => error,
        })
    })
}
