//! Comparisons and the logic of three values: `= < between in is and or not`.

use super::cast::{self, Asked};
use super::choice::unified;
use super::compare::{Comparison, compare};
use super::error::{ExpressionError, Failure, Place};
use super::evaluate::{internal, missing};
use super::node::{Kernel, Kind, Node, Shape};
use super::types::{self, Family, Lane, family};
use super::value::{Value, nulls};
use arrow::array::{Array, BooleanArray};
use arrow::buffer::{BooleanBuffer, NullBuffer};
use arrow::compute::{and_kleene, not, or_kleene};
use arrow::datatypes::DataType;
use std::sync::Arc;

fn truth() -> Shape {
    Shape::of(DataType::Boolean)
}

/// The lane that holds the values of all nodes.
fn common_lane(nodes: &[Node]) -> Lane {
    let wide = nodes.iter().any(|node| node.lane() == Lane::Wide);
    if wide {
        Lane::Wide
    } else {
        nodes.first().map_or(Lane::Other, Node::lane)
    }
}

/// Both sides in their common type.
fn pair(left: Node, right: Node, symbol: &str, place: Place) -> Result<Vec<Node>, ExpressionError> {
    let (left_name, right_name) = (left.type_name(), right.type_name());
    let comparable = types::common(&left.data_type, &right.data_type).is_some()
        || left.quoted_text().is_some()
        || right.quoted_text().is_some();
    if !comparable {
        let message = format!("`{symbol}` does not compare {left_name} with {right_name}");
        let error = place.error(message);
        return Err(match [&left, &right].map(|side| family(&side.data_type)) {
            [Family::Text, _] => {
                error.hint(format!("write `cast(… as {right_name})` around the text"))
            }
            [_, Family::Text] => {
                error.hint(format!("write `cast(… as {left_name})` around the text"))
            }
            _ => error,
        });
    }
    unified(vec![left, right], &format!("`{symbol}`"))
}

pub(super) fn comparison(
    comparison: Comparison,
    left: Node,
    right: Node,
    place: Place,
) -> Result<Node, ExpressionError> {
    let nodes = pair(left, right, comparison.symbol(), place)?;
    let lane = common_lane(&nodes);
    let kernel: Kernel =
        Box::new(move |values, _| Ok(Arc::new(compare(comparison, &values[0], &values[1], lane)?)));
    Node::strict(place, truth(), nodes, kernel)
}

/// `value between low and high`: both ends included.
pub(super) fn between(
    value: Node,
    low: Node,
    high: Node,
    negated: bool,
    place: Place,
) -> Result<Node, ExpressionError> {
    let nodes = unified(vec![value, low, high], "`between`")?;
    let (lane, nullable) = (common_lane(&nodes), nodes.iter().any(|node| node.nullable));
    let kernel: Kernel = Box::new(move |values, frame| {
        let above = compare(Comparison::GreaterOrEqual, &values[0], &values[1], lane)?;
        let below = compare(Comparison::LessOrEqual, &values[0], &values[2], lane)?;
        let [above, below] = [above, below].map(|side| each_row(side, frame.rows));
        let inside = and_kleene(&above, &below).map_err(internal)?;
        negate_if(negated, inside)
    });
    Node::call(place, truth().nullable(nullable), nodes, kernel)
}

/// Two constants compare to one row, which stands for all.
fn each_row(truths: BooleanArray, rows: usize) -> BooleanArray {
    match truths.len() == rows {
        true => truths,
        false => Value {
            array: Arc::new(truths),
            constant: true,
        }
        .booleans(rows),
    }
}

fn negate_if(negated: bool, truths: BooleanArray) -> Result<arrow::array::ArrayRef, Failure> {
    Ok(Arc::new(if negated {
        not(&truths).map_err(internal)?
    } else {
        truths
    }))
}

/// `value in (a, b, …)`.
pub(super) fn in_list(
    value: Node,
    list: Vec<Node>,
    negated: bool,
    place: Place,
) -> Result<Node, ExpressionError> {
    let nodes = std::iter::once(value).chain(list).collect();
    let nodes = unified(nodes, "`in`")?;
    let (lane, nullable) = (common_lane(&nodes), nodes.iter().any(|node| node.nullable));
    let kernel: Kernel = match constant_list(&nodes, lane) {
        Some(list) => {
            Box::new(move |values, frame| negate_if(negated, list.contains(&values[0], frame.rows)))
        }
        None => Box::new(move |values, frame| {
            let mut found = BooleanArray::from(BooleanBuffer::new_unset(frame.rows));
            for item in &values[1..] {
                let equal = compare(Comparison::Equal, &values[0], item, lane)?;
                found = or_kleene(&found, &each_row(equal, frame.rows)).map_err(internal)?;
            }
            negate_if(negated, found)
        }),
    };
    Node::call(place, truth().nullable(nullable), nodes, kernel)
}

/// The constants of an `in`, sorted.
enum List {
    Numbers(Vec<i64>),
    Texts(Vec<String>),
}

