//! What is sorted: the code of a row's key and, below it, the row, in one whole number.

/// A whole number that holds a key's code above a row's number.
pub(super) trait Entry: Copy + Ord + Default + Send + Sync + 'static {
    /// Its bits.
    const BITS: u32;
    /// Its bytes in a file.
    const BYTES: usize = Self::BITS as usize / 8;

    /// It with `bits` more bits below those that are there.
    fn push(self, bits: u32, value: u64) -> Self;
    /// The lowest of its bits, at most 64.
    fn low(self, bits: u32) -> u64;
    /// What stands above its lowest bits.
    fn above(self, bits: u32) -> u128;
    /// Its bytes behind others.
    fn write(self, out: &mut Vec<u8>);
    /// It from its bytes.
    fn read(bytes: &[u8]) -> Self;
}

macro_rules! entry {
    ($number:ty) => {
        impl Entry for $number {
            const BITS: u32 = <$number>::BITS;

            #[inline(always)]
            fn push(self, bits: u32, value: u64) -> Self {
                self.checked_shl(bits).unwrap_or(0) | Self::from(value)
            }

            #[inline(always)]
            fn low(self, bits: u32) -> u64 {
                self as u64 & u64::MAX.checked_shr(64 - bits).unwrap_or(0)
            }

            #[inline(always)]
            fn above(self, bits: u32) -> u128 {
                u128::from(self.checked_shr(bits).unwrap_or(0))
            }

            fn write(self, out: &mut Vec<u8>) {
                out.extend_from_slice(&self.to_le_bytes());
            }

            fn read(bytes: &[u8]) -> Self {
                bytes.try_into().map_or(0, Self::from_le_bytes)
            }
        }
    };
}

entry!(u64);
entry!(u128);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bits_go_in_and_come_out() {
        let narrow = u64::default().push(12, 2525).push(40, 7).push(12, 9);
        assert_eq!((narrow.low(12), narrow.above(52)), (9, 2525));
        assert_eq!((narrow.low(0), narrow.low(64)), (0, narrow));
        assert_eq!(0u64.push(64, u64::MAX), u64::MAX);
        let wide = u128::default().push(64, u64::MAX).push(64, 3);
        assert_eq!((wide.low(64), wide.above(64)), (3, u64::MAX.into()));
        let mut bytes = Vec::new();
        wide.write(&mut bytes);
        assert_eq!((u128::read(&bytes), bytes.len()), (wide, u128::BYTES));
    }
}
