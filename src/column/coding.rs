//! Columns that are functions of columns of few values become tables: each combination of values is
//! computed once, before the first row, and rows only look up which combination they have.

use std::borrow::Cow;
use std::ops::Range;
use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, DictionaryArray, Int32Array, UInt32Array,
};
use arrow::buffer::ScalarBuffer;
use arrow::compute::take;
use arrow::datatypes::{DataType, Field, Int32Type, UInt32Type};

use super::arrays::plain;
use super::builder::Builder;
use super::coded::{Coded, NULL, Places, can_be_coded, column};
use super::program::{Fill, Origin};
use super::rows::Rows;
use crate::domain::Domain;
use crate::error::{Error, Result};
use crate::kernel::look_up::{add_keys, add_numbers};

/// The most combinations of several columns' values that are computed before the first row: their
/// tables stay in the cache.
const COMBINATIONS: usize = 1 << 16;

/// The most values of a single column for which that is done.
const VALUES: usize = 1 << 20;

/// How a node follows from nodes that were drawn.
#[derive(Clone)]
pub(super) struct Coding {
    roots: Vec<Root>,
    /// The node's value for every combination of theirs; that of the first root changes fastest.
    over: ArrayRef,
}

/// A node that was drawn from few values.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Root {
    node: usize,
    /// The last of its places stands for a null.
    nulls: bool,
    size: usize,
}

/// A function that has become a table.
pub(super) struct Folded {
    /// The nodes that the table is looked up by.
    pub inputs: Vec<usize>,
    pub fill: Arc<dyn Fill>,
    pub data_type: DataType,
    pub domain: Domain,
    pub coding: Coding,
}

/// Looks up each row's combination.
struct Table {
    roots: Vec<Root>,
    shown: Shown,
}

