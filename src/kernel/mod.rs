//! Tight loops shared by columns and formats.

pub mod decimal;
pub mod map;
pub mod select;
pub mod time;
pub mod time_part;
