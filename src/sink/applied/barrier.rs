//! Who may begin a block: the tables of a load that go to one database wait for each other, so that a row's
//! parent is there before it and no row goes before its children, whichever connection is faster.
//!
//! A block is begun once all tables have committed the block before the last. A table says how far it is
//! and whether it can do anything; when nobody can and no more rows come, what is left waits for the next
//! run.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, Weak};

use crate::sync::lock;

/// The tables that wait for each other.
#[derive(Default)]
pub struct Barrier {
    /// All of them have committed every block before this one.
    floor: AtomicU64,
    settled: AtomicBool,
    failed: AtomicBool,
    members: Mutex<Vec<Option<Member>>>,
}

/// A table's place among them.
pub struct Seat {
    barrier: Arc<Barrier>,
    index: usize,
}

/// How far a table is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Told {
    /// It has committed every block before this one.
    pub floor: u64,
    /// What it is about to do.
    pub does: Does,
}

/// What a table is about to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Does {
    /// Something, or more rows may come.
    Works,
    /// Nothing, as long as others have committed no more than the blocks before this one.
    Waits(u64),
    /// Nothing any more.
    Nothing,
}

/// Somebody who looks again when others have moved.
pub trait Stir: Send + Sync {
    /// Looks again.
    fn stir(&self);
}

struct Member {
    told: Told,
    /// How often it has told: what it told before comes too late.
    time: u64,
    stir: Option<Weak<dyn Stir>>,
}

impl Barrier {
    /// One more table, before any has begun.
    pub fn join(self: &Arc<Self>) -> Seat {
        let mut members = lock(&self.members);
        members.push(Some(Member {
            told: Told {
                floor: 0,
                does: Does::Works,
            },
            time: 0,
            stir: None,
        }));
        Seat {
            barrier: self.clone(),
            index: members.len() - 1,
        }
    }

    /// Somebody has moved: the others look again if that changes anything for them.
    fn moved(&self, change: impl FnOnce(&mut Vec<Option<Member>>)) {
        let mut members = lock(&self.members);
        change(&mut members);
        let there = || members.iter().flatten();
        let floor = there().map(|member| member.told.floor).min();
        let floor = floor.unwrap_or(u64::MAX);
        // A table that waits is idle only as long as the floor is the one that it has seen: what
        // was committed since may have freed it.
        let idle = |member: &Member| match member.told.does {
            Does::Works => false,
            Does::Waits(at) => at == floor,
            Does::Nothing => true,
        };
        let settled = there().all(idle);
        let before = self.floor.swap(floor, Ordering::AcqRel);
        let was_settled = self.settled.swap(settled, Ordering::AcqRel);
        // Stirring takes the lock of every table's queue; most words change nothing.
        if before == floor && was_settled == settled {
            return;
        }
        // Let go first: whoever is stirred may tell how far it is, which takes this lock.
        drop(members);
        self.stir();
    }

    fn stir(&self) {
        let members = lock(&self.members);
        let stirs = members.iter().flatten();
        let stirs = stirs.filter_map(|member| member.stir.as_ref()?.upgrade());
        let stirs: Vec<Arc<dyn Stir>> = stirs.collect();
        drop(members);
        stirs.iter().for_each(|one| one.stir());
    }
}

impl Seat {
    /// True if rows of this block may be sent.
    pub fn admits(&self, block: u64) -> bool {
        // One block ahead, so that the tables do not stand still at the end of each. Parents are
        // chosen at least two blocks back, and are committed by then.
        block <= self.floor().saturating_add(1)
    }

    /// All tables have committed every block before this one.
    pub fn floor(&self) -> u64 {
        self.barrier.floor.load(Ordering::Acquire)
    }

    /// Nobody can do anything any more.
    pub fn is_settled(&self) -> bool {
        self.barrier.settled.load(Ordering::Acquire)
    }

    /// Who looks again when others have moved.
    pub fn stirs(&self, stir: Weak<dyn Stir>) {
        self.barrier.moved(|members| {
            if let Some(member) = &mut members[self.index] {
                member.stir = Some(stir);
            }
        });
    }

    /// The table's `time`-th word: later ones stand.
    pub fn tell(&self, time: u64, told: Told) {
        self.barrier.moved(|members| {
            if let Some(member) = &mut members[self.index]
                // Words are told without the lock of whoever tells, so that an older one may come
                // later.
                && time > member.time
            {
                (member.told, member.time) = (told, time);
            }
        });
    }

    /// It does nothing more, and stays where it is: the others come no further than that.
    pub fn fail(&self) {
        self.barrier.failed.store(true, Ordering::Release);
        self.barrier.moved(|members| {
            if let Some(member) = &mut members[self.index] {
                member.told.does = Does::Nothing;
                // No later word of it counts.
                member.time = u64::MAX;
            }
        });
        // Whoever waits for it looks whether that is in vain.
        self.barrier.stir();
    }

    /// One of the tables has failed.
    pub fn has_failed(&self) -> bool {
        self.barrier.failed.load(Ordering::Acquire)
    }
}

/// Nobody waits for a table that has never begun.
impl Drop for Seat {
    fn drop(&mut self) {
        self.barrier.moved(|members| {
            let own = &mut members[self.index];
            // One that has begun and ended keeps its place: its floor is true.
            own.take_if(|member| member.stir.is_none());
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(floor: u64, does: Does) -> Told {
        Told { floor, does }
    }

    #[test]
    fn a_block_waits_for_the_block_before_the_last() {
        let barrier = Arc::new(Barrier::default());
        let (one, other) = (barrier.join(), barrier.join());
        assert_eq!((one.admits(1), one.admits(2)), (true, false));
        one.tell(1, told(3, Does::Works));
        assert!(!one.admits(2), "the other one is in block 0");
        other.tell(1, told(1, Does::Works));
        assert_eq!((one.admits(2), one.admits(3)), (true, false));
        // Words that come too late.
        other.tell(5, told(7, Does::Works));
        other.tell(4, told(1, Does::Works));
        assert_eq!(one.floor(), 3);
        drop(one);
        assert_eq!(other.floor(), 7);
        other.fail();
        other.tell(9, told(u64::MAX, Does::Works));
        assert_eq!((other.admits(9), other.is_settled()), (false, true));
        assert!(other.has_failed());
    }

    #[test]
    fn all_is_settled_once_nobody_can_go_on() {
        let barrier = Arc::new(Barrier::default());
        let (one, other) = (barrier.join(), barrier.join());
        one.tell(1, told(5, Does::Waits(0)));
        assert!(!one.is_settled());
        other.tell(1, told(1, Does::Nothing));
        assert!(!one.is_settled(), "it waited at 0, and all are at 1");
        one.tell(2, told(5, Does::Waits(1)));
        assert!(one.is_settled());
    }
}
