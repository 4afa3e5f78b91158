//! A scheduler for simulations: one thread, chance says which task goes on, time is not real.

use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use super::super::Clock;
use crate::sync::lock;

/// Numbers by chance, the same ones for the same seed: SplitMix64.
pub struct Random(u64);

impl Random {
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0xD134_2543_DE82_EF95))
    }

    /// A number below `end`.
    pub fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((mixed ^ (mixed >> 31)) % end as u64) as usize
    }

    /// True once in so many times.
    pub fn once_in(&mut self, times: usize) -> bool {
        self.below(times) == 0
    }
}

/// Time that goes on when nothing else does.
#[derive(Clone, Default)]
pub struct Time(Arc<Mutex<Timers>>);

#[derive(Default)]
struct Timers {
    now: Duration,
    waiting: Vec<(Duration, Waker)>,
}

impl Time {
    /// Goes on to the next moment that somebody waits for; false when nobody waits.
    fn go_on(&self) -> bool {
        let mut timers = lock(&self.0);
        let Some(next) = timers.waiting.iter().map(|(at, _)| *at).min() else {
            return false;
        };
        timers.now = timers.now.max(next);
        let mut due = Vec::new();
        timers.waiting.retain(|(at, waker)| {
            let late = *at > next;
            if !late {
                due.push(waker.clone());
            }
            late
        });
        drop(timers);
        due.into_iter().for_each(Waker::wake);
        true
    }
}

impl Clock for Time {
    fn now(&self) -> Duration {
        lock(&self.0).now
    }

    fn sleep(&self, time: Duration) -> impl Future<Output = ()> {
        let (timers, mut until) = (self.0.clone(), None);
        std::future::poll_fn(move |context| {
            let mut timers = lock(&timers);
            let until = *until.get_or_insert(timers.now + time);
            if timers.now >= until {
                return Poll::Ready(());
            }
            timers.waiting.push((until, context.waker().clone()));
            Poll::Pending
        })
    }
}

/// Lets others go first.
pub async fn pause() {
    let mut paused = false;
    std::future::poll_fn(|context| {
        if std::mem::replace(&mut paused, true) {
            return Poll::Ready(());
        }
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

/// The tasks of all processes.
pub struct Executor {
    pub time: Time,
    /// Time may go on while tasks are ready, as on a machine that has much to do.
    pub busy: bool,
    tasks: Vec<Task>,
}

struct Task {
    process: usize,
    future: Pin<Box<dyn Future<Output = ()>>>,
    ready: Arc<Ready>,
}

struct Ready(AtomicBool);

impl Wake for Ready {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::Relaxed);
    }
}

impl Executor {
    pub fn new(time: Time) -> Self {
        Self {
            time,
            busy: false,
            tasks: Vec::new(),
        }
    }

    /// A task of a process begins.
    pub fn spawn(&mut self, process: usize, future: impl Future<Output = ()> + 'static) {
        self.tasks.push(Task {
            process,
            future: Box::pin(future),
            ready: Arc::new(Ready(AtomicBool::new(true))),
        });
    }

    /// A process ends wherever its tasks stand.
    pub fn kill(&mut self, process: usize) {
        self.tasks.retain(|task| task.process != process);
    }

    /// True while a process has tasks.
    pub fn has(&self, process: usize) -> bool {
        self.tasks.iter().any(|task| task.process == process)
    }

    /// One task goes on until it waits; false when all wait for each other.
    pub fn step(&mut self, random: &mut Random) -> bool {
        let ready = |task: &Task| task.ready.0.load(Ordering::Relaxed);
        let count = self.tasks.iter().filter(|task| ready(task)).count();
        if count == 0 || self.busy && random.once_in(16) {
            return self.time.go_on() || count > 0;
        }
        let chosen = random.below(count);
        let mut places = (0..self.tasks.len()).filter(|place| ready(&self.tasks[*place]));
        let place = places.nth(chosen).unwrap();
        let task = &mut self.tasks[place];
        task.ready.0.store(false, Ordering::Relaxed);
        let waker = Waker::from(task.ready.clone());
        let polled = task.future.as_mut().poll(&mut Context::from_waker(&waker));
        if polled.is_ready() {
            drop(self.tasks.swap_remove(place));
        }
        true
    }
}
