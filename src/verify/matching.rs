//! From the hashes of rows on both sides to what became of each row.

use super::order::At;

/// Where a row stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Spot {
    /// Its number.
    pub number: u64,
    /// Where it is read again.
    pub piece: u32,
    /// Its place in the piece.
    pub index: u32,
}

/// One row of a side.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Entry {
    /// What rows are told apart by.
    pub key: u128,
    /// All of the row.
    pub row: u128,
    /// It may be one behind those that are compared.
    pub later: bool,
    /// Where it stands.
    pub spot: Spot,
    /// So many rows are the same: this is the first of them.
    pub times: u32,
}

/// Rows that are the same are kept once. They are sorted then.
pub(super) fn collapse(entries: &mut Vec<Entry>) {
    entries.sort_unstable();
    entries.dedup_by(|next, kept| {
        let same = (next.key, next.row, next.later) == (kept.key, kept.row, kept.later);
        let times = kept.times.checked_add(next.times).filter(|_| same);
        kept.times = times.unwrap_or(kept.times);
        times.is_some()
    });
}

/// What became of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// It is not there.
    Missing,
    /// It is there and should not be.
    Extra,
    /// It is there with other values.
    Different,
    /// It is there once more than it should be.
    Doubled,
    /// It is there, before or behind its place.
    OutOfOrder,
}

/// One row that is not as it should be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Difference {
    /// What became of it.
    pub kind: Kind,
    /// The row that should be there.
    pub expected: Option<Spot>,
    /// The row that is there.
    pub found: Option<Spot>,
    /// So many rows are the same.
    pub times: u32,
    /// The row that is there may be one behind those that are compared.
    pub later: bool,
}

/// How many rows there are of each kind.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Rows that should be there.
    pub expected: u64,
    /// Rows that are there.
    pub found: u64,
    /// Rows that are there as they should be.
    pub equal: u64,
    /// Rows that are not there.
    pub missing: u64,
    /// Rows that should not be there.
    pub extra: u64,
    /// Rows with other values.
    pub different: u64,
    /// Rows that are there more often than they should be.
    pub doubled: u64,
    /// Rows that are there as they should be, but for their order.
    pub out_of_order: u64,
    /// Rows of a table without end behind those that are compared.
    pub beyond: u64,
}

impl Counts {
    /// Counts one more, or one less.
    pub(super) fn count(&mut self, kind: Kind, by: i64) {
        let count = match kind {
            Kind::Missing => &mut self.missing,
            Kind::Extra => &mut self.extra,
            Kind::Different => &mut self.different,
            Kind::Doubled => &mut self.doubled,
            Kind::OutOfOrder => &mut self.out_of_order,
        };
        *count = count.saturating_add_signed(by);
    }

    /// How many rows are told.
    pub fn wrong(&self) -> u64 {
        self.missing + self.extra + self.different + self.doubled + self.out_of_order
    }

    /// True if every row is there once, with its values, and no other.
    pub fn are_equal(&self) -> bool {
        self.wrong() == 0
    }
}

/// Told of two rows that are equal, and how many rows there should be like them.
pub(super) type Together<'t> = dyn FnMut(&Entry, &Entry, usize) + 't;

/// Every row of both sides, which are sorted, by what rows are told apart by; how many are equal, and
/// which ones go together.
pub(super) fn compare(
    expected: &[Entry],
    found: &[Entry],
    together: &mut Together<'_>,
    tell: &mut dyn FnMut(Difference),
) -> u64 {
    let (mut expected, mut found, mut equal) = (expected, found, 0);
    while let Some(key) = least(expected, found) {
        let (own, rest) = of_key(expected, key);
        let (other, left) = of_key(found, key);
        equal += of_one_key(own, other, together, tell);
        (expected, found) = (rest, left);
    }
    equal
}

fn least(expected: &[Entry], found: &[Entry]) -> Option<u128> {
    let keys = expected.first().into_iter().chain(found.first());
    keys.map(|entry| entry.key).min()
}

/// Those of this key, and all after them.
fn of_key(entries: &[Entry], key: u128) -> (&[Entry], &[Entry]) {
    let mut own = entries.iter();
    let count = own
        .position(|entry| entry.key != key)
        .unwrap_or(entries.len());
    entries.split_at(count)
}

