//! `nth`: a row's place among the children of its parent.

use arrow::array::{ArrayRef, AsArray};
use arrow::datatypes::{DataType, UInt64Type};
use schemars::{JsonSchema, json_schema};
use serde::Deserialize;

use super::foreign_key::NTH;
use super::{Generator, GeneratorKind};
use crate::column::build::{Build, BuiltColumn};
use crate::column::rows::Rows;
use crate::column::values::arrays::from_i64;
use crate::column::values::scalar::limits;
use crate::column::values::types::show_type;
use crate::domain::{Domain, Range};
use crate::error::{Problem, Result};
use crate::place::{Placed, Text, Value, by_node, decode};

/// The row's place among the children of its parent, from 1: `nth: order_id`, or with another
/// first place `nth: { of: order_id, start: 0 }`. It needs a foreign key with `per_parent`.
#[derive(Debug, Clone)]
pub struct Nth {
    of: Placed<Text>,
    start: i64,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct NthOptions {
    /// The foreign key.
    of: Placed<Text>,
    /// The first child's place (default 1).
    start: Option<i64>,
}

impl Generator for Nth {
    fn build(&self, build: &mut Build<'_>) -> Result<BuiltColumn, Problem> {
        let data_type = build.data_type(DataType::Int64);
        if !data_type.is_integer() {
            return Err(build.wrong_type("nth", "whole numbers"));
        }
        self.check_kind(build)?;
        let path = format!("{}.{NTH}", self.of.as_str());
        let input = build.input(&path, &self.of.place)?;
        let last = match input.domain.range {
            Some(Range::Integer { max, .. }) => max,
            _ => 0,
        };
        let start = i128::from(self.start);
        let (least, most) = limits(&data_type);
        // Below they are added up in 64 bits with a sign, also for `uint64`.
        if start < least || start + last > most.min(i64::MAX.into()) {
            let message = format!(
                "places go from {start} to {}, which does not fit in {}",
                start + last,
                show_type(&data_type)
            );
            return Err(Problem::new(message).at(&self.of.place));
        }
        let domain = Domain::integers(start, start + last);
        let (to, start, at) = (data_type.clone(), self.start, input.index);
        let fill = move |_: Rows<'_>, inputs: &[ArrayRef]| {
            let places = inputs[at].as_primitive::<UInt64Type>().values();
            let values = places.iter().map(|place| start + *place as i64);
            Ok(from_i64(&to, values.collect()))
        };
        Ok(BuiltColumn::new(data_type, domain, fill))
    }

    fn follows_rows(&self) -> bool {
        true
    }
}

impl Nth {
    /// Says so when the column of that name is no foreign key at all.
    fn check_kind(&self, build: &Build<'_>) -> Result<(), Problem> {
        let columns = build.around().columns;
        let Some((name, column)) = columns.iter().find(|(name, _)| *name.value == **self.of) else {
            return Ok(());
        };
        match &column.generator {
            GeneratorKind::ForeignKey(_) => Ok(()),
            other => Err(Problem::new(format!(
                "`nth` needs a foreign key with `per_parent`, but column `{}` is a `{}`",
                name.value,
                other.kind()
            ))
            .at(&self.of.place)),
        }
    }
}

by_node!(
    Nth,
    |node| {
        let options = match &node.value {
            Value::Scalar { .. } => decode(node).map(|of| NthOptions { of, start: None })?,
            _ => decode::<NthOptions>(node)?,
        };
        Ok(Nth {
            of: options.of,
            start: options.start.unwrap_or(1),
        })
    },
    |generator| {
        let name = generator.subschema_for::<Text>();
        let options = generator.subschema_for::<NthOptions>();
        json_schema!({
            "description": "The row's place among the children of its parent, from 1; it needs a foreign key with `per_parent`.",
            "anyOf": [name, options]
        })
    }
);
