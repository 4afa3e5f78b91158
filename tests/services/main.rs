//! Tests against real servers, whose addresses the environment tells: `scripts/test services`.

#[path = "../sink_compliance/drive.rs"]
mod drive;
#[path = "../sink_compliance/every.rs"]
mod every;
#[cfg(feature = "postgres")]
mod postgres;
mod registry;
#[path = "../sink_compliance/rows.rs"]
mod rows;
#[cfg(all(feature = "postgres", feature = "serve"))]
mod serve;
mod sinks;
mod turns;
mod verify;

/// What the environment says of a server.
pub fn environment(name: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| {
        panic!("{name} is not set: run `scripts/test services`, which starts the servers")
    })
}
