//! Faults of single values: which are hit, by what, and the columns with what then stands there.
//!
//! A value has one fault at most: null comes first, then columns in the order in which they are named. So what
//! befalls a value follows from its row alone, and a ledger's line from two values.

use std::collections::BTreeMap;

use arrow::array::{Array, ArrayRef, BinaryBuilder, UInt32Array};
use arrow::buffer::NullBuffer;
use arrow::compute::kernels::cmp::distinct;
use arrow::compute::take;
use arrow::datatypes::Field;

use super::chance::Chance;
use super::columns::FaultColumn;
use super::kinds::{Corruption, Replaced};
use super::merge::{Instead, merged};
use crate::column::arrays::plain;
use crate::column::hash::{Key, below};
use crate::column::rows::Rows;
use crate::error::Result;
use crate::format::text::patched;

/// The faults of single values of a table.
#[derive(Default)]
pub struct ValueFaults {
    /// The columns that are hit, by their places among all.
    pub(super) columns: BTreeMap<usize, HitColumn>,
    /// Which columns have nulls.
    pub(super) nulls: Vec<(usize, Chance)>,
    /// Which have wrong values, in the order in which they are named.
    pub(super) wrong: Vec<Wrong>,
}

/// A column that is hit.
pub(super) struct HitColumn {
    pub(super) column: FaultColumn,
    /// Its values are no dictionary any more.
    pub(super) is_plain: bool,
    /// What it is then.
    pub(super) field: Field,
}

/// How a column has wrong values.
pub(super) struct Wrong {
    pub(super) place: usize,
    pub(super) chance: Chance,
    /// What is wrong, and how, is drawn with it.
    pub(super) draw: Key,
    pub(super) kinds: Vec<&'static dyn Corruption>,
    /// The column with which it swaps values.
    pub(super) partner: Option<usize>,
}

/// A value that is hit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Hit {
    /// Its row's place in the batch.
    pub index: usize,
    /// Its column.
    pub column: usize,
    /// By what.
    pub kind: &'static str,
}

/// What is to be done to a value.
#[derive(Clone, Copy)]
enum Deed {
    Null,
    /// By what, with which random bits, and of which column's value where it is not its own.
    Spoil(&'static dyn Corruption, u64, Option<usize>),
}

/// What is to be done to the values of each column, by their places.
type Deeds = BTreeMap<usize, BTreeMap<usize, Deed>>;

impl ValueFaults {
    /// These columns with their faults, and the values that are hit, in the order of rows.
    ///
    /// # Errors
    /// Values that are not of their column's type.
    pub fn apply(&self, rows: Rows<'_>, clean: &[ArrayRef]) -> Result<(Vec<ArrayRef>, Vec<Hit>)> {
        let deeds = self.deeds(rows, clean);
        let (mut columns, mut hits) = (clean.to_vec(), Vec::new());
        let none = BTreeMap::new();
        for (place, hit) in &self.columns {
            let own = deeds.get(place).unwrap_or(&none);
            columns[*place] = hit.done(*place, own, clean, &mut hits)?;
        }
        hits.sort_unstable();
        Ok((columns, hits))
    }

    /// The rows of which a value may be hit.
    pub fn suspects(&self, rows: Rows<'_>) -> Vec<usize> {
        let wrong = self.wrong.iter().map(|wrong| &wrong.chance);
        let chances = self.nulls.iter().map(|(_, chance)| chance).chain(wrong);
        let mut places: Vec<usize> = chances.flat_map(|chance| chance.places(rows)).collect();
        places.sort_unstable();
        places.dedup();
        places
    }

