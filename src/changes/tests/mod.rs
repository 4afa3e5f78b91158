//! Against a naive replay.

mod replay;
mod vectors;