/// Rows of one key: equal ones go together, then what is left of both, then what is left of one.
fn of_one_key(
    expected: &[Entry],
    found: &[Entry],
    together: &mut Together<'_>,
    tell: &mut dyn FnMut(Difference),
) -> u64 {
    let (mut missing, mut extra) = (Vec::new(), Vec::new());
    let (mut own, mut other) = (Unmatched::new(expected), Unmatched::new(found));
    let mut equal = 0;
    loop {
        match (own.first, other.first) {
            (Some(one), Some(two)) if one.row == two.row => {
                let times = one.times.min(two.times);
                equal += u64::from(times);
                together(&one, &two, expected.len());
                own.take(times);
                other.take(times);
            }
            (Some(one), Some(two)) if one.row < two.row => missing.extend(own.take(one.times)),
            (_, Some(two)) => extra.extend(other.take(two.times)),
            (Some(one), None) => missing.extend(own.take(one.times)),
            (None, None) => break,
        }
    }
    let (mut own, mut other) = (Unmatched::new(&missing), Unmatched::new(&extra));
    while let (Some(one), Some(two)) = (own.first, other.first) {
        let times = one.times.min(two.times);
        let pair = (own.take(times), other.take(times));
        tell(difference(Kind::Different, times, pair));
    }
    while let Some(one) = own.first {
        tell(difference(
            Kind::Missing,
            one.times,
            (own.take(one.times), None),
        ));
    }
    while let Some(two) = other.first {
        let twin = expected.iter().find(|one| one.row == two.row);
        let kind = twin.map_or(Kind::Extra, |_| Kind::Doubled);
        // One more of a key with values that no row of it has is no double: it is told beside its row.
        let own = twin.or(expected.first()).copied();
        tell(difference(kind, two.times, (own, other.take(two.times))));
    }
    equal
}

/// Rows that are left, and how often the first of them.
struct Unmatched<'e> {
    first: Option<Entry>,
    rest: std::slice::Iter<'e, Entry>,
}

impl<'e> Unmatched<'e> {
    fn new(entries: &'e [Entry]) -> Self {
        let mut rest = entries.iter();
        let first = rest.next().copied();
        Self { first, rest }
    }

    /// So many of the first one.
    fn take(&mut self, times: u32) -> Option<Entry> {
        let first = self.first?;
        self.first = match first.times.saturating_sub(times) {
            0 => self.rest.next().copied(),
            times => Some(Entry { times, ..first }),
        };
        Some(Entry { times, ..first })
    }
}

fn difference(
    kind: Kind,
    times: u32,
    (expected, found): (Option<Entry>, Option<Entry>),
) -> Difference {
    Difference {
        kind,
        expected: expected.map(|entry| entry.spot),
        found: found.map(|entry| entry.spot),
        times,
        later: found.is_some_and(|entry| entry.later),
    }
}

/// Where nothing tells rows apart, a row that is missing and one that is extra at the same place are
/// one row with other values.
pub(super) fn paired(differences: Vec<Difference>, first_row: u64) -> Vec<Difference> {
    let place = |difference: &Difference| match difference.kind {
        Kind::Missing => difference.expected.map(|spot| spot.number - first_row),
        Kind::Extra => difference.found.map(|spot| spot.number),
        _ => None,
    };
    let mut all = differences;
    all.sort_by_key(|difference| (place(difference).is_none(), place(difference)));
    let mut paired: Vec<Difference> = Vec::with_capacity(all.len());
    for next in all {
        match paired.last_mut() {
            Some(last)
                if place(last).is_some()
                    && place(last) == place(&next)
                    && (last.times, next.times) == (1, 1)
                    && last.kind != next.kind =>
            {
                *last = Difference {
                    kind: Kind::Different,
                    expected: last.expected.or(next.expected),
                    found: last.found.or(next.found),
                    times: 1,
                    later: false,
                };
            }
            _ => paired.push(next),
        }
    }
    paired
}

