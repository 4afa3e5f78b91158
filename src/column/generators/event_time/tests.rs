//! Tests of `event_time`.

use arrow::array::AsArray;
use arrow::datatypes::TimestampMicrosecondType;

use crate::column::rows::Rows;
use crate::column::testing::{Tables, check_any_split, one};
use crate::column::tests::fixture::{chi_square, kolmogorov_smirnov};
use crate::domain::{Order, Range};

const START: i64 = 1_768_435_200_000_000;

fn at(tables: &Tables, rows: Rows<'_>) -> Vec<i64> {
    let values = tables.at("t", "x", rows);
    values
        .as_primitive::<TimestampMicrosecondType>()
        .values()
        .to_vec()
}

fn times(rows: u64, options: &str) -> Vec<i64> {
    let columns = format!("x: {{ event_time: {{ start: 2026-01-15, {options} }} }}");
    let tables = one(rows, &columns);
    at(
        &tables,
        Rows::Range {
            first: 0,
            count: rows as usize,
        },
    )
}

fn gaps(times: &[i64]) -> Vec<f64> {
    let mut before = START;
    let gap = |time: &i64| {
        let gap = time - before;
        before = *time;
        gap as f64
    };
    times.iter().map(gap).collect()
}

#[test]
fn a_fixed_rate_is_exact() {
    assert_eq!(
        times(4, "rate: 2000/s"),
        [0, 500, 1000, 1500].map(|micros| START + micros)
    );
    assert_eq!(
        times(4, "rate: 3/s"),
        [0, 333_333, 666_666, 1_000_000].map(|micros| START + micros)
    );
    assert_eq!(
        times(3, "rate: 1/min"),
        [0, 60, 120].map(|seconds| START + seconds * 1_000_000)
    );
    assert_eq!(
        times(4, "span: 1h"),
        [0, 15, 30, 45].map(|minutes| START + minutes * 60_000_000)
    );
}

#[test]
fn what_is_known_before_the_first_row() {
    let tables = one(
        1000,
        "x: { event_time: { start: 2026-01-15, rate: 2000/s } }\ny: { event_time: { start: 2026-01-15, span: 1d, arrivals: poisson } }\nz: { type: \"timestamp(s)\", event_time: { start: 2026-01-15, rate: 2/s } }",
    );
    let x = tables.domain("t", "x");
    let range = Range::Integer {
        min: START.into(),
        max: i128::from(START) + 499_500,
    };
    assert_eq!(
        (x.range, x.order, x.unique),
        (Some(range), Order::StrictlyAscending, true)
    );
    assert!(!x.depends_on_rows);
    let y = tables.domain("t", "y");
    assert_eq!(
        (y.order, y.unique, y.depends_on_rows),
        (Order::Ascending, false, true)
    );
    assert_eq!(tables.domain("t", "z").order, Order::Ascending);
}

#[test]
fn values_are_a_function_of_the_row() {
    for options in [
        "rate: 7/s",
        "rate: 7/s, arrivals: poisson",
        "span: 3h",
        "span: 3h, arrivals: poisson",
        "rate: 1/min, arrivals: poisson, profile: [1,1,1,1,1,2,3,4,5,6,5,4,3,2,1,1,1,1,1,1,1,1,0,0]",
    ] {
        let columns = format!("x: {{ event_time: {{ start: 2026-01-15, {options} }} }}");
        check_any_split(&one(500, &columns), "t", &["x"]);
        let times = times(500, options);
        assert!(times.windows(2).all(|pair| pair[0] <= pair[1]), "{options}");
    }
}

#[test]
fn rates_are_prefix_stable_and_spans_are_not_passed() {
    for arrivals in ["fixed", "poisson"] {
        let options = format!("rate: 100/s, arrivals: {arrivals}");
        assert_eq!(times(100, &options), times(5000, &options)[..100]);
        for rows in [1, 63, 64, 65, 127, 128, 1000] {
            let times = times(rows, &format!("span: 1min, arrivals: {arrivals}"));
            assert!(*times.last().unwrap() < START + 60_000_000);
            assert!(times[0] >= START);
        }
    }
}

#[test]
fn poisson_gaps_are_exponential() {
    let mean = 1_000_000.0 / 50.0;
    for options in [
        "rate: 50/s, arrivals: poisson",
        "span: 4000s, arrivals: poisson",
    ] {
        let gaps = gaps(&times(200_000, options));
        let distance = kolmogorov_smirnov(&gaps, |gap| 1.0 - (-gap / mean).exp());
        assert!(distance < 2.226, "{options}: {distance}");
        let pairs = gaps
            .windows(2)
            .map(|pair| (pair[0] - mean) * (pair[1] - mean));
        let correlation = pairs.sum::<f64>() / (mean * mean * gaps.len() as f64);
        // The standard deviation is 1 / √200 000.
        assert!(correlation.abs() < 4.0 / 447.0, "{options}: {correlation}");
    }
}

