//! What a pipeline says of messages of ZeroMQ, and what is wrong with it, told before anything is done.

use super::support::Folder;

const MESSAGE: &str = "\"{id}\"";

/// A pipeline with these options of the sink.
fn pipeline(options: &str) -> String {
    format!(
        "version: 1\ntables:\n  t: {{ rows: 1, columns: {{ id: sequence, tags: {{ list: {{ of: sequence, length: 2 }} }} }} }}\nsinks:\n  - zeromq: {{ topic: t, {options} }}\n"
    )
}

/// The first line of what is said, the caret's place and the hint.
fn refused(options: &str) -> (String, Option<String>) {
    let folder = Folder::new();
    let said = folder.refuse(&pipeline(options));
    assert!(said.contains(" --> p.yaml:5:"), "{said}");
    let hint = said
        .lines()
        .find_map(|line| line.trim().strip_prefix("hint: "));
    let first = said.lines().next().unwrap_or_default();
    (first.to_string(), hint.map(str::to_string))
}

#[test]
fn addresses_are_checked() {
    let expected = "error: expected `tcp://HOST:PORT` with a port of 1 to 65535, found";
    for wrong in ["5555", "tcp://*", "tcp://*:0", "tcp://*:65536", "ipc://x:1"] {
        let (said, _) = refused(&format!("bind: \"{wrong}\", message: {MESSAGE}"));
        assert_eq!(said, format!("{expected} `{wrong}`"));
    }
    for (option, more) in [("start", "tcp://*:5556"), ("replies", "tcp://h:5556")] {
        let options = format!(
            "bind: \"tcp://*:5555\", channels: 2, message: {MESSAGE}, {option}: \"{more}\""
        );
        let (said, hint) = refused(&options);
        assert_eq!(
            said,
            format!("error: port 5556 of `{option}` is that of channel 1")
        );
        let hint = hint.unwrap();
        assert_eq!(
            hint,
            "messages have the ports 5555 to 5556: take another one, or fewer channels"
        );
    }
    let (said, hint) = refused(&format!(
        "bind: \"tcp://*:65535\", channels: 2, message: {MESSAGE}"
    ));
    assert_eq!(
        said,
        "error: 2 channels from port 65535 on need port 65536, and the last one is 65535"
    );
    assert_eq!(hint.unwrap(), "bind a lower port, or take fewer channels");
    let (said, _) = refused(&format!(
        "bind: \"tcp://*:1\", channels: 0, message: {MESSAGE}"
    ));
    assert_eq!(said, "error: `channels` is 1 to 1024");
    let (said, _) = refused(&format!(
        "bind: \"tcp://*:1\", message: {MESSAGE}, replies: \"tcp://*:2\""
    ));
    assert_eq!(said, "error: replies come from one host, and `*` is none");
}

#[test]
fn messages_are_checked() {
    for (message, expected) in [
        ("{no}", "error: `t` has no column `no`"),
        ("{}", "error: a placeholder without a column"),
        ("{id", "error: `{` without its partner"),
        (
            "{tags}",
            "error: column `tags` has the type list of int64, which a message cannot hold",
        ),
        (
            "{id:08}",
            "error: only `{send_time_us}` has a number of digits",
        ),
        ("{data}", "error: `t` has no column `data`"),
        (
            "{send_time_us:8}",
            "error: the time of the send has 16 to 64 digits",
        ),
        (
            "{send_time_us:015}",
            "error: the time of the send has 16 to 64 digits",
        ),
        (
            "{send_time_us}{send_time_us}",
            "error: `{send_time_us}` stands once in a message, before `{data}`",
        ),
    ] {
        let (said, _) = refused(&format!("bind: \"tcp://*:1\", message: \"{message}\""));
        assert_eq!(said, expected);
    }
    for (message, expected) in [
        ("{id}", "error: the message has no place for `data`"),
        ("{data}{data}", "error: `{data}` stands once in a message"),
        (
            "{data}{send_time_us}",
            "error: `{send_time_us}` stands once in a message, before `{data}`",
        ),
    ] {
        let (said, _) = refused(&format!(
            "bind: \"tcp://*:1\", message: \"{message}\", data: 1KiB"
        ));
        assert_eq!(said, expected);
    }
}

#[test]
fn options_that_make_no_sense_are_refused() {
    for (options, expected) in [
        ("data: 0B", "error: `data` is 1B to 1GiB"),
        ("data: 2GiB", "error: `data` is 1B to 1GiB"),
        (
            "data: 1B, high_water_mark: 0",
            "error: `high_water_mark` is at least 1",
        ),
        (
            "data: 1B, start_timeout: 0s",
            "error: `start_timeout` is longer than 0s",
        ),
        (
            "data: 1B, results: r.csv",
            "error: `results` are made of replies, and there are none",
        ),
        (
            "data: 1B, delivery: at_least_once",
            "error: this sink may lack rows",
        ),
        (
            "data: 1B, delivery: exactly_once",
            "error: this sink may lack rows",
        ),
    ] {
        let (said, _) = refused(&format!(
            "bind: \"tcp://*:1\", message: \"{{data}}\", {options}"
        ));
        assert_eq!(said, expected, "{options}");
    }
}
