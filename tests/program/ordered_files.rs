//! Files of sorted rows: their bytes, their sizes, what Parquet says of them.

use std::collections::BTreeMap;

use super::ordered::pipeline;
use super::support::Folder;

/// The Parquet files that a run leaves: their names and bytes.
fn files(sink: &str, arguments: &[&str]) -> Vec<(String, Vec<u8>)> {
    let folder = Folder::new();
    folder.make(&pipeline(sink), arguments);
    read_files(&folder)
}

fn read_files(folder: &Folder) -> Vec<(String, Vec<u8>)> {
    let names = folder.names("out").into_iter();
    let names = names.filter(|name| name.ends_with(".parquet"));
    let read = |name: String| {
        let bytes = folder.bytes(&format!("out/{name}"));
        (name, bytes)
    };
    names.map(read).collect()
}

const ORDERS: [&str; 4] = [
    "order_by: shipped, target_file_size: 40KiB",
    "order_by: who, partition_by: \"bucket(100, order)\"",
    "partition_by: \"month(shipped)\", order_by: [who, amount], target_file_size: 20KiB",
    "order_by: [{ column: amount, nulls: first }, line], files: 7",
];

#[test]
fn bytes_are_the_same_at_any_number_of_threads_and_with_any_memory() {
    for order in ORDERS {
        let sink = format!("format: {{ parquet: {{ row_group_rows: 700 }} }}, {order}");
        let one = files(&sink, &["--threads", "1"]);
        assert!(one.len() > 2, "{order}: {}", one.len());
        assert!(files(&sink, &["--threads", "3"]) == one, "{order}");
        assert!(files(&sink, &["--threads", "8"]) == one, "{order}");
    }
    // Keys of 16 bytes that have room, and that go through a file.
    let many = |more: &str| {
        let folder = Folder::new();
        let sink = format!(
            "format: parquet, columns: [order, who], {}{more}",
            ORDERS[1]
        );
        let yaml = pipeline(&sink).replace("rows: 3000", "rows: 40_000");
        folder.make(&yaml, &[]);
        let plan = folder.run(&["plan", "p.yaml"]).stdout;
        let spilled = plan.contains("through a file");
        assert_eq!(spilled, !more.is_empty(), "{plan}");
        read_files(&folder)
    };
    assert!(many("") == many(", sort_memory: 1MiB"));
}

#[test]
fn all_slices_together_have_the_bytes_of_the_whole() {
    for order in &ORDERS[2..] {
        let sink = format!("format: parquet, {order}");
        let bytes = |files: Vec<(String, Vec<u8>)>| {
            let mut bytes: Vec<Vec<u8>> = files.into_iter().map(|(_, bytes)| bytes).collect();
            bytes.sort();
            bytes
        };
        let folder = Folder::new();
        for slice in ["1/3", "2/3", "3/3"] {
            folder.make(&pipeline(&sink), &["--slice", slice]);
        }
        assert!(
            bytes(read_files(&folder)) == bytes(files(&sink, &[])),
            "{order}"
        );
        assert!(folder.names("out").contains(&"_SUCCESS".to_string()));
        let ended = folder.run(&["verify", "p.yaml"]);
        assert_eq!(ended.code, 0, "{order}: {}{}", ended.stdout, ended.stderr);
        let ended = folder.run(&["verify", "p.yaml", "--slice", "1/3"]);
        let told = "a slice of sorted rows cannot be compared alone: which rows it has is known once all are sorted\n  hint: leave out `--slice` once every slice is there\n";
        assert!(ended.code != 0 && ended.stderr.ends_with(told), "{ended:?}");
    }
}

/// Nothing says where the files of the whole begin: each slice begins its own with its share of the order.
#[test]
fn slices_of_one_order_follow_each_other() {
    for (path, more) in [("out/t.csv", ""), ("out/", ", target_file_size: 20KiB")] {
        let yaml = |folder: &str| {
            format!(
                "version: 1\nseed: s\ntables:\n  t: {{ rows: 10_000, columns: {{ id: sequence, k: {{ uniform: {{ min: 1, max: 500 }} }} }} }}\nsinks:\n  - file: {{ path: {folder}{path}, format: {{ csv: {{ header: false }} }}, order_by: k{more} }}\n"
            )
        };
        let folder = Folder::new();
        folder.make(&yaml("whole_"), &[]);
        for slice in ["3/3", "1/3", "2/3"] {
            folder.make(&yaml(""), &["--slice", slice]);
        }
        let rows = |at: &str| -> String {
            let names = folder.names(at).into_iter();
            let names = names.filter(|name| name.ends_with(".csv"));
            names
                .map(|name| folder.read(&format!("{at}/{name}")))
                .collect()
        };
        assert!(rows("out").len() > 50_000);
        assert!(rows("out") == rows("whole_out"), "{path}");
        let slices = folder.names("out");
        assert!(
            slices.iter().any(|name| name.contains("00003-of-00003")),
            "{slices:?}"
        );
        let ended = folder.run(&["verify", "p.yaml"]);
        assert_eq!(ended.code, 0, "{path}: {ended:?}");
    }
}

