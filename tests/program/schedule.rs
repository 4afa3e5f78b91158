//! Schedules: each slot's dataset is there once and whole, as the one that is made by hand, whatever is killed
//! and whenever it is begun again.

#[cfg(feature = "serve")]
mod service;

use std::io::Read;
use std::process::{Child, Stdio};
use std::time::Duration;

use super::support::Folder;

/// Fifty days with that on which clocks in Rome go forward.
const FIRST: &str = "2026-03-01";
const LAST: &str = "2026-04-19";
const DAYS: usize = 50;

fn pipeline(schedule: &str) -> String {
    format!(
        r#"
version: 1
name: daily
schedule: {{ cron: "15 2 * * *", zone: Europe/Rome, {schedule} }}
tables:
  orders:
    rows: 30_000
    columns:
      id: sequence
      at: {{ type: "timestamp(us, UTC)", event_time: {{ start: "${{run_date}}", rate: 1/s }} }}
      total: {{ type: "decimal(10,2)", uniform: {{ min: 1, max: 500 }} }}
  days:
    rows: 10
    columns: {{ id: sequence, slot: {{ constant: "${{slot}}" }} }}
sinks:
  - file: {{ table: orders, path: "lake/${{run_date}}/orders", format: parquet, files: 3, if_exists: skip }}
  - file: {{ table: days, path: "lake/${{run_date}}/days.csv", if_exists: skip }}
"#
    )
}

/// Numbers that are the same in every run of the tests.
struct Moments(u64);

impl Moments {
    fn below(&mut self, most: u64) -> Duration {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        Duration::from_millis((self.0 >> 33) % most)
    }
}

/// The days of all slots.
fn days() -> Vec<String> {
    let first: chrono::NaiveDate = FIRST.parse().unwrap();
    let days = first.iter_days().take(DAYS).map(|day| day.to_string());
    days.collect()
}

/// Every file below a folder of each day is, byte by byte, the one that a run of that day alone makes.
fn equals_by_hand(folder: &Folder) {
    for day in days() {
        let by_hand = folder.run(&[
            "run",
            "p.yaml",
            "--run-date",
            &day,
            "--out",
            "hand",
            "--quiet",
        ]);
        assert_eq!(by_hand.code, 0, "{}", by_hand.stderr);
    }
    let (made, by_hand) = (folder.names("lake"), folder.names("hand/lake"));
    let odd: Vec<&String> = made.iter().filter(|name| !by_hand.contains(name)).collect();
    assert!(odd.is_empty(), "{odd:?}");
    assert_eq!(made.len(), by_hand.len());
    assert!(made.len() > DAYS * 6, "{}", made.len());
    for name in made {
        let (one, other) = (format!("lake/{name}"), format!("hand/lake/{name}"));
        let same = folder.bytes(&one) == folder.bytes(&other);
        let text = |path: &str| String::from_utf8_lossy(&folder.bytes(path)).into_owned();
        assert!(same, "{name}:\n{}\n{}", text(&one), text(&other));
    }
}

fn backfill(folder: &Folder) -> Child {
    let arguments = [
        "backfill", "p.yaml", "--from", FIRST, "--to", LAST, "--log", "text",
    ];
    let mut command = folder.command(&arguments);
    command.stderr(Stdio::piped()).spawn().unwrap()
}

#[test]
fn a_backfill_that_is_killed_again_and_again_ends_as_by_hand() {
    let folder = Folder::new();
    folder.write("p.yaml", &pipeline("start: 2026-03-01"));
    let mut moments = Moments(7);
    let (mut kills, mut said) = (0, String::new());
    loop {
        let mut child = backfill(&folder);
        std::thread::sleep(Duration::from_millis(20) + moments.below(250));
        if child.try_wait().unwrap().is_none() && kills < 30 {
            child.kill().unwrap();
            kills += 1;
        }
        let status = child.wait().unwrap();
        said.clear();
        child
            .stderr
            .take()
            .unwrap()
            .read_to_string(&mut said)
            .unwrap();
        if status.success() {
            break;
        }
        assert_eq!(status.code(), None, "{said}");
    }
    assert!(kills >= 5, "{kills}");
    assert!(said.contains("50 slots: "), "{said}");
    equals_by_hand(&folder);
    let again = folder.run(&[
        "backfill", "p.yaml", "--from", FIRST, "--to", LAST, "--log", "text",
    ]);
    assert!(
        again
            .stderr
            .ends_with("50 slots: 50 there already; 0 rows\n"),
        "{}",
        again.stderr
    );
}

