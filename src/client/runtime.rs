//! The one tokio runtime of a process: made when the first connection needs it, a thread that looks
//! after sockets and timers. Whoever uses a connection waits on a thread of its own.

use std::future::{Future, pending};
use std::sync::OnceLock;

use tokio::runtime::{Builder, Handle};

use crate::error::{Error, Result};

/// Waits on the calling thread for something that needs the runtime. Not for threads that are
/// already within a runtime: they give such work to a thread.
///
/// # Errors
/// The runtime cannot be started.
pub fn block_on<T>(future: impl Future<Output = T>) -> Result<T> {
    Ok(handle()?.block_on(future))
}

/// Does something in the background, on the runtime's thread: it waits, and never works for long.
///
/// # Errors
/// The runtime cannot be started.
#[cfg(any(feature = "object", feature = "serve"))]
pub fn spawn(
    future: impl Future<Output = ()> + Send + 'static,
) -> Result<tokio::task::JoinHandle<()>> {
    Ok(handle()?.spawn(future))
}

/// Does on a thread of its own what waits on the runtime: whoever asks may be within a runtime already,
/// or hold a lock of a client.
///
/// # Errors
/// Those of the work; `who` names it if it panics.
pub fn apart<T: Send>(who: &str, work: impl FnOnce() -> Result<T> + Send) -> Result<T> {
    std::thread::scope(|scope| match scope.spawn(work).join() {
        Ok(done) => done,
        Err(panic) => Err(Error::of_panic(who, panic.as_ref())),
    })
}

/// The runtime, for whoever has tasks of its own for it.
///
/// # Errors
/// It cannot be started.
pub fn handle() -> Result<Handle> {
    static RUNTIME: OnceLock<Result<Handle>> = OnceLock::new();
    RUNTIME.get_or_init(start).clone()
}

fn start() -> Result<Handle> {
    let doing = "starting the thread for connections";
    // One thread for all connections: futures run on the threads that wait for them, and this one
    // only hears sockets and timers.
    let runtime = Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| Error::because(doing, error))?;
    let handle = runtime.handle().clone();
    // What waits for the handle is woken by this thread, and runs where it waits.
    std::thread::Builder::new()
        .name("connections".into())
        .spawn(move || runtime.block_on(pending::<()>()))
        .map_err(|error| Error::because(doing, error))?;
    Ok(handle)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::{Duration, Instant};

    #[test]
    fn many_threads_wait_on_one_runtime() {
        let wait = || {
            let began = Instant::now();
            let slept = block_on(async {
                let sleep = || tokio::time::sleep(Duration::from_millis(5));
                tokio::spawn(sleep()).await.unwrap();
                sleep().await;
            });
            slept.unwrap();
            began.elapsed()
        };
        let threads: Vec<_> = (0..4).map(|_| std::thread::spawn(wait)).collect();
        for thread in threads {
            assert!(thread.join().unwrap() >= Duration::from_millis(10));
        }
    }
}
