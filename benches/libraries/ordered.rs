//! Work on every thread whose results are put down in order, with bounded memory.

use std::sync::mpsc::sync_channel;
use std::thread::scope;

use crate::Result;

/// Results that wait for each worker's turn.
const AHEAD: usize = 2;

/// `make` of every number below `count` on so many threads; `put` of the results, in order, on this one.
pub fn in_order<T: Send>(
    threads: usize,
    count: u64,
    make: impl Fn(u64) -> Result<T> + Sync,
    mut put: impl FnMut(T) -> Result<()>,
) -> Result<()> {
    scope(|scope| {
        let make = &make;
        let worker = |first: u64| {
            let (send, receive) = sync_channel(AHEAD);
            scope.spawn(move || {
                for number in (first..count).step_by(threads) {
                    // After a failure, nobody receives.
                    if send.send(make(number)).is_err() {
                        return;
                    }
                }
            });
            receive
        };
        let results: Vec<_> = (0..threads as u64).map(worker).collect();
        for number in 0..count {
            put(results[number as usize % threads].recv()??)?;
        }
        Ok(())
    })
}

/// `work` with every thread's number, at once.
pub fn on_each(threads: usize, work: impl Fn(usize) -> Result<()> + Sync) -> Result<()> {
    let work = &work;
    scope(|scope| {
        let running: Vec<_> = (0..threads)
            .map(|thread| scope.spawn(move || work(thread)))
            .collect();
        running
            .into_iter()
            .try_for_each(|thread| thread.join().map_err(|_| "a thread panicked")?)
    })
}
