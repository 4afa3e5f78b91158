//! Pieces of batches on their way to sessions: put in any order, taken in the order of the batches.

mod tables;

use std::collections::VecDeque;
use std::future::{Future, poll_fn};
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::{Context, Poll, Waker};

use super::blocks::Blocks;
use super::inbox::Inbox;
use super::origin::MadeOffsets;
use super::piece::Piece;
use super::progress::{At, Progress};
use super::size::Size;
use super::{Listener, Part, SessionOptions};
use crate::error::{Error, Result};
use crate::sink::applied::{Applied, SHARDS, Stir};
use crate::sync::lock;

/// What all sessions of a sink share.
pub(super) struct Queue<C> {
    state: Mutex<State<C>>,
    listener: Arc<dyn Listener>,
    /// A session takes no more than this at once, and no more rows than its `size` says.
    bytes: usize,
    /// Tables whose changes are applied wait for each other.
    applied: Option<Arc<Applied>>,
}

/// The pieces of one batch, each with its session.
pub(super) type Pieces<C> = Vec<(usize, Piece<C>)>;

/// Pieces of a batch, and the row of the table behind it.
struct Early<C> {
    pieces: Pieces<C>,
    behind: u64,
}

struct State<C> {
    /// The number of the first batch in `early`.
    next: u64,
    // Workers finish batches in any order. They are handed out in the order of their numbers, or a
    // later offset of a partition could be committed before an earlier one.
    early: VecDeque<Option<Early<C>>>,
    inboxes: Vec<Inbox<C>>,
    progress: Progress,
    made: Option<MadeOffsets>,
    blocks: Blocks,
    /// No more batches will come.
    closed: bool,
    end: Option<End>,
}

enum End {
    Failed(Error),
    Aborted,
}

/// Nothing more is to be done. The reason is told by whoever asked for the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Over;

impl<C: Part> Queue<C> {
    pub(super) fn new(options: &SessionOptions, listener: Arc<dyn Listener>) -> Self {
        let sessions = options.sessions.max(1);
        let size = || Size::new(options.rows.clone());
        let applied = options.applied.clone();
        let partitions = applied.as_ref().map_or(sessions, |_| SHARDS);
        let first = applied
            .as_ref()
            .map(|applied| applied.block(applied.first()));
        Self {
            state: Mutex::new(State {
                next: 0,
                early: VecDeque::new(),
                inboxes: (0..sessions).map(|_| Inbox::new(size())).collect(),
                progress: Progress::default(),
                made: (options.keeps_offsets)
                    .then(|| MadeOffsets::new(partitions, &options.reached)),
                blocks: Blocks::new(first.unwrap_or_default()),
                closed: false,
                end: None,
            }),
            listener,
            bytes: options.bytes,
            applied,
        }
    }

    /// From now on it looks again when tables that it waits for have moved.
    pub(super) fn follow(self: &Arc<Self>)
    where
        C: 'static,
    {
        if let Some(applied) = &self.applied {
            let own: Arc<dyn Stir> = self.clone();
            applied.seat().stirs(Arc::downgrade(&own));
            self.stir();
        }
    }

    /// Who is told.
    pub(super) fn listener(&self) -> &dyn Listener {
        self.listener.as_ref()
    }

    /// The pieces of batch `number`; every number from 0 comes once.
    pub(super) fn put(&self, number: u64, pieces: Pieces<C>) {
        self.put_before(number, pieces, 0);
    }

    /// The same of a batch whose table goes on with row `behind`.
    pub(super) fn put_before(&self, number: u64, pieces: Pieces<C>, behind: u64) {
        let mut state = self.lock();
        let place = number.checked_sub(state.next);
        // After a failure workers may still bring batches that they had begun.
        let Some(place) = place.filter(|_| state.end.is_none()) else {
            return;
        };
        let place = place as usize;
        if state.early.len() <= place {
            state.early.resize_with(place + 1, || None);
        }
        state.early[place] = Some(Early { pieces, behind });
        while let Some(early) = state.early.front_mut().and_then(Option::take) {
            state.early.pop_front();
            state.next += 1;
            if let Some(applied) = &self.applied {
                state.blocks.goes_on(applied.block(early.behind));
            }
            // `fail` takes the lock itself.
            if let Err(error) = state.hand_out(early.pieces) {
                drop(state);
                return self.fail(error);
            }
        }
        self.tell(state);
    }

