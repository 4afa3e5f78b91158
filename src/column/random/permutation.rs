//! A keyed bijection of the numbers below a count, in constant memory: unique and shuffled.
//!
//! A number is split into two digits of bases `left` and `right`, both near the square root of the
//! count, and the digits take turns in adding a hash of the other one (the Feistel network over
//! whole numbers of J. Black and P. Rogaway, "Ciphers with Arbitrary Finite Domains", 2002). What
//! falls on the few numbers from the count on goes through again, which must end within the count.

use super::hash::Key;
use crate::column::build::Build;
use crate::column::rows::Rows;
use crate::dispatched;
use crate::error::Problem;
use crate::units::show_count;

/// Four rounds make a pseudorandom permutation (Luby and Rackoff, 1988) of good round functions;
/// two more, since ours are cheap.
const ROUNDS: usize = 6;

/// Numbers that go through the rounds together: two arrays of them stay in the first cache.
const CHUNK: usize = 256;

const LOW: u64 = 0xffff_ffff;

/// A bijection of the numbers below `count`.
#[derive(Debug, Clone)]
pub struct Permutation {
    count: u64,
    left: u64,
    right: Divisor,
    keys: [(u64, u64); ROUNDS],
}

/// A number to divide by again and again: a multiplication each, where the processor's division
/// takes several times as long.
#[derive(Debug, Clone, Copy)]
pub(in crate::column) struct Divisor {
    divisor: u64,
    /// 2^64 / `divisor`, rounded down, or one less.
    reciprocal: u64,
}

impl Divisor {
    /// A divisor from 1.
    pub(in crate::column) fn new(divisor: u64) -> Self {
        Self {
            divisor,
            reciprocal: u64::MAX / divisor,
        }
    }

    /// Quotient and remainder.
    #[inline(always)]
    pub(in crate::column) fn split(self, number: u64) -> (u64, u64) {
        let product = u128::from(number) * u128::from(self.reciprocal);
        // The reciprocal is rounded down: the quotient is exact or one too small.
        let quotient = (product >> 64) as u64;
        let rest = number - quotient * self.divisor;
        // A comparison and a multiplication instead of a branch: the loop in `shuffle` stays one of
        // vectors.
        let over = u64::from(rest >= self.divisor);
        (quotient + over, rest - over * self.divisor)
    }
}

impl Permutation {
    /// The bijection of the numbers below `count`, which is at least 1, that belongs to the key.
    pub fn new(key: Key, count: u64) -> Self {
        let count = count.max(1);
        let root = count.isqrt();
        // The two bases are as near to each other as they can be, so that `left * right` is at most
        // about 2·√count above the count: nearly no number has to walk.
        let left = if root * root == count { root } else { root + 1 };
        let right = count.div_ceil(left);
        let round = |round: usize| {
            let random = key.at(round as u64);
            (random & LOW, random >> 32)
        };
        Self {
            count,
            left,
            right: Divisor::new(right),
            keys: std::array::from_fn(round),
        }
    }

    /// Where each of `rows`, all below the count, goes.
    pub fn fill(&self, rows: Rows<'_>) -> Vec<u64> {
        let mut numbers = rows.numbers();
        self.apply(&mut numbers);
        numbers
    }

    /// Puts in place of each number, which is below the count, where it goes.
    pub fn apply(&self, numbers: &mut [u64]) {
        // Walking is rare and kept out of the vector loop; what fell outside is picked up behind
        // it.
        for chunk in numbers.chunks_mut(CHUNK) {
            shuffle(self, chunk);
            for number in chunk {
                if *number >= self.count {
                    *number = self.walk(*number);
                }
            }
        }
    }

    /// Goes on from a number that fell outside.
    #[cold]
    fn walk(&self, mut number: u64) -> u64 {
        while number >= self.count {
            let (left, right) = self.split(number);
            number = self.join(self.rounds(left, right));
        }
        number
    }

    #[inline(always)]
    fn split(&self, number: u64) -> (u64, u64) {
        self.right.split(number)
    }

    #[inline(always)]
    fn join(&self, (left, right): (u64, u64)) -> u64 {
        left * self.right.divisor + right
    }

    #[inline(always)]
    fn rounds(&self, mut left: u64, mut right: u64) -> (u64, u64) {
        for pair in self.keys.chunks_exact(2) {
            left = add(left, hash(right, pair[0]), self.left);
            right = add(right, hash(left, pair[1]), self.right.divisor);
        }
        (left, right)
    }
}

