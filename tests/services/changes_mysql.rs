//! Changes applied to a real MariaDB: the same rows whatever is killed and restarted, what others do to them
//! found, and what cannot be told before the first row.

use std::ops::Deref;
use std::process::Stdio;
use std::time::Duration;

use crate::environment;
use crate::mysql::sql_at;
use crate::postgres::fresh;
use crate::postgres_errors::told;
use crate::runs::Runs;
use crate::servers::Servers;
use crate::until;

/// A database of a test's own, and a load into it.
struct Load(Runs);

impl Load {
    fn new(url: &str) -> Self {
        let database = fresh("changes");
        sql_at(url, &format!("CREATE DATABASE {database}"));
        let url = url.strip_suffix("rowgen").unwrap();
        Self(Runs::into(format!("{url}{database}")))
    }

    fn sql(&self, statement: &str) -> String {
        sql_at(&self.url, statement)
    }
}

impl Deref for Load {
    type Target = Runs;

    fn deref(&self) -> &Runs {
        &self.0
    }
}

fn pipeline(count: u64, more: &str) -> String {
    format!(
        r#"version: 1
name: load
seed: 7
tables:
  customers:
    columns:
      id: {{ type: int32, sequence: {{ start: 1 }}, nullable: false }}
      number: {{ uniform: {{ min: 1, max: 1_000_000 }}, hidden: true }}
      email: {{ template: "user.{{id}}+{{number}}@example.com", nullable: false }}
  orders:
    columns:
      order_id: {{ type: int32, sequence: {{ start: 1 }}, nullable: false }}
      customer_id: {{ foreign_key: {{ ref: customers.id }} }}
      day: {{ type: date, uniform: {{ min: 2026-01-01, max: 2026-12-31 }} }}
      total: {{ type: "decimal(10,2)", uniform: {{ min: 10, max: 1000 }} }}
      status: {{ choice: [PENDING, SHIPPED, "it's \\ odd", CANCELLED], nulls: 0.1 }}
      note: {{ normal: {{ mean: 0, stddev: 1 }} }}
changes:
  count: {count}
  mix:
    customers: {{ insert: 20, update: {{ weight: 20, set: [email] }} }}
    orders: {{ insert: 40, update: {{ weight: 18, set: [status, note, total], target: {{ distribution: latest }} }}, delete: 2 }}
sinks:
  - mysql: {{ name: c, table: customers, url: "${{env:DB_URL}}"{more} }}
  - mysql: {{ name: o, table: orders, url: "${{env:DB_URL}}"{more} }}
"#
    )
}

#[test]
fn fifty_thousand_changes_survive_kills_and_restarts() {
    let servers = Servers::start(&["mariadb"], &[]);
    let load = Load::new(&servers.variable("MYSQL_URL"));
    let yaml = |connections: u64| {
        let more = format!(", connections: {connections}, transaction_rows: 100");
        pipeline(50_000, &more)
    };
    let mut kills = 0;
    for (round, connections) in [4, 1, 7, 2, 16].into_iter().enumerate() {
        let batch = ["400", "700", "150", "400", "1000"][round];
        let arguments = ["--batch-rows", batch, "--quiet"];
        // Slow enough to be killed on the way.
        let mut run = load.command("run", &yaml(connections), &arguments);
        let run = run.args(["--rate", "7000/s"]).stderr(Stdio::null());
        let mut run = run.spawn().unwrap();
        // Orders come after some blocks of customers.
        let wait = if round == 0 { 2500 } else { 900 };
        std::thread::sleep(Duration::from_millis(wait));
        if round % 2 == 1 {
            servers.act("kill", "mariadb");
            servers.act("restart", "mariadb");
            std::thread::sleep(Duration::from_millis(300));
        }
        kills += u64::from(run.try_wait().unwrap().is_none());
        run.kill().unwrap();
        run.wait().unwrap();
        let (code, words) = load.verify(&yaml(connections), &["--at", "now"]);
        assert_eq!(code, Some(0), "{words}");
    }
    assert!(kills >= 3, "{kills} of the runs were killed");
    load.succeeds(&yaml(3), &[]);
    let (code, words) = load.verify(&yaml(3), &[]);
    assert_eq!(
        (code, words.matches("rows, all equal").count()),
        (Some(0), 2),
        "{words}"
    );
    // What is done is not done again.
    let noted = || {
        load.sql("SELECT count(*), sum(next), (SELECT count(*) FROM orders) FROM rowgen_offsets")
    };
    let before = noted();
    load.succeeds(&yaml(5), &[]);
    assert_eq!(noted(), before);
}

