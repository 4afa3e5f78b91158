//! Replies: a thread takes each as it comes, and times the message that it answers.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use super::results::Results;
use super::window::{Known, Window};
use crate::client::zeromq::{Control, Reply, Subscriber, now_micros};
use crate::error::{Error, Result};
use crate::pace::Pace;
use crate::report::{FileReport, FourTimes, Meter};

/// How often the end is looked for.
const STEP: Duration = Duration::from_millis(20);

/// After so many replies it is looked whether somebody says `start`: that is a call of the system.
const LOOK: u64 = 1024;

/// Whoever takes replies.
pub struct Listener {
    /// Where they come from.
    pub subscriber: Subscriber,
    /// Whoever comes in the middle of a run says `start` there, too.
    pub control: Option<Control>,
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

/// A listener at work. Dropped, it ends without results.
pub struct Replies {
    thread: Option<JoinHandle<Result<Option<FileReport>>>>,
    end: Arc<End>,
}

/// How it is to end.
#[derive(Default)]
struct End {
    over: AtomicBool,
    unfinished: AtomicBool,
}

impl Listener {
    /// Starts its thread.
    ///
    /// # Errors
    /// The system gives no thread.
    pub fn start(self) -> Result<Replies> {
        let end = Arc::new(End::default());
        let seen = end.clone();
        let thread = std::thread::Builder::new().name("replies".into());
        let thread = thread.spawn(move || self.listen(&seen));
        let thread = thread.map_err(|error| Error::because("starting a thread", error))?;
        Ok(Replies {
            thread: Some(thread),
            end,
        })
    }

    fn listen(mut self, end: &End) -> Result<Option<FileReport>> {
        let mut taken = 0_u64;
        while !end.over.load(Ordering::Acquire) {
            if let Some(frames) = self.subscriber.next(STEP)? {
                // The clock is read before anything else is done with the reply.
                let came = self.pace.as_ref().map(|pace| pace.clock().now());
                self.take(&frames, now_micros(), came)?;
                taken += 1;
                if !taken.is_multiple_of(LOOK) {
                    continue;
                }
            }
            // libzmq leaves a connection at that whose frame was too long. All later replies were
            // lost, before the connection was made anew.
            if self.subscriber.mended()? {
                self.meter.clocks().unreadable();
            }
            // A consumer that was started anew goes on with what comes.
            if let Some(control) = &self.control {
                control.started(Duration::ZERO)?;
            }
        }
        // Only now: until the end each message may still be answered.
        self.window.give_up();
        if end.unfinished.load(Ordering::Acquire) {
            return Ok(None);
        }
        self.results.map(Results::finish).transpose()
    }

    fn take(&mut self, frames: &[Vec<u8>], replied: u64, came: Option<Duration>) -> Result<()> {
        let clocks = self.meter.clocks();
        let Some(reply) = Reply::parse(frames) else {
            clocks.unreadable();
            return Ok(());
        };
        let sent = match self.window.answered(reply.seq_n, &reply.msg_id) {
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
        let pace = self.pace.as_ref();
        let paced = pace.map(|pace| (pace, pace.due(reply.seq_n - self.first_row)));
        // By when the message was due and not by when it was sent, or a late one would count as
        // measured.
        if paced.is_some_and(|(pace, due)| pace.is_warming_up(due)) {
            clocks.answered_to_warm_up();
            return Ok(());
        }
        let response = paced.zip(came);
        // From the intended time. The old stream measured from the actual send, which hides the
        // messages that wait for a sender that is late.
        let response = response.map(|((_, due), came)| nanos(came) - nanos(due));
        clocks.answered(&times, response.unwrap_or(times.total()));
        match &mut self.results {
            Some(results) => results.add(reply.seq_n, &reply.msg_id, &times),
            None => Ok(()),
        }
    }
}

impl Replies {
    /// True once it takes no more: it has failed.
    pub fn is_over(&self) -> bool {
        let thread = self.thread.as_ref();
        thread.is_none_or(JoinHandle::is_finished)
    }

    /// Takes no more replies; the file of results.
    ///
    /// # Errors
    /// Receiving or writing failed.
    pub fn finish(mut self) -> Result<Option<FileReport>> {
        self.join().unwrap_or(Ok(None))
    }

    fn join(&mut self) -> Option<Result<Option<FileReport>>> {
        self.end.over.store(true, Ordering::Release);
        let done = self.thread.take()?.join();
        Some(
            done.unwrap_or_else(|panic| {
                Err(Error::of_panic("the thread of replies", panic.as_ref()))
            }),
        )
    }
}

impl Drop for Replies {
    fn drop(&mut self) {
        self.end.unfinished.store(true, Ordering::Release);
        // Whoever drops it has another error to tell.
        drop(self.join());
    }
}

/// A time of the pace's clock in nanoseconds.
pub fn nanos(time: Duration) -> i64 {
    i64::try_from(time.as_nanos()).unwrap_or(i64::MAX)
}
