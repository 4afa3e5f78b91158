//! Whole-program tests: the binary as a user runs it, on files as a user writes them.

mod chosen_sinks;
mod commands;
mod counted;
#[cfg(feature = "kafka")]
mod dead_servers;
mod digits;
mod disturbed;
mod dropin;
mod endings;
mod errors;
mod existing_output;
mod faults;
mod first_hour;
mod included_tables;
mod invariance;
mod json_arrays;
mod levels;
mod live;
mod limits;
mod mutations;
mod partitions;
mod pipelines;
mod publishing;
mod required;
mod running;
mod schema;
mod source_values;
mod sources;
mod streams;
mod strange_files;
mod support;
mod taken_over;
mod talk;
mod values;
mod variables;
