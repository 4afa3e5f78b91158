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
use crate::pace::{Clock, MachineClock, Pace};
use crate::report::Meter;
use crate::sink::lane::{Marks, Writer};
use crate::sink::{FileReport, Run};

/// How often a held message looks whether the run ends.
const STEP: Duration = Duration::from_millis(20);

/// How long replies are waited for once somebody wants the run to end.
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
    /// The clock without a pace.
    pub clock: MachineClock,
    /// The number of the first message.
    pub first_row: u64,
    /// The run, which may end before its rows do.
    pub run: Arc<dyn Run>,
    /// What is counted.
    pub meter: Arc<Meter>,
    /// The messages that wait for replies, and whoever takes those.
    pub replies: Option<(Arc<Window>, Replies)>,
    /// Stays open: its last answer may be on its way.
    pub control: Option<Control>,
    /// How long what is not sent is waited for in the end.
    pub linger: Duration,
    /// How long replies are waited for in the end.
    pub patience: Duration,
}

/// A message that is ready, and how long that took.
type Prepared = (Box<Parcel>, Duration);

impl Writer<Spelt> for Sender {
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
        if pace.is_some_and(|pace| pace.leaves_out(place + 1)) {
            self.skip(number);
            return Ok(ControlFlow::Continue(()));
        }
        let due = pace.map(|pace| pace.due(place));
        let mut prepared = self.prepare(channel, spelt, row);
        if self.hold(due, marks).is_break() {
            if let Some((parcel, _)) = prepared {
                self.channels[channel].1.put(parcel);
            }
            return Ok(ControlFlow::Break(()));
        }
        while prepared.is_none() {
            prepared = self.prepare(channel, spelt, row);
            if prepared.is_none() && due.is_some() {
                self.skip(number);
                return Ok(ControlFlow::Continue(()));
            }
            if prepared.is_none() {
                if marks.over() || self.run.stopping() {
                    return Ok(ControlFlow::Break(()));
                }
                self.channels[channel].1.wait(STEP);
            }
        }
        match prepared {
            Some(prepared) => self.send(number, channel, due, prepared, marks),
            None => Ok(ControlFlow::Continue(())),
        }
    }

    /// Everything of a message but its time; nothing where its channel has no room.
    fn prepare(&mut self, channel: usize, spelt: &Spelt, row: usize) -> Option<Prepared> {
        let began = self.now();
        let mut parcel = self.channels[channel].1.take()?;
        let [before, between, after] = &spelt.pieces;
        let head = [before.get(row), between.get(row)];
        parcel.fill(head, self.digits, &self.body, after.get(row));
        Some((parcel, self.now().saturating_sub(began)))
    }

    fn send(
        &mut self,
        number: u64,
        channel: usize,
        due: Option<Duration>,
        (mut parcel, mut preparation): Prepared,
        marks: &Marks,
    ) -> Result<ControlFlow<()>> {
        loop {
            let began = self.now();
            let micros = now_micros();
            parcel.stamp(micros);
            if let Some((window, _)) = &self.replies {
                window.sent(number, micros);
            }
            let ready = self.now();
            preparation += ready.saturating_sub(began);
            let bytes = parcel.message().len() as u64;
            let (publisher, ring) = &mut self.channels[channel];
            let refused = match publisher {
                Some(publisher) => publisher.send(parcel)?,
                None => {
                    ring.put(parcel);
                    None
                }
            };
            let Some(refused) = refused else {
                let late = due.map(|due| nanos(ready) - nanos(due));
                let clocks = self.meter.clocks();
                match self.is_warming_up(number) {
                    true => clocks.sent_to_warm_up(),
                    false => clocks.sent(nanos(preparation), late),
                }
                marks.add(1, bytes);
                return Ok(ControlFlow::Continue(()));
            };
            if due.is_some() || marks.over() || self.run.stopping() {
                ring.put(refused);
                self.skip(number);
                return Ok(ControlFlow::Continue(()));
            }
            std::thread::sleep(Duration::from_micros(50));
            parcel = refused;
        }
    }

    fn is_warming_up(&self, number: u64) -> bool {
        let pace = self.pace.as_ref();
        pace.is_some_and(|pace| pace.is_warming_up(number - self.first_row))
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

    fn now(&self) -> Duration {
        match &self.pace {
            Some(pace) => pace.clock().now(),
            None => self.clock.now(),
        }
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
