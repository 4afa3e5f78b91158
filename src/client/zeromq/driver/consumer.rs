//! The other end of a stream: takes messages, works on each for a while, and replies.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Condvar, Mutex};
use std::thread::Builder;
use std::time::{Duration, Instant};

use zmq::{Context, SNDMORE, Socket, SocketType};

use super::{
    Address, Incoming, Reply, START, Subscriber, bind, connect, failed, now_micros, socket,
};
use crate::error::{Error, Problem, Result};
use crate::sync::lock;

/// How often the end is looked for.
const STEP: Duration = Duration::from_millis(50);

/// Bytes of a message: 1 GiB of data, and what stands before it.
const MOST_MESSAGE: i64 = (1 << 30) + (1 << 20);

/// How many milliseconds replies that are made and not taken yet are waited for in the end, and after a
/// signal.
// Choices.
const REPLIES_LINGER: [i32; 2] = [2_000, 200];

/// What a consumer needs to know.
#[derive(Debug, Clone)]
pub struct Consumer {
    /// Where messages come from: one address a channel.
    pub data: Vec<Address>,
    /// Where it says `start`.
    pub control: Address,
    /// Where its replies can be had.
    pub replies: Address,
    /// How long it works on a message.
    pub processing: Duration,
    /// Messages that are worked on at once.
    pub workers: usize,
    /// When it ends, counted from the start.
    pub time: Duration,
    /// How long it waits for the producer.
    pub patience: Duration,
}

/// What came of it.
#[derive(Debug, Default)]
pub struct Consumed {
    /// Messages that came.
    pub messages: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Messages that could not be read.
    pub unreadable: u64,
    /// Replies that were sent.
    pub replies: u64,
    /// Messages that still waited in the end: nobody replies to them.
    pub left: u64,
    /// From the first message to the last.
    pub elapsed: Duration,
}

/// A message that waits for its reply, and when it came.
struct Waiting(Incoming, u64);

/// Heard by whoever works on messages once no more replies are wanted.
#[derive(Default)]
struct Over(Mutex<bool>, Condvar);

impl Over {
    fn tell(&self) {
        *lock(&self.0) = true;
        self.1.notify_all();
    }

    /// True once it is over; waits so long to hear it.
    fn within(&self, time: Duration) -> bool {
        let mut over = lock(&self.0);
        let began = Instant::now();
        while let Some(left) = time.checked_sub(began.elapsed()).filter(|_| !*over) {
            match self.1.wait_timeout(over, left) {
                Ok((guard, _)) => over = guard,
                Err(_) => return true,
            }
        }
        *over
    }
}

impl Consumer {
    /// Takes messages until its time is over, or `ended` says so.
    ///
    /// # Errors
    /// A port is taken, or no producer answers.
    pub fn run(&self, ended: &(dyn Fn() -> bool + Sync)) -> Result<Consumed> {
        let context = Context::new();
        let (first, others) = self
            .data
            .split_first()
            .ok_or_else(|| Error::run("no channel to read"))?;
        let subscriber = Subscriber::connect(&context, first, "request", MOST_MESSAGE)?;
        others
            .iter()
            .try_for_each(|address| subscriber.also(address))?;
        let replies = socket(&context, SocketType::PUB).map_err(Error::run)?;
        // None of them is thrown away while the producer is there, however slowly it takes them.
        replies
            .set_sndhwm(0)
            .map_err(|error| failed("setting up the socket of replies", error))?;
        bind(&replies, &self.replies).map_err(Error::user)?;
        self.start(&context, ended)?;
        let mut consumed = Consumed::default();
        self.consume(&subscriber, replies, ended, &mut consumed)?;
        let settled = consumed.unreadable + consumed.replies;
        consumed.left = consumed.messages.saturating_sub(settled);
        Ok(consumed)
    }

