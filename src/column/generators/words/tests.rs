//! Tests of `words`.

use crate::column::testing::{check_any_split, one, problem};
use crate::column::tests::fixture::chi_square;

const COLUMNS: &str = r#"some: words
few: { words: { min: 1, max: 3 } }
many: { words: { count: { uniform: { min: 0, max: 40 } }, separator: ", ", max_length: 60 } }
comment: { words: { length: { uniform: { min: 10, max: 43 } } } }
dashed: { words: { length: { uniform: { min: 0, max: 90 } }, separator: " — " } }"#;

#[test]
fn texts_look_like_this() {
    let tables = one(4, COLUMNS);
    let columns = ["some", "few", "many", "comment", "dashed"];
    insta::assert_snapshot!(
        columns
            .map(|column| tables.texts("t", column).join("\n"))
            .join("\n\n")
    );
}

#[test]
fn values_are_a_function_of_the_row() {
    let columns = ["some", "few", "many", "comment", "dashed"];
    check_any_split(&one(200, COLUMNS), "t", &columns);
}

#[test]
fn lengths_follow_their_distribution() {
    let tables = one(50_000, COLUMNS);
    let mut lengths = vec![0; 34];
    for text in tables.texts("t", "comment") {
        assert!(
            !text.starts_with(' ') && !text.ends_with(' ') && !text.contains("  "),
            "{text}"
        );
        lengths[text.len() - 10] += 1;
    }
    assert!(chi_square(&lengths, &[1.0 / 34.0; 34]) < 3.72);
    let mut lengths = vec![0; 91];
    for text in tables.texts("t", "dashed") {
        assert!(!text.starts_with(' ') && !text.ends_with(' '), "{text}");
        lengths[text.chars().count()] += 1;
    }
    assert!(chi_square(&lengths, &[1.0 / 91.0; 91]) < 3.72);
    let longest = tables
        .texts("t", "many")
        .iter()
        .map(String::len)
        .max()
        .unwrap();
    assert!((50..=60).contains(&longest), "{longest}");
}

#[test]
fn numbers_of_words_and_the_words_are_even() {
    let tables = one(200_000, COLUMNS);
    let mut counts = vec![0; 6];
    let mut words = std::collections::BTreeMap::new();
    for text in tables.texts("t", "some") {
        counts[text.split(' ').count() - 3] += 1;
        for word in text.split(' ') {
            *words.entry(word.to_string()).or_insert(0u64) += 1;
        }
    }
    assert!(chi_square(&counts, &[1.0 / 6.0; 6]) < 3.72, "{counts:?}");
    let words: Vec<u64> = words.into_values().collect();
    assert_eq!(words.len(), 884);
    assert!(chi_square(&words, &[1.0 / 884.0; 884]) < 3.72);
}

#[test]
fn what_is_known_before_the_first_row() {
    let tables = one(10, COLUMNS);
    let longest = |column: &str| tables.domain("t", column).longest;
    assert_eq!(longest("some"), Some(96));
    assert_eq!(longest("many"), Some(60));
    assert_eq!(longest("comment"), Some(43));
    assert_eq!(longest("dashed"), Some(270));
}

#[test]
fn mistakes_say_what_is_wrong() {
    let mistakes = [
        "words: { length: 3, count: 3 }",
        "words: { length: 3, min: 3 }",
        "words: { length: 3, max_length: 3 }",
        "words: { count: 3, max: 3 }",
        "words: { min: 3, max: 2 }",
        "words: { max: 1e9 }",
        "words: { count: -3 }",
        "words: { separator: ---------- }",
        "words: { words: 3 }",
        "type: int64, words: {}",
    ];
    let shown = mistakes.map(|column| {
        problem(&format!(
            "t:\n  rows: 9\n  columns:\n    x: {{ {column} }}\n"
        ))
    });
    insta::assert_snapshot!(shown.join("\n\n"));
}
