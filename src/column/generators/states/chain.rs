//! A Markov chain, of which a block of rows is a table: where each state leads to.

use std::ops::Range;

use arrow::array::{Array, ArrayRef, UInt32Array};
use arrow::buffer::NullBuffer;
use arrow::compute::take;
use arrow::datatypes::DataType;

use super::MOST;
use crate::column::before::BLOCK;
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

/// The random bits of rows, and the first of them where they follow each other.
pub(in crate::column) struct Drawn {
    first: u64,
    randoms: Vec<u64>,
}

/// What a block of rows does.
pub(in crate::column) enum Leads {
    /// The state that each one becomes.
    To(Vec<u8>),
    /// Nobody knows but who goes through its rows.
    Through { first: u64, count: usize },
}

/// So many steps a block takes at most until its states are few: four times as many as it has rows.
const MOST_STEPS: usize = 4 * BLOCK as usize;

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
    type Steps = Drawn;
    type Block = Leads;
    type Value = u8;

    fn steps(&self, rows: Rows<'_>, _: &[ArrayRef]) -> Result<Drawn> {
        let first = match rows {
            Rows::Range { first, .. } => first,
            Rows::List(_) => 0,
        };
        let randoms = self.key.fill(rows);
        Ok(Drawn { first, randoms })
    }

    fn initial(&self) -> u8 {
        0
    }

    #[inline(always)]
    fn step(&self, state: &mut u8, drawn: &Drawn, index: usize, place: u64) {
        *state = match place {
            0 => self.start.pick(drawn.randoms[index]),
            _ => self.follow(*state, drawn.randoms[index]),
        };
    }

    #[inline(always)]
    fn value(&self, state: &u8) -> u8 {
        *state
    }

    fn block(&self, drawn: &Drawn, rows: Range<usize>, place: u64) -> Leads {
        // The same bits lead all states on, and where two have met they stay together: soon there
        // are few to follow. `met` are those, `leads` says which of them each state has become.
        let mut leads: Vec<u8> = (0..=self.next.len() as u8).collect();
        let mut met = leads.clone();
        let (first, count) = (drawn.first + rows.start as u64, rows.len());
        let mut left = MOST_STEPS;
        for (index, place) in rows.zip(place..) {
            left = match left.checked_sub(met.len()) {
                Some(left) => left,
                // States that never meet, as in a circle, cost each row as many steps as there are
                // states. One alone goes through the block in less.
                None => return Leads::Through { first, count },
            };
            met.iter_mut()
                .for_each(|state| self.step(state, drawn, index, place));
            if met.len() > 1 {
                join(&mut met, &mut leads);
            }
        }
        Leads::To(leads.iter().map(|which| met[usize::from(*which)]).collect())
    }

    fn apply(&self, state: &mut u8, block: &Leads) {
        match block {
            Leads::To(states) => *state = states[usize::from(*state)],
            Leads::Through { first, count } => {
                let (first, count) = (*first, *count);
                let randoms = self.key.fill(Rows::Range { first, count });
                *state = randoms
                    .into_iter()
                    .fold(*state, |state, random| self.follow(state, random));
            }
        }
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
    // By a table of all states: to look for each among those before took a hundred times as long for
    // 200 states that do not meet.
    let mut places = [None::<u8>; MOST + 1];
    let mut becomes = [0; MOST + 1];
    let mut kept = 0;
    for at in 0..met.len() {
        let state = met[at];
        let place = *places[usize::from(state)].get_or_insert(kept as u8);
        becomes[at] = place;
        if usize::from(place) == kept {
            met[kept] = state;
            kept += 1;
        }
    }
    if kept < met.len() {
        leads
            .iter_mut()
            .for_each(|which| *which = becomes[usize::from(*which)]);
        met.truncate(kept);
    }
}
