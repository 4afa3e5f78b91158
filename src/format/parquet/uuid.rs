//! Sixteen bytes that are a UUID, said as such to readers that know all of the format.

use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Schema};
use parquet::basic::{LogicalType, Type as Physical};
use parquet::errors::Result;
use parquet::schema::types::{GroupTypeBuilder, SchemaDescriptor, Type};

/// The metadata of a field that is one.
const UUID: (&str, &str) = ("ARROW:extension:name", "arrow.uuid");

/// The schema of a file with its UUIDs named.
///
/// # Errors
/// It is none of Parquet.
pub(super) fn named(described: &SchemaDescriptor, schema: &Schema) -> Result<SchemaDescriptor> {
    let mut leaves = Vec::new();
    schema
        .fields()
        .iter()
        .for_each(|field| add(field, &mut leaves));
    let root = rebuilt(described.root_schema(), true, &mut leaves.into_iter())?;
    Ok(SchemaDescriptor::new(Arc::new(root)))
}

/// Of each leaf below a field, in the file's order, whether it is a UUID.
fn add(field: &Field, leaves: &mut Vec<bool>) {
    match field.data_type() {
        DataType::Struct(fields) => fields.iter().for_each(|field| add(field, leaves)),
        DataType::List(item)
        | DataType::LargeList(item)
        | DataType::FixedSizeList(item, _)
        | DataType::Map(item, _) => add(item, leaves),
        DataType::FixedSizeBinary(16) => {
            let name = field.metadata().get(UUID.0);
            leaves.push(name.is_some_and(|name| name == UUID.1));
        }
        _ => leaves.push(false),
    }
}

fn rebuilt(part: &Type, root: bool, leaves: &mut dyn Iterator<Item = bool>) -> Result<Type> {
    let own = part.get_basic_info();
    // Put in afterwards: the library's converter makes the schema without it.
    let Type::GroupType { fields, .. } = part else {
        if leaves.next() != Some(true) {
            return Ok(part.clone());
        }
        return Type::primitive_type_builder(own.name(), Physical::FIXED_LEN_BYTE_ARRAY)
            .with_length(16)
            .with_repetition(own.repetition())
            .with_id(own.has_id().then(|| own.id()))
            .with_logical_type(Some(LogicalType::Uuid))
            .build();
    };
    let inner = fields
        .iter()
        .map(|field| rebuilt(field, false, leaves).map(Arc::new));
    let mut group: GroupTypeBuilder<'_> = Type::group_type_builder(own.name())
        .with_fields(inner.collect::<Result<_>>()?)
        .with_logical_type(own.logical_type_ref().cloned())
        .with_converted_type(own.converted_type())
        .with_id(own.has_id().then(|| own.id()));
    if !root {
        group = group.with_repetition(own.repetition());
    }
    group.build()
}
