//! Rows of a parent follow each other: whose child a row is, and which one, can be kept beside its number, so
//! that lists of rows need no search.

use std::sync::Arc;

use arrow::array::{ArrayRef, UInt64Array};

use super::generators::Children;
use super::program::{Origin, Program, Selection};
use super::rows::Rows;

/// Values that say whose child a row is.
pub struct KinPart {
    pub(super) children: Arc<Children>,
    /// Which child it is; otherwise whose.
    pub(super) place: bool,
}

/// The nodes of a table that say whose child a row is, and which one.
pub struct Kin {
    children: Arc<Children>,
    parents: Vec<usize>,
    places: Vec<usize>,
}

/// Nodes whose values are known already, but for their nulls.
#[derive(Default)]
pub struct KnownValues(pub(super) Vec<(usize, ArrayRef)>);

impl KnownValues {
    /// Nothing is known.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Kin {
    /// What of a selection follows from whose child a row is; nothing where that is no search.
    pub fn of(program: &Program, selection: &Selection) -> Option<Self> {
        if program.changes().is_some() {
            return None;
        }
        let mut kin: Option<Self> = None;
        for index in selection.order() {
            let Origin::Fill(fill) = &program.node(*index).origin else {
                continue;
            };
            let Some(part) = fill.kin() else {
                continue;
            };
            let kin = kin.get_or_insert_with(|| Self {
                children: part.children.clone(),
                parents: Vec::new(),
                places: Vec::new(),
            });
            // A table has one key that decides its rows.
            if !Arc::ptr_eq(&kin.children, &part.children) {
                continue;
            }
            match part.place {
                true => kin.places.push(*index),
                false => kin.parents.push(*index),
            }
        }
        kin.filter(|kin| kin.bits() > 0)
    }

    /// The bits that are kept of a row.
    pub fn bits(&self) -> u32 {
        self.children.hint_bits(!self.places.is_empty())
    }

    /// What is kept of each row.
    pub fn hints(&self, rows: Rows<'_>) -> Vec<u64> {
        self.children.hints(rows, !self.places.is_empty())
    }

    /// The values that follow from what was kept of rows.
    pub fn given(&self, rows: &[u64], hints: &[u64]) -> KnownValues {
        let places = !self.places.is_empty();
        let (parents, places) = self.children.of_hints(rows, hints, places);
        let values = |values: Vec<u64>| -> ArrayRef { Arc::new(UInt64Array::from(values)) };
        let (parents, places) = (values(parents), values(places));
        let parents = self.parents.iter().map(|node| (*node, parents.clone()));
        let places = self.places.iter().map(|node| (*node, places.clone()));
        KnownValues(parents.chain(places).collect())
    }
}
