//! Changes applied to a real PostgreSQL: the same rows whatever is killed and restarted, what others do to
//! them found and explained, and what cannot be told before the first row.

use std::ops::Deref;
use std::process::Stdio;
use std::time::Duration;

use crate::environment;
use crate::postgres::{fresh, sql_at};
use crate::postgres_errors::told;
use crate::runs::Runs;
use crate::servers::Servers;

/// A database of a test's own schema, and a load into it.
struct Load {
    runs: Runs,
    customers: String,
    orders: String,
}

impl Load {
    fn new(url: &str) -> Self {
        let schema = fresh("changes");
        sql_at(url, &format!("CREATE SCHEMA {schema}"));
        Self {
            runs: Runs::into(url.to_string()),
            customers: format!("{schema}.customers"),
            orders: format!("{schema}.orders"),
        }
    }

    fn pipeline(&self, count: u64, more: &str) -> String {
        let (customers, orders) = (&self.customers, &self.orders);
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
      status: {{ choice: [PENDING, SHIPPED, DELIVERED, CANCELLED], nulls: 0.1 }}
      note: {{ uniform: {{ min: 1, max: 1_000_000_000 }} }}
changes:
  count: {count}
  mix:
    customers: {{ insert: 20, update: {{ weight: 20, set: [email] }} }}
    orders: {{ insert: 40, update: {{ weight: 18, set: [status, note], target: {{ distribution: latest }} }}, delete: 2 }}
sinks:
  - postgres: {{ name: c, table: customers, url: "${{env:DB_URL}}", into: {customers}{more} }}
  - postgres: {{ name: o, table: orders, url: "${{env:DB_URL}}", into: {orders}{more} }}
"#
        )
    }

    fn sql(&self, statement: &str) -> String {
        let statement = statement
            .replace("ORDERS", &self.orders)
            .replace("CUSTOMERS", &self.customers);
        sql_at(&self.url, &statement)
    }

    /// The error of a run that does not begin, or ends with one.
    fn refusal(&self, yaml: &str, arguments: &[&str]) -> (Option<i32>, String) {
        let (code, words) = self.runs.refusal(yaml, arguments);
        let words = words
            .replace(&self.customers, "CUSTOMERS")
            .replace(&self.orders, "ORDERS");
        (code, words)
    }
}

impl Deref for Load {
    type Target = Runs;

    fn deref(&self) -> &Runs {
        &self.runs
    }
}

/// What `verify` says of a load of which all is well.
fn all_equal(customers: &str, orders: &str) -> (Option<i32>, String) {
    let words = format!(
        "customers in sink c: {customers} rows, all equal\norders in sink o: {orders} rows, all equal"
    );
    (Some(0), words)
}

