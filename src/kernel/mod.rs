//! Tight loops that columns and formats share, each a plain loop that the compiler vectorises.

pub mod digits;
pub mod dispatch;
pub mod strftime;
pub mod text;
