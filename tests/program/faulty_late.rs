//! `late` by a time: a row comes behind all rows whose times are below its own and a delay, wherever batches and
//! slices are cut.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::faulty::{Lines, lines, made, replayed};
use super::support::Folder;

const TABLE: &str = "version: 1
name: l
seed: 3
tables:
  t:
    rows: 20_000
    columns:
      id: sequence
      at: { type: \"timestamp(ms, UTC)\", event_time: { start: 2026-01-01, rate: 30/min, arrivals: poisson } }
      kind: { choice: [A, B] }
sinks:
  - file: { path: clean.csv }
";

const LATE: &str = "  - file:
      name: dirty
      path: dirty.csv
      where: \"kind = 'A'\"
      faults:
        late: { rate: 0.05, delay: 10min }
        missing: { rate: 0.01 }
        out_of_order: { window: 3, rate: 0.1 }
      ledger: { path: faults.jsonl }
";

/// Milliseconds of the day of the month, of a time in CSV.
fn millis(text: &[u8]) -> u64 {
    let text = String::from_utf8_lossy(text);
    let part = |from: usize, to: usize| text[from..to].parse::<u64>().unwrap();
    let seconds = ((part(8, 10) * 24 + part(11, 13)) * 60 + part(14, 16)) * 60 + part(17, 19);
    let rest = text.get(20..).unwrap_or_default().trim_end_matches('Z');
    seconds * 1_000 + format!("{rest:0<3}").parse::<u64>().unwrap()
}

#[test]
fn late_rows_come_behind_all_of_earlier_times() {
    let yaml = format!("{TABLE}{LATE}");
    let folder = made(&yaml, &["--threads=2"]);
    let clean = lines(&folder.bytes("clean.csv"));
    let (dirty, ledger) = (folder.bytes("dirty.csv"), folder.read("faults.jsonl"));
    let left_out = (0..).zip(&clean).filter(|(_, row)| row[2] != b"A");
    let left_out: BTreeSet<u64> = left_out.map(|(row, _)| row).collect();
    assert!(replayed(&clean, &["id", "at", "kind"], &ledger, left_out) == lines(&dirty));
    let times: Vec<u64> = clean.iter().map(|row| millis(&row[1])).collect();
    assert!(times.is_sorted());
    let mut delays = Vec::new();
    for line in ledger.lines() {
        let line: Value = serde_json::from_str(line).unwrap();
        if line["kind"] != "late" {
            continue;
        }
        let row = line["row"].as_u64().unwrap() as usize;
        let slot: usize = line["after"].as_str().unwrap().parse().unwrap();
        // Some delay is above the one and not above the other.
        let least = times[slot] - times[row] + 1;
        let most = times
            .get(slot + 1)
            .map_or(u64::MAX, |next| next - times[row]);
        assert!(least <= 600_000 && least <= most && most > 0, "{line}");
        delays.push(least);
    }
    assert!((400..600).contains(&delays.len()), "{}", delays.len());
    let mean = delays.iter().sum::<u64>() / delays.len() as u64;
    assert!((270_000..330_000).contains(&mean), "{mean}");
    for (threads, batch) in [("1", "64"), ("8", "16384"), ("2", "777")] {
        let threads = format!("--threads={threads}");
        let other = made(&yaml, &[&threads, &format!("--batch-rows={batch}")]);
        assert_eq!(other.bytes("dirty.csv"), dirty, "{batch}");
        assert_eq!(other.read("faults.jsonl"), ledger, "{batch}");
    }
    let (mut rows, mut told) = (Lines::new(), String::new());
    for slice in 1..=3 {
        let part = made(&yaml, &[&format!("--slice={slice}/3")]);
        let all = part.names("");
        let name = |begin: &str| all.iter().find(|name| name.starts_with(begin)).unwrap();
        rows.extend(lines(&part.bytes(name("dirty"))));
        told.push_str(&part.read(name("faults")));
    }
    assert!(rows == lines(&dirty) && told == ledger);
    let ended = folder.run(&["verify", "p.yaml"]);
    assert_eq!(ended.code, 0, "{ended:?}");
    let ended = folder.run(&["plan", "p.yaml"]);
    let told = "with faults of rows: a row comes up to 2 rows late, or as late as `delay` says, by the times of at\n";
    assert!(ended.stdout.contains(told), "{}", ended.stdout);
}

#[test]
fn what_has_no_such_times_is_refused_with_its_line() {
    let sink = |columns: &str| {
        let columns = TABLE.replace("      kind:", &format!("{columns}      kind:"));
        format!(
            "{columns}  - file: {{ path: d.csv, columns: [id, kind, at2], faults: {{ late: {{ rate: 0.1, delay: 5min }} }} }}\n"
        )
    };
    let told: BTreeMap<&str, String> = [
        ("nulls", "      at2: { copy: at, nulls: 0.1 }\n"),
        (
            "falls",
            "      at2: { type: timestamp, uniform: { min: 2026-01-01, max: 2026-02-01 } }\n",
        ),
        ("rises", "      at2: { copy: at }\n"),
    ]
    .map(|(name, column)| {
        let folder = Folder::new();
        folder.write("p.yaml", &sink(column));
        (name, folder.run(&["check", "p.yaml"]).stderr)
    })
    .into();
    let refused = "error: sink `file-2` has no column of times that never fall\n  --> p.yaml:14:88\n   |\n14 |   - file: { path: d.csv, columns: [id, kind, at2], faults: { late: { rate: 0.1, delay: 5min } } }\n   |                                                                                        ^^^^\n  hint: `event_time` makes such times without nulls, and the sink must have the column; a `delay` in rows needs none\n";
    assert_eq!(told["nulls"], refused);
    assert_eq!(told["falls"], refused);
    assert_eq!(told["rises"], "p.yaml: no mistakes found\n");
}