#[test]
fn two_backfills_at_once_end_as_by_hand() {
    let folder = Folder::new();
    folder.write("p.yaml", &pipeline("start: 2026-03-01, max_parallel: 2"));
    let mut children = [backfill(&folder), backfill(&folder)];
    for child in &mut children {
        let status = child.wait().unwrap();
        let mut said = String::new();
        child
            .stderr
            .take()
            .unwrap()
            .read_to_string(&mut said)
            .unwrap();
        assert_eq!(status.code(), Some(0), "{said}");
    }
    equals_by_hand(&folder);
}

#[test]
fn mistakes_are_told_with_their_places() {
    let folder = Folder::new();
    let with = |schedule: &str, sink: &str| {
        format!(
            "version: 1\nschedule: {schedule}\ntables: {{ t: {{ rows: 3, columns: {{ id: sequence, day: {{ choice: [a, b] }} }} }} }}\nsinks:\n  - {sink}\n"
        )
    };
    let by_day = "file: { path: \"${run_date}.csv\", if_exists: skip }";
    let daily = "{ cron: \"15 2 * * *\" }";
    let said: Vec<String> = [
        ("{ cron: \"15 25 * * *\" }", by_day),
        ("{ cron: \"0 0 30 2 *\" }", by_day),
        ("{ cron: \"0 2 * * *\", zone: Europe/Roma }", by_day),
        ("{ cron: \"0 2 * * *\", catch_up: all }", by_day),
        ("{ cron: \"0 2 * * *\", catch_up: some }", by_day),
        (
            "{ cron: \"0 2 * * *\", start: yesterday, max_parallel: 0 }",
            by_day,
        ),
        ("{ zone: UTC }", by_day),
        ("{ cron: \"0 * * * *\" }", by_day),
        (daily, "file: { path: out.csv, if_exists: skip }"),
        (daily, "file: { path: \"${run_date}.csv\" }"),
        (
            daily,
            "file: { path: \"${run_date}.csv\", if_exists: replace }",
        ),
        (
            daily,
            "file: { path: out, format: csv, partition_by: day, if_exists: replace_partitions }",
        ),
        (daily, "discard: {}"),
    ]
    .iter()
    .map(|(schedule, sink)| {
        folder.write("p.yaml", &with(schedule, sink));
        let slot = if schedule.contains("0 *") {
            "2026-01-15T02-00"
        } else {
            "2026-01-15T02-15"
        };
        let ended = folder.run(&["check", "p.yaml", "--slot", slot]);
        assert_eq!(ended.code, 1, "{schedule} {sink}: {}", ended.stderr);
        ended.stderr
    })
    .collect();
    insta::assert_snapshot!(said.join("\n"));
}

