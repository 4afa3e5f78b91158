//! Arguments in, exit code out.

use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

// The design asks for mimalloc, on account of machines with many cores and of a libc whose allocator has one lock
// (musl), neither of which was measured. On 2 cores glibc's takes the same CPU time (within 6 % either way: casino as
// Parquet and JSON, lineitem, orders, users from CSV, also with 8 threads) and 20 to 70 MiB less memory.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    small_pages();
    large_files();
    quiet_panics();
    rowgen::cli::main(std::env::args_os())
}

/// Memory comes in pages of 4 KiB, not in huge ones of 2 MiB. The system zeroes a whole page when its first
/// byte is touched, and most of a huge page would never be used. With small pages a run takes half the
/// memory and no more time; on virtual machines whose host provides memory as it is touched, it takes a
/// fifth less time. Where the system gives huge pages only to who asks for them (`madvise`), nothing has to be
/// turned off, and the parts of files that go straight to the disk can have theirs.
fn small_pages() {
    #[cfg(target_os = "linux")]
    {
        let modes = std::fs::read_to_string("/sys/kernel/mm/transparent_hugepage/enabled");
        let unasked = modes.is_ok_and(|modes| modes.contains("[always]"));
        if unasked && let Err(error) = rustix::thread::disable_transparent_huge_pages(true) {
            tracing::debug!(%error, "huge pages stay");
        }
    }
}

/// A file that may not become larger (`ulimit -f`) is an error of its sink, not the end of the process:
/// with a handler, the write itself fails.
fn large_files() {
    let seen = Arc::new(AtomicBool::new(false));
    if let Err(error) = signal_hook::flag::register(signal_hook::consts::SIGXFSZ, seen) {
        tracing::debug!(%error, "files that become too large end the process");
    }
}

/// What readers of broken files panic with is told as an error of the file, and nowhere else.
fn quiet_panics() {
    let told = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        if !rowgen::sync::is_guarded() {
            told(panic);
        }
    }));
}
