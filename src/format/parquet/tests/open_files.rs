//! Row groups where many files are open at once: together they have one budget.

use arrow::array::BinaryArray;

use super::*;

/// Rows of a batch, and the bytes of its one column, which do not compress.
const BATCH_ROWS: usize = 64;
const BATCH_BYTES: usize = BATCH_ROWS * 1024;
const BATCHES: u64 = 20;

fn batch(number: u64) -> RecordBatch {
    let mut state = number + 1;
    let mut byte = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005) + 1;
        (state >> 56) as u8
    };
    let values = (0..BATCH_ROWS).map(|_| (0..1024).map(|_| byte()).collect::<Vec<u8>>());
    let values: ArrayRef = Arc::new(BinaryArray::from_iter_values(values));
    RecordBatch::try_from_iter([("bytes", values)]).unwrap()
}

fn of_batches(open_files: usize) -> Shape {
    Shape {
        rows: Some(BATCHES * BATCH_ROWS as u64),
        batch_rows: BATCH_ROWS,
        file_starts: std::sync::Arc::default(),
        open_files,
        ..shape(batch(0).schema(), vec![Domain::default()])
    }
}

/// The whole file.
fn file(yaml: &str, open_files: usize) -> Vec<u8> {
    let encoder = options(yaml).open(&of_batches(open_files)).unwrap();
    let memory = Memory::default();
    let file = Mutex::new(encoder.begin(Box::new(memory.clone())).unwrap());
    let put = |_, chunk| file.lock().unwrap().write(chunk).unwrap();
    for number in 0..BATCHES {
        let rows = Batch::new(number, number * BATCH_ROWS as u64, batch(number));
        encoder.encode(&rows, &put).unwrap();
    }
    encoder.end(BATCHES, &put).unwrap();
    file.into_inner().unwrap().finish().unwrap();
    memory.0.lock().unwrap().clone()
}

/// The bytes of each row group.
fn groups(yaml: &str, open_files: usize) -> Vec<usize> {
    let bytes = bytes::Bytes::from(file(yaml, open_files));
    let reader = SerializedFileReader::new(bytes).unwrap();
    let groups = reader.metadata().row_groups().iter();
    groups
        .map(|group| group.compressed_size() as usize)
        .collect()
}

/// 4096 files are more than a plan opens: their share, 128 KiB, is two batches.
#[test]
fn row_groups_of_many_open_files_end_at_their_share() {
    let share = (512 << 20) / 4096;
    for yaml in ["{}", "row_group_bytes: 1MiB"] {
        let groups = groups(yaml, 4096);
        let most = groups.iter().max().unwrap();
        assert!(
            groups.len() > 5 && *most < share + BATCH_BYTES,
            "{groups:?}"
        );
    }
    let smaller = groups("row_group_bytes: 64KiB", 4096);
    assert_eq!(smaller.len(), 20, "what is asked for is less: {smaller:?}");
}

/// The usual row groups of four files are what there is room for.
#[test]
fn files_that_are_few_are_cut_as_one_alone_is() {
    for yaml in ["{}", "row_group_bytes: 300KiB"] {
        assert!(file(yaml, 1) == file(yaml, 4));
    }
    assert!(groups("row_group_bytes: 300KiB", 1).len() > 1);
    assert_eq!(groups("{}", 1).len(), 1);
}

#[test]
fn a_plan_says_where_row_groups_end_and_why() {
    let said = |yaml: &str, open_files: usize| {
        let lines = options(yaml).describe(&of_batches(open_files));
        lines.into_iter().next().unwrap()
    };
    let rows = "row groups of 1 048 576 rows or";
    assert_eq!(said("{}", 1), format!("{rows} 128.0 MiB"));
    assert_eq!(said("{}", 4), format!("{rows} 128.0 MiB"));
    assert_eq!(
        said("{}", 64),
        format!("{rows} 8.0 MiB, not 128.0 MiB: 64 are open at once and share 512.0 MiB")
    );
    assert_eq!(
        said("row_group_bytes: 1GiB", 2),
        format!("{rows} 256.0 MiB, not 1.0 GiB: 2 are open at once and share 512.0 MiB")
    );
    assert_eq!(
        said("row_group_bytes: 1GiB", 1),
        format!("{rows} 1.0 GiB"),
        "nothing is shared"
    );
    assert_eq!(said("row_group_bytes: 4MiB", 64), format!("{rows} 4.0 MiB"));
}
