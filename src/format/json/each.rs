//! Each value's JSON as a text of its own, for those who have texts only.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, RecordBatch, StringArray};
use arrow::datatypes::{Field, Schema};

use super::{ObjectRows, ValueSpelling};
use crate::error::{Error, Result};
use crate::format::cells::Cells;

/// Each value's JSON as a text; null stays null.
///
/// # Errors
/// A value that JSON cannot hold.
pub fn each_text(values: &ArrayRef) -> Result<ArrayRef> {
    // By way of objects with one field: the writer of rows is the only one that spells JSON here.
    const BEGIN: usize = "{\"v\":".len();
    let schema = Schema::new(vec![Field::new("v", values.data_type().clone(), true)]);
    let batch = RecordBatch::try_new(Arc::new(schema), vec![values.clone()])?;
    let mut objects = Cells::default();
    let written = ObjectRows::new(ValueSpelling::default(), 0, b"").write(&batch, &mut objects);
    written.map_err(|refusal| Error::run(format!("{} {}", refusal.path, refusal.fault)))?;
    let nulls = values.logical_nulls();
    let text = |row: usize| {
        let is_null = nulls.as_ref().is_some_and(|nulls| nulls.is_null(row));
        let object = objects.get(row);
        (!is_null).then(|| String::from_utf8_lossy(&object[BEGIN..object.len() - 1]).into_owned())
    };
    Ok(Arc::new(
        (0..values.len()).map(text).collect::<StringArray>(),
    ))
}
