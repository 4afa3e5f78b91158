//! `wrong_type`: a text where a number, a date or a truth value is expected.

use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, StringArray};

use super::{Corruption, Replaced};
use crate::column::hash::below;
use crate::error::Result;
use crate::faults::FaultColumn;

/// A text where another type is expected.
#[derive(Debug)]
pub(super) struct WrongType;

/// What people and spreadsheets write where they know no value: no number, date or truth value.
const WORDS: &[&str] = &["n/a", "unknown", "#VALUE!", "-", "see note", "TBD"];

/// What stands in texts that a program has filled.
const FILLED: &[&str] = &[
    "12345",
    "true",
    "2026-13-45",
    "[object Object]",
    "{}",
    "NaN",
];

impl Corruption for WrongType {
    fn name(&self) -> &'static str {
        "wrong_type"
    }

    fn about(&self) -> &'static str {
        "A word such as `n/a` where a number, a date or a truth value is expected, in CSV and JSON; in a column of texts a number or the like, in every format."
    }

    fn refusal(&self, column: &FaultColumn, texts: bool) -> Option<String> {
        if column.is_text() {
            return None;
        }
        match (column.plain().is_nested(), texts) {
            (true, _) => Some("a nested value has no one type".into()),
            (false, false) => Some("only CSV and JSON hold a text in such a column".into()),
            (false, true) => None,
        }
    }

    fn hint(&self) -> &'static str {
        "`out_of_range` gives numbers, dates and times that are wrong in every format"
    }

    fn is_raw(&self, column: &FaultColumn) -> bool {
        !column.is_text()
    }

    fn replace(&self, column: &FaultColumn, values: &ArrayRef, random: &[u64]) -> Result<Replaced> {
        let word =
            |words: &[&'static str], random: u64| words[below(random, words.len() as u64) as usize];
        if column.is_text() {
            let words = values.as_string::<i32>().iter().zip(random);
            let words = words.map(|(_, random)| word(FILLED, *random));
            return Ok(Replaced::Values(Arc::new(StringArray::from_iter_values(
                words,
            ))));
        }
        let words = random.iter().map(|random| word(WORDS, *random));
        Ok(Replaced::Raw(
            words.map(|word| word.as_bytes().to_vec()).collect(),
        ))
    }
}
