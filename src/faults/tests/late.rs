//! Rows that are late by a time: behind all of earlier times, wherever batches are cut.

use arrow::array::TimestampSecondArray;

use super::*;

/// Rows of which every third comes at the time of the one before, and a few come after a long while.
struct Timed {
    rows: u64,
}

impl Timed {
    fn time(row: u64) -> i64 {
        (row / 3 * 7 + row / 500 * 2_000) as i64
    }
}

impl CleanRows for Timed {
    fn columns(&self, rows: Rows<'_>) -> Result<Vec<ArrayRef>> {
        let mut columns = clean(rows)?;
        let times = rows.map(Self::time);
        columns.push(Arc::new(TimestampSecondArray::from(times)));
        Ok(columns)
    }

    fn times(&self, rows: Rows<'_>) -> Result<Vec<i64>> {
        assert!(rows.numbers().iter().all(|row| *row < self.rows));
        Ok(rows.map(Self::time))
    }
}

const LATE: &str = "late: { rate: 0.1, delay: 10min }
missing: { rate: 0.01 }
out_of_order: { window: 4, rate: 0.1 }
duplicates: { rate: 0.02, within: 9 }
";

#[test]
fn late_rows_come_behind_those_of_earlier_times() {
    const ROWS: u64 = 30_000;
    let (plan, timed) = (
        resolve(LATE, Some(ROWS), false).unwrap(),
        Timed { rows: ROWS },
    );
    let ids = |slots: std::ops::Range<u64>| {
        let batch = plan.batch(slots, &timed).unwrap();
        let ids = batch.columns[0]
            .as_primitive::<Int64Type>()
            .values()
            .to_vec();
        ids.into_iter()
            .zip(batch.slots.unwrap())
            .collect::<Vec<_>>()
    };
    let whole = ids(0..ROWS);
    for step in [1_000, 777, 16_384] {
        let parts = (0..ROWS).step_by(step);
        let parts = parts.flat_map(|first| ids(first..ROWS.min(first + step as u64)));
        assert!(parts.eq(whole.iter().copied()), "{step}");
    }
    let ledger = plan.ledger(0..ROWS, &timed).unwrap();
    let [kinds, after] = [3, 5].map(|at| ledger.columns[at].as_string::<i32>());
    let rows = ledger.columns[0].as_primitive::<Int64Type>();
    let mut found = Vec::new();
    for line in (0..ledger.count).filter(|line| kinds.value(*line) == "late") {
        let (row, slot) = (
            rows.value(line) as u64,
            after.value(line).parse::<u64>().unwrap(),
        );
        // Behind all that came up to some moment within ten minutes, and before all of later ones.
        let least = Timed::time(slot) - Timed::time(row) + 1;
        let most = (slot + 1 < ROWS).then(|| Timed::time(slot + 1) - Timed::time(row));
        assert!(slot > row && least <= 600 && most.is_none_or(|most| most > 0 && least <= most));
        found.push(least);
    }
    // Nearly a tenth of the rows, and most of them by minutes.
    assert!((2_400..3_000).contains(&found.len()), "{}", found.len());
    let mean = found.iter().sum::<i64>() / found.len() as i64;
    assert!((230..310).contains(&mean), "{mean}");
    assert_eq!(ledger.counts, plan.batch(0..ROWS, &timed).unwrap().counts);
    // A table without end has the same rows until near the end.
    let endless = resolve(LATE, None, false).unwrap();
    let batch = endless.batch(0..20_000, &Timed { rows: u64::MAX }).unwrap();
    assert_eq!(
        batch.slots.unwrap(),
        whole
            .iter()
            .map(|one| one.1)
            .filter(|slot| *slot < 20_000)
            .collect::<Vec<_>>()
    );
}

#[test]
fn a_delay_that_reaches_too_far_is_an_error() {
    let plan = resolve("late: { rate: 0.1, delay: 100d }", None, false).unwrap();
    let rows = Timed { rows: u64::MAX };
    for slots in [0..10, 5_000_000..5_000_010] {
        let Err(error) = plan.batch(slots, &rows) else {
            panic!("it is made")
        };
        assert_eq!(
            error.to_string(),
            "error: more than 1 048 576 rows have times within this `delay` of each other\n --> p.yaml:1:27\n  |\n1 | late: { rate: 0.1, delay: 100d }\n  |                           ^^^^\n  hint: a shorter one, or one in rows: each batch looks back so far, so that it can be made alone"
        );
    }
}

#[test]
fn a_delay_is_rows_or_a_duration() {
    let source = Arc::new(Source::new("p.yaml", "late: { rate: 0.1, delay: 5m }"));
    let told = decode::<Faults>(&parse(&source).unwrap()).unwrap_err();
    assert_eq!(
        told.to_string(),
        "error: expected rows, or a duration with its unit such as `5min`, found `5m`\n --> p.yaml:1:27\n  |\n1 | late: { rate: 0.1, delay: 5m }\n  |                           ^^"
    );
}
