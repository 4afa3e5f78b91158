//! `foreign_key`: a row of another table for each row; the key is recomputed there, never stored.

pub(in crate::column) mod children;
mod chosen;
mod lasting;
mod per_parent;

use std::sync::Arc;

use arrow::array::ArrayRef;
use arrow::array::UInt64Array;
use arrow::datatypes::DataType;
use schemars::JsonSchema;
use serde::Deserialize;

use super::Generator;
use super::counts::Counts;
use crate::column::build::{Build, BuiltColumn, ColumnFields, Parent, Pick};
use crate::column::distribution::{CountSampler, Distribution};
use crate::column::kin::KinPart;
use crate::column::parent_column::ParentColumn;
use crate::column::program::{Fill, first_input};
use crate::column::random::hash::{Key, below};
use crate::column::random::permutation::Permutation;
use crate::column::rows::Rows;
use crate::domain::{Domain, Order};
use crate::error::{Problem, Result};
use crate::place::{Flag, Place, Placed, Text};
use children::Children;
use chosen::chosen;
use lasting::lasting;

/// A row of another table for each row; the parent's other columns are read through it:
/// `copy: customer_id.created_at`.
///
/// Either each row picks a parent, or with `per_parent` each parent has its own number of
/// children, which decides the table's row count; the rows of a parent then follow each other.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ForeignKey {
    /// The parent's key: `table.column`.
    #[serde(rename = "ref")]
    reference: Option<Placed<Text>>,
    /// For a key of several columns: the parent's table. The column must be hidden; `copy` each
    /// part of the key from it.
    table: Option<Placed<Text>>,
    /// How often parents are picked, by rank from 1 (default: all alike).
    distribution: Option<Placed<Distribution>>,
    /// Rank 1 is the parent's first row, 2 the second one; otherwise ranks are scattered (default).
    ranked: Option<Placed<Flag>>,
    /// An expression of the parent's row, from 0, such as `row % 1000`; null is no parent.
    row: Option<Placed<Text>>,
    /// How many children each parent has, also `{ copy: column }` or `{ expr: "…" }` of the parent; the table then has no `rows` of its own.
    per_parent: Option<Placed<Counts>>,
}

/// A field that only `nth` reads: no column can have its name.
pub(in crate::column) const NTH: &str = "(nth)";

/// Each row picks a parent.
struct RandomParents {
    key: Key,
    parents: u64,
    ranks: Option<(CountSampler, Option<Permutation>)>,
}

/// Each parent has its children one after the other.
struct ClusteredParents(Arc<Children>);

/// Each row's place among those of its parent.
struct ChildPlaces(Arc<Children>);

/// What can be read through the key.
struct ParentFields {
    parent: Parent,
    parents: u64,
    children: Option<Arc<Children>>,
    /// Some rows have no parent.
    nulls: bool,
}

impl Generator for ForeignKey {
    fn build(&self, build: &mut Build<'_>) -> Result<BuiltColumn, Problem> {
        let (table, column, place) = self.target()?;
        let parent = build.parent(&table, &place)?;
        // Of a parent whose rows change there is no row count to draw below: the changes themselves
        // say which rows are there.
        if let Some(lasting) = lasting(self, build, &parent, &place)? {
            let fields = ParentFields {
                parents: parent.rows.unwrap_or(u64::MAX),
                parent,
                children: None,
                nulls: false,
            };
            return fields.made(column, Arc::new(lasting), build, &place);
        }
        let Some(parents) = parent.rows else {
            let message = format!("table `{table}` is endless: none of its rows can be picked");
            return Err(Problem::new(message)
                .at(&place)
                .hint(format!("give `{table}` a row count")));
        };
        let chosen = chosen(self, build, &parent, parents)?;
        let children = self.children(build, &parent, parents)?;
        let fields = ParentFields {
            parent,
            parents,
            children: children.clone(),
            nulls: chosen.as_ref().is_some_and(|chosen| chosen.nulls),
        };
        let pointwise = chosen.is_some();
        let fill: Arc<dyn Fill> = match (&children, chosen) {
            (Some(children), _) => Arc::new(ClusteredParents(children.clone())),
            (None, Some(chosen)) => Arc::new(chosen),
            (None, None) => Arc::new(self.random(build.key, &fields.parent, parents, &place)?),
        };
        let rows = children.map(|children| children.total());
        let mut made = fields.made(column, fill, build, &place)?;
        if let Some(pick) = &mut made.pick {
            pick.pointwise = pointwise;
        }
        Ok(BuiltColumn { rows, ..made })
    }

