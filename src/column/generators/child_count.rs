//! `child_count`: how many children a row has in another table.

use std::sync::Arc;

use arrow::array::ArrayRef;
use arrow::datatypes::DataType;
use schemars::JsonSchema;
use serde::Deserialize;

use super::foreign_key::ForeignKey;
use super::{Children, Generator, GeneratorKind};
use crate::column::build::{Build, BuiltColumn};
use crate::column::distribution::CountSampler;
use crate::column::generators::foreign_key::children::children_of;
use crate::column::program::Fill;
use crate::column::random::hash::Key;
use crate::column::rows::Rows;
use crate::column::values::arrays::from_i64;
use crate::column::values::scalar::limits;
use crate::column::values::types::show_type;
use crate::domain::Domain;
use crate::error::{Problem, Result};
use crate::place::{Placed, Text};

/// How many children the row has in another table: the foreign key there, which has `per_parent`.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct ChildCount(Placed<Text>);

/// What says how many children a row has.
enum PerParent {
    /// The foreign key draws it.
    Drawn(Key, CountSampler),
    /// A column of this table says it, whatever that is made of.
    Counted(Arc<Children>),
}

struct ChildCountFill {
    counts: PerParent,
    data_type: DataType,
}

impl Generator for ChildCount {
    fn build(&self, build: &mut Build<'_>) -> Result<BuiltColumn, Problem> {
        let data_type = build.data_type(DataType::Int64);
        if !data_type.is_integer() {
            return Err(build.wrong_type("child_count", "whole numbers"));
        }
        let counts = self.per_parent(build)?;
        let (least, most) = match &counts {
            PerParent::Drawn(_, counts) => counts.range(),
            PerParent::Counted(children) => (children.least(), children.most()),
        };
        if i128::from(most) > limits(&data_type).1 {
            let data_type = show_type(&data_type);
            let message = format!("up to {most} children do not fit in {data_type}");
            return Err(Problem::new(message).at(&build.place));
        }
        let domain = Domain::integers(least, most);
        let of = data_type.clone();
        let fill = ChildCountFill { counts, data_type };
        Ok(BuiltColumn::new(of, domain, fill))
    }

    fn follows_rows(&self) -> bool {
        true
    }
}

impl ChildCount {
    fn per_parent(&self, build: &mut Build<'_>) -> Result<PerParent, Problem> {
        let place = &self.0.place;
        let Some((table, column)) = self.0.split_once('.') else {
            return Err(Problem::new("`child_count` names no column")
                .at(place)
                .hint(format!("write `{}.` and its foreign key", self.0.as_str())));
        };
        let child = build.parent(table, place)?;
        let (options, key) = build.column_options(&child, column, place)?;
        let GeneratorKind::ForeignKey(foreign_key) = &options.generator else {
            let kind = options.generator.kind();
            let message = format!("`{}` is a `{kind}`, not a foreign key", self.0.as_str());
            return Err(Problem::new(message).at(place));
        };
        self.check_parent(build, foreign_key)?;
        if foreign_key.is_counted_by_column() {
            let found = build.tables.children(build.scope, table, place)?;
            return Ok(PerParent::Counted(found.rows.children));
        }
        let drawn = foreign_key.per_parent(key)?;
        drawn
            .map(|(key, counts)| PerParent::Drawn(key, counts))
            .ok_or_else(|| {
                let message = format!("the foreign key `{}` has no `per_parent`", self.0.as_str());
                Problem::new(message)
                    .at(place)
                    .hint("its rows pick their parents, so children would have to be counted")
            })
    }

    /// The foreign key must refer to the table that this column stands in.
    fn check_parent(&self, build: &Build<'_>, foreign_key: &ForeignKey) -> Result<(), Problem> {
        let (parent, ..) = foreign_key.target()?;
        let around = build.around();
        if around.outer.is_none() && around.name == parent {
            return Ok(());
        }
        let (child, here) = (self.0.as_str(), around.name);
        let message = format!("`{child}` refers to rows of `{parent}`, not of `{here}`");
        Err(Problem::new(message).at(&self.0.place))
    }
}

impl Fill for ChildCountFill {
    fn fill(&self, rows: Rows<'_>, _: &[ArrayRef]) -> Result<ArrayRef> {
        let numbers = match &self.counts {
            // From the foreign key's options and key: none of its values is needed.
            PerParent::Drawn(key, counts) => {
                let numbers = children_of(*key, counts, rows).into_iter();
                numbers.map(|number| number as i64).collect()
            }
            PerParent::Counted(children) => {
                let runs = children.runs(rows).into_iter();
                runs.map(|run| run.count as i64).collect()
            }
        };
        Ok(from_i64(&self.data_type, numbers))
    }
}
