//! Clients whose end nobody waits for, but the process.

use std::sync::{Condvar, Mutex};
use std::time::Duration;

use crate::sync::{lock, wait_while_within};

/// How many are on their way out.
static COUNT: Mutex<usize> = Mutex::new(0);
static GONE: Condvar = Condvar::new();

/// The process waits so long for them: twenty times what the end of a client takes. A broker that does
/// not answer holds none of them up, for librdkafka gives up its requests.
const MOST: Duration = Duration::from_secs(2);

/// Something that is dropped on a thread of its own.
pub(super) struct Leaving<T: Send + 'static>(Option<T>);

impl<T: Send + 'static> Leaving<T> {
    pub(super) fn new(client: T) -> Self {
        Self(Some(client))
    }

    pub(super) fn with<R>(&self, ask: impl FnOnce(&T) -> R) -> Option<R> {
        self.0.as_ref().map(ask)
    }
}

impl<T: Send + 'static> Drop for Leaving<T> {
    fn drop(&mut self) {
        let last = self.0.take();
        *lock(&COUNT) += 1;
        std::thread::spawn(move || {
            drop(last);
            *lock(&COUNT) -= 1;
            GONE.notify_all();
        });
    }
}

/// Waits for the threads of clients that are on their way out. When a process ends, OpenSSL removes what
/// it has, whoever still uses it: a client that was refused by its broker while the process ended crashed
/// it (one of some hundred runs on a busy machine), and its exit code was that of the signal.
pub fn wait_for_clients() {
    drop(wait_while_within(&GONE, lock(&COUNT), MOST, |count| {
        *count > 0
    }));
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicBool, Ordering};

    struct Slow(&'static AtomicBool);

    impl Drop for Slow {
        fn drop(&mut self) {
            std::thread::sleep(Duration::from_millis(100));
            self.0.store(true, Ordering::SeqCst);
        }
    }

    #[test]
    fn the_process_waits_for_clients_that_leave() {
        static GONE: AtomicBool = AtomicBool::new(false);
        drop(Leaving::new(Slow(&GONE)));
        wait_for_clients();
        assert!(GONE.load(Ordering::SeqCst));
    }
}
