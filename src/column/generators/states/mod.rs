//! `states`: a state machine whose next state is drawn from what can follow the one before.

mod chain;

use std::collections::HashMap;

use schemars::{JsonSchema, json_schema};
use serde::Deserialize;

use self::chain::{Chain, Draw};
use super::Generator;
use super::choice::Choice;
use crate::column::before::carried::Carried;
use crate::column::before::{Group, Reach};
use crate::column::build::{Build, BuiltColumn};
use crate::column::random::weighted_choice::WeightedChoice;
use crate::column::values::scalar::{array, infer_exactly};
use crate::error::{Problem, did_you_mean};
use crate::place::{NamedItems, OneOrMany, Place, Placed, Scalar, Text, Value, by_node, decode};

/// A state machine: the first row of a group is in the state `start`, each row after it in one that can
/// follow the state before, drawn by weight. Behind a state of `end` there is nothing any more: null.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct States {
    /// The first state, or a map of first states and their weights.
    start: Weighed,
    /// What can follow each state: one state, or a map of states and their weights.
    transitions: NamedItems<Weighed>,
    /// States behind which nothing follows: one, or a list.
    end: Option<OneOrMany<Scalar>>,
    /// The foreign key, with `per_parent`, whose rows belong together (default: the whole table).
    within: Option<Placed<Text>>,
}

/// States and their weights.
#[derive(Debug, Clone)]
struct Weighed(Choice);

/// The states by their names, in the order of the file.
struct Known {
    states: Vec<Scalar>,
    places: HashMap<String, u8>,
}

/// One byte holds the number of a state, and whether it is behind the end.
const MOST: usize = 255;

impl Generator for States {
    fn build(&self, build: &mut Build<'_>) -> Result<BuiltColumn, Problem> {
        let known = self.known(build)?;
        self.check_ends(&known)?;
        let data_type = build.data_type_or(|| infer_exactly(&known.states))?;
        let values = array(&known.states, &data_type)?;
        let start = known.draw(&self.start.0)?;
        let mut next = Vec::new();
        for state in &known.states {
            let follows = self.transitions.get(text(state));
            next.push(follows.map(|choice| known.draw(&choice.0)).transpose()?);
        }
        let group = Group::of(self.within.as_ref(), "states", Reach::All, build)?;
        let (chain, data_type, domain) = Chain::new(build.key, start, next, &values)
            .map_err(|error| Problem::new(error.to_string()))?;
        Ok(Carried::new(chain, group, 0, build).column(data_type, domain))
    }

    fn follows_rows(&self) -> bool {
        true
    }
}

fn text(scalar: &Scalar) -> &str {
    scalar.text.as_deref().unwrap_or_default()
}

impl States {
    /// All states that are named somewhere.
    fn known(&self, build: &Build<'_>) -> Result<Known, Problem> {
        let mut known = Known {
            states: Vec::new(),
            places: HashMap::new(),
        };
        self.start
            .0
            .values
            .iter()
            .try_for_each(|state| known.add(state, &build.place))?;
        for (name, follows) in &self.transitions.0 {
            let state = Scalar {
                text: Some(name.value.clone()),
                plain: !name.place.is_quoted(),
                filled: false,
                place: name.place.clone(),
            };
            known.add(&state, &build.place)?;
            follows
                .0
                .values
                .iter()
                .try_for_each(|state| known.add(state, &build.place))?;
        }
        self.ends()
            .try_for_each(|state| known.add(state, &build.place))?;
        Ok(known)
    }

    fn ends(&self) -> impl Iterator<Item = &Scalar> {
        self.end.iter().flat_map(|ends| &ends.0)
    }

    /// Each state has transitions or is an end, so that a name that is misspelt is none.
    fn check_ends(&self, known: &Known) -> Result<(), Problem> {
        for state in &known.states {
            let name = text(state);
            let follows = self.transitions.0.iter().find(|(key, _)| key.value == name);
            let end = self.ends().find(|end| text(end) == name);
            match (follows, end) {
                (Some(_), Some(end)) => {
                    let message = format!("`{name}` is an end, and yet has transitions");
                    return Err(Problem::new(message).at(&end.place));
                }
                (None, None) => {
                    let others = self.transitions.names().chain(self.ends().map(text));
                    let near = did_you_mean(name, others);
                    let message = format!("nothing can follow `{name}`: it has no transitions");
                    return Err(Problem::new(message)
                        .at(&state.place)
                        .hint(near.unwrap_or_else(|| {
                            format!("say what follows it, or that it is an end: `end: {name}`")
                        })));
                }
                _ => {}
            }
        }
        Ok(())
    }
}

impl Known {
    fn add(&mut self, state: &Scalar, column: &Place) -> Result<(), Problem> {
        let Some(name) = &state.text else {
            let problem = Problem::new("a state has a name: null is none").at(&state.place);
            return Err(problem.hint("behind an `end` the column is null"));
        };
        if self.places.contains_key(name) {
            return Ok(());
        }
        if self.states.len() == MOST {
            return Err(Problem::new(format!("more than {MOST} states")).at(column));
        }
        self.places.insert(name.clone(), self.states.len() as u8);
        self.states.push(state.clone());
        Ok(())
    }

    fn draw(&self, choice: &Choice) -> Result<Draw, Problem> {
        let table = WeightedChoice::new(&choice.weights);
        let table = table.map_err(|message| Problem::new(message).at(&choice.place))?;
        let places = choice.values.iter();
        let states = places.filter_map(|state| self.places.get(text(state)).copied());
        Ok(Draw {
            table,
            states: states.collect(),
        })
    }
}

by_node!(
    inline,
    Weighed,
    |node| {
        Ok(Weighed(match &node.value {
            Value::Scalar { .. } => Choice {
                values: vec![decode(node)?],
                weights: vec![1.0],
                place: node.place.clone(),
            },
            _ => decode(node)?,
        }))
    },
    |generator| {
        let one = generator.subschema_for::<Scalar>();
        let some = generator.subschema_for::<Choice>();
        json_schema!({
            "description": "A state, or states: a list of equal ones, or a map of weights.",
            "anyOf": [one, some]
        })
    }
);

#[cfg(test)]
mod tests;
