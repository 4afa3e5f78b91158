//! `lookup`: a field of the reference row that matches other columns, as of a time.

mod as_of;
mod floor;
mod matching;
mod pairs;

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, UInt32Array};
use arrow::compute::concat;
use arrow::datatypes::{DataType, UInt32Type};
use arrow::util::display::array_value_to_string;
use schemars::JsonSchema;
use serde::Deserialize;

use self::as_of::{AsOf, Held};
use self::matching::GroupMatcher;
use self::pairs::Pairs;
use super::Generator;
use super::reference::gather;
use crate::column::build::{Build, BuiltColumn, ColumnFields, Pick};
use crate::column::program::{Fill, first_input};
use crate::column::reference_data::Reference;
use crate::column::rows::Rows;
use crate::column::values::cut::cut;
use crate::column::values::scalar::array;
use crate::column::values::types::show_type;
use crate::domain::Domain;
use crate::error::{Problem, Result};
use crate::kernel::local_time::cast_to_zone;
use crate::place::{Placed, Scalar, Text};

/// A field of the reference row whose fields equal other columns, and whose time is the latest that
/// is not after another column's; null where there is none.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Lookup {
    /// The reference to look in.
    from: Placed<Text>,
    /// Fields of the reference, each with the column that it must equal.
    #[serde(rename = "match", default)]
    matching: Pairs,
    /// The reference's time (a timestamp, a date, or seconds since 1970), with the column whose
    /// time decides: the latest row at or before it is taken.
    #[serde(default)]
    as_of: Pairs,
    /// The field that this column shows; without it the column must be hidden.
    field: Option<Placed<Text>>,
    /// The value where nothing matches, instead of null.
    default: Option<Scalar>,
}

/// No row.
const NONE: u32 = u32::MAX;

/// Finds the reference's row.
struct RowFinder {
    matching: GroupMatcher,
    /// For each group: its only row; with times, the place of its first time.
    rows: Vec<u32>,
    as_of: Option<AsOf>,
}

/// Shows a field; the last value stands for no row.
struct OrDefault {
    gather: Arc<dyn Fill>,
    missing: u32,
}

struct LookupFields {
    reference: Arc<Reference>,
    nulls: bool,
}

impl Generator for Lookup {
    fn build(&self, build: &mut Build<'_>) -> Result<BuiltColumn, Problem> {
        let reference = build.reference(&self.from)?;
        let (picker, total) = self.picker(&reference, build)?;
        let mut made = self.shown(&reference, build, !total)?;
        made.pick = Some(Pick {
            data_type: DataType::UInt32,
            fill: Arc::new(picker),
            // A row of the reference follows from the matched values: with few of them a lookup
            // becomes a table like any expression, and costs a row one look-up.
            pointwise: true,
            rows: None,
            nulls: false,
        });
        let nulls = !total;
        made.fields = Some(Arc::new(LookupFields { reference, nulls }));
        Ok(made)
    }

    fn must_hide(&self) -> Option<&'static str> {
        self.field.is_none().then_some(
            "give it `field:` to show one field, or `hidden: true` and `copy` its fields",
        )
    }
}

impl Lookup {
    /// How rows are found, and whether one is found for every row.
    fn picker(
        &self,
        reference: &Reference,
        build: &mut Build<'_>,
    ) -> Result<(RowFinder, bool), Problem> {
        if self.matching.0.is_empty() && self.as_of.0.is_empty() {
            let message = "`lookup` needs `match`, `as_of` or both";
            return Err(Problem::new(message).at(&build.place));
        }
        if let [_, (second, _), ..] = self.as_of.0.as_slice() {
            let message = format!("`as_of` compares one time, `{}` is a second", second.value);
            return Err(Problem::new(message).at(&second.place));
        }
        let mut groups = Vec::new();
        let matching = GroupMatcher::new(&self.matching, reference, build, &mut groups)?;
        let Some((theirs, ours)) = self.as_of.0.first() else {
            let rows = self.only_rows(&groups, matching.groups(), reference)?;
            let total = matching.total(|_| true);
            let as_of = None;
            return Ok((
                RowFinder {
                    matching,
                    rows,
                    as_of,
                },
                total,
            ));
        };
        let matched = build.inputs.len();
        let input = build.input(ours, &ours.place)?;
        let times = reference.field(&theirs.value, &theirs.place)?;
        let held = Held::of(&input);
        let times = as_of::times(times, &input.data_type, held)
            .map_err(|message| self.not_a_time(theirs, reference, message))?;
        let name = format!(
            "{} (as of {}.{})",
            ours.as_str(),
            reference.name,
            theirs.value
        );
        // Only where the time is a column of its own here: one that is matched, too, must keep its
        // values.
        let input = match floor::few(&input, &times) {
            Some(floor) if input.index == matched => floor.input(&name, &input, build),
            _ => input,
        };
        let as_of = AsOf::new(&input, held, (&groups, matching.groups()), &times);
        let total = matching.total(|group| as_of.covers(group));
        let rows = Vec::new();
        let as_of = Some(as_of);
        Ok((
            RowFinder {
                matching,
                rows,
                as_of,
            },
            total,
        ))
    }

