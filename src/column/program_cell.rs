//! A program that others refer to, also while it is still being built.

use std::sync::{Arc, OnceLock, RwLock, Weak};

use super::program::Program;

/// A table's program: whole once every table is built, and before that as far as it is, where values are
/// needed to build others.
#[derive(Default)]
pub struct ProgramCell {
    own: Arc<Slot>,
    /// The programs of all tables, which read each other.
    all: OnceLock<Arc<[Arc<Slot>]>>,
}

/// A table's program as other programs hold it.
// Parents read their children and children their parents: what is counted would never be freed. So programs
// hold each other weakly, and whoever holds one from outside holds all.
#[derive(Clone)]
pub(super) struct ProgramRef(Weak<Slot>);

#[derive(Default)]
struct Slot {
    whole: OnceLock<Program>,
    so_far: RwLock<Option<Arc<Program>>>,
}

impl ProgramCell {
    /// The whole program, once it is built.
    pub fn get(&self) -> Option<&Program> {
        self.own.whole.get()
    }

    /// The program is whole; it is set once.
    pub fn set(&self, program: Program) {
        let _ = self.own.whole.set(program);
    }

    /// The whole program, made now if there is none.
    pub fn get_or_init(&self, make: impl FnOnce() -> Program) -> &Program {
        self.own.whole.get_or_init(make)
    }

    /// As another program holds it.
    pub(super) fn weak(&self) -> ProgramRef {
        ProgramRef(Arc::downgrade(&self.own))
    }

    /// What is there of it while others are being built; nothing any more.
    pub(super) fn set_so_far(&self, program: Option<Arc<Program>>) {
        if let Ok(mut so_far) = self.own.so_far.write() {
            *so_far = program;
        }
    }

    /// Each of the programs lives as long as any of them is held.
    pub(super) fn hold_together<'a>(cells: impl Iterator<Item = &'a Arc<Self>> + Clone) {
        let all: Arc<[Arc<Slot>]> = cells.clone().map(|cell| cell.own.clone()).collect();
        cells.for_each(|cell| drop(cell.all.set(all.clone())));
    }
}

impl ProgramRef {
    /// Reads the program, whole or as far as it is there. Nodes are only ever added behind those that are
    /// there, so that their numbers stay.
    pub fn read<T>(&self, read: impl FnOnce(&Program) -> T) -> Option<T> {
        let slot = self.0.upgrade()?;
        if let Some(whole) = slot.whole.get() {
            return Some(read(whole));
        }
        let so_far = slot.so_far.read().ok()?.clone()?;
        Some(read(&so_far))
    }
}
