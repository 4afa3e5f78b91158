//! What a table of MySQL cannot hold or be asked for, and what will be done, in words.

use super::types::type_name;
use super::{Mysql, driver};
use crate::error::Problem;
use crate::format::Shape;
use crate::sink::applied::of_table;

/// Everything about the options and the columns that cannot be as asked.
pub fn problems(mysql: &Mysql, shape: &Shape) -> Vec<Problem> {
    let mut problems = Vec::new();
    problems.extend(driver::check(mysql).err());
    problems.extend(mysql.name(shape).err());
    problems.extend(mysql.options().problems(shape));
    let place = &mysql.url.place;
    let of_changes = shape.changes.as_ref();
    let of_changes = of_changes.map(|columns| shape.schema.field(columns.key).name());
    for field in of_table(shape).fields() {
        let is_key = mysql.is_key(field.name()) || of_changes == Some(field.name());
        if let Err(fault) = type_name(field, is_key) {
            let message = format!("column `{}`: {fault}", field.name());
            problems.push(Problem::new(message).at(place));
        }
    }
    problems
}

/// Lines that say what will be written.
pub fn describe(mysql: &Mysql, shape: &Shape) -> Vec<String> {
    let Ok(name) = mysql.name(shape) else {
        return Vec::new();
    };
    let ways = ("many rows an INSERT", "many rows a statement");
    vec![mysql.options().describe(&name.to_string(), shape, ways)]
}
