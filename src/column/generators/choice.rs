//! `choice`: one of a few values, evenly or by weight.

use arrow::array::{Array, ArrayRef, UInt32Array};
use arrow::compute::take;
use schemars::json_schema;

use super::Generator;
use crate::column::build::{Build, BuiltColumn};
use crate::column::program::Fill;
use crate::column::random::hash::Key;
use crate::column::random::weighted_choice::WeightedChoice;
use crate::column::rows::Rows;
use crate::column::values::dictionary_encoded::{
    DictionaryEncoded, KeyedValues, can_be_dictionary,
};
use crate::column::values::scalar::{array, infer_exactly};
use crate::domain::Domain;
use crate::error::{Problem, Result};
use crate::place::{Node, Place, Scalar, Value, by_node, decode};

/// One of a few values: a list chooses evenly, a map gives each its weight.
#[derive(Debug, Clone)]
pub struct Choice {
    pub(super) values: Vec<Scalar>,
    pub(super) weights: Vec<f64>,
    pub(super) place: Place,
}

/// Values that are looked up by key.
struct DictionaryChoice {
    key: Key,
    alias: WeightedChoice,
    places: KeyedValues,
}

/// Values of types that have no dictionaries.
struct PlainChoice {
    key: Key,
    alias: WeightedChoice,
    values: ArrayRef,
}

impl Generator for Choice {
    fn build(&self, build: &mut Build<'_>) -> Result<BuiltColumn, Problem> {
        let data_type = build.data_type_or(|| infer_exactly(&self.values))?;
        let values = array(&self.values, &data_type)?;
        let alias = WeightedChoice::new(&self.weights)
            .map_err(|message| Problem::new(message).at(&self.place))?;
        let key = build.key;
        if can_be_dictionary(&data_type) {
            let encoded =
                DictionaryEncoded::new(&values).map_err(|error| Problem::new(error.to_string()))?;
            let (data_type, domain) = (encoded.data_type(), encoded.domain());
            let places = encoded.into();
            return Ok(BuiltColumn::new(
                data_type,
                domain,
                DictionaryChoice { key, alias, places },
            ));
        }
        let domain = Domain {
            distinct: Some(values.len() as u64),
            nulls: values.null_count() > 0,
            ..Domain::default()
        };
        Ok(BuiltColumn::new(
            data_type,
            domain,
            PlainChoice { key, alias, values },
        ))
    }
}

impl Fill for DictionaryChoice {
    fn fill(&self, rows: Rows<'_>, _: &[ArrayRef]) -> Result<ArrayRef> {
        self.places.picked(self.alias.picks(&self.key, rows).into())
    }
}

impl Fill for PlainChoice {
    fn fill(&self, rows: Rows<'_>, _: &[ArrayRef]) -> Result<ArrayRef> {
        let picked = self.alias.picks(&self.key, rows);
        Ok(take(&self.values, &UInt32Array::from(picked), None)?)
    }
}

impl Choice {
    fn from_node(node: &Node) -> Result<Self, Problem> {
        let mut choice = Self {
            values: Vec::new(),
            weights: Vec::new(),
            place: node.place.clone(),
        };
        match &node.value {
            Value::List(items) => {
                choice.values = items.iter().map(decode).collect::<Result<_, _>>()?;
                choice.weights = vec![1.0; choice.values.len()];
            }
            Value::Map(entries) => {
                for (key, weight) in entries {
                    // Keys of a YAML map are text to the parser; whether they were quoted decides
                    // between 1 and "1".
                    let plain = !key.place.is_quoted();
                    let text = Some(key.name.clone());
                    choice.values.push(Scalar {
                        text,
                        plain,
                        filled: false,
                        place: key.place.clone(),
                    });
                    choice
                        .weights
                        .push(decode::<crate::place::Number>(weight)?.0);
                }
            }
            _ => {
                return Err(Problem::new(format!(
                    "expected a list of values or a map of weights, found {}",
                    node.describe()
                ))
                .at(&node.place));
            }
        }
        match choice.values.is_empty() {
            true => Err(Problem::new("`choice` needs at least one value").at(&node.place)),
            false => Ok(choice),
        }
    }
}

by_node!(Choice, Choice::from_node, |generator| {
    let value = generator.subschema_for::<Scalar>();
    let weight = generator.subschema_for::<crate::place::Number>();
    json_schema!({
        "description": "One of a few values: a list chooses evenly, a map gives each its weight.",
        "anyOf": [
            { "type": "array", "items": value, "minItems": 1 },
            { "type": "object", "additionalProperties": weight, "minProperties": 1 }
        ]
    })
});
