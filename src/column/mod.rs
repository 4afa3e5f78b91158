//! How one column is made.

pub mod expression;
