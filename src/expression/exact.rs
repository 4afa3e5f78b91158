//! The building blocks of whole numbers and decimals: one operation in 64 bits where the bounds of
//! everything involved allow, in 128 bits otherwise, checked only where the bounds prove nothing.

use super::digits::decimal_text;
use super::error::{Result, TextSpan};
use super::node::{CallForm, Kernel, ResultType, Sides, TypedNode};
use super::range::NumericBounds;
use super::types::{self, Representation, WIDE};
use super::value::{ColumnarValue, nulls};
use crate::kernel::decimal::ExactInteger;
use crate::kernel::divide::{EXACT, quotients, remainders};
use crate::kernel::map::{Operand, map};
use arrow::array::{ArrayRef, AsArray, Decimal128Array, Int64Array};
use arrow::buffer::NullBuffer;
use arrow::datatypes::{DataType, Decimal128Type, Int64Type};
use std::borrow::Cow;
use std::sync::Arc;

/// An operation on two numbers of one scale (of any scales, for `Mul`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operator {
    Add,
    Sub,
    Mul,
    Div,
    Rem,
}

impl Operator {
    pub fn symbol(self) -> &'static str {
        match self {
            Self::Add => "+",
            Self::Sub => "-",
            Self::Mul => "*",
            Self::Div => "/",
            Self::Rem => "%",
        }
    }

    fn range(self, left: NumericBounds, right: NumericBounds) -> NumericBounds {
        match self {
            Self::Add => left.add(right),
            Self::Sub => left.sub(right),
            Self::Mul => left.mul(right),
            Self::Div => left.div(1, right),
            Self::Rem => left.rem(right),
        }
    }
}

/// A width that a representation can have.
pub(super) trait ExactWidth: ExactInteger {
    fn operand(value: &ColumnarValue) -> Operand<'_, Self>;
    fn array(
        values: Vec<Self>,
        nulls: Option<NullBuffer>,
        representation: Representation,
    ) -> ArrayRef;
}

impl ExactWidth for i64 {
    fn operand(value: &ColumnarValue) -> Operand<'_, Self> {
        value.narrow()
    }
    fn array(values: Vec<Self>, nulls: Option<NullBuffer>, _: Representation) -> ArrayRef {
        Arc::new(Int64Array::new(values.into(), nulls))
    }
}

impl ExactWidth for i128 {
    fn operand(value: &ColumnarValue) -> Operand<'_, Self> {
        value.wide()
    }
    fn array(
        values: Vec<Self>,
        nulls: Option<NullBuffer>,
        representation: Representation,
    ) -> ArrayRef {
        if representation == Representation::Narrow {
            let narrow = values.into_iter().map(|value| value as i64).collect();
            return i64::array(narrow, nulls, representation);
        }
        Arc::new(Decimal128Array::new(values.into(), nulls).with_data_type(WIDE))
    }
}

/// What the text of a failure needs to know.
#[derive(Clone)]
pub(super) struct FailureText {
    pub operator: Operator,
    pub scales: [i8; 2],
    pub target: DataType,
    /// The multiplication by a power of ten that gives a number more digits after its point.
    pub rescales: bool,
}

impl FailureText {
    fn message(&self, left: i128, right: i128) -> String {
        let [left_text, right_text] = [(left, self.scales[0]), (right, self.scales[1])]
            .map(|(value, scale)| decimal_text(value, scale));
        let what = match self.operator {
            // PostgreSQL's own words: users look these messages up.
            Operator::Div | Operator::Rem if right == 0 => return "division by zero".to_owned(),
            Operator::Mul if self.rescales => {
                let digits = types::digits(&self.target).1;
                format!("{left_text} with {digits} digits after the point")
            }
            Operator::Sub if left == 0 => format!("-({right_text})"),
            operator => format!("{left_text} {} {right_text}", operator.symbol()),
        };
        match types::family(&self.target) {
            types::Family::Decimal => format!("{what} does not fit the 38 digits of a decimal"),
            _ => format!("{what} does not fit {}", types::name(&self.target)),
        }
    }
}

/// The scale of a whole number or a decimal.
pub(super) fn scale(node: &TypedNode) -> i8 {
    types::digits(&node.data_type).1
}

/// `left operator right` as `data_type`, which no value may leave.
pub(super) fn binary(
    operator: Operator,
    [left, right]: Sides,
    data_type: DataType,
    place: TextSpan,
) -> Result<TypedNode> {
    let failing = FailureText {
        operator,
        scales: [scale(&left), scale(&right)],
        target: data_type,
        rescales: false,
    };
    operation(failing, [left, right], place)
}

/// A number times a power of ten, as the decimal type of so many digits more.
pub(super) fn scale_up(node: TypedNode, factor: i128, data_type: DataType) -> Result<TypedNode> {
    let place = node.place;
    let failing = FailureText {
        operator: Operator::Mul,
        scales: [scale(&node), 0],
        target: data_type,
        rescales: true,
    };
    // A multiplication like any other: bounds, checks and messages are those of `*`.
    let factor = TypedNode::exact(factor, DataType::Decimal128(38, 0), place);
    Ok(operation(failing, [node, factor], place)?.with_form(CallForm::ScaledUp))
}

