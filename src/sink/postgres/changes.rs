//! What changes that are applied cannot be here.

use arrow::datatypes::DataType;

use super::{Mode, Postgres};
use crate::error::Problem;
use crate::format::nested::plain_type;
use crate::format::{ChangeColumns, Shape};
use crate::sink::applied::Asked;

/// Everything about the options and the columns that cannot be as asked where rows are changes.
pub fn problems(postgres: &Postgres, shape: &Shape, columns: &ChangeColumns) -> Vec<Problem> {
    let place = &postgres.url.place;
    let asked = Asked {
        place,
        upsert: postgres.mode == Mode::Upsert,
        key: &postgres.key,
        exactly_once: postgres.is_exactly_once(),
        bad_rows: &postgres.on_bad_row,
    };
    let lists = columns.set.iter().map(|column| shape.schema.field(*column));
    let lists = lists.filter(|field| is_list(field.data_type()));
    let lists = lists.map(|field| {
        let what = format!(
            "column `{}` is a list, which no update can set here",
            field.name()
        );
        Problem::new(what)
            .at(place)
            .hint("set other columns, or make it text")
    });
    let mut problems = asked.problems(shape, columns);
    problems.extend(lists);
    problems
}

fn is_list(data_type: &DataType) -> bool {
    matches!(
        plain_type(data_type),
        DataType::List(_) | DataType::LargeList(_) | DataType::FixedSizeList(..)
    )
}