    /// Receives, works and replies until the end; what waits for a worker then is left.
    fn consume(
        &self,
        subscriber: &Subscriber,
        replies: Socket,
        ended: &(dyn Fn() -> bool + Sync),
        consumed: &mut Consumed,
    ) -> Result<()> {
        let (over, replied) = (&Over::default(), &AtomicU64::new(0));
        let (messages, taken) = mpsc::channel();
        let (done, answers) = mpsc::channel();
        let taken = &Mutex::new(taken);
        let received = std::thread::scope(|scope| {
            let worker = |_| {
                let done = done.clone();
                let thread = Builder::new().name("worker".into());
                let started = thread.spawn_scoped(scope, move || self.work(taken, &done, over));
                started.map(drop)
            };
            let started = (0..self.workers.max(1)).try_for_each(worker);
            drop(done);
            scope.spawn(move || {
                reply(&replies, &answers, replied);
                // Who wants to go waits no longer than a producer at work needs; a failure changes nothing.
                let _ = replies.set_linger(REPLIES_LINGER[usize::from(ended())]);
            });
            let received = started
                .map_err(|error| Error::because("starting a thread", error))
                .and_then(|()| self.receive(subscriber, &messages, ended, consumed));
            // Once no more messages are taken, or workers would go on for hours with what waits.
            over.tell();
            drop(messages);
            received
        });
        consumed.replies = replied.load(Ordering::Relaxed);
        received
    }

    /// Says `start` until it is answered.
    fn start(&self, context: &Context, ended: &dyn Fn() -> bool) -> Result<()> {
        let control = socket(context, SocketType::REQ).map_err(Error::run)?;
        let endpoint = self.control.endpoint();
        let error = |error| failed(format!("saying `start` to `{endpoint}`"), error);
        connect(&control, &self.control)
            .and_then(|()| control.send(START, 0))
            .map_err(error)?;
        let asked = Instant::now();
        while asked.elapsed() < self.patience && !ended() {
            match control.poll(zmq::POLLIN, 50) {
                Ok(0) | Err(zmq::Error::EINTR) => {}
                Ok(_) => return control.recv_bytes(0).map(drop).map_err(error),
                Err(other) => return Err(error(other)),
            }
        }
        let problem = Problem::new(format!("no producer answers at `{endpoint}`"));
        Err(Error::run(problem.hint(
            "start `rowgen stream` there, with the same control port",
        )))
    }

    fn receive(
        &self,
        subscriber: &Subscriber,
        messages: &Sender<Waiting>,
        ended: &dyn Fn() -> bool,
        consumed: &mut Consumed,
    ) -> Result<()> {
        let began = Instant::now();
        let mut first = None;
        while began.elapsed() < self.time && !ended() {
            let Some(frames) = subscriber.next(STEP)? else {
                continue;
            };
            let came = now_micros();
            consumed.messages += 1;
            consumed.bytes += frames.iter().map(|frame| frame.len() as u64).sum::<u64>();
            consumed.elapsed = first.get_or_insert_with(Instant::now).elapsed();
            match frames.last().and_then(|message| Incoming::parse(message)) {
                Some(incoming) => drop(messages.send(Waiting(incoming, came))),
                None => consumed.unreadable += 1,
            }
        }
        Ok(())
    }

    fn work(&self, taken: &Mutex<Receiver<Waiting>>, done: &Sender<Reply>, over: &Over) {
        let next = || lock(taken).recv();
        while let Ok(Waiting(message, came)) = next() {
            if over.within(self.processing) {
                return;
            }
            let reply = Reply {
                seq_n: message.seq_n,
                msg_id: message.msg_id,
                t2: came,
                t3: now_micros(),
            };
            // Nobody replies any more once the socket has failed.
            if done.send(reply).is_err() {
                return;
            }
        }
    }
}

/// Sends replies as they come.
fn reply(socket: &Socket, answers: &Receiver<Reply>, replied: &AtomicU64) {
    for reply in answers {
        let sent = socket
            .send("response", SNDMORE)
            .and_then(|()| socket.send(&reply.to_json(), 0));
        if sent.is_err() {
            return;
        }
        replied.fetch_add(1, Ordering::Relaxed);
    }
}
