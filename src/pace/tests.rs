//! When rows are due.

use super::*;

/// Time that passes when somebody sleeps.
#[derive(Default)]
struct Still(Mutex<Duration>);

impl Clock for Still {
    fn now(&self) -> Duration {
        *lock(&self.0)
    }
    fn sleep(&self, time: Duration) {
        *lock(&self.0) += time;
    }
    fn spin(&self) {
        self.sleep(Duration::from_micros(1));
    }
}

fn pace(rate: f64, arrivals: Arrivals) -> Pace {
    of(
        rate,
        Tempo {
            arrivals,
            ..Tempo::default()
        },
    )
}

fn of(rate: f64, tempo: Tempo) -> Pace {
    Pace::new(rate, tempo, Arc::new(Still::default()))
}

#[test]
fn a_pace_starts_once() {
    let pace = pace(1000.0, Arrivals::Fixed);
    pace.clock().sleep(Duration::from_secs(6));
    pace.start_in(Duration::from_secs(1));
    pace.start_in(Duration::ZERO);
    assert_eq!(pace.due(0), Duration::from_secs(7));
    assert_eq!(
        pace.due(3),
        Duration::from_secs(7) + Duration::from_millis(3)
    );
}

#[test]
fn late_rows_are_left_out_where_another_one_is_due() {
    for (catch_up, left_out) in [
        (CatchUp::Burst, [false; 4]),
        (CatchUp::Skip, [true, true, true, false]),
    ] {
        let pace = of(
            10.0,
            Tempo {
                catch_up,
                ..Tempo::default()
            },
        );
        pace.start_in(Duration::ZERO);
        pace.clock().sleep(Duration::from_millis(350));
        // Row 3 was due 50 ms ago, and is the last one that is.
        assert_eq!([0, 1, 2, 3].map(|row| pace.leaves_out(row + 1)), left_out);
    }
}

#[test]
fn the_first_rows_warm_up() {
    let warm_up = Duration::from_millis(250);
    for (ramp, warming) in [
        (None, [true, true, true, false]),
        (
            Some(Ramp {
                from: 1.0,
                over: Duration::from_secs(1),
            }),
            [true, false, false, false],
        ),
    ] {
        let pace = of(
            10.0,
            Tempo {
                warm_up,
                ramp,
                ..Tempo::default()
            },
        );
        let is_warming_up = |row| pace.is_warming_up(pace.due(row));
        assert_eq!([0, 1, 2, 3].map(is_warming_up), warming);
    }
}

#[test]
fn poisson_arrivals_follow_a_ramp() {
    let ramp = Some(Ramp {
        from: 100.0,
        over: Duration::from_secs(100),
    });
    let pace = of(
        900.0,
        Tempo {
            arrivals: Arrivals::Poisson(3),
            ramp,
            ..Tempo::default()
        },
    );
    // 100 to 900 a second over 100 s: 50 000 rows, 15 000 of them in the first half.
    let rows: Vec<Duration> = (0..50_000).map(|row| pace.span(row)).collect();
    assert!(rows.is_sorted());
    let early = rows.partition_point(|due| *due < Duration::from_secs(50));
    assert!(early.abs_diff(15_000) < 600, "{early}");
}

#[test]
fn a_row_is_late_against_its_intended_time() {
    let pace = pace(10.0, Arrivals::Fixed);
    assert_eq!(pace.wait(0), None);
    assert_eq!(pace.wait(1), Some(Duration::from_millis(100)));
    pace.clock().sleep(Duration::from_secs(1));
    assert_eq!(pace.late(3), Duration::from_millis(700));
    assert_eq!(pace.wait(3), None);
    assert_eq!(pace.late(30), Duration::ZERO);
}

#[test]
fn a_row_is_approached_in_steps_and_never_passed_early() {
    let pace = pace(10.0, Arrivals::Fixed);
    let (due, step) = (pace.due(1), Duration::from_millis(30));
    let mut steps = 1;
    while !pace.approach(due, step) {
        assert!(pace.clock().now() < due);
        steps += 1;
    }
    assert_eq!((steps, pace.clock().now()), (5, due));
    pace.clock().sleep(step);
    assert!(pace.approach(due, step));
    assert_eq!(pace.late(1), step);
}

#[test]
fn rows_among_others_are_due_when_their_numbers_are() {
    let pace = pace(10.0, Arrivals::Fixed).among(|row| 3 * row + 1);
    let due: Vec<u128> = (0..3).map(|row| pace.due(row).as_millis()).collect();
    assert_eq!(due, [100, 400, 700]);
}

#[test]
fn rates_that_make_no_sense_are_known() {
    let problems = [1e-20, 0.0, f64::NAN, 1e9, 1e20, 1.0, 0.04 / 86_400.0].map(Pace::problem);
    let refused = problems.map(|problem| problem.is_some());
    assert_eq!(refused, [true, true, true, false, true, false, false]);
}

#[test]
fn no_rate_is_too_small_or_too_large_to_count_with() {
    assert!(pace(1e-20, Arrivals::Fixed).due(u64::MAX) > Duration::from_secs(1 << 33));
    assert_eq!(pace(1e20, Arrivals::Fixed).due(1), Duration::ZERO);
    assert!(pace(1e-300, Arrivals::Poisson(1)).wait(5).is_some());
}

#[test]
fn poisson_arrivals_keep_the_rate_and_are_the_same_in_any_order() {
    let pace = pace(1000.0, Arrivals::Poisson(7));
    let all: Vec<Duration> = (0..100_000).map(|row| pace.due(row)).collect();
    assert!(all.is_sorted());
    let seconds = all[99_999].as_secs_f64();
    // The sum of 10^5 exponential gaps has a standard deviation of 0.32 % of its mean.
    assert!((seconds - 100.0).abs() < 1.3, "{seconds}");
    for row in [99_999, 0, 50_000, 257, 256, 255] {
        assert_eq!(pace.due(row), all[usize::try_from(row).unwrap()]);
    }
    // Gaps of an exponential distribution are above their mean in 1/e of the cases.
    let long = all
        .windows(2)
        .filter(|pair| pair[1] - pair[0] > Duration::from_millis(1));
    let share = long.count() as f64 / 99_999.0;
    assert!((share - 0.3679).abs() < 0.006, "{share}");
}
