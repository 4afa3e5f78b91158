//! Which rows a run has, and how many a batch: what the sinks like, what a rate allows, what finds room.

use std::time::Duration;

use super::BATCH_ROWS;
use super::job::TablePlan;
use super::sinks::Resolved;
use crate::column::Program;
use crate::sink::{Takes, TakesChanges};

/// How far the rows of a batch may be ahead of the rate that was asked for.
// 16 384 rows at `rate: 1/h` were written at once before: two years of them.
pub(super) const AHEAD: Duration = Duration::from_millis(100);

/// Bytes of a value of which nothing is known.
// A choice: texts without a known length are mostly words and names.
const UNKNOWN: u64 = 32;

/// The fewest rows of a batch, however small a file is to be.
// Batches of single rows would cost more in hand-overs than in values. Not measured.
const LEAST_ROWS: u64 = 32;

/// Bytes that the rows of a batch may take together.
// A batch has at least one row, and a row has at most 1 GiB
// (`column/build/builder/size_limits.rs`).
const MOST_BYTES: u64 = 1 << 30;

/// Batches are no larger than the smallest row group, so that row groups are whole batches. Unless
/// somebody says how large, they are as small as all sinks like them.
pub(super) fn batch_rows(table: &TablePlan<'_>, program: &Program, sinks: &[Resolved]) -> u64 {
    // Changes that are applied are spread over connections: a transaction has but a part of a batch.
    let applied = |takes: &Takes| table.changes.is_some() && takes.changes == TakesChanges::Applied;
    let takes = sinks.iter().map(|sink| sink.options.takes());
    let least = takes.filter(|takes| !applied(takes));
    let least = least.filter_map(|takes| takes.most_rows).min();
    // The largest of what sinks like, because all of them share the batches: JSON alone likes 4 096
    // rows, whose text stays in the cache (a tenth less time, half the memory), but beside Parquet
    // its pages decide.
    let liked = |sink: &Resolved| sink.options.takes().best_rows.unwrap_or(BATCH_ROWS);
    let usual = sinks.iter().map(liked).max();
    let rate = sinks.iter().find_map(|sink| sink.rate.as_ref());
    let rate = rate.map(|rate| rate.value.0).or(table.rate);
    let sized = sinks.iter().filter_map(|sink| sized(program, sink));
    let sized = sized.min().unwrap_or(u64::MAX);
    table
        .batch_rows
        .or(usual.map(|usual| usual.min(paced(rate)).min(sized)))
        .unwrap_or(BATCH_ROWS)
        .min(least.unwrap_or(u64::MAX))
        .min(fitting(program.most_bytes()))
        .max(1)
}

/// The rows of this run's range or slice: the first one and how many.
pub(super) fn share(table: &TablePlan<'_>) -> (u64, Option<u64>) {
    if let Some(range) = &table.range {
        let end = table.rows.unwrap_or(u64::MAX).min(range.end);
        let first = range.start.min(end);
        return (first, Some(end - first));
    }
    match (table.rows, table.slice) {
        (Some(rows), Some(slice)) => {
            let share = slice.of(rows);
            (share.start, Some(share.end - share.start))
        }
        (rows, _) => (0, rows),
    }
}

/// The rows of a batch for a sink that says how many bytes suit it, by what is known of its
/// columns. A power of two, so that row groups are as large as without.
pub(super) fn sized(program: &Program, sink: &Resolved) -> Option<u64> {
    let best = sink.options.takes().best_bytes?;
    let nodes = sink.columns.iter().map(|(node, _)| program.node(*node));
    let bytes = nodes.map(
        |node| match node.domain.most_bytes(node.field.data_type()) {
            0 => UNKNOWN,
            bytes => bytes,
        },
    );
    Some(within(best, bytes.fold(1, u64::saturating_add)))
}

/// The rows, of so many bytes each, of a batch of about as many bytes as are best.
pub fn within(best: u64, row: u64) -> u64 {
    1 << (best / row.max(1)).max(LEAST_ROWS).ilog2()
}

/// The rows of a batch of at most 1 GiB, however large its rows are. A power of two, as at a rate.
pub(super) fn fitting(bytes: u64) -> u64 {
    match MOST_BYTES / bytes.max(1) {
        0 => 1,
        rows => 1 << rows.ilog2(),
    }
}

/// The rows of a batch at this rate, if there is one: files take whole batches, and none is to be further
/// ahead of its time than `AHEAD`. A power of two, so that row groups end where they do without a rate.
fn paced(rate: Option<f64>) -> u64 {
    let Some(rate) = rate else {
        return u64::MAX;
    };
    // A cast from a float saturates: a rate of 1e30 becomes the largest u64.
    let rows = (rate * AHEAD.as_secs_f64()) as u64;
    1 << rows.max(1).ilog2()
}

#[cfg(test)]
mod tests {
    use super::{fitting, paced};

    #[test]
    fn large_rows_are_few_in_a_batch() {
        let rows = [0, 8, 65_536, 65_537, 1 << 29, 1 << 30, u64::MAX].map(fitting);
        assert_eq!(rows, [1 << 30, 1 << 27, 16_384, 8192, 2, 1, 1]);
    }

    #[test]
    fn a_batch_has_the_rows_of_a_tenth_of_a_second() {
        let rows = [1.0 / 3600.0, 10.0, 2000.0, 100_000.0, 1e9].map(|rate| paced(Some(rate)));
        assert_eq!(rows, [1, 1, 128, 8192, 1 << 26]);
        assert_eq!(paced(None), u64::MAX);
    }
}
