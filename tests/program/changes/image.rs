//! How much of a row updates say, and what `plan` says of changes.

use std::collections::HashMap;

use serde_json::Value;

use super::super::support::Folder;
use super::{CUSTOMERS, MIX, ORDERS, TABLES, by_number, operation, pipeline};

#[test]
fn a_full_image_is_the_row_as_the_update_leaves_it() {
    let folder = Folder::new();
    let sinks = "\n  - file: { tables: all, path: '{table}.jsonl', if_exists: replace }\n";
    let of = |image: &str| {
        let changes = format!("  count: 20_000\n  image: {image}\n  mix:{MIX}");
        pipeline(CUSTOMERS, ORDERS, &changes, sinks)
    };
    let fingerprint = || {
        folder.planned(&[])["fingerprint"]
            .as_str()
            .unwrap()
            .to_string()
    };
    folder.make(&of("minimal"), &[]);
    // `if_exists: skip` keeps what has the fingerprint: rows of another image are others.
    let of_minimal = fingerprint();
    let minimal = by_number(&folder, "");
    folder.make(&of("full"), &[]);
    assert_ne!(fingerprint(), of_minimal);
    let full = by_number(&folder, "");
    let mut there: HashMap<(&str, u64), Value> = HashMap::new();
    let mut updates = 0;
    for (number, (table, change)) in &minimal {
        let (_, key, set) = TABLES.iter().find(|(name, ..)| name == table).unwrap();
        let at = (*table, change[*key].as_u64().unwrap());
        let whole = &full[number].1;
        match operation(change) {
            "update" => {
                updates += 1;
                let row = there.get_mut(&at).unwrap();
                for name in set.iter().chain(&["operation", "change"]) {
                    row[*name] = change[*name].clone();
                }
                assert_eq!(whole, row, "change {number}");
            }
            _ => assert_eq!(whole, change, "change {number}"),
        }
        there.insert(at, whole.clone());
    }
    assert!(updates > 5_000, "{updates}");
    let ended = folder.run(&["verify", "p.yaml"]);
    assert_eq!(ended.code, 0, "{ended:?}");
}

#[test]
fn a_plan_says_what_is_done_to_rows() {
    let folder = Folder::new();
    let of = |count: &str| {
        let changes = format!("{count}  mix:{MIX}");
        // Without end a key needs 64 bits.
        let customers = CUSTOMERS.replace("type: int32, ", "");
        pipeline(
            &customers,
            ORDERS,
            &changes,
            "\n  - discard: { tables: all }\n",
        )
    };
    folder.write("p.yaml", &of("  count: 20_000\n"));
    let ended = folder.run(&["plan", "p.yaml"]);
    let json = folder.planned(&[]);
    let all = json["tables"].as_array().unwrap();
    let sum = |name: &str| -> u64 {
        let counts = all
            .iter()
            .map(|table| table["changes"][name].as_u64().unwrap());
        counts.sum()
    };
    assert_eq!(sum("inserts") + sum("updates") + sum("deletes"), 20_000);
    for table in all {
        let count = |name: &str| table["changes"][name].as_u64().unwrap();
        let shown = |count: u64| rowgen::units::show_count(count);
        let line = format!(
            "  {} inserts, {} updates, {} deletes, in blocks of 1 026 changes of all tables; {} rows are left\n",
            shown(count("inserts")),
            shown(count("updates")),
            shown(count("deletes")),
            shown(count("inserts") - count("deletes"))
        );
        assert!(ended.stdout.contains(&line), "{line}{}", ended.stdout);
    }
    folder.write("p.yaml", &of(""));
    let ended = folder.run(&["plan", "p.yaml"]);
    assert!(
        ended
            .stdout
            .contains("  37.0 % of all changes, in blocks of 1 026 of them\n"),
        "{}",
        ended.stdout
    );
}
