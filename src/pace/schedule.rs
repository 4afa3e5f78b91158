//! When rows are due, counted from the start: in whole numbers, from the row's own number alone, so that
//! nothing adds up over a run.

use std::time::Duration;

/// Femtoseconds in a second: a period in whole ones drifts by less than 4 µs a year at 1000 rows/s.
pub const FEMTOS: f64 = 1e15;

/// Femtoseconds in a nanosecond.
const FEMTOS_A_NANO: u128 = 1_000_000;

/// The rate goes evenly from this one to that of the run.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Ramp {
    /// Rows a second at the start.
    pub from: f64,
    /// How long it takes.
    pub over: Duration,
}

/// A rate, and what comes before it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Schedule {
    /// Rows a second, as they were asked for.
    rate: f64,
    /// Femtoseconds from one row to the next.
    period: u128,
    bend: Option<Bend>,
}

/// A ramp with what follows from it.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Bend {
    /// Rows a second, at the start and at the end.
    from: f64,
    to: f64,
    /// Its seconds.
    seconds: f64,
    /// Rows that are due within it.
    rows: f64,
    /// Femtoseconds by which every row after it is later than it would be without it.
    delay: i128,
}

impl Schedule {
    /// So many rows a second, above zero.
    pub fn new(rows_per_second: f64, ramp: Option<Ramp>) -> Self {
        let to = rows_per_second.max(f64::MIN_POSITIVE);
        // A float beyond the range becomes the range's end: a row that is never due.
        // Whole numbers: a sum of floating-point gaps would drift, a row's number times a whole
        // period cannot.
        let period = (FEMTOS / to).round() as u128;
        let bend = ramp.filter(|ramp| !ramp.over.is_zero()).map(|ramp| {
            let seconds = ramp.over.as_secs_f64();
            let rows = (ramp.from + to) / 2.0 * seconds;
            Bend {
                from: ramp.from,
                to,
                seconds,
                rows,
                // What the ramp took, less what its rows would have taken at the full rate. It is
                // kept once, so that a row behind the ramp is found by one multiplication like any
                // other.
                delay: (seconds * FEMTOS - rows * period as f64).round() as i128,
            }
        });
        Self {
            rate: to,
            period,
            bend,
        }
    }

    /// Rows a second, once the ramp is over.
    pub fn rate(&self) -> f64 {
        self.rate
    }

    /// When row `row` is due.
    pub fn at(&self, row: u64) -> Duration {
        match self.bend.filter(|bend| (row as f64) < bend.rows) {
            Some(bend) => bend.at(row as f64),
            None => self.after(u128::from(row).saturating_mul(self.period)),
        }
    }

    /// When a row is due before which so many gaps lie; each of them is one on average.
    pub fn at_gaps(&self, gaps: f64) -> Duration {
        match self.bend.filter(|bend| gaps < bend.rows) {
            Some(bend) => bend.at(gaps),
            None => self.after((gaps * self.period as f64) as u128),
        }
    }

    /// Rows that are due within a time.
    pub fn rows(&self, time: Duration) -> f64 {
        let seconds = time.as_secs_f64();
        match self.bend {
            Some(bend) if seconds < bend.seconds => {
                let rise = (bend.to - bend.from) / bend.seconds;
                (bend.from + rise * seconds / 2.0) * seconds
            }
            Some(bend) => bend.rows + (seconds - bend.seconds) * self.rate(),
            None => seconds * self.rate(),
        }
    }

    /// Whole rows that are due within a time: half a row is none.
    pub fn whole_rows(&self, time: Duration) -> u64 {
        match self.bend {
            // Not by dividing the time by the period: one in whole femtoseconds made `6000/s` for 4
            // s one row too few.
            None => product(self.rate, time),
            // A ramp has no decimals to count with: what is as near to a whole row as numbers can tell is one.
            Some(_) => {
                let rows = self.rows(time);
                (rows + rows * 1e-12 + 1e-9).floor() as u64
            }
        }
    }

    fn after(&self, femtos: u128) -> Duration {
        let delay = self.bend.map_or(0, |bend| bend.delay);
        let nanos = femtos.saturating_add_signed(delay) / FEMTOS_A_NANO;
        Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
    }
}

/// A rate in the decimals in which it is spelt, times a time in whole nanoseconds: exact, but for what no
/// run lasts for.
fn product(rate: f64, time: Duration) -> u64 {
    // The shortest decimals that give this float, thus those that were written: in binary `0.1` is
    // not 0.1.
    let spelt = format!("{rate:e}");
    let (digits, exponent) = spelt.split_once('e').unwrap_or((&spelt, "0"));
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let digits = format!("{whole}{fraction}").parse::<u128>().unwrap_or(0);
    let exponent = exponent.parse::<i32>().unwrap_or(0) - fraction.len() as i32 - 9;
    let power = 10_u128.checked_pow(exponent.unsigned_abs());
    let rows = digits.checked_mul(time.as_nanos());
    let rows = match (rows, power) {
        (Some(rows), Some(power)) if exponent >= 0 => rows.checked_mul(power),
        (Some(rows), Some(power)) => Some(rows / power),
        (Some(_), None) if exponent < 0 => Some(0),
        _ => None,
    };
    rows.and_then(|rows| u64::try_from(rows).ok())
        .unwrap_or((rate * time.as_secs_f64()) as u64)
}

