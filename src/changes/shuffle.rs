//! A keyed bijection of the numbers below a size that can be gone back: which of a block's rows go, and
//! when.

/// Rounds of each digit.
// A choice for speed: nothing is kept secret here, the rows that go must only look unordered.
const ROUNDS: u64 = 3;

/// The bijections of the numbers below a size, one for each key. A number is split into two digits that
/// take turns in adding a hash of the other one (a Feistel network over whole numbers); what falls on the
/// few numbers from the size on goes through again.
#[derive(Debug, Clone, Copy)]
pub(super) struct Shuffle {
    size: u64,
    left: u64,
    right: u64,
}

impl Shuffle {
    /// Of a size from 1 and below 2^62.
    pub(super) fn new(size: u64) -> Self {
        // Two digits of about the square root: the product of their bases is little above the size,
        // so a number seldom falls outside and goes through again.
        let root = size.max(1).isqrt();
        let left = if root * root == size { root } else { root + 1 };
        Self {
            size,
            left,
            right: size.max(1).div_ceil(left),
        }
    }

    /// The size.
    pub(super) fn size(&self) -> u64 {
        self.size
    }

    /// Where a number goes.
    pub(super) fn go(&self, key: u64, mut number: u64) -> u64 {
        loop {
            let (mut left, mut right) = (number / self.right, number % self.right);
            for round in 0..ROUNDS {
                left = add(left, hash(key, 2 * round, right), self.left);
                right = add(right, hash(key, 2 * round + 1, left), self.right);
            }
            // A number from the size on is mixed again until it falls below (cycle walking). That
            // ends: the mixing is a permutation, so the way leads back below the size.
            number = left * self.right + right;
            if number < self.size {
                return number;
            }
        }
    }

    /// Where a number comes from.
    pub(super) fn back(&self, key: u64, mut number: u64) -> u64 {
        loop {
            let (mut left, mut right) = (number / self.right, number % self.right);
            for round in (0..ROUNDS).rev() {
                right = take(right, hash(key, 2 * round + 1, left), self.right);
                left = take(left, hash(key, 2 * round, right), self.left);
            }
            number = left * self.right + right;
            if number < self.size {
                return number;
            }
        }
    }
}

/// 32 bits of a digit below 2^32.
#[inline(always)]
fn hash(key: u64, round: u64, digit: u64) -> u64 {
    let mut x = (digit ^ key).wrapping_add(round.wrapping_mul(0x9e37_79b9_7f4a_7c15));
    x = (x ^ (x >> 32)).wrapping_mul(0xd6e8_feb8_6659_fd93);
    x = (x ^ (x >> 32)).wrapping_mul(0xd6e8_feb8_6659_fd93);
    x >> 32
}

/// Adds a hash, scaled to the base, to a digit of that base.
#[inline(always)]
fn add(digit: u64, hash: u64, base: u64) -> u64 {
    let sum = digit + ((hash * base) >> 32);
    if sum >= base { sum - base } else { sum }
}

/// Takes it away again.
#[inline(always)]
fn take(digit: u64, hash: u64, base: u64) -> u64 {
    let less = (hash * base) >> 32;
    if digit >= less {
        digit - less
    } else {
        digit + base - less
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_number_comes_once_and_goes_back() {
        let powers = (1..12).flat_map(|power| [(1 << power) - 1, 1 << power, (1 << power) + 1]);
        for size in (1..120).chain(powers).chain([9_999, 40_000]) {
            let shuffle = Shuffle::new(size);
            for key in [0, 1, u64::MAX, 0x1234_5678_9abc_def0] {
                let gone: Vec<u64> = (0..size).map(|number| shuffle.go(key, number)).collect();
                let back = gone.iter().map(|number| shuffle.back(key, *number));
                assert!(back.eq(0..size), "{size} {key}");
                let mut gone = gone;
                gone.sort_unstable();
                assert!(gone.into_iter().eq(0..size), "{size} {key}");
            }
        }
    }

    #[test]
    fn keys_give_unrelated_orders() {
        let shuffle = Shuffle::new(1000);
        let fixed = |one: u64, other: u64| {
            let same = |number: &u64| shuffle.go(one, *number) == shuffle.go(other, *number);
            (0..1000).filter(same).count()
        };
        // Two unrelated orders agree in one place on average.
        assert!(fixed(1, 2) < 10 && fixed(1, 1 << 40) < 10 && fixed(7, 8) < 10);
        // Two neighbours stay together in either order by chance in two cases of a thousand.
        let near = |number: &u64| shuffle.go(9, *number).abs_diff(shuffle.go(9, *number + 1)) == 1;
        assert!((0..999).filter(near).count() < 12);
    }
}
