//! What is refused of streams before a broker is asked.

use super::support::Folder;

fn pipeline(sinks: &str) -> String {
    format!(
        "version: 1\ntables:\n  t:\n    from: {{ kafka: {{ brokers: \"localhost:1\", topic: orders }} }}\n    types: {{ id: int64 }}\nsinks:\n{sinks}"
    )
}

#[test]
fn a_sink_of_a_stream_has_no_rate_of_its_own() {
    let hint = "  hint: say `rate` under `run:`, for all sinks of the stream\n";
    for (sinks, place) in [
        (
            "  - file: { path: t.jsonl }\n  - file: { path: u.jsonl, rate: 10/s }\n",
            "8:34",
        ),
        ("  - discard: { rate: 1000/s }\n", "7:22"),
        (
            "  - kafka: { brokers: \"localhost:1\", topic: copy, rate: 5/s }\n",
            "7:57",
        ),
    ] {
        let said = Folder::new().refuse(&pipeline(sinks));
        let what = format!(
            "error: a stream's rows come once: no sink can have a rate of its own\n --> p.yaml:{place}\n"
        );
        assert!(said.starts_with(&what), "{said}");
        assert!(said.ends_with(hint), "{said}");
    }
    // For all of its sinks it can.
    let folder = Folder::new();
    let all = pipeline("  - file: { path: t.jsonl }\nrun: { rate: 10/s }\n");
    folder.write("p.yaml", &all);
    let ended = folder.run(&["check", "p.yaml"]);
    assert_eq!(ended.code, 0, "{ended:?}");
}
