//! `bool`: true or false.

use std::sync::Arc;

use arrow::array::{ArrayRef, BooleanArray};
use arrow::buffer::BooleanBuffer;
use arrow::datatypes::DataType;
use schemars::{JsonSchema, json_schema};
use serde::Deserialize;

use super::Generator;
use crate::column::build::{Build, BuiltColumn};
use crate::column::program::Fill;
use crate::column::random::hash::{Key, threshold};
use crate::column::rows::Rows;
use crate::domain::Domain;
use crate::error::{Problem, Result};
use crate::place::{Number, Placed, Value, by_node, decode};

/// True or false: `bool` evenly, `bool: 0.3` or `bool: { true: 0.3 }` with a probability.
#[derive(Debug, Clone)]
pub struct Bool(Option<Placed<Number>>);

#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct BoolOptions {
    /// The probability of `true`, from 0 to 1 (default 0.5).
    #[serde(rename = "true")]
    truth: Option<Placed<Number>>,
}

struct BoolFill {
    key: Key,
    /// Below it random numbers mean true; without one they always do.
    threshold: Option<u64>,
}

impl Generator for Bool {
    fn build(&self, build: &mut Build<'_>) -> Result<BuiltColumn, Problem> {
        let data_type = build.data_type(DataType::Boolean);
        if data_type != DataType::Boolean {
            return Err(build.wrong_type("bool", "booleans"));
        }
        let probability = self.0.as_ref().map_or(0.5, |given| given.value.0);
        if let Some(given) = &self.0
            && !(0.0..=1.0).contains(&probability)
        {
            let message = format!("the probability of `true` is from 0 to 1, found {probability}");
            return Err(Problem::new(message).at(&given.place));
        }
        let always = probability == 0.0 || probability == 1.0;
        let domain = Domain {
            distinct: Some(if always { 1 } else { 2 }),
            ..Domain::default()
        };
        let tosses = BoolFill {
            key: build.key,
            threshold: threshold(probability),
        };
        Ok(BuiltColumn::new(data_type, domain, tosses))
    }
}

impl Fill for BoolFill {
    fn fill(&self, rows: Rows<'_>, _: &[ArrayRef]) -> Result<ArrayRef> {
        let random = self.key.fill(rows);
        let values = match self.threshold {
            Some(threshold) => {
                BooleanBuffer::collect_bool(random.len(), |index| random[index] < threshold)
            }
            None => BooleanBuffer::new_set(random.len()),
        };
        Ok(Arc::new(BooleanArray::new(values, None)))
    }
}

by_node!(
    Bool,
    |node| {
        let truth = match &node.value {
            Value::Scalar { .. } => decode(node).map(Some),
            _ => decode::<BoolOptions>(node).map(|options| options.truth),
        };
        truth.map(Bool)
    },
    |generator| {
        let probability = generator.subschema_for::<Number>();
        let options = BoolOptions::json_schema(generator);
        json_schema!({
            "description": "True or false: `bool` evenly, `bool: 0.3` or `bool: { true: 0.3 }` with a probability.",
            "anyOf": [probability, options]
        })
    }
);
