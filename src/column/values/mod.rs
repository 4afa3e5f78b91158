//! Values of a column's type: their names in a file, how they are read, and the arrays that hold them.

pub mod arrays;
pub mod cut;
pub mod dictionary_encoded;
pub mod row_of;
pub mod scalar;
pub mod step;
pub mod ticks;
pub mod types;
