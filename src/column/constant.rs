//! `constant`: the same value in every row.

use arrow::array::{Array, ArrayRef, UInt32Array};
use arrow::compute::take;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::Deserialize;
use serde::de::Deserializer;

use super::Generator;
use super::build::{Build, Made};
use super::coded::{Coded, can_be_coded};
use super::rows::Rows;
use super::scalar::{array, infer_exactly};
use crate::domain::Domain;
use crate::error::{Problem, Result};
use crate::place::Scalar;
use crate::registry::Example;

/// The same value in every row.
#[derive(Debug, Clone)]
pub struct Constant(Scalar);

impl Example for Constant {
    const EXAMPLE: &'static str = "constant: 1";
}

impl<'de> Deserialize<'de> for Constant {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Scalar::deserialize(deserializer).map(Constant)
    }
}

impl JsonSchema for Constant {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Constant".into()
    }
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let mut schema = Scalar::json_schema(generator);
        schema.insert("description".into(), "The same value in every row.".into());
        schema
    }
}

impl Generator for Constant {
    fn build(&self, build: &mut Build<'_>) -> Result<Made, Problem> {
        let scalars = std::slice::from_ref(&self.0);
        let data_type = build.data_type(infer_exactly(scalars));
        let value = array(scalars, &data_type)?;
        let nulls = value.null_count() > 0;
        if can_be_coded(&data_type) && !nulls {
            let coded = Coded::new(&value).map_err(|error| Problem::new(error.to_string()))?;
            let (data_type, domain) = (coded.data_type(), coded.domain());
            let fill = move |rows: Rows<'_>, _: &[ArrayRef]| coded.column(vec![0; rows.len()]);
            return Ok(Made::new(data_type, domain, fill));
        }
        let domain = Domain {
            distinct: Some(1),
            nulls,
            ..Domain::default()
        };
        let fill = move |rows: Rows<'_>, _: &[ArrayRef]| -> Result<ArrayRef> {
            Ok(take(&value, &UInt32Array::from(vec![0; rows.len()]), None)?)
        };
        Ok(Made::new(data_type, domain, fill))
    }
}
