//! Rows with faults and their ledger come both or not at all.

use super::endings::limited;
use super::support::Folder;

/// Rows whose faults nobody names, or names of faults that are not there: neither is published.
#[test]
fn rows_and_ledger_come_both_or_not_at_all() {
    // With the greater rate the ledger is larger than the rows.
    for (rate, fails) in [("1", "l.csv"), ("0.001", "t.csv")] {
        let folder = Folder::new();
        folder.write(
            "p.yaml",
            &format!(
                "version: 1
tables:
  t: {{ rows: 40_000, columns: {{ id: sequence, k: {{ choice: [a, b, c] }} }} }}
sinks:
  - file: {{ path: t.csv, faults: {{ nulls: {{ columns: k, rate: {rate} }} }}, ledger: {{ path: l.csv }} }}
"
            ),
        );
        // Blocks of 1 KiB: the rows alone are 300 KB, or 330.
        let most = if rate == "1" { 500 } else { 200 };
        let ended = limited(&folder, &format!("ulimit -f {most}"), "run p.yaml --quiet");
        assert_eq!(ended.code, 2, "{ended:?}");
        assert!(ended.stderr.contains(&format!("`{fails}`")), "{ended:?}");
        assert!(!folder.path("t.csv").exists(), "{ended:?}");
        assert!(!folder.path("l.csv").exists(), "{ended:?}");
    }
}
