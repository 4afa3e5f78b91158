//! Whole-program tests: the binary as a user runs it, on files as a user writes them.

mod authorities;
mod bad_files;
mod bench_parquet;
mod between;
mod changes;
mod chosen_sinks;
mod commands;
mod counted;
#[cfg(feature = "postgres")]
mod databases;
#[cfg(feature = "postgres")]
mod dead_letters;
#[cfg(feature = "kafka")]
mod dead_servers;
#[cfg(feature = "delta")]
mod delta;
mod digits;
mod disk;
mod disturbed;
#[cfg(all(feature = "mysql", feature = "rabbitmq"))]
mod downstream;
mod dropin;
mod edges;
mod endings;
mod errors;
mod existing_output;
mod expect;
mod faults;
mod faulty;
mod faulty_both;
mod faulty_filtered;
mod faulty_late;
mod file_sets;
mod filtered;
mod first_hour;
mod first_sinks;
mod floats;
mod foreign;
mod included_tables;
mod invariance;
mod json_arrays;
mod levels;
mod limits;
mod live;
mod lost;
mod man;
mod maps;
mod moments;
mod mutations;
#[cfg(feature = "mysql")]
mod mysql;
mod ordered;
mod ordered_files;
mod ordered_runs;
mod packed_files;
mod partitions;
mod paths;
mod pipelines;
mod published_before;
mod publishing;
mod read_back;
mod report_places;
mod required;
mod room;
mod running;
mod schedule;
mod schema;
mod secrets;
mod slices_at_once;
mod source_values;
mod sources;
mod strange_files;
mod streams;
mod strict_json;
mod support;
mod taken_over;
mod talk;
mod tempo;
mod unreadable;
mod values;
mod variables;
mod verify;
mod within;
mod yaml_meant;
mod yaml_words;
mod zeromq;
