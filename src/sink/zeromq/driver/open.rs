//! Opening: ports are bound, a consumer is waited for until it misses nothing.

use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use super::super::message::Message;
use super::super::{Zeromq, check};
use super::encoder::Recipe;
use super::replies::Listener;
use super::results::Results;
use super::window::Window;
use super::writer::Sender;
use crate::client::zeromq::{Control, MOST_REPLY, Publisher, Ring, Sockets, Subscriber};
use crate::error::{Error, Problem, Result};
use crate::outlet::{is_device, is_standard_stream};
use crate::place::{Place, Placed, Text};
use crate::sink::file::{outside_datasets, sliced};
use crate::sink::{Found, Lane, Ready, Target, lane};
use crate::sync::lock;

/// How often a consumer is looked for.
const STEP: Duration = Duration::from_millis(5);

/// Threads of libzmq: one moves more than a network takes.
// A choice; nothing was measured.
const MOST_THREADS: usize = 4;

/// What heads and tails of messages take, about.
// The message of the old stream has 52 bytes and twice the digits of its number beside the body.
const AROUND: usize = 96;

/// Ports that are bound: none where a run is only measured.
#[derive(Default)]
struct Bound {
    publishers: Vec<Publisher>,
    control: Option<Control>,
    subscriber: Option<Subscriber>,
}

/// A sink whose ports are bound.
struct ReadyStream {
    zeromq: Zeromq,
    target: Target,
    bound: Mutex<Option<Bound>>,
}

/// Binds the ports.
///
/// # Errors
/// One is taken, or is none of this machine's.
pub fn connect(zeromq: &Zeromq, target: &Target) -> Result<Found> {
    if let Some((path, place)) = results_path(zeromq, target) {
        outside_datasets(&path).map_err(|error| error.at(place))?;
    }
    // Bound while connecting, so that a port that is taken is known before the first row. A run
    // that is only measured must not be heard by real consumers.
    let bound = match zeromq.measured {
        true => None,
        false => Some(bind(zeromq, message(zeromq, target)?.body)?),
    };
    Ok(Found::ready(ReadyStream {
        zeromq: zeromq.clone(),
        target: target.clone(),
        bound: Mutex::new(bound),
    }))
}

/// Where the results go: a file of its own for each slice, as those of rows.
fn results_path<'z>(zeromq: &'z Zeromq, target: &Target) -> Option<(PathBuf, &'z Place)> {
    let results = zeromq.results.as_ref()?;
    let path = target.out.join(results.as_str());
    let path = match target.slice {
        Some(slice) if !is_standard_stream(&path) && !is_device(&path) => {
            path.with_file_name(sliced(&path, slice))
        }
        _ => path,
    };
    Some((path, &results.place))
}

fn message(zeromq: &Zeromq, target: &Target) -> Result<Message> {
    Ok(Message::of(zeromq, &target.shape)?)
}

fn bind(zeromq: &Zeromq, body: usize) -> Result<Bound> {
    let sockets = check::sockets(zeromq)?;
    let context = Sockets::new();
    let count = sockets.channels.len();
    let threads = i32::try_from(count.min(MOST_THREADS)).unwrap_or(1);
    context
        .set_io_threads(threads)
        .map_err(|error| Error::because("setting up ZeroMQ", error.message()))?;
    let at = |text: &Placed<Text>| {
        let place = text.place.clone();
        move |problem: Problem| Error::user(problem.at(&place))
    };
    let mark = zeromq.mark(body + AROUND, count);
    let publishers = sockets.channels.iter().map(|address| {
        Publisher::bind(&context, address, &zeromq.topic, mark).map_err(at(&zeromq.bind))
    });
    let publishers = publishers.collect::<Result<Vec<Publisher>>>()?;
    let control = match (&sockets.start, &zeromq.start) {
        (Some(address), Some(text)) => Some(Control::bind(&context, address).map_err(at(text))?),
        _ => None,
    };
    let topic = zeromq
        .reply_topic
        .as_ref()
        .map_or("response", |topic| topic.as_str());
    let subscriber = sockets.replies.as_ref();
    let subscriber =
        subscriber.map(|address| Subscriber::connect(&context, address, topic, MOST_REPLY));
    Ok(Bound {
        publishers,
        control,
        subscriber: subscriber.transpose()?,
    })
}

impl Ready for ReadyStream {
    fn open(&self, _lane: usize) -> Result<Arc<dyn Lane>> {
        let (zeromq, target) = (&self.zeromq, &self.target);
        let message = message(zeromq, target)?;
        let (digits, body) = (message.digits, message.body);
        let recipe = Arc::new(Recipe(message));
        let Some(mut bound) = lock(&self.bound).take() else {
            let sender = sender(zeromq, target, Bound::default(), None, (digits, body))?;
            return lane::start(target, recipe, Box::new(sender));
        };
        // Made before a consumer is waited for: what stands in the way of the file is told at once.
        let results = results_path(zeromq, target).map(|(path, place)| {
            let made = Results::create(&path, body, target.meter.clone());
            made.map_err(|error| error.at(place))
        });
        let results = results.transpose()?;
        // The old consumers subscribe only after their `start` was answered. Without this wait 50
        // to 60 messages were lost at each start.
        self.wait_for_consumer(&mut bound)?;
        let sender = sender(zeromq, target, bound, results, (digits, body))?;
        lane::start(target, recipe, Box::new(sender))
    }
}