fn constant_list(nodes: &[Node], lane: Lane) -> Option<List> {
    let items = nodes.get(1..)?;
    Some(match lane {
        Lane::Narrow => {
            let number = |node: &Node| node.constant_exact().map(|number| number as i64);
            let mut numbers = items.iter().map(number).collect::<Option<Vec<_>>>()?;
            numbers.sort_unstable();
            List::Numbers(numbers)
        }
        Lane::Text => {
            let text = |node: &Node| node.constant_text().map(str::to_owned);
            let mut texts = items.iter().map(text).collect::<Option<Vec<_>>>()?;
            texts.sort_unstable();
            List::Texts(texts)
        }
        _ => return None,
    })
}

impl List {
    fn contains(&self, value: &Value, rows: usize) -> BooleanArray {
        let found = match self {
            Self::Numbers(list) => {
                let operand = value.narrow();
                BooleanBuffer::collect_bool(rows, |row| {
                    let number = operand.at(row);
                    // A short list is faster searched from end to end.
                    if list.len() <= 16 {
                        list.contains(&number)
                    } else {
                        list.binary_search(&number).is_ok()
                    }
                })
            }
            Self::Texts(list) => {
                let texts = value.text();
                let known = |text: &str| {
                    list.binary_search_by(|item| item.as_str().cmp(text))
                        .is_ok()
                };
                BooleanBuffer::collect_bool(rows, |row| texts.get(row).is_some_and(known))
            }
        };
        let nulls = match value.constant && value.is_null(0) {
            true => Some(NullBuffer::new_null(rows)),
            false => nulls(std::slice::from_ref(value)),
        };
        BooleanArray::new(found, nulls)
    }
}

pub(super) fn is_null(node: Node, negated: bool, place: Place) -> Result<Node, ExpressionError> {
    let kernel: Kernel = Box::new(move |values, frame| {
        let missing = missing(&values[0], frame.rows);
        Ok(Arc::new(BooleanArray::from(if negated {
            !&missing
        } else {
            missing
        })))
    });
    Node::call(place, truth(), vec![node], kernel)
}

/// `is true`, `is not false` …: never null.
pub(super) fn is_truth(
    node: Node,
    wanted: bool,
    negated: bool,
    place: Place,
) -> Result<Node, ExpressionError> {
    let node = condition(node, "is")?;
    let kernel: Kernel = Box::new(move |values, frame| {
        let truths = values[0].booleans(frame.rows);
        let known = truths.nulls().map_or_else(
            || BooleanBuffer::new_set(frame.rows),
            |nulls| nulls.inner().clone(),
        );
        let values = if wanted {
            truths.values().clone()
        } else {
            !truths.values()
        };
        let holds = &values & &known;
        Ok(Arc::new(BooleanArray::from(if negated {
            !&holds
        } else {
            holds
        })))
    });
    Node::call(place, truth(), vec![node], kernel)
}

/// `is distinct from`: null is a value like any other.
pub(super) fn is_distinct(
    left: Node,
    right: Node,
    negated: bool,
    place: Place,
) -> Result<Node, ExpressionError> {
    let nodes = pair(left, right, "is distinct from", place)?;
    let lane = common_lane(&nodes);
    let kernel: Kernel = Box::new(move |values, frame| {
        let equal = each_row(
            compare(Comparison::Equal, &values[0], &values[1], lane)?,
            frame.rows,
        );
        let (left, right) = (
            missing(&values[0], frame.rows),
            missing(&values[1], frame.rows),
        );
        let known = !&(&left | &right);
        let same = &(&known & equal.values()) | &(&left & &right);
        Ok(Arc::new(BooleanArray::from(if negated {
            same
        } else {
            !&same
        })))
    });
    Node::call(place, truth(), nodes, kernel)
}

/// The node as a truth value.
pub(super) fn condition(node: Node, what: &str) -> Result<Node, ExpressionError> {
    match family(&node.data_type) {
        Family::Boolean | Family::Null => cast::cast(node, &DataType::Boolean, Asked::Implicitly),
        _ if node.quoted_text().is_some() => {
            cast::cast(node, &DataType::Boolean, Asked::Implicitly)
        }
        _ => Err(super::functions::mismatch(what, "a boolean", &node)),
    }
}

/// `and` (decided by false) and `or` (decided by true).
pub(super) fn logic(
    decides: bool,
    left: Node,
    right: Node,
    place: Place,
) -> Result<Node, ExpressionError> {
    let name = if decides { "or" } else { "and" };
    let sides = [condition(left, name)?, condition(right, name)?];
    let shape = truth()
        .nullable(sides.iter().any(|side| side.nullable))
        .fallible(sides.iter().any(|side| side.fallible));
    Node::new(
        Kind::Logic {
            decides,
            sides: Box::new(sides),
        },
        place,
        shape,
    )
    .folded()
}

pub(super) fn negation(node: Node, place: Place) -> Result<Node, ExpressionError> {
    let node = condition(node, "not")?;
    let kernel: Kernel = Box::new(|values: &[Value], frame| {
        Ok(Arc::new(
            not(&values[0].booleans(frame.rows)).map_err(internal)?,
        ))
    });
    Node::strict(place, truth(), vec![node], kernel)
}