impl Bend {
    /// The rows due by a time are `from·t + (to − from)·t²/2 seconds`; this is the time for so many of them,
    /// in the form of the quadratic formula that never takes the difference of two large numbers.
    fn at(&self, rows: f64) -> Duration {
        let rise = (self.to - self.from) / self.seconds;
        let root = (self.from * self.from + 2.0 * rise * rows).max(0.0).sqrt();
        let seconds = 2.0 * rows / (self.from + root);
        Duration::from_secs_f64(seconds.clamp(0.0, self.seconds))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ramp(from: f64, to: f64, seconds: u64) -> Schedule {
        let over = Duration::from_secs(seconds);
        Schedule::new(to, Some(Ramp { from, over }))
    }

    #[test]
    fn rows_are_due_evenly_and_do_not_drift() {
        let even = Schedule::new(3000.0, None);
        assert_eq!(even.at(1), Duration::from_nanos(333_333));
        let year = Duration::from_secs(86_400 * 365);
        let drift = even.at(3000 * 86_400 * 365).abs_diff(year);
        assert!(drift < Duration::from_micros(100), "{drift:?}");
    }

    /// In thousandths of a row a second.
    const RATES: &[u64] = &[
        1,
        3,
        100,
        300,
        333,
        700,
        1_000,
        1_100,
        3_000,
        7_000,
        9_999,
        10_000,
        29_970,
        33_300,
        59_940,
        60_000,
        70_000,
        99_900,
        100_100,
        300_000,
        333_333,
        700_000,
        1_000_001,
        3_000_000,
        6_000_000,
        7_000_000,
        9_000_000,
        44_100_000,
        70_000_000,
        999_999_999,
        1_000_000_000_000,
    ];

    #[test]
    fn a_rate_times_a_time_is_exact() {
        // Of thousandths of a row a second and milliseconds the product is in millionths of a row.
        let times = [
            1,
            100,
            300,
            700,
            1_000,
            1_500,
            3_000,
            4_000,
            60_000,
            86_400_000_u64,
        ];
        for rate in RATES {
            for time in times {
                // As the command line spells it.
                let spelt = format!("{}.{:03}", rate / 1000, rate % 1000);
                let schedule = Schedule::new(spelt.parse().unwrap(), None);
                let rows = schedule.whole_rows(Duration::from_millis(time));
                let expected = u128::from(*rate) * u128::from(time) / 1_000_000;
                assert_eq!(u128::from(rows), expected, "{spelt} for {time} ms");
            }
        }
        for rate in [f64::MIN_POSITIVE, 1e-30] {
            assert_eq!(Schedule::new(rate, None).whole_rows(Duration::MAX), 0);
        }
        assert_eq!(Schedule::new(1e9, None).whole_rows(Duration::MAX), u64::MAX);
        for (schedule, seconds, rows) in [
            (ramp(100.0, 300.0, 10), 5, 750),
            (ramp(100.0, 6000.0, 1), 4, 3050 + 18_000),
            (ramp(6000.0, 1.0, 2), 2, 6001),
            (ramp(0.5, 6000.0, 2), 9, 48_000),
        ] {
            assert_eq!(schedule.whole_rows(Duration::from_secs(seconds)), rows);
        }
    }

    #[test]
    fn a_ramp_rises_or_falls_evenly() {
        // 100 to 300 a second over 10 s: 2000 rows, 750 of them in the first half.
        let up = ramp(100.0, 300.0, 10);
        let down = ramp(300.0, 100.0, 10);
        for (schedule, row, seconds) in [
            (up, 0, 0),
            (up, 750, 5),
            (up, 2000, 10),
            (up, 2300, 11),
            (down, 1250, 5),
            (down, 2000, 10),
            (down, 2100, 11),
        ] {
            let off = schedule.at(row).abs_diff(Duration::from_secs(seconds));
            assert!(off < Duration::from_nanos(2), "{row}: {off:?}");
        }
        for schedule in [
            up,
            down,
            ramp(1e-3, 5.0, 3600),
            ramp(1e6, 1.0, 1),
            ramp(7.0, 7.0, 3),
        ] {
            let dues: Vec<Duration> = (0..5000).map(|row| schedule.at(row)).collect();
            assert!(dues.is_sorted());
            for row in [1, 10, 749, 750, 1999, 2000, 2001, 4999_u64] {
                let rows = schedule.rows(schedule.at(row));
                assert!((rows - row as f64).abs() < 1e-3, "{row}: {rows}");
            }
        }
    }

    #[test]
    fn nothing_adds_up_after_a_ramp() {
        let year = 86_400 * 365;
        let schedule = ramp(1.0, 3000.0, 7);
        let due = schedule.at(3000 * year) - Schedule::new(3000.0, None).at(3000 * year);
        // Half of the seven seconds, less what the rows of the slow start are.
        let delay = Duration::from_secs_f64(3.5 * (1.0 - 1.0 / 3000.0));
        assert!(due.abs_diff(delay) < Duration::from_nanos(2), "{due:?}");
        // The last row of a ramp and the first one after it are a period apart.
        for schedule in [
            schedule,
            ramp(9000.0, 3000.0, 7),
            ramp(3.0, 3000.0, 86_400 * 7),
        ] {
            let rows = schedule.bend.unwrap().rows as u64;
            let gap = schedule.at(rows + 1) - schedule.at(rows);
            assert!(
                gap.abs_diff(Duration::from_nanos(333_333)) < Duration::from_nanos(200),
                "{gap:?}"
            );
        }
    }
}