    /// No more batches will come.
    ///
    /// # Errors
    /// Not all of them did.
    pub(super) fn close(&self, batches: u64) -> Result<()> {
        let mut state = self.lock();
        if state.end.is_none() && (state.next != batches || !state.early.is_empty()) {
            return Err(Error::run(format!(
                "not all of {batches} batches were encoded, which is a bug of rowgen"
            )));
        }
        state.closed = true;
        self.tell(state);
        Ok(())
    }

    /// Waits for a piece; false when none will come any more.
    pub(super) fn ready(&self, session: usize) -> impl Future<Output = Result<bool, Over>> {
        poll_fn(move |context| {
            self.poll(session, context, |state| {
                let some = self.has_work(state, session) && !self.leaves(state);
                (some || self.is_done(state, session)).then_some(some)
            })
        })
    }

    /// Waits until a transaction can be no larger.
    pub(super) fn full(&self, session: usize) -> impl Future<Output = Result<(), Over>> {
        poll_fn(move |context| {
            self.poll(session, context, |state| {
                let inbox = &state.inboxes[session];
                // Waits no longer once no batch can come, however little there is.
                let full = inbox.rows >= inbox.size.rows() || inbox.bytes >= self.bytes;
                (full || state.closed).then_some(())
            })
        })
    }

    /// Waits until nothing is to be done any more.
    pub(super) fn over(&self, session: usize) -> impl Future<Output = Over> {
        poll_fn(move |context| {
            let over = self.poll(session, context, |_| None::<()>);
            over.map(|_| Over)
        })
    }

    /// Pieces for one transaction, as many as it may have.
    pub(super) fn take(&self, session: usize) -> Vec<Piece<C>> {
        let mut state = self.lock();
        let (mut taken, mut rows, mut bytes) = (Vec::new(), 0, 0);
        let most = state.inboxes[session].size.rows();
        while let Some(piece) = state.inboxes[session].pieces.front() {
            if !self.admits(piece) {
                break;
            }
            rows += piece.chunk().rows();
            bytes += piece.chunk().bytes();
            // The first piece is always taken. One that alone is larger than the limits would wait
            // for ever.
            if !taken.is_empty() && (rows > most || bytes > self.bytes) {
                break;
            }
            taken.extend(state.inboxes[session].pop());
        }
        // Room for more batches as soon as rows are in a transaction, so that workers make the next
        // ones while the server works.
        for piece in &taken {
            state.progress.taken(piece.batch());
            state.blocks.taken();
        }
        self.tell(state);
        taken
    }

    /// What a session's last transaction tells of the next ones.
    pub(super) fn learn(&self, session: usize, learn: impl FnOnce(&mut Size)) {
        learn(&mut self.lock().inboxes[session].size);
    }

    /// Pieces of these batches and blocks are safe.
    pub(super) fn safe(&self, parts: &[(u64, u64)]) {
        let mut state = self.lock();
        for (batch, block) in parts {
            state.progress.safe(*batch);
            state.blocks.safe(*block);
        }
        self.tell(state);
    }

    /// A session, or whoever encodes for them, cannot go on.
    pub(super) fn fail(&self, error: Error) {
        self.end(End::Failed(error));
    }

    /// Nothing more is wanted.
    pub(super) fn abort(&self) {
        self.end(End::Aborted);
    }

    /// True once nothing more is wanted.
    pub(super) fn is_over(&self) -> bool {
        self.lock().end.is_some()
    }

    /// Why it is over, told once.
    pub(super) fn failure(&self) -> Option<Error> {
        let mut state = self.lock();
        match state.end.take()? {
            End::Failed(error) => {
                // The queue stays over, without the reason, which is told once: else the report had
                // it twice.
                state.end = Some(End::Aborted);
                Some(error)
            }
            End::Aborted => {
                state.end = Some(End::Aborted);
                None
            }
        }
    }

