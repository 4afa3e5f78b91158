//! `corrupt`: values that are wrong, one file a kind.

mod bad_encoding;
mod mojibake;
mod out_of_range;
mod swap;
mod truncate;
mod wrong_type;

use arrow::array::ArrayRef;
use schemars::{JsonSchema, json_schema};
use serde::Deserialize;

use super::columns::FaultColumn;
use crate::error::{Problem, Result, did_you_mean};
use crate::place::{Number, OneOrMany, Placed, Text, by_node, decode};

/// Every kind of wrong value, in alphabetical order.
pub(super) const KINDS: &[&dyn Corruption] = &[
    &bad_encoding::BadEncoding,
    &mojibake::Mojibake,
    &out_of_range::OutOfRange,
    &swap::Swap,
    &truncate::Truncate,
    &wrong_type::WrongType,
];

/// Values that are wrong.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Corrupt {
    /// The columns.
    pub columns: OneOrMany<Placed<Text>>,
    /// The share of the values of each, from 0 to 1.
    pub rate: Placed<Number>,
    /// What is wrong with them, each as often as the others: each column has those that its type can have.
    pub kinds: OneOrMany<Placed<Kind>>,
}

/// One kind of wrong value.
#[derive(Debug, Clone, Copy)]
pub struct Kind(pub(super) &'static dyn Corruption);

/// A kind of wrong value.
pub trait Corruption: std::fmt::Debug + Send + Sync {
    /// Its name in a pipeline and in a ledger.
    fn name(&self) -> &'static str;

    /// What it is, for the reference.
    fn about(&self) -> &'static str;

    /// Why a column cannot have it; `texts` are formats whose values are texts that may say anything.
    fn refusal(&self, column: &FaultColumn, texts: bool) -> Option<String>;

    /// What then helps.
    fn hint(&self) -> &'static str;

    /// True where it is written as bytes that no value of the column's type has.
    fn is_raw(&self, _column: &FaultColumn) -> bool {
        false
    }

    /// True where two columns have each other's value.
    fn swaps(&self) -> bool {
        false
    }

    /// What stands for these values, none of which is null, each made with its random bits.
    ///
    /// # Errors
    /// Values that are not of the column's type.
    fn replace(&self, column: &FaultColumn, values: &ArrayRef, random: &[u64]) -> Result<Replaced>;
}

/// What stands for values.
pub enum Replaced {
    /// Others of the same type; where one is equal, nothing was done to it.
    Values(ArrayRef),
    /// These bytes.
    Raw(Vec<Vec<u8>>),
}

by_node!(
    Kind = "CorruptKind",
    |node| {
        let name: String = decode(node)?;
        let known = KINDS.iter().find(|kind| kind.name() == name);
        let names = || KINDS.iter().map(|kind| kind.name());
        known.map(|kind| Kind(*kind)).ok_or_else(|| {
            let all: Vec<&str> = names().collect();
            let hint = did_you_mean(&name, names())
                .unwrap_or_else(|| format!("the kinds are {}", all.join(", ")));
            Problem::new(format!("values are not corrupt by `{name}`"))
                .at(&node.place)
                .hint(hint)
        })
    },
    |_| {
        let kind = |kind: &&dyn Corruption| json_schema!({ "const": kind.name(), "description": kind.about() });
        let kinds: Vec<_> = KINDS.iter().map(kind).collect();
        json_schema!({ "description": "What is wrong with a value.", "oneOf": kinds })
    }
);