/// A row that is out of order: it is read again where it stands, and where it should.
pub(super) fn moved((found, expected): (At, At)) -> Difference {
    let spot = |(piece, index): At| Spot {
        number: 0,
        piece,
        index,
    };
    Difference {
        kind: Kind::OutOfOrder,
        expected: Some(spot(expected)),
        found: Some(spot(found)),
        times: 1,
        later: false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entries(rows: &[(u128, u128)]) -> Vec<Entry> {
        let mut entries: Vec<Entry> = rows
            .iter()
            .enumerate()
            .map(|(number, (key, row))| Entry {
                key: *key,
                row: *row,
                later: false,
                spot: Spot {
                    number: number as u64,
                    piece: 0,
                    index: number as u32,
                },
                times: 1,
            })
            .collect();
        entries.sort_unstable();
        entries
    }

    fn kinds(expected: &[(u128, u128)], found: &[(u128, u128)]) -> (u64, Vec<Kind>) {
        let mut kinds = Vec::new();
        let mut tell = |difference: Difference| kinds.push(difference.kind);
        let equal = compare(
            &entries(expected),
            &entries(found),
            &mut |_, _, _| {},
            &mut tell,
        );
        kinds.sort_unstable();
        (equal, kinds)
    }

    #[test]
    fn each_row_is_told_once() {
        use Kind::{Different, Doubled, Extra, Missing};
        let rows = &[(1, 10), (2, 20), (3, 30)];
        assert_eq!(kinds(rows, rows), (3, vec![]));
        assert_eq!(kinds(rows, &[(3, 30), (1, 10)]), (2, vec![Missing]));
        assert_eq!(
            kinds(rows, &[(1, 10), (2, 21), (3, 30), (4, 40)]),
            (2, vec![Extra, Different])
        );
        assert_eq!(
            kinds(rows, &[(1, 10), (1, 10), (1, 11), (2, 20), (3, 30)]),
            (3, vec![Extra, Doubled])
        );
        assert_eq!(kinds(rows, &[]), (0, vec![Missing; 3]));
        assert_eq!(kinds(&[], rows), (0, vec![Extra; 3]));
    }

    #[test]
    fn rows_without_keys_are_counted() {
        let rows = &[(10, 10), (10, 10), (20, 20)];
        assert_eq!(kinds(rows, &[(20, 20), (10, 10), (10, 10)]), (3, vec![]));
        assert_eq!(
            kinds(rows, &[(10, 10), (20, 20), (20, 20)]),
            (2, vec![Kind::Missing, Kind::Doubled])
        );
    }

    #[test]
    fn rows_that_are_kept_once_count_as_often_as_they_are_there() {
        use Kind::{Different, Doubled, Extra, Missing};
        let told = |expected: &[(u128, u128)], found: &[(u128, u128)]| {
            let (mut expected, mut found) = (entries(expected), entries(found));
            collapse(&mut expected);
            collapse(&mut found);
            assert!(expected.len() <= 2 && found.len() <= 2);
            let mut all = Vec::new();
            let mut tell = |one: Difference| all.push((one.kind, one.times));
            (
                compare(&expected, &found, &mut |_, _, _| {}, &mut tell),
                all,
            )
        };
        let rows = |times: usize, row: u128| vec![(1, row); times];
        assert_eq!(told(&rows(1000, 1), &rows(1000, 1)), (1000, vec![]));
        assert_eq!(
            told(&rows(1000, 1), &rows(997, 1)),
            (997, vec![(Missing, 3)])
        );
        assert_eq!(told(&rows(7, 1), &rows(1000, 1)), (7, vec![(Doubled, 993)]));
        assert_eq!(told(&[], &rows(5, 1)), (0, vec![(Extra, 5)]));
        let both = [rows(4, 1), rows(3, 2)].concat();
        assert_eq!(
            told(&rows(6, 1), &both),
            (4, vec![(Different, 2), (Extra, 1)])
        );
    }

    #[test]
    fn what_is_missing_and_extra_at_one_place_is_different() {
        let mut differences = Vec::new();
        let (expected, found) = (
            entries(&[(1, 1), (2, 2), (3, 3)]),
            entries(&[(1, 1), (9, 9), (3, 3), (8, 8)]),
        );
        compare(&expected, &found, &mut |_, _, _| {}, &mut |difference| {
            differences.push(difference);
        });
        let kinds: Vec<Kind> = paired(differences, 0)
            .iter()
            .map(|difference| difference.kind)
            .collect();
        assert_eq!(kinds, [Kind::Different, Kind::Extra]);
    }
}
