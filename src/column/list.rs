//! `list`: several values in one row, each made like a column of its own.

use std::sync::Arc;

use arrow::array::{ArrayRef, ListArray, UInt32Array};
use arrow::buffer::OffsetBuffer;
use arrow::compute::take;
use arrow::datatypes::{DataType, FieldRef};
use schemars::JsonSchema;
use serde::Deserialize;

use super::arrays::plain;
use super::build::{Build, Made, Nested};
use super::distribution::{Counts, Distribution};
use super::hash::Key;
use super::program::Fill;
use super::rows::Rows;
use super::structure::unpacked;
use super::{Column, Generator};
use crate::domain::Domain;
use crate::error::{Error, Problem, Result};
use crate::place::Placed;
use crate::registry::Example;

/// The longest list: the places of a row's items are numbered within so many.
const LONGEST: u64 = 1 << 20;

/// Several values in one row; `item` is a value's place in its list, from 0.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct List {
    /// How many values a row has.
    length: Placed<Distribution>,
    /// How a value is made; a `struct` makes a list of structs.
    of: Arc<Column>,
}

impl Example for List {
    const EXAMPLE: &'static str =
        "list: { length: { uniform: { min: 1, max: 7 } }, of: { uniform: { min: 1, max: 6 } } }";
}

struct Items {
    key: Key,
    counts: Counts,
    width: u64,
    nested: Nested,
    element: FieldRef,
}

impl Generator for List {
    fn build(&self, build: &mut Build<'_>) -> Result<Made, Problem> {
        if build.wanted.is_some() {
            return Err(Problem::new("a list has no `type` of its own")
                .at(&build.place)
                .hint("give `of` its type"));
        }
        let counts = self.length.value.counts(&self.length.place, 0, LONGEST)?;
        let width = counts.range().1.max(1);
        let name = Placed {
            value: "element".to_string(),
            place: self.of.place.clone(),
        };
        let nested = build.nested(&vec![(name, self.of.clone())], Some(width))?;
        let Some(field) = nested.fields.first() else {
            return Err(Problem::new("the values of a list cannot be hidden").at(&self.of.place));
        };
        let element: FieldRef = Arc::new(unpacked(field));
        let data_type = DataType::List(element.clone());
        let items = Items {
            key: build.key.child("length"),
            counts,
            width,
            nested,
            element,
        };
        Ok(Made::new(data_type, Domain::default(), items))
    }
}

impl Fill for Items {
    fn fill(&self, rows: Rows<'_>, inputs: &[ArrayRef]) -> Result<ArrayRef> {
        let lengths: Vec<usize> = self
            .key
            .fill(rows)
            .into_iter()
            .map(|random| self.counts.draw(random) as usize)
            .collect();
        let all: usize = lengths.iter().sum();
        if i32::try_from(all).is_err() {
            return Err(
                Error::run("the lists of one batch hold more than 2^31 values")
                    .hint("set a smaller `batch_rows` under `run:`"),
            );
        }
        let (mut items, mut owners) = (Vec::with_capacity(all), Vec::with_capacity(all));
        for (index, length) in lengths.iter().enumerate() {
            let first = rows.at(index) * self.width;
            items.extend(first..first + *length as u64);
            owners.extend(std::iter::repeat_n(index as u32, *length));
        }
        let owners = UInt32Array::from(owners);
        let outer: Vec<ArrayRef> = inputs[self.nested.first_input..]
            .iter()
            .map(|input| take(input, &owners, None))
            .collect::<Result<_, _>>()?;
        let made =
            self.nested
                .program
                .evaluate(&self.nested.selection, Rows::List(&items), &outer)?;
        let values = made
            .first()
            .map(plain)
            .transpose()?
            .ok_or_else(|| Error::run("a list without values"))?;
        let offsets = OffsetBuffer::from_lengths(lengths);
        Ok(Arc::new(ListArray::try_new(
            self.element.clone(),
            offsets,
            values,
            None,
        )?))
    }
}

#[cfg(test)]
mod tests {
    use arrow::array::{Array, AsArray};
    use arrow::datatypes::Int64Type;

    use crate::column::testing::tables;

    const TABLE: &str = "t:\n  rows: 1000\n  columns:\n    id: { sequence: { start: 0 } }\n    l: { list: { length: { uniform: { min: 0, max: 3 } }, of: { struct: { place: { expr: \"item\" }, owner: { copy: id }, size: { choice: [S, M] } } } } }\n";

    #[test]
    fn items_know_their_place_and_their_row() {
        let tables = tables(TABLE).unwrap();
        let lists = tables.column("t", "l");
        let lists = lists.as_list::<i32>();
        let mut lengths = [0; 4];
        for row in 0..lists.len() {
            let items = lists.value(row);
            let items = items.as_struct();
            lengths[items.len()] += 1;
            let expected: Vec<i64> = (0..items.len() as i64).collect();
            assert_eq!(
                items.column(0).as_primitive::<Int64Type>().values(),
                &expected[..]
            );
            assert!(
                items
                    .column(1)
                    .as_primitive::<Int64Type>()
                    .values()
                    .iter()
                    .all(|owner| *owner == row as i64)
            );
        }
        // 1000 draws of 4 lengths: 250 ± 5 standard deviations of 13.7.
        assert!(
            lengths.iter().all(|count| (180..320).contains(count)),
            "{lengths:?}"
        );
    }
}
