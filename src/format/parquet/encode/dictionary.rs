//! A dictionary that is known before the first row: its keys are packed as they come.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef};
use bytes::Bytes;
use parquet::basic::Type;

use super::plain;
use crate::format::parquet::levels;
use crate::format::parquet::statistics::{Ordered, ValueBounds};
use crate::format::parquet::values::{self, Room};
use crate::kernel::bit_pack::{pack_keys, width_of};

/// Keys that are looked at, at least, before asking whether all have been seen.
// Few keys are all there after some rows: the rest of a page need not be marked.
const STEP: usize = 1024;

/// The values of a dictionary and what is known of them.
#[derive(Debug)]
pub(in crate::format::parquet) struct Dictionary {
    /// The array that every batch shares.
    values: ArrayRef,
    /// The values as a page has them.
    pub plain: Bytes,
    /// The bytes of each value.
    each: Vec<Vec<u8>>,
    /// The keys from the least value to the greatest, without what is not a number.
    ascending: Vec<u32>,
    width: usize,
}

/// Which keys a page has, in room that is kept from page to page.
#[derive(Debug, Default)]
pub(in crate::format::parquet) struct Used {
    /// A 1 for each key of the dictionary that the page has.
    marks: Vec<u8>,
    count: usize,
}

impl Dictionary {
    /// A dictionary of these values; none if it cannot be one.
    pub(in crate::format::parquet) fn new(
        values: &ArrayRef,
        physical: Type,
        width: usize,
        ordered: &Ordered,
    ) -> Option<Self> {
        let fits = values::known(values.data_type(), physical) && physical != Type::BOOLEAN;
        if !fits || values.is_empty() || values.null_count() > 0 {
            return None;
        }
        let (mut room, data) = (Room::default(), values.to_data());
        let dense = values::of(&data, physical, width, &mut room);
        let mut bytes = Vec::new();
        plain(&dense, &mut bytes);
        let each: Vec<Vec<u8>> = (0..dense.len()).map(|place| dense.value(place)).collect();
        let mut ascending: Vec<u32> = (0..each.len() as u32).collect();
        let value = |key: u32| each[key as usize].as_slice();
        // Compared with itself only NaN has no order.
        ascending.retain(|key| ordered.compare(value(*key), value(*key)).is_some());
        ascending.sort_by(|one, other| {
            let order = ordered.compare(value(*one), value(*other));
            order.unwrap_or(std::cmp::Ordering::Equal)
        });
        Some(Self {
            width: width_of(each.len() as u64 - 1),
            plain: bytes.into(),
            values: values.clone(),
            each,
            ascending,
        })
    }

    /// How many values it has.
    pub(in crate::format::parquet) fn len(&self) -> usize {
        self.each.len()
    }

    /// True if its values rise.
    pub(in crate::format::parquet) fn sorted(&self) -> bool {
        self.ascending.len() == self.each.len() && self.ascending.is_sorted()
    }

    /// True if these are its values.
    pub(in crate::format::parquet) fn is(&self, values: &ArrayRef) -> bool {
        Arc::ptr_eq(&self.values, values)
    }

    /// Marks the keys that a page has.
    pub(in crate::format::parquet) fn mark(&self, keys: &[i32], used: &mut Used) {
        used.marks.clear();
        used.marks.resize(self.len(), 0);
        used.count = 0;
        for keys in keys.chunks(STEP.max(self.len())) {
            for key in keys {
                used.marks[*key as usize] = 1;
            }
            used.count = used.marks.iter().map(|mark| usize::from(*mark)).sum();
            if used.count == self.len() {
                return;
            }
        }
    }

    /// The least and the greatest of the values that a page has.
    pub(in crate::format::parquet) fn bounds(
        &self,
        used: &Used,
        ordered: &Ordered,
    ) -> Option<ValueBounds> {
        let stands = |key: &&u32| used.marks[**key as usize] == 1;
        let least = *self.ascending.iter().find(stands)? as usize;
        let greatest = *self.ascending.iter().rfind(stands)? as usize;
        Some(ordered.signed_zeros(ValueBounds {
            least: self.each[least].clone(),
            greatest: self.each[greatest].clone(),
        }))
    }

    /// The values that a page has.
    pub(in crate::format::parquet) fn used<'a>(
        &'a self,
        used: &'a Used,
    ) -> impl Iterator<Item = &'a [u8]> {
        let marked = self.each.iter().zip(&used.marks);
        marked.filter_map(|(value, mark)| (*mark == 1).then_some(value.as_slice()))
    }

    /// Adds the keys, in one run.
    pub(in crate::format::parquet) fn encode(&self, keys: &[i32], used: &Used, out: &mut Vec<u8>) {
        // The width stands before the keys, in a byte of its own.
        out.push(self.width as u8);
        match keys.first() {
            Some(key) if used.count == 1 => {
                levels::repeated(keys.len(), *key as u64, self.width.div_ceil(8), out);
            }
            _ => {
                levels::packed(keys.len(), out);
                pack_keys(keys, self.width, out);
            }
        }
    }
}
