//! Check digits: Luhn's (ISO/IEC 7812-1), and modulo 97 (ISO/IEC 7064, for IBANs).

/// The digit that makes a number with these digits before it valid.
pub(super) fn luhn(mut digits: u64) -> u64 {
    let (mut sum, mut doubled) = (0, true);
    while digits > 0 {
        let digit = digits % 10;
        sum += match doubled {
            true if digit > 4 => digit * 2 - 9,
            true => digit * 2,
            false => digit,
        };
        (digits, doubled) = (digits / 10, !doubled);
    }
    (10 - sum % 10) % 10
}

/// What letters and digits are modulo 97, a letter being 10 to 35.
pub(super) fn modulo_97(text: impl IntoIterator<Item = u8>) -> u64 {
    text.into_iter().fold(0, |rest, byte| match byte {
        b'0'..=b'9' => (rest * 10 + u64::from(byte - b'0')) % 97,
        _ => (rest * 100 + u64::from(byte.to_ascii_uppercase() - b'A') + 10) % 97,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn published_numbers_are_valid() {
        for (digits, check) in [
            (411_111_111_111_111, 1),
            (37_828_224_631_000, 5),
            (555_555_555_555_444, 4),
            (7_992_739_871, 3),
        ] {
            assert_eq!(luhn(digits), check, "{digits}");
        }
        // The examples of the registry of IBANs, with their first four letters at the end.
        for text in [
            "WEST12345698765432GB82",
            "370400440532013000DE89",
            "30006000011234567890189FR76",
        ] {
            assert_eq!(modulo_97(text.bytes()), 1, "{text}");
        }
    }
}
