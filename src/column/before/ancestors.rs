//! Groups of a parent's parent: its rows follow each other, too, where each key on the way keeps them so.

use std::sync::Arc;

use crate::column::build::Build;
use crate::column::generators::{Children, GeneratorKind, NTH};
use crate::column::rows::Rows;
use crate::error::Problem;
use crate::place::{Placed, Text};

/// The children on the way from a table to the one whose rows are groups, the own table's first.
#[derive(Debug, Clone)]
pub(super) struct Ancestors(Vec<Arc<Children>>);

impl Ancestors {
    /// Those of `within`, where that is a path through keys: `order_id.customer_id`, or a column that copies
    /// one; nothing where it is none of such keys.
    ///
    /// # Errors
    /// A table on the way cannot be built.
    pub(super) fn of(
        within: &Placed<Text>,
        build: &mut Build<'_>,
    ) -> Result<Option<Self>, Problem> {
        let columns = build.around().columns;
        let named = |name: &str| columns.iter().find(|(known, _)| known.value == name);
        let copied = named(within).and_then(|(_, column)| match &column.generator {
            GeneratorKind::Copy(copy) if column.common.nulls.is_none() => Some(copy.path()),
            _ => None,
        });
        let path = copied.unwrap_or(within.as_str()).to_string();
        let mut steps = path.split('.');
        let first = steps.next().and_then(named);
        let Some((_, first)) = first else {
            return Ok(None);
        };
        let mut column = first.clone();
        let mut found = Vec::new();
        let place = &within.place;
        for step in steps {
            let GeneratorKind::ForeignKey(key) = &column.generator else {
                return Ok(None);
            };
            let table = key.target()?.0;
            let parent = build.parent(&table, place)?;
            let Ok((next, _)) = build.column_options(&parent, step, place) else {
                return Ok(None);
            };
            match &next.generator {
                GeneratorKind::ForeignKey(next) if next.is_clustered() && key.is_clustered() => {}
                _ => return Ok(None),
            }
            if found.is_empty() {
                let own = path.split('.').next().unwrap_or_default();
                let own = build.input(&format!("{own}.{NTH}"), place)?;
                found.extend(build.siblings(own.index));
            }
            let node = build.parent_column(&parent, &format!("{step}.{NTH}"), place)?;
            found.extend(build.parents_siblings(&parent, node.index));
            column = next;
        }
        Ok((found.len() > 1).then_some(Self(found)))
    }

    /// The places of rows in their groups.
    pub(super) fn places(&self, rows: Rows<'_>) -> Vec<u64> {
        let (mut start, mut end) = (0, 0);
        let mut places = Vec::with_capacity(rows.len());
        for index in 0..rows.len() {
            let row = rows.at(index);
            if !(start..end).contains(&row) {
                (start, end) = self.span(0, row);
            }
            places.push(row - start);
        }
        places
    }

    /// The first row behind the group that `row` is in.
    pub(super) fn end(&self, row: u64) -> u64 {
        self.span(0, row).1
    }

    /// How many rows the table has.
    pub(super) fn rows(&self) -> u64 {
        self.0[0].total()
    }

    /// The most rows that a group can have.
    pub(super) fn most(&self) -> u64 {
        let most = self.0.iter().map(|children| children.most());
        most.fold(1, u64::saturating_mul).min(self.rows())
    }

    /// From where to before where the rows of a group stand in a table.
    fn span(&self, level: usize, row: u64) -> (u64, u64) {
        let (children, alone) = (&self.0[level], [row]);
        let only = |values: Vec<u64>| values.first().copied().unwrap_or_default();
        if level + 1 == self.0.len() {
            let place = only(children.places(Rows::List(&alone)));
            return (row - place, children.end(row));
        }
        let parent = only(children.parents(Rows::List(&alone)));
        let (first, end) = self.span(level + 1, parent);
        (children.first(first), children.first(end))
    }
}
