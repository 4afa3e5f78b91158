//! Leaf values as text, alike in CSV and JSON: numbers, dates, times, identifiers.

pub mod leaf;
pub mod number;
pub mod patched;
pub mod raw;
pub mod temporal;
pub mod time;

pub use leaf::{LeafStyle, TextLeaf};
