//! `mojibake`: a text that was read in a wrong encoding on its way.

use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, StringArray};

use super::{Corruption, Replaced};
use crate::column::hash::below;
use crate::error::Result;
use crate::faults::FaultColumn;

/// A text that was read in a wrong encoding on its way.
#[derive(Debug)]
pub(super) struct Mojibake;

impl Corruption for Mojibake {
    fn name(&self) -> &'static str {
        "mojibake"
    }

    fn about(&self) -> &'static str {
        "A text that was read in a wrong encoding on its way: `Ã¼` for `ü`; a text without such letters has one `\u{fffd}`."
    }

    fn refusal(&self, column: &FaultColumn, _texts: bool) -> Option<String> {
        (!column.is_text()).then(|| "only texts have an encoding".to_string())
    }

    fn hint(&self) -> &'static str {
        "`out_of_range` is for numbers, dates and times"
    }

    fn replace(&self, _: &FaultColumn, values: &ArrayRef, random: &[u64]) -> Result<Replaced> {
        let read = |(text, random): (Option<&str>, &u64)| {
            let text = text.unwrap_or_default();
            if !text.is_ascii() {
                // UTF-8 that is taken for Latin-1: a letter for each byte.
                return text.bytes().map(char::from).collect::<String>();
            }
            let lost = below(*random, text.len().max(1) as u64) as usize;
            let letter = |(at, letter)| if at == lost { '\u{fffd}' } else { letter };
            text.chars().enumerate().map(letter).collect()
        };
        let texts = values.as_string::<i32>().iter().zip(random).map(read);
        Ok(Replaced::Values(Arc::new(StringArray::from_iter_values(
            texts,
        ))))
    }
}
