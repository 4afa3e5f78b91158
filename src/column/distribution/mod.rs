//! Laws of probability, and how options of a file become one.
//!
//! `law` turns random bits into numbers, `interval` truncates and clamps, `scale` maps numbers to
//! the column's type, `kinds` lists the distributions that options such as `per_parent` take.

pub mod interval;
mod kinds;
mod number_choice;
pub mod numeric_type;
pub mod sampler;

pub use kinds::{CountSampler, Distribution, DistributionKind};
