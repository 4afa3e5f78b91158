//! Where the package's rows have their memory. Python's own objects, and those of other packages, have theirs
//! as ever: this is the allocator of the compiled half alone.
//!
//! Tables that are kept take gigabytes which no one touched before. The C library's allocator asks the system
//! for each column of each batch, which comes in pages of 4 KiB: ten million casino rows into pyarrow took
//! 0.2 s of CPU to make and 1.1 s to be given memory. mimalloc asks for a gigabyte at once, in huge pages where
//! the system has them, and that second falls to a tenth.

use std::alloc::{GlobalAlloc, Layout};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use libmimalloc_sys::mi_collect;
use mimalloc::MiMalloc;

#[global_allocator]
static MEMORY: Memory = Memory {
    held: AtomicUsize::new(0),
    most: AtomicUsize::new(0),
};

/// From this size on an allocation is counted: columns of a batch are larger, and little else is.
const LARGE: usize = 64 << 10;

/// What may lie unused before it is given back: more than the batches that threads make ahead, most often.
const SPARE: usize = 64 << 20;

/// Gives memory back to the system once much of it lies unused. mimalloc by itself does so where somebody
/// allocates again, which a notebook that has dropped its table may never do.
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
    // A third of the most: dropping a table of any size gives back a few times, and not with each batch.
    fn leaves(&self, size: usize) -> bool {
        if size < LARGE {
            return false;
        }
        let held = self.held.fetch_sub(size, Relaxed) - size;
        let most = self.most.load(Relaxed);
        let much = most.saturating_sub(held) > SPARE.max(held / 2);
        // Of threads that see it at the same moment one gives back.
        much && self
            .most
            .compare_exchange(most, held, Relaxed, Relaxed)
            .is_ok()
    }

    fn gives_back(&self, size: usize) {
        if self.leaves(size) {
            // SAFETY: it may be called at any time on any thread: no argument names memory.
            unsafe { mi_collect(true) };
        }
    }
}

// SAFETY: memory is mimalloc's, which keeps the contract; what is counted beside it changes none of it. A
// layout that is given back is the one that was taken, so that `held` never falls below nothing.
unsafe impl GlobalAlloc for Memory {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        self.takes(layout.size());
        // SAFETY: as the caller's.
        unsafe { MiMalloc.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        self.takes(layout.size());
        // SAFETY: as the caller's.
        unsafe { MiMalloc.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, place: *mut u8, layout: Layout) {
        // SAFETY: as the caller's.
        unsafe { MiMalloc.dealloc(place, layout) };
        self.gives_back(layout.size());
    }

    unsafe fn realloc(&self, place: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // SAFETY: as the caller's.
        let new = unsafe { MiMalloc.realloc(place, layout, size) };
        if !new.is_null() {
            self.takes(size);
            self.gives_back(layout.size());
        }
        new
    }
}
