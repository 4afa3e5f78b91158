//! rowgen

pub mod column;
pub mod kernel;