    fn end(&self, end: End) {
        let mut state = self.lock();
        if state.end.is_some() {
            return;
        }
        let failed = matches!(end, End::Failed(_));
        state.end = Some(end);
        // What waits is let go at once: it may be many batches, and sessions may take seconds to
        // end.
        state.early.clear();
        for inbox in &mut state.inboxes {
            inbox.pieces.clear();
        }
        self.tell(state);
        if let Some(applied) = &self.applied {
            applied.seat().fail();
        }
        self.listener.over(failed);
    }

    /// True if a piece may be sent now.
    fn admits(&self, piece: &Piece<C>) -> bool {
        let applied = self.applied.as_ref();
        applied.is_none_or(|applied| applied.seat().admits(piece.block()))
    }

    fn has_work(&self, state: &State<C>, session: usize) -> bool {
        let first = state.inboxes[session].pieces.front();
        first.is_some_and(|piece| self.admits(piece))
    }

    /// True if nothing more will come for a session: what waits for other tables waits for the next run.
    fn is_done(&self, state: &State<C>, session: usize) -> bool {
        let settled = || {
            self.applied
                .as_ref()
                .is_some_and(|applied| applied.seat().is_settled())
        };
        let empty = || state.inboxes[session].pieces.is_empty();
        state.closed && (empty() || settled() || self.leaves(state))
    }

    /// True once nothing more is begun, though something waits: the run is to end.
    fn leaves(&self, state: &State<C>) -> bool {
        state.closed && self.listener.leaves()
    }

    /// All rows of so many batches are safe.
    pub(super) fn durable(&self) -> u64 {
        self.lock().progress.at().durable
    }

    /// Rows that nobody has begun to send.
    pub(super) fn unsent(&self) -> u64 {
        let state = self.lock();
        let pieces = state.inboxes.iter().flat_map(|inbox| &inbox.pieces);
        pieces.map(|piece| piece.narrow.rows() as u64).sum()
    }

    fn poll<T>(
        &self,
        session: usize,
        context: &mut Context<'_>,
        look: impl Fn(&State<C>) -> Option<T>,
    ) -> Poll<Result<T, Over>> {
        let mut state = self.lock();
        if state.end.is_some() {
            return Poll::Ready(Err(Over));
        }
        match look(&state) {
            Some(seen) => Poll::Ready(Ok(seen)),
            None => {
                // Under the lock under which `tell` takes wakers: what comes between looking and
                // waiting would else wake nobody.
                state.inboxes[session].waker = Some(context.waker().clone());
                Poll::Pending
            }
        }
    }

    /// Wakes the sessions that wait and tells how far they are, without holding the lock.
    fn tell(&self, mut state: MutexGuard<'_, State<C>>) {
        let At { accepted, durable } = state.progress.at();
        let stirred = state.closed || state.end.is_some();
        let inboxes = state.inboxes.iter_mut();
        let first = |inbox: &Inbox<C>| inbox.pieces.front().is_some_and(|piece| self.admits(piece));
        let waiting = inboxes.filter(|inbox| stirred || first(inbox));
        let wakers: Vec<Waker> = waiting.filter_map(|inbox| inbox.waker.take()).collect();
        let told = self.told(&mut state);
        let in_vain = self.waits_in_vain(&state);
        drop(state);
        wakers.into_iter().for_each(Waker::wake);
        if in_vain {
            return self.fail(Error::run(
                "it goes no further: a table that its changes wait for has failed",
            ));
        }
        if let (Some(applied), Some((times, told))) = (&self.applied, told) {
            applied.seat().tell(times, told);
        }
        self.listener.accepted(accepted);
        self.listener.durable(durable);
    }

    fn lock(&self) -> MutexGuard<'_, State<C>> {
        lock(&self.state)
    }
}

impl<C: Part> State<C> {
    /// The next batch goes to its sessions.
    fn hand_out(&mut self, pieces: Pieces<C>) -> Result<()> {
        let mut wanted = Vec::with_capacity(pieces.len());
        for (session, mut piece) in pieces {
            if let Some(made) = &mut self.made
                && piece.origin().is_empty()
            {
                let spans = made.spans(session, &piece)?;
                if spans.is_empty() {
                    continue;
                }
                piece.came_from(spans);
            }
            self.blocks.add(piece.block());
            wanted.push((session, piece));
        }
        self.progress.begin(wanted.len());
        for (session, piece) in wanted {
            self.inboxes[session].push(piece);
        }
        Ok(())
    }
}
