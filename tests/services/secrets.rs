//! Users and passwords of any characters, from the environment: each server lets them in, and nobody tells them.

use std::path::Path;
use std::process::Command;

use crate::broker::Broker;
use crate::environment;
use crate::mysql::sql_at as mysql;
use crate::postgres::{fresh, rowgen, sql_at};
use crate::rabbitmq::reading;
use crate::servers::Servers;

/// What ends a user, a password, a host, or a path of a URL, and what means something else there.
const PASSWORD: &str = "p/w@x:y#1?2%3&4+5 6=é[]$%41";

const USER: &str = "me@h:1/d";

/// The end of a run, and what it says.
fn run(folder: &Path, yaml: &str, password: &str) -> (Option<i32>, String) {
    let mut command = rowgen(folder, yaml, &["--overwrite"]);
    command.env("WHO", USER).env("PW", password);
    let output = command.output().unwrap();
    let words = String::from_utf8_lossy(&output.stderr);
    (output.status.code(), words.trim_end().to_string())
}

/// A table of three rows into a sink, and what the sink says of another password.
#[track_caller]
fn lets_in(url: &str, sink: &str, source: &str) -> String {
    let folder = tempfile::tempdir().unwrap();
    let name = fresh("secret");
    let write = format!(
        "version: 1\nname: p\ntables:\n  t: {{ rows: 3, columns: {{ id: sequence }} }}\nsinks:\n  - {sink}: {{ table: t, url: \"{url}\", into: {name} }}\n"
    );
    assert_eq!(
        run(folder.path(), &write, PASSWORD),
        (Some(0), String::new())
    );
    // In two steps, as a param.
    let read = format!(
        "version: 1\nname: p\nparams: {{ password: \"${{env:PW}}\", url: \"{}\" }}\ntables:\n  t: {{ from: {{ {source}: {{ url: \"${{url}}\", table: {name} }} }} }}\nsinks:\n  - file: {{ table: t, path: out.csv }}\n",
        url.replace("${env:PW}", "${password}")
    );
    assert_eq!(
        run(folder.path(), &read, PASSWORD),
        (Some(0), String::new())
    );
    let rows = std::fs::read_to_string(folder.path().join("out.csv")).unwrap();
    assert_eq!(rows.lines().count(), 4);
    let (code, words) = run(folder.path(), &write, "wr/ong");
    assert_eq!(code, Some(2), "{words}");
    assert!(
        !words.contains("wr/ong") && !words.contains("wr%2Fong"),
        "{words}"
    );
    words
}

#[test]
fn a_mariadb_lets_any_password_in() {
    let url = environment("MYSQL_URL");
    mysql(
        &url,
        &format!(
            "CREATE USER IF NOT EXISTS '{USER}'@'%' IDENTIFIED BY '{PASSWORD}'; GRANT ALL ON rowgen.* TO '{USER}'@'%'"
        ),
    );
    let address = environment("MYSQL_ADDRESS");
    let of = format!("mysql://${{env:WHO}}:${{env:PW}}@{address}/rowgen");
    let words = lets_in(&of, "mysql", "mysql");
    assert!(
        words.ends_with("\n  hint: the user or the password is wrong"),
        "{words}"
    );
    // As the pipeline of changes asks for it.
    let folder = tempfile::tempdir().unwrap();
    let yaml = concat!(env!("CARGO_MANIFEST_DIR"), "/pipelines/cdc.yaml");
    let mut command = Command::new(env!("CARGO_BIN_EXE_rowgen"));
    let (host, port) = address.split_once(':').unwrap();
    let output = command
        .current_dir(folder.path())
        .args(["run", yaml, "--quiet", "--overwrite"])
        .env("MYSQL_HOST", host)
        .env("MYSQL_PORT", port)
        .env("MYSQL_USER", USER)
        .env("MYSQL_PASSWORD", PASSWORD)
        .env("MYSQL_DATABASE", "rowgen")
        .env("CONCURRENCY", "2")
        .env("TARGET_CPS", "100")
        .env("DURATION_SECONDS", "1")
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
}

