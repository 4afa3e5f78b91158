//! Whole-program tests: the binary as a user runs it, on files as a user writes them.

mod chosen_sinks;
mod commands;
mod disturbed;
mod errors;
mod existing_output;
mod faults;
mod invariance;
mod json_arrays;
mod levels;
mod mutations;
mod partitions;
mod pipelines;
mod publishing;
mod running;
mod source_values;
mod sources;
mod support;
mod values;
