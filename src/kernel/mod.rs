//! Tight loops that columns and formats share, each a plain loop that the compiler vectorises.

pub mod dispatch;
pub mod math;
pub mod normal;