#[test]
fn a_postgresql_lets_any_password_in() {
    let servers = Servers::start(&["postgres"], &[]);
    let url = servers.variable("POSTGRES_URL");
    let rules = sql_at(&url, "SHOW hba_file");
    let asked = "host all rowgen 127.0.0.1/32 trust\nhost all all 127.0.0.1/32 scram-sha-256\n";
    std::fs::write(rules, asked).unwrap();
    sql_at(
        &url,
        &format!("CREATE ROLE \"{USER}\" LOGIN PASSWORD '{PASSWORD}'"),
    );
    sql_at(
        &url,
        &format!("GRANT CREATE ON SCHEMA public TO \"{USER}\""),
    );
    sql_at(&url, "SELECT pg_reload_conf()");
    let address = servers.variable("POSTGRES_ADDRESS");
    let of = format!("postgres://${{env:WHO}}:${{env:PW}}@{address}/rowgen?sslmode=disable");
    assert_eq!(
        lets_in(&of, "postgres", "postgres"),
        format!(
            "error: could not open sink `postgres-1`\n  caused by: connecting in {address}/rowgen\n  caused by: password authentication failed for user \"{USER}\"\n  hint: the user or the password is wrong"
        )
    );
}

#[test]
fn a_rabbitmq_lets_any_password_in() {
    let servers = Servers::start(&["rabbitmq"], &[]);
    servers.tool("rabbitmq", &["add_user", USER, PASSWORD]);
    servers.tool("rabbitmq", &["set_permissions", USER, ".*", ".*", ".*"]);
    let url = servers.variable("RABBITMQ_URL");
    let broker = Broker::at(&url);
    broker.declare("q");
    broker.publish("q", [&b"{\"id\":1}"[..]]);
    let of = url.replace("guest:guest", "${env:WHO}:${env:PW}");
    let yaml = reading(&of, "q", "until: empty", "    types: { id: int64 }\n");
    let folder = tempfile::tempdir().unwrap();
    let (code, words) = run(folder.path(), &yaml, "wr/ong");
    assert_eq!(code, Some(2), "{words}");
    assert!(
        words.ends_with("\n  hint: the user or the password is wrong"),
        "{words}"
    );
    assert_eq!(
        run(folder.path(), &yaml, PASSWORD),
        (Some(0), String::new())
    );
    assert_eq!(broker.ready("q"), 0);
}

/// What `rowgen` says of an address that the environment has whole, and that nobody has encoded.
#[test]
fn an_address_whose_password_ends_too_early_is_refused_before_anybody_is_asked() {
    let folder = tempfile::tempdir().unwrap();
    let table = "tables:\n  t: { rows: 3, columns: { id: sequence } }\nsinks:\n";
    let sink = |kind: &str| format!("{table}  - {kind}: {{ table: t, url: \"${{env:PW}}\" }}\n");
    let source = |kind: &str, what: &str| {
        format!(
            "tables:\n  t: {{ from: {{ {kind}: {{ url: \"${{env:PW}}\", {what} }} }}, types: {{ id: int64 }} }}\nsinks:\n  - discard: {{}}\n"
        )
    };
    let pipelines = [
        ("mysql", sink("mysql")),
        ("postgres", sink("postgres")),
        ("mongodb", sink("mongodb")),
        ("mysql", source("mysql", "table: t")),
        ("postgres", source("postgres", "table: t")),
        ("mongodb", source("mongodb", "collection: t")),
        ("amqp", source("rabbitmq", "queues: t")),
    ];
    for (scheme, rest) in pipelines {
        let yaml = format!("version: 1\nname: p\n{rest}");
        let line = rest
            .lines()
            .position(|line| line.contains("env:PW"))
            .unwrap()
            + 3;
        for end in ["/", "@", "#", "?", "1/"] {
            let url = format!("{scheme}://me:hunter{end}2@127.0.0.1:1/d");
            let (code, words) = run(folder.path(), &yaml, &url);
            let begin = format!(
                "error: the user or the password in this address has a character that ends it\n --> p.yaml:{line}:"
            );
            assert_eq!(code, Some(1), "{words}");
            assert!(words.starts_with(&begin), "{scheme} {end}: {words}");
            let hint = "  hint: in a user or a password write `%40` for `@`, `%2F` for `/`, `%3A` for `:`, `%23` for `#`, `%3F` for `?`, `%25` for `%`; a variable in the place of either is taken as it is: `://${env:USER}:${env:PASSWORD}@HOST`";
            assert_eq!(words.lines().last(), Some(hint));
            assert!(!words.contains("hunter"), "{words}");
        }
        let (code, words) = run(folder.path(), &yaml, "nonsense");
        assert_eq!(code, Some(1), "{words}");
        assert!(words.contains("  hint: expected `"), "{words}");
    }
}
