//! The building blocks of whole numbers and decimals: one operation over 64-bit lanes where the bounds of
//! everything involved allow, over 128-bit lanes otherwise, checked only where the bounds prove nothing.

use super::digits::decimal_text;
use super::error::{ExpressionError, Failure, Place};
use super::node::{Form, Kernel, Node, Shape};
use super::range::Range;
use super::types::{self, Lane, WIDE};
use super::value::{Value, nulls};
use crate::kernel::decimal::Exact;
use crate::kernel::divide::{EXACT, quotients, remainders};
use crate::kernel::map::{Operand, map, map_checked};
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

    fn range(self, left: Range, right: Range) -> Range {
        match self {
            Self::Add => left.add(right),
            Self::Sub => left.sub(right),
            Self::Mul => left.mul(right),
            Self::Div => left.div(1, right),
            Self::Rem => left.rem(right),
        }
    }
}

/// A width that a lane can have.
pub(super) trait Width: Exact {
    fn operand(value: &Value) -> Operand<'_, Self>;
    fn array(values: Vec<Self>, nulls: Option<NullBuffer>, lane: Lane) -> ArrayRef;
}

impl Width for i64 {
    fn operand(value: &Value) -> Operand<'_, Self> {
        value.narrow()
    }
    fn array(values: Vec<Self>, nulls: Option<NullBuffer>, _: Lane) -> ArrayRef {
        Arc::new(Int64Array::new(values.into(), nulls))
    }
}

impl Width for i128 {
    fn operand(value: &Value) -> Operand<'_, Self> {
        value.wide()
    }
    fn array(values: Vec<Self>, nulls: Option<NullBuffer>, lane: Lane) -> ArrayRef {
        if lane == Lane::Narrow {
            let narrow = values.into_iter().map(|value| value as i64).collect();
            return i64::array(narrow, nulls, lane);
        }
        Arc::new(Decimal128Array::new(values.into(), nulls).with_data_type(WIDE))
    }
}

/// What the text of a failure needs to know.
#[derive(Clone)]
pub(super) struct Failing {
    pub operator: Operator,
    pub scales: [i8; 2],
    pub target: DataType,
    /// The multiplication by a power of ten that gives a number more digits after its point.
    pub rescales: bool,
}

impl Failing {
    fn message(&self, left: i128, right: i128) -> String {
        let [left_text, right_text] = [(left, self.scales[0]), (right, self.scales[1])]
            .map(|(value, scale)| decimal_text(value, scale));
        let what = match self.operator {
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
pub(super) fn scale(node: &Node) -> i8 {
    types::digits(&node.data_type).1
}

/// `left operator right` as `data_type`, which no value may leave.
pub(super) fn binary(
    operator: Operator,
    left: Node,
    right: Node,
    data_type: DataType,
    place: Place,
) -> Result<Node, ExpressionError> {
    let failing = Failing {
        operator,
        scales: [scale(&left), scale(&right)],
        target: data_type,
        rescales: false,
    };
    operation(failing, left, right, place)
}

/// A number times a power of ten, as the decimal type of so many digits more.
pub(super) fn scale_up(
    node: Node,
    factor: i128,
    data_type: DataType,
) -> Result<Node, ExpressionError> {
    let place = node.place;
    let failing = Failing {
        operator: Operator::Mul,
        scales: [scale(&node), 0],
        target: data_type,
        rescales: true,
    };
    let factor = Node::exact(factor, DataType::Decimal128(38, 0), place);
    Ok(operation(failing, node, factor, place)?.formed(Form::ScaledUp))
}

fn operation(
    failing: Failing,
    left: Node,
    right: Node,
    place: Place,
) -> Result<Node, ExpressionError> {
    let (operator, data_type) = (failing.operator, failing.target.clone());
    let limit = limit(&data_type);
    let range = operator.range(left.bounds(), right.bounds());
    let by_zero = matches!(operator, Operator::Div | Operator::Rem) && right.bounds().contains(0);
    let checked = (by_zero || !range.is_within(limit)).then_some(limit);
    let shape = Shape::of(data_type)
        .within(range.clamp(limit))
        .fallible(checked.is_some());
    let divided = by_divisor(operator, &left, &right).filter(|_| checked.is_none());
    let kernel = if !is_narrow(&shape, [&left, &right]) {
        by_operator::<i128>(operator, checked, failing, shape.lane())
    } else if let Some(divided) = divided {
        divided
    } else {
        by_operator::<i64>(operator, checked, failing, shape.lane())
    };
    Node::strict(place, shape, vec![left, right], kernel)
}

pub(super) fn is_narrow(shape: &Shape, sides: [&Node; 2]) -> bool {
    shape.lane() == Lane::Narrow && sides.iter().all(|side| side.lane() == Lane::Narrow)
}

/// What an operation's result must stay within: the type for integers, 38 digits for decimals, whose
/// precision counts only when the column is stored.
fn limit(data_type: &DataType) -> Range {
    match types::family(data_type) {
        types::Family::Decimal => Range::DECIMAL,
        _ => types::bounds(data_type).unwrap_or(Range::DECIMAL),
    }
}

/// Division in 64-bit lanes by a constant, where floats are exact.
fn by_divisor(operator: Operator, left: &Node, right: &Node) -> Option<Kernel> {
    let divide = match operator {
        Operator::Div => quotients,
        Operator::Rem => remainders,
        _ => return None,
    };
    let exact = Range::new((*EXACT.start()).into(), (*EXACT.end()).into());
    let Range { low, high } = right.bounds();
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
        Ok(i64::array(results, nulls(values), Lane::Narrow))
    }))
}