/// Everything that sends, its threads started.
fn sender(
    zeromq: &Zeromq,
    target: &Target,
    bound: Bound,
    results: Option<Results>,
    (digits, body): (usize, usize),
) -> Result<Sender> {
    let count = target.shape.rows;
    // Whoever leaves rows out before the first message counts them there, too.
    target.meter.clocks();
    let window = || Arc::new(Window::new(target.first_row, count, target.meter.clone()));
    let mut control = bound.control;
    let replies = bound.subscriber.map(|subscriber| {
        let window = window();
        let listener = Listener {
            subscriber,
            control: control.take(),
            window: window.clone(),
            pace: target.pace.clone(),
            first_row: target.first_row,
            results,
            meter: target.meter.clone(),
        };
        listener.start().map(|replies| (window, replies))
    });
    let filler: Arc<[u8]> = vec![b'x'; body].into();
    let count = bound.publishers.len();
    let mark = zeromq.mark(body + AROUND, count);
    // More than that, which somebody may ask for, is made when it is needed.
    let now = Zeromq::usual_mark(body + AROUND, count).min(mark);
    let channel = |publisher| (publisher, Ring::new(mark, now, filler.clone()));
    let mut channels: Vec<(Option<Publisher>, Ring)> = bound
        .publishers
        .into_iter()
        .map(|one| channel(Some(one)))
        .collect();
    if channels.is_empty() {
        channels.push(channel(None));
    }
    Ok(Sender {
        channels,
        body: filler,
        digits,
        pace: target.pace.clone(),
        first_row: target.first_row,
        run: target.run.clone(),
        meter: target.meter.clone(),
        replies: replies.transpose()?,
        control,
        linger: zeromq.linger(),
        patience: zeromq.reply_patience(),
    })
}

impl ReadyStream {
    /// Until it has said `start`, has subscribed to every channel, and its socket of replies is there: it
    /// misses nothing then.
    fn wait_for_consumer(&self, bound: &mut Bound) -> Result<()> {
        let control = bound.control.as_ref();
        if let (Some(control), Some(start)) = (control, &self.zeromq.start) {
            self.until(|| control.started(STEP), |time| {
                let message = format!("no consumer has said `start` at `{}` within {time}", start.as_str());
                let hint = "start the consumer first, with this control port, or raise `start_timeout`";
                Problem::new(message).hint(hint).at(&start.place)
            })?;
        }
        let mut waits: Vec<&Publisher> = bound.publishers.iter().collect();
        let bind = &self.zeromq.bind;
        // The consumer that has said `start` may be gone, and another one may say it now.
        let answer = || control.map_or(Ok(false), |control| control.started(Duration::ZERO));
        let subscribed = || {
            answer()?;
            let mut left = Vec::new();
            for publisher in waits.drain(..) {
                if !publisher.subscribed()? {
                    left.push(publisher);
                }
            }
            waits = left;
            Ok(waits.is_empty())
        };
        let topic = self.zeromq.topic.as_str();
        self.until(subscribed, |time| {
            let message = format!(
                "nobody has subscribed to `{topic}` at `{}` within {time}",
                bind.as_str()
            );
            let hint =
                "start a consumer that subscribes to every channel, or raise `start_timeout`";
            Problem::new(message).hint(hint).at(&bind.place)
        })?;
        if let (Some(subscriber), Some(replies)) = (&mut bound.subscriber, &self.zeromq.replies) {
            self.until(
                || {
                    answer()?;
                    subscriber.is_connected()
                },
                |time| {
                    let message = format!(
                        "no socket of replies is at `{}` after {time}",
                        replies.as_str()
                    );
                    let hint = "start the consumer there, or say where its replies come from";
                    Problem::new(message).hint(hint).at(&replies.place)
                },
            )?;
        }
        Ok(())
    }

    fn until(
        &self,
        mut there: impl FnMut() -> Result<bool>,
        missing: impl Fn(String) -> Problem,
    ) -> Result<()> {
        let began = Instant::now();
        let patience = self.zeromq.start_patience();
        while !there()? {
            if self.target.run.stopping() {
                return Err(Error::run("the run ended before a consumer came"));
            }
            if began.elapsed() >= patience {
                let time = crate::units::show_duration(patience);
                return Err(Error::run(missing(time)));
            }
            std::thread::sleep(STEP);
        }
        Ok(())
    }
}
