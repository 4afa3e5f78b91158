//! Chunks on their way from workers to whoever writes: put in any order, taken in order.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex};

use crate::error::{Error, Result};
use crate::sink::FileReport;
use crate::sync::{lock, wait_while};

/// The reorder buffer of a lane and the end of its story.
pub(super) struct Queue<C> {
    state: Mutex<State<C>>,
    ready: Condvar,
}

struct State<C> {
    /// The number of the first chunk in `waiting`.
    next: u64,
    waiting: VecDeque<Option<C>>,
    /// How many chunks there are in all, once that is known.
    total: Option<u64>,
    end: Option<End>,
    /// A thread waits. Where the workers write, none does, and none is woken.
    watched: bool,
}

enum End {
    Done(Vec<FileReport>),
    Failed(Error),
    Aborted,
}

impl<C> Default for Queue<C> {
    fn default() -> Self {
        Self {
            state: Mutex::new(State {
                next: 0,
                waiting: VecDeque::new(),
                total: None,
                end: None,
                watched: false,
            }),
            ready: Condvar::new(),
        }
    }
}

impl<C> State<C> {
    fn is_ready(&self) -> bool {
        let in_turn = matches!(self.waiting.front(), Some(Some(_)));
        self.end.is_none() && (in_turn || self.total == Some(self.next))
    }
}

/// What is to be done next.
pub(super) enum Taken {
    /// Put these chunks down; the first one's number.
    Chunks(u64),
    /// Every chunk was taken: close and commit.
    All,
    /// Nothing, for now or for good.
    Nothing,
}

impl<C> Queue<C> {
    /// Keeps the chunk of batch `number` until its turn comes.
    pub(super) fn put(&self, number: u64, chunk: C) {
        let mut state = lock(&self.state);
        if state.end.is_some() {
            return;
        }
        let Some(place) = number.checked_sub(state.next) else {
            debug_assert!(false, "chunk {number} came twice");
            return;
        };
        let place = place as usize;
        if state.waiting.len() <= place {
            state.waiting.resize_with(place + 1, || None);
        }
        state.waiting[place] = Some(chunk);
        let watched = state.watched;
        drop(state);
        if place == 0 && watched {
            self.ready.notify_one();
        }
    }

    /// Moves every chunk whose turn has come into `ready`.
    pub(super) fn take(&self, ready: &mut Vec<C>) -> Taken {
        let mut state = lock(&self.state);
        if !state.is_ready() {
            return Taken::Nothing;
        }
        let first = state.next;
        while let Some(Some(_)) = state.waiting.front() {
            ready.extend(state.waiting.pop_front().flatten());
            state.next += 1;
        }
        match state.next > first {
            true => Taken::Chunks(first),
            false => Taken::All,
        }
    }

    /// True when there is something to do.
    pub(super) fn is_ready(&self) -> bool {
        lock(&self.state).is_ready()
    }

    /// Waits until there is something to do; false when there will be nothing any more.
    pub(super) fn wait(&self) -> bool {
        let idle = |state: &mut State<C>| state.end.is_none() && !state.is_ready();
        let mut state = lock(&self.state);
        state.watched = true;
        let mut state = wait_while(&self.ready, state, idle);
        state.watched = false;
        state.end.is_none()
    }

    /// No more chunks will come: every batch has been encoded, and what was open has been handed out.
    pub(super) fn close(&self, batches: u64) -> Result<()> {
        let mut state = lock(&self.state);
        let total = state.next + state.waiting.len() as u64;
        if total < batches || state.waiting.iter().any(Option::is_none) {
            return Err(Error::run(format!(
                "not all of {batches} batches were encoded, which is a bug of rowgen"
            )));
        }
        state.total = Some(total);
        drop(state);
        self.ready.notify_one();
        Ok(())
    }

    /// Notes a failure, unless something else came first; what waits is dropped.
    pub(super) fn fail(&self, error: Error) -> bool {
        self.end(End::Failed(error))
    }

    /// Everything was put down.
    pub(super) fn done(&self, files: Vec<FileReport>) {
        self.end(End::Done(files));
    }

    /// Nothing more is wanted.
    pub(super) fn abort(&self) {
        self.end(End::Aborted);
    }

    /// True once nothing more will be put down.
    pub(super) fn is_over(&self) -> bool {
        lock(&self.state).end.is_some()
    }

    /// What came of it all, told once; nothing while it is open or after an abort.
    pub(super) fn outcome(&self) -> Option<Result<Vec<FileReport>>> {
        match lock(&self.state).end.replace(End::Aborted) {
            Some(End::Done(files)) => Some(Ok(files)),
            Some(End::Failed(error)) => Some(Err(error)),
            Some(End::Aborted) | None => None,
        }
    }

    fn end(&self, end: End) -> bool {
        let mut state = lock(&self.state);
        let first = state.end.is_none();
        if first {
            state.end = Some(end);
            state.waiting.clear();
        }
        drop(state);
        self.ready.notify_one();
        first
    }
}