/// 32 bits from 32, in multiplications of 32 bits by 32, which every vector unit has. A digit has
/// no more bits: the first mask tells the compiler.
#[inline(always)]
fn hash(digit: u64, (first, second): (u64, u64)) -> u64 {
    let x = ((digit ^ first) & LOW) * 0x9e37_79b1;
    let x = (x ^ (x >> 32) ^ second) & LOW;
    let x = x * 0x85eb_ca6b;
    let x = (x ^ (x >> 29)) & LOW;
    let x = x * 0xc2b2_ae35;
    (x ^ (x >> 32)) & LOW
}

/// Adds a hash, scaled to the base, to a digit of that base. The base may be 2^32, one less fits
/// the multiplication.
#[inline(always)]
fn add(digit: u64, hash: u64, base: u64) -> u64 {
    let sum = digit + ((hash * ((base - 1) & LOW) + hash) >> 32);
    if sum >= base { sum - base } else { sum }
}

// Number by number the six rounds wait for one another; round by round over 256 numbers they do
// not, and with multiplications of 32 bits every vector unit of AVX2 can take part. Both were
// measured faster than the 64-bit hash number by number that stood here before.
dispatched! {
    /// All numbers take a round before any takes the next one, so that each round is one loop
    /// that the compiler vectorises.
    fn shuffle(permutation: &Permutation, numbers: &mut [u64]) {
        let mut lefts = [0; CHUNK];
        let mut rights = [0; CHUNK];
        for ((number, left), right) in numbers.iter().zip(&mut lefts).zip(&mut rights) {
            (*left, *right) = permutation.split(*number);
        }
        for pair in permutation.keys.chunks_exact(2) {
            for (left, right) in lefts.iter_mut().zip(&rights) {
                *left = add(*left, hash(*right, pair[0]), permutation.left);
            }
            for (left, right) in lefts.iter().zip(&mut rights) {
                *right = add(*right, hash(*left, pair[1]), permutation.right.divisor);
            }
        }
        for ((number, left), right) in numbers.iter_mut().zip(&lefts).zip(&rights) {
            *number = permutation.join((*left, *right));
        }
    }
}

/// How many row numbers there are where this column stands, the room in lists included; none when
/// the table is endless.
pub(in crate::column) fn row_numbers(build: &mut Build<'_>) -> Result<Option<u64>, Problem> {
    let Some(mut numbers) = build.rows()? else {
        return Ok(None);
    };
    let mut outer = build.around().outer;
    while let Some((scope, items)) = outer {
        numbers = numbers.saturating_mul(items.unwrap_or(1));
        outer = build.tables.scope(scope).outer;
    }
    Ok(Some(numbers))
}

