//! Hive folders: every row in the folder of its value, none lost, none twice.

use super::support::Folder;

fn pipeline(partition_by: &str) -> String {
    format!(
        "version: 1\ntables:\n  t:\n    rows: 100_000\n    columns:\n      id: sequence\n      at: {{ type: \"timestamp(us, UTC)\", event_time: {{ start: 2026-01-15, rate: 1/s, arrivals: poisson }} }}\n      day: {{ copy: at, type: date, hidden: true }}\n      code: {{ choice: [A, \"B/C\"], nulls: 0.1 }}\n      number: {{ type: int32, uniform: {{ min: 1, max: 3 }} }}\n      far: {{ uniform: {{ min: 1, max: 1000 }} }}\nsinks:\n  - file: {{ path: parts, format: {{ csv: {{ header: false }} }}, columns: [id, at, day, code, number], partition_by: {partition_by} }}\n  - file: {{ path: whole.csv, columns: [id, at], format: {{ csv: {{ header: false }} }} }}\n"
    )
}

fn parts(folder: &Folder) -> Vec<String> {
    folder
        .names("parts")
        .into_iter()
        .filter(|name| name.ends_with(".csv"))
        .collect()
}

#[test]
fn values_that_are_few_get_a_folder_each() {
    let folder = Folder::new();
    folder.make(&pipeline("[code, number]"), &[]);
    let names = parts(&folder);
    let expected: Vec<String> = ["A", "B%2FC", "__HIVE_DEFAULT_PARTITION__"]
        .iter()
        .flat_map(|code| {
            (1..=3).map(move |number| format!("code={code}/number={number}/part-00000.csv"))
        })
        .collect();
    assert_eq!(names, expected);
    let mut ids: Vec<u64> = Vec::new();
    for name in names {
        let text = folder.read(&format!("parts/{name}"));
        let own: Vec<u64> = text
            .lines()
            .map(|line| line.split(',').next().unwrap().parse().unwrap())
            .collect();
        assert!(own.is_sorted(), "{name}");
        ids.extend(own);
    }
    ids.sort_unstable();
    assert!(ids.iter().copied().eq(1..=100_000));
}

#[test]
fn values_that_follow_each_other_are_cut_where_they_change() {
    let folder = Folder::new();
    folder.make(&pipeline("day"), &[]);
    let names = parts(&folder);
    assert_eq!(
        names,
        [
            "day=2026-01-15/part-00000.csv",
            "day=2026-01-16/part-00000.csv"
        ]
    );
    let mut together = String::new();
    for name in &names {
        let day = &name[4..14];
        for line in folder.read(&format!("parts/{name}")).lines() {
            let fields: Vec<&str> = line.split(',').collect();
            assert!(fields[1].starts_with(day), "{name}: {line}");
            together.push_str(&format!("{},{}\n", fields[0], fields[1]));
        }
    }
    assert!(together == folder.read("whole.csv"));
}

#[test]
fn values_that_are_many_and_in_no_order_are_sorted() {
    let folder = Folder::new();
    folder.make(&pipeline("far, fsync: false"), &[]);
    let names = parts(&folder);
    assert_eq!(names.len(), 1000);
    let mut ids: Vec<u64> = Vec::new();
    for name in names {
        let text = folder.read(&format!("parts/{name}"));
        let own = text.lines().map(|line| line.split(',').next().unwrap());
        let own: Vec<u64> = own.map(|id| id.parse().unwrap()).collect();
        assert!(own.is_sorted(), "{name}");
        ids.extend(own);
    }
    ids.sort_unstable();
    assert!(ids.into_iter().eq(1..=100_000));
    // The day of a time that is computed, and that of a zone whose clocks go back.
    for day in [
        "{ expr: \"cast(timestamp '2026-01-01' + row * interval '1 minute' as date)\", hidden: true }",
        "{ expr: \"cast(cast(at as timestamp(us, America/Havana)) as date)\", hidden: true }",
        "{ expr: \"cast(at as date) - number\", hidden: true }",
    ] {
        let yaml = pipeline("day").replace("{ copy: at, type: date, hidden: true }", day);
        let folder = Folder::new();
        folder.make(&yaml, &[]);
        let rows = |name: &String| folder.read(&format!("parts/{name}")).lines().count();
        let names = parts(&folder);
        assert!(names.len() > 1 && names.iter().all(|name| name.starts_with("day=20")));
        assert_eq!(names.iter().map(rows).sum::<usize>(), 100_000);
    }
}

#[test]
fn the_day_of_an_event_may_be_an_expression() {
    let files = |column: &str| {
        let folder = Folder::new();
        let yaml = pipeline("day").replace("{ copy: at, type: date, hidden: true }", column);
        folder.make(&yaml, &[]);
        let text = |name: &String| folder.read(&format!("parts/{name}"));
        let names = parts(&folder);
        names
            .iter()
            .map(|name| (name.clone(), text(name)))
            .collect::<Vec<_>>()
    };
    let copied = files("{ copy: at, type: date, hidden: true }");
    assert_eq!(copied.len(), 2);
    for column in [
        "cast(at as date)",
        "at::date",
        "cast(date_trunc('day', at) as date)",
    ] {
        let made = files(&format!("{{ expr: \"{column}\", hidden: true }}"));
        assert!(made == copied, "{column}");
    }
    let hours = files("{ expr: \"date_trunc('hour', at)\", hidden: true }");
    assert_eq!(hours.len(), 28);
}