#[test]
fn a_slot_by_hand_is_that_of_its_day_or_of_its_name() {
    let folder = Folder::new();
    let yaml = "version: 1\nschedule: { cron: \"0 2,14 * * *\" }\ntables: { t: { rows: 1, columns: { s: { constant: \"${run_date} ${slot}\" } } } }\nsinks:\n  - file: { path: \"${slot}.csv\", if_exists: skip }\n";
    folder.write("p.yaml", yaml);
    let run = |arguments: &[&str]| folder.run(&[&["run", "p.yaml", "--quiet"], arguments].concat());
    assert_eq!(run(&["--slot", "2026-01-31T14:00"]).code, 0);
    assert_eq!(
        folder.read("2026-01-31T14-00.csv"),
        "s\n2026-01-31 2026-01-31T14-00\n"
    );
    let several = run(&["--run-date", "2026-01-31"]);
    assert_eq!(several.code, 1);
    let hint = "error: 2026-01-31 has several slots\n --> p.yaml:2:19\n  |\n2 | schedule: { cron: \"0 2,14 * * *\" }\n  |                   ^^^^^^^^^^^^^^\n  hint: say which one: `--slot 2026-01-31T02-00`\n";
    assert_eq!(several.stderr, hint);
    let none = run(&["--slot", "2026-01-31T03-00"]).stderr;
    assert!(
        none.starts_with("error: `2026-01-31T03-00` is no slot of this schedule"),
        "{none}"
    );
    assert!(
        none.ends_with("hint: the next one is 2026-01-31T14-00\n"),
        "{none}"
    );
    assert_eq!(run(&[]).code, 0);
}

#[test]
fn what_another_plan_has_made_stays_until_it_is_asked_for() {
    let folder = Folder::new();
    let yaml = |rows: u32| {
        format!(
            "version: 1\nschedule: {{ cron: \"0 2 * * *\" }}\ntables: {{ t: {{ rows: {rows}, columns: {{ id: sequence }} }} }}\nsinks:\n  - file: {{ path: \"${{run_date}}.csv\", if_exists: skip }}\n"
        )
    };
    folder.write("p.yaml", &yaml(1));
    let fill = |more: &[&str]| {
        let days = [
            "backfill",
            "p.yaml",
            "--from",
            "2026-01-01",
            "--to",
            "2026-01-03",
            "--log",
            "text",
        ];
        let ended = folder.run(&[&days[..], more].concat());
        (
            ended.code,
            ended.stderr.lines().last().unwrap_or_default().to_string(),
        )
    };
    assert_eq!(
        fill(&["--dry-run"]),
        (0, "3 slots: 3 to be made; 0 rows".into())
    );
    assert_eq!(fill(&[]), (0, "3 slots: 3 made; 3 rows".into()));
    folder.write("p.yaml", &yaml(2));
    std::fs::remove_file(folder.path("2026-01-02.csv")).unwrap();
    let kept = "3 slots: 1 made, 2 of another plan or seed, kept; 2 rows";
    assert_eq!(fill(&[]), (1, kept.into()));
    assert_eq!(folder.read("2026-01-01.csv"), "id\n1\n");
    assert_eq!(
        fill(&["--overwrite"]),
        (0, "3 slots: 3 made; 6 rows".into())
    );
    assert_eq!(folder.read("2026-01-01.csv"), "id\n1\n2\n");
}

#[test]
fn slots_share_a_folder_by_their_partitions() {
    let folder = Folder::new();
    let yaml = "version: 1\nschedule: { cron: \"0 2 * * *\", max_parallel: 3 }\ntables: { t: { rows: 100, columns: { id: sequence, day: { choice: [\"${run_date}\"] } } } }\nsinks:\n  - file: { path: lake, format: csv, partition_by: day, if_exists: replace_partitions }\n";
    folder.write("p.yaml", yaml);
    let fill = |last: &str| {
        let days = [
            "backfill",
            "p.yaml",
            "--from",
            "2026-01-01",
            "--to",
            last,
            "--log",
            "text",
        ];
        let ended = folder.run(&days);
        assert_eq!(ended.code, 0, "{}", ended.stderr);
        ended.stderr.lines().last().unwrap_or_default().to_string()
    };
    assert_eq!(fill("2026-01-05"), "5 slots: 5 made; 500 rows");
    let before = folder.visible("lake");
    assert_eq!(
        fill("2026-01-07"),
        "7 slots: 2 made, 5 there already; 200 rows"
    );
    let now = folder.visible("lake");
    let parts = |all: &[(String, String)]| {
        all.iter()
            .filter(|(name, _)| name.starts_with("day="))
            .cloned()
            .collect::<Vec<_>>()
    };
    assert_eq!(parts(&now).len(), 7);
    assert_eq!(parts(&now)[..5], parts(&before)[..]);
}