#[test]
fn what_is_sorted_is_verified() {
    for order in ORDERS {
        let folder = Folder::new();
        folder.make(&pipeline(&format!("format: parquet, {order}")), &[]);
        let ended = folder.run(&["verify", "p.yaml"]);
        assert_eq!(ended.code, 0, "{order}: {}{}", ended.stdout, ended.stderr);
        assert!(ended.stdout.contains("all equal"), "{}", ended.stdout);
    }
}

/// Rows of 800 bytes; folders of values that are known and seldom alike often.
#[test]
fn files_have_the_size_that_was_asked_for_in_any_format_however_wide_rows_are() {
    let columns: Vec<String> = (0..32)
        .map(|column| format!("      c{column}: {{ pattern: '[a-z]{{25}}' }}\n"))
        .collect();
    let size = 400.0 * 1024.0;
    for (format, more) in [
        ("csv", "order_by: c0"),
        ("{ csv: { compression: gzip } }", "order_by: c0"),
        ("{ json: { layout: lines } }", "order_by: c0"),
        ("avro", "order_by: c0"),
        ("parquet", "order_by: c0"),
        ("{ parquet: { compression: zstd(3) } }", "order_by: c0"),
        ("parquet", "partition_by: kind"),
        ("parquet", "partition_by: \"truncate(1, c0)\""),
    ] {
        let folder = Folder::new();
        let yaml = format!(
            "version: 1
tables:
  t:
    rows: 16_000
    columns:
      kind: {{ choice: {{ a: 9, b: 1 }} }}
{}sinks:
  - file: {{ path: out/, fsync: false, format: {format}, {more}, target_file_size: 400KiB }}
",
            columns.concat()
        );
        folder.make(&yaml, &[]);
        let mut lengths: BTreeMap<String, Vec<usize>> = BTreeMap::new();
        for name in folder.names("out") {
            let (inside, file) = name.rsplit_once('/').unwrap_or(("", &name));
            if file.starts_with("part-") {
                let length = folder.bytes(&format!("out/{name}")).len();
                lengths.entry(inside.to_string()).or_default().push(length);
            }
        }
        let mut count = 0;
        for (inside, lengths) in &lengths {
            for length in &lengths[..lengths.len() - 1] {
                let near = (*length as f64 / size - 1.0).abs() < 0.1;
                assert!(near, "{format}, {more}, {inside}: {length} bytes");
                count += 1;
            }
        }
        assert!(count > 10, "{format}, {more}: {count} files");
    }
}

#[test]
fn parquet_says_the_order_and_files_have_the_size_that_was_asked_for() {
    use parquet::basic::BoundaryOrder;
    use parquet::file::metadata::ParquetMetaDataReader;
    let folder = Folder::new();
    let sink = "format: { parquet: { row_group_rows: 30_000, page_rows: 1000 } }, order_by: [shipped, { column: amount, order: desc }, days], target_file_size: 256KiB";
    let yaml = pipeline(sink).replace("rows: 3000", "rows: 60_000");
    folder.make(&yaml, &[]);
    let files = read_files(&folder);
    assert!(files.len() > 6);
    for (name, bytes) in &files[..files.len() - 1] {
        let near = (bytes.len() as f64 / (256.0 * 1024.0) - 1.0).abs() < 0.1;
        assert!(near, "{name}: {} bytes", bytes.len());
    }
    let mut last = i32::MIN;
    for (name, bytes) in files {
        let bytes = bytes::Bytes::from(bytes);
        let mut reader = ParquetMetaDataReader::new()
            .with_page_index_policy(parquet::file::metadata::PageIndexPolicy::Required);
        reader.try_parse(&bytes).unwrap();
        let metadata = reader.finish().unwrap();
        for (index, group) in metadata.row_groups().iter().enumerate() {
            let sorted = group.sorting_columns().unwrap();
            let sorted: Vec<_> = sorted
                .iter()
                .map(|one| (one.column_idx, one.descending, one.nulls_first))
                .collect();
            // What is not written orders no longer.
            assert_eq!(sorted, [(2, false, false), (3, true, false)]);
            let statistics = group.column(2).statistics().unwrap();
            let parquet::file::statistics::Statistics::Int32(days) = statistics else {
                panic!("days");
            };
            assert!(*days.min_opt().unwrap() >= last, "{name}");
            last = *days.max_opt().unwrap();
            let pages = &metadata.column_index().unwrap()[index][2];
            assert_eq!(pages.get_boundary_order(), Some(BoundaryOrder::ASCENDING));
        }
    }
}
