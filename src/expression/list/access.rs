//! `tags[1]`, `lines[1].amount`: an item by its place from 1, a field by its name.

use super::{internal, items_of, no_field, of_type, represented};
use crate::expression::cast::{self, CastContext};
use crate::expression::error::{Result, TextSpan};
use crate::expression::functions::require;
use crate::expression::node::{Kernel, TypedNode};
use crate::expression::types::{self, Family};
use arrow::array::{Array, AsArray, UInt32Array, make_array};
use arrow::buffer::NullBuffer;
use arrow::compute::take;
use arrow::datatypes::{DataType, Int64Type};

/// The item of a list at a place from 1; null where there is none.
pub(in crate::expression) fn item(
    list: TypedNode,
    place_of: TypedNode,
    place: TextSpan,
) -> Result<TypedNode> {
    let item = items_of("[…]", &list)?;
    require("[…]", &place_of, Family::Integer, "a whole number")?;
    let place_of = cast::cast(place_of, &DataType::Int64, CastContext::Explicitly)?;
    let result = of_type(item.clone());
    let kernel: Kernel = Box::new(move |values, evaluation| {
        let list = values[0].array.as_list::<i32>();
        let places = values[1].array.as_primitive::<Int64Type>();
        let offsets = list.offsets();
        let at = |row: usize| {
            let own = if values[0].constant { 0 } else { row };
            let said = if values[1].constant { 0 } else { row };
            if list.is_null(own) || places.is_null(said) {
                return None;
            }
            let length = i64::from(offsets[own + 1] - offsets[own]);
            let within = (1..=length).contains(&places.value(said));
            within.then(|| (i64::from(offsets[own]) + places.value(said) - 1) as u32)
        };
        let taken: UInt32Array = (0..evaluation.rows).map(at).collect();
        let taken = take(list.values(), &taken, None).map_err(internal)?;
        represented(&taken, &item)
    });
    TypedNode::strict(place, result, vec![list, place_of], kernel)
}

/// The field of a struct; null where the struct is.
pub(in crate::expression) fn field(
    of: TypedNode,
    name: &str,
    place: TextSpan,
) -> Result<TypedNode> {
    let DataType::Struct(fields) = &of.data_type else {
        return Err(no_field(&of, name));
    };
    let Some((index, found)) = fields.find(name) else {
        return Err(no_field(&of, name));
    };
    let inside = types::inside(found.data_type());
    let inside = inside.map_err(|what| place.error(format!("{what} cannot be computed with")))?;
    let result = of_type(inside.clone());
    let kernel: Kernel = Box::new(move |values, _| {
        let structs = values[0].array.as_struct();
        let field = structs.column(index);
        // Below a struct that is null Arrow's fields hold anything, also values.
        let nulls = NullBuffer::union(structs.nulls(), field.nulls());
        let data = field.to_data().into_builder().nulls(nulls);
        represented(&make_array(data.build().map_err(internal)?), &inside)
    });
    TypedNode::strict(place, result, vec![of], kernel)
}