#[test]
fn poisson_counts_vary_at_every_scale() {
    // 2^20 rows, of which counts in windows of 16 s to 1024 s have the variance of their mean.
    let times = times(1 << 20, "rate: 64/s, arrivals: poisson");
    for seconds in [1, 16, 128, 1024] {
        let windows = 16_384 / seconds;
        let mut counts = vec![0f64; windows];
        for time in &times {
            let window = ((time - START) / (seconds as i64 * 1_000_000)) as usize;
            if let Some(count) = counts.get_mut(window) {
                *count += 1.0;
            }
        }
        let mean = seconds as f64 * 64.0;
        let statistic: f64 = counts
            .iter()
            .map(|count| (count - mean).powi(2) / mean)
            .sum();
        let freedom = windows as f64 - 1.0;
        let deviations = (statistic - freedom) / (2.0 * freedom).sqrt();
        assert!(deviations.abs() < 4.0, "{seconds} s: {deviations}");
    }
}

#[test]
fn a_row_far_away_is_found_alone() {
    let columns = "x: { event_time: { start: 2026-01-15, rate: 1000/s, arrivals: poisson } }";
    let tables = one(0, columns);
    let first = 5_000_000_000;
    let near = at(&tables, Rows::Range { first, count: 3 });
    let seconds = (near[0] - START) as f64 / 1e6;
    // A block of 2^20 rows at 1000/s strays by a few seconds.
    assert!((seconds - 5_000_000.0).abs() < 10.0, "{seconds}");
    assert_eq!(at(&tables, Rows::List(&[first + 2])), near[2..]);
    let boundary = (1 << 20) * 4000;
    let around = at(
        &tables,
        Rows::Range {
            first: boundary - 2,
            count: 4,
        },
    );
    assert!(around.windows(2).all(|pair| pair[0] <= pair[1]));
}

#[test]
fn hours_are_as_busy_as_their_weights() {
    let weights: Vec<f64> = (0..24).map(|hour| f64::from(hour % 7)).collect();
    let total: f64 = weights.iter().sum();
    let shares: Vec<f64> = weights.iter().map(|weight| weight / total).collect();
    for arrivals in ["fixed", "poisson"] {
        for pace in ["rate: 1/s", "span: 10d"] {
            let times = times(
                864_000,
                &format!("{pace}, arrivals: {arrivals}, profile: {weights:?}"),
            );
            let mut counts = vec![0; 24];
            for time in &times {
                counts[((time - START) / 3_600_000_000 % 24) as usize] += 1;
            }
            assert_eq!((counts[0], counts[7]), (0, 0));
            // The blocks of endless arrivals vary less than chance: far below is right, too.
            assert!(
                chi_square(&counts, &shares) < 3.72,
                "{pace} {arrivals} {counts:?}"
            );
            let days = (times.last().unwrap() - START) as f64 / 86_400e6;
            assert!((days - 10.0).abs() < 0.2, "{days}");
        }
    }
}

#[test]
fn mistakes_say_what_is_wrong() {
    let mistakes = [
        "{ event_time: { start: 2026-01-15 } }",
        "{ event_time: { start: 2026-01-15, rate: 1/s, span: 1d } }",
        "{ event_time: { start: soon, rate: 1/s } }",
        "{ event_time: { start: 2026-01-15, rate: 2000 } }",
        "{ event_time: { start: 2026-01-15, rate: 1/s, arrivals: random } }",
        "{ event_time: { start: 2026-01-15, rate: 1/s, profile: [1, 2] } }",
        "{ event_time: { start: 2026-01-15, span: 0s } }",
        "{ event_time: { start: 2026-01-15, span: 1h, profile: [0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,1] } }",
        "{ type: date, event_time: { start: 2026-01-15, rate: 1/s } }",
        "{ type: \"timestamp(ns)\", event_time: { start: 2026-01-15, rate: 0.0000001/d } }",
    ];
    let problem = |column: &str| {
        let yaml = format!(
            "t:
  rows: 9
  columns:
    x: {column}
"
        );
        crate::column::testing::problem(&yaml)
    };
    insta::assert_snapshot!(mistakes.map(problem).join("\n\n"));
}

#[test]
fn an_endless_table_has_no_span() {
    let yaml =
        "t:\n  rows: 0\n  columns:\n    x: { event_time: { start: 2026-01-15, span: 1d } }\n";
    insta::assert_snapshot!(crate::column::testing::problem(yaml));
}
