//! Patterns: what they write, how evenly, and what they refuse.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::fixed_width::FixedWidthPattern;
use super::part::PatternDraws;
use super::syntax::read;
use crate::column::random::hash::Key;
use crate::column::testing::{check_any_split, one, problem};

fn refused(rows: &str, column: &str) -> String {
    problem(&format!(
        "t:\n  rows: {rows}\n  columns:\n    c: {column}\n"
    ))
}

fn counts(texts: Vec<String>) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    texts
        .into_iter()
        .for_each(|text| *counts.entry(text).or_default() += 1);
    counts
}

#[test]
fn texts_follow_the_pattern() {
    let tables = one(
        2000,
        r"a: { pattern: '[A-Z]{2}\d{4}-x' }
b: { pattern: '(ab|c)?[x-z_.\]-]{1,3}\$é' }
c: { pattern: '\w{40}' }",
    );
    for text in tables.texts("t", "a") {
        let bytes = text.as_bytes();
        assert!(bytes[..2].iter().all(u8::is_ascii_uppercase), "{text}");
        assert!(bytes[2..6].iter().all(u8::is_ascii_digit), "{text}");
        assert_eq!(&bytes[6..], b"-x");
    }
    for text in tables.texts("t", "b") {
        let middle = text.strip_suffix("$é").unwrap();
        let middle = ["ab", "c", ""]
            .into_iter()
            .find_map(|head| middle.strip_prefix(head))
            .unwrap();
        assert!((1..=3).contains(&middle.len()), "{text}");
        assert!(middle.chars().all(|c| "xyz_.]-".contains(c)), "{text}");
    }
    assert_eq!(counts(tables.texts("t", "c")).len(), 2000);
    assert_eq!(tables.domain("t", "a").distinct, Some(676 * 10_000));
    assert_eq!(tables.domain("t", "a").longest, Some(8));
    assert_eq!(tables.domain("t", "b").longest, Some(8));
    assert_eq!(tables.domain("t", "c").distinct, None);
    assert!(!tables.domain("t", "a").unique);
}

#[test]
fn classes_alternatives_and_lengths_are_even() {
    let tables = one(120_000, "a: { pattern: '([a-c]{3}|x{1,2}|y?)' }");
    let counts = counts(tables.texts("t", "a"));
    let expected = |text: &str| match text.chars().next() {
        Some('a'..='c') => 40_000.0 / 27.0,
        _ => 20_000.0,
    };
    assert_eq!(counts.len(), 31);
    let chi: f64 = counts
        .iter()
        .map(|(text, n)| (*n as f64 - expected(text)).powi(2) / expected(text))
        .sum();
    // 30 degrees of freedom, p = 0.0001.
    assert!(chi < 67.0, "{chi} {counts:?}");
}

#[test]
fn late_characters_are_as_even_as_early_ones() {
    let tables = one(20_000, r"a: { pattern: '[a-z]{64}' }");
    let texts = tables.texts("t", "a");
    for at in 0..63 {
        let mut cells = [0f64; 676];
        for text in &texts {
            let cell = |at: usize| usize::from(text.as_bytes()[at] - b'a');
            cells[cell(at) * 26 + cell(at + 1)] += 1.0;
        }
        let expected = 20_000.0 / 676.0;
        let chi: f64 = cells
            .iter()
            .map(|n| (n - expected).powi(2) / expected)
            .sum();
        // 675 degrees of freedom: standard deviation 36.7; 5 of them.
        assert!((490.0..860.0).contains(&chi), "{at}: {chi}");
    }
}

#[test]
fn unique_texts_fill_the_whole_domain() {
    for (rows, pattern) in [
        (6760, r"[A-Z]{2}\d"),
        (1111, r"\d{0,3}"),
        (160, "(a|b{1,3})-[0-9](x|yz|w)?"),
        (3, "(alpha|alphabet|beta)"),
        (220, r"\d{1,2}x?"),
        (12_100, r"\d{1,2}-\d{1,2}"),
    ] {
        let tables = one(
            rows,
            &format!("a: {{ pattern: '{pattern}', unique: true }}"),
        );
        let counts = counts(tables.texts("t", "a"));
        assert_eq!(counts.len() as u64, rows, "{pattern}");
        let domain = tables.domain("t", "a");
        assert!(domain.unique && !domain.depends_on_rows);
        assert_eq!(domain.distinct, Some(rows), "{pattern}");
    }
}

