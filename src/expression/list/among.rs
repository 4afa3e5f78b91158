//! What is among the items of a list: `array_contains(tags, 'red')`, `'red' = any(tags)`.

use super::items_of;
use crate::expression::conditions;
use crate::expression::error::{Result, RowFailure, TextSpan};
use crate::expression::evaluate::expanded;
use crate::expression::functions::CallArguments;
use crate::expression::node::{Kernel, NodeKind, ResultType, TypedNode};
use crate::expression::operator;
use crate::expression::value::{ColumnarValue, Evaluation, Inputs};
use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, Int64Array, ListArray, UInt32Array};
use arrow::compute::take;
use arrow::datatypes::DataType;
use sqlparser::ast::BinaryOperator;
use std::sync::Arc;

/// What is asked of each item beside a value: the item is input 0, the value input 1.
struct Question {
    condition: TypedNode,
    list: TypedNode,
    /// The value, unless it is a constant of the condition.
    value: Option<TypedNode>,
}

/// True where an item is the value. Items that are null are none.
pub(super) fn contains(call: CallArguments) -> Result<TypedNode> {
    let (place, [list, value]) = call.exactly()?;
    let question = Question::new("array_contains", list, value, &BinaryOperator::Eq, place)?;
    question.asked(place, ResultType::of(DataType::Boolean), |truths| {
        let found = truths.map(|mut items| items.any(|truth| truth == Some(true)));
        Arc::new(found.map(Some).collect::<BooleanArray>())
    })
}

/// The place from 1 of the first item that is the value; null where none is.
pub(super) fn position(call: CallArguments) -> Result<TypedNode> {
    let (place, [list, value]) = call.exactly()?;
    let question = Question::new("array_position", list, value, &BinaryOperator::Eq, place)?;
    let result = ResultType::of(DataType::Int32).nullable(true);
    let bounds = crate::expression::NumericBounds::new(1, i32::MAX.into());
    question.asked(place, result.within(bounds), |truths| {
        let found = truths.map(|mut items| {
            let at = items.position(|truth| truth == Some(true));
            at.map(|at| at as i64 + 1)
        });
        Arc::new(found.collect::<Int64Array>())
    })
}

/// `value operator any(list)`: true where it is so of an item, unknown where it may be of one that is null.
pub(in crate::expression) fn any(
    operator: &BinaryOperator,
    value: TypedNode,
    list: TypedNode,
    place: TextSpan,
) -> Result<TypedNode> {
    let question = Question::new("any", list, value, operator, place)?;
    let result = ResultType::of(DataType::Boolean).nullable(true);
    question.asked(place, result, |truths| {
        let found = truths.map(|items| {
            let mut known = true;
            for truth in items {
                match truth {
                    Some(true) => return Some(true),
                    Some(false) => {}
                    None => known = false,
                }
            }
            known.then_some(false)
        });
        Arc::new(found.collect::<BooleanArray>())
    })
}

impl Question {
    fn new(
        name: &str,
        list: TypedNode,
        value: TypedNode,
        operator: &BinaryOperator,
        place: TextSpan,
    ) -> Result<Self> {
        let item = items_of(name, &list)?;
        let item = input(0, item, list.place);
        let (own, value) = match value.is_constant() {
            true => (value, None),
            false => {
                let of = input(1, value.data_type.clone(), value.place);
                let range = value.range;
                (TypedNode { range, ..of }, Some(value))
            }
        };
        let condition = operator::binary(operator, [own, item], place)?;
        Ok(Self {
            condition: conditions::condition(condition, name)?,
            list,
            value,
        })
    }

    /// What `of` makes of the answers of each list's items.
    fn asked(
        self,
        place: TextSpan,
        result: ResultType,
        of: impl Fn(&mut dyn Iterator<Item = std::vec::IntoIter<Option<bool>>>) -> ArrayRef
        + Send
        + Sync
        + 'static,
    ) -> Result<TypedNode> {
        let Self {
            condition,
            list,
            value,
        } = self;
        let kernel: Kernel = Box::new(move |values, evaluation| {
            let lists = values[0].array.as_list::<i32>();
            let answers = answers(&condition, lists, values.get(1))?;
            let offsets = lists.offsets();
            let own = |row: usize| if values[0].constant { 0 } else { row };
            let mut each = (0..evaluation.rows).map(|row| {
                let row = own(row);
                let items = offsets[row] - offsets[0]..offsets[row + 1] - offsets[0];
                let items = items.map(|item| {
                    let item = item as usize;
                    answers.is_valid(item).then(|| answers.value(item))
                });
                items.collect::<Vec<_>>().into_iter()
            });
            let made = of(&mut each);
            let nulls = arrow::buffer::NullBuffer::union(lists.nulls(), made.nulls());
            let data = made.to_data().into_builder().nulls(nulls);
            let data = data.build().map_err(super::internal)?;
            Ok(arrow::array::make_array(data))
        });
        let arguments = [list].into_iter().chain(value).collect();
        TypedNode::strict(place, result, arguments, kernel)
    }
}

/// The condition of every item.
fn answers(
    condition: &TypedNode,
    lists: &ListArray,
    value: Option<&ColumnarValue>,
) -> Result<BooleanArray, RowFailure> {
    let offsets = lists.offsets();
    // A slice of a list array keeps the items of all of its rows: only those between its own first
    // and last offset are looked at.
    let begin = offsets[0] as usize;
    let count = offsets[offsets.len() - 1] as usize - begin;
    let mut inputs = vec![lists.values().slice(begin, count)];
    if let Some(value) = value {
        let pairs = offsets.windows(2).enumerate();
        // The value of each row is put beside each of its items: the condition then runs once over
        // two columns, where list by list it would be called for a handful of items each time.
        let owners = pairs.flat_map(|(row, pair)| {
            let row = if value.constant { 0 } else { row as u32 };
            std::iter::repeat_n(row, (pair[1] - pair[0]) as usize)
        });
        let owners = UInt32Array::from_iter_values(owners);
        inputs.push(take(&value.array, &owners, None).map_err(super::internal)?);
    }
    let inputs = Inputs::batch(&inputs);
    let truth = condition.evaluate(&Evaluation::new(&inputs, count))?;
    let truth = expanded(&truth, condition.representation(), count)?;
    Ok(truth.as_boolean().clone())
}

fn input(index: usize, data_type: DataType, place: TextSpan) -> TypedNode {
    let kind = NodeKind::Column {
        index,
        dictionary: false,
        longest: None,
    };
    TypedNode::new(kind, place, ResultType::of(data_type).nullable(true))
}