/// What the file says may hold for the days that are asked for, and for no other.
#[test]
fn a_backfill_plans_no_other_day_than_its_own() {
    let folder = Folder::new();
    let yaml = "version: 1\nschedule: { cron: \"0 2 * * *\" }\ntables: { t: { rows: 2, columns: { id: sequence, day: { type: date, uniform: { min: \"${run_date}\", max: 2026-01-02 } } } } }\nsinks:\n  - file: { path: \"out/${run_date}.csv\", if_exists: skip }\n";
    folder.write("p.yaml", yaml);
    let fill = |from: &str, to: &str| {
        let days = [
            "backfill", "p.yaml", "--from", from, "--to", to, "--log", "text",
        ];
        let ended = folder.run(&days);
        let last = ended.stderr.lines().last().unwrap_or_default().to_string();
        (ended.code, last)
    };
    assert_eq!(
        fill("2026-01-02", "2026-01-02"),
        (0, "1 slots: 1 made; 2 rows".into())
    );
    assert_eq!(
        fill("2026-01-01", "2026-01-02"),
        (0, "2 slots: 1 made, 1 there already; 2 rows".into())
    );
    // A day that is asked for and is wrong is told.
    let days = [
        "backfill",
        "p.yaml",
        "--from",
        "2026-01-02",
        "--to",
        "2026-01-03",
    ];
    let ended = folder.run(&[&days[..], &["--log", "text"]].concat());
    assert_eq!(ended.code, 1, "{ended:?}");
    let what = "error: `max` (2026-01-02) is below `min` (2026-01-03)\n";
    assert!(ended.stderr.starts_with(what), "{ended:?}");
}

/// In a folder that slots share each is compared with its own partitions.
#[test]
fn a_slot_is_verified_among_others_in_one_folder() {
    for sink in [
        "partition_by: day",
        "partition_by: [day, month(at)], order_by: id",
    ] {
        let folder = Folder::new();
        let yaml = |rows: u32| {
            format!(
                "version: 1\nseed: \"a ${{run_date}}\"\nschedule: {{ cron: \"0 2 * * *\" }}\ntables: {{ t: {{ rows: {rows}, columns: {{ id: sequence, day: {{ choice: [\"${{run_date}}\"] }}, at: {{ type: timestamp(us), uniform: {{ min: 2026-01-01, max: 2026-06-30 }} }} }} }} }}\nsinks:\n  - file: {{ path: lake, format: parquet, {sink}, if_exists: replace_partitions }}\n"
            )
        };
        folder.write("p.yaml", &yaml(100));
        let days = [
            "--from",
            "2026-01-01",
            "--to",
            "2026-01-03",
            "--log",
            "text",
        ];
        let ended = folder.run(&[&["backfill", "p.yaml"], &days[..]].concat());
        assert_eq!(ended.code, 0, "{ended:?}");
        let verify = |day: &str, more: &[&str]| {
            let ended = folder.run(&[&["verify", "p.yaml", "--run-date", day], more].concat());
            (ended.code, ended.stdout + &ended.stderr)
        };
        for more in [&[][..], &["--trust-manifest"]] {
            let (code, said) = verify("2026-01-02", more);
            assert_eq!(code, 0, "{sink} {more:?}: {said}");
            assert!(said.contains("100 rows"), "{said}");
        }
        // A slot that was not made, and one of which a file is gone.
        let (code, said) = verify("2026-01-04", &[]);
        assert!(code != 0, "{said}");
        let part = folder.names("lake");
        let part = part
            .iter()
            .find(|name| name.starts_with("day=2026-01-02/"))
            .unwrap();
        std::fs::copy(
            folder.path(&format!("lake/{part}")),
            folder.path(&format!("lake/{part}.more.parquet")),
        )
        .unwrap();
        let (code, said) = verify("2026-01-02", &[]);
        assert_eq!(code, 3, "{said}");
        assert!(said.contains(" doubled"), "{said}");
        assert_eq!(verify("2026-01-01", &[]).0, 0);
    }
}
