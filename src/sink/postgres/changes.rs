//! What changes that are applied cannot be here.

use arrow::datatypes::DataType;

use super::Postgres;
use crate::error::Problem;
use crate::format::Shape;
use crate::format::nested::plain_type;

/// Columns that no update can set.
pub fn problems(postgres: &Postgres, shape: &Shape) -> Vec<Problem> {
    let set = shape.changes.iter().flat_map(|columns| &columns.set);
    let lists = set.map(|column| shape.schema.field(*column));
    let lists = lists.filter(|field| is_list(field.data_type()));
    let lists = lists.map(|field| {
        let what = format!(
            "column `{}` is a list, which no update can set here",
            field.name()
        );
        Problem::new(what)
            .at(&postgres.url.place)
            .hint("set other columns, or make it text")
    });
    lists.collect()
}

fn is_list(data_type: &DataType) -> bool {
    matches!(
        plain_type(data_type),
        DataType::List(_) | DataType::LargeList(_) | DataType::FixedSizeList(..)
    )
}
