//! So many values in each row, of columns of their own: what `list` and `map` have in common.

use arrow::array::{ArrayRef, AsArray, UInt32Array};
use arrow::buffer::{OffsetBuffer, ScalarBuffer};
use arrow::compute::take;
use arrow::datatypes::{DataType, Fields, Int64Type};

use super::counts::Counts;
use crate::column::build::{Build, ColumnList, NestedColumns};
use crate::column::distribution::CountSampler;
use crate::column::random::hash::Key;
use crate::column::rows::Rows;
use crate::column::values::arrays::plain;
use crate::domain::Domain;
use crate::error::{Error, Problem, Result};
use crate::place::Placed;

/// The most items that a row has room for.
const LONGEST: u64 = 100_000;

const MOST: i64 = LONGEST as i64;

/// What an item takes besides its value: its number, its row's, and its end.
const BYTES_OF_AN_ITEM: u64 = 16;

/// How many items each row has.
enum Lengths {
    Drawn(Key, CountSampler),
    /// What an input says.
    Read(usize),
}

/// Items of rows.
pub(super) struct Items {
    lengths: Lengths,
    /// Room for items in each row.
    width: u64,
    nested: NestedColumns,
}

impl Items {
    /// So many items of these columns in each row, and what is known of all of them.
    ///
    /// # Errors
    /// What is wrong with a column, or with how many there are.
    pub(super) fn build(
        length: &Placed<Counts>,
        columns: &ColumnList,
        build: &mut Build<'_>,
    ) -> Result<(Self, Domain), Problem> {
        let (lengths, most, width) = Lengths::build(length, build)?;
        let nested = build.nested(columns, Some(width))?;
        let mut domain = Domain {
            bytes: most.saturating_mul(nested.bytes + BYTES_OF_AN_ITEM),
            ..Domain::default()
        };
        nested
            .domains
            .iter()
            .for_each(|items| domain.depend_on(items));
        let items = Self {
            lengths,
            width,
            nested,
        };
        Ok((items, domain))
    }

    /// The columns that are not hidden.
    pub(super) fn fields(&self) -> &Fields {
        &self.nested.fields
    }

    /// What is known of each of them.
    pub(super) fn domains(&self) -> &[Domain] {
        &self.nested.domains
    }

    /// Where each row's items begin and end, and the columns of all of them.
    ///
    /// # Errors
    /// A value that cannot be made, or too many items.
    pub(super) fn made(
        &self,
        rows: Rows<'_>,
        inputs: &[ArrayRef],
    ) -> Result<(OffsetBuffer<i32>, Vec<ArrayRef>)> {
        let lengths = self.lengths.of(rows, inputs)?;
        let total: u64 = lengths.iter().sum();
        if i32::try_from(total).is_err() {
            return Err(Error::run(Problem::new(
                "the lists of one batch have more than 2^31 items",
            )));
        }
        let mut offsets = Vec::with_capacity(rows.len() + 1);
        let mut items = Vec::with_capacity(total as usize);
        let mut owners = Vec::with_capacity(total as usize);
        offsets.push(0);
        for (index, length) in lengths.iter().enumerate() {
            // Item k of row r is row r · width + k of the items' own program: every item can be
            // made alone, and the length of one list moves no item of another.
            let first = rows.at(index).wrapping_mul(self.width);
            items.extend((0..*length).map(|item| first.wrapping_add(item)));
            owners.extend((0..*length).map(|_| index as u32));
            offsets.push(items.len() as i32);
        }
        let owners = UInt32Array::from(owners);
        let outer = inputs[self.nested.first_input..].iter();
        let outer = outer.map(|input| take(input, &owners, None));
        let outer = outer.collect::<Result<Vec<_>, _>>()?;
        let nested = &self.nested;
        let made = nested
            .program
            .evaluate(&nested.selection, Rows::List(&items), &outer)?;
        // Writers know dictionaries of columns, not those within lists.
        let made = made.iter().map(plain).collect::<Result<_>>()?;
        Ok((OffsetBuffer::new(ScalarBuffer::from(offsets)), made))
    }
}

impl Lengths {
    fn of(&self, rows: Rows<'_>, inputs: &[ArrayRef]) -> Result<Vec<u64>> {
        match self {
            Self::Drawn(key, counts) => {
                let mut lengths = vec![0; rows.len()];
                counts.fill(&key.fill(rows), &mut lengths);
                Ok(lengths)
            }
            Self::Read(input) => {
                let said = arrow::compute::cast(&inputs[*input], &DataType::Int64)?;
                let said = said.as_primitive::<Int64Type>().iter().enumerate();
                // Without a number there is no item.
                let length = said.map(|(index, length)| match length.unwrap_or(0) {
                    length @ 0..=MOST => Ok(length as u64),
                    other => {
                        let row = rows.at(index);
                        let message = format!(
                            "row {row}: a list cannot have {other} items, only 0 to {LONGEST}"
                        );
                        Err(Error::run(message))
                    }
                });
                length.collect()
            }
        }
    }

    /// How many items each row has, how many at most, and for how many there is room.
    fn build(length: &Placed<Counts>, build: &mut Build<'_>) -> Result<(Self, u64, u64), Problem> {
        let place = &length.place;
        if let Counts::Drawn(drawn) = &length.value {
            let counts = drawn.counts(place, 0, LONGEST)?;
            let most = counts.range().1.max(1);
            return Ok((Self::Drawn(build.key.child("length"), counts), most, most));
        }
        let name = build.name.rsplit('.').next().unwrap_or_default();
        let name = format!("{name} (length)");
        let node = length.value.node(build, build.scope, &name, place)?;
        let input = build.add_input(node.unwrap_or_default());
        // Whatever bounds are known of the column, items keep their numbers and so their values.
        let most = input
            .domain
            .bounds()
            .map_or(LONGEST, |(_, most)| most.clamp(1, MOST) as u64);
        Ok((Self::Read(input.index), most, LONGEST))
    }
}
