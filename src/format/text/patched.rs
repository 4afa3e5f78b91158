//! Columns some of whose values are written as other bytes than their type has: the values, and what
//! stands for some of them.
//!
//! Whoever spoils data for a test needs `n/a` in a column of numbers, beside numbers that are written as
//! ever: so the values keep their type, and only text formats, which write bytes, know of the rest.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, BinaryArray, StructArray};
use arrow::datatypes::{DataType, Field, FieldRef, Fields};

use crate::error::Result;

/// What marks such a column.
const MARK: &str = "rowgen.patched";

/// The column whose values may have other bytes.
pub fn patched(field: &Field) -> Field {
    let value = Arc::new(field.clone().with_name("value"));
    let bytes = Arc::new(Field::new("bytes", DataType::Binary, true));
    let both = DataType::Struct(Fields::from(vec![value, bytes]));
    let mark = HashMap::from([(MARK.to_string(), String::new())]);
    Field::new(field.name(), both, field.is_nullable()).with_metadata(mark)
}

/// The field of the values, where some may have other bytes.
pub fn value_field(field: &Field) -> Option<&FieldRef> {
    match field.data_type() {
        DataType::Struct(fields) if field.metadata().contains_key(MARK) => fields.first(),
        _ => None,
    }
}

/// Values, and the bytes of those that have others.
///
/// # Errors
/// They are not of the field's type.
pub fn array(field: &Field, values: ArrayRef, bytes: BinaryArray) -> Result<ArrayRef> {
    let fields = match field.data_type() {
        DataType::Struct(fields) => fields.clone(),
        _ => Fields::empty(),
    };
    let both = StructArray::try_new(fields, vec![values, Arc::new(bytes)], None)?;
    Ok(Arc::new(both))
}

/// The values and the bytes of those that have others, of a column whose field is marked.
pub fn parts(array: &dyn Array) -> Option<(&ArrayRef, &BinaryArray)> {
    match array.as_struct_opt()?.columns() {
        [values, bytes] => Some((values, bytes.as_binary_opt()?)),
        _ => None,
    }
}
