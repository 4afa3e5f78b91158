//! `choice` as a distribution of numbers: how many, or how much, by weight.

use std::sync::Arc;

use schemars::json_schema;

use super::numeric_type::{DistributionOptions, NumericType};
use super::sampler::{Sampler, WeightedSampler};
use crate::error::Problem;
use crate::place::{Node, Number, Place, Scalar, Value, by_node, decode};

/// One of a few numbers: a list chooses evenly, a map gives each its weight.
#[derive(Debug, Clone)]
pub struct NumberChoice {
    values: Vec<Scalar>,
    weights: Vec<f64>,
    place: Place,
}

impl DistributionOptions for NumberChoice {
    fn sampler(&self, numeric_type: &NumericType) -> Result<Arc<dyn Sampler>, Problem> {
        let values = self.values.iter().map(|value| numeric_type.value(value));
        let table = WeightedSampler::new(values.collect::<Result<_, _>>()?, &self.weights);
        match table {
            Ok(table) => Ok(Arc::new(table)),
            Err(message) => Err(Problem::new(message).at(&self.place)),
        }
    }
}

impl NumberChoice {
    fn from_node(node: &Node) -> Result<Self, Problem> {
        let (values, weights) = match &node.value {
            Value::List(items) => {
                let values: Vec<Scalar> = items.iter().map(decode).collect::<Result<_, _>>()?;
                let weights = vec![1.0; values.len()];
                (values, weights)
            }
            Value::Map(entries) => {
                let values = entries.iter().map(|(key, _)| Scalar {
                    // A key is a number as it is spelt: YAML's own reading of it would lose digits.
                    text: Some(key.name.clone()),
                    plain: true,
                    filled: false,
                    place: key.place.clone(),
                });
                let weights = entries.iter().map(|(_, weight)| decode::<Number>(weight));
                let weights = weights.map(|weight| weight.map(|weight| weight.0));
                (values.collect(), weights.collect::<Result<_, _>>()?)
            }
            _ => {
                let found = node.describe();
                let expected = "expected a list of numbers or a map of weights";
                return Err(Problem::new(format!("{expected}, found {found}")).at(&node.place));
            }
        };
        if values.is_empty() {
            return Err(Problem::new("`choice` needs at least one number").at(&node.place));
        }
        let place = node.place.clone();
        Ok(Self {
            values,
            weights,
            place,
        })
    }
}

by_node!(NumberChoice, NumberChoice::from_node, |generator| {
    let number = generator.subschema_for::<Number>();
    json_schema!({
        "description": "One of a few numbers: a list chooses evenly, a map gives each its weight.",
        "anyOf": [
            { "type": "array", "items": number, "minItems": 1 },
            { "type": "object", "additionalProperties": number, "minProperties": 1 }
        ]
    })
});
