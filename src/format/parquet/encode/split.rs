//! Values of fixed width: as they are, and `BYTE_STREAM_SPLIT`, the first bytes of all, then the
//! second ones, and so on.

use crate::format::parquet::values::PageValues;

/// Adds the values; false if they have no fixed width.
pub(super) fn encode(values: &PageValues<'_>, out: &mut Vec<u8>) -> bool {
    fn numbers<T: Copy, const N: usize>(
        values: &[T],
        bytes: impl Fn(T) -> [u8; N],
        out: &mut Vec<u8>,
    ) {
        let start = out.len();
        out.resize(start + values.len() * N, 0);
        // `chunks_exact_mut` panics at 0.
        if values.is_empty() {
            return;
        }
        for (place, stream) in out[start..].chunks_exact_mut(values.len()).enumerate() {
            for (to, value) in stream.iter_mut().zip(values) {
                *to = bytes(*value)[place];
            }
        }
    }
    match values {
        PageValues::Int32(values) => numbers(values, i32::to_le_bytes, out),
        PageValues::Int64(values) => numbers(values, i64::to_le_bytes, out),
        PageValues::Float(values) => numbers(values, f32::to_le_bytes, out),
        PageValues::Double(values) => numbers(values, f64::to_le_bytes, out),
        PageValues::Fixed(bytes, width) => {
            for place in 0..*width {
                out.extend(bytes.iter().skip(place).step_by(*width));
            }
        }
        PageValues::Bits(..) | PageValues::Text { .. } => return false,
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_of_one_place_stand_together() {
        let encoded = |values: PageValues<'_>| {
            let mut out = vec![9];
            assert!(encode(&values, &mut out));
            out
        };
        let numbers = [0x0403_0201, 0x1413_1211];
        let expected = [9, 1, 0x11, 2, 0x12, 3, 0x13, 4, 0x14];
        assert_eq!(encoded(PageValues::Int32(&numbers)), expected);
        let bytes = [1, 2, 3, 4, 0x11, 0x12, 0x13, 0x14];
        assert_eq!(encoded(PageValues::Fixed(&bytes, 4)), expected);
        assert_eq!(encoded(PageValues::Double(&[])), [9]);
    }
}
