//! `where`: keeps the rows of a reference for which an expression is true.

use arrow::array::{AsArray, RecordBatch};
use arrow::compute::filter_record_batch;
use arrow::datatypes::DataType;

use crate::column::show_type;
use crate::error::Problem;
use crate::expression::{Binding, UnknownName, compile};
use crate::place::{Placed, Text};

/// The rows for which the filter is true.
pub(super) fn keep(
    name: &str,
    rows: &RecordBatch,
    filter: &Placed<Text>,
) -> Result<RecordBatch, Problem> {
    let schema = rows.schema();
    let mut resolve = |path: &str| match schema.index_of(path) {
        Ok(index) => Ok(Binding {
            index,
            data_type: schema.field(index).data_type().clone(),
            nullable: true,
            range: None,
            longest: None,
        }),
        Err(_) => Err(UnknownName::from(format!(
            "reference `{name}` has no field `{path}`"
        ))),
    };
    let expression = compile(filter, &mut resolve).map_err(|error| {
        Problem::new(error.message)
            .at(&filter.place.within_scalar(error.offset, error.length))
            .maybe_hint(error.hint)
    })?;
    if expression.data_type() != &DataType::Boolean {
        let message = format!(
            "`where` must be true or false, this is {}",
            show_type(expression.data_type())
        );
        return Err(Problem::new(message).at(&filter.place));
    }
    let failed = |message: String| {
        Problem::new(format!("filtering reference `{name}`"))
            .at(&filter.place)
            .cause(message)
    };
    let keep = expression
        .evaluate(rows.columns(), rows.num_rows())
        .map_err(|error| failed(error.message))?;
    filter_record_batch(rows, keep.as_boolean()).map_err(|error| failed(error.to_string()))
}
