//! Locks and threads that a panic elsewhere does not spoil or silence.

use std::any::Any;
use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use rayon::{ThreadPool, ThreadPoolBuildError, ThreadPoolBuilder};

/// Locks, also after a panic of whoever held it: what is shared is counters and queues, which stand as
/// they are, and the panic is told by its own thread.
pub fn lock<T: ?Sized>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Waits until it is told, at most so long.
pub fn wait<'m, T>(told: &Condvar, held: MutexGuard<'m, T>, most: Duration) -> MutexGuard<'m, T> {
    let waited = told.wait_timeout(held, most);
    waited.unwrap_or_else(PoisonError::into_inner).0
}

/// Waits until it is told that this does not hold any more.
pub fn wait_while<'m, T>(
    told: &Condvar,
    held: MutexGuard<'m, T>,
    holds: impl FnMut(&mut T) -> bool,
) -> MutexGuard<'m, T> {
    let waited = told.wait_while(held, holds);
    waited.unwrap_or_else(PoisonError::into_inner)
}

/// As `wait_while`, at most so long.
pub fn wait_while_within<'m, T>(
    told: &Condvar,
    held: MutexGuard<'m, T>,
    most: Duration,
    holds: impl FnMut(&mut T) -> bool,
) -> MutexGuard<'m, T> {
    let waited = told.wait_timeout_while(held, most, holds);
    waited.unwrap_or_else(PoisonError::into_inner).0
}

/// Starts a thread that others wait for. If it panics, `panicked` is told, so that nobody waits for ever.
///
/// # Errors
/// The system gives no thread.
pub fn spawn(
    name: &str,
    work: impl FnOnce() + Send + 'static,
    panicked: impl FnOnce(&(dyn Any + Send)) + Send + 'static,
) -> std::io::Result<JoinHandle<()>> {
    std::thread::Builder::new()
        .name(name.into())
        .spawn(move || {
            if let Err(panic) = catch_unwind(AssertUnwindSafe(work)) {
                panicked(panic.as_ref());
            }
        })
}

/// So many threads that share work, each called by this name and its number.
///
/// # Errors
/// The system gives none.
pub fn workers(name: &'static str, threads: usize) -> Result<ThreadPool, ThreadPoolBuildError> {
    ThreadPoolBuilder::new()
        .num_threads(threads)
        .thread_name(move |index| format!("{name} {index}"))
        .build()
}

thread_local! {
    static GUARDED: Cell<bool> = const { Cell::new(false) };
}

/// Runs what reads bytes of others: libraries may panic on them, which is an error of those bytes.
/// Nothing if it did.
pub fn guarded<T>(work: impl FnOnce() -> T) -> Option<T> {
    let around = GUARDED.replace(true);
    let done = catch_unwind(AssertUnwindSafe(work));
    GUARDED.set(around);
    done.ok()
}

/// True on a thread whose panic is an error that will be told: `main` prints nothing of it.
pub fn is_guarded() -> bool {
    GUARDED.get()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    #[test]
    fn a_panic_of_a_reader_is_nothing_read() {
        assert_eq!(guarded(|| guarded(|| 1)), Some(Some(1)));
        assert_eq!(guarded(|| [1][std::hint::black_box(7)]), None);
        assert!(!is_guarded());
    }

    #[test]
    fn who_waits_for_a_thread_hears_of_its_panic() {
        let told = Arc::new(Mutex::new(String::new()));
        let heard = told.clone();
        let panicked = move |panic: &(dyn Any + Send)| {
            lock(&heard).push_str(panic.downcast_ref::<&str>().unwrap_or(&"?"));
        };
        let held = told.clone();
        let work = move || {
            let _held = held.lock();
            panic!("out of range");
        };
        spawn("test", work, panicked).unwrap().join().unwrap();
        assert_eq!(*lock(&told), "out of range");
    }
}
