//! Row groups and files end where they should, in whatever order work is done.

use super::*;

/// Runs `batches` batches of `bytes` through `leaves` leaves, in an order that `choose` picks.
fn row_groups(limits: RowGroupLimits, leaves: usize, choose: impl Fn(usize) -> usize) -> Vec<u64> {
    let mut schedule = RowGroupSchedule::<(), usize>::new(leaves, limits);
    let mut bytes = vec![0; leaves];
    let mut ends = Vec::new();
    let mut note = |outcome| {
        if let Some(BatchOutcome::Finished { number, .. }) = outcome {
            ends.push(number);
        }
    };
    let mut doing: Vec<EncodingTask<()>> = Vec::new();
    let mut coming: Vec<u64> = (0..40).rev().collect();
    let mut turn = 0;
    loop {
        turn += 1;
        let few = 3.min(coming.len());
        if few > 0 && choose(turn).is_multiple_of(2) {
            let number = coming.remove(coming.len() - 1 - choose(turn) % few);
            schedule.add(number, 10, ());
        }
        while doing.len() < 4 {
            match schedule.next() {
                Some(task) => doing.push(task),
                None => break,
            }
        }
        if doing.is_empty() && coming.is_empty() {
            break;
        }
        if doing.is_empty() {
            continue;
        }
        note(match doing.remove(choose(turn) % doing.len()) {
            EncodingTask::Write { leaf, .. } => {
                bytes[leaf] += leaf as u64 + 1;
                schedule.wrote(leaf, bytes[leaf])
            }
            EncodingTask::Close { leaf } => {
                bytes[leaf] = 0;
                schedule.closed(leaf, leaf, 0)
            }
        });
    }
    schedule.end(40);
    while let Some(EncodingTask::Close { leaf }) = schedule.next() {
        note(schedule.closed(leaf, leaf, 0));
    }
    ends
}

fn limits(batches: u64, bytes: u64, before: &[u64]) -> RowGroupLimits {
    let before = before.to_vec();
    let ends = FileEnds {
        before,
        bytes: None,
    };
    RowGroupLimits {
        batches,
        bytes,
        ends,
    }
}

#[test]
fn row_groups_end_alike_in_whatever_order_work_is_done() {
    let orders: [fn(usize) -> usize; 4] = [
        |_| 0,
        |turn| turn,
        |turn| turn * 7 + turn / 3,
        |turn| (turn as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15) as usize >> 40,
    ];
    for (limits, expected) in [
        (limits(8, u64::MAX, &[]), vec![7, 15, 23, 31, 39]),
        (limits(30, u64::MAX, &[]), vec![29, 40]),
        // Three leaves grow by 1 + 2 + 3 bytes a batch.
        (limits(100, 60, &[]), vec![9, 19, 29, 39]),
        (
            limits(8, u64::MAX, &[3, 20]),
            vec![2, 10, 18, 19, 27, 35, 40],
        ),
        (limits(1, 1, &[]), (0..40).collect()),
    ] {
        for choose in orders {
            assert_eq!(
                row_groups(limits.clone(), 3, choose),
                expected,
                "{limits:?}"
            );
        }
    }
}

#[test]
fn a_cut_ends_the_row_group_with_the_next_batch() {
    let mut schedule = RowGroupSchedule::new(1, limits(100, u64::MAX, &[]));
    for number in 0..3 {
        schedule.add(number, 10, ());
        assert!(matches!(
            schedule.next(),
            Some(EncodingTask::Write { leaf: 0, .. })
        ));
        if number == 2 {
            schedule.cut();
        }
        let outcome = schedule.wrote(0, 1);
        match number {
            2 => assert_eq!(outcome, None),
            _ => assert_eq!(outcome, Some(BatchOutcome::Taken { number, rows: 10 })),
        }
    }
    assert!(matches!(
        schedule.next(),
        Some(EncodingTask::Close { leaf: 0 })
    ));
    let (number, rows, chunks) = (2, 10, vec!["chunk"]);
    let outcome = BatchOutcome::Finished {
        number,
        rows,
        chunks,
        ends_file: false,
    };
    assert_eq!(schedule.closed(0, "chunk", 1), Some(outcome));
}

#[test]
fn files_end_near_the_bytes_that_are_asked_for() {
    // Batches of 10 bytes, row groups of at most 4 of them, files of 100 bytes.
    let mut schedule = RowGroupSchedule::<(), ()>::new(1, limits(4, u64::MAX, &[27]));
    schedule.plan_files(FileEnds {
        before: vec![27],
        bytes: Some(100),
    });
    let (mut open, mut ends) = (0, Vec::new());
    for number in 0..40 {
        schedule.add(number, 10, ());
        assert!(schedule.next().is_some());
        open += 10;
        if schedule.wrote(0, open).is_none() {
            assert!(schedule.next().is_some());
            if let Some(BatchOutcome::Finished {
                number, ends_file, ..
            }) = schedule.closed(0, (), open)
            {
                ends.push((number + 1, ends_file));
            }
            open = 0;
        }
    }
    let files = [4, 8, 10, 14, 18, 20, 24, 27, 31, 35, 37];
    let expected = files.map(|end| (end, [10, 20, 27, 37].contains(&end)));
    assert_eq!(ends, expected);
}