    fn refers_to(&self) -> Option<(String, Option<String>)> {
        let (table, column, _) = self.target().ok()?;
        Some((table, column))
    }

    fn derives_rows(&self) -> bool {
        self.per_parent.is_some()
    }

    fn must_hide(&self) -> Option<&'static str> {
        self.table.is_some().then_some(
            "name one column with `ref: table.column`, or add `hidden: true` and `copy` the key's columns",
        )
    }
}

impl ForeignKey {
    /// The rows of a parent follow each other.
    pub(in crate::column) fn is_clustered(&self) -> bool {
        self.per_parent.is_some()
    }

    /// The parent's table, its key column unless the key has several, and where that is said.
    pub(in crate::column) fn target(&self) -> Result<(String, Option<String>, Place), Problem> {
        match (&self.reference, &self.table) {
            (Some(reference), None) => match reference.split_once('.') {
                Some((table, column)) => {
                    let place = reference.place.clone();
                    Ok((table.to_string(), Some(column.to_string()), place))
                }
                None => Err(Problem::new("`ref` names no column")
                    .at(&reference.place)
                    .hint(format!("write `{}.` and the column", reference.as_str()))),
            },
            (None, Some(table)) => {
                let name = table.value.0.clone();
                Ok((name, None, table.place.clone()))
            }
            (None, None) => Err(Problem::new("the key `ref` is missing")
                .hint("write `ref: customers.customer_id`, or `table: customers` for a key of several columns")),
            (Some(_), Some(table)) => {
                Err(Problem::new("`ref` and `table` cannot be used together").at(&table.place))
            }
        }
    }

    /// The options that say which row of its parent's table each row has, as far as they are there.
    fn ways(&self) -> impl Iterator<Item = (&'static str, &Place)> {
        let row = self.row.as_ref().map(|way| &way.place);
        let per_parent = self.per_parent.as_ref().map(|way| &way.place);
        let distribution = self.distribution.as_ref().map(|way| &way.place);
        let ranked = self.ranked.as_ref().map(|way| &way.place);
        let ways = [
            ("row", row),
            ("per_parent", per_parent),
            ("distribution", distribution),
            ("ranked", ranked),
        ];
        ways.into_iter()
            .filter_map(|(option, place)| Some((option, place?)))
    }

    fn random(
        &self,
        key: Key,
        parent: &Parent,
        parents: u64,
        place: &Place,
    ) -> Result<RandomParents, Problem> {
        if parents == 0 {
            let message = format!("table `{}` has no rows to pick from", parent.name);
            return Err(Problem::new(message).at(place));
        }
        let ranked = self.ranked.as_ref().is_some_and(|ranked| ranked.value.0);
        let ranks = match (&self.distribution, &self.ranked) {
            (Some(distribution), _) => {
                let counts = distribution.counts(&distribution.place, 1, parents)?;
                // The distribution's first ranks are the most frequent. Without `ranked` they are
                // scattered over all parents, or the first row of every table would be its best
                // customer.
                let scatter = || Permutation::new(key.child("ranks"), parents);
                Some((counts, (!ranked).then(scatter)))
            }
            (None, Some(ranked)) => {
                let message = "`ranked` needs a `distribution`: all parents are alike";
                return Err(Problem::new(message).at(&ranked.place));
            }
            (None, None) => None,
        };
        Ok(RandomParents {
            key,
            parents,
            ranks,
        })
    }
}

