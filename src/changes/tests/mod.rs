//! Against a naive replay.

mod replay;
