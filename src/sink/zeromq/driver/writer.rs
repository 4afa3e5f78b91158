//! Sends each message at its time. A message that is due and finds no room is skipped and counted; without
//! a rate it waits.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::encoder::Spelt;
use super::replies::{Replies, nanos};
use super::window::Window;
use crate::client::zeromq::{Control, Parcel, Publisher, Ring, now_micros};
use crate::error::Result;
use crate::pace::Pace;
use crate::report::Meter;
use crate::sink::lane::{Marks, Writer};
use crate::sink::{FileReport, RunHandle};

/// How often a held message looks whether the run ends.
const STEP: Duration = Duration::from_millis(20);

/// How long replies are waited for once somebody wants the run to end.
// A choice, as `STEP` is.
const SHORT: Duration = Duration::from_secs(1);

/// Messages on their way.
pub struct Sender {
    /// The sockets, each with its queue; without a socket messages are made and thrown away.
    pub channels: Vec<(Option<Publisher>, Ring)>,
    /// What stands for `{data}`.
    pub body: Arc<[u8]>,
    /// Digits of the time of the send.
    pub digits: usize,
    /// When rows are due.
    pub pace: Option<Arc<Pace>>,
    /// The number of the first message.
    pub first_row: u64,
    /// The run, which may end before its rows do.
    pub run: Arc<dyn RunHandle>,
    /// What is counted.
    pub meter: Arc<Meter>,
    /// The messages that wait for replies, and whoever takes those.
    pub replies: Option<(Arc<Window>, Replies)>,
    /// Stays open where nobody takes replies: its last answer may be on its way.
    pub control: Option<Control>,
    /// How long what is not sent is waited for in the end.
    pub linger: Duration,
    /// How long replies are waited for in the end.
    pub patience: Duration,
}

/// A message that is ready but for its time.
struct Prepared {
    parcel: Box<Parcel>,
    name: u32,
    /// How long that took up to the last pause, and when it went on. A clock is read as seldom as can be:
    /// at 1 KiB six readings a message were a tenth of the sender.
    took: Duration,
    since: Instant,
}

impl Prepared {
    /// What comes now is no preparation.
    fn pause(&mut self) {
        self.took += self.since.elapsed();
    }

    fn go_on(&mut self) {
        self.since = Instant::now();
    }
}

impl Writer<Spelt> for Sender {
    // On a thread of its own: a worker that waits for the time of a message makes no rows.
    fn waits(&self) -> bool {
        true
    }

    fn write(&mut self, number: u64, spelt: Spelt, marks: &Marks) -> Result<ControlFlow<()>> {
        self.heard()?;
        for row in 0..spelt.count {
            if self.one(&spelt, row, marks)?.is_break() {
                // What is not sent of the batch is not durable either.
                return Ok(ControlFlow::Continue(()));
            }
        }
        marks.durable(number + 1);
        Ok(ControlFlow::Continue(()))
    }

    fn finish(&mut self, marks: &Marks) -> Result<Vec<FileReport>> {
        let away = |sender: &Self| sender.channels.iter().any(|(_, ring)| ring.away() > 0);
        // Parcels are libzmq's until it gives them back. What is away when sockets are closed is
        // lost.
        self.wait_while(self.linger, marks, away);
        let waiting = |sender: &Self| {
            let (sent, settled) = sender.meter.clocks().settled();
            settled < sent
                && !sender
                    .replies
                    .as_ref()
                    .is_none_or(|(_, replies)| replies.is_over())
        };
        self.wait_while(self.patience, marks, waiting);
        let replies = self.replies.take();
        let file = replies.map(|(_, replies)| replies.finish()).transpose()?;
        self.control = None;
        Ok(file.flatten().into_iter().collect())
    }
}

impl Sender {
    /// Whoever takes the replies ends before the last one only when it has failed: nothing is measured then.
    fn heard(&mut self) -> Result<()> {
        let replies = self.replies.take_if(|(_, replies)| replies.is_over());
        match replies {
            Some((_, replies)) => replies.finish().map(drop),
            None => Ok(()),
        }
    }

