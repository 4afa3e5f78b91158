//! Long bounds cut short: a bound may lie beyond the values, never within them.

/// The first bytes of the least value, and whether they are all of it.
pub(super) fn least_bound(value: &[u8], longest: usize, text: bool) -> (Vec<u8>, bool) {
    if value.len() <= longest {
        return (value.to_vec(), true);
    }
    let end = match std::str::from_utf8(value) {
        Ok(value) if text => value.floor_char_boundary(longest),
        _ => longest,
    };
    (value[..end].to_vec(), false)
}

/// Something short above the greatest value, and whether it is the value itself.
pub(super) fn greatest_bound(value: &[u8], longest: usize, text: bool) -> (Vec<u8>, bool) {
    if value.len() <= longest {
        return (value.to_vec(), true);
    }
    let above = match std::str::from_utf8(value) {
        Ok(value) if text => next_text(&value[..value.floor_char_boundary(longest)]),
        _ => next_bytes(&value[..longest]),
    };
    match above {
        // Not the beginning alone, which would lie below the value: readers would skip a page that
        // has it.
        Some(above) => (above, false),
        None => (value.to_vec(), true),
    }
}

/// The text with its last character that has a next one of the same length replaced by that.
fn next_text(text: &str) -> Option<Vec<u8>> {
    text.char_indices().rev().find_map(|(place, character)| {
        let next = char::from_u32(character as u32 + 1)?;
        (next.len_utf8() == character.len_utf8()).then(|| {
            let mut above = text.as_bytes()[..place].to_vec();
            above.extend_from_slice(next.encode_utf8(&mut [0; 4]).as_bytes());
            above
        })
    })
}

/// The bytes as a number, and one more.
fn next_bytes(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut above = bytes.to_vec();
    for byte in above.iter_mut().rev() {
        let (next, over) = byte.overflowing_add(1);
        *byte = next;
        if !over {
            return Some(above);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_values_stay_and_long_ones_are_bounded() {
        assert_eq!(least_bound(b"abc", 3, true), (b"abc".to_vec(), true));
        assert_eq!(greatest_bound(b"abc", 3, true), (b"abc".to_vec(), true));
        assert_eq!(least_bound(b"abcd", 3, true), (b"abc".to_vec(), false));
        assert_eq!(greatest_bound(b"abcd", 3, true), (b"abd".to_vec(), false));
        let text = "aé\u{7f}é";
        assert_eq!(
            least_bound(text.as_bytes(), 2, true),
            (b"a".to_vec(), false)
        );
        let above = greatest_bound(text.as_bytes(), 4, true);
        assert_eq!(
            above,
            ("aê".as_bytes().to_vec(), false),
            "0x80 would be longer"
        );
        assert_eq!(greatest_bound(&[1, 0xff, 7], 2, false), (vec![2, 0], false));
        let most = vec![0xff; 3];
        assert_eq!(greatest_bound(&most, 2, false), (most.clone(), true));
    }
}
