//! Tests of `after`.

use crate::column::before::tests::{LONG, SHORT, SOURCES, WHOLE, check_far, with};
use crate::column::testing::{check_any_split, one, problem};
use crate::column::tests::fixture::{chi_square, kolmogorov_smirnov};
use crate::domain::{Order, Range};

const COLUMNS: &str = r#"day: { type: date, sequence: { start: 2026-01-01, step: 0 } }
at: { type: "timestamp(ms)", sequence: { start: 2026-01-01, step: 1000 }, nulls: 0.1 }
shipped: { after: { column: day, delay: { uniform: { min: 1d, max: 121d } } } }
paid: { after: { column: at, delay: { exponential: { mean: 90s, max: 1h } } } }
next: { after: { column: at, delay: 1500ms } }
due: { after: { column: day, delay: { choice: { 30d: 3, 60d: 1 } } } }
paid_day: { type: date, after: { column: paid, delay: 1d } }
"#;

#[test]
fn delays_follow_their_distribution() {
    let tables = one(100_000, COLUMNS);
    let start = 20_454;
    let mut days = vec![0; 121];
    for day in tables.integers("t", "shipped") {
        days[(day - start - 1) as usize] += 1;
    }
    assert!(chi_square(&days, &[1.0 / 121.0; 121]) < 3.72);
    let mut due = vec![0; 2];
    for day in tables.integers("t", "due") {
        due[((day - start) / 30 - 1) as usize] += 1;
    }
    assert!(chi_square(&due, &[0.75, 0.25]) < 3.72);
    let (before, paid) = (tables.column("t", "at"), tables.column("t", "paid"));
    assert_eq!(before.logical_nulls(), paid.logical_nulls());
    let (before, paid) = (tables.integers("t", "at"), tables.integers("t", "paid"));
    let delays: Vec<f64> = paid
        .iter()
        .zip(&before)
        .map(|(paid, at)| (paid - at) as f64)
        .collect();
    let share = |x: f64| (1.0 - (-x / 90_000.0).exp()) / (1.0 - (-40.0f64).exp());
    assert!(kolmogorov_smirnov(&delays, |x| share(x + 0.5)) < 2.226 + 0.5);
    let next = tables.integers("t", "next");
    assert!(next.iter().zip(&before).all(|(next, at)| next - at == 1500));
}

#[test]
fn what_is_known_before_the_first_row() {
    let tables = one(100, COLUMNS);
    let range = |min, max| Some(Range::Integer { min, max });
    assert_eq!(tables.domain("t", "shipped").range, range(20_455, 20_575));
    assert!(!tables.domain("t", "shipped").nulls);
    assert!(tables.domain("t", "paid").nulls);
}

#[test]
fn values_are_a_function_of_the_row() {
    check_any_split(
        &one(200, COLUMNS),
        "t",
        &["shipped", "paid", "next", "due", "paid_day"],
    );
}