    fn not_a_time(
        &self,
        theirs: &Placed<String>,
        reference: &Reference,
        message: String,
    ) -> Problem {
        let (field, name, path) = (&theirs.value, &reference.name, &reference.path);
        Problem::new(format!(
            "field `{field}` of reference `{name}` ({path}) {message}"
        ))
        .at(&theirs.place)
        .hint("`as_of` compares timestamps, dates, or seconds since 1970")
    }

    /// The one row of each group.
    fn only_rows(
        &self,
        groups: &[u32],
        count: usize,
        reference: &Reference,
    ) -> Result<Vec<u32>, Problem> {
        let mut rows = vec![NONE; count];
        for (row, group) in groups
            .iter()
            .enumerate()
            .filter(|(_, group)| **group != NONE)
        {
            let slot = &mut rows[*group as usize];
            if *slot != NONE {
                let (name, path) = (&reference.name, &reference.path);
                let message = format!(
                    "rows {} and {} of reference `{name}` ({path}) match alike",
                    *slot + 1,
                    row + 1
                );
                return Err(Problem::new(message).at(&self.from.place).hint(
                    "match more fields, take one by `as_of`, or leave some out with the reference's `where`",
                ));
            }
            *slot = row as u32;
        }
        Ok(rows)
    }

    fn shown(
        &self,
        reference: &Reference,
        build: &Build<'_>,
        nulls: bool,
    ) -> Result<BuiltColumn, Problem> {
        let Some(field) = &self.field else {
            let domain = Domain {
                nulls,
                ..Domain::default()
            };
            return Ok(BuiltColumn::new(DataType::UInt32, domain, first_input));
        };
        let values = reference.field(field, &field.place)?;
        let wanted = build.data_type(values.data_type().clone());
        let mut values = converted(values, &wanted, field)?;
        let Some(default) = &self.default else {
            return Ok(gather_or_null(&values, nulls));
        };
        let default = array(std::slice::from_ref(default), &wanted)?;
        // The default stands behind the field's values as one more of them.
        let missing = values.len() as u32;
        values = concat(&[&values, &default]).map_err(|error| Problem::new(error.to_string()))?;
        let mut made = gather(&values);
        let gather = made.fill;
        made.fill = Arc::new(OrDefault { gather, missing });
        Ok(made)
    }
}

/// A field's values in the type that the column asks for.
fn converted(
    values: &ArrayRef,
    wanted: &DataType,
    field: &Placed<Text>,
) -> Result<ArrayRef, Problem> {
    let problem = |cause: String| {
        let (from, to) = (show_type(values.data_type()), show_type(wanted));
        let message = format!(
            "field `{}` is {from}, which cannot be made {to}",
            field.as_str()
        );
        Problem::new(message).at(&field.place).cause(cause)
    };
    let made = cast_to_zone(values, wanted).map_err(|error| problem(error.to_string()))?;
    let failed = |row: &usize| made.is_null(*row) && values.is_valid(*row);
    if let Some(row) = (0..values.len()).find(failed) {
        let value = array_value_to_string(values, row).unwrap_or_default();
        return Err(problem(format!("`{value}` is none")));
    }
    let cut = cut(values, &made).map_err(|error| problem(error.to_string()))?;
    let Some(row) = cut.first() else {
        return Ok(made);
    };
    let value = array_value_to_string(values, *row).unwrap_or_default();
    let hint = "leave out the `type`, and round it in an `expr` of another column";
    Err(problem(format!("`{value}` has more digits")).hint(hint))
}

fn gather_or_null(values: &ArrayRef, nulls: bool) -> BuiltColumn {
    let mut made = gather(values);
    made.domain.nulls |= nulls;
    made
}

impl ColumnFields for LookupFields {
    fn field(&self, path: &str, build: &mut Build<'_>) -> Result<BuiltColumn, Problem> {
        Ok(gather_or_null(
            self.reference.field(path, &build.place)?,
            self.nulls,
        ))
    }
}

impl Fill for RowFinder {
    fn fill(&self, rows: Rows<'_>, inputs: &[ArrayRef]) -> Result<ArrayRef> {
        let groups = self.matching.groups_of(rows.len(), inputs)?;
        let picked = match &self.as_of {
            Some(as_of) => as_of.pick(groups, inputs)?,
            None => {
                let row = |group: u32| self.rows.get(group as usize).copied().unwrap_or(NONE);
                groups.into_iter().map(row).collect()
            }
        };
        let any = picked.iter().fold(false, |any, row| any | (*row == NONE));
        Ok(Arc::new(match any {
            false => UInt32Array::from(picked),
            true => picked
                .into_iter()
                .map(|row| (row != NONE).then_some(row))
                .collect(),
        }))
    }
}

impl Fill for OrDefault {
    fn fill(&self, rows: Rows<'_>, inputs: &[ArrayRef]) -> Result<ArrayRef> {
        let picked = inputs[0].as_primitive::<UInt32Type>();
        if picked.null_count() == 0 {
            return self.gather.fill(rows, inputs);
        }
        let row = |row: Option<u32>| row.unwrap_or(self.missing);
        let picked: ArrayRef = Arc::new(UInt32Array::from_iter_values(picked.iter().map(row)));
        self.gather.fill(rows, &[picked])
    }
}

#[cfg(test)]
mod tests;
