//! Locks that a panic elsewhere does not spoil: whoever panics has its error told by its own thread,
//! and what the others share is counters and queues, which stand as they are.

use std::sync::{Mutex, MutexGuard, PoisonError};

/// Locks, also after a panic of whoever held it.
pub fn lock<T: ?Sized>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