fn operation(failing: FailureText, [left, right]: Sides, place: TextSpan) -> Result<TypedNode> {
    let (operator, data_type) = (failing.operator, failing.target.clone());
    let limit = limit(&data_type);
    let range = operator.range(left.bounds(), right.bounds());
    let by_zero = matches!(operator, Operator::Div | Operator::Rem) && right.bounds().contains(0);
    // Most expressions over generated columns are proved here and then run without a check a row.
    let checked = (by_zero || !range.is_within(limit)).then_some(limit);
    let result_type = ResultType::of(data_type)
        .within(range.clamp(limit))
        .fallible(checked.is_some());
    // Whole division has no vector instruction, floats' has: below 2^51 both give the same
    // quotients.
    let divided = by_divisor(operator, &left, &right).filter(|_| checked.is_none());
    let kernel = if !is_narrow(&result_type, [&left, &right]) {
        by_operator::<i128>(operator, checked, failing, result_type.representation())
    } else if let Some(divided) = divided {
        divided
    } else {
        by_operator::<i64>(operator, checked, failing, result_type.representation())
    };
    TypedNode::strict(place, result_type, vec![left, right], kernel)
}

pub(super) fn is_narrow(result_type: &ResultType, sides: [&TypedNode; 2]) -> bool {
    result_type.representation() == Representation::Narrow
        && sides
            .iter()
            .all(|side| side.representation() == Representation::Narrow)
}

/// What an operation's result must stay within: the type for integers, 38 digits for decimals, whose
/// precision counts only when the column is stored.
fn limit(data_type: &DataType) -> NumericBounds {
    match types::family(data_type) {
        types::Family::Decimal => NumericBounds::DECIMAL,
        _ => types::bounds(data_type).unwrap_or(NumericBounds::DECIMAL),
    }
}

/// Division in 64-bit values by a constant, where floats are exact.
fn by_divisor(operator: Operator, left: &TypedNode, right: &TypedNode) -> Option<Kernel> {
    let divide = match operator {
        Operator::Div => quotients,
        Operator::Rem => remainders,
        _ => return None,
    };
    let exact = NumericBounds::new((*EXACT.start()).into(), (*EXACT.end()).into());
    let NumericBounds { low, high } = right.bounds();
    if !right.is_constant() || low != high || low == 0 {
        return None;
    }
    if ![left, right]
        .iter()
        .all(|side| side.bounds().is_within(exact))
    {
        return None;
    }
    let divisor = i64::truncated(low);
    Some(Box::new(move |values, _| {
        let mut results = Vec::new();
        match values[0].narrow() {
            Operand::Column(left) => {
                results.reserve_exact(left.len());
                divide(left, divisor, &mut results);
            }
            Operand::Constant(left) => divide(&[left], divisor, &mut results),
        }
        Ok(i64::array(results, nulls(values), Representation::Narrow))
    }))
}

// Generic over the operation, so that each becomes a loop of its own that the compiler vectorises;
// a function pointer called for each row would not be inlined.
fn by_operator<T: ExactWidth>(
    operator: Operator,
    limit: Option<NumericBounds>,
    failing: FailureText,
    representation: Representation,
) -> Kernel {
    match operator {
        Operator::Add => kernel(T::overflowing_add, limit, failing, representation),
        Operator::Sub => kernel(T::overflowing_sub, limit, failing, representation),
        Operator::Mul => kernel(T::overflowing_mul, limit, failing, representation),
        Operator::Div => kernel(T::overflowing_div, limit, failing, representation),
        Operator::Rem => kernel(T::overflowing_rem, limit, failing, representation),
    }
}

/// `operation` on every row, each checked to stay within `limit` where there is one.
pub(super) fn kernel<T: ExactWidth>(
    operation: impl Fn(T, T) -> (T, bool) + Copy + Send + Sync + 'static,
    limit: Option<NumericBounds>,
    failing: FailureText,
    representation: Representation,
) -> Kernel {
    let Some(limit) = limit else {
        return Box::new(move |values, _| {
            let [left, right] = [widened::<T>(&values[0]), widened::<T>(&values[1])];
            let results = map(T::operand(&left), T::operand(&right), |left, right| {
                operation(left, right).0
            });
            Ok(T::array(results, nulls(values), representation))
        });
    };
    let (low, high) = limits::<T>(limit);
    let checked = move |left: T, right: T| {
        let (value, failed) = operation(left, right);
        (value, failed | (value < low) | (value > high))
    };
    Box::new(move |values, evaluation| {
        let [left, right] = [widened::<T>(&values[0]), widened::<T>(&values[1])];
        let (operands, nulls) = ((T::operand(&left), T::operand(&right)), nulls(values));
        let message = |left: T, right: T| failing.message(left.into(), right.into());
        let results = evaluation.checked(operands, nulls.as_ref(), checked, message)?;
        Ok(T::array(results, nulls, representation))
    })
}

/// The bounds as far as the width reaches.
pub(super) fn limits<T: ExactWidth>(limit: NumericBounds) -> (T, T) {
    let limit = limit.clamp(NumericBounds::new(T::MIN.into(), T::MAX.into()));
    (T::truncated(limit.low), T::truncated(limit.high))
}

/// The value in the representation of width `T`, copied only from a 64-bit representation into a 128-bit one.
pub(super) fn widened<T: ExactWidth>(value: &ColumnarValue) -> Cow<'_, ColumnarValue> {
    match value.array.as_primitive_opt::<Int64Type>() {
        Some(narrow) if size_of::<T>() == 16 => {
            let wide = narrow
                .unary::<_, Decimal128Type>(i128::from)
                .with_data_type(WIDE);
            Cow::Owned(ColumnarValue {
                array: Arc::new(wide),
                constant: value.constant,
            })
        }
        _ => Cow::Borrowed(value),
    }
}
