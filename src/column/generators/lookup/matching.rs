//! Which rows of a reference equal other columns: each column's value becomes a small number, the
//! numbers together a place in a table.

use std::collections::HashMap;

use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, StringArray};
use arrow::compute::{cast, nullif};
use arrow::datatypes::{DataType, Int32Type};
use arrow::error::ArrowError;

use super::NONE;
use super::pairs::Pairs;
use crate::column::build::{Build, Input};
use crate::column::reference_data::Reference;
use crate::column::values::arrays::{plain, plain_type};
use crate::column::values::cut::cut;
use crate::column::values::ticks::{has_ticks, ticks};
use crate::column::values::types::show_type;
use crate::error::{Problem, Result};

/// The most places that a table without hashing has: it stays in the cache.
const DENSE: u128 = 1 << 16;

/// Numbers the groups of reference rows that are equal in every matched field.
pub struct GroupMatcher {
    columns: Vec<MatchedColumn>,
    groups: Groups,
    count: usize,
}

/// The group at each place: `NONE` where no row is.
enum Groups {
    Dense(Vec<u32>),
    Sparse(HashMap<u128, u32>),
}

/// One matched column.
struct MatchedColumn {
    input: Input,
    codes: ValueNumbers,
    /// How many codes there are: that many is the code of a value that no row has.
    count: u32,
    /// The codes of the dictionary that the input always has.
    known: Option<(ArrayRef, Vec<u32>)>,
}

enum ValueNumbers {
    Text(HashMap<String, u32>),
    Near { least: i64, codes: Vec<u32> },
    Far(HashMap<i64, u32>),
}

impl GroupMatcher {
    /// The groups of `reference` by the fields of `pairs`; `groups` gets each row's.
    ///
    /// # Errors
    /// A field or a column that does not exist or cannot be compared.
    pub fn new(
        pairs: &Pairs,
        reference: &Reference,
        build: &mut Build<'_>,
        groups: &mut Vec<u32>,
    ) -> Result<Self, Problem> {
        let rows = reference.rows.num_rows();
        let mut columns = Vec::new();
        let mut places: Vec<Option<u128>> = vec![Some(0); rows];
        let mut size: u128 = 1;
        for (theirs, ours) in &pairs.0 {
            let values = reference.field(&theirs.value, &theirs.place)?;
            let input = build.input(ours, &ours.place)?;
            let (column, codes) = MatchedColumn::new(values, input).map_err(|types| {
                let (left, right) = (&theirs.value, ours.as_str());
                Problem::new(format!(
                    "field `{left}` cannot be matched with `{right}`: {types}"
                ))
                .at(&theirs.place)
                .hint("match whole numbers, decimals, dates, times, booleans or text")
            })?;
            for (place, code) in places.iter_mut().zip(codes) {
                *place = place
                    // One more number than there are values stands for all that the reference does
                    // not have.
                    .filter(|_| code < column.count)
                    .map(|place| place + u128::from(code) * size);
            }
            // At most 2^32 rows: four fields fit in 128 bits, and more than that are refused.
            size = size
                .checked_mul(u128::from(column.count) + 1)
                .ok_or_else(|| {
                    Problem::new("so many different values cannot be matched together")
                        .at(&ours.place)
                })?;
            columns.push(column);
        }
        let mut numbers: HashMap<u128, u32> = HashMap::new();
        groups.extend(places.iter().map(|place| match place {
            Some(place) => {
                let next = numbers.len() as u32;
                *numbers.entry(*place).or_insert(next)
            }
            None => NONE,
        }));
        let count = numbers.len();
        // Numbers of a few fields together are mostly below 65 536: an array, not a hash map, finds
        // the group.
        let groups = match size {
            ..=DENSE => {
                let group = |place| numbers.get(&place).copied().unwrap_or(NONE);
                Groups::Dense((0..size).map(group).collect())
            }
            _ => Groups::Sparse(numbers),
        };
        Ok(Self {
            columns,
            groups,
            count,
        })
    }

