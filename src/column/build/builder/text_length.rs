//! How long texts may be: that none is too long for a `varchar(n)` is proved before the first row, or
//! checked in each.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, StringArray};

use crate::column::build::BuiltColumn;
use crate::column::build::Column;
use crate::column::program::Fill;
use crate::column::rows::Rows;
use crate::error::{Error, Problem, Result};
use crate::place::Place;

/// Texts of which none may be longer than `most` characters.
struct Limited {
    fill: Arc<dyn Fill>,
    column: String,
    most: usize,
    /// Where the file says so.
    place: Place,
}

/// Holds what was made to the length that the column's type says, if it says one.
///
/// # Errors
/// A value that is known to come is longer.
pub(super) fn limit(made: &mut BuiltColumn, column: &Column, name: &str) -> Result<(), Problem> {
    let Some(wanted) = &column.common.data_type else {
        return Ok(());
    };
    let Some(most) = wanted.length else {
        return Ok(());
    };
    // Known texts are looked at once, here; texts that can be too long in each batch; all others
    // never.
    let known = made.domain.dictionary.as_ref();
    if let Some(values) = known.and_then(|values| values.as_string_opt::<i32>()) {
        return match first_longer(values, most) {
            Some(at) => Err(too_long(values.value(at), name, most).at(&wanted.place)),
            None => Ok(()),
        };
    }
    if made.domain.shortest > most {
        let message = format!(
            "column `{name}` takes {most} characters, and its texts have {} or more",
            made.domain.shortest
        );
        return Err(Problem::new(message).at(&wanted.place).hint(hint(most)));
    }
    // No text has more characters than bytes.
    if made.domain.longest.is_none_or(|bytes| bytes > most) {
        made.fill = Arc::new(Limited {
            fill: made.fill.clone(),
            column: name.to_string(),
            most,
            place: wanted.place.clone(),
        });
    }
    Ok(())
}

impl Fill for Limited {
    fn fill(&self, rows: Rows<'_>, inputs: &[ArrayRef]) -> Result<ArrayRef> {
        let made = self.fill.fill(rows, inputs)?;
        let texts = crate::column::values::arrays::plain(&made)?;
        let Some(texts) = texts.as_string_opt::<i32>() else {
            return Ok(made);
        };
        let Some(at) = first_longer(texts, self.most) else {
            return Ok(made);
        };
        let mut problem = too_long(texts.value(at), &self.column, self.most);
        problem.message = format!("row {}: {}", rows.at(at), problem.message);
        Err(Error::run(problem.at(&self.place)))
    }
}

fn first_longer(texts: &StringArray, most: usize) -> Option<usize> {
    let longer = |at: &usize| {
        let text = texts.value(*at);
        // Bytes first: most texts are shorter, and then no character is counted.
        text.len() > most && text.chars().nth(most).is_some()
    };
    (0..texts.len()).find(|at| texts.is_valid(*at) && longer(at))
}

fn too_long(text: &str, column: &str, most: usize) -> Problem {
    let (length, shown) = (text.chars().count(), text.chars().take(40));
    let shown: String = shown.collect();
    let more = if length > 40 { "…" } else { "" };
    Problem::new(format!(
        "`{shown}{more}` has {length} characters, and column `{column}` takes {most}"
    ))
    .hint(hint(most))
}

fn hint(most: usize) -> String {
    format!("give it a longer type, or cut its texts: `expr: \"left(…, {most})\"`")
}