fn by_operator<T: Width>(
    operator: Operator,
    limit: Option<Range>,
    failing: Failing,
    lane: Lane,
) -> Kernel {
    match operator {
        Operator::Add => kernel(T::overflowing_add, limit, failing, lane),
        Operator::Sub => kernel(T::overflowing_sub, limit, failing, lane),
        Operator::Mul => kernel(T::overflowing_mul, limit, failing, lane),
        Operator::Div => kernel(T::overflowing_div, limit, failing, lane),
        Operator::Rem => kernel(T::overflowing_rem, limit, failing, lane),
    }
}

/// `operation` on every row, each checked to stay within `limit` where there is one.
pub(super) fn kernel<T: Width>(
    operation: impl Fn(T, T) -> (T, bool) + Copy + Send + Sync + 'static,
    limit: Option<Range>,
    failing: Failing,
    lane: Lane,
) -> Kernel {
    let Some(limit) = limit else {
        return Box::new(move |values, _| {
            let [left, right] = [widened::<T>(&values[0]), widened::<T>(&values[1])];
            let results = map(T::operand(&left), T::operand(&right), |left, right| {
                operation(left, right).0
            });
            Ok(T::array(results, nulls(values), lane))
        });
    };
    let (low, high) = limits::<T>(limit);
    let checked = move |left: T, right: T| {
        let (value, failed) = operation(left, right);
        (value, failed | (value < low) | (value > high))
    };
    Box::new(move |values, frame| {
        let [left, right] = [widened::<T>(&values[0]), widened::<T>(&values[1])];
        let (left, right) = (T::operand(&left), T::operand(&right));
        let (results, failed) = map_checked(left, right, checked);
        let nulls = nulls(values);
        if failed {
            let fails = |row| checked(left.at(row), right.at(row)).1;
            if let Some(row) = frame.failing(results.len(), nulls.as_ref(), fails) {
                let message = failing.message(left.at(row).into(), right.at(row).into());
                return Err(Failure::at(row, message));
            }
        }
        Ok(T::array(results, nulls, lane))
    })
}

/// The bounds as far as the width reaches.
pub(super) fn limits<T: Width>(limit: Range) -> (T, T) {
    let limit = limit.clamp(Range::new(T::MIN.into(), T::MAX.into()));
    (T::truncated(limit.low), T::truncated(limit.high))
}

/// The value in the lane of width `T`, copied only from a 64-bit lane into a 128-bit one.
pub(super) fn widened<T: Width>(value: &Value) -> Cow<'_, Value> {
    match value.array.as_primitive_opt::<Int64Type>() {
        Some(narrow) if size_of::<T>() == 16 => {
            let wide = narrow
                .unary::<_, Decimal128Type>(i128::from)
                .with_data_type(WIDE);
            Cow::Owned(Value {
                array: Arc::new(wide),
                constant: value.constant,
            })
        }
        _ => Cow::Borrowed(value),
    }
}