/// What the rows have of one root.
enum Part<'a> {
    Keys(&'a [i32]),
    Numbers(Cow<'a, [u32]>),
}

/// What stands in a table.
enum Shown {
    /// Keys into shared values.
    Keys(Places),
    /// The only root's own keys, which stand for other values.
    Values(ArrayRef),
    /// Picked rows, and values of types that have no dictionaries.
    Plain(ArrayRef),
}

impl Builder {
    /// `fill` of the `inputs` as a table, where each input has few values that are known. What is
    /// picked stays as it is.
    pub(super) fn fold(
        &self,
        scope: usize,
        fill: &dyn Fill,
        inputs: &[usize],
        pick: bool,
    ) -> Option<Folded> {
        let coding = self.combine(scope, fill, inputs)?;
        let given = inputs;
        let roots = coding.roots.clone();
        let inputs = roots.iter().map(|root| root.node).collect();
        let data_type = coding.over.data_type().clone();
        if pick || !can_be_coded(&data_type) {
            let domain = Domain {
                nulls: coding.over.null_count() > 0,
                ..Domain::default()
            };
            let shown = Shown::Plain(coding.over.clone());
            let fill = Arc::new(Table { roots, shown });
            return Some(Folded {
                inputs,
                fill,
                data_type,
                domain,
                coding,
            });
        }
        let mut coded = Coded::new(&coding.over).ok()?;
        coded.values = self.shared(scope, given, coded.values);
        let (data_type, domain) = (coded.data_type(), coded.domain());
        let over = column(coded.keys.clone(), &coded.values).ok()?;
        let shown = match self.keeps_keys(scope, &roots, &coded.keys) {
            true => Shown::Values(coded.values),
            false => Shown::Keys(coded.into()),
        };
        let fill = Arc::new(Table {
            roots: roots.clone(),
            shown,
        });
        let coding = Coding { roots, over };
        Some(Folded {
            inputs,
            fill,
            data_type,
            domain,
            coding,
        })
    }

    /// The values as one of the inputs has them already, so that a copy shares them.
    fn shared(&self, scope: usize, inputs: &[usize], values: ArrayRef) -> ArrayRef {
        let codings = inputs
            .iter()
            .filter_map(|input| self.scopes[scope].codings.get(input));
        let mut dictionaries = codings.filter_map(|coding| coding.over.as_any_dictionary_opt());
        let same = dictionaries.find(|known| known.values().as_ref() == values.as_ref());
        same.map_or(values, |known| known.values().clone())
    }

    /// True when the only root's keys are the keys of the result, too.
    fn keeps_keys(&self, scope: usize, roots: &[Root], keys: &[i32]) -> bool {
        let [root] = roots else { return false };
        let same = |(place, key): (usize, &i32)| match root.nulls && place + 1 == root.size {
            true => *key == NULL,
            false => *key == place as i32,
        };
        let coded = matches!(
            self.node(scope, root.node).field.data_type(),
            DataType::Dictionary(..)
        );
        coded && keys.iter().enumerate().all(same)
    }

    /// The value of `fill` for every combination of its inputs' values.
    fn combine(&self, scope: usize, fill: &dyn Fill, inputs: &[usize]) -> Option<Coding> {
        let codings: Option<Vec<&Coding>> = inputs
            .iter()
            .map(|input| self.scopes[scope].codings.get(input))
            .collect();
        let codings = codings?;
        let mut roots: Vec<Root> = Vec::new();
        for root in codings.iter().flat_map(|coding| &coding.roots) {
            if !roots.contains(root) {
                roots.push(*root);
            }
        }
        let count = combinations(&roots)?;
        let columns: Option<Vec<ArrayRef>> = codings
            .iter()
            .map(|coding| coding.spread(&roots, count))
            .collect();
        // A combination that fails may be one that no row has: then rows are computed one by one.
        let over = fill.fill(Rows::Range { first: 0, count }, &columns?).ok()?;
        let over = plain(&over).ok().filter(|over| over.len() == count)?;
        Some(Coding { roots, over })
    }

    /// A drawn node: others may be folded into tables by its few values. `picks` is how many rows
    /// a pick is one of.
    pub(super) fn register_root(&mut self, scope: usize, node: usize, picks: Option<usize>) {
        let parts = self.node(scope, node);
        let nulls = parts.domain.nulls || parts.nulls.is_some();
        let values = match (parts.field.data_type(), &parts.domain.dictionary) {
            (DataType::Dictionary(..), Some(values)) => Some(values.clone()),
            _ => None,
        };
        let boolean = parts.field.data_type() == &DataType::Boolean;
        let picks = picks.or(boolean.then_some(2));
        let Some(count) = values.as_ref().map(|values| values.len()).or(picks) else {
            return;
        };
        let size = count + usize::from(nulls);
        if size == 0 || size > VALUES {
            return;
        }
        let keys = (0..count as i32).chain(nulls.then_some(NULL));
        let over: Option<ArrayRef> = match values {
            Some(values) => column(keys.collect(), &values).ok(),
            None if boolean => {
                let truth = keys.map(|key| (key != NULL).then_some(key == 1));
                Some(Arc::new(truth.collect::<BooleanArray>()))
            }
            None => Some(Arc::new(
                keys.map(|key| u32::try_from(key).ok())
                    .collect::<UInt32Array>(),
            )),
        };
        if let Some(over) = over {
            let roots = vec![Root { node, nulls, size }];
            self.scopes[scope]
                .codings
                .insert(node, Coding { roots, over });
        }
    }

    /// A node whose values come without a dictionary, text apart: most generators read such.
    pub(super) fn plain_node(&mut self, scope: usize, node: usize) -> usize {
        let coded = self.node(scope, node);
        let data_type = match coded.field.data_type() {
            DataType::Dictionary(_, values) if values.as_ref() != &DataType::Utf8 => {
                values.as_ref().clone()
            }
            _ => return node,
        };
        let within = format!("{}.", self.scopes[scope].name);
        let path = coded.name.strip_prefix(&within).unwrap_or(&coded.name);
        let name = format!("{path} (plain)");
        if let Some(known) = self.scopes[scope].names.get(&name) {
            return *known;
        }
        let field = Field::new(&name, data_type, true);
        let domain = Domain {
            dictionary: None,
            ..coded.domain.clone()
        };
        let fill = Arc::new(|_: Rows<'_>, inputs: &[ArrayRef]| plain(&inputs[0]));
        let made = self.push(scope, &name, field, domain, Origin::Fill(fill));
        let parts = &mut self.scopes[scope];
        parts.nodes[made].inputs = vec![node];
        if let Some(coding) = parts.codings.get(&node).cloned()
            && let Ok(over) = plain(&coding.over)
        {
            parts.codings.insert(made, Coding { over, ..coding });
        }
        made
    }
}

/// How many combinations there are, if they are few.
fn combinations(roots: &[Root]) -> Option<usize> {
    let most = if roots.len() > 1 {
        COMBINATIONS
    } else {
        VALUES
    };
    let count = roots
        .iter()
        .try_fold(1usize, |all, root| all.checked_mul(root.size));
    count.filter(|count| *count <= most)
}

impl Coding {
    /// The values for every one of the `count` combinations of `roots`, which hold all of ours.
    fn spread(&self, roots: &[Root], count: usize) -> Option<ArrayRef> {
        if self.roots == roots {
            return Some(self.over.clone());
        }
        let mut places = vec![0u32; count];
        let mut scale = 1;
        for ours in &self.roots {
            let before = roots.iter().take_while(|root| *root != ours);
            let stride: usize = before.map(|root| root.size).product();
            for (combination, place) in places.iter_mut().enumerate() {
                *place += (combination / stride % ours.size * scale) as u32;
            }
            scale *= ours.size;
        }
        take(&self.over, &UInt32Array::from(places), None).ok()
    }
}

impl Table {
    /// What each row has of each root.
    fn parts<'a>(&self, inputs: &'a [ArrayRef]) -> Result<Vec<Part<'a>>> {
        let roots = self.roots.iter().zip(inputs);
        roots.map(|(root, input)| root.part(input)).collect()
    }

    /// Adds up the combinations of some rows.
    fn add(&self, parts: &[Part<'_>], rows: Range<usize>, places: &mut [u32]) {
        let mut scale = 1;
        for (root, part) in self.roots.iter().zip(parts) {
            match part {
                Part::Keys(keys) => add_keys(places, &keys[rows.clone()], scale),
                Part::Numbers(numbers) => add_numbers(places, &numbers[rows.clone()], scale),
            }
            scale *= root.size as u32;
        }
    }

    /// Each row's combination.
    fn places(&self, rows: usize, inputs: &[ArrayRef]) -> Result<Vec<u32>> {
        let mut places = vec![0; rows];
        self.add(&self.parts(inputs)?, 0..rows, &mut places);
        Ok(places)
    }
}

impl Root {
    fn part<'a>(&self, input: &'a ArrayRef) -> Result<Part<'a>> {
        if let Some(nulls) = input.nulls().filter(|nulls| nulls.null_count() > 0) {
            let last = self.size as u32 - 1;
            let place = |row: usize| match nulls.is_valid(row) {
                true => number(input, row),
                false => Some(last),
            };
            let numbers: Option<Vec<u32>> = (0..input.len()).map(place).collect();
            return Ok(Part::Numbers(numbers.ok_or_else(unplanned)?.into()));
        }
        if let Some(dictionary) = input.as_dictionary_opt::<Int32Type>() {
            return Ok(Part::Keys(dictionary.keys().values()));
        }
        if let Some(truth) = input.as_boolean_opt() {
            return Ok(Part::Numbers(
                truth.values().iter().map(u32::from).collect(),
            ));
        }
        let picks = input.as_primitive_opt::<UInt32Type>();
        let picks = picks.ok_or_else(unplanned)?;
        Ok(Part::Numbers(picks.values().as_ref().into()))
    }
}