#[test]
fn without_its_zone_a_time_is_what_the_zone_s_clock_shows() {
    let columns = r#"at: { type: "timestamp(us, Europe/Rome)", constant: "2024-03-31 00:30:00" }
copied: { type: "timestamp(ms)", copy: at }
computed: { type: "timestamp(us)", expr: at }
after: { type: "timestamp(us)", after: { column: at, delay: 90min } }
gaps: { type: "timestamp(us)", after: { previous: gaps, start: at, delay: 90min } }
day: { type: date, copy: at }
day_after: { type: date, after: { column: at, delay: 1h } }
utc: { type: "timestamp(us, UTC)", copy: at }
from_utc: { type: "timestamp(us)", copy: utc }"#;
    let tables = one(2, columns);
    let shown = |name: &str| tables.texts("t", name).join(" ");
    for (name, expected) in [
        ("copied", ["2024-03-31T00:30:00"; 2].join(" ")),
        ("computed", ["2024-03-31T00:30:00"; 2].join(" ")),
        // The clock goes from 02:00 to 03:00 in this night; where it counts itself it counts without a zone.
        ("after", ["2024-03-31T03:00:00"; 2].join(" ")),
        ("gaps", "2024-03-31T00:30:00 2024-03-31T02:00:00".into()),
        ("day", ["2024-03-31"; 2].join(" ")),
        ("day_after", ["2024-03-31"; 2].join(" ")),
        ("from_utc", ["2024-03-30T23:30:00"; 2].join(" ")),
    ] {
        assert_eq!(shown(name), expected, "{name}");
    }
    let domain = |columns: &str| one(9, columns).domain("t", "x").order;
    let rises = |zone: &str| {
        domain(&format!(
            "at: {{ type: \"timestamp(us, {zone})\", event_time: {{ start: 2026-01-01, rate: 1/s }} }}\nx: {{ type: \"timestamp(us)\", copy: at }}"
        ))
    };
    // A clock that goes back once a year does not rise.
    assert_eq!(rises("Europe/Rome"), Order::Unknown);
    assert_eq!(rises("+02:00"), Order::Ascending);
    assert_eq!(rises("UTC"), Order::Ascending);
}

#[test]
fn mistakes_say_what_is_wrong() {
    let mistakes = [
        "after: { column: ordered, delay: 1d }",
        "after: { column: quantity, delay: 1d }",
        "after: { column: ordered_at, delay: 30 }",
        "after: { column: ordered_at, delay: { uniform: { min: 1, max: 30d } } }",
        "after: { column: ordered_at, delay: { uniform: { min: 2d, max: 1d } } }",
        "after: { column: ordered_at, delay: { exponential: { rate: 2 } } }",
        "after: { column: ordered_at, delay: { unifrom: { min: 1d, max: 2d } } }",
        "after: { column: ordered_at, delay: { uniform: { min: 10ns, max: 2d } } }",
        "type: int64, after: { column: ordered_at, delay: 1d }",
        "after: { column: ordered_at }",
    ];
    let shown = mistakes.map(|column| {
        problem(&format!(
            "t:\n  rows: 9\n  columns:\n    ordered_at: {{ type: timestamp, sequence: {{ start: 2026-01-01 }} }}\n    quantity: sequence\n    x: {{ {column} }}\n"
        ))
    });
    insta::assert_snapshot!(shown.join("\n\n"));
}

const GAPS: &str = "    x: { after: { previous: x, delay: { exponential: { mean: 90s, max: 1h } }, start: START } }
    day: { type: date, after: { previous: day, delay: { choice: { 1d: 1, 30d: 1 } }, start: START } }
";

fn gaps(groups: &str) -> String {
    let (start, whole) = ("account_id.opened", groups == WHOLE);
    let within = format!("{start}, within: account_id");
    GAPS.replace("START", if whole { "2026-01-01" } else { &within })
}

#[test]
fn gaps_are_a_function_of_the_row() {
    check_any_split(&with(SHORT, &gaps(SHORT)), "moves", &["x", "day"]);
    check_far(LONG, &gaps(LONG), &["x", "day"]);
    check_far(WHOLE, &gaps(WHOLE), &["x", "day"]);
}

