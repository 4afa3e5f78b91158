//! Replies: a thread takes each as it comes, and times the message that it answers.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use super::results::Results;
use super::window::{Known, Window};
use crate::client::zeromq::{Reply, Subscriber, now_micros};
use crate::error::{Error, Result};
use crate::pace::Pace;
use crate::report::{FileReport, FourTimes, Meter};

/// How often the end is looked for.
const STEP: Duration = Duration::from_millis(20);

/// Whoever takes replies.
pub struct Listener {
    /// Where they come from.
    pub subscriber: Subscriber,
    /// The messages that wait for theirs.
    pub window: Arc<Window>,
    /// When messages were meant to be sent.
    pub pace: Option<Arc<Pace>>,
    /// The number of the first message.
    pub first_row: u64,
    /// Where times are written.
    pub results: Option<Results>,
    /// What is counted.
    pub meter: Arc<Meter>,
}

/// A listener at work.
pub struct Replies {
    thread: JoinHandle<Result<Option<FileReport>>>,
    over: Arc<AtomicBool>,
}

impl Listener {
    /// Starts its thread.
    ///
    /// # Errors
    /// The system gives no thread.
    pub fn start(self) -> Result<Replies> {
        let over = Arc::new(AtomicBool::new(false));
        let seen = over.clone();
        let thread = std::thread::Builder::new().name("replies".into());
        let thread = thread.spawn(move || self.listen(&seen));
        Ok(Replies {
            thread: thread.map_err(|error| Error::because("starting a thread", error))?,
            over,
        })
    }

    fn listen(mut self, over: &AtomicBool) -> Result<Option<FileReport>> {
        while !over.load(Ordering::Acquire) {
            if let Some(frames) = self.subscriber.next(STEP)? {
                let came = self.pace.as_ref().map(|pace| pace.clock().now());
                self.take(&frames, now_micros(), came)?;
            }
        }
        self.window.give_up();
        self.results.map(Results::finish).transpose()
    }

    fn take(&mut self, frames: &[Vec<u8>], replied: u64, came: Option<Duration>) -> Result<()> {
        let clocks = self.meter.clocks();
        let Some(reply) = Reply::parse(frames) else {
            clocks.unreadable();
            return Ok(());
        };
        let sent = match self.window.answered(reply.seq_n) {
            Known::Sent(micros) => micros,
            Known::Settled => {
                clocks.repeated();
                return Ok(());
            }
            Known::Never => {
                clocks.unknown();
                return Ok(());
            }
        };
        let times = FourTimes {
            sent,
            came: reply.t2,
            done: reply.t3,
            replied,
        };
        let due = self
            .pace
            .as_ref()
            .map(|pace| pace.due(reply.seq_n - self.first_row));
        let response = due.zip(came).map(|(due, came)| nanos(came) - nanos(due));
        clocks.answered(
            &times,
            response.unwrap_or(times.total().saturating_mul(1000)),
        );
        match &mut self.results {
            Some(results) => results.add(reply.seq_n, &reply.msg_id, &times),
            None => Ok(()),
        }
    }
}

impl Replies {
    /// True once it takes no more: it has failed.
    pub fn is_over(&self) -> bool {
        self.thread.is_finished()
    }

    /// Takes no more replies; the file of results.
    ///
    /// # Errors
    /// Receiving or writing failed.
    pub fn finish(self) -> Result<Option<FileReport>> {
        self.over.store(true, Ordering::Release);
        match self.thread.join() {
            Ok(done) => done,
            Err(panic) => Err(Error::of_panic("the thread of replies", panic.as_ref())),
        }
    }
}

/// A time of the pace's clock in nanoseconds.
pub fn nanos(time: Duration) -> i64 {
    i64::try_from(time.as_nanos()).unwrap_or(i64::MAX)
}
