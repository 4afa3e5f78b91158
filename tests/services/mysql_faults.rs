//! `faults` and `ledger` of MariaDB: what SQL finds different between the clean and the faulty table is what the
//! table of the ledger says, both ways.

use crate::mysql::{sql, succeeds};
use crate::postgres::fresh;

const COLUMNS: &[&str] = &["city", "town", "n", "d"];

/// 10 000 rows as they are, those of even numbers with faults, and the ledger of these.
fn load(name: &str) {
    let yaml = format!(
        "version: 1
name: p
seed: 7
tables:
  t:
    rows: 10_000
    columns:
      id: {{ sequence: {{}}, type: int64 }}
      city: {{ choice: {{ Zürich: 3, Genève: 2, Lugano: 1 }} }}
      town: {{ choice: {{ Chur: 3, Davos: 2, Arosa: 1 }} }}
      n: {{ type: int32, uniform: {{ min: 0, max: 100 }}, nulls: 0.1 }}
      d: {{ type: \"decimal(8,2)\", uniform: {{ min: -20, max: 40 }} }}
sinks:
  - mysql: {{ url: \"${{env:DB_URL}}\", into: {name}_clean }}
  - mysql:
      url: \"${{env:DB_URL}}\"
      into: {name}_faulty
      connections: 2
      where: \"id % 2 = 0\"
      faults:
        missing: {{ rate: 0.05 }}
        late: {{ rate: 0.05, delay: 300 }}
        duplicates: {{ rate: 0.05, copies: 2, within: 9 }}
        nulls: {{ columns: [city, d], rate: 0.05 }}
        corrupt:
          - {{ columns: [city, town], rate: 0.05, kinds: [truncate, mojibake, swap] }}
          - {{ columns: [n, d], rate: 0.05, kinds: out_of_range }}
      ledger: {{ mysql: {{ url: \"${{env:DB_URL}}\", into: {name}_ledger }} }}
"
    );
    succeeds(&yaml, &[]);
}

/// How many rows two queries have in common, which must be all of both.
#[track_caller]
fn same(found: &str, told: &str) -> u32 {
    for (one, other) in [(found, told), (told, found)] {
        let more = sql(&format!("({one}) EXCEPT ALL ({other}) LIMIT 3"));
        assert_eq!(more, "", "{one}\n{other}");
    }
    sql(&format!("SELECT count(*) FROM ({told}) t"))
        .parse()
        .unwrap()
}

#[test]
fn the_ledger_is_what_sql_finds() {
    let name = fresh("faults");
    load(&name);
    let clean = format!("(SELECT * FROM {name}_clean WHERE id % 2 = 0)");
    let (faulty, ledger) = (format!("{name}_faulty"), format!("{name}_ledger"));
    let missing = same(
        &format!("SELECT id FROM {clean} c WHERE id NOT IN (SELECT id FROM {faulty})"),
        &format!("SELECT CAST(`key` AS SIGNED) FROM {ledger} WHERE kind = 'missing'"),
    );
    let twice = same(
        &format!("SELECT id, count(*) - 1 FROM {faulty} GROUP BY id HAVING count(*) > 1"),
        &format!(
            "SELECT CAST(`key` AS SIGNED), count(*) FROM {ledger} WHERE kind = 'duplicates' GROUP BY `key`"
        ),
    );
    assert!(missing > 150 && twice > 150, "{missing}, {twice}");
    let others = format!("SELECT id FROM {faulty} WHERE id NOT IN (SELECT id FROM {clean} c)");
    assert_eq!(sql(&others), "");
    for column in COLUMNS {
        let hit = same(
            &format!(
                "SELECT DISTINCT id, CONCAT(c.`{column}`), CONCAT(f.`{column}`) FROM {clean} c JOIN {faulty} f USING (id) WHERE NOT c.`{column}` <=> f.`{column}`"
            ),
            &format!(
                "SELECT CAST(`key` AS SIGNED), `before`, `after` FROM {ledger} WHERE `column` = '{column}'"
            ),
        );
        assert!(hit > 150, "{column}: {hit}");
    }
    // The numbers of its rows are those of the table.
    let numbers = format!("SELECT count(*) FROM {ledger} WHERE `row` + 1 <> CAST(`key` AS SIGNED)");
    assert_eq!(sql(&numbers), "0");
    assert_ne!(
        sql(&format!(
            "SELECT count(*) FROM {ledger} WHERE kind = 'late'"
        )),
        "0"
    );
}
