//! The least and the greatest of values, and texts: the least, the greatest, or all one behind the other.

use super::reduce::{Counted, Parts, each_counted};
use crate::expression::error::RowFailure;
use crate::expression::types::{Representation, WIDE};
use arrow::array::{ArrayRef, AsArray, Decimal128Array, Float64Array, Int64Array, StringArray};
use arrow::buffer::NullBuffer;
use arrow::datatypes::{Decimal128Type, Float64Type, Int64Type};
use std::sync::Arc;

/// The least or the greatest number of each group.
pub(super) struct Extremes {
    least: bool,
    seen: Vec<bool>,
    values: Numbers,
}

enum Numbers {
    Narrow(Vec<i64>),
    Wide(Vec<i128>),
    Float(Vec<f64>),
}

/// A text for each group.
pub(super) struct Texts {
    kind: TextKind,
    texts: Vec<Option<String>>,
}

#[derive(Clone, Copy)]
enum TextKind {
    Joined,
    Least,
    Greatest,
}

impl Extremes {
    pub fn new(groups: usize, least: bool, representation: Representation) -> Self {
        Self {
            least,
            seen: vec![false; groups],
            values: match representation {
                Representation::Wide => Numbers::Wide(vec![0; groups]),
                Representation::Float => Numbers::Float(vec![0.0; groups]),
                _ => Numbers::Narrow(vec![0; groups]),
            },
        }
    }

    pub fn add(&mut self, array: &ArrayRef, counted: Counted<'_>, parts: Parts<'_>) {
        let (least, seen) = (self.least, &mut self.seen);
        match &mut self.values {
            Numbers::Narrow(best) => {
                let values = array.as_primitive::<Int64Type>().values();
                let before = |new: &i64, old: &i64| if least { new < old } else { new > old };
                keep(best, seen, values, before, counted, parts);
            }
            Numbers::Wide(best) => {
                let values = array.as_primitive::<Decimal128Type>().values();
                let before = |new: &i128, old: &i128| if least { new < old } else { new > old };
                keep(best, seen, values, before, counted, parts);
            }
            Numbers::Float(best) => {
                let values = array.as_primitive::<Float64Type>().values();
                // As in PostgreSQL, what is no number is greater than any, and 0 is -0.
                let greater = |a: f64, b: f64| a > b || (a.is_nan() && !b.is_nan());
                let before = |new: &f64, old: &f64| match least {
                    true => greater(*old, *new),
                    false => greater(*new, *old),
                };
                keep(best, seen, values, before, counted, parts);
            }
        }
    }

    pub fn finish(self) -> ArrayRef {
        let nulls = Some(NullBuffer::from(self.seen));
        match self.values {
            Numbers::Narrow(values) => Arc::new(Int64Array::new(values.into(), nulls)),
            Numbers::Wide(values) => {
                Arc::new(Decimal128Array::new(values.into(), nulls).with_data_type(WIDE))
            }
            Numbers::Float(values) => Arc::new(Float64Array::new(values.into(), nulls)),
        }
    }
}

/// Keeps of each group the value that comes before all others.
#[inline(always)]
fn keep<T: Copy>(
    best: &mut [T],
    seen: &mut [bool],
    values: &[T],
    before: impl Fn(&T, &T) -> bool,
    counted: Counted<'_>,
    parts: Parts<'_>,
) {
    each_counted(counted, parts, |group, row| {
        if !seen[group] || before(&values[row], &best[group]) {
            best[group] = values[row];
        }
        seen[group] = true;
    });
}

impl Texts {
    pub fn joined(groups: usize) -> Self {
        Self {
            kind: TextKind::Joined,
            texts: vec![None; groups],
        }
    }

    pub fn extremes(groups: usize, least: bool) -> Self {
        let kind = if least {
            TextKind::Least
        } else {
            TextKind::Greatest
        };
        Self {
            kind,
            ..Self::joined(groups)
        }
    }

    pub fn add(
        &mut self,
        values: &StringArray,
        separator: &str,
        counted: Counted<'_>,
        parts: Parts<'_>,
    ) {
        let kind = self.kind;
        each_counted(counted, parts, |group, row| {
            let value = values.value(row);
            match &mut self.texts[group] {
                none @ None => *none = Some(value.to_owned()),
                Some(text) => match kind {
                    TextKind::Joined => {
                        text.push_str(separator);
                        text.push_str(value);
                    }
                    // Into the memory of the text before, not a new one for each that is better.
                    TextKind::Least if value < text.as_str() => value.clone_into(text),
                    // By their bytes, as PostgreSQL's collation `C` orders texts.
                    TextKind::Greatest if value > text.as_str() => value.clone_into(text),
                    TextKind::Least | TextKind::Greatest => {}
                },
            }
        });
    }

    pub fn finish(self) -> Result<ArrayRef, RowFailure> {
        let mut bytes = 0usize;
        for (group, text) in self.texts.iter().enumerate() {
            bytes += text.as_ref().map_or(0, String::len);
            if i32::try_from(bytes).is_err() {
                let message = "the texts of one batch are longer than 2 GiB";
                return Err(RowFailure::at(group, message));
            }
        }
        Ok(Arc::new(StringArray::from(self.texts)))
    }
}
