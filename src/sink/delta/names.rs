//! Names of columns that a table of Delta Lake may have.

use std::collections::BTreeMap;

use super::Delta;
use crate::error::Problem;
use crate::format::Shape;

/// What no name may hold in a table whose files know columns by their names.
const FORBIDDEN: &str = " ,;{}()\n\t=";

/// Names that no table takes, and a table without columns of its own.
pub(super) fn problems(delta: &Delta, shape: &Shape) -> Vec<Problem> {
    let mut problems = Vec::new();
    let fields = shape.schema.fields().iter().map(|field| field.name());
    let names: Vec<&String> = fields
        .chain(shape.folders.iter().map(|field| field.name()))
        .collect();
    let mut seen: BTreeMap<String, &String> = BTreeMap::new();
    for name in names {
        if let Some(held) = name.chars().find(|c| FORBIDDEN.contains(*c)) {
            let what = format!(
                "column `{name}` of `{}` holds {held:?}, which no column of Delta Lake may",
                shape.table
            );
            problems.push(Problem::new(what).at(&delta.path.place).hint(format!(
                "give it another name: `columns: {{ {}: {name:?} }}`",
                name.replace(|c| FORBIDDEN.contains(c), "_")
            )));
        }
        if let Some(other) = seen.insert(name.to_lowercase(), name) {
            let what = format!(
                "columns `{other}` and `{name}` of `{}` are one to Delta Lake, which knows no case",
                shape.table
            );
            let hint = "give one of them another name: `columns: { NEW: OLD }`";
            problems.push(Problem::new(what).at(&delta.path.place).hint(hint));
        }
    }
    if shape.schema.fields().is_empty() {
        let what = "a table of Delta Lake needs a column that does not partition it";
        let problem = Problem::new(what).at(delta.place());
        problems.push(problem.hint("leave one out of `partition_by`"));
    }
    problems
}