/// Refuses more rows than there are values to give each its own.
pub(in crate::column) fn check_room(
    build: &mut Build<'_>,
    what: &str,
    values: u64,
) -> Result<(), Problem> {
    let asked = match row_numbers(build)? {
        Some(rows) if rows <= values => return Ok(()),
        Some(rows) => format!("{} rows asked", show_count(rows)),
        None if build.changes().is_some() => "and changes draw without end".into(),
        None => "the table is endless".into(),
    };
    let message = format!(
        "{}: the {what} allows {} values, {asked}",
        build.name,
        show_count(values)
    );
    Err(Problem::new(message).at(&build.place))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn whole(name: &str, count: u64) -> Vec<u64> {
        let range = Rows::Range {
            first: 0,
            count: count as usize,
        };
        Permutation::new(Key::new(name), count).fill(range)
    }

    #[test]
    fn every_number_below_the_count_comes_once() {
        let powers = (1..17).flat_map(|power| [(1 << power) - 1, 1 << power, (1 << power) + 1]);
        for count in (1..200).chain(powers).chain([99_999, 1_000_003]) {
            let mut numbers = whole("once", count);
            numbers.sort_unstable();
            assert!(numbers.iter().copied().eq(0..count), "{count}");
        }
    }

    #[test]
    fn one_number_and_many_go_to_the_same_place() {
        let counts = [
            1,
            2,
            3,
            1000,
            (1 << 32) + 1,
            (1 << 63) - 25,
            u64::MAX - 1,
            u64::MAX,
        ];
        for count in counts {
            let permutation = Permutation::new(Key::new("one"), count);
            let spread = (0..999u64).map(|index| index.wrapping_mul(0x9e37_79b9_7f4a_7c15) % count);
            let numbers: Vec<u64> = spread.chain([0, count - 1, count / 2]).collect();
            let many = permutation.fill(Rows::List(&numbers));
            for (number, gone) in numbers.iter().zip(many) {
                let alone = permutation.fill(Rows::List(&[*number]));
                assert_eq!(alone, [gone], "{number} of {count}");
                assert!(gone < count);
            }
        }
    }

    #[test]
    fn large_counts_do_not_collide() {
        for count in [u64::MAX, (1 << 48) + 7, 10u64.pow(12)] {
            let permutation = Permutation::new(Key::new("large"), count);
            let mut numbers = permutation.fill(Rows::Range {
                first: count - 300_000,
                count: 300_000,
            });
            numbers.sort_unstable();
            numbers.dedup();
            assert_eq!(numbers.len(), 300_000);
        }
    }

    /// Chi-square of the cells that (this, next) fall into, on a grid of `side` by `side`.
    fn serial(numbers: &[u64], count: u64, side: usize) -> f64 {
        let cell = |number: u64| (u128::from(number) * side as u128 / u128::from(count)) as usize;
        let mut cells = vec![0f64; side * side];
        for pair in numbers.windows(2) {
            cells[cell(pair[0]) * side + cell(pair[1])] += 1.0;
        }
        let expected = (numbers.len() - 1) as f64 / cells.len() as f64;
        cells
            .iter()
            .map(|n| (n - expected).powi(2) / expected)
            .sum()
    }

    #[test]
    fn neighbours_go_to_unrelated_places() {
        for count in [1_000_000, 1 << 20, (1 << 20) + 1, 1 << 40, u64::MAX] {
            let range = Rows::Range {
                first: 0,
                count: 1_000_000,
            };
            let numbers = Permutation::new(Key::new("serial"), count).fill(range);
            let chi = serial(&numbers, count, 32);
            // 1023 degrees of freedom: mean 1023, standard deviation 45; 5 of them.
            assert!((800.0..1250.0).contains(&chi), "{count}: {chi}");
        }
    }

    #[test]
    fn low_digits_are_as_random_as_high_ones() {
        for count in [1_000_000u64, 1 << 20, 999_983] {
            let numbers: Vec<u64> = whole("low", count).into_iter().map(|n| n % 32).collect();
            let chi = serial(&numbers, 32, 32);
            assert!((800.0..1250.0).contains(&chi), "{count}: {chi}");
        }
    }

    #[test]
    fn keys_reach_every_arrangement_of_a_few_numbers() {
        let mut seen = std::collections::BTreeMap::new();
        for key in 0..24_000 {
            *seen.entry(whole(&key.to_string(), 4)).or_insert(0) += 1;
        }
        assert_eq!(seen.len(), 24);
        // Not quite alike: 1000 each, with 32 as the standard deviation if they were.
        let around = |times: &i32| (800..1200).contains(times);
        assert!(seen.values().all(around), "{seen:?}");
    }

    #[test]
    fn every_number_goes_anywhere_alike() {
        let mut cells = [[0f64; 10]; 10];
        for key in 0..10_000 {
            for (number, gone) in whole(&key.to_string(), 10).into_iter().enumerate() {
                cells[number][gone as usize] += 1.0;
            }
        }
        for row in cells {
            let chi: f64 = row.iter().map(|n| (n - 1000.0).powi(2) / 1000.0).sum();
            // 9 degrees of freedom, p = 0.0001.
            assert!(chi < 33.8, "{chi} {row:?}");
        }
    }

    #[test]
    fn divisors_divide() {
        let numbers = [
            0,
            1,
            2,
            9,
            10,
            1 << 32,
            u64::MAX / 3,
            u64::MAX - 1,
            u64::MAX,
        ];
        for divisor in [1, 2, 3, 10, 26, (1 << 32) - 1, 1 << 32, u64::MAX] {
            for number in numbers {
                let (quotient, rest) = Divisor::new(divisor).split(number);
                assert_eq!((quotient, rest), (number / divisor, number % divisor));
            }
        }
    }

    #[test]
    fn values_are_frozen() {
        assert_eq!(whole("frozen", 10), [5, 6, 0, 7, 9, 8, 1, 2, 4, 3]);
    }
}
