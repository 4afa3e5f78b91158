//! `truncate`: a text that ends too early.

use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, StringArray};

use super::{Corruption, Replaced};
use crate::column::hash::below;
use crate::error::Result;
use crate::faults::FaultColumn;

/// A text that ends too early.
#[derive(Debug)]
pub(super) struct Truncate;

impl Corruption for Truncate {
    fn name(&self) -> &'static str {
        "truncate"
    }

    fn about(&self) -> &'static str {
        "A text that ends too early: its first characters, or nothing."
    }

    fn refusal(&self, column: &FaultColumn, _texts: bool) -> Option<String> {
        (!column.is_text()).then(|| "only texts can be cut".to_string())
    }

    fn hint(&self) -> &'static str {
        "`out_of_range` is for numbers, dates and times"
    }

    fn replace(&self, _: &FaultColumn, values: &ArrayRef, random: &[u64]) -> Result<Replaced> {
        let texts = values.as_string::<i32>();
        let cut = |(text, random): (Option<&str>, &u64)| {
            let text = text.unwrap_or_default();
            let kept = below(*random, text.chars().count().max(1) as u64);
            text.chars().take(kept as usize).collect::<String>()
        };
        let cut = texts.iter().zip(random).map(cut);
        Ok(Replaced::Values(Arc::new(StringArray::from_iter_values(
            cut,
        ))))
    }
}
