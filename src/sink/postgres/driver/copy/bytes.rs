//! Texts and bytes.

use arrow::array::{Array, ArrayRef, AsArray, GenericByteArray, LargeBinaryArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, GenericBinaryType};
use tokio_postgres::types::{Kind, Type};

use super::Values;

/// The only version of `jsonb` on the wire, in front of its text.
const JSONB: u8 = 1;

/// Bytes as they are: `bytea` and `uuid`.
pub(super) struct Binaries(GenericByteArray<GenericBinaryType<i64>>);

/// Texts, which the server takes as they are, with a byte in front for `jsonb`.
pub(super) struct Texts {
    values: LargeBinaryArray,
    jsonb: bool,
}

/// Types whose values are sent as text.
pub(super) fn is_text(target: &Type) -> bool {
    let known = [
        Type::TEXT,
        Type::VARCHAR,
        Type::BPCHAR,
        Type::NAME,
        Type::JSON,
        Type::JSONB,
    ];
    known.contains(target)
        || matches!(target.kind(), Kind::Enum(_))
        || (*target.kind() == Kind::Simple && target.name() == "citext")
}

pub(super) fn is_binary(data_type: &DataType) -> bool {
    matches!(
        data_type,
        DataType::Binary
            | DataType::LargeBinary
            | DataType::BinaryView
            | DataType::FixedSizeBinary(_)
    )
}

fn binary(array: &ArrayRef) -> Result<LargeBinaryArray, String> {
    let wide = cast(array, &DataType::LargeBinary).map_err(|error| error.to_string())?;
    Ok(wide.as_binary::<i64>().clone())
}

impl Binaries {
    pub(super) fn of(array: &ArrayRef) -> Result<Self, String> {
        binary(array).map(Self)
    }
}

impl Values for Binaries {
    fn size(&self, row: usize) -> Option<usize> {
        self.0.is_valid(row).then(|| self.0.value(row).len())
    }

    fn put(&self, row: usize, field: &mut [u8]) {
        field.copy_from_slice(self.0.value(row));
    }
}

impl Texts {
    pub(super) fn of(array: &ArrayRef, jsonb: bool) -> Result<Self, String> {
        binary(array).map(|values| Self { values, jsonb })
    }
}

impl Values for Texts {
    fn size(&self, row: usize) -> Option<usize> {
        let valid = self.values.is_valid(row);
        valid.then(|| self.values.value(row).len() + usize::from(self.jsonb))
    }

    fn put(&self, row: usize, mut field: &mut [u8]) {
        if self.jsonb {
            field[0] = JSONB;
            field = &mut field[1..];
        }
        field.copy_from_slice(self.values.value(row));
    }
}