#[test]
fn what_others_do_to_the_rows_is_named() {
    let load = Load::new(&environment("MYSQL_URL"));
    let yaml = pipeline(30_000, ", connections: 2");
    load.succeeds(&yaml, &[]);
    let (code, words) = load.verify(&yaml, &[]);
    assert_eq!(code, Some(0), "{words}");
    load.sql("UPDATE customers SET email = 'nobody' WHERE id = 3000");
    load.sql("DELETE FROM orders WHERE order_id = 77");
    load.sql("INSERT INTO orders (order_id, customer_id) VALUES (99999999, 1)");
    let (code, words) = load.verify(&yaml, &[]);
    assert_eq!(code, Some(3), "{words}");
    for expected in [
        "found nobody; no change of this row makes these values\n",
        " equal, 1 different\n",
        "missing: order_id 77, row 76; as without change ",
        " equal, 1 missing, 1 extra\n",
        "; no change makes such a row",
    ] {
        assert!(words.contains(expected), "{expected}: {words}");
    }
}

#[test]
fn keys_of_text_and_values_of_every_type_are_updated() {
    let load = Load::new(&environment("MYSQL_URL"));
    let yaml = r#"version: 1
name: load
seed: 7
tables:
  things:
    columns:
      n: { sequence: {}, hidden: true }
      code: { template: "Thing {n} it's \\", nullable: false, unique: true }
      b: { bool: { true: 0.5 }, nulls: 0.1 }
      f: { normal: { mean: 0, stddev: 1e9 } }
      g: { normal: { mean: 0, stddev: 1 }, type: float32 }
      d: { uniform: { min: -999.99, max: 999.99 }, type: "decimal(12,2)" }
      at: { uniform: { min: "2026-01-01T00:00:00Z", max: "2030-01-01T00:00:00Z" }, type: "timestamp(us, UTC)" }
      s: { words: {}, nulls: 0.1 }
changes: { count: 30_000, mix: { things: { insert: 40, update: { weight: 50, set: [b, f, g, d, at, s] }, delete: 10 } } }
sinks:
  - mysql: { name: t, table: things, url: "${env:DB_URL}" }
"#;
    load.succeeds(yaml, &[]);
    let (code, words) = load.verify(yaml, &[]);
    assert_eq!(
        (code, words),
        (Some(0), "things in sink t: 12 500 rows, all equal".into())
    );
    let types = "SELECT GROUP_CONCAT(column_type ORDER BY ordinal_position) FROM information_schema.columns WHERE table_schema = DATABASE() AND table_name = 'things'";
    assert_eq!(
        load.sql(types),
        "varchar(255),tinyint(1),double,float,decimal(12,2),timestamp(6),longtext"
    );
}

#[test]
fn a_load_stops_where_the_server_takes_a_change_no_more() {
    let load = Load::new(&environment("MYSQL_URL"));
    let yaml = pipeline(20_000, ", connections: 2");
    load.sql("CREATE TABLE customers (id int PRIMARY KEY, email text, CONSTRAINT not_3000 CHECK (id <> 3000))");
    let (code, words) = load.refusal(&yaml, &[]);
    assert_eq!(code, Some(2), "{words}");
    assert!(words.contains("CONSTRAINT `not_3000` failed"), "{words}");
    load.sql("ALTER TABLE customers DROP CONSTRAINT not_3000");
    load.succeeds(&yaml, &[]);
    let (code, words) = load.verify(&yaml, &[]);
    assert_eq!(code, Some(0), "{words}");
}

