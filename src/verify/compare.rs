//! Compares two sides: counts and digests of buckets first, then the rows of buckets that differ, as
//! many at once as memory is given for.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};

use super::aligned::aligned;
use super::behind::Behind;
use super::groups::{Group, fitting, parts, waiting};
use super::hash::Hasher;
use super::keyed::{Buckets, Keyed};
use super::matching::{
    Counts, Difference, Entry, Kind, Spot, collapse, compare as compare_entries, moved, paired,
};
use super::order::{Chains, Found as Places, Link, links};
use super::scan::Workers;
use super::side::Side;
use crate::error::Result;
use crate::sink::Slice;

/// Up to this many rows of both sides are compared one by one, without digests: 64 MiB of them.
const FEW: u64 = 1 << 20;

/// About so many rows share a bucket. A choice; no measurement is behind it or the two below.
const BUCKET_ROWS: u64 = 4096;

/// Rows that are the same are kept once from so many on.
const MANY: usize = 1 << 16;

/// More buckets than that would take more memory than they save.
const MOST_BUCKETS: u64 = 1 << 16;

/// Two sides, and how their rows are told apart.
pub(super) struct Comparison<'c> {
    pub expected: &'c dyn Side,
    pub found: &'c dyn Side,
    pub keyed: Keyed,
    pub columns: usize,
    pub workers: &'c Workers<'c>,
    /// Bytes for rows that are compared one by one.
    pub memory: u64,
    /// Only rows of this share.
    pub share: Option<Slice>,
    /// What was found may stand as in the table, from this row on; without a key it does, if all is well.
    pub place: Option<u64>,
    /// The table has no end: what rows behind the ones that are compared are known by.
    pub behind: Option<&'c Behind>,
    /// How rows of a partition are in order, where they have one.
    pub order: Option<Order<'c>>,
}

/// The partitions in which rows have the order of the table.
#[derive(Clone, Copy)]
pub(super) struct Order<'c> {
    /// The partition of a piece of what was found.
    pub partition: &'c (dyn Fn(u32) -> i32 + Sync),
    /// The column that has it, where it follows from the row. Else nobody knows of equal rows in several
    /// partitions which is which.
    pub column: Option<usize>,
}

/// What each bucket of a side adds up to.
struct Digests {
    rows: Vec<u64>,
    sums: Vec<u128>,
    /// Pieces, and the first and the last bucket that has rows of each.
    spans: Vec<(u64, u32, u32)>,
    /// What its partitions add up to in their order.
    chains: BTreeMap<i32, Link>,
}

/// Who is told of rows that are not as they should be, and says how many are near enough.
pub(super) type Tell<'t> = dyn FnMut(Vec<Difference>) -> Result<u64> + 't;

/// What is known so far.
struct State<'s, 't> {
    counts: Counts,
    /// Rows on one side alone, where nothing tells rows apart but their place.
    unpaired: Vec<Difference>,
    places: Places,
    tell: &'s mut Tell<'t>,
}

