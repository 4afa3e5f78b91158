//! `bad_encoding`: bytes that are no UTF-8.

use arrow::array::{ArrayRef, AsArray};

use super::{Corruption, Replaced};
use crate::column::hash::below;
use crate::error::Result;
use crate::faults::FaultColumn;

/// Bytes that are no UTF-8.
#[derive(Debug)]
pub(super) struct BadEncoding;

/// No byte of any UTF-8.
const NEVER: u8 = 0xff;

impl Corruption for BadEncoding {
    fn name(&self) -> &'static str {
        "bad_encoding"
    }

    fn about(&self) -> &'static str {
        "A text whose bytes are no UTF-8: written in Latin-1, or with one byte that no text has. CSV and JSON only."
    }

    fn refusal(&self, column: &FaultColumn, texts: bool) -> Option<String> {
        match (column.is_text(), texts) {
            (false, _) => Some("only texts have an encoding".into()),
            (true, false) => Some("only CSV and JSON hold texts that are no UTF-8".into()),
            (true, true) => None,
        }
    }

    fn hint(&self) -> &'static str {
        "`mojibake` spoils texts in every format"
    }

    fn is_raw(&self, _: &FaultColumn) -> bool {
        true
    }

    fn replace(&self, _: &FaultColumn, values: &ArrayRef, random: &[u64]) -> Result<Replaced> {
        let spoil =
            |(text, random): (Option<&str>, &u64)| spoilt(text.unwrap_or_default(), *random);
        let texts = values.as_string::<i32>().iter().zip(random);
        Ok(Replaced::Raw(texts.map(spoil).collect()))
    }
}

fn spoilt(text: &str, random: u64) -> Vec<u8> {
    let latin: Option<Vec<u8>> = text
        .chars()
        .map(|letter| u8::try_from(u32::from(letter)).ok())
        .collect();
    if let Some(latin) = latin.filter(|latin| std::str::from_utf8(latin).is_err()) {
        return latin;
    }
    let mut bytes = text.as_bytes().to_vec();
    match bytes.is_empty() {
        true => bytes.push(NEVER),
        false => {
            let at = below(random, bytes.len() as u64) as usize;
            bytes[at] = NEVER;
        }
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_text_is_left() {
        for (text, random) in [("", 0), ("plain", u64::MAX / 2), ("Zürich", 0), ("漢字", 7)] {
            assert!(
                std::str::from_utf8(&spoilt(text, random)).is_err(),
                "{text}"
            );
        }
        assert_eq!(spoilt("Zürich", 0), b"Z\xfcrich");
        assert_eq!(spoilt("plain", u64::MAX / 2), b"pl\xffin");
    }
}
