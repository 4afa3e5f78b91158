//! What tables whose changes wait for each other tell one another.

use super::super::Part;
use super::{Queue, State};
use crate::sink::applied::{Stir, Told};

impl<C: Part> Queue<C> {
    /// True if all that is left waits for a table that has failed. Where the run is to end, it waits for
    /// the next one instead.
    pub(super) fn waits_in_vain(&self, state: &State<C>) -> bool {
        let failed = self
            .applied
            .as_ref()
            .is_some_and(|applied| applied.seat().has_failed());
        failed && state.end.is_none() && !self.listener.stopping() && state.blocks.is_idle() && {
            let waits = state.inboxes.iter().any(|inbox| !inbox.pieces.is_empty());
            waits && (0..state.inboxes.len()).all(|session| !self.has_work(state, session))
        }
    }

    /// What the other tables are to know, if they do not know it yet.
    pub(super) fn told(&self, state: &mut State<C>) -> Option<(u64, Told)> {
        // Asked for before the pieces: what others have committed meanwhile is looked at again.
        let at = self.applied.as_ref()?.seat().floor();
        let works = (0..state.inboxes.len()).any(|session| self.has_work(state, session));
        let waits = state.inboxes.iter().any(|inbox| !inbox.pieces.is_empty());
        let works = works || !state.closed;
        state.blocks.told(works, waits.then_some(at))
    }
}

impl<C: Part> Stir for Queue<C> {
    fn stir(&self) {
        self.tell(self.lock());
    }
}
