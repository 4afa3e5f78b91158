//! Lists and structs: how long a list is, its items by their place, what is among them, fields of structs.

mod access;
mod among;

pub(super) use access::{field, item};
pub(super) use among::any;

use super::error::{ExpressionError, Result};
use super::evaluate::internal;
use super::functions::{CallArguments, Function};
use super::node::{Kernel, ResultType, TypedNode};
use super::types::{self, representation};
use arrow::array::{Array, AsArray, Int64Array};
use arrow::datatypes::DataType;
use std::sync::Arc;

pub(super) const FUNCTIONS: &[Function] = &[
    Function::new(
        "array_contains",
        "array_contains(list, value)",
        2..=2,
        among::contains,
    ),
    Function::new(
        "array_position",
        "array_position(list, value)",
        2..=2,
        among::position,
    ),
    Function::new("cardinality", "cardinality(list)", 1..=1, cardinality),
];

/// How many items a list has.
fn cardinality(call: CallArguments) -> Result<TypedNode> {
    items_of(call.name, &call.nodes[0])?;
    let kernel: Kernel = Box::new(|values, _| {
        let list = values[0].array.as_list::<i32>();
        let lengths = list.offsets().lengths().map(|length| length as i64);
        let lengths: Vec<i64> = lengths.collect();
        Ok(Arc::new(Int64Array::new(
            lengths.into(),
            list.nulls().cloned(),
        )))
    });
    let bounds = super::NumericBounds::new(0, i32::MAX.into());
    call.strict(ResultType::of(DataType::Int32).within(bounds), kernel)
}

/// The type of a list's items.
fn items_of(name: &str, list: &TypedNode) -> Result<DataType> {
    match &list.data_type {
        DataType::List(item) => types::inside(item.data_type())
            .map_err(|what| list.place.error(format!("{what} cannot be computed with"))),
        _ => Err(super::functions::mismatch(name, "a list", list)),
    }
}

/// What is known of a value of a type out of a list or a struct.
fn of_type(data_type: DataType) -> ResultType {
    ResultType::of(data_type).nullable(true)
}

/// The array in the representation of its type.
fn represented(
    array: &arrow::array::ArrayRef,
    data_type: &DataType,
) -> Result<arrow::array::ArrayRef, super::error::RowFailure> {
    let range = ResultType::of(data_type.clone()).range;
    super::load::load(array, representation(data_type, range)).map_err(internal)
}

/// A struct has no such field.
fn no_field(of: &TypedNode, name: &str) -> ExpressionError {
    let names: Vec<&str> = match &of.data_type {
        DataType::Struct(fields) => fields.iter().map(|field| field.name().as_str()).collect(),
        _ => Vec::new(),
    };
    let error = of
        .place
        .error(format!("{} has no field `{name}`", of.type_name()));
    match super::error::did_you_mean(name, names) {
        Some(hint) => error.hint(hint),
        None => error,
    }
}