    fn deeds(&self, rows: Rows<'_>, clean: &[ArrayRef]) -> Deeds {
        let mut deeds = Deeds::new();
        let nulls: BTreeMap<usize, Option<NullBuffer>> = self
            .columns
            .keys()
            .map(|place| (*place, clean[*place].logical_nulls()))
            .collect();
        let valid = |place: usize, index: usize| {
            let nulls = nulls.get(&place).and_then(Option::as_ref);
            nulls.is_none_or(|nulls| nulls.is_valid(index))
        };
        for (place, chance) in &self.nulls {
            let hit = chance.places(rows).into_iter();
            let hit = hit.filter(|index| valid(*place, *index));
            let own = deeds.entry(*place).or_default();
            own.extend(hit.map(|index| (index, Deed::Null)));
        }
        for wrong in &self.wrong {
            for index in wrong.chance.places(rows) {
                let free = |place: usize| {
                    let done = deeds.get(&place);
                    valid(place, index) && !done.is_some_and(|done| done.contains_key(&index))
                };
                if !free(wrong.place) {
                    continue;
                }
                let (kind, random) = wrong.drawn(rows.at(index));
                let partner = wrong.partner.filter(|_| kind.swaps());
                if partner.is_some_and(|partner| !free(partner)) {
                    continue;
                }
                let both = partner.map(|partner| (partner, Some(wrong.place)));
                for (place, from) in both.into_iter().chain([(wrong.place, partner)]) {
                    let deed = Deed::Spoil(kind, random, from);
                    deeds.entry(place).or_default().insert(index, deed);
                }
            }
        }
        deeds
    }
}

impl Wrong {
    /// What is wrong with the value in a row that is hit, and the random bits for how.
    fn drawn(&self, row: u64) -> (&'static dyn Corruption, u64) {
        let random = self.draw.at(row);
        let kind = self.kinds[below(random, self.kinds.len() as u64) as usize];
        // The high bits have chosen the kind.
        (
            kind,
            random.wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(32),
        )
    }
}

impl HitColumn {
    /// The column with its faults; those that have changed something join the `hits`.
    fn done(
        &self,
        place: usize,
        deeds: &BTreeMap<usize, Deed>,
        clean: &[ArrayRef],
        hits: &mut Vec<Hit>,
    ) -> Result<ArrayRef> {
        let values = match self.is_plain {
            true => plain(&clean[place])?,
            false => clean[place].clone(),
        };
        let mut done = Done::default();
        for (index, deed) in deeds {
            if matches!(deed, Deed::Null) {
                done.put(*index, Instead::Null, "nulls");
            }
        }
        for alike in by_kind(deeds).into_values() {
            alike.spoil((&self.column, &values), clean, &mut done)?;
        }
        hits.extend(done.kinds.iter().map(|(index, kind)| Hit {
            index: *index,
            column: place,
            kind,
        }));
        let values = match done.instead.is_empty() {
            true => values,
            false => merged(&values, &done.replacements, done.instead.into_iter())?,
        };
        if patched::value_field(&self.field).is_none() {
            return Ok(values);
        }
        let mut bytes = BinaryBuilder::with_capacity(values.len(), 0);
        for index in 0..values.len() {
            bytes.append_option(done.bytes.get(&index));
        }
        patched::array(&self.field, values, bytes.finish())
    }
}

/// What has been done to a column.
#[derive(Default)]
struct Done {
    replacements: Vec<ArrayRef>,
    instead: BTreeMap<usize, Instead>,
    bytes: BTreeMap<usize, Vec<u8>>,
    kinds: BTreeMap<usize, &'static str>,
}

impl Done {
    fn put(&mut self, index: usize, instead: Instead, kind: &'static str) {
        self.instead.insert(index, instead);
        self.kinds.insert(index, kind);
    }
}

/// Values of a column that are hit alike.
struct Alike {
    indices: Vec<u32>,
    random: Vec<u64>,
    /// What makes others of them, or of those of a column that is swapped with theirs.
    kind: &'static dyn Corruption,
    from: Option<usize>,
}

/// What is done to values, by its kind and the column whose values they take.
fn by_kind(deeds: &BTreeMap<usize, Deed>) -> BTreeMap<(&'static str, Option<usize>), Alike> {
    let mut kinds = BTreeMap::new();
    for (index, deed) in deeds {
        let Deed::Spoil(kind, random, from) = *deed else {
            continue;
        };
        let alike = kinds.entry((kind.name(), from)).or_insert(Alike {
            indices: Vec::new(),
            random: Vec::new(),
            kind,
            from,
        });
        alike.indices.push(*index as u32);
        alike.random.push(random);
    }
    kinds
}

impl Alike {
    /// What stands for the values, as far as it is something else.
    fn spoil(
        self,
        (column, values): (&FaultColumn, &ArrayRef),
        clean: &[ArrayRef],
        done: &mut Done,
    ) -> Result<()> {
        let indices = UInt32Array::from(self.indices.clone());
        let before = take(values.as_ref(), &indices, None)?;
        let of = match self.from {
            Some(from) => take(plain(&clean[from])?.as_ref(), &indices, None)?,
            None => before.clone(),
        };
        let name = self.kind.name();
        match self.kind.replace(column, &of, &self.random)? {
            Replaced::Raw(all) => {
                for (index, bytes) in self.indices.iter().zip(all) {
                    done.bytes.insert(*index as usize, bytes);
                    done.kinds.insert(*index as usize, name);
                }
            }
            Replaced::Values(after) => {
                let differs = distinct(&before, &after)?;
                let which = done.replacements.len();
                for (at, index) in self.indices.iter().enumerate() {
                    if differs.value(at) {
                        done.put(*index as usize, Instead::Value(which, at), name);
                    }
                }
                done.replacements.push(after);
            }
        }
        Ok(())
    }
}
