//! The only randomness: a hash of (key, row), and the choices and orders that are made of it.

pub mod hash;
pub mod permutation;
pub mod weighted_choice;
