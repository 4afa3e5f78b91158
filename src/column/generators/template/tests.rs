//! Tests of `template`.

use crate::column::testing::{check_any_split, one, problem};
use crate::domain::Order;

const COLUMNS: &str = r#"seq: { sequence: {} }
vendor: { choice: [EGT, EVOLUTION, PLAYSON] }
at: { type: "timestamp(us, UTC)", sequence: { start: 2026-01-15T23:59:59Z, step: 500_000 } }
day: { type: date, sequence: { start: 2026-01-31 } }
local: { type: "timestamp(ms, Europe/Rome)", sequence: { start: 2026-01-15T23:59:59Z, step: 500 } }
amount: { type: "decimal(18,6)", sequence: { start: -1.5, step: 1 } }
price: { type: "decimal(10,2)", sequence: { start: 0.99, step: 1 } }
ratio: { uniform: { min: 0.25, max: 0.25 } }
some: { sequence: {}, nulls: 0.5 }
id: { template: "TXN-{at:%Y%m%d}-{seq:08}" }
external: { template: "EXT-{vendor}-{seq:08}" }
bet: { template: "BET-{seq:08}" }
mixed: { template: { text: "{{{row:03}}} {vendor}/{at}|{local:%H:%M}|{day}" } }
numbers: { template: "{amount}|{amount:012}|{amount:.1}|{price}|{price:08}|{ratio:.3}|{ratio}" }
shuffled: { template: "{permute:6}-{vendor}" }
holes: { template: "<{some}>" }
both: { template: "{vendor}{seq}" }"#;

#[test]
fn texts_are_what_they_say() {
    let tables = one(4, COLUMNS);
    insta::assert_snapshot!(
        [
            "id", "external", "bet", "mixed", "numbers", "shuffled", "holes", "both"
        ]
        .map(|column| tables.texts("t", column).join("\n"))
        .join("\n\n")
    );
}

#[test]
fn values_are_a_function_of_the_row() {
    let tables = one(300, COLUMNS);
    check_any_split(
        &tables,
        "t",
        &["id", "external", "mixed", "numbers", "shuffled", "holes"],
    );
}

#[test]
fn order_and_uniqueness_are_proved() {
    let tables = one(1000, COLUMNS);
    let known = |column: &str| {
        let domain = tables.domain("t", column);
        (domain.order, domain.unique, domain.longest, domain.nulls)
    };
    use Order::{StrictlyAscending, Unknown};
    assert_eq!(known("id"), (StrictlyAscending, true, Some(21), false));
    assert_eq!(known("external"), (Unknown, true, Some(22), false));
    assert_eq!(known("bet"), (StrictlyAscending, true, Some(12), false));
    assert_eq!(known("shuffled"), (Unknown, true, Some(16), false));
    // Were "EGT1" a vendor, 1 and 11 could not be told apart.
    assert_eq!(known("both"), (Unknown, false, Some(13), false));
    assert!(known("holes").3);
}

#[test]
fn uniqueness_needs_a_delimiter() {
    let unique = |columns: &str| one(2000, columns).domain("t", "x").unique;
    let base = "a: { sequence: {} }\nb: { sequence: {} }\nc: { choice: [p-, q] }\n";
    for (template, proved) in [
        ("{a}{b}", false),
        ("{a:08}{b}", true),
        ("{a}-{b}", true),
        ("{a}0{b}", false),
        ("{c}{a}{c}", false),
        ("{c}-{a}-{c}", false),
        ("{c}-{a}", true),
        ("{c}{a:04}", true),
        ("{a}{c}", false),
        ("{c}", false),
        ("constant", false),
    ] {
        let columns = format!("{base}x: {{ template: \"{template}\" }}");
        assert_eq!(unique(&columns), proved, "{template}");
    }
}

#[test]
fn digits_grow_and_never_wrap() {
    let tables = one(
        3,
        "seq: { sequence: { start: 99_999_998 } }\nx: { template: \"BET-{seq:08}\" }",
    );
    assert_eq!(
        tables.texts("t", "x"),
        ["BET-99999998", "BET-99999999", "BET-100000000"]
    );
    let domain = tables.domain("t", "x");
    assert_eq!((domain.order, domain.unique), (Order::Unknown, true));
}

#[test]
fn mistakes_are_shown_under_their_caret() {
    let mistakes = [
        "BET-{sec:08}",
        "BET-{seq",
        "BET-seq}",
        "BET-{}",
        "{seq:8}",
        "{at:%Y-%Q}",
        "{vendor:08}",
        "{seq:%Y}",
        "{permute}",
        "{permute:99}",
        "{permute:2}",
        "{x}",
    ];
    let shown = mistakes.map(|text| {
        problem(&format!(
            "t:\n  rows: 1000\n  columns:\n    seq: {{ sequence: {{}} }}\n    at: {{ type: date, sequence: {{ start: 2026-01-01 }} }}\n    vendor: {{ choice: [A] }}\n    x: {{ template: \"{text}\" }}\n"
        ))
    });
    insta::assert_snapshot!(shown.join("\n\n"));
}
