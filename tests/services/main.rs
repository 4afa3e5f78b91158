//! Tests against real servers, whose addresses the environment tells: `scripts/test services`.

mod registry;

/// What the environment says of a server.
pub fn environment(name: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| {
        panic!("{name} is not set: run `scripts/test services`, which starts the servers")
    })
}
