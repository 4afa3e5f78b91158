//! Where the package's rows have their memory. Python's own objects, and those of other packages, have theirs
//! as ever: this is the allocator of the compiled half alone.
//!
//! The C library's allocator gives memory back as soon as a batch of a stream is dropped, and asks for it again
//! with the next one, 4 KiB at a time: an average over a stream took 1.32 times what making and averaging take.
//! jemalloc keeps what streams use again, and it takes 0.99 times (`scripts/bench python`).
// Not mimalloc 3, which is as quick: it takes the thread that imports the package first for the main one, by its
// number, and crashed when that thread had ended and another one had got the number (`test_ends`).

use std::alloc::{GlobalAlloc, Layout};
use std::ffi::c_char;
use std::ptr::null_mut;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use tikv_jemalloc_sys::mallctl;
use tikv_jemallocator::Jemalloc;

#[global_allocator]
static MEMORY: Memory = Memory {
    held: AtomicUsize::new(0),
    most: AtomicUsize::new(0),
};

/// What jemalloc is told before its first allocation; the variable `_RJEM_MALLOC_CONF` outweighs it. By itself it
/// gives back what is larger than 8 MiB at once, as columns of long text are, and the rest bit by bit: while a thread
/// does so another one's `purge` of the same arena does nothing, and 15 of 800 dropped tables stayed. Over ten minutes
/// that is as good as never.
// No huge pages (`thp:always`): where the host of a virtual machine provides memory as it is touched, a table of ten
// million casino rows took 0.85 to 3 s with them, 0.7 s without.
// SAFETY: jemalloc reads the variable of this name, of the type `const char *`, and nothing else has it: other
// modules with jemalloc, as polars', keep their names to themselves, and so does this one.
#[unsafe(export_name = "_rjem_malloc_conf")]
pub static OPTIONS: Option<&c_char> = {
    // SAFETY: it points to text that ends in a null byte and is there for ever.
    Some(unsafe { &*c"oversize_threshold:0,dirty_decay_ms:600000".as_ptr() })
};

/// From this size on an allocation is counted: columns of small batches are larger, and little else is.
const LARGE: usize = 4 << 10;

/// What may lie unused before it is given back: more than the batches that threads make ahead, most often.
const SPARE: usize = 64 << 20;

/// Gives memory back to the system once much of it lies unused. jemalloc by itself does so where somebody goes on
/// allocating, which a notebook that has dropped its table may never do, or on a thread of its own, which a module
/// has no business to start in its host.
struct Memory {
    /// Bytes of large allocations.
    held: AtomicUsize,
    /// The most of them since memory was given back.
    most: AtomicUsize,
}

impl Memory {
    fn takes(&self, size: usize) {
        if size >= LARGE {
            let held = self.held.fetch_add(size, Relaxed) + size;
            self.most.fetch_max(held, Relaxed);
        }
    }

    /// True where memory is to be given back.
    // Beside much that is held an eighth of it may lie unused: dropping a table of any size gives back a few times,
    // and not with each batch.
    fn leaves(&self, size: usize) -> bool {
        if size < LARGE {
            return false;
        }
        let held = self.held.fetch_sub(size, Relaxed) - size;
        let most = self.most.load(Relaxed);
        let much = most.saturating_sub(held) > SPARE.max(held / 8);
        // Of threads that see it at the same moment one gives back.
        much && self
            .most
            .compare_exchange(most, held, Relaxed, Relaxed)
            .is_ok()
    }

    fn gives_back(&self, size: usize) {
        if self.leaves(size) {
            // `arena.4096` is every arena.
            // SAFETY: the name ends in a null byte, and null pointers say that nothing is read or written.
            unsafe {
                mallctl(
                    c"arena.4096.purge".as_ptr(),
                    null_mut(),
                    null_mut(),
                    null_mut(),
                    0,
                )
            };
        }
    }
}

// SAFETY: memory is jemalloc's, which keeps the contract; what is counted beside it changes none of it. A
// layout that is given back is the one that was taken, so that `held` never falls below nothing.
unsafe impl GlobalAlloc for Memory {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        self.takes(layout.size());
        // SAFETY: as the caller's.
        unsafe { Jemalloc.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        self.takes(layout.size());
        // SAFETY: as the caller's.
        unsafe { Jemalloc.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, place: *mut u8, layout: Layout) {
        // SAFETY: as the caller's.
        unsafe { Jemalloc.dealloc(place, layout) };
        self.gives_back(layout.size());
    }

    unsafe fn realloc(&self, place: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // SAFETY: as the caller's.
        let new = unsafe { Jemalloc.realloc(place, layout, size) };
        if !new.is_null() {
            self.takes(size);
            self.gives_back(layout.size());
        }
        new
    }
}
