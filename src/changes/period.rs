//! The period: every operation as often as its weight, evenly spread. A block is a number of periods.
//!
//! The first blocks fill the tables, parents before children: what a place of the period does there is
//! an insert of its own table, or of the parent while the table's own time has not come.

use crate::format::Operation;

/// What of a table a place of the period is, and how many of its table came before it in the period.
#[derive(Debug, Clone, Copy)]
pub(super) struct Slot {
    /// Its place in the period.
    pub(super) place: u32,
    /// What it does.
    pub(super) operation: Operation,
    /// How many of each operation of its table stand before it.
    pub(super) before: [u32; 3],
}

/// A table's part of the period, in one of the first blocks or in all others.
#[derive(Debug, Clone, Default)]
pub(super) struct TableSlots {
    /// Its places, in order.
    pub(super) slots: Vec<Slot>,
    /// Which of them are of each operation.
    pub(super) of: [Vec<u32>; 3],
}

/// The period in one of the first blocks, or in all others.
#[derive(Debug, Clone, Default)]
pub(super) struct Plan {
    /// Each table's part.
    pub(super) parts: Vec<TableSlots>,
    /// For each place its table, and which of the table's it is.
    pub(super) places: Vec<(u32, u32)>,
}

/// A table in the mix, as the period knows it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Member {
    /// How often each operation comes in a period.
    pub(super) weights: [u64; 3],
    /// The block of its first inserts.
    pub(super) depth: u64,
    /// Its parent of the greatest depth.
    pub(super) parent: Option<usize>,
}

impl TableSlots {
    /// How many of an operation are in a period.
    pub(super) fn count(&self, operation: Operation) -> u64 {
        self.of[operation as usize].len() as u64
    }

    /// How many of an operation stand before slot `slot`, which may be the one behind the last.
    pub(super) fn before(&self, operation: Operation, slot: usize) -> u64 {
        match self.slots.get(slot) {
            Some(slot) => u64::from(slot.before[operation as usize]),
            None => self.count(operation),
        }
    }

    fn push(&mut self, place: u32, operation: Operation) {
        let before = [0, 1, 2].map(|operation| self.of[operation].len() as u32);
        self.of[operation as usize].push(self.slots.len() as u32);
        self.slots.push(Slot {
            place,
            operation,
            before,
        });
    }
}

/// The period of each of the first blocks, then that of all others.
pub(super) fn plans(members: &[Member]) -> Vec<Plan> {
    // Spread, not shuffled or one after the other: any stretch of changes has the mix that was
    // asked for, and the counts before a place differ from the exact share by little.
    let order = spread(members);
    let deepest = members.iter().map(|member| member.depth).max();
    let first = (0..=deepest.unwrap_or(0)).map(|block| {
        let at =
            |(table, operation): &(usize, Operation)| early(members, *table, *operation, block);
        plan(members.len(), order.iter().map(at))
    });
    first
        .chain([plan(members.len(), order.iter().copied())])
        .collect()
}

fn plan(tables: usize, order: impl Iterator<Item = (usize, Operation)>) -> Plan {
    let mut plan = Plan {
        parts: vec![TableSlots::default(); tables],
        places: Vec::new(),
    };
    for (place, (table, operation)) in (0..).zip(order) {
        let part = &mut plan.parts[table];
        plan.places.push((table as u32, part.slots.len() as u32));
        part.push(place, operation);
    }
    plan
}

/// What a place does in one of the first blocks.
fn early(
    members: &[Member],
    mut table: usize,
    mut operation: Operation,
    block: u64,
) -> (usize, Operation) {
    while block < members[table].depth {
        operation = Operation::Insert;
        match members[table].parent {
            Some(parent) => table = parent,
            None => break,
        }
    }
    // In its own first block a table has no rows yet that an update or a delete could be of.
    match block > members[table].depth {
        true => (table, operation),
        false => (table, Operation::Insert),
    }
}

/// Every operation as often as its weight: its `i`-th of `n` stands at `(2i + 1) / 2n` of the period.
fn spread(members: &[Member]) -> Vec<(usize, Operation)> {
    let mut all = Vec::new();
    for (table, member) in members.iter().enumerate() {
        for operation in Operation::ALL {
            let count = member.weights[operation as usize];
            all.extend((0..count).map(|index| (2 * index + 1, count, table, operation)));
        }
    }
    // Fractions are compared by cross products, not as floats: equal places must be equal, so that
    // the order among them is that of tables and operations on every machine. Weights are small,
    // the products fit by far.
    all.sort_by(|one, other| {
        let places = (one.0 * other.1).cmp(&(other.0 * one.1));
        places.then((one.2, one.3).cmp(&(other.2, other.3)))
    });
    let all = all.into_iter();
    all.map(|(_, _, table, operation)| (table, operation))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn member(weights: [u64; 3], depth: u64, parent: Option<usize>) -> Member {
        Member {
            weights,
            depth,
            parent,
        }
    }

    fn shown(plan: &Plan) -> String {
        let letter = |(table, slot): &(u32, u32)| {
            let slot = plan.parts[*table as usize].slots[*slot as usize];
            let name = slot.operation.name();
            format!("{}{}", ["c", "o"][*table as usize], &name[..1])
        };
        let letters: Vec<String> = plan.places.iter().map(letter).collect();
        letters.join(" ")
    }

    #[test]
    fn operations_are_evenly_spread_and_the_first_blocks_fill_the_tables() {
        let members = [member([2, 1, 0], 0, None), member([4, 2, 1], 2, Some(0))];
        let plans: Vec<String> = plans(&members).iter().map(shown).collect();
        assert_eq!(
            plans,
            [
                "ci ci ci ci ci ci ci ci ci ci",
                "ci ci ci ci cu ci ci ci ci ci",
                "oi ci oi oi cu oi oi ci oi oi",
                "oi ci ou oi cu od oi ci ou oi",
            ]
        );
    }

    #[test]
    fn a_slot_knows_what_stands_before_it() {
        let plans = plans(&[member([3, 2, 1], 0, None)]);
        let part = &plans[1].parts[0];
        for (index, slot) in part.slots.iter().enumerate() {
            for operation in Operation::ALL {
                let before = part.slots[..index].iter();
                let before = before.filter(|slot| slot.operation == operation).count();
                assert_eq!(part.before(operation, index), before as u64);
                assert_eq!(slot.before[operation as usize] as usize, before);
            }
            let own = slot.before[slot.operation as usize];
            assert_eq!(
                part.of[slot.operation as usize][own as usize] as usize,
                index
            );
        }
        assert_eq!(part.before(Operation::Insert, 6), 3);
    }
}