    /// How many groups there are.
    pub fn groups(&self) -> usize {
        self.count
    }

    /// The group that each row's values belong to, or `NONE`.
    ///
    /// # Errors
    /// An input of another type than planned.
    pub fn groups_of(&self, rows: usize, inputs: &[ArrayRef]) -> Result<Vec<u32>> {
        match &self.groups {
            Groups::Dense(table) => {
                let mut places = vec![0u32; rows];
                let mut size = 1;
                for column in &self.columns {
                    column.add(inputs, |row, code| places[row] += code * size)?;
                    size *= column.count + 1;
                }
                Ok(places
                    .into_iter()
                    .map(|place| table[place as usize])
                    .collect())
            }
            Groups::Sparse(table) => {
                let mut places = vec![0u128; rows];
                let mut size = 1;
                for column in &self.columns {
                    column.add(inputs, |row, code| places[row] += u128::from(code) * size)?;
                    size *= u128::from(column.count) + 1;
                }
                let group = |place| table.get(&place).copied().unwrap_or(NONE);
                Ok(places.into_iter().map(group).collect())
            }
        }
    }

    /// True when every value that the columns can have is known, and has a group that will `do`.
    pub fn total(&self, will_do: impl Fn(u32) -> bool) -> bool {
        let mut places: Vec<u128> = vec![0];
        let mut size = 1;
        for column in &self.columns {
            let Some(codes) = column.possible() else {
                return false;
            };
            let all = places.len() * codes.len();
            if all as u128 > DENSE {
                return false;
            }
            places = places
                .iter()
                .flat_map(|place| {
                    codes
                        .iter()
                        .map(move |code| place + u128::from(*code) * size)
                })
                .collect();
            size *= u128::from(column.count) + 1;
        }
        places.into_iter().all(|place| {
            let group = match &self.groups {
                Groups::Dense(table) => table[place as usize],
                Groups::Sparse(table) => table.get(&place).copied().unwrap_or(NONE),
            };
            group != NONE && will_do(group)
        })
    }
}

impl MatchedColumn {
    /// The codes of a field's values as the input spells them, and each row's code.
    fn new(values: &ArrayRef, input: Input) -> Result<(Self, Vec<u32>), String> {
        let ours = plain_type(&input.data_type).clone();
        let types = || format!("{} and {}", show_type(values.data_type()), show_type(&ours));
        // The reference's few values are cast to the column's type, not the other way round for
        // every row.
        let values = as_ours(values, &ours).map_err(|_| types())?;
        let (codes, of_rows) = match &ours {
            DataType::Utf8 => number(
                values
                    .as_string::<i32>()
                    .iter()
                    .map(|text| text.map(str::to_string)),
                ValueNumbers::Text,
            ),
            integral if has_ticks(integral) => {
                let values = ticks(&values).map_err(|_| types())?;
                number(values.iter(), ValueNumbers::integers)
            }
            _ => return Err(types()),
        };
        let count = of_rows
            .iter()
            .filter(|code| **code != NONE)
            .max()
            .map_or(0, |most| most + 1);
        let mut column = Self {
            input,
            codes,
            count,
            known: None,
        };
        // Each text is hashed once before the first row; batches that share the dictionary only
        // translate keys.
        if let Some(dictionary) = &column.input.domain.dictionary
            && let Some(texts) = dictionary.as_string_opt::<i32>()
        {
            column.known = Some((dictionary.clone(), column.texts(texts)));
        }
        Ok((column, of_rows))
    }

