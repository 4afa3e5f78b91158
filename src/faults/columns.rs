//! A column as faults see it.

use arrow::datatypes::{DataType, Field};

use crate::column::arrays::plain_type;
use crate::domain::Domain;

/// A column that faults may hit.
#[derive(Debug, Clone)]
pub struct FaultColumn {
    /// What whoever reads the rows calls it.
    pub name: String,
    /// Its path in the table: what its faults are drawn with.
    pub path: String,
    /// Its type.
    pub field: Field,
    /// What is known of its values.
    pub domain: Domain,
}

impl FaultColumn {
    /// The type of its values, without a dictionary.
    pub fn plain(&self) -> &DataType {
        plain_type(self.field.data_type())
    }

    /// True of text.
    pub fn is_text(&self) -> bool {
        matches!(self.plain(), DataType::Utf8)
    }
}
