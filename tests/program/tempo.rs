//! How rows follow each other at a rate, and what of it makes no sense.

use super::support::Folder;

/// What is said of such a `run:`, where, and the hint.
fn refused(table: &str, sink: &str, run: &str) -> (String, String, String) {
    let folder = Folder::new();
    folder.write("in.csv", "id\n1\n");
    let said = folder.refuse(&format!(
        "version: 1\ntables:\n  t: {{ {table} }}\nsinks:\n  - {sink}\nrun: {{ {run} }}\n"
    ));
    let line = |start: &str| {
        let found = said
            .lines()
            .find_map(|line| line.trim().strip_prefix(start));
        found.unwrap_or_default().to_string()
    };
    (line("error: "), line("--> "), line("hint: "))
}

const MADE: &str = "rows: 5, columns: { id: sequence }";
const FILE: &str = "file: { path: o.csv }";
const ZEROMQ: &str = "zeromq: { bind: \"tcp://127.0.0.1:5555\", topic: t, message: \"{id}\" }";

#[test]
fn what_needs_a_rate_has_one() {
    for (option, place) in [
        ("ramp: { from: 1/s, over: 5s }", "6:33"),
        ("warm_up: 5s", "6:17"),
        ("catch_up: skip", "6:18"),
    ] {
        let name = option.split(':').next().unwrap();
        let (error, at, hint) = refused(MADE, ZEROMQ, option);
        assert_eq!(error, format!("`{name}` needs a rate"));
        assert_eq!(at, format!("p.yaml:{place}"));
        assert_eq!(
            hint,
            format!("say `rate` under `run:`, or leave `{name}` out")
        );
    }
    // What is no ramp, no warm-up and no skip needs none.
    let folder = Folder::new();
    let run = "ramp: { from: 1/s, over: 0s }, warm_up: 0s, catch_up: burst";
    folder.make(
        &format!("version: 1\ntables:\n  t: {{ {MADE} }}\nsinks:\n  - {FILE}\nrun: {{ {run} }}\n"),
        &[],
    );
}

#[test]
fn a_ramp_begins_with_a_rate_that_a_run_can_be_held_to() {
    for from in ["0/s", "2_000_000_000/s", "1/400d"] {
        let run = format!("rate: 10/s, ramp: {{ from: {from}, over: 1s }}");
        let (error, _, _) = refused(MADE, ZEROMQ, &run);
        assert!(
            error == "a run's rate is at least `0.04/d` and at most `1_000_000_000/s`"
                || error.contains(from),
            "{error}"
        );
    }
}

#[test]
fn rows_are_left_out_only_where_nobody_was_promised_all_of_them() {
    let run = "rate: 10/s, catch_up: skip";
    let (error, at, hint) = refused(MADE, FILE, run);
    assert_eq!(
        error,
        "`catch_up: skip` leaves rows out, and what sink `file-1` writes is whole or not there"
    );
    assert_eq!(at, "p.yaml:6:30");
    assert_eq!(
        hint,
        "leave `catch_up` out, or write to sinks that send messages"
    );
    let read = "from: { csv: { path: in.csv } }";
    let (error, _, hint) = refused(read, ZEROMQ, run);
    assert_eq!(
        error,
        "`catch_up: skip` leaves rows out, and those of `t` are read: they would be lost"
    );
    assert_eq!(hint, "leave `catch_up` out: what is late is sent late");
    let promised = ZEROMQ.replace(" }", ", delivery: at_least_once }");
    let (error, _, _) = refused(MADE, &promised, run);
    assert_eq!(error, "this sink may lack rows");
}

#[test]
fn a_ramp_takes_its_time() {
    let folder = Folder::new();
    // 10 rows a second rising to 1000 within a second: 505 rows; with one rate they would take half of it.
    let table = "rows: 505, columns: { id: sequence }";
    let run = "rate: 1000/s, batch_rows: 1, ramp: { from: 10/s, over: 1s }";
    let began = std::time::Instant::now();
    folder.write(
        "p.yaml",
        &format!("version: 1\ntables:\n  t: {{ {table} }}\nsinks:\n  - {FILE}\nrun: {{ {run} }}\n"),
    );
    let ended = folder.run(&["run", "p.yaml", "--quiet"]);
    // A machine that is busy may not hold the rate, and is not early for that.
    assert!([0, 3].contains(&ended.code), "{ended:?}");
    let took = began.elapsed().as_secs_f64();
    assert!(took > 0.98, "{took}");
}