    /// Sends the message of a row when it is due. `Break` when the run ends before.
    fn one(&mut self, spelt: &Spelt, row: usize, marks: &Marks) -> Result<ControlFlow<()>> {
        let number = spelt.place.row(row);
        let channel = (number % self.channels.len() as u64) as usize;
        let place = number - self.first_row;
        let pace = self.pace.as_ref();
        // The next message is due already, and `catch_up: skip` asks to leave this one out.
        if pace.is_some_and(|pace| pace.leaves_out(place + 1)) {
            self.skip(number);
            return Ok(ControlFlow::Continue(()));
        }
        let due = pace.map(|pace| pace.due(place));
        // Before it is due: what a message takes to make must not make it late.
        let mut prepared = self.prepare(channel, spelt, row);
        if due.is_some() {
            prepared.iter_mut().for_each(Prepared::pause);
            if self.hold(due, marks).is_break() {
                if let Some(prepared) = prepared {
                    self.channels[channel].1.put(prepared.parcel);
                }
                return Ok(ControlFlow::Break(()));
            }
            prepared.iter_mut().for_each(Prepared::go_on);
        }
        let prepared = loop {
            let ready = prepared.take();
            if let Some(ready) = ready.or_else(|| self.prepare(channel, spelt, row)) {
                break ready;
            }
            if due.is_some() {
                self.skip(number);
                return Ok(ControlFlow::Continue(()));
            }
            if marks.over() || self.run.stopping() {
                self.meter.clocks().gave_up();
                return Ok(ControlFlow::Break(()));
            }
            self.channels[channel].1.wait(STEP);
        };
        self.send(number, channel, due, prepared, marks)
    }

    /// Everything of a message but its time; nothing where its channel has no room.
    fn prepare(&mut self, channel: usize, spelt: &Spelt, row: usize) -> Option<Prepared> {
        let since = Instant::now();
        let mut parcel = self.channels[channel].1.take()?;
        let [before, between, after] = &spelt.pieces;
        let head = [before.get(row), between.get(row)];
        parcel.fill(head, self.digits, &self.body, after.get(row));
        Some(Prepared {
            parcel,
            name: spelt.names[row],
            took: Duration::ZERO,
            since,
        })
    }

    fn send(
        &mut self,
        number: u64,
        channel: usize,
        due: Option<Duration>,
        mut prepared: Prepared,
        marks: &Marks,
    ) -> Result<ControlFlow<()>> {
        loop {
            // As late as can be: this is the time that the consumer reads.
            let micros = now_micros();
            prepared.parcel.stamp(micros);
            if let Some((window, _)) = &self.replies {
                // Before the send: a reply may come before `send` returns.
                window.sent(number, micros, prepared.name);
            }
            let paced = self.pace.as_ref().zip(due);
            let warms_up = paced.is_some_and(|(pace, due)| pace.is_warming_up(due));
            let late = paced.map(|(pace, due)| nanos(pace.clock().now()) - nanos(due));
            let ready = Instant::now();
            let took = prepared.took + (ready - prepared.since);
            let bytes = prepared.parcel.message().len() as u64;
            let (publisher, ring) = &mut self.channels[channel];
            let refused = match publisher {
                Some(publisher) => publisher.send(prepared.parcel)?,
                None => {
                    ring.put(prepared.parcel);
                    None
                }
            };
            let Some(parcel) = refused else {
                let clocks = self.meter.clocks();
                match warms_up {
                    true => clocks.sent_to_warm_up(),
                    false => clocks.sent(nanos(took), late, ready),
                }
                marks.add(1, bytes);
                return Ok(ControlFlow::Continue(()));
            };
            // At a rate there is no time to wait for room. A PUB socket drops without a word at its
            // high-water mark; with `ZMQ_XPUB_NODROP` it refuses, and the message is counted as
            // skipped.
            if due.is_some() || marks.over() || self.run.stopping() {
                ring.put(parcel);
                self.skip(number);
                return Ok(ControlFlow::Continue(()));
            }
            // A choice; without a rate nobody measures when it was sent.
            std::thread::sleep(Duration::from_micros(50));
            prepared = Prepared {
                parcel,
                name: prepared.name,
                took,
                since: Instant::now(),
            };
        }
    }

    fn skip(&self, number: u64) {
        if let Some((window, _)) = &self.replies {
            window.skipped(number);
        }
        self.meter.clocks().skipped(number..number + 1);
        self.meter.reject(1);
    }

    /// Waits until a message is due. `Break` when the run ends before.
    fn hold(&self, due: Option<Duration>, marks: &Marks) -> ControlFlow<()> {
        let (Some(pace), Some(due)) = (&self.pace, due) else {
            return ControlFlow::Continue(());
        };
        while !pace.approach(due, STEP) {
            if marks.over() || self.run.stopping() {
                return ControlFlow::Break(());
            }
        }
        ControlFlow::Continue(())
    }

    /// Waits while something is so, at most so long, and shortly once somebody wants the run to end.
    fn wait_while(&self, time: Duration, marks: &Marks, holds: impl Fn(&Self) -> bool) {
        let began = Instant::now();
        while holds(self) && !marks.over() {
            let most = match self.run.interrupted() {
                true => time.min(SHORT),
                false => time,
            };
            if began.elapsed() >= most {
                return;
            }
            std::thread::sleep(Duration::from_millis(1));
        }
    }
}
