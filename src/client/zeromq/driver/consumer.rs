//! The other end of a stream: takes messages, works on each for a while, and replies.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{self, Receiver, Sender};
use std::time::{Duration, Instant};

use zmq::{Context, SNDMORE, Socket, SocketType};

use super::{Address, Incoming, Reply, START, Subscriber, bind, failed, now_micros, socket};
use crate::error::{Error, Problem, Result};
use crate::sync::lock;

/// How often the end is looked for.
const STEP: Duration = Duration::from_millis(50);

/// How many milliseconds replies that are not sent yet are waited for in the end.
const REPLIES_LINGER: i32 = 2_000;

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
    /// From the first message to the last.
    pub elapsed: Duration,
}

/// A message that waits for its reply, and when it came.
struct Waiting(Incoming, u64);

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
        let subscriber = Subscriber::connect(&context, first, "request", "consumer")?;
        others
            .iter()
            .try_for_each(|address| subscriber.also(address))?;
        let replies = socket(&context, SocketType::PUB).map_err(Error::run)?;
        // None of them is thrown away while the producer is there, however slowly it takes them.
        replies
            .set_sndhwm(0)
            .and_then(|()| replies.set_linger(REPLIES_LINGER))
            .map_err(|error| failed("setting up the socket of replies", error))?;
        bind(&replies, &self.replies).map_err(Error::user)?;
        self.start(&context, ended)?;
        let replied = AtomicU64::new(0);
        let mut consumed = Consumed::default();
        let (messages, taken) = mpsc::channel();
        let (done, answers) = mpsc::channel();
        let (taken, counted) = (&Mutex::new(taken), &replied);
        std::thread::scope(|scope| {
            for _ in 0..self.workers.max(1) {
                let done = done.clone();
                scope.spawn(move || self.work(taken, &done));
            }
            drop(done);
            scope.spawn(move || reply(&replies, &answers, counted));
            let received = self.receive(&subscriber, &messages, ended, &mut consumed);
            drop(messages);
            received
        })?;
        consumed.replies = replied.load(Ordering::Relaxed);
        Ok(consumed)
    }

    /// Says `start` until it is answered.
    fn start(&self, context: &Context, ended: &dyn Fn() -> bool) -> Result<()> {
        let control = socket(context, SocketType::REQ).map_err(Error::run)?;
        let endpoint = self.control.endpoint();
        let error = |error| failed(format!("saying `start` to `{endpoint}`"), error);
        control
            .connect(&endpoint)
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

    fn work(&self, taken: &Mutex<Receiver<Waiting>>, done: &Sender<Reply>) {
        let next = || lock(taken).recv();
        while let Ok(Waiting(message, came)) = next() {
            if !self.processing.is_zero() {
                std::thread::sleep(self.processing);
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
