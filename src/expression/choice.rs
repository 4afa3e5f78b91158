//! Values chosen among several: `case`, `coalesce`, `nullif`, `greatest`, `least`.
//!
//! All of them have one type: the common one, where quoted literals and null follow the others.

use super::cast::{self, CastContext};
use super::compare::{ComparisonOperator, compare};
use super::conditions::each_row;
use super::error::{Result, RowFailure, TextSpan};
use super::evaluate::{choose, expanded, internal, is, missing};
use super::functions::{CallArguments, Function};
use super::node::{Kernel, NodeKind, ResultType, TypedNode};
use super::text_value;
use super::types::{self, Representation};
use super::value::{ColumnarValue, Evaluation};
use crate::kernel::select::mark;
use arrow::array::ArrayRef;
use arrow::compute::nullif;
use arrow::datatypes::DataType;

pub(super) const FUNCTIONS: &[Function] = &[
    Function::new("coalesce", "coalesce(a, b, …)", 1..=usize::MAX, coalesce),
    Function::new("nullif", "nullif(a, b)", 2..=2, null_if),
    Function::new(
        "greatest",
        "greatest(a, b, …)",
        1..=usize::MAX,
        |arguments| extreme(arguments, ComparisonOperator::Greater),
    ),
    Function::new("least", "least(a, b, …)", 1..=usize::MAX, |arguments| {
        extreme(arguments, ComparisonOperator::Less)
    }),
];

/// The nodes in their common type; `what` names them in the error: "`case` cannot have both …".
pub(super) fn unified(nodes: Vec<TypedNode>, what: &str) -> Result<Vec<TypedNode>> {
    // As in PostgreSQL: a quoted text takes the type of what stands beside it, whichever stands
    // first. Only then is there one type for all.
    let typed = common(&nodes, what, |node| node.quoted_text().is_none())?;
    let typed = typed.filter(|typed| *typed != DataType::Null);
    let nodes: Result<Vec<TypedNode>, _> = nodes
        .into_iter()
        .map(|node| match node.quoted_text() {
            Some(_) => text_value::beside(node, typed.as_ref()),
            None => Ok(node),
        })
        .collect();
    let nodes = nodes?;
    let common = common(&nodes, what, |_| true)?.unwrap_or(DataType::Null);
    nodes
        .into_iter()
        .map(|node| cast::cast(node, &common, CastContext::Implicitly))
        .collect()
}

fn common(
    nodes: &[TypedNode],
    what: &str,
    counts: impl Fn(&TypedNode) -> bool,
) -> Result<Option<DataType>> {
    let mut common: Option<DataType> = None;
    for node in nodes.iter().filter(|node| counts(node)) {
        common = Some(match common {
            None => node.data_type.clone(),
            Some(common) => types::common(&common, &node.data_type).ok_or_else(|| {
                let (left, right) = (types::name(&common), node.type_name());
                node.place
                    .error(format!("{what} cannot have both {left} and {right}"))
            })?,
        });
    }
    Ok(common)
}

/// The result type of a value that is one of the nodes, which have one type.
fn one_of(nodes: &[TypedNode]) -> ResultType {
    let data_type = nodes
        .first()
        .map_or(DataType::Null, |node| node.data_type.clone());
    let result_type = ResultType::of(data_type).nullable(nodes.iter().any(|node| node.nullable));
    // A null has no bounds of its own to add.
    let ranges = nodes
        .iter()
        .filter(|node| !node.is_null())
        .map(|node| node.range);
    match ranges.reduce(|all, own| Some(all?.union(own?))) {
        Some(range) => ResultType {
            range,
            ..result_type
        },
        None => ResultType {
            range: nodes.first().and_then(|null| null.range),
            ..result_type
        },
    }
}

/// The same choice among the values as `change` makes them; `None` where the node is not a choice.
pub(super) fn each_value(
    node: &mut TypedNode,
    change: impl Fn(TypedNode) -> Result<TypedNode>,
) -> Option<Result<TypedNode>> {
    // Taken out, as a choice is rebuilt of its own parts, and put back where the node is none. What
    // stands there meanwhile costs nothing: an empty vector allocates no memory.
    let kind = std::mem::replace(&mut node.kind, NodeKind::Coalesce(Vec::new()));
    let (place, nullable) = (node.place, node.nullable);
    match kind {
        NodeKind::Case {
            branches,
            otherwise,
        } => {
            let (conditions, mut values): (Vec<TypedNode>, Vec<TypedNode>) =
                branches.into_iter().unzip();
            values.push(*otherwise);
            let values: Result<Vec<TypedNode>, _> = values.into_iter().map(change).collect();
            Some(values.and_then(|values| branched(conditions, values, place)))
        }
        NodeKind::Coalesce(values) => {
            let values: Result<Vec<TypedNode>, _> = values.into_iter().map(change).collect();
            Some(values.map(|values| first_of(values, nullable, place)))
        }
        kind => {
            node.kind = kind;
            None
        }
    }
}

