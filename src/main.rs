//! Arguments in, exit code out.

use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    small_pages();
    rowgen::cli::main(std::env::args_os())
}

/// Memory comes in pages of 4 KiB: of huge ones much is given, zeroed and never used. Without them
/// a run takes half the memory, and no more time; where a host gives a virtual machine its memory
/// when it is touched, a fifth less.
fn small_pages() {
    #[cfg(target_os = "linux")]
    if let Err(error) = rustix::thread::disable_transparent_huge_pages(true) {
        tracing::debug!(%error, "huge pages stay");
    }
}
