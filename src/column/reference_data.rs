//! Reference data: a small table from a file, for columns to read.

use arrow::array::{ArrayRef, RecordBatch};

use crate::error::{Problem, did_you_mean};
use crate::place::Place;

/// A small table that was read from a file.
#[derive(Debug, Clone)]
pub struct Reference {
    /// Its name.
    pub name: String,
    /// The file it came from, for messages.
    pub path: String,
    /// Its rows, dictionaries unpacked.
    pub rows: RecordBatch,
}

impl Reference {
    /// The field of that name.
    ///
    /// # Errors
    /// There is none.
    pub fn field(&self, name: &str, place: &Place) -> Result<&ArrayRef, Problem> {
        self.rows.column_by_name(name).ok_or_else(|| {
            let schema = self.rows.schema();
            let names: Vec<&str> = schema
                .fields()
                .iter()
                .map(|field| field.name().as_str())
                .collect();
            Problem::new(format!(
                "reference `{}` ({}) has no field `{name}`",
                self.name, self.path
            ))
            .at(place)
            .hint(
                did_you_mean(name, names.iter().copied())
                    .unwrap_or_else(|| format!("its fields are {}", names.join(", "))),
            )
        })
    }
}
