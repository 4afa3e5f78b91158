//! A run that ends by time has no ledger: it would tell of other rows than those that came.

use super::endings::limited;
use super::support::Folder;

const PIPELINE: &str = "version: 1
tables:
  t: { rows: 1_000_000_000, columns: { id: sequence } }
sinks:
  - file: { path: t.csv, faults: { missing: { rate: 0.1 } } }
";

#[test]
fn a_ledger_of_a_run_that_ends_by_time_is_refused() {
    let folder = Folder::new();
    let ledger = PIPELINE.replace("0.1 } } }", "0.1 } }, ledger: { path: l.csv } }");
    let said = "a `ledger` names the faults of a number of rows, and this run ends by time";
    let hint = "\n  hint: say how many `rows` there are, in the place of `for`\n";
    folder.write("p.yaml", &ledger);
    let ended = folder.run(&["run", "p.yaml", "--quiet", "--for", "1s"]);
    assert_eq!(ended.code, 1, "{ended:?}");
    let begins = format!("error: {said}\n --> p.yaml:5:72\n");
    assert!(ended.stderr.starts_with(&begins), "{ended:?}");
    assert!(ended.stderr.ends_with(hint), "{ended:?}");
    folder.write("p.yaml", &format!("{ledger}run: {{ for: 1s }}\n"));
    let ended = folder.run(&["check", "p.yaml"]);
    assert_eq!(ended.code, 1, "{ended:?}");
    assert!(ended.stderr.contains(said), "{ended:?}");
    // The rows alone may end whenever they like.
    folder.write("p.yaml", PIPELINE);
    let ended = folder.run(&["run", "p.yaml", "--quiet", "--for", "1s"]);
    assert_eq!(ended.code, 0, "{ended:?}");
    assert!(folder.path("t.csv").exists());
}

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