impl Comparison<'_> {
    /// Compares every row, and tells what is not as it should be.
    ///
    /// # Errors
    /// A side cannot be read.
    pub(super) fn run(&self, tell: &mut Tell<'_>) -> Result<Counts> {
        let rows = self.expected.rows() + self.found.rows();
        if let Some(equal) = self.aligned()? {
            return Ok(Counts {
                expected: equal,
                found: equal,
                equal,
                ..Counts::default()
            });
        }
        self.workers.left(rows);
        let unpaired = match self.by_row() {
            true => waiting(self.memory).min(rows as usize),
            false => 0,
        };
        let mut state = State {
            counts: Counts::default(),
            unpaired: Vec::with_capacity(unpaired),
            places: Places::default(),
            tell,
        };
        match rows <= FEW.min(self.most_rows()) {
            true => {
                let whole = Group {
                    wanted: None,
                    part: (0, 1),
                    most: None,
                };
                let buckets = Buckets::new(self.keyed.clone(), 1, self.share);
                self.group(&buckets, &whole, &[None, None], &mut state)?;
            }
            false => self.by_digests(rows, &mut state)?,
        }
        // What is missing and what is extra at the same place, where nothing else tells rows apart.
        let unpaired = std::mem::take(&mut state.unpaired);
        let paired = paired(unpaired, self.place.unwrap_or(0));
        self.told(paired, &mut state)?;
        let late = std::mem::take(&mut state.places).out_of_order();
        self.told(late.into_iter().map(moved).collect(), &mut state)?;
        Ok(state.counts)
    }

    /// How many rows there are, if each stands at its place, as it should be.
    fn aligned(&self) -> Result<Option<u64>> {
        let Some(first_row) = self.place.filter(|_| self.share.is_none()) else {
            return Ok(None);
        };
        self.workers.left(self.expected.rows());
        aligned(self.expected, self.found, first_row, self.workers)
    }

    /// Rows of both sides that memory is given for.
    fn most_rows(&self) -> u64 {
        fitting(self.memory / if self.by_row() { 2 } else { 1 })
    }

    /// True if only their places say which two rows belong together.
    fn by_row(&self) -> bool {
        self.keyed.column().is_none() && self.place.is_some()
    }

    fn by_digests(&self, rows: u64, state: &mut State<'_, '_>) -> Result<()> {
        let bucket_rows = BUCKET_ROWS.min(self.most_rows() / 4).max(1);
        let count = (rows / 2 / bucket_rows).clamp(1, MOST_BUCKETS) as usize;
        let buckets = Buckets::new(self.keyed.clone(), count, self.share);
        let expected = self.digests(&buckets, self.expected)?;
        let found = self.digests(&buckets, self.found)?;
        let in_order = self.order.is_none_or(|order| {
            // Without a column of the partition, order is known only of rows that stand once.
            order.column.is_some() && expected.chains == found.chains
        });
        let mut suspects = Vec::new();
        for bucket in 0..count {
            let (own, other) = (expected.rows[bucket], found.rows[bucket]);
            let equal = (own, expected.sums[bucket]) == (other, found.sums[bucket]);
            match equal && in_order {
                true => {
                    state.counts.expected += own;
                    state.counts.found += other;
                    state.counts.equal += own;
                }
                false => suspects.push((bucket, own + other)),
            }
        }
        let spans = [Some(&expected), Some(&found)];
        for (group, rows) in self.groups(&suspects, count) {
            // One bucket may have too many rows: but those that are the same are kept once.
            if !self.group(&buckets, &group, &spans, state)? {
                for part in parts(&group, rows, self.most_rows()) {
                    self.group(&buckets, &part, &spans, state)?;
                }
            }
        }
        Ok(())
    }

    fn digests(&self, buckets: &Buckets, side: &dyn Side) -> Result<Digests> {
        let hasher = Hasher::new(self.columns);
        let begin = || Digests {
            rows: vec![0; buckets.count],
            sums: vec![0; buckets.count],
            spans: Vec::new(),
            chains: BTreeMap::new(),
        };
        let chains = Chains::default();
        let made = self
            .workers
            .each(side, &|_| true, &begin, &|own, piece, rows| {
                let hashed = buckets.hash(&hasher, &rows)?;
                let (mut first, mut last) = (u32::MAX, 0);
                for (bucket, row) in hashed.buckets.iter().zip(&hashed.rows) {
                    if let Some(bucket) = *bucket {
                        own.rows[bucket as usize] += 1;
                        let sum = &mut own.sums[bucket as usize];
                        *sum = sum.wrapping_add(*row);
                        (first, last) = (first.min(bucket), last.max(bucket));
                    }
                }
                own.spans.push((piece, first, last));
                if let Some(column) = self.order.and_then(|order| order.column) {
                    chains.add(piece, links(&rows, column, &hashed));
                }
                Ok(())
            })?;
        let mut all = begin();
        for one in made {
            all.rows
                .iter_mut()
                .zip(one.rows)
                .for_each(|(all, one)| *all += one);
            let sums = all.sums.iter_mut().zip(one.sums);
            sums.for_each(|(all, one)| *all = all.wrapping_add(one));
            all.spans.extend(one.spans);
        }
        all.spans.sort_unstable();
        all.chains = chains.end();
        Ok(all)
    }

    /// Buckets that differ, as many together as memory is given for, and how many rows they have.
    fn groups(&self, suspects: &[(usize, u64)], count: usize) -> Vec<(Group, u64)> {
        let most = self.most_rows();
        let threads = self.workers.count().max(1);
        let group = |wanted: Vec<bool>, rows: u64| {
            let limit = (most as usize / threads).max(64);
            let group = Group {
                wanted: Some(wanted),
                part: (0, 1),
                most: (rows > most).then_some(limit),
            };
            (group, rows)
        };
        let mut groups = Vec::new();
        let (mut wanted, mut rows) = (vec![false; count], 0);
        for (bucket, own) in suspects {
            if rows > 0 && rows + own > most {
                let full = std::mem::replace(&mut wanted, vec![false; count]);
                groups.push(group(full, rows));
                rows = 0;
            }
            wanted[*bucket] = true;
            rows += own;
        }
        if rows > 0 {
            groups.push(group(wanted, rows));
        }
        groups
    }

    /// Compares the rows of a group one by one; false where they are too many.
    fn group(
        &self,
        buckets: &Buckets,
        group: &Group,
        digests: &[Option<&Digests>; 2],
        state: &mut State<'_, '_>,
    ) -> Result<bool> {
        let Some(mut expected) = self.entries(buckets, group, self.expected, digests[0])? else {
            return Ok(false);
        };
        let Some(mut found) = self.entries(buckets, group, self.found, digests[1])? else {
            return Ok(false);
        };
        self.workers.sort(&mut expected);
        self.workers.sort(&mut found);
        let rows = |entries: &[Entry]| {
            entries
                .iter()
                .map(|entry| u64::from(entry.times))
                .sum::<u64>()
        };
        state.counts.expected += rows(&expected);
        state.counts.found += rows(&found);
        // With room for all of them: a list that grows is in memory twice while it moves.
        let mut differences = Vec::with_capacity(expected.len() + found.len());
        let by_row = self.by_row();
        let room = waiting(self.memory);
        let (unpaired, places) = (&mut state.unpaired, &mut state.places);
        let mut together = |own: &Entry, other: &Entry, alike: usize| {
            if let Some(order) = self
                .order
                .filter(|order| order.column.is_some() || alike == 1)
            {
                let at = |entry: &Entry| (entry.spot.piece, entry.spot.index);
                places.add((order.partition)(other.spot.piece), at(other), at(own));
            }
        };
        state.counts.equal +=
            compare_entries(&expected, &found, &mut together, &mut |difference| {
                let alone = matches!(difference.kind, Kind::Missing | Kind::Extra);
                match by_row && alone && unpaired.len() < room {
                    true => unpaired.push(difference),
                    false => differences.push(difference),
                }
            });
        drop((expected, found));
        self.told(differences, state)?;
        Ok(true)
    }

    fn told(&self, mut differences: Vec<Difference>, state: &mut State<'_, '_>) -> Result<()> {
        let counts = &mut state.counts;
        if let Some(behind) = self.behind {
            let is_behind = |one: &Difference| match one.kind {
                Kind::Extra => one.later && one.expected.is_none(),
                Kind::Doubled => one.later && behind.has_equal_rows(),
                _ => false,
            };
            let beyond = differences.iter().filter(|one| is_behind(one));
            counts.beyond += beyond.map(|one| u64::from(one.times)).sum::<u64>();
            differences.retain(|one| !is_behind(one));
        }
        let place = |difference: &Difference| {
            let spot = difference.expected.or(difference.found);
            (difference.expected.is_none(), spot, difference.kind)
        };
        differences.sort_by_key(place);
        for one in &differences {
            counts.count(one.kind, i64::from(one.times));
        }
        // Floats within `--float-ulps` count as equal once their values are read again.
        let near = (state.tell)(differences)?;
        counts.different -= near;
        counts.equal += near;
        Ok(())
    }

    fn entries(
        &self,
        buckets: &Buckets,
        group: &Group,
        side: &dyn Side,
        digests: Option<&Digests>,
    ) -> Result<Option<Vec<Entry>>> {
        let hasher = Hasher::new(self.columns);
        let too_many = AtomicBool::new(false);
        let spans = digests.map(|digests| digests.spans.as_slice());
        let wanted = |piece: u64| group.has(piece, spans);
        let goes_on = |piece: u64| !too_many.load(Ordering::Relaxed) && wanted(piece);
        // Where order counts, equal rows are not put together: each has its own place.
        let once = self.order.is_none();
        let many = MANY.min(group.most.unwrap_or(MANY));
        if digests.is_some() {
            let pieces = (0..side.pieces()).filter(|piece| wanted(*piece)).count() as u64;
            let rows = u128::from(side.rows()) * u128::from(pieces);
            self.workers
                .more((rows / u128::from(side.pieces().max(1))) as u64);
        }
        let made = self
            .workers
            .each(side, &goes_on, &Kept::default, &|kept, piece, rows| {
                let hashed = buckets.hash(&hasher, &rows)?;
                let later = self.behind.map(|behind| behind.among(&rows)).transpose()?;
                let own = &mut kept.entries;
                for (index, bucket) in hashed.buckets.iter().enumerate() {
                    let key = hashed.keys[index];
                    if bucket.is_some_and(|bucket| group.takes(bucket, key)) {
                        own.push(Entry {
                            key,
                            row: hashed.rows[index],
                            later: later.as_ref().is_some_and(|later| later[index]),
                            spot: Spot {
                                number: rows.place.row(index),
                                piece: piece as u32,
                                index: index as u32,
                            },
                            times: 1,
                        });
                    }
                }
                if once && own.len() >= kept.next.max(many) {
                    collapse(own);
                    kept.next = 2 * own.len();
                    if group.most.is_some_and(|most| own.len() > most) {
                        too_many.store(true, Ordering::Relaxed);
                    }
                }
                Ok(())
            })?;
        let made: Vec<Vec<Entry>> = made.into_iter().map(|kept| kept.entries).collect();
        let left: usize = made.iter().map(Vec::len).sum();
        let over = !once && group.most.is_some_and(|most| left > most);
        Ok((!over && !too_many.into_inner()).then(|| made.concat()))
    }
}

/// Rows that a worker keeps, and from how many on it looks for those that are the same.
#[derive(Default)]
struct Kept {
    entries: Vec<Entry>,
    next: usize,
}
