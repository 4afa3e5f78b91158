//! Queues in motion: a thread fetches, blocks are numbered, and what is safe is acknowledged.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::sync::Notify;

use super::block::{Decode, Waiting};
use super::fetch;
use super::ledger::Ledger;
use super::options::Until;
use super::pipe::Pipe;
use super::queue::Queues;
use crate::client::rabbitmq::Broker;
use crate::error::{Error, Result};
use crate::report::Meter;
use crate::source::{Begin, Block, Flow};
use crate::sync::{lock, spawn};

/// What whoever fetches and the batches share.
pub struct Shared {
    /// The broker.
    pub broker: Broker,
    /// The queues.
    pub queues: Vec<String>,
    /// What the broker's pages call this client.
    pub name: String,
    /// So many messages of a queue may be under way and not acknowledged.
    pub prefetch: u16,
    /// When to stop.
    pub until: Until,
    /// What has come.
    pub pipe: Pipe,
    /// What is safe.
    pub ledger: Ledger,
    /// Is told how much waits, and of trouble.
    pub meter: Arc<Meter>,
    /// Rung when there is something to acknowledge, or nothing more to do.
    pub bell: Notify,
    /// Nothing more is wanted.
    pub closed: AtomicBool,
}

/// Queues that are read.
pub struct Consumer {
    shared: Arc<Shared>,
    decode: Arc<Decode>,
    thread: Mutex<Option<JoinHandle<()>>>,
    /// The run is only measured: nothing is acknowledged.
    measured: bool,
}

impl Consumer {
    /// Begins to read.
    ///
    /// # Errors
    /// The system gives no thread.
    pub fn start(queues: &Queues, begin: &Begin) -> Result<Self> {
        let until = match queues.until {
            // A run that is only measured must end.
            Until::Forever if begin.measured => Until::Empty,
            until => until,
        };
        let left = match until {
            Until::Count(count) => Some(count),
            _ => None,
        };
        // A batch is made of half of what may be under way. If it waited for all of it, the broker
        // would have nothing to send while the batch is on its way through the sinks.
        let enough = usize::from(queues.prefetch) / 2;
        let shared = Arc::new(Shared {
            broker: queues.broker.clone(),
            queues: queues.names.clone(),
            name: queues.client.clone(),
            prefetch: queues.prefetch,
            until,
            pipe: Pipe::new(enough, queues.linger, left, begin.wake.clone()),
            ledger: Ledger::default(),
            meter: begin.meter.clone(),
            bell: Notify::new(),
            closed: AtomicBool::new(false),
        });
        // A panic of this thread fails the pipe: the run would wait for its messages for ever.
        let (own, panicked) = (shared.clone(), shared.clone());
        let thread = spawn(
            "fetch",
            move || fetch::run(&own),
            move |panic| {
                panicked
                    .pipe
                    .fail(Error::of_panic("the thread that fetches", panic))
            },
        );
        Ok(Self {
            thread: Mutex::new(Some(
                thread.map_err(|error| Error::because("starting a thread", error))?,
            )),
            decode: Arc::new(queues.decode()),
            shared,
            measured: begin.measured,
        })
    }
}

impl Flow for Consumer {
    fn wait(&self, most: usize) -> Option<Duration> {
        self.shared.pipe.wait(most)
    }

    fn next(&self, number: u64, most: usize) -> Result<Option<Box<dyn Block>>> {
        let Some(gathered) = self.shared.pipe.take(most)? else {
            return Ok(None);
        };
        let spans = gathered.spans.into();
        // Before the block is handed on: a batch that is safe before it is known here would never
        // be acknowledged.
        self.shared.ledger.add(number, &spans);
        let block = Waiting::new(gathered.messages, spans, self.decode.clone());
        Ok(Some(Box::new(block)))
    }

    fn stop(&self) {
        self.shared.pipe.stop();
    }

    fn durable(&self, batches: u64) -> Result<()> {
        if !self.measured {
            self.shared.ledger.safe(batches);
            self.shared.bell.notify_one();
        }
        Ok(())
    }

    fn freeze(&self) -> bool {
        self.shared.ledger.freeze()
    }

    fn close(&self) {
        self.shared.closed.store(true, Ordering::Release);
        self.shared.bell.notify_one();
        if let Some(thread) = lock(&self.thread).take() {
            thread.join().ok();
        }
        self.shared.pipe.stop();
    }
}

/// Whoever forgets to close it leaves no thread behind.
impl Drop for Consumer {
    fn drop(&mut self) {
        self.close();
    }
}
