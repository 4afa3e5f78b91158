//! Sessions as a whole: ten thousand simulated runs on one thread, and a real server.

mod changes;
mod changes_server;
mod executor;
mod process;
mod server;
mod simulation;
mod stream;
mod waiting;
