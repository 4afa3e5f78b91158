//! Each row once in MariaDB, whatever is killed: the run, the server, a connection.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use crate::mysql::{rowgen, sql, sql_at, table};
use crate::postgres::{fresh, kill_once};
use crate::servers::Servers;
use crate::until;

/// How many rows a table has; none where there is no such table, or nobody answers.
fn count(name: &str) -> u64 {
    let there =
        format!("SELECT count(*) FROM information_schema.tables WHERE table_name = '{name}'");
    match sql(&there).as_str() {
        "0" => 0,
        _ => sql(&format!("SELECT count(*) FROM {name}"))
            .parse()
            .unwrap(),
    }
}

/// Kills a run once its table has so many rows.
fn kill_at(reached: u64, name: &str, run: Command) {
    kill_once(reached, || count(name), run);
}

#[track_caller]
fn ends_well(folder: &Path, yaml: &str) {
    let output = rowgen(folder, yaml, &[]).output().unwrap();
    let words = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{words}");
}

#[test]
fn a_load_that_is_killed_goes_on_where_it_was() {
    let name = fresh("killed");
    let sink = format!("into: {name}, connections: 3, transaction_rows: 2_000");
    let yaml = table(400_000, "", &sink);
    let folder = tempfile::tempdir().unwrap();
    for reached in [0, 1, 50_000, 100_000, 150_000] {
        let run = rowgen(folder.path(), &yaml, &["--rate", "200000/s"]);
        kill_at(reached, &name, run);
    }
    ends_well(folder.path(), &yaml);
    assert_eq!(
        sql(&format!("SELECT count(*), count(DISTINCT id) FROM {name}")),
        "400000|400000"
    );
}

#[test]
fn a_server_that_is_killed_or_begun_again_loses_and_doubles_nothing() {
    let servers = Servers::start(&["mariadb"], &[]);
    let url = servers.variable("MYSQL_URL");
    let folder = tempfile::tempdir().unwrap();
    let yaml = table(400_000, "", "connections: 3, transaction_rows: 2_000");
    let mut run = rowgen(folder.path(), &yaml, &["--rate", "40000/s"]);
    let mut child = run
        .env("DB_URL", &url)
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    for verb in ["kill", "end", "kill"] {
        std::thread::sleep(Duration::from_millis(1500));
        assert!(child.try_wait().unwrap().is_none(), "it ended before");
        if verb == "kill" {
            servers.act("kill", "mariadb");
        }
        servers.act("restart", "mariadb");
    }
    let output = child.wait_with_output().unwrap();
    let words = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{words}");
    assert_eq!(
        sql_at(&url, "SELECT count(*), count(DISTINCT id), sum(id) FROM t"),
        "400000|400000|80000200000"
    );
}

#[test]
fn connections_that_are_killed_and_deadlocks_double_nothing() {
    let name = fresh("cut");
    let sink =
        format!("into: {name}, connections: 2, transaction_rows: 2_000, mode: upsert, key: [id]");
    let yaml = table(200_000, "      v: { constant: a }\n", &sink);
    let folder = tempfile::tempdir().unwrap();
    let mut run = rowgen(folder.path(), &yaml, &["--rate", "40000/s"]);
    let mut child = run.stderr(Stdio::piped()).spawn().unwrap();
    until(
        || "it begins".into(),
        Duration::from_secs(60),
        || count(&name) > 0,
    );
    for _ in 0..6 {
        std::thread::sleep(Duration::from_millis(400));
        let busy = format!(
            "SELECT id FROM information_schema.processlist WHERE info LIKE '%INSERT INTO%{name}%' AND id <> CONNECTION_ID()"
        );
        for id in sql(&busy)
            .lines()
            .filter(|line| line.parse::<u64>().is_ok())
        {
            // It may be gone by now.
            sql(&format!(
                "SELECT 1; /*!100000 BEGIN NOT ATOMIC DECLARE CONTINUE HANDLER FOR SQLEXCEPTION BEGIN END; EXECUTE IMMEDIATE 'KILL {id}'; END */"
            ));
        }
    }
    assert!(child.try_wait().unwrap().is_none(), "it ended before");
    let output = child.wait_with_output().unwrap();
    let words = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{words}");
    assert_eq!(
        sql(&format!("SELECT count(*), sum(id) FROM {name}")),
        "200000|20000100000"
    );
}

#[test]
fn a_server_that_is_away_is_an_error_in_time() {
    let folder = tempfile::tempdir().unwrap();
    let yaml = table(10, "", "into: t");
    let url = "mysql://me:pa55word@127.0.0.1:1/shop";
    let mut command = rowgen(folder.path(), &yaml, &[]);
    let output = command.env("DB_URL", url).output().unwrap();
    let words = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(2), "{words}");
    assert!(!words.contains("pa55word"), "{words}");
    assert!(
        words.contains("connecting in 127.0.0.1:1/shop") && words.contains("Connection refused"),
        "{words}"
    );
}

#[test]
fn a_server_that_stays_away_ends_the_run_after_the_stall_timeout() {
    let servers = Servers::start(&["mariadb"], &[]);
    let url = servers.variable("MYSQL_URL");
    let folder = tempfile::tempdir().unwrap();
    let yaml = table(400_000, "", "connections: 2")
        .replace("tables:", "run: { stall_timeout: 3s }\ntables:");
    for verb in ["pause", "kill"] {
        let mut run = rowgen(folder.path(), &yaml, &["--rate", "20000/s"]);
        let mut child = run
            .env("DB_URL", &url)
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        std::thread::sleep(Duration::from_millis(1500));
        assert!(child.try_wait().unwrap().is_none(), "it ended before");
        servers.act(verb, "mariadb");
        let began = std::time::Instant::now();
        let output = child.wait_with_output().unwrap();
        let words = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{words}");
        assert!(
            words.contains("the server took nothing for 3.00 s"),
            "{words}"
        );
        assert!(
            began.elapsed() < Duration::from_secs(20),
            "{verb}: {:?}",
            began.elapsed()
        );
        if verb == "pause" {
            servers.act("resume", "mariadb");
        }
    }
}
