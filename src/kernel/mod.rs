//! Tight loops that columns and formats share, each a plain loop that the compiler vectorises.

pub mod bit_pack;
pub mod block;
pub mod bounds;
pub mod decimal;
pub mod delta;
pub mod dictionary;
pub mod digits;
pub mod dispatch;
pub mod draw;
pub mod extremes;
pub mod look_up;
pub mod map;
pub mod math;
pub mod normal;
pub mod prefix;
pub mod select;
pub mod snappy_rows;
pub mod strftime;
pub mod text;
pub mod time;
pub mod time_part;
pub mod wide;
