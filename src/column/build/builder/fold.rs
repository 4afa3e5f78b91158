//! Which nodes become tables of few values: made here, looked up by `coding`.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, UInt32Array};
use arrow::datatypes::{DataType, Field};

use super::Builder;
use super::lookup_table::{LookupTable, Precomputed, Root, TableEntries, VALUES, combinations};
use crate::column::program::{Fill, Origin};
use crate::column::rows::Rows;
use crate::column::values::arrays::plain;
use crate::column::values::dictionary_encoded::{
    DictionaryEncoded, NULL, can_be_dictionary, column,
};
use crate::domain::Domain;

/// How many values are computed before the first row, of all columns together: beyond that, rows are
/// computed one by one.
// 16 M values of 4 bytes are 64 MiB for a whole pipeline; without a common budget each of thousands
// of columns could take its own.
const MOST_FOLDED: usize = 1 << 24;
/// Texts count for their bytes, too.
const BYTES_OF_A_VALUE: usize = 4;

/// A function that has become a table.
pub(super) struct Folded {
    /// The nodes that the table is looked up by.
    pub inputs: Vec<usize>,
    pub fill: Arc<dyn Fill>,
    pub data_type: DataType,
    pub domain: Domain,
    pub precomputed: Precomputed,
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
        // This is what makes the casino quick: its 10 M rows took 1.35 CPU seconds on one thread
        // when every expression was computed row by row, and take 0.43 with tables and the vector
        // loops around them.
        let precomputed = self.combine(scope, fill, inputs)?;
        let given = inputs;
        let roots = precomputed.roots.clone();
        let inputs = roots.iter().map(|root| root.node).collect();
        let data_type = precomputed.values.data_type().clone();
        if pick || !can_be_dictionary(&data_type) {
            let domain = Domain {
                nulls: precomputed.values.null_count() > 0,
                ..Domain::default()
            };
            let shown = TableEntries::Plain(precomputed.values.clone());
            let fill = Arc::new(LookupTable { roots, shown });
            return Some(Folded {
                inputs,
                fill,
                data_type,
                domain,
                precomputed,
            });
        }
        let mut encoded = DictionaryEncoded::new(&precomputed.values).ok()?;
        // A writer recognises a dictionary by its address. A copy under another address was
        // unpacked, cast and encoded again in every batch before this was done.
        encoded.values = self.shared(scope, given, encoded.values);
        let (data_type, domain) = (encoded.data_type(), encoded.domain());
        let values = column(encoded.keys.clone(), &encoded.values).ok()?;
        // Where the keys stay as they are, a batch costs nothing but new pointers.
        let shown = match self.keeps_keys(scope, &roots, &encoded.keys) {
            true => TableEntries::Values(encoded.values),
            false => TableEntries::Keys(encoded.into()),
        };
        let fill = Arc::new(LookupTable {
            roots: roots.clone(),
            shown,
        });
        let precomputed = Precomputed { roots, values };
        Some(Folded {
            inputs,
            fill,
            data_type,
            domain,
            precomputed,
        })
    }

    /// The values as one of the inputs has them already, so that a copy shares them.
    fn shared(&self, scope: usize, inputs: &[usize], values: ArrayRef) -> ArrayRef {
        let precomputed = inputs
            .iter()
            .filter_map(|input| self.scopes[scope].precomputed.get(input));
        let mut dictionaries =
            precomputed.filter_map(|precomputed| precomputed.values.as_any_dictionary_opt());
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
        let encoded = matches!(
            self.node(scope, root.node).field.data_type(),
            DataType::Dictionary(..)
        );
        encoded && keys.iter().enumerate().all(same)
    }

    /// The value of `fill` for every combination of its inputs' values.
    fn combine(&self, scope: usize, fill: &dyn Fill, inputs: &[usize]) -> Option<Precomputed> {
        let precomputed: Option<Vec<&Precomputed>> = inputs
            .iter()
            .map(|input| self.scopes[scope].precomputed.get(input))
            .collect();
        let precomputed = precomputed?;
        let mut roots: Vec<Root> = Vec::new();
        for root in precomputed
            .iter()
            .flat_map(|precomputed| &precomputed.roots)
        {
            if !roots.contains(root) {
                roots.push(*root);
            }
        }
        // Before anything is computed: three columns of a thousand values have a milliard
        // combinations.
        let count = combinations(&roots)?;
        self.spend(count)?;
        let columns: Option<Vec<ArrayRef>> = precomputed
            .iter()
            .map(|precomputed| precomputed.spread(&roots, count))
            .collect();
        // A combination that fails may be one that no row has: then rows are computed one by one.
        let values = fill.fill(Rows::Range { first: 0, count }, &columns?).ok()?;
        let values = plain(&values).ok().filter(|values| values.len() == count)?;
        // Texts are counted once they are there; how long they are is not known before.
        self.spend(values.get_array_memory_size() / BYTES_OF_A_VALUE)?;
        Some(Precomputed { roots, values })
    }

    /// Some more values are computed; nothing when that are too many.
    fn spend(&self, values: usize) -> Option<()> {
        let sum = self.folded.get().checked_add(values)?;
        (sum <= MOST_FOLDED).then(|| self.folded.set(sum))
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
        // A truth value has no dictionary and is one of two anyway: conditions take part in tables,
        // too.
        let boolean = parts.field.data_type() == &DataType::Boolean;
        let picks = picks.or(boolean.then_some(2));
        let Some(count) = values.as_ref().map(|values| values.len()).or(picks) else {
            return;
        };
        let size = count + usize::from(nulls);
        if size == 0 || size > VALUES || self.spend(size).is_none() {
            return;
        }
        let keys = (0..count as i32).chain(nulls.then_some(NULL));
        let values: Option<ArrayRef> = match values {
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
        if let Some(values) = values {
            let roots = vec![Root { node, nulls, size }];
            self.scopes[scope]
                .precomputed
                .insert(node, Precomputed { roots, values });
        }
    }

    /// A node whose values come without a dictionary, text apart: most generators read such.
    pub(super) fn without_dictionary(&mut self, scope: usize, node: usize) -> usize {
        let encoded = self.node(scope, node);
        let data_type = match encoded.field.data_type() {
            DataType::Dictionary(_, values) if values.as_ref() != &DataType::Utf8 => {
                values.as_ref().clone()
            }
            _ => return node,
        };
        let within = format!("{}.", self.scopes[scope].name);
        let path = encoded.name.strip_prefix(&within).unwrap_or(&encoded.name);
        let name = format!("{path} (plain)");
        if let Some(known) = self.scopes[scope].names.get(&name) {
            return *known;
        }
        let field = Field::new(&name, data_type, true);
        let domain = Domain {
            dictionary: None,
            ..encoded.domain.clone()
        };
        let fill = Arc::new(|_: Rows<'_>, inputs: &[ArrayRef]| plain(&inputs[0]));
        let made = self.push(scope, &name, field, domain, Origin::Fill(fill));
        let parts = &mut self.scopes[scope];
        parts.nodes[made].inputs = vec![node];
        parts.nodes[made].pointwise = true;
        if let Some(precomputed) = parts.precomputed.get(&node).cloned()
            && let Ok(values) = plain(&precomputed.values)
        {
            parts.precomputed.insert(
                made,
                Precomputed {
                    values,
                    ..precomputed
                },
            );
        }
        made
    }
}
