//! Batches out of what was fetched: which messages belong to the run, and which offsets of each
//! partition a batch covers.

use std::collections::HashMap;
use std::sync::Arc;

use super::member::{HeldPartition, HeldPartitions, Messages};
use super::pipe::{Fetched, Pipe};
use super::until::Remaining;
use crate::batch::{Runs, Span, Turn};
use crate::client::kafka::consume::Message;
use crate::error::Result;

/// How far batches have read.
pub struct Reading {
    /// What is left of the run.
    pub left: Remaining,
    /// The turn of each partition, and the offset behind what batches have covered of it.
    positions: HashMap<i32, (Arc<Turn>, i64)>,
    /// Messages without a value are passed over.
    skip_tombstones: bool,
}

/// What one batch is made from.
#[derive(Default)]
pub struct Gathered {
    /// Its messages, in the order in which they were fetched.
    pub messages: Vec<Messages>,
    /// What it covers, by partition; the rows are those of the messages sorted by partition.
    pub spans: Vec<Span>,
}

/// What a batch that is being gathered covers of one partition.
struct Slot {
    partition: i32,
    turn: Arc<Turn>,
    from: i64,
    to: i64,
    rows: Runs,
}

impl Reading {
    /// Nothing was read yet.
    pub fn new(left: Remaining, skip_tombstones: bool) -> Self {
        Self {
            left,
            positions: HashMap::new(),
            skip_tombstones,
        }
    }

    /// Messages of the run that wait, at most `most`.
    ///
    /// # Errors
    /// No member can go on.
    pub fn gather(&mut self, pipe: &Pipe, most: usize) -> Result<Gathered> {
        let (mut messages, mut slots, mut rows) = (Vec::new(), Vec::new(), 0);
        while rows < most && !self.left.is_nothing() {
            let Some(mut fetched) = pipe.take()? else {
                break;
            };
            // A batch has one span for each partition. What comes in a later turn begins the next
            // batch.
            if slots.iter().any(|slot| begun_again(slot, &fetched.turns)) {
                pipe.put_back(fetched);
                break;
            }
            if let Some(rest) = fetched.split_off(most - rows) {
                pipe.put_back(rest);
            }
            self.select(&mut fetched, &mut slots);
            rows += fetched.messages.len();
            messages.push(fetched.messages);
        }
        Ok(Gathered {
            messages,
            spans: self.spans(slots),
        })
    }

    /// Keeps the messages that belong to the run, and notes how far partitions were read with them.
    fn select(&mut self, fetched: &mut Fetched, slots: &mut Vec<Slot>) {
        let turns = fetched.turns.clone();
        // Messages of a partition come in long runs: it is looked up once for each.
        let mut last: Option<(i32, Option<usize>)> = None;
        fetched.messages.retain(|message| {
            let partition = message.partition;
            let slot = match last {
                Some((known, slot)) if known == partition => slot,
                _ => self.slot(&turns, &message, slots),
            };
            last = Some((partition, slot));
            // What was read in a turn that is over comes again, to whoever has the next one.
            let Some(slot) = slot.and_then(|slot| slots.get_mut(slot)) else {
                return false;
            };
            let skipped = self.skip_tombstones && message.value.is_none();
            let keep =
                message.error.is_none() && !skipped && self.left.takes(partition, message.offset);
            if let Some(reached) = self.left.reached(partition, next(&message)) {
                slot.to = slot.to.max(reached);
            }
            if keep {
                self.left.took();
                slot.rows.push(message.offset);
            }
            keep
        });
    }

    /// The slot of a message's partition; none when its turn is over.
    fn slot(
        &mut self,
        turns: &HeldPartitions,
        message: &Message<'_>,
        slots: &mut Vec<Slot>,
    ) -> Option<usize> {
        let partition = message.partition;
        let held = turns.get(&partition).filter(|held| !held.turn.is_over())?;
        let known = slots.iter().position(|slot| slot.partition == partition);
        if known.is_some() {
            return known;
        }
        let from = self.from(partition, held);
        // Only a group whose offset was out of the topic is read from before where it was.
        let from = from.min(message.offset);
        slots.push(Slot {
            partition,
            turn: held.turn.clone(),
            from,
            to: from,
            rows: Runs::default(),
        });
        Some(slots.len() - 1)
    }

    /// Where batches go on in a partition.
    fn from(&mut self, partition: i32, held: &HeldPartition) -> i64 {
        match self.positions.get(&partition) {
            Some((turn, next)) if turn.number() == held.turn.number() => *next,
            _ => {
                self.left.begin(partition, held.start);
                held.start
            }
        }
    }

    /// The offset behind what batches have covered of a partition in this turn.
    pub fn next(&self, partition: i32, held: &HeldPartition) -> i64 {
        let position = self.positions.get(&partition);
        let own = position.filter(|(turn, _)| turn.number() == held.turn.number());
        own.map_or(held.start, |(_, next)| *next)
    }

    /// What is covered, in the order of the partitions.
    fn spans(&mut self, mut slots: Vec<Slot>) -> Vec<Span> {
        slots.sort_by_key(|slot| slot.partition);
        let mut spans = Vec::with_capacity(slots.len());
        let mut first = 0;
        for slot in slots {
            let position = (slot.turn.clone(), slot.to);
            self.positions.insert(slot.partition, position);
            let rows = first..first + slot.rows.rows();
            first = rows.end;
            if slot.to > slot.from || !rows.is_empty() {
                spans.push(Span {
                    turn: slot.turn,
                    partition: slot.partition,
                    from: slot.from,
                    to: slot.to,
                    rows,
                    offsets: slot.rows.into(),
                });
            }
        }
        spans
    }
}

/// Whether a partition that a batch covers already is in another turn now: one batch covers one.
fn begun_again(slot: &Slot, turns: &HeldPartitions) -> bool {
    let now = turns.get(&slot.partition);
    now.is_some_and(|now| now.turn.number() != slot.turn.number())
}

/// The offset behind a message. The end of a partition stands behind what is no message, too, as is
/// what ends a transaction.
pub fn next(message: &Message<'_>) -> i64 {
    message.offset + i64::from(message.error.is_none())
}
