//! Comparisons and the logic of three values: `= < between in is and or not`.

use super::cast::{self, CastContext};
use super::choice::unified;
use super::compare::ComparisonOperator::{self, Equal, GreaterOrEqual, LessOrEqual};
use super::compare::compare;
use super::error::{Result, RowFailure, TextSpan};
use super::evaluate::{self, internal, missing};
use super::node::{Kernel, NodeKind, ResultType, Sides, TypedNode};
use super::types::{self, Family, Representation, family};
use super::value::{ColumnarValue, nulls};
use arrow::array::{ArrayRef, BooleanArray};
use arrow::buffer::{BooleanBuffer, NullBuffer};
use arrow::compute::{and_kleene, not, or_kleene};
use arrow::datatypes::DataType;
use std::sync::Arc;

fn truth() -> ResultType {
    ResultType::of(DataType::Boolean)
}

/// The representation that holds the values of all nodes.
fn common_representation(nodes: &[TypedNode]) -> Representation {
    let wide = nodes
        .iter()
        .any(|node| node.representation() == Representation::Wide);
    if wide {
        Representation::Wide
    } else {
        nodes
            .first()
            .map_or(Representation::Other, TypedNode::representation)
    }
}

/// Both sides in their common type.
fn pair([left, right]: Sides, symbol: &str, place: TextSpan) -> Result<Vec<TypedNode>> {
    let (left_name, right_name) = (left.type_name(), right.type_name());
    let comparable = types::common(&left.data_type, &right.data_type).is_some()
        || left.quoted_text().is_some()
        || right.quoted_text().is_some();
    if !comparable {
        let message = format!("`{symbol}` does not compare {left_name} with {right_name}");
        let error = place.error(message);
        let cast = |to: &TypedNode| {
            let to = types::written(&to.data_type);
            format!("write `cast(… as {to})` around the text")
        };
        return Err(match [&left, &right].map(|side| family(&side.data_type)) {
            [Family::Text, _] => error.hint(cast(&right)),
            [_, Family::Text] => error.hint(cast(&left)),
            _ => error,
        });
    }
    unified(vec![left, right], &format!("`{symbol}`"))
}

pub(super) fn comparison(
    comparison: ComparisonOperator,
    [left, right]: Sides,
    place: TextSpan,
) -> Result<TypedNode> {
    let nodes = pair([left, right], comparison.symbol(), place)?;
    let representation = common_representation(&nodes);
    let kernel: Kernel = Box::new(move |values, _| {
        Ok(Arc::new(compare(
            comparison,
            &values[0],
            &values[1],
            representation,
        )?))
    });
    TypedNode::strict(place, truth(), nodes, kernel)
}

/// `value between low and high`: both ends included.
pub(super) fn between(
    value: TypedNode,
    low: TypedNode,
    high: TypedNode,
    negated: bool,
    place: TextSpan,
) -> Result<TypedNode> {
    let nodes = unified(vec![value, low, high], "`between`")?;
    let (representation, nullable) = (
        common_representation(&nodes),
        nodes.iter().any(|node| node.nullable),
    );
    let kernel: Kernel = Box::new(move |values, evaluation| {
        let above = compare(GreaterOrEqual, &values[0], &values[1], representation)?;
        let below = compare(LessOrEqual, &values[0], &values[2], representation)?;
        // Two comparisons and an `and`, as the standard defines `between`: a null end may still be
        // decided by the other one.
        let [above, below] = [above, below].map(|side| each_row(side, evaluation.rows));
        let inside = and_kleene(&above, &below).map_err(internal)?;
        negate_if(negated, inside)
    });
    TypedNode::call(place, truth().nullable(nullable), nodes, kernel)
}

/// Two constants compare to one row, which stands for all.
pub(super) fn each_row(truths: BooleanArray, rows: usize) -> BooleanArray {
    match truths.len() == rows {
        true => truths,
        false => ColumnarValue {
            array: Arc::new(truths),
            constant: true,
        }
        .booleans(rows),
    }
}

fn negate_if(negated: bool, truths: BooleanArray) -> Result<ArrayRef, RowFailure> {
    Ok(Arc::new(if negated {
        not(&truths).map_err(internal)?
    } else {
        truths
    }))
}

/// As `negate_if`, of what is true or false in every row.
fn certain(negated: bool, truths: BooleanBuffer) -> Result<ArrayRef, RowFailure> {
    negate_if(negated, truths.into())
}