#[test]
fn unique_texts_of_huge_domains_are_random_everywhere() {
    let tables = one(
        50_000,
        "a: { pattern: '[a-z]{40}', unique: true }\nb: { pattern: '[a-z]{10,30}', unique: true }",
    );
    let texts = tables.texts("t", "a");
    for at in 0..40 {
        let mut cells = [0f64; 26];
        for text in &texts {
            cells[usize::from(text.as_bytes()[at] - b'a')] += 1.0;
        }
        let expected = 50_000.0 / 26.0;
        let chi: f64 = cells
            .iter()
            .map(|n| (n - expected).powi(2) / expected)
            .sum();
        // 25 degrees of freedom, p = 0.00001.
        assert!(chi < 66.0, "{at}: {chi}");
    }
    assert_eq!(counts(tables.texts("t", "b")).len(), 50_000);
}

#[test]
fn any_split_gives_the_same() {
    let tables = one(
        3000,
        "a: { pattern: '[a-z]{4,9}(X|YY)' }\nb: { pattern: '[a-z]{4,9}(X|YY)', unique: true }",
    );
    check_any_split(&tables, "t", &["a", "b"]);
    let few = one(10, "b: { pattern: '[a-z]{4,9}(X|YY)', unique: true }");
    assert_eq!(few.texts("t", "b"), tables.texts("t", "b")[..10]);
}

#[test]
fn mistakes_are_shown_where_they_stand() {
    let patterns = [
        "'[A-Z'",
        "'[]'",
        "'[z-a]'",
        "'[^a]'",
        "'(a|b'",
        "'a)'",
        "'a{2'",
        "'a{5,2}'",
        "'a{,2}'",
        "'a{1,999}'",
        "'a{9999}{9999}'",
        "'a*'",
        "'+'",
        "a.b",
        "'^a'",
        r"'\q'",
        r"'ab\'",
        "'*'",
        r#""a\u0062[""#,
    ];
    let shown = patterns.map(|pattern| refused("9", &format!("{{ pattern: {pattern} }}")));
    insta::assert_snapshot!(shown.join("\n\n"));
}

#[test]
fn what_cannot_be_unique_is_refused() {
    insta::assert_snapshot!(
        [
            refused("100_000", "{ pattern: '[A-Z]{2}[0-9]{2}', unique: true }"),
            refused("0", "{ pattern: '[A-Z]{2}', unique: true }"),
            refused("9", "{ pattern: '(a|[a-c])', unique: true }"),
            refused("9", "{ pattern: '[a-z]{1,4}[a-z]{1,4}', unique: true }"),
            refused("9", "{ pattern: 'x', type: int64 }"),
        ]
        .join("\n\n")
    );
}

#[test]
fn ways_are_counted() {
    for (pattern, ways) in [
        ("", Some(1)),
        ("abc", Some(1)),
        ("[a-ab]", Some(2)),
        (r"\d{2,3}", Some(1100)),
        ("(a|b|)[xy]?", Some(9)),
        ("[a-z]{13}", Some(26u64.pow(13))),
        ("[a-z]{14}", None),
    ] {
        assert_eq!(read(pattern).unwrap().ways, ways, "{pattern}");
    }
}

#[test]
fn flat_patterns_are_written_as_by_their_parts() {
    let key = Key::new("flat");
    for pattern in ["", "abc", r"[A-Z]{2}\d{4}-x", "[ab]{70}", "([xy]z){3}!"] {
        let part = Arc::new(read(pattern).unwrap());
        let flat = FixedWidthPattern::new(std::iter::once(&part)).unwrap();
        for row in 0..200 {
            let (mut text, mut bytes) = (String::new(), flat.template.clone());
            part.write_random(&mut PatternDraws::new(key.at(row), &key), &mut text);
            flat.write_random(&mut PatternDraws::new(key.at(row), &key), &mut bytes);
            assert_eq!(text.as_bytes(), bytes, "{pattern}");
            if let Some(ways) = part.ways {
                text.clear();
                let way = key.at(row) % ways;
                part.write_way(way, &mut text);
                flat.write_way(way, &mut bytes);
                assert_eq!(text.as_bytes(), bytes, "{pattern}");
            }
        }
    }
    for pattern in ["a?", "(a|b)", "[é]"] {
        let part = Arc::new(read(pattern).unwrap());
        assert!(
            FixedWidthPattern::new(std::iter::once(&part)).is_none(),
            "{pattern}"
        );
    }
}