    /// Hands over every row's code.
    fn add(&self, inputs: &[ArrayRef], mut add: impl FnMut(usize, u32)) -> Result<()> {
        let input = &inputs[self.input.index];
        if let Some(dictionary) = input.as_dictionary_opt::<Int32Type>()
            && let Some(texts) = dictionary.values().as_string_opt::<i32>()
        {
            let codes = match &self.known {
                Some((known, codes)) if known.to_data().ptr_eq(&texts.to_data()) => codes,
                _ => &self.texts(texts),
            };
            match dictionary.nulls() {
                None => {
                    for (row, key) in dictionary.keys().values().iter().enumerate() {
                        add(row, codes[*key as usize]);
                    }
                }
                Some(_) => {
                    for (row, key) in dictionary.keys().iter().enumerate() {
                        add(row, key.map_or(self.count, |key| codes[key as usize]));
                    }
                }
            }
            return Ok(());
        }
        match &self.codes {
            ValueNumbers::Text(_) => {
                let input = plain(input)?;
                let codes = self.texts(input.as_string::<i32>());
                codes
                    .into_iter()
                    .enumerate()
                    .for_each(|(row, code)| add(row, code));
            }
            _ => {
                for (row, value) in ticks(input)?.iter().enumerate() {
                    add(row, value.map_or(self.count, |value| self.integer(value)));
                }
            }
        }
        Ok(())
    }

    fn texts(&self, texts: &StringArray) -> Vec<u32> {
        let ValueNumbers::Text(codes) = &self.codes else {
            return vec![self.count; texts.len()];
        };
        let code = |text: Option<&str>| codes.get(text?).copied();
        texts
            .iter()
            .map(|text| code(text).unwrap_or(self.count))
            .collect()
    }

    #[inline(always)]
    fn integer(&self, value: i64) -> u32 {
        match &self.codes {
            ValueNumbers::Near { least, codes } => {
                // Below `least` wraps to a number beyond every table.
                let place = value.wrapping_sub(*least) as u64;
                let place = usize::try_from(place).unwrap_or(usize::MAX);
                codes
                    .get(place)
                    .copied()
                    .filter(|code| *code != NONE)
                    .unwrap_or(self.count)
            }
            ValueNumbers::Far(codes) => codes.get(&value).copied().unwrap_or(self.count),
            ValueNumbers::Text(_) => self.count,
        }
    }

    /// The codes of every value that the input can have, when that is known.
    fn possible(&self) -> Option<Vec<u32>> {
        if self.input.domain.nulls {
            return None;
        }
        if let Some((_, codes)) = &self.known {
            return Some(codes.clone());
        }
        let (min, max) = self.input.domain.bounds()?;
        let few = i128::from(max) - i128::from(min) < DENSE as i128;
        few.then(|| (min..=max).map(|value| self.integer(value)).collect())
    }
}

/// A field's values in our type; what it would cut off a value makes that null, which equals none of ours.
fn as_ours(values: &ArrayRef, ours: &DataType) -> Result<ArrayRef, ArrowError> {
    let made = cast(values, ours)?;
    let rows = cut(values, &made)?;
    if rows.is_empty() {
        return Ok(made);
    }
    let mut is_cut = vec![false; made.len()];
    rows.into_iter().for_each(|row| is_cut[row] = true);
    nullif(&made, &BooleanArray::from(is_cut))
}

impl ValueNumbers {
    fn integers(codes: HashMap<i64, u32>) -> Self {
        let least = codes.keys().min().copied().unwrap_or(0);
        let most = codes.keys().max().copied().unwrap_or(0);
        if most.abs_diff(least) >= DENSE as u64 {
            return ValueNumbers::Far(codes);
        }
        let code = |value| codes.get(&value).copied().unwrap_or(NONE);
        ValueNumbers::Near {
            least,
            codes: (least..=most).map(code).collect(),
        }
    }
}

/// Numbers values by their first appearance; nulls have no number.
fn number<T: std::hash::Hash + Eq>(
    values: impl Iterator<Item = Option<T>>,
    codes: impl Fn(HashMap<T, u32>) -> ValueNumbers,
) -> (ValueNumbers, Vec<u32>) {
    let mut seen = HashMap::new();
    let mut of_rows = Vec::new();
    for value in values {
        let next = seen.len() as u32;
        of_rows.push(value.map_or(NONE, |value| *seen.entry(value).or_insert(next)));
    }
    (codes(seen), of_rows)
}