#[test]
fn fifty_thousand_changes_survive_kills_and_restarts() {
    let servers = Servers::start(&["postgres"], &[]);
    let load = Load::new(&servers.variable("POSTGRES_URL"));
    let yaml = |connections: u64| {
        let more = format!(", connections: {connections}, transaction_rows: 100");
        load.pipeline(50_000, &more)
    };
    let mut kills = 0;
    for (round, connections) in [4, 1, 7, 2, 16].into_iter().enumerate() {
        let arguments = [
            "--batch-rows",
            ["400", "700", "150", "400", "1000"][round],
            "--quiet",
        ];
        // Slow enough to be killed on the way.
        let slowly = ["--rate", "9000/s"];
        let mut run = load.command("run", &yaml(connections), &arguments);
        let mut run = run.args(slowly).stderr(Stdio::null()).spawn().unwrap();
        std::thread::sleep(Duration::from_millis(900));
        if round % 2 == 1 {
            servers.act("restart", "postgres");
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
    assert_eq!(load.verify(&yaml(3), &[]), all_equal("17 000", "16 300"));
    // What is done is not done again.
    let before = load.sql("SELECT sum(xmin::text::bigint) FROM ORDERS");
    load.succeeds(&yaml(5), &[]);
    assert_eq!(
        load.sql("SELECT sum(xmin::text::bigint) FROM ORDERS"),
        before
    );
}

#[test]
fn what_others_do_to_the_rows_is_named_with_the_changes_that_explain_it() {
    let load = Load::new(&environment("POSTGRES_URL"));
    let yaml = load.pipeline(30_000, ", connections: 2");
    load.succeeds(&yaml, &[]);
    let (code, words) = load.verify(&yaml, &[]);
    assert_eq!(code, Some(0), "{words}");
    // All that came later is known as such, however much later.
    let (code, words) = load.verify(&yaml, &["--at", "10000"]);
    assert_eq!(code, Some(3), "{words}");
    assert!(!words.contains("no change"), "{words}");
    // Rows as they were after the last but one of their updates.
    let history = |key: &str| {
        let arguments = ["--table", "customers", "--key", key, "--history", "--json"];
        let output = load.command("expect", &yaml, &arguments).output().unwrap();
        let lines = String::from_utf8(output.stdout).unwrap();
        let lines = lines
            .lines()
            .map(|line| serde_json::from_str(line).unwrap());
        lines.collect::<Vec<serde_json::Value>>()
    };
    let keys: Vec<String> = (1..200).map(|key: u64| key.to_string()).collect();
    let twice = keys.iter().find(|key| history(key).len() == 3).unwrap();
    let past = history(twice);
    let value = |at: usize, name: &str| past[at]["values"][name].to_string().replace('"', "");
    let number = |at: usize| -> u64 { value(at, "change").parse().unwrap() };
    load.sql(&format!(
        "UPDATE CUSTOMERS SET email = '{}' WHERE id = {twice}",
        value(1, "email")
    ));
    load.sql("UPDATE CUSTOMERS SET email = 'nobody' WHERE id = 3000");
    load.sql("DELETE FROM ORDERS WHERE order_id = 77");
    load.sql("INSERT INTO ORDERS (order_id, customer_id) VALUES (99999999, 1)");
    let (code, words) = load.verify(&yaml, &[]);
    let shown = rowgen::units::show_count;
    let (last, before) = (number(2), number(1));
    let row = twice.parse::<u64>().unwrap() - 1;
    let (expected, found) = (value(2, "email"), value(1, "email"));
    let lost = format!(
        "  different: id {twice}, row {row}; email: expected {expected}, found {found}; as after change {}: change {} is lost, or came before it\n",
        shown(before),
        shown(last)
    );
    assert_eq!(code, Some(3), "{words}");
    assert!(words.contains(&lost), "{words}\n{lost}");
    assert!(
        words.contains("found nobody; no change of this row makes these values\n"),
        "{words}"
    );
    assert!(
        words.contains("customers in sink c: 12 998 equal, 2 different\n"),
        "{words}"
    );
    assert!(
        words.contains("missing: order_id 77, row 76; as without change 10 1"),
        "{words}"
    );
    assert!(words.contains(" equal, 1 missing, 1 extra\n"), "{words}");
    assert!(words.ends_with("; no change makes such a row"), "{words}");
    // Somebody has taken a row away that a change is of.
    let more = load.pipeline(30_000, ", connections: 2");
    load.sql("DELETE FROM ORDERS; DELETE FROM CUSTOMERS");
    let (code, words) = load.refusal(&more, &["--seed", "8"]);
    assert_eq!(
        (code, words),
        (Some(0), String::new()),
        "its own rows are there"
    );
}

#[test]
fn a_load_stops_where_the_server_takes_a_change_no_more() {
    let load = Load::new(&environment("POSTGRES_URL"));
    let yaml = load.pipeline(20_000, ", connections: 2");
    load.sql("CREATE TABLE CUSTOMERS (id int PRIMARY KEY, email text CHECK (id <> 3000))");
    let (code, words) = load.refusal(&yaml, &[]);
    assert_eq!(code, Some(2));
    let expected = "error: table `customers`, change 2 999: new row for relation \"customers\" violates check constraint \"customers_id_check\"";
    assert!(words.starts_with(expected), "{words}");
    let hint = "  hint: what was committed before stays, and the same run goes on with this change once the table takes it\nerror: it goes no further: a table that its changes wait for has failed";
    assert!(words.ends_with(hint), "{words}");
    load.sql("ALTER TABLE CUSTOMERS DROP CONSTRAINT customers_id_check");
    load.succeeds(&yaml, &[]);
    let (code, words) = load.verify(&yaml, &[]);
    assert_eq!(code, Some(0), "{words}");
    // A row that should be there is not, while changes of it come.
    let longer = load.pipeline(20_000, ", connections: 2, mode: truncate");
    load.sql(&format!(
        "CREATE FUNCTION {}_none() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'; \
         CREATE TRIGGER gone BEFORE UPDATE ON CUSTOMERS FOR EACH ROW WHEN (OLD.id = 2) EXECUTE FUNCTION {}_none()",
        load.customers, load.customers
    ));
    let (code, words) = load.refusal(&longer, &["--overwrite"]);
    assert_eq!(
        (code, words),
        (
            Some(2),
            "error: table CUSTOMERS lacks 1 of the rows that changes of this load are of\n  hint: somebody else has removed them: `rowgen verify` names them, and `--overwrite` begins anew\nerror: it goes no further: a table that its changes wait for has failed".into()
        )
    );
}

#[test]
fn what_cannot_be_is_told_before_the_first_row() {
    let load = Load::new(&environment("POSTGRES_URL"));
    let unopened =
        |sink: &str, why: &str| format!("error: could not open sink `{sink}`\n  caused by: {why}");
    let cases = [
        (
            ", mode: upsert, key: [id]",
            "error: `mode: upsert` is for rows, and these are changes: each says whether its row is there\n  hint: leave `mode` out, or say `mode: truncate`, which begins with an empty table",
        ),
        (
            ", on_bad_row: skip",
            "error: `on_bad_row` would leave changes out that later ones need\n  hint: leave `on_bad_row` out: the first change that the server does not take ends the run",
        ),
        (
            ", exactly_once: false",
            "error: changes need `exactly_once`: a change that comes twice is another one\n  hint: leave `exactly_once` out",
        ),
    ];
    for (more, expected) in cases {
        let (code, words) = load.refusal(&load.pipeline(10, more), &[]);
        assert_eq!(code, Some(1), "{words}");
        assert!(words.starts_with(expected), "{words}");
    }
    let yaml = load.pipeline(10_000, "");
    let (code, words) = load.refusal(&yaml, &["--slice", "1/2"]);
    let slices = "changes cannot be applied by slices: they wait for each other\n  hint: leave `--slice` out: `connections` is how many changes are applied at once";
    assert_eq!(code, Some(2));
    assert!(words.starts_with(&unopened("c", slices)), "{words}");
    let tables = [
        (
            "CREATE TABLE CUSTOMERS (id int, email text)",
            "table CUSTOMERS has no unique index by `id`, by which changes find their rows",
        ),
        (
            "CREATE TABLE CUSTOMERS (id smallint PRIMARY KEY, email text)",
            "column `id` of table CUSTOMERS: int32 may be too large for an integer of 16 bits",
        ),
        (
            "CREATE TABLE CUSTOMERS (id int PRIMARY KEY, mail text)",
            "table CUSTOMERS has no column `email`; did you mean `mail`?",
        ),
        (
            "CREATE TABLE CUSTOMERS (id int PRIMARY KEY, email text, born date NOT NULL)",
            "column `born` of table CUSTOMERS needs a value, and the pipeline has no such column",
        ),
    ];
    for (table, expected) in tables {
        load.sql(table);
        let (code, words) = load.refusal(&yaml, &[]);
        assert_eq!(code, Some(2), "{words}");
        assert!(words.starts_with(&unopened("c", expected)), "{words}");
        // Nothing is half done.
        assert_eq!(
            load.sql("SELECT count(*) || ' ' || (to_regclass('ORDERS') IS NULL) FROM CUSTOMERS"),
            "0 true"
        );
        load.sql("DROP TABLE CUSTOMERS");
    }
}

#[test]
fn who_may_not_is_told_before_the_first_row() {
    let load = Load::new(&environment("POSTGRES_URL"));
    let role = fresh("nobody");
    load.sql(&format!("CREATE ROLE {role} LOGIN PASSWORD 'pa55word'"));
    let url = load
        .url
        .replacen("rowgen@", &format!("{role}:pa55word@"), 1);
    let yaml = load.pipeline(10_000, "");
    let mut command = load.command("run", &yaml, &["--quiet"]);
    let output = command.env("DB_URL", url).output().unwrap();
    let words = told(&String::from_utf8_lossy(&output.stderr));
    let schema = load.customers.split('.').next().unwrap();
    let expected = format!(
        "the user lacks privileges: USAGE, CREATE on SCHEMA \"{schema}\"\n  hint: an owner gives them: GRANT USAGE, CREATE ON SCHEMA \"{schema}\" TO \"{role}\"\n"
    );
    assert_eq!(output.status.code(), Some(2), "{words}");
    assert!(words.contains(&expected), "{words}");
    assert!(!words.contains("pa55word"), "{words}");
    // A server that is not there.
    let mut command = load.command("run", &yaml, &["--quiet"]);
    let nowhere = "postgres://me:pa55word@127.0.0.1:1/d";
    let output = command.env("DB_URL", nowhere).output().unwrap();
    let words = told(&String::from_utf8_lossy(&output.stderr));
    let away = "error: could not open sink `c`\n  caused by: connecting in 127.0.0.1:1/d\n  caused by: Connection refused (os error 111)\n  hint: is it running, and is `url` right?";
    assert_eq!(output.status.code(), Some(2), "{words}");
    assert!(words.starts_with(away), "{words}");
}

#[test]
fn columns_of_lists_are_updated() {
    let load = Load::new(&environment("POSTGRES_URL"));
    let things = load.customers.replace("customers", "things");
    let yaml = format!(
        r#"version: 1
name: load
seed: 7
tables:
  things:
    columns:
      id: {{ sequence: {{ start: 1 }} }}
      numbers: {{ list: {{ of: {{ uniform: {{ min: 1, max: 1000 }}, type: int32, nulls: 0.2 }}, length: {{ uniform: {{ min: 0, max: 4 }} }} }}, nulls: 0.2 }}
      words: {{ list: {{ of: {{ choice: [a, "b,c", "d\"e", ""] }}, length: 2 }} }}
      v: {{ uniform: {{ min: 1, max: 1_000_000 }} }}
changes: {{ count: 20_000, mix: {{ things: {{ insert: 40, update: {{ weight: 50, set: [numbers, words, v] }}, delete: 10 }} }} }}
sinks:
  - postgres: {{ name: t, table: things, url: "${{env:DB_URL}}", into: {things}, connections: 2 }}
"#
    );
    load.succeeds(&yaml, &[]);
    let (code, words) = load.verify(&yaml, &[]);
    assert_eq!(
        (code, words),
        (Some(0), "things in sink t: 9 500 rows, all equal".into())
    );
    let kinds = format!(
        "SELECT count(*) FILTER (WHERE numbers IS NULL) > 100, count(*) FILTER (WHERE numbers = '{{}}') > 100, \
         count(*) FILTER (WHERE array_position(numbers, NULL) > 0) > 100, count(DISTINCT words) FROM {things}"
    );
    assert_eq!(load.sql(&kinds), "t|t|t|16");
}