#[test]
fn rows_that_somebody_takes_away_meanwhile_end_the_load() {
    let load = Load::new(&environment("MYSQL_URL"));
    let yaml = r#"version: 1
name: load
seed: 7
tables:
  things:
    columns: { id: { sequence: { start: 1 } }, v: { uniform: { min: 1, max: 1_000_000 } } }
changes: { count: 100_000, mix: { things: { insert: 40, update: { weight: 50, set: [v] }, delete: 10 } } }
sinks:
  - mysql: { name: t, table: things, url: "${env:DB_URL}", connections: 1 }
"#;
    let mut run = load.command("run", yaml, &["--quiet", "--rate", "10000/s"]);
    let run = run.stderr(Stdio::piped()).spawn().unwrap();
    let there = "SELECT count(*) FROM information_schema.tables WHERE table_schema = DATABASE() AND table_rows > 0";
    until(
        || "rows come".into(),
        Duration::from_secs(60),
        || load.sql(there) == "2",
    );
    load.sql("DELETE FROM things");
    let output = run.wait_with_output().unwrap();
    let words = told(&String::from_utf8_lossy(&output.stderr));
    assert_eq!(output.status.code(), Some(2), "{words}");
    assert!(
        words.starts_with("error: table things lacks ") && words.ends_with(
            " of the rows that changes of this load are of\n  hint: somebody else has removed them: `rowgen verify` names them, and `--overwrite` begins anew"
        ),
        "{words}"
    );
    load.succeeds(yaml, &["--overwrite"]);
    let (code, words) = load.verify(yaml, &[]);
    assert_eq!(code, Some(0), "{words}");
}

#[test]
fn what_cannot_be_is_told_before_the_first_row() {
    let load = Load::new(&environment("MYSQL_URL"));
    for (more, expected) in [
        (
            ", mode: upsert, key: [id]",
            "error: `mode: upsert` is for rows, and these are changes: each says whether its row is there\n  hint: leave `mode` out, or say `mode: truncate`, which begins with an empty table",
        ),
        (
            ", exactly_once: false",
            "error: changes need `exactly_once`: a change that comes twice is another one\n  hint: leave `exactly_once` out",
        ),
    ] {
        let (code, words) = load.refusal(&pipeline(10, more), &[]);
        assert_eq!(code, Some(1), "{words}");
        assert!(words.starts_with(expected), "{words}");
    }
    let yaml = pipeline(10_000, "");
    for (table, expected) in [
        (
            "CREATE TABLE customers (id int, email text)",
            "table customers has no unique index of exactly `id`",
        ),
        (
            "CREATE TABLE customers (id int PRIMARY KEY, mail text)",
            "table customers has no column `email`; did you mean `mail`?",
        ),
        (
            "CREATE TABLE customers (id int PRIMARY KEY, email text, born date NOT NULL)",
            "column `born` of table customers needs a value, and the pipeline has no such column",
        ),
        (
            "CREATE TABLE customers (id int PRIMARY KEY, email text) ENGINE=MyISAM",
            "table customers is kept by MyISAM, which has no transactions: `exactly_once` cannot be promised",
        ),
    ] {
        load.sql(table);
        let (code, words) = load.refusal(&yaml, &[]);
        assert_eq!(code, Some(2), "{words}");
        let expected = format!("error: could not open sink `c`\n  caused by: {expected}");
        assert!(words.starts_with(&expected), "{words}");
        // Nothing is half done.
        let tables = "SELECT (SELECT count(*) FROM customers), count(*) FROM information_schema.tables WHERE table_schema = DATABASE()";
        assert_eq!(load.sql(tables), "0|1");
        load.sql("DROP TABLE customers");
    }
}