#[test]
fn gaps_begin_at_the_start_and_follow_their_distribution() {
    let groups = SHORT
        .replace("rows: 60", "rows: 4000")
        .replace("max: 6", "max: 30");
    let more = "    opened: { copy: account_id.opened }\n    place: { nth: account_id }\n";
    let tables = with(&groups, &format!("{}{more}", gaps(SHORT)));
    let (places, opened) = (
        tables.integers("moves", "place"),
        tables.integers("moves", "opened"),
    );
    let times = tables.integers("moves", "x");
    let mut found = Vec::new();
    for row in 0..times.len() {
        match places[row] {
            1 => assert_eq!(times[row], opened[row], "row {row}"),
            _ => found.push((times[row] - times[row - 1]) as f64),
        }
    }
    let share = 1.0 - (-40.0_f64).exp();
    let distance = kolmogorov_smirnov(&found, |gap| (1.0 - (-gap / 90_000.0).exp()) / share);
    assert!(distance < 2.226, "{distance}");
    let days = tables.integers("moves", "day");
    let steps = (1..days.len()).filter(|row| places[*row] > 1);
    let steps: Vec<i64> = steps.map(|row| days[row] - days[row - 1]).collect();
    let long = steps.iter().filter(|step| **step == 30).count() as u64;
    let short = steps.iter().filter(|step| **step == 1).count() as u64;
    assert_eq!((long + short) as usize, steps.len());
    assert!(chi_square(&[long, short], &[0.5; 2]) < 3.72);
}

#[test]
fn mistakes_in_gaps_say_what_is_wrong() {
    let mistakes = [
        "after: { delay: 1d }",
        "after: { column: at, delay: 1d, start: at }",
        "after: { column: at, delay: 1d, within: account_id }",
        "after: { column: at, previous: x, delay: 1d }",
        "after: { previous: x, delay: 1d }",
        "after: { previous: at, delay: 1d, start: at }",
        "after: { previous: x, delay: 1d, start: amount }",
        "after: { previous: x, delay: 1d, start: 2026-13-01 }",
        "after: { previous: x, delay: 1d, start: 2026-01-01, within: kind }",
        "after: { previous: x, delay: 1d, start: x }",
        "after: { previous: x, delay: 3, start: at }",
        "type: int64, after: { previous: x, delay: 1d, start: at }",
    ];
    let shown = mistakes.map(|column| problem(&format!("{SHORT}{SOURCES}    x: {{ {column} }}\n")));
    insta::assert_snapshot!(shown.join("\n\n"));
}

#[test]
fn a_time_beyond_its_type_is_an_error_of_its_row() {
    // Delays that may be 0 do not tell before the first row that times end.
    let gaps = |data_type: &str| {
        format!(
            "x: {{ type: \"{data_type}\", after: {{ previous: x, start: 2026-01-01, delay: {{ uniform: {{ min: 0s, max: 80d }} }} }} }}"
        )
    };
    let failed = |rows, columns: &str, name| one(rows, columns).failure("t", name);
    let told = [
        failed(100_000, &gaps("timestamp(ns)"), "x"),
        failed(
            9_000,
            "a: { type: \"timestamp(us)\", sequence: { start: 2026-01-01, step: 1 } }\nb: { type: \"timestamp(ms)\", after: { previous: b, start: a, delay: 100d } }\nx: { type: \"timestamp(ns)\", after: { column: b, delay: { uniform: { min: 0s, max: 1d } } } }",
            "x",
        ),
        failed(
            9_000,
            "a: { type: \"timestamp(us)\", sequence: { start: 2299-12-31, step: 1 } }\nx: { type: \"timestamp(ns)\", after: { previous: x, start: a, delay: 1s } }",
            "x",
        ),
    ];
    insta::assert_snapshot!(told.join("\n\n"));
    let further = one(100_000, &gaps("timestamp(us)"));
    assert!(further.integers("t", "x").is_sorted());
}

#[test]
fn times_that_must_end_too_early_are_refused() {
    let told = |column: &str| {
        problem(&format!(
            "t:\n  rows: 100_000\n  columns:\n    x: {{ {column} }}\n"
        ))
    };
    insta::assert_snapshot!(
        [
            "type: \"timestamp(ns)\", after: { previous: x, start: 2026-01-01, delay: { uniform: { min: 1d, max: 30d } } }",
            "type: \"timestamp(ns)\", after: { previous: x, start: 2026-01-01, delay: 7d }",
            "type: date, after: { previous: x, start: 2026-01-01, delay: 30000d }",
        ]
        .map(told)
        .join("\n\n")
    );
}