fn coalesce(arguments: CallArguments) -> Result<TypedNode> {
    let place = arguments.place;
    let nodes = unified(arguments.nodes, "`coalesce`")?;
    let nullable = nodes.iter().all(|node| node.nullable);
    first_of(nodes, nullable, place).folded()
}

fn first_of(nodes: Vec<TypedNode>, nullable: bool, place: TextSpan) -> TypedNode {
    let fallible = nodes.iter().any(|node| node.fallible);
    let result_type = one_of(&nodes).nullable(nullable).fallible(fallible);
    TypedNode::new(NodeKind::Coalesce(nodes), place, result_type)
}

/// `case when … then …`, the conditions already truth values.
pub(super) fn case(
    conditions: Vec<TypedNode>,
    results: Vec<TypedNode>,
    otherwise: Option<TypedNode>,
    place: TextSpan,
) -> Result<TypedNode> {
    let otherwise = otherwise.unwrap_or_else(|| TypedNode::null(DataType::Null, place));
    let mut values = results;
    values.push(otherwise);
    branched(conditions, unified(values, "`case`")?, place)?.folded()
}

/// A value for each condition, and one more for the rows without.
fn branched(
    conditions: Vec<TypedNode>,
    mut values: Vec<TypedNode>,
    place: TextSpan,
) -> Result<TypedNode> {
    let result_type = one_of(&values);
    let fallible = conditions.iter().chain(&values).any(|node| node.fallible);
    let Some(otherwise) = values.pop() else {
        return Err(place.error("`case` has no result"));
    };
    let branches = conditions.into_iter().zip(values).collect();
    let kind = NodeKind::Case {
        branches,
        otherwise: Box::new(otherwise),
    };
    Ok(TypedNode::new(kind, place, result_type.fallible(fallible)))
}

/// Null where both are equal, the first otherwise.
fn null_if(arguments: CallArguments) -> Result<TypedNode> {
    let place = arguments.place;
    let nodes = unified(arguments.nodes, "`nullif`")?;
    let representation = one_of(&nodes).representation();
    let [first, second] = <[TypedNode; 2]>::try_from(nodes)
        .map_err(|_| place.error("`nullif` compares two values"))?;
    let result_type = ResultType {
        range: first.range,
        ..ResultType::of(first.data_type.clone())
    };
    let own = first.representation();
    let kernel: Kernel = Box::new(move |values, evaluation| {
        let equal = compare(
            ComparisonOperator::Equal,
            &values[0],
            &values[1],
            representation,
        )?;
        let first = expanded(&values[0], own, evaluation.rows)?;
        nullif(&first, &equal).map_err(internal)
    });
    TypedNode::call(
        place,
        result_type.nullable(true),
        vec![first, second],
        kernel,
    )
}

/// The largest or smallest of those that are not null.
fn extreme(arguments: CallArguments, better: ComparisonOperator) -> Result<TypedNode> {
    let (place, name) = (arguments.place, arguments.name);
    let nodes = unified(arguments.nodes, &format!("`{name}`"))?;
    let nullable = nodes.iter().all(|node| node.nullable);
    let result_type = one_of(&nodes).nullable(nullable).fallible(false);
    let representation = result_type.representation();
    let kernel: Kernel =
        Box::new(move |values, evaluation| best(values, better, representation, evaluation));
    TypedNode::call(place, result_type, nodes, kernel)
}

fn best(
    values: &[ColumnarValue],
    better: ComparisonOperator,
    representation: Representation,
    evaluation: &Evaluation<'_>,
) -> Result<ArrayRef, RowFailure> {
    let Some((first, others)) = values.split_first() else {
        return Err(RowFailure::at(0, "nothing to choose from"));
    };
    let mut best = first.clone();
    for value in others {
        let above = compare(better, value, &best, representation)?;
        // Only what is known to be better takes the place. PostgreSQL leaves nulls out of
        // `greatest` and `least`, where the SQL standard has null as the answer.
        let above = is(&each_row(above, evaluation.rows), true);
        let mut choice = vec![0; evaluation.rows];
        mark(&mut choice, &(&above | &missing(&best, evaluation.rows)), 1);
        best = choose(&choice, &[best, value.clone()], representation)?;
    }
    expanded(
        &super::evaluate::in_representation(&best, representation),
        representation,
        evaluation.rows,
    )
}
