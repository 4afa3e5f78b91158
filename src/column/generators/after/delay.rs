//! A distribution whose numbers are durations: `{ uniform: { min: 1d, max: 30d } }`.

use schemars::json_schema;

use crate::column::distribution::Distribution;
use crate::error::Problem;
use crate::place::{Duration, MapKey, Node, Value, by_node, decode};

/// How long: a duration, or a distribution of durations.
#[derive(Debug, Clone)]
pub struct Delay(pub Node);

/// Options that are numbers without a unit.
const PLAIN: &[&str] = &["bounds", "exponent", "shape", "sigma", "weights"];

/// Options that have no sense for durations, and what to write instead.
const REPLACED: &[(&str, &str)] = &[("mu", "median"), ("rate", "mean")];

/// Options that must be whole ticks.
const WHOLE: &[&str] = &["edges", "max", "min"];

impl Delay {
    /// The distribution in ticks of so many nanoseconds.
    ///
    /// # Errors
    /// A number without a unit, or one that is not a whole number of ticks.
    pub fn distribution(&self, tick: i128) -> Result<Distribution, Problem> {
        let node = match &self.0.value {
            Value::Map(kinds) => {
                let kinds = kinds.iter().map(|(kind, options)| {
                    Ok((kind.clone(), options_in_ticks(&kind.name, options, tick)?))
                });
                with(&self.0, Value::Map(kinds.collect::<Result<_, Problem>>()?))
            }
            _ => in_ticks(&self.0, tick, true)?,
        };
        decode(&node)
    }
}

fn options_in_ticks(kind: &str, options: &Node, tick: i128) -> Result<Node, Problem> {
    let Value::Map(entries) = &options.value else {
        return in_ticks(options, tick, true);
    };
    let entries = entries.iter().map(|(key, value)| {
        if kind == "choice" {
            return Ok((key_in_ticks(key, tick)?, value.clone()));
        }
        let name = key.name.as_str();
        if let Some((_, instead)) = REPLACED.iter().find(|(replaced, _)| *replaced == name) {
            let message = format!("`{name}` is not a duration");
            return Err(Problem::new(message)
                .at(&key.place)
                .hint(format!("write `{instead}`")));
        }
        let value = match PLAIN.contains(&name) {
            true => value.clone(),
            false => in_ticks(value, tick, WHOLE.contains(&name))?,
        };
        Ok((key.clone(), value))
    });
    let entries = entries.collect::<Result<_, Problem>>()?;
    Ok(with(options, Value::Map(entries)))
}

/// A duration, or each of a list, as a number of ticks.
fn in_ticks(node: &Node, tick: i128, whole: bool) -> Result<Node, Problem> {
    if let Value::List(items) = &node.value {
        let items = items.iter().map(|item| in_ticks(item, tick, whole));
        return Ok(with(node, Value::List(items.collect::<Result<_, _>>()?)));
    }
    let nanos = decode::<Duration>(node)?.0.as_nanos() as i128;
    // In whole ticks where it can be: floats of nanoseconds lose digits after three months.
    if nanos % tick == 0 {
        return Ok(with(node, number((nanos / tick).to_string())));
    }
    if whole {
        let message = format!(
            "{} is not a whole number of {}",
            node.describe(),
            unit(tick)
        );
        return Err(Problem::new(message).at(&node.place));
    }
    Ok(with(node, number((nanos as f64 / tick as f64).to_string())))
}

fn key_in_ticks(key: &MapKey, tick: i128) -> Result<MapKey, Problem> {
    let node = Node {
        place: key.place.clone(),
        value: number(key.name.clone()),
    };
    let name = match in_ticks(&node, tick, true)?.value {
        Value::Scalar { text, .. } => text,
        _ => key.name.clone(),
    };
    Ok(MapKey {
        name,
        place: key.place.clone(),
    })
}

fn number(text: String) -> Value {
    Value::Scalar {
        text,
        plain: true,
        filled: false,
    }
}

fn with(node: &Node, value: Value) -> Node {
    Node {
        place: node.place.clone(),
        value,
    }
}

/// What so many nanoseconds are called.
pub fn unit(tick: i128) -> &'static str {
    match tick {
        1 => "nanoseconds",
        1_000 => "microseconds",
        1_000_000 => "milliseconds",
        1_000_000_000 => "seconds",
        _ => "days",
    }
}

by_node!(inline, Delay, |node| Ok(Delay(node.clone())), |generator| {
    let duration = generator.subschema_for::<Duration>();
    let distribution = generator.subschema_for::<Distribution>();
    json_schema!({
        "description": "A duration such as `90s`, or a distribution of durations: `{ uniform: { min: 1d, max: 30d } }`.",
        "anyOf": [duration, distribution]
    })
});
