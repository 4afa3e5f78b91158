//! `reference`: one row of a reference file for each row, evenly, by weight, or by group.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, UInt32Array};
use arrow::compute::{cast, take};
use arrow::datatypes::{DataType, Float64Type};
use schemars::JsonSchema;
use serde::Deserialize;

use super::Generator;
use crate::column::build::{Build, BuiltColumn, ColumnFields, Pick};
use crate::column::program::{Fill, first_input};
use crate::column::random::hash::Key;
use crate::column::random::weighted_choice::WeightedChoice;
use crate::column::reference_data::Reference;
use crate::column::rows::Rows;
use crate::column::values::dictionary_encoded::DictionaryEncoded;
use crate::domain::Domain;
use crate::error::{Problem, Result};
use crate::kernel::draw::all_below;
use crate::place::{Placed, Text};

/// One row of a reference for each row; read its fields with `copy: column.field`.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ReferencePick {
    /// The reference to pick from.
    from: Placed<Text>,
    /// The field that this column shows; without it the column must be hidden.
    field: Option<Placed<Text>>,
    /// A numeric field: rows are picked in proportion to it.
    weight: Option<Placed<Text>>,
    /// Picks evenly among the distinct values of this field first, then within one.
    group_by: Option<Placed<Text>>,
}

/// How a row is chosen.
enum RowChoice {
    Even { count: u32 },
    Weighted(WeightedChoice),
}

struct ReferenceFill {
    key: Key,
    choice: RowChoice,
}

struct ReferenceFields(Arc<Reference>);

impl Generator for ReferencePick {
    fn build(&self, build: &mut Build<'_>) -> Result<BuiltColumn, Problem> {
        let reference = build.reference(&self.from)?;
        if reference.rows.num_rows() == 0 {
            let message = format!(
                "reference `{}` ({}) has no rows to pick from",
                reference.name, reference.path
            );
            return Err(Problem::new(message).at(&self.from.place));
        }
        let picker = ReferenceFill {
            key: build.key,
            choice: self.choice(&reference)?,
        };
        let mut made = match &self.field {
            Some(field) => gather(reference.field(field, &field.place)?),
            None => BuiltColumn::new(DataType::UInt32, Domain::default(), first_input),
        };
        made.pick = Some(Pick {
            data_type: DataType::UInt32,
            fill: Arc::new(picker),
            pointwise: false,
            rows: Some(reference.rows.num_rows()),
            nulls: false,
        });
        made.fields = Some(Arc::new(ReferenceFields(reference)));
        Ok(made)
    }

    fn must_hide(&self) -> Option<&'static str> {
        self.field.is_none().then_some(
            "give it `field:` to show one field, or `hidden: true` and `copy` its fields",
        )
    }
}

impl ReferencePick {
    fn choice(&self, reference: &Reference) -> Result<RowChoice, Problem> {
        match (&self.weight, &self.group_by) {
            (Some(weight), None) => weighted(reference, weight).map(RowChoice::Weighted),
            (None, Some(field)) => grouped(reference, field).map(RowChoice::Weighted),
            (None, None) => Ok(RowChoice::Even {
                count: reference.rows.num_rows() as u32,
            }),
            (Some(weight), Some(_)) => Err(Problem::new(
                "`weight` and `group_by` cannot be used together",
            )
            .at(&weight.place)),
        }
    }
}

fn weighted(reference: &Reference, weight: &Placed<Text>) -> Result<WeightedChoice, Problem> {
    let weights =
        cast(reference.field(weight, &weight.place)?, &DataType::Float64).map_err(|_| {
            Problem::new(format!("field `{}` is not numeric", weight.as_str())).at(&weight.place)
        })?;
    let weights: Vec<f64> = weights
        .as_primitive::<Float64Type>()
        .iter()
        // A row that is given no weight is never picked.
        .map(|weight| weight.unwrap_or(0.0))
        .collect();
    WeightedChoice::new(&weights).map_err(|message| Problem::new(message).at(&weight.place))
}

/// Each row of a group of `n` rows has the `n`th part of what every group has.
fn grouped(reference: &Reference, field: &Placed<Text>) -> Result<WeightedChoice, Problem> {
    let values = reference.field(field, &field.place)?;
    let encoded =
        DictionaryEncoded::new(values).map_err(|error| Problem::new(error.to_string()))?;
    // Rows without a value are a group, too.
    let group = |key: &i32| usize::try_from(*key).unwrap_or(encoded.values.len());
    let mut members = vec![0.0; encoded.values.len() + 1];
    for key in &encoded.keys {
        members[group(key)] += 1.0;
    }
    let weights: Vec<f64> = encoded
        .keys
        .iter()
        .map(|key| 1.0 / members[group(key)])
        .collect();
    WeightedChoice::new(&weights).map_err(|message| Problem::new(message).at(&field.place))
}

impl Fill for ReferenceFill {
    fn fill(&self, rows: Rows<'_>, _: &[ArrayRef]) -> Result<ArrayRef> {
        let picked = match &self.choice {
            RowChoice::Even { count } => {
                let draw = |randoms: &[u64], out: &mut [u32]| all_below(randoms, *count, out);
                self.key.draw(rows, draw)
            }
            RowChoice::Weighted(alias) => alias.picks(&self.key, rows),
        };
        Ok(Arc::new(UInt32Array::from(picked)))
    }
}

impl ColumnFields for ReferenceFields {
    fn field(&self, path: &str, build: &mut Build<'_>) -> Result<BuiltColumn, Problem> {
        Ok(gather(self.0.field(path, &build.place)?))
    }
}

/// Values of a reference's field at the rows that input 0 picked.
pub fn gather(values: &ArrayRef) -> BuiltColumn {
    let domain = Domain {
        nulls: values.null_count() > 0,
        distinct: Some(values.len() as u64),
        ..Domain::default()
    };
    let (data_type, values) = (values.data_type().clone(), values.clone());
    let fill = move |_: Rows<'_>, inputs: &[ArrayRef]| Ok(take(&values, &inputs[0], None)?);
    BuiltColumn::pointwise(data_type, domain, fill)
}
