//! `per_parent`: how many children each parent has, which decides the rows of a table.

use std::sync::Arc;

use super::ForeignKey;
use super::children::{Children, CountColumn, MOST_PARENTS, UncountableChildren};
use crate::column::build::{Build, Parent};
use crate::column::distribution::CountSampler;
use crate::column::generators::counts::Counts;
use crate::column::random::hash::Key;
use crate::error::{Error, Problem};
use crate::place::Placed;

impl ForeignKey {
    /// The number of children of each parent, and what it is drawn with in the column of that key.
    pub(in crate::column) fn per_parent(
        &self,
        key: Key,
    ) -> Result<Option<(Key, CountSampler)>, Problem> {
        let Some(per_parent) = &self.per_parent else {
            return Ok(None);
        };
        let Counts::Drawn(drawn) = &per_parent.value else {
            return Ok(None);
        };
        let counts = drawn.counts(&per_parent.place, 0, u32::MAX.into())?;
        Ok(Some((key.child("children"), counts)))
    }

    /// True where a column of the parent says how many children there are.
    pub(in crate::column) fn is_counted_by_column(&self) -> bool {
        let per_parent = self.per_parent.as_ref();
        per_parent.is_some_and(|counts| !matches!(counts.value, Counts::Drawn(_)))
    }

    pub(super) fn children(
        &self,
        build: &mut Build<'_>,
        parent: &Parent,
        parents: u64,
    ) -> Result<Option<Arc<Children>>, Problem> {
        let Some(per_parent) = &self.per_parent else {
            return Ok(None);
        };
        // `row` beside them was refused before (`chosen`).
        let mut drawn = self.ways().skip_while(|(way, _)| *way != "per_parent");
        if let Some((other, place)) = drawn.nth(1) {
            let message = format!("`{other}` and `per_parent` cannot be used together");
            return Err(Problem::new(message).at(place));
        }
        check_decides(build).map_err(|problem| problem.at(&per_parent.place))?;
        let Some((key, counts)) = self.per_parent(build.key)? else {
            return counted_by(per_parent, build, parent, parents).map(Some);
        };
        // Where every parent has as many, there is nothing to count. Before this was seen, `check`
        // went on for hours at 10^12 parents, and asked for 85 GB at 10^15.
        let all = match Children::are_counted(&counts) {
            true => build.count_parents(parents),
            false => parents,
        };
        let children = Children::index(key, counts, parents, all);
        let children = children.map_err(|why| why.problem(all).at(&per_parent.place))?;
        Ok(Some(Arc::new(children)))
    }
}

/// Children whose number a column of the parent says.
fn counted_by(
    per_parent: &Placed<Counts>,
    build: &mut Build<'_>,
    parent: &Parent,
    parents: u64,
) -> Result<Arc<Children>, Problem> {
    let place = &per_parent.place;
    let all = build.count_parents(parents);
    if all > MOST_PARENTS {
        return Err(UncountableChildren::Parents.problem(all).at(place));
    }
    let name = format!("{} (per_parent)", build.name);
    let counts = &per_parent.value;
    let node = counts.node(build, parent.scope, &name, place)?;
    let Some(node) = node else {
        return Err(Problem::new("no column says how many children there are").at(place));
    };
    let says = match counts {
        Counts::Column(column) => format!("{}.{}", parent.name, column.as_str()),
        _ => counts.says(),
    };
    let column = CountColumn::new(parent.program.weak(), node, says);
    let children = build
        .tables
        // The parent's table is perhaps not whole yet; what its column is made of is there.
        .with_programs(|| Children::of_column(column, parents));
    let problem = |error: Error| {
        let mut problems = error.problems.into_iter();
        let problem = problems
            .next()
            .unwrap_or_else(|| Problem::new("children cannot be counted"));
        problem.at(place)
    };
    children.map(Arc::new).map_err(problem)
}

/// `per_parent` decides the row count of its table, so nothing else may.
fn check_decides(build: &Build<'_>) -> Result<(), Problem> {
    let around = build.around();
    if around.outer.is_some() {
        let message = "`per_parent` decides a table's rows: it cannot stand within a column";
        return Err(Problem::new(message).hint("use `list` with a `length`"));
    }
    if around.has_rows {
        let message = format!("`per_parent` decides the rows of `{}`", around.name);
        return Err(Problem::new(message).hint("remove the table's `rows`"));
    }
    let deciding = |at: &usize| around.columns[*at].1.generator.derives_rows();
    match (0..around.columns.len()).find(deciding) {
        Some(first) if around.building != Some(first) => {
            let first = around.columns[first].0.value.as_str();
            let message = format!(
                "column `{first}` decides the rows of `{}` already",
                around.name
            );
            Err(Problem::new(message))
        }
        _ => Ok(()),
    }
}
