//! Every sink of the registry that needs a server, on a real one: what `tests/sink_compliance` asks of
//! every sink.

use rowgen::sink::SinkKind;

use crate::environment;
use crate::every::{at, needs_server, promises};

#[test]
fn every_sink_with_a_server_keeps_its_promises() {
    for kind in SinkKind::KINDS.iter().filter(|kind| needs_server(kind)) {
        // `kafka` is told where its server is by KAFKA_BROKERS, any other one by its name.
        let address = match kind.name {
            "kafka" => environment("KAFKA_BROKERS"),
            name => environment(&format!("{}_ADDRESS", name.to_uppercase())),
        };
        let name = std::sync::atomic::AtomicU32::new(0);
        let fresh = |yaml: &str| {
            let next = name.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            yaml.replace(
                "orders",
                &format!("compliance-{}-{next}", std::process::id()),
            )
        };
        promises(&at(kind, &address), &fresh);
    }
}