impl ParentFields {
    /// The column of what `fill` picks.
    fn made(
        self,
        column: Option<String>,
        fill: Arc<dyn Fill>,
        build: &mut Build<'_>,
        place: &Place,
    ) -> Result<BuiltColumn, Problem> {
        let mut made = match column {
            Some(column) => self.column(&column, build, place)?,
            None => BuiltColumn::new(DataType::UInt64, Domain::default(), first_input),
        };
        made.pick = Some(Pick {
            data_type: DataType::UInt64,
            fill,
            pointwise: false,
            rows: None,
            nulls: false,
        });
        made.fields = Some(Arc::new(self));
        Ok(made)
    }

    fn column(
        &self,
        path: &str,
        build: &mut Build<'_>,
        place: &Place,
    ) -> Result<BuiltColumn, Problem> {
        let input = build.parent_column(&self.parent, path, place)?;
        let most = self.children.as_ref().map(|children| children.most());
        let domain = Domain {
            order: match (most, input.domain.order) {
                (None, _) | (_, Order::Unknown) => Order::Unknown,
                (Some(0 | 1), order) => order,
                (Some(_), _) => Order::Ascending,
            },
            unique: input.domain.unique && most.is_some_and(|most| most <= 1),
            distinct: Some(input.domain.distinct.unwrap_or(u64::MAX).min(self.parents)),
            nulls: input.domain.nulls || self.nulls,
            ..input.domain
        };
        let program = self.parent.program.weak();
        let fill = ParentColumn::new(program, input.index, self.children.is_some());
        let (scope, nodes) = (self.parent.scope, [input.index]);
        let steps = build.tables.step_behind(scope, &nodes, place)?;
        let made = BuiltColumn::new(input.data_type, domain, fill);
        Ok(BuiltColumn { steps, ..made })
    }
}

impl ColumnFields for ParentFields {
    fn field(&self, path: &str, build: &mut Build<'_>) -> Result<BuiltColumn, Problem> {
        if path != NTH {
            let place = build.place.clone();
            return self.column(path, build, &place);
        }
        let Some(children) = self.children.clone() else {
            return Err(Problem::new("`nth` needs a foreign key with `per_parent`")
                .at(&build.place)
                .hint("without it, the children of a parent have no order"));
        };
        let domain = Domain::integers(0, children.most().saturating_sub(1));
        Ok(BuiltColumn::new(
            DataType::UInt64,
            domain,
            ChildPlaces(children),
        ))
    }
}

impl Fill for RandomParents {
    fn fill(&self, rows: Rows<'_>, _: &[ArrayRef]) -> Result<ArrayRef> {
        let mut picked = self.key.fill(rows);
        match &self.ranks {
            None => picked
                .iter_mut()
                .for_each(|random| *random = below(*random, self.parents)),
            Some((counts, scatter)) => {
                let random = picked.clone();
                counts.fill(&random, &mut picked);
                picked.iter_mut().for_each(|rank| *rank -= 1);
                if let Some(scatter) = scatter {
                    scatter.apply(&mut picked);
                }
            }
        }
        Ok(Arc::new(UInt64Array::from(picked)))
    }
}

impl Fill for ClusteredParents {
    fn fill(&self, rows: Rows<'_>, _: &[ArrayRef]) -> Result<ArrayRef> {
        Ok(Arc::new(UInt64Array::from(self.0.parents(rows))))
    }

    fn kin(&self) -> Option<KinPart> {
        Some(KinPart {
            children: self.0.clone(),
            place: false,
        })
    }
}

impl Fill for ChildPlaces {
    fn fill(&self, rows: Rows<'_>, _: &[ArrayRef]) -> Result<ArrayRef> {
        Ok(Arc::new(UInt64Array::from(self.0.places(rows))))
    }

    fn kin(&self) -> Option<KinPart> {
        Some(KinPart {
            children: self.0.clone(),
            place: true,
        })
    }
}

#[cfg(test)]
mod tests;
