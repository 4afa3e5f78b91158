//! What lets users of the programs that rowgen replaces switch without a change: their variables, their
//! log, their types.

use serde_json::Value;

use super::support::{Ended, Folder, project};

pub fn shipped(name: &str) -> String {
    let path = project().join(format!("pipelines/{name}.yaml"));
    path.display().to_string()
}

pub fn with(folder: &Folder, variables: &[(&str, &str)], arguments: &[&str]) -> Ended {
    let mut command = folder.command(arguments);
    command.envs(variables.iter().copied());
    Ended::from(command.output().unwrap())
}

pub fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

/// The lines of a log with their times taken out.
fn lines(text: &str) -> Vec<Value> {
    let line = |line: &str| {
        let mut line = json(line);
        let time = line.as_object_mut().unwrap().shift_remove("time").unwrap();
        let time = chrono::DateTime::parse_from_rfc3339(time.as_str().unwrap());
        assert!(time.is_ok());
        line
    };
    text.lines().map(line).collect()
}

#[test]
fn the_casino_takes_the_variables_of_the_old_program() {
    let folder = Folder::new();
    let agents =
        r#"[{"id":7,"sas_entity_id":1,"master_agent_id":3,"status":1,"notification_enabled":1}]"#;
    let agents = folder.write("agents.json", agents).display().to_string();
    let casino = shipped("casino");
    let run = |variables: &[(&str, &str)]| {
        let _ = std::fs::remove_dir_all(folder.path("made"));
        let fixed = [
            ("PRODUCER_MESSAGE_COUNT", "500"),
            ("OUTPUT_DIRECTORY", "made"),
        ];
        let ended = with(
            &folder,
            &[&fixed[..], variables].concat(),
            &["run", &casino],
        );
        assert_eq!(ended.code, 0, "{ended:?}");
        let mut names = folder.names("made");
        // Beside each file stands what it was made from.
        names.retain(|name| !name.starts_with('.'));
        names
    };
    assert_eq!(run(&[]), ["transactions.csv", "transactions.parquet"]);
    assert_eq!(
        run(&[("OUTPUT_FORMAT", "csv"), ("CSV_FILENAME", "a.csv")]),
        ["a.csv"]
    );
    assert_eq!(
        run(&[("CSV_ENABLED", "false"), ("PRODUCER_WORKERS", "1")]),
        ["transactions.parquet"]
    );
    let more = [
        ("OUTPUT_FORMAT", "csv"),
        ("DATA_AGENTS", &agents),
        ("PARQUET_COMPRESSION", "zstd"),
    ];
    run(&more);
    let text = folder.read("made/transactions.csv");
    assert_eq!(text.lines().count(), 501);
    let of_agent = text.lines().skip(1).filter(|line| line.contains(",3,7,"));
    assert_eq!(of_agent.count(), 500, "{text}");
    // What cannot be is told with the variable's name.
    let ended = with(
        &folder,
        &[("METRICS_INTERVAL", "soon")],
        &["check", &casino],
    );
    assert_eq!(ended.code, 1);
    assert!(
        ended.stderr.contains("METRICS_INTERVAL"),
        "{}",
        ended.stderr
    );
    let none = [("OUTPUT_FORMAT", "json")];
    let ended = with(&folder, &none, &["check", &casino]);
    assert!(
        ended
            .stderr
            .contains("the pipeline has no sink to write to"),
        "{}",
        ended.stderr
    );
}

#[test]
fn the_casino_s_log_is_that_of_the_old_program() {
    let folder = Folder::new();
    let variables = [("METRICS_INTERVAL", "200ms"), ("METRICS_DETAILED", "true")];
    let arguments = [
        "run",
        &shipped("casino"),
        "--rows",
        "1000",
        "--rate",
        "1500/s",
    ];
    let ended = with(&folder, &variables, &arguments);
    assert_eq!((ended.code, ended.stderr.as_str()), (0, ""), "{ended:?}");
    let lines = lines(&ended.stdout);
    let keys = |line: &Value| {
        let keys = line.as_object().unwrap().keys();
        keys.cloned().collect::<Vec<_>>().join(" ")
    };
    assert!(lines.iter().all(|line| line["level"] == "INFO"));
    let said: Vec<&str> = lines
        .iter()
        .map(|line| line["msg"].as_str().unwrap())
        .collect();
    assert_eq!(
        said[..3],
        [
            "Starting message producer",
            "Performance metrics",
            "Writer metrics"
        ]
    );
    let last = [
        "Final summary",
        "Output breakdown",
        "Performance assessment",
    ];
    assert_eq!(said[said.len() - 3..], last);
    assert_eq!(keys(&lines[0]), "level msg version");
    assert_eq!(
        keys(&lines[1]),
        "level msg total_messages elapsed overall_rate current_rate"
    );
    assert_eq!(keys(&lines[2]), "level msg csv parquet kafka kafka_errors");
    let end = &lines[lines.len() - 3..];
    assert_eq!(
        keys(&end[0]),
        "level msg total_messages total_time average_throughput"
    );
    assert_eq!(end[0]["total_messages"], 1000);
    let counts = ["csv", "parquet", "kafka", "kafka_errors"].map(|name| end[1][name].clone());
    assert_eq!(counts, [1000, 1000, 0, 0].map(Value::from));
    assert_eq!(
        keys(&end[2]),
        "level msg result rate_msg_per_sec thresholds"
    );
    assert_eq!(end[2]["result"], "LOW");
    for (line, key, unit) in [
        (&lines[1], "elapsed", "s"),
        (&lines[1], "current_rate", "K msg/sec"),
        (&end[0], "total_time", "s"),
        (&end[0], "average_throughput", "K msg/sec"),
    ] {
        let text = line[key].as_str().unwrap();
        let number = text.strip_suffix(unit).unwrap();
        assert!(
            number
                .split_once('.')
                .is_some_and(|(_, digits)| digits.len() == 2),
            "{text}"
        );
        assert!(number.parse::<f64>().unwrap() > 0.0, "{text}");
    }
    // Who asks for rowgen's own log gets it.
    let ended = with(
        &folder,
        &[],
        &["run", &shipped("casino"), "--rows", "10", "--log", "json"],
    );
    assert_eq!(ended.stdout, "");
    let last = json(ended.stderr.lines().last().unwrap());
    assert_eq!(last["message"], "run ended");
}

