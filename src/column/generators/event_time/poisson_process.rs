//! Random arrivals, any of them alone: a Poisson process, divided again and again.
//!
//! The distances between arrivals are exponential. In a block of so many, the share that the first
//! half takes of the whole follows a beta distribution; so does each half's first half; down to
//! leaves of 64 distances, which are drawn one by one and scaled to the leaf's length. A row needs
//! only the divisions above its own leaf. Blocks of 2^20 rows begin where a fixed pace would have
//! them: the only thing that is not quite random, at a thousandth of a block's length.

use super::steady_arrivals::SteadyArrivals;
use crate::column::random::hash::Key;
use crate::column::rows::Rows;
use crate::dispatched;
use crate::kernel::math::{ln, open_unit};

/// Distances in a leaf; the last one of a block has up to twice as many, less one.
const LEAF: u64 = 64;

/// Distances in a block of an endless process.
const BLOCK: u64 = 1 << 20;

/// A Poisson process.
pub struct PoissonProcess {
    ratio: SteadyArrivals,
    /// Distances in each block.
    block: u64,
    /// Keys the divisions.
    halves: Key,
    /// Keys the distances.
    gaps: Key,
}

/// Some leaves of a block, and the share of its length that they take.
#[derive(Clone, Copy)]
struct Branch {
    leaves: (u64, u64),
    share: (f64, f64),
}

/// The divisions from a block down to one leaf.
struct Path {
    block: u64,
    branches: Vec<Branch>,
}

/// The arrivals of a leaf, from its first row on.
struct LeafArrivals {
    first: u64,
    times: Vec<i64>,
}

impl PoissonProcess {
    /// One that goes on for ever.
    pub fn endless(key: Key, ratio: SteadyArrivals) -> Self {
        Self::new(key, ratio, BLOCK)
    }

    /// One of `rows` arrivals within the ticks of as many: the last distance ends it.
    pub fn within(key: Key, ratio: SteadyArrivals, rows: u64) -> Self {
        let ticks = u64::try_from(ratio.at(rows)).unwrap_or_default();
        Self::new(key, SteadyArrivals::new(ticks, rows + 1), rows + 1)
    }

    fn new(key: Key, ratio: SteadyArrivals, block: u64) -> Self {
        Self {
            ratio,
            block,
            halves: key.child("halves"),
            gaps: key.child("gaps"),
        }
    }

    /// The ticks before each of `rows`, and `start` before those.
    pub fn times(&self, start: i64, rows: Rows<'_>) -> Vec<i64> {
        let mut path = Path {
            block: u64::MAX,
            branches: Vec::new(),
        };
        let mut leaf = LeafArrivals {
            first: 0,
            times: Vec::new(),
        };
        let mut times = Vec::with_capacity(rows.len());
        for index in 0..rows.len() {
            let row = rows.at(index);
            // A row before the leaf wraps to a place beyond it.
            let known = usize::try_from(row.wrapping_sub(leaf.first));
            let ticks = match known.ok().and_then(|place| leaf.times.get(place)) {
                Some(ticks) => *ticks,
                None => self.find(row, &mut path, &mut leaf),
            };
            times.push(start.saturating_add(ticks));
        }
        times
    }

    /// The ticks before a row, with its leaf.
    fn find(&self, row: u64, path: &mut Path, leaf: &mut LeafArrivals) -> i64 {
        let (block, within) = (row / self.block, row % self.block);
        let number = (within / LEAF).min(self.leaves() - 1);
        self.fill_leaf(block, number, path, leaf);
        leaf.times[(row - leaf.first) as usize]
    }

    fn leaves(&self) -> u64 {
        (self.block / LEAF).max(1)
    }

    /// Distances of the leaves from one to before another.
    fn distances(&self, from: u64, to: u64) -> u64 {
        let end = if to == self.leaves() {
            self.block
        } else {
            to * LEAF
        };
        end - from * LEAF
    }

