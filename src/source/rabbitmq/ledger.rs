//! Which messages each batch covers, and which of them are safe and not acknowledged yet.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex};

use crate::batch::{Span, Turn};
use crate::sync::lock;

/// What was read and what of it is safe.
#[derive(Default)]
pub struct Ledger(Mutex<State>);

#[derive(Default)]
struct State {
    /// What batches cover that are not safe yet, in the order of their numbers.
    open: VecDeque<(u64, Arc<[Span]>)>,
    /// What is safe and not acknowledged: of each queue the number behind its last message.
    safe: HashMap<i32, (Arc<Turn>, i64)>,
    /// Nothing more becomes safe.
    frozen: bool,
}

impl Ledger {
    /// Batch `number` covers this; numbers come in order.
    pub fn add(&self, number: u64, spans: &Arc<[Span]>) {
        let mut state = lock(&self.0);
        if !spans.is_empty() && !state.frozen {
            state.open.push_back((number, spans.clone()));
        }
    }

    /// The first `batches` batches are safe.
    pub fn safe(&self, batches: u64) {
        let mut state = lock(&self.0);
        while let Some((number, _)) = state.open.front()
            && *number < batches
            && let Some((_, spans)) = state.open.pop_front()
        {
            for span in spans.iter() {
                // Batches come in order, so that a later span of a queue ends further on, or came
                // by a later channel.
                let safe = (span.turn.clone(), span.to);
                state.safe.insert(span.partition, safe);
            }
        }
    }

    /// Batches that are not safe yet never will be. True the first time.
    pub fn freeze(&self) -> bool {
        let mut state = lock(&self.0);
        state.open = VecDeque::new();
        !std::mem::replace(&mut state.frozen, true)
    }

    /// What is to be acknowledged now: of each queue its channel, and the last message's number. What
    /// came by a channel that is gone is nobody's to acknowledge.
    pub fn take(&self) -> Vec<(i32, Arc<Turn>, u64)> {
        let safe = std::mem::take(&mut lock(&self.0).safe).into_iter();
        let told = safe.filter(|(_, (turn, _))| !turn.is_over());
        let told = told.filter_map(|(queue, (turn, next))| {
            let last = u64::try_from(next - 1).ok()?;
            Some((queue, turn, last))
        });
        told.filter(|(_, _, last)| *last > 0).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::batch::Offsets;

    fn spans(turn: &Arc<Turn>, from: i64, to: i64) -> Arc<[Span]> {
        [Span {
            turn: turn.clone(),
            partition: 3,
            from,
            to,
            rows: 0..0,
            offsets: Offsets::default(),
        }]
        .into()
    }

    #[test]
    fn only_what_is_safe_by_a_living_channel_is_acknowledged() {
        let ledger = Ledger::default();
        let turn = Arc::new(Turn::new());
        for (number, from) in [(0, 1), (1, 5), (3, 9)] {
            ledger.add(number, &spans(&turn, from, from + 4));
        }
        assert!(ledger.take().is_empty());
        ledger.safe(2);
        let told = |ledger: &Ledger| {
            let told = ledger.take().into_iter();
            told.map(|(queue, _, last)| (queue, last))
                .collect::<Vec<_>>()
        };
        assert_eq!(told(&ledger), [(3, 8)]);
        assert!(told(&ledger).is_empty());
        ledger.safe(4);
        turn.end();
        assert!(told(&ledger).is_empty());
        let turn = Arc::new(Turn::new());
        ledger.add(4, &spans(&turn, 1, 2));
        assert!(ledger.freeze() && !ledger.freeze());
        ledger.safe(9);
        assert!(told(&ledger).is_empty());
    }
}
