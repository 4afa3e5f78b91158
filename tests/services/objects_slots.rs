//! Slots of a schedule whose outputs are objects: each is there once and whole, whoever makes it.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use crate::objects::Lake;

const DAYS: [&str; 5] = [
    "2026-01-01",
    "2026-01-02",
    "2026-01-03",
    "2026-01-04",
    "2026-01-05",
];

/// A command with the shipped pipeline, which writes below `url`.
fn daily(lake: &Lake, url: &str, arguments: &[&str]) -> Command {
    let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("pipelines/daily.yaml");
    let mut command = Command::new(env!("CARGO_BIN_EXE_rowgen"));
    command
        .current_dir(lake.folder.path())
        .env("LAKE", url)
        .arg(arguments[0])
        .arg(shipped)
        .args(["--set", "orders=20000"])
        .args(&arguments[1..])
        .stderr(Stdio::piped());
    command
}

fn backfill(lake: &Lake) -> Child {
    let arguments = [
        "backfill", "--from", DAYS[0], "--to", DAYS[4], "--log", "text",
    ];
    daily(lake, &lake.url(), &arguments).spawn().unwrap()
}

#[test]
fn slots_of_schedulers_that_are_killed_and_work_at_once_are_there_once() {
    let lake = Lake::new("slots");
    for moment in [300, 900, 1500] {
        let mut killed = backfill(&lake);
        std::thread::sleep(Duration::from_millis(moment));
        killed.kill().unwrap();
        killed.wait().unwrap();
    }
    for child in [backfill(&lake), backfill(&lake)] {
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success(), "{output:?}");
    }
    let made = lake.objects();
    let hand = Lake::new("hand");
    for day in DAYS {
        let arguments = ["run", "--run-date", day, "--quiet"];
        let output = daily(&lake, &hand.url(), &arguments).output().unwrap();
        assert!(output.status.success(), "{output:?}");
        assert!(
            made.contains_key(&format!("orders/day={day}/_SUCCESS")),
            "{day}"
        );
    }
    // Fingerprints know the path: manifests alone may differ.
    let data = |objects: std::collections::BTreeMap<String, Vec<u8>>| {
        let is_list = |key: &String| key.contains("manifest");
        objects
            .into_iter()
            .filter(|(key, _)| !is_list(key))
            .collect::<Vec<_>>()
    };
    let (made, by_hand) = (data(made), data(hand.objects()));
    let keys = |all: &[(String, Vec<u8>)]| all.iter().map(|one| one.0.clone()).collect::<Vec<_>>();
    assert_eq!(keys(&made), keys(&by_hand));
    assert!(made == by_hand);
    let output = backfill(&lake).wait_with_output().unwrap();
    let words = String::from_utf8_lossy(&output.stderr);
    assert!(
        words.contains("5 slots: 5 there already; 0 rows"),
        "{words}"
    );
}

/// In a folder that slots share each is compared with its own partitions.
#[test]
fn a_slot_is_verified_among_others_in_one_folder() {
    for sink in [
        "partition_by: day",
        "partition_by: [day, month(at)], order_by: id",
    ] {
        let lake = Lake::new("shared");
        let yaml = format!(
            "version: 1\nseed: \"a ${{run_date}}\"\nschedule: {{ cron: \"0 2 * * *\" }}\ntables: {{ t: {{ rows: 100, columns: {{ id: sequence, day: {{ choice: [\"${{run_date}}\"] }}, at: {{ type: timestamp(us), uniform: {{ min: 2026-01-01, max: 2026-06-30 }} }} }} }} }}\nsinks:\n  - file: {{ path: PATH, format: parquet, {sink}, if_exists: replace_partitions }}\n"
        );
        let days = ["--from", DAYS[0], "--to", DAYS[2], "--log", "text"];
        let output = lake.command("backfill", &yaml, &days).output().unwrap();
        assert!(output.status.success(), "{output:?}");
        let verify = |day: &str| {
            let arguments = ["--run-date", day];
            lake.command("verify", &yaml, &arguments).output().unwrap()
        };
        for day in &DAYS[..3] {
            let output = verify(day);
            assert!(output.status.success(), "{sink} {day}: {output:?}");
        }
        assert!(!verify(DAYS[3]).status.success());
    }
}

/// A manifest that was cut short is not believed, and `--overwrite` is the way out that is told.
#[test]
fn a_manifest_that_was_cut_short_is_replaced_with_its_dataset() {
    let lake = Lake::new("cut");
    let yaml = crate::objects::table(3_000, "path: PATH, format: csv, files: 3, if_exists: skip");
    lake.succeeds(&yaml, &[]);
    let made = lake.objects();
    let manifest = String::from_utf8(made["_rowgen/manifest.jsonl"].clone()).unwrap();
    let first = manifest.lines().next().unwrap();
    for cut in ["", &first[..20], &format!("{first}\n")] {
        lake.put("_rowgen/manifest.jsonl", cut);
        let (code, words) = lake.refusal(&yaml, &[]);
        assert_eq!(code, Some(2), "{words}");
        assert!(words.contains("`--overwrite` replaces it"), "{words}");
        lake.succeeds(&yaml, &["--overwrite"]);
        assert!(lake.objects() == made);
    }
}
