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
    problems.extend(equal_names(shape).map(|problem| problem.at(place)));
    problems
}

/// Columns whose names differ in their case only.
fn equal_names(shape: &Shape) -> impl Iterator<Item = Problem> {
    let table = of_table(shape);
    let names = table.fields().iter().map(|field| field.name().clone());
    let names: Vec<String> = names.collect();
    let equal = |(place, name): (usize, &String)| {
        let same = |other: &&String| other.to_lowercase() == name.to_lowercase();
        let before = names[..place].iter().find(same)?;
        let what = format!("columns `{before}` and `{name}` are one in MySQL");
        let hint = "names of its columns are equal in any case: rename one, or leave it out of the sink's `columns`";
        Some(Problem::new(what).hint(hint))
    };
    let equal: Vec<Problem> = names.iter().enumerate().filter_map(equal).collect();
    equal.into_iter()
}

/// Lines that say what will be written.
pub fn describe(mysql: &Mysql, shape: &Shape) -> Vec<String> {
    let Ok(name) = mysql.name(shape) else {
        return Vec::new();
    };
    let ways = ("many rows an INSERT", "many rows a statement");
    vec![mysql.options().describe(&name.to_string(), shape, ways)]
}
