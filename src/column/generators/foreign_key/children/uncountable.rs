//! Children that are too many to be counted, or whose parents are.

use super::MOST_PARENTS;
use crate::error::Problem;
use crate::units::show_count;

/// Why children are not counted.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::column) enum UncountableChildren {
    /// Their parents are too many.
    Parents,
    /// They are more than 2^63 together.
    Children,
}

impl UncountableChildren {
    /// Why the children of so many parents are not counted.
    pub(in crate::column) fn problem(&self, parents: u64) -> Problem {
        match self {
            Self::Children => Problem::new("the parents have more than 2^63 children together"),
            Self::Parents => {
                let (parents, most) = (show_count(parents), show_count(MOST_PARENTS));
                let message = format!(
                    "`per_parent` counts the children of each parent before the first row, of at most {most} in a pipeline: up to here are {parents}"
                );
                Problem::new(message).hint(
                "as many for each need no counting (`per_parent: 3`), nor does a table with `rows` whose foreign key has no `per_parent`",
            )
            }
        }
    }
}