const PRODUCER: &str = "version: 1\ntables:\n  t: { rows: 3, columns: { id: sequence } }\nsinks:\n  - file: { path: t.csv }\nlog: { style: producer }\n";

#[test]
fn that_log_is_refused_beside_rows_on_stdout() {
    let folder = Folder::new();
    let expected = "error: this log goes to stdout, where sink `file-1` writes\n --> p.yaml:6:15\n  |\n6 | log: { style: producer }\n  |               ^^^^^^^^\n  hint: say `style: standard`, which goes to stderr, or write to a file\n";
    for path in ["/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"] {
        let stdout = PRODUCER.replace("path: t.csv", &format!("path: {path}, format: csv"));
        assert_eq!(folder.refuse(&stdout), expected);
    }
    let quiet = PRODUCER
        .replace("producer", "standard")
        .replace("t.csv", "/dev/stdout, format: csv");
    assert_eq!(folder.make(&quiet, &[]).stdout, "id\n1\n2\n3\n");
    let misspelt = folder.refuse(&PRODUCER.replace("producer", "produce"));
    assert!(misspelt.contains("did you mean `producer`?"), "{misspelt}");
}

#[test]
fn a_failure_is_in_that_log_and_on_stderr() {
    let folder = Folder::new();
    folder.write(
        "p.yaml",
        &PRODUCER.replace("t.csv", "/dev/full, format: csv"),
    );
    let ended = folder.run(&["run", "p.yaml"]);
    assert_eq!(ended.code, 2);
    assert!(
        ended.stderr.contains("No space left on device"),
        "{}",
        ended.stderr
    );
    let lines = lines(&ended.stdout);
    let last = lines.last().unwrap();
    assert_eq!(
        (&last["level"], &last["msg"]),
        (&"ERROR".into(), &"Sink failed".into())
    );
    // A stdout that nobody reads is not worth the rows.
    let mut command = folder.command(&["run", "p.yaml"]);
    folder.write("p.yaml", PRODUCER);
    let full = std::fs::File::options()
        .write(true)
        .open("/dev/full")
        .unwrap();
    assert_eq!(command.stdout(full).status().unwrap().code(), Some(0));
    assert_eq!(folder.read("t.csv").lines().count(), 4);
}

#[test]
fn what_users_yaml_makes_are_plain_types_and_empty_texts() {
    let folder = Folder::new();
    let users = folder.write(
        "u.csv",
        "id|nome_utente|email\n1|user1|\n2||user2@example.com\n",
    );
    let users = format!("users={}", users.display());
    let arguments = [
        "run",
        &shipped("users"),
        "--sinks",
        "json,avro",
        "--quiet",
        "--set",
        &users,
    ];
    let ended = folder.run(&arguments);
    assert_eq!(ended.code, 0, "{ended:?}");
    let rows = json(&folder.read("out/users.json"));
    assert_eq!(rows[0]["email"], "");
    assert_eq!(rows[1]["nome_utente"], "");
    let avro = folder.bytes("out/users.avro");
    let text = String::from_utf8_lossy(&avro);
    let fields = r#""fields":[{"name":"ID","type":"int"},{"name":"NomeUtente","type":"string"},{"name":"Email","type":"string"}]"#;
    assert!(text.contains(fields), "{text}");
    folder.write("u.csv", "id|nome_utente|email\n1|user1|a\n|user2|b\n");
    let ended = folder.run(&arguments);
    assert_eq!(ended.code, 2, "{ended:?}");
    assert!(
        ended.stderr.contains("u.csv:3: column `id`"),
        "{}",
        ended.stderr
    );
    let ended = folder.run(&[&arguments[..], &["--set", "bad=skip"]].concat());
    assert_eq!(ended.code, 3, "{ended:?}");
}
