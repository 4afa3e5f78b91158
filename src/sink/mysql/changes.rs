//! What changes that are applied cannot be here.

use super::{Mode, Mysql};
use crate::error::Problem;
use crate::format::{ChangeColumns, Shape};
use crate::sink::applied::Asked;

/// Everything about the options and the columns that cannot be as asked where rows are changes.
pub fn problems(mysql: &Mysql, shape: &Shape, columns: &ChangeColumns) -> Vec<Problem> {
    let asked = Asked {
        place: &mysql.url.place,
        upsert: mysql.mode == Mode::Upsert,
        key: &mysql.key,
        exactly_once: mysql.is_exactly_once(),
        bad_rows: &mysql.on_bad_row,
    };
    asked.problems(shape, columns)
}
