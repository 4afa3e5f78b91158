//! Tight loops that columns and formats share, each a plain loop that the compiler vectorises.

pub mod block;
pub mod blocks;
pub mod bounds;
pub mod decimal;
pub mod dictionary;
pub mod digits;
pub mod dispatch;
pub mod draw;
pub mod interleave;
pub mod look_up;
pub mod map;
pub mod math;
pub mod normal;
pub mod number_text;
pub mod scan;
pub mod select;
pub mod strftime;
pub mod text;
pub mod time;
pub mod time_part;
pub mod time_text;
pub mod varint;
pub mod wide;