    fn fill_leaf(&self, block: u64, number: u64, path: &mut Path, leaf: &mut LeafArrivals) {
        let (low, high) = self.share(block, number, path);
        let first = block * self.block;
        let (start, end) = (
            self.ratio.at(first),
            self.ratio.at(first.saturating_add(self.block)),
        );
        let length = self.ratio.real(self.block);
        let count = self.distances(number, number + 1) as usize;
        let mut gaps = [0.0; 2 * LEAF as usize];
        leaf.first = first + number * LEAF;
        exponentials(self.gaps, leaf.first, &mut gaps[..count]);
        let total: f64 = gaps[..count].iter().sum();
        // Given its sum, a run of exponential distances is distributed like any such run that is
        // scaled to it. That is what lets a leaf be drawn without the ones before it.
        let scale = (high - low) / total;
        let mut sum = 0.0;
        let time = |gap: &f64| {
            sum += gap;
            // The sum of many floats may end a little above `high`; times must not fall from leaf
            // to leaf.
            let share = (low + sum * scale).min(high);
            start.saturating_add((share * length) as i64).min(end)
        };
        leaf.times.clear();
        leaf.times.extend(gaps[..count].iter().map(time));
    }

    /// The share of the block that lies before and with a leaf.
    fn share(&self, block: u64, leaf: u64, path: &mut Path) -> (f64, f64) {
        if path.block != block {
            path.block = block;
            path.branches.clear();
        }
        let outside = |branch: &Branch| !(branch.leaves.0..branch.leaves.1).contains(&leaf);
        // Rows of a batch are near each other: most divisions above their leaves are shared, and
        // only the lowest ones are made anew.
        while path.branches.last().is_some_and(outside) {
            path.branches.pop();
        }
        let whole = Branch {
            leaves: (0, self.leaves()),
            share: (0.0, 1.0),
        };
        let mut branch = path.branches.last().copied().unwrap_or(whole);
        while branch.leaves.1 - branch.leaves.0 > 1 {
            branch = self.half(block, branch, leaf);
            path.branches.push(branch);
        }
        branch.share
    }

    /// The half of a branch that has the leaf.
    fn half(&self, block: u64, branch: Branch, leaf: u64) -> Branch {
        let ((from, to), (low, high)) = (branch.leaves, branch.share);
        let middle = from.midpoint(to);
        let (before, after) = (self.distances(from, middle), self.distances(middle, to));
        // Every division of a block has its own middle.
        let bell = self.bell(block.wrapping_mul(self.leaves()).wrapping_add(middle));
        let at = low + (high - low) * beta(before as f64, after as f64, bell);
        match leaf < middle {
            true => Branch {
                leaves: (from, middle),
                share: (low, at),
            },
            false => Branch {
                leaves: (middle, to),
                share: (at, high),
            },
        }
    }

    /// A nearly normal number: the sum of twelve even ones, as good as it takes for a share that
    /// is nearly normal itself.
    // The sum of twelve uniform numbers, minus six: mean 0 and deviation 1, never beyond 6, and in
    // whole numbers up to the end, so that every machine has the same bits.
    fn bell(&self, division: u64) -> f64 {
        let sum: u64 = (0..3u64)
            .map(|part| self.halves.at(division.wrapping_mul(3).wrapping_add(part)))
            .map(|bits| {
                (0..4)
                    .map(|place| (bits >> (16 * place)) & 0xffff)
                    .sum::<u64>()
            })
            .sum();
        (sum as f64 + 6.0) / 65_536.0 - 6.0
    }
}

/// The share of the first `a` of `a + b` exponential distances, each at least 64: normal, with the
/// skewness of the beta distribution (Cornish and Fisher).
// Shares of at least 64 distances are so nearly normal that a correction of their skewness (Cornish
// and Fisher, 1938) is enough: an exact beta needs rejection, and so any number of random numbers.
fn beta(a: f64, b: f64, bell: f64) -> f64 {
    let sum = a + b;
    let mean = a / sum;
    let deviation = (a * b / (sum + 1.0)).sqrt() / sum;
    let skewness = 2.0 * (b - a) * (sum + 1.0).sqrt() / ((sum + 2.0) * (a * b).sqrt());
    mean + deviation * (bell + skewness * (bell * bell - 1.0) / 6.0)
}

dispatched! {
    fn exponentials(key: Key, first: u64, out: &mut [f64]) {
        for (index, gap) in out.iter_mut().enumerate() {
            *gap = -ln(open_unit(key.at(first + index as u64)));
        }
    }
}
