//! Runs of sorted rows that end otherwise, and those of slots: disks without room, kills, shared folders.

use super::endings::limited;
use super::support::Folder;

/// Keys of 16 bytes that are more than `sort_memory`.
const SPILLED: &str = "version: 1
tables:
  t: { rows: 400_000, columns: { id: sequence, word: { pattern: '[a-z]{12}' } } }
sinks:
  - file: { path: out/t.csv, order_by: word, sort_memory: 1MiB, if_exists: replace }
";

#[test]
fn keys_that_have_no_room_on_the_disk_are_told() {
    let folder = Folder::new();
    folder.write("p.yaml", SPILLED);
    std::fs::create_dir(folder.path("out")).unwrap();
    // A disk of its own, or nothing can be shown here.
    let script = "mount -t tmpfs -o size=4m tmpfs out || exit 99; \"$0\" run p.yaml --quiet; echo $?; \"$0\" run p.yaml --quiet --force; echo $?; df --output=used out | tail -1";
    let Some(ended) = folder.with_own_mounts(script) else {
        return;
    };
    assert_eq!(
        ended.stderr,
        "error: the output of `file-1` takes about 13.6 MiB (6.1 MiB of them to sort keys in a file), and 4.0 MiB are free on the disk of `out`
 --> p.yaml:5:19
  |
5 |   - file: { path: out/t.csv, order_by: word, sort_memory: 1MiB, if_exists: replace }
  |                   ^^^^^^^^^
  hint: free some space, write elsewhere with `--out`, or go on with `--force`: sizes are estimated by the first batch
error: sorting in a file in `out`
 --> p.yaml:5:40
  |
5 |   - file: { path: out/t.csv, order_by: word, sort_memory: 1MiB, if_exists: replace }
  |                                        ^^^^
  caused by: No space left on device (os error 28)
  hint: free some space, write elsewhere with `--out`, or give it more `sort_memory`
"
    );
    // The keys are gone; the output has not begun.
    let said: Vec<&str> = ended.stdout.split_whitespace().collect();
    assert_eq!(said[..2], ["1", "2"]);
    assert!(said[2].parse::<u64>().unwrap() < 100, "{said:?}");
}

/// What the keys of sorted rows take is less with more memory, and not with smaller files.
#[test]
fn a_file_of_keys_that_may_not_grow_says_what_helps() {
    let folder = Folder::new();
    let yaml = "version: 1\ntables:\n  t: { rows: 500_000, columns: { k: { uniform: { min: 1, max: 1000000 } } } }\nsinks:\n  - file: { path: out/, format: parquet, order_by: k, sort_memory: 1MiB, target_file_size: 20KiB }\n";
    folder.write("p.yaml", yaml);
    let ended = limited(&folder, "ulimit -f 100", "run p.yaml --quiet");
    assert_eq!(ended.code, 2, "{ended:?}");
    let hint = "  hint: a file may not become larger here: raise that with `ulimit -f`, or give it more `sort_memory`\n";
    assert!(ended.stderr.ends_with(hint), "{ended:?}");
    folder.write(
        "p.yaml",
        &yaml.replace("sort_memory: 1MiB", "sort_memory: 64MiB"),
    );
    let ended = limited(&folder, "ulimit -f 100", "run p.yaml --quiet");
    assert_eq!(ended.code, 0, "{ended:?}");
}

#[test]
fn what_was_sorted_in_a_file_is_gone_with_the_run_however_that_ends() {
    let folder = Folder::new();
    folder.write("p.yaml", SPILLED);
    let plain = SPILLED.replace(", sort_memory: 1MiB", "");
    folder.make(&plain, &[]);
    let expected = folder.bytes("out/t.csv");
    std::fs::remove_file(folder.path("out/t.csv")).unwrap();
    folder.write("p.yaml", SPILLED);
    for milliseconds in [100, 400, 1000] {
        let mut run = folder
            .command(&["run", "p.yaml", "--quiet"])
            .spawn()
            .unwrap();
        std::thread::sleep(std::time::Duration::from_millis(milliseconds));
        run.kill().unwrap();
        run.wait().unwrap();
        let names = folder.names("out");
        let known = [".t.csv.partial", "t.csv", ".t.csv.manifest.jsonl"];
        assert!(
            names.iter().all(|name| known.contains(&name.as_str())),
            "{names:?}"
        );
    }
    folder.make(SPILLED, &[]);
    assert!(folder.bytes("out/t.csv") == expected);
    assert!(!folder.path("out/.t.csv.partial").exists());
}

/// Events of a slot's day, in folders that are known once they are sorted.
fn daily(partition_by: &str) -> String {
    format!(
        "version: 1
schedule: {{ cron: \"15 2 * * *\", max_parallel: 3 }}
tables:
  t:
    rows: 200
    columns:
      at: {{ type: \"timestamp(s)\", uniform: {{ min: \"${{run_date}}\", max: \"${{run_date}}T23:59:59\" }} }}
      word: {{ pattern: '[a-c]{{3}}' }}
      day: {{ choice: [\"${{run_date}}\"], hidden: true }}
sinks:
  - file: {{ path: lake, format: csv, partition_by: [{partition_by}], order_by: word, if_exists: replace_partitions }}
"
    )
}

#[test]
fn slots_share_a_folder_where_their_partitions_are_apart() {
    for partition_by in ["date(at)", "day, \"truncate(1, word)\""] {
        let folder = Folder::new();
        folder.write("p.yaml", &daily(partition_by));
        let fill = |last: &str| {
            let days = ["backfill", "p.yaml", "--from", "2026-01-01", "--to", last];
            let ended = folder.run(&[&days, &["--log", "text"][..]].concat());
            assert_eq!(ended.code, 0, "{}", ended.stderr);
            ended.stderr.lines().last().unwrap_or_default().to_string()
        };
        assert_eq!(fill("2026-01-04"), "4 slots: 4 made; 800 rows");
        let told = "6 slots: 2 made, 4 there already; 400 rows";
        assert_eq!(fill("2026-01-06"), told);
        let parts = folder.names("lake").into_iter();
        let parts: Vec<String> = parts.filter(|name| name.ends_with(".csv")).collect();
        let rows = |name: &String| folder.read(&format!("lake/{name}")).lines().count() - 1;
        assert_eq!(parts.iter().map(rows).sum::<usize>(), 1200, "{parts:?}");
    }
}

#[test]
fn slots_that_may_share_a_partition_are_refused() {
    let folder = Folder::new();
    folder.write("p.yaml", &daily("word"));
    let ended = folder.run(&["check", "p.yaml", "--slot", "2026-01-15T02-15"]);
    assert_eq!(
        (ended.code, ended.stderr.as_str()),
        (
            1,
            "error: the slots 2026-01-15T02-15 and 2026-01-16T02-15 may both write a partition in `lake`: which ones they have is known once their rows are sorted
  --> p.yaml:11:19
   |
11 |   - file: { path: lake, format: csv, partition_by: [word], order_by: word, if_exists: replace_partitions }
   |                   ^^^^
  hint: partition also by a column that `${run_date}` or `${slot}` decides alone, or write to a path of each slot
"
        )
    );
}
