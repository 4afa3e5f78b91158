//! A Markov chain, of which a block of rows is a table: where each state leads to.

use std::ops::Range;

use arrow::array::{Array, ArrayRef, UInt32Array};
use arrow::buffer::NullBuffer;
use arrow::compute::take;
use arrow::datatypes::DataType;

use crate::column::before::carried::Scan;
use crate::column::program::with_valid;
use crate::column::random::hash::Key;
use crate::column::random::weighted_choice::WeightedChoice;
use crate::column::rows::Rows;
use crate::column::values::dictionary_encoded::{
    DictionaryEncoded, KeyedValues, can_be_dictionary,
};
use crate::domain::Domain;
use crate::error::Result;

/// One of some states, by weight.
pub(super) struct Draw {
    pub(super) table: WeightedChoice,
    pub(super) states: Vec<u8>,
}

/// A chain of states; the number behind the last one is that of nothing, behind an end.
pub(super) struct Chain {
    key: Key,
    start: Draw,
    next: Vec<Option<Draw>>,
    shown: Shown,
}

enum Shown {
    Dictionary(KeyedValues),
    Plain(ArrayRef),
}

impl Chain {
    /// A chain, the type of its column, and what is known of it.
    pub(super) fn new(
        key: Key,
        start: Draw,
        next: Vec<Option<Draw>>,
        values: &ArrayRef,
    ) -> Result<(Self, DataType, Domain)> {
        let ends = next.iter().any(Option::is_none);
        let (shown, data_type, domain) = match can_be_dictionary(values.data_type()) {
            true => {
                let encoded = DictionaryEncoded::new(values)?;
                let (data_type, domain) = (encoded.data_type(), encoded.domain());
                (Shown::Dictionary(encoded.into()), data_type, domain)
            }
            false => {
                let domain = Domain {
                    distinct: Some(values.len() as u64),
                    ..Domain::default()
                };
                (
                    Shown::Plain(values.clone()),
                    values.data_type().clone(),
                    domain,
                )
            }
        };
        let chain = Self {
            key,
            start,
            next,
            shown,
        };
        let domain = Domain {
            nulls: domain.nulls || ends,
            ..domain
        };
        Ok((chain, data_type, domain))
    }

    /// The state behind `state`, by a row's random bits.
    #[inline(always)]
    fn follow(&self, state: u8, random: u64) -> u8 {
        match self.next.get(usize::from(state)) {
            Some(Some(draw)) => draw.pick(random),
            // Behind an end, or behind what is behind it.
            _ => self.next.len() as u8,
        }
    }
}

impl Draw {
    #[inline(always)]
    fn pick(&self, random: u64) -> u8 {
        self.states[self.table.pick(random) as usize]
    }
}

impl Scan for Chain {
    type State = u8;
    type Steps = Vec<u64>;
    type Block = Vec<u8>;
    type Value = u8;

    fn steps(&self, rows: Rows<'_>, _: &[ArrayRef]) -> Result<Vec<u64>> {
        Ok(self.key.fill(rows))
    }

    fn initial(&self) -> u8 {
        0
    }

    #[inline(always)]
    fn step(&self, state: &mut u8, randoms: &Vec<u64>, index: usize, place: u64) {
        *state = match place {
            0 => self.start.pick(randoms[index]),
            _ => self.follow(*state, randoms[index]),
        };
    }

    #[inline(always)]
    fn value(&self, state: &u8) -> u8 {
        *state
    }

    fn block(&self, randoms: &Vec<u64>, rows: Range<usize>, place: u64) -> Vec<u8> {
        // The same bits lead all states on, and where two have met they stay together: soon there
        // are few to follow. `met` are those, `leads` says which of them each state has become.
        let mut leads: Vec<u8> = (0..=self.next.len() as u8).collect();
        let mut met = leads.clone();
        for (index, place) in rows.zip(place..) {
            met.iter_mut()
                .for_each(|state| self.step(state, randoms, index, place));
            if met.len() > 1 {
                join(&mut met, &mut leads);
            }
        }
        leads.iter().map(|which| met[usize::from(*which)]).collect()
    }

    fn apply(&self, state: &mut u8, block: &Vec<u8>) {
        *state = block[usize::from(*state)];
    }

    fn array(&self, _: Rows<'_>, values: Vec<u8>) -> Result<ArrayRef> {
        let behind = self.next.len() as u8;
        let valid: NullBuffer = values.iter().map(|state| *state != behind).collect();
        let places = values.into_iter();
        let places = places.map(|state| u32::from(if state == behind { 0 } else { state }));
        let made = match &self.shown {
            Shown::Dictionary(values) => values.picked(places.collect::<Vec<_>>().into())?,
            Shown::Plain(values) => take(values, &places.collect::<UInt32Array>(), None)?,
        };
        match valid.null_count() {
            0 => Ok(made),
            _ => with_valid(&made, &valid),
        }
    }
}

/// States that are equal become one.
fn join(met: &mut Vec<u8>, leads: &mut [u8]) {
    let mut kept: Vec<u8> = Vec::with_capacity(met.len());
    let mut becomes = Vec::with_capacity(met.len());
    for state in met.iter() {
        let place = kept.iter().position(|kept| kept == state);
        becomes.push(place.unwrap_or(kept.len()) as u8);
        if place.is_none() {
            kept.push(*state);
        }
    }
    if kept.len() < met.len() {
        leads
            .iter_mut()
            .for_each(|which| *which = becomes[usize::from(*which)]);
        *met = kept;
    }
}