#[test]
fn replacing_partitions_keeps_the_others() {
    let folder = Folder::new();
    let yaml = pipeline("day")
        .replace(
            "partition_by: day }",
            "partition_by: day, if_exists: replace_partitions }",
        )
        .replace("path: whole.csv", "path: whole.csv, if_exists: replace");
    folder.make(&yaml, &[]);
    let before = folder.read("parts/day=2026-01-16/part-00000.csv");
    // `--overwrite` replaces no more than the pipeline says.
    folder.make(&yaml, &["--rows", "1000", "--seed", "other", "--overwrite"]);
    assert_eq!(
        folder
            .read("parts/day=2026-01-15/part-00000.csv")
            .lines()
            .count(),
        1000
    );
    assert!(folder.read("parts/day=2026-01-16/part-00000.csv") == before);
    let ended = folder.run(&["check", "p.yaml", "--connect"]);
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    folder.write(
        "q.yaml",
        &pipeline("day").replace("whole.csv", "whole2.csv"),
    );
    let ended = folder.run(&["check", "q.yaml", "--connect"]);
    assert_eq!(ended.code, 2, "{}", ended.stderr);
    assert!(
        ended.stderr.contains("\n  caused by: `parts` holds a dataset already\n")
            && ended.stderr.contains("\n  hint: `if_exists: replace_partitions` replaces the partitions of this run, `append` adds to them, `replace` or `--overwrite` removes all others, too\n"),
        "{}",
        ended.stderr
    );
}

/// One row group is open for each value, not for each day: days come one after the other.
#[test]
fn row_groups_that_are_open_at_once_share_their_memory_as_the_plan_says() {
    let folder = Folder::new();
    let pipeline = |partition_by: &str| {
        let csv = "format: { csv: { header: false } }, columns: [id, at, day, code, number]";
        pipeline(partition_by).replace(csv, "format: parquet, columns: [id, at, day, code, number]")
    };
    let row_groups = |partition_by: &str| {
        folder.write("p.yaml", &pipeline(partition_by));
        let ended = folder.run(&["plan", "p.yaml"]);
        let lines = ended.stdout.lines();
        let line = lines.filter(|line| line.contains("row groups of"));
        line.map(|line| line.trim().to_string()).collect::<Vec<_>>()
    };
    assert_eq!(
        row_groups("[code, number]"),
        [
            "row groups of 1 048 576 rows or 56.9 MiB, not 128.0 MiB: 9 are open at once and share 512.0 MiB"
        ]
    );
    assert_eq!(
        row_groups("day"),
        ["row groups of 1 048 576 rows or 128.0 MiB"]
    );
}

#[test]
fn values_that_look_alike_once_they_are_escaped_have_folders_of_their_own() {
    let folder = Folder::new();
    let yaml = "version: 1\ntables:\n  t: { rows: 900, columns: { id: sequence, k: { choice: [\"a/b\", \"a%2Fb\", \"a%252Fb\"] }, l: { copy: k } } }\nsinks:\n  - file: { path: parts, format: { csv: { header: false } }, partition_by: k }\n";
    folder.make(yaml, &[]);
    let mut rows = 0;
    for (name, value) in [
        ("a%2Fb", "a/b"),
        ("a%252Fb", "a%2Fb"),
        ("a%25252Fb", "a%252Fb"),
    ] {
        let text = folder.read(&format!("parts/k={name}/part-00000.csv"));
        assert!(
            text.lines()
                .all(|line| line.ends_with(&format!(",{value}")))
        );
        rows += text.lines().count();
    }
    assert_eq!((rows, parts(&folder).len()), (900, 3));
}

/// A folder's name cannot tell them apart.
#[test]
fn an_empty_text_and_null_share_a_folder() {
    let folder = Folder::new();
    let yaml = "version: 1\ntables:\n  t: { rows: 1000, columns: { id: sequence, k: { choice: [\"\", a], nulls: 0.3 } } }\nsinks:\n  - file: { path: parts, format: { csv: { header: false } }, partition_by: k }\n";
    folder.make(yaml, &[]);
    let names = ["k=__HIVE_DEFAULT_PARTITION__", "k=a"].map(|k| format!("{k}/part-00000.csv"));
    assert_eq!(parts(&folder), names);
    let texts = names.map(|name| folder.read(&format!("parts/{name}")));
    let mut ids: Vec<u64> = texts
        .concat()
        .lines()
        .map(|id| id.parse().unwrap())
        .collect();
    ids.sort_unstable();
    assert!(ids.into_iter().eq(1..=1000));
}
