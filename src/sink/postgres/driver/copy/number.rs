//! Booleans, integers and floats.

use crate::type_names::show_type;
use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, PrimitiveArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Float32Type, Float64Type, Int64Type};
use tokio_postgres::types::Type;

use super::Values;

pub(super) struct Booleans(BooleanArray);

/// Integers, in so many bytes.
pub(super) struct Integers<const BYTES: usize>(PrimitiveArray<Int64Type>);

pub(super) struct Floats(PrimitiveArray<Float32Type>);

pub(super) struct Doubles(PrimitiveArray<Float64Type>);

pub(super) fn is_integer(data_type: &DataType) -> bool {
    data_type.is_integer()
}

/// How many bits an integer of the server has.
pub(super) fn width(target: &Type) -> Option<u32> {
    match *target {
        Type::INT2 => Some(16),
        Type::INT4 => Some(32),
        Type::INT8 => Some(64),
        _ => None,
    }
}

/// Refuses integers that may be too large.
pub(super) fn needs(data_type: &DataType, bits: u32) -> Result<(), String> {
    let needed = match data_type {
        DataType::Int8 | DataType::Int16 | DataType::UInt8 => 16,
        DataType::Int32 | DataType::UInt16 => 32,
        DataType::Int64 | DataType::UInt32 => 64,
        _ => 65,
    };
    match needed <= bits {
        true => Ok(()),
        false => Err(format!(
            "{} may be too large for an integer of {bits} bits; `cast` the column",
            show_type(data_type)
        )),
    }
}

impl Booleans {
    pub(super) fn of(array: &ArrayRef) -> Self {
        Self(array.as_boolean().clone())
    }
}

impl Values for Booleans {
    fn size(&self, row: usize) -> Option<usize> {
        self.0.is_valid(row).then_some(1)
    }

    fn put(&self, row: usize, field: &mut [u8]) {
        field[0] = u8::from(self.0.value(row));
    }
}

impl<const BYTES: usize> Integers<BYTES> {
    pub(super) fn of(array: &ArrayRef) -> Result<Self, String> {
        let wide = cast(array, &DataType::Int64).map_err(|error| error.to_string())?;
        Ok(Self(wide.as_primitive().clone()))
    }
}

impl<const BYTES: usize> Values for Integers<BYTES> {
    fn size(&self, row: usize) -> Option<usize> {
        self.0.is_valid(row).then_some(BYTES)
    }

    fn put(&self, row: usize, field: &mut [u8]) {
        let bytes = self.0.value(row).to_be_bytes();
        field.copy_from_slice(&bytes[bytes.len() - BYTES..]);
    }
}

impl Floats {
    pub(super) fn of(array: &ArrayRef) -> Self {
        Self(array.as_primitive().clone())
    }
}

impl Values for Floats {
    fn size(&self, row: usize) -> Option<usize> {
        self.0.is_valid(row).then_some(4)
    }

    fn put(&self, row: usize, field: &mut [u8]) {
        field.copy_from_slice(&self.0.value(row).to_be_bytes());
    }
}

impl Doubles {
    pub(super) fn of(array: &ArrayRef) -> Result<Self, String> {
        let wide = cast(array, &DataType::Float64).map_err(|error| error.to_string())?;
        Ok(Self(wide.as_primitive().clone()))
    }
}

impl Values for Doubles {
    fn size(&self, row: usize) -> Option<usize> {
        self.0.is_valid(row).then_some(8)
    }

    fn put(&self, row: usize, field: &mut [u8]) {
        field.copy_from_slice(&self.0.value(row).to_be_bytes());
    }
}