/// The places themselves, where the only root is a pick without nulls.
fn picks(inputs: &[ArrayRef]) -> Option<&ScalarBuffer<u32>> {
    let [input] = inputs else { return None };
    let picks = input.as_primitive_opt::<UInt32Type>()?;
    (picks.null_count() == 0).then(|| picks.values())
}

fn number(input: &ArrayRef, row: usize) -> Option<u32> {
    if let Some(dictionary) = input.as_dictionary_opt::<Int32Type>() {
        return Some(dictionary.keys().value(row) as u32);
    }
    match input.as_boolean_opt() {
        Some(truth) => Some(u32::from(truth.value(row))),
        None => Some(input.as_primitive_opt::<UInt32Type>()?.value(row)),
    }
}

fn unplanned() -> Error {
    Error::run("a column of few values came without its keys")
}

impl Fill for Table {
    fn fill(&self, rows: Rows<'_>, inputs: &[ArrayRef]) -> Result<ArrayRef> {
        match &self.shown {
            Shown::Values(values) => {
                let keys: &Int32Array = inputs[0].as_dictionary::<Int32Type>().keys();
                Ok(Arc::new(DictionaryArray::try_new(
                    keys.clone(),
                    values.clone(),
                )?))
            }
            Shown::Keys(places) => match picks(inputs) {
                Some(picks) => places.picked(picks.clone()),
                None => {
                    let parts = self.parts(inputs)?;
                    places.combined(rows.len(), |rows, out| self.add(&parts, rows, out))
                }
            },
            Shown::Plain(values) => {
                let places = UInt32Array::from(self.places(rows.len(), inputs)?);
                Ok(take(values, &places, None)?)
            }
        }
    }
}
