//! Servers that sinks and sources talk to: how they are named in a pipeline file, and their clients.

pub mod registry;
