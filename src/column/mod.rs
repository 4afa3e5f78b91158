//! How one column is made: one generator a file, `hash.rs` the only randomness.
//!
//! A generator is built once, from its options and what is around it, into a `Fill`: a function
//! from rows to an Arrow array. New generator: its file, its `mod` line, its row in the registry.

mod after;
mod alias;
pub mod arrays;
mod boolean;
mod build;
mod builder;
mod bytes;
pub mod changes;
mod child_count;
mod children;
mod choice;
mod coded;
mod constant;
mod copy;
mod cut;
pub mod distribution;
mod event_time;
mod exponential;
mod expr;
mod foreign_key;
pub mod hash;
mod histogram;
mod interval;
mod json;
mod law;
mod list;
mod lognormal;
mod lookup;
mod normal;
mod now;
mod nth;
mod number_choice;
mod options;
mod parent_column;
mod pareto;
mod pattern;
mod permutation;
mod permute;
mod person;
mod poisson;
mod program;
mod reference;
mod reference_data;
pub mod rows;
pub mod scalar;
mod scale;
mod sequence;
mod step;
mod structure;
mod tables;
mod template;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
mod ticks;
mod types;
mod uniform;
mod uuid;
mod words;
mod zipf;

pub use build::{Build, Fields, Input, Made, Nested, Parent, Pick};
pub use builder::{Builder, Outside, TableOptions};
pub use changes::{ChangedTable, Said};
pub use cut::cut;
pub use distribution::{Amounts, Counts, Distribution, DistributionKind};
pub use list::LIST_ITEM;
pub use options::{Column, ColumnList, Columns, Common, columns, is_kind};
pub use program::{Fill, Node, Origin, Program, ProgramCell, Selection};
pub use reference_data::Reference;
pub use types::{ColumnType, UUID_EXTENSION, parse_type, parse_uuid, show_type};

use crate::error::{Problem, Result};
use crate::registry;

/// The options of a generator: built once, they become a column.
pub trait Generator: std::fmt::Debug + Send + Sync {
    /// Checks the options against what is around them and makes the column of them.
    ///
    /// # Errors
    /// The first thing that is wrong.
    fn build(&self, build: &mut Build<'_>) -> Result<Made, Problem>;

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