/// `value in (a, b, …)`.
pub(super) fn in_list(
    value: TypedNode,
    list: Vec<TypedNode>,
    negated: bool,
    place: TextSpan,
) -> Result<TypedNode> {
    let nodes = std::iter::once(value).chain(list).collect();
    let nodes = unified(nodes, "`in`")?;
    let (representation, nullable) = (
        common_representation(&nodes),
        nodes.iter().any(|node| node.nullable),
    );
    let kernel: Kernel = match constant_list(&nodes, representation) {
        Some(list) => Box::new(move |values, evaluation| {
            negate_if(negated, list.contains(&values[0], evaluation.rows))
        }),
        None => Box::new(move |values, evaluation| {
            // As the chain of `=` and `or` that `in` stands for: an item that is null leaves open
            // what no other item decides.
            let mut found = BooleanArray::from(BooleanBuffer::new_unset(evaluation.rows));
            for item in &values[1..] {
                let equal = compare(Equal, &values[0], item, representation)?;
                found = or_kleene(&found, &each_row(equal, evaluation.rows)).map_err(internal)?;
            }
            negate_if(negated, found)
        }),
    };
    TypedNode::call(place, truth().nullable(nullable), nodes, kernel)
}

/// The constants of an `in`, sorted.
// Sorted once when planning: each row then looks for its value by halves.
enum ConstantList {
    Numbers(Vec<i64>),
    Texts(Vec<String>),
}

// A list with a null in it is none of these: with it no value is known to be outside.
fn constant_list(nodes: &[TypedNode], representation: Representation) -> Option<ConstantList> {
    let items = nodes.get(1..)?;
    Some(match representation {
        Representation::Narrow => {
            let number = |node: &TypedNode| node.constant_exact().map(|number| number as i64);
            let mut numbers = items.iter().map(number).collect::<Option<Vec<_>>>()?;
            numbers.sort_unstable();
            ConstantList::Numbers(numbers)
        }
        Representation::Text => {
            let text = |node: &TypedNode| node.constant_text().map(str::to_owned);
            let mut texts = items.iter().map(text).collect::<Option<Vec<_>>>()?;
            texts.sort_unstable();
            ConstantList::Texts(texts)
        }
        _ => return None,
    })
}

impl ConstantList {
    fn contains(&self, value: &ColumnarValue, rows: usize) -> BooleanArray {
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

pub(super) fn is_null(node: TypedNode, negated: bool, place: TextSpan) -> Result<TypedNode> {
    let kernel: Kernel = Box::new(move |values, evaluation| {
        let missing = missing(&values[0], evaluation.rows);
        certain(negated, missing)
    });
    TypedNode::call(place, truth(), vec![node], kernel)
}

/// `is true`, `is not false` …: never null.
pub(super) fn is_truth(
    node: TypedNode,
    wanted: bool,
    negated: bool,
    place: TextSpan,
) -> Result<TypedNode> {
    let node = condition(node, "is")?;
    let kernel: Kernel = Box::new(move |values, evaluation| {
        let truths = values[0].booleans(evaluation.rows);
        certain(negated, evaluate::is(&truths, wanted))
    });
    TypedNode::call(place, truth(), vec![node], kernel)
}

/// `is distinct from`: null is a value like any other.
pub(super) fn is_distinct(
    [left, right]: Sides,
    negated: bool,
    place: TextSpan,
) -> Result<TypedNode> {
    let nodes = pair([left, right], "is distinct from", place)?;
    let representation = common_representation(&nodes);
    let kernel: Kernel = Box::new(move |values, evaluation| {
        let equal = each_row(
            compare(Equal, &values[0], &values[1], representation)?,
            evaluation.rows,
        );
        let (left, right) = (
            missing(&values[0], evaluation.rows),
            missing(&values[1], evaluation.rows),
        );
        let known = !&(&left | &right);
        let same = &(&known & equal.values()) | &(&left & &right);
        certain(!negated, same)
    });
    TypedNode::call(place, truth(), nodes, kernel)
}

/// The node as a truth value.
pub(super) fn condition(node: TypedNode, what: &str) -> Result<TypedNode> {
    match family(&node.data_type) {
        Family::Boolean | Family::Null => {
            cast::cast(node, &DataType::Boolean, CastContext::Implicitly)
        }
        _ if node.quoted_text().is_some() => {
            cast::cast(node, &DataType::Boolean, CastContext::Implicitly)
        }
        _ => Err(super::functions::mismatch(what, "a boolean", &node)),
    }
}

/// `and` (decided by false) and `or` (decided by true).
pub(super) fn logic(decides: bool, [left, right]: Sides, place: TextSpan) -> Result<TypedNode> {
    let name = if decides { "or" } else { "and" };
    let sides = [condition(left, name)?, condition(right, name)?];
    let result_type = truth()
        .nullable(sides.iter().any(|side| side.nullable))
        .fallible(sides.iter().any(|side| side.fallible));
    TypedNode::new(
        NodeKind::Logic {
            decides,
            sides: Box::new(sides),
        },
        place,
        result_type,
    )
    .folded()
}

pub(super) fn negation(node: TypedNode, place: TextSpan) -> Result<TypedNode> {
    let node = condition(node, "not")?;
    let kernel: Kernel = Box::new(|values: &[ColumnarValue], evaluation| {
        Ok(Arc::new(
            not(&values[0].booleans(evaluation.rows)).map_err(internal)?,
        ))
    });
    TypedNode::strict(place, truth(), vec![node], kernel)
}
