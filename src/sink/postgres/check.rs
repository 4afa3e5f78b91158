//! What a table of PostgreSQL cannot hold or be asked for, and what will be done, in words.

use super::types::type_name;
use super::{Postgres, driver};
use crate::error::Problem;
use crate::format::Shape;
use crate::sink::applied::of_table;

/// Everything about the options and the columns that cannot be as asked.
pub fn problems(postgres: &Postgres, shape: &Shape) -> Vec<Problem> {
    let mut problems = Vec::new();
    problems.extend(driver::check(postgres).err());
    problems.extend(postgres.name(shape).err());
    problems.extend(postgres.options().problems(shape));
    let place = &postgres.url.place;
    for field in of_table(shape).fields() {
        if let Err(fault) = type_name(field) {
            let message = format!("column `{}`: {fault}", field.name());
            problems.push(Problem::new(message).at(place));
        }
    }
    problems
}

/// Lines that say what will be written.
pub fn describe(postgres: &Postgres, shape: &Shape) -> Vec<String> {
    let Ok(name) = postgres.name(shape) else {
        return Vec::new();
    };
    let ways = ("binary COPY", "COPY, and statements of many rows");
    vec![postgres.options().describe(&name.to_string(), shape, ways)]
}
