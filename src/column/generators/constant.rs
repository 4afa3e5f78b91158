//! `constant`: the same value in every row.

use std::sync::OnceLock;

use arrow::array::{Array, ArrayRef, UInt32Array};
use arrow::compute::take;

use super::Generator;
use crate::column::build::{Build, BuiltColumn};
use crate::column::program::Fill;
use crate::column::rows::Rows;
use crate::column::values::dictionary_encoded::{DictionaryEncoded, can_be_dictionary};
use crate::column::values::scalar::{array, infer_exactly};
use crate::domain::Domain;
use crate::error::{Problem, Result};
use crate::place::{Scalar, by_node, decode};

/// The same value in every row.
#[derive(Debug, Clone)]
pub struct Constant(Scalar);

/// One column for all batches, as long as the first one was.
struct Same<F> {
    make: F,
    made: OnceLock<ArrayRef>,
}

by_node!(Constant, |node| decode(node).map(Constant), |generator| {
    let mut schema = <Scalar as schemars::JsonSchema>::json_schema(generator);
    schema.insert("description".into(), "The same value in every row.".into());
    schema
});

impl Generator for Constant {
    fn build(&self, build: &mut Build<'_>) -> Result<BuiltColumn, Problem> {
        let scalars = std::slice::from_ref(&self.0);
        let data_type = build.data_type_or(|| infer_exactly(scalars))?;
        let value = array(scalars, &data_type)?;
        let nulls = value.null_count() > 0;
        if can_be_dictionary(&data_type) && !nulls {
            let encoded =
                DictionaryEncoded::new(&value).map_err(|error| Problem::new(error.to_string()))?;
            let (data_type, domain) = (encoded.data_type(), encoded.domain());
            let same = Same::new(move |rows| encoded.column(vec![0; rows]));
            return Ok(BuiltColumn::new(data_type, domain, same));
        }
        let domain = Domain {
            distinct: Some(1),
            nulls,
            ..Domain::default()
        };
        let repeated = move |rows| Ok(take(&value, &UInt32Array::from(vec![0u32; rows]), None)?);
        Ok(BuiltColumn::new(data_type, domain, Same::new(repeated)))
    }
}

impl<F> Same<F> {
    fn new(make: F) -> Self {
        let made = OnceLock::new();
        Self { make, made }
    }
}

impl<F: Fn(usize) -> Result<ArrayRef> + Send + Sync> Fill for Same<F> {
    fn fill(&self, rows: Rows<'_>, _: &[ArrayRef]) -> Result<ArrayRef> {
        let known = self.made.get().filter(|made| made.len() >= rows.len());
        if let Some(made) = known {
            return Ok(made.slice(0, rows.len()));
        }
        let made = (self.make)(rows.len())?;
        // Of two that make it at once, the first one's is kept.
        let _ = self.made.set(made.clone());
        Ok(made)
    }
}
