//! Every generator: one a file, named by its word in a pipeline.
//!
//! New generator: its file, its `mod` line, and its row in the registry below.

mod after;
mod boolean;
mod bytes;
mod child_count;
mod choice;
mod constant;
mod copy;
mod event_time;
pub(in crate::column) mod exponential;
mod expr;
pub(in crate::column) mod foreign_key;
pub(in crate::column) mod histogram;
mod json;
pub(in crate::column) mod list;
pub(in crate::column) mod lognormal;
mod lookup;
pub(in crate::column) mod normal;
mod now;
mod nth;
pub(in crate::column) mod pareto;
mod pattern;
mod permute;
pub(in crate::column) mod person;
pub(in crate::column) mod poisson;
mod reference;
mod sequence;
pub(in crate::column) mod structure;
mod template;
mod uniform;
mod uuid;
mod words;
pub(in crate::column) mod zipf;

pub(in crate::column) use foreign_key::children::Children;
pub use list::LIST_ITEM;

use super::build::{Build, BuiltColumn};
use crate::error::{Problem, Result};
use crate::registry;

/// The options of a generator: built once, they become a column.
pub trait Generator: std::fmt::Debug + Send + Sync {
    /// Checks the options against what is around them and makes the column of them.
    ///
    /// # Errors
    /// The first thing that is wrong.
    fn build(&self, build: &mut Build<'_>) -> Result<BuiltColumn, Problem>;

    /// True when this column decides the table's row count.
    fn derives_rows(&self) -> bool {
        false
    }

    /// Rows a second at which a table without end runs because of this column, if no rate is asked for.
    fn live_rate(&self) -> Option<f64> {
        None
    }

    /// The table that its values refer to, and that table's column if they are the values of one.
    fn refers_to(&self) -> Option<(String, Option<String>)> {
        None
    }

    /// Why this column cannot be shown, if it cannot: what to do instead.
    fn must_hide(&self) -> Option<&'static str> {
        None
    }
}

registry! {
    /// How a column's values are made.
    pub enum GeneratorKind: Generator {
        "after" => After(after::After),
        "bool" => Bool(boolean::Bool),
        "bytes" => Bytes(bytes::Bytes),
        "child_count" => ChildCount(child_count::ChildCount),
        "choice" => Choice(choice::Choice),
        "constant" => Constant(constant::Constant),
        "copy" => Copy(copy::Copy),
        "event_time" => EventTime(event_time::EventTime),
        "exponential" => Exponential(exponential::Exponential),
        "expr" => Expr(expr::Expr),
        "foreign_key" => ForeignKey(foreign_key::ForeignKey),
        "histogram" => Histogram(histogram::Histogram),
        "json" => Json(json::Json),
        "list" => List(list::List),
        "lognormal" => Lognormal(lognormal::Lognormal),
        "lookup" => Lookup(lookup::Lookup),
        "normal" => Normal(normal::Normal),
        "now" => Now(now::Now),
        "nth" => Nth(nth::Nth),
        "pareto" => Pareto(pareto::Pareto),
        "pattern" => Pattern(pattern::Pattern),
        "permute" => Permute(permute::Permute),
        "person" => Person(person::Person),
        "poisson" => Poisson(poisson::Poisson),
        "reference" => Reference(reference::ReferencePick),
        "sequence" => Sequence(sequence::Sequence),
        "struct" => Structure(structure::Structure),
        "template" => Template(template::Template),
        "uniform" => Uniform(uniform::Uniform),
        "uuid" => Uuid(uuid::Uuid),
        "words" => Words(words::Words),
        "zipf" => Zipf(zipf::Zipf),
    }
}
