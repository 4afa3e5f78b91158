//! Every generator: one a file, named by its word in a pipeline.
//!
//! New generator: its file, its `mod` line, and its row in the registry below.

mod after;
mod boolean;
mod bytes;
mod check_digit;
mod child_count;
mod choice;
mod company;
mod constant;
mod coordinates;
mod copy;
mod counts;
mod credit_card;
mod event_time;
pub(in crate::column) mod exponential;
mod expr;
mod facts;
pub(in crate::column) mod foreign_key;
pub(in crate::column) mod histogram;
mod iban;
mod internet;
mod items;
mod json;
pub(in crate::column) mod list;
pub(in crate::column) mod lognormal;
mod lookup;
mod map;
mod nest;
mod next;
pub(in crate::column) mod normal;
mod now;
mod nth;
pub(in crate::column) mod pareto;
mod pattern;
mod permute;
pub(in crate::column) mod person;
pub(in crate::column) mod poisson;
mod previous;
mod reference;
mod running;
mod sequence;
mod series;
mod states;
pub(in crate::column) mod structure;
mod template;
mod uniform;
mod uuid;
mod walk;
mod words;
pub(in crate::column) mod zipf;

pub(in crate::column) use expr::Expr;
pub(in crate::column) use foreign_key::NTH;
pub(in crate::column) use foreign_key::children::{Children, Run};
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

    /// Its values mean the numbers of the rows: another column's value cannot decide them.
    fn follows_rows(&self) -> bool {
        self.derives_rows()
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

/// The registry, and the whole example of each generator, from the documentation.
macro_rules! generators {
    ($(#[$meta:meta])* pub enum $name:ident: $behaviour:path {
        $($key:literal => $variant:ident($options:ty): $example:literal),* $(,)?
    }) => {
        registry! {
            $(#[$meta])*
            pub enum $name: $behaviour {
                $($key => $variant($options): $example),*
            }
        }

        /// What each one is shown in: a whole pipeline.
        pub const GENERATOR_EXAMPLES: &[(&str, &str)] = &[
            $(($key, include_str!(concat!("../../../docs/examples/", $key, ".yaml")))),*
        ];
    };
}

generators! {
    /// How a column's values are made.
    pub enum GeneratorKind: Generator {
        "after" => After(after::After): "after: { column: ordered_at, delay: { uniform: { min: 1d, max: 30d } } }",
        "bool" => Bool(boolean::Bool): "bool: { true: 0.3 }",
        "bytes" => Bytes(bytes::Bytes): "bytes: { length: { uniform: { min: 100, max: 900 } }, compress_ratio: 2 }",
        "child_count" => ChildCount(child_count::ChildCount): "child_count: orders.customer_id",
        "choice" => Choice(choice::Choice): "choice: { PAID: 9, SHIPPED: 5, CANCELLED: 1 }",
        "company" => Company(company::Company): "company: {}",
        "constant" => Constant(constant::Constant): "constant: 1",
        "coordinates" => Coordinates(coordinates::Coordinates): "coordinates: { country: [IT, FR] }",
        "copy" => Copy(copy::Copy): "copy: country.code",
        "credit_card" => CreditCard(credit_card::CreditCard): "credit_card: { brand: [visa, mastercard] }",
        "event_time" => EventTime(event_time::EventTime): "event_time: { start: 2026-01-15, rate: 2000/s, arrivals: poisson }",
        "exponential" => Exponential(exponential::Exponential): "exponential: { mean: 12.5, max: 600 }",
        "expr" => Expr(expr::Expr): "expr: \"round(quantity * price * 1.22, 2)\"",
        "foreign_key" => ForeignKey(foreign_key::ForeignKey): "foreign_key: { ref: customers.customer_id, distribution: { zipf: { exponent: 1.1 } } }",
        "histogram" => Histogram(histogram::Histogram): "histogram: { edges: [18, 25, 40, 65], weights: [2, 5, 3] }",
        "iban" => Iban(iban::Iban): "iban: { country: [DE, IT] }",
        "internet" => Internet(internet::Internet): "internet: { show: ipv4, networks: private }",
        "json" => Json(json::Json): "json: { code: { copy: country.code }, tags: { list: { length: 2, of: { choice: [a, b] } } } }",
        "list" => List(list::List): "list: { length: { uniform: { min: 1, max: 5 } }, of: { choice: [red, green, blue] } }",
        "lognormal" => Lognormal(lognormal::Lognormal): "lognormal: { median: 40, p99: 900, min: 1, max: 5000 }",
        "lookup" => Lookup(lookup::Lookup): "lookup: { from: countries, match: { code: country.code }, field: name }",
        "map" => Map(map::Map): "map: { length: 2, keys: { choice: [team, region, tier] }, values: { uniform: { min: 1, max: 9 } } }",
        "nest" => Nest(nest::Nest): "nest: lines",
        "next" => Next(next::Next): "next: { column: ordered_at, within: customer_id }",
        "normal" => Normal(normal::Normal): "normal: { mean: 170, stddev: 9, min: 100, max: 250 }",
        "now" => Now(now::Now): "now: {}",
        "nth" => Nth(nth::Nth): "nth: order_id",
        "pareto" => Pareto(pareto::Pareto): "pareto: { scale: 1, shape: 1.16, max: 100_000 }",
        "pattern" => Pattern(pattern::Pattern): r"pattern: '[A-Z]{2}\d{4}'",
        "permute" => Permute(permute::Permute): "permute: { start: 1000, count: 1M }",
        "person" => Person(person::Person): "person: { locale: [en, it, de] }",
        "poisson" => Poisson(poisson::Poisson): "poisson: { mean: 3.5 }",
        "previous" => Previous(previous::Previous): "previous: { column: ordered_at, within: customer_id }",
        "reference" => Reference(reference::ReferencePick): "reference: { from: countries, field: code }",
        "running" => Running(running::Running): "running: { sum: price, within: customer_id }",
        "sequence" => Sequence(sequence::Sequence): "sequence: { start: 1000, step: 1 }",
        "series" => Series(series::Series): "series: { time: ordered_at, base: 20, season: { period: 24h, amplitude: 5, peak: 14h }, noise: { normal: { mean: 0, stddev: 0.3 } } }",
        "states" => States(states::States): "states: { start: open, transitions: { open: { open: 2, paid: 7, cancelled: 1 }, paid: shipped }, end: [shipped, cancelled], within: customer_id }",
        "struct" => Structure(structure::Structure): "struct: { code: { copy: country.code }, floor: { uniform: { min: 1, max: 9 } } }",
        "template" => Template(template::Template): "template: \"ORD-{row:08}\"",
        "uniform" => Uniform(uniform::Uniform): "uniform: { min: 1, max: 100 }",
        "uuid" => Uuid(uuid::Uuid): "uuid: { version: 7 }",
        "walk" => Walk(walk::Walk): "walk: { start: 20, step: { normal: { mean: 0, stddev: 0.5 } }, min: 5, max: 40, within: customer_id }",
        "words" => Words(words::Words): "words: { length: { uniform: { min: 10, max: 43 } } }",
        "zipf" => Zipf(zipf::Zipf): "zipf: { exponent: 1.1, max: 1_000_000 }",
    }
}
