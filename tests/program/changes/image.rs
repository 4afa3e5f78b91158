//! How much of a row updates say.

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
    folder.make(&of("minimal"), &[]);
    let minimal = by_number(&folder, "");
    folder.make(&of("full"), &[]);
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
