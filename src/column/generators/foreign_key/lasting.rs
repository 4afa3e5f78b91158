//! Keys of rows that come, change and go: each change picks a row that was there before it and stays.

use std::sync::Arc;

use arrow::array::{ArrayRef, UInt64Array};

use super::ForeignKey;
use crate::column::build::{Build, Parent};
use crate::column::changes::Changed;
use crate::column::program::Fill;
use crate::column::random::hash::Key;
use crate::column::rows::Rows;
use crate::error::{Error, Problem, Result};
use crate::place::Place;

/// Rows of a table under `changes`, for a table that is under them, too.
pub(super) struct LastingParents {
    key: Key,
    child: Arc<dyn Changed>,
    parent: String,
}

/// How rows of `parent` are picked where it is under `changes`; nothing where neither table is.
///
/// # Errors
/// Only one of the tables is, or the key asks for more than changes keep.
pub(super) fn lasting(
    key: &ForeignKey,
    build: &Build<'_>,
    parent: &Parent,
    place: &Place,
) -> Result<Option<LastingParents>, Problem> {
    let name = &parent.name;
    let own = match (build.changes(), &parent.changes) {
        (None, None) => return Ok(None),
        (Some(own), Some(_)) => own,
        (Some(_), None) => {
            let message =
                format!("table `{name}` is not under `changes`, and rows that are refer to it");
            return Err(Problem::new(message)
                .at(place)
                .hint(format!("add `{name}: {{ insert: 1 }}` to the `mix`")));
        }
        (None, Some(_)) => {
            let message = format!(
                "the rows of `{name}` come and go under `changes`: only a table that is under them, too, can refer to them"
            );
            return Err(Problem::new(message)
                .at(place)
                .hint("add this table to the `mix`, with inserts"));
        }
    };
    if build.around().outer.is_some() {
        let message = "a key of a table under `changes` cannot stand within a column";
        return Err(Problem::new(message)
            .at(place)
            .hint("make it a column of its own, hidden or not"));
    }
    if let Some((option, asked)) = key.ways().next() {
        let message = format!(
            "`{option}` needs parents whose number is known: those under `changes` become more, and all that stay are alike"
        );
        return Err(Problem::new(message)
            .at(asked)
            .hint(format!("leave out `{option}`")));
    }
    Ok(Some(LastingParents {
        key: build.key,
        child: own,
        parent: name.clone(),
    }))
}

impl Fill for LastingParents {
    fn fill(&self, rows: Rows<'_>, _: &[ArrayRef]) -> Result<ArrayRef> {
        let parents = self.child.parents(&self.parent, self.key, rows);
        let parents = parents.ok_or_else(|| {
            Error::run(format!(
                "no change of these rows refers to `{}`",
                self.parent
            ))
        })?;
        Ok(Arc::new(UInt64Array::from(parents)))
    }
}
